"""Letters that were written in one encoding and read in another: `cafÃ©` for `café`. ftfy's own steps, remembered."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

import ftfy.bad_codecs  # noqa: F401 (the encodings that are named sloppy)
from ftfy import chardata, fixes
from ftfy.badness import BADNESS_RE

from copydesk.document import Change

if TYPE_CHECKING:
    from collections.abc import Iterable

WIDEST = 7
"""The longest row of characters that an alternative of BADNESS_RE matches. A test holds it to that."""

_LONG_ASCII = re.compile(f"([\0-\x7f]{{{WIDEST}}})[\0-\x7f]+([\0-\x7f]{{{WIDEST}}})")
_SHORT = 100  # characters that are searched before anything could be left out of them

MOST, EACH = 10_000, 50
"""So many different lines and pieces of a document are repaired, and one more for each so many characters.

A megabyte of broken news has 14,000 lines, and the worst of half-broken pages some hundred different pieces. Each costs
fifty microseconds: a megabyte of nothing but different ones, of which no two are broken alike, took ten seconds.
"""

AGAIN, LAYERS = 2_000_000, 5
"""So many characters of a document are read again, and so many times its own. Letters are broken two or three times,
and each time takes one reading; but a line of which only the first few letters can be mended takes one for each of
them: a megabyte of those would have taken half an hour.
"""


QUOTE_CUT_OFF = re.compile("(?<=[^\\s(\\[])â€(?=[\0-/:-@[-`{-\x7f]|$)")
"""A closing quote whose third byte is lost: Windows-1252 has no character for 0x9D, so many a program dropped it. The
others that it has none for make no character that ends a word. Read with the space behind it, it would be a dagger."""


def is_bad(text: str) -> bool:
    """The test of ftfy for mojibake, the same and quicker: it is about characters outside ASCII and their neighbours.

    ASCII that stands farther from those than the widest pattern reaches can be left out.
    """
    if text.isascii():
        return False
    return BADNESS_RE.search(text if len(text) < _SHORT else _LONG_ASCII.sub(r"\1\2", text)) is not None


class Mojibake:
    """One document's broken letters: what ftfy's `fix_encoding` answers, for every line and piece only once.

    Where a line is broken only in parts ftfy asks itself about every part, and a page breaks the same few letters
    again and again. Past `most` different questions the rest stays as it is, and `is_left` says so; as does what would
    be read again too often.
    """

    def __init__(self, size: int) -> None:
        self.is_left = False
        self._answers: dict[str, str] = {}
        self._asked, self._most = 0, MOST + size // EACH
        self._left = AGAIN + LAYERS * size  # characters that may be read again

    def changes(self, text: str) -> list[Change]:
        """The broken letters of a line, and what they were."""
        if text.isascii() or (now := self.mended(QUOTE_CUT_OFF.sub("â€\x9d", text))) == text:
            return []
        changes = _between_words(text, now)
        closing = {match.end() - 1 for match in _QUOTED.finditer(text)}
        if not closing:
            return [*changes]
        return [change for change in changes if closing.isdisjoint(range(change.start, change.end + (not change.now)))]

    def mended(self, text: str) -> str:
        """The text with its letters put right, as often as they were broken."""
        answer = self._answers.get(text)
        if answer is not None:
            return answer
        if not is_bad(text):
            self._answers[text] = text
            return text
        if self._asked >= self._most:
            self.is_left = True
            return text
        self._asked += 1
        was, now = text, self._once(text)
        while now != was and is_bad(now):
            self._left -= len(now)
            if self._left < 0:
                self.is_left = True
                break
            was, now = now, self._once(now)
        self._answers[text] = self._answers[now] = now  # nothing is broken in an answer, or nobody knows how
        return now

    def _once(self, text: str) -> str:
        """One step of ftfy's: the whole read again; else its parts; else control characters as Windows has them."""
        again = _read_again(text)
        if again is not None:
            return again
        mended = self._in_parts(text)
        return windows_for_controls(text) if mended == text else mended

    def _in_parts(self, text: str) -> str:
        def part(match: re.Match[str]) -> str:
            found = match.group()
            return found if len(found) == len(text) else self.mended(found)  # the whole is the question itself

        return chardata.UTF8_DETECTOR_RE.sub(part, text)


_C1 = {ord(character): fixes.fix_c1_controls(character) for character in map(chr, range(0x80, 0xA0))}


def windows_for_controls(text: str) -> str:
    """The characters of Windows-1252 in the place of control characters: the same as ftfy's, in one go."""
    return text.translate(_C1)


def _read_again(text: str) -> str | None:
    """The text in UTF-8, by the first encoding in which that can have been read. None where it was in none of them."""
    for encoding in chardata.CHARMAP_ENCODINGS:
        if chardata.possible_encoding(text, encoding):
            read = _bytes(text, encoding)
            decoding = "utf-8-variants" if b"\xed" in read or b"\xc0" in read else "utf-8"
            with suppress(UnicodeDecodeError):
                return read.decode(decoding)
    return None


def _bytes(text: str, encoding: str) -> bytes:
    """The bytes that were read, with those put back that were taken for blanks or were lost."""
    read = text.encode(encoding)
    # In Mac Roman this would be a dash and the space behind it.
    if encoding != "macroman" and chardata.ALTERED_UTF8_RE.search(read):
        read = fixes.restore_byte_a0(read)
    return fixes.replace_lossy_sequences(read) if encoding.startswith("sloppy") else read


# ftfy takes the end of `“AMANHÃ”` for a broken `Ô` and would swallow the quote, and the letter of `“Â”`. A quote that
# closes a sound opening one is sound too: broken ones come in pairs. Portuguese headlines in capitals have such ends.
_QUOTED = re.compile("(?<![^\\s(\\[])(?:“[^“”]*”|„[^„“”]*[“”]|‘[^‘’]*’|«[^«»]*»)")


# In every encoding that ftfy knows these stand for themselves; a space may be half of a letter, a `?` a lost one.
_FIRM = re.compile("[!->@-~]+")


def _between_words(was: str, now: str) -> Iterable[Change]:
    """Where a repaired text differs: its ASCII words are the same as before, so what lies between them is compared."""
    words, gaps, new_gaps = _FIRM.findall(was), _FIRM.split(was), _FIRM.split(now)
    if words != _FIRM.findall(now):
        words, gaps, new_gaps = [], [was], [now]
    place = 0
    for gap, new_gap, word in zip(gaps, new_gaps, [*words, ""], strict=True):
        if gap != new_gap:
            yield trimmed(place, gap, new_gap)
        place += len(gap) + len(word)


def trimmed(start: int, was: str, now: str) -> Change:
    """The change from one string to another, without what is the same at both ends."""
    head, tail = (_kept_ends if len(was) <= _FEW else _same_ends)(was, now)
    return Change(start + head, start + len(was) - tail, now[head : len(now) - tail])


def _same_ends(was: str, now: str) -> tuple[int, int]:
    limit, head, tail = min(len(was), len(now)), 0, 0
    while head < limit and was[head] == now[head]:
        head += 1
    while tail < limit - head and was[-1 - tail] == now[-1 - tail]:
        tail += 1
    return head, tail


_FEW = 20  # characters of what lies between two words, nearly always; the same ones come again and again
_kept_ends = lru_cache(maxsize=1024)(_same_ends)
