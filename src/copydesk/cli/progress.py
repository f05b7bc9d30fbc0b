"""How a run is going: one living line on a terminal, a plain line every ten seconds elsewhere, on standard error.

Nothing here has a thread of its own: a line is only written when a batch is done. So none comes into the midst of what
else goes to standard error, and between two batches that take long there is none.
"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from copydesk.cli.show import console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from copydesk.run.summary import Summary

    Told = Callable[[Summary], None]

_PLAIN = 10.0  # seconds from one plain line to the next: a log of a night stays short
_LIVING = 0.1  # and of a living one: as often as an eye can follow


@contextmanager
def progress(
    total: int | None, quiet: bool, *, done: int = 0, clock: Callable[[], float] = time.monotonic
) -> Iterator[Told]:
    """Gives what is to be told the summary after each batch.

    `total` is the number of documents where it is known; `done` those of an earlier run that this one goes on from.
    """
    pace = Pace(total, done, clock)
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty() and not console(err=True).is_dumb_terminal:
        with _living(pace) as told:
            yield told
    else:
        yield lambda summary: _plain(pace, summary)


class Pace:
    """How fast a run goes, from its start on, and when it was last told."""

    def __init__(self, total: int | None, done: int, clock: Callable[[], float]) -> None:
        self.total = total
        self.done = done
        self.clock = clock
        self.start = self.last = clock()

    def is_due(self, seconds: float) -> bool:
        """Whether so many seconds went by since the last time that it was due."""
        now = self.clock()
        if now - self.last < seconds:
            return False
        self.last = now
        return True

    def line(self, summary: Summary) -> str:
        """`12,000 of 50,000 documents (24 %), 640/s, 3 rejected, 0 failed, 59 s left`."""
        documents = summary.documents
        rate = (documents - self.done) / max(self.last - self.start, 1e-9)
        outcomes = summary.outcomes
        parts = [self._share(documents), f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s"]
        parts += f"{outcomes['rejected']:,} rejected", f"{outcomes['failed']:,} failed"
        if self.total and rate:
            parts.append(f"{_span(max(0, self.total - documents) / rate)} left")
        return ", ".join(parts)

    def _share(self, documents: int) -> str:
        if not self.total:
            return f"{documents:,} documents"
        return f"{documents:,} of {self.total:,} documents ({100 * documents // self.total} %)"


def _plain(pace: Pace, summary: Summary) -> None:
    if pace.is_due(_PLAIN):
        with suppress(OSError):  # whoever read the log is gone: no reason to stop the run
            sys.stderr.write(pace.line(summary) + "\n")
            sys.stderr.flush()


@contextmanager
def _living(pace: Pace) -> Iterator[Told]:
    """One line that is written over. The terminal's own standard output is left alone: records may go there."""
    from rich.live import Live
    from rich.text import Text

    out = console(err=True)
    with Live(
        "", console=out, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
    ) as live:

        def told(summary: Summary) -> None:
            if pace.is_due(_LIVING):
                live.update(Text(pace.line(summary), overflow="ellipsis", no_wrap=True), refresh=True)

        yield told


def _span(seconds: float) -> str:
    """A time as one says it: `40 s`, `12 min`, `3 h 05 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"
