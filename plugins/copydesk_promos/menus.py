"""Menus: runs of short lines between two lines that only a menu has."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

from copydesk.prose import ends_sentence, kept
from copydesk_promos.page import SHORT_LENGTH, folded, is_credit, is_dated, is_entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from copydesk.rules import Rule
    from copydesk_promos.page import Line, Mark, Page

FURNITURE = frozenset({"nav", "footer", "cookie", "newsletter"})
"""Roles whose lines stand in menus. Share buttons do not count: they stand beside the byline too."""

FOOT = frozenset({"footer", "copyright", "cookie"})
"""Roles that open the foot of a page: what stands below one of them in a menu is footer too."""

PLATFORMS = frozenset(
    {
        *("bluesky", "facebook", "flipboard", "instagram", "linkedin", "mastodon", "pinterest", "reddit", "rss"),
        *("snapchat", "telegram", "threads", "tiktok", "twitter", "vk", "whatsapp", "x", "x (twitter)", "youtube"),
    }
)
"""In a menu these are buttons to follow the site by."""

STEP = 8
"""So many lines may lie between two lines that only a menu has: the names of sections that no list can know."""

LONG_STEP = 40
"""And so many where the menu stands above or below all paragraphs: a list of cities, of products, of brands."""

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

LONG_MENU = 15
"""So many short lines in a row below a longer one above the story, and that is no headline: a byline and a caption
follow that.
"""

FEW_PARAGRAPHS = 3
"""So many paragraphs above, and the headline is above too."""


def menus(page: Page, _labels: Mapping[int, Rule]) -> Iterator[Mark]:
    """The lines of each menu that have not left yet.

    A menu reaches from the first to the last line that only a menu has (`Privacy Policy`, `Log in`, `Sport`), over
    nothing but short lines, never beyond: a poem, a table of results, a list of winners has none of them. A line with a
    date or a byline's opening ends it, for that is the headline's company.
    """
    lines = page.lines
    signs = [at for at, line in enumerate(lines) if _is_sign(line)]
    for run in _runs(page, signs) if len(signs) >= LEAST_SIGNS else ():
        yield from _taken(page, run)


def _is_sign(line: Line) -> bool:
    if line.gone:
        return line.segment.role in FURNITURE
    return len(line.text) <= SHORT_LENGTH and line.open and _is_menu_word(line.text)


@kept
def _is_menu_word(text: str) -> bool:
    return _bare(text) in menu_words() and is_entry(text)


def _runs(page: Page, signs: Sequence[int]) -> Iterator[list[int]]:
    """The signs, parted where something stands between two that no menu has, or too much."""
    run = [signs[0]]
    for before, at in pairwise(signs):
        step = STEP if page.above(at) and page.below(before) else LONG_STEP
        if at - before > step + 1 or not all(_may_stand_between(page, between) for between in range(before + 1, at)):
            yield run
            run = []
        run.append(at)
    yield run


def _may_stand_between(page: Page, at: int) -> bool:
    line = page.lines[at]
    return line.gone or line.idle or _may_be_a_long_entry(page, at)


def _may_be_a_long_entry(page: Page, at: int) -> bool:
    """Whether a line is a footer's longer entry: between two short ones, below the story."""
    text = page.lines[at].text
    if len(text.split()) > LONG_WORDS or ends_sentence(text) or "©" in text or is_dated(text) or is_credit(text):
        return False
    beside = page.lines[at - 1 : at + 2 : 2]
    return page.lines[at].open and all(line.short for line in beside) and _is_far(page, at)


def _is_far(page: Page, at: int) -> bool:
    """Whether a line is far from the headline: below the story, or with a long menu below it."""
    if page.above(at) >= FEW_PARAGRAPHS:
        return True
    below = page.lines[at + 1 : at + 1 + LONG_MENU]
    return len(below) == LONG_MENU and not page.above(at) and all(line.gone or line.idle for line in below)


def _taken(page: Page, signs: Sequence[int]) -> Iterator[Mark]:
    first, last = signs[0], signs[-1]
    if len(signs) < LEAST_SIGNS or not _is_menu(page.lines[first : last + 1], [page.lines[at] for at in signs]):
        return
    role = "nav"
    for line in [*page.lines[first : last + 1], *_rest(page, last)]:
        if line.gone:
            role = "footer" if line.segment.role in FOOT and page.above(first) >= FEW_PARAGRAPHS else role
        else:
            yield line, "share" if _bare(line.text) in PLATFORMS else role, "menu"


def _rest(page: Page, last: int) -> list[Line]:
    """What follows a menu's last sign at the foot of the page."""
    if page.below(last) or page.above(last) < FEW_PARAGRAPHS:
        return []
    return list(takewhile(lambda line: line.gone or line.idle, page.lines[last + 1 :]))


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
