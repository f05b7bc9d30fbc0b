"""Work in several processes: what a plugin does to its own process costs the document that it did it on, no other.

The parent owns the assignment: one pipe a worker, one batch at a time, so that what a dead worker held is known. The
worker's pulse, in shared memory, names the document and the stage that it stood at. The rest of its batch is run
again without that document, and the document once more alone; what kills or hangs a second worker, or hangs one that it
had to itself, comes out failed, with the reason. The parts of a batch are put together in the order of its items, so
the lines are those of an undisturbed run.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Self

import msgspec

from copydesk.document import Document
from copydesk.errors import ConfigError, WorkerError
from copydesk.io.documents import document
from copydesk.run.summary import Summary
from copydesk.run.work import READ, Done, Line, Work
from copydesk.run.worker import LENGTH, Pulse, Reply, Stand, framed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from copydesk.io.items import Item
    from copydesk.run.batches import Batch

TIMEOUT = 10.0  # seconds
"""How long one stage may take for one document. A stage takes milliseconds; ten seconds are a hang, or a bomb."""

MEMORY = 2_000_000_000  # bytes
"""How much a worker may take beyond what it holds at its start. Ten million characters of English, the longest document
that is read by default, took 0.2 GB in the house pipeline; other letters take up to four times that."""

_START = 120.0  # seconds without a sign of life while the pipeline is built: large models load in 15 s of computing
_FIRST_USE = 10.0  # seconds that a stage has on the sample document beyond its timeout, for what loads on first use
_DEAD_STARTS = 3  # workers that die before they are ready, with nothing done in between: the next would die too
_AHEAD = 8  # batches a worker that are read before the first of them has come out
_TICK = 0.1  # seconds between two looks at the pulses
_GLANCE = 1.0  # seconds that one look adds at most: a parent that was itself stopped blames no worker
_PARTING = 1.0  # seconds that workers have to end by themselves, once their pipes are closed
_HINT = "`--workers 0` runs in one process, without protection."
_HANGS = "Every document would hang there: mend the stage or leave it out; one that is slow needs a longer --timeout."
_LOADS = "A plugin's import or its `__init__` hangs, or takes longer; `--workers 0` waits for it without end."
_REPLY = msgspec.msgpack.Decoder(Reply)

_LINUX = sys.platform == "linux"

# Libraries that start a thread for each core get one: the workers are the parallel part.
_THREADS = ("MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")


class Here:
    """The work done in this process, a batch after another, in the shape of `Workers`. What hangs or kills it is not
    caught.
    """

    def __init__(self, work: Work) -> None:
        self.work = work
        self._stopped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to end."""

    def stop(self) -> None:
        self._stopped = True

    def map(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Done]]:
        for batch in batches:
            yield batch, self.work(batch.items)
            if self._stopped:
                return


class Workers:
    """Processes that run batches, started as batches wait for them. Leaving the context ends them.

        with Workers(work, 2) as workers:
            for batch, done in workers.map(batches(items)):
                ...

    `timeout`: seconds that one stage may take for one document. `memory`: bytes that a worker may take beyond what it
    holds once the pipeline is built (enforced on Linux). Raises WorkerError where workers cannot be had at all, and
    ConfigError where what they are to build is wrong.
    """

    def __init__(self, work: Work, count: int, *, timeout: float = TIMEOUT, memory: int = MEMORY) -> None:
        if sys.platform == "win32":
            raise WorkerError(f"Worker processes run on Linux and macOS. {_HINT}")
        self.work = work
        self.count = max(1, count)
        self.timeout = timeout
        self._hello = framed(pickle.dumps((work, memory)))
        self._workers: list[_Worker] = []
        self._tasks: deque[_Task] = deque()
        self._stopped = False
        self._dead_starts = 0
        self._looked = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end(self._workers)

    @property
    def processes(self) -> list[int]:
        """The process numbers of the workers that run now."""
        return [worker.process.pid for worker in self._workers]

    def stop(self) -> None:
        """Pull no more batches; those under way still come out. May be called from a signal handler."""
        self._stopped = True

    def map(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Done]]:
        """Each batch with what was done of it, in order. Batches are pulled as they are needed, a few ahead.

        One map at a time. A map that is left early takes its busy workers with it. So does, on Linux, the end of the
        thread that started them: call it in one that goes on.
        """
        source = iter(batches)
        courses: deque[_Course] = deque()
        self._looked = time.monotonic()
        try:
            while True:
                self._pull(source, courses)
                if not courses:
                    return
                self._look(0 if courses[0].complete else _TICK)
                self._assign()
                if courses[0].complete:
                    course = courses.popleft()
                    yield course.batch, course.done()
        finally:
            self._tasks.clear()
            self._end([worker for worker in self._workers if worker.task])

    def _pull(self, source: Iterator[Batch], courses: deque[_Course]) -> None:
        while not self._stopped and len(courses) < _AHEAD * self.count:
            batch = next(source, None)
            if batch is None:
                return
            course = _Course(batch)
            courses.append(course)
            self._tasks.append(_Task(course, list(range(len(batch.items)))))
            self._assign()

    def _assign(self) -> None:
        """Give waiting tasks to idle workers. For those that still wait, workers are started."""
        for worker in self._workers:
            if self._tasks and worker.ready and not worker.task:
                worker.take(self._tasks.popleft())
        waited_for = sum(not worker.ready for worker in self._workers)
        while len(self._tasks) > waited_for and len(self._workers) < self.count:
            self._start()
            waited_for += 1

    def _start(self) -> None:
        """One worker more. Where the system has no room for it, those that there are must do."""
        try:
            self._workers.append(_Worker(self._hello))
        except OSError as error:
            if not self._workers:
                raise WorkerError(f"no worker can be started: {error}. {_HINT}") from error
            self.count = len(self._workers)

    def _look(self, wait: float) -> None:
        """Wait until a worker has something to say; hear them all; bury the dead, and who stands still too long."""
        poll = select.poll()
        for worker in self._workers:
            poll.register(worker.pipe, select.POLLIN | (select.POLLOUT if worker.unsent else 0))
        poll.poll(wait * 1000)
        now = time.monotonic()
        passed, self._looked = min(now - self._looked, _GLANCE), now
        for worker in list(self._workers):
            ended = worker.process.poll() is not None  # asked first: what it said before is still in the pipe
            for reply in worker.replies():
                self._hear(worker, reply)
            if worker not in self._workers:
                continue
            if ended or worker.closed:
                self._bury(worker, worker.cause_of_death())
            elif worker.hangs(passed, self.timeout):
                self._bury(worker, f"timeout after {self.timeout:g} s", hangs=True)

    def _hear(self, worker: _Worker, reply: Reply) -> None:
        task = worker.task
        if reply.kind == "wrong":
            raise ConfigError(reply.text.removeprefix(": "))  # a pipeline of no file has no place
        if reply.kind == "refused":
            raise WorkerError(f"a worker cannot build the pipeline: {reply.text}")
        if reply.kind == "ready":
            worker.ready = True
            self._dead_starts = 0
        elif task and reply.done and len(reply.done.lines) == len(task.places):
            task.course.keep(task.places, reply.done)
            worker.task = None
            self._dead_starts = 0
        elif task:
            self._bury(worker, reply.text or "the worker's answer does not fit")
            return
        if reply.last:
            self._end([worker])

    def _bury(self, worker: _Worker, reason: str, *, hangs: bool = False) -> None:
        """End a worker that is dead, hangs or is broken. What it held is run again without the document it stood at."""
        stand = worker.pulse.read()
        if not worker.ready:
            self._count_start(worker, reason)
        self._end([worker])
        if worker.task:
            self._run_again(worker.task, stand, f"{reason} in stage {stand.stage}", hangs=hangs)

    def _count_start(self, worker: _Worker, reason: str) -> None:
        self._dead_starts += 1
        if self._dead_starts == _DEAD_STARTS:
            message = f"{_DEAD_STARTS} workers in a row died before their first document: {reason}"
            raise WorkerError(f"{message}, {worker.standing()}. {_HINT}")

    def _run_again(self, task: _Task, stand: Stand, reason: str, *, hangs: bool) -> None:
        """All but the document that it stood at, then that one alone, for the last time.

        A batch that costs a second worker goes on one by one: who is named may not be who did it (a thread, say). One
        that hangs and was alone has had its time: somebody may be waiting for it.
        """
        course, places = task.course, list(task.places)
        culprit = places.pop(min(stand.number, len(places) - 1))
        if task.last or (hangs and not places):
            course.keep([culprit], _failed(self.work, course.batch.items[culprit], stand.stage, reason))
            return
        rest = [[place] for place in places] if task.again else [places] if places else []
        pieces = [*(_Task(course, piece, again=True) for piece in rest), _Task(course, [culprit], last=True)]
        self._tasks.extendleft(reversed(pieces))

    def _end(self, workers: Sequence[_Worker]) -> None:
        for worker in workers:
            worker.leave()
        until = time.monotonic() + _PARTING
        for worker in list(workers):
            worker.end(until)
            self._workers.remove(worker)


class _Task(NamedTuple):
    """Items of one batch for one worker: their places in it.

    `again`: what is left of a batch that has cost a worker. `last`: what a worker stood at, alone, once more.
    """

    course: _Course
    places: list[int]
    again: bool = False
    last: bool = False


class _Course:
    """A batch on its way, and what is done of it: the whole in one piece, or in several where a worker was lost."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.lines: dict[int, Line] = {}
        self.summaries: list[dict[str, object]] = []

    @property
    def complete(self) -> bool:
        return len(self.lines) == len(self.batch.items)

    def keep(self, places: Sequence[int], done: Done) -> None:
        self.lines.update(zip(places, done.lines, strict=True))
        self.summaries.append(done.summary)

    def done(self) -> Done:
        lines = [self.lines[place] for place in range(len(self.lines))]
        if len(self.summaries) == 1:
            return Done(lines, self.summaries[0])
        total = Summary()
        for summary in self.summaries:
            total.add(Summary.unpacked(summary))
        return Done(lines, total.packed())


class _Worker:
    """One process, the parent's end of its pipe, its pulse, and what it has been given to do.

    The pipe is never waited for: a worker that does not read, or stops in the middle of a word, holds nobody up.
    """

    def __init__(self, hello: bytes) -> None:
        with contextlib.ExitStack() as ours, _shared() as memory:
            self.pulse = Pulse(memory.fileno())
            ours.callback(self.pulse.close)
            self.pipe, theirs = map(ours.enter_context, socket.socketpair())
            self.process = _process(theirs.fileno(), memory.fileno())
            ours.pop_all()
            theirs.close()
        self.pipe.setblocking(False)
        self.unsent = memoryview(hello)
        self.heard = bytearray()
        self.closed = False
        self.ready = False
        self.task: _Task | None = None
        self.mark = 0
        self.still = 0.0

    def take(self, task: _Task) -> None:
        self.task = task
        self.still = 0.0
        self.pulse.reset()
        items = [tuple(task.course.batch.items[place]) for place in task.places]
        self.unsent = memoryview(framed(pickle.dumps(items)))
        self._send()

    def replies(self) -> Iterator[Reply]:
        """Send what is still to be sent, and give the messages that have come whole."""
        self._send()
        self._receive()
        while len(self.heard) >= LENGTH.size:
            end = LENGTH.size + LENGTH.unpack_from(self.heard)[0]
            if len(self.heard) < end:
                return
            message = bytes(memoryview(self.heard)[LENGTH.size : end])
            del self.heard[:end]
            yield _reply(message)

    def hangs(self, passed: float, timeout: float) -> bool:
        """Whether it has stood still for too long. `passed`: the seconds since it was last looked at."""
        stand = self.pulse.read()
        idle = self.ready and not self.task
        self.still = 0.0 if idle or stand.mark != self.mark else self.still + passed
        self.mark = stand.mark
        if not self.ready:
            self._check_start(timeout + _FIRST_USE if stand.stage else _START, _HANGS if stand.stage else _LOADS)
        return self.ready and self.still > timeout

    def _check_start(self, most: float, advice: str) -> None:
        if self.still > most:
            raise WorkerError(f"a worker was not ready after {most:g} s: {self.standing()}. {advice}")

    def standing(self) -> str:
        """Where it stands before it is ready, for messages."""
        stage = self.pulse.read().stage
        return f"in stage {stage} on a sample document" if stage else "while the pipeline was built"

    def leave(self) -> None:
        """Close the pipe, which an idle worker answers by ending. One that is busy, or not ready, is killed."""
        self.pipe.close()
        if self.task or not self.ready:
            self.process.kill()

    def end(self, until: float) -> None:
        try:
            self.process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:  # a plugin's thread goes on
            self.process.kill()
            self.process.wait()
        self.pulse.close()

    def _send(self) -> None:
        try:
            while self.unsent:
                self.unsent = self.unsent[self.pipe.send(self.unsent) :]
        except BlockingIOError:
            pass
        except OSError:
            self.closed = True

    def _receive(self) -> None:
        try:
            while data := self.pipe.recv(1 << 18):
                self.heard += data
                self.still = 0.0
            self.closed = True
        except BlockingIOError:
            pass
        except OSError:
            self.closed = True

    def cause_of_death(self) -> str:
        try:
            code = self.process.wait(_PARTING)
        except subprocess.TimeoutExpired:
            return "worker closed its pipe"
        return f"worker exited with {code}" if code >= 0 else f"worker died: signal {_signal_name(-code)}"


def _shared() -> BinaryIO:
    """Memory for a pulse, as a file without a name; where the system has none such, a file that is deleted already."""
    file: BinaryIO = os.fdopen(os.memfd_create("pulse"), "w+b") if _LINUX else tempfile.TemporaryFile()  # noqa: SIM115
    file.write(bytes(Pulse.SIZE))  # so that the room is taken: a full disk is an error here, and no crash later
    file.flush()
    return file


def _process(pipe: int, pulse: int) -> subprocess.Popen[bytes]:
    """A worker's process, in the parent's own world of modules. What it prints goes to standard error.

    Signals are held back until it has turned them off: an interrupt at the keyboard reaches every process of the group.
    """
    ours = [os.dup(pipe), os.dup(pulse)]  # copies are above 0, 1 and 2, also where those were closed
    code = (
        f"import sys; sys.path[:] = {[*map(str, sys.path)]!r}; "
        f"from copydesk.run.worker import main; main({ours[0]}, {ours[1]}, {os.getpid()})"
    )
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # noqa: SLF001 (as multiprocessing)
    held = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        return subprocess.Popen(  # noqa: S603 (this very Python)
            [sys.executable, *flags, "-P", "-c", code],
            stdin=subprocess.DEVNULL,
            stdout=_errors(),
            pass_fds=ours,
            env={**dict.fromkeys(_THREADS, "1"), **os.environ},
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
        for descriptor in ours:
            os.close(descriptor)


def _errors() -> int:
    try:
        os.fstat(2)
    except OSError:
        return subprocess.DEVNULL
    return 2


def _reply(message: bytes) -> Reply:
    try:
        return _REPLY.decode(message)
    except msgspec.DecodeError as error:
        return Reply("fault", f"the worker's answer cannot be read: {error}", last=True)


def _failed(work: Work, item: Item, stage: str, reason: str) -> Done:
    """The item as a document that failed. Where reading it is what kills, its bytes are its text."""
    doc = _unread(item) if stage == READ else document(item, work.reading)
    doc.fail(stage, reason)
    summary = Summary()
    summary.count(doc)
    return Done([Line(doc.outcome, doc.json(segments=work.segments))], summary.packed())


def _unread(item: Item) -> Document:
    return Document(item.data.decode("utf-8", "replace"), id=item.id)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
