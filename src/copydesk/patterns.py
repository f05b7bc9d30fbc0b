r"""The patterns of rules: regular expressions for google-re2, in a spelling that is right in every script.

In a pattern, outside square brackets,
- a space stands for any run of white space, no-break spaces too; `'` and `"` for any apostrophe or quote mark;
- `{edge}` is the edge of a word, `{letter}` a letter, digit or mark on one, `{word}` a run of them, `{dash}` any dash;
- `{name}` is one of the file's own `words`.
re2's `\b` and `\w` know only ASCII: `\büber` would never match. They are refused, as is what no linear-time engine has.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MEMORY = 256 << 20
"""Bytes that re2 may use for one set of rules: its own 8 MiB do not hold 300 rules."""

_SPACE = r"[\s\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}]"
SPELLINGS = {
    " ": f"{_SPACE}+",
    "'": "['‘’‛ʼ´`]",
    '"': '["“”„‟«»]',
}
WORDS = {
    "letter": r"[\pL\pM\pN_]",
    "word": r"[\pL\pM\pN_]+(?:['’.-][\pL\pM\pN_]+)*",
    "dash": r"(?:--?-?|[‐‑‒–—―−])",
    "space": f"{_SPACE}*",
}
_EDGE = r"(?:^|$|[^\pL\pM\pN_])"

_TOKEN = re.compile(
    r"(?P<escape>\\(?:x\{[0-9a-fA-F]+\}|p\{\^?\w+\}|P\{\w+\}|.))"
    r"|(?P<class>\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\])"
    r"|\{(?P<word>[A-Za-z_][\w-]*)\}"
    r"|(?P<group>\(\?(?:P?<[A-Za-z_]\w*>|[a-zA-Z-]*:|[=!]|<[=!]|[a-zA-Z-]+\)|>))"
    r"|(?P<run> +)"
    r"|(?P<char>.)",
    re.DOTALL,
)
_REFUSED = {
    r"\b": "`\\b` knows only ASCII letters here; write {edge}",
    r"\B": "`\\B` knows only ASCII letters here; write {letter} on both sides",
    r"\w": "`\\w` knows only ASCII letters here; write {letter}, or \\pL for letters alone",
    r"\W": "`\\W` knows only ASCII letters here; write [^\\pL\\pN]",
    r"\d": None,
}
_LOOKING = "looking around is not to be had in linear time; say with `unless` what must not stand in the block"


class PatternError(ValueError):
    """What is wrong with a pattern, and what to write instead."""


def translated(pattern: str, words: Mapping[str, str]) -> str:
    """The pattern as re2 reads it. Raises PatternError."""
    parts = []
    for token in _TOKEN.finditer(pattern):
        kind = token.lastgroup
        text = token.group(kind) if kind else ""
        if kind == "word":
            parts.append(_word(text, words))
        elif kind == "run":
            parts.append(SPELLINGS[" "])
        elif kind == "char":
            parts.append(SPELLINGS.get(text, text))
        else:
            parts.append(_checked(kind, text))
    return "".join(parts)


def _word(name: str, words: Mapping[str, str]) -> str:
    if name == "edge":
        return _EDGE
    known = words.get(name) or WORDS.get(name)
    if known is None:
        have = ", ".join(sorted({"edge", *WORDS, *words}))
        raise PatternError(f"no word `{{{name}}}` is known; there are {have}")
    return f"(?:{known})"


def _checked(kind: str | None, text: str) -> str:
    if kind == "group" and text.startswith(("(?=", "(?!", "(?>", "(?<=", "(?<!")):
        raise PatternError(_LOOKING)
    if kind == "escape" and _REFUSED.get(text):
        raise PatternError(_REFUSED[text] or "")
    if kind == "escape" and text[1:].isdigit():
        raise PatternError("a reference back to a group is not to be had in linear time; write the words out")
    if kind == "class":
        for escape, why in _REFUSED.items():
            if why and escape in text:
                raise PatternError(why)
    return text


def listed(words: list[str]) -> str:
    """A word list as a pattern: longer ones first, so that `Associated Press Writer` wins over `Associated Press`."""
    literal = [re.sub(r"([\\.*+?()\[\]{}|^$])", r"\\\1", word) for word in words]
    return "|".join(translated(word, {}) for word in sorted(literal, key=lambda w: (-len(w), w)))


EDGE_START, EDGE_END = f"(?:{_EDGE})", f"(?:{_EDGE})"
_DECORATION = r"[^\pL\pN\n]{0,6}?"


def anchored(pattern: str, where: str, *, fold: bool) -> str:
    """The pattern at its place in a block (a line of the whole document). What it matched is the group `it`.

    Up to six marks that are neither letters nor digits may stand around it at the block's ends: `» Read more «`.
    """
    before, it, after = "", pattern, ""
    if it.startswith(_EDGE):
        before, it = _EDGE, it[len(_EDGE) :]
    if it.endswith(_EDGE):
        after, it = _EDGE, it[: -len(_EDGE)]
    start = f"^{_DECORATION}" if where in ("whole", "start") else before
    end = f"{_DECORATION}$" if where in ("whole", "end") else after
    flags = "(?mi)" if fold else "(?m)"
    return f"{flags}{start}(?P<it>{it}){end}"


@cache
def options() -> Any:
    """How re2 is asked: on bytes, quietly, and never across a line's end."""
    import re2  # noqa: PLC0415 (only a pipeline with rules needs it)

    chosen = re2.Options()
    chosen.log_errors = False
    chosen.never_nl = True
    chosen.max_mem = MEMORY
    return chosen


def compiled(pattern: str) -> Any:
    """The pattern for re2, over UTF-8 bytes. Raises PatternError with re2's own reason."""
    import re2  # noqa: PLC0415 (as above)

    try:
        return re2.compile(pattern.encode(), options())
    except re2.error as error:
        reason = error.args[0]
        raise PatternError(reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)) from None


def refuse_empty(pattern: str) -> None:
    """Raise PatternError for a pattern that matches the empty text, and so would match everywhere."""
    if compiled(pattern).fullmatch(b""):
        raise PatternError("it matches nothing at all, so it would match everywhere")
