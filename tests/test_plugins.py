"""Plugins: found, checked, and none of them able to break the others."""

from __future__ import annotations

import sys

import pytest
from conftest import ROOT

from copydesk import ConfigError, hookimpl, load
from copydesk.plugins import Plugins

GOOD = '''
import copydesk

@copydesk.hookimpl
def register_stages(register):
    register(shout)

def shout(doc, *, mark: str = "!"):
    """Add a mark to every line."""
    for segment in doc.segments:
        segment.rewrite(segment.text + mark)
'''

LAZY_TYPES = '''
from __future__ import annotations
from typing import TYPE_CHECKING, Annotated, Literal
import msgspec
import copydesk
if TYPE_CHECKING:
    from copydesk import Document

@copydesk.hookimpl
def register_stages(register):
    register(shout)

class shout:
    """Add marks to every line."""

    def __init__(self, *, times: Annotated[int, msgspec.Meta(ge=1)] = 1, mark: Literal["!", "?"] = "!") -> None:
        self.mark = times * mark

    def __call__(self, doc: Document) -> None:
        for segment in doc.segments:
            segment.rewrite(segment.text + self.mark)
'''


def found(tmp_path, source: str, name: str = "loud.py") -> Plugins:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    return Plugins.found([tmp_path])


def stage(body: str) -> str:
    return f"import copydesk\n\n@copydesk.hookimpl\ndef register_stages(register):\n    register(shout)\n\n{body}\n"


@pytest.mark.parametrize("source", [GOOD, LAZY_TYPES], ids=["function", "class with lazy types"])
def test_a_drop_in_file_offers_its_stage(tmp_path, source):
    plugins = found(tmp_path, source)
    assert not plugins.faults
    assert plugins.stages["shout"].plugin == "loud"
    assert plugins.stages["shout"].about.startswith("Add ")
    (tmp_path / "p.yaml").write_text('plugins: [loud.py]\npipelines:\n  p: {stages: [shout: {mark: "?"}]}\n')
    assert load(tmp_path / "p.yaml")["p"]("Well\nnow").text == "Well?\n\nnow?"


def test_a_drop_in_package_may_import_from_itself(tmp_path):
    (tmp_path / "loud").mkdir()
    (tmp_path / "loud/words.py").write_text("MARK = '!!'\n")
    source = GOOD.replace("import copydesk", "import copydesk\nfrom .words import MARK", 1).replace('"!"', "MARK")
    plugins = found(tmp_path, source, "loud/__init__.py")
    assert not plugins.faults
    assert plugins.stages["shout"].options["mark"].default == "!!"


def test_the_house_plugins_named_again_as_drop_ins_are_loaded_once():
    plugins = Plugins.found([ROOT / "plugins"])
    assert not plugins.faults
    assert plugins.drop_ins == []


FAULTS = {
    "raises": ("1 / 0", "plugin `loud`: cannot be loaded: ZeroDivisionError: division by zero (loud.py:1)."),
    "exits": ("import sys; sys.exit(3)", "plugin `loud`: cannot be loaded: SystemExit: 3 (loud.py:1)."),
    "does not parse": (
        "def (",
        "plugin `loud`: cannot be loaded: SyntaxError: invalid syntax (loud.py, line 1).",
    ),
    "raises in its hook": (
        stage("").replace("register(shout)", "1 / 0"),
        "plugin `loud`: cannot be loaded: ZeroDivisionError: division by zero (loud.py:5).",
    ),
    "offers nothing": (
        "def register_stages(register): ...",
        "plugin `loud`: offers nothing. Mark its functions with `@copydesk.hookimpl`, and call `register` in them.",
    ),
    "misspells its hook": (
        GOOD.replace("def register_stages", "def register_stage"),
        "plugin `loud`: there is no hook `register_stage`. Did you mean `register_stages`?",
    ),
    "takes what a hook does not give": (
        GOOD.replace("(register)", "(register, config)", 1),
        "plugin `loud`: its hook does not fit: Plugin 'loud' for hook 'register_stages' "
        "hookimpl definition: register_stages(register, config) Argument(s) {'config'} are declared in the hookimpl "
        "but can not be found in the hookspec. A hook takes one parameter, `register`.",
    ),
    "option without a type": (
        stage("def shout(doc, *, mark='!'): ..."),
        "plugin `loud`: the option `mark` of the stage `shout` has no type. Annotate it.",
    ),
    "default that the type does not take": (
        stage('def shout(doc, *, times: int = "three"): ...'),
        "plugin `loud`: the option `times` of the stage `shout` takes a whole number, and its default is 'three'.",
    ),
    "option that is not keyword-only": (
        stage("def shout(doc, mark: str = '!'): ..."),
        "plugin `loud`: the stage `shout` takes 2 positional parameters; it takes one, `doc`.",
    ),
    "class option that is not keyword-only": (
        stage("class shout:\n    def __init__(self, mark: str = '!'): ...\n    def __call__(self, doc): ..."),
        "plugin `loud`: `mark` of the stage `shout` is not keyword-only. Write `*,` before the options.",
    ),
    "class that cannot be called": (
        stage("class shout: ..."),
        "plugin `loud`: the class `shout` has no `__call__(self, doc)`, so it cannot take a document.",
    ),
    "a type that cannot be read": (
        "from __future__ import annotations\n" + stage("def shout(doc, *, mark: Mark = None): ..."),
        "plugin `loud`: the type `Mark` of the option `mark` of the stage `shout` cannot be read: "
        "name 'Mark' is not defined. Import what it needs outside `if TYPE_CHECKING:`.",
    ),
    "a stage that would have to be awaited": (
        stage("async def shout(doc): ..."),
        "plugin `loud`: the stage `shout` is `async`, and nobody awaits it. Write `def`.",
    ),
    "a stage that would have to be asked for items": (
        stage("class shout:\n    def __call__(self, doc):\n        yield doc"),
        "plugin `loud`: the stage `shout` has a `yield` in it, so that a call runs none of it. "
        "A stage marks the document and returns nothing.",
    ),
    "a stage without a name": (
        "import functools\n" + stage("shout = functools.partial(print)"),
        "plugin `loud`: functools.partial(<built-in function print>) has no name to call it by. "
        "Register a function or a class, not a partial.",
    ),
}


@pytest.mark.parametrize(("source", "expected"), FAULTS.values(), ids=FAULTS)
def test_a_broken_plugin_is_named_and_the_others_load(tmp_path, source, expected):
    plugins = found(tmp_path, source)
    assert [str(fault) for fault in plugins.faults] == [expected]
    assert "normalize_space" in plugins.stages


def test_two_plugins_with_one_stage_name_are_both_named(tmp_path):
    (tmp_path / "loud.py").write_text(GOOD)
    plugins = found(tmp_path, GOOD, "noisy.py")
    assert [str(fault) for fault in plugins.faults] == [
        "plugin `noisy`: offers the stage `shout`, which `loud` offers already. Rename one of the two."
    ]


def test_a_plugin_that_is_not_there_is_a_mistake_of_the_file(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text("plugins: [nowhere.py]\npipelines:\n  p: {stages: [normalize_space]}\n")
    with pytest.raises(ConfigError, match=r"p.yaml:1:10: plugin `nowhere.py`: there is no file or folder"):
        load(path)


def test_a_broken_plugin_stands_beside_the_stage_that_is_missing(tmp_path):
    (tmp_path / "loud.py").write_text("1 / 0")
    path = tmp_path / "p.yaml"
    path.write_text("plugins: [loud.py]\npipelines:\n  p: {stages: [shout]}\n")
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert [p.message for p in caught.value.problems] == [
        "plugin `loud`: cannot be loaded: ZeroDivisionError: division by zero (loud.py:1).",
        "there is no stage or pipeline `shout`. `copydesk stages` lists them.",
    ]


def test_a_plugin_can_bring_a_language_engine(tmp_path):
    source = """
import copydesk

@copydesk.hookimpl
def register_language_engines(register):
    register(always_latin)

class always_latin:
    def __call__(self, text):
        return "la", 1.0
"""
    (tmp_path / "latin.py").write_text(source)
    path = tmp_path / "p.yaml"
    path.write_text("plugins: [latin.py]\npipelines:\n  p: {stages: [detect_language: {engine: always_latin}]}\n")
    doc = load(path)["p"]("Gallia est omnis divisa in partes tres, quarum unam incolunt Belgae.")
    assert doc.record()["language"]["code"] == "la"


def test_only_what_a_file_names_is_run(tmp_path):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins/bomb.py").write_text("raise SystemExit('it ran')")
    path = tmp_path / "p.yaml"
    path.write_text("pipelines:\n  p: {stages: [normalize_space]}\n")
    assert load(path).plugins.faults == []


def test_every_folder_in_plugins_has_its_entry_point():
    folders = {path.name for path in (ROOT / "plugins").iterdir() if (path / "__init__.py").exists()}
    plugins = Plugins.found()
    assert {f"copydesk_{name}" for name in plugins.names} >= folders
    assert not plugins.faults


def test_hookimpl_is_pluggys_marker():
    def register_stages(register): ...

    assert hookimpl(register_stages) is register_stages
    assert register_stages.copydesk_impl


def test_nothing_of_a_broken_drop_in_stays_behind(tmp_path):
    before = set(sys.modules)
    found(tmp_path, "1 / 0")
    assert not {name for name in set(sys.modules) - before if "dropin" in name}


def test_a_mistake_of_a_stage_is_told_with_its_own_line(tmp_path):
    """Where it gave the document something that it cannot take, not where the document says so."""
    found(tmp_path, stage("def shout(doc):\n    doc.segments[0].replace(5, 9999, 'x')"))
    (tmp_path / "p.yaml").write_text("plugins: [loud.py]\npipelines:\n  p: {stages: [shout]}\n")
    (doc,) = load(tmp_path / "p.yaml")["p"].stream(["Well."])
    assert f"({tmp_path / 'loud.py'}:8) failed on document" in doc.reason


def test_a_mapping_of_an_option_is_told_by_its_parts(tmp_path):
    kind = "class Pair(msgspec.Struct):\n    old: str\n    new: str\n"
    found(tmp_path, "import msgspec\n" + stage(f"{kind}\ndef shout(doc, *, pair: Pair): ..."))
    (tmp_path / "p.yaml").write_text("plugins: [loud.py]\npipelines:\n  p: {stages: [shout: {pair: {od: x}}]}\n")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "p.yaml")
    assert [(p.column, p.message) for p in caught.value.problems] == [
        (30, "`pair` lacks `old`."),
        (30, "`pair` lacks `new`."),
        (31, "`pair` has no `od`. Did you mean `old`?"),
    ]
