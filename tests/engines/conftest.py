"""What every adapter is held to, each against its real engine: the records of `copydesk run`, every document counted."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from copydesk import Pipeline, load
from copydesk.cli.run import Run
from copydesk.columns import COLUMNS

ROOT = Path(__file__).parents[2]

PLUGIN = '''
import copydesk

@copydesk.hookimpl
def register_stages(register):
    register(picky)

def picky(doc, *, least: int = 20):
    """Turn short ones away, fail on bad ones."""
    if doc.raw.startswith("bad"):
        raise ValueError("oops")
    if len(doc.raw) < least:
        doc.reject(f"only {len(doc.raw)} characters")
'''

CONFIG = """
plugins: [plugins/]
pipelines:
  desk:
    stages: [picky, repair_encoding, normalize_space, extract_byline, extract_dateline, remove_promos, detect_language]
"""

STORIES = [path.read_text("utf-8", "replace") for path in sorted(ROOT.glob("samples/*.txt"))]
TEXTS = [None, "bad story", "short", *STORIES, *(f"{story}\n\nbad {n}" for n, story in enumerate(STORIES))]
ROWS = [{"id": f"a{n}", "text": text, "n": n, "site": None if n % 3 else "One"} for n, text in enumerate(TEXTS)]
COUNTS = {"clean": len(ROWS) - 3, "failed": 2, "rejected": 1}


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    (folder / "plugins").mkdir()
    (folder / "plugins/desk.py").write_text(PLUGIN)
    (folder / "pipelines.yaml").write_text(CONFIG)
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return folder


@pytest.fixture(scope="session")
def desk(project) -> Pipeline:
    return load(project / "pipelines.yaml")["desk"]


@pytest.fixture(scope="session")
def expected(project) -> dict[str, dict]:
    """What `copydesk run` makes of the rows, by id."""
    parquet = pytest.importorskip("pyarrow.parquet")
    config, output, rejects = project / "pipelines.yaml", project / "clean.parquet", project / "rejects.jsonl"
    run = Run(
        inputs=[str(project / "rows.jsonl")], pipeline="desk", config=config, output=output, rejects=rejects, quiet=True
    )
    assert run() == 1
    clean = [{**row, "error": None} for row in parquet.read_table(output).drop_columns("extra").to_pylist()]
    return {row["id"]: row for row in [*clean, *map(json.loads, rejects.read_text().splitlines())]}


def plain(value):
    """A value as Python has it everywhere: what is missing is None, a list is a list."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return None if value != value else value  # noqa: PLR0124 (NaN)


def same(rows: list[dict], expected: dict[str, dict]) -> None:
    """Hold an engine's rows to what a run writes, in order, with every outcome counted."""
    assert [row["n"] for row in rows] == [row["n"] for row in ROWS]
    assert [plain(row["site"]) for row in rows] == [row["site"] for row in ROWS]
    assert Counter(row["error"]["outcome"] if row["error"] else "clean" for row in rows) == COUNTS
    for row, source in zip(rows, ROWS, strict=True):
        record = expected.get(source["id"]) or expected[f"rows:{source['n'] + 1}"]
        if row["error"] is None:
            assert plain({name: row[name] for name in COLUMNS}) == {name: record[name] for name in COLUMNS}
        else:
            reason = row["error"]["reason"].replace("document ``", f"document `{source['id']}`")  # SQL gives no id
            assert record["reason"].endswith(reason)
            assert row["text"] == (source["text"] or "")  # a run has no columns beside it, and keeps the whole line
            assert row["error"]["stage"] == record["stage"]
