"""A page as flat arrays: its characters, its words, and which block each stands in.

Everything is counted for all blocks at once. A loop over blocks in Python would cost more than the model does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from copydesk_blocks.characters import CRY, KINDS, LAST_OF_WORDS, QUOTE, SIGN, SPACE, STOP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

PLACES = 16
"""Bits of a word's place in the table of words; two words at one place are one word to the model."""

PARAGRAPH = 12
"""Words from which on a block that ends a sentence is a paragraph: the one-line rule of the field."""

_POINT = np.dtype("<u4")
_STEP = 0x100000001B3
_BACK = pow(_STEP, -1, 1 << 64)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_PLENTY = 1 << 16


class Powers(NamedTuple):
    """The powers of one odd number and of its inverse: what makes a word's number the same wherever it stands."""

    up: NDArray[np.uint64]
    down: NDArray[np.uint64]


def powers(count: int) -> Powers:
    up, down = (np.cumprod(np.full(count, base, np.uint64), dtype=np.uint64) for base in (_STEP, _BACK))
    return Powers(up, down)


POWERS = powers(_PLENTY)
"""Enough for the pages that come; a longer one works out its own."""


class Reading(NamedTuple):
    """What is read off the blocks. A row a block, but for those whose names begin with `word`: a row a word."""

    length: Numbers
    kinds: Numbers  # how many characters of each kind, a column a kind
    first: Numbers  # the kind of the first character
    last: Numbers  # the kind of the last one, closing marks left out
    number: NDArray[np.uint64]  # the same for blocks that read the same
    bounds: Numbers  # where each block's words begin, and where the last one's end
    words: Numbers
    ends: NDArray[np.bool_]  # it ends as a sentence does
    word_block: Numbers
    word_length: Numbers
    word_kind: NDArray[np.uint8]  # of its first character
    word_place: Numbers


def read(texts: Sequence[str], kind_of: NDArray[np.uint8], small: NDArray[np.uint64]) -> Reading:
    """Read the blocks: a pass over the characters, one over the words."""
    points = np.frombuffer(("\n".join(texts) + "\n").encode("utf-32-le"), _POINT)
    kinds = kind_of.take(points, mode="clip")
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    stops = np.cumsum(lengths + 1)
    starts = stops - lengths - 1
    block = np.repeat(np.arange(len(texts)), lengths + 1)
    counts = np.bincount(block * KINDS + kinds, minlength=len(texts) * KINDS).reshape(-1, KINDS)
    first, past = _words(kinds)
    numbers = _numbers(points, small)
    bounds = first.searchsorted(np.append(starts, len(points)))
    last = _last(kinds, starts, stops)
    return Reading(
        lengths,
        counts,
        kinds[starts].astype(np.int64),
        last,
        numbers(starts, stops),
        bounds,
        np.diff(bounds) + counts[:, SIGN] // 2,
        (last == STOP) | (last == CRY),
        block[first],
        past - first,
        kinds[first],
        ((numbers(first, past) * _SPREAD) >> np.uint64(64 - PLACES)).astype(np.int64),
    )


def _words(kinds: NDArray[np.uint8]) -> tuple[Numbers, Numbers]:
    """Where words begin and end: runs of letters and digits. The page ends in a break, so the last word ends, too."""
    inside = np.concatenate(([False], kinds <= LAST_OF_WORDS))
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    return edges[0::2], edges[1::2]


class _numbers:
    """The numbers of stretches of the text, without regard to case: sums of powers, moved to the text's beginning."""

    def __init__(self, points: NDArray[np.uint32], small: NDArray[np.uint64]) -> None:
        self.powers = POWERS if len(points) <= _PLENTY else powers(len(points))
        letters = small.take(points, mode="clip") * self.powers.up[: len(points)]
        self.sums = np.concatenate((np.zeros(1, np.uint64), np.cumsum(letters)))

    def __call__(self, starts: Numbers, stops: Numbers) -> NDArray[np.uint64]:
        result: NDArray[np.uint64] = (self.sums[stops] - self.sums[starts]) * self.powers.down[starts]
        return result


def _last(kinds: NDArray[np.uint8], starts: Numbers, stops: Numbers) -> Numbers:
    """The kind of each block's last character. Up to two quotation marks or blanks at the end are passed over."""
    at = np.maximum(stops - 2, starts)
    for _ in range(2):
        closes = (kinds[at] == QUOTE) | (kinds[at] == SPACE)
        at = np.maximum(at - closes, starts)
    return kinds[at].astype(np.int64)


def sums(reading: Reading, values: NDArray[np.generic]) -> Numbers:
    """The sums of the words' values in each block, along the last axis."""
    total = np.zeros((*values.shape[:-1], values.shape[-1] + 1), np.int64)
    np.cumsum(values, axis=-1, out=total[..., 1:])
    result: Numbers = np.diff(total[..., reading.bounds], axis=-1)
    return result
