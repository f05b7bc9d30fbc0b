"""Accents that were typed for an apostrophe."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from copydesk_typography.edits import few

if TYPE_CHECKING:
    from collections.abc import Sequence

    from copydesk.document import Document, Segment

# English (and German, Dutch) endings; French, Italian, Catalan and Irish words that lose their vowel before another.
_is_ending = re.compile("d|ll|m|re|s|t|ve", re.IGNORECASE).fullmatch
_is_elided = re.compile(
    "all|bell|c|d|dall|dell|j|jusqu|l|lorsqu|m|n|nell|puisqu|qu|quell|quoiqu|s|sant|sull|t|un|v", re.IGNORECASE
).fullmatch
_VOWEL = re.compile("[aeiouyhàáâäæèéêëìíîïòóôöùúûüœ]", re.IGNORECASE)

_LATIN = "A-Za-zÀ-ÖØ-öø-ɏ"
_ACCENT = re.compile("´|(?<!`)`(?!`)")
_AHEAD = re.compile(f"[{_LATIN}]+")
_BEHIND = re.compile(rf"[{_LATIN}]+\Z")
_REACH = 8  # no elided word is longer
_IS_CURLY = re.compile(f"(?<=[{_LATIN}])’(?=[{_LATIN}])")
_IS_STRAIGHT = re.compile(f"(?<=[{_LATIN}])'(?=[{_LATIN}])")


def mend_apostrophes(doc: Document) -> None:
    """Put the document's own apostrophe where ´ or ` stands for it. An accent seen elsewhere too is left everywhere."""
    story = doc.story
    for accent in "´`":
        told = [(segment, _places(segment.text, accent)) for segment in story if accent in segment.text]
        if told and all(_is_apostrophe(segment.text, at) for segment, places in told for at in places):
            apostrophe = _apostrophe(story)
            for segment, places in told:
                changes = [(at, at + 1, apostrophe) for at in places]
                segment.change(few(segment.text, changes), rule="apostrophe")


def _places(text: str, accent: str) -> list[int]:
    return [found.start() for found in _ACCENT.finditer(text) if found.group() == accent]


def _is_apostrophe(text: str, at: int) -> bool:
    ahead, behind = _AHEAD.match(text, at + 1, at + 1 + _REACH * 8), _BEHIND.search(text[max(0, at - _REACH) : at])
    if not ahead or not behind:
        return False
    left, right = behind.group(), ahead.group()
    if _is_ending(right):
        return text[ahead.end() : ahead.end() + 1] != text[at]
    if left == "O":
        return right[0].isupper()
    return _is_elided(left) is not None and _VOWEL.match(right) is not None


def _apostrophe(story: Sequence[Segment]) -> str:
    curly = sum(len(_IS_CURLY.findall(segment.text)) for segment in story)
    straight = sum(len(_IS_STRAIGHT.findall(segment.text)) for segment in story)
    return "’" if curly > straight else "'"
