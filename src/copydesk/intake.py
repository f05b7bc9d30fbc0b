"""Documents of what people have: a text, bytes, a mapping with a text in it. And of what no stage shall see."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from copydesk.decoding import decode
from copydesk.document import Document
from copydesk.errors import InputError

READER = "reader"
"""The name that a reader has where a stage would be named."""

MAX_CHARS = 10_000_000
"""A longer text is rejected where no other limit is set. The longest article is some thousand times shorter."""


def as_document(
    item: str | bytes | Mapping[str, Any] | Document, *, text_field: str = "text", id_field: str = "id"
) -> Document:
    """A Document of a text, of bytes (decoded), or of a mapping with a text; its other fields pass through.

    Raises InputError for anything else, and for a mapping without a text.
    """
    if isinstance(item, Document):
        return item
    if isinstance(item, str):
        return Document(item)
    if isinstance(item, bytes):
        return decoded_document(item)
    if not isinstance(item, Mapping):
        raise InputError(f"a document is a text, bytes or a mapping with a text in it; this is {_kind(item)}.")
    text = item.get(text_field)
    if not isinstance(text, str):
        fields = f"its fields are {', '.join(map(str, item))}" if item else "it has no fields"
        held = f"it is {_kind(text)}" if text_field in item else fields
        raise InputError(f"a document needs a field `{text_field}` with text in it; {held}.")
    extra = {key: value for key, value in item.items() if key not in (id_field, text_field)}
    return Document(text, id=_id(item.get(id_field)), extra=extra)


_KINDS = {type(None): "null", bool: "true or false", int: "a number", float: "a number", list: "a list"}


def _kind(value: object) -> str:
    """What a value is, for people who may not know Python's names."""
    return _KINDS.get(type(value), "a mapping" if isinstance(value, Mapping) else f"of the type {type(value).__name__}")


def _id(value: object) -> str:
    """An id as a text; what is no text as JSON spells it."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, default=str)


def decoded_document(data: bytes, *, id: str = "") -> Document:
    """A Document of a file's bytes; `encoding` is noted where it was not UTF-8 and gives the bytes back."""
    decoded = decode(data)
    way_back = decoded.exact and decoded.encoding != "utf-8"
    doc = Document(decoded.text, id=id, encoding=decoded.encoding if way_back else "")
    for flag in decoded.flags:
        doc.flag(flag)
    return doc


def unread(reason: str, text: object = None, id: object = None) -> Document:
    """A document that could not be read, with what there is of its text and id. It failed."""
    doc = Document(text if isinstance(text, str) else "", id=_id(id))
    doc.fail(READER, reason)
    return doc


def turned_away(doc: Document, reason: str) -> Document:
    """The document, rejected before any stage."""
    doc.signed_by(READER)
    doc.reject(reason)
    return doc


def too_long(doc: Document, most: int) -> str:
    """Why a document is too long, or nothing. One that was turned away before is not asked."""
    length = len(doc.raw)
    return f"{length:,} characters are more than {most:,}" if doc.outcome == "clean" and length > most else ""
