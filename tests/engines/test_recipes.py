"""docs/recipes.md: each block as it stands there, run as a process of its own in the real tool, where that is installed.

Every tool is given the same rows. What came out clean is held to the text of `copydesk run`, and all three outcomes are
counted. What a process looks up or connects to beside this machine is noted: no tool may report what was done.
"""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import subprocess
import sys
from collections import Counter
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml

from engines.conftest import CONFIG, COUNTS, PLUGIN, ROOT, ROWS

BLOCK = re.compile(r'^## ([^\n]+)\n+```\w+ title="([^"]+)"\n(.*?)^```', re.MULTILINE | re.DOTALL)
RECIPES = {name: (file, code) for name, file, code in BLOCK.findall((ROOT / "docs/recipes.md").read_text("utf-8"))}

QUIET = {
    "DO_NOT_TRACK": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "300",  # 20 where nothing is said: too few on a busy machine
    "RUNTIME__DLTHUB_TELEMETRY": "false",
}

WATCH = """
import socket, sys

HERE = {None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0", socket.gethostname()}

def watch(event, args):
    host = args[0] if event == "socket.getaddrinfo" else None
    if event == "socket.connect" and isinstance(args[1], tuple):
        host = args[1][0]
    if (host.decode() if isinstance(host, bytes) else host) not in HERE:
        with open(__file__ + ".log", "a") as log:
            print(event, host, file=log)

sys.addaudithook(watch)
"""

WITHOUT_NULLS = COUNTS | {"failed": COUNTS["failed"] - 1, "rejected": COUNTS["rejected"] + 1}
"""Where a document always has a text, the one without is an empty one, which the stage `picky` turns away."""


@pytest.fixture
def folder(tmp_path) -> Path:
    """Where a recipe is run: the rows, and conftest's pipeline under the name that the recipes have."""
    for name in ("project/plugins", "home", "watch"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "watch/sitecustomize.py").write_text(WATCH)
    project = tmp_path / "project"
    (project / "plugins/desk.py").write_text(PLUGIN)
    (project / "pipelines.yaml").write_text(CONFIG.replace("desk:", "reprints:"))
    (project / "articles.jsonl").write_text(lines(ROWS))
    return project


def needs(*distributions: str) -> None:
    """Skip where a tool is not installed. It is not imported here: that is for the recipe's own process."""
    for name in distributions:
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            pytest.skip(f"{name} is not installed")


def environment(folder: Path) -> dict[str, str]:
    """No reports, no home but a temporary one, and `copydesk` on the path."""
    bin_, home = Path(sys.executable).parent, str(folder.parent / "home")
    path = {"PATH": f"{bin_}:{os.environ['PATH']}", "PYTHONPATH": str(folder.parent / "watch")}
    return os.environ | QUIET | path | {"HOME": home, "DLT_DATA_DIR": home}


def ran(folder: Path, heading: str, *, then: str = "", said: str = "") -> Any:
    """Run a recipe: what it wrote to standard output, or where `then` goes on in its process, what that named `seen`."""
    file, code = RECIPES[heading]
    if then:
        code += f"\n\n{then}\nimport json\nopen('seen.json', 'w').write(json.dumps(seen))\n"
    (folder / file).write_text(code, "utf-8")
    command = [sys.executable if file.endswith(".py") else "sh", file]
    how = {"cwd": folder, "env": environment(folder), "encoding": "utf-8", "timeout": 400}
    done = subprocess.run(command, input=said, capture_output=True, check=False, **how)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (log := folder.parent / "watch/sitecustomize.py.log").exists(), log.read_text()
    return json.loads((folder / "seen.json").read_text()) if then else done.stdout


def lines(rows: list[dict]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def read(path: Path) -> list[dict]:
    with path.open(encoding="utf-8") as file:
        return list(map(json.loads, file))


def texts(rows: list[dict]) -> list[tuple[str, str]]:
    return [(row["id"], row["text"]) for row in rows]


def outcomes(rows: list[dict]) -> list[str]:
    return [row["error"]["outcome"] for row in rows]


def same(clean: list, other: list[str], expected: dict[str, dict], counts: dict[str, int] = COUNTS) -> None:
    """Hold the clean texts, by id, to those of a run, and count the outcomes: nothing is lost or there twice."""
    assert dict(clean) == {id_: row["text"] for id_, row in expected.items() if "outcome" not in row}
    assert Counter(other) + Counter(clean=len(clean)) == counts


def test_the_page_has_a_block_for_each_heading():
    headings = re.findall(r"^## (.+)$", (ROOT / "docs/recipes.md").read_text("utf-8"), re.MULTILINE)
    assert list(RECIPES) == headings
    assert len(headings) == 11


def test_dlt_loads_a_dead_letter_table(folder, expected):
    needs("dlt", "duckdb")
    then = """
import json

with pipeline.sql_client() as con:
    clean = [list(row) for row in con.execute_sql("select id, text from articles")]
    other = [json.loads(row[0]) for row in con.execute_sql("select error from articles_dead_letter")]
seen = clean, other
"""
    clean, other = ran(folder, "dlt", then=then)
    same(clean, [error["outcome"] for error in other], expected)


def test_scrapy_drops_and_counts(folder, expected):
    needs("scrapy")
    then = """
import scrapy
from scrapy.crawler import CrawlerProcess

class News(scrapy.Spider):
    name = "news"
    start_urls = ["data:,"]

    def parse(self, response):
        with open("articles.jsonl") as lines:
            for line in lines:
                yield json.loads(line)

feeds = {"clean.jsonl": {"format": "jsonlines"}}
process = CrawlerProcess({"ITEM_PIPELINES": {Clean: 300}, "FEEDS": feeds, "TELNETCONSOLE_ENABLED": False})
crawler = process.create_crawler(News)
process.crawl(crawler)
process.start()
seen = {name: value for name, value in crawler.stats.get_stats().items() if name.startswith("item_")}
"""
    stats = ran(folder, "Scrapy", then=then)
    clean, other = read(folder / "clean.jsonl"), read(folder / "rejects.jsonl")
    same(texts(clean), outcomes(other), expected)
    assert stats["item_scraped_count"] == COUNTS["clean"]
    assert stats["item_dropped_reasons_count/Rejected"] == COUNTS["rejected"]
    assert stats["item_dropped_reasons_count/Failed"] == COUNTS["failed"]


def test_a_singer_mapper_writes_a_dead_letter_stream(folder, expected):
    needs("singer-sdk")
    columns = {"id": {"type": "string"}, "text": {"type": ["string", "null"]}, "n": {"type": "integer"}}
    authors = {"type": "RECORD", "stream": "authors", "record": {"id": "x"}}
    said = [
        {"type": "SCHEMA", "stream": "articles", "schema": {"properties": columns}, "key_properties": ["id"]},
        {"type": "SCHEMA", "stream": "authors", "schema": {"properties": {"id": {}}}, "key_properties": ["id"]},
        authors,
        *({"type": "RECORD", "stream": "articles", "record": row} for row in ROWS),
        {"type": "STATE", "value": {"n": len(ROWS)}},
    ]
    out = ran(folder, "Singer", said=lines(said))
    messages = [json.loads(line) for line in out.strip().split("\n")]
    schemas = {message["stream"]: message["schema"] for message in messages if message["type"] == "SCHEMA"}
    assert list(schemas) == ["articles_dead_letter", "articles", "authors"]
    assert schemas["articles"] == {"properties": columns | {"copydesk": {"type": "object"}}}
    assert authors in messages
    assert messages[-1] == said[-1]
    records = [(message["stream"], message["record"]) for message in messages if message["type"] == "RECORD"]
    clean = [record for stream, record in records if stream == "articles"]
    other = [record["copydesk"] for stream, record in records if stream == "articles_dead_letter"]
    assert [row["n"] for row in clean] == [row["n"] for row in ROWS][3:]
    same(texts(clean), outcomes(other), expected)


def test_prefect_maps_over_shards(folder, expected):
    needs("prefect")
    (folder / "articles.jsonl").unlink()
    for shard in (0, 1):
        (folder / f"{shard}.jsonl").write_text(lines(ROWS[shard::2]))
    ran(folder, "Prefect")
    clean, other = (
        [row for n in (0, 1) for row in read(folder / f"{out}/{n}.jsonl")] for out in ("clean", "dead_letter")
    )
    same(texts(clean), outcomes(other), expected)


def test_kedro_has_a_second_dataset(folder, expected):
    needs("kedro")
    then = """
out = SequentialRunner().run(news, catalog)
seen = [out[name].load() for name in ("articles", "dead_letter")]
"""
    clean, other = ran(folder, "Kedro", then=then)
    same(texts(clean), outcomes(other), expected)


def test_langchain_documents_say_how_they_came_out(folder, expected):
    needs("langchain-core")
    then = "seen = [(doc.id, doc.page_content) for doc in articles], [(doc.page_content, doc.metadata) for doc in documents]"
    clean, every = ran(folder, "LangChain", then=then)
    other = [meta["copydesk_outcome"] for _, meta in every if meta["copydesk_outcome"] != "clean"]
    same(clean, other, expected, WITHOUT_NULLS)
    assert every[1][0] == ROWS[1]["text"]
    assert all(isinstance(value, str) for _, meta in every for value in meta.values())


def test_llamaindex_nodes_say_how_they_came_out(folder, expected):
    needs("llama-index-core")
    then = """
assert [doc.text for doc in documents] == [row["text"] or "" for row in raw]
assert all(doc.get_content(metadata_mode="embed") == doc.text for doc in articles)
seen = [(node.id_, node.text) for node in articles], [node.metadata["copydesk_outcome"] for node in nodes]
"""
    clean, every = ran(folder, "LlamaIndex", then=then)
    same(clean, [outcome for outcome in every if outcome != "clean"], expected, WITHOUT_NULLS)


def test_haystack_has_a_second_output(folder, expected):
    needs("haystack-ai")
    then = """
again = Pipeline.loads(news.dumps(), allowed_modules=["__main__"])
assert again.get_component("clean").pipeline == "reprints"
assert [doc.content for doc in out["failed"]] == [row["text"] for row in raw[:3]]
seen = [(doc.id, doc.content) for doc in out["documents"]], [doc.meta["copydesk_error"] for doc in out["failed"]]
"""
    clean, other = ran(folder, "Haystack", then=then)
    same(clean, [error["outcome"] for error in other], expected)


def test_spacy_gets_clean_texts_alone(folder, expected):
    needs("spacy")
    then = "seen = [(doc._.copydesk['id'], doc.text) for doc in docs], rejects"
    clean, other = ran(folder, "spaCy", then=then)
    same(clean, outcomes(other), expected)


def answer(process: subprocess.Popen, line: bytes) -> bytes:
    """What Redpanda Connect takes for the answer: the first line on either stream, a failure where it is an error's.

    It starts the process anew where a stream ends, standard error as well.
    """
    process.stdin.write(line + b"\n")
    ready, _, _ = select.select([process.stdout, process.stderr], [], [], 120)
    assert ready, "no answer"
    assert process.stderr not in ready, process.stderr.readline() or "standard error was closed"
    return process.stdout.readline()


def test_redpanda_connect_gets_one_line_for_each_line(folder, expected):
    noisy = PLUGIN.replace("    if len", '    print("noise", flush=True)\n    if len')
    (folder / "plugins/desk.py").write_text(noisy)
    config = yaml.safe_load(RECIPES["Redpanda Connect"][1])
    [processor] = config["pipeline"]["processors"]
    command = [processor["subprocess"]["name"], *processor["subprocess"]["args"]]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, cwd=folder, env=environment(folder), bufsize=0, **pipes) as process:
        answers = [answer(process, line) for line in lines(ROWS).encode().splitlines()]
        process.stdin.close()
        assert (process.stdout.read(), process.stderr.read(), process.wait(60)) == (b"", b"", 0)
    rows = [json.loads(line) for line in answers]
    assert [row.get("n") for row in rows] == [None, *range(1, len(ROWS))]
    other = [row["outcome"] for row in rows if row.get("outcome") is not None]
    same(texts([row for row in rows if row.get("outcome") is None]), other, expected)
    assert "noise" in (folder / "copydesk.log").read_text()
    assert max(map(len, answers)) < processor["subprocess"]["max_buffer"]


def test_a_shell_pipe_with_jq(folder, expected):
    if not shutil.which("jq"):
        pytest.skip("jq is not installed")
    ran(folder, "A shell and jq")
    other = [row["outcome"] for row in read(folder / "rejects.jsonl")]
    same(texts(read(folder / "clean.jsonl")), other, expected)
