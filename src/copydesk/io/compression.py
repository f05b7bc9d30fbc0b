"""Packed files: gzip, zstd, bzip2 and xz, told by their first bytes. A name may lie, and a download often does.

A file that is cut off, damaged or out to fill the disk gives what it holds up to there, and then its fault. Nothing is
raised before the last whole record is out: the stream ends, and whoever read it asks for the `fault`.
"""

from __future__ import annotations

import bz2
import contextlib
import io
import lzma
import re
import sys
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _typeshed import WriteableBuffer

PIECE = 131_072
"""Bytes of a file that are read at once."""
_GZIP_BOMB, _BOMB = 67_108_864, 268_435_456
"""Bytes that one piece may unpack to: 512 times as much in gzip, 2,048 times in the others. The limit is on what one
piece gives, not on the file: a bomb behind honest data is no better off. Measured: 8,000 articles as JSONL pack 4 to 5
times smaller; 20,000 copies of one article with new ids 144 times in gzip, 1,044 to 1,136 times in zstd; zeros 1,030
times in gzip, 32,000 times in zstd."""
_WINDOW = 27  # log2 of what zstd may keep in memory: 128 MB, its own default; `zstd --long=31` writes 2 GB

_SIGNS = {
    "gzip": re.compile(rb"\x1f\x8b\x08"),
    "zstd": re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),  # a frame, or one to skip (pzstd writes them)
    "bzip2": re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"),
    "xz": re.compile(rb"\xfd7zXZ\0"),
}


class _Decompressor(Protocol):
    """What the decompressors of `bz2`, `lzma` and `compression.zstd` have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ...) -> bytes: ...


class _Gzip:
    """One member of a gzip file, in the manner of the others. zlib checks its check sum and its length.

    zlib gives nothing of a stretch in which something is wrong. That stretch is unpacked again byte by byte, up to the
    very place: a wrong check sum stands behind the last record, and costs none.
    """

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self._error: zlib.error | None = None
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = 0) -> bytes:
        if self._error:
            raise self._error
        data = self._inner.unconsumed_tail + data
        before = self._inner.copy()
        try:
            out = self._inner.decompress(data, max_length)
        except zlib.error as error:
            self._error, self.needs_input = error, False
            return b"".join(_good_bytes(before, data))
        self.needs_input = len(out) < max_length and not self._inner.unconsumed_tail
        return out


def _good_bytes(decompressor: Any, data: bytes) -> Iterator[bytes]:
    with contextlib.suppress(zlib.error):
        for place in range(len(data)):
            yield decompressor.decompress(data[place : place + 1])


def _zstd() -> _Decompressor:
    module = zstd()
    decompressor: _Decompressor = module.ZstdDecompressor(
        options={module.DecompressionParameter.window_log_max: _WINDOW}
    )
    return decompressor


def zstd() -> Any:
    """The standard library's zstd, or the same for a Python before 3.14."""
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415 (not every file is packed)
    else:
        from backports import zstd  # noqa: PLC0415
    return zstd


_OPENERS: dict[str, Callable[[], _Decompressor]] = {
    "gzip": _Gzip,
    "zstd": _zstd,
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(memlimit=1 << 28),
}


class Stream(io.BufferedReader):
    """The unpacked bytes of a file. Once they are at their end, `fault` says what is wrong with it, or nothing.

    `packing` is how the file is packed, empty where it is not. `head` is how it begins, unpacked.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._start = _beginning(file)
        self.packing = next((name for name, sign in _SIGNS.items() if sign.match(self._start)), "")
        self._source = _Packed(file, self._start, self.packing) if self.packing else _Plain(file, self._start)
        super().__init__(self._source, PIECE)

    @property
    def head(self) -> bytes:
        return self.peek()

    @property
    def fault(self) -> str:
        return self._source.fault

    def as_it_lies(self) -> BinaryIO:
        """The file from its start and not unpacked, for who has read nothing but the head."""
        if self._file.seekable():
            self._file.seek(0)
            return self._file
        return io.BufferedReader(_Plain(self._file, self._start), PIECE)


def _beginning(file: BinaryIO) -> bytes:
    """The first piece, or as much as there is with a whole line in it: a pipe may say no more for hours."""
    data = b""
    while len(data) < PIECE and b"\n" not in data and (more := _some(file, PIECE - len(data))):
        data += more
    return data


def _some(file: BinaryIO, size: int) -> bytes:
    """What there is, at least a byte and at most so many; nothing at the end."""
    read: Callable[[int], bytes] = getattr(file, "read1", file.read)
    return read(size)


class _Plain(io.RawIOBase):
    """A file's bytes as they are, its first ones having been read."""

    def __init__(self, file: BinaryIO, start: bytes) -> None:
        self.file = file
        self.held = start
        self.fault = ""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        room = memoryview(buffer).cast("B")
        data = b"" if self.fault else self._next(len(room))
        room[: len(data)] = data
        return len(data)

    def _next(self, size: int) -> bytes:
        data, self.held = self.held[:size], self.held[size:]
        return data or self.read_file(size)

    def read_file(self, size: int) -> bytes:
        """More of the file. Where it cannot be read on, that is its fault."""
        try:
            return _some(self.file, size)
        except OSError as error:
            self.fault = f"cannot be read on: {error.strerror or error}. What came before is kept."
            return b""


class _Packed(_Plain):
    """A packed file's bytes unpacked, one member or frame after the other."""

    def __init__(self, file: BinaryIO, start: bytes, packing: str) -> None:
        super().__init__(file, start)
        self.packing = packing
        self.position = len(start)  # bytes of the file that were read
        self.given = 0  # bytes that the last piece unpacked to
        self.ended = False
        self.decompressor = _OPENERS[packing]()

    def _next(self, size: int) -> bytes:
        """Some unpacked bytes; none at the end, or where the fault is known."""
        out = b""
        try:
            while not (out or self.fault or self.ended):
                if not self.decompressor.eof or self._next_member():
                    out = self._unpacked(size)
        except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zstd().ZstdError) as error:
            self.fault = f"is damaged {self._place()}: {self.packing} says “{error}”. What was unpacked before is kept."
        return out

    def _unpacked(self, size: int) -> bytes:
        if self.decompressor.needs_input and not self.held:
            self._more()
            if not self.held and not self.fault:
                self.fault = (
                    f"is cut off {self._place()}: the {self.packing} data does not end. Whole records are kept."
                )
                return b""
        data, self.held = self.held, b""
        out = self.decompressor.decompress(data, size)
        self.given += len(out)
        most = _GZIP_BOMB if self.packing == "gzip" else _BOMB
        if self.given > most:
            self.fault = f"is a bomb {self._place()}: {PIECE:,} bytes unpack to more than {most:,}. It is not read on."
        return out

    def _next_member(self) -> bool:
        """Whether another member follows. Zeros may stand behind gzip (tapes are filled so); all else is told."""
        self.held = self.decompressor.unused_data + self.held
        self.decompressor = _OPENERS[self.packing]()
        while True:
            self.held = self.held.lstrip(b"\0") if self.packing in ("gzip", "xz") else self.held
            if len(self.held) >= 10 or not self._more():  # ten bytes are the longest sign
                break
        if self.held and not _SIGNS[self.packing].match(self.held):
            self.fault = f"has something behind its {self.packing} data {self._place()}, which is not read."
        self.ended = not self.held
        return not (self.ended or self.fault)

    def _more(self) -> bool:
        piece = self.read_file(PIECE)
        self.position += len(piece)
        self.given = 0
        self.held += piece
        return bool(piece)

    def _place(self) -> str:
        return f"near byte {self.position - len(self.held):,}"
