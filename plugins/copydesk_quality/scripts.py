"""Words in letters of two alphabets, which look alike and are not."""

from __future__ import annotations

import re

_CYRILLIC, _GREEK = "\u0400-\u04ff", "\u0370-\u03ff"
_FREQUENT = "\u043e\u0430\u03b1\u03b9"  # Cyrillic o and a, Greek alpha and iota
"""A text without any of these is in another alphabet: four quick looks spare it the search."""


def _strays(script: str, look_alikes: str) -> str:
    stray = f"[{look_alikes}]{{1,2}}"
    return f"(?:\\b|[{script}]){stray}[{script}]{{2}}|[{script}]{{2}}{stray}(?:\\b|[{script}])"


_LIKE_CYRILLIC, _LIKE_GREEK = "aceiopxyABCEHIKMOPTX", "oviABEHIKMNOPTXYZ"
_MIXED = re.compile(f"{_strays(_CYRILLIC, _LIKE_CYRILLIC)}|{_strays(_GREEK, _LIKE_GREEK)}")

# What all of them have in them; it begins with a class, which is looked for thirty times as quickly as a word's edge.
_OTHERS = f"[{_CYRILLIC}{_GREEK}]{{2}}"
_BESIDE = re.compile(f"[{_LIKE_CYRILLIC}{_LIKE_GREEK}](?:(?={_OTHERS})|(?<={_OTHERS}.))", re.DOTALL)
_BEFORE = 2  # characters of a match before such a letter, at most: two of the script, or one and another letter


def mixed_scripts(text: str) -> bool:
    """Whether a Cyrillic or Greek word has Latin letters of the same look in it.

    Scanners and typists who forget to switch the keyboard write them. `PDFку` and `μm` are left in peace: the Latin
    letters there look like no letter of the word's own alphabet, or the word is one letter long.
    """
    if text.isascii() or not any(letter in text for letter in _FREQUENT):
        return False
    places = (beside.start() for beside in _BESIDE.finditer(text))
    return any(_MIXED.match(text, at) for place in places for at in range(max(0, place - _BEFORE), place + 1))
