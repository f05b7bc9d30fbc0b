"""How a document reads now, as one string: for the one search that tells whether a stage has work, and where."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from copydesk.document import Document, Segment


def as_it_reads(doc: Document) -> str:
    """The raw text while nobody has edited it, which costs nothing; else the segments, a line each."""
    segments = doc.segments
    for segment in segments:
        if segment.edits:
            return "\n".join([segment.text for segment in segments])
    return doc.raw


def holding(doc: Document, text: str, places: Sequence[int]) -> list[Segment]:
    """The segments that hold any of the places, in order, each once. `text` is the document as it reads."""
    if not places:
        return []
    segments = doc.segments
    if text is doc.raw:
        starts = [segment.start for segment in segments]
    else:
        starts = [0, *accumulate([len(segment.text) + 1 for segment in segments])]
    found = dict.fromkeys([bisect_right(starts, place) - 1 for place in places])
    return [segments[number] for number in found]
