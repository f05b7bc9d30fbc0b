"""Documents of what readers give: here JSON is parsed, bytes are decoded and HTML is read, by whoever runs them."""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from copydesk.document import Document
from copydesk.errors import InputError, json_fault
from copydesk.intake import as_document, decoded_document, too_long, turned_away, unread
from copydesk.io.formats import html
from copydesk.io.items import foreign

if TYPE_CHECKING:
    from collections.abc import Callable

    from copydesk.io.items import Item, Reading


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
        raise InputError(f"{place}: is not JSON: {json_fault(error)}.") from None


def _finite(digits: str) -> float:
    number = float(digits)
    return number if isfinite(number) else _no_number(digits)


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")
