"""Whose site it is: on a page of somebody's own nobody signs, for everybody who comes there knows who writes.

Three things must agree: the name stands at the top of the page or in its copyright line, the address's host has it,
and the story is told by one who says "I". A brand has the first two as well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from copydesk.prose import is_prose
from copydesk_credits.byline import people
from copydesk_credits.byline.unsigned import is_named_as_people_are
from copydesk_credits.headline.address import address, host
from copydesk_credits.layout import FIRST_PERSON

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from copydesk.document import Document, Segment

_TOP, _LONGEST = 3, 80
"""Blocks at the top of a page, and characters of one, in which the owner is named."""

_TOLD = 2
"""Paragraphs, without anybody's words in quotes, that say "I"."""

_LEAST = 4
"""Letters of a name's part that a host may have by itself: "ana" stands in "banana"."""

_OPENS = re.compile(r"((?:[A-ZÀ-Þ][\w.'’-]+ ){1,2}[A-ZÀ-Þ][\w-]+)(?=['’]s?\b|[^\w\s]|\s*$)")
_QUOTES = re.compile('["“”„«»‘]')


class Owner(NamedTuple):
    """Whose page it is, and the block that says so."""

    name: str
    segment: Segment


def owner(doc: Document) -> Owner | None:
    """Who owns the site that the story stood on, if its address is theirs and they tell the story."""
    labels = host(address(doc.extra))[:-1]
    if not any(labels):
        return None
    named = (one for one in _named(doc) if is_named_as_people_are(one.name) and _has(labels, one.name))
    found = next(named, None)
    return found if found and _says_i(doc.story) else None


def _named(doc: Document) -> Iterator[Owner]:
    for segment in doc.segments[:_TOP]:
        match = _OPENS.match(segment.text) if len(segment.text) < _LONGEST else None
        if match:
            yield Owner(match.group(1), segment)
    rights = next((fact for fact in doc.facts if fact.kind == "rights"), None)
    if rights and rights.value.holder:
        segment = next(one for one in doc.segments if one.end > rights.start)
        yield Owner(rights.value.holder.partition(",")[0], segment)  # "Ada Quill, LLC"


def _has(labels: Sequence[str], name: str) -> bool:
    """Whether a host has a name: a part of it by itself, "lindqvist.example", or all where the first name is known.

    "Harbour Echo" at harbourecho.com is no person's.
    """
    first, *_, last = parts = [re.sub(r"\W", "", part.casefold()) for part in name.split()]
    alone = [part for part in parts if len(part) >= _LEAST] + [first + last[:1]]
    known = first in people.words("given") and "".join(parts) in labels
    return known or any(part in labels for part in alone)


def _says_i(story: Sequence[Segment]) -> bool:
    told = (one.text for one in story if is_prose(one.text) and not _QUOTES.search(one.text))
    return sum(FIRST_PERSON.search(text) is not None for text in told) >= _TOLD
