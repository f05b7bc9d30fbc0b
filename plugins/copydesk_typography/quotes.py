"""Double quotation marks that look the wrong way, and the doubled accents that some write for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from copydesk_typography.edits import few
from copydesk_typography.reading import holding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from copydesk.document import Document, Segment

_MARK = re.compile("[“”]")
_LETTER = r"[^\W\d_]"
_END = r"(?=[\s,.;:!?)\]’]|\Z)"
_SMALL = "[a-z\u00df-\u00f6\u00f8-\u00ff\u0430-\u045f]"

# Low marks, and others that tell of another country's way, of inches, or of a second quotation inside.
_OTHER_WAY = re.compile('["„‟«»‹›″\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]')
# Two patterns, each with a mark before all else, for which the search looks as quickly as it looks for one letter.
_WRONG_OPENING = re.compile(f"“{_END}")
_WRONG_CLOSING = re.compile(f"”(?={_LETTER})")
_PAIR = re.compile(rf"(?<![^\s(\[])“(?=\S)[^“”]*”(?!{_LETTER})")
_TURNED_OPENING = re.compile(rf"(?<![^\s(\[])”(?={_LETTER})")
_TURNED_CLOSING = re.compile(rf"(?:(?<=[,.!?…)\]%’])|(?<={_LETTER}))“{_END}")
_PARTED_CLOSING = re.compile(
    rf"(?:(?<=,\s)|(?<=,\s\s))“(?=\s+{_LETTER})|(?:(?<=[.!?…]\s)|(?<=[.!?…]\s\s))“(?=\s+{_SMALL})"
)

_DOUBLED = re.compile("(?<!`)``(?!`)|(?<!')''(?!')")


def turn_quotes(doc: Document, text: str) -> None:
    """Turn the marks of each segment that holds wrong ones and makes sense with them turned.

    A low mark anywhere, and an opening “ is somebody's closing mark: nothing is touched. Marks that stand tight against
    a word are turned only in a document that shows by more good pairs than wrong marks that it writes “so”.
    """
    places = _wrong(text)
    told = [segment for segment in holding(doc, text, places) if segment.role in doc.keep and _is_suspect(segment)]
    if not told or any(mark in text and any(mark in segment.text for segment in doc.story) for mark in "„‟"):
        return
    for segment in told:
        segment.change(few(segment.text, _turned(segment.text, shown=False)), rule="wrong-way")
    told = [segment for segment in told if _is_suspect(segment)]
    if told and _shows_its_way(doc.story):
        for segment in told:
            segment.change(few(segment.text, _turned(segment.text, shown=True)), rule="wrong-way")


def _wrong(text: str) -> list[int]:
    """Where a mark seems to face the wrong way: “ where a word ends, or ” where one begins. Most texts end here."""
    if text.isascii():
        return []
    found = [*_WRONG_OPENING.finditer(text), *_WRONG_CLOSING.finditer(text)]
    return sorted([mark.start() for mark in found])


def _is_suspect(segment: Segment) -> bool:
    return bool(_wrong(segment.text)) and _OTHER_WAY.search(segment.text) is None


def _shows_its_way(story: Sequence[Segment]) -> bool:
    good = sum(len(_PAIR.findall(segment.text)) for segment in story)
    wrong = sum(len(_TURNED_OPENING.findall(segment.text)) for segment in story)
    wrong += sum(len(_TURNED_CLOSING.findall(segment.text)) for segment in story)
    return good > wrong


def _turned(text: str, *, shown: bool) -> list[tuple[int, int, str]]:
    """The changes that make the marks open and close in turn; none where that takes a guess."""
    changes: list[tuple[int, int, str]] = []
    is_open = False
    for found in _MARK.finditer(text):
        change = _settled(text, found.start(), is_open=is_open, is_first=not changes, shown=shown)
        if change is None:
            return []
        changes.append(change)
        is_open = change[2] == "“"
    if is_open and text[changes[-1][0]] == "”":  # turned to open, and then nothing closes
        return []
    return changes


def _settled(text: str, at: int, *, is_open: bool, is_first: bool, shown: bool) -> tuple[int, int, str] | None:
    """What a mark ought to be, after the marks before it; None where that is anybody's guess."""
    as_it_is = (at, at + 1, text[at])
    if text[at] == "“":
        if is_open:
            return _closing(text, at, shown=shown)
        return None if _TURNED_CLOSING.match(text, at) else as_it_is
    if is_open:
        return as_it_is
    if _TURNED_OPENING.match(text, at):
        return (at, at + 1, "“") if shown else None
    return as_it_is if is_first else None  # the first may close what an earlier paragraph opened


def _closing(text: str, at: int, *, shown: bool) -> tuple[int, int, str] | None:
    if _PARTED_CLOSING.match(text, at):
        return at - (2 if text[at - 2].isspace() else 1), at + 1, "”"
    return (at, at + 1, "”") if shown and _TURNED_CLOSING.match(text, at) else None


def mend_doubled_accents(doc: Document) -> None:
    """Make ``quotes'' quotes: straight where the document writes straight ones, else curly."""
    story = doc.story
    told = [segment for segment in story if "``" in segment.text]
    if not told:
        return
    is_straight = any('"' in segment.text for segment in story) and not any("“" in segment.text for segment in story)
    marks = '""' if is_straight else "“”"
    for segment in told:
        segment.change(few(segment.text, _paired(segment.text, marks)), rule="doubled-accents")


def _paired(text: str, marks: str) -> list[tuple[int, int, str]]:
    """The marks for doubled accents; none unless these open and close in turn, each at a word's edge."""
    changes: list[tuple[int, int, str]] = []
    for number, found in enumerate(_DOUBLED.finditer(text)):
        closes = number % 2
        inner = text[found.start() - 1 : found.start()] if closes else text[found.end() : found.end() + 1]
        outer = text[found.end() : found.end() + 1] if closes else text[max(0, found.start() - 1) : found.start()]
        if found.group() != "``''"[2 * closes :][:2] or not inner.strip() or outer.isalnum():
            return []
        changes.append((found.start(), found.end(), marks[closes]))
    return changes
