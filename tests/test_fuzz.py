"""Whatever comes in: files of every form, pipelines.yaml and rule files, texts, command lines.

Each test tries some examples; in `make test-all` it tries many. What holds for all of them: no exception but those that
are raised on purpose, nothing lost, and only the exit codes that are documented.
"""

from __future__ import annotations

import gzip
import io
import json
import sys
import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
import typer
from conftest import ROOT, house, plugins
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from copydesk import ConfigError, Document, load
from copydesk.cli import app, main
from copydesk.io import readers
from copydesk.io.compression import zstd
from copydesk.io.documents import document
from copydesk.io.items import Reading
from copydesk.ledger import restore, settle
from copydesk.rules import Rules
from copydesk.testing import check_partition, marked

CODES = {0, 1, 2, 3, 4, 5, 130, 141, 143}
"""What copydesk/cli/__init__.py documents."""


def counts(some: int, many: int):
    """How many examples a test tries: some, and in `make test-all` many."""
    return pytest.mark.parametrize("count", [some, pytest.param(many, marks=pytest.mark.slow)])


def fuzz(count: int, holds, *strategies, examples=()) -> None:
    """Hold a claim against so many examples."""
    for one in examples:
        holds = example(*one)(holds)
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
    settings(max_examples=count, suppress_health_check=slow)(given(*strategies)(holds))()


# Files of every form.

ROWS = [{"id": f"d{n}", "text": f"Story {n}, with “quotes”.\n\nMore of it."} for n in range(9)]
PAGE = (
    "<!doctype html><html lang=en><head><title>Bridge reopens</title><meta property='og:title' content='Bridge'></head>"
    "<body><article><h1>Bridge reopens</h1><p>By Ada Quill</p>"
    + "<p>The old bridge over the river reopened on Monday, the council said.</p>" * 9
    + "</article></body></html>"
)


def _table(form: str) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table, file = pa.Table.from_pylist(ROWS), io.BytesIO()
    if form == "parquet":
        pq.write_table(table, file, row_group_size=4)
    else:
        with pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
    return file.getvalue()


def _archive() -> bytes:
    body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE.encode()
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example/\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return (head.encode() + body + b"\r\n\r\n") * 3


@cache
def whole(form: str) -> bytes:
    """A good file of a form."""
    if form in ("parquet", "arrow"):
        return _table(form)
    if form == "warc":
        return _archive()
    if form == "html":
        return PAGE.encode()
    if form in ("csv", "tsv"):
        part = "," if form == "csv" else "\t"
        return part.join(("id", "text")).encode() + b"".join(
            f'\n{row["id"]}{part}"{row["text"]}"'.encode() for row in ROWS
        )
    return b"".join(json.dumps(row).encode() + b"\n" for row in ROWS)


@st.composite
def damaged(draw, data: bytes) -> bytes:
    """The same with pieces cut out, turned, doubled or put in; packed or not, and then damaged once more."""
    found = bytearray(data)
    pack = draw(st.sampled_from([bytes, bytes, gzip.compress, zstd().compress]))
    for last in (False, True):
        for _ in range(draw(st.integers(0, 3))):
            at, long = draw(st.integers(0, len(found))), draw(st.integers(0, 40))
            piece = draw(st.binary(max_size=20) | st.sampled_from([b"", bytes(found[at : at + long]) * 2]))
            found[at : at + long] = piece
        if draw(st.booleans()):
            del found[draw(st.integers(0, len(found))) :]
        if not last:
            found = bytearray(pack(bytes(found)))
    return bytes(found)


@pytest.mark.parametrize("form", readers.FORMS)
@counts(25, 2000)
def test_any_file_gives_documents_and_nothing_else(form, count, tmp_path):
    path, reading = tmp_path / "a", Reading(max_chars=2000)

    def holds(data, named):
        path.write_bytes(data)
        for item in readers.items([str(path)], reading, form if named else None):
            doc = document(item, reading)
            assert doc.outcome in {"clean", "failed", "rejected"}
            assert bool(doc.reason) == (doc.outcome != "clean")
            assert doc.id
            doc.json()

    fuzz(count, holds, damaged(whole(form)) | st.binary(max_size=200), st.booleans())


# pipelines.yaml and rule files.

WORDS = [
    *("true", "no", "~", "12:30", "014", "1_000", "&a", "*a", "<<: x", "!!str", "---", "...", "[", "]", "{", "}", ": "),
    *("- ", "\n", "\t", "#", "|", ">", "%", "@", "`", '"', "'", '"\\0"', '"\\ud800"', "\ufeff", "\x85", "\u2028", "é"),
    *(
        "(?=a)",
        "a*",
        "(",
        "\\b",
        "\\C",
        "{edge}",
        "{",
        "a{1000}{1000}",
        "x" * 300,
        "9" * 400,
        "..",
        "/",
        ".nan",
        "1e999",
    ),
    *(
        "pipelines",
        "stages",
        "rules",
        "words",
        "keep",
        "plugins",
        "examples",
        "pattern",
        "where",
        "unless",
        "words_from",
    ),
]
PIPELINES = """\
plugins: []
pipelines:
  p:
    about: For the tests.
    stages:
      - normalize_space
      - remove_promos: {rules: [rules.yaml], without: [en/advert]}
      - detect_language: {engine: chars, keep: [en, "no"], sample: 300}
    keep: [body, caption]
    examples:
      - {label: a, in: "A story.", out: A story.}
  q:
    stages: [p, join_lines]
"""
RULES = """\
words:
  verb: [follow, "like"]
rules:
  - id: follow
    role: promo
    pattern: ["{verb} us on {letter}+", 'read more']
    where: start
    takes: block
    at_most: 12
    unless: ["said"]
    examples: ["Follow us on Facebook"]
    counter_examples: ["He said: follow us on the way"]
"""


@st.composite
def misspelt(draw, text: str) -> bytes:
    """A YAML file with words and lines put in, left out, doubled and moved."""
    for _ in range(draw(st.integers(1, 4))):
        cuts = sorted(draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=2)))
        at, end = cuts[0], min(cuts[1], cuts[0] + draw(st.integers(0, 30)))
        word = draw(st.sampled_from(WORDS) | st.text(max_size=5))
        text = text[:at] + draw(st.sampled_from([word, "", text[at:end] * 2])) + text[end:]
    return text.encode("utf-8", draw(st.sampled_from(["replace", "surrogatepass"])))


def told(load_it) -> None:
    """Nothing but a ConfigError is raised, and each problem in it has its place."""
    said: ConfigError | None = None
    try:
        load_it()
    except ConfigError as error:
        said = error
    if said:
        assert all(problem.line >= 1 and problem.column >= 1 and problem.message for problem in said.problems)
        assert said.problems or "cannot be built" in str(said)


@counts(25, 4000)
def test_any_pipelines_yaml_loads_or_is_told_what_is_wrong(count, tmp_path):
    path = tmp_path / "in/pipelines.yaml"
    path.parent.mkdir()
    path.with_name("rules.yaml").write_text(RULES)

    def holds(data):
        path.write_bytes(data)
        told(lambda: [pipeline.stages for pipeline in load(path).values()])

    fuzz(count, holds, misspelt(PIPELINES))


@counts(200, 20_000)
def test_any_rule_file_loads_or_is_told_what_is_wrong(count, tmp_path):
    path = tmp_path / "in/rules.yaml"
    path.parent.mkdir()

    def holds(data):
        path.write_bytes(data)
        told(lambda: Rules.load(path).mark(Document("Follow us on Facebook.\n\nHe said so.")))

    fuzz(count, holds, misspelt(RULES))


# Texts.

LINES = [
    *(
        "By Ada Quill and Tom Ferris",
        "MARLOW, England (AP) —",
        "LONDON, May 3 (Reuters) - ",
        "© 2026 The Courier",
        "Foto: dpa",
    ),
    *(
        "Published: 3 May 2026, 10:00 GMT",
        "Updated 31 Feb 0000",
        "Photo: X / Getty Images",
        "Read more:",
        "ADVERTISEMENT",
    ),
    *(
        "Follow us on Facebook!",
        "(Reporting by A; editing by B)",
        "This article was originally published by The Courier.",
    ),
    *(
        "<p>A <b>bold</b> word</p>",
        "<script>alert(1)</script>",
        "&amp;amp;#x26;lt;",
        "&#1114112;",
        "{{ x }}",
        "]]>",
        "**",
    ),
    *(
        "â€œItâ€™s overâ€\x9d",
        "ÃƒÂ©",
        "Ã",
        "\ufffd\ufffd",
        "“„”‘‚’«»‹›\"'`´",
        "said.”“No",
        "-\u00ad\n",
        "co-\nop",
        "…...",
        "— – ―",
    ),
    *(
        "قال الوزير \u202bإن\u202c",
        "\u202e\u2066\u2069",
        "הגשר נפתח",
        "新华社北京5月3日电",
        "（記者 王）",
        "서울=연합뉴스",
        "НОВОСТИ –",
    ),
    *(
        "e\u0301\u0327" * 9,
        "\u0300",
        "👩\u200d👧🇺🇳✊🏿",
        "\ud800",
        "\udfff\ud83d",
        "\x00\x1b[31m\x7f\x85\x9b",
        "\u2028\u2029\x0b\x0c",
    ),
    *(
        "\r",
        "\r\n",
        "\n\n",
        "\n",
        "\t",
        " ",
        "\u00a0",
        "\u200b\ufeff\u3000",
        "1. ",
        "* ",
        "| a | b |",
        "12:30 2026-05-03",
        "9" * 50,
    ),
    *("The old bridge over the river reopened on Monday, a week earlier than planned, the council said. ",),
    *(
        "Home News Sport",
        "Related:",
        "http://a.example/?q=%00",
        "a@b.example",
        "word " * 60,
        "x" * 5000,
        "." * 300,
        "A\n" * 60,
    ),
]
TEXTS = st.lists(st.sampled_from(LINES) | st.text(max_size=12), max_size=14).flatmap(
    lambda pieces: st.sampled_from(["", " ", "\n", "\n\n", "\r\n"]).map(lambda between: between.join(pieces))
)
KINDS = {
    name: kind
    for name, kind in plugins().stages.items()
    if kind.plugin in {path.stem.removeprefix("copydesk_") for path in (ROOT / "plugins").iterdir()}
}


@cache
def stage(name: str):
    return KINDS[name].built()


def hold(act, text: str) -> None:
    """What every stage, and every pipeline, keeps."""
    doc = act(text)
    check_partition(doc)
    clean, ledger = settle(doc)
    assert restore(clean, ledger) == doc.raw
    again = act(text)
    assert (clean, ledger, doc.facts, doc.flags) == (*settle(again), again.facts, again.flags)


@pytest.mark.parametrize("name", KINDS)
@counts(15, 3000)
def test_any_text_goes_through_a_stage(name, count):
    fuzz(count, lambda text: hold(lambda raw: marked(stage(name), raw, name), text), TEXTS)


@pytest.mark.parametrize("name", ["wire", "reprints"])
@counts(25, 5000)
def test_any_text_goes_through_a_pipeline(name, count):
    pipeline = house()[name]

    def holds(text):
        hold(pipeline, text)
        doc = pipeline(text.encode("utf-16", "surrogatepass"))
        assert restore(doc.text, doc.ledger) == doc.raw
        doc.json(segments=True)

    fuzz(count, holds, TEXTS)


# Command lines.

PLUGIN = '''
import os
import copydesk

@copydesk.hookimpl
def register_stages(register):
    register(picky)

def picky(doc, *, marker: str = "Ad:"):
    """Turn away, fail or take out what the text asks for."""
    if "reject" in doc.raw:
        doc.reject("the text asked for it")
    if "fail" in doc.raw:
        raise ValueError("the text asked for it")
    if "die" in doc.raw and not int(os.environ["HERE"]):
        os._exit(3)
    for segment in doc.segments:
        if segment.text.startswith(marker):
            segment.mark("advert", rule="ad")
'''
GOLD = {"id": "g", "text": "A story.", "gold": {"body": "A story.", "headline": "A"}}


def project(folder: Path) -> None:
    """A folder with a bit of everything in it."""
    (folder / "plugins").mkdir()
    (folder / "plugins/picky.py").write_text(PLUGIN)
    (folder / "pipelines.yaml").write_text(
        "plugins: [plugins/]\npipelines:\n  p: {stages: [normalize_space, picky]}\n  q: {stages: [p]}\n"
    )
    (folder / "broken.yaml").write_text("pipelines: {p: {stages: [nothing]}}")
    (folder / "in/deep").mkdir(parents=True)
    (folder / "in/a.txt").write_text("A story.\nAd: buy")
    (folder / "in/deep/b.txt").write_bytes(b"caf\xe9")
    texts = ["fine", "reject me", "fail me", "die", "Ad: buy", "", "\ud800"]
    (folder / "a.jsonl").write_text("".join(json.dumps({"id": n, "text": text}) + "\n" for n, text in enumerate(texts)))
    (folder / "bad.jsonl").write_bytes(b'{"text": "a"}\n{broken\n[]\n{"text": 7}\n\xff\n')
    record = {"id": "a", "text": "A story.", "ledger": [{"stage": "x", "at": [0], "was": ["b"], "now": ""}]}
    reject = {"id": "a", "text": "A", "outcome": "failed", "stage": "picky", "reason": "no"}
    (folder / "records.jsonl").write_text(f"{json.dumps(record)}\n{json.dumps(record | {'encoding': 'utf-8'})}\n")
    (folder / "rejects.jsonl").write_text(f"{json.dumps(reject)}\n{json.dumps(reject | {'stage': 'reader'})}\n")
    (folder / "gold.jsonl").write_text(json.dumps(GOLD))
    (folder / "empty").mkdir()
    (folder / "loop").symlink_to("loop")


PATHS = [
    *(
        "a.jsonl",
        "bad.jsonl",
        "records.jsonl",
        "rejects.jsonl",
        "gold.jsonl",
        "in",
        "in/a.txt",
        "in/*.txt",
        "empty",
        "loop",
    ),
    *(
        "pipelines.yaml",
        "broken.yaml",
        "plugins",
        "plugins/picky.py",
        "-",
        ".",
        "",
        "nowhere",
        "nowhere/x.jsonl",
        "a.jsonl/x",
    ),
    *("out", "out.jsonl", "out.jsonl.zst", "out.parquet", "out.json", "out.html", "out.txt", "/dev/null", "/dev/full"),
    *("x" * 300, "x" * 300 + ".jsonl", "caf\udce9.jsonl", "new\nline.jsonl", "memory://a", "nosuch://a", "--", "["),
]
NUMBERS = ["0", "1", "-1", "3", "5%", "nan", "1e999", "-5%", "x", "9" * 30]
POOLS = {
    "pipeline": ["p", "p", "p", "q", "nothing", "caf\udce9"],
    "other": ["p", "q", "nothing"],
    "config": ["pipelines.yaml", "pipelines.yaml", *PATHS],
    "input_form": [*readers.FORMS, "x"],
    "form": ["jsonl", "jsonl.zst", "jsonl.gz", "parquet", "text", "x"],
    "shape": ["record", "schema.org", "ninjs", "x"],
    "name": ["picky", "normalize_space", "a_plugin", "../a", "", "x" * 300, "caf\udce9", "-x"],
    **{name: ["text", "id", "", "caf\udce9"] for name in ("text_field", "id_field")},
    **dict.fromkeys(("max_chars", "part_size", "timeout", "memory", "limit", "worst", "show"), NUMBERS),
    **dict.fromkeys(("allow_failed", "allow_rejected"), NUMBERS),
}
OFTEN = ("pipeline", "output")
COMMANDS = ["run", "retry", "explain", "restore", "check", "test", "score", "compare", "stages", "schema", "new-plugin"]
TYPED = typer.main.get_command(app.app).commands


def command_lines(name: str):
    """Some options and arguments of a command, each with a value of its kind, or with another."""
    return st.tuples(*map(_given, TYPED[name].params)).map(
        lambda given: [name, *(word for one in given for word in one)]
    )


def _given(one):
    value = st.sampled_from(POOLS.get(one.name, PATHS))
    if not one.opts[0].startswith("-"):
        return st.lists(value, min_size=int(one.required), max_size=2 if one.nargs == -1 else 1)
    words = st.just([one.opts[0]]) if one.is_flag else value.map(lambda found: [one.opts[0], found])
    return words if one.name in OFTEN else st.one_of(*[st.just([])] * 3, words)


def here(words: list[str], folder: Path, monkeypatch) -> tuple[int, str]:
    """The exit code and standard error of a command that is run in this process."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace")
    with ExitStack() as last, monkeypatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HERE", "1")
        patch.setattr(sys, "argv", ["copydesk", *words])
        patch.setattr(sys, "stdin", last.enter_context((folder / "a.jsonl").open()))
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        err.flush()
        return code, err.buffer.getvalue().decode()


@pytest.mark.parametrize("name", COMMANDS)
@counts(15, 400)
def test_any_command_line_ends_with_a_documented_code(name, count, monkeypatch):
    def holds(words):
        with tempfile.TemporaryDirectory() as path:
            folder = Path(path) / "project"
            folder.mkdir()
            project(folder)
            if name in ("run", "retry"):
                words = [*words, "--workers", "0"]
            code, said = here([word for word in words if word != "--debug"], folder, monkeypatch)
            assert code in CODES, said
            assert "Traceback" not in said

    fuzz(count, holds, command_lines(name))
