"""What is told about the author below a story, as in "An engineer by training, Lee has covered the ports since 2011".

It reads like the story's own sentences, and a profile or an obituary is made of them. So it must stand at the end, and
open with one whom the story does not name: the life of its subject stays.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from copydesk.prose import words
from copydesk_credits.byline import people
from copydesk_credits.byline.unsigned import is_bio

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from copydesk.document import Segment
    from copydesk_credits.layout import Layout

_CLOSE = 2
"""Two paragraphs stand so many blocks from one another at most, else what parts them is no picture."""

_REACHED_BY = 25
"""A line that says how to reach the author has so many words at most."""

_OPENING = 80
"""Characters in which the name stands: "The Oslo writer Ana Lindqvist is ..."."""

_LONG_OPENING = 220
"""Characters in which the name stands behind what is told first: "A veteran of the port, Lee has ..."."""

_TOWNS = re.compile(r" [A-Z][^.]{1,40}(?:, and [A-Z][^.]{1,40} from [A-Z][^.]{1,40})?\.$")


class Tail:
    """The end of a story: its last paragraphs, and whatever stands below."""

    def __init__(self, layout: Layout) -> None:
        told = [number for number, prose in enumerate(layout.prose) if prose]
        close = [number for before, number in pairwise(told) if number - before <= _CLOSE]
        first = close[-2] if len(close) > 1 else len(layout.blocks)
        self._start = layout.blocks[first].start if first < len(layout.blocks) else -1
        self._story = [layout.blocks[number].text for number in told if number < first]
        self._last = [layout.blocks[number] for number in told if number >= first]
        self._named: dict[str, bool] = {}

    def introduces(self, segment: Segment, names: Iterable[str]) -> str:
        """Whether a block here tells who one of the authors is, or heads it: the rule that says so."""
        if self._start < 0 or segment.start < self._start:
            return ""
        for name in names:
            if _is_heading(segment.text, name):
                return "bio-label"
            if " " in name and _introduces(segment.text, name) and not self._names(name.split(), segment):
                return "bio"
            if _reaches(segment.text, name):
                return "bio"
        return ""

    def _names(self, parts: Sequence[str], below: Segment) -> bool:
        """Whether the story names them above a block. What has been found to be a bio is no story."""
        last = [segment.text for segment in self._last if segment.start < below.start and segment.role != "bio"]
        return any(self._is_named(part) or any(part in text for text in last) for part in parts if len(part) > 1)

    def _is_named(self, part: str) -> bool:
        """Whether the story names somebody before its last two paragraphs. There may be thousands of each."""
        if part not in self._named:
            self._named[part] = any(part in text for text in self._story)
        return self._named[part]


def _is_heading(text: str, name: str) -> bool:
    match = people.opening("about").match(text)
    return match is not None and text[match.end() :].strip(" :") == name


def _introduces(text: str, name: str) -> bool:
    """Whether a block says who the author is, by any part of the name."""
    first, *_, last = name.split()
    at = text.find(name, 0, _OPENING)
    if at >= 0 and any(is_bio(text[place:], name) for place in (at, text.rfind(name, 0, _OPENING + len(name)))):
        return True
    greeting = _i_am().match(text)
    if greeting:
        return text.startswith((name, first), greeting.end())
    called = next((part for part in (name, first) if text.startswith(f"{part} ")), "")
    if called:
        told = text[len(called) + 1 :]
        return people.opening("does").match(told) is not None or _reported(told) or _covers(text, last)
    return _covers(text, last) or _comes_to(text, (first, last))


@cache
def _i_am() -> re.Pattern[str]:
    return re.compile(people.i_am(), re.IGNORECASE)


def _reported(told: str) -> bool:
    """Whether what stands behind a name says from where its bearer wrote, and no more."""
    match = people.opening("reported_from").match(told)
    return match is not None and _TOWNS.match(told, match.end()) is not None


def _covers(text: str, last: str) -> bool:
    """Whether the last name stands before what its bearer covers: "Steph Lindqvist covers", in the byline Stephanie."""
    at = text.find(last, 0, _OPENING)
    opens = at >= 0 and text.count(" ", 0, at) <= 1 and text.startswith(" ", at + len(last))
    return opens and people.opening("covers").match(text, at + len(last) + 1) is not None


def _comes_to(text: str, parts: Iterable[str]) -> bool:
    """Whether a block comes to the author by way of what they have done: "A veteran of the port, Lee has ..."."""
    if not people.opening("by_way_of").match(text):
        return False
    opening = text[:_LONG_OPENING]
    return any(
        re.search(rf"\b{re.escape(part)} {people.opening('does').pattern}", opening)
        for part in parts
        if part in opening
    )


def _reaches(text: str, called: str) -> bool:
    """Whether a line says how to reach somebody: "Follow her on Mastodon", "Contact staff writer Ana Lindqvist"."""
    opening = text[:_OPENING].casefold()
    reach = _reach().match(opening)
    if reach is None or words(text) > _REACHED_BY:
        return False
    if reach["reporter"]:
        return True
    return re.search(rf"\b{re.escape(called.casefold())}\b", opening) is not None


@cache
def _reach() -> re.Pattern[str]:
    """What says how to reach somebody: "You can also follow ", "Contact the reporter at "."""
    reporter = people.any_of("our_reporter")
    return re.compile(
        rf"(?:you can )?(?:also )?{people.any_of('reach')} (?P<reporter>(?:the|our|this) {reporter} (?:at|by|on|via) )?"
    )
