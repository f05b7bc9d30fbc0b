"""What the model may not do on its own word, however sure it is."""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from copydesk.prose import ends_sentence, is_prose, is_sentence, words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from copydesk.document import Segment

PLAIN = 60
"""Characters from which on a block that ends a sentence is plain prose.

Where all open blocks are, the model is not asked: clean prose has no menus, so there is nothing to find and something
to lose. And nothing to wait for: most of what comes from agencies is like that.
"""

SIGNS_OF_A_PAGE = frozenset(
    (
        *("advert", "bio", "comments", "contributors", "cookie", "donate", "footer"),
        *("nav", "newsletter", "promo", "related", "share", "tags", "time"),
    )
)
"""What rules must have found one of: copy in which they found nothing of a page has short lines of its own.

A dispatch's tables look like menus to a model that has never seen one: it took F1 on wires from 0.989 to 0.977. Nearly
all pages have such a sign (98 in 100), and of texts that an extractor left three in four; it costs those 0.0005. In
the rest the model takes as much of the story as of the clutter, so a laxer sign would win nothing.
"""

MOST_BLOCKS = 20_000
"""A page has 230 blocks, the longest of 788 has 2,300. More is a list or a log, and needs much memory."""

BETWEEN = 20
"""Words from which on a paragraph between two of the story's stays: boxes have short lines, or a rule's formula."""

BESIDE = 3
"""It is between them where either stands within so many blocks, those that rules took out not counted."""


TAIL = frozenset(("bio", "comments", "copyright", "footer", "newsletter", "related", "share", "tags"))
"""Roles of what pages print below a story. Menus, promos and adverts stand above and within it as often."""

LEAST_OF_TAIL = 2
"""So many such blocks, and the tail has begun: one alone may be a box that the story goes on after."""

APART = 2
"""The two sentences that end a story stand so many blocks from one another at most."""

_ITEM = re.compile(r"\d+[.)]\s|[-•–]\s")
_ROW = re.compile(rf"{_ITEM.pattern}|(?:\D*+\d[\d.,:]*+){{4}}")
"""An item of a list, or a row of a table: four numbers, as results and measures have. Three may be a time."""

_ANSWER = re.compile(r"[A-Z]{1,3}[:.] \S")
"""A turn of a printed interview, under a letter (`Q:`, `A:`) or initials. Two make one, and neither goes."""

_TURN = re.compile(r"(?P<who>[^\W\d_][\w.'’ -]{0,30}?)(?:: |：)\S")
"""A turn under a speaker's name, or another line with a label."""

_LATIN = re.compile("[A-Za-z\N{LATIN CAPITAL LETTER A WITH GRAVE}-\N{LATIN SMALL LETTER EZH WITH CARON}]+")


class Bars(NamedTuple):
    """Log odds from which on a block leaves, by what it is."""

    line: int
    line_within: int  # within the story: a cross-head, an item of a list
    sentence_beside: int  # beside the story
    more_if_foreign: int  # for a sentence in letters of which training has seen little
    line_behind: int  # in the tail of the page
    sentence_behind: int


def is_for_model(segments: Sequence[Segment]) -> bool:
    """Whether to ask the model at all."""
    is_page = any(segment.role in SIGNS_OF_A_PAGE and not _is_guess(segment) for segment in segments)
    return is_page and len(segments) <= MOST_BLOCKS and not is_plain(segments)


def _is_guess(segment: Segment) -> bool:
    """Whether the sign is no more than a short line above the headline: a dispatch may have those too."""
    return segment.by is not None and segment.by.stage == "find_headline"


def is_plain(segments: Sequence[Segment]) -> bool:
    """Whether all that nobody has decided about is plain prose."""
    return all(
        segment.by is not None or (len(segment.text) >= PLAIN and ends_sentence(segment.text))
        for segment in segments
        if segment.role == "body"
    )


def taken(segments: Sequence[Segment], odds: Mapping[int, int], bars: Bars, most: float) -> tuple[set[int], bool]:
    """What leaves, rails and all; and whether it would have been more than the share `most` of the paragraphs."""
    out, many = railed(segments, condemned(segments, odds, bars), most)
    return out | behind(segments, odds, bars, out), many


def condemned(segments: Sequence[Segment], odds: Mapping[int, int], bars: Bars) -> set[int]:
    """What shall leave by its odds."""
    out = {place for place, value in odds.items() if value >= bars.line}
    out.difference_update(doubtful_sentences(segments, odds, bars, out))
    return out.difference(doubtful_lines(segments, odds, bars, out))


def doubtful_sentences(
    segments: Sequence[Segment], odds: Mapping[int, int], bars: Bars, out: Collection[int]
) -> set[int]:
    """The sentences among these that need higher odds: beside the story, and in letters hardly known."""
    highest = bars.sentence_beside + bars.more_if_foreign
    bounds = {
        place: bars.more_if_foreign * is_foreign(segments[place].text)
        for place in out
        if odds[place] < highest and is_sentence(segments[place].text)
    }
    found = {place for place, more in bounds.items() if odds[place] < bars.line + more}
    left = set(out).difference(found)
    close = [place for place, more in bounds.items() if odds[place] < bars.sentence_beside + more and place in left]
    return found.union(beside_the_story(segments, close, left)) if close else found


def doubtful_lines(segments: Sequence[Segment], odds: Mapping[int, int], bars: Bars, out: Collection[int]) -> list[int]:
    """The lines among these that need higher odds: the story's cross-heads, items of lists, rows of tables."""
    close = [place for place in out if odds[place] < bars.line_within and not is_sentence(segments[place].text)]
    return within_the_story(segments, close, out) if close else []


def beside_the_story(segments: Sequence[Segment], places: Iterable[int], out: Collection[int]) -> list[int]:
    """Those that stand beside a sentence that stays."""
    near = neighbours(segments, places, out)
    return [place for place, *both in near if any(is_sentence(one.text) for one in both if one)]


def within_the_story(segments: Sequence[Segment], places: Iterable[int], out: Collection[int]) -> list[int]:
    """Those that stand between two blocks that stay, or look like an item of a list or a row of a table."""
    near = neighbours(segments, places, out)
    return [place for place, *both in near if all(both) or _ROW.match(segments[place].text)]


def neighbours(
    segments: Sequence[Segment], places: Iterable[int], out: Collection[int]
) -> Iterator[tuple[int, Segment | None, Segment | None]]:
    """Each place with the blocks above and below it that stay. What rules took out is not counted."""
    standing, order = in_order(segments)

    def stays(number: int) -> Segment | None:
        place = standing[number] if 0 <= number < len(standing) else -1
        return segments[place] if place >= 0 and place not in out else None

    return ((place, stays(order[place] - 1), stays(order[place] + 1)) for place in places)


def behind(segments: Sequence[Segment], odds: Mapping[int, int], bars: Bars, out: Collection[int]) -> set[int]:
    """What else leaves in the tail of the page, where lower odds do: rows of titles and teasers, and what a menu had.

    An item that is numbered, or has a bullet, stays: it may be a list that ends the story.
    """
    found = set()
    for place in in_tail(segments, out):
        text = segments[place].text
        bar = bars.sentence_behind + bars.more_if_foreign * is_foreign(text) if is_sentence(text) else bars.line_behind
        if place in odds and odds[place] >= bar and not _ITEM.match(text):
            found.add(place)
    return found


def in_tail(segments: Sequence[Segment], out: Collection[int]) -> list[int]:
    """The blocks that stay behind the story's last two sentences, and below what rules know of a page's tail."""
    staying = [place for place in in_order(segments)[0] if place not in out]
    end = _last_told(segments, staying)
    if end is None:
        return []
    signs = [place for place in range(end + 1, len(segments)) if segments[place].role in TAIL]
    return [place for place in staying if place > signs[LEAST_OF_TAIL - 1]] if len(signs) >= LEAST_OF_TAIL else []


def _last_told(segments: Sequence[Segment], places: Sequence[int]) -> int | None:
    """The place of the last sentence of those that follow another closely."""
    for before, place in zip(reversed(places[:-1]), reversed(places), strict=False):
        if place - before <= APART and is_sentence(segments[place].text) and is_sentence(segments[before].text):
            return place
    return None


def in_order(segments: Sequence[Segment]) -> tuple[list[int], dict[int, int]]:
    """The places of the blocks that stand, and the number of each place among them."""
    standing = [place for place, segment in enumerate(segments) if segment.role == "body"]
    return standing, {place: number for number, place in enumerate(standing)}


def is_foreign(text: str) -> bool:
    """Whether fewer than half of the characters are Latin letters."""
    return 2 * sum(map(len, _LATIN.findall(text))) < len(text)


def railed(segments: Sequence[Segment], out: set[int], most: float) -> tuple[set[int], bool]:
    """What may leave of what shall; and whether it would have been more than the share `most` of the paragraphs."""
    paragraphs = Paragraphs(segments) if out else None
    if paragraphs is None or not paragraphs.words:
        return set(), False
    out = out.difference(paragraphs.between(out), _turns(segments, paragraphs.order))
    many = paragraphs.too_many(out, most)
    return out.difference(many), bool(many)


def _turns(segments: Sequence[Segment], standing: Iterable[int]) -> list[int]:
    """The turns of an interview, if there is one: short answers look like labels."""
    places = list(standing)
    under_letters = [place for place in places if _ANSWER.match(segments[place].text)]
    return (under_letters if len(under_letters) > 1 else []) + _under_names(segments, places)


def _under_names(segments: Sequence[Segment], standing: Iterable[int]) -> list[int]:
    """The runs of blocks with a name before a colon in which two names take turns."""
    found = []
    told = ((place, _TURN.match(segments[place].text)) for place in standing)
    for is_turn, run in groupby(told, key=lambda one: one[1] is not None):
        turns = [(place, match["who"]) for place, match in run if match]
        names = [who for _, who in turns]
        if is_turn and any(a == c != b for a, b, c in zip(names, names[1:], names[2:], strict=False)):
            found += [place for place, _ in turns]
    return found


class Paragraphs:
    """The paragraphs among the blocks that stand, and how many words each has; the sentences, where there are none."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        standing, self.order = in_order(segments)
        told = [place for place in standing if is_prose(segments[place].text)]
        told = told or [place for place in standing if is_sentence(segments[place].text)]
        self.words = {place: words(segments[place].text) for place in told}

    def between(self, out: Collection[int]) -> list[int]:
        """Those that shall leave, and stand between two that stay."""
        story = [self.order[place] for place in self.words if place not in out]
        return [
            place
            for place, count in self.words.items()
            if place in out and count >= BETWEEN and _is_between(self.order[place], story)
        ]

    def too_many(self, out: Collection[int], most: float) -> list[int]:
        """Those that shall leave, where they have more than this share of all their words."""
        leaving = [place for place in self.words if place in out]
        share = sum(map(self.words.__getitem__, leaving))
        return leaving if share > most * sum(self.words.values()) else []


def _is_between(at: int, story: Sequence[int]) -> bool:
    next_one = bisect_left(story, at)
    if not 0 < next_one < len(story):
        return False
    return at - story[next_one - 1] <= BESIDE and story[next_one] - at <= BESIDE
