"""Boxes of several lines: what stands between two lines of one newsletter box, or of one window of consent."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from copydesk.prose import ends_sentence
from copydesk_promos.page import is_credit, is_dated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from copydesk.rules import Rules
    from copydesk_promos.page import Line, Mark, Page

STEP = {"newsletter": 4, "cookie": 6}
"""By role, so many lines may lie between two of a box: a pitch, a list of what one gets, a checkbox."""

PITCH_WORDS = 30
"""A line of a newsletter box has so many words at most."""


OTHERS = ("related", "comments", "tags", "nav", "footer")
"""Roles of labels that open something else, and so end a box."""


def boxes(page: Page, others: Rules) -> Iterator[Mark]:
    """The lines between two lines of the same kind, where they are few and none is anything else's label.

    A rule knows a box by its call and its form; the pitch in their midst is worded anew on every site.
    """
    signs = [at for at, line in enumerate(page.lines) if line.gone and line.segment.role in STEP]
    for before, after in pairwise(signs):
        role = page.lines[before].segment.role
        if role == page.lines[after].segment.role and after - before <= STEP[role] + 1:
            between = [line for line in page.lines[before + 1 : after] if not line.gone]
            within = page.above(before) > 0 and page.below(after) > 0  # two boxes in one story have it between them
            pitch = all(_may_be_pitch(line, role, within) for line in between)
            if pitch and not others.hits(page.doc, [line.segment for line in between]):
                for line in between:
                    yield line, role, "box"


def _may_be_pitch(line: Line, role: str, within: bool) -> bool:
    text = line.text
    if not line.open or is_credit(text) or "©" in text or (within and ends_sentence(text)):
        return False
    return role == "cookie" or (text.count(" ") < PITCH_WORDS and not is_dated(text))
