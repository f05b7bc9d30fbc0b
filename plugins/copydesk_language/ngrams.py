"""Scoring a text against all languages at once, in whole numbers.

langdetect (Apache-2.0) has a profile of each language: how often each n-gram of one to three characters stands in its
Wikipedia. It draws n-grams of the text at random and multiplies chances until one language is nearly certain. Here
every n-gram counts, and a chance is a score of one byte: 20 times the logarithm of how much likelier the n-gram is than
one that the language does not have. Sums of whole numbers are the same on every machine; sums of floats need not be.

build_profiles.py makes profiles.npz from the profiles of the installed langdetect.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple
from unicodedata import normalize

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

SPACE = 1
"""The id of all that parts words. 0 stands for no character: the key of `e` is that of an n-gram with two of these."""

STRANGER = 2
"""The id of a character that is in no profile."""

BITS = 13
"""Enough for the id of a character: there are about 2,100."""

_LAST_POINT = 0xFFFF
_EAST_ASIAN = 0x2E80


class Table(NamedTuple):
    """All profiles. `grams` holds keys in order, each three ids; `scores` has a row for each, a column a language."""

    languages: tuple[str, ...]
    characters: NDArray[np.uint16]  # ids by code point
    capitals: NDArray[np.bool_]  # by code point
    grams: NDArray[np.int64]
    scores: NDArray[np.uint8]


@cache
def shipped() -> Table:
    """The table in profiles.npz. Nothing can write to it, so that all threads may read it."""
    with files(__package__).joinpath("profiles.npz").open("rb") as file, np.load(file) as arrays:
        table = unpacked(arrays)
    for array in (table.characters, table.capitals, table.grams, table.scores):
        array.setflags(write=False)
    return table


def packed(table: Table) -> dict[str, NDArray[Any]]:
    """The table as small arrays: steps between keys, and of the scores those that are not 0."""
    rows, columns = np.nonzero(table.scores)
    return {
        "languages": np.array(table.languages),
        "characters": table.characters,
        "capitals": np.packbits(table.capitals),
        "steps": np.diff(table.grams, prepend=0),
        "lengths": np.bincount(rows, minlength=len(table.grams)).astype(np.uint8),
        "columns": columns.astype(np.uint8),
        "scores": table.scores[rows, columns],
    }


def unpacked(arrays: Mapping[str, NDArray[Any]]) -> Table:
    """The table that was packed."""
    languages = tuple(map(str, arrays["languages"]))
    lengths = arrays["lengths"]
    scores = np.zeros((len(lengths), len(languages)), np.uint8)
    scores[np.repeat(np.arange(len(lengths)), lengths), arrays["columns"]] = arrays["scores"]
    capitals = np.unpackbits(arrays["capitals"]).astype(np.bool_)
    return Table(languages, arrays["characters"], capitals, np.cumsum(arrays["steps"]), scores)


def told(text: str, table: Table) -> tuple[str, float]:
    """The language of a text, and how sure that is: `und` where less than three n-grams in ten are in any profile.

    The confidence is m / (m + 0.03) where m is the margin for each n-gram of the text: the natural logarithm of how
    much likelier the best language makes it than the second. A tie gives 0, a margin of 0.03 a half, one of 0.3 (a
    usual figure in news) 0.91. The posterior that langdetect gives is of no use here: over fifteen hundred n-grams it
    is always 0 or 1. For a language that is not among ours the margin stays small, too, however long the text is.
    """
    keys = gram_keys(text, table)
    rows = np.searchsorted(table.grams, keys)
    rows = rows[table.grams[rows] == keys]
    if 10 * len(rows) <= 3 * len(keys):
        return "und", 0.0
    sums: list[int] = np.add.reduce(table.scores.take(rows, axis=0), axis=0, dtype=np.uint32).tolist()
    second, best = sorted(sums)[-2:]
    margin = 5 * (best - second)  # 0.03 of a logarithm are 3/5 of a score
    return table.languages[sums.index(best)], margin / (margin + 3 * len(keys))


def gram_keys(text: str, table: Table) -> NDArray[np.int64]:
    """The keys of all n-grams of one to three characters, in order, which makes looking them up twice as quick.

    N-grams reach over the edge of a word by one space. Those that end in the second or a later of several capitals are
    left out, as langdetect does it: `UNESCO` is no language.
    """
    points = _points(text, table)
    capitals = np.concatenate(([False], table.capitals[points], [False]))
    ids = np.concatenate(([SPACE], table.characters[points].astype(np.int64), [SPACE]))
    shouted = capitals[1:] & capitals[:-1]
    first, second, third = ids[:-2], ids[1:-1], ids[2:]
    pairs = ids[:-1] << BITS | ids[1:]
    ones = ids[1:][(ids[1:] != SPACE) & ~shouted]
    twos = pairs[(pairs != (SPACE << BITS | SPACE)) & ~shouted]
    threes = (first << 2 * BITS | second << BITS | third)[(second != SPACE) & ~shouted[1:]]
    return np.sort(np.concatenate((ones, twos, threes)))


def _points(text: str, table: Table) -> NDArray[np.uint32]:
    """The code points to look at: small letters where most are capitals, and of two scripts the one that says more.

    langdetect leaves Latin letters out where they are under a third, and else both in. English and Russian in equal
    parts then come out as Bulgarian, whose Wikipedia has a little of either.
    """
    points = _code_points(text)
    letters = np.count_nonzero(table.characters[points] > STRANGER)
    if 2 * np.count_nonzero(table.capitals[points]) > letters:
        points = _code_points(text.lower())
    latin = (points >= ord("A")) & (points <= ord("z"))
    foreign = (points >= 0x300) & ((points < 0x1E00) | (points > 0x1EFF))  # 1E00 to 1EFF is Latin as well
    weight = np.count_nonzero(foreign) + 2 * np.count_nonzero(points >= _EAST_ASIAN)  # a character there is half a word
    return np.where(foreign if np.count_nonzero(latin) > weight else latin, ord(" "), points)


def _code_points(text: str) -> NDArray[np.uint32]:
    raw = normalize("NFC", text).encode("utf-32-le", "surrogatepass")
    points: NDArray[np.uint32] = np.frombuffer(raw, "<u4")
    return np.minimum(points, _LAST_POINT)
