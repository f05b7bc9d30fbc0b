"""How a document reads now, as one string: for the one search that tells whether a stage has work."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from copydesk.document import Document


def as_it_reads(doc: Document) -> str:
    """The raw text while nobody has edited it, which costs nothing; else the segments, a line each."""
    segments = doc.segments
    for segment in segments:
        if segment.edits:
            return "\n".join([segment.text for segment in segments])
    return doc.raw
