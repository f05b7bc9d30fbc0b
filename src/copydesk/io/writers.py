"""Records into one file: JSON lines, plain or packed, Parquet, or a folder of texts.

What is written can fail at any call, and each failure names its place. Nothing here renames: who writes a file beside
its final name does (run/output.py, run/folder.py), with the means that stand here.

JSON lines are packed a frame a batch, so a file's bytes depend on its batches alone, and a file that was cut between
two batches is continued by copying it. zstd at level 3: on records of 1.7 kB it makes 3.0 of 1 and takes 0.015 ms each;
level 9 makes 3.3 and takes four times as long, in the one process that all others wait for.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import stat
import sys
from typing import TYPE_CHECKING, Any, Protocol
from zlib import crc32

import msgspec

from copydesk.errors import ConfigError, OutputError
from copydesk.io.compression import zstd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

ZSTD = "jsonl.zst"
FORMS = {"jsonl": ".jsonl", ZSTD: ".jsonl.zst", "jsonl.gz": ".jsonl.gz", "parquet": ".parquet", "text": ""}
"""The forms that a file of records may have, and how its name ends."""

_LEVEL = 3
_GZIP_LEVEL = 6
_BLOCK = 1 << 20  # bytes
_ENDING = re.compile(r"(\.(jsonl|ndjson)(\.zst|\.gz)?|\.parquet)$", re.IGNORECASE)
_UNSAFE = re.compile(r"[^\w.-]|^\.+|^(?i:con|prn|aux|nul|com\d|lpt\d)(?=\.|$)")  # the last are devices on Windows
_LONGEST_NAME = 200  # bytes: file systems take 255, and a check sum and an ending come to it


class Writer(Protocol):
    """Takes records as lines of JSON (without the line's end), a batch at a time.

    `close` returns when all of it is on the disk, and may be called again. Both raise OutputError, and BrokenPipeError
    where the reader of a pipe has gone.
    """

    def write(self, lines: Sequence[bytes]) -> None: ...
    def close(self) -> None: ...


def form_of(path: Path) -> str:
    """The form that a file's name asks for. Raises ConfigError where it asks for none."""
    return ending(path).lower().removeprefix(".").replace("ndjson", "jsonl")


def ending(path: Path) -> str:
    """The end of a file's name that tells its form, as it is written there. Raises ConfigError where nothing does."""
    found = _ENDING.search(path.name)
    if found is None:
        known = ", ".join(suffix for suffix in FORMS.values() if suffix)
        raise ConfigError(f"{path}: an output is a folder, or a file that ends in {known}.")
    return found[0]


def writer(form: str, path: Path | None, *, segments: bool = False) -> Writer:
    """A writer of that form, to a file that is made anew, or to standard output for None.

    Columns have to know beforehand whether the records have `segments`. Raises OutputError, and ConfigError where the
    form needs an extra that is missing.
    """
    if form in ("parquet", "text"):
        if path is None:
            raise ConfigError(f"{form} does not go to standard output. Name a place for it with -o.")
        return Texts(path) if form == "text" else Parquet(path, segments=segments)
    pack = packer(form)
    return Lines(File(path) if path else StandardOutput(), pack)


def packer(form: str) -> Callable[[bytes], bytes]:
    """What makes a frame of some lines, for a form of lines."""
    return {"jsonl": lambda: bytes, ZSTD: _zstd, "jsonl.gz": _gzip}[form]()


class Lines:
    """JSON, one record a line. A batch is a frame; a file of no records is an empty one."""

    def __init__(self, file: File | StandardOutput, pack: Callable[[bytes], bytes]) -> None:
        self.file = file
        self._pack = pack
        self._nothing = pack(b"")

    def write(self, lines: Sequence[bytes]) -> None:
        if lines:
            self.file.write(self._pack(b"\n".join(lines) + b"\n"))

    def close(self) -> None:
        nothing, self._nothing = self._nothing, b""
        try:
            if nothing and not self.file.size:
                self.file.write(nothing)
        finally:
            self.file.close()


class File:
    """A file that is written from its start, or from its end. Whatever goes wrong names it."""

    def __init__(self, path: Path, *, append: bool = False) -> None:
        self.path = path
        self.size = 0
        with naming(path):
            self._file = path.open("ab" if append else "wb", buffering=0)

    def write(self, data: bytes) -> None:
        with naming(self.path):
            view = memoryview(data)
            while view:
                view = view[os.write(self._file.fileno(), view) :]
        self.size += len(data)

    def take(self, source: Path, length: int | None = None) -> None:
        """Write what another file holds, or its first bytes."""
        with naming(source), source.open("rb") as file:
            left = os.fstat(file.fileno()).st_size if length is None else length
            while left and (data := file.read(min(left, _BLOCK))):
                self.write(data)
                left -= len(data)

    def close(self) -> None:
        """See that all is on the disk. A sync that failed is not tried again: the second would say that all is well,
        for the kernel has dropped what it could not write.
        """
        if not self._file.closed:
            with naming(self.path), self._file as file:
                if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    os.fsync(file.fileno())


class Parquet:
    """Typed columns; copydesk.io.parquet tells of them."""

    def __init__(self, path: Path, *, segments: bool) -> None:
        from copydesk.io.parquet import Columns  # noqa: PLC0415 (an extra)

        self.path = path
        self._open = True
        with naming(path):
            self._columns = Columns(path, segments=segments)

    def write(self, lines: Sequence[bytes]) -> None:
        with naming(self.path):
            self._columns.write(lines)

    def close(self) -> None:
        if self._open:
            self._open = False
            with naming(self.path):
                self._columns.close()
                with self.path.open("rb+") as file:
                    os.fsync(file.fileno())


class StandardOutput:
    """Standard output, handed on batch by batch: somebody may be waiting at the other end."""

    def __init__(self) -> None:
        if sys.stdout is None:  # as `>&-` leaves it
            raise OutputError("standard output is closed. Name a file with -o.")
        self.size = 0
        self._stream = sys.stdout.buffer

    def write(self, data: bytes) -> None:
        with naming("standard output"):
            view = memoryview(data)
            while view:  # with PYTHONUNBUFFERED a write may take a part, and say no more when a disk is full
                written = self._stream.write(view)
                if written is None:
                    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
                view = view[written:]
            self._stream.flush()
        self.size += len(data)

    def close(self) -> None:
        """It was flushed, and it is not ours to close."""


class Texts:
    """Two files a record in a folder: `<id>.txt`, the clean text, and `<id>.json`, the whole record.

    An id that cannot be a file's name, or is that of a file that is there, gets another one; `renamed` counts the
    latter. So many files are not synced one by one, but all at the end.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.renamed = 0
        self._count = 0
        with naming(path):
            path.mkdir(parents=True, exist_ok=True)

    def write(self, lines: Sequence[bytes]) -> None:
        for line in lines:
            record, page = _printed(line)
            self._count += 1
            name = self._claimed(safe_name(str(record["id"])), page)
            path = self.path / f"{name}.txt"
            with naming(path), all_or_none(path):
                path.write_bytes(str(record["text"]).encode())

    def close(self) -> None:
        with naming(self.path):
            getattr(os, "sync", lambda: None)()  # Windows has none

    def _claimed(self, name: str, page: bytes) -> str:
        """Write the record under a name that no other has. The file system is asked, which may not tell A from a; a
        name that is taken is numbered by the record's place, and no name that an id makes has a `~`.
        """
        with naming(self.path / f"{name}.json"):
            try:
                file = (self.path / f"{name}.json").open("xb")
            except FileExistsError:
                self.renamed += 1
                name = f"{name}~{self._count}"
                file = (self.path / f"{name}.json").open("xb")
            with all_or_none(self.path / f"{name}.json"), file:
                file.write(page)
        return name


def _printed(line: bytes) -> tuple[dict[str, Any], bytes]:
    """A record, and how it is printed for people."""
    try:
        return msgspec.json.decode(line), msgspec.json.format(line, indent=1)
    except msgspec.DecodeError:  # half a surrogate pair in a field of the input
        record = json.loads(line)
        return record, json.dumps(record, indent=1).encode()


def safe_name(id_: str) -> str:
    """The id as a file's name. Where a character had to go, a check sum of the id keeps two ids apart."""
    name = _UNSAFE.sub("_", id_).encode()[:_LONGEST_NAME].decode("utf-8", "ignore") or "_"
    return name if name == id_ else f"{name}-{crc32(id_.encode('utf-8', 'replace')):08x}"


def put(aside: Path, path: Path) -> None:
    """Give what was written aside its final name. Both outlive a power cut when this returns. Raises OutputError."""
    with naming(path):
        os.replace(aside, path)  # noqa: PTH105 (the call that tests let fail)
        sync_folder(path.parent)


def put_anew(path: Path, data: bytes) -> None:
    """Write a small file in the place of the one before, in one step. Raises OutputError."""
    aside = path.with_name(f".{path.name.removeprefix('.')}.tmp")
    file = File(aside)
    try:
        file.write(data)
    finally:
        file.close()
    put(aside, path)


def sync_folder(path: Path) -> None:
    """See that the names in a folder are on the disk: a file that is synced has no name yet after a power cut."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that does not do this for folders
            raise
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def all_or_none(path: Path) -> Iterator[None]:
    """Remove a file again that cannot be written to its end: half a text looks like one."""
    try:
        yield
    except OSError:
        path.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def naming(place: Path | str) -> Iterator[None]:
    """Turn the system's refusal to write into an OutputError that names the place.

    A closed pipe passes, without the system's number: typer knows it by that, and would end with exit code 1.
    """
    try:
        yield
    except BrokenPipeError:
        raise BrokenPipeError from None
    except OSError as error:
        raise OutputError(f"{place}: cannot be written: {error.strerror or error}.") from error


def check_place(option: str, path: Path) -> None:
    """Raises ConfigError where no file can be, OutputError where none may be.

    It is asked before the work, not after a night of it.
    """
    with naming(path):
        folder = path.is_dir()
    if folder or not path.parent.is_dir():
        raise ConfigError(f"{option} {path}: {'it is a folder' if folder else 'there is no such folder'}.")
    if not any(os.access(place, os.W_OK) for place in (path.parent, path)):  # a device stands where no file can be made
        raise OutputError(f"{option} {path}: cannot be written: its folder is read-only.")


def _zstd() -> Callable[[bytes], bytes]:
    module = zstd()
    parameter = module.CompressionParameter
    options = {parameter.compression_level: _LEVEL, parameter.checksum_flag: 1}
    return lambda data: bytes(module.compress(data, options=options))


def _gzip() -> Callable[[bytes], bytes]:
    import gzip  # noqa: PLC0415 (only who asks for it)

    return lambda data: gzip.compress(data, _GZIP_LEVEL, mtime=0)
