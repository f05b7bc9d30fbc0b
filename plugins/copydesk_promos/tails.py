"""What stands below a story under a label of its own: tag lists, and a company's note about itself."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from copydesk.rules import Rule
    from copydesk_promos.page import Line, Mark, Page

MOST_TAGS = 20
"""A tag list has so many entries at most; what is longer is something else."""

LAST_PARAGRAPHS = 3
"""Below these few last paragraphs a label is in the page's tail: a list in the middle of a story stays."""

_ABOUT = re.compile(r"About (?P<name>(?:the )?[A-Z][^.:?!,]{1,60}):?")


def tag_lists(page: Page, labels: Mapping[int, Rule]) -> Iterator[Mark]:
    """The short lines below a label such as `Tags:` that stands alone, in the tail."""
    alone = {segment for segment, rule in labels.items() if rule.role == "tags"}
    others = {segment for segment, rule in labels.items() if rule.role == "related"}
    for at, line in enumerate(page.lines if alone else ()):
        if id(line.segment) in alone and _is_label(line.text) and _in_tail(page, at):
            below = takewhile(lambda line: id(line.segment) not in others, page.lines[at + 1 : at + 1 + MOST_TAGS])
            for entry in _entries(below):
                yield entry, "tags", "tag-list"


def _entries(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines of a tag list: one with commas holds all of it, one with a date or a byline's opening is none of it."""
    for line in lines:
        if line.gone:
            continue
        if not line.idle:
            return
        yield line
        if "," in line.text:
            return


def about_notes(page: Page, _labels: Mapping[int, Rule]) -> Iterator[Mark]:
    """`About <company>` and the paragraph below it that begins with the same name, at the end of a press release.

    "About 200 people" names no company, and a heading in an explainer has no paragraph that begins with its own words
    below it, at the end of the page.
    """
    lines = page.lines
    for at in [at for at, line in enumerate(lines[:-1]) if line.text[:6] == "About "]:
        line, note = lines[at], lines[at + 1]
        named = _ABOUT.fullmatch(line.text) if line.open and note.open else None
        if named and note.prose and _in_tail(page, at) and note.text.casefold().startswith(named["name"].casefold()):
            yield line, "pr", "about-note"
            yield note, "pr", "about-note"


def _is_label(text: str) -> bool:
    return text.count(" ") < 3


def _in_tail(page: Page, at: int) -> bool:
    return page.above(at) > 0 and page.below(at) < LAST_PARAGRAPHS
