"""Names of people, read by their form: two to five words with a capital, particles between, in any script.

No list of names is used: a first name is as good as its capital. What is listed (rules/names.yaml, rules/words.yaml)
are the words that stand around names: roles, organisations, agencies, connectives.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import takewhile
from typing import Literal, NamedTuple

from copydesk.facts import Author
from copydesk.yamlfile import YamlFile
from copydesk_credits.house import RULES, spellings, words_of
from copydesk_credits.house import folded as house_folded

Role = Literal["author", "contributor", "editor", "translator"]

_EMAIL = re.compile(r"\(?\b([\w.+-]+(?:@|\[at\]|\(at\))[\w-]+(?:\.[\w-]+)+)\)?")
_HANDLE = re.compile(r"\(?(?<!\w)(@\w{2,30})\b\)?")
_JOINT = re.compile(r"(?<=[^\W\d_A-Z]{3})(?=[A-ZÀ-ÖØ-ÞА-Я][\w.]*(?:\W|$))")
_CAMEL = re.compile(r"(?:Mc|Mac|De|Di|Da|Du|Des|Del|La|Le|Lo|Van|Fitz|San|Mc|Vander|Ter|Mac|Al|El)$")
_BRACKETS = re.compile(r"\s*\((?!\w+\) [A-ZÀ-Þ])([^()]*)\)")  # not "Ana (Mia) Baird"
_PARTS = re.compile(r"\s*(?:[,;•·⋅∙،、，|]|\s/\s|(?<=\w\w)/(?=\w\w)|\s[-–—]\s)\s*")
_CASELESS = re.compile(r"[\u0590-\u08ff\u0900-\u0dff\u0e00-\u0fff\u1000-\u109f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_DOMAIN = re.compile(
    r"^[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|de|at|ch|uk|info|news|tv|co|eu|fr|es|it|ru|no|se|dk|nl)$", re.IGNORECASE
)
_BROADCASTER = re.compile(r"[A-Z]{3,4}(?:-[A-Z][a-z]+)? (?=[A-Z][a-z])")
"""A house that is known by letters, before its studio's town: "ARD Wien", "ARD-Studio Wien"."""
_PLACE = re.compile(
    r"(?:,?\s+\(?)(in|aus|from|à|at|en|em|i|da|de|fra|från|из|w|we|v|ve|a)\s+"
    r"([A-ZÀ-ÞÇĐĞİŁŃÓŘŚŞŠŻŽА-Я][\w.'’-]+(?:[ -][A-ZÀ-ÞĐŁŘŚŠŽА-Я][\w.'’-]+){0,3})\)?"
    r"(?=\s*(?:$|[,;|/]|(?:and|und|et|y|e|og|och|en|i|a|и)\s))"
)
_TAKEN_BY = r"(?:\s*:\s*(?:by |von )?|\s+(?:by|von|par|de|por|di|av)\s+)(?P<name>.+)$"
_TITLED = re.compile(r"(?:The|El|La|Los|Las|Les|Il|Die|Das) |Le \S+$")  # "Le Van Minh" is a name
_OURS = re.compile(
    r"\b(?i:unser(?:e[mnr])?|onze|our|notre|nostr[oa]|nuestr[oa]|noss[oa]|vår|vores) [^\W\d_]+ (?=[A-ZÀ-Þ])"
)
"""What stands before the name of a house's own: "unserem Korrespondenten Jan Holt"."""
_PAIRS = re.compile(r"\s*[|;]\s*")
_TOWN, _BRACKET = "‹", "("
"""What a part opens with that stood behind "in" or in brackets."""
_AFFILIATED = re.compile(
    r"\s+(?:[Ff]or|on behalf of|of|at|von der|vom|für|de la|del|du|per|pour|om|voor|dla)\s+"
    r"(?:the\s+|The\s+)?(?=[A-ZÀ-Þ@])"
)
_LETTERS_OF_A_HOUSE = re.compile(r"(?!(?:JR|SR|NG|II+)$)[B-DF-HJ-NP-TV-XZ]{2,4}$")
_WORKS_AS = re.compile(r"[a-zà-þ -]{3,30}(?:ist|er|or|ian|eur|in)$")
_HOUSE = 5
"""Words of a house's name that an extractor may have glued to a person's, at most."""
_STOPS = " \t.,;:|–—-•·●⋅∙*/\\\N{NO-BREAK SPACE}\N{ZERO WIDTH SPACE}"


class Byline(NamedTuple):
    """What a byline names: people in their order, agencies, and who took the pictures."""

    people: tuple[Author, ...] = ()
    agencies: tuple[str, ...] = ()
    photographers: tuple[str, ...] = ()


class _Part(NamedTuple):
    """A part of a byline: whether a connective joins it, what encloses it, whether all that are joined stand before."""

    text: str
    joined: bool
    enclosed: str
    last: bool = False


class _Found(NamedTuple):
    """What one part of a byline is: a person, an agency, a place or a house, or nothing that is known."""

    kind: Literal["person", "photographer", "agency", "house", "place", "nobody", "unknown"]
    value: str
    more: str = ""


@cache
def words(name: str) -> frozenset[str]:
    """One of the lists of names.yaml, casefolded."""
    return frozenset(word.casefold() for word in printed(name))


@cache
def printed(name: str) -> tuple[str, ...]:
    """One of the lists of names.yaml."""
    return tuple(map(str, _lists()[name]))


@cache
def _lists() -> dict[str, list[str]]:
    file = YamlFile.open(RULES / "names.yaml")
    node = file.root and file.root.get("words")
    lists: dict[str, list[str]] = file.plain(node) if node else {}
    file.close()
    return lists


def any_of(name: str) -> str:
    """One of the lists of names.yaml as a pattern, whichever way its apostrophes are printed."""
    return "(?:" + "|".join(map(re.escape, printed(name))).replace("'", "['’]") + ")"


@cache
def opening(name: str, flags: int = 0) -> re.Pattern[str]:
    """One of the lists of names.yaml as a pattern of whole words, to be asked where they stand."""
    return re.compile(any_of(name) + r"\b", flags)


def i_am() -> str:
    """What people open with who tell of themselves, as a pattern: "Hi, I'm "."""
    return rf"(?:{any_of('hello')}[,!] )?{any_of('i_am')} "


@cache
def _pictures() -> re.Pattern[str]:
    return re.compile(any_of("pictures") + _TAKEN_BY, re.IGNORECASE)


def caseless(text: str) -> bool:
    """Whether the text is in a script without capitals: there a name has no form, and a keyword must carry it."""
    return _CASELESS.search(text) is not None


def read(text: str, role: Role = "author", *, lone: bool = False) -> Byline | None:
    """The people and agencies that a byline's text names, or None where any part of it is something else.

    With `lone` a single word is a name too ("By Kristin"): only where a keyword and a line of its own say so.
    """
    text, email = _taken(_EMAIL, _OURS.sub("", text))
    text, handle = _taken(_HANDLE, text)
    found: list[_Found] = []
    for part in _parts(text):
        kind = _kind(part, found, role, lone=lone)
        if kind.kind == "unknown":
            return None
        found.append(kind)
    people = _people(found, role)
    if people and (email or handle):
        people[-1 if len(people) > 1 else 0] = _with(people[-1], email, handle)
    named = tuple(part.value for part in found if part.kind == "agency")
    photographers = tuple(part.value for part in found if part.kind == "photographer")
    known = people or named or any(part.kind == "nobody" for part in found)
    return Byline(tuple(people), named, photographers) if known else None


def _taken(pattern: re.Pattern[str], text: str) -> tuple[str, str | None]:
    match = pattern.search(text)
    return (text[: match.start()] + " " + text[match.end() :], match.group(1)) if match else (text, None)


def reached(line: str) -> dict[str, str]:
    """How to reach a person, by a line that says nothing else: an address, or the name they have on a network."""
    for pattern, kind in ((_EMAIL, "email"), (_HANDLE, "handle")):
        if match := pattern.fullmatch(line.strip()):
            return {kind: match.group(1)}
    return {}


def _with(person: Author, email: str | None, handle: str | None) -> Author:
    return Author(person.name, person.role, person.affiliation, person.place, email, handle)


def _set_apart(match: re.Match[str]) -> str:
    """The place behind a name as a part of its own, "Ann Lee in Oslo", where the small word joins no second name.

    "i", "a" and "en" say "in", and they say "and"; "da" and "de" stand in names.
    """
    small, place = match.groups()
    joins = small in words("connective") and " " in place
    named = small in words("particle") and match.group()[0] == " "
    if (small == "at" and _may_employ(place)) or ((joins or named) and not is_place(place)):
        return match.group()
    return f", {_TOWN}{place}, "


def is_place(text: str) -> bool:
    """Whether these are a town's words: it signs datelines alone, or opens as many do, "Bad Ems"."""
    opening, _, more = text.partition(" ")
    return text.casefold() in _cities() or (bool(more) and opening.casefold() in words("place"))


def _may_employ(place: str) -> bool:
    """Whether what stands after "at" is a house: "at The Echo", "at CNN", and not "at Quay Park"."""
    known = house_folded(place) in spellings() or place.startswith("The ")
    return known or " " not in place or _is_house(place, [])


@cache
def _cities() -> frozenset[str]:
    return frozenset(map(str.casefold, words_of("city")))


def _parts(text: str) -> list[_Part]:
    """The parts of a byline."""
    text = _paired(_BRACKETS.sub(rf", {_BRACKET}\1, ", _PLACE.sub(_set_apart, text)))
    result: list[_Part] = []
    for piece in filter(None, _PARTS.split(text)):
        enclosed = piece[0] if piece[0] in (_TOWN, _BRACKET) else ""
        pieces = _connected(piece.removeprefix(enclosed).strip(_STOPS if "(" in piece else _STOPS + ")"))
        result += [_Part(part, len(pieces) > 1, enclosed) for part in pieces if part]
    joined = [number for number, part in enumerate(result) if part.joined]
    return [part._replace(last=bool(joined) and number > joined[-1]) for number, part in enumerate(result)]


def _paired(text: str) -> str:
    """Names with the house of each behind a comma, all of them: "Ana Ruiz, Valley Sun | Ben Cole, The Courier"."""
    pairs = [piece.split(", ") for piece in _PAIRS.split(text)]
    houses = len(pairs) > 1 and all(len(pair) == 2 for pair in pairs)
    return " | ".join(f"{name}, {_BRACKET}{house}" for name, house in pairs) if houses else text


def _connected(piece: str) -> list[str]:
    parts: list[list[str]] = [[]]
    for word in piece.split():
        if (word == word.casefold() or piece.isupper()) and word.casefold() in words("connective"):
            parts.append([])
        else:
            parts[-1].append(word)
    return [" ".join(part) for part in parts]


def _kind(part: _Part, before: list[_Found], role: Role, *, lone: bool) -> _Found:
    folded = part.text.casefold().strip(_STOPS)
    agency = spellings().get(house_folded(folded))
    if agency:
        return _Found("agency", agency)
    if any(found.kind == "person" for found in before):
        return _after_person(part, before)
    if folded in words("nobody") or _is_joined_desk(folded):
        return _Found("nobody", part.text)
    if is_desk(part.text):
        return _Found("person" if role == "author" else "nobody", part.text)
    name, more = _name(part.text)
    alone = lone or (part.joined and bool(before))
    return _Found("person", name, more) if name and (alone or _is_full(name)) else _Found("unknown", part.text)


def _after_person(part: _Part, before: list[_Found]) -> _Found:
    """What a part is that stands after a person: one more, or where the person works, what at, from where."""
    text = part.text
    pictures = _pictures().match(text)
    if pictures or (part.enclosed and text.casefold() in words("took")):
        return _pictured(pictures["name"] if pictures else "", before)
    if part.enclosed == _TOWN or text.casefold() in words("wrote"):
        return _Found("place" if part.enclosed == _TOWN else "nobody", text)
    name, more = _name(text)
    house = _is_house(text, before) and not _is_titled(name, more, before)
    if text in printed("degree") or text.casefold() in words("nobody") or house:
        return _Found("house", text)
    first_names = part.joined and not any(_is_full(found.value) for found in before)  # "Linny and Peter"
    one_more = _is_full(name) or first_names
    elsewhere = not caseless(text) and (part.enclosed or part.last or _TITLED.match(text) or is_place(text))
    if name and one_more and not elsewhere and not set(name.casefold().split()) <= words("no_name"):
        return _Found("person", name, more)
    known = part.joined or part.enclosed or _capitalised(text) or _WORKS_AS.match(text)
    return _Found("house" if known else "unknown", text)


def _is_titled(name: str, more: str, before: list[_Found]) -> bool:
    """Whether a full name stands before what its bearer does, or where: "Ben Cole of The Courier"."""
    if not _is_full(name) or name.split(maxsplit=1)[0].casefold() in words("role") or without_agency(name) != name:
        return False
    occupied = any(word.casefold().strip(_STOPS) in words("occupation") for word in more.split()[:2])
    return occupied or (bool(more) and not _is_house(name, before))


def without_agency(text: str) -> str:
    """What stands behind an agency's name of one or two words: "Business Writer" of "AP Business Writer"."""
    tokens = text.split()
    for size in (2, 1):
        if house_folded(" ".join(tokens[:size])) in spellings():
            return " ".join(tokens[size:])
    return text


def _pictured(name: str, before: list[_Found]) -> _Found:
    """Who took the pictures: "photos by Ben Cole"; behind a name "(Fotos)" says it of its bearer."""
    if name:
        return _Found("photographer" if is_name(name.split()) else "unknown", name)
    if before[-1].kind == "person":
        before[-1] = before[-1]._replace(kind="photographer")
    return _Found("nobody", "")


def _is_full(name: str) -> bool:
    return " " in name or caseless(name)


def _is_house(part: str, before: list[_Found]) -> bool:
    tokens = part.split()
    folded = [token.casefold().strip(_STOPS) for token in tokens]
    if any(word in words("organisation") or word in words("role") for word in folded) or _DOMAIN.match(part):
        return True
    caps = all(token.isupper() for token in tokens) or (len(tokens) > 1 and _BROADCASTER.match(part) is not None)
    return caps and not any(found.kind == "person" and found.value.isupper() for found in before)


def employs(house: str) -> bool:
    """Whether a house's name says so: "Hillton University", "The Valley Times"."""
    return any(word in words("organisation") for word in house.casefold().split())


def is_desk(part: str) -> bool:
    """Whether a desk signs: "Everfit Team"."""
    tokens = part.split()
    return 2 <= len(tokens) <= 5 and tokens[-1].casefold() in words("desk") and _capitalised(tokens[0])


def _is_joined_desk(folded: str) -> bool:
    """Whether a house and its desk are one word: "Echo-Redaktion" is nobody, and "Anne-Team" is not asked."""
    house, _, desk = folded.rpartition("-")
    return bool(house) and " " not in folded and desk in words("nobody") & words("desk")


def _capitalised(text: str) -> bool:
    """Whether words may be a house's: those of "detikNews" need no capital in front."""
    return (text[:1].isupper() or (" " not in text and not text.islower())) and len(text.split()) <= 10


def _name(part: str) -> tuple[str, str]:
    """The name that a part starts with, and the role or house after it: ("Ann Lee", "Senior Editor")."""
    part, more = _unglued(part)
    split = _AFFILIATED.split(part, maxsplit=1)
    if len(split) == 2 and " " in split[0].strip():  # "Ana del Prado" is one name
        part, more = split[0], split[1]
    tokens = part.split()
    while len(tokens) > 1 and _stands_before_a_name(tokens[0]):
        tokens = tokens[1:]
    for number in range(1 if len(tokens) > 1 else 0, len(tokens)):
        if tokens[number].casefold().strip(_STOPS) in words("role") and not part.isupper():
            tokens, more = tokens[:number], " ".join(tokens[number:])
            break
    if len(tokens) in (4, 6) and tokens[: len(tokens) // 2] == tokens[len(tokens) // 2 :]:
        tokens = tokens[: len(tokens) // 2]  # the link's text twice
    if len(tokens) > 2 and _is_short_for_a_house(tokens):
        *tokens, more = tokens
    name = " ".join(tokens).strip(_STOPS.replace(".", ""))
    return (name, more.strip(_STOPS)) if name and is_name(tokens) else ("", "")


def _is_short_for_a_house(tokens: list[str]) -> bool:
    """Whether a name ends on letters that nobody can say: "Tuomas Kallio HS", and not "Ana Maria LEE"."""
    *name, last = tokens
    return _LETTERS_OF_A_HOUSE.match(last) is not None and not all(token.isupper() for token in name)


def _stands_before_a_name(token: str) -> bool:
    """Whether a word is a name's title, or a house and what its bearer does there: "Echo-Redakteurin"."""
    house, _, role = token.casefold().strip(".").rpartition("-")
    return role in words("role" if house else "honorific")


def _unglued(part: str) -> tuple[str, str]:
    """A name and what an extractor glued to it: "Jo BerryThe Echo" is Jo Berry of The Echo; "DeSiato" is one word."""
    for joint in _JOINT.finditer(part):
        head = part[: joint.start()]
        house = part[joint.start() :]
        if " " in head and not _CAMEL.search(head.rsplit(" ", 1)[-1]) and _may_be_house(house):
            return head, house
    return part, ""


def _may_be_house(glued_on: str) -> bool:
    """Whether what is glued to a name may be a house's: no title after a kicker, no row of a menu."""
    words_of_it = glued_on.split()
    return ": " not in glued_on and len(words_of_it) <= _HOUSE and not any(map(glued, words_of_it))


def glued(token: str) -> bool:
    """Whether two words are glued in one: "PolitikRussland", not "DeSiato" nor "McCarthy"."""
    return any(not _CAMEL.search(token[: joint.start()]) for joint in _JOINT.finditer(token))


def is_name(tokens: list[str]) -> bool:
    """Whether words have the form of a name: capitals or initials, particles between them, five words at most."""
    if not tokens or len(tokens) > 6:
        return False
    if caseless(tokens[0]):
        return all(_letters(token) and len(token) <= 12 for token in tokens) and len(tokens) <= 4
    capitals = [token for token in tokens if token.casefold() not in words("particle") or token[:1].isupper()]
    if not capitals or tokens[-1] not in capitals or len(capitals) > 5:
        return False
    if _is_day(capitals):
        capitals.pop()
    return all(_may_be_in_a_name(token) for token in capitals) and any(len(token.strip(".")) > 1 for token in capitals)


def _is_day(capitals: list[str]) -> bool:
    """Whether the last word is a weekday that is a family's name, behind a first name that many bear."""
    first, last = capitals[0].casefold(), capitals[-1].casefold()
    return last in words("day_and_surname") and first in words("given") and len(capitals) > 1


def _may_be_in_a_name(token: str) -> bool:
    bare = token.strip(".,\"'’“”„«»()")
    if not _letters(bare) or (len(bare) > 1 and bare.casefold() in _not_names()):
        return False
    elided = bare[:2].casefold() in ("d'", "d’", "o'", "o’", "l'", "l’") and bare[2:3].isupper()
    return bare[:1].isupper() or elided or ("-" in bare and bare.rsplit("-", 1)[-1][:1].isupper())


@cache
def _not_names() -> frozenset[str]:
    days = frozenset(map(str.casefold, words_of("weekday")))
    return (days | words("never_in_a_name")) - words("day_and_name")


def _letters(token: str) -> bool:
    return any(char.isalpha() for char in token) and all(_in_a_word(char) for char in token)


def _in_a_word(char: str) -> bool:
    return char.isalpha() or char in ".'’-‐´`" or (not char.isascii() and not char.isdigit())


def _is_town(house: str) -> bool:
    if is_place(house):
        return True
    return house.isalpha() and not house.isupper() and not _is_house(house, []) and house not in printed("degree")


def _people(found: list[_Found], role: Role) -> list[Author]:
    """The people, each with what stands between one and the next: where they work, and where they are."""
    people: list[Author] = []
    for number, part in enumerate(found):
        if part.kind == "person":
            behind = list(takewhile(lambda other: other.kind != "person", found[number + 1 :]))
            houses = [other.value for other in behind if other.kind == "house"]
            towns = [other.value for other in behind if other.kind == "place"] or list(filter(_is_town, houses))
            house = next((house for house in houses if house not in towns), None)
            people.append(Author(part.value, role, part.more or house, next(iter(towns), None)))
    return people
