"""A run: items to batches, batches to workers, what they finished to the output, each document exactly once."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from copydesk.errors import WorkerError
from copydesk.run.batches import batches
from copydesk.run.workers import MEMORY, TIMEOUT, Here, Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import FrameType

    from copydesk.io.items import Item
    from copydesk.run.batches import Batch
    from copydesk.run.output import Output
    from copydesk.run.summary import Summary
    from copydesk.run.work import Work


@dataclass(frozen=True)
class Staff:
    """Who does the work: so many processes (0: this one, without protection), and what each may take.

    `timeout` is in seconds, for one stage on one document; `memory` in bytes, for one worker.
    """

    workers: int = 1
    timeout: float = TIMEOUT
    memory: int = MEMORY


def run(
    work: Work,
    items: Iterable[Item],
    output: Output,
    staff: Staff,
    told: Callable[[], object] = lambda: None,
) -> int:
    """Run all items that the output does not hold yet; `told` is called for each batch once the output has it.

    The first interrupt lets the batches under way come out and keeps them; the second stops at once. Returns the
    signal's number, or 0 for a run that reached its end. Raises WorkerError where the documents do not add up.
    """
    if output.finished:
        return 0
    books = _Books(output.account.done)
    with output, workforce(work, staff) as force, _interrupts(force.stop, books) as signals:
        for batch, done in force.map(_until_enough(batches(books.entered(items), first=output.account.done))):
            output.add(batch, done)
            told()
        if not signals:
            books.balance(output.account.summary)
        output.close(whole=not signals)
    return signals[0] if signals else 0


def workforce(work: Work, staff: Staff) -> Workers | Here:
    """Who does the work, as a context that gives them."""
    if staff.workers == 0:
        return Here(work)
    return Workers(work, staff.workers, timeout=staff.timeout, memory=staff.memory)


class _Enough(BaseException):
    """An interrupt came while the input was being waited for. No reader may take it for an error of its own."""


def _until_enough(cut: Iterable[Batch]) -> Iterator[Batch]:
    """The batches until an interrupt. One that was not yet full is dropped: cut there, it would be another batch."""
    try:
        yield from cut
    except _Enough:
        return


class _Books:
    """Counts what comes in, to compare it with what went out, and knows when it is being waited for."""

    def __init__(self, before: int) -> None:
        self.before = before
        self.entries = 0
        self.waiting = False

    def entered(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items less those of an earlier run."""
        left = iter(items)
        while True:
            self.waiting = True
            item = next(left, None)
            self.waiting = False
            if item is None:
                return
            self.entries += 1
            if self.entries > self.before:
                yield item

    def balance(self, summary: Summary) -> None:
        """Raises WorkerError unless each document that came in went out once."""
        if summary.documents != self.entries:
            raise WorkerError(
                f"{self.entries:,} documents came in, but {summary.documents:,} are counted: "
                f"{dict(summary.outcomes)}. This is a fault of copydesk; please report it with the command."
            )


@contextmanager
def _interrupts(stop: Callable[[], object], books: _Books) -> Iterator[list[int]]:
    """The signals that asked the run to end: the first is noted and calls `stop`, the second is a KeyboardInterrupt."""
    noted: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        if noted:
            raise KeyboardInterrupt
        noted.append(number)
        stop()
        if books.waiting:  # for a pipe that may say nothing for hours
            raise _Enough

    if threading.current_thread() is not threading.main_thread():
        yield noted
        return
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
