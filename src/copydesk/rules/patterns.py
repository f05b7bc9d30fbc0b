r"""The patterns of rules: regular expressions for google-re2, in a spelling that is right in every script.

In a pattern, outside square brackets,
- a space stands for any run of white space, no-break spaces too; `'` and `"` for any apostrophe or quote mark;
- `{edge}` is the edge of a word, `{letter}` a letter, digit or mark on one, `{word}` a run of them, `{capital}` a
  capital letter, `{dash}` any dash, `{space}` blanks or nothing;
- `{name}` is one of the file's own `words`.
re2's `\b` and `\w` know only ASCII: `\büber` would never match. They are refused, as is what no linear-time engine has.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from copydesk.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MEMORY = 256 << 20
"""Bytes that re2 may use for one set of rules: its own 8 MiB do not hold 300 rules."""

_LETTERS = (
    r"A-Za-z\x{aa}\x{b5}\x{ba}\x{c0}-\x{d6}\x{d8}-\x{f6}\x{f8}-\x{386}\x{388}-\x{559}\x{560}-\x{588}\x{591}-\x{5bd}"
    r"\x{5c1}-\x{5f2}\x{610}-\x{61a}\x{620}-\x{65f}\x{66e}-\x{6d3}\x{6d5}-\x{963}\x{966}-\x{1fff}\x{20d0}-\x{20f0}"
    r"\x{2c00}-\x{2dff}\x{3005}-\x{3007}\x{3041}-\x{30fa}\x{30fc}-\x{d7ff}\x{f900}-\x{fdfb}\x{fe20}-\x{fe2f}"
    r"\x{fe70}-\x{fefc}\x{ff21}-\x{ff3a}\x{ff41}-\x{ff5a}\x{ff66}-\x{ffdc}\x{10000}-\x{1efff}\x{20000}-\x{3ffff}"
)
_DIGITS = r"0-9\x{660}-\x{669}\x{6f0}-\x{6f9}\x{966}-\x{96f}\x{9e6}-\x{9ef}\x{ff10}-\x{ff19}"
_CASELESS = r"\x{100}-\x{24f}\x{460}-\x{52f}\x{1e00}-\x{1fff}"  # blocks in which capitals and small letters alternate
_CAPITALS = r"A-Z\x{c0}-\x{d6}\x{d8}-\x{de}\x{386}-\x{3ab}\x{400}-\x{42f}\x{531}-\x{556}" + _CASELESS
_SMALL = r"a-z\x{df}-\x{f6}\x{f8}-\x{ff}\x{3ac}-\x{3ce}\x{430}-\x{45f}\x{560}-\x{588}" + _CASELESS
CLASSES = {
    **dict.fromkeys((r"\pL", r"\p{L}", r"\pM", r"\p{M}"), _LETTERS),
    **dict.fromkeys((r"\pN", r"\p{N}", r"\p{Nd}"), _DIGITS),
    r"\p{Lu}": _CAPITALS,
    r"\p{Ll}": _SMALL,
}
"""Unicode's classes in few ranges, block by block: in UTF-8 re2 needs a thousand steps for its own `\\pL`, and 300
rules would not fit in a Set. Marks count as letters, which they stand on. Where a block alternates capitals and small
letters (Latin Extended, Cyrillic Extended), both classes hold all of it."""

_SPACE = r"[\s\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}]"
SPELLINGS = {
    " ": f"(?:{_SPACE}+)",
    "'": "['‘’‛ʼ´`]",
    '"': '["“”„‟«»]',
}
WORDS = {
    "letter": f"[{_LETTERS}{_DIGITS}_]",
    "word": f"[{_LETTERS}{_DIGITS}_]+(?:['’.-][{_LETTERS}{_DIGITS}_]+)*",
    "capital": f"[{_CAPITALS}]",
    "dash": r"(?:--?-?|[‐‑‒–—―−])",
    "space": f"{_SPACE}*",
}
_EDGE = f"(?:^|$|[^{_LETTERS}{_DIGITS}_])"

_TOKEN = re.compile(
    r"(?P<escape>\\(?:x\{[0-9a-fA-F]+\}|p\{\^?\w+\}|p\w|P\{\w+\}|.))"
    r"|(?P<class>\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\])"
    r"|\{(?P<word>[A-Za-z_][\w-]*)\}"
    r"|(?P<group>\(\?(?:P?<[A-Za-z_]\w*>|[a-zA-Z-]*:|[=!]|<[=!]|[a-zA-Z-]+\)|>))"
    r"|(?P<run> +)"
    r"|(?P<plain>[^\\\[{( '\"]+)"
    r"|(?P<char>.)",
    re.DOTALL,
)
_CLASS = re.compile(r"\\p(?:\{\w+\}|\w)|\\.")
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
        elif kind in ("plain", "char"):
            parts.append(SPELLINGS.get(text, text))
        else:
            parts.append(_checked(kind, text))
    return "".join(parts)


def _word(name: str, words: Mapping[str, str]) -> str:
    if name == "edge":
        return _EDGE
    known = words.get(name) or WORDS.get(name)
    if known is None:
        hint = did_you_mean(name, ["edge", *WORDS, *words]).rstrip("?").replace(" Did you mean", "; is it")
        raise PatternError(f"no word `{{{name}}}` stands in `words`{hint}")
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
        return _CLASS.sub(lambda match: CLASSES.get(match.group(), match.group()), text)
    return f"[{CLASSES[text]}]" if text in CLASSES else text


def listed(words: list[str]) -> str:
    """A word list as a pattern: longer ones first, so that `Associated Press Writer` wins over `Associated Press`."""
    literal = [re.sub(r"([\\.*+?()\[\]{}|^$])", r"\\\1", word) for word in words]
    return "|".join(translated(word, {}) for word in sorted(literal, key=lambda w: (-len(w), w)))


_DECORATION = f"[^{_LETTERS}{_DIGITS}\\n]*?"


def anchored(pattern: str, where: str, *, fold: bool) -> str:
    """The pattern at its place in a block (a line of the whole document). What it matched is the group `it`.

    Marks that are neither letters nor digits may stand around it at the block's ends: `» Read more «`.
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


def of_one_line(regex: str) -> str:
    """An anchored pattern for a text of one line: re2 then need not look where it might begin, which takes it twice."""
    return regex.replace("(?mi)", "(?i)", 1) if regex.startswith("(?mi)") else regex.removeprefix("(?m)")


MOST_REPEATS = 1_000
"""re2's own bound on a counted repeat."""

_COUNT = re.compile(r"\{(?<!\\[pPx]\{)(\d+)(?:,(\d*))?\}")  # begins with the brace, which the search then skips to
_REPEAT = re.compile(r"\{(\d+)(?:,\d*)?\}")
_STEP = re.compile(
    r"\\(?:x\{[0-9a-fA-F]+\}|[pP]\{\^?\w+\}|.)|\[\^?\]?(?:[^\]\\]++|\\.)*+\]|\{\d+(?:,\d*)?\}", re.DOTALL
)


_ASCII_PART = {_LETTERS: "A-Za-z", _DIGITS: "0-9", _CAPITALS: "A-Z", _SMALL: "a-z"}
_BEYOND_ASCII = r"\x{80}-\x{10ffff}"


def relaxed(regex: str) -> str:
    """A wider pattern, for the Set: it repeats without counting and takes any character beyond ASCII for what is asked.

    It is many times smaller, and it is enough: the Set only tells which rules may stand somewhere; there the exact
    pattern finds.
    """
    return _STEP.sub(lambda match: _wider(match.group()), regex)


@lru_cache(maxsize=4096)  # 355,000 steps of the house's patterns are 1,100 different ones
def _wider(step: str) -> str:
    if repeat := _REPEAT.fullmatch(step):
        return "*" if repeat.group(1) == "0" else "+"
    if not step.startswith("["):
        return step
    beyond = "" if step.startswith("[^") else _BEYOND_ASCII
    for ranges, ascii_part in _ASCII_PART.items():
        step = step.replace(ranges, ascii_part + beyond)
    return step


@cache
def options() -> Any:
    """How re2 is asked: on bytes, quietly, and never across a line's end."""
    import re2  # noqa: PLC0415 (only a pipeline with rules needs it)

    chosen = re2.Options()
    chosen.log_errors = False
    chosen.never_nl = True
    chosen.max_mem = MEMORY
    return chosen


@lru_cache(maxsize=8192)
def compiled(pattern: str) -> Any:
    """The pattern for re2, over UTF-8 bytes; made once. Raises PatternError with re2's own reason."""
    import re2  # noqa: PLC0415 (as above)

    try:
        return re2.compile(pattern.encode(), options())
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace")
        raise PatternError(reason.split(": (?m", maxsplit=1)[0]) from None  # less the pattern as we spelt it out


def search_set(regexes: list[str]) -> tuple[Any, dict[int, str]]:
    """A Set that tells which patterns may occur in a text, and by number what is wrong with those that cannot stand.

    The Set holds the wider patterns: wrong where the exact one is, and empty where that is.
    """
    import re2  # noqa: PLC0415 (as above)

    found = re2.Set.SearchSet(options())
    faults = {number: fault for number, regex in enumerate(regexes) if (fault := _fault(found, regex))}
    if len(faults) < len(regexes):
        found.Compile()
        numbers = [number for number in range(len(regexes)) if number not in faults]
        for place in found.Match(b"") or ():
            faults[numbers[place]] = "it matches the empty text, so it would match everywhere"
    return found, faults


class Literals:
    """Many strings to look for at once in a text, as they stand."""

    def __init__(self, strings: Iterable[str]) -> None:
        import re2  # noqa: PLC0415 (as above)

        self._strings = sorted(strings)
        self._set = re2.Set.SearchSet(options())
        for string in self._strings:
            self._set.Add(re2.escape(string).encode())
        if self._strings:
            self._set.Compile()

    def among(self, text: str) -> set[str]:
        """Those of the strings that the text holds."""
        numbers = self._set.Match(text.encode("utf-8", "replace")) if self._strings and text else None
        return {self._strings[number] for number in numbers or ()}


def _fault(found: Any, regex: str) -> str | None:
    """Add a pattern to a Set; what is wrong with it where the Set does not take it."""
    for repeat in _COUNT.finditer(regex):
        if any(int(number) > MOST_REPEATS for number in repeat.groups() if number):
            return f"{repeat.group()} repeats more than {MOST_REPEATS:,} times"
    try:
        found.Add(relaxed(regex).encode())
    except Exception:  # noqa: BLE001 (re2 says only that it failed; alone the pattern gets a reason)
        return _reason(regex)
    return None


def _reason(regex: str) -> str:
    try:
        compiled(regex)
    except PatternError as error:
        return str(error)
    return "re2 does not take it"
