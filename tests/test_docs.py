"""The documents are true: all that there is stands in them, and all that stands in them works."""

from __future__ import annotations

import ast
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.resources import files
from typing import NamedTuple

import pytest
from conftest import ROOT, plugins

import copydesk
from copydesk import load
from copydesk.cli.app import app
from copydesk.config import _EXAMPLE, _PIPELINE, _TOP
from copydesk.document import ROLES
from copydesk.facts import FIELDS
from copydesk.plugins import HOOKS
from copydesk.rules import example_faults, read_rules
from copydesk.rules.file import _RULE

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXT = "\n".join(page.read_text("utf-8") for page in PAGES)


FENCE = re.compile(r'^```(\w*)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
ELSEWHERE = {
    "first_article.md": "test_site.py goes through the tutorial page by page, in one folder",
    "first_pipeline.md": "the same",
    "first_plugin.md": "the same",
    "recipes.md": "its own test runs each in the tool that it is for",
    "service.md": "test_server.py runs them against a service",
}
"""Pages whose examples are run by another test, and why."""

NOT_RUN = {"pip install": "what it installs is here", "s3://": "there is no network in a test"}
"""What marks a line of a shell's that is not run, and why."""

ENGINES = {"airflow", "apache_beam", "dagster", "dask", "datatrove", "pyspark", "ray"}
"""Engines that `make test` lacks; where one is installed, its example is run, as a script: some start processes."""

FRAMES = {"datasets", "duckdb", "pandas", "polars"}
"""Engines that `make test` has, and the environments of the others have not."""

AT_HOME = {
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "PYSPARK_PYTHON": sys.executable,
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # keeps it on the loopback
    "RAY_USAGE_STATS_ENABLED": "0",
    "SPARK_LOCAL_IP": "127.0.0.1",
}
"""What keeps engines from calling home, and from listening to others."""


class Block(NamedTuple):
    """An example: a fenced block of a page."""

    page: str
    number: int
    language: str
    title: str
    code: str


def blocks_of(page):
    found = FENCE.findall(page.read_text("utf-8"))
    return [Block(page.name, number, *parts) for number, parts in enumerate(found)]


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


MANY = {"howto.md": [pytest.mark.slow]}
"""A page of many runs, most of forms that have tests of their own: `make test-all` runs them."""


def blocks(language):
    found = [block for block in BLOCKS if block.language == language and block.page not in ELSEWHERE]
    return [
        pytest.param(block.code, id=f"{block.page} {block.number}", marks=MANY.get(block.page, ())) for block in found
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_example_is_run_or_is_shown_as_text(page):
    fences = re.findall(r"^```", page.read_text("utf-8"), re.MULTILINE)
    assert len(fences) == 2 * len(blocks_of(page)), "a fence is not closed, or has other words than title= behind it"
    if page.name not in ELSEWHERE:
        assert {block.language for block in blocks_of(page)} <= {"python", "yaml", "sh", "json", "toml", "text"}
        assert not [block.title for block in blocks_of(page) if block.title]


@pytest.mark.parametrize("code", blocks("text"))
def test_no_command_hides_as_text(code):
    assert code.startswith("make ") or not re.search(r"^copydesk \w+ (?!.*\[OPTIONS\])", code, re.MULTILINE)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_what_is_run_elsewhere_is_named_there(name):
    tests = [path for path in (ROOT / "tests").rglob("test_*.py") if path.name != "test_docs.py"]
    assert any(name in path.read_text("utf-8") for path in tests)


@pytest.mark.parametrize("code", blocks("json"))
def test_a_json_block_is_json(code):
    json.loads(code)


@pytest.mark.parametrize("code", blocks("toml"))
def test_a_toml_block_is_toml(code):
    tomllib.loads(code)


def mentioned(word: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", TEXT) is not None


COMMANDS = {command.name or command.callback.__name__: command for command in app.registered_commands}
WORDS = {
    "stage": list(plugins().stages),
    "command": list(COMMANDS),
    "hook": list(HOOKS),
    "error": [name for name in copydesk.__all__ if name.endswith("Error")],
    "key of pipelines.yaml": [*_TOP, *_PIPELINE, *_EXAMPLE],
    "key of a rule": list(_RULE),
    "field of the record": [field.name for field in FIELDS.values()],
    "public name": copydesk.__all__,
    "language engine": list(plugins().offers["language_engines"]),
}


@pytest.mark.parametrize(("kind", "word"), [(kind, word) for kind, words in WORDS.items() for word in words])
def test_what_there_is_stands_in_the_docs(kind, word):
    assert mentioned(word), f"the {kind} `{word}` is in no document"


def test_the_roles_that_are_known_are_those_in_the_docs():
    assert f"`{' '.join(ROLES[1:])}`" in " ".join(TEXT.split())


@pytest.mark.parametrize(("stage", "option"), [(s.name, o) for s in plugins().stages.values() for o in s.options])
def test_every_option_is_in_the_help_of_its_stage_or_in_the_docs(stage, option):
    assert option in plugins().stages[stage].help or mentioned(option)


@pytest.mark.parametrize("stage", list(plugins().stages.values()), ids=lambda kind: kind.name)
def test_every_stage_has_a_help(stage):
    assert stage.about.endswith((".", "?", ";", ":"))
    assert len(stage.about) <= 140


@pytest.mark.parametrize("code", blocks("yaml"))
def test_a_yaml_block_checks(code, tmp_path):
    if "pipelines:" in code:
        (tmp_path / "plugins").mkdir()
        (tmp_path / "pipelines.yaml").write_text(code.replace("plugins: [plugins/]", "plugins: []"), "utf-8")
        from copydesk.cli.test import test_file

        assert test_file(tmp_path / "pipelines.yaml") == 0
    else:
        (tmp_path / "partners.yaml").write_text(code, "utf-8")
        assert not [fault for rule in read_rules(tmp_path / "partners.yaml") for fault in example_faults(rule)]


@pytest.mark.parametrize("code", blocks("python"))
def test_a_python_block_runs(code, tmp_path, monkeypatch, capsys):
    engines = (ENGINES | FRAMES) & modules_of(code)
    for name in engines:
        pytest.importorskip(name, reason=f"{name} is not here; `make test-engines` has it")
    shutil.copy(ROOT / "pipelines.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    if engines & ENGINES:
        (tmp_path / "example.py").write_text(code, "utf-8")
        env = {**os.environ, **AT_HOME, "AIRFLOW_HOME": str(tmp_path), "DAGSTER_HOME": str(tmp_path)}
        subprocess.run([sys.executable, "example.py"], env=env, check=True)
        return
    exec(compile(code, "docs", "exec"), {"__name__": "docs"})
    if "hookimpl" in code:
        (tmp_path / "plugin.py").write_text(code, "utf-8")
        (tmp_path / "p.yaml").write_text("plugins: [plugin.py]\npipelines:\n  p: {stages: [normalize_space]}\n")
        assert not load(tmp_path / "p.yaml").plugins.faults


def modules_of(code):
    """What a block imports, and the engines whose adapters it imports."""
    nodes = list(ast.walk(ast.parse(code)))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    return {part for name in names for part in name.split(".")}


@pytest.mark.parametrize("code", blocks("sh"))
def test_a_shell_block_runs(code, tmp_path):
    lay_out(tmp_path)
    script = "\n".join(line for line in code.splitlines() if not any(sign in line for sign in NOT_RUN))
    done = in_shell(script, tmp_path)
    assert done.returncode == 0, f"{script}\n{done.stdout}"


def in_shell(script, folder):
    """A script run in a folder, with `copydesk`, `python` and `pytest` those of these tests."""
    programs = {
        # compare ends with 1 where something differs, and the examples compare what differs
        "copydesk": "-c 'from copydesk.cli import main; main()' \"$@\" || { [ $1$? = compare1 ] && exit 0; exit 1; }",
        "python": '"$@"',
        "pytest": '-m pytest -p no:cacheprovider "$@"',
    }
    tools = folder / ".tools"
    tools.mkdir(exist_ok=True)
    for name, arguments in programs.items():
        (tools / name).write_text(f"#!/bin/sh\n{sys.executable} {arguments}\n")
        (tools / name).chmod(0o755)
    env = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", "-ec", script],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def lay_out(folder):
    """The files that the examples speak of."""
    import pyarrow as pa
    import pyarrow.feather
    import pyarrow.parquet

    (folder / "articles").mkdir()
    for name in ("bridge.txt", "museum_de.txt"):
        shutil.copy(ROOT / "samples" / name, folder / "articles")
    article = (ROOT / "samples/bridge.txt").read_text("utf-8")
    rows = {"url": ["https://marlow.example/bridge"], "body": [article]}
    (folder / "article.txt").write_text(article, "utf-8")
    shutil.copy(ROOT / "samples/records.jsonl", folder / "articles.jsonl")
    (folder / "articles.jsonl.gz").write_bytes(gzip.compress((folder / "articles.jsonl").read_bytes()))
    for name, mark in (("articles.csv", ","), ("articles.tsv", "\t")):
        (folder / name).write_text(f'url{mark}body\n{rows["url"][0]}{mark}"{article}"\n', "utf-8")
    pyarrow.parquet.write_table(pa.table(rows), folder / "articles.parquet")
    pyarrow.feather.write_feather(pa.table(rows), folder / "articles.arrow")
    page = "<html><body><article><p>" + article.replace("\n\n", "</p>\n<p>") + "</p></article></body></html>"
    (folder / "pages").mkdir()
    (folder / "pages/bridge.html").write_text(page, "utf-8")
    (folder / "crawl.warc.gz").write_bytes(gzip.compress(archived(page.encode())))
    for name in ("pipelines.yaml", "before.yaml", "after.yaml"):
        shutil.copy(ROOT / "pipelines.yaml", folder / name)
    gold = next(block.code for block in BLOCKS if (block.page, block.language) == ("scoring.md", "json"))
    for name in ("ours.jsonl", "theirs.jsonl"):
        (folder / name).write_text(gold, "utf-8")


def archived(page):
    """A web archive of one page."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page
    head = f"""WARC/1.0
WARC-Type: response
WARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-000000000001>
WARC-Date: 2025-03-03T09:14:00Z
WARC-Target-URI: https://marlow.example/bridge
Content-Type: application/http; msgtype=response
Content-Length: {len(answer)}

"""
    return head.replace("\n", "\r\n").encode() + answer + b"\r\n\r\n"


def test_the_article_in_the_readme_comes_out_as_it_says():
    raw, text, facts = [block.code for block in BLOCKS if block.page == "README.md" and block.language == "text"][:3]
    doc = load()["reprints"](raw)
    assert doc.text == text.strip()
    record = json.dumps(doc.record(), ensure_ascii=False)
    for line in facts.splitlines():
        field, values = line.split(None, 1)
        assert field in doc.record()
        assert [value for value in re.split("[,;:] ", values) if value.rstrip(".") not in record] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", FENCE.sub("", page.read_text("utf-8"))):
        assert (page.parent / target).exists(), target


def test_the_readme_lists_the_files_in_reading_order():
    readme = (ROOT / "README.md").read_text("utf-8")
    for path in sorted((ROOT / "src/copydesk").glob("*.py")):
        assert f"`{path.name}`" in readme or path.name == "__init__.py", path.name
    for folder in sorted((ROOT / "plugins").iterdir()):
        assert folder.name in readme or not (folder / "__init__.py").exists(), folder.name


def test_the_templates_are_in_the_package():
    assert {path.name for path in (files("copydesk.cli") / "templates").iterdir()} >= {"plugin.py.template"}
