"""A folder of part files: what is done is kept, whatever ends the run, and `--resume` goes on from it.

    part-00000.jsonl.zst ...    the clean records of so many documents of the input, in its order
    rejects.jsonl.zst           the rejected and failed ones, if there are any
    manifest.json               what the run is made of, and which parts are done
    .starts.json                until the end: what its starts took (run/account.py)

A part is finished in four steps, each on the disk before the next: it is written beside its final name; its rejects are
appended to theirs; it gets its name; the manifest that lists it takes the place of the one before. What the manifest
does not list is done again, and what was appended for it is cut off. So a run can end at any step, or the power can,
and a resumed run ends with the same bytes as one that nothing disturbed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from copydesk.errors import OutputError, ResumeError
from copydesk.io.writers import FORMS, ZSTD, File, Lines, Writer, naming, put, sync_folder, writer
from copydesk.run import account, manifest
from copydesk.run.account import Account
from copydesk.run.lock import Lock
from copydesk.run.manifest import Manifest, Part
from copydesk.run.output import parted
from copydesk.run.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Self

    from copydesk.run.batches import Batch
    from copydesk.run.work import Done

PART_SIZE = 5_000
"""Documents: of 4 kB each some 4 MB and, on one processor, seven seconds of work, which is what a killed run loses."""

LOCK = ".lock"
_OURS = re.compile(r"part-\d{5,}\.(jsonl(\.zst|\.gz)?|parquet)|rejects\.jsonl(\.zst|\.gz)?|manifest\.json")
_ASIDE = re.compile(r"\.(part-\d{5,}|rejects|manifest|starts)\..+\.tmp|\.starts\.json")
_CHEAP = 1 << 30  # bytes: so much is read and digested in a second or two
_BLOCK = 1 << 20


class Folder:
    """An Output of part files, each of so many documents of the input or a few more: it ends with a batch.

    On a folder that holds this very run, `resume` goes on with it; in a new or empty one it starts. `overwrite` removes
    what a run has left.
    """

    def __init__(
        self,
        path: Path,
        identity: Mapping[str, str],
        *,
        resume: bool = False,
        overwrite: bool = False,
        part_size: int = PART_SIZE,
        form: str = ZSTD,
        segments: bool = False,
    ) -> None:
        """Raises ResumeError where the folder is in use or holds what it should not, OutputError, and ConfigError."""
        self.path = path
        self.notes: list[str] = []
        self._form, self._size, self._segments = form, part_size, segments
        self._rejects = path / f"rejects{FORMS[_form_of_rejects(form)]}"
        self._part: _Part | None = None
        with naming(path):
            if not path.is_dir():
                path.mkdir(parents=True)
                sync_folder(path.parent)
        self._lock = Lock(path / LOCK)
        try:
            options = {"option: form": form, "option: part size": str(part_size)}
            self._manifest = self._begun(manifest.short({**identity, **options}), resume=resume, overwrite=overwrite)
            self.account = Account.of(path, self._manifest)
            self._tidy()
        except BaseException:
            self._lock.release()
            raise
        self.finished = self._manifest.finished
        if self.finished:
            self._lock.release()
            self.notes.append(f"{path} is finished: {self.account.done:,} documents. There is nothing to do.")
        elif self.account.done:
            self.notes.append(f"Going on in {path} after {self.account.done:,} documents.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the folder, and drop the part that is not finished: it will be done again."""
        with contextlib.ExitStack() as last:
            last.callback(self._lock.release)
            if self._part:
                self._part.drop()

    def add(self, batch: Batch, done: Done) -> None:
        with _with_advice(self.path):
            part = self._part or self._open()
            part.add(done)
            self.account.add(batch, done)
            if part.documents >= self._size:
                self._commit()
                self._save()

    def close(self, *, whole: bool) -> None:
        """Finish the part that is open: as a short one where the input is not at its end, so that it can be used.

        A part of columns cannot be gone on with, so it is not kept then, but done again.
        """
        with _with_advice(self.path):
            if whole and not self._part and self._cut_short:
                self._open()
            if self._part and (whole or self._form != "parquet"):
                self._commit(short=not whole)
            elif self._part:
                self.account.go_back(self._manifest)
            self._manifest.finished = self.finished = whole
            self._save()
            if whole:
                (self.path / account.FILE).unlink(missing_ok=True)
        self.__exit__()

    def _save(self) -> None:
        """Have all that was committed count. The account comes first, for it must know of what the manifest lists."""
        if self._manifest.parts:
            self.account.save(self.path)
        self._manifest.save(self.path)

    # Where a run begins.

    def _begun(self, identity: dict[str, str], *, resume: bool, overwrite: bool) -> Manifest:
        """The manifest of the run that is here, if it is this one, or of a new one. Raises ResumeError."""
        found = manifest.read(self.path)
        if found and resume:
            self._refuse_another(found, identity)
            self._refuse_edited(found)
            return found
        if found and found.parts and not overwrite:
            held = f"{self.path} holds a run of {found.documents:,} documents."
            raise ResumeError(f"{held} Go on with --resume, start anew with --overwrite, or name another folder.")
        strangers = sorted(name for name in self._names() if name != LOCK and not _ASIDE.fullmatch(name))
        if strangers and not found:
            more = f" and {len(strangers) - 1:,} more" if strangers[1:] else ""
            raise ResumeError(
                f"{self.path} holds `{strangers[0]}`{more}, and no run's manifest.json. Name a new or empty folder."
            )
        new = Manifest(identity=identity, summary=_lasting(Summary()))
        new.save(self.path)
        return new

    def _refuse_another(self, found: Manifest, identity: dict[str, str]) -> None:
        difference = manifest.differences(found.identity, identity)
        if difference:
            advice = "Put back what has changed, name another folder, or start anew with --overwrite."
            raise ResumeError(f"{self.path} holds another run: {difference}. {advice}")

    def _refuse_edited(self, found: Manifest) -> None:
        """All sizes are looked at, and the digests of the last part or, where that is quick, of all."""
        cheap = sum(part.bytes + part.rejects_bytes for part in found.parts) <= _CHEAP
        at = 0
        for part in found.parts:
            exact = cheap or part is found.parts[-1]
            self._refuse_changed(self.path / part.file, part.bytes, part.sha256 if exact else "", longer=part.short)
            if part.rejects_bytes:
                at += part.rejects_bytes
                self._refuse_changed(self._rejects, at, "", longer=True)
                if exact and _digest(self._rejects, at - part.rejects_bytes, at) != part.rejects_sha256:
                    raise ResumeError(_changed(self._rejects))

    @staticmethod
    def _refuse_changed(path: Path, size: int, sha256: str, *, longer: bool) -> None:
        """A `longer` file may hold more than is listed: what a run was writing when it ended."""
        found = path.stat().st_size if path.is_file() else -1
        if found < size or (found > size and not longer) or (sha256 and _digest(path, 0, size) != sha256):
            raise ResumeError(_changed(path))

    def _tidy(self) -> None:
        """Remove what the manifest does not list of ours, and cut the rejects to what it does."""
        length = self._manifest.rejects_bytes
        listed = {manifest.FILE, *(part.file for part in self._manifest.parts)}
        if self._manifest.parts and not self._manifest.finished:
            listed.add(account.FILE)
        if length:
            listed.add(self._rejects.name)
        for name in self._names():
            if name not in listed and (_OURS.fullmatch(name) or _ASIDE.fullmatch(name)):
                with naming(self.path / name):
                    (self.path / name).unlink()
        if length:
            with naming(self._rejects):
                os.truncate(self._rejects, length)

    def _names(self) -> list[str]:
        with naming(self.path):
            return [path.name for path in self.path.iterdir()]

    # How a part comes to its end.

    @property
    def _cut_short(self) -> bool:
        parts = self._manifest.parts
        return bool(parts) and parts[-1].short

    def _open(self) -> _Part:
        """Open the part to write: a new one, or the last one where it was cut short, with what is in it."""
        number = len(self._manifest.parts) - self._cut_short
        self._part = part = _Part(self.path, number, self._form, segments=self._segments)
        for before in self._manifest.parts[number:]:
            part.take(before)
        return part

    def _commit(self, *, short: bool = False) -> None:
        """Put the part that is open, its rejects first. It counts when the manifest that lists it is saved."""
        part = self._part
        assert part
        part.close()
        part.append_rejects(self._rejects)
        name = self.path / part.name
        before = self._manifest.parts[: part.number]
        start = sum(part.rejects_bytes for part in before)
        end = self._rejects.stat().st_size if self._rejects.exists() else 0
        entry = Part(
            file=part.name,
            sha256=_digest(part.aside, 0, part.aside.stat().st_size),
            bytes=part.aside.stat().st_size,
            documents=part.documents,
            clean=part.outcomes["clean"],
            rejected=part.outcomes["rejected"],
            failed=part.outcomes["failed"],
            rejects_bytes=end - start,
            rejects_sha256=_digest(self._rejects, start, end) if end > start else "",
            short=short,
        )
        put(part.aside, name)
        self._manifest.parts = [*before, entry]
        self._manifest.summary = _lasting(self.account.summary)
        self._part = None


class _Part:
    """The part that is open: two files under names that are nobody's, one of them only if there are rejects."""

    def __init__(self, folder: Path, number: int, form: str, *, segments: bool) -> None:
        self.number = number
        self.name = f"part-{number:05d}{FORMS[form]}"
        self.aside = folder / f".{self.name}.tmp"
        self.outcomes: Counter[str] = Counter()
        self._folder = folder
        self._rejects_form = _form_of_rejects(form)
        self._rejects_aside = folder / f".rejects{FORMS[self._rejects_form]}.tmp"
        self._rejects: Writer | None = None
        self._clean = writer(form, self.aside, segments=segments)

    @property
    def documents(self) -> int:
        return self.outcomes.total()

    def take(self, part: Part) -> None:
        """Begin with what a part that was cut short holds. Its rejects are where they belong."""
        assert isinstance(self._clean, Lines)
        assert isinstance(self._clean.file, File)
        self.outcomes.update(clean=part.clean, rejected=part.rejected, failed=part.failed)
        if part.clean:
            self._clean.file.take(self._folder / part.file, part.bytes)

    def add(self, done: Done) -> None:
        clean, others = parted(done)
        self._clean.write(clean)
        if others:
            self._rejects = self._rejects or writer(self._rejects_form, self._rejects_aside)
            self._rejects.write(others)
        self.outcomes.update(line.outcome for line in done.lines)

    def close(self) -> None:
        with contextlib.ExitStack() as both:
            both.callback(self._clean.close)
            if self._rejects:
                both.callback(self._rejects.close)

    def append_rejects(self, path: Path) -> None:
        """Put this part's rejects behind those of the parts before."""
        if self._rejects:
            rejects = File(path, append=True)
            try:
                rejects.take(self._rejects_aside)
            finally:
                rejects.close()
            self._rejects_aside.unlink()

    def drop(self) -> None:
        """Let go of it, and make room. What cannot be removed is removed when the run goes on."""
        with contextlib.suppress(OutputError):
            self.close()
        for path in (self.aside, self._rejects_aside):
            with contextlib.suppress(OSError):
                path.unlink()


def _form_of_rejects(form: str) -> str:
    return ZSTD if form == "parquet" else form


def _lasting(summary: Summary) -> dict[str, Any]:
    """What a manifest keeps of a summary: times are never the same twice."""
    return {name: figures for name, figures in summary.packed().items() if name != "seconds"}


def _digest(path: Path, start: int, end: int) -> str:
    """The sha256 of a stretch of a file."""
    whole = hashlib.sha256()
    with naming(path), path.open("rb") as file:
        file.seek(start)
        while start < end and (block := file.read(min(_BLOCK, end - start))):
            whole.update(block)
            start += len(block)
    return whole.hexdigest()


def _changed(path: Path) -> str:
    return f"{path} is not as the run left it. Put it back as it was, or start anew with --overwrite."


@contextlib.contextmanager
def _with_advice(path: Path) -> Iterator[None]:
    try:
        with naming(path):
            yield
    except OutputError as error:
        raise OutputError(f"{error} The parts before are kept: when it can be, go on with --resume.") from error
