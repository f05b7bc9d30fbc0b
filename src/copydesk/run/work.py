"""The work on one batch: items in, finished records out. It is the same in this process and in a worker's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from copydesk.io.documents import document
from copydesk.io.items import Item, Reading
from copydesk.run.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from copydesk.document import Document
    from copydesk.pipeline import Pipeline

READ, WRITE = "read", "write"
"""What is counted beside the stages: making documents of items, and records of documents."""


class Line(NamedTuple):
    """A finished document: its outcome, and its record as one line of JSON (without the line's end)."""

    outcome: str
    record: bytes


class Done(NamedTuple):
    """A finished batch: a line for each item, in order, and what was counted."""

    lines: list[Line]
    summary: dict[str, Any]


class Work(msgspec.Struct, frozen=True):
    """How items become lines: the pipeline, how they are read, and what their records hold."""

    pipeline: Any  # a Pipeline; it pickles as its spec
    reading: Reading = Reading()
    segments: bool = False
    shape: str = "record"  # or another of copydesk.io.shapes

    def __call__(self, items: Sequence[Item], watch: Callable[[int, str], Any] | None = None) -> Done:
        """Run a batch. `watch` is told before each act: the item's number in the batch, and the stage."""
        pipeline: Pipeline = self.pipeline
        _ = pipeline.stages  # built before the clock runs
        summary = Summary()
        clock = _Clock(summary, watch)
        docs = []
        for number, item in enumerate(items):
            clock(number, READ)
            docs.append(document(item, self.reading))
        pipeline.batch(docs, clock)
        lines = []
        for number, doc in enumerate(docs):
            clock(number, WRITE)
            record = encoded(doc, self._record)
            summary.count(doc)
            lines.append(Line(doc.outcome, record))
        clock.stop()
        return Done(lines, summary.packed())

    def _record(self, doc: Document) -> bytes:
        if self.shape == "record" or doc.outcome != "clean":
            return doc.json(segments=self.segments)
        from copydesk.io.shapes import SHAPES  # noqa: PLC0415 (most runs write plain records)

        return msgspec.json.encode(SHAPES[self.shape](doc.record()))


def encoded(doc: Document, record: Callable[[Document], bytes]) -> bytes:
    """A document's record. One on which a stage noted what JSON cannot hold failed in that stage."""
    try:
        return record(doc)
    except Exception:
        fact = next((fact for fact in doc.facts if not _holds(fact.value)), None)
        if fact is None:
            raise
        kind = type(fact.value).__name__
        noted = f"the stage `{fact.stage}` noted the fact `{fact.kind}` on document `{doc.id}`"
        doc.fail(fact.stage, f"{noted}, of the type {kind}: JSON cannot hold it, or what is in it.")
        return record(doc)


def _holds(value: object) -> bool:
    """Whether JSON can hold a value."""
    try:
        msgspec.json.encode(value)
    except (UnicodeEncodeError, OverflowError):
        return True  # a record has a way for these
    except Exception:  # noqa: BLE001 (a value may be of a plugin's own making)
        return False
    return True


class _Clock:
    """Counts the processor's time by stage, and tells who watches."""

    def __init__(self, summary: Summary, watch: Callable[[int, str], Any] | None) -> None:
        self.seconds = summary.seconds
        self.watch = watch
        self.name = READ
        self.since = time.thread_time()

    def __call__(self, number: int, name: str) -> None:
        if name != self.name:
            self.stop()
            self.name = name
        if self.watch:
            self.watch(number, name)

    def stop(self) -> None:
        now = time.thread_time()
        self.seconds[self.name] += now - self.since
        self.since = now
