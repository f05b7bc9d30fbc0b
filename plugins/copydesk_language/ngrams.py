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


def shipped() -> Table:
    """The table in profiles.npz. Nothing can write to it."""
    with files(__package__).joinpath("profiles.npz").open("rb") as file, np.load(file) as arrays:
        table = unpacked(arrays)
    _freeze(*table[1:])
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


class Model(NamedTuple):
    """A table laid out so that few and cheap steps go over a text: for six hundred characters each step counts.

    `loudness` and `balance`, by code point, sum up to what two questions about a text turn on: whether most letters are
    capitals (each weighs 2 less the 1 that every letter has), and whether Latin letters (1) outweigh all other ones (-1,
    in East Asia -3, for a character there is half a word). `latin` and `foreign` hold the signs by code point if they
    do and if they do not: the id, `CAPITAL` with it, and a space for what is of the other kind. `sums` holds the scores
    as words of four, each score in its own 16 bits, so that one addition serves four languages.
    """

    languages: tuple[str, ...]
    loudness: NDArray[np.int8]
    balance: NDArray[np.int8]
    latin: NDArray[np.int64]
    foreign: NDArray[np.int64]
    grams: NDArray[np.int64]
    sums: NDArray[np.uint64]


CAPITAL = 1 << BITS
"""Marks a capital in a sign; below it is the id."""

_CARRY = 256
"""So many scores, a byte each, add up to less than 16 bits hold."""


@cache
def model() -> Model:
    """The shipped table, laid out. Nothing can write to it, so that all threads may read it."""
    result = laid_out(shipped())
    _freeze(*result[1:])
    return result


def laid_out(table: Table) -> Model:
    """A table as the search wants it."""
    points = np.arange(_LAST_POINT + 1)
    is_latin = (points >= ord("A")) & (points <= ord("z"))
    is_foreign = (points >= 0x300) & ((points < 0x1E00) | (points > 0x1EFF))  # 1E00 to 1EFF is Latin as well
    signs = table.characters + CAPITAL * table.capitals.astype(np.int64)
    scores = np.zeros((len(table.scores), -len(table.languages) // 4 * -4), np.uint16)
    scores[:, : len(table.languages)] = table.scores
    return Model(
        table.languages,
        2 * table.capitals.astype(np.int8) - (table.characters > STRANGER),
        is_latin.astype(np.int8) - is_foreign - 2 * (points >= _EAST_ASIAN).astype(np.int8),
        np.where(is_foreign, SPACE, signs),
        np.where(is_latin, SPACE, signs),
        table.grams,
        scores.view(np.uint64),
    )


def _freeze(*arrays: NDArray[Any]) -> None:
    for array in arrays:
        array.setflags(write=False)


def told(text: str, model: Model) -> tuple[str, float]:
    """The language of a text, and how sure that is: `und` where less than three n-grams in ten are in any profile.

    The confidence is m / (m + 0.03) where m is the margin for each n-gram of the text: the natural logarithm of how
    much likelier the best language makes it than the second. A tie gives 0, a margin of 0.03 a half, one of 0.3 (a
    usual figure in news) 0.91. The posterior that langdetect gives is of no use here: over fifteen hundred n-grams it
    is always 0 or 1. For a language that is not among ours the margin stays small, too, however long the text is.
    """
    keys = gram_keys(text, model)
    rows = model.grams.searchsorted(keys)
    rows = rows[model.grams.take(rows) == keys]
    if 10 * len(rows) <= 3 * len(keys):
        return "und", 0.0
    sums = _sums(rows, model)
    second, best = sorted(sums)[-2:]
    margin = 5 * (best - second)  # 0.03 of a logarithm are 3/5 of a score
    return model.languages[sums.index(best)], margin / (margin + 3 * len(keys))


def _sums(rows: NDArray[np.intp], model: Model) -> list[int]:
    """What the rows give to each language, four languages an addition, and as many rows at once as cannot carry."""
    words = np.add.reduceat(model.sums.take(rows, axis=0), range(0, len(rows), _CARRY), axis=0)
    sums: list[int] = np.add.reduce(words.view(np.uint16), axis=0, dtype=np.uint32).tolist()
    return sums[: len(model.languages)]


def gram_keys(text: str, model: Model) -> NDArray[np.int64]:
    """The keys of all n-grams of one to three characters, in order, which makes looking them up twice as quick.

    N-grams reach over the edge of a word by one space. Those that end in the second or a later of several capitals are
    left out, as langdetect does it: `UNESCO` is no language.
    """
    signs = _signs(text, model)
    ids = signs & (CAPITAL - 1)
    left, right = ids[:-1], ids[1:]
    pairs = left << BITS | right
    is_calm = signs[1:] & signs[:-1] < CAPITAL
    inside = (left != SPACE)[1:] & is_calm[1:]
    ones = right[(right != SPACE) & is_calm]
    twos = pairs[(pairs != (SPACE << BITS | SPACE)) & is_calm]
    threes = (pairs[:-1] << BITS | ids[2:])[inside]
    keys = np.concatenate((ones, twos, threes))
    keys.sort()
    return keys


def _signs(text: str, model: Model) -> NDArray[np.int64]:
    """The signs to look at: small letters where most are capitals, and of two scripts the one that says more.

    langdetect leaves Latin letters out where they are under a third, and else both in. English and Russian in equal
    parts then come out as Bulgarian, whose Wikipedia has a little of either.
    """
    points = _code_points(text)
    if model.loudness.take(points, mode="clip").sum() > 0:
        points = _code_points(text.lower())
    is_latin = model.balance.take(points, mode="clip").sum() > 0
    return (model.latin if is_latin else model.foreign).take(points, mode="clip")


def _code_points(text: str) -> NDArray[np.uint32]:
    """The code points, with a space before and after. Those beyond the first plane are for `take` to clip."""
    raw = normalize("NFC", f" {text} ").encode("utf-32-le", "surrogatepass")
    points: NDArray[np.uint32] = np.frombuffer(raw, "<u4")
    return points
