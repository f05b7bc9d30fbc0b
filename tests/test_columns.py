"""Records as columns lose nothing, and their file depends on them alone."""

from __future__ import annotations

import builtins
import gc
import json
import os
from pathlib import Path

import pytest
from conftest import ROOT, house
from hypothesis import given
from hypothesis import strategies as st

from copydesk import columns
from copydesk.columns import record_schema, table
from copydesk.document import Document
from copydesk.errors import ConfigError, InputError
from copydesk.facts import Author, Credit, Dateline, Language, Published, Rights, Source
from copydesk.io import parquet as parquet_files
from copydesk.io.items import Item
from copydesk.io.parquet import Columns, records
from copydesk.ledger import Entry, restore
from copydesk.pipeline import Pipeline, Spec
from copydesk.run.work import Work

pa = pytest.importorskip("pyarrow")
from pyarrow import parquet  # noqa: E402 (an extra)


def run(*items: Item, segments: bool = False) -> list[bytes]:
    return [line.record for line in Work(house()["reprints"], segments=segments)(items).lines]


def samples() -> list[Item]:
    texts = [Item(path.stem, path.name, "text", path.read_bytes()) for path in sorted(ROOT.glob("samples/*.txt"))]
    lines = (ROOT / "samples/records.jsonl").read_bytes().splitlines()
    return [*texts, *(Item(f"records:{n}", f"records.jsonl:{n}", "json", line) for n, line in enumerate(lines, 1))]


def line_of(id_: str = "a", text: str = "One.", found=(), **extra) -> bytes:
    """The line of a document with these facts."""
    doc = Document(text, id=id_, extra=extra)
    Pipeline(Spec(name="bare", steps=())).batch([doc])
    for kind, value in found:
        doc.fact(kind, value)
    return doc.json()


def through(lines: list[bytes], path: Path, *, segments: bool = False) -> list[dict]:
    """The records as they come out of a file."""
    writer = Columns(path, segments=segments)
    writer.write(lines)
    writer.close()
    return list(records(path))


FULL = [
    *[
        ("headline", "Bridge reopens"),
        ("dek", "After a winter"),
        ("kicker", "News"),
        ("agency", "AP"),
        ("note", "Note."),
    ],
    ("author", Author("Ada Quill", "author", "Courier", "Marlow", "ada@example.org", "@ada")),
    ("author", Author("Tom Ferris", "translator")),
    ("dateline", Dateline("MARLOW", "March 3", ("AP", "dpa"), "MARLOW, March 3 (AP/dpa) —")),
    ("credit", Credit("video", "Ines Moreau", "Reuters", "CC BY 4.0", "The bridge.")),
    ("source", Source("The Courier", "https://example.org/a", "translation", "CC BY 4.0", "From the Courier.")),
    ("rights", Rights("The Courier", 2025, "© 2025 The Courier")),
    ("published", Published("March 3, 2025, 9:14 UTC", "2025-03-03T09:14:00+00:00", "noon")),
    ("language", Language("en", 0.95)),
    ("weather", {"sky": ["grey", None, 3.5]}),
]

LINES = {
    "no facts": line_of(),
    "no text": line_of(text=""),
    "every fact": line_of(found=FULL),
    "fields of the input": line_of(url="https://example.org", tags=["a", {"b": None}], extra="e", n=1e300),
    "a number past 64 bits": line_of(n=2**80, deep=[{"n": -(2**80)}], found=FULL),
    "a lone surrogate in a field": line_of(title="a\ud800b", found=FULL),
    "a lone surrogate in a field's name": line_of(**{"\udc00": 1}),
    "an optional field of the input, null": line_of(encoding=None),
    "optional fields of the input, of other types": line_of(encoding=["latin-1"], facts=3, segments="all"),
    "a fact that is not of its type": line_of(
        found=[("rights", {"year": "soon"}), ("author", {"name": "A", "age": 3})]
    ),
    "a record that was turned away": b'{"headline":null,"authors":"A, B","id":"a","text":"raw","outcome":"failed","flags":[]}',
    "a record in letters that were escaped": json.dumps(json.loads(line_of(found=FULL, text="Größe\n\n—"))).encode(),
    "a year past 64 bits": line_of(found=[("rights", {"holder": None, "year": 2**70, "notice": ""})]),
    "whole numbers where others stand": line_of(found=[("language", {"code": "en", "confidence": 1})]),
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
@pytest.mark.parametrize("segments", [False, True])
def test_a_record_comes_back_as_it_was(line, segments, tmp_path):
    assert through([line], tmp_path / "a.parquet", segments=segments) == [json.loads(line)]


@pytest.mark.parametrize("segments", [False, True])
def test_the_samples_come_back_as_they_were_and_can_be_restored(segments, tmp_path):
    lines = run(*samples(), segments=segments)
    back = through(lines, tmp_path / "a.parquet", segments=segments)
    assert back == [json.loads(line) for line in lines]
    for record, item in zip(back, samples(), strict=True):
        if item.kind == "text":
            ledger = [Entry(**entry) for entry in record["ledger"]]
            assert restore(record["text"], ledger).encode(record.get("encoding", "utf-8")) == item.data


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(list(columns.KINDS)) | st.text(max_size=3), JSON, max_size=5), st.booleans())
def test_no_object_is_changed_by_its_columns(fields, whole):
    line = json.dumps({**({"ledger": []} if whole else {}), **fields}).encode()
    rows = table([line], record_schema()).to_pylist()
    back = columns.record(rows[0])
    expected = json.loads(line)
    if isinstance(expected.get("ledger"), list):  # it reads as a record, which has all the fields
        expected = {**dict.fromkeys(back), **expected}
    assert back == expected


def test_the_schema_is_known_before_the_first_record():
    schema = record_schema()
    assert table([], schema).schema == schema
    assert table(list(LINES.values()), schema).schema == schema
    assert record_schema(segments=True).names == [*schema.names[:-1], "segments", "extra"]


def test_the_schema_is_typed_and_nested_as_the_record_is():
    schema = record_schema()
    text = pa.string()
    assert schema.field("text").type == text
    assert schema.field("rights").type == pa.struct([("holder", text), ("year", pa.int64()), ("notice", text)])
    assert schema.field("agencies").type == pa.list_(text)
    assert schema.field("language").type == pa.struct([("code", text), ("confidence", pa.float64())])
    entry = schema.field("ledger").type.value_type
    assert [entry.field(i).name for i in range(entry.num_fields)] == ["stage", "rule", "role", "at", "was", "now"]
    assert entry.field("at").type == pa.list_(pa.int64())


def test_the_columns_hold_what_a_query_would_ask_for():
    row = table([line_of(found=FULL, url="u")], record_schema()).to_pylist()[0]
    assert row["authors"][0]["email"] == "ada@example.org"
    assert row["dateline"]["agencies"] == ["AP", "dpa"]
    assert row["rights"]["year"] == 2025
    assert json.loads(row["facts"]) == {"weather": [{"sky": ["grey", None, 3.5]}]}
    assert json.loads(row["extra"]) == {"url": "u"}


def test_what_a_record_lacks_is_null_and_an_empty_list_is_empty():
    row = table([line_of()], record_schema()).to_pylist()[0]
    assert (row["headline"], row["source"], row["facts"], row["extra"]) == (None, None, None, None)
    assert (row["authors"], row["ledger"]) == ([], [])


def test_a_lone_surrogate_in_an_id_is_mended_in_the_column_and_kept_in_extra():
    line = line_of(id_="a\ud800")
    row = table([line], record_schema()).to_pylist()[0]
    assert row["id"] == "a\N{REPLACEMENT CHARACTER}"
    assert columns.record(row) == json.loads(line)


def test_segments_have_names_in_their_column():
    rows = table(run(samples()[0], segments=True), record_schema(segments=True)).to_pylist()
    assert rows[0]["segments"][0].keys() == {"start", "end", "role", "stage", "rule"}


def test_the_file_does_not_depend_on_the_batches_that_the_records_come_in(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_files, "ROWS", 7)
    monkeypatch.setattr(parquet_files, "SIZE", 10_000)
    lines = [*run(*samples()), *LINES.values()] * 3
    for name, size in (("one", 1), ("some", 5), ("all", len(lines))):
        writer = Columns(tmp_path / name)
        for start in range(0, len(lines), size):
            writer.write(lines[start : start + size])
        writer.close()
    one, some, all_ = ((tmp_path / name).read_bytes() for name in ("one", "some", "all"))
    assert one == some == all_
    metadata = parquet.read_metadata(tmp_path / "one")
    groups = [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)]
    assert max(groups) == 7
    assert min(groups[:-1]) < 7  # one that was cut for its size
    assert sum(groups) == len(lines)


def test_a_file_of_no_records_has_the_schema(tmp_path):
    assert through([], tmp_path / "a.parquet") == []
    assert parquet.read_schema(tmp_path / "a.parquet").equals(record_schema())


def test_every_column_is_packed_with_zstd(tmp_path):
    through([line_of()], tmp_path / "a.parquet")
    group = parquet.read_metadata(tmp_path / "a.parquet").row_group(0)
    assert {group.column(n).compression for n in range(group.num_columns)} == {"ZSTD"}


def test_closing_twice_is_closing_once(tmp_path):
    writer = Columns(tmp_path / "a.parquet")
    writer.write([line_of()])
    writer.close()
    size = (tmp_path / "a.parquet").stat().st_size
    writer.close()
    assert (tmp_path / "a.parquet").stat().st_size == size


def test_a_byte_that_turned_is_found(tmp_path):
    path = tmp_path / "a.parquet"
    through([line_of(text=os.urandom(3000).hex())], path)
    data = bytearray(path.read_bytes())
    data[2000] ^= 1  # amid the text
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a\.parquet: cannot be read as Parquet: .*(CRC|checksum)"):
        list(records(path))


@pytest.mark.parametrize("data", [b"", b"PAR1", b'{"id": "a"}', b"PAR1" + bytes(50) + b"PAR1"])
def test_what_is_no_parquet_file_is_told(data, tmp_path):
    (tmp_path / "a.parquet").write_bytes(data)
    with pytest.raises(InputError, match=r"a\.parquet: cannot be read as Parquet"):
        list(records(tmp_path / "a.parquet"))


def test_a_table_of_something_else_is_told(tmp_path):
    parquet.write_table(pa.table({"text": ["a"]}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match="has no column `id`: it is not one that `copydesk run` wrote"):
        list(records(tmp_path / "a.parquet"))
    parquet.write_table(pa.table({"id": ["a"], "text": ["a"], "ledger": [[5]]}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match="has columns of other types than a record's"):
        list(records(tmp_path / "a.parquet"))


@pytest.mark.parametrize("line", [b"[1]", b"{", b'"text"', b"\xff{}"])
def test_a_line_that_is_no_object_is_told(line):
    with pytest.raises(InputError, match="a record that is no JSON object"):
        table([line], record_schema())


def test_a_file_that_could_not_take_a_record_gets_no_end(tmp_path):
    writer = Columns(tmp_path / "a.parquet")
    writer.write([line_of(), b"[1]"])
    with pytest.raises(InputError):
        writer.close()
    writer.close()
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        list(records(tmp_path / "a.parquet"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk to write to")
def test_a_full_disk_is_told_and_nothing_is_tried_again(monkeypatch):
    monkeypatch.setattr(parquet_files, "ROWS", 1)
    writer = Columns(Path("/dev/full"))
    with pytest.raises(OSError, match="No space left on device"):
        writer.write([line_of(text=os.urandom(100_000).hex())])
    writer.close()
    del writer
    gc.collect()


def test_who_lacks_pyarrow_is_told_what_to_type(monkeypatch):
    real = builtins.__import__

    def missing(name, *args, **kwargs):
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ConfigError, match=r"pip install 'copydesk\[parquet\]'"):
        record_schema()
