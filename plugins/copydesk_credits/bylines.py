"""Who wrote it: bylines, contributors, editors and translators, what is said about authors, and the desk's notes."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from copydesk.facts import Author
from copydesk.prose import is_prose
from copydesk.prose import words as count_words
from copydesk.rules import Hit, Rules
from copydesk_credits import people
from copydesk_credits.layout import Layout, is_time, tells_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from copydesk.document import Document, Segment

_ABOVE, _BELOW = 30, 8
"""How many blocks above the story's first paragraph, and below it, a byline may stand. In the dev pages all but two do."""
_TIME = re.compile(
    r"[\s(\[|•·–—,/.-]*(?:"
    r"\b\d|\b(?:published|updated|posted|last updated|stand|aktualisiert|veröffentlicht|publié|publicado|pubblicato|oppdatert|publisert|on|le|am|vor|hace|il y a)\s*[:\d]"
    r"|\b(?:published|updated|posted)\b"
    r"|\b(?:on\s+)?(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(?:on\s+)?(?:mon|tue|wed|thu|fri|sat|sun)\b[,.]"
    r"|\b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?\s+\d"
    r")",
    re.IGNORECASE,
)
_GLUED_TIME = re.compile(r"(?<=[^\W\d])(?=\d{1,2}\s+(?:minutes?|hours?|days?|min|weeks?|months?)\b|(?:January|February|March|April|May|June|July|August|September|October|November|December) \d)")
_TITLES = re.compile(r"^(?:associated press|ap|reuters|afp|cnn|bbc)?\s*(?:\w+\s)?(?:staff )?(?:writers?|reporters?|correspondents?|journalists?|producers?)\s+", re.IGNORECASE)
_IN_PLACE = re.compile(r"\s+(?:in|from)\s+[A-ZÀ-Þ][\w.'’-]+(?:(?:,\s+|\s+)[A-ZÀ-Þ][\w.'’-]+){0,3}(?=\s*(?:,|;|and\b|$))")
_ROLES = ("author", "editor", "translator", "contributor")


class extract_byline:
    """Take who wrote the story out of the text: authors, contributors, editors, translators, their bios, notes.

    A byline is believed when all of its line reads as names, agencies, roles and times, and when it stands near the
    story's first paragraph: a page's teasers have bylines as well. A name alone on its line counts only beside a time
    line, a role, a lone "By" or a bio of the same name. "By Thursday", "By law," and "By using our site" name nobody,
    and neither does "Staff"; an agency alone is the story's agency, not its author. What is in doubt stays.

    rules: rule files of your own. off: ids of rules to switch off. alone: whether a name without "By" may be a byline.
    """

    def __init__(self, *, rules: tuple[Path, ...] = (), off: tuple[str, ...] = (), alone: bool = True) -> None:
        self.rules = Rules.load(files("copydesk_credits") / "rules" / "bylines.yaml", *rules, off=off)
        self.alone = alone

    def __call__(self, doc: Document) -> None:
        layout = Layout(doc)
        hits = [hit for hit in self.rules.hits(doc) if hit.segment.role in doc.keep]
        self._notes(doc, hits)
        place = {id(segment): number for number, segment in enumerate(layout.blocks)}
        leads = [place[id(hit.segment)] for hit in hits if hit.rule.id.endswith("/lead")]
        labels = [place[id(hit.segment)] for hit in hits if hit.rule.id.endswith("/bio-label")] + leads
        found = self._keyworded(hits, place, layout)
        found += self._below_leads(layout, leads)
        found = _nearest(found, layout)
        if not any(line.read.people and line.read.people[0].role == "author" for line in found) and self.alone:
            found += _names_alone(layout) or _names_below(layout, labels)
        for line in found:
            _settle(doc, line)
        self._rest(doc, layout, leads, found)

    def _notes(self, doc: Document, hits: list[Hit]) -> None:
        """Contributors and the desk's notes: sentences, which leave with their facts."""
        for hit in _first_of_each(hit for hit in hits if hit.rule.role in ("contributors", "correction")):
            if hit.rule.role == "correction":
                doc.fact("note", hit.groups.get("note", hit.text).strip(), hit.segment)
                hit.segment.mark("correction", rule=hit.rule.id)
            else:
                _contributors(doc, hit)

    def _keyworded(self, hits: list[Hit], place: dict[int, int], layout: Layout) -> list[_Line]:
        found = []
        for hit in _first_of_each(hit for hit in hits if hit.rule.role == "byline" and hit.segment.by is None):
            line = _line(hit, place[id(hit.segment)])
            if line and _near(layout, line.number) and not _is_heading(line, layout):
                found.append(line)
        return found

    def _below_leads(self, layout: Layout, leads: list[int]) -> list[_Line]:
        """Names on the lines after a lone "By": the next line, and those that a comma or a connective goes on to."""
        found = []
        for lead in leads:
            role, more = _lead_role(layout.blocks[lead].text), True
            for number in range(lead + 1, min(lead + 7, len(layout.blocks)) if _near(layout, lead) else 0):
                segment = layout.blocks[number]
                text = segment.text.strip()
                if text.casefold() in (",", "and", "und", "&", "et", "y", "/"):
                    more = True
                    continue
                line = _read_line(segment, number, 0, segment.text, role, "bylines/lead", lone=number == lead + 1)
                if segment.by is not None or not more or line is None:
                    break
                found.append(line)
                more = text.endswith((",", "&", " and", " und"))
        return found

    def _rest(self, doc: Document, layout: Layout, leads: list[int], found: list[_Line]) -> None:
        """Lone leads, repeated bylines and bios."""
        names = [author.name for author in doc.found("author")]
        for lead in leads:
            segment = layout.blocks[lead]
            if segment.role in doc.keep and _near(layout, lead):
                segment.mark("byline", rule="bylines/lead")
        for segment in doc.segments[max(0, layout.start - _ABOVE) :]:
            if segment.by is None and segment.role in doc.keep:
                _repeat_or_bio(doc, segment, names)


def _near(layout: Layout, number: int) -> bool:
    return number <= 12 or layout.start - _ABOVE <= number <= layout.start + _BELOW


def _is_heading(line: _Line, layout: Layout) -> bool:
    """Whether the one name is a single word that the page spells small, too: the menus' "By State", "By Category"."""
    single = [person.name for person in line.read.people if " " not in person.name]
    return bool(single) and any(_is_common(name, layout.small_words()) for name in single)


class _Line(NamedTuple):
    """A byline found: its block, what of it (start to end), and whom it names."""

    segment: Segment
    number: int
    start: int
    end: int
    read: people.Byline
    rule: str


def _first_of_each(hits: Iterable[Hit]) -> Iterator[Hit]:
    seen: set[int] = set()
    for hit in hits:
        if id(hit.segment) not in seen and hit.segment._pen is not None:  # noqa: SLF001
            seen.add(id(hit.segment))
            yield hit


def _line(hit: Hit, number: int) -> _Line | None:
    for role in _ROLES:
        who = hit.groups.get(role)
        if who:
            at = hit.segment.text.find(who, hit.start)
            return _read_line(hit.segment, number, at, who, role, hit.rule.id, lone=True)
    return None


def _read_line(segment: Segment, number: int, at: int, who: str, role: str, rule: str, *, lone: bool) -> _Line | None:
    """The byline in a block whose names start at `at`. Where more than a time follows them, only a sure part is taken."""
    text = segment.text
    if rule.endswith("/by-dated") and not _CLOCK.match(text[:at]):
        return None
    named, rest = _before_time(_plain(who))
    if not rest or _is_time(rest):
        read = people.read(_bare(named), role, lone=lone)  # type: ignore[arg-type]
        if read:
            return _Line(segment, number, 0, len(text), read, rule)
    if at and count_words(who) > 12:
        return _glued(segment, number, at, role, rule)
    return None


_CLOCK = re.compile(
    r"(?:[\W\d_]|\b(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\b|\b(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\b|st\b|nd\b|rd\b|th\b"
    r"|\b(?:on|at|am|pm|min|mins|minute|minutes|read|updated|posted|published|created|submitted|written|last|by|accueil|par|blog|news|in)\b)+$",
    re.IGNORECASE,
)
_FOOTNOTE = re.compile(r"(?<=[^\W\d_])\d{1,2}(?=\s*(?:[,&]|and\b|$))")
_BUTTON = re.compile(r"\s+(?:Follow|Seguir|Folgen|Tips meg|Suivre|Segui|Sponsored|Verified|Email|Edit|Profile)\s*$")
_IN_SECTION = re.compile(r"(?<=[^\W\d_])In\s[A-Z].*$")
_BULLET = re.compile(r"\s*[|•·●]\s*|\s{3,}|\s[–—]\s")
_COUNTER = re.compile(r"^(?:\d+\s*)?(?:comments?|shares?|views?|kommentare?|sponsored|follow|edit|print|e-?mail|\d+)$", re.IGNORECASE)


def _plain(who: str) -> str:
    """The line less footnote numbers, buttons, counters and times that stand apart from the names."""
    who = _BUTTON.sub("", _FOOTNOTE.sub("", _IN_SECTION.sub("", who)).strip())
    pieces = [piece for piece in _BULLET.split(who) if piece]
    if len(pieces) < 2:
        return who
    named = [piece for piece in pieces if not _COUNTER.match(piece) and not is_time(piece)]
    return " | ".join(named) or who


def _before_time(who: str) -> tuple[str, str]:
    joint = _GLUED_TIME.search(who)
    match = _TIME.search(who)
    cut = min([m.start() for m in (joint, match) if m] or [len(who)])
    return who[:cut], who[cut:].strip(" |•·–—,.-()")


def _is_time(rest: str) -> bool:
    return count_words(rest) <= 16 and not is_prose(rest) and tells_time(rest) or count_words(rest) <= 2


def _bare(named: str) -> str:
    return re.sub(r"\s*(?:기자|특파원|논설위원|記者|记者)$", "", named.strip()).strip(" |•·–—,:-")


_LEDE = re.compile(r"(?<=[^\W\d_A-Z]{2})(?=(?:The|A|An|In|It|On|For|When|After|As|This|These|There|Der|Die|Das|Ein|Eine|Im|In|Es|Le|La|Les|El|Los|Las|Un|Une)\s[\w])")
_FILED = re.compile(r"(?:,\s*(?P<agency>[^\W\d_][\w .-]{1,28}?))?\s+(?=[A-ZÀ-Þ]{3,}[A-ZÀ-Þ .'-]*(?:,[^()–—-]{0,30})?(?:\s*\([^)]{2,20}\))?\s*(?:[–—]|--?\s))")


def _glued(segment: Segment, number: int, at: int, role: str, rule: str) -> _Line | None:
    """A byline that the lede is glued to: cut where a dateline opens, or where a small letter meets a sentence's capital."""
    text = segment.text
    for pattern in (_FILED, _LEDE):
        match = pattern.search(text, at, at + 120)
        if match:
            read = people.read(text[at : match.end()].strip(), role)  # type: ignore[arg-type]
            if read and read.people:
                return _Line(segment, number, 0, match.end(), read, rule)
    return None


def _nearest(found: list[_Line], layout: Layout) -> list[_Line]:
    """Of each role the bylines around the one nearest to the story's first paragraph; elsewhere only the same names."""
    near: list[_Line] = []
    for role in ("author", "editor", "translator", None):
        mine = [line for line in found if (line.read.people[0].role if line.read.people else None) == role]
        if mine and (role or not near):
            best = min(mine, key=lambda line: (_distance(layout, line.number), line.number))
            near += [line for line in mine if abs(line.number - best.number) <= 4]
    names = {person.name.casefold() for line in near for person in line.read.people}
    again = [line for line in found if line not in near and {p.name.casefold() for p in line.read.people} <= names]
    return sorted(near + again, key=lambda line: line.number)


def _distance(layout: Layout, number: int) -> int:
    return abs(layout.start - number) + (3 if number > layout.start else 0)


def _settle(doc: Document, line: _Line) -> None:
    segment = line.segment
    if line.end < len(segment.text):
        _, segment, _ = doc.cut(segment, line.start, line.end)
    known = {author.name.casefold() for author in doc.found("author")}
    for author in line.read.people:
        if author.name.casefold() not in known:
            known.add(author.name.casefold())
            doc.fact("author", author, segment)
    for agency in line.read.agencies:
        doc.fact("agency", agency, segment)
    segment.mark("bio" if line.rule == "bylines/bio" else "byline", rule=line.rule)


def _lead_role(text: str) -> str:
    folded = text.casefold()
    if "translat" in folded:
        return "translator"
    return "editor" if any(word in folded for word in ("edit", "review", "check")) else "author"


def _contributors(doc: Document, hit: Hit) -> None:
    """Note who contributed; the sentence leaves only where its subject reads as names."""
    text = hit.segment.text
    start = _sentence_start(text, hit.start) if hit.rule.takes == "sentence" else hit.start
    who = (hit.groups.get("contributor") or text[start : hit.end].split(" contributed")[0]).strip(" ().")
    authors: list[Author] = []
    for clause in re.split(r"\s*[;.]\s+", who):
        role = "editor" if re.match(r"edit", clause, re.IGNORECASE) else "contributor"
        named = re.sub(r"^(?:[\w ,]*?\bby\s+|and\s+)", "", clause)
        read = people.read(_IN_PLACE.sub("", _untitled(named)), role)  # type: ignore[arg-type]
        authors += read.people if read else ()
    if not authors:
        return
    segment = hit.segment
    end = hit.end if hit.rule.takes == "match" else len(segment.text)
    if start and hit.rule.takes != "block":
        _, segment, _ = doc.cut(segment, start, end)
    for author in authors:
        doc.fact("author", author, segment)
    segment.mark("contributors", rule=hit.rule.id)


def _untitled(named: str) -> str:
    named = re.sub(r"^.*?['’]s\s+(?=[A-Z])", "", named)
    match = re.search(r"\b(?:writers?|reporters?|correspondents?|journalists?|producers?|editors?)\s+(?=[A-Z])", named)
    return named[match.end() :] if match else named


def _sentence_start(text: str, place: int) -> int:
    from copydesk.prose import sentences

    for start, end in sentences(text):
        if start <= place < end:
            return start
    return 0


def _repeat_or_bio(doc: Document, segment: Segment, names: list[str]) -> None:
    text = segment.text
    for name in names:
        if not text.startswith(name):
            continue
        rest = text[len(name) :]
        if not rest.strip(" ,|"):
            segment.mark("byline", rule="bylines/repeat")
        elif _BIO.match(rest):
            segment.mark("bio", rule="bylines/bio")


_BIO = re.compile(r"\s*(?:\([^)]{1,30}\)\s*)?,?\s*(?:is an?|is the|ist|covers|writes|reports|can be reached|is [\w’'-]+['’]s|works|has (?:been|written|covered)|a \w+ (?:at|with)|joined|schreibt|war|es (?:un|una|periodista)|est (?:un|une|journaliste)|è)\b", re.IGNORECASE)


def _names_alone(layout: Layout) -> list[_Line]:
    """Names without a keyword, above the story or just below its first block: the nearest that has a witness beside it."""
    first, last = max(0, layout.start - 16), min(len(layout.blocks), layout.start + 6)
    numbers = [*range(min(6, first) if len(layout.blocks) > first + 20 and first < 40 else 0), *range(first, last)]
    lines = [line for number in numbers if (line := _alone(layout, number))]
    if lines:
        small = layout.small_words()
        lines = [line for line in lines if not any(_is_common(person.name, small) for person in line.read.people)]
    sure = [line for line in lines if _witnessed(layout, line)]
    if not sure:
        return []
    best = min(sure, key=lambda line: abs(layout.start - line.number))
    return [line for line in lines if line.number == best.number or (line in sure and abs(line.number - best.number) <= 2)]


def _names_below(layout: Layout, labels: list[int]) -> list[_Line]:
    """The author whom only the lines below the story name: under "About the author", or with a role or a bio beside it."""
    for number in range(layout.start + 3, len(layout.blocks)):
        line = _alone(layout, number) or _opens_bio(layout, number)
        if line and line.read.people and _signed_below(layout, line, labels):
            return [line]
    return []


def _opens_bio(layout: Layout, number: int) -> _Line | None:
    """A block that opens with a name and goes on as a bio does: its name is the byline, the block stays for the bio."""
    text = layout.blocks[number].text
    match = _BIO_OPENS.match(text)
    if layout.blocks[number].by is not None or match is None or not _strict(match.group(1)):
        return None
    if not any(word.strip(",.;").casefold() in people.words("occupation") for word in text[match.end() :].split()[:9]):
        return None
    read = people.read(match.group(1))
    return _Line(layout.blocks[number], number, 0, len(text), read, "bylines/bio") if read else None


_BIO_OPENS = re.compile(r"((?:[A-ZÀ-Þ][\w.'’-]+ ){1,3}[A-ZÀ-Þ][\w.'’-]+),?\s+(?:is|ist|was|has been)\s+(?:an?|the|ein|eine|our|[\w’'-]+['’]s)?\s*")


def _signed_below(layout: Layout, line: _Line, labels: list[int]) -> bool:
    number = line.number
    if line.rule == "bylines/bio":
        return number >= layout.end - 4 or number - 1 in labels
    if number - 1 in labels:
        return True
    below = layout.blocks[number + 1].text if number + 1 < len(layout.blocks) else ""
    near = layout.end - 4 <= number <= layout.end + 12 and not _is_subject(layout, line)
    return near and (_is_role(below) or _presents(below, line.read.people[0].name.split()[0]))


def _presents(text: str, first: str) -> bool:
    """Whether a block says who somebody is, by first name: "I'm Ann, a trainer ...", "Ann is a writer ..."."""
    called = re.escape(first)
    verbs = r"(?:is|has|was|writes|covers|works|joined|specializes|lives|leads|spent|brings|loves|ist|schreibt|est|es)"
    told = rf"(?:hi[,!] )?(?:i['’]m|i am|my name is) {called}\b|{called}(?: [\w.'’()-]+){{0,3}},? {verbs}\b"
    return count_words(text) >= 6 and re.match(told, text, re.IGNORECASE) is not None


def _alone(layout: Layout, number: int) -> _Line | None:
    segment = layout.blocks[number]
    text = segment.text.strip()
    if segment.by is not None or not 5 <= len(text) <= 160 or layout.prose[number] or people.caseless(text):
        return None
    if _PICTURE.search(text) or not text[0].isalnum():
        return None
    named, rest = _before_time(_plain(text))
    if rest and not (_is_time(rest) and tells_time(rest)) or named.rstrip().endswith(":"):
        return None
    read = people.read(_bare(named))
    if not read or not (read.people or read.agencies) or any(not _strict(person.name) for person in read.people):
        return None
    return _Line(segment, number, 0, len(segment.text), read, "bylines/alone")


_PICTURE = re.compile(r"©|\b(?:foto|photo|bild|bildquelle|image|images|quelle|nuotr|getty|credit|legende|video|picture)\b|\w/\w", re.IGNORECASE)
_ARTICLES = frozenset("le la les the der die das el los il lo de het den det".split())


def _is_common(name: str, small: frozenset[str]) -> bool:
    """Whether a word of the name stands in the document with a small letter: "Oral Hygiene" is no person."""
    return any(word.casefold() in small and word.casefold() not in people.words("particle") for word in name.split())


def _strict(name: str) -> bool:
    """Whether a name without a keyword has the form of a person's: two to four words, none of them a page's word."""
    tokens = name.split()
    plain = [token.casefold().strip(".") for token in tokens]
    if not 2 <= len(tokens) <= 4 or (len(tokens) == 2 and plain[0] in _ARTICLES):
        return False
    if any(people.glued(token) for token in tokens):
        return False
    lists = ("no_name", "organisation", "role")
    return not any(word in people.words(name) for word in plain for name in lists)


def _witnessed(layout: Layout, line: _Line) -> bool:
    """Whether something beside a name says that it signs the story: a time, a role, a bio further down, or its place.

    A person whom the story itself names is its subject, not its author.
    """
    if _is_subject(layout, line):
        return False
    blocks, number = layout.blocks, line.number
    below = [block.text for block in blocks[number + 1 : number + 3]]
    above = blocks[number - 1] if number else None
    _, rest = _before_time(line.segment.text)
    if rest or any(_is_role(person.affiliation or "") for person in line.read.people):
        return True
    if below and (is_time(below[0]) or _is_role(below[0])):
        return True
    if len(below) > 1 and is_time(below[1]) and count_words(below[0]) <= 3:
        return True
    if above is not None and (above.role == "time" or is_time(above.text)):
        return True
    return _between(layout, line) or any(_tells_of(blocks[n].text, line.read.people) for n in range(layout.start + 1, len(blocks)))


def _between(layout: Layout, line: _Line) -> bool:
    """Whether the name stands between a headline or dek and the first paragraph, with no page above."""
    number = line.number
    if any(person.name.isupper() for person in line.read.people) or not 0 < number <= 8 or number + 1 >= len(layout.blocks) or not layout.prose[number + 1]:
        return False
    return count_words(layout.blocks[number - 1].text) >= 4


def _is_subject(layout: Layout, line: _Line) -> bool:
    lasts = [person.name.split()[-1] for person in line.read.people]
    story = [layout.blocks[n].text for n in range(layout.start, layout.end) if layout.prose[n]]
    return bool(lasts) and all(sum(last in text for text in story) >= 2 for last in lasts)


def _is_role(text: str) -> bool:
    first = [word.strip(",.:;").casefold() for word in text.split()[:5]]
    return count_words(text) <= 12 and any(word in people.words("occupation") for word in first)


def _tells_of(text: str, named: tuple[Author, ...]) -> bool:
    return any(text.startswith(person.name) and _BIO.match(text[len(person.name) :]) is not None for person in named)
