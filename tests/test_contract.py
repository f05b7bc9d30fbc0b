"""The contract with every engine: the same rows out, errors as data, a schema beforehand, and a parcel that travels."""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import count, islice
from pathlib import Path
from threading import Barrier

import pytest
from conftest import ROOT, house

from copydesk import ConfigError, InputError, Pipeline, load, parcel
from copydesk.adapters import Transform
from copydesk.columns import COLUMNS
from copydesk.io.items import Item
from copydesk.pipeline import Spec, Step
from copydesk.run.work import Work

pa = pytest.importorskip("pyarrow")

PLUGIN = '''
from pathlib import Path

import copydesk
import msgspec

@copydesk.hookimpl
def register_stages(register):
    for stage in (picky, counted, remove_words, remove_these):
        register(stage)

def picky(doc, *, least: int = 5):
    """Turn short ones away, fail on bad ones, note odd facts."""
    if "bad" in doc.raw:
        raise ValueError("a lone \\ud800, say")
    if "odd" in doc.raw:
        doc.fact("rights", {"holder": "Courier", "year": 2**70, "notice": ""})
        doc.fact("weather", {"sky": doc.extra.get("sky")})
    if "lone" in doc.raw:
        doc.flag("\\ud800")
        doc.fact("author", {"name": "\\udfff", "born": 2**90})
    if len(doc.raw) < least:
        doc.reject(f"only {len(doc.raw)} characters")

class counted:
    """Count how often it is built."""
    built = []
    def __init__(self):
        counted.built.append(1)
    def __call__(self, doc):
        pass

class Words(msgspec.Struct):
    words: tuple[str, ...]
    file: Path | None = None

class remove_these:
    """Take out lines of these words and of a file of words."""
    def __init__(self, *, these: Words, also: tuple[Words, ...] = ()):
        self.words = {word for some in (these, *also) for word in some.words}
        self.words |= set(these.file.read_text().split())
    def __call__(self, doc):
        [s.mark("promo") for s in doc.segments if s.text in self.words]

class remove_words:
    """Take out lines of these words."""
    def __init__(self, *, words: Path):
        self.words = words.read_text().split()
    def __call__(self, doc):
        [s.mark("promo") for s in doc.segments if s.text in self.words]
'''

RULES = """
words_from: lists/names.yaml
rules:
  - id: read
    role: promo
    pattern: ["Read the {names} every day"]
    examples: ["Read the Courier every day"]
    counter_examples: ["Read the label."]
"""

CONFIG = """
plugins: [plugins/]
pipelines:
  desk:
    stages:
      - normalize_space
      - remove_words: {words: words.txt}
      - picky
    examples:
      - {label: a line goes, in: "The story.\\nadvert", out: The story.}
"""


@pytest.fixture
def project(tmp_path) -> Path:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins/desk.py").write_text(PLUGIN)
    (tmp_path / "words.txt").write_text("advert\nsharethis\n")
    (tmp_path / "pipelines.yaml").write_text(CONFIG)
    return tmp_path


@pytest.fixture
def desk(project) -> Pipeline:
    return load(project / "pipelines.yaml")["desk"]


ROWS = [
    {"id": "a", "text": "The bridge\u00a0reopened.\nadvert", "sky": "grey", "n": 1},
    {"id": "b", "text": None, "sky": None, "n": None},
    {"id": "c", "text": "no", "sky": "blue", "n": 3},
    {"id": "d", "text": "a bad story", "sky": "blue", "n": 4},
    {"id": "e", "text": "an odd story", "sky": "red", "n": 5},
    {"id": "f", "text": "", "sky": "red", "n": 6},
]
OUTCOMES = [None, "failed", "rejected", "failed", None, "rejected"]


def outcomes(table) -> list[str | None]:
    return [error and error["outcome"] for error in table["error"].to_pylist()]


def batch(rows=ROWS) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(rows)


# Batches.


def test_the_same_rows_come_out_in_the_same_order_and_other_columns_as_they_were(desk):
    out = Transform(desk)(batch())
    assert isinstance(out, pa.RecordBatch)
    assert out.schema == Transform(desk).schema(batch().schema)
    assert out.schema.names == [*COLUMNS, "error", "sky", "n"]
    assert out["id"].to_pylist() == ["a", "b", "c", "d", "e", "f"]
    assert out["text"].to_pylist() == ["The bridge reopened.", "", "no", "a bad story", "an odd story", ""]
    assert out["n"].equals(batch()["n"])
    assert outcomes(out) == OUTCOMES


def test_an_error_says_stage_and_reason(desk):
    missing, short, bad = Transform(desk)(batch())["error"].to_pylist()[1:4]
    reason = "a document needs a field `text` with text in it; it is null."
    assert missing == {"outcome": "failed", "stage": "reader", "reason": reason}
    assert short == {"outcome": "rejected", "stage": "picky", "reason": "only 2 characters"}
    assert bad["stage"] == "picky"
    assert bad["reason"].endswith("failed on document `d`: ValueError: a lone \\ud800, say")


def test_a_fact_that_its_column_cannot_hold_stands_among_the_facts(desk):
    out = Transform(desk)(batch())
    facts = json.loads(out["facts"][4].as_py())
    assert out["rights"][4].as_py() is None
    assert facts == {"weather": [{"sky": "red"}], "rights": {"holder": "Courier", "year": 2**70, "notice": ""}}


def test_what_a_plugin_notes_and_no_file_can_hold_costs_no_row(desk):
    rows = [{"text": "One story."}, {"text": "a lone surrogate"}, {"text": "Two stories."}]
    out = Transform(desk)(batch(rows))
    assert outcomes(out) == [None, None, None]
    assert json.loads(out["facts"][1].as_py()) == {"flags": ["\ud800"], "authors": [{"name": "\udfff", "born": 2**90}]}
    assert [row["text"] for row in Transform(desk).records(rows)] == out["text"].to_pylist()


def test_a_row_that_cannot_be_read_says_why(desk):
    broken = pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\x93"))
    kinds = pa.DictionaryArray.from_arrays(pa.array([0, None], pa.int8()), broken)
    out = Transform(desk)(pa.table({"text": ["One story.", "Two stories."], "kind": kinds}))
    first, second = out["error"].to_pylist()
    assert first["reason"].startswith("cannot be read: 'utf-8' codec can't decode byte 0x93")
    assert second is None


TYPES = {
    "string": pa.string(),
    "large_string": pa.large_string(),
    "string_view": pa.string_view(),
    "binary": pa.binary(),
    "large_binary": pa.large_binary(),
    "binary_view": pa.binary_view(),
    "dictionary": pa.dictionary(pa.int8(), pa.string()),
    "dictionary of large_string": pa.dictionary(pa.int32(), pa.large_string()),
}


@pytest.mark.parametrize("type_", TYPES.values(), ids=TYPES)
def test_text_of_every_type_comes_out_as_the_same(type_, desk):
    table = pa.table({**{name: batch()[name] for name in ("id", "sky")}, "text": batch()["text"].cast(type_)})
    assert Transform(desk)(table).select(["id", "text", "error"]) == Transform(desk)(pa.table(batch())).select(
        ["id", "text", "error"]
    )


@pytest.mark.parametrize("column", [pa.nulls(2), pa.array([1, None]), pa.array([["a"], []])], ids=str)
def test_a_column_that_holds_no_text_gives_rows_that_failed(column, desk):
    out = Transform(desk)(pa.table({"text": column}))
    assert outcomes(out) == ["failed", "failed"]
    assert out.schema == Transform(desk).schema()


def test_bytes_that_are_not_utf8_are_decoded_and_cost_no_other_row(desk):
    broken = pa.StringArray.from_buffers(
        3, pa.py_buffer(b"\0\0\0\0\5\0\0\0\x0c\0\0\0\x12\0\0\0"), pa.py_buffer(b"whole\x93Story\x94whole.")
    )
    out = Transform(desk)(pa.table({"text": broken}))
    assert out["text"].to_pylist() == ["whole", "“Story”", "whole."]
    assert outcomes(out) == [None, None, None]


def test_other_columns_may_hold_what_python_cannot(desk):
    far = pa.array([2**62, None], pa.timestamp("s"))
    table = pa.table({"text": ["One story.", "Two stories."], "at": far, "pic": pa.array([b"\xff", None])})
    out = Transform(desk)(table)
    assert outcomes(out) == [None, None]
    assert out["at"].equals(table["at"])


def test_a_stage_sees_other_columns_as_a_run_shows_them(desk):
    rows = [{"text": "an odd story", "sky": datetime(2025, 3, 3)}]  # noqa: DTZ001
    out = Transform(desk)(pa.RecordBatch.from_pylist(rows))
    assert json.loads(out["facts"][0].as_py())["weather"] == [{"sky": "2025-03-03T00:00:00"}]


@pytest.mark.parametrize("into", [None, "copydesk"])
def test_empty_batches_and_tables_have_the_columns_too(into, desk):
    transform = Transform(desk, into=into)
    empty = batch().slice(0, 0)
    assert transform(empty).schema == transform(batch()).schema == transform.schema(batch().schema)
    assert transform(pa.table(empty)).schema == transform(pa.table(empty).schema.empty_table()).schema
    assert transform(empty).num_rows == 0


def test_a_chunked_table_and_a_stream_give_what_a_batch_gives(desk):
    whole = pa.table(Transform(desk)(batch()))
    chunked = pa.concat_tables([pa.table(batch()).slice(start, 2) for start in (0, 2, 4)])
    assert Transform(desk)(chunked) == whole
    assert Transform(desk)(chunked.to_reader()) == whole
    assert Transform(desk).stream(chunked).read_all() == whole


def test_a_batch_of_more_rows_than_are_held_at_a_time(desk):
    rows = [{"id": str(n), "text": f"Story {n}."} for n in range(2500)]
    out = Transform(desk)(batch(rows))
    assert out["id"].to_pylist() == [row["id"] for row in rows]
    assert out["text"].to_pylist() == [row["text"] for row in rows]


def test_a_stream_is_read_as_its_batches_are_asked_for(desk):
    asked = []

    def endless():
        for number in count():
            asked.append(number)
            yield batch()

    stream = Transform(desk).stream(pa.RecordBatchReader.from_batches(batch().schema, endless()))
    assert [next(stream).num_rows for _ in range(3)] == [6, 6, 6]
    assert len(asked) <= 4


def test_one_column_may_hold_the_whole_record(desk):
    table = pa.table(batch()).append_column("error", pa.array(["theirs"] * 6))
    out = Transform(desk, into="copydesk")(table)
    assert out.schema.names == ["copydesk", *table.schema.names]
    assert out.drop_columns("copydesk") == table
    flat = Transform(desk)(batch())
    assert [row["error"] for row in out["copydesk"].to_pylist()] == flat["error"].to_pylist()


def test_a_missing_and_a_doubled_column_are_named(desk):
    with pytest.raises(
        InputError, match=r"^there is no column `body`; there are id, text, sky, n. Name it with `text`.$"
    ):
        Transform(desk, text="body")(batch())
    with pytest.raises(InputError, match=r"^two columns are named `a`.$"):
        Transform(desk)(pa.table([["x"], ["y"], ["z"]], names=["text", "a", "a"]))


LOST = 'the record would replace %s of the input: keep both with into="copydesk", or rename it.'


@pytest.mark.parametrize(
    ("names", "reading", "message"),
    [
        (["text", "error"], {}, LOST % "`error`"),
        (["text", "n", "source", "headline"], {}, LOST % "`source`, `headline`"),
        (["body", "text"], {"text": "body"}, LOST % "`text`"),
        (["text", "url", "id"], {"id": "url"}, LOST % "`id`"),
        (
            ["text", "error"],
            {"into": "error"},
            "the record would replace `error` of the input: give `into` another name, or rename it.",
        ),
    ],
)
def test_a_column_that_would_be_lost_is_named(names, reading, message, desk):
    with pytest.raises(InputError) as caught:
        Transform(desk, **reading)(pa.table([["x"] for _ in names], names=names))
    assert str(caught.value) == message


def test_an_id_that_is_not_there_is_null(desk):
    rows = [{"id": "a", "text": "One story."}, {"id": None, "text": "One story."}]
    assert Transform(desk)(batch(rows))["id"].to_pylist() == ["a", None]
    assert Transform(desk)(pa.table({"text": ["One story.", None]}))["id"].to_pylist() == [None, None]
    assert [row["id"] for row in desk.records([*rows, {"text": "One story."}])] == ["a", None, None]


def test_a_text_that_is_too_long_is_rejected(desk, monkeypatch):
    monkeypatch.setattr("copydesk.rows.MAX_CHARS", 12)
    error = Transform(desk)(pa.table({"text": ["One long story."]}))["error"][0].as_py()
    assert error == {"outcome": "rejected", "stage": "reader", "reason": "15 characters are more than 12."}


def test_the_columns_are_known_without_building_a_stage(desk):
    assert Transform(desk).schema().names == [*COLUMNS, "error"]
    assert desk._stages is None


def test_a_pipeline_takes_rows_by_itself(desk):
    table = batch()
    for names in ({}, {"text": "sky", "into": "record"}):
        assert desk.arrow(table, **names).equals(Transform(desk, **names)(table))
        assert desk.arrow_schema(table.schema, **names) == desk.arrow(table, **names).schema
    rows = table.to_pylist()
    assert list(desk.records(rows, id="n")) == list(Transform(desk, id="n").records(rows))


# Mappings.


def test_a_mapping_without_a_text_is_told_with_what_it_has(desk):
    (row,) = desk.records([{"id": "a", "body": "The bridge opened."}])
    assert row["error"]["reason"] == "a document needs a field `text` with text in it; its fields are id, body."


def test_mappings_give_what_a_batch_gives(desk):
    rows = list(Transform(desk).records(ROWS))
    again = Transform(desk)(batch()).to_pylist()
    assert [list(row) for row in rows] == [[*COLUMNS, "error", "sky", "n"]] * len(ROWS)
    for name in ("id", "text", "error", "sky", "n", "flags"):
        assert [row[name] for row in rows] == [row[name] for row in again]
    assert rows[4]["facts"] == {"weather": [{"sky": "red"}]}


def test_what_is_no_mapping_is_a_row_that_failed(desk):
    rows = list(Transform(desk).records([None, 5, {"text": "A mapping."}]))
    assert [row["error"] and row["error"]["outcome"] for row in rows] == ["failed", "failed", None]


def test_texts_alone_are_rows_too(desk):
    rows = list(desk.records(["One story.", b"One \x93story\x94."], text="body"))
    assert [(row["text"], row["id"], row["error"]) for row in rows] == [
        ("One story.", None, None),
        ("One “story”.", None, None),
    ]


@pytest.mark.parametrize("one", ["One story.", b"One story.", {"text": "One story."}])
def test_one_row_is_not_many(one, desk):
    with pytest.raises(InputError, match=r"^`records` takes many rows, and this is one. Put it in a list.$"):
        next(desk.records(one))


def test_in_a_mapping_the_record_counts_as_in_a_run_but_no_error_is_written_over(desk):
    row, lost, kept = (
        *desk.records([{"text": "One story.", "source": "a.txt"}, {"text": "One story.", "error": "theirs"}]),
        *desk.records([{"text": "One story.", "error": "theirs"}], into="copydesk"),
    )
    assert (row["source"], row["error"]) == (None, None)
    assert (lost["text"], lost["error"]["outcome"], lost["error"]["reason"]) == (
        "One story.",
        "failed",
        LOST % "`error`",
    )
    assert (kept["error"], kept["copydesk"]["error"]) == ("theirs", None)


def test_mappings_are_taken_as_they_are_asked_for(desk):
    taken = []

    def endless():
        for number in count():
            taken.append(number)
            yield {"text": f"Story {number}.", "what": object()}

    some = list(islice(Transform(desk).records(endless(), ahead=1), 3))
    assert [row["text"] for row in some] == ["Story 0.", "Story 1.", "Story 2."]
    assert len(taken) == 3


WORST = [
    {},
    {"text": object()},
    {"text": "One story.", "deep": object(), 3: 4},
    {"text": "\ud800 is lone", "id": "\udc00"},
]
WORST += [{"text": "One story.", "n": 2**80, "nan": float("nan")}, {"text": b"One \x93story\x94.", "id": 7}]


@pytest.mark.parametrize("row", WORST, ids=range(len(WORST)))
def test_no_mapping_raises(row, desk):
    (out,) = Transform(desk).records([row])
    assert out.keys() >= {*COLUMNS, "error"}
    assert Transform(desk).beside([[row]]).num_rows == 1


# The same as a run.


def run(pipeline: Pipeline, rows) -> list[dict]:
    items = [Item(f"{n}", f"row {n}", "json", json.dumps(row).encode()) for n, row in enumerate(rows)]
    return [json.loads(line.record) for line in Work(pipeline)(items).lines]


def test_the_samples_come_out_as_a_run_writes_them():
    rows = [
        {"id": path.stem, "text": path.read_text("utf-8", "replace")} for path in sorted(ROOT.glob("samples/*.txt"))[:6]
    ]
    pipeline = house()["reprints"]
    for row, record in zip(Transform(pipeline).records(rows), run(pipeline, rows), strict=True):
        assert {name: value for name, value in row.items() if name in record} == record
    for row, record in zip(Transform(pipeline)(batch(rows)).to_pylist(), run(pipeline, rows), strict=True):
        assert {name: row[name] for name in ("text", "authors", "language")} == {
            name: record[name] for name in ("text", "authors", "language")
        }


# The parcel.

WORKER = """
import pickle, sys
import pyarrow as pa
transform = pickle.load(open(sys.argv[1], "rb"))
print(transform(pa.table({"text": ["The bridge reopened.\\nadvert\\nRead the Courier every day"]}))["text"][0])
"""


def worker(transform: Transform, folder: Path, away: Path | None = None) -> subprocess.CompletedProcess:
    """Another process, in a folder of its own, that gets the transform and nothing else; the project is away by then."""
    folder.mkdir()
    (folder / "parcel").write_bytes(pickle.dumps(transform))
    if away:
        away.rename(f"{away}-away")
    command = [sys.executable, "-c", WORKER, "parcel"]
    return subprocess.run(command, cwd=folder, env={"TMPDIR": str(folder)}, capture_output=True, text=True, check=False)


def test_it_travels_in_less_than_four_kilobytes_and_always_in_the_same(desk):
    one, again = pickle.dumps(Transform(desk)), pickle.dumps(Transform(desk))
    _ = desk.stages
    assert one == again == pickle.dumps(Transform(desk))
    assert len(one) < 4_000
    assert len(pickle.dumps(Transform(house()["reprints"]))) < 1_000


def test_a_worker_without_the_folder_cleans_the_same_and_leaves_nothing_behind(desk, project, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    here = worker(Transform(desk), elsewhere / "here")
    assert here.stdout == "The bridge reopened.\n\nRead the Courier every day\n"
    there = worker(Transform(desk), elsewhere / "there", away=project)
    assert (there.stdout, there.stderr) == (here.stdout, "")
    assert [path.name for path in (elsewhere / "there").iterdir()] == ["parcel"]


def test_a_language_engine_that_is_not_installed_is_named():
    step = Step("detect_language", {"engine": "profile"}, "p.yaml", 3, 9)
    with pytest.raises(
        ConfigError, match=r"^p.yaml:3:9: the stage `detect_language`: no plugin offers the `profile` that it asks for."
    ):
        Pipeline(Spec(name="p", steps=(step,)))("text")


def test_what_was_sent_counts_where_the_file_has_changed(desk, project):
    data = pickle.dumps(desk)
    (project / "words.txt").write_text("bridge")
    assert pickle.loads(data)("The story.\nadvert").text == "The story."


def test_a_rule_file_travels_with_its_word_list(project):
    (project / "lists").mkdir()
    (project / "lists/names.yaml").write_text("words: {names: [Courier, Herald]}")
    (project / "own.yaml").write_text(RULES)
    spec = Spec(name="p", steps=(Step("remove_promos", {"rules": (project / "own.yaml",)}),))
    data = pickle.dumps(Pipeline(spec))
    shutil.rmtree(project / "lists")
    (project / "own.yaml").unlink()
    assert pickle.loads(data)("The story goes on.\nRead the Herald every day").text == "The story goes on."


def test_an_option_of_a_drop_ins_own_type_travels(project, tmp_path_factory):
    (project / "own.yaml").write_text(
        "plugins: [plugins/]\npipelines:\n  p:\n    stages:\n"
        "      - remove_these: {these: {words: [nothing], file: words.txt}, also: [{words: [Read the Courier every day]}]}\n"
    )
    done = worker(Transform(load(project / "own.yaml")["p"]), tmp_path_factory.mktemp("elsewhere") / "worker", project)
    assert (done.stdout, done.stderr) == ("The bridge reopened.\n", "")


def test_what_is_too_large_must_be_there(project, monkeypatch):
    monkeypatch.setattr(parcel, "LARGE", 10)
    words = project / "words.txt"
    spec = Spec(name="p", steps=(Step("remove_words", {"words": words}),))
    data = parcel.packed(spec)
    assert parcel.unpacked(data) == spec
    hint = "and has more than 10 bytes, so it does not travel with the pipeline. Put it there on every machine."
    words.write_text("another, and long as well")
    with pytest.raises(ConfigError) as raised:
        parcel.unpacked(data)
    assert str(raised.value) == f"{words}: is another file here, {hint}"
    words.unlink()
    with pytest.raises(ConfigError) as raised:
        parcel.unpacked(data)
    assert str(raised.value) == f"{words}: is not here, {hint}"


def test_another_version_is_refused(desk, monkeypatch):
    data = parcel.packed(desk.spec)
    monkeypatch.setattr(parcel.metadata, "version", lambda _: "9.9")
    with pytest.raises(
        ConfigError, match=r"^this pipeline was packed by copydesk \d\S+, and here is 9.9. Install one version "
    ):
        parcel.unpacked(data)


def test_a_stage_that_is_not_installed_is_named(project):
    data = pickle.dumps(Pipeline(Spec(name="p", steps=(Step("remove_puns", file="p.yaml", line=3),))))
    with pytest.raises(ConfigError, match=r"^p.yaml:3:1: there is no stage or pipeline `remove_puns`."):
        pickle.loads(data)("text")


def test_it_is_built_once_a_process(project):
    spec = Spec(name="p", steps=(Step("counted"),), plugins=(project / "plugins",))
    data = pickle.dumps(Transform(Pipeline(spec)))
    barrier = Barrier(8)

    def work(_):
        barrier.wait()
        for _ in range(50):
            pickle.loads(data)(batch(ROWS[:1]))
        return pickle.loads(data).pipeline

    with ThreadPoolExecutor(8) as pool:
        pipelines = set(pool.map(work, range(8)))
    (pipeline,) = pipelines
    (name, stage), *_ = pipeline.stages
    assert (name, len(type(stage).built)) == ("counted", 1)


def test_a_name_stands_for_a_pipeline(project, monkeypatch):
    monkeypatch.chdir(project)
    assert Transform("desk").pipeline.name == "desk"
    with pytest.raises(ConfigError, match=r"there is no pipeline `dusk`. Did you mean `desk`"):
        Transform("dusk")


def test_importing_copydesk_and_the_contract_imports_no_engine():
    engines = ("pyarrow", "pandas", "polars", "duckdb", "datasets", "pyspark", "ray", "dask")
    script = f"import copydesk, copydesk.adapters, sys; print([m for m in {engines} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
