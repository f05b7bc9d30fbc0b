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
"""The id of all that parts words. 0 stands for no character."""

STRANGER = 2
"""The id of a character that is in no profile."""

BITS = 13
"""Enough for the id of a character: there are about 2,100."""

_LAST_POINT = 0xFFFF
_EAST_ASIAN = 0x2E80


class Table(NamedTuple):
    """All profiles. `grams` holds keys in order; `scores` has a row for each, a column a language.

    A key is three ids, the last character's first, and 0 for each character that a shorter n-gram does not have. With
    an n-gram there are all shorter ones at its end, down to the one of nothing, even if no profile has them; and for
    each character the n-gram of a space and that.
    """

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

    The n-grams that end at one character are one key, its last character first. `places` holds where in the order of
    keys the answer changes, and `rows` which row of `sums` holds from there on: the longest n-gram that is known, all
    shorter ones at its end added up. So one search and one row do for the three. `sums` has four scores in a word, each
    in 16 bits of its own, so that one addition serves four languages. Behind the languages it counts the n-grams that
    are in any profile, and all.

    Where Latin letters outweigh those of other scripts `latin` tells what each character adds to a key (see `_parts`),
    and takes the others for spaces; else `foreign`, which takes the Latin ones for spaces. `frequent` is as `latin` for
    another key, of the most frequent Latin letters alone. These are so few that `dense` has the row of every such key.
    """

    languages: tuple[str, ...]
    traits: NDArray[np.int64]  # this and the next three by code point: see `_weighed`
    frequent: NDArray[np.int32]
    latin: NDArray[np.int64]
    foreign: NDArray[np.int64]
    dense: NDArray[np.uint16]
    places: NDArray[np.int64]
    rows: NDArray[np.uint16]
    sums: NDArray[np.uint64]


_FEW = 7
"""Enough bits for the most frequent Latin letters, large and small: nearly all that stand in any language's news."""

_FIRST, _MIDDLE, _LAST = (((1 << BITS) - 1) << BITS * place for place in range(3))
"""The parts of a key: the first character of three, the one before the last, the last."""

_HALF = 32

# NumPy is handed what it else would make of a name or a number at each call: a tenth of the time of so small a text.
_POINT, _QUARTER, _SUM = np.dtype("<u4"), np.dtype(np.uint16), np.dtype(np.uint32)
_KEY, _SECOND_CAPITAL = np.array((1 << 3 * BITS) - 1), np.array(2 << 3 * BITS)

_CARRY = 85
"""So many rows, each the sum of three bytes, add up to less than 16 bits hold."""


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
    ids, capitals = table.characters.astype(np.int64), table.capitals.astype(np.int64)
    latin, foreign = np.where(balance < 0, SPACE, ids), np.where(balance > 0, SPACE, ids)
    places, rows, sums = _tree(table)
    few, dense = _dense(table, np.unique(latin))
    return Model(
        table.languages,
        ((2 * capitals - (ids > STRANGER)) << _HALF) + balance,
        _parts(few.take(latin), np.where(balance < 0, 0, capitals), _FEW).astype(np.int32),
        _parts(latin, np.where(balance < 0, 0, capitals), BITS),
        _parts(foreign, np.where(balance > 0, 0, capitals), BITS),
        dense,
        places,
        rows,
        sums,
    )


def _parts(ids: NDArray[np.int64], capitals: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    """What a character adds to keys: as their last, as the one before it, as the first of three.

    Above the key two capitals add up to 2.
    """
    capitals = capitals << 3 * bits
    return np.stack((capitals + (ids << 2 * bits), capitals + (ids << bits), ids))


def _dense(table: Table, latin: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
    """The numbers of characters among the most frequent, by id, and the row of each key that is made of such numbers.

    All other characters have a number with which a key is beyond the end. There are three parts, for no, one and two
    capitals: of the second of two nothing counts, which is the row of nothing.
    """
    alone = table.scores[table.grams.searchsorted(latin << 2 * BITS)].sum(axis=1, dtype=np.int64)
    alone[latin <= STRANGER] = np.iinfo(np.int64).max
    few = np.full(table.characters.max() + 1, 3 << 3 * _FEW)
    few[0] = 0
    few[latin[np.argsort(-alone, kind="stable")][: (1 << _FEW) - 1]] = np.arange(1, 1 << _FEW)
    numbers = np.stack([few[table.grams >> BITS * place & _FIRST] for place in (2, 1, 0)])
    known = np.flatnonzero(numbers.max(axis=0) < 1 << _FEW)
    lengths = np.count_nonzero(numbers[:, known], axis=0)
    dense = np.zeros((3, *(1 << _FEW,) * 3), np.uint16)
    for length in (1, 2, 3):  # the longer ones in the place of the shorter
        rows = known[lengths == length]
        dense[0][(*numbers[:length, rows],)] = rows.reshape(-1, *(1,) * (3 - length))
    dense[1] = dense[0]
    return few, dense.ravel()


def _tree(table: Table) -> tuple[NDArray[np.int64], NDArray[np.uint16], NDArray[np.uint64]]:
    """The places, rows and sums of a model: a row for each n-gram, and a place where it begins and where it ends.

    An n-gram begins at its own key, and all longer ones lie between that and its end. There its shorter one, which it
    interrupted, goes on.
    """
    first, middle = table.grams & _FIRST, table.grams & _MIDDLE
    lengths = np.where(first, 3, np.where(middle, 2, 1))
    shorter = table.grams.searchsorted(table.grams & np.array((0, 0, _LAST, _LAST | _MIDDLE)).take(lengths))
    sums = _own(table)
    for length in (2, 3):
        longer = np.flatnonzero(lengths == length)
        sums[longer] += sums.take(shorter[longer], axis=0)
    sums.view(_QUARTER)[:, len(table.languages) + 1] = _counted(middle >> BITS, table.grams >> 2 * BITS)
    sums[0] = 0
    ends = table.grams[1:] + (1 << BITS * (3 - lengths[1:]))
    places, which = np.unique(np.concatenate((table.grams, ends)), return_index=True)  # beginning goes before end
    rows = np.concatenate((np.arange(len(lengths)), shorter[1:])).take(which)
    return places, np.pad(rows, (1, 0)).astype(np.uint16), sums


def _own(table: Table) -> NDArray[np.uint64]:
    """What each n-gram has of its own: its scores, and 1 if it is in any profile. There is room for one number more."""
    rows, columns = table.scores.shape
    sums = np.zeros((rows, -(-(columns + 2) // 4) * 4), np.uint16)
    sums[:, :columns] = table.scores
    sums[:, columns] = table.scores.any(axis=1)
    return sums.view(np.uint64)


def _counted(before: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many n-grams end at a character: none is a space alone, has a space in its middle, or is two of them."""
    spaces = np.stack((before == SPACE, last == SPACE)).astype(np.int64)
    counted: NDArray[np.int64] = 3 - spaces[0] - spaces[1] - spaces[0] * spaces[1]
    return counted


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
    *sums, found, counted = _sums(_rows(text, model), model)
    if 10 * found <= 3 * counted:
        return "und", 0.0
    second, best = sorted(sums)[-2:]
    margin = 5 * (best - second)  # 0.03 of a logarithm are 3/5 of a score
    return model.languages[sums.index(best)], margin / (margin + 3 * counted)


_CYRILLIC = "АБВГДЂЕЖЗИЈКЛМНОПРСТЋУФХЦЧШабвгдђежзијклмнопрстћуфхцчш"
_LATIN = "ABVGDĐEŽZIJKLMNOPRSTĆUFHCČŠabvgdđežzijklmnoprstćufhcčš"
_DIGRAPHS = {"Љ": "Lj", "Њ": "Nj", "Џ": "Dž", "љ": "lj", "њ": "nj", "џ": "dž"}
_IN_LATIN = str.maketrans(dict(zip(_CYRILLIC, _LATIN, strict=True)) | _DIGRAPHS)
"""How Serbian writes its Cyrillic letters in Latin ones."""


def told_from_serbian(text: str, model: Model) -> tuple[str, float]:
    """Macedonian or Serbian, which has no profile: in Latin letters it is as good as Croatian, and that has one.

    Confidence is made as `told` makes it, of how much likelier the Croatian or the Macedonian profile makes the text.
    """
    *sums, _, counted = _sums(_rows(text, model), model)
    *latin_sums, _, latin_counted = _sums(_rows(text.translate(_IN_LATIN), model), model)
    macedonian = sums[model.languages.index("mk")] * latin_counted
    serbian = latin_sums[model.languages.index("hr")] * counted
    margin = 5 * abs(serbian - macedonian)
    return "sr" if serbian > macedonian else "mk", margin / (margin + 3 * counted * latin_counted)


def _sums(rows: NDArray[np.uint16], model: Model) -> list[int]:
    """What the rows give to each language, four languages an addition, and as many rows at once as cannot carry."""
    words = np.add.reduceat(model.sums.take(rows, axis=0), np.arange(0, len(rows), _CARRY), axis=0)
    sums: list[int] = np.add.reduce(words.view(_QUARTER), axis=0, dtype=_SUM).tolist()
    return sums[: len(model.languages) + 2]


def _rows(text: str, model: Model) -> NDArray[np.uint16]:
    """The row of the n-grams that end at each character: in small letters where most are capitals.

    Of two scripts the one that says more is read. langdetect leaves Latin letters out where they are under a third, and
    else both in. English and Russian in equal parts then come out as Bulgarian, whose Wikipedia has a little of either.

    N-grams reach over the edge of a word by one space. Those that end in the second or a later of several capitals are
    left out, as langdetect does it: `UNESCO` is no language.
    """
    points = _points(text)
    loudness, balance = _weighed(points, model)
    if loudness > 0:
        points = _points(text.lower())
        _, balance = _weighed(points, model)
    if balance <= 0:
        return _searched(model.foreign.take(points, axis=1, mode="clip"), model)
    last, before, first = model.frequent.take(points, axis=1, mode="clip")
    try:
        rows: NDArray[np.uint16] = model.dense.take(last[2:] + before[1:-1] + first[:-2])
    except IndexError:  # a letter is none of the frequent ones
        return _searched(model.latin.take(points, axis=1, mode="clip"), model)
    return rows


def _searched(parts: NDArray[np.int64], model: Model) -> NDArray[np.uint16]:
    last, before, first = parts
    keys: NDArray[np.int64] = last[2:] + before[1:-1] + first[:-2]
    keys = keys[keys < _SECOND_CAPITAL] & _KEY
    keys.sort()  # which makes looking them up twice as quick
    rows: NDArray[np.uint16] = model.rows.take(model.places.searchsorted(keys, "right"))
    return rows


def _weighed(points: NDArray[np.uint32], model: Model) -> tuple[int, int]:
    """Whether capitals outweigh other letters, and Latin letters those of other scripts: each where it is above 0."""
    total = int(np.add.reduce(model.traits.take(points, mode="clip")))  # what `sum` does, without the way there
    loudness, balance = divmod(total + (1 << _HALF - 1), 1 << _HALF)
    return loudness, balance - (1 << _HALF - 1)


def _points(text: str) -> NDArray[np.uint32]:
    """The text's characters, with two spaces before and one after."""
    return np.frombuffer(normalize("NFC", f"  {text} ").encode("utf-32-le", "surrogatepass"), _POINT)
