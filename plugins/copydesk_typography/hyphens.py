"""What stands between two lines once they are one: a space, nothing, or a hyphen less."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from copydesk_typography.wrapping import HAN, SOUTH_EAST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from copydesk.document import Segment

_SOFT = "\N{SOFT HYPHEN}\N{NOT SIGN}"  # OCR of old print writes the hyphen at a line's end as a not sign
_HYPHENS = "-\N{HYPHEN}"
_LETTER = r"[^\W\d_]"
_REACH = 40  # characters at a line's edge that hold the part of a word
_LEFT = re.compile(rf"({_LETTER}+)[{_HYPHENS}]\Z")
_RIGHT = re.compile(f"{_LETTER}+")
_WORD = re.compile(rf"{_LETTER}+(?:[{_HYPHENS}]{_LETTER}+)*")
_STROKE = re.compile(rf"\w[{_HYPHENS}\N{{EN DASH}}\N{{EM DASH}}/]\Z")
_is_han = re.compile(f"[{HAN}]").match
_is_unparted = re.compile(f"[{HAN}{SOUTH_EAST}]").match

# `first-` and `second-half`: this hyphen stands for the rest of a word, and a space follows it.
_is_conjunction = re.compile(
    "a|als|and|bis|e|ed|eller|en|et|i|ja|lub|nor|o|och|oder|og|or|ou|sowie|tai|to|u|und|y|и|или"
).fullmatch
# First parts of compounds that English, German and French write with a hyphen, or may.
_is_compounding = re.compile(
    "all|anti|co|cross|ex|half|high|ill|long|low|mid|multi|near|neo|non|off|on|over|post|pre|pro|quasi|re|self|semi|short"
    "|single|sub|two|ultra|under|vice|well"
).fullmatch
_REGULAR = 3  # so many broken words, and one line in forty: the text was set by somebody who hyphenates


class Hyphens:
    """What a document tells about hyphens: its whole words, those with a hyphen, and how many of its lines end on one.

    Newswire does not hyphenate: of 28,000 lines eleven end on a hyphen, and each belongs to its word. Newspapers and
    books do: there, every tenth line or so ends on one.
    """

    def __init__(self, segments: Sequence[Segment]) -> None:
        self.words: set[str] = set()
        broken, is_rest = 0, False
        if not any(segment.text[-1:] in _HYPHENS for segment in segments if segment.text):
            segments = ()
        for segment in segments:
            found = _WORD.findall(segment.text.lower())
            is_broken = _LEFT.search(segment.text[-_REACH:]) is not None
            for word in found[is_rest : len(found) - is_broken]:  # the halves of broken words are no evidence
                self.words.update(_known(word))
            broken, is_rest = broken + is_broken, is_broken
        self.is_regular = broken >= _REGULAR and broken * 40 >= len(segments)

    def belongs(self, left: str, right: str) -> bool:
        """Whether the hyphen between two parts is the word's own."""
        left, right = left.lower(), right.lower()
        if left + right in self.words:
            return False
        if f"{left}-{right}" in self.words or _is_compounding(left):
            return True
        return not self.is_regular or (left in self.words and right in self.words)


def _known(word: str) -> Iterator[str]:
    """A word; of one with hyphens its parts, and each two that are neighbours: `state-owned` in `non-state-owned`."""
    parts = re.split(f"[{_HYPHENS}]", word)
    yield from parts
    yield from map("-".join, pairwise(parts))


def tight(run: Iterable[Segment], hyphens: Hyphens) -> list[tuple[int, int, str]]:
    """What has to go from lines that were joined by spaces: the space, or the hyphen with it."""
    changes = []
    at = 0
    for left, right in pairwise(run):
        at += len(left.text)
        hyphen = _lost_hyphen(left, right, hyphens)
        if hyphen or _is_tight(left, right):
            changes.append((at - hyphen, at + 1, ""))
        at += 1
    return changes


def _lost_hyphen(left: Segment, right: Segment, hyphens: Hyphens) -> int:
    """How many characters at a line's end are a hyphen that is none of the word's: one or none."""
    if not right.text[:1].islower():
        return 0
    if left.text[-1] in _SOFT:
        return int(left.text[-2:-1].isalpha())
    part, rest = _LEFT.search(left.text[-_REACH:]), _RIGHT.match(right.text[:_REACH])
    if not part or not rest or not part.group(1)[-1].islower() or _is_conjunction(rest.group()):
        return 0
    return 0 if hyphens.belongs(part.group(1), rest.group()) else 1


def _is_tight(left: Segment, right: Segment) -> bool:
    """Whether no space belongs between two lines, or two halves of one."""
    raw, before, after = left.pen.raw, left.text[-1], right.text[0]
    if left.end == right.start or raw[left.end - 1] == "\N{SOFT HYPHEN}":  # it may be gone from the text
        return True
    if _STROKE.search(left.text[-2:]) and after.isalnum():
        word = _RIGHT.match(right.text[:_REACH])
        return word is None or before not in _HYPHENS or not _is_conjunction(word.group())
    return bool(_is_han(before) or _is_han(after) or (_is_unparted(before) and _is_unparted(after)))
