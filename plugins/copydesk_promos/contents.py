"""Tables of contents: a story's cross-heads, listed above the parts that they head."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from copydesk_promos.page import NUMBERING, folded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from copydesk.rules import Rule
    from copydesk_promos.page import Mark, Page

LEAST_ENTRIES = 3
"""So many entries in a row make a table: two may be a headline and a dek, printed again below the picture."""

LONGEST = 120
"""An entry has so many characters at most."""

COPIES = 3
"""An entry stands so many times at most: in the table, perhaps in a second one beside the story, and above its part.
Rows of facts (`Founded: 2011`) and lines of a program stand more often."""

BETWEEN = 1
"""So many short lines may stand between two entries: a number, a part that the story words otherwise."""


def contents(page: Page, _labels: Mapping[int, Rule]) -> Iterator[Mark]:
    """The lines that stand again below, in the same order, each above paragraphs of its own.

    What is only listed twice (a menu above and below, a list of winners told again) has no paragraphs between its
    lines and stays; so does a list that the story answers in another order.
    """
    later = _later(page) if page.twins else {}
    run: list[int] = []
    for at in [*sorted(later), len(page.lines)] if later else ():
        if run and not (at in later and _goes_on(page, run[-1], at)):
            yield from _table(page, run, later)
            run = []
        run.append(at)


def _later(page: Page) -> dict[int, int]:
    """By place, where a short line stands again further below for the last time."""
    places: dict[str, list[int]] = defaultdict(list)
    for at in sorted(page.twins):
        line = page.lines[at]
        if not line.gone and len(line.text) <= LONGEST and not line.prose:
            places[folded(line.text.lstrip(NUMBERING)).rstrip(":")].append(at)
    return {at: copies[-1] for text, copies in places.items() if text and len(copies) <= COPIES for at in copies[:-1]}


def _goes_on(page: Page, before: int, at: int) -> bool:
    between = [line for line in page.lines[before + 1 : at] if not line.gone]
    return len(between) <= BETWEEN and all(line.short for line in between)


def _table(page: Page, run: Sequence[int], later: Mapping[int, int]) -> Iterator[Mark]:
    heads = [later[at] for at in run]
    told = [page.above(below) > page.above(above) for above, below in pairwise(heads)]
    if len(run) < LEAST_ENTRIES or run[-1] >= heads[0] or heads != sorted(heads) or 3 * sum(told) < 2 * len(told):
        return
    for line in page.lines[run[0] : run[-1] + 1]:
        if line.open and not line.gone:
            yield line, "nav", "contents"
