"""The same block twice on one page: a headline above and below the menu, a caption once as the picture's
description.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING

from copydesk_promos.page import folded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from copydesk.rules import Rule
    from copydesk_promos.page import Line, Mark, Page

LEAST_WORDS = 8
"""A block said twice has so many words at least: refrains of songs, chants, oaths and slogans are shorter."""


def repeats(page: Page, _labels: Mapping[int, Rule]) -> Iterator[Mark]:
    """The idle copies of each block that stands on the page more than once.

    Idle is a copy right below another; one above the story's first paragraph where another follows there, nearer to it;
    one below the story's last paragraph. Two within the story both stay: they may be a refrain, a question asked again,
    the rows of a table. So does a dek above the story that says what a paragraph says: it is the dek all the same.
    """
    standing = [line for line in page.lines if not line.gone]
    several = _several(standing)
    story = [at for at, line in enumerate(standing) if line.prose and at not in several] if several else []
    for at in sorted(several) if story else ():
        if standing[at].open and _is_idle(at, several, story[0], story[-1]):
            yield standing[at], "duplicate", "repeat"


def _several(lines: Sequence[Line]) -> dict[int, list[int]]:
    """By place, all places of the lines that stand more than once. Only those that begin alike are read to the end."""
    long = [at for at, line in enumerate(lines) if line.text.count(" ") >= LEAST_WORDS - 1]
    openings = [" ".join(lines[at].text.split(None, 2)[:2]).casefold() for at in long]
    if len(set(openings)) == len(openings):
        return {}
    count = Counter(openings)
    places: dict[str, list[int]] = {}
    for at, opening in zip(long, openings, strict=True):
        if count[opening] > 1:
            places.setdefault(folded(lines[at].text), []).append(at)
    return {at: copies for copies in places.values() if len(copies) > 1 for at in copies}


def _is_idle(at: int, several: Mapping[int, Sequence[int]], first: int, last: int) -> bool:
    copies = several[at]
    if at < first:
        following = bisect_right(copies, at)
        return following < len(copies) and copies[following] < first
    return several.get(at - 1) is copies or (at > last and copies[0] < last)
