"""Documents of what people have: a text, bytes, a mapping with a text in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from copydesk.decoding import decode
from copydesk.document import Document
from copydesk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

READER = "reader"
"""The name that a reader has where a stage would be named."""

MAX_CHARS = 10_000_000
"""A longer text is rejected where no other limit is set. The longest article is some thousand times shorter."""


def as_document(
    item: str | bytes | Mapping[str, Any] | Document, *, text_field: str = "text", id_field: str = "id"
) -> Document:
    """A Document of a text, of bytes (decoded), or of a mapping with a text; its other fields pass through."""
    if isinstance(item, Document):
        return item
    if isinstance(item, str):
        return Document(item)
    if isinstance(item, bytes):
        return decoded_document(item)
    text = item.get(text_field)
    if not isinstance(text, str):
        held = (
            f"it is {type(text).__name__}"
            if text_field in item
            else f"there are {', '.join(map(str, item)) or 'no fields'}"
        )
        raise InputError(f"a document needs a field `{text_field}` with text in it; {held}.")
    id_ = item.get(id_field)
    extra = {key: value for key, value in item.items() if key not in (id_field, text_field)}
    return Document(text, id="" if id_ is None else str(id_), extra=extra)


def decoded_document(data: bytes, *, id: str = "") -> Document:
    """A Document of a file's bytes; `encoding` is noted where it was not UTF-8 and gives the bytes back."""
    decoded = decode(data)
    way_back = decoded.exact and decoded.encoding != "utf-8"
    doc = Document(decoded.text, id=id, encoding=decoded.encoding if way_back else "")
    for flag in decoded.flags:
        doc.flag(flag)
    return doc
