"""Where finished batches go: a file, standard output, or a folder of texts. Parts of a folder: run/folder.py.

Each takes batches in the order of the input, keeps count of them, and ends in one of three ways: `close(whole=True)`
when the input is at its end, `close(whole=False)` after an interrupt, and leaving its `with` block after an error.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from copydesk.errors import ConfigError, OutputError, ResumeError
from copydesk.io.writers import Texts, Writer, ending, form_of, naming, put, writer
from copydesk.run.account import Account
from copydesk.run.lock import locked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from copydesk.run.batches import Batch
    from copydesk.run.work import Done


class Output(Protocol):
    """Takes what came of each batch.

    The `account` is of what is in it already; a `finished` one needs no more. `notes` are for whoever started the run.
    All may raise OutputError, and BrokenPipeError on standard output.
    """

    account: Account
    finished: bool
    notes: list[str]

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def add(self, batch: Batch, done: Done) -> None: ...
    def close(self, *, whole: bool) -> None: ...


def parted(done: Done) -> tuple[list[bytes], list[bytes]]:
    """The records of a finished batch: the clean ones, and the rejected and failed ones."""
    clean = [line.record for line in done.lines if line.outcome == "clean"]
    return clean, [line.record for line in done.lines if line.outcome != "clean"]


def is_special(path: Path) -> bool:
    """Whether what stands there is no regular file: a device, a named pipe, a folder."""
    return path.exists() and not path.is_file()


class Aside:
    """A file that is written beside its final name, and has that only when it is whole.

    What is no regular file (a device, a named pipe) is written as it stands; behind a link, the file it leads to is.
    Raises ResumeError where another run is writing it.
    """

    def __init__(self, path: Path, form: str, *, segments: bool = False) -> None:
        with naming(path):
            direct = is_special(path)
        self.path = path if direct else Path(os.path.realpath(path))  # /dev/stdout leads to a name that is none
        self.aside = path if direct else _part_of(self.path)
        self._lock = None if direct else _held(self.aside, path)
        try:
            self._writer = writer(form, self.aside, segments=segments)
        except BaseException:
            if self._lock and not os.fstat(self._lock.fileno()).st_size:
                self.aside.unlink()
            self._release()
            raise

    @property
    def left(self) -> bool:
        """Whether it stands under another name than its final one."""
        return self.aside != self.path and self.aside.exists()

    def write(self, lines: Sequence[bytes]) -> None:
        self._writer.write(lines)

    def close(self) -> None:
        """See that all of it is on the disk. Nobody else can write it yet."""
        self._writer.close()

    def put(self) -> None:
        """Close it and give it its name."""
        self.close()
        if self.aside != self.path:
            put(self.aside, self.path)
        self._release()

    def leave(self) -> None:
        """Let go of it, under the name that it has."""
        try:
            self.close()
        finally:
            self._release()

    def _release(self) -> None:
        if self._lock:
            self._lock.close()


def _held(aside: Path, path: Path) -> IO[bytes] | None:
    """The lock on a file that is to be written; none where the system has no locks, or renames no file that is open."""
    if sys.platform == "win32":
        return None
    try:
        return locked(aside, lambda _: f"{path} is being written by another run. Wait for its end, or name another.")
    except OutputError:  # what cannot be opened is told by who writes it
        return None


class Single:
    """One file, standard output (no path), or a folder of texts; and a file of rejects, if there are any.

    A run that is interrupted leaves `<name>.part`. Without a place for the rejects they are counted, and not kept.
    """

    def __init__(
        self, path: Path | None, rejects: Path | None, form: str | None = None, *, segments: bool = False
    ) -> None:
        """Without a `form` the path's name tells it. Raises ConfigError and OutputError."""
        self.account = Account()
        self.finished = False
        self.notes: list[str] = []
        self._rejects_path = rejects
        self._rejects: Aside | None = None
        self._clean = _clean_writer(path, form, segments=segments)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OutputError, BrokenPipeError):
            self._let_go()

    def add(self, batch: Batch, done: Done) -> None:
        clean, others = parted(done)
        self._clean.write(clean)
        if others and self._rejects_path:
            self._rejects = self._rejects or Aside(self._rejects_path, form_of(self._rejects_path))
            self._rejects.write(others)
        self.account.add(batch, done)

    def close(self, *, whole: bool) -> None:
        """Give the files their names, the rejects first: a file that is there has its rejects beside it."""
        if not whole:
            self._let_go()
            return
        self._clean.close()
        if self._rejects:
            self._rejects.put()
        elif self._rejects_path and not is_special(self._rejects_path):
            _remove_older(self._rejects_path)
        if isinstance(self._clean, Aside):
            self._clean.put()
        self.finished = True
        if isinstance(self._clean, Texts) and self._clean.renamed:
            self.notes.append(
                f"{self._clean.renamed:,} records had an id that was taken; their names end in ~ and a number."
            )

    def _let_go(self) -> None:
        for file in (self._clean, self._rejects):
            if isinstance(file, Aside):
                file.leave()
            elif file:
                file.close()
        if isinstance(self._clean, Aside) and self._clean.left:
            if self.account.done:
                self.notes = [f"{self._clean.aside} holds what was done so far."]
            else:
                self._clean.aside.unlink()


def _remove_older(path: Path) -> None:
    """Remove the rejects of an older run, and what an interrupted one left of them; not what is being written."""
    part = _part_of(path)
    with naming(path), contextlib.suppress(ResumeError):
        path.unlink(missing_ok=True)
        if part.exists() and (lock := _held(part, path)):
            part.unlink()
            lock.close()


def _part_of(path: Path) -> Path:
    """The name under which a file is written before it has its own."""
    return path.with_name(f"{path.name}.part")


def _clean_writer(path: Path | None, form: str | None, *, segments: bool) -> Writer:
    if path is None:
        return writer(form or "jsonl", None)
    if form == "text":
        return _new_texts(path)
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    return Aside(path, form or form_of(path), segments=segments)


def _new_texts(path: Path) -> Texts:
    """A folder of texts is a new one: of a file that is there nobody could say which run it is of."""
    texts = Texts(path)
    if any(path.iterdir()):
        raise ConfigError(
            f"{path} is not empty. Texts are written to a new or empty folder; empty it, or name another."
        )
    return texts


def rejects_beside(path: Path) -> Path | None:
    """Where the rejected and failed documents of an output file go: `news.jsonl.zst` has `news.rejects.jsonl.zst`.

    Nothing belongs beside a device or a pipe.
    """
    if is_special(path):
        return None
    end = ending(path)
    return path.with_name(f"{path.name.removesuffix(end)}.rejects{'.jsonl' if form_of(path) == 'parquet' else end}")
