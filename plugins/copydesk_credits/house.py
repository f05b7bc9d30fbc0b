"""The house's own: agencies in one spelling each, months as numbers (words.yaml, house.yaml), and shared rules."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copydesk.rules import Rule, Rules, left_of, read_rules
from copydesk.yamlfile import YamlFile

if TYPE_CHECKING:
    from collections.abc import Sequence

RULES = Path(__file__).parent / "rules"
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_AGENCY_LISTS = ("pr_wire", "agency_in_brackets", "agency")
_BETWEEN = re.compile(r"\s*[/,;+&|:]\s*|\s+(?:and|et|und|y|e)\s+|\s+[-–—]\s+")


def folded(text: str) -> str:
    """The text as it is compared: in one case, composed, with single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def has_letters_only(text: str) -> bool:
    """Whether nothing but letters and spaces stands in a text: no figure, no stop, no bracket, no dash."""
    return text.replace(" ", "").isalpha()


def house_rules(
    *names: str, rules: Sequence[Path] = (), without: Sequence[str] = (), everywhere: bool = False
) -> Rules:
    """The rules of some of our files, and all of the user's own, less `without`.

    `everywhere`: for a stage that asks about every block of a document. Our patterns are not tried before they are
    asked, for tests have tried them. Raises ConfigError for a mistake in a file of the user's and for an unknown id in
    `without`.
    """
    chosen = [rule for name in names for rule in _house(name)] + list(Rules.load(*rules))
    return Rules(left_of(chosen, without), everywhere=everywhere)


@cache
def _house(name: str) -> tuple[Rule, ...]:
    return tuple(read_rules(RULES / f"{name}.yaml", tested=True))


@cache
def spellings() -> dict[str, str]:
    """Every name that an agency signs with, folded, and its house spelling."""
    words = _read("words.yaml", "words")
    found = {folded(name): name for kind in _AGENCY_LISTS for name in words[kind]}
    for house, names in _read("house.yaml", "house").items():
        found.update(dict.fromkeys(map(folded, (house, *names)), house))
    return found


def words_of(name: str) -> tuple[str, ...]:
    """One of the word lists of words.yaml."""
    return tuple(str(word) for word in _read("words.yaml", "words")[name])


@cache
def months() -> dict[str, int]:
    """The months by their names and abbreviations, folded. A name that two calendars share has no number."""
    words = _read("words.yaml", "words")
    return {folded(str(name)): number for number, month in enumerate(MONTHS, 1) for name in words[month]}


def agencies(credit: str) -> tuple[str, ...]:
    """The agencies that a credit names, in house spelling, each once: `APA/dpa-AFX` are two, desk initials are none."""
    known = spellings()
    whole = known.get(folded(credit))
    if whole:
        return (whole,)
    named = (known.get(folded(part)) for part in _BETWEEN.split(credit))
    return tuple(dict.fromkeys(name for name in named if name))


@cache
def _read(name: str, key: str) -> Any:
    """What stands under a key of a file of ours. Reading it takes a tenth of a second, and several ask."""
    file = YamlFile.open(RULES / name)
    node = file.root and file.root.get(key)
    values = file.plain(node) if node else {}
    file.close()
    return values
