"""Lines that were broken at a column, joined into the paragraphs that they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from copydesk.document import breaks_line
from copydesk_typography.hyphens import Hyphens, tight
from copydesk_typography.wrapping import goes_on_anywhere, lines, may_be_wrapped, seams, unwrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from copydesk.document import Document, Segment


def join_lines(
    doc: Document,
    *,
    narrowest: Annotated[int, Meta(ge=20, le=200)] = 30,  # a newspaper's column; narrower is verse, or a list
    widest: Annotated[int, Meta(ge=40, le=1000)] = 140,  # mail stops at 80, terminals at 132; wider is a paragraph
) -> None:
    """Join lines that were broken at a column into paragraphs.

    Wires, typewriters, mail and terminals break a text where the line is full: `HULL, Feb 26 - The bank is not under /
    pressure to act`. A document is taken for such a text only where most of its lines had no room for the next word,
    sentences run over the breaks, and paragraphs end where sentences do. A paragraph then starts after a blank line,
    at an indent, or after a line with room to spare that ends a sentence.

    A hyphen at a line's end goes only on evidence: the document holds the word whole elsewhere, or ends so many lines
    on hyphens that it was plainly set with them; else it stays, without a space (`non-` / `performing`). Chinese
    and Japanese are joined without one; Thai, which ends no sentence with a stop, stays in lines.

    Left alone: a document with a line for each paragraph, web pages, verse, lists, scores, tables (columns, leaders,
    figures), code, lines of one clause each as for a teleprompter, and the headline above the story. A list or a table
    inside a wrapped text stays in lines. What is in doubt stays in lines.
    """
    if not may_be_wrapped(doc, narrowest, widest):
        return
    read = lines(doc)
    if not goes_on_anywhere(read, narrowest, widest):
        return
    found = seams(read, doc.keep, widest)
    goes_on = unwrapped(found, narrowest, widest, sum(segment.end - segment.start for segment in doc.segments))
    if not goes_on:
        return
    hyphens = Hyphens(doc.segments)
    for run in reversed([*_runs(doc, goes_on)]):  # from the end: the list that each join shifts is then the shortest
        changes = tight(run, hyphens)
        doc.join(*run, rule="hard-wrap").change(changes, rule="tight")


def _runs(doc: Document, goes_on: set[int]) -> Iterator[list[Segment]]:
    """Segments that are one paragraph, in order: lines that go on, and the parts of a line that was split and kept."""
    run: list[Segment] = []
    is_wrapped = False
    for segment in doc.segments:
        is_kept = segment.role in doc.keep and segment.text != ""
        is_next = segment.start in goes_on
        is_same = is_kept and bool(run) and run[-1].role == segment.role
        if is_same and (is_next or not breaks_line(doc.raw[run[-1].end : segment.start])):
            run.append(segment)
            is_wrapped |= is_next
            continue
        if is_wrapped:
            yield run
        run, is_wrapped = [segment] if is_kept else [], False
    if is_wrapped:
        yield run
