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
    """A table laid out for few steps over a text: one of six hundred characters costs hardly more than the steps do.

    Characters that make no difference are of one kind. Summed up over a text, `loudness` says whether capitals outweigh
    the other letters, and `balance` whether Latin letters outweigh those of other scripts. If they do, `latin` tells
    what each kind adds to a key (see `_parts`), and takes the others for spaces; else `foreign`, which takes the Latin
    ones for spaces. `sums` has the scores as words of four, each score in 16 bits of its own, so that one addition
    serves four languages.
    """

    languages: tuple[str, ...]
    kinds: NDArray[np.uint16]  # by code point
    loudness: NDArray[np.int64]  # this and the next three by kind
    balance: NDArray[np.int64]
    latin: NDArray[np.int64]
    foreign: NDArray[np.int64]
    grams: NDArray[np.int64]
    sums: NDArray[np.uint64]


_MARK = 3 * BITS
"""The first bit above a key. There a key that is being made says whether its n-gram counts."""

# NumPy is handed what it else would make of a name or a number at each call: a tenth of the time of so small a text.
_POINT, _QUARTER, _SUM, _WORD = np.dtype("<u4"), np.dtype(np.uint16), np.dtype(np.uint32), np.dtype(np.uint64)
_KEY = np.array((1 << _MARK) - 1)
_COUNTS = np.array(3 << _MARK, _WORD)
"""Keys below it count: their mark is 0, 1 or 2. Above it are 3 and 4, and -1 if the sign is taken for a number's."""

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
    balance = is_latin.astype(np.int64) - is_foreign - 2 * (points >= _EAST_ASIAN)  # a character there is half a word
    traits = ((table.characters.astype(np.int64) << 1 | table.capitals) << 3) + balance
    _, examples, kinds = np.unique(traits, return_index=True, return_inverse=True)
    ids, capitals = table.characters.astype(np.int64)[examples], table.capitals.astype(np.int64)[examples]
    balance = balance[examples]
    return Model(
        table.languages,
        kinds.astype(np.uint16),
        2 * capitals - (ids > STRANGER),
        balance,
        _parts(np.where(balance < 0, SPACE, ids), np.where(balance < 0, 0, capitals)),
        _parts(np.where(balance > 0, SPACE, ids), np.where(balance > 0, 0, capitals)),
        table.grams,
        _words(table.scores),
    )


def _parts(ids: NDArray[np.int64], capitals: NDArray[np.int64]) -> NDArray[np.int64]:
    """What a character adds to keys, of n-grams of one, two and three: as their last, as the one before it, as a first.

    The marks add up, too, beginning with 1. A capital adds 1, for the second of two does not count. A space adds 2
    where no n-gram may have one, which is as the last of one and as the middle of three, and takes 1 away where there
    must not be two. A single character's key has no part of the one before it, but its mark has.
    """
    spaces = (ids == SPACE).astype(np.int64)
    never, not_twice = (capitals + 2 * spaces) << _MARK, (capitals - spaces) << _MARK
    always = capitals << _MARK
    begin, before = 1 << _MARK, ids << BITS
    last = (begin + ids + never, begin + ids + not_twice, begin + ids + always)
    return np.stack((*last, always, before + not_twice, before + never, before << BITS))


def _words(scores: NDArray[np.uint8]) -> NDArray[np.uint64]:
    rows, columns = scores.shape
    wide = np.zeros((rows, -(-columns // 4) * 4), np.uint16)
    wide[:, :columns] = scores
    return wide.view(np.uint64)


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
    sums: list[int] = np.add.reduce(words.view(_QUARTER), axis=0, dtype=_SUM).tolist()
    return sums[: len(model.languages)]


def gram_keys(text: str, model: Model) -> NDArray[np.int64]:
    """The keys of all n-grams of one to three characters, in order, which makes looking them up twice as quick.

    N-grams reach over the edge of a word by one space. Those that end in the second or a later of several capitals are
    left out, as langdetect does it: `UNESCO` is no language.
    """
    parts = _parts_of(text, model)
    keys: NDArray[np.int64] = parts[:3, 1:] + parts[3:6, :-1]
    keys[2, 1:] += parts[6, :-2]
    keys = keys[keys.view(_WORD) < _COUNTS] & _KEY
    keys.sort()
    return keys


def _parts_of(text: str, model: Model) -> NDArray[np.int64]:
    """What each character adds: in small letters where most are capitals, and of two scripts the one that says more.

    langdetect leaves Latin letters out where they are under a third, and else both in. English and Russian in equal
    parts then come out as Bulgarian, whose Wikipedia has a little of either.
    """
    kinds = _kinds(text, model)
    if np.add.reduce(model.loudness.take(kinds)) > 0:  # what `sum` does, without the way there
        kinds = _kinds(text.lower(), model)
    is_latin = np.add.reduce(model.balance.take(kinds)) > 0
    return (model.latin if is_latin else model.foreign).take(kinds, axis=1)


def _kinds(text: str, model: Model) -> NDArray[np.uint16]:
    """The kinds of the text's characters, with a space before and after."""
    raw = normalize("NFC", f" {text} ").encode("utf-32-le", "surrogatepass")
    kinds: NDArray[np.uint16] = model.kinds.take(np.frombuffer(raw, _POINT), mode="clip")  # strangers beyond the last
    return kinds
