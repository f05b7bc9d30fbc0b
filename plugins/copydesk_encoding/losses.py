"""Damage that cannot be undone. It is said, and nothing is invented."""

from __future__ import annotations

import re

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

# Whole words of a script that the code page lacked: `???? ?? ??????`. "What???" is a shout, and "??? ???" may be one.
_QUESTION_WORDS = re.compile(r"(?<!\?)\?{4,}+[ ,.]++\?{3}")

# A Chinese or Japanese character of two bytes that lost its first one: a question mark and the small Latin letter that
# the second byte spells, in the middle of a sentence: `中?a国`. After a real question mark comes a quote, a capital or
# the line's end. The pattern begins with the literal, so that the search can jump to it.
_HALF_CHARACTER = re.compile("\\?(?<=[\u4e00-\u9fff]\\?)[a-z](?=[\u4e00-\u9fff])")


def lost_bytes(text: str) -> bool:
    """Whether some of the text's bytes are gone for good."""
    if REPLACEMENT in text:
        return True
    if "?" not in text:
        return False
    if "????" in text and _QUESTION_WORDS.search(text):
        return True
    return not text.isascii() and _HALF_CHARACTER.search(text) is not None


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
