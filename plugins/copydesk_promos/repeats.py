"""The same block twice on one page: a headline above and below the menu, a caption once as the picture's
description.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import islice
from typing import TYPE_CHECKING

from copydesk_promos.page import folded

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from copydesk.rules import Rule
    from copydesk_promos.page import Line, Mark, Page

LEAST_WORDS = 8
"""A block said twice has so many words at least: refrains of songs, chants, oaths and slogans are shorter."""

ROUNDS = 10
"""A page is looked at so often at most, each time without the copies that were idle: of the sets' pages none
needs a second look."""

MOST_WORDS = 45
"""A quotation in large type has so many words at most."""

MOST_QUOTATIONS = 60
"""So many blocks in quotation marks are looked at: a page has fewer, and a play or an interview needs no more."""

LONGER = 10
"""The paragraph that it was taken from has so many characters more at least: who said it."""

_MARKS = frozenset("\"“”„‟«»'‘’‹›「『")
_AROUND = "".join(_MARKS) + " .,!?…。」』"


def repeats(page: Page, _labels: Mapping[int, Rule]) -> Iterator[Mark]:
    """The idle copies of each block that stands on the page more than once.

    Idle is a copy right below another; one above the story's first paragraph where another follows there, nearer to it;
    one below the story's last paragraph. Two within the story both stay: they may be a refrain, a question asked again,
    the rows of a table. So does a dek above the story that says what a paragraph says: it is the dek all the same.
    Without a copy others may be idle, so the page is looked at again.
    """
    twins = {id(page.lines[at]) for at in page.twins}
    standing = [line for line in page.lines if not line.gone] if twins else []
    for _ in range(ROUNDS):
        idle = _idle(standing, twins)
        yield from ((standing[at], "duplicate", "repeat") for at in sorted(idle))
        if not idle:
            return
        standing = [line for at, line in enumerate(standing) if at not in idle]


def _idle(lines: Sequence[Line], twins: Collection[int]) -> set[int]:
    """The places of the open lines that are idle copies."""
    several = _several(lines, twins)
    first, last = _story(lines, several)
    return {at for at in several if lines[at].open and _is_idle(at, several, first, last)}


def pull_quotes(page: Page, _labels: Mapping[int, Rule]) -> Iterator[Mark]:
    """A quotation in large type beside the story: a block of its own that a longer paragraph holds word for word."""
    quoted = (line for line in page.lines if line.text[:1] in _MARKS and not _MARKS.isdisjoint(line.text[-2:]))
    for line in islice(quoted, MOST_QUOTATIONS):
        if line.open and _is_said_again(page, line):
            yield line, "duplicate", "pull-quote"


def _is_said_again(page: Page, line: Line) -> bool:
    quoted = line.text.strip(_AROUND)
    if not LEAST_WORDS <= line.text.count(" ") + 1 <= MOST_WORDS or page.doc.raw.count(quoted) < 2:
        return False
    return any(quoted in other.text for other in _longer(page.lines, line))


def _longer(lines: Sequence[Line], than: Line) -> Iterator[Line]:
    return (line for line in lines if not line.gone and len(line.text) > len(than.text) + LONGER)


def _several(lines: Sequence[Line], twins: Collection[int]) -> dict[int, list[int]]:
    """By place, all places of the lines that stand more than once. Only those that begin alike are read to the end."""
    places: dict[str, list[int]] = {}
    for at, line in enumerate(lines):
        if id(line) in twins and line.text.count(" ") >= LEAST_WORDS - 1:
            places.setdefault(folded(line.text), []).append(at)
    return {at: copies for copies in places.values() if len(copies) > 1 for at in copies}


def _story(lines: Sequence[Line], several: Mapping[int, Sequence[int]]) -> tuple[int, int]:
    """The places of the story's first and last paragraphs that stand but once; all of the page where none does."""
    once = [at for at, line in enumerate(lines) if line.prose and at not in several] if several else []
    return (once[0], once[-1]) if once else (0, len(lines))


def _is_idle(at: int, several: Mapping[int, Sequence[int]], first: int, last: int) -> bool:
    copies = several[at]
    if at < first:
        following = bisect_right(copies, at)
        return following < len(copies) and copies[following] < first
    return several.get(at - 1) is copies or (at > last and copies[0] < last)
