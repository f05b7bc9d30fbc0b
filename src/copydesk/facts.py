"""The facts printed around a story, and where each stands in the record.

Names are the trade's: schema.org NewsArticle and IPTC ninjs know them too (docs/record.md has the table). What was
not printed is None or empty, never guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable


class Fact(NamedTuple):
    """Something printed around the story: its kind, its value, where it stood in the raw text, and who found it."""

    kind: str
    value: Any
    start: int
    end: int
    stage: str


class Author(msgspec.Struct, frozen=True):
    """A person or desk credited with the text. `place` is where the byline says they wrote from."""

    name: str
    role: Literal["author", "contributor", "editor", "translator"] = "author"
    affiliation: str | None = None
    place: str | None = None
    email: str | None = None
    handle: str | None = None


class Dateline(msgspec.Struct, frozen=True):
    """Where and when a story was filed, as printed: `text` is the whole of it. A full date is never made of "May 9"."""

    place: str | None = None
    date: str | None = None
    agencies: tuple[str, ...] = ()
    text: str = ""


class Credit(msgspec.Struct, frozen=True):
    """Who made a picture: `agency` is the picture's, never the text's. `caption` is the words printed beside it."""

    kind: Literal["photo", "video", "graphic"] = "photo"
    name: str | None = None
    agency: str | None = None
    licence: str | None = None
    caption: str | None = None


class Source(msgspec.Struct, frozen=True):
    """Where a reprint comes from. `notice` is the notice as printed; `licence` is the text's, not a picture's."""

    name: str | None = None
    url: str | None = None
    relation: Literal["reprint", "excerpt", "translation", "adaptation"] = "reprint"
    licence: str | None = None
    notice: str = ""


class Rights(msgspec.Struct, frozen=True):
    """The copyright line: holder and year where it names them."""

    holder: str | None = None
    year: int | None = None
    notice: str = ""


class Published(msgspec.Struct, frozen=True):
    """The time line as printed, and in ISO 8601 where the print is complete: a date, or date and time."""

    text: str
    iso: str | None = None
    updated: str | None = None


class Language(msgspec.Struct, frozen=True):
    """ISO 639-1 code (639-3 where there is none, `und` where nobody can tell) and how sure, from 0 to 1."""

    code: str
    confidence: float


class Field(NamedTuple):
    """How a kind of fact stands in the record: under which name, as one value or as a list, and of which type."""

    name: str
    many: bool
    type: Any


FIELDS = {
    "headline": Field("headline", many=False, type=str),
    "dek": Field("dek", many=False, type=str),
    "kicker": Field("kicker", many=False, type=str),
    "author": Field("authors", many=True, type=Author),
    "dateline": Field("dateline", many=False, type=Dateline),
    "agency": Field("agencies", many=True, type=str),
    "credit": Field("credits", many=True, type=Credit),
    "source": Field("source", many=False, type=Source),
    "rights": Field("rights", many=False, type=Rights),
    "published": Field("published", many=False, type=Published),
    "language": Field("language", many=False, type=Language),
    "note": Field("notes", many=True, type=str),
}
"""Kinds of facts and their fields. `note` is an editor's note or a correction, in its own words.

A kind that is not here, from a plugin, stands as a list in the record's `facts`, under its own name.
"""


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, Author) and isinstance(other, Author):
        return one.name.casefold() == other.name.casefold()
    return bool(one == other)


def _place(fact: Fact) -> tuple[bool, int]:
    """Where a fact stood; those that stood nowhere come last, in the order in which they were noted."""
    return fact.start < 0, fact.start


def gather(facts: Iterable[Fact]) -> dict[str, Any]:
    """The record's fields from the facts of a document.

    Every field is there. A list is in the order of the text. Of several facts where only one has room the first in the
    text counts; equal ones in a list stand once, and so does an author who is named again below as a contributor.
    """
    record: dict[str, Any] = {field.name: [] if field.many else None for field in FIELDS.values()}
    others: dict[str, list[Any]] = {}
    for fact in sorted(facts, key=_place):
        field = FIELDS.get(fact.kind)
        if field is None:
            others.setdefault(fact.kind, []).append(fact.value)
        elif not field.many:
            record[field.name] = record[field.name] or fact.value
        elif not any(_same(value, fact.value) for value in record[field.name]):
            record[field.name].append(fact.value)
    if others:
        record["facts"] = others
    return record
