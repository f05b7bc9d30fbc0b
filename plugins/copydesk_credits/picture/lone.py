"""A photographer's name alone on its line, between a caption and the byline."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from copydesk.prose import is_prose
from copydesk_credits.byline import people
from copydesk_credits.layout import is_time
from copydesk_credits.picture.captions import opens_byline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from copydesk.document import Segment

_NAME = re.compile(r"[^\W\d_a-z][\w'’-]+(?: [^\W\d_a-z][\w.'’-]*){1,2}")
_LONGEST = 40
_HEAD = 3
"""Paragraphs within which a byline stands: a caption and a dek may be two of them."""


def lone_names(segments: Sequence[Segment]) -> list[Segment]:
    """The lines of a page's head that are a person's name with a byline of somebody else right below."""
    found, paragraphs = [], 0
    for at, segment in enumerate(segments[:-2]):
        paragraphs += is_prose(segment.text)
        if paragraphs > _HEAD:
            break
        if at and is_name(segment.text) and _is_byline(segments[at + 1].text, segment.text, segments[at + 2].text):
            found.append(segment)
    return found


def is_name(text: str) -> bool:
    """Whether a line is two or three words that a first name opens which many bear."""
    known = len(text) < _LONGEST and text.partition(" ")[0].casefold() in people.words("given")
    return known and _NAME.fullmatch(text) is not None


def _is_byline(text: str, name: str, below: str) -> bool:
    """Whether a line says `By` and another name, or is another name above a time."""
    says_by = opens_byline(text)
    named = text.partition(" ")[2].strip(": ") if says_by else text
    return named != name and _NAME.fullmatch(named) is not None and (says_by or is_time(below))
