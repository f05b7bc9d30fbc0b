"""The command as a user runs it: a process of its own, its output, its exit code."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import get_args

import jsonschema
import pytest
import yaml
from conftest import ROOT, house

from copydesk import cli
from copydesk.cli import app
from copydesk.cli.restore import raw_text
from copydesk.errors import InputError
from copydesk.io import readers, shapes, writers

PIPELINE = """
plugins: [plugins/]
pipelines:
  p:
    about: For the tests.
    stages:
      - normalize_space
      - picky
"""
PLUGIN = '''
import copydesk

@copydesk.hookimpl
def register_stages(register):
    register(picky)

def picky(doc):
    """Turn away, fail or take out what the text asks for."""
    if "reject" in doc.raw:
        doc.reject("the text asked for it")
    if "fail" in doc.raw:
        raise ValueError("the text asked for it")
    for segment in doc.segments:
        if segment.text.startswith("Ad:"):
            segment.mark("advert", rule="ad")
'''


@pytest.fixture
def folder(tmp_path):
    """A project folder with a pipeline of two stages."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins/picky.py").write_text(PLUGIN)
    (tmp_path / "pipelines.yaml").write_text(PIPELINE)
    return tmp_path


def copydesk(*arguments: object, cwd: Path = ROOT, stdin: bytes = b"", code: int = 0) -> tuple[str, str]:
    """Run the command; its standard output and standard error."""
    command = [sys.executable, "-c", "from copydesk.cli import main; main()", *map(str, arguments)]
    env = {**os.environ, "NO_COLOR": "1", "COLUMNS": "160", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(command, input=stdin, capture_output=True, cwd=cwd, env=env, check=False)
    out, err = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == code, err + out
    return out, err


def lines(*texts: str) -> bytes:
    return "".join(json.dumps({"id": str(n), "text": text}) + "\n" for n, text in enumerate(texts)).encode()


def test_run_cleans_lines_from_standard_input_to_standard_output(folder):
    out, err = copydesk("run", "-p", "p", "-", cwd=folder, stdin=lines("One.\u00a0Two.\nAd: buy", "Three."))
    first, second = map(json.loads, out.splitlines())
    assert (first["id"], first["text"], second["text"]) == ("0", "One. Two.", "Three.")
    assert "2 documents: 2 clean" in err
    assert "advert" in err


def test_run_takes_one_text_from_standard_input(folder):
    out, _ = copydesk("run", "-p", "p", "-", "--quiet", cwd=folder, stdin="Café.\nAd: x".encode())
    assert json.loads(out)["text"] == "Café."


def test_run_reads_files_and_folders_and_writes_a_folder(folder):
    (folder / "in/deep").mkdir(parents=True)
    (folder / "in/b.txt").write_bytes("Zoë came.\r\n".encode("cp1252"))
    (folder / "in/deep/a.txt").write_text("Ann came.")
    (folder / "in/other.pdf").write_bytes(b"%PDF")
    copydesk("run", "-p", "p", "in", "-o", "out", "--format", "text", cwd=folder)
    names = sorted(path.name for path in (folder / "out").iterdir())
    assert names[:2] == ["b.json", "b.txt"]
    assert [name.startswith("deep_a-") for name in names[2:]] == [True, True]
    assert (folder / "out/b.txt").read_text("utf-8") == "Zoë came."
    copydesk("restore", "out", "-o", "back", cwd=folder)
    assert (folder / "back/b.txt").read_bytes() == "Zoë came.\r\n".encode("cp1252")


def test_a_folder_holds_parts_and_is_restored(folder):
    (folder / "in.jsonl").write_bytes(lines("One.", "Ad: buy\nTwo.", "Three.", "reject me"))
    copydesk("run", "-p", "p", "in.jsonl", "-o", "out", "--report", "r.json", "--report", "r.html", cwd=folder)
    assert sorted(path.name for path in (folder / "out").iterdir()) == [
        *["manifest.json", "part-00000.jsonl.zst", "rejects.jsonl.zst"]
    ]
    assert json.loads((folder / "r.json").read_text())["documents"]["clean"] == 3
    assert "buy" in (folder / "r.html").read_text("utf-8")
    out, _ = copydesk("restore", "out", cwd=folder)
    assert [json.loads(line)["text"] for line in out.splitlines()] == ["One.", "Ad: buy\nTwo.", "Three."]
    _, err = copydesk("run", "-p", "p", "in.jsonl", "-o", "out", cwd=folder, code=5)
    assert "Go on with --resume" in err
    _, err = copydesk("run", "-p", "p", "in.jsonl", "-o", "out", "--resume", cwd=folder)
    assert "There is nothing to do" in err


def kind(folder):
    """The plugin mends its ways: nothing is rejected, nothing fails."""
    mended = PLUGIN.replace('"fail" in', '"never" in').replace('"reject" in', '"never" in')
    (folder / "plugins/picky.py").write_text(mended)


def test_a_file_that_was_rejected_comes_back_in_its_own_encoding_once_it_is_run_again(folder):
    raw = "Das Café reject Straße für Gäste.".encode("latin-1")
    (folder / "a.txt").write_bytes(raw)
    copydesk("run", "-p", "p", "a.txt", "-o", "out.jsonl", cwd=folder)
    kind(folder)
    copydesk("retry", "-p", "p", "out.rejects.jsonl", "-o", "again.jsonl", cwd=folder)
    copydesk("restore", "again.jsonl", "-o", "back", cwd=folder)
    assert (folder / "back/a.txt").read_bytes() == raw


def test_what_ran_again_has_the_input_s_own_fields_whatever_their_names(folder):
    row = {"id": "1", "text": "reject me", "stage": "proof", "headline": "Ours", "desk": "Coast", "flags": ["ours"]}
    (folder / "in.jsonl").write_text(json.dumps(row) + "\n")
    copydesk("run", "-p", "p", "in.jsonl", "-o", "out.jsonl", cwd=folder)
    (left,) = map(json.loads, (folder / "out.rejects.jsonl").read_text().splitlines())
    assert (left["stage"], left["given"]) == ("picky", {"stage": "proof", "flags": ["ours"]})
    kind(folder)
    copydesk("retry", "-p", "p", "out.rejects.jsonl", "-o", "again.jsonl", cwd=folder)
    (record,) = map(json.loads, (folder / "again.jsonl").read_text().splitlines())
    assert (record["stage"], record["desk"]) == ("proof", "Coast")
    assert record["given"] == {"headline": "Ours", "flags": ["ours"]}


def test_a_folder_of_what_ran_again_can_be_gone_on_with_and_started_anew(folder):
    (folder / "in.jsonl").write_bytes(lines("reject me", "fail me"))
    copydesk("run", "-p", "p", "in.jsonl", "-o", "out", cwd=folder, code=1)
    kind(folder)
    copydesk("retry", "-p", "p", "out", "-o", "again", cwd=folder)
    _, err = copydesk("retry", "-p", "p", "out", "-o", "again", cwd=folder, code=5)
    assert "Go on with --resume, start anew with --overwrite" in err
    copydesk("retry", "-p", "p", "out", "-o", "again", "--resume", cwd=folder)
    copydesk("retry", "-p", "p", "out", "-o", "again", "--overwrite", cwd=folder)


def test_an_interrupt_before_the_command_is_there_ends_it_without_a_traceback(monkeypatch, capsys):
    class Interrupting:
        def find_spec(self, name, *_):
            if name == "copydesk.cli.app":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "copydesk.cli.app")
    monkeypatch.setattr(sys, "meta_path", [Interrupting(), *sys.meta_path])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 130
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("shape", ["schema.org", "ninjs"])
def test_records_can_have_another_shape(folder, shape):
    out, _ = copydesk("run", "-p", "p", "-", "--as", shape, cwd=folder, stdin=lines("A story."))
    assert "A story." in out
    assert "ledger" not in json.loads(out)


def test_rejected_and_failed_documents_go_to_a_file_and_can_run_again(folder):
    (folder / "in.jsonl").write_bytes(lines("fine", "reject me", "fail me") + b"{broken\n")
    _, err = copydesk("run", "-p", "p", "in.jsonl", "-o", "out.jsonl", cwd=folder, code=1)
    assert len((folder / "out.jsonl").read_text().splitlines()) == 1
    rejects = [json.loads(line) for line in (folder / "out.rejects.jsonl").read_text().splitlines()]
    assert [(r["id"], r["text"], r["outcome"], r["stage"]) for r in rejects] == [
        ("1", "reject me", "rejected", "picky"),
        ("2", "fail me", "failed", "picky"),
        ("in:4", "{broken", "failed", "reader"),
    ]
    assert rejects[2]["reason"].startswith("in.jsonl:4: is not JSON: ")
    advice = "`copydesk retry -p p out.rejects.jsonl` runs again what could be read."
    assert f"The others stand in out.rejects.jsonl; {advice}" in err
    kind(folder)
    copydesk("retry", "-p", "p", "out.rejects.jsonl", "-o", "again.jsonl", cwd=folder, code=1)
    again = [json.loads(line) for line in (folder / "again.jsonl").read_text().splitlines()]
    assert [(record["id"], record["text"], "outcome" in record) for record in again] == [
        *[("1", "reject me", False), ("2", "fail me", False)]
    ]
    (left,) = map(json.loads, (folder / "again.rejects.jsonl").read_text().splitlines())
    assert (left["text"], left["stage"]) == ("{broken", "reader")  # it was never read, so there is nothing to run
    copydesk("retry", "-p", "p", "again.jsonl", cwd=folder, code=2)


def test_what_kills_or_hangs_a_worker_is_one_document(folder):
    harm = "import os, time\n    if 'die' in doc.raw: os._exit(7)\n    if 'hang' in doc.raw: time.sleep(99)\n    "
    (folder / "plugins/picky.py").write_text(PLUGIN.replace('if "reject" in', f'{harm}if "reject" in'))
    (folder / "in.jsonl").write_bytes(lines("fine", "die", "fine", "hang", "fine"))
    copydesk("run", "-p", "p", "in.jsonl", "-o", "o.jsonl", "--timeout", "1", cwd=folder, code=1)
    assert [json.loads(line)["id"] for line in (folder / "o.jsonl").read_text().splitlines()] == ["0", "2", "4"]
    rejects = [json.loads(line) for line in (folder / "o.rejects.jsonl").read_text().splitlines()]
    assert [(r["id"], r["stage"]) for r in rejects] == [("1", "picky"), ("3", "picky")]
    assert "worker" in rejects[0]["reason"]
    assert "timeout after 1 s" in rejects[1]["reason"]


@pytest.mark.parametrize(
    ("texts", "options", "code"),
    [
        (("fine", "reject"), (), 0),
        (("fine", "reject"), ("--allow-rejected", "0"), 1),
        (("fine", "fail"), (), 1),
        (("fine", "fail"), ("--allow-failed", "1"), 0),
        (("fine", "fail"), ("--allow-failed", "40%"), 1),
        (("fine", "fail"), ("--allow-failed", "50%"), 0),
        (("fine",), ("--allow-failed", "many"), 2),
    ],
)
def test_the_exit_code_tells_what_went_wrong(folder, texts, options, code):
    copydesk("run", "-p", "p", "-", *options, cwd=folder, stdin=lines(*texts), code=code)


USAGE = {
    "no such pipeline": (("run", "-p", "q", "-"), "pipelines.yaml: there is no pipeline `q`. It has p."),
    "no such input": (("run", "-p", "p", "nowhere.txt"), "nowhere.txt: there is no such file or folder."),
    "output in the input": (
        ("run", "-p", "p", "plugins", "-o", "plugins/out.jsonl"),
        "the output plugins/out.jsonl lies in the input plugins. Name another place for it.",
    ),
    "an output of no kind": (
        ("run", "-p", "p", "-", "-o", "out.csv"),
        "out.csv: an output is a folder, or a file that ends in .jsonl, .jsonl.zst, .jsonl.gz, .parquet.",
    ),
    "no such stage": (
        ("stages", "pick"),
        "there is no stage `pick`. Did you mean `picky`? `copydesk stages` lists them.",
    ),
    "not a record": (("restore", "-"), "record `x` has no 'ledger': it is not one that `copydesk run` wrote."),
    "a folder without records": (
        ("restore", "plugins"),
        "plugins: holds no part-00000.jsonl.zst and no <id>.json: there are no records in it.",
    ),
    "not a name": (
        ("new-plugin", "My-Plugin"),
        "`My-Plugin` cannot be a plugin's name. Use small letters, digits and _: drop_ad_lines.",
    ),
    "a word of Python's": (
        ("new-plugin", "class"),
        "`class` cannot be a plugin's name. Use small letters, digits and _: drop_ad_lines.",
    ),
    "a name that is taken": (
        ("new-plugin", "join_lines"),
        "the plugin `typography` offers a stage `join_lines` already. Give yours another name.",
    ),
}


@pytest.mark.parametrize(("arguments", "expected"), USAGE.values(), ids=USAGE)
def test_a_mistake_on_the_command_line_is_told_in_one_line(folder, arguments, expected):
    _, err = copydesk(*arguments, cwd=folder, stdin=b'{"id": "x", "text": ""}\n', code=2)
    assert err == f"copydesk: {expected}\n"


def test_what_has_a_place_in_a_file_stands_alone_on_its_line(folder):
    _, err = copydesk("run", "-c", "x.yaml", "-", cwd=folder, code=2)
    assert err == "x.yaml:1:1: cannot be read: No such file or directory.\n"
    (folder / "pipelines.yaml").write_text("pipelines:\n  p: {stages: [normalise_space, normalise_spice]}\n")
    _, err = copydesk("check", cwd=folder, code=2)
    assert [line.partition(" ")[0] for line in err.splitlines() if not line.startswith(" ")] == [
        "pipelines.yaml:2:16:",
        "pipelines.yaml:2:33:",
    ]


def test_a_mistake_in_the_file_is_shown_with_a_caret(folder):
    (folder / "pipelines.yaml").write_text("pipelines:\n  p: {stages: [normalise_space]}\n")
    _, err = copydesk("check", cwd=folder, code=2)
    assert err == (
        "pipelines.yaml:2:16: there is no stage or pipeline `normalise_space`. Did you mean `normalize_space`?\n"
        "      p: {stages: [normalise_space]}\n                   ^\n"
    )


def test_debug_shows_the_stack(folder):
    _, err = copydesk("run", "-p", "p", "nowhere.txt", "--debug", cwd=folder, code=1)
    assert "Traceback" in err


def test_check_counts_what_it_found():
    out, _ = copydesk("check", "pipelines.yaml")
    assert "pipelines.yaml: reprints: " in out
    assert out.count(": ok") == len(house())


def test_test_passes_on_the_house_file():
    out, _ = copydesk("test", "pipelines.yaml")
    assert " 0 failed; " in out


def test_test_shows_a_readable_difference(folder):
    examples = (
        '    examples:\n      - {label: wrong, in: "a\\nb", out: "a\\n\\nc", facts: {headline: h}}\n'
        "      - {label: not rejected, in: a, rejected: because}\n"
    )
    (folder / "pipelines.yaml").write_text(PIPELINE + examples)
    out, _ = copydesk("test", cwd=folder, code=1)
    assert out == (
        "pipelines.yaml:10: p: wrong\n    headline is None, not 'h'\n    - c\n    + b\n"
        "pipelines.yaml:11: p: not rejected\n    it came out clean; it should be rejected: because\n"
        "examples: 0 passed, 2 failed; 0 rules, 0 faults in theirs\n"
    )


def test_explain_shows_stage_rule_and_what_left(folder):
    out, _ = copydesk("explain", "-p", "p", "-", cwd=folder, stdin=b"One.\xc2\xa0Two.\nAd: buy \x1b[31mthis")
    assert "normalize_space\n  change '⍽' → ' ' blank" in out
    assert "picky\n  out    advert by ad: Ad: buy <1B>[31mthis" in out
    assert "clean text\nOne. Two." in out


def test_the_advice_names_the_config_and_nothing_that_cannot_be(folder):
    (folder / "pipelines.yaml").rename(folder / "b p.yaml")
    (folder / "in.jsonl").write_bytes(lines("reject me") + b"{broken\n")
    _, err = copydesk("run", "-c", "b p.yaml", "-p", "p", "in.jsonl", "-o", "o.jsonl", cwd=folder, code=1)
    assert "`copydesk retry -c 'b p.yaml' -p p o.rejects.jsonl` runs again what could be read." in err
    _, err = copydesk("retry", "-c", "b p.yaml", "-p", "p", "o.rejects.jsonl", "-o", "a.jsonl", cwd=folder, code=1)
    (folder / "in.jsonl").write_bytes(b"{broken\n")
    _, err = copydesk("run", "-c", "b p.yaml", "-p", "p", "in.jsonl", "-o", "o.jsonl", cwd=folder, code=1)
    assert "What could not be read is told in o.rejects.jsonl: mend it where it came from." in err


WRONG = """
import copydesk

@copydesk.hookimpl
def register_stages(register):
    register(broken)
    register(odd)

class broken:
    def __init__(self):
        raise ValueError("no model")

    def __call__(self, doc):
        pass

def odd(doc):
    doc.fact("thing", object())
"""


def test_a_stage_that_cannot_be_built_is_a_fault_of_the_file(folder):
    (folder / "plugins/wrong.py").write_text(WRONG)
    (folder / "pipelines.yaml").write_text("plugins: [plugins/]\npipelines:\n  p: {stages: [broken]}\n")
    (folder / "in.jsonl").write_bytes(lines("One."))
    for output in ("o.jsonl", "out"):
        _, err = copydesk("run", "-p", "p", "in.jsonl", "-o", output, cwd=folder, code=2)
        assert err.startswith("pipelines.yaml:3:16: the stage `broken` cannot be built: ValueError: no model (")
        assert re.search(r"/plugins/wrong\.py:\d+\)\.\n\Z", err)
    assert not list(folder.glob("*.part"))
    (folder / "pipelines.yaml").write_text(PIPELINE)
    copydesk("run", "-p", "p", "in.jsonl", "-o", "out", cwd=folder)


def test_who_notes_what_no_record_can_hold_is_named(folder):
    (folder / "plugins/wrong.py").write_text(WRONG)
    (folder / "pipelines.yaml").write_text("plugins: [plugins/]\npipelines:\n  p: {stages: [odd]}\n")
    out, _ = copydesk("run", "-p", "p", "-", "--rejects", "r.jsonl", cwd=folder, stdin=lines("One.", "Two."), code=1)
    told = [json.loads(line) for line in (folder / "r.jsonl").read_text().splitlines()]
    assert not out
    assert [(one["id"], one["text"], one["stage"]) for one in told] == [("0", "One.", "odd"), ("1", "Two.", "odd")]
    assert told[0]["reason"] == (
        "the stage `odd` noted the fact `thing` on document `0`, of the type object: "
        "JSON cannot hold it, or what is in it."
    )


FACTS = """
import copydesk

@copydesk.hookimpl
def register_stages(register):
    register(weather)

def weather(doc):
    doc.fact("weather", "rain")
"""


LACKING = """class weather:
    def __init__(self):
        import no_such_library.part

    def __call__(self, doc):
        pass

def unused(doc):"""


def test_an_example_asks_for_the_facts_of_a_plugin_and_knows_the_names_of_ours(folder):
    (folder / "plugins/weather.py").write_text(FACTS)
    example = "pipelines:\n  p:\n    stages: [weather]\n    examples: [{label: x, in: One., facts: {%s}}]\n"
    (folder / "pipelines.yaml").write_text("plugins: [plugins/]\n" + example % "weather: [rain], authors: []")
    copydesk("test", cwd=folder)
    (folder / "pipelines.yaml").write_text("plugins: [plugins/]\n" + example % "weather: [snow], autors: null")
    out, _ = copydesk("test", cwd=folder, code=1)
    assert "no fact is called `autors`. Did you mean `authors`?" in out
    assert "weather[0] is 'rain', not 'snow'" in out


def test_check_tells_what_is_wrong_in_all_pipelines_at_once(folder):
    (folder / "plugins/wrong.py").write_text(WRONG)
    (folder / "r.yaml").write_text("rules:\n  - {id: a, role: prmo, pattern: x}\n")
    (folder / "pipelines.yaml").write_text(
        "plugins: [plugins/]\npipelines:\n  p: {stages: [broken]}\n"
        "  q: {stages: [remove_promos: {rules: [r.yaml]}, broken]}\n  r: {stages: [p]}\n"
    )
    _, err = copydesk("check", cwd=folder, code=2)
    assert [line.partition(" ")[0] for line in err.splitlines() if not line.startswith(" ")] == [
        "pipelines.yaml:3:16:",
        "r.yaml:2:19:",
        "pipelines.yaml:4:50:",
    ]


def test_a_stage_that_lacks_a_library_says_what_to_type(folder):
    (folder / "plugins/weather.py").write_text(FACTS.replace("def weather(doc):", LACKING))
    (folder / "pipelines.yaml").write_text("plugins: [plugins/]\npipelines:\n  p: {stages: [weather]}\n")
    _, err = copydesk("check", cwd=folder, code=2)
    assert "the stage `weather` cannot be built: ModuleNotFoundError: No module named 'no_such_library' (" in err
    assert err.rstrip().endswith("Install what has `no_such_library`: pip install no_such_library.")


def test_files_that_are_not_read_are_counted(folder):
    for name in ("news/a.txt", "news/b.PDF", "news/c.pdf", "news/LICENSE", "news/.hidden", "odd/x.doc"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("One story.")
    _, err = copydesk("run", "-p", "p", "news", "--report", "run.json", cwd=folder)
    assert json.loads((folder / "run.json").read_text())["about"]["not_read"] == {".pdf": 2, "without an ending": 1}
    assert "Not read: 3 others (.pdf 2, without an ending 1). See --from." in err
    _, err = copydesk("run", "-p", "p", "odd", cwd=folder, code=1)
    assert "odd: holds no file of a known ending, but 1 other (.doc 1). --from names the form of such files." in err


@pytest.mark.parametrize("command", ["run", "check", "stages", "new-plugin", None])
def test_help_has_its_short_name(command):
    out, _ = copydesk(*filter(None, [command]), "-h")
    assert "--help" in out


def test_a_file_is_replaced_whether_it_is_asked_for_or_not(folder):
    for text in ("One.", "Two."):
        copydesk("run", "-p", "p", "-", "-o", "x.jsonl", "--overwrite", cwd=folder, stdin=lines(text))
        assert json.loads((folder / "x.jsonl").read_text())["text"] == text
    _, err = copydesk("run", "-p", "p", "in.jsonl", "-o", "x.jsonl", "--resume", cwd=folder, code=2)
    assert err == "copydesk: --resume is for an output that is a folder of parts: -o clean/\n"


@pytest.mark.parametrize("shape", ["ninjs", "schema.org"])
def test_a_shape_without_a_ledger_cannot_be_restored_and_says_so(folder, shape):
    out, _ = copydesk("run", "-p", "p", "-", "--as", shape, cwd=folder, stdin=lines("One."))
    _, err = copydesk("restore", "-", cwd=folder, stdin=out.encode(), code=2)
    assert err == (f"copydesk: a record of `--as {shape}` has no ledger; only plain records give the raw text back.\n")


def test_stages_lists_and_shows(folder):
    out, _ = copydesk("stages", cwd=folder)
    assert "  picky" in out
    out, _ = copydesk("stages", "detect_language", cwd=folder)
    assert "engine: one of " in out
    assert "sample: a whole number, at least 100, at most 10000 (default: 600)" in out


def test_the_schema_knows_the_plugins_and_takes_the_house_file(folder):
    out, _ = copydesk("schema", cwd=folder)
    schema = json.loads(out)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load((folder / "pipelines.yaml").read_text()), schema)
    jsonschema.validate(yaml.safe_load((ROOT / "pipelines.yaml").read_text("utf-8")), schema)
    wrong = {"pipelines": {"p": {"stages": [{"detect_language": {"sample": "x"}}]}}}
    assert not jsonschema.Draft202012Validator(schema).is_valid(wrong)
    misspelt = {"pipelines": {"p": {"stages": ["picky"], "kep": []}}}
    assert not jsonschema.Draft202012Validator(schema).is_valid(misspelt)


def test_a_new_project_runs_as_written(tmp_path):
    out, _ = copydesk("init", "desk", cwd=tmp_path)
    assert "wrote desk/pipelines.yaml" in out
    project = tmp_path / "desk"
    copydesk("check", cwd=project)
    out, _ = copydesk("test", cwd=project)
    assert "examples: 2 passed, 0 failed" in out
    copydesk("run", "articles", "-o", "clean.jsonl", cwd=project)
    record = json.loads((project / "clean.jsonl").read_text("utf-8"))
    assert record["headline"] == "Bridge reopens after a winter of repairs"
    assert record["dateline"]["place"] == "MARLOW"
    assert record["source"]["name"] == "The Marlow Courier"
    assert record["credits"][0]["name"] == "Ada Quill"
    assert record["text"].count("\n\n") == 1
    subprocess.run([sys.executable, "-m", "pytest", "-q", "tests"], cwd=project, check=True, capture_output=True)
    copydesk("init", "desk", cwd=tmp_path, code=2)


def test_init_writes_the_pipelines_of_the_house(tmp_path):
    copydesk("init", "--house", cwd=tmp_path)
    assert (tmp_path / "pipelines.yaml").read_text("utf-8") == (ROOT / "pipelines.yaml").read_text("utf-8")
    copydesk("check", cwd=tmp_path)


def test_a_new_plugin_passes_as_written(tmp_path):
    copydesk("new-plugin", "strip_wire_codes", cwd=tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", "plugins/test_strip_wire_codes.py"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "pipelines.yaml").write_text("plugins: [plugins/]\npipelines:\n  p: {stages: [strip_wire_codes]}\n")
    copydesk("check", cwd=tmp_path)


def test_a_reason_with_line_breaks_is_told_in_one_line(folder):
    text = json.dumps({"id": "a\n0 documents: none", "text": None, "two\nlines": 1}).encode()
    _, err = copydesk("run", "-p", "p", "-", cwd=folder, stdin=text, code=1)
    assert "  a↵0 documents: none: stdin:1: a document needs a field `text` with text in it; it is null.\n" in err


def test_a_closed_pipe_is_no_accident(folder):
    many = lines(*["word " * 2_000] * 50)
    command = f"{sys.executable} -c 'from copydesk.cli import main; main()' run -p p - --quiet | head -c 10"
    done = subprocess.run(command, input=many, capture_output=True, cwd=folder, shell=True, check=False)
    assert done.stderr == b""


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("command", [["run", "-p", "p", "in.jsonl", "--quiet"], ["restore", "out.jsonl"]], ids=" ".join)
def test_the_exit_code_tells_that_the_reader_has_gone(folder, command, unbuffered):
    (folder / "in.jsonl").write_bytes(lines(*["word " * 2_000] * 50))
    copydesk("run", "-p", "p", "in.jsonl", "-o", "out.jsonl", cwd=folder)
    full = [sys.executable, "-c", "from copydesk.cli import main; main()", *command]
    env = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with subprocess.Popen(full, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.read(10)
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 141)


def test_an_interrupted_output_leaves_no_final_name(folder):
    (folder / "in.jsonl").write_bytes(lines("fine"))
    (folder / "out.jsonl.part").mkdir()  # so that the output cannot be opened
    copydesk("run", "-p", "p", "in.jsonl", "-o", "out.jsonl", cwd=folder, code=4)
    assert not (folder / "out.jsonl").exists()


def test_restored_texts_with_one_id_are_all_there(folder):
    (folder / "in.jsonl").write_bytes(lines("One.") + lines("Two.", "Three.") + lines("One."))
    copydesk("run", "-p", "p", "in.jsonl", "-o", "out.jsonl", cwd=folder)
    for _ in "once", "again":
        _, err = copydesk("restore", "out.jsonl", "-o", "back", cwd=folder)
        assert err == "1 names were taken by another text; these files end in ~ and a number.\n"
        back = {path.name: path.read_text() for path in (folder / "back").iterdir()}
        assert back == {"0.txt": "One.", "0~2.txt": "Two.", "1.txt": "Three."}


def test_no_file_that_is_there_is_written_over_by_what_is_restored(folder):
    (folder / "in.jsonl").write_bytes(lines("One."))
    copydesk("run", "-p", "p", "in.jsonl", "-o", "out.jsonl", cwd=folder)
    (folder / "back").mkdir()
    (folder / "back/0.txt").write_text("mine")
    copydesk("restore", "out.jsonl", "-o", "back", cwd=folder)
    assert {path.name: path.read_text() for path in (folder / "back").iterdir()} == {"0.txt": "mine", "0~1.txt": "One."}
    (folder / "back/0~1.txt").write_text("mine too")
    _, err = copydesk("restore", "out.jsonl", "-o", "back", cwd=folder, code=4)
    assert err == "copydesk: back/0~1.txt: holds something else. Restore to a new folder.\n"


def test_a_reject_is_not_restored_and_it_is_said_where_its_text_is(folder):
    copydesk("run", "-p", "p", "-", "-o", "out.jsonl", cwd=folder, stdin=lines("reject me"))
    _, err = copydesk("restore", "out.rejects.jsonl", cwd=folder, code=2)
    assert err == "copydesk: record `0` was rejected: its `text` is the raw text.\n"


CHANGED = {
    "a text that is none": {"text": 5},
    "no text at all": {"text": None},
    "half a character": {"text": "\ud800"},
    "a ledger of another text": {"ledger": [{"stage": "s", "rule": "", "role": "promo", "at": [9], "was": ["x"]}]},
    "a ledger that lacks something": {
        "ledger": [{"stage": "s", "rule": "", "role": "promo", "at": [0, 1], "was": ["x"]}]
    },
}


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED)
def test_a_record_that_was_changed_is_named(change):
    with pytest.raises(InputError, match=r"^record `a` was changed and cannot be restored: .*\.$"):
        raw_text({"id": "a", "text": "Four.", "ledger": [], **change})


@pytest.mark.parametrize("output", ["out.jsonl", "texts", "texts/back.jsonl"])
def test_records_are_not_restored_over_themselves(folder, output):
    (folder / "in.jsonl").write_bytes(lines("One."))
    copydesk("run", "-p", "p", "in.jsonl", "-o", "out.jsonl", cwd=folder)
    copydesk("run", "-p", "p", "in.jsonl", "-o", "texts", "--format", "text", cwd=folder)
    _, err = copydesk("restore", output.partition("/")[0], "-o", output, cwd=folder, code=2)
    assert err.startswith(f"copydesk: the output {output} lies in the input ")


@pytest.mark.parametrize("encoding", ["utf8mb4", "latin-1", "rot13", 7, ""], ids=str)
def test_an_encoding_that_is_a_field_of_the_inputs_own_does_not_keep_a_text_from_coming_back(folder, encoding):
    (folder / "in.jsonl").write_text(json.dumps({"id": "a", "text": "Zażółć.", "encoding": encoding}))
    copydesk("run", "-p", "p", "in.jsonl", "-o", "out.jsonl", cwd=folder)
    assert copydesk("restore", "out.jsonl", cwd=folder)[0] == "Zażółć."


@pytest.mark.parametrize("segments", [False, True], ids=["without", "with segments"])
def test_the_scorers_interface_holds(folder, segments):
    (folder / "in.jsonl").write_bytes(lines("One.\u00a0\nAd: x", "") + '{"id": "2", "text": "\\ud800 é"}\n'.encode())
    extra = ["--segments"] if segments else []
    copydesk("run", "--pipeline", "p", *extra, "in.jsonl", "-o", "out.jsonl", cwd=folder)
    copydesk("restore", "out.jsonl", "-o", "back.jsonl", cwd=folder)
    records = [json.loads(line) for line in (folder / "out.jsonl").read_text("utf-8").splitlines()]
    back = [json.loads(line) for line in (folder / "back.jsonl").read_text("utf-8").splitlines()]
    assert [r["text"] for r in back] == ["One.\u00a0\nAd: x", "", "\ufffd é"]
    assert ["segments" in r for r in records] == [segments] * 3
    assert records[2]["flags"] == ["lost-bytes"]


GOLD = (
    {"id": "good", "text": "Story one is told.\nAd: buy", "gold": {"body": "Story one is told.", "language": "en"}},
    {"id": "bad", "text": "Kept here it is.\nAd: four words of it.", "gold": {"body": "Ad: four words of it."}},
)


def gold(*rows: dict) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def test_score_shows_the_figures_and_the_worst_documents(folder):
    (folder / "ours.jsonl").write_bytes(gold(*GOLD))
    out, _ = copydesk("score", "-p", "p", "ours.jsonl", "--json", "figures.json", cwd=folder)
    head, *told = out.rstrip().splitlines()
    assert head.startswith("━━ ours 2 documents, all restored, ")
    assert told == [
        "  body      F1 0.500  P 0.500  R 0.500  exact 0.500  bad 0.500  (2)",
        "  language  right 0.000  (1)",
        "  language  n  body F1  language",
        "  en        1    1.000     0.000",
        "  und       1    0.000",
        "  worst by body",
        "    0.000  bad",
        "      lost  Ad: four words of it",
        "      left  Kept here it is",
        "  worst by language",
        "    0.000  good",
        "      lost  en",
    ]
    figures = json.loads((folder / "figures.json").read_text("utf-8"))
    assert figures["sets"]["ours"]["measures"]["body F1"] == 0.5
    assert figures["sets"]["ours"]["languages"]["en"]["n"] == 1
    assert figures["sets"]["ours"]["worst"][0] == {
        "measure": "body", "id": "bad", "value": 0.0, "lost": ["Ad: four words of it"], "left": ["Kept here it is"],
    }  # fmt: skip


def test_score_compares_sets_and_takes_a_limit(folder):
    (folder / "a.jsonl").write_bytes(gold(*GOLD))
    (folder / "more").mkdir()
    (folder / "more/a.jsonl").write_bytes(gold(GOLD[1]))
    out, _ = copydesk("score", "-p", "p", "a.jsonl", "more/a.jsonl", "--limit", "1", "--worst", "0", cwd=folder)
    assert out.rstrip().splitlines()[-3:] == [
        "  set           n  body F1  language",
        "  a.jsonl       1    1.000     0.000",
        "  more/a.jsonl  1    0.000",
    ]
    assert "worst" not in out


def test_score_tells_each_rule_by_evidence(folder):
    (folder / "ours.jsonl").write_bytes(gold(*GOLD))
    (folder / "ad.yaml").write_text("rules:\n  - {id: never, role: promo, pattern: never seen}\n")
    (folder / "pipelines.yaml").write_text(PIPELINE + "      - remove_promos: {rules: [ad.yaml], languages: [en]}\n")
    out, _ = copydesk("score", "-p", "p", "ours.jsonl", "--rules", "--worst", "0", "--json", "f.json", cwd=folder)
    assert (
        "━━ rules: fired 2 times, 1 times against gold\n"
        "  rule      role    fired  documents  judged  against  share\n"
        "  picky ad  advert      2          2       2        1  0.500\n"
        "  picky ad bad: Ad: four words of it.\n"
        "Never fired: "
    ) in out
    figures = json.loads((folder / "f.json").read_text("utf-8"))
    assert figures["rules"] == [
        {
            "stage": "picky", "rule": "ad", "role": "advert", "fired": 2, "documents": 2, "judged": 2, "against": 1,
            "example": "Ad: four words of it.", "example_id": "bad",
        }
    ]  # fmt: skip
    assert "ad/never" in figures["never fired"]


def test_score_shows_roles_and_what_they_were_taken_for(folder):
    row = {"id": "r", "text": "Story.\nAd: x\nNav", "gold": {"roles": {"0": "body", "1": "advert", "2": "nav"}}}
    (folder / "r.jsonl").write_bytes(gold(row))
    out, _ = copydesk("score", "-p", "p", "r.jsonl", "--worst", "0", cwd=folder)
    assert out.splitlines()[1:] == [
        "  roles     story lost 0.000  clutter kept 0.429  right 0.769",
        "  role    share     F1      P      R  most often taken for",
        "  body    0.462  0.800  0.667  1.000",
        "  advert  0.308  1.000  1.000  1.000",
        "  nav     0.231  0.000  0.000  0.000  body 1.000",
        "",
    ]


def test_score_tells_failures_and_its_exit_code_says_so(folder):
    (folder / "f.jsonl").write_bytes(gold({"id": "f", "text": "fail", "gold": {"body": "fail"}}))
    out, _ = copydesk("score", "-p", "p", "f.jsonl", cwd=folder, code=1)
    assert "━━ f 1 documents, 1 without a record, restored 0.0000, " in out
    assert "failed  f: p[2] picky (" in out
    (folder / "f.jsonl").write_bytes(gold({"id": "f", "text": "reject", "gold": {"body": "reject"}}))
    copydesk("score", "-p", "p", "f.jsonl", cwd=folder)


def test_score_refuses_a_set_that_is_wrong(folder):
    (folder / "w.jsonl").write_text('{"text": "a", "gold": {"authors": "Ada"}}\n')
    _, err = copydesk("score", "-p", "p", "w.jsonl", cwd=folder, code=2)
    assert err == (
        "w.jsonl:1: `gold.authors`: expected `array | null`, got `str`. docs/scoring.md has the form of a set.\n"
    )


def test_score_refuses_a_gold_field_that_there_is_not(folder):
    (folder / "w.jsonl").write_text('{"text": "a", "gold": {"boddy": "a", "agencies": []}}\n')
    _, err = copydesk("score", "-p", "p", "w.jsonl", cwd=folder, code=2)
    assert err == "w.jsonl:1: `gold` has no `boddy`. Did you mean `body`? docs/scoring.md has the form of a set.\n"


@pytest.mark.parametrize(
    "command", [("score", "set.jsonl"), ("compare", "pipelines.yaml", "pipelines.yaml", "set.jsonl")]
)
@pytest.mark.parametrize(
    ("place", "expected", "code"),
    [
        ("set.jsonl", "copydesk: the output set.jsonl lies in the input set.jsonl. Name another place for it.\n", 2),
        ("plugins", "copydesk: --json plugins: it is a folder.\n", 2),
        ("nowhere/f.json", "copydesk: --json nowhere/f.json: there is no such folder.\n", 2),
        ("/dev/full", "copydesk: /dev/full: cannot be written: No space left on device.\n", 4),
    ],
)
def test_figures_that_cannot_be_written_are_told(folder, command, place, expected, code):
    written = gold(*GOLD)
    (folder / "set.jsonl").write_bytes(written)
    _, err = copydesk(*command, "-p", "p", "--json", place, cwd=folder, code=code)
    assert err == expected
    assert (folder / "set.jsonl").read_bytes() == written


def test_a_device_is_no_set(folder):
    _, err = copydesk("score", "-p", "p", "/dev/full", cwd=folder, code=2)
    assert err == "copydesk: /dev/full: is a device, not a file.\n"


def test_compare_shows_the_difference_and_its_exit_code_says_so(folder):
    (folder / "b.yaml").write_text(PIPELINE.replace("      - picky\n", ""))
    (folder / "in.jsonl").write_bytes(lines("One is told.\nAd: buy it\nTwo.", "Three."))
    options = "-p", "p", "--json", "d.json"
    out, _ = copydesk("compare", "pipelines.yaml", "b.yaml", "in.jsonl", *options, cwd=folder, code=1)
    assert out == (
        "- pipelines.yaml: p\n"
        "+ b.yaml: p\n"
        "2 documents, 1 differ: text 1\n"
        "  what the ledgers say  role    -  +\n"
        "  picky ad              advert  1  0  -1\n"
        "━━ 0  text comes back picky ad → advert\n"
        "      One is told.\n"
        "    + Ad: buy it\n"
        "      Two.\n"
    )
    told = json.loads((folder / "d.json").read_text("utf-8"))
    assert (told["documents"], told["differing"], told["differ in"]) == (2, 1, {"text": 1})
    assert told["rules"] == [{"stage": "picky", "rule": "ad", "role": "advert", "first": 1, "second": 0}]
    assert [(d["id"], d["second"]) for d in told["differences"]] == [("0", "Ad: buy it")]


def test_compare_of_the_same_is_all_the_same(folder):
    out, _ = copydesk("compare", "pipelines.yaml", "pipelines.yaml", "-", "-p", "p", cwd=folder, stdin=lines("One."))
    assert out == "- pipelines.yaml: p\n+ pipelines.yaml: p\n1 documents, all the same\n"


def test_compare_takes_another_name_for_the_second(folder):
    (folder / "pipelines.yaml").write_text(PIPELINE + "  q: {stages: [picky]}\n")
    arguments = "compare", "pipelines.yaml", "pipelines.yaml", "-", "-p", "p", "--other", "q"
    out, _ = copydesk(*arguments, cwd=folder, stdin=lines("One.\u00a0Two.", "Three."), code=1)
    assert out == (
        "- pipelines.yaml: p\n+ pipelines.yaml: q\n2 documents, 1 differ: text 1\n"
        "  what the ledgers say   role  -  +\n"
        "  normalize_space blank        1  0  -1\n"
        "━━ 0  change normalize_space blank\n"
        "    - One. Two.\n"
        "    + One.⍽Two.\n"
    )
    copydesk("compare", "pipelines.yaml", "nowhere.yaml", "-", "-p", "p", cwd=folder, code=2)
    copydesk("compare", "pipelines.yaml", "pipelines.yaml", "-", "-p", "none", cwd=folder, code=2)


def test_an_interrupt_is_heard_while_the_input_says_nothing(folder):
    """The first one keeps what is done, though half a batch waits for the rest of it."""
    command = [sys.executable, "-m", "copydesk", "run", "-p", "p", "-", "-o", "out", "-j", "1"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder)
    process.stdin.write(lines(*["A story."] * 40))
    process.stdin.flush()
    for _ in range(600):
        if (folder / "out/manifest.json").exists():
            break
        time.sleep(0.1)
    time.sleep(1)  # to read what there is, and to wait for more
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err.decode()
    assert "32 documents are kept in out" in err.decode()


def test_the_choices_of_the_command_line_are_those_that_there_are():
    """They are written out in cli/app.py, so that `--help` need not load what knows them."""
    assert get_args(app.InputForm) == readers.FORMS
    assert set(get_args(app.OutputForm)) == set(writers.FORMS)
    assert set(get_args(app.RecordShape)) == set(shapes.SHAPES)


@pytest.mark.parametrize(
    ("name", "library", "extra"),
    [
        ("a.parquet", "pyarrow", "parquet"),
        ("a.arrow", "pyarrow", "parquet"),
        ("a.html", "trafilatura", "html"),
        ("a.warc.gz", "trafilatura", "html"),
    ],
)
def test_a_missing_extra_ends_a_run_and_is_told_once(tmp_path, name, library, extra):
    (tmp_path / name).write_bytes(b"PAR1")
    (tmp_path / f"b{name[1:]}").write_bytes(b"PAR1")
    script = f"import sys; sys.modules[{library!r}] = None; from copydesk.cli import main; main()"
    command = [sys.executable, "-c", script, "run", "-q", "--workers", "0", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count(f"pip install 'copydesk[{extra}]'") == 1


@pytest.mark.parametrize(("stream", "code"), [("stdout", 141), ("stderr", 0)])
def test_whoever_read_a_stream_has_gone(stream, code, tmp_path):
    """What was asked for is the records: a summary that nobody reads changes nothing."""
    words = ["explain"] if stream == "stdout" else ["run", "-o", str(tmp_path / "out.jsonl")]
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "copydesk", *words, "samples"]
    with os.fdopen(writer) as gone:
        streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: gone}
        done = subprocess.run(command, cwd=ROOT, check=False, **streams)
    assert done.returncode == code


def test_a_dash_is_standard_output(tmp_path):
    (tmp_path / "a.txt").write_text("The bridge opened on Monday.")
    out, _ = copydesk("run", "a.txt", "-q", "-o", "-", cwd=tmp_path)
    assert json.loads(out)["text"] == "The bridge opened on Monday."
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
