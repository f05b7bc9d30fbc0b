"""One search that proves that ftfy would change nothing.

ftfy's test for mojibake, `ftfy.badness.BADNESS_RE`, has 37 alternatives, each a short row of characters: a small
accented letter before a capital one, a currency sign after a closing quote. None is made of ASCII alone. So a character
is harmless if no alternative can match a row of it and its like. `alphabet.txt` holds four classes of such characters;
what may stand beside them keeps them harmless:

| class | what is in it | may stand beside |
|---|---|---|
| quiet | letters of most scripts, dashes, the apostrophe, the ellipsis | anything |
| steady | quotes, Greek and Cyrillic letters | ASCII, quiet, steady |
| small | small Latin letters with accents | ASCII, quiet, small |
| lone | capital Latin letters with accents, signs | ASCII, quiet |

None of them is touched by any other repair, and none changes under NFC, alone or beside any other. All of this is
checked against the installed ftfy in tests/test_encoding.py. A text in which the search finds nothing is clean; one in
which it finds something may be clean too, and takes the long way.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN = "\t\n\f\r -%'-~"
"""ASCII without `&` and the control characters that are taken out. Form feed parts lines, and ftfy leaves it."""

_PLAIN = bytes(code for code in range(0x80) if re.match(f"[{PLAIN}]", chr(code)))

_ENTITY = "(?<=&)(?:#?[0-9A-Za-z]{1,24};|nbsp)"


@cache
def alphabet() -> dict[str, frozenset[str]]:
    """The four classes of alphabet.txt."""
    text = Path(__file__).with_name("alphabet.txt").read_text(encoding="utf-8")
    classes: dict[str, set[str]] = {}
    for line in text.splitlines():
        if line.startswith("["):
            current = classes.setdefault(line.strip("[]"), set())
        elif line and not line.startswith("#"):
            for item in line.split():
                first, _, last = item.partition("-")
                current.update(map(chr, range(int(first, 16), int(last or first, 16) + 1)))
    return {name: frozenset(members) for name, members in classes.items()}


def suspects(touched: frozenset[str], *, entities: bool) -> re.Pattern[str]:
    """The search for the first place that ftfy might change. `touched`: characters that the options ask to change."""
    quiet, steady, small, lone = (spans(alphabet()[name] - touched) for name in ("quiet", "steady", "small", "lone"))
    kind = f"{PLAIN}&{quiet}"
    # The search runs over ASCII, quiet and steady characters; only at the others does it look around.
    unknown = f"(?<![{small}{lone}&])"
    bad_right = f"(?<=[{small}{lone}])(?=[^{kind}{small}])"
    bad_left = f"(?<=[^{kind}{small}][{small}{lone}])"
    entity = f"|{_ENTITY}" if entities else ""
    return re.compile(f"[^{PLAIN}{quiet}{steady}](?:{unknown}|{bad_right}|{bad_left}{entity})")


def sound(touched: frozenset[str]) -> Callable[[str], bool]:
    """A quicker proof for most texts: nothing in them but plain ASCII and characters of two classes that get along."""
    others = [f"[{spans((alphabet()['quiet'] | alphabet()[name]) - touched)}]*" for name in ("steady", "small")]
    harmless = re.compile("|".join(others)).fullmatch

    def is_sound(text: str) -> bool:
        rest = text.encode("utf-8", "surrogatepass").translate(None, _PLAIN)
        return harmless(rest.decode("utf-8", "surrogatepass")) is not None

    return is_sound


def spans(characters: frozenset[str]) -> str:
    """The inside of a regular expression's `[...]` for these characters."""
    ends: list[list[int]] = []
    for code in sorted(map(ord, characters)):
        if ends and code == ends[-1][1] + 1:
            ends[-1][1] = code
        else:
            ends.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ends)
