"""Menus: runs of short lines between two lines that only a menu has."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from copydesk.prose import ends_sentence
from copydesk_promos.page import folded, is_credit, is_dated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from copydesk.rules import Rule
    from copydesk_promos.page import Line, Mark, Page

FURNITURE = frozenset({"nav", "footer", "cookie", "newsletter"})
"""Roles whose lines stand in menus. Share buttons do not count: they stand beside the byline too."""

STEP = 8
"""So many lines may lie between two lines that only a menu has: the names of sections that no list can know."""

LEAST_SIGNS = 3
"""So many different ones of its lines must be a menu's: two may be a kicker and a button below the byline."""

LEAST_WORDS = 5
"""Where none of them is a menu's for certain, so many section names, and half of all lines: fewer may be results of a
Sunday's sport, under the names of the sports."""

LEAST_LINES = 4
"""So many lines make a menu: shorter runs may be a kicker, a short headline and a byline."""

LONG_WORDS = 10
"""Below the story a single line of so many words may stand in a footer (`Subscribe to <paper> and <paper on
Sunday>`)."""

FEW_PARAGRAPHS = 3
"""So many paragraphs above, and the headline is above too."""


def menus(page: Page, _labels: Mapping[int, Rule]) -> Iterator[Mark]:
    """The lines of each menu that have not left yet.

    A menu reaches from the first to the last line that only a menu has (`Privacy Policy`, `Log in`, `Sport`), over
    nothing but short lines, never beyond: a poem, a table of results, a list of winners has none of them. A line with a
    date or a byline's opening ends it, for that is the headline's company.
    """
    signs: list[int] = []
    for at, line in enumerate(page.lines):
        if _is_sign(line):
            if signs and at - signs[-1] > STEP + 1:
                yield from _taken(page.lines, signs)
                signs = []
            signs.append(at)
        elif signs and not _may_stand_between(line) and not _may_be_a_long_entry(page, at):
            yield from _taken(page.lines, signs)
            signs = []
    yield from _taken(page.lines, signs)


def _is_sign(line: Line) -> bool:
    if line.gone:
        return line.segment.role in FURNITURE
    return line.open and line.short and _is_menu_word(line.text)


@lru_cache(maxsize=4096)
def _is_menu_word(text: str) -> bool:
    return _bare(text) in menu_words()


def _may_stand_between(line: Line) -> bool:
    return line.gone or line.idle


def _may_be_a_long_entry(page: Page, at: int) -> bool:
    """Whether a line is a footer's longer entry: between two short ones, below the story."""
    text = page.lines[at].text
    if len(text.split()) > LONG_WORDS or ends_sentence(text) or "©" in text or is_dated(text) or is_credit(text):
        return False
    beside = page.lines[at - 1 : at + 2 : 2]
    return page.lines[at].open and all(line.short for line in beside) and page.above(at) >= FEW_PARAGRAPHS


def _taken(lines: Sequence[Line], signs: Sequence[int]) -> Iterator[Mark]:
    if len(signs) < LEAST_SIGNS or not _is_menu(lines[signs[0] : signs[-1] + 1], [lines[at] for at in signs]):
        return
    for line in lines[signs[0] : signs[-1] + 1]:
        if not line.gone:
            yield line, "nav", "menu"


def _is_menu(run: Sequence[Line], signs: Sequence[Line]) -> bool:
    different = {_bare(line.text) for line in signs}
    if len(run) < LEAST_LINES or len(different) < LEAST_SIGNS:
        return False
    return any(line.gone for line in signs) or (len(different) >= LEAST_WORDS and 2 * len(signs) >= len(run))


def _bare(text: str) -> str:
    return folded(text).strip(" :|·•›»<>+-")


@cache
def menu_words() -> frozenset[str]:
    """What menus say in many languages, a line each, in small letters: signs of a menu, never taken alone."""
    text = (files(__package__) / "menu_words.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))
