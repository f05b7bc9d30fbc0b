"""Language codes: ISO 639-1, and what people and engines write in their stead.

codes.tsv lists the 183 codes with their ISO 639-2 codes and English names.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_OTHER_WORDS = {"in": "id", "iw": "he", "ji": "yi", "jw": "jv", "un": "und", "xxx": "und", "zxx": "und"}
"""Codes that ISO has withdrawn and CLD2 still gives, and the engines' words for not knowing."""


def plain(tag: str) -> str:
    """The bare code of an engine's tag: `zh-Hant` and `zh-tw` are `zh`, `iw` is `he`, `un` is `und`."""
    code = tag.lower().replace("_", "-").partition("-")[0]
    return _OTHER_WORDS.get(code, code)


def checked(option: str, codes: Iterable[str], known: frozenset[str] | None) -> tuple[str, ...]:
    """The codes in order, if the engine can answer each of them.

    `known` is what it can answer, None where it does not say; then every code of ISO 639-1 will do. Raises ValueError
    naming the option, the code, and the code that was probably meant.
    """
    for code in codes:
        if code in (known or _spellings().values()) or code == "und":
            continue
        if code in _spellings().values():
            raise ValueError(f"`{option}`: this engine never answers `{code}`, only {', '.join(sorted(known or ()))}")
        raise ValueError(f"`{option}`: `{code}` is not an ISO 639-1 code.{_suggestion(code, known)}")
    return tuple(sorted(set(codes)))


def _suggestion(word: str, known: frozenset[str] | None) -> str:
    spellings = {word: code for word, code in _spellings().items() if known is None or code in known}
    near = get_close_matches(word.lower(), spellings, n=1, cutoff=0.7)
    code = plain(word) if plain(word) in spellings.values() else spellings[near[0]] if near else ""
    return f" Did you mean `{code}`?" if code else " It has two letters, as in `en` and `de`."


@cache
def _spellings() -> dict[str, str]:
    """Every way to write a language, in small letters: `de`, `deu`, `ger` and `german` are `de`."""
    spellings = {}
    for line in files(__package__).joinpath("codes.tsv").read_text("utf-8").splitlines():
        code, others, name = line.split("\t")
        spellings.update(dict.fromkeys([code, *others.split(","), name.lower()], code))
    return spellings
