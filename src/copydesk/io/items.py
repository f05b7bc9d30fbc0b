"""What readers give: documents as they were read, not yet decoded.

An item is plain strings and bytes, so that it costs little to read, to count, to skip and to hand to another process.
Who runs it makes the document of it: that is where JSON is parsed, bytes are decoded and HTML is read.
"""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import msgspec

from copydesk.document import Document
from copydesk.errors import InputError
from copydesk.intake import MAX_CHARS, as_document, decoded_document, too_long, turned_away, unread

if TYPE_CHECKING:
    from collections.abc import Callable


class Item(NamedTuple):
    """One document as it was read.

    `id` is the one it has where it names none itself; `place` is for messages (`news.jsonl:12`); `kind` says how
    `data` is read; `note` is the reason of a `fault` or of what is `refused`, and else what the kind makes of it.
    """

    id: str
    place: str
    kind: str
    data: bytes
    note: str = ""


class Reading(msgspec.Struct, frozen=True):
    """How items are read: the input's names of a record's text and id, and the most characters that a text may have."""

    text_field: str = "text"
    id_field: str = "id"
    max_chars: int = MAX_CHARS


_FOREIGN = {
    "a zip archive, as .docx and .epub are": re.compile(rb"PK(?:\x03\x04|\x05\x06)"),
    "a RAR archive": re.compile(rb"Rar!\x1a\x07"),
    "a 7z archive": re.compile(rb"7z\xbc\xaf\x27\x1c"),
    "a tar archive": re.compile(rb"[^\n]{257}ustar[\0 ]", re.DOTALL),
    "a PDF": re.compile(rb"%PDF-\d"),
    "an old Office document": re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    "a PNG picture": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "a JPEG picture": re.compile(rb"\xff\xd8\xff[\xc0-\xfe]"),
}


def foreign(head: bytes) -> str:
    """Why data that begins so is no text whatever its name: what archives and pictures begin with no text does."""
    what = next((what for what, sign in _FOREIGN.items() if sign.match(head)), "")
    return what and f"is {what}, and no text is taken from it. Unpack it, or make text or HTML of it, first."


def fault(id_: str, place: str, reason: str, data: bytes = b"") -> Item:
    """What could not be read, with the bytes that are there. It comes out as a document that failed."""
    return Item(id_, place, "fault", data, f"{place}: {reason}")


def refused(id_: str, place: str, reason: str) -> Item:
    """What is not taken in, without its text: it comes out as a document that was rejected."""
    return Item(id_, place, "refused", b"", f"{place}: {reason}")


def document(item: Item, reading: Reading) -> Document:
    """The document of an item.

    What cannot be decoded is one that failed, with the reason and what there is of it; what is too long is rejected.
    """
    try:
        doc = _KINDS[item.kind](item, reading)
    except InputError as error:
        doc = _failed(item, _placed(error, item))
    doc.id = doc.id or item.id
    why = too_long(doc, reading.max_chars)
    return turned_away(doc, f"{item.place}: {why}; see --max-chars.") if why else doc


def json_object(line: bytes, place: str) -> dict[str, Any]:
    """One JSON object. A lone surrogate in it is let in: the document turns it into U+FFFD and says so."""
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = _leniently(line, place)
    if not isinstance(value, dict):
        raise InputError(f"{place}: is not a JSON object. Each line holds one, with a `text`.")
    return value


def _text(item: Item, _: Reading) -> Document:
    if why := foreign(item.data):
        return unread(f"{item.place}: {why}")
    return decoded_document(item.data)


def _line(item: Item, reading: Reading) -> Document:
    record = json_object(item.data, item.place)
    if item.data.count(f'"{reading.text_field}"'.encode()) > 1:
        _check_keys(item.data)
    return _of_record(record, item, reading)


def _of_record(record: dict[str, Any], item: Item, reading: Reading) -> Document:
    """One without a text failed under its own id, by which whoever sent it can find it again."""
    try:
        return as_document(record, text_field=reading.text_field, id_field=reading.id_field)
    except InputError as error:
        line = item.data if item.kind == "json" else json.dumps(record, ensure_ascii=False, default=str).encode()
        return _failed(item._replace(data=line), _placed(error, item), record.get(reading.id_field))


def _placed(error: InputError, item: Item) -> str:
    reason = str(error)
    return reason if reason.startswith(item.place) else f"{item.place}: {reason}"


def _check_keys(line: bytes) -> None:
    """Refuse a key that stands twice: parsers differ on which of its values counts."""
    try:
        json.loads(line.decode("utf-8-sig"), object_pairs_hook=_once)
    except RecursionError:
        raise InputError("is not JSON that can be read: it is nested too deep.") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"is not JSON that can be read: the key `{twice}` stands twice.")
    return found


def _row(item: Item, reading: Reading) -> Document:
    return _of_record(msgspec.msgpack.decode(item.data), item, reading)


def _page(item: Item, _: Reading) -> Document:
    from copydesk.io.formats import html  # noqa: PLC0415 (an extra: only who reads pages needs it)

    return html.document(item)


def _fault(item: Item, _: Reading) -> Document:
    return _failed(item, item.note)


def _refused(item: Item, _: Reading) -> Document:
    return turned_away(Document("", id=item.id), item.note)


def _failed(item: Item, reason: str, id_: object = None) -> Document:
    return unread(reason, item.data.decode("utf-8", "replace").rstrip("\r\n"), id_)


_KINDS: dict[str, Callable[[Item, Reading], Document]] = {
    "text": _text,  # a file's bytes
    "json": _line,  # a line of JSON
    "row": _row,  # a row of a table, a mapping as MessagePack
    "html": _page,  # a page's bytes; what is known of it beside, in `note`
    "fault": _fault,
    "refused": _refused,
}


def _leniently(line: bytes, place: str) -> Any:
    try:
        return json.loads(line.decode("utf-8-sig"), parse_constant=_no_number, parse_float=_finite)
    except UnicodeDecodeError as error:
        raise InputError(f"{place}: is not UTF-8 at byte {error.start} of the line.") from None
    except RecursionError:
        raise InputError(f"{place}: is not JSON that can be read: it is nested too deep.") from None
    except ValueError as error:
        raise InputError(f"{place}: is not JSON: {error}.") from None


def _finite(digits: str) -> float:
    number = float(digits)
    return number if isfinite(number) else _no_number(digits)


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")
