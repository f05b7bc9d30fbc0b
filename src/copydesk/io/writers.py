"""Records to a JSONL file, to a folder, or to standard output.

A file is written beside its final name and renamed when it is whole, so a final name never holds half a result.
"""

from __future__ import annotations

import re
import sys
from typing import IO, TYPE_CHECKING, Any, Protocol
from zlib import crc32

import msgspec

from copydesk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ENCODER = msgspec.json.Encoder()
_UNSAFE = re.compile(r"[^\w.-]|^\.+")
_LONGEST_NAME = 100


class Writer(Protocol):
    """Takes records one by one; `close` makes what was written final."""

    def write(self, record: Mapping[str, Any]) -> None: ...
    def close(self) -> None: ...


class Lines:
    """JSON, one record a line."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.part = path.with_name(path.name + ".part") if path else None
        self.count = 0
        self._stream: IO[bytes] = self.part.open("wb") if self.part else sys.stdout.buffer

    def write(self, record: Mapping[str, Any]) -> None:
        self._stream.write(_ENCODER.encode(record) + b"\n")
        self.count += 1

    def close(self) -> None:
        self._stream.flush()
        if self.path and self.part:
            self._stream.close()
            self.part.replace(self.path)


class Folder:
    """Two files a record: `<id>.txt`, the clean text, and `<id>.json`, the whole record."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._names: set[str] = set()
        path.mkdir(parents=True, exist_ok=True)

    def write(self, record: Mapping[str, Any]) -> None:
        name = self._name(str(record["id"]))
        (self.path / f"{name}.txt").write_bytes(str(record["text"]).encode())
        (self.path / f"{name}.json").write_bytes(msgspec.json.format(_ENCODER.encode(record), indent=1))

    def close(self) -> None:
        """Each file was whole when it was written."""

    def _name(self, id_: str) -> str:
        """A file name for an id: safe, short, and no other record's."""
        name = safe_name(id_)
        while name in self._names:
            name += "~"
        self._names.add(name)
        return name


def safe_name(id_: str) -> str:
    """The id as a file's name. Where a character had to go, a check sum of the id keeps two ids apart."""
    name = _UNSAFE.sub("_", id_)[:_LONGEST_NAME] or "_"
    return name if name == id_ else f"{name}-{crc32(id_.encode('utf-8', 'replace')):08x}"


def writer(output: Path | None) -> Lines | Folder:
    """The writer for an output: a .jsonl file, a folder, or standard output for None. Raises InputError."""
    if output is None or output.suffix.lower() in (".jsonl", ".ndjson"):
        try:
            if output:
                output.parent.mkdir(parents=True, exist_ok=True)
            return Lines(output)
        except OSError as error:
            raise InputError(f"{output}: cannot be written: {error.strerror}.") from error
    if output.suffix and not output.is_dir():
        raise InputError(f"{output}: an output is a folder, or a file that ends in .jsonl.")
    return Folder(output)


def rejects_file(output: Path) -> Path:
    """Where the rejected and failed documents of an output go."""
    lines = output.suffix.lower() in (".jsonl", ".ndjson")
    return output.with_name(f"{output.stem}.rejects.jsonl") if lines else output / "rejects.jsonl"
