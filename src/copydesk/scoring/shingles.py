"""Texts as tokens, and as runs of four of them."""

from __future__ import annotations

import heapq
import re
import unicodedata
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_WORD = re.compile(r"\w+")
_SHINGLE = 4  # tokens: the benchmark's own number
_EXCERPTS = 2  # the longest stretches stand for all that was lost, or left in
EXCERPT = 300  # characters that are kept of one


def tokens(text: str | None) -> list[str]:
    return _WORD.findall(text or "")


def fold(text: str | None) -> str:
    """The words of a text, case and forms of letters folded: two that read the same are equal."""
    return " ".join(tokens(unicodedata.normalize("NFKC", text or "").casefold()))


def _windows(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Each run of four tokens; of a shorter text the whole."""
    if words:
        yield from (tuple(words[at : at + _SHINGLE]) for at in range(max(1, len(words) - _SHINGLE + 1)))


def shingles(words: Sequence[str]) -> Counter[tuple[str, ...]]:
    return Counter(_windows(words))


def overlap(gold: Sequence[str], given: Sequence[str]) -> tuple[int, int, int]:
    """How many shingles both have, how many only the given one has, and how many only the gold."""
    wanted, found = shingles(gold), shingles(given)
    both = (wanted & found).total()
    return both, found.total() - both, wanted.total() - both


def ratios(both: float, surplus: float, missed: float) -> tuple[float, float, float]:
    """Precision, recall and F1."""
    precision, recall = share(both, both + surplus), share(both, both + missed)
    return precision, recall, harmonic(precision, recall)


def standing(text: str, among: Counter[tuple[str, ...]], *, once: bool = False) -> Iterator[tuple[int, int, bool]]:
    """Each token of a text with its place, and whether it is part of a shingle that stands `among` those.

    With `once`, a shingle counts as often as it stands there.
    """
    places = [match.span() for match in _WORD.finditer(text)]
    left = Counter(among) if once else among
    inside = bytearray(len(places))
    for at, window in enumerate(_windows([text[start:end] for start, end in places])):
        if left[window] > 0:
            inside[at : at + len(window)] = b"\1" * len(window)
            if once:
                left[window] -= 1
    yield from ((start, end, bool(there)) for (start, end), there in zip(places, inside, strict=True))


def beyond(text: str, other: str) -> list[str]:
    """The longest stretches of a text that the other has not, in the order of the text."""
    places = standing(text, shingles(tokens(other)), once=True)
    runs = [list(run) for there, run in groupby(places, key=lambda place: place[2]) if not there]
    return excerpts(text, [(run[0][0], run[-1][1]) for run in runs])


def excerpts(text: str, runs: Iterable[tuple[int, int]]) -> list[str]:
    longest = heapq.nlargest(_EXCERPTS, runs, key=lambda run: run[1] - run[0])
    return [text[start : min(end, start + EXCERPT)] for start, end in sorted(longest)]


def share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def harmonic(precision: float, recall: float) -> float:
    return share(2 * precision * recall, precision + recall)
