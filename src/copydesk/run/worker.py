"""A worker process: it builds the pipeline, then runs one batch after another until its pipe ends.

It is started as `python -c` and not forked: nothing of the parent is in it but the pipe and the pulse, so the parent
may have threads, and a user's own script is not run a second time. Descriptors 0, 1 and 2 are not used: a plugin may
print, or close them. What crosses the pipe to the parent is MessagePack of strings and bytes, never a pickle.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import mmap
import os
import pickle
import signal
import socket
import struct
import sys
import threading
import time
from typing import Any, Literal, NamedTuple

import msgspec

from copydesk.errors import CopydeskError
from copydesk.io.items import Item
from copydesk.run.work import READ, Done, Work

SAMPLE = Item(
    "sample",
    "the sample document",
    "text",
    "Council reopens bridge\n\nMARLOW (AP) — The “old” bridge opened again on Monday, the council said.\n".encode(),
)
"""Run before a worker says that it is ready, and thrown away. What loads on first use is then loaded, so the first
document is not charged for it; and where every document would kill a worker, it shows before one is lost."""

_LEAK = 4
"""A worker that holds a quarter of its memory more after a batch than at its start is replaced: a plugin leaks. Rules
alone come to hold 250 MB more within 4,000 articles, and then no more; a new worker would start that afresh."""

LENGTH = struct.Struct("!Q")
_LINUX = sys.platform == "linux"
_PR_SET_PDEATHSIG = 1


class Reply(msgspec.Struct, array_like=True, frozen=True):
    """What a worker says: that it is ready, a finished batch, or why there is none.

    `wrong`: a pipelines.yaml or a plugin is, so the pipeline cannot be built; `refused`: it cannot for another reason.
    `last`: it says no more, and ends.
    """

    kind: Literal["ready", "wrong", "refused", "done", "fault"]
    text: str = ""
    done: Done | None = None
    last: bool = False


class Stand(NamedTuple):
    """Where a worker stands: a mark that changes with each act, the item's number in the batch, and the stage."""

    mark: int
    number: int
    stage: str


class Pulse:
    """Where a worker stands, in memory that it shares with the parent: it says so without a call to the system.

    One integer, written at once, holds a counter and the item's number; the stage's name follows it. A fifth of a
    microsecond an act. Whoever dies or hangs, however it happens, has left here what it was about to do.
    """

    SIZE = 128
    _STEP = 1 << 20  # the lower bits are the item's number

    def __init__(self, descriptor: int) -> None:
        self._room = mmap.mmap(descriptor, self.SIZE)
        self._cell = memoryview(self._room)[:8].cast("q")
        self._count = 0
        self._stage = ""

    def __call__(self, number: int, stage: str) -> None:
        if stage is not self._stage:
            self._stage = stage
            self._room[8:] = stage.encode()[:120].ljust(120, b"\0")
        self._count += self._STEP
        self._cell[0] = self._count + number

    def reset(self) -> None:
        """Stand at the first item of a batch, before a worker comes to say so itself."""
        self._stage = ""
        self(0, READ)

    def read(self) -> Stand:
        mark = self._cell[0]
        return Stand(mark, mark % self._STEP, self._room[8:].rstrip(b"\0").decode("utf-8", "replace"))

    def close(self) -> None:
        self._cell.release()
        self._room.close()


def main(pipe: int, pulse: int, parent: int) -> None:
    """The whole life of a worker. `pipe` and `pulse` are descriptors, `parent` is the process that started it."""
    _alone(parent, pipe, pulse)
    stream = socket.socket(fileno=pipe).makefile("rwb")
    with contextlib.suppress(OSError, EOFError):  # the parent is gone, or has no more to do
        _serve(stream, Pulse(pulse))


def framed(data: bytes) -> bytes:
    """A message as it goes over the pipe: its length in eight bytes, then itself."""
    return LENGTH.pack(len(data)) + data


def _alone(parent: int, *descriptors: int) -> None:
    """Signals are the parent's to answer; the pipe is not handed on; and no worker outlives its parent."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    import resource  # noqa: PLC0415 (not on Windows, where the module is imported all the same)

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if _LINUX:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_until_orphaned, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(0)


def _until_orphaned(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


def _serve(stream: Any, pulse: Pulse) -> None:
    work, memory = pickle.loads(_received(stream))  # noqa: S301 (from the parent, which is who started this process)
    reply = _ready(work, pulse)
    full = _resident() + memory // _LEAK
    _limit(memory)
    own = os.getpid()
    while True:
        if os.getpid() != own:
            os._exit(0)  # a plugin forked: its child must not answer too
        stream.write(framed(_encoded(reply)))
        stream.flush()
        if reply.last:
            return
        reply = _answer(work, stream, pulse)
        if _resident() > full:
            reply = msgspec.structs.replace(reply, last=True)


def _received(stream: Any) -> bytes:
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        raise EOFError
    (length,) = LENGTH.unpack(head)
    data: bytes = stream.read(length)
    return data


def _encoded(reply: Reply) -> bytes:
    try:
        return msgspec.msgpack.encode(reply)
    except UnicodeEncodeError:  # a document's name is no Unicode, and the summary names it
        assert reply.done
        summary = json.loads(_plain(json.dumps(reply.done.summary, ensure_ascii=False)))
        return msgspec.msgpack.encode(msgspec.structs.replace(reply, done=reply.done._replace(summary=summary)))


def _ready(work: Work, pulse: Pulse) -> Reply:
    try:
        _ = work.pipeline.stages
        work([SAMPLE], pulse)
    except CopydeskError as error:
        return Reply("wrong", _plain(str(error)), last=True)
    except BaseException as error:  # noqa: BLE001 (a plugin may raise anything)
        return Reply("refused", _told(error), last=True)
    return Reply("ready")


def _answer(work: Work, stream: Any, pulse: Pulse) -> Reply:
    try:
        items = [Item(*fields) for fields in pickle.loads(_received(stream))]  # noqa: S301 (as above)
        return Reply("done", done=work(items, pulse))
    except (EOFError, ConnectionError):
        raise
    except MemoryError:
        return Reply("fault", "out of memory", last=True)
    except BaseException as error:  # noqa: BLE001 (a plugin may raise anything, a KeyboardInterrupt too)
        return Reply("fault", _told(error), last=True)


def _told(error: BaseException) -> str:
    name = type(error).__name__
    try:
        return _plain(f"{name}: {error}")
    except BaseException:  # noqa: BLE001 (an exception whose own text raises)
        return name


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _limit(memory: int) -> None:
    """So much more may be taken from here on: past it an allocation fails, in Python with a MemoryError."""
    import resource  # noqa: PLC0415 (as above)

    if _LINUX:
        resource.setrlimit(resource.RLIMIT_AS, (_pages(0) + memory, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _resident() -> int:
    """Bytes that this process holds; where the system does not tell, the most that it ever held."""
    import resource  # noqa: PLC0415 (as above)

    return _pages(1) if _LINUX else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _pages(which: int) -> int:
    """From the system's own account of this process: 0 what is mapped, 1 what is held, in bytes."""
    with open("/proc/self/statm", "rb", buffering=0) as account:  # noqa: PTH123 (after each batch: the quickest)
        return int(account.read(200).split()[which]) * mmap.PAGESIZE
