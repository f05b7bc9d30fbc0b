"""What ftfy does to a line, step by step and to the end, with a name for each step and a place for each change."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

import ftfy
from ftfy import chardata, fixes
from ftfy.badness import BADNESS_RE

from copydesk.document import BLANKS, Change
from copydesk_encoding.entities import decode_entity, entity_pattern, too_deep
from copydesk_encoding.precheck import sound, suspects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
    changes: Callable[[str], list[Change]]


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
            Step("mojibake", _mojibake),
            Step("controls", _each(chardata.C1_CONTROL_RE, fixes.fix_c1_controls)),
            *(Step(name, _each(_any_of(characters), repair)) for name, (characters, repair) in asked.items()),
            Step("breaks", _each(_any_of(_SEPARATORS), lambda _: " ")),
            Step("terminal", _each(fixes.ANSI_RE, lambda _: "")),
            Step("controls", _each(_any_of("".join(map(chr, chardata.CONTROL_CHARS))), lambda _: "")),
            Step("mark-runs", _each(_MARK_RUN, _broken_up)),
            Step("nfc", _composed),
        )
        self._last = (Step("blanks", _outer_blanks),)  # a blank at the end may be half of a broken letter

    def of(self, text: str) -> Repaired:
        """What it takes to repair the text. Applied in order, it leaves a text that needs no repair."""
        flags = ["nested-entities"] if self._entities and too_deep(text) else []
        done: list[tuple[str, list[Change]]] = []
        steps = self._steps
        for _ in range(_ROUNDS):
            before = text
            for rule, changes_in in steps:
                if changes := _fused(text, changes_in(text)):
                    done.append((rule, changes))
                    text = _applied(text, changes)
            settled = text == before or not self.suspects.search(text)
            if settled and steps is self._last:
                break
            steps = self._last if settled else self._steps
        else:
            return Repaired((), (*flags, "unsettled-repairs"))
        if any(rule == "mark-runs" for rule, _ in done):
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
        found = ((match, repair(match.group())) for match in pattern.finditer(text))
        return [Change(match.start(), match.end(), now) for match, now in found if now != match.group()]

    return changes


def _any_of(characters: str) -> re.Pattern[str]:
    return re.compile(f"[{re.escape(characters)}]+")


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


_CONFIG = ftfy.TextFixerConfig(unescape_html=False)

WIDEST = 7
"""The longest row of characters that an alternative of BADNESS_RE matches. A test holds it to that."""

_LONG_ASCII = re.compile(f"([\0-\x7f]{{{WIDEST}}})[\0-\x7f]+([\0-\x7f]{{{WIDEST}}})")


def is_bad(text: str) -> bool:
    """The test of ftfy for mojibake, the same and quicker: it is about characters outside ASCII and their neighbours.

    ASCII that stands farther from those than the widest pattern reaches can be left out.
    """
    return not text.isascii() and BADNESS_RE.search(_LONG_ASCII.sub(r"\1\2", text)) is not None


def _mojibake(text: str) -> list[Change]:
    """Letters that were written in one encoding and read in another: `cafÃ©` for `café`."""
    if not is_bad(text):
        return []
    # Always the explaining twin: the other one ignores the options that it is given.
    changes = _between_words(text, str(ftfy.fix_encoding_and_explain(text, _CONFIG).text))
    closing = {match.end() - 1 for match in _QUOTED.finditer(text)}
    return [change for change in changes if closing.isdisjoint(range(change.start, change.end + (not change.now)))]


# ftfy takes the end of `“AMANHÃ”` for a broken `Ô` and would swallow the quote, and the letter of `“Â”`. A quote that
# closes a sound opening one is sound too: broken ones come in pairs. Portuguese headlines in capitals have such ends.
_QUOTED = re.compile("(?<![^\\s(\\[])(?:“[^“”]*”|„[^„“”]*[“”]|‘[^‘’]*’|«[^«»]*»)")


# In every encoding that ftfy knows these stand for themselves; a space may be half of a letter, a `?` a lost one.
_FIRM = re.compile("[!->@-~]+")


def _between_words(was: str, now: str) -> Iterable[Change]:
    """Where a repaired text differs: its ASCII words are the same as before, so what lies between them is compared."""
    words, gaps, new_gaps = _FIRM.findall(was), _FIRM.split(was), _FIRM.split(now)
    if words != _FIRM.findall(now):
        words, gaps, new_gaps = [], [was], [now]
    place = 0
    for gap, new_gap, word in zip(gaps, new_gaps, [*words, ""], strict=True):
        if gap != new_gap:
            yield _trimmed(place, gap, new_gap)
        place += len(gap) + len(word)


def _trimmed(start: int, was: str, now: str) -> Change:
    """The change from one string to another, without what is the same at both ends."""
    limit, head, tail = min(len(was), len(now)), 0, 0
    while head < limit and was[head] == now[head]:
        head += 1
    while tail < limit - head and was[-1 - tail] == now[-1 - tail]:
        tail += 1
    return Change(start + head, start + len(was) - tail, now[head : len(now) - tail])


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
            changes.append(_trimmed(match.start(), was, now))
    return changes


_MOST_MARKS = 30
"""Unicode's stream-safe text format (UAX #15) allows so many combining marks in a row; no language needs five."""

_MARKS = "".join(character for character in map(chr, range(0x300, 0x1E94B)) if unicodedata.combining(character))
_MARK_RUN = re.compile(f"[{_MARKS}]{{{_MOST_MARKS + 1},}}")


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
    start = text.find(body) if body else len(text)
    end = start + len(body)
    ends = (Change(0, start, ""), Change(end, len(text), ""))
    return [change for change in ends if change.start < change.end]
