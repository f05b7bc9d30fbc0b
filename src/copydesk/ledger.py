"""The ledger: what left the text, what changed in it, and how to get the input back."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import msgspec

from copydesk.document import Signature, breaks_line
from copydesk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from copydesk.document import Document, Segment

PARAGRAPH = "\n\n"
_LAYOUT = Signature("layout", "")


class Entry(msgspec.Struct, omit_defaults=True):
    """One line of the ledger.

    A removal has a `role`, and in `was` the text that stood at each place of `at`, the white space after it included.
    A change has no role; its one `was` now reads `now` at every place. Places are characters of the raw text.
    `layout` signs the white space between paragraphs.
    """

    stage: str
    rule: str = ""
    role: str | None = None
    at: list[int] = []
    was: list[str] = []
    now: str = ""


class Ledger:
    """Entries on their way: removals grouped by reason, changes by what became what."""

    def __init__(self, raw: str) -> None:
        self._raw = raw
        self._removals: dict[tuple[Signature, str], list[tuple[int, int]]] = {}
        self._changes: dict[tuple[Signature, str, str], Entry] = {}

    def removed(self, start: int, end: int, role: str, by: Signature) -> None:
        """Note a removal. One that goes on where the last of its reason ended makes that one longer."""
        places = self._removals.setdefault((by, role), [])
        if places and places[-1][1] == start:
            start = places.pop()[0]
        places.append((start, end))

    def changed(self, at: int, was: str, now: str, by: Signature) -> None:
        """Note a change; nothing where nothing changed."""
        if was == now:
            return
        entry = self._changes.get((by, was, now))
        if entry is None:
            self._changes[by, was, now] = Entry(by.stage, by.rule, None, [at], [was], now)
        else:
            entry.at.append(at)

    def entries(self) -> list[Entry]:
        return [*itertools.starmap(self._removal, self._removals.items()), *self._changes.values()]

    def _removal(self, reason: tuple[Signature, str], places: list[tuple[int, int]]) -> Entry:
        by, role = reason
        was = [self._raw[start:end] for start, end in places]
        return Entry(by.stage, by.rule, role, [start for start, _ in places], was)


def settle(doc: Document) -> tuple[str, list[Entry]]:
    """The clean text, and the ledger of all that is not in it.

    Kept segments stand in order. Two are parted by a blank line where the raw text between them breaks a line, else by
    one space; the halves of a split that was not needed stay together. A removed segment owns the white space after it.
    Raises ValueError where a stage set a role that it did not sign for.
    """
    if doc.unsigned:
        role = doc.unsigned[0].role
        raise ValueError(f"a stage set a segment's role to {role!r} by itself. Call segment.mark({role!r}), it signs.")
    raw, keep, segments = doc.raw, doc.keep, doc.segments
    ledger = Ledger(raw)
    parts: list[str] = []
    if not segments:
        ledger.changed(0, raw, "", _LAYOUT)
        return "", ledger.entries()
    ledger.changed(0, raw[: segments[0].start], "", _LAYOUT)
    last: Segment | None = None
    gap_end = 0  # where the white space after `last` ends
    for segment, following in zip(segments, [*[s.start for s in segments[1:]], len(raw)], strict=True):
        if segment.role not in keep or not segment.text:
            role, by = (segment.role, segment.by) if segment.role not in keep else ("other", None)
            by = by or (segment.edits[-1].by if segment.edits else _LAYOUT)
            ledger.removed(segment.start, following, role, by)
            continue
        if last is not None:
            between, parting = raw[last.end : segment.start], PARAGRAPH
            if between != PARAGRAPH:  # most are
                parting = _parting(between, last)
                ledger.changed(last.end, raw[last.end : gap_end], parting, _LAYOUT)
            parts.append(parting)
        for edit in segment.edits:
            ledger.changed(edit.start, raw[edit.start : edit.end], edit.now, edit.by)
        parts.append(segment.text)
        last, gap_end = segment, following
    if last is not None:
        ledger.changed(last.end, raw[last.end : gap_end], "", _LAYOUT)
    return "".join(parts), ledger.entries()


def _parting(between: str, left: Segment) -> str:
    """What parts two kept segments, after what stood between them."""
    if not between and not (left.edits and left.edits[-1].end == left.end):
        return ""
    return PARAGRAPH if breaks_line(between) else " "


def restore(text: str, ledger: Iterable[Entry | Mapping[str, Any]]) -> str:
    """The raw text again, from the clean text and its ledger: a document's, or a record's as it is read from JSON.

    Raises InputError where the two do not belong together, or an entry is none.
    """
    # An insertion (nothing was there) comes before whatever else happened at its place.
    places = sorted(
        (at, was != "", was, len(entry.now))
        for entry in map(_entry, ledger)
        for at, was in zip(entry.at, entry.was if entry.role else entry.was * len(entry.at), strict=True)
    )
    parts: list[str] = []
    done = here = 0  # how far the raw text is put together, and how far the clean text is used up
    for at, _, was, skip in places:
        if at < done or here + at - done + skip > len(text):
            message = f"the ledger does not belong to this text: it has an entry at {at}, which the text does not reach"
            raise InputError(message)
        parts += text[here : here + at - done], was
        here += at - done + skip
        done = at + len(was)
    parts.append(text[here:])
    return "".join(parts)


def _entry(given: Entry | Mapping[str, Any]) -> Entry:
    if isinstance(given, Entry):
        return given
    try:
        return msgspec.convert(given, Entry)
    except msgspec.ValidationError as error:
        raise InputError(f"an entry of the ledger cannot be read: {error}") from None
