"""What a block of text looks like from outside: its words, its sentences, whether it reads like a story's paragraph.

Every stage asks the same of the same blocks, so answers are `kept`.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = TypeVar("Answer")

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_SIGN = re.compile(f"[{_CJK}]")
_WORD = re.compile(rf"[{_CJK}]{{1,2}}|[^\W_{_CJK}]+(?:['’.-][^\W_{_CJK}]+)*")
_CLOSERS = r"\"'”’»“‘)\]」』›"
_CLOSING = "\"'”’»“‘)]」』›"
_STOPS = frozenset(".!?…。！？।؟۔")
_SENTENCE_END = re.compile(rf"(?:[.!?…؟۔।]+[{_CLOSERS}]*(?=\s)|[。！？][{_CLOSERS}]*)\s*")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(“\"'])(?:[A-Z]|[A-Za-z](?:\.[A-Za-z])+|Mrs?|Ms|Dr|Prof|Sen|Rep|Gov|Gen|Col|Lt|Sgt|Capt|Rev|Hon|St|Jr|Sr|Inc|Co"
    r"|Corp|Ltd|No|vs|etc|approx|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|Nr|bzw|ca|usw|av|art|pp?|г|им|ул|руб|тыс)\.$"
)

_KEPT = 16384  # answers: a batch of pages has up to some ten thousand lines, and each stage comes back to the first
_KEPT_LENGTH = 2000  # characters: a text whose lines are a megabyte long must not stay because of them


class _Known(dict[str, Answer]):
    """What a function says of the last few thousand blocks. Long ones are few, and would fill the memory."""

    def __init__(self, answer: Callable[[str], Answer]) -> None:
        self._answer = answer

    def __missing__(self, text: str) -> Answer:
        answer = self._answer(text)
        if len(text) < _KEPT_LENGTH:
            if len(self) >= _KEPT:
                for oldest in list(self)[: _KEPT // 2]:
                    self.pop(oldest, None)
            self[text] = answer
        return answer


def kept(answer: Callable[[str], Answer]) -> Callable[[str], Answer]:
    """Keep what a function says of the last few thousand blocks."""
    return _Known(answer).__getitem__  # a look into a dictionary, with no call of Python's: stages ask 270 times a text


@kept
def words(text: str) -> int:
    """How many words a text has: what stands between blanks, but for lone marks.

    A pair of Chinese, Japanese or Korean characters counts as one.
    """
    if not text.isascii() and _SIGN.search(text):
        return len(_WORD.findall(text))
    return len([word for word in text.split() if len(word) > 1 or word.isalnum()])


def ends_sentence(text: str) -> bool:
    """Whether the text ends as a sentence does: with a stop, and perhaps marks that close after it."""
    return text.rstrip().rstrip(_CLOSING)[-1:] in _STOPS if text else False


@kept
def is_prose(text: str) -> bool:
    """Whether a block reads like a paragraph of a story: 12 words or more, ending as a sentence does.

    The one-line rule of the field: on public news pages it alone finds the story with an F1 of 0.84.
    """
    return len(text) >= 24 and ends_sentence(text) and words(text) >= 12


def is_sentence(text: str) -> bool:
    """Whether a block reads like a sentence: half as many words, ending in the same way."""
    return ends_sentence(text) and words(text) >= 6


def sentences(text: str) -> list[tuple[int, int]]:
    """Where each sentence of a block starts and ends, the white space after it included.

    A stop after an initial or a common abbreviation ends nothing, nor does one before a small letter.
    """
    cuts = [0]
    for match in _SENTENCE_END.finditer(text):
        before = text[cuts[-1] : match.start() + 1]
        if not _ABBREVIATION.search(before) and not text[match.end() : match.end() + 1].islower():
            cuts.append(match.end())
    if cuts[-1] < len(text):
        cuts.append(len(text))
    return list(pairwise(cuts))
