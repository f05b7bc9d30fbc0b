"""Web archives: pages out of records, and whatever is broken in an archive costs what is broken."""

from __future__ import annotations

import gzip
import io
import json
import random
import re
import zlib
from uuid import uuid4

import pytest
from warcio.archiveiterator import ArchiveIterator

from copydesk.io.documents import document
from copydesk.io.formats import warc
from copydesk.io.items import Reading
from copydesk.io.sources import Source

SOURCE = Source("crawl.warc.gz", "dir/crawl.warc.gz", "")
DATE = "2024-03-04T09:15:00Z"


def page(number: int) -> bytes:
    story = f"<p>Story {number}. The old bridge at Marlow opened again on Monday, the council said in a statement.</p>"
    return (
        f"<html><head><title>Bridge {number}</title></head><body><article>{story * 3}</article></body></html>".encode()
    )


class Archive:
    """An archive, a record after the other, and where each starts."""

    def __init__(self, *, zipped: bool = True) -> None:
        self.zipped = zipped
        self.data = b""
        self.starts: list[int] = []

    def add(
        self, body: bytes, kind="response", *, url="http://echo.example/", status="200 OK", type_="text/html", **http
    ):
        """A record; with status and headers as a server answers where it is a response."""
        if kind == "response":
            lines = [
                f"HTTP/1.1 {status}",
                f"Content-Type: {type_}",
                *(f"{name}: {value}" for name, value in http.items()),
            ]
            body = "\r\n".join([*lines, "", ""]).encode() + body
            type_ = "application/http; msgtype=response"
        fields = {
            "WARC-Type": kind,
            "WARC-Record-ID": f"<urn:uuid:{uuid4()}>",
            "WARC-Target-URI": url,
            "WARC-Date": DATE,
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in {**fields, "Content-Type": type_}.items())
        record = f"WARC/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body + b"\r\n\r\n"
        self.starts.append(len(self.data))
        self.data += gzip.compress(record) if self.zipped else record
        return self


def pages(count=6, *, zipped=True) -> Archive:
    archive = Archive(zipped=zipped)
    for number in range(count):
        archive.add(page(number), url=f"http://echo.example/{number}")
    return archive


def read(data: bytes, **reading):
    return list(warc.items(io.BytesIO(data), SOURCE, Reading(**reading)))


def found(items):
    """The numbers of the stories in items that are no faults."""
    return [int(re.search(rb"Story (\d+)", item.data)[1]) for item in items if item.kind == "html"]


def faults(items):
    return [item.note for item in items if item.kind == "fault"]


@pytest.mark.parametrize("zipped", [True, False])
def test_every_page_comes_with_its_place_address_and_day(zipped):
    archive = pages(zipped=zipped)
    items = read(archive.data)
    assert found(items) == list(range(6))
    assert [item.place for item in items] == [f"dir/crawl.warc.gz:byte {start}" for start in archive.starts]
    assert json.loads(items[3].note) == {"url": "http://echo.example/3", "archived": DATE}
    assert all(item.id.startswith("urn:uuid:") for item in items)
    doc = document(items[3], Reading())
    assert doc.extra["page"] == {"title": "Bridge 3", "url": "http://echo.example/3", "archived": DATE}
    assert doc.raw.startswith("Story 3. The old bridge")


@pytest.mark.parametrize("zipped", [True, False])
def test_it_reads_what_warcio_reads(zipped):
    data = pages(20, zipped=zipped).data
    theirs = [record.content_stream().read() for record in ArchiveIterator(io.BytesIO(data))]
    assert [item.data for item in read(data)] == theirs


def test_an_archive_zipped_as_a_whole_is_read_as_well():
    archive = pages(zipped=False)
    items = read(gzip.compress(archive.data))
    assert found(items) == list(range(6))
    assert items[1].place == f"dir/crawl.warc.gz:byte 0+{archive.starts[1]}"


def test_other_records_are_passed_over():
    archive = Archive()
    archive.add(b"software: test", "warcinfo", type_="application/warc-fields")
    archive.add(b"\x89PNG", type_="image/png").add(b"{}", type_="application/json")
    archive.add(b"<html>moved</html>", status="301 Moved Permanently").add(b"<html>no</html>", status="404 Not Found")
    archive.add(b"GET / HTTP/1.1\r\n\r\n", "request", type_="application/http; msgtype=request")
    archive.add(b"fetched: yes", "metadata", type_="application/warc-fields")
    archive.add(page(1), "resource")
    assert found(read(archive.data)) == [1]


@pytest.mark.parametrize("kind", ["response", "resource", "conversion"])
def test_plain_text_is_taken_as_it_is(kind):
    text = "<b>no</b> page\nThe bridge is open.\n"
    item = read(Archive().add(text.encode(), kind, type_="text/plain; charset=utf-8").data)[0]
    doc = document(item, Reading())
    assert doc.raw == text
    assert doc.extra == {"page": {"url": "http://echo.example/", "archived": DATE}}


def test_the_servers_charset_counts():
    text = "<html><body><p>Мост снова открыт для движения, сообщила администрация города.</p></body></html>"
    item = read(Archive().add(text.encode("koi8-r"), type_="text/html; charset=KOI8-R").data)[0]
    assert document(item, Reading()).raw.startswith("Мост снова открыт")


def chunked(body: bytes) -> bytes:
    return (
        b"".join(b"%x;x=1\r\n%b\r\n" % (len(body[n : n + 50]), body[n : n + 50]) for n in range(0, len(body), 50))
        + b"0\r\n\r\n"
    )


def deflated(body: bytes) -> bytes:
    bare = zlib.compressobj(wbits=-15)
    return bare.compress(body) + bare.flush()


def brotlied(body: bytes) -> bytes:
    import brotli

    return brotli.compress(body)


PACKED = {
    "gzip": (gzip.compress, {"Content-Encoding": "gzip"}),
    "zlib": (zlib.compress, {"Content-Encoding": "deflate"}),
    "deflate": (deflated, {"Content-Encoding": "deflate"}),
    "brotli": (brotlied, {"Content-Encoding": "br"}),
    "chunked": (chunked, {"Transfer-Encoding": "chunked"}),
    "both": (lambda body: chunked(gzip.compress(body)), {"Content-Encoding": "gzip", "Transfer-Encoding": "chunked"}),
    "unpacked before": (lambda body: body, {"Content-Encoding": "gzip", "Transfer-Encoding": "chunked"}),
}


@pytest.mark.parametrize("name", PACKED)
def test_a_packed_page_is_unpacked(name):
    pack, headers = PACKED[name]
    assert read(Archive().add(pack(page(1)), **headers).data)[0].data == page(1)


def test_a_text_that_the_crawler_has_unpacked_is_taken_as_it_is():
    archive = Archive().add(b"The bridge is open.", type_="text/plain", **{"Content-Encoding": "gzip"})
    assert read(archive.data)[0].data == b"The bridge is open."


@pytest.mark.parametrize("name", ["gzip", "zlib", "deflate", "brotli", "chunked", "both"])
def test_a_packed_page_that_is_cut_is_a_fault(name):
    pack, headers = PACKED[name]
    archive = Archive().add(pack(page(1))[:-20], **headers).add(page(2))
    items = read(archive.data)
    assert found(items) == [2]
    assert faults(items)[0].startswith("dir/crawl.warc.gz:byte 0: the page is packed as ")


def test_an_unknown_packing_is_a_fault():
    items = read(Archive().add(b"\x28\xb5\x2f\xfd", **{"Content-Encoding": "zstd"}).data)
    assert faults(items) == ["dir/crawl.warc.gz:byte 0: the page is packed as `zstd`, which is not known here."]


@pytest.mark.parametrize("name", ["gzip", "deflate", "brotli"])
def test_a_bomb_stops_at_the_limit(name):
    pack, headers = PACKED[name]
    item = read(Archive().add(pack(b"a" * 30_000_000), **headers).data)[0]
    assert (item.kind, item.data) == ("refused", b"")
    assert item.note == "dir/crawl.warc.gz:byte 0: the page has more than 10,000,000 bytes; see --max-chars."


def test_a_long_page_is_refused_and_a_long_film_passed_over():
    archive = Archive().add(b"a" * 12_000_000).add(b"a" * 12_000_000, type_="video/mp4").add(page(3))
    items = read(archive.data)
    assert [item.kind for item in items] == ["refused", "html"]
    assert [item.kind for item in read(archive.data, max_chars=20_000_000)] == ["html", "html"]


# Broken archives.


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


@pytest.mark.parametrize("within", [0, 3, 20, 150])
def test_a_flipped_byte_costs_its_record(within):
    archive = pages()
    items = read(flipped(archive.data, archive.starts[2] + within))
    assert found(items) == [0, 1, 3, 4, 5]
    assert [fault.partition(": ")[0] for fault in faults(items)] == [f"dir/crawl.warc.gz:byte {archive.starts[2]}"]


def test_a_wrong_checksum_costs_its_record():
    archive = pages()
    items = read(flipped(archive.data, archive.starts[3] - 6))
    assert found(items) == [0, 1, 3, 4, 5]
    assert faults(items) == [
        f"dir/crawl.warc.gz:byte {archive.starts[2]}: the gzip data is broken: incorrect data check."
    ]


def test_a_cut_archive_keeps_what_is_whole():
    archive = pages()
    items = read(archive.data[: archive.starts[5] + 100])
    assert found(items) == [0, 1, 2, 3, 4]
    place = f"dir/crawl.warc.gz:byte {archive.starts[5]}"
    assert faults(items) == [f"{place}: the archive is cut short: its gzip data stops before its end."]


def test_a_cut_plain_archive_keeps_what_is_whole():
    archive = pages(zipped=False)
    items = read(archive.data[: archive.starts[5] + 500])
    assert found(items) == [0, 1, 2, 3, 4]
    assert faults(items) == [f"dir/crawl.warc.gz:byte {archive.starts[5]}: the record is shorter than it says."]


@pytest.mark.parametrize(
    "length", [b"Content-Length: 9", b"Content-Length: x", b"Content-Size: "], ids=["long", "letters", "none"]
)
@pytest.mark.parametrize("zipped", [True, False])
def test_a_wrong_length_costs_its_record(length, zipped):
    plain = pages(zipped=False)
    records = [plain.data[a:b] for a, b in zip(plain.starts, [*plain.starts[1:], None], strict=True)]
    records[2] = records[2].replace(b"Content-Length: ", length, 1)
    items = read(b"".join(map(gzip.compress, records) if zipped else records))
    assert found(items) == [0, 1, 3, 4, 5]
    assert len(faults(items)) == 1


def test_a_length_too_small_costs_its_record():
    plain = pages(zipped=False)
    start = plain.starts[2]
    shorter = re.sub(
        rb"Content-Length: (\d+)", lambda m: b"Content-Length: %d" % (int(m[1]) - 40), plain.data[start:], count=1
    )
    items = read(plain.data[:start] + shorter)  # of as many figures
    assert found(items) == [0, 1, 3, 4, 5]
    assert faults(items) == [f"dir/crawl.warc.gz:byte {start}: the record is longer than it says."]
    assert [item.place for item in items] == [f"dir/crawl.warc.gz:byte {start}" for start in plain.starts]


def test_what_stands_between_two_records_is_a_fault():
    archive = pages()
    data = archive.data[: archive.starts[3]] + b"<html>no record</html>\n" + archive.data[archive.starts[3] :]
    items = read(data)
    assert found(items) == list(range(6))
    assert faults(items) == [f"dir/crawl.warc.gz:byte {archive.starts[3]}: no WARC record starts here."]


def test_zeros_at_the_end_are_nothing():
    assert faults(read(pages().data + b"\0" * 100_000)) == []


@pytest.mark.parametrize(
    "data", [b"no archive\n" * 50, gzip.compress(b"no archive\n" * 50), b"\0" * 9], ids=["text", "gzip", "zeros"]
)
def test_what_is_no_archive_is_one_fault(data):
    assert faults(read(data)) == ["dir/crawl.warc.gz:byte 0: no WARC record starts here."]


def test_nothing_is_nothing():
    assert read(b"") == []


class Pipe(io.BytesIO):
    def seekable(self):
        return False

    def seek(self, *_):
        raise OSError("a pipe cannot be sought in")


def test_from_a_pipe_the_records_far_behind_a_broken_one_are_found():
    archive = pages(2000)
    data = flipped(archive.data, archive.starts[2] + 20)
    items = list(warc.items(Pipe(data), SOURCE, Reading()))
    assert found(items)[:2] == [0, 1]
    assert found(items)[-1] == 1999
    assert len(faults(items)) == 1


def test_flipped_bits_never_raise_and_cost_little():
    draw = random.Random(4)
    archive = pages(12)
    for _ in range(150):
        items = read(flipped(archive.data, draw.randrange(len(archive.data))))
        assert len(found(items)) >= 10
        assert found(items) == sorted(set(found(items)))


def test_a_hostile_archive_is_not_read_over_and_over():
    """Members that hold the next ones and then break; records whose length takes in all that follow."""
    holding = gzip.compress(b"", mtime=0)[:10] + b"\0\xff\xff\0\0WARC/"  # deflate's block of 65,535 bytes as they are
    swallowing = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 9999999\r\n\r\n"
    for data in (holding * 20_000, swallowing * 5_000, b"WARC/1.0\r\n" * 20_000):
        stream = Counted(data)
        assert not found(warc.items(stream, SOURCE, Reading()))
        assert stream.given <= warc._BACK + 3 * len(data)


class Counted(io.BytesIO):
    given = 0

    def read(self, size=-1):
        data = super().read(size)
        self.given += len(data)
        return data
