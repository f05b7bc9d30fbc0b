"""The documents are true: all that there is stands in them, and all that stands in them works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.resources import files

import pytest
from conftest import ROOT, plugins

import copydesk
from copydesk import load
from copydesk.cli.app import app
from copydesk.config import _EXAMPLE, _PIPELINE, _TOP
from copydesk.facts import FIELDS
from copydesk.plugins import HOOKS
from copydesk.rules import _RULE, example_faults, read_rules

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXT = "\n".join(page.read_text("utf-8") for page in PAGES)


def blocks(language: str):
    fence = re.compile(rf"^```{language}\n(.*?)^```", re.MULTILINE | re.DOTALL)
    found = [
        (page.name, number, code)
        for page in PAGES
        for number, code in enumerate(fence.findall(page.read_text("utf-8")))
    ]
    return [pytest.param(code, id=f"{name} {number}") for name, number, code in found]


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
    shutil.copy(ROOT / "pipelines.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "docs", "exec"), {"__name__": "docs"})
    if "hookimpl" in code:
        (tmp_path / "plugin.py").write_text(code, "utf-8")
        (tmp_path / "p.yaml").write_text("plugins: [plugin.py]\npipelines:\n  p: {stages: [normalize_space]}\n")
        assert not load(tmp_path / "p.yaml").plugins.faults


@pytest.mark.parametrize("code", blocks("sh"))
def test_a_shell_block_runs(code, tmp_path):
    (tmp_path / "articles").mkdir()
    for name in ("bridge.txt", "museum_de.txt"):
        shutil.copy(ROOT / "samples" / name, tmp_path / "articles")
    shutil.copy(ROOT / "samples/bridge.txt", tmp_path / "article.txt")
    shutil.copy(ROOT / "samples/records.jsonl", tmp_path / "articles.jsonl")
    (tmp_path / "copydesk").write_text(
        f"#!/bin/sh\nexec {sys.executable} -c 'from copydesk.cli import main; main()' \"$@\"\n"
    )
    (tmp_path / "copydesk").chmod(0o755)
    for line in code.splitlines():
        if "copydesk " in line:
            env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
            done = subprocess.run(line, shell=True, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{line}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_the_readme_lists_the_files_in_reading_order():
    readme = (ROOT / "README.md").read_text("utf-8")
    for path in sorted((ROOT / "src/copydesk").glob("*.py")):
        assert f"`{path.name}`" in readme or path.name == "__init__.py", path.name
    for folder in sorted((ROOT / "plugins").iterdir()):
        assert folder.name in readme or not (folder / "__init__.py").exists(), folder.name


def test_the_page_of_stages_is_current():
    sys.path.insert(0, str(ROOT / "docs"))
    from make_stages import page

    assert (ROOT / "docs/stages.md").read_text("utf-8") == page(plugins()), "run: python docs/make_stages.py"


def test_the_templates_are_in_the_package():
    assert {path.name for path in (files("copydesk.cli") / "templates").iterdir()} >= {"plugin.py.template"}
