"""Boxes of several lines: what stands between two lines of one newsletter box, of one window of consent, or between a
box's title and the line that tells its end.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from copydesk.prose import ends_sentence
from copydesk_promos.page import is_credit, is_dated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from copydesk.document import Segment
    from copydesk.rules import Rule, Rules
    from copydesk_promos.page import Line, Mark, Page

STEP = {"newsletter": 4, "cookie": 6, "promo": 3}
"""By role, so many lines may lie between two of a box: a pitch, a list of what one gets, a checkbox."""

BUTTON_WORDS = 3
"""A button has so many words at most."""

APPEAL = ("/support-reading", "/support-hope", "/enjoyed")
"""Rules whose ids end so know the lines of an appeal to subscribe, which has paragraphs."""

APPEAL_WORDS = 90
"""Each has so many words at most, and speaks of us or to you."""

_US = re.compile(
    r"\b(?:I|we|us|our|you|your|wir|uns|unsere?|Sie|Ihre?|nous|notre|nos|vous|votre|nosotros|nuestr[oa]s?|tu|su)\b"
)

PITCH_WORDS = 30
"""A line of a newsletter box has so many words at most."""


OTHERS = ("related", "comments", "tags", "nav", "footer")
"""Roles of labels that open something else, and so end a box."""


def boxes(page: Page, others: Rules) -> Iterator[Mark]:
    """The lines between two lines of the same kind, where they are few and none is anything else's label.

    A rule knows a box by its call and its form; the pitch in their midst is worded anew on every site.
    """
    signs = [at for at, line in enumerate(page.lines) if line.gone and is_sign(line.segment)]
    for before, after in pairwise(signs):
        role = page.lines[before].segment.role
        if role == page.lines[after].segment.role and after - before <= STEP[role] + 1:
            between = [line for line in page.lines[before + 1 : after] if not line.gone]
            # two boxes in one story have it between them
            within = page.above(before) > 0 and page.below(after) > 0
            if role == "promo":  # an appeal has paragraphs of its own, and only below the story
                within = not page.above(before) or page.below(signs[-1]) > 0
            pitch = all(_may_be_pitch(line, role, within) for line in between)
            if pitch and not others.hits(page.doc, [line.segment for line in between]):
                for line in between:
                    yield line, role, "box"


def buttons(page: Page) -> Iterator[Mark]:
    """The buttons of newsletter boxes: what a promo's rule took beside a line of one (`Subscribe`, `Sign up`)."""
    lines = page.lines
    for at in [at for at, line in enumerate(lines) if line.segment.role == "newsletter"]:
        for line in lines[max(0, at - 1) : at + 2]:
            if line.segment.role == "promo" and line.text.count(" ") < BUTTON_WORDS and line.text[-1:] != "?":
                yield line, "newsletter", "button"


def is_sign(segment: Segment) -> bool:
    """Whether a segment that left is a line of a box. Of promos, an appeal is; buttons stand everywhere."""
    if segment.role == "promo":
        return segment.by is not None and segment.by.rule.endswith(APPEAL)
    return segment.role in STEP


def _may_be_pitch(line: Line, role: str, within: bool) -> bool:
    text = line.text
    if not line.open or is_credit(text) or "©" in text or (within and ends_sentence(text)):
        return False
    if role == "promo":
        return text.count(" ") < APPEAL_WORDS and _US.search(text) is not None
    return role == "cookie" or (text.count(" ") < PITCH_WORDS and not is_dated(text))


LONGEST_BOX = 25
"""A box whose end is told has so many lines at most."""

_END = re.compile(
    r"(?:End of|Ende (?:der|des|von)|Fin (?:de la|du|des|de)|Final de|Fim (?:de|da|do)|Fine (?:di|della|del))"
    r" (.{3,60}?)[.:]?$"
)
_SKIP = re.compile(
    r"(?:Skip|Saltar|Ignorer|Pular|Überspringe|Salta)\s(.{3,60}?)"
    r"(?: (?:and continue reading|y continuar leyendo|et continuer (?:à lire|la lecture)|e continuar lendo"
    r"|und weiterlesen|e continua a leggere))?[.:]?$"
)
_ENDS = frozenset({"End ", "Ende", "Fin ", "Fina", "Fim ", "Fine"})
_STEM = 5


def told_boxes(page: Page, _labels: Mapping[int, Rule]) -> Iterator[Mark]:
    """What stands between a box's title and the line that tells its end to who cannot see it.

    `Skip Most read and continue reading` … `End of Most read`; `Weitere Informationen` … `Ende der weiteren
    Informationen`. Sites print such lines for screen readers, and they must name the same: `End of an era` ends
    nothing.
    """
    for at in [at for at, line in enumerate(page.lines) if line.text[:4] in _ENDS]:
        named = _END.fullmatch(page.lines[at].text)
        start = _opening(page.lines, at, _stems(named[1])) if named else at
        role = "related" if _SKIP.fullmatch(page.lines[start].text) else "other"
        for inner in page.lines[start : at + 1] if start < at else ():
            if inner.open and not inner.gone:
                yield inner, role, "told-box"


def _opening(lines: Sequence[Line], end: int, name: Sequence[str]) -> int:
    """The nearest line above that has the name, or the end itself."""
    for at in range(end - 1, max(-1, end - LONGEST_BOX - 2), -1):
        skip = _SKIP.fullmatch(lines[at].text)
        if _stems(skip[1] if skip else lines[at].text) == name:
            return at
    return end


def _stems(name: str) -> list[str]:
    """A name's words as far as they are not declined."""
    return [word[:_STEM] for word in name.casefold().split()]
