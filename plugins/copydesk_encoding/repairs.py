"""What ftfy does to a line, step by step and to the end, with a name for each step and a place for each change."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from ftfy import chardata, fixes

from copydesk.document import BLANKS, Change
from copydesk_encoding.entities import decode_entity, entity_pattern, too_deep
from copydesk_encoding.mojibake import trimmed, windows_for_controls
from copydesk_encoding.precheck import sound, suspects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from copydesk_encoding.mojibake import Mojibake

_ROUNDS = 8
"""Repairs can make room for other ones (an entity that was half of a broken letter). Real text needs two rounds, the
second to see that nothing is left; what is not settled after eight was made to be so, and is left as it came."""


class Repaired(NamedTuple):
    """The changes that each step asks for, in order, under the rule that names the step; and what is to be flagged."""

    steps: tuple[tuple[str, list[Change]], ...]
    flags: tuple[str, ...]


class Step(NamedTuple):
    """One kind of repair: its name in the ledger, and what it would change in a text."""

    rule: str
    changes: Callable[[str], list[Change]] | None
    """None for mojibake: every document remembers its own."""


class Repairs:
    """The steps in ftfy's own order, repeated as ftfy does until nothing changes. So what comes out is a fixed point.

    ftfy itself is not asked to do the whole: it would not say which of its steps changed what and where, would put a
    million combining marks in order by insertion sort, and would break lines. A test holds that the outcome is ftfy's.
    """

    def __init__(self, options: tuple[str, ...] = (), *, entities: bool = True) -> None:
        asked = {name: _ON_REQUEST[name] for name in _ON_REQUEST if name in options}
        touched = frozenset("".join(characters for characters, _ in asked.values()))
        self.suspects = suspects(touched, entities=entities)
        self.sound = sound(touched)
        self._entities = entities
        self._steps = (
            *((Step("entities", _entities),) if entities else ()),
            Step("mojibake", None),
            Step("controls", _each(chardata.C1_CONTROL_RE, windows_for_controls)),
            *(Step(name, _each(_any_of(characters), repair)) for name, (characters, repair) in asked.items()),
            Step("breaks", _each(_any_of(_SEPARATORS), lambda _: " ")),
            *_OF_ASCII,
            Step("mark-runs", _each(_MARK_RUN, _broken_up)),
            Step("nfc", _composed),
        )
        self._last = (Step("blanks", _outer_blanks),)  # a blank at the end may be half of a broken letter

    def of(self, text: str, mojibake: Mojibake) -> Repaired:
        """What it takes to repair the text. Applied in order, it leaves a text that needs no repair."""
        flags = ["nested-entities"] if self._entities and too_deep(text) else []
        done: list[tuple[str, list[Change]]] = []
        steps = _OF_ASCII if text.isascii() and "&" not in text else self._steps
        for _ in range(_ROUNDS):
            before = text
            for rule, changes_in in steps:
                if changes := (changes_in or mojibake.changes)(text):
                    changes = _fused(text, changes)
                    done.append((rule, changes))
                    text = _applied(text, changes)
            settled = text == before or not self.suspects.search(text)
            if settled and steps is self._last:
                break
            steps = self._last if settled else self._steps
        else:
            return Repaired((), (*flags, "unsettled-repairs"))
        if "mark-runs" in [rule for rule, _ in done]:
            flags.append("mark-runs")
        return Repaired(tuple(done), tuple(flags))


def _applied(text: str, changes: Iterable[Change], place: int = 0, until: int | None = None) -> str:
    parts: list[str] = []
    for start, end, now in changes:
        parts += text[place:start], now
        place = end
    return "".join([*parts, text[place:until]])


_MANY, _NEAR = 2_000, 40
"""Past so many changes in one segment those that stand so near become one: half a million edits take eight seconds."""


def _fused(text: str, changes: list[Change]) -> list[Change]:
    if len(changes) <= _MANY:
        return changes
    groups: list[list[Change]] = []
    for change in changes:
        if groups and change.start - groups[-1][-1].end < _NEAR:
            groups[-1].append(change)
        else:
            groups.append([change])
    return [Change(g[0].start, g[-1].end, _applied(text, g, g[0].start, g[-1].end)) for g in groups]


def _each(pattern: re.Pattern[str], repair: Callable[[str], str]) -> Callable[[str], list[Change]]:
    """A step that looks at every match of a pattern by itself."""

    def changes(text: str) -> list[Change]:
        first = pattern.search(text)
        if first is None:  # in most lines by far, and so it costs next to nothing
            return []
        matches = pattern.finditer(text, first.start())
        return [Change(*match.span(), now) for match in matches if (now := repair(match.group())) != match.group()]

    return changes


def _any_of(characters: str) -> re.Pattern[str]:
    return re.compile(f"[{re.escape(characters)}]+")


_OF_ASCII = (
    Step("terminal", _each(fixes.ANSI_RE, lambda _: "")),
    Step("controls", _each(_any_of("".join(map(chr, chardata.CONTROL_CHARS))), lambda _: "")),
)
"""All that a line of ASCII without an entity can need."""

_SEPARATORS = "\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}"
"""They can come out of mojibake. A segment is one line, and a repair makes no new ones: a space takes their place."""

_ON_REQUEST: dict[str, tuple[str, Callable[[str], str]]] = {
    "ligatures": ("".join(map(chr, chardata.LIGATURES)), fixes.fix_latin_ligatures),
    "width": ("".join(map(chr, chardata.WIDTH_MAP)), fixes.fix_character_width),
    "quotes": ("\u02bc\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f", fixes.uncurl_quotes),
}


def _entities(text: str) -> list[Change]:
    if "&" not in text:
        return []
    return _each(entity_pattern(text), decode_entity)(text)


_CLUSTERS = re.compile("[\0-\x7f]?[^\0-\x7f]+")
"""No ASCII character changes the one before it, so a text may be composed from one to the next."""


def _composed(text: str) -> list[Change]:
    """Letters to Unicode's composed form: `é` in one character instead of an `e` and an accent. macOS parts them."""
    if unicodedata.is_normalized("NFC", text):
        return []
    changes: list[Change] = []
    for match in _CLUSTERS.finditer(text):
        was = match.group()
        now = unicodedata.normalize("NFC", was)
        if now != was:
            near = len(changes) > _MANY  # and to be fused
            changes.append(Change(match.start(), match.end(), now) if near else trimmed(match.start(), was, now))
    return changes


_MOST_MARKS = 30
"""Unicode's stream-safe text format (UAX #15) allows so many combining marks in a row; no language needs five."""

_MARKS = "".join(character for character in map(chr, range(0x300, 0x1E94B)) if unicodedata.combining(character))

# Beyond the basic plane the search takes a class range by range: one that is too wide jumps to where it may be.
_MAYBE = "".join(mark for mark in _MARKS if mark <= "\uffff") + "\U00010000-\U0010ffff"
_MARK_RUN = re.compile(f"[{_MAYBE}](?<=[{_MARKS}])[{_MARKS}]{{{_MOST_MARKS},}}")


def _broken_up(run: str) -> str:
    """A long run of combining marks, broken up by U+034F as Unicode does it.

    Python puts the marks of a run in order by insertion: 200,000 of them take 48 seconds. Zalgo text and attacks have
    them. A run of one class is in order as it is.
    """
    if len(set(map(unicodedata.combining, run))) == 1:
        return run
    parts = (run[start : start + _MOST_MARKS] for start in range(0, len(run), _MOST_MARKS))
    return "\N{COMBINING GRAPHEME JOINER}".join(parts)


def _outer_blanks(text: str) -> list[Change]:
    """Blanks that a repair has laid bare at the ends: no segment begins or ends with one."""
    body = text.strip(BLANKS)
    if body == text:
        return []
    start = text.find(body) if body else len(text)
    end = start + len(body)
    ends = (Change(0, start, ""), Change(end, len(text), ""))
    return [change for change in ends if change.start < change.end]
