"""The headline, and what stands around it: kicker, dek, the lines of the page above."""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from copydesk.prose import ends_sentence, is_prose, words
from copydesk_credits.layout import Layout, Measures, is_filed, is_time

if TYPE_CHECKING:
    from copydesk.document import Document, Segment

_WEIGHTS = {
    "overlap": 23,
    "common words": 17,
    "byline below": 18,
    "title repeats it": 15,
    "among the first three": 11,
    "first": 5,
    "dateline next": 30,
    "dek, then byline": 11,
    "a line or two above": 9,
    "some lines above": 5,
    "time below": 8,
    "time further below": 5,
    "byline next": 7,
    "long line next": 5,
    "next says the same": 6,
    "usual length": 5,
    "twice": 4,
    "distance": -4,
    "question": -4,
    "small letter": -6,
    "long": -8,
    "short": -9,
    "good line above": -9,
    "good lines above": -9,
    "hardly common": -9,
    "colon": -13,
    "page marks": -14,
    "label": -21,
    "below the first paragraph": -21,
    "full stop": -28,
}
"""What speaks for a line as the headline, and against it, in tenths. Fitted by a logistic choice among the lines of
each dev page (fundus, wcxb and the hand-labelled roles: 1 400 pages with a headline in the text), then rounded; the
dateline is set by hand, for wire copy."""

_LEAST = 32
"""The score that a headline needs. With 42, one right headline in twenty of the dev pages was missed."""
_ABOVE, _BELOW, _FIRST, _ROUNDS = 60, 5, 12, 12
_WORD = re.compile(r"\w+")
_PAGE_MARKS = re.compile(r"[|»•]|(?:^|\s)>|\s{3}")
_OUTER = "\"'“”‘’«»„‚‹›「」『』 \N{NO-BREAK SPACE}\N{ZERO WIDTH SPACE}"
_SITE = re.compile(r"\s+(?:\||[-–—]|//|::|»)\s+(?P<site>[^|–—]{2,40})$")
_HOUSE = re.compile(
    r"\.(?:com|org|net|de|at|ch|uk|info|news|tv|co|eu|fr|es|it)\b"
    r"|\b(?:News|Times|Post|Daily|Magazine|Blog|Journal|Online|Herald|Tribune|Zeitung|Nachrichten|Radio|TV)\b",
    re.IGNORECASE,
)


_CJK = 0x2E80
_MARKS = 12  # two copies of a headline may differ by so many marks and blanks
_LONG = 300
"""Characters: no headline is so long, and its words need not be looked at."""


class _Candidate(NamedTuple):
    number: int
    score: int
    sure: bool


class find_headline:
    """Find the headline and take it out of the text, with its kicker and dek, and the page's lines above it.

    The headline is a short line above the first paragraph, of the words that the story uses, with a byline, a time or
    the paragraph below it. Plain prose has none, and none is taken: a line that does not earn its place by such marks
    stays, for it may be a cross-head. A dek leaves only where it stands before a byline or time, or repeats a later
    paragraph almost word for word; else it may be the lede, and losing a lede is worse.

    page: whether the short lines above the headline are the page's own and leave as `nav`.
    """

    def __init__(self, *, page: bool = True) -> None:
        self.page = page

    def __call__(self, doc: Document) -> None:
        measures = Measures()
        layout = Layout(doc, measures)
        place = _headline(layout)
        if place is None:
            layout = Layout(doc, measures, doc.story)
            place = _headline(layout)
        if place is None:
            return
        self._settle(doc, layout, place)
        for _ in range(_ROUNDS):
            story = Layout(doc, measures, doc.story)
            again = _headline(story)
            if again is None or is_filed(story.blocks[again].text):
                return
            _second(doc, layout.blocks[place], story.blocks[again])
            _page_lines(story, again)

    def _settle(self, doc: Document, layout: Layout, place: int) -> None:
        segment = layout.blocks[place]
        doc.fact("headline", printed(segment.text), segment)
        segment.mark("headline", rule="headline")
        _repeats(layout, place)
        dek = _dek(layout, place)
        for number in dek:
            layout.blocks[number].mark("dek", rule="dek")
        if dek:
            doc.fact("dek", " ".join(layout.blocks[number].text for number in dek), layout.blocks[dek[0]])
        _kicker(doc, layout, place)
        if self.page:
            _page_lines(layout, place)


def printed(text: str) -> str:
    """The headline as a fact: without the marks around all of it, and without a site's name at its end."""
    text = text.strip()
    site = _SITE.search(text)
    if site and ("|" in site.group() or _HOUSE.search(site.group("site"))) and words(text[: site.start()]) >= 3:
        text = text[: site.start()]
    return text.strip()


def _headline(layout: Layout) -> int | None:
    """The number of the block that is the headline, if one earns its place."""
    if layout.start >= len(layout.blocks):
        return None
    scores = _Scores(layout)
    best: _Candidate | None = None
    for number in scores.numbers():
        score = scores.of(number)
        if best is None or score > best.score:
            best = _Candidate(number, score, scores.sure(number))
    return best.number if best and best.score >= _LEAST and best.sure else None


class _Scores:
    """How much each line above the story looks like its headline."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.texts = [segment.text.strip() for segment in layout.blocks[: layout.start + 80]]
        self.lines = [0]
        for number in range(len(self.texts)):
            self.lines.append(self.lines[-1] + layout.line(number))

    def folded(self, number: int) -> str:
        """A line's words alone; nothing of a long line."""
        text = self.texts[number]
        return fold(text) if len(text) < _LONG else ""

    @cached_property
    def story(self) -> frozenset[str]:
        """The stems of the story's first paragraphs."""
        layout = self.layout
        first = range(layout.start, min(layout.end, layout.start + 8))
        return frozenset().union(*(stems(layout.blocks[n].text) for n in first if layout.prose[n]))

    def stems(self, number: int) -> frozenset[str]:
        """A line's stems; none of a long line."""
        text = self.texts[number]
        return stems(text) if len(text) < _LONG else frozenset()

    def numbers(self) -> list[int]:
        start, size = self.layout.start, len(self.texts)
        wanted = {*range(min(_FIRST, size)), *range(max(0, start - _ABOVE), min(start + _BELOW + 1, size))}
        return [number for number in sorted(wanted) if self._may_be(number)]

    def _may_be(self, number: int) -> bool:
        layout, text = self.layout, self.texts[number]
        segment = layout.blocks[number]
        decided = segment.by is not None or not layout.open[number]
        if (decided and segment.role != "duplicate") or not 4 <= len(text) <= 260:
            return False
        if number > layout.start and not (self._signed(number, 4) or self._filed(number)):
            return False
        stop = ends_sentence(text) and text.rstrip(_OUTER)[-1:] in ".。"
        if (stop or layout.prose[number]) and not self._credited(number):
            return False
        return 2 <= words(text) <= 30

    def _filed(self, number: int) -> bool:
        """Whether the next block, or the one after a byline, opens with a dateline."""
        below = [n for n in range(number + 1, min(number + 4, len(self.texts))) if self.layout.open[n]]
        return bool(below) and is_filed(self.texts[below[0]])

    def _credited(self, number: int) -> bool:
        """Whether a stage before found a byline or time right below, or a dispatch opens below the first short line."""
        below = self.layout.blocks[number + 1].role if number + 1 < len(self.texts) else ""
        return below in ("byline", "time") or (number == 0 and not self.layout.prose[0] and self._filed(0))

    def _signed(self, number: int, reach: int, role: str = "") -> bool:
        below = range(number + 1, min(number + 1 + reach, len(self.texts)))
        if role == "byline":
            return any(self.layout.blocks[n].role == "byline" for n in below)
        return any(self.layout.signed(n) for n in below)

    def sure(self, number: int) -> bool:
        """Whether something beside the line's words says headline: a signature below, a twin, or its place on top."""
        layout = self.layout
        if self._signed(number, 4) or self._filed(number) or self._contained(number) or self._twice(number):
            return True
        if any(not kept for kept in layout.open[number + 1 : layout.start + 1]):
            return number < layout.start and self.lines[layout.start] - self.lines[number] <= 4
        top = not any(layout.open[:number])
        return number < layout.start and (top or self.lines[layout.start] - self.lines[number] <= 3)

    def of(self, number: int) -> int:
        return sum(_WEIGHTS[name] for name, holds in self._marks(number) if holds is True) + sum(
            round(_WEIGHTS[name] * share) for name, share in self._shares(number)
        )

    def _shares(self, number: int) -> list[tuple[str, float]]:
        own = self.stems(number)
        common = len(own & self.story)
        below = self.lines[max(number + 1, self.layout.start)] - self.lines[number + 1]
        return [
            ("overlap", common / len(own) if own else 0.0),
            ("common words", min(common, 5) / 5),
            ("distance", min(below, 40) / 40),
        ]

    def _marks(self, number: int) -> list[tuple[str, bool]]:
        layout, text = self.layout, self.texts[number]
        count = words(text)
        last = text.rstrip(_OUTER)[-1:]
        below = self.lines[layout.start] - self.lines[number + 1] if number < layout.start else -1
        following = self.texts[number + 1] if number + 1 < len(self.texts) else ""
        return [
            ("byline below", self._signed(number, 4, "byline")),
            ("time below", self._signed(number, 4)),
            ("time further below", self._signed(number, 8)),
            ("byline next", self._signed(number, 1)),
            ("dateline next", self._filed(number)),
            ("dek, then byline", is_prose(following) and layout.signed(number + 2)),
            ("title repeats it", self._contained(number)),
            ("twice", self._twice(number)),
            ("among the first three", number < 3),
            ("first", number == 0),
            ("a line or two above", 1 <= below <= 3),
            ("some lines above", 4 <= below <= 10),
            ("below the first paragraph", below < 0),
            ("long line next", words(following) >= 10),
            ("next says the same", self._echoed(number)),
            ("usual length", 7 <= count <= 20),
            ("long", count >= 22),
            ("short", count in (3, 4)),
            ("label", count <= 2),
            ("good line above", self._good(number - 1)),
            ("good lines above", any(self._good(n) for n in range(number - 4, number - 1))),
            ("hardly common", len(self.stems(number) & self.story) <= 1),
            ("question", last in "?!"),
            ("full stop", ends_sentence(text) and last in ".。"),
            ("colon", text.endswith(":")),
            ("page marks", _PAGE_MARKS.search(text) is not None),
            ("small letter", text[:1].islower()),
        ]

    def _twice(self, number: int) -> bool:
        """Whether just one other line says the same. Only lines of about one length are read."""
        own, size = self.folded(number), len(self.texts[number])
        alike = (n for n, text in enumerate(self.texts) if abs(len(text) - size) <= _MARKS)
        return sum(self.folded(n) == own for n in alike) == 2

    def _contained(self, number: int) -> bool:
        """Whether a line nearby holds this one and more: the page's title, or a path that ends on it."""
        own = self.folded(number)
        if len(own) <= 15:
            return False
        around = range(max(0, number - 15), min(len(self.texts), number + 15))
        longer = (n for n in around if len(self.texts[n]) >= len(own) and n != number)
        return any(own in self.folded(n) and own != self.folded(n) for n in longer)

    def _echoed(self, number: int) -> bool:
        near = range(number + 1, min(len(self.texts), number + 4))
        return any(len(self.stems(n) & self.stems(number)) >= 2 and words(self.texts[n]) >= 6 for n in near)

    def _good(self, number: int) -> bool:
        """Whether a line could be a headline by its own words: one below it is its dek, then, or a cross-head."""
        if number < 0 or not self.layout.line(number):
            return False
        text, own = self.texts[number], self.stems(number)
        if not 4 <= words(text) <= 30 or text.endswith(".") or is_time(text):
            return False
        common = len(own & self.story)
        return common >= 2 and common * 2 >= len(own)


@lru_cache(maxsize=4096)
def stems(text: str) -> frozenset[str]:
    """The longer words of a text, cut to six letters so that its forms agree; of Chinese each pair of signs."""
    found = set(_WORD.findall(text.casefold()))
    pairs = (
        set()
        if text.isascii()
        else {word[n : n + 2] for word in found if ord(word[0]) > _CJK for n in range(len(word) - 1)}
    )
    return frozenset(pairs) | {word[:6] for word in found if len(word) > 3 and ord(word[0]) < _CJK}


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """The words of a text alone, in small letters."""
    return " ".join(_WORD.findall(text.casefold()))


def _repeats(layout: Layout, place: int) -> None:
    """Mark the headline's twins near it, and the line that is the headline with the site's name."""
    own = fold(layout.blocks[place].text)
    for number in range(max(0, place - _ABOVE), min(len(layout.blocks), max(layout.start, place) + _BELOW)):
        segment = layout.blocks[number]
        if number != place and layout.line(number) and segment.by is None and fold(segment.text) == own:
            segment.mark("duplicate", rule="repeat")


def _dek(layout: Layout, place: int) -> list[int]:
    """The one or two blocks between the headline and a byline or time that a stage before has found.

    Without such a line only a block that a later paragraph repeats is a dek: it may be the lede itself.
    """
    found: list[int] = []
    for number in range(place + 1, min(place + 7, len(layout.blocks))):
        segment = layout.blocks[number]
        if segment.role in ("byline", "time", "dateline"):
            return found if sum(layout.prose[number + 1 :]) >= 2 else []
        if layout.open[number] and segment.by is None and words(segment.text) >= 6:
            found.append(number)
        if len(found) > 2 or len(segment.text) > 600:
            break
    return [number for number in found[:1] if _repeated_below(layout, number)]


def _said(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))


def _second(doc: Document, headline: Segment, again: Segment) -> None:
    """Mark a line that would be the headline were the first one not there: its dek, or a crumb of the page."""
    between = doc.raw[headline.end : again.start]
    if not doc.found("dek") and headline.end <= again.start and len(between) < 400 and words(again.text) > 5:
        doc.fact("dek", again.text.strip(), again)
        again.mark("dek", rule="below")
    else:
        again.mark("other", rule="below")


def _repeated_below(layout: Layout, number: int) -> bool:
    """Whether at least 85 in 100 of a block's words stand in one of the next paragraphs: a dek taken from the lede."""
    own = _said(layout.blocks[number].text)
    below = range(number + 1, min(number + 8, len(layout.blocks)))
    return len(own) >= 6 and any(
        layout.prose[n] and len(own & _said(layout.blocks[n].text)) >= 0.85 * len(own) for n in below
    )


def _kicker(doc: Document, layout: Layout, place: int) -> None:
    """The label of one to three words right above the headline, where it stands almost alone: no menu's last line."""
    above = [n for n in range(place) if layout.line(n) and layout.blocks[n].by is None]
    if not above or len(above) > 4:
        return
    segment = layout.blocks[above[-1]]
    if above[-1] >= place - 2 and words(segment.text) <= 4 and not is_time(segment.text):
        doc.fact("kicker", segment.text.strip(), segment)
        segment.mark("kicker", rule="kicker")


def _page_lines(layout: Layout, place: int) -> None:
    """Mark the short lines above the headline, and the crumbs between it and the first paragraph, as the page's own."""
    filed = [n for n in range(place) if is_filed(layout.blocks[n].text) and layout.open[n]]
    for number in range(filed[-1] + 1 if filed else 0, place):
        _page_line(layout, number, "nav", "above")
    signed = [n for n in range(place + 1, min(place + 8, layout.start)) if layout.signed(n) and not layout.open[n]]
    for number in range(place + 1, signed[-1] if signed else place):
        _page_line(layout, number, "other", "below")


def _page_line(layout: Layout, number: int, role: str, rule: str) -> None:
    segment: Segment = layout.blocks[number]
    short = words(segment.text) <= 12 and not ends_sentence(segment.text)
    if layout.line(number) and segment.by is None and short and not is_filed(segment.text):
        segment.mark(role, rule=rule)
