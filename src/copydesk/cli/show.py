"""How the commands show things: one console for what a person reads, and texts made safe for a terminal."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from rich.console import Console

# C0 and C1 controls could drive the terminal; bidi marks could turn the rest of a line around; half a character cannot
# be printed at all.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]"
)
_VISIBLE = {"\N{NO-BREAK SPACE}": "⍽", "\N{ZERO WIDTH SPACE}": "<200B>", "\N{SOFT HYPHEN}": "<AD>", "\ufeff": "<FEFF>"}


@cache
def console(*, err: bool = False) -> Console:
    """The console on standard output, or on standard error. Markup is off: texts hold brackets.

    Raises BrokenPipeError where nobody reads it any more; rich would end the process, with an exit code of its own.
    """
    from rich.console import Console

    made = Console(stderr=err, markup=False, highlight=False, emoji=False, soft_wrap=True)
    made.on_broken_pipe = _gone  # type: ignore[method-assign]
    return made


def _gone() -> NoReturn:
    raise BrokenPipeError


def safe(text: str) -> str:
    """The text with every character that could drive a terminal written as its number: `<1B>`."""
    return _UNSAFE.sub(lambda match: f"<{ord(match.group()):02X}>", text)


def visible(text: str) -> str:
    """The text on one line, with blanks that cannot be told apart made visible: `a⍽b↵c`."""
    for blank, sign in _VISIBLE.items():
        text = text.replace(blank, sign)
    return safe(text.replace("\r\n", "↵").replace("\n", "↵").replace("\r", "␍").replace("\t", "→"))


def shortened(text: str, length: int = 100) -> str:
    """The text, with its middle left out where it is long."""
    if len(text) <= length:
        return text
    return f"{text[: length * 2 // 3].rstrip()} … {text[-(length // 3) :].lstrip()}"
