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
