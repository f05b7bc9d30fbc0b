"""Documents from text files, folders of them, JSONL and standard input, one by one.

What cannot be read comes out as a document that failed, with its raw bytes as text and the reason: nothing is skipped
in silence. A record's `id` is its own, else the file's name and the line.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from copydesk.document import Document
from copydesk.errors import InputError
from copydesk.pipeline import as_document, decoded_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TEXT = (".txt", ".text")
LINES = (".jsonl", ".ndjson")
STDIN = "-"


def documents(inputs: Iterable[str]) -> Iterator[Document]:
    """The documents of files, folders and `-` for standard input, in the order named; a folder's files are sorted.

    A file named outright is text unless its name ends in .jsonl or .ndjson; a folder gives its .txt, .text, .jsonl and
    .ndjson files, at any depth. Raises InputError for an input that is not there.
    """
    for name in inputs:
        if name == STDIN:
            yield from _standard_input()
        elif Path(name).is_dir():
            for path in _files(Path(name)):
                yield from _file(path, path.relative_to(name))
        elif Path(name).exists():
            yield from _file(Path(name), Path(Path(name).name))
        else:
            raise InputError(f"{name}: there is no such file or folder.")


def records(inputs: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The records of JSONL files, of the .json files of a folder, or of standard input. Raises InputError."""
    for name in inputs:
        if name != STDIN and Path(name).is_dir():
            paths = sorted(Path(name).rglob("*.json"))
            yield from (_object(path.read_bytes(), str(path)) for path in paths)
        elif name == STDIN or Path(name).exists():
            with sys.stdin.buffer if name == STDIN else Path(name).open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    if line.strip():
                        yield _object(line, f"{name}:{number}")
        else:
            raise InputError(f"{name}: there is no such file or folder.")


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if name.lower().endswith(TEXT + LINES):
                yield Path(root) / name


def _file(path: Path, name: Path) -> Iterator[Document]:
    id_ = name.with_suffix("").as_posix()
    try:
        if path.name.lower().endswith(LINES):
            with path.open("rb") as lines:
                yield from _lines(lines, str(path), id_)
        else:
            yield decoded_document(path.read_bytes(), id=id_)
    except OSError as error:
        yield failed(id_, "", f"{path}: cannot be read: {error.strerror}.")


def _standard_input() -> Iterator[Document]:
    """JSONL where the first line is a JSON object, else one text."""
    first = sys.stdin.buffer.readline()
    if first.lstrip().startswith(b"{") and _is_object(first):
        yield from _lines([first], "stdin", "stdin")
        yield from _lines(sys.stdin.buffer, "stdin", "stdin", start=2)
    else:
        yield decoded_document(first + sys.stdin.buffer.read(), id="stdin")


def _is_object(line: bytes) -> bool:
    try:
        _object(line, "")
    except InputError:
        return False
    return True


def _lines(lines: Iterable[bytes], path: str, id_: str, *, start: int = 1) -> Iterator[Document]:
    for number, line in enumerate(lines, start):
        if not line.strip():
            continue
        try:
            doc = as_document(_object(line, f"{path}:{number}"))
            doc.id = doc.id or f"{id_}:{number}"
        except InputError as error:
            doc = failed(
                f"{id_}:{number}", line.decode("utf-8", "replace").rstrip("\r\n"), _placed(error, path, number)
            )
        yield doc


def _placed(error: InputError, path: str, number: int) -> str:
    return str(error) if str(error).startswith(path) else f"{path}:{number}: {error}"


def failed(id_: str, raw: str, reason: str) -> Document:
    """A document that could not be read."""
    doc = Document(raw, id=id_)
    doc.fail("reader", reason)
    return doc


def _object(line: bytes, place: str) -> dict[str, Any]:
    """One JSON object. A lone surrogate in it is let in: the document turns it into U+FFFD and says so."""
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = _leniently(line, place)
    if not isinstance(value, dict):
        raise InputError(f"{place}: is not a JSON object. Each line holds one, with a `text`.")
    return value


def _leniently(line: bytes, place: str) -> Any:
    try:
        return json.loads(line.decode("utf-8-sig"), parse_constant=_refused)
    except UnicodeDecodeError as error:
        raise InputError(f"{place}: is not UTF-8 at byte {error.start} of the line.") from None
    except RecursionError:
        raise InputError(f"{place}: is not JSON that can be read: it is nested too deep.") from None
    except ValueError as error:
        raise InputError(f"{place}: is not JSON: {error}.") from None


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")
