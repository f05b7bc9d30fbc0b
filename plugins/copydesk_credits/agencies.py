"""Whose text it is: agency lines, source lines, sign-offs after the last sentence, and the marks that end a story."""

from __future__ import annotations

import re
from functools import cache, cached_property
from typing import TYPE_CHECKING

from copydesk.facts import Source
from copydesk.prose import ends_sentence, is_prose, words
from copydesk_credits.byline import people
from copydesk_credits.byline.unsigned import is_common
from copydesk_credits.house import agencies, folded, house_rules, words_of
from copydesk_credits.layout import laid_out

if TYPE_CHECKING:
    from pathlib import Path

    from copydesk.document import Document, Segment
    from copydesk.rules import Hit

_HEAD_LINES = 6
"""Lines between the first paragraph and an agency line above it: headline, dek, byline, times, a caption. Judged."""

_TAIL_LINES = 4
"""Lines between the last paragraph and an agency line, a source line or an end mark below it. Judged."""

_TAIL_PROSE = 3
"""Paragraphs at the end of the page that may hold the sign-off: a notice or an author's note may follow it."""

_LAYERS = 6
"""Sign-offs and end marks that may stand one after the other: `. EFE (ab/cd) ./.` Real ones have three at most."""

_LINES = frozenset({"initials-line", "line", "source-line", "trailer"})
_SIGN_OFFS = frozenset({"bracket", "bare", "initials", "end-glued"})
_SHORTEST = 24
"""Characters. No shorter block is prose."""

_LATE = 90
"""Characters at the end of a block in which a sign-off stands. The longest agency has 45."""

_LINE_WORDS = 12
"""Words of a line that is nothing but a source, by its rule; a line of an agency has fewer."""

_END = re.compile(r"([\W_]*)([^\W_]+)")  # of a text that is read backwards, from its last mark
_END_MARKS = frozenset(")]）】/■◼#")
_END_WORDS = ("REUTER", "reuter", "Enditem", "ENDITEM", "NNNN", "30", "انتهى", "DM")
_VIA = re.compile(r"\W*(?:\S+\s+){1,4}via\s")
_STOP = re.compile("[.!?。…]")
_WORD = re.compile(r"[^\W\d_]+")
_SMALL_WORD = re.compile(
    r"(?<!\S)(?!(?:and|da|de|del|der|des|di|die|do|du|e|et|for|für|i|la|of|on|the|und|van|von|y)\b)[^\W\d_A-ZÀ-Þ]\w*"
)
"""A word that opens with a small letter, and is no part of a name."""


class extract_agency:
    """Take agency lines, sign-offs and end marks out of the text, and note whose it is: (dpa), Source: AFP, REUTER.

    An agency signs on a line under the headline, or after the last sentence; old wires close with a mark. What stays:
    an agency that the story names ("told The Associated Press"), the short form after a name spelled out, as in "the
    Hillton News Agency (HNA)", a bracket in the middle of a story, a source under a table. What stands in a picture's
    caption is the picture's: credits are extracted before, and a bracket in the first paragraph is left alone. Who
    signs with the agency is the author, and a source that is no agency is the text's source.
    """

    def __init__(self, *, rules: tuple[Path, ...] = (), without: tuple[str, ...] = ()) -> None:
        self.rules = house_rules("agencies", rules=rules, without=without)
        self._house_only = not rules

    def __call__(self, doc: Document) -> None:
        for _ in range(_LAYERS):
            if not self._pass(doc):
                break

    def _pass(self, doc: Document) -> bool:
        """One look at the document: whether something left. `. EFE (ab)` loses one sign-off at a time."""
        page = _Page(doc)
        hits = self.rules.hits(doc, among=page.signed() if self._house_only else None)
        if not hits:
            return False
        chosen: dict[int, Hit] = {}
        for hit in hits:
            known = chosen.get(hit.segment.start)
            if page.holds(hit) and (known is None or _rank(hit) > _rank(known)):
                chosen[hit.segment.start] = hit
        for hit in chosen.values():
            _take(doc, hit)
        return bool(chosen)


def _rank(hit: Hit) -> tuple[bool, int]:
    return hit.rule.takes == "block", hit.end - hit.start


def _take(doc: Document, hit: Hit) -> None:
    segment = hit.segment
    if hit.rule.takes == "match":
        _, segment, _ = doc.cut(segment, hit.start, hit.end)
    source = hit.groups.get("source", "")
    named = agencies(hit.groups.get("agency") or source)
    if read := people.read(hit.groups.get("signed", "")):
        named = read.agencies
        for person in read.people:
            doc.fact("author", person, segment)
    for name in named:
        doc.fact("agency", name, segment)
    if source and not named and not doc.found("source"):
        doc.fact("source", Source(source.strip(" ."), notice=segment.text), segment)
    segment.mark(hit.rule.role, rule=hit.rule.id)


class _Page:
    """The blocks that are still in the text, and where its prose begins and ends."""

    def __init__(self, doc: Document) -> None:
        self.blocks = [segment for segment in doc.segments if segment.role in doc.keep]
        self.prose = [
            number
            for number, segment in enumerate(self.blocks)
            if is_prose(segment.text) or _is_signed_prose(segment.text)
        ]
        self._paragraphs = frozenset(self.prose)
        self._near_end = self.prose[-_TAIL_PROSE:][0] if self.prose else len(self.blocks)
        self._via = " via " in doc.raw
        self._doc = doc

    @cached_property
    def number(self) -> dict[int, int]:
        """The number of each block by the place where it starts."""
        return {segment.start: number for number, segment in enumerate(self.blocks)}

    def signed(self) -> list[Segment]:
        """The blocks where a rule of ours may find what `holds`: the lines around the story, and what may end it."""
        blocks = self.blocks
        if not self.prose:
            return blocks if self._via else blocks[-_HEAD_LINES:]
        first, last = self.prose[0], self.prose[-1]
        closing = {number - 1 for number in set(range(first + 2, len(blocks) + 1)) - self._paragraphs}
        closing.update(range(max(first + 1, self._near_end), len(blocks)), (last,))
        numbers = {
            *range(max(0, first - _HEAD_LINES), first),
            *range(last + 1, min(last + _TAIL_LINES + 1, len(blocks))),
        }
        numbers.update(number for number in closing if _may_be_signed(blocks[number].text))
        if words(blocks[last].text) <= _LINE_WORDS:
            numbers.add(last)
        if self._via:
            numbers.update(number for number, block in enumerate(blocks) if _VIA.match(block.text))
        return [blocks[number] for number in sorted(numbers)]

    def holds(self, hit: Hit) -> bool:
        """Whether a hit stands where its kind may stand, and means what it seems to."""
        number = self.number.get(hit.segment.start)
        if number is None:
            return False
        kind = hit.rule.id.partition("/")[2]
        if kind in _SIGN_OFFS:
            return self._ends_story(hit, number) and _is_sign_off(hit, last=self._is_last(number))
        if kind == "end-word":
            return self._after_story(number) or (hit.text[:1] == "_" and self._is_near_end(number))
        if kind == "signed":
            return self._signs(hit, number)
        if kind in _LINES:
            beside = self._before_story(number) or self._after_story(number)
            return beside and not (kind == "source-line" and _is_sentence(hit.segment.text))
        return True

    def _signs(self, hit: Hit, number: int) -> bool:
        """Whether a writer signs: right below a sentence that ends the story, or above it behind the agency's name."""
        read = people.read(hit.text)
        small = laid_out(self._doc).small_words()
        if not read or any(is_common(person.name, small) or _is_city(person.name) for person in read.people):
            return False
        if "first" in hit.groups and self._before_story(number):
            return True
        over = self._after_story(number) if self.prose else number == len(self.blocks) - 1
        return over and number > 0 and ends_sentence(self.blocks[number - 1].text)

    def _before_story(self, number: int) -> bool:
        first = self.prose[0] if self.prose else len(self.blocks)
        return number < first <= number + _HEAD_LINES

    def _after_story(self, number: int) -> bool:
        if not self.prose:
            return number >= len(self.blocks) - 2 > 0
        return 0 <= number - self.prose[-1] <= _TAIL_LINES

    def _is_last(self, number: int) -> bool:
        return number >= (self.prose[-1] if self.prose else len(self.blocks) - 1)

    def _ends_story(self, hit: Hit, number: int) -> bool:
        """Whether the story may end with this block: it is among the last, or no prose follows it directly."""
        if self._is_last(number):
            return True
        if not self.prose or number <= self.prose[0] or hit.rule.id.endswith("/initials"):
            return False
        return self._closes(number)

    def _closes(self, number: int) -> bool:
        """Whether a block is among the last paragraphs or below, or no paragraph follows it."""
        return number + 1 not in self._paragraphs or self._is_near_end(number)

    def _is_near_end(self, number: int) -> bool:
        return number >= self._near_end


def _is_sentence(text: str) -> bool:
    """Whether a sentence follows the label's colon, as in `Source: the spring rises at the foot of the hill.`."""
    return ends_sentence(text) and len(_SMALL_WORD.findall(text)) > 1


def _is_city(name: str) -> bool:
    return name in words_of("city")


@cache
def _last_words() -> frozenset[str]:
    """The last word of each sign-off and end mark, read backwards."""
    names = [name for kind in ("agency", "agency_in_brackets", "pr_wire") for name in words_of(kind)]
    return frozenset(end.group(2) for name in (*names, *_END_WORDS) if (end := _END.match(name[::-1])))


def _may_be_signed(text: str) -> bool:
    """Whether a block ends as a sign-off may: with an agency's last word, a bracket, an end mark, short initials."""
    backwards = text[: -_LATE - 1 : -1]
    end = _END.match(backwards)
    if end is None:  # nothing but marks
        return True
    marks, word = end.groups()
    if word in _last_words() or not _END_MARKS.isdisjoint(marks):
        return True
    return len(word) <= 3 and backwards[end.end() : end.end() + 1] in ("-", "/", "^")


def _is_signed_prose(text: str) -> bool:
    """Whether a block would be prose without a bracket, a mark or a short name after its last stop."""
    if len(text) < _SHORTEST or not _STOP.search(text, len(text) - 40):
        return False
    return is_prose(_unsigned(text))


def _unsigned(text: str) -> str:
    return text[: 1 + max(map(text.rfind, ".!?。…"))]


def _is_sign_off(hit: Hit, *, last: bool) -> bool:
    """Whether a name at the end of a block signs it: after a stop, or in brackets in the last block and no gloss."""
    before = hit.segment.text[: hit.start].rstrip()
    if not before or before.endswith((":", ",", "(")) or _is_glued(hit):
        return False
    if ends_sentence(before):
        return True
    dashed = hit.text[:1] in "-–—/|"
    if "initials" in hit.groups or not last or not (hit.text[:1] in "(（[" or dashed):
        return False
    return not _is_gloss(before, hit.groups.get("agency", ""))


def _is_glued(hit: Hit) -> bool:
    """Whether a name in small letters stands right at what is before it, as in the name of a cookie: `node.sid`."""
    return hit.text[:1].islower() and hit.start > 0 and not hit.segment.text[hit.start - 1].isspace()


def _is_gloss(before: str, name: str) -> bool:
    """Whether a short name explains the words before it: their initials, or the agency's own long name."""
    names = _WORD.findall(before)[-8:]
    initials = "".join(word[0] for word in names).casefold()
    capitals = "".join(word[0] for word in names if word[0].isupper()).casefold()
    short = "".join(_WORD.findall(name)).casefold()
    if initials.endswith(short) or capitals.endswith(short):
        return True
    house = agencies(name)
    tails = (" ".join(names[-count:]) for count in range(1, 6))
    return any(set(agencies(tail)) & set(house) or folded(tail) == folded(name) for tail in tails)
