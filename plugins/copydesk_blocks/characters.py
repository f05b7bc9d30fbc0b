"""What each character is to the model: a kind of sixteen, and the small letter that a word is known by.

Both tables stand in the model file: Python's own change with its version of Unicode, and the same page must get the
same answer from each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from unicodedata import category

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

POINTS = 0x10000
"""Characters beyond are as the last of these: no kind at all."""

SMALL, CAPITAL, UNCASED, SIGN, DIGIT, SPACE, STOP, COMMA, COLON, QUOTE, BAR, DASH, MARK, CRY, OTHER, BREAK = range(16)
KINDS = 16
LAST_OF_WORDS = DIGIT
"""The kinds up to here make words."""

_MARKS = {
    STOP: ".…。؟۔।",
    CRY: "!?！？",
    COMMA: ",;،、，；",
    COLON: ":：",
    BAR: "|·•›»/«‹→▶►>＞*",
    MARK: "©®@#$€£%&+=_~",
    QUOTE: "\"'",
    BREAK: "\n",
}
_KIND_OF_MARK = {mark: kind for kind, marks in _MARKS.items() for mark in marks}
_KIND_OF_CATEGORY = {"Lu": CAPITAL, "Lt": CAPITAL, "Ll": SMALL, "Nd": DIGIT, "Pd": DASH}
_KIND_OF_CATEGORY |= dict.fromkeys(("Ps", "Pe", "Pi", "Pf"), QUOTE)
_SIGNS = ((0x3040, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xAC00, 0xD7AF))


def kinds() -> NDArray[np.uint8]:
    """The kind of each character."""
    return np.array([_kind(chr(point)) for point in range(POINTS)], np.uint8)


def small_letters() -> NDArray[np.uint16]:
    """The small letter of each character, where that is one; else the character."""
    return np.array([_small(point) for point in range(POINTS)], np.uint16)


def _kind(character: str) -> int:
    if character in _KIND_OF_MARK:
        return _KIND_OF_MARK[character]
    if character.isspace():
        return SPACE
    if any(first <= ord(character) <= last for first, last in _SIGNS):
        return SIGN
    name = category(character)
    return _KIND_OF_CATEGORY.get(name, UNCASED if name[0] in "LM" else OTHER)


def _small(point: int) -> int:
    small = chr(point).lower()
    return ord(small) if len(small) == 1 and ord(small) < POINTS else point
