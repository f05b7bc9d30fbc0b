"""Parquet and Arrow IPC in: every column type comes through, and a broken file costs what is broken in it."""

from __future__ import annotations

import io
import os
import random
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

import pyarrow as pa
import pytest
from pyarrow import parquet

from copydesk.io.documents import document
from copydesk.io.formats import tables
from copydesk.io.items import Reading
from copydesk.io.sources import Source

SOURCE = Source("news.parquet", "dir/news.parquet", "")
ROWS = 500
TEXTS = [f"Story {number}. The bridge reopened on Monday, the council said." for number in range(ROWS)]
TABLE = pa.table({"id": range(ROWS), "text": TEXTS, "section": ["local", None] * (ROWS // 2)})
NEW = {"file": pa.ipc.new_file, "stream": pa.ipc.new_stream}


def read(data: bytes | io.BufferedIOBase, **reading):
    stream = io.BytesIO(data) if isinstance(data, bytes) else data
    return [document(item, Reading(**reading)) for item in tables.items(stream, SOURCE, Reading(**reading))]


def as_parquet(table=TABLE, **options) -> bytes:
    out = io.BytesIO()
    parquet.write_table(table, out, row_group_size=100, write_page_checksum=True, **options)
    return out.getvalue()


def as_ipc(form: str, table=TABLE) -> bytes:
    out = io.BytesIO()
    with NEW[form](out, table.schema) as writer:
        for batch in table.to_batches(max_chunksize=100):
            writer.write_batch(batch)
    return out.getvalue()


def whole(docs):
    return [doc for doc in docs if doc.outcome == "clean"]


def faults(docs):
    return [doc.reason for doc in docs if doc.outcome != "clean"]


@pytest.mark.parametrize("data", [as_parquet(), as_ipc("file"), as_ipc("stream")], ids=["parquet", "file", "stream"])
def test_every_row_comes_in_its_order(data):
    docs = read(data)
    assert [doc.raw for doc in docs] == TEXTS
    assert [doc.id for doc in docs] == list(map(str, range(ROWS)))
    assert [doc.extra["section"] for doc in docs] == TABLE["section"].to_pylist()


def test_a_row_without_an_id_is_named_by_its_place():
    items = list(tables.items(io.BytesIO(as_parquet(TABLE.select(["text"]))), SOURCE, Reading()))
    assert (items[0].id, items[0].place) == ("news.parquet:1", "dir/news.parquet:row 1")
    assert (items[-1].id, items[-1].place) == ("news.parquet:500", "dir/news.parquet:row 500")


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string()), pa.binary()],
    ids=str,
)
def test_a_text_column_may_be_of_any_kind(kind):
    table = pa.table(
        {"text": pa.array(TEXTS).cast(pa.binary()).cast(kind) if kind == pa.binary() else pa.array(TEXTS, kind)}
    )
    assert [doc.raw for doc in read(as_ipc("stream", table))] == TEXTS


def test_a_column_of_bytes_is_decoded():
    table = pa.table({"body": pa.array(["Die Brücke ist offen, sagt die Stadt.".encode("cp1252")], pa.binary())})
    assert read(as_parquet(table), text_field="body")[0].raw == "Die Brücke ist offen, sagt die Stadt."


BERLIN = timezone(timedelta(hours=1))
OTHERS = {
    "null": (pa.nulls(1), None),
    "day": (pa.array([date(2024, 3, 4)]), "2024-03-04"),
    "hour": (pa.array([time(10, 15)]), "10:15:00"),
    "when": (pa.array([datetime(2024, 3, 4, 10, 15, tzinfo=BERLIN).replace(tzinfo=None)]), "2024-03-04T10:15:00"),
    "moment": (
        pa.array([datetime(2024, 3, 4, 10, 15, tzinfo=BERLIN)], pa.timestamp("us", "+01:00")),
        "2024-03-04T10:15:00+01:00",
    ),
    "nanoseconds": (pa.array([1], pa.timestamp("ns")), "1970-01-01T00:00:00.000000001"),
    "pandas' own": (pa.array([10**18], pa.timestamp("ns")), "2001-09-09T01:46:40"),
    "price": (pa.array([Decimal("1.50")]), "1.50"),
    "nested": (pa.array([{"tags": ["a", None], "n": {"x": 1.5}}]), {"tags": ["a", None], "n": {"x": 1.5}}),
    "bytes": (pa.array([b"\xff\x00"]), "/wA="),
    "map": (pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())), [["k", 1]]),
    "large": (pa.array([2**64 - 1], pa.uint64()), 2**64 - 1),
    "yes": (pa.array([True]), True),
}


@pytest.mark.parametrize("form", ["parquet", "stream"])
@pytest.mark.parametrize("name", OTHERS)
def test_other_columns_pass_through(form, name):
    column, expected = OTHERS[name]
    table = pa.table({"text": ["Story."], name: column})
    doc = read(as_parquet(table) if form == "parquet" else as_ipc(form, table))[0]
    assert doc.extra == {name: expected}
    assert doc.record()[name] == expected


def test_a_time_beyond_the_calendar_costs_neither_the_row_nor_its_neighbours():
    table = pa.table({"text": ["One.", "Two."], "when": pa.array([2**55, 0], pa.timestamp("s"))})
    docs = read(as_ipc("stream", table))
    assert [doc.raw for doc in docs] == ["One.", "Two."]
    assert docs[1].extra == {"when": "1970-01-01T00:00:00"}


@pytest.mark.parametrize("form", ["parquet", "stream"])
def test_text_that_is_not_utf_8_is_decoded_and_costs_nothing_else(form):
    texts = pa.array([b"Good.", "Die Brücke ist für alle offen, sagt die Behörde.".encode("cp1252"), b"Fine."])
    table = pa.table({"text": texts.view(pa.string()), "n": [1, 2, 3]})
    docs = read(as_parquet(table) if form == "parquet" else as_ipc(form, table))
    assert [doc.raw for doc in docs] == ["Good.", "Die Brücke ist für alle offen, sagt die Behörde.", "Fine."]


def test_a_list_with_text_that_is_not_utf_8_costs_one_row():
    broken = pa.array([b"ok", b"\xff\xfe"]).view(pa.string())
    table = pa.table({"text": ["One.", "Two."], "tags": pa.ListArray.from_arrays([0, 1, 2], broken)})
    docs = read(as_parquet(table))
    assert [doc.raw for doc in whole(docs)] == ["One."]
    assert len(faults(docs)) == 1
    assert faults(docs)[0].startswith("dir/news.parquet:row 2: cannot be read: 'utf-8' codec can't decode")


def test_a_missing_text_names_the_columns():
    docs = read(as_parquet(), text_field="body")
    assert len(docs) == ROWS
    assert (
        docs[0].reason
        == "dir/news.parquet:row 1: a document needs a field `body` with text in it; its fields are id, text, section."
    )


def test_a_null_text_costs_one_row():
    docs = read(as_parquet(pa.table({"text": ["One.", None, "Three."]})))
    assert [doc.raw for doc in whole(docs)] == ["One.", "Three."]
    assert faults(docs) == ["dir/news.parquet:row 2: a document needs a field `text` with text in it; it is null."]


def test_two_columns_of_one_name_are_a_fault():
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])
    assert faults(read(as_ipc("stream", table))) == ["dir/news.parquet: two columns are named `text`."]


def test_a_stream_that_cannot_go_back_is_read_as_well():
    reading_end, writing_end = os.pipe()
    with os.fdopen(writing_end, "wb") as out:
        out.write(as_parquet(TABLE.slice(0, 100)))
    with os.fdopen(reading_end, "rb") as stream:
        assert len(whole(read(stream))) == 100


# Broken files.


@pytest.mark.parametrize(
    "data", [b"", b"PAR1", as_parquet()[:-8], as_parquet()[:2000]], ids=["0 bytes", "magic", "no footer", "cut"]
)
def test_parquet_without_its_footer_is_one_fault(data):
    docs = read(data)
    assert [doc.outcome for doc in docs] == ["failed"]
    assert docs[0].reason.startswith("dir/news.parquet: is not a whole Parquet file: Parquet ")


def test_a_broken_page_costs_its_row_group_and_no_other():
    data = bytearray(as_parquet(use_dictionary=False, compression="none"))
    data[data.find(b"Story 250.")] ^= 0x20
    docs = read(bytes(data))
    assert [doc.raw for doc in whole(docs)] == TEXTS[:200] + TEXTS[300:]
    assert len(faults(docs)) == 1
    assert faults(docs)[0].startswith("dir/news.parquet:row 201: rows 201 to 300 (of row group 2) cannot be read: ")
    assert "CRC checksum" in faults(docs)[0]


def test_the_rows_before_a_broken_page_are_kept():
    data = bytearray(as_parquet(use_dictionary=False, compression="none", data_page_size=500, write_batch_size=8))
    data[data.find(b"Story 290.")] ^= 0x20
    docs = read(bytes(data))
    kept = [doc.raw for doc in whole(docs)]
    assert kept[:264] == TEXTS[:264]
    assert kept[-200:] == TEXTS[300:]
    assert len(faults(docs)) == 1


@pytest.mark.parametrize("form", NEW)
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_cut_arrow_file_gives_its_whole_batches(form, share):
    data = as_ipc(form)
    docs = read(data[: int(len(data) * share)])
    count = len(whole(docs))
    assert count % 100 == 0
    assert [doc.raw for doc in whole(docs)] == TEXTS[:count]
    assert len(faults(docs)) == 1
    assert faults(docs)[0].startswith(f"dir/news.parquet:row {count + 1}: from row {count + 1} on it cannot be read: ")


def test_an_arrow_stream_cut_between_two_batches_is_not_taken_for_whole():
    assert faults(read(as_ipc("stream")[:-8])) == [
        "dir/news.parquet:row 501: it stops after row 500 without the mark of its end, so rows may be lost."
    ]


@pytest.mark.parametrize("data", [b"hello, world", b"ARROW1", b"\0" * 100], ids=["text", "magic", "zeros"])
def test_what_is_no_table_is_one_fault(data):
    docs = read(data)
    assert [doc.outcome for doc in docs] == ["failed"]


@pytest.mark.parametrize("form", ["parquet", "plain parquet", "stream"])
def test_flipped_bits_lose_no_row_in_silence(form):
    draw = random.Random(form)
    options = {"compression": "none", "use_dictionary": False} if form == "plain parquet" else {}
    good = as_ipc(form) if form in NEW else as_parquet(**options)
    for _ in range(60):
        data = bytearray(good)
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        docs = read(bytes(data))
        assert len(whole(docs)) == ROWS or faults(docs)


@pytest.mark.slow
def test_a_large_row_group_is_not_held_in_memory(tmp_path):
    path = tmp_path / "large.parquet"
    with parquet.ParquetWriter(path, TABLE.select(["text"]).schema, compression="none", use_dictionary=False) as writer:
        writer.write_table(
            pa.table({"text": [f"{n} " + "The bridge reopened. " * 250 for n in range(40_000)]}), row_group_size=40_000
        )
    pa.default_memory_pool().release_unused()
    before, count, peak = pa.total_allocated_bytes(), 0, 0
    with path.open("rb") as stream:
        for _ in tables.items(stream, SOURCE, Reading()):
            count += 1
            peak = max(peak, pa.total_allocated_bytes() - before)
    assert count == 40_000
    assert path.stat().st_size > 200_000_000
    assert peak < 20_000_000, f"{peak:,} bytes"
