"""A few documents of a run to look at: their raw text in pieces, with what left it and what changed in it."""

from __future__ import annotations

import json
from bisect import insort
from contextlib import suppress
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from copydesk.facts import FIELDS
from copydesk.ledger import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from copydesk.run.work import Line

# The multiples of the golden ratio, less their whole part, part a circle as evenly as can be. So the documents whose
# place gives the smallest lie evenly over a run, however long it becomes, and it needs no dice.
_GOLDEN, _TURN = 0x9E3779B97F4A7C15, 2**64
_ROOM = 12_000  # characters of one document that are kept to be shown
_STRETCH = 1_200  # of one stretch of it
_MARK = 20  # what a mark takes of the room, so that thousands of small ones have an end too
_FACTS, _WORDS = 40, 500  # facts of one document; characters of a fact, a reason, an id

_SHARES = {"failed": 4, "rejected": 4, "untouched": 2, "cleaned": 14}
"""How many of each kind are shown where there are enough; `cleaned` are those that something was removed from."""


class Piece(NamedTuple):
    """A stretch of the raw text: as it is; removed, with a `role`; or changed, and reads `now`.

    `hidden` characters that follow it are of the same kind, and are left out.
    """

    text: str
    stage: str = ""
    rule: str = ""
    role: str | None = None
    now: str = ""
    hidden: int = 0

    @property
    def changed(self) -> bool:
        return bool(self.stage) and self.role is None


class Shown(NamedTuple):
    """One document of the sample. `place` is its place in the run, from 0; figures are of the whole document."""

    place: int
    id: str
    outcome: str
    stage: str
    reason: str
    pieces: list[Piece]
    facts: list[tuple[str, str]]
    language: str
    characters: int
    removed: int
    changes: int


Held = dict[str, list[tuple[int, Shown]]]
"""What a sample is chosen from: documents by their kind, those with the smallest rank."""


class Sample:
    """Some two dozen documents, spread evenly over the run, the same for any number of workers.

    Those that failed, that were rejected and that something was removed from are preferred. What is held is bounded:
    long texts are cut as they come.
    """

    def __init__(self, room: int = sum(_SHARES.values())) -> None:
        self.room = room
        self.held: Held = {kind: [] for kind in _SHARES}

    def take(self, first: int, lines: Iterable[Line]) -> None:
        """Look at finished lines; the first one's place in the run is `first`."""
        for place, line in enumerate(lines, first):
            rank = place * _GOLDEN % _TURN
            held = self.held.get(_kind(line))
            if held is not None and (len(held) < self.room or rank < held[-1][0]):
                with suppress(Exception):  # no reason to stop a run: a field nests as deep as can be written, say
                    insort(held, (rank, _shown(place, line)))
                    del held[self.room :]

    def go_back(self, end: int) -> None:
        """Let go of the documents from a place on: they come again, and push out again what they pushed out."""
        for held in self.held.values():
            held[:] = [(rank, shown) for rank, shown in held if shown.place < end]

    @property
    def documents(self) -> list[Shown]:
        """The sample, in the order of the run."""
        chosen = [one for kind, share in _SHARES.items() for one in self.held[kind][:share]]
        others = [one for kind in reversed(_SHARES) for one in self.held[kind][_SHARES[kind] :]]
        return sorted(shown for _, shown in [*chosen, *others][: self.room])


def _kind(line: Line) -> str:
    """One of `_SHARES`; or nothing, for a record in others' shape: it has no ledger to show."""
    if line.outcome != "clean":
        return line.outcome
    ledger = line.record.rfind(b'"ledger":[')  # within a text its quotes would be escaped
    if ledger < 0:
        return ""
    return "cleaned" if line.record.find(b'"role":', ledger) >= 0 else "untouched"


def _shown(place: int, line: Line) -> Shown:
    record = json.loads(line.record)  # the one reader that takes a lone surrogate in a field of the input's
    clean = line.outcome == "clean"
    whole = pieces(record["text"], msgspec.convert(record["ledger"], list[Entry])) if clean else [Piece(record["text"])]
    return Shown(
        place,
        _cut(record["id"]),
        line.outcome,
        "" if clean else record["stage"],
        "" if clean else _cut(record["reason"]),
        shortened(whole),
        [(name, _cut(words)) for name, words in _facts(record if clean else {"flags": record["flags"]})][:_FACTS],
        str(_mapping(record.get("language")).get("code", "")) if clean else "",
        sum(len(piece.text) for piece in whole),
        sum(len(piece.text) for piece in whole if piece.role),
        sum(piece.changed for piece in whole),
    )


def pieces(text: str, ledger: Iterable[Entry]) -> list[Piece]:
    """The raw text of a clean text and its ledger, in order. White space that was laid out anew is as it was."""
    found: list[Piece] = []
    done = here = 0  # as in ledger.restore: how far the raw text is put together, and how far the clean one used up
    for at, was, entry in _places(ledger):
        found.append(Piece(text[here : here + at - done]))
        layout = entry.stage == "layout" and entry.role is None
        found.append(Piece(was) if layout else Piece(was, entry.stage, entry.rule, entry.role, entry.now))
        here += at - done + len(entry.now)
        done = at + len(was)
    found.append(Piece(text[here:]))
    return list(_joined(found))


def _places(ledger: Iterable[Entry]) -> list[tuple[int, str, Entry]]:
    """Every place of every entry, in the order of the raw text; an insertion comes before what else is there."""
    places = [
        (at, was, entry)
        for entry in ledger
        for at, was in zip(entry.at, entry.was if entry.role else entry.was * len(entry.at), strict=True)
    ]
    return sorted(places, key=lambda place: (place[0], place[1] != "", place[1], len(place[2].now)))


def _joined(found: Iterable[Piece]) -> Iterator[Piece]:
    """The pieces, with neighbours that are as they were put together."""
    for marked, run in groupby(found, key=lambda piece: bool(piece.stage)):
        if marked:
            yield from run
        elif text := "".join(piece.text for piece in run):
            yield Piece(text)


def shortened(whole: Sequence[Piece]) -> list[Piece]:
    """The pieces, less the middle of long stretches where the text is long: so that there is room for its marks."""
    if sum(_size(piece) for piece in whole) <= _ROOM:
        return [*whole]
    result: list[Piece] = []
    room = _ROOM
    cut = [part for piece in whole for part in _ends(piece)]
    for number, piece in enumerate(cut):
        room -= _size(piece)
        if room < 0:
            return [*result, Piece("", hidden=sum(len(rest.text) + rest.hidden for rest in cut[number:]))]
        result.append(piece)
    return result


def _size(piece: Piece) -> int:
    return len(piece.text) + len(piece.now) + (_MARK if piece.stage else 0)


def _ends(piece: Piece) -> list[Piece]:
    """A long stretch without its middle; without its end where it is marked, so that it keeps one mark."""
    if max(len(piece.text), len(piece.now)) <= _STRETCH:
        return [piece]
    left_out = max(0, len(piece.text) - _STRETCH)
    if piece.stage:
        return [piece._replace(text=piece.text[:_STRETCH], now=piece.now[:_STRETCH], hidden=left_out)]
    middle = _STRETCH // 2
    return [Piece(piece.text[:middle], hidden=left_out), Piece(piece.text[-middle:])]


def _facts(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What was noted, as words: a value of a list each by itself."""
    noted = {field.name: record.get(field.name) for field in FIELDS.values()}
    noted |= {**_mapping(record.get("facts")), "flags": record["flags"]}
    for name, value in noted.items():
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                yield name, _words(one)


def _mapping(value: Any) -> Mapping[str, Any]:
    """A field's value where it is a mapping: a plugin, or the input, may have put anything there."""
    return value if isinstance(value, dict) else {}


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return " · ".join(f"{key}: {_words(inner)}" for key, inner in value.items() if inner not in (None, "", []))
    return ", ".join(map(_words, value)) if isinstance(value, list) else str(value)


def _cut(text: str) -> str:
    return text if len(text) <= _WORDS else f"{text[:_WORDS]} …"
