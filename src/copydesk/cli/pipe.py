"""copydesk pipe."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

from copydesk.io import writers
from copydesk.io.formats import jsonl
from copydesk.io.sources import STDIN, Source
from copydesk.run.batches import Batch
from copydesk.run.runner import Staff, workforce

if TYPE_CHECKING:
    from copydesk.run.work import Work


def answer(work: Work, staff: Staff) -> None:
    """Answer each line of standard input with one of standard output, before the next is read."""
    stdin = Source("stdin", "stdin", STDIN)
    output = writers.writer("jsonl", None)
    with stdin.open() as stream, workforce(work, staff) as force, redirect_stdout(sys.stderr):
        for number, item in enumerate(jsonl.lines(stream, stdin, work.reading)):
            for _, done in force.map([Batch(number, [item])]):
                output.write([line.record for line in done.lines])
