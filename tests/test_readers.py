"""What the readers promise: which inputs there are, in which order and form, and that whatever comes in, items come out."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import tarfile

import fsspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from copydesk.errors import ConfigError, InputError
from copydesk.io import readers
from copydesk.io.compression import Stream, zstd
from copydesk.io.documents import document
from copydesk.io.formats import csv, jsonl, text
from copydesk.io.items import Item, Reading
from copydesk.io.sources import Source, form_of, sources
from copydesk.run.manifest import listed


def record(text: str, **more: object) -> bytes:
    return json.dumps({"text": text, **more}, ensure_ascii=False).encode() + b"\n"


def read(*inputs: object, form: str | None = None) -> list[tuple[str, str]]:
    return [(doc.id, doc.reason or doc.raw) for doc in readers.documents(map(str, inputs), form=form)]


def test_a_record_without_a_text_keeps_its_id(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"id":"a1"}\n{"id":"a2","text":null}\n{"id":7,"text":1}\n{"text":[]}\n')
    found = [(doc.id, doc.raw) for doc in readers.documents([str(path)])]
    assert found == [
        ("a1", '{"id":"a1"}'),
        ("a2", '{"id":"a2","text":null}'),
        ("7", '{"id":7,"text":1}'),
        ("a:4", '{"text":[]}'),
    ]


def test_a_row_without_a_text_keeps_its_id_and_can_be_looked_at(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    from pyarrow import table

    parquet.write_table(table({"id": ["a", "b"], "text": ["One.", None]}), tmp_path / "a.parquet")
    found = [(doc.id, doc.raw) for doc in readers.documents([str(tmp_path / "a.parquet")])]
    assert found == [("a", "One."), ("b", '{"id": "b", "text": null}')]


def _tar() -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("a.txt"), io.BytesIO())
    return held.getvalue()


FOREIGN = {
    "zip": (b"PK\x03\x04\x14\0\0\0\x08\0", "a zip archive, as .docx and .epub are"),
    "tar.gz": (_tar(), "a tar archive"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF"),
    "PNG": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG picture"),
    "JPEG": (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "a JPEG picture"),
}


@pytest.mark.parametrize("name", ["w.txt", "w.jsonl", "w.csv", "w"])
@pytest.mark.parametrize(("content", "what"), FOREIGN.values(), ids=FOREIGN)
def test_an_archive_or_a_picture_is_no_text_whatever_its_name(tmp_path, name, content, what):
    (tmp_path / name).write_bytes(content)
    (doc,) = readers.documents([str(tmp_path / name)])
    assert (doc.id, doc.outcome, doc.raw) == ("w.csv" if name == "w.csv" else "w", "failed", "")
    why = f"is {what}, and no text is taken from it. Unpack it, or make text or HTML of it, first."
    assert doc.reason == f"{tmp_path / name}: {why}"


def test_what_comes_over_http_is_looked_at_too():
    doc = document(Item("1", "document 1", "text", FOREIGN["PDF"][0]), Reading())
    assert (doc.outcome, doc.id, doc.raw) == ("failed", "1", "")


@pytest.mark.parametrize("start", ["PK", "%PDF", "%PDF is a format.", "Rar!", "7z"])
def test_a_text_that_begins_like_one_is_a_text(tmp_path, start):
    (tmp_path / "a.txt").write_text(start)
    assert read(tmp_path / "a.txt") == [("a", start)]


def test_a_folder_with_nothing_to_read_is_a_fault(tmp_path):
    assert read(tmp_path) == [(tmp_path.name, f"{tmp_path}: holds no file that can be read.")]


@pytest.fixture
def archive(tmp_path):
    """A folder with each form of text, and with what is none."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/a.txt").write_text("one")
    (tmp_path / "b.TXT").write_text("two")
    (tmp_path / "c.jsonl").write_bytes(record("three") + record("four", id="own"))
    (tmp_path / "d.ndjson.zst").write_bytes(zstd().compress(record("five")))
    (tmp_path / "e.csv.gz").write_bytes(gzip.compress(b"text,id\nsix,\nseven,7\n"))
    (tmp_path / "f.tsv").write_bytes(b"text\teight\n\nnine\tten\n")
    (tmp_path / "g.pdf").write_bytes(b"%PDF")
    (tmp_path / "README").write_text("eleven")
    (tmp_path / ".hidden.txt").write_text("twelve")
    return tmp_path


FOUND = [
    ("b", "two"),
    ("c:1", "three"),
    ("own", "four"),
    ("d:1", "five"),
    ("deep/a", "one"),
    ("e.csv:2", "six"),
    ("7", "seven"),
    ("f.tsv:3", "nine"),
]


def test_a_folder_gives_the_files_whose_names_tell_their_form_in_the_order_of_the_names(archive):
    assert read(archive) == FOUND


def test_a_folder_gives_all_its_files_where_the_form_is_named(archive):
    assert [id_ for id_, _ in read(archive, form="text")] == [
        *("README", "b", "c", "d", "deep/a", "e.csv", "f.tsv", "g.pdf"),
    ]


def test_a_file_named_outright_is_read_whatever_its_name(archive):
    assert read(archive / "README", archive / ".hidden.txt") == [("README", "eleven"), (".hidden", "twelve")]


def test_a_pattern_gives_what_it_finds_in_order(archive):
    assert read(archive / "[bc].*") == [("b", "two"), ("c:1", "three"), ("own", "four")]
    assert read(archive / "**/*.txt") == [("a", "one")]
    assert read(archive / "**") == FOUND
    with pytest.raises(InputError) as told:
        read(archive / "*.doc")
    assert str(told.value) == f"{archive}/*.doc: no file or folder is named so."


def test_a_file_with_the_signs_of_a_pattern_in_its_name_is_that_file(tmp_path):
    (tmp_path / "[a].txt").write_text("one")
    (tmp_path / "a.txt").write_text("two")
    assert read(tmp_path / "[a].txt") == [("[a]", "one")]


def test_what_is_not_there_is_told_before_anything_is_read(archive):
    with pytest.raises(InputError) as told:
        next(readers.items([str(archive), "nowhere.txt"], Reading()))
    assert str(told.value) == "nowhere.txt: there is no such file or folder."


def test_an_unknown_form_is_told():
    with pytest.raises(ConfigError) as told:
        next(readers.items([], Reading(), "word"))
    known = "text, jsonl, csv, tsv, parquet, arrow, html, warc"
    assert str(told.value) == f"there is no form `word`. There are {known}."


def digest(inputs):
    """What a run's folder keeps of its inputs, to know them again."""
    return listed("input", ((source.name, source.stamp) for source in sources(inputs)))


def test_the_digest_changes_with_names_sizes_and_times_alone(archive):
    first = digest([str(archive)])
    assert digest([str(archive)]) == first
    assert digest([str(archive), str(archive / "b.TXT")]) != first
    (archive / "g.pdf").write_bytes(b"another")
    assert digest([str(archive)]) == first
    os.utime(archive / "b.TXT", ns=(0, 1))
    second = digest([str(archive)])
    assert second != first
    (archive / "z.txt").touch()
    assert digest([str(archive)]) != second


# The form.

FORMS = {
    "a.txt": "text",
    "a.jsonl": "jsonl",
    "A.NDJSON.GZ": "jsonl",
    "a.csv.zst": "csv",
    "a.tsv": "tsv",
    "a.parquet": "parquet",
    "a.feather": "arrow",
    "a.htm.xz": "html",
    "a.warc.gz": "warc",
    "a.doc": None,
    "jsonl": None,
    "a.jsonl/b": None,
}


@pytest.mark.parametrize("name", FORMS)
def test_a_name_tells_the_form(name):
    assert form_of(name) == FORMS[name]


CONTENTS = {
    "a record": (record("a"), "jsonl"),
    "a record behind blanks": (b"\n \r\n" + record("a"), "jsonl"),
    "a record behind a mark": (codecs.BOM_UTF8 + record("a"), "jsonl"),
    "a record longer than what is looked at": (record("a" * 200_000), "jsonl"),
    "a brace in a story": (b"{Editor's note} The bridge opened.", "text"),
    "records packed": (gzip.compress(record("a")), "jsonl"),
    "a page": (b"<!DOCTYPE html>\n<html>", "html"),
    "a page in XML": (b'\xef\xbb\xbf<?xml version="1.0"?>\n<HTML lang="en">', "html"),
    "a tag in a story": (b"<b>The bridge</b> opened.", "text"),
    "Parquet": (b"PAR1\x15\x04", "parquet"),
    "Arrow": (b"ARROW1\0\0", "arrow"),
    "a web archive": (b"WARC/1.0\r\n", "warc"),
    "a story about one": (b"WARC is a format.", "text"),
    "nothing": (b"", "text"),
}


@pytest.mark.parametrize("label", CONTENTS)
def test_the_content_tells_the_form_where_the_name_does_not(label):
    data, form = CONTENTS[label]
    with Stream(io.BytesIO(data)) as stream:
        assert readers._form_by_content(stream.head) == form


# Standard input.

_SCRIPT = """
import json, sys
from copydesk.io import readers
print(json.dumps([(doc.id, doc.reason or doc.raw) for doc in readers.documents(["-"])]))
"""

FED = {
    "a text": ("Zoë came.\n{}".encode(), [["stdin", "Zoë came.\n{}"]]),
    "records": (record("a") + b"\n" + record("b", id=7), [["stdin:1", "a"], ["7", "b"]]),
    "records packed": (gzip.compress(record("a")), [["stdin:1", "a"]]),
    "a text packed": (zstd().compress(b"Ann came."), [["stdin", "Ann came."]]),
    "nothing": (b"", []),  # what wrote into the pipe has found nothing
}


@pytest.mark.parametrize("label", FED)
def test_standard_input(label):
    data, found = FED[label]
    done = subprocess.run([sys.executable, "-c", _SCRIPT], input=data, capture_output=True, check=True)
    assert json.loads(done.stdout) == found


# Files elsewhere: fsspec's own memory and local file systems stand for the others.


@pytest.fixture
def remote():
    files = fsspec.filesystem("memory")
    for name, data in {"a.txt": b"one", "deep/b.jsonl": record("two"), "deep/c.doc": b"three"}.items():
        files.pipe(f"/news/{name}", data)
    yield files
    files.rm("/news", recursive=True)


def test_a_remote_folder_file_and_pattern(remote):
    both = [("a", "one"), ("deep/b:1", "two")]
    assert read("memory://news") == both
    assert read("memory://news/a.txt") == both[:1]
    assert read("memory://news/deep/c.doc") == [("c.doc", "three")]
    assert read("memory://news/*.txt") == both[:1]
    assert read("memory://news/**/*.jsonl") == both[1:]


def test_a_remote_file_is_named_by_its_address(remote):
    remote.pipe("/news/a.jsonl", b"{")
    reason = read("memory://news/a.jsonl")[0][1]
    assert reason.startswith("memory:///news/a.jsonl:1: is not JSON: ")


def test_a_remote_place_that_is_not_there():
    with pytest.raises(InputError) as told:
        read("memory://nowhere/a.txt")
    assert str(told.value) == "memory://nowhere/a.txt: cannot be read: there is no such file or folder."
    with pytest.raises(InputError) as told:
        read("nonsense://a")
    assert str(told.value).startswith("nonsense://a: cannot be read: ValueError: Protocol not known: nonsense")


def test_a_file_address_is_a_file(archive):
    assert read(f"file://{archive}") == FOUND


def test_a_remote_file_that_changes_changes_the_digest(remote):
    first = digest(["memory://news"])
    assert digest(["memory://news"]) == first
    remote.pipe("/news/a.txt", b"another")
    assert digest(["memory://news"]) != first


def test_a_remote_file_that_breaks_off_costs_no_other(remote, monkeypatch):
    class Lost(io.BytesIO):
        def read(self, *_):
            raise RuntimeError("the line is dead")

        read1 = read

    monkeypatch.setattr(
        type(remote), "_open", lambda _, path, *a, **k: Lost() if path.endswith("a.txt") else io.BytesIO(record("b"))
    )
    assert read("memory://news") == [
        ("a", "memory:///news/a.txt: cannot be read: RuntimeError: the line is dead."),
        ("deep/b:1", "b"),
    ]


def test_the_extra_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(InputError) as told:
        read("s3://news/")
    assert str(told.value) == "s3://news/: cannot be read: fsspec is not here: pip install 'copydesk[remote]'"


# Records, for restore.


def test_records_come_from_parts_files_and_folders(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/part-00001.jsonl").write_bytes(record("c"))
    (tmp_path / "parts/part-00000.jsonl.zst").write_bytes(zstd().compress(record("a")) + zstd().compress(record("b")))
    (tmp_path / "parts/rejects.jsonl").write_bytes(record("no"))
    (tmp_path / "parts/manifest.json").write_bytes(b"{}")
    (tmp_path / "files").mkdir()
    (tmp_path / "files/a.json").write_text('{\n "text": "d"\n}')
    inputs = [str(tmp_path / "parts"), str(tmp_path / "files"), str(tmp_path / "parts/part-00001.jsonl")]
    assert [record["text"] for record in readers.records(inputs)] == ["a", "b", "c", "d", "c"]


def test_records_that_cannot_be_read_are_an_error(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(record("a") * 100)[:-4])
    with pytest.raises(InputError) as told:
        list(readers.records([str(path)]))
    size = path.stat().st_size
    assert str(told.value) == (
        f"{path}: is cut off near byte {size:,}: the gzip data does not end. Whole records are kept."
    )


# Whatever comes in.

READERS = {"text": text.items, "jsonl": jsonl.items, "csv": csv.items, "tsv": csv.tabbed}
SOURCE = Source("a.jsonl", "in/a.jsonl", "")
SMALL = Reading(max_chars=50)
ROWS = st.text('a",\n\r\t\0é;"', max_size=200).map(str.encode)
MANGLED = st.builds(
    lambda data, cut, at, byte: (data[:at] + bytes([byte]) + data[at + 1 :])[:cut],
    st.sampled_from(
        [pack(b"".join(record(str(n) * 9) for n in range(40))) for pack in (gzip.compress, zstd().compress, bytes)]
    ),
    st.integers(0, 500),
    st.integers(0, 300),
    st.integers(0, 255),
)
ANY = st.binary(max_size=300) | ROWS | MANGLED


def all_items(form: str, data: bytes) -> list[Item]:
    with Stream(io.BytesIO(data)) as stream:
        return list(READERS[form](stream, SOURCE, SMALL))


@pytest.mark.parametrize("form", READERS)
@given(ANY)
@example(b"\xff\xfe")
@example(b'text\n"')
@example(b"text,a\n" + b'"' * 7)
@example("text\nZoë".encode("utf-16")[:-1])
def test_any_bytes_give_items_and_nothing_else(form, data):
    for item in all_items(form, data):
        doc = document(item, SMALL)
        assert doc.outcome in {"clean", "failed", "rejected"}
        assert doc.id
        assert bool(doc.reason) == (doc.outcome != "clean")


@given(ANY)
def test_any_file_gives_items_and_nothing_else(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "a"
    path.write_bytes(data)
    for item in readers.items([str(path)], SMALL):
        assert document(item, SMALL).outcome in {"clean", "failed", "rejected"}


@given(st.binary(max_size=500))
def test_the_lines_of_jsonl_are_all_there_once(data):
    with Stream(io.BytesIO(data)) as stream:
        if stream.packing or stream.head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return
        found = list(jsonl.items(stream, SOURCE, Reading()))
    lines = [line for line in data.split(b"\n") if line.strip()]
    assert [item.data.removesuffix(b"\n") for item in found] == lines
    numbers = [number for number, line in enumerate(data.split(b"\n"), 1) if line.strip()]
    assert [item.place for item in found] == [f"in/a.jsonl:{number}" for number in numbers]


FIELD = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(ROWS)
def test_all_that_stands_in_a_table_stands_in_one_row_of_it(data):
    data = b"a,b\n" + data
    with Stream(io.BytesIO(data)) as stream:
        rows = csv._Rows(stream, "utf-8", ",", most=1000)
        rows.names = ["a", "b"]
        found = b"".join(rows.raw() for _ in rows)
    assert found.translate(None, b"\r\n") == data.translate(None, b"\r\n")


@given(st.lists(st.tuples(FIELD, FIELD), max_size=8), st.sampled_from([("csv", ","), ("tsv", "\t")]))
def test_what_python_writes_as_csv_comes_back(rows, form):
    import csv as standard

    written = io.StringIO(newline="")
    writer = standard.writer(written, delimiter=form[1], quoting=standard.QUOTE_ALL)
    writer.writerows([("key", "text"), *rows])
    found = [document(item, Reading()) for item in all_items(form[0], codecs.BOM_UTF8 + written.getvalue().encode())]
    assert [(doc.extra["key"], doc.raw) for doc in found] == rows


WHOLE = [record(str(n) * 9) for n in range(40)]
PACKERS = {"gzip": gzip.compress, "zstd": zstd().compress, "bzip2": bz2.compress, "xz": lzma.compress}


def unpacked_lines(data: bytes) -> tuple[list[bytes], str, str]:
    with Stream(io.BytesIO(data)) as stream:
        return list(stream), stream.fault, stream.packing


@pytest.mark.parametrize("packing", PACKERS)
@given(st.floats(0, 1, exclude_max=True))
def test_a_cut_is_told_and_costs_nothing_that_stands_before_it(packing, share):
    data = PACKERS[packing](b"".join(WHOLE))
    lines, fault, packed = unpacked_lines(data[: max(10, int(share * len(data)))])
    assert packed == packing
    assert "is cut off" in fault
    assert b"".join(WHOLE).startswith(b"".join(lines))


@pytest.mark.parametrize("packing", PACKERS)
def test_a_whole_file_stays_whole_however_often_its_end_is_read(packing):
    with Stream(io.BytesIO(PACKERS[packing](b"".join(WHOLE)) * 2)) as stream:
        assert stream.read() == b"".join(WHOLE) * 2
        assert [stream.read(1), stream.readline(), stream.read1(), stream.peek()] == [b""] * 4
        assert stream.fault == ""


@given(st.integers(3, 10_000), st.integers(1, 255))
def test_damage_that_changes_a_line_is_told(place, bits):
    data = bytearray(gzip.compress(b"".join(WHOLE)))
    data[place % (len(data) - 3) + 3] ^= bits
    lines, fault, _ = unpacked_lines(bytes(data))
    assert fault or lines == WHOLE


def test_every_form_has_a_reader():
    for form in readers.FORMS:
        assert callable(readers._reader(form)), form


def test_reading_loads_no_library_that_it_does_not_need(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(record("a"))
    script = (
        "import sys; from copydesk.io import readers; print(len(list(readers.documents([sys.argv[1]]))), "
        "[m for m in ('pyarrow', 'trafilatura', 'warcio', 'fsspec', 'numpy', 'backports.zstd') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "a.jsonl"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "1 []\n"
