"""Where the story stands on a page: what the stages of the headline zone go by."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from copydesk.prose import ends_sentence, is_prose, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from copydesk.document import Document, Segment

_SHORT_LINE = -5
"""What a line that is no prose takes off a stretch's worth, in words: seven menu lines outweigh a teaser, and a
story's cross-heads and lists do not break it. Of 4 to 12, this keeps most headlines of the dev pages near the start."""
_LONGEST = 60
_SMALL = re.compile(r"\b[^\W\d_A-Z][\w'’-]*")
_DATED = re.compile(
    r"\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\b\d{1,2}:\d\d\b|\b\d{1,2}[.:]\d\d ?(?:uhr|h|am|pm|a\.m|p\.m)\b"
    r"|\b(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.? \d{1,2}\b"
    r"|\b\d+\s*(?:min|minuten?|minutes?|mins|minuti|minutos?|minuter|hours?|stunden?|std|heures?|horas|days?|tagen?"
    r"|weeks?|months?|years?|分|분)\b"
    r"|\b(?:ago|min read|yesterday|today|heute um|gestern|published|updated|publié|veröffentlicht|publiziert|publisert"
    r"|lesezeit|lesedauer|vor \d|il y a \d|hace \d)\b|年|월 \d|月\d",
    re.IGNORECASE,
)


_DAY = re.compile(
    r"\b\d{1,2}\.?(?: de| of)? [^\W\d]{3,12}\.?,?(?: de)? (?:19|20)\d\d\b|\b[^\W\d]{3,12} \d{1,2}, (?:19|20)\d\d\b"
)


class Measures:
    """What is known of each block, so that a stage that looks again measures only once: is it prose, of what weight."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Segment, bool, int]] = {}

    def of(self, segment: Segment) -> tuple[bool, int]:
        """Whether the segment is prose, and how many words count."""
        known = self._known.get(id(segment))
        if known is None or known[0] is not segment:
            prose = is_prose(segment.text)
            weight = min(_LONGEST, words(segment.text[: 8 * _LONGEST])) if prose else 0
            known = self._known[id(segment)] = (segment, prose, weight)
        return known[1:]


class Layout:
    """The blocks of a document, which of them are open and prose, and the stretch that is the story: `start` to `end`.

    The story is the stretch where prose outweighs short lines the most (the maximum subarray): a menu with a few
    teasers above it weighs less, and so do the comments below. Where there is no prose both are the number of blocks.
    """

    def __init__(
        self, doc: Document, measures: Measures | None = None, blocks: Sequence[Segment] | None = None
    ) -> None:
        self._measures = measures = measures or Measures()
        self._small: frozenset[str] | None = None
        self.blocks = tuple(doc.segments if blocks is None else blocks)
        self.open = [segment.role in doc.keep for segment in self.blocks]
        self.prose = [kept and measures.of(segment)[0] for kept, segment in zip(self.open, self.blocks, strict=True)]
        worth = [self._worth(i) for i in range(len(self.blocks))]
        self.start, self.end = heaviest(worth) if any(self.prose) else (len(self.blocks), len(self.blocks))

    def small_words(self) -> frozenset[str]:
        """The words that the document spells with a small letter."""
        if self._small is None:
            self._small = frozenset(word for segment in self.blocks for word in _SMALL.findall(segment.text))
        return self._small

    def line(self, number: int) -> bool:
        """Whether a block is open and no prose: a headline, a label, a menu's line, a cross-head."""
        return self.open[number] and not self.prose[number]

    def signed(self, number: int) -> bool:
        """Whether a block is a byline or a time: the lines that stand below a headline."""
        return 0 <= number < len(self.blocks) and (
            self.blocks[number].role in ("byline", "time") or is_time(self.blocks[number].text)
        )

    def _worth(self, number: int) -> int:
        if not self.open[number]:
            return 0
        if self.prose[number]:
            return self._measures.of(self.blocks[number])[1]
        return _SHORT_LINE


_FILED = re.compile(
    r"[A-ZÀ-ÞА-Я][^()–—\n]{1,50}?(?:\([^()]{2,30}\)|[A-Za-zÀ-ÿ]{3,10}\.? \d{1,2})\s*(?:\([^()]{2,30}\)\s*)?(?:[-–—]|$)"
    r"|[A-ZÀ-Þ][A-ZÀ-Þ .'’-]{2,30}(?:, [^()–—\n]{2,25})?\s+(?:--|[–—])\s"
)


@lru_cache(maxsize=4096)
def is_filed(text: str) -> bool:
    """Whether a block opens as a dispatch does: a town, then a date or an agency, then a dash."""
    return _FILED.match(text) is not None


@lru_cache(maxsize=4096)
def is_time(text: str) -> bool:
    """Whether a short line, no sentence, tells a time: a date, a clock, "2 hours ago", "3 min read"."""
    count = words(text) if len(text) < 120 else 13
    return count <= 12 and tells_time(text) and not (count > 5 and ends_sentence(text)) and not is_filed(text)


def tells_time(text: str) -> bool:
    """Whether a date, a clock or a reading time stands anywhere in the text."""
    return _DATED.search(text) is not None or _DAY.search(text) is not None


def heaviest(worth: Sequence[int]) -> tuple[int, int]:
    """The stretch with the greatest sum, as (start, end): the earliest of equals."""
    best, found, total, start = 0, (0, 0), 0, 0
    for number, value in enumerate(worth):
        if total <= 0 < value:
            total, start = 0, number
        total += value
        if total > best:
            best, found = total, (start, number + 1)
    return found
