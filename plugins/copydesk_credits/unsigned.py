"""Names that sign without a "By": alone on their line above the story, or in what stands about the author below it.

A menu's "Real Estate" has the form of a name, too. So a witness must stand beside it: a time, a role, a bio of the same
name, or its place between headline and first paragraph. And no word of it may stand anywhere with a small letter.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from copydesk.prose import words
from copydesk_credits import people
from copydesk_credits.layout import Layout, is_filed, is_time, tells_time
from copydesk_credits.signature import Line, before_time

if TYPE_CHECKING:
    from collections.abc import Sequence

_ABOVE, _BELOW, _FIRST = 16, 6, 6
_PICTURE = re.compile(
    r"©|\b(?:foto|photo|bild|bildquelle|image|images|quelle|nuotr|getty|credit|legende|video|picture)\b|\w/\w",
    re.IGNORECASE,
)
_ARTICLES = frozenset(
    ["le", "la", "les", "the", "der", "die", "das", "el", "los", "il", "lo", "de", "het", "den", "det"]
)
_BIO = re.compile(
    r"\s*(?:\([^)]{1,30}\)\s*)?,?\s*(?:is (?:an?|the)|is [\w’'-]+['’]s|covers|writes|reports|works|joined"
    r"|can be reached|has (?:been|written|covered)|a \w+ (?:at|with)|ist|war|schreibt|es (?:un|una|periodista)"
    r"|est (?:un|une|journaliste)|è)\b",
    re.IGNORECASE,
)
_BIO_OPENS = re.compile(
    r"((?:[A-ZÀ-Þ][\w.'’-]+ ){1,3}[A-ZÀ-Þ][\w.'’-]+),?\s+(?:is|ist|was|has been)\s+"
    r"(?:an?|the|ein|eine|our|[\w’'-]+['’]s)?\s*"
)
_VERBS = r"(?:is|has|was|writes|covers|works|joined|specializes|lives|leads|spent|brings|loves|ist|schreibt|est|es)"


def names_above(layout: Layout) -> list[Line]:
    """The lone name nearest to the story's first paragraph that has a witness, and its neighbours that have one."""
    lines = [line for number in _numbers(layout) if (line := _alone(layout, number))]
    if lines:
        small = layout.small_words()
        lines = [line for line in lines if not any(is_common(person.name, small) for person in line.read.people)]
    sure = [line for line in lines if _witnessed(layout, line)]
    if not sure:
        return []
    best = min(sure, key=lambda line: abs(layout.start - line.number))
    return [line for line in sure if abs(line.number - best.number) <= 2]


def _numbers(layout: Layout) -> list[int]:
    """Around the story's first paragraph, and the first lines of a document that has no page above."""
    first, last = max(0, layout.start - _ABOVE), min(len(layout.blocks), layout.start + _BELOW)
    top = min(_FIRST, first) if first < 40 else 0
    return [*range(top), *range(first, last)]


def _alone(layout: Layout, number: int) -> Line | None:
    segment = layout.blocks[number]
    text = segment.text.strip()
    if segment.by is not None or not 5 <= len(text) <= 160 or layout.prose[number] or people.caseless(text):
        return None
    if _PICTURE.search(text) or not text[0].isalnum() or is_filed(text):
        return None
    named, rest = before_time(text)
    if (rest and not tells_time(rest)) or named.endswith(":"):
        return None
    read = people.read(named)
    if not read or not (read.people or read.agencies) or not all(_strict(person.name) for person in read.people):
        return None
    return Line(segment, number, len(segment.text), read, "bylines/alone")


def _strict(name: str) -> bool:
    """Whether a name has the form of a person's: two to four words, none of them a page's word."""
    tokens = name.split()
    plain = [token.casefold().strip(".") for token in tokens]
    if not 2 <= len(tokens) <= 4 or (len(tokens) == 2 and plain[0] in _ARTICLES):
        return False
    if any(people.glued(token) or len(token) > 18 for token in tokens):
        return False
    return not any(word in people.words(kind) for word in plain for kind in ("no_name", "organisation", "role"))


def is_common(name: str, small: frozenset[str]) -> bool:
    """Whether a word of the name stands in the document with a small letter: "Oral Hygiene" is no person."""
    return any(word.casefold() in small and word.casefold() not in people.words("particle") for word in name.split())


def _witnessed(layout: Layout, line: Line) -> bool:
    """Whether something says that the name signs. A person whom the story names again is its subject."""
    if _beside(layout, line):
        return True
    if _is_subject(layout, line):
        return False
    return _in_town(layout, line) or _between(layout, line) or _told_below(layout, line)


def _beside(layout: Layout, line: Line) -> bool:
    """Whether a time or a role stands in the line or next to it."""
    _, rest = before_time(line.segment.text)
    if rest or any(_is_role(person.affiliation or "") for person in line.read.people):
        return True
    number = line.number
    below = layout.blocks[number + 1].text if number + 1 < len(layout.blocks) else ""
    return layout.signed(number + 1) or layout.signed(number - 1) or _is_role(below)


def _in_town(layout: Layout, line: Line) -> bool:
    """Whether a town and then a time stand below."""
    below = [block.text for block in layout.blocks[line.number + 1 : line.number + 3]]
    return len(below) > 1 and is_time(below[1]) and words(below[0]) <= 3


def _between(layout: Layout, line: Line) -> bool:
    """Whether the name stands between a headline or dek and the first paragraph, with no page above."""
    number = line.number
    if any(person.name.isupper() for person in line.read.people) or not 0 < number <= 8:
        return False
    below = number + 1 < len(layout.blocks) and layout.prose[number + 1]
    return below and words(layout.blocks[number - 1].text) >= 4


def _told_below(layout: Layout, line: Line) -> bool:
    return any(
        is_bio(layout.blocks[number].text, person.name)
        for person in line.read.people
        for number in range(layout.start + 1, len(layout.blocks))
    )


def is_bio(text: str, name: str) -> bool:
    """Whether a block tells who the person of that name is."""
    return text.startswith(name) and _BIO.match(text, len(name)) is not None


def _is_subject(layout: Layout, line: Line) -> bool:
    lasts = [person.name.split()[-1] for person in line.read.people]
    story = [layout.blocks[number].text for number in range(layout.start, layout.end) if layout.prose[number]]
    return bool(lasts) and all(sum(last in text for text in story) >= 2 for last in lasts)


def _is_role(text: str) -> bool:
    first = [word.strip(",.:;").casefold() for word in text[:120].split()[:5]]
    return any(word in people.words("occupation") for word in first) and words(text) <= 12


def names_below(layout: Layout, labels: Sequence[int]) -> list[Line]:
    """The author whom only the lines below the story name: under "About the author", or with a role or bio."""
    for number in range(layout.start + 3, len(layout.blocks)):
        if number - 1 in labels or number >= layout.end - 4:
            line = _alone(layout, number) or _opens_bio(layout, number)
            if line and line.read.people and _signed_below(layout, line, labels):
                return [line]
    return []


def _opens_bio(layout: Layout, number: int) -> Line | None:
    """A block that opens with a name and goes on as a bio does."""
    segment = layout.blocks[number]
    match = _BIO_OPENS.match(segment.text)
    if segment.by is not None or match is None or not _strict(match.group(1)):
        return None
    after = segment.text[match.end() : match.end() + 200].split()[:9]
    if not any(word.strip(",.;").casefold() in people.words("occupation") for word in after):
        return None
    read = people.read(match.group(1))
    return Line(segment, number, len(segment.text), read, "bylines/bio") if read else None


def _signed_below(layout: Layout, line: Line, labels: Sequence[int]) -> bool:
    number = line.number
    if number - 1 in labels or line.rule == "bylines/bio":
        return True
    below = layout.blocks[number + 1].text if number + 1 < len(layout.blocks) else ""
    if number > layout.end + 12 or _is_subject(layout, line):
        return False
    return _is_role(below) or _presents(below, line.read.people[0].name.split()[0])


def _presents(text: str, first: str) -> bool:
    """Whether a block says who somebody is, by first name: "I'm Ann, a trainer ...", "Ann is a writer ..."."""
    called = re.escape(first)
    told = rf"(?:hi[,!] )?(?:i['’]m|i am|my name is) {called}\b|{called}(?: [\w.'’()-]+){{0,3}},? {_VERBS}\b"
    return re.match(told, text, re.IGNORECASE) is not None and words(text) >= 6
