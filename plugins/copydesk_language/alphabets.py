"""Languages told by their letters: those that the profiles do not know.

An engine that knows 54 languages makes one of them of every text: Turkish of Azerbaijani, Russian of Kazakh. Their
letters say otherwise: no Turk writes ə, no Russian ө.

alphabets.tsv has the letters of a language beyond ASCII as a character class, in small letters. They are the exemplar
characters of Unicode's CLDR 48: the main ones, of Arabic, Indian and other scripts also the auxiliary ones that a
language of the profiles has, of Romanian also the older ş and ţ, of Yiddish the three letters that Unicode names after
it, of Bengali not those of Assamese. Left out are the alphabets of other languages that the Latin letters of the
profiles' languages make up, all scripts of a language but its usual one, and Dzongkha, whose letters Tibetan has.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

Letters = frozenset[str]

FOREIGN = 100
"""One letter in so many must be foreign to the best language, or that stays: names in the news have fewer."""

EXPLAINED = 10
"""A language that takes its place lacks no more of the text's letters than a tenth of those."""

_ASCII = bytes(range(0x80))
_LAST_LATIN = "\N{LATIN SMALL LETTER Y WITH LOOP}"


class Alphabet(NamedTuple):
    """The letters of a language beyond ASCII, and whose they are."""

    code: str
    letters: Letters


class Doubt(NamedTuple):
    """What can be said against an answer: which letters, large and small, and whose they may be instead."""

    letters: Letters
    rivals: Sequence[Alphabet]


class Alphabets:
    """What letters say against the answer of an engine that knows few languages."""

    def __init__(self, known: Collection[str]) -> None:
        rows = list(_shipped())
        own = {row.code: row.letters for row in rows if row.code in known}
        others = [row for row in rows if row.code not in known]
        self._doubts = {code: _doubt(letters, own, others) for code, letters in own.items()}
        self._doubts["und"] = _against(Letters().union(*own.values()), others)
        self.languages = frozenset(row.code for row in others)

    def judged(self, text: str, code: str, confidence: float) -> tuple[str, float]:
        """The answer to a text as it was, or the one that the letters give: `und` where two alphabets fit alike.

        The confidence is then n / (n + 1), where n letters speak against the answer as it was.
        """
        doubt = self._doubts.get(code)
        if text.isascii() or not doubt or doubt.letters.isdisjoint(letters := _beyond_ascii(text)):
            return code, confidence
        counts = Counter(letters.lower())
        foreign = sum([number for letter, number in counts.items() if letter in doubt.letters])
        named = _named(counts, foreign, doubt.rivals)
        if not named or FOREIGN * foreign < sum(map(str.isalpha, text)):
            return code, confidence
        return (named.pop(), foreign / (foreign + 1)) if len(named) == 1 else ("und", 0.0)


@cache
def alphabets(known: tuple[str, ...]) -> Alphabets:
    """What the shipped alphabets say beside an engine that knows these languages."""
    return Alphabets(known)


def _shipped() -> Iterator[Alphabet]:
    for line in files(__package__).joinpath("alphabets.tsv").read_text("utf-8").splitlines():
        code, letters = line.split("\t")
        yield Alphabet(code, Letters(_spelt_out(letters)))


def _spelt_out(letters: str) -> Iterator[str]:
    """Every letter of a character class: `a-cx` is a, b, c and x."""
    first, *stretches = letters.split("-")
    yield from first
    for before, stretch in zip([first, *stretches], stretches, strict=False):
        yield from map(chr, range(ord(before[-1]) + 1, ord(stretch[0])))
        yield from stretch


def _doubt(letters: Letters, own: Mapping[str, Letters], others: Sequence[Alphabet]) -> Doubt:
    """What speaks against a language.

    Latin letters must be foreign to all languages of the profiles: every newspaper prints names with an é. Of another
    script the language's own letters count, and only alphabets of that script are asked.
    """
    if not _is_latin(letters):
        return _against(letters, [row for row in others if row.letters & letters])
    latin = [own_letters for own_letters in own.values() if _is_latin(own_letters)]
    return _against(Letters().union(*latin), [row for row in others if _is_latin(row.letters)])


def _against(letters: Letters, rivals: Sequence[Alphabet]) -> Doubt:
    foreign = Letters().union(*[row.letters for row in rivals]) - letters
    return Doubt(foreign.union(map(str.upper, foreign)), rivals)


def _is_latin(letters: Letters) -> bool:
    return max(letters, default="") <= _LAST_LATIN and not any("\u0300" <= letter < "\u1e00" for letter in letters)


def _beyond_ascii(text: str) -> str:
    return text.encode("utf-8", "ignore").translate(None, _ASCII).decode("utf-8")


def _named(counts: Mapping[str, int], foreign: int, rivals: Sequence[Alphabet]) -> set[str]:
    """The languages that have these letters and the fewest others: all of them where they are equally good."""
    ranks: dict[Alphabet, tuple[int, int]] = {}
    for row in rivals:
        missing = sum([number for sign, number in counts.items() if sign.isalpha() and sign not in row.letters])
        if EXPLAINED * missing <= foreign:
            ranks[row] = missing, len(row.letters - counts.keys())
    best = min(ranks.values(), default=None)
    return {row.code for row, rank in ranks.items() if rank == best}
