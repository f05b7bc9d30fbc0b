"""The service's workers: so many processes, each with a thread that hands it one batch at a time.

A batch holds documents of one request only, so what hangs holds up its own request and no other; and nobody waits for a
batch to fill. A thread each, because what a batch costs is then known to one `Workers` alone: a document that kills its
process, or stands still in it, comes out failed as in a run, while the other threads go on.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, NamedTuple

from copydesk.errors import ConfigError, WorkerError
from copydesk.run.batches import Batch
from copydesk.run.worker import SAMPLE
from copydesk.run.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from copydesk.io.items import Item
    from copydesk.run.work import Line
    from copydesk.server.desk import Desk, Order


class Job(NamedTuple):
    """A batch that waits for a worker, and where its lines are to be put."""

    order: Order
    items: Sequence[Item]
    lines: Future[list[Line]]


class Crew:
    """Threads with a worker each, and the queue that they take from."""

    def __init__(self, desk: Desk, count: int, *, timeout: float, memory: int) -> None:
        self.desk = desk
        self.count = count
        self.timeout = timeout
        self.memory = memory
        self.ready: set[int] = set()  # the threads whose worker has built its pipelines
        self.fault: ConfigError | WorkerError | None = None
        self._settled = threading.Event()
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._work, name=f"worker {n}", daemon=True) for n in range(count)]

    def start(self) -> None:
        """Start the workers, and wait until the first has built its pipelines. Raises what keeps it from it."""
        for thread in self._threads:
            thread.start()
        self._settled.wait()
        if not self.ready:
            assert self.fault
            raise self.fault

    def end(self) -> None:
        """End the workers. Who is in the middle of a batch may end it first."""
        for _one in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(self.timeout)

    @property
    def waiting(self) -> int:
        """Batches that no worker has taken yet."""
        return self._jobs.qsize()

    async def run(self, order: Order, items: Sequence[Item]) -> list[Line]:
        """A line for each item. Who is cancelled while it waits costs no worker anything.

        Raises WorkerError where no worker can be had.
        """
        job = Job(order, items, Future())
        self._jobs.put(job)
        return await asyncio.wrap_future(job.lines)

    def _work(self) -> None:
        """The life of a thread: a worker, made ready; then job after job."""
        while True:
            with Workers(self.desk, 1, timeout=self.timeout, memory=self.memory) as workers:
                self._rehearse(workers)
                if not self._serve(workers):
                    return

    def _rehearse(self, workers: Workers) -> None:
        """Have a worker before the first request comes. Where none can be had, the next job will hear of it too."""
        try:
            for _ in workers.map([Batch(0, [SAMPLE])]):
                self.ready.add(threading.get_ident())
                self.fault = None
        except (ConfigError, WorkerError) as error:
            self.fault = error
        self._settled.set()

    def _serve(self, workers: Workers) -> bool:
        """Do what comes. False at the end; True where the workers are spent and others must be had."""
        jobs = (job for job in self._waiting() if job.lines.set_running_or_notify_cancel())
        return not all(self._done(workers, job) for job in jobs)

    def _waiting(self) -> Iterator[Job]:
        while (job := self._jobs.get()) is not None:
            yield job

    def _done(self, workers: Workers, job: Job) -> bool:
        workers.work = self.desk.of(job.order)
        try:
            for _, done in workers.map([Batch(0, [*job.items])]):
                job.lines.set_result(done.lines)
        except Exception as error:  # noqa: BLE001 (whatever it is, who waits must hear of it)
            self.ready.discard(threading.get_ident())
            job.lines.set_exception(error)
            return False
        return True
