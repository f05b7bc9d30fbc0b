"""What the address of a story says of it: the words of its title, and the name of the site.

Most publishers write the title into the address: /2026/11/old-bridge-reopens-4711.html. Of the lines of a page the one
that says the same is its headline, wherever it stands. Nothing here is asked of a network, and a text without an
address is read as before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from unicodedata import combining, normalize
from urllib.parse import unquote

from copydesk.prose import kept

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST, _LEAST = 1_000, 3
"""Characters of an address, longer ones carry data; words of a title, fewer may be a section's."""
_LONG = 300
"""Characters: no headline is so long, and its words need not be looked at."""
_SPELLED = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "o", "ı": "i", "\N{SOFT HYPHEN}": ""}
)
_WORD = re.compile(r"[^\W\d_]{3,}")
_ENDING = re.compile(r"\.\w{2,5}$")


def address(fields: Mapping[str, Any]) -> str:
    """Where the story stood: the input's `url`, or what an HTML page says of itself."""
    page = fields.get("page")
    told = fields.get("url") or (page.get("url") if isinstance(page, dict) else "")
    return told if isinstance(told, str) and len(told) < _LONGEST else ""


def title(url: str) -> frozenset[str]:
    """The words of the title in an address: those of its wordiest part, the last of equals."""
    path = _ENDING.sub("", unquote(url.partition("://")[2].partition("?")[0].partition("#")[0]).rstrip("/"))
    said = max(map(spelled, reversed(path.split("/")[1:])), key=len, default=frozenset())
    return said if len(said) >= _LEAST else frozenset()


def host(url: str) -> list[str]:
    """The labels of an address's host, without hyphens: "harbourecho", "com" of www.harbour-echo.com."""
    return url.partition("://")[2].partition("/")[0].casefold().replace("-", "").removeprefix("www.").split(".")


def is_site(name: str, url: str) -> bool:
    """Whether a name is that of the address's host: "Harbour Echo", "harbourecho.com" at www.harbour-echo.com."""
    letters = "".join(filter(str.isalnum, name.casefold()))
    labels = host(url)
    return len(letters) > 2 and letters.removeprefix("the") in {*labels[:-1], "".join(labels)}


def agreement(text: str, title: frozenset[str]) -> float:
    """How far a line and the title in the address say the same, from 0 to 1, where all their words are common."""
    if not title or len(text) > _LONG:
        return 0
    own = spelled(text)
    return 2 * len(own & title) / (len(own) + len(title))


@kept
def spelled(text: str) -> frozenset[str]:
    """The words of a text as addresses spell them, without accents, cut to six letters."""
    plain = text.casefold()
    if not plain.isascii():
        plain = "".join([letter for letter in normalize("NFKD", plain.translate(_SPELLED)) if not combining(letter)])
    return frozenset([word[:6] for word in _WORD.findall(plain)])
