"""What readers give: documents as they were read, not yet decoded.

An item is plain strings and bytes, so that it costs little to read, to count, to skip and to hand to another process.
Who runs it makes the document of it (documents.py).
"""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from copydesk.intake import MAX_CHARS


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
