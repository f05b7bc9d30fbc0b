"""Web archives (WARC): the pages and plain texts in them, each with its address and the day it was fetched.

Crawlers write a record for each answer of a server, and gzip each record by itself, so that one can be had without the
others. That makes it possible to go on behind a broken one, and the readers that there are do not: warcio 1.8 and
FastWARC 2.0 stop at the first flipped bit, and what is cut short they give as if it were whole, or leave out without a
word. So this is our own.

Taken are `response` records with status 2xx, `resource` and `conversion` (Common Crawl's texts), of HTML or plain text.
All others, pictures, redirects and the crawler's own notes, are passed over.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, NoReturn

from copydesk.io.formats.html import Given, check_extra, largest
from copydesk.io.items import Item, fault, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from copydesk.io.items import Reading
    from copydesk.io.sources import Source

_GZIP = b"\x1f\x8b\x08"
_MARK = b"WARC/"
_PIECE = 65_536
"""Bytes that are read or unpacked at a time: a bomb fills no more."""

_HEAD = 65_536
"""Bytes that a record's head may have; real ones have 300 to 2,000."""

_BACK = 1 << 27
"""Bytes that may be read a second time, looking for records behind broken ones: a hostile archive could ask for more
without end. From there on it goes forwards alone."""

_TAKEN = ("response", "resource", "conversion")
_HTML = ("text/html", "application/xhtml+xml")
_PLAIN = ("text/plain",)
_BLANK = re.compile(rb"[\r\n]*")
_GAP = re.compile(rb"\r?\n\r?\n|\nWARC/")
"""What ends a record's head: an empty line, or, where that is missing, the next record."""
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[^\r\n]{0,200}\r?\n")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)


class _BrokenError(Exception):
    """A record cannot be read. The message says why."""


class _Record(NamedTuple):
    """One record: its head's fields (names in small letters), its block as far as it is wanted, its whole length."""

    fields: dict[str, str]
    block: bytes
    length: int


class _Page(NamedTuple):
    """What a record holds: its media type and charset, its body, and how that is packed."""

    media: str
    charset: str
    body: bytes
    packed: tuple[str, ...] = ()


def items(stream: BinaryIO, source: Source, reading: Reading) -> Iterator[Item]:
    """An item for each page. A broken record is a fault with its place; the next one that can be found goes on.

    The stream is the archive as it lies there: of one that was unpacked before, a broken member ends it all.
    """
    check_extra()
    tape = _Tape(stream)
    zipped = tape.hold(3).startswith(_GZIP)
    while tape.fill(1):
        place = f"{source.address}:byte {tape.place}"
        if zipped and not tape.hold(3).startswith(_GZIP):
            if tape.only_zeros():
                return
            yield fault(f"{source.id}:{tape.place}", place, "no WARC record starts here.")
            tape.recover(tape.place)
            continue
        yield from _reeled(tape, source, largest(reading), zipped=zipped)


def _reeled(tape: _Tape, source: Source, most: int, *, zipped: bool) -> Iterator[Item]:
    """The items of one gzip member, or of a whole plain archive."""
    start = tape.place
    reel = _Reel(_member(tape) if zipped else tape.rest())
    while reel.goes_on():
        at = f"{start}+{reel.place}" if zipped and reel.place else f"{start + reel.place}"
        id_, place = f"{source.id}:{at}", f"{source.address}:byte {at}"
        try:
            item = _item(reel.record(most), id_, place, most)
        except _BrokenError as error:
            item = fault(id_, place, str(error))
        if item:
            yield item
        if reel.fault:
            tape.recover(start + 1)
            return


def _item(record: _Record, id_: str, place: str, most: int) -> Item | None:
    """The item of a record, or None where it holds no page and no text."""
    page = _page(record) if record.fields.get("warc-type") in _TAKEN else None
    if page is None or page.media not in _HTML + _PLAIN:
        return None
    url = record.fields.get("warc-target-uri", "").strip("<>")
    id_ = record.fields.get("warc-record-id", "").strip("<>") or (f"{url}#{id_.rpartition(':')[2]}" if url else id_)
    body = page.body if record.length <= most else b""
    for coding in page.packed if body else ():
        body = _unpacked(body, coding, most)
    if record.length > most or len(body) > most:
        return refused(id_, place, f"the page has more than {most:,} bytes; see --max-chars.")
    given = Given(url, record.fields.get("warc-date", ""), page.charset, page.media in _PLAIN)
    return Item(id_, place, "html", body, given.note())


def _page(record: _Record) -> _Page | None:
    """What a record holds, out of the server's answer where it is one; None for an answer that brings no page."""
    kind = record.fields.get("content-type", "")
    if not kind.startswith("application/http"):
        return _Page(_media(kind), _charset(kind), record.block)
    head, body = _parted(record.block)
    status, _, lines = head.partition(b"\n")
    if not re.match(rb"HTTP/[\d.]+ +2\d\d", status):
        return None
    fields = _fields(lines)
    kind = fields.get("content-type") or record.fields.get("warc-identified-payload-type", "")
    codings = f"{fields.get('content-encoding', '')},{fields.get('transfer-encoding', '')}".lower().split(",")
    packed = tuple(coding.strip() for coding in reversed(codings) if coding.strip() not in ("", "identity"))
    return _Page(_media(kind), _charset(kind), body, packed)


def _media(kind: str) -> str:
    return kind.partition(";")[0].strip().lower()


def _charset(kind: str) -> str:
    found = _CHARSET.search(kind)
    return found.group(1) if found else ""


def _parted(block: bytes) -> tuple[bytes, bytes]:
    """The head of an answer and its body, at the first empty line."""
    for gap in (b"\r\n\r\n", b"\n\n"):
        head, found, body = block.partition(gap)
        if found and len(head) < _HEAD:
            return head, body
    return block, b""


def _fields(head: bytes) -> dict[str, str]:
    """Header fields by name, in small letters; the first of a name counts."""
    fields: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").splitlines():
        name, colon, value = line.partition(":")
        if colon:
            fields.setdefault(name.strip().lower(), value.strip())
    return fields


# How a server packs a body. Crawlers often unpack it and leave the field as it was: then it is taken as it is.


def _unpacked(body: bytes, coding: str, most: int) -> bytes:
    """The body without one coding, or a little more than `most` bytes of it. Raises _BrokenError."""
    if body.lstrip()[:1] == b"<":
        return body
    try:
        if coding == "chunked":
            return _joined(body)
        if coding in ("gzip", "x-gzip", "deflate"):
            return _inflated(body, coding, most)
        if coding == "br":
            return _unbrotlied(body, most)
    except (zlib.error, ValueError) as error:
        raise _BrokenError(f"the page is packed as {coding}, and broken: {error}.") from None
    raise _BrokenError(f"the page is packed as `{coding[:20]}`, which is not known here.")


def _joined(body: bytes) -> bytes:
    """A body that was sent in chunks."""
    parts: list[bytes] = []
    place = 0
    while chunk := _CHUNK.match(body, place):
        size = int(chunk[1], 16)
        if not size:
            return b"".join(parts)
        part = body[chunk.end() : chunk.end() + size]
        parts.append(part)
        place = chunk.end() + size + 2
        if len(part) < size:
            break
    if not parts:
        return body
    raise ValueError("its chunks stop before their end")


def _inflated(body: bytes, coding: str, most: int) -> bytes:
    """What is gzip or zlib, whatever it is called; bare deflate, which its bytes do not tell, under its own name."""
    if body.startswith(_GZIP) or body[:1] == b"\x78":
        width = 31 if body.startswith(_GZIP) else 15
    elif coding == "deflate":
        width = -15
    else:
        return body
    packed = zlib.decompressobj(width)
    plain = packed.decompress(body, most + 1)
    if not packed.eof and len(plain) <= most:
        raise ValueError("it stops before its end")
    return plain


def _unbrotlied(body: bytes, most: int) -> bytes:
    try:
        import brotli  # type: ignore[import-not-found, import-untyped, unused-ignore]  # noqa: PLC0415 (an extra)
    except ImportError:
        raise _BrokenError("the page is packed as br: pip install 'copydesk[warc]' to read it.") from None
    packed = brotli.Decompressor()
    try:
        plain: bytes = packed.process(body, output_buffer_limit=most + 1)
    except brotli.error as error:
        raise ValueError(str(error)) from None
    if not packed.is_finished() and len(plain) <= most:
        raise ValueError("it stops before its end")
    return plain


# Reading the archive.


class _Tape:
    """The bytes of an archive, read forwards in pieces. `place` is where in the file the ones in hand start."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.hand = bytearray()
        self.place = 0
        self.back = 0

    def fill(self, size: int) -> bool:
        """Have so many bytes in hand where there are; whether there are any."""
        while len(self.hand) < size and (piece := self.stream.read(_PIECE)):
            self.hand += piece
        return bool(self.hand)

    def hold(self, size: int) -> bytes:
        """The next bytes, so many where there are, without going past them."""
        self.fill(size)
        return bytes(self.hand[:size])

    def piece(self) -> bytes:
        """The next bytes, as many as are at hand."""
        self.fill(1)
        return self.drop(len(self.hand))

    def drop(self, size: int) -> bytes:
        piece = bytes(self.hand[:size])
        del self.hand[:size]
        self.place += len(piece)
        return piece

    def put_back(self, piece: bytes) -> None:
        self.hand[:0] = piece
        self.place -= len(piece)

    def rest(self) -> Iterator[bytes]:
        while piece := self.piece():
            yield piece

    def only_zeros(self) -> bool:
        """Whether nothing but zeros is left, with which some tapes and disks are filled up. They are dropped."""
        while self.hold(1) == b"\0":
            self.drop(len(self.hand) - len(self.hand.lstrip(b"\0")))
        return not self.hand

    def recover(self, place: int) -> None:
        """Go to the next gzip member that holds a record, from a place in the file on where it can be gone back to."""
        far = self.place + len(self.hand) - place
        if self.back + far <= _BACK and self.stream.seekable():
            self.back += far
            self.stream.seek(place)
            self.hand.clear()
            self.place = place
        while self.fill(_PIECE):
            at = self.hand.find(_GZIP)
            self.drop(at if at >= 0 else max(1, len(self.hand) - 2))
            if at >= 0:
                if _opens_record(self.hold(512)):
                    return
                self.drop(1)


def _opens_record(piece: bytes) -> bool:
    """Whether a gzip member starts here that holds a record: its three first bytes stand in others by chance."""
    try:
        return zlib.decompressobj(31).decompress(piece, len(_MARK)) == _MARK
    except zlib.error:
        return False


def _member(tape: _Tape) -> Iterator[bytes]:
    """The plain bytes of one gzip member. Raises _BrokenError. The tape stands behind it at the end."""
    packed = zlib.decompressobj(31)
    while not packed.eof:
        data = packed.unconsumed_tail or tape.piece()
        try:
            plain = packed.decompress(data, _PIECE)
        except zlib.error as error:
            raise _BrokenError(f"the gzip data is broken: {str(error).partition(': ')[2] or error}.") from None
        if plain:
            yield plain
        elif not data and not packed.eof:
            raise _BrokenError("the archive is cut short: its gzip data stops before its end.")
    tape.put_back(packed.unused_data)


class _Reel:
    """Plain bytes with records in them. `place` counts from the first; `fault` is why no more can be had."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces = pieces
        self.hand = bytearray()
        self.place = 0
        self.fault = ""
        self.back = 0

    def goes_on(self) -> bool:
        """Whether something stands here, be it a fault. The blank lines between two records are passed."""
        while True:
            blank = _BLANK.match(self.hand)
            self._drop(blank.end() if blank else 0)
            if self.hand or not self._more():
                return bool(self.hand or self.fault)

    def record(self, most: int) -> _Record:
        """The record that starts here, with no more than `most` bytes of its block. Raises _BrokenError.

        It is whole if what follows is another one, or the end: gzip's checksum has been compared then.
        """
        fields = self._head()
        length, place = int(fields["content-length"]), self.place
        block = self._take(min(length, most))
        missing = self._skip(length - len(block))
        if missing or (self.goes_on() and not self._at_record()):
            if length <= most:
                self._look_back(block, place)
            self._go_on("the record is shorter than it says." if missing else "the record is longer than it says.")
        return _Record(fields, block, length)

    def _head(self) -> dict[str, str]:
        """The head's fields; it is dropped."""
        while not (end := _GAP.search(self.hand)) and len(self.hand) < _HEAD and self._more():
            pass
        if not self._at_record():
            self._go_on("no WARC record starts here.")
        if not end or end.group().endswith(_MARK):
            self._go_on("the record's head has no end.")
        fields = _fields(bytes(self.hand[: end.end()]))
        if not re.fullmatch("[0-9]{1,15}", fields.get("content-length", "")):
            self._go_on("the record has no length.")
        self._drop(end.end())
        return fields

    def _at_record(self) -> bool:
        self._fill(len(_MARK))
        return self.hand.startswith(_MARK)

    def _go_on(self, reason: str) -> NoReturn:
        """Go to the next line that starts as a record does, and say why; behind broken gzip data there is none."""
        reason = self.fault or reason
        while not self.fault and (at := self.hand.find(b"\n" + _MARK)) < 0:
            self._drop(max(0, len(self.hand) - len(_MARK)))
            if not self._more():
                break
        self._drop(len(self.hand) if self.fault or at < 0 else at + 1)
        raise _BrokenError(reason)

    def _look_back(self, block: bytes, place: int) -> None:
        """Put a block back, and the blank lines after it: with a length that is wrong it may hold the next records."""
        if self.back + len(block) <= _BACK:
            self.back += len(block)
            self.hand[:0] = block + b"\n" * (self.place - place - len(block))
            self.place = place

    def _more(self) -> bool:
        try:
            piece = next(self.pieces, b"")
        except _BrokenError as error:
            self.fault, piece = str(error), b""
        self.hand += piece
        return bool(piece)

    def _fill(self, size: int) -> None:
        while len(self.hand) < size and self._more():
            pass

    def _take(self, size: int) -> bytes:
        self._fill(size)
        taken = bytes(self.hand[:size])
        self._drop(len(taken))
        return taken

    def _skip(self, size: int) -> int:
        """Drop so many bytes, piece by piece; how many were not there."""
        while size and (self.hand or self._more()):
            some = min(size, len(self.hand))
            self._drop(some)
            size -= some
        return size

    def _drop(self, size: int) -> None:
        del self.hand[:size]
        self.place += size
