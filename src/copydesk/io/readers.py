"""Items from everything that can be read: which form a source has, and what is wrong with the source as a whole.

Whatever a file holds, it gives items and nothing else. What cannot be read comes out as a fault with the bytes that are
there and the reason: nothing is skipped in silence, and no file stops a run. A record's `id` is its own, else the
file's name and the line.
"""

from __future__ import annotations

import codecs
import os
import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copydesk.errors import ConfigError, InputError
from copydesk.io.compression import PIECE, Stream
from copydesk.io.documents import document, json_object
from copydesk.io.items import Item, Reading, fault, foreign
from copydesk.io.sources import PACKED, STDIN, form_of, sources

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Generator, Iterable, Iterator

    from copydesk.document import Document
    from copydesk.io.sources import Source

    Reader = Callable[[Any, Source, Reading], Iterator[Item]]

FORMS = ("text", "jsonl", "csv", "tsv", "parquet", "arrow", "html", "warc")
"""The forms that can be named. `copydesk.io.formats` has a module for each, or for two of a kind."""

_MODULES = {"tsv": "csv", "parquet": "tables", "arrow": "tables"}
_AS_IT_LIES = {"parquet": ("",), "arrow": ("",), "warc": ("gzip",)}
"""What is read as it lies there, if it is packed so: a table from its end; an archive of which each record is packed by
itself, so that one can go on behind a broken one."""
WHOLE = ("text", "html")  # a file of these is one document
_UNREAD = ("fault", "refused")

_SIGNS = {
    "parquet": re.compile(rb"PAR1"),
    "arrow": re.compile(rb"ARROW1"),
    "warc": re.compile(rb"WARC/[01]"),
    "html": re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype html|html)\b", re.IGNORECASE),
}


def items(
    inputs: Iterable[str], reading: Reading, form: str | None = None, skipped: Counter[str] | None = None
) -> Iterator[Item]:
    """The items of all inputs, in a fixed order. `skipped` counts the files of folders that are not read, by ending.

    The form is the one named; else what the file's name tells; else what its first bytes tell; else it is one text.
    Raises InputError for an input that is not there, ConfigError for a form that there is not.
    """
    if form and form not in FORMS:
        raise ConfigError(f"there is no form `{form}`. There are {', '.join(FORMS)}.")
    for source in sources(inputs, form, skipped):
        yield from _items(source, reading, form)


def documents(inputs: Iterable[str], reading: Reading | None = None, form: str | None = None) -> Iterator[Document]:
    """The documents of all inputs, one by one, for who runs them here and now."""
    reading = reading or Reading()
    return (document(item, reading) for item in items(inputs, reading, form))


def _items(source: Source, reading: Reading, form: str | None) -> Iterator[Item]:
    """What one source gives, and last what is wrong with it. A file that makes a reader stumble costs no other one."""
    wrong = source.fault
    try:
        if not wrong:
            wrong = yield from _opened(source, reading, form)
    except ConfigError:
        raise  # what is missing for one is missing for all
    except OSError as error:
        wrong = f"cannot be read: {error.strerror or error}."
    except Exception as error:  # noqa: BLE001 (each library that reads a form has errors of its own)
        wrong = f"cannot be read: {type(error).__name__}: {error}."
    if wrong := wrong or source.changed():
        yield fault(source.id, source.address, wrong)


def _opened(source: Source, reading: Reading, form: str | None) -> Generator[Item, None, str]:
    """The items of an opened source. Comes back with what is wrong with the source as a whole."""
    with source.open() as file, Stream(file) as stream:
        if why := foreign(stream.head):
            yield fault(source.id, source.address, why)
            return ""
        if source.path == STDIN and not (form or stream.head):
            return ""  # the program before it in the pipe has found nothing
        form = form or form_of(source.name) or _form_by_content(stream.head)
        reader = _reader(form)
        if stream.packing in _AS_IT_LIES.get(form, ()):
            yield from reader(stream.as_it_lies(), source, reading)
            return ""
        for item in reader(stream, source, reading):
            if form in WHOLE and stream.fault and item.kind not in _UNREAD:
                yield fault(item.id, item.place, stream.fault, item.data)
                return ""
            yield item
        hollow = source.size == 0 and source.name.lower().endswith(PACKED)
        return stream.fault or ("is empty, and a packed file never is: it did not arrive." if hollow else "")


def _reader(form: str) -> Reader:
    """What reads a form: an opened file in, items out. What it needs is loaded when the first such file comes."""
    module = import_module(f"copydesk.io.formats.{_MODULES.get(form, form)}")
    reader: Reader = module.tabbed if form == "tsv" else module.items
    return reader


def _form_by_content(head: bytes) -> str:
    """JSONL where the first line is a JSON object. Without any sign it is a text."""
    for form, sign in _SIGNS.items():
        if sign.match(head):
            return form
    line, end, _ = head.removeprefix(codecs.BOM_UTF8).lstrip().partition(b"\n")
    long = not end and len(head) >= PIECE
    return "jsonl" if line.startswith(b"{") and (long or _is_object(line)) else "text"


def _is_object(line: bytes) -> bool:
    try:
        json_object(line, "")
    except InputError:
        return False
    return True


# Records that copydesk wrote.

_RECORD = Reading(max_chars=1 << 30)  # a record is longer than its text, and it was let in once


def records(inputs: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The records of what a run wrote: files, folders of part files, folders of .json files, or standard input.

    Raises InputError for a record that cannot be read: giving back the others would look like giving back all.
    """
    for name in inputs:
        if name != STDIN and os.path.isdir(name):  # noqa: PTH112 (False for a name that is too long to be one)
            yield from _records_of_folder(Path(name))
        else:
            yield from _records_of(name)


def _records_of_folder(folder: Path) -> Iterator[dict[str, Any]]:
    parts = sorted(path for path in folder.glob("part-*") if form_of(path.name) in ("jsonl", "parquet"))
    for part in parts:
        yield from _records_of(str(part))
    if not parts:
        pages = sorted(folder.rglob("*.json"))
        if not pages:
            raise InputError(f"{folder}: holds no part-00000.jsonl.zst and no <id>.json: there are no records in it.")
        for path in pages:
            if path.name == "manifest.json":  # a run's that ended before its first part
                continue
            yield json_object(path.read_bytes(), str(path))


def _records_of(name: str) -> Iterator[dict[str, Any]]:
    if form_of(name) == "parquet":
        from copydesk.io import parquet  # noqa: PLC0415 (an extra)

        yield from parquet.records(Path(name))
        return
    for item in items([name], _RECORD, "jsonl"):
        if item.kind != "json":
            raise InputError(item.note)
        yield json_object(item.data, item.place)
