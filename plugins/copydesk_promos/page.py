"""How a document looks to these stages: which lines stand, which have left, and which look like a menu's or a
story's.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

from copydesk.prose import ends_sentence, is_prose, kept

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    from copydesk.document import Document, Segment

    Mark: TypeAlias = tuple["Line", str, str]
    """A line, the role that it shall have, and the rule that says so."""

SHORT_WORDS = 4
"""A menu's entry has at most so many words: 85 of 100 menu lines on 125 labelled pages, and 3 of 100 headlines."""

SHORT_LENGTH = 40
"""And so many characters: for scripts that write no spaces, and for addresses."""

OPENING = 16
"""By so many characters the openings of two lines are compared."""

NUMBERING = "0123456789.)•·-–—*# \t\N{NO-BREAK SPACE}"
"""What numbers and bullets before an entry are made of."""

_DATE = re.compile(r"\d{4}|\d\d?[:.]\d\d|\d\d?[./]\d\d?[./]")
_NAMED = re.compile(
    r"(?:by|from|von|par|por|di|door|av|af|written by|text|foto|photos?|image|source|quelle|fuente)\b", re.IGNORECASE
)


class Line:
    """A segment of the document, and what can be said of it without reading it. Whether it is prose is asked of few.

    gone: it left the text, for a stage gave it a role that is not kept. open: nobody has decided about it yet.
    """

    __slots__ = ("gone", "open", "segment", "text")

    def __init__(self, segment: Segment, gone: bool) -> None:
        self.segment = segment
        self.text = segment.text
        self.gone = gone
        self.open = segment.by is None

    @property
    def short(self) -> bool:
        """It may be an entry of a menu: a few words, no stop, no comma at its end."""
        return len(self.text) <= SHORT_LENGTH and is_entry(self.text)

    @property
    def prose(self) -> bool:
        """It stands, and reads like a paragraph of a story."""
        text = self.text
        if self.gone or text[-1:].isalnum():  # so end nearly all of a menu's lines, and no sentence does
            return False
        return (len(text) > SHORT_LENGTH or text.count(" ") >= SHORT_WORDS) and is_prose(text)

    @property
    def idle(self) -> bool:
        """It is short, and no stage wants it: it is undecided, holds no date, opens no byline."""
        return self.open and len(self.text) <= SHORT_LENGTH and _is_idle(self.text)


class Page:
    """All segments of a document as lines, and how many of the story's paragraphs stand above or below each."""

    def __init__(self, doc: Document) -> None:
        self.doc = doc
        self._keep = keep = doc.keep
        self.lines = [Line(segment, segment.role not in keep) for segment in doc.segments]

    def mark(self, marks: Iterable[Mark]) -> bool:
        """Give lines their roles, and tell whether any got one."""
        marked = False
        for line, role, rule in marks:
            line.segment.mark(role, rule=rule)
            line.gone, line.open, marked = role not in self._keep, False, True
        if marked:
            self.__dict__.pop("_paragraphs", None)
        return marked

    @cached_property
    def twins(self) -> frozenset[int]:
        """The places of lines that begin as another does, numbers and bullets aside: what stands twice does."""
        openings = [line.text.lstrip(NUMBERING)[:OPENING].casefold() for line in self.lines]
        if len(set(openings)) == len(openings):
            return frozenset()
        count = Counter(openings)
        return frozenset(at for at, opening in enumerate(openings) if count[opening] > 1)

    @cached_property
    def _paragraphs(self) -> list[int]:
        return [0, *accumulate([line.prose for line in self.lines])]

    def above(self, at: int) -> int:
        """How many paragraphs stand above a line."""
        return self._paragraphs[at]

    def below(self, at: int) -> int:
        """How many paragraphs stand below a line."""
        return self._paragraphs[-1] - self._paragraphs[at + 1]


@kept  # a site's pages share their menus
def is_entry(text: str) -> bool:
    """Whether a short text may be an entry of a menu."""
    return text.count(" ") < SHORT_WORDS and text[-1:] != "," and not ends_sentence(text)


@kept
def _is_idle(text: str) -> bool:
    return is_entry(text) and not is_dated(text) and not is_credit(text)


def is_dated(text: str) -> bool:
    """Whether a line holds what may be a date or a clock time: it may be the story's own."""
    return _DATE.search(text) is not None


def is_credit(text: str) -> bool:
    """Whether a line opens as a byline or a credit does, so that other stages will want it."""
    return _NAMED.match(text) is not None


def folded(text: str) -> str:
    """The text without regard to case and white space."""
    return " ".join(text.split()).casefold()
