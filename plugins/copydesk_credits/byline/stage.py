"""Who wrote it: bylines, contributors, editors and translators, what is said about authors, and the desk's notes."""

from __future__ import annotations

import re
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec.structs import replace

from copydesk.facts import Author, Credit
from copydesk.prose import is_prose, sentences
from copydesk_credits.byline import people
from copydesk_credits.byline.bios import Tail
from copydesk_credits.byline.owner import owner
from copydesk_credits.byline.signature import Line, part_rows, read_line
from copydesk_credits.byline.unsigned import (
    handle,
    is_bio,
    is_common,
    is_plainly_a_person,
    is_subject,
    names_above,
    names_anywhere,
    names_below,
    names_beside_time,
    names_by_place,
)
from copydesk_credits.headline.score import headline
from copydesk_credits.house import house_rules
from copydesk_credits.layout import Layout, laid_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from copydesk.document import Document, Segment
    from copydesk.rules import Hit

_TOP, _ABOVE, _BELOW = 12, 30, 8
_OVER, _UNDER = 4, 12
"""Where a byline may stand: in the first blocks, so many above and below the story's first paragraph or the headline,
or right at its end."""
_ROUNDS, _MOST_BLOCKS, _LEDE = 5, 20_000, 3
"""How often to look for bylines of other stories, and in how many blocks: no article has more, a dump of a site may."""
_LONGEST, _PARAGRAPH, _EDGE = 600, 300, 5
"""Characters: no list of contributors is longer, and a block of more is a paragraph. Blocks at each end of the story
that are asked for contributors and notes whatever their length."""
_TITLE_WORDS = 4
"""What one does stands in so few words on a line of its own: "Senior Political Correspondent"."""
_ROLES: tuple[people.Role, ...] = ("author", "editor", "translator", "contributor")
_BY_HANDLE = re.compile(r"(?:[Ww]ritten |[Pp]osted (?:on )?)?[Bb]y[: ]+(\S+)[ |]*$")
_WRITTEN = re.compile(r"written by\b", re.IGNORECASE)
_GOES_ON = (",", "and", "und", "&", "et", "y", "/")
_TITLE = re.compile(r"\b(?i:writers?|reporters?|correspondents?|journalists?|producers?|editors?)\s+(?=[A-Z])")


class extract_byline:
    """Take who wrote the story out of the text: authors, contributors, editors, translators, their bios, notes.

    A byline is believed when all of its line reads as names, agencies, roles and times, and when it stands near the
    story's first paragraph: a page's teasers have bylines as well. A name alone on its line counts only beside a time
    line, a role, a lone "By" or a bio of the same name. "By Thursday", "By law," and "By using our site" name nobody,
    and neither does "Staff"; an agency alone is the story's agency, not its author. What is in doubt stays.

    rules: rule files of your own. without: ids of rules to leave out. alone: whether a name without "By" may sign.
    """

    def __init__(self, *, rules: tuple[Path, ...] = (), without: tuple[str, ...] = (), alone: bool = True) -> None:
        self.rules = house_rules("bylines", rules=rules, without=without, everywhere=True)
        self.alone = alone

    def __call__(self, doc: Document) -> None:
        part_rows(doc)
        layout = laid_out(doc)
        hits = self._hits(doc, layout)
        if _notes(doc, hits):
            layout = laid_out(doc)
            hits = self._hits(doc, layout)
        headline(layout)
        found = self._sign(doc, layout, hits)
        if self.alone and not doc.found("author"):
            _owned(doc)
            _archived(doc, layout, hits)
        names = [author.name for author in doc.found("author")]
        if names:
            _repeats_and_bios(doc, names, layout)
        # Bylines of other stories, which would be nearest to this one in its clean text, leave without a fact.
        for _ in range(_ROUNDS if found and len(layout.blocks) <= _MOST_BLOCKS else 0):
            layout = Layout(doc, doc.story)
            if not self._sign(doc, layout, self._hits(doc, layout), facts=False):
                break
        _head_bios(doc, hits)

    def _sign(self, doc: Document, layout: Layout, hits: list[Hit], *, facts: bool = True) -> bool:
        """Take the bylines of a layout; whether there were any."""
        place = {id(segment): number for number, segment in enumerate(layout.blocks)} if hits else {}
        hits = [hit for hit in hits if id(hit.segment) in place and not layout.of_a_book(place[id(hit.segment)])]
        leads = [place[id(hit.segment)] for hit in hits if hit.rule.id.endswith("/lead")]
        labels = [n for n in leads if n > layout.start and _lead_role(layout.blocks[n].text) == "author"]
        near = [number for number in leads if _near(layout, number)]
        labels += [place[id(hit.segment)] for hit in hits if hit.rule.id.endswith("/bio-label")]
        found = _nearest(_keyworded(hits, place, layout) + _below_leads(layout, near), layout)
        found = _without_teasers(found, layout)
        found = _rather_written(found, hits, place, layout) if facts else found
        found += _handles(layout) if not found else []
        found += self._unsigned(found, layout, names_above, names_beside_time, names_by_place)
        if not found and facts:
            found = _only(hits, place, layout)
            near += [line.number - 1 for line in found if line.number - 1 in leads]
        found += self._unsigned(found, layout, partial(names_below, labels=labels), names_anywhere)
        for number in near:
            layout.blocks[number].mark("byline", rule="bylines/lead")
        for line in found:
            _settle(doc, _titled(layout, line), facts=facts)
        return bool(found or near)

    def _unsigned(self, found: list[Line], layout: Layout, *ways: Callable[[Layout], list[Line]]) -> list[Line]:
        """What the first of the ways finds that finds anything, where no byline names an author.

        Who reviewed a story is told about below it as its author is: they are known by then.
        """
        if not self.alone or any(line.role == "author" for line in found):
            return []
        known = set().union(*map(_names, found))
        others = ([line for line in way(layout) if not _names(line) & known] for way in ways)
        return next(filter(None, others), [])

    def _hits(self, doc: Document, layout: Layout) -> list[Hit]:
        """What the rules find in all but the long paragraphs in the middle of the story: nobody signs there."""
        middle = range(layout.start + _EDGE, layout.end - _EDGE)
        among = [s for n, s in enumerate(layout.blocks) if n not in middle or len(s.text) < _PARAGRAPH]
        return [hit for hit in self.rules.hits(doc, among=among) if hit.segment.role in doc.keep]


def _owned(doc: Document) -> None:
    """Note whose site the story stood on, where nobody signs."""
    found = owner(doc)
    if found:
        doc.fact("author", Author(found.name), found.segment)


def _archived(doc: Document, layout: Layout, hits: list[Hit]) -> None:
    """Note to whose other stories the page leads, where it is one person. What leads there heads those stories."""
    found = (_line(hit, 0) for hit in hits if hit.rule.id.endswith("/archive"))
    lines = [line for line in found if line and is_plainly_a_person(layout, line)]
    if not doc.found("author") and _alike(lines):
        doc.fact("author", lines[0].read.people[0], lines[0].segment)


def _notes(doc: Document, hits: list[Hit]) -> bool:
    """Take contributors and the desk's notes, sentences that leave with their facts; whether there were any."""
    notes = list(_first_of_each(hit for hit in hits if hit.rule.role in ("contributors", "correction")))
    for hit in notes:
        if hit.rule.role == "correction":
            doc.fact("note", hit.groups.get("note", hit.text).strip(), hit.segment)
            hit.segment.mark("correction", rule=hit.rule.id)
        else:
            _contributors(doc, hit)
    return bool(notes)


def _first_of_each(hits: Iterable[Hit]) -> Iterator[Hit]:
    seen: set[int] = set()
    for hit in hits:
        if id(hit.segment) not in seen:
            seen.add(id(hit.segment))
            yield hit


def _near(layout: Layout, number: int) -> bool:
    around = layout.headline is not None and -_OVER <= number - layout.headline <= _UNDER
    foot = layout.end - 1 <= number <= layout.end + 1
    return around or foot or number <= _TOP or layout.start - _ABOVE <= number <= layout.start + _BELOW


def _first(layout: Layout) -> int:
    """The raw place from which on a name may be the author's again: menus above may hold it by chance."""
    number = max(0, layout.start - _ABOVE)
    return layout.blocks[number].start if number < len(layout.blocks) else 0


def _deep(layout: Layout) -> int:
    """The raw place below the story's first paragraphs: below it an author's name heads what is told about them."""
    paragraphs = [n for n in range(layout.start, layout.end) if layout.prose[n]][:_LEDE]
    return layout.blocks[paragraphs[-1]].end if paragraphs else 0


def _without_teasers(found: list[Line], layout: Layout) -> list[Line]:
    """The bylines, less those of teasers above the headline: there a bare name beside a time signs right below it."""
    writers = [line for line in found if line.role == "author"]
    if layout.headline is None or not writers or any(line.number > layout.headline for line in writers):
        return found
    own = [line for line in names_above(layout) if _dated_below(layout, line.number)]
    return own + [line for line in found if line not in writers] if own else found


def _keyworded(hits: list[Hit], place: dict[int, int], layout: Layout) -> list[Line]:
    found = []
    for hit in _first_of_each(filter(_signs, hits)):
        number = place[id(hit.segment)]
        line = _line(hit, number) if _near(layout, number) else None
        if line and not (_is_menu_row(line, layout) or _is_other(line, layout)):
            found.append(line)
    return found


def _is_menu_row(line: Line, layout: Layout) -> bool:
    """Whether "By" opens a menu's row, "By Region": far above the headline, or in words that the page spells small."""
    if layout.headline is not None and line.number < layout.headline - _OVER and _is_single(line):
        return True
    return not _dated_below(layout, line.number) and _is_heading(line, layout)


def _is_single(line: Line) -> bool:
    names = [person.name for person in line.read.people]
    return len(names) == 1 and " " not in names[0] and not people.caseless(names[0])


def _handles(layout: Layout) -> list[Line]:
    """A "by" with one small word, right below the headline: people sign so on the web."""
    if layout.headline is None:
        return []
    for number in range(layout.headline + 1, min(layout.headline + 4, len(layout.blocks))):
        segment = layout.blocks[number]
        match = _BY_HANDLE.match(segment.text) if segment.by is None else None
        read = handle(match.group(1)) if match else None
        if read:
            return [Line(segment, number, len(segment.text), read, "bylines/by")]
    return []


def _only(hits: list[Hit], place: dict[int, int], layout: Layout) -> list[Line]:
    """The bylines anywhere on the page, where all of them name the same and none stands near: no list of teasers.

    A reporter's own teasers name one person, too, each on another day. Where others are named, a byline counts that
    stands right above a paragraph of the story: teasers stand below it.
    """
    lines = [line for hit in filter(_signs, hits) if (line := _line(hit, place[id(hit.segment)]))]
    lines = [line for line in lines if not _is_other(line, layout)]
    if any(_is_heading(line, layout) for line in lines):
        return []
    leads = [place[id(hit.segment)] for hit in hits if hit.rule.id.endswith("/lead")]
    lines = [line for line in lines + _below_leads(layout, leads) if line.role == "author"]
    above = [line for line in lines if line.number + 1 < layout.end and layout.prose[line.number + 1]]
    return next((some for some in (lines, above) if _alike(some)), [])


def _signs(hit: Hit) -> bool:
    return hit.rule.role == "byline" and not hit.rule.id.endswith("/archive")


def _rather_written(found: list[Line], hits: list[Hit], place: dict[int, int], layout: Layout) -> list[Line]:
    """Who wrote it, "Written by Ada Quill" below the story, where what stands near names a desk or an account alone."""
    named = [person.name for line in found if line.role == "author" for person in line.read.people]
    if not named or any(" " in name and not (people.is_desk(name) or name.startswith("Team ")) for name in named):
        return found
    near = {line.number for line in found}
    others = [hit for hit in hits if _WRITTEN.match(hit.segment.text) and place[id(hit.segment)] not in near]
    written = _only(others, place, layout)
    return [*written, *(line for line in found if line.role != "author")] if written else found


def _alike(lines: list[Line]) -> bool:
    """Whether bylines all give the same full names, and not each another day."""
    dates = {line.segment.text for line in lines if line.rule == "bylines/by-dated"}
    named = set(map(frozenset, _listed(lines)))
    return len(named) == 1 and len(dates) < 2 and all(" " in name for names in named for name in names)


def _listed(lines: list[Line]) -> list[set[str]]:
    """Whom bylines name, each; names on the lines below one "By" are one byline."""
    found: list[set[str]] = []
    for before, line in zip([None, *lines], lines, strict=False):
        below = before and line.rule == before.rule == "bylines/lead" and line.number == before.number + 1
        found = [*found[:-1], found[-1] | _names(line)] if below else [*found, _names(line)]
    return found


def _line(hit: Hit, number: int) -> Line | None:
    for role in _ROLES:
        if role in hit.groups:
            line = read_line(hit.segment, number, _who(hit, hit.groups[role]), role, hit.rule.id, lone=True)
            return None if line and _is_glued_house(line) else line
    return None


def _who(hit: Hit, who: str) -> str:
    """The names of a hit as people.py reads them: a comma between Chinese ones, the town behind its correspondent."""
    if "记者" in hit.segment.text:
        return who.replace(" ", "、")
    return f"{who} from {hit.groups['town']}" if "town" in hit.groups else who


def _is_glued_house(line: Line) -> bool:
    """Whether a house's name stands glued to "by": "byHarbour News"."""
    return _is_single(line) and line.read.people[0].affiliation is not None and line.segment.text[2:3].isupper()


def _is_heading(line: Line, layout: Layout) -> bool:
    """Whether the page spells every word of a name small, too: the menus' "By State", "By Event Type".

    No menu stands right below a headline. There two such words are a house's name.
    """
    names = [person.name for person in line.read.people if _may_be_heading(person.name, layout)]
    small = layout.small_words() | people.words("no_name") if names else frozenset()
    house = layout.under_headline(line.number, 3)
    return any(all(is_common(word, small) for word in name.split()) for name in names if not (house and " " in name))


def _may_be_heading(name: str, layout: Layout) -> bool:
    """A cheap look, for nearly every name has a word that the page does not say small."""
    if people.caseless(name):
        return False
    folded = name.casefold().split()
    return all(word in people.words("no_name") or layout.says(word) for word in folded)


def _dated_below(layout: Layout, number: int) -> bool:
    """Whether a line stands between headline and time: there a single word is a name, not a menu's "By State"."""
    return layout.under_headline(number, 3) and layout.signed(number + 1)


def _is_other(line: Line, layout: Layout) -> bool:
    """Whether a line that reads as a byline in one language is another thing, for the page is not in it.

    The Dutch word for "by" is an English noun; a name in brackets signs below the story, and in Japanese alone.
    Who asked is named below a German headline, and a correspondent; a reporter's town stands below the story.
    """
    if line.rule == "bylines/brackets":
        return line.number < layout.end - 1 or not layout.says("の")
    if line.rule == "bylines/interview":
        return not layout.under_headline(line.number, 3) or layout.small_words().isdisjoint(("und", "der", "ist"))
    if line.rule == "bylines/reported-from":
        told = is_subject(layout, line, at_most=0)
        return told or line.number < layout.end - 1 or not is_plainly_a_person(layout, line)
    if line.rule == "bylines/aus":
        return not (layout.under_headline(line.number, 4) and is_plainly_a_person(layout, line))
    return line.rule == "bylines/door" and layout.small_words().isdisjoint(("een", "het"))


def _below_leads(layout: Layout, leads: list[int]) -> list[Line]:
    """Names on the lines after a lone "By": the next, what a comma or a connective goes on to, and plain names."""
    found: list[Line] = []
    for lead in leads:
        role, more = _lead_role(layout.blocks[lead].text), True
        avatars = _avatars(layout, lead + 1)
        for number in range(lead + 1, min(lead + 7, len(layout.blocks))):
            segment = layout.blocks[number]
            text = segment.text.strip()
            if text.casefold().removeprefix(", ") in _GOES_ON or number in avatars:
                more = True
                continue
            if found and number + 1 in avatars:  # what the one above does
                continue
            line = _led(segment, number, role, first=number == lead + 1)
            if segment.by is not None or line is None or _is_heading(line, layout):
                break
            if not (more or is_plainly_a_person(layout, line)):
                break
            found.append(line)
            more = text.endswith((",", "&", " and", " und")) or text[-1:].isdigit()  # a footnote's figure
    return found


def _avatars(layout: Layout, first: int) -> set[int]:
    """The places of initials that stand for a picture, with the name right below: "AQ", "Ada Quill"."""
    texts = [block.text.strip() for block in layout.blocks[first : first + 8]]
    initials = ("".join(word[0] for word in text.split()) for text in texts[1:])
    return {first + n for n, (text, letters) in enumerate(zip(texts, initials, strict=False)) if text == letters}


def _led(segment: Segment, number: int, role: people.Role, *, first: bool) -> Line | None:
    """Whom the line below a lone "By" names, and on the first such line whatever a comma parts from the name."""
    if any(map(people.glued, segment.text.split())):  # a kicker, "Wedding PlansJust Engaged"
        return None
    whole = read_line(segment, number, segment.text, role, "bylines/lead", lone=first)
    name, comma, _ = segment.text.partition(", ")
    return whole or (read_line(segment, number, name, role, "bylines/lead", lone=False) if first and comma else None)


def _lead_role(text: str) -> people.Role:
    folded = text.casefold()
    if "translat" in folded:
        return "translator"
    return "editor" if any(word in folded for word in ("edit", "review", "check")) else "author"


def _nearest(found: list[Line], layout: Layout) -> list[Line]:
    """Of each role the bylines around the one nearest to the story's first paragraph; elsewhere only the same names."""
    near: list[Line] = []
    for role in ("author", "editor", "translator", ""):
        mine = [line for line in found if line.role == role]
        if mine and (role or not near):
            best = min(mine, key=lambda line: (layout.distance(line.number), line.number))
            near += [line for line in mine if abs(line.number - best.number) <= 4]
    names = {person.name.casefold() for line in near for person in line.read.people}
    chosen = {line.number for line in near}
    again = [line for line in found if line.number not in chosen and _names(line) <= names]
    return sorted(near + again, key=lambda line: line.number)


def _names(line: Line) -> set[str]:
    return {person.name.casefold() for person in line.read.people}


def _titled(layout: Layout, line: Line) -> Line:
    """The byline with what its last person does and how to reach them, where that stands alone on the next lines."""
    for below in layout.blocks[line.number + 1 : line.number + 3]:
        reached = people.reached(below.text)
        if below.by is not None or not line.read.people or not (reached or _is_title(below.text)):
            break
        below.mark("byline", rule="bylines/title")
        *others, last = line.read.people
        told = reached or {"affiliation": last.affiliation or below.text}
        line = line._replace(read=line.read._replace(people=(*others, replace(last, **told))))
    return line


def _is_title(text: str) -> bool:
    """Whether a line is made of a role's words alone, behind an agency's name perhaps: "Associated Press Writer"."""
    told = people.without_agency(text).casefold().split()
    return 0 < len(told) <= _TITLE_WORDS and all(word in people.words("role") for word in told)


def _settle(doc: Document, line: Line, *, facts: bool) -> None:
    """Note whom a byline names, each once, and take it out."""
    segment = line.segment
    if line.end < len(segment.text):
        _, segment, _ = doc.cut(segment, 0, line.end)
    known = {author.name.casefold() for author in doc.found("author") if author.role != "contributor"}
    for author in line.read.people if facts else ():
        if author.name.casefold() not in known:
            known.add(author.name.casefold())
            doc.fact("author", author, segment)
    for agency in line.read.agencies if facts else ():
        doc.fact("agency", agency, segment)
    for name in line.read.photographers if facts else ():
        doc.fact("credit", Credit(name=name), segment)
    segment.mark("bio" if line.rule == "bylines/bio" else "byline", rule=line.rule)


def _repeats_and_bios(doc: Document, names: list[str], layout: Layout) -> None:
    """Mark the blocks that are an author's name once more, or tell who the author is, and those that go on telling."""
    first, deep, telling = _first(layout), _deep(layout), False
    tail = Tail(layout)
    for segment in doc.segments:
        if segment.by is None and segment.start >= first:
            below = segment.start > deep
            rule = _told_of(segment.text, names) or ("bio" if telling and _goes_on(segment.text, names) else "")
            rule = rule or (tail.introduces(segment, names) if below else "")
            telling = below and bool(rule)
            if rule:
                segment.mark("bio" if below or rule == "bio" else "byline", rule=f"bylines/{rule}")
        elif segment.role in ("byline", "bio"):
            telling = segment.start > deep


def _told_of(text: str, names: list[str]) -> str:
    """Whether a block is an author's name alone, or tells who the author is: the rule that says so."""
    for name in names:
        if text.startswith(name) and not text[len(name) :].strip(" ,|"):
            return "repeat"
        if is_bio(text, name) or _covers(text, name.split()[-1]):
            return "bio"
    return ""


def _covers(text: str, last: str) -> bool:
    """Whether a block opens as the bio of a reporter does that calls them by the last name: "Lee covers the ports"."""
    opens = text[: len(last) + 1].casefold() == f"{last.casefold()} "
    return opens and people.opening("covers").match(text, len(last) + 1) is not None


def _goes_on(text: str, names: list[str]) -> bool:
    """Whether a block below an author's name or bio goes on with it: "She covers the ports", "Lee lives in Oslo"."""
    word = next(iter(text.split(maxsplit=1)), "")  # a line may be a lone control character, which is a blank to Python
    called = {part.casefold() for name in names for part in name.split()} | people.words("of_a_person")
    return word.casefold().strip(",'’") in called and is_prose(text)


def _head_bios(doc: Document, hits: list[Hit]) -> None:
    """Mark the headings over what is told about the authors."""
    labels = {id(hit.segment) for hit in hits if hit.rule.id.endswith("/bio-label")}
    for label, below in pairwise(doc.segments) if labels else ():
        if id(label) in labels and label.by is None and below.role == "bio":
            label.mark("bio", rule="bylines/bio-label")


def _contributors(doc: Document, hit: Hit) -> None:
    """Note who contributed; the sentence leaves only where its subject reads as names."""
    segment = hit.segment
    start = _sentence_start(segment.text, hit.start) if hit.rule.takes == "sentence" else hit.start
    who = hit.groups.get("contributor") or segment.text[start : hit.end].split(" contributed")[0]
    clauses = re.split(r"\s*[;.]\s+", who[:_LONGEST].strip(" ()."))
    authors = [author for clause in clauses for author in _contributing(clause)]
    if not authors or len(who) > _LONGEST:
        return
    if start and hit.rule.takes != "block":
        _, segment, _ = doc.cut(segment, start, hit.end if hit.rule.takes == "match" else len(segment.text))
    for author in authors:
        doc.fact("author", author, segment)
    segment.mark("contributors", rule=hit.rule.id)


def _contributing(clause: str) -> tuple[Author, ...]:
    """The people of a clause: "Editing by Ann Lee", "Associated Press writer Ann Lee in Oslo", "The Echo's Ann Lee"."""
    role: people.Role = "editor" if re.match(r"edit", clause, re.IGNORECASE) else "contributor"
    named = re.sub(r"^(?:[\w ,]*?\bby\s+|and\s+)", "", clause)
    named = re.sub(r"^.*?['’]s\s+(?=[A-Z])", "", named)
    title = _TITLE.search(named)
    read = people.read(named[title.end() :] if title else named, role)
    return read.people if read else ()


def _sentence_start(text: str, place: int) -> int:
    return next((start for start, end in sentences(text) if start <= place < end), 0)
