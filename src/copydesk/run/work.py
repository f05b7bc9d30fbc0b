"""The work on one batch: items in, finished records out. It is the same in this process and in a worker's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from copydesk.io.items import Item, Reading, document
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
            summary.count(doc)
            lines.append(Line(doc.outcome, self._record(doc)))
        clock.stop()
        return Done(lines, summary.packed())

    def _record(self, doc: Document) -> bytes:
        if self.shape == "record" or doc.outcome != "clean":
            return doc.json(segments=self.segments)
        from copydesk.io.shapes import SHAPES  # noqa: PLC0415 (most runs write plain records)

        return msgspec.json.encode(SHAPES[self.shape](doc.record()))


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
