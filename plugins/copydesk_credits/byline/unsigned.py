"""Names that sign without a "By": alone on their line above the story, or in what stands about the author below it.

A menu's "Real Estate" has the form of a name, too. So a witness must stand beside it: a time, a role, a bio of the same
name, or its place between headline and first paragraph. And no word of it may stand anywhere with a small letter.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from copydesk.facts import Author
from copydesk.prose import ends_sentence, kept, words
from copydesk_credits.byline import people
from copydesk_credits.byline.signature import Line, before_time, tells_day
from copydesk_credits.house import folded as house_folded
from copydesk_credits.house import spellings
from copydesk_credits.layout import Layout, is_filed, is_time

if TYPE_CHECKING:
    from collections.abc import Sequence

_ABOVE, _BELOW, _FIRST = 16, 6, 6
_OVER, _UNDER = 4, 10
_FURTHEST = 12  # so many blocks below the story a name may stand that no label announces
_LONGEST, _NAME = 160, 40
_DATE = 6  # words: a date with its clock, and no entry of a calendar
_MENU = 1_000  # so many lines a page's menu has at most, above the story
_DATED = 10  # words: a first name, a date and a counter
_COUNTS = re.compile(r"\b(?:\d+|no|leave a) (?:comments?|replies|reply|views|likes|shares)\b", re.IGNORECASE)
_LAST = 4  # so many blocks at the end of the text: a name, what its bearer does, two lines about them
_COMMA = ", "
_IN_NAME = 4  # words: what is longer and ends with a stop is a sentence
_TOGETHER = 4  # blocks from one author to the next who are told about one after another
_STAFF = 4  # names below a story without a label: those are the house's people, or its customers
_APPEALS = frozenset(["donate", "newsletter", "promo"])
_OTHER_WORK = re.compile(
    r"(?:review|edit|research|check|translat|illustrat|photograph|approv)\w*,? by\W*$", re.IGNORECASE
)
_ACRONYM = re.compile(r"[B-DF-HJ-NP-TV-XZ]{3,}$")
_SMALL_SECOND = re.compile(r"([^\W\d_]+) ([a-z]+) ")
_PICTURE = re.compile(
    r"©|\b(?:foto|photo|bild|bildquelle|image|images|quelle|nuotr|getty|credit|legende|video|picture)\b|\w/\w",
    re.IGNORECASE,
)
_ARTICLES = frozenset(
    ["le", "la", "les", "the", "der", "die", "das", "el", "los", "il", "lo", "de", "het", "den", "det"]
)
_BIO_OPENS = re.compile(
    r"(?:About the [Aa]uthor:?\s+|[-–—*] ?)?((?:[A-ZÀ-Þ][\w.'’-]+ ){1,3}[A-ZÀ-Þ][\w.'’-]+)(?: \([^)]{2,40}\))?,?"
    r"(?:\s+(?:is|ist|was|war|has been)\s+|(?P<apposed>, (?=an? )))"
    r"(?:an?|the|ein|eine|our|[\w’'-]+['’]s)?\s*"
)
_GERMAN = frozenset(["und", "der", "ist"])
"""Words that any page of German holds. Its nouns all have a capital, and so have two words that open a line."""
_BY = re.compile(r"\b(?:by|von|par|por|door|av|af)\s+([^\W\d_].*)$", re.IGNORECASE)
_HANDLE = re.compile(r"[a-z][\w.-]{2,29}$")
_USER = re.compile(r"[^\W\d_][\w.'’-]+$")
_GLUED_BY = re.compile(r"By(?=[A-Z][a-z]+$)")


def names_above(layout: Layout) -> list[Line]:
    """The lone name nearest to the story's first paragraph that has a witness, and its neighbours that have one."""
    lines = [line for number in _numbers(layout) if (line := _alone(layout, number))]
    if lines:
        small = layout.small_words()
        told = [line for line in lines if not any(is_common(name, small) for name in _persons(line))]
        lines = told or [line for line in lines if _reached(layout, line)]  # "t.baird@..." spells a name small
    sure = [line for line in lines if _witnessed(layout, line)]
    parting = sum(_parts(layout, line) for line in lines) if sure else 0
    if not sure or (parting > 1 and _parts(layout, sure[0])):  # cross-heads, or signatures of letters
        return []
    best = min(sure, key=lambda line: layout.distance(line.number))
    return [line for line in sure if abs(line.number - best.number) <= 2 and not _parted(layout, line, best)]


def _parted(layout: Layout, one: Line, other: Line) -> bool:
    """Whether a time stands between two lines: below it a name is another thing, such as the first cross-head."""
    first, last = sorted((one.number, other.number))
    return any(layout.signed(number) for number in range(first + 1, last))


def names_anywhere(layout: Layout) -> list[Line]:
    """The lone name above the story beside a time or a role, if no other stands so: the headline may be missed."""
    above = range(max(0, layout.start - _MENU), layout.start if layout.start < len(layout.blocks) else 0)
    lines = [line for number in above if (line := _alone(layout, number)) and _is_known(line)]
    lines = [line for line in lines if _beside(layout, line) and not is_subject(layout, line)]
    small = layout.small_words() if lines else frozenset()
    lines = [line for line in lines if not any(is_common(name, small) for name in _persons(line))]
    return lines[:1] if len({line.segment.text for line in lines}) == 1 else []


def _numbers(layout: Layout) -> list[int]:
    """Around the headline; where none is known around the first paragraph, and at the top of a text without a page."""
    if layout.headline is not None:
        return list(_around(layout, layout.headline))
    size = len(layout.blocks)
    first, last = max(0, layout.start - _ABOVE), min(size, layout.start + _BELOW)
    top = min(_FIRST, first) if first < 40 else 0
    return [*range(top), *range(first, last)]


def _around(layout: Layout, headline: int) -> range:
    return range(max(0, headline - _OVER), min(len(layout.blocks), headline + _UNDER + 1))


def _alone(layout: Layout, number: int) -> Line | None:
    segment = layout.blocks[number]
    if segment.by is not None or layout.prose[number] or not 5 <= len(segment.text) <= _LONGEST:
        return None
    read = _names_alone(segment.text.strip().removeprefix(_COMMA if _goes_on_from(layout, number) else ""))
    read = None if read and layout.of_a_book(number) else read
    return Line(segment, number, len(segment.text), read, "bylines/alone") if read else None


def _goes_on_from(layout: Layout, number: int) -> bool:
    """Whether the block above is names alone: a comma that opens a line parts it from them."""
    return number > 0 and _names_alone(layout.blocks[number - 1].text.strip()) is not None


def _goes_on_below(layout: Layout, number: int) -> bool:
    """Whether the next line opens with a comma, and a name behind it."""
    below = layout.blocks[number + 1].text if number + 1 < len(layout.blocks) else ""
    return below.startswith(_COMMA) and _names_alone(below.removeprefix(_COMMA)) is not None


@kept
def _names_alone(text: str) -> people.Byline | None:
    """The people or agencies of a line that is nothing but names, and perhaps a time."""
    if not text[:1].isalnum() or _goes_on_small(text) or people.caseless(text):
        return None
    filed = is_filed(text) and not _tells_of_writer(text.partition("(")[2].rstrip(")"))
    if _PICTURE.search(_with_agency(text)) or filed or (ends_sentence(text) and words(text) > _IN_NAME):
        return None
    named, rest = before_time(_with_agency(text))
    if (rest and not tells_day(rest)) or named.endswith(":"):
        return None
    read = people.read(named)
    strict = read and (read.people or read.agencies) and all(map(_may_sign, read.people))
    return read if strict else None


def _tells_of_writer(bracket: str) -> bool:
    """Whether a bracket behind a name opens no dispatch: "Ana Ruiz (Reporter)", "(Madrid)", "(avec AFP)"."""
    with_whom = bracket.partition(" ")[0] in people.words("connective")
    return with_whom or _is_role(bracket) or people.is_place(bracket)


def _with_agency(text: str) -> str:
    """The line of a writer and an agency with a comma in place of the stroke: "Ana Lindqvist/AP"."""
    name, stroke, agency = text.rpartition("/")
    return f"{name.strip()}, {agency.strip()}" if stroke and house_folded(agency) in spellings() else text


def _goes_on_small(text: str) -> bool:
    """A cheap look at what most lines are: words of which the second is small, and none that a name goes on with."""
    match = _SMALL_SECOND.match(text)
    if match is None or "@" in text:
        return False
    first, second = match.groups()
    goes_on = any(second in people.words(kind) for kind in ("particle", "connective", "desk"))
    return not goes_on and house_folded(first) not in spellings()


def _may_sign(person: Author) -> bool:
    """Whether a line's name may sign: a person's by its form, or a desk's, "The Upwork Team"; not "By Staff".

    A section after a comma belongs to a list of categories: "Long Reads, Technology".
    """
    name, house = person.name, (person.affiliation or person.place or "").casefold()
    if house in people.words("no_name"):
        return False
    tokens = name.removeprefix("The ").split()
    known = len(tokens) > 1 and tokens[0].casefold() in people.words("never_in_a_name")
    return is_named_as_people_are(name) or (people.is_desk(name) and len(tokens) > 1 and not known)


def is_named_as_people_are(name: str) -> bool:
    """Whether a name has the form of a person's: two to four words, none of them a page's word."""
    tokens = name.split()
    plain = [token.casefold().strip(".") for token in tokens]
    if not 2 <= len(tokens) <= 4 or (len(tokens) == 2 and plain[0] in _ARTICLES):
        return False
    if any(people.glued(token) or len(token) > 18 for token in tokens):
        return False
    letters = [token for token in tokens if token.isalpha()]  # the others are initials: "J.R."
    upper = name.isupper() or plain[0] in people.words("given")  # "Lucie FERRAND"
    if any(_ACRONYM.match(token) or (token.isupper() and len(token) > 2 and not upper) for token in letters):
        return False  # a house, or what it makes
    return not any(_no_name(word, tokens, number) for number, word in enumerate(plain))


def _no_name(word: str, tokens: Sequence[str], number: int) -> bool:
    """Whether a word is a page's own. "Green" and "Faith" are a person's where they stand last, or first."""
    if word in people.words("surname_and_word") and number == len(tokens) - 1:
        return False
    if word in people.words("given_and_word") and number == 0:
        return False
    return any(word in people.words(kind) for kind in ("no_name", "organisation", "role"))


def is_common(name: str, small: frozenset[str]) -> bool:
    """Whether a word of the name stands in the document with a small letter: "Oral Hygiene" is no person.

    "Faith Green" is one, on a page of green paint too.
    """
    first, *others = name.casefold().split()
    known = first in people.words("given") and first not in small and others[-1:]
    own = people.words("particle") | (people.words("surname_and_word").intersection(known) if known else set())
    return any(word in small and word not in own for word in (first, *others))


def _witnessed(layout: Layout, line: Line) -> bool:
    """Whether something says that the name signs. A person whom the story names again is its subject."""
    if _beside(layout, line):
        return True
    if is_subject(layout, line) or _heads(layout, line) or _is_headlined(layout, line):
        return False
    if _parts(layout, line) and not (layout.under_headline(line.number, 2) and _is_known(line)):
        return False
    if not layout.small_words().isdisjoint(_GERMAN) and not _is_known(line):
        return _told_below(layout, line)
    if _above_story(layout, line) and (layout.under_headline(line.number, 2) or _is_twice(layout, line)):
        return True
    placed = _is_known(line) and any(people.is_place(person.place or "") for person in line.read.people)
    placed = placed or any(people.employs(person.affiliation or "") for person in line.read.people)
    return placed or _in_town(layout, line) or _between(layout, line) or _told_below(layout, line)


def _is_twice(layout: Layout, line: Line) -> bool:
    """Whether a name that many bear stands alone below the headline and once more right there, as a picture's text."""
    around = layout.blocks[line.number - 1 : line.number] + layout.blocks[line.number + 1 : line.number + 2]
    again = any(block.text == line.segment.text for block in around)
    return again and layout.under_headline(line.number, _OVER) and is_plainly_a_person(layout, line)


def _parts(layout: Layout, line: Line) -> bool:
    """Whether a line stands between two paragraphs, as cross-heads do, and the signatures of letters.

    The paragraph right below a headline may be a dek: there a name signs whose first name is known.
    """
    above, below = line.number - 1, line.number + 1
    return above >= 0 and below < len(layout.blocks) and layout.prose[above] and layout.prose[below]


def _is_known(line: Line) -> bool:
    """Whether a name opens with a first name that many bear: "Scharfe Kritik" has the form of a name as well."""
    return any(re.split(r"[ -]", person.name.casefold())[0] in people.words("given") for person in line.read.people)


def is_plainly_a_person(layout: Layout, line: Line) -> bool:
    """Whether a line names nobody but people whose first names many bear, in words that the page does not say small."""
    named = [person.name for person in line.read.people]
    small = layout.small_words() if named and _is_known(line) else frozenset()
    plain = (is_named_as_people_are(name) and not is_common(name, small) for name in named)
    return bool(named) and _is_known(line) and all(plain)


def _persons(line: Line) -> list[str]:
    """The names that a line gives to people; those of desks are made of common words."""
    return [person.name for person in line.read.people if not people.is_desk(person.name)]


def _above_story(layout: Layout, line: Line) -> bool:
    """Whether a time or a paragraph stands within six blocks below, and the name is not printed in capitals."""
    below = range(line.number + 1, min(line.number + 7, len(layout.blocks)))
    told = any(layout.signed(number) or layout.prose[number] for number in below)
    return told and not any(person.name.isupper() for person in line.read.people)


def _heads(layout: Layout, line: Line) -> bool:
    """Whether the same words stand above the headline, too: a section's name, and nobody's."""
    place = layout.headline or 0
    return line.number > place and _stands_above(layout, place, line.segment.text)


def _is_headlined(layout: Layout, line: Line) -> bool:
    """Whether a word of a name stands in the headline: it is what the story is about, or a button below it."""
    told = set(layout.blocks[layout.headline].text.casefold().split()) if layout.headline is not None else set()
    return any(not told.isdisjoint(name.casefold().split()) for name in _persons(line))


def _stands_above(layout: Layout, number: int, text: str) -> bool:
    """Whether a block above says the same, word for word."""
    return any(block.text == text for block in layout.blocks[:number])


def _beside(layout: Layout, line: Line) -> bool:
    """Whether a time or a role stands in the line or next to it."""
    if tells_day(line.segment.text) or any(_is_role(person.affiliation or "") for person in line.read.people):
        return True
    number = line.number
    if layout.under_headline(number, 3) and _goes_on_below(layout, number):
        return True
    below = layout.blocks[number + 1].text if number + 1 < len(layout.blocks) else ""
    above = number - 2 if number > 1 and len(layout.blocks[number - 1].text) <= 1 else number - 1
    return layout.signed(number + 1) or layout.signed(above) or _is_role(below) or _reached(layout, line)


def _reached(layout: Layout, line: Line) -> bool:
    """Whether an address stands right below."""
    return any(people.reached(block.text) for block in layout.blocks[line.number + 1 : line.number + 2])


def names_beside_time(layout: Layout) -> list[Line]:
    """The names in a time line around the headline: "Published August 7, 2023 by Ana Lindqvist"."""
    if layout.headline is None:
        return []
    for number in _around(layout, layout.headline):
        segment = layout.blocks[number]
        match = _BY.search(segment.text) if segment.role == "time" else None
        named = before_time(match.group(1))[0] if match else ""
        read = named and (people.read(named, lone=True) or handle(named))
        if read and read.people:
            return [Line(segment, number, len(segment.text), read, "bylines/in-time")]
    return []


def names_by_place(layout: Layout) -> list[Line]:
    """One to three words alone between the headline and a time or a role: a user's name, a first name, a house's.

    So do kickers stand; but those the menus say as well, or the story in small letters.
    """
    place = layout.headline
    for number in range(place + 1, min(place + 4, len(layout.blocks) - 1)) if place is not None else ():
        segment = layout.blocks[number]
        below = layout.blocks[number + 1].text
        told = (layout.signed(number + 1) and words(below) <= _DATE) or _is_role(below)
        first = _first_name_on(segment.text)
        named = first or _GLUED_BY.sub("", segment.text)
        if segment.by is None and (told or named != segment.text):
            read = None if layout.signed(number) and not first else _by_place(named.rstrip(" |•·-–—,"))
            if read and not _is_spoken(layout, number, read.people[0].name):
                return [Line(segment, number, len(segment.text), read, "bylines/place")]
    return []


def _first_name_on(text: str) -> str:
    """Who signs a post with a first name that many bear, a date and a counter: "Susan December 9, 2024 0 Comments"."""
    named, rest = before_time(text) if words(text) <= _DATED and _COUNTS.search(text) else ("", "")
    return named if named.casefold() in people.words("given") and tells_day(rest) else ""


def _by_place(text: str) -> people.Byline | None:
    tokens = text.split()
    if not 1 <= len(tokens) <= 3 or not 3 <= len(text) <= _NAME or people.caseless(text):
        return None
    plain = [token.casefold().strip(".,") for token in tokens]
    known = house_folded(text) in spellings() or people.read(text) == people.Byline()
    if known or any(word in people.words(kind) for word in plain for kind in ("no_name", "role", "never_in_a_name")):
        return None
    handles = all(_USER.match(token) for token in tokens) and (len(tokens) == 1 or not text.islower())
    return people.Byline((Author(text),)) if handles else None


def _is_spoken(layout: Layout, number: int, name: str) -> bool:
    """Whether the menus above say the same, or the page uses a word of it in small letters."""
    above = _stands_above(layout, number, layout.blocks[number].text)
    if not name.islower():
        return above or is_common(name, layout.small_words())
    return above or sum(name in block.text for block in layout.blocks) > 1


def handle(named: str) -> people.Byline | None:
    """Whom a single word names that has no form of a name, as blogs sign: "jsteinhardt"."""
    if named in people.words("nobody"):  # "By published", a slot that was left empty
        return people.Byline(())
    known = named in people.words("connective") or named in people.words("never_in_a_name")
    return people.Byline((Author(named),)) if _HANDLE.match(named) and not known else None


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
    again = _stands_above(layout, number, line.segment.text)
    cross_head = sum(layout.prose[:number]) > 1  # a dek is one block
    return below and not again and not cross_head and words(layout.blocks[number - 1].text) >= 4


def _told_below(layout: Layout, line: Line) -> bool:
    return any(
        is_bio(layout.blocks[number].text, person.name)
        for person in line.read.people
        for number in range(layout.start + 1, len(layout.blocks))
    )


def is_bio(text: str, name: str) -> bool:
    """Whether a block tells who the person of that name is."""
    return text.startswith(name) and _is_somebody().match(text, len(name)) is not None


@cache
def _is_somebody() -> re.Pattern[str]:
    """What goes on behind a name in a bio: "(born 1970), is a writer", "is The Echo's editor", "a poet at Quay"."""
    told = people.any_of("is_somebody")
    return re.compile(
        rf"\s*(?:\([^)]{{1,30}}\)\s*)?,?\s*(?:{told}|is [\w’'-]+['’]s|a \w+ (?:at|with))\b", re.IGNORECASE
    )


def is_subject(layout: Layout, line: Line, *, at_most: int = 1) -> bool:
    """Whether more paragraphs of the story than that, above a line that stands below it, name the person."""
    lasts = [name.split()[-1] for name in _persons(line)]
    end = layout.end if line.number <= layout.start else min(layout.end, line.number)
    story = [layout.blocks[number].text for number in range(layout.start, end) if layout.prose[number]]
    return bool(lasts) and all(sum(last in text for text in story) > at_most for last in lasts)


def _is_role(text: str) -> bool:
    text = text[1:].partition(")")[0] if text.startswith("(") else text  # "(Editor) – Ada comes from the coast"
    first = [word.strip(",.:;").casefold() for word in text[:120].split()[:5]]
    return any(word in people.words("occupation") for word in first) and words(text) <= 12


def names_below(layout: Layout, labels: Sequence[int]) -> list[Line]:
    """The authors whom only the lines below the story name: under "About the author", or with a role or bio."""
    numbers = range(layout.start + 3, len(layout.blocks) - 1)
    told = [line for number in numbers if _introduced(layout, number) and (line := _alone(layout, number))]
    told = [line for line in told if line.read.people and not is_subject(layout, line)]
    ending = range(max(layout.start + 3, layout.end - _LAST), len(layout.blocks))
    labelled = [number + 1 for number in labels if layout.start + 3 <= number + 1 < ending.start]
    last = [_told_last(layout, number, labels) for number in (*labelled, *ending)]
    near = {line.number: line._replace(rule="bylines/bio") for line in (*told, *filter(None, last))}
    if len({name for line in near.values() for name in _persons(line)}) > _STAFF and not labels:
        return []
    first = min(line.number for line in told) if told else min(near, default=0)
    return _one_after_another([line for number, line in sorted(near.items()) if number >= first])


def _one_after_another(lines: list[Line]) -> list[Line]:
    """The lines up to the first gap."""
    gap = next((n for n, (one, other) in enumerate(pairwise(lines), 1) if other.number - one.number > _TOGETHER), None)
    return lines[:gap]


def _told_last(layout: Layout, number: int, labels: Sequence[int]) -> Line | None:
    """A name or bio under a label, or at the end of the story with a role or a bio."""
    labelled = number - 1 in labels
    near = labelled or _ends(layout, number)
    line = (_alone(layout, number) if near else None) or _opens_bio(layout, number, labelled=labelled)
    return line if line and line.read.people and _signed_below(layout, line, labels) else None


def _ends(layout: Layout, number: int) -> bool:
    """Whether a block stands near the end of the story, or of the text: a story may end in lists and tables."""
    return number <= layout.end + _FURTHEST or number >= len(layout.blocks) - _LAST


def _introduced(layout: Layout, number: int) -> bool:
    """Whether the next block tells who a line's person is: "Ana Lindqvist" above "Ana is a reporter from Oslo"."""
    text, below = layout.blocks[number].text, layout.blocks[number + 1].text
    if not 5 <= len(text) <= _NAME or not 2 <= len(text.split()) <= 4:
        return False
    if below.startswith(text):
        return is_bio(below, text) and _works(below[len(text) :])
    first = text.split()[0]
    return first in below[:40] and _presents(below, first) and (_works(below) or not below.startswith(first))


def _works(told: str) -> bool:
    """Whether what is told of somebody opens with the work that people who sign stories do."""
    return any(word.strip(",.;").casefold() in people.words("occupation") for word in told[:200].split()[:12])


def _opens_bio(layout: Layout, number: int, *, labelled: bool) -> Line | None:
    """A block that opens with a name and goes on as a bio does."""
    segment = layout.blocks[number]
    match = _BIO_OPENS.match(segment.text)
    if segment.by is not None or match is None or not is_named_as_people_are(match.group(1)):
        return None
    if not (labelled or (not match["apposed"] and _works(segment.text[match.end() :]))):
        return None
    read = people.read(match.group(1))
    return Line(segment, number, len(segment.text), read, "bylines/bio") if read else None


def _signed_below(layout: Layout, line: Line, labels: Sequence[int]) -> bool:
    number = line.number
    if number - 1 in labels:
        return True
    below = layout.blocks[number + 1].text if number + 1 < len(layout.blocks) else ""
    name = line.read.people[0].name
    appeals = _signs_appeal(layout, number) and not is_bio(below, name)
    if appeals or is_subject(layout, line) or _did_other_work(layout, number):
        return False
    if line.rule == "bylines/bio":
        return True
    if _signs_off(layout, line):
        return not any(is_common(person.name, layout.small_words()) for person in line.read.people)
    if not _ends(layout, number) or any(is_common(person.name, layout.small_words()) for person in line.read.people):
        return False
    return _is_role(below) or _presents(below, name.split()[0]) or is_bio(below, name)


def _signs_off(layout: Layout, line: Line) -> bool:
    """Whether a name that many bear is the text's last line, below a sentence, as papers of Rome and Zurich sign."""
    above = line.number - 1
    last = line.number == len(layout.blocks) - 1
    told = any(person.affiliation or person.place for person in line.read.people)  # a customer, a letter's writer
    return last and not told and layout.prose[above] and ends_sentence(layout.blocks[above].text) and _is_known(line)


def _did_other_work(layout: Layout, number: int) -> bool:
    """Whether one is named for other work: "Reviewed by"."""
    above = layout.blocks[max(0, number - 1) : number]
    return any(_OTHER_WORK.search(block.text) for block in above)


def _signs_appeal(layout: Layout, number: int) -> bool:
    """Whether a name stands below the house's appeal to its readers."""
    return any(block.role in _APPEALS for block in layout.blocks[max(0, number - 2) : number])


@cache
def _introduction() -> re.Pattern[str]:
    """How somebody is introduced by first name: "Hi, I'm Ann", "Ann (Mia) Lee, is"."""
    called = r"([\w.'’-]+)(?: [\w.'’()-]+){0,3},? " + people.any_of("told")
    return re.compile(rf"{people.i_am()}([\w.'’-]+)\b|{called}\b", re.IGNORECASE)


def _presents(text: str, first: str) -> bool:
    """Whether a block says who somebody is, by first name: "I'm Ann, a trainer ...", "Ann is a writer ..."."""
    match = _introduction().match(text)
    return match is not None and (match.group(1) or match.group(2)).casefold() == first.casefold() and words(text) >= 6
