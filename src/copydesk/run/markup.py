"""Markup in which text is only ever text: what was not made here is escaped where it is put in."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# What would act on a page instead of standing on it, or could not be seen: controls, marks that turn the rest of a
# line around, blanks without width, halves of characters, what is no character.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff]"
)


class Html(str):
    """Markup that was made here."""

    __slots__ = ()


def text(words: object) -> Html:
    """Words as markup: escaped, and what would act or could not be seen written as its number."""
    return Html(_UNSEEN.sub(_sign, escape(str(words).replace("\r\n", "\n"))))


def _sign(match: re.Match[str]) -> str:
    return f'<i class="sign">{_number(match)}</i>'


def _number(match: re.Match[str]) -> str:
    return f"U+{ord(match.group()):04X}"


def joined(parts: Iterable[object]) -> Html:
    """The parts one after the other. What is not Html is text."""
    return Html("".join(part if isinstance(part, Html) else text(part) for part in parts))


def tag(name: str, *inside: object, **attributes: object) -> Html:
    """An element. `class_` is the attribute `class`, and `aria_label` is `aria-label`."""
    named = "".join(f' {_attribute(key)}="{_value(value)}"' for key, value in attributes.items())
    return Html(f"<{name}{named}>{joined(inside)}</{name}>")


def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _value(value: object) -> str:
    return escape(_UNSEEN.sub(_number, str(value)))
