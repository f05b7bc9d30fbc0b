"""Where the story stands on a page: what the stages of the headline zone go by."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from copydesk.prose import ends_sentence, is_prose, is_sentence, kept, words
from copydesk_credits.headline.address import address, title

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from copydesk.document import Document, Segment

_SHORT_LINE = -5
"""What a line that is no prose takes off a stretch's worth, in words: seven menu lines outweigh a teaser, and a
story's cross-heads and lists do not break it. Of 4 to 12, this keeps most headlines of the dev pages near the start."""
_LONGEST = 60
_LONG = 120  # characters: what is longer is no line of a time
_SMALL = re.compile(r"\b[^\W\d_A-Z][\w'’-]*")
_EDGE = r"(?:^|[|•·–—,(])\W*"
_SPAN = (
    r"\d+\s*(?:min|minuten?|minutes?|mins|minuti|minutos?|minuter|hours?|stunden?|std|heures?|horas|days?|tagen?|weeks?"
    r"|months?|years?|分|분)"
)
MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_DATED = re.compile(
    r"\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\b\d{1,2}:\d\d\b|\b\d{1,2}[.:]\d\d ?(?:uhr|h|am|pm|a\.m|p\.m)\b"
    rf"|\b{MONTH}\.? \d{{1,2}}\b"
    rf"|{_EDGE}{_SPAN}\W*(?:$|[|•·])|\b{_SPAN}\s(?:to )?(?:read|lesezeit|lesedauer|de lect|di lett)"
    rf"|{_EDGE}(?:today|yesterday|heute um|gestern|(?:(?:first|last|originally|article|page|story)\s)*"
    r"(?:published|updated))\b"
    r"|\b(?:ago|min read|publié|veröffentlicht|publiziert|publisert|publicerad|uppdaterad|oppdatert|opdateret|publicado"
    r"|actualizado|pubblicato|aggiornato|gepubliceerd|bijgewerkt|lesezeit|lesedauer|vor \d|il y a \d|hace \d)\b"
    r"|年|월 \d|月\d",
    re.IGNORECASE,
)
"""A time for the reader to see. "Oslo in 3 days" and "what to know today" are titles: a span stands alone there."""
_FIGURE = re.compile(r"\d")
_UNDATED = (
    *("ago", "min read", "yesterday", "today", "heute um", "gestern", "published", "updated", "publié"),
    *("veröffentlicht", "publiziert", "publisert", "lesezeit", "lesedauer", "年"),
)
"""One of these, or a figure, stands in whatever tells a time: a cheap look, for most lines of a page tell none."""

_DAY = re.compile(
    r"\b\d{1,2}(?:\.|st|nd|rd|th|er|º)?(?: de| of)? [^\W\d]{3,12}\.?,?(?: de)? (?:19|20)\d\d\b"
    r"|\b[^\W\d]{3,12} \d{1,2}(?:st|nd|rd|th)?, (?:19|20)\d\d\b"
)

FIRST_PERSON = re.compile(r"\b(?:I|[Mm]y|[Ii]ch|[Mm]ein\w*|[Jj]e|[Jj]['’]|[Mm]on|[Yy]o|[Mm]i|[Ii]o)\b")
"""One who tells of themselves, in six languages."""


@kept
def weight(text: str) -> int:
    """What a block counts for the story, in words: nothing where it is no prose."""
    return min(_LONGEST, words(text[: 8 * _LONGEST])) if is_prose(text) else 0


def weight_of_sentence(text: str) -> int:
    """The same where no block is prose: a brief may have nothing but short sentences, a line each."""
    return words(text) if len(text) < _LONG and is_sentence(text) else 0


def laid_out(doc: Document) -> Layout:
    """The layout of the document as it stands: the next stage finds it again where nothing was done in between."""
    found: Layout | None = doc.memo.get(Layout)
    if found is None:
        found = doc.memo[Layout] = Layout(doc)
    return found


class Layout:
    """The blocks of a document, which of them are open and prose, and the stretch that is the story: `start` to `end`.

    The story is the stretch where prose outweighs short lines the most (the maximum subarray): a menu with a few
    teasers above it weighs less, and so do the comments below. Where no block is prose, sentences count in its place;
    where there are none either, both are the number of blocks. `title` holds the title's words as the address has
    them, the document's own or another one.
    """

    def __init__(self, doc: Document, blocks: Sequence[Segment] | None = None, url: str | None = None) -> None:
        self._small: frozenset[str] | None = None
        self.headline: int | None = None
        self.weighed = False  # whether the headline was looked for
        self.title = title(address(doc.extra) if url is None else url)
        self.blocks = tuple(blocks or doc.segments)
        self.open = [segment.role in doc.keep for segment in self.blocks]
        weights = self._weights(weight)
        if not any(weights):
            weights = self._weights(weight_of_sentence)
        self.prose = [worth > 0 for worth in weights]
        worth = [value or (_SHORT_LINE if kept else 0) for kept, value in zip(self.open, weights, strict=True)]
        self.start, self.end = heaviest(worth) if any(weights) else (len(self.blocks), len(self.blocks))

    def _weights(self, weight: Callable[[str], int]) -> list[int]:
        return [weight(segment.text) if kept else 0 for kept, segment in zip(self.open, self.blocks, strict=True)]

    def small_words(self) -> frozenset[str]:
        """The words that the document spells with a small letter."""
        if self._small is None:
            self._small = frozenset(_SMALL.findall(self._text))
        return self._small

    def says(self, word: str) -> bool:
        """Whether the document holds these letters."""
        return word in self._text

    @cached_property
    def _text(self) -> str:
        return "\n".join([segment.text for segment in self.blocks])

    def under_headline(self, number: int, reach: int = 10) -> bool:
        """Whether a block stands so few blocks below the headline, where one is known."""
        return self.headline is not None and 0 < number - self.headline <= reach

    def distance(self, number: int) -> int:
        """How far a block is from where a byline is looked for: right below the headline, else at the story's start."""
        if self.headline is not None:
            return abs(number - self.headline - 1) + (2 if number < self.headline else 0)
        return abs(self.start - number) + (3 if number > self.start else 0)

    def line(self, number: int) -> bool:
        """Whether a block is open and no prose: a headline, a label, a menu's line, a cross-head."""
        return self.open[number] and not self.prose[number]

    def signed(self, number: int) -> bool:
        """Whether a block is a byline or a time: the lines that stand below a headline."""
        return 0 <= number < len(self.blocks) and _signs(self.blocks[number])

    def of_a_book(self, number: int) -> bool:
        """Whether the next line or two tell a book's pages or publisher, as a review's box does below its author."""
        below = (n for n in range(number + 1, min(number + 3, len(self.blocks))) if not self.prose[n])
        return any(_is_book(self.blocks[n].text) for n in below)

    def signatures(self, size: int) -> list[int]:
        """The numbers of the first so many blocks that are a byline or a time."""
        return [number for number, block in enumerate(self.blocks[:size]) if _signs(block)]


_BOOK = re.compile(
    r"\b\d{2,4} (?:pages|pp|seiten|páginas|pagine|sider|sidor|stron|pagina['’]s)\b|\bISBN\b"
    r"|\b(?:press|books|verlag|publishing|publishers|[ée]ditions|editorial|editore|uitgeverij)\b.*[$£€]",
    re.IGNORECASE,
)


def _is_book(text: str) -> bool:
    """Whether a line tells of a book: "Harbour Press, 312 pages, $28"."""
    return len(text) < _LONG and _BOOK.search(text) is not None


def _signs(block: Segment) -> bool:
    text = block.text
    return block.role in ("byline", "time") or (len(text) < _LONG and is_time(text))


_FILED = re.compile(
    r"[A-ZÀ-ÞА-Я][^()–—\n]{1,50}?(?:\([^()]{2,30}\)|[A-Za-zÀ-ÿ]{3,10}\.? \d{1,2})\s*(?:\([^()]{2,30}\)\s*)?(?:[-–—]|$)"
    r"|[A-ZÀ-Þ][A-ZÀ-Þ .'’-]{2,30}(?:, [^()–—\n]{2,25})?\s+(?:--|[–—])\s"
)

_DASH = re.compile("[-–—]")
_FILED_BY = 140  # characters: the dash of a dateline stands before


@kept
def is_filed(text: str) -> bool:
    """Whether a block opens as a dispatch does: a town, then a date or an agency, then a dash."""
    if len(text) > _FILED_BY and not _DASH.search(text, 0, _FILED_BY):
        return False
    return _FILED.match(text) is not None


_ENTRY = re.compile(
    r"\d{1,2}(?:[.:h]\d\d(?: ?(?:[ap]\.?m\.?|uhr|h))?| ?(?:[ap]\.?m\.?|uhr))(?: [a-z]{3,4})?\s*[:–—-]\s+"
    r"(?=\D*[^\W\d]{3}\D*\s\D*[^\W\d]{3})",
    re.IGNORECASE,
)


def is_entry(text: str) -> bool:
    """Whether a line is the heading of a live blog's entry: a clock time, and after it what happened."""
    match = _ENTRY.match(text) if text[:1].isdigit() else None
    return match is not None and not tells_time(text[match.end() :])


@kept
def is_time(text: str) -> bool:
    """Whether a short line, no sentence, tells a time: a date, a clock, "2 hours ago", "3 min read"."""
    count = words(text) if len(text) < _LONG else 13
    if count > 12 or not tells_time(text):
        return False
    return not (is_entry(text) or (count > 5 and ends_sentence(text)) or is_filed(text))


def tells_time(text: str) -> bool:
    """Whether a date, a clock or a reading time stands anywhere in the text."""
    if not _FIGURE.search(text):
        folded = text.casefold()
        if not any(word in folded for word in _UNDATED):
            return False
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
