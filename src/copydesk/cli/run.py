"""copydesk run."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections import Counter
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, field
from importlib import metadata
from typing import TYPE_CHECKING, Any

from copydesk.cli.places import refuse_own_input
from copydesk.cli.progress import progress
from copydesk.cli.show import console, shortened, visible
from copydesk.config import load
from copydesk.errors import ConfigError
from copydesk.intake import READER
from copydesk.io import readers, sources, writers
from copydesk.io.counting import total
from copydesk.io.items import Reading
from copydesk.io.writers import check_place, naming
from copydesk.run.account import now
from copydesk.run.folder import PART_SIZE, Folder
from copydesk.run.manifest import listed, pipeline_identity
from copydesk.run.output import Single, is_special, rejects_beside
from copydesk.run.report import by_first, check_report, report, write_report
from copydesk.run.runner import Staff, run
from copydesk.run.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from copydesk.io.items import Item
    from copydesk.pipeline import Pipeline
    from copydesk.run.account import Account
    from copydesk.run.output import Output
    from copydesk.run.summary import Summary

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/")  # `s3://archive/clean`: a Path has made one slash of two
_SHOWN = 12  # reasons and rejects that the summary shows


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a command line asks for: which documents, how they are run, where they go."""

    inputs: Sequence[str]
    pipeline: str
    config: Path | None = None
    input_form: str | None = None
    reading: Reading = field(default_factory=Reading)
    output: Path | None = None
    output_form: str | None = None
    shape: str = "record"
    segments: bool = False
    rejects: Path | None = None
    resume: bool = False
    overwrite: bool = False
    part_size: int = PART_SIZE
    staff: Staff = field(default_factory=lambda: Staff(processors()))
    reports: Sequence[Path] = ()
    allow_failed: str = "0"
    allow_rejected: str = "100%"
    quiet: bool = False

    def __call__(self) -> int:
        """Read, run, write, and tell on standard error what was done. Returns the exit code."""
        pipeline = loaded(self.config, self.pipeline)
        expected = total(self.inputs, self.input_form) if sys.stderr.isatty() and not self.quiet else None
        skipped: Counter[str] = Counter()
        items = readers.items(self.inputs, self.reading, self.input_form, skipped)
        return self.of(pipeline, items, expected, skipped)

    def of(
        self,
        pipeline: Pipeline,
        items: Iterable[Item],
        expected: int | None = None,
        skipped: Counter[str] | None = None,
    ) -> int:
        """The run of these items; so many are `expected`, where that is known. `skipped`: files that are not read."""
        skipped = Counter() if skipped is None else skipped
        allowed = {"failed": _allowance(self.allow_failed, "failed")}
        allowed["rejected"] = _allowance(self.allow_rejected, "rejected")
        for path in self.reports:
            check_report(path)
        self._check_places()
        work = Work(pipeline, self.reading, self.segments, self.shape)
        output = self._output(pipeline)
        signal = self._run(work, items, output, expected, skipped)
        with suppress(OSError):  # nobody reads it, or the disk that it goes to is full
            if not self.quiet:
                unread = [f"Not read: {sources.endings_told(skipped)}. See --from."] if skipped else []
                show_summary(output.account.summary, [*output.notes, *unread, *self._advice(output, signal)])
        if signal:
            return 128 + signal
        summary = output.account.summary
        return int(any(summary.outcomes[kind] > most(summary.documents) for kind, most in allowed.items()))

    def _run(
        self, work: Work, items: Iterable[Item], output: Output, expected: int | None, skipped: Counter[str]
    ) -> int:
        account = output.account
        with redirect_stdout(sys.stderr), progress(expected, self.quiet, done=account.done) as told:
            signal = run(work, items, output, self.staff, lambda: told(account.summary))
        about = self._about(account, skipped)
        for path in self.reports:
            write_report(path, report(account.summary, about), account.sample)
        return signal

    def _about(self, account: Account, skipped: Counter[str]) -> dict[str, Any]:
        """Which run it was, for its report."""
        return {
            "pipeline": self.pipeline,
            "version": metadata.version("copydesk"),
            "start": account.start,
            "end": now(),
            "seconds": round(account.seconds, 3),
            "starts": account.starts,
            "timed": account.timed,
            "workers": self.staff.workers,
            "inputs": list(self.inputs),
            "not_read": dict(skipped.most_common()),
            "output": str(self.output or "standard output"),
        }

    def _check_places(self) -> None:
        """Writing over what is being read, or twice to one place, would lose it. Raises ConfigError and OutputError."""
        beside = self._rejects(self.output) if self.output and _is_file(self.output) else self.rejects
        taken: dict[str, Path] = {}
        for place in filter(None, (self.output, beside, *self.reports)):
            if _ADDRESS.match(str(place)):
                raise ConfigError(f"{place} is no file or folder of this machine. Write to one, and copy it there.")
            refuse_own_input(self.inputs, place)
            with naming(place):
                if place is self.rejects:
                    check_place("--rejects", place)
                if taken.setdefault(os.path.realpath(place), place) is not place and not _is_device(place):
                    raise ConfigError(f"two things are written to {place}. Give each a place of its own.")

    def _output(self, pipeline: Pipeline) -> Output:
        """Where the records go: by the name, a file; without one standard output; else a folder of parts."""
        path, form = self.output, self.output_form
        if self.shape != "record" and (form == "text" or "parquet" in (form, path and path.suffix.lower()[1:])):
            raise ConfigError(f"--as {self.shape} writes lines of JSON; texts and columns are made of records.")
        if path is None or _is_file(path) or form == "text":
            if self.resume:
                raise ConfigError("--resume is for an output that is a folder of parts: -o clean/")
            plain = path is not None and not path.suffix
            return Single(path, self._rejects(path), form or ("jsonl" if plain else None), segments=self.segments)
        if self.resume and sources.STDIN in self.inputs:
            raise ConfigError("--resume reads the input again, and standard input is gone. Put it into a file.")
        if self.rejects:
            raise ConfigError("--rejects is for an output that is one file; a folder holds its own.")
        return Folder(
            path,
            self._identity(pipeline),
            resume=self.resume,
            overwrite=self.overwrite,
            part_size=self.part_size,
            form=form or writers.ZSTD,
            segments=self.segments,
        )

    def _rejects(self, path: Path | None) -> Path | None:
        if self.rejects or path is None:
            return self.rejects
        return path / "rejects.jsonl" if self.output_form == "text" else rejects_beside(path)

    def _identity(self, pipeline: Pipeline) -> dict[str, str]:
        """All that the bytes of the output depend on."""
        options = {
            "option: text field": self.reading.text_field,
            "option: id field": self.reading.id_field,
            "option: most characters": str(self.reading.max_chars),
            "option: read as": self.input_form or "by name and content",
            "option: written as": self.shape,
            "option: segments": str(self.segments),
        }
        for library in ("pyarrow", "trafilatura"):  # extras that an input or an output may need
            with suppress(metadata.PackageNotFoundError):
                options[f"library: {library}"] = metadata.version(library)
        stamps = ((source.name, source.stamp) for source in sources.sources(self.inputs, self.input_form))
        return {**pipeline_identity(pipeline), **options, **listed("input", stamps)}

    def _advice(self, output: Output, signal: int) -> list[str]:
        """What to do about what did not come out clean."""
        if signal and isinstance(output, Folder):
            return [f"Interrupted. {output.account.done:,} documents are kept in {self.output}; go on with --resume."]
        if signal:
            return ["Interrupted."]
        if output.account.summary.outcomes.keys() <= {"clean"}:
            return []
        place = self.output if isinstance(output, Folder) else self._rejects(self.output)
        if place is None:
            return ["The others were not kept: name a file with --rejects."]
        again = sum(output.account.summary.stopped.values()) - output.account.summary.stopped["failed", READER]
        if not again:
            return [f"What could not be read is told in {place}: mend it where it came from."]
        return [f"The others stand in {place}; `{self._retry(place)}` runs again what could be read."]

    def _retry(self, place: Path) -> str:
        """The command that runs the others again, by the same pipeline."""
        config = ["-c", str(self.config)] if self.config else []
        return shlex.join(["copydesk", "retry", *config, "-p", self.pipeline, str(place)])


def loaded(config: Path | None, name: str) -> Pipeline:
    """The pipeline of that name. What a plugin prints when it is imported is kept out of the records."""
    with redirect_stdout(sys.stderr):
        return load(config)[name]


def _is_file(path: Path) -> bool:
    """Whether an output is one file: it has an ending, or there is a file or a device of that name."""
    with naming(path):
        return not path.is_dir() and bool(path.suffix or path.exists())


def _is_device(path: Path) -> bool:
    return is_special(path) and not path.is_dir()


def staff(workers: int | None, timeout: float, megabytes: int) -> Staff:
    """Who does the work: where no number is given, a process for each processor."""
    return Staff(processors() if workers is None else workers, timeout, megabytes * 1_000_000)


def processors() -> int:
    """The processors that this process may use; none where there are no worker processes."""
    if sys.platform == "win32":
        return 0
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _allowance(text: str, kind: str) -> Callable[[int], float]:
    """How many of n documents may go wrong: `3`, or `5%`."""
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        number = -1
    if not number >= 0:
        raise ConfigError(f"--allow-{kind} takes a number or a share such as 5%, not `{text}`.")
    return (lambda total: total * number / 100) if text.endswith("%") else (lambda _: number)


def show_summary(summary: Summary, notes: Iterable[str]) -> None:
    """What the run did: outcomes, what left the text by role and rule, flags, and the first rejects."""
    out = console(err=True)
    counts = ", ".join(f"{times:,} {outcome}" for outcome, times in summary.outcomes.most_common())
    out.print(f"{summary.documents:,} document{'s'[: summary.documents != 1]}: {counts or 'none'}", style="bold")
    if summary.removals:
        out.print("Left the text:")
    for reason, times in summary.removals.most_common(_SHOWN):
        share = 100 * summary.removed[reason] / max(1, summary.characters)
        out.print(f"  {times:>7,} × {reason.role:<13} {share:5.1f} %  {reason.stage} {reason.rule}")
    if len(summary.removals) > _SHOWN:
        out.print(f"  and {len(summary.removals) - _SHOWN} other reasons")
    changes = ", ".join(f"{stage} {times:,}" for stage, times in by_first(summary.changes).most_common())
    if changes:
        out.print(f"Changed: {changes}")
    if summary.flags:
        out.print("Flags: " + ", ".join(f"{flag} {times:,}" for flag, times in summary.flags.most_common()))
    for id_, why in summary.reasons[:_SHOWN]:
        out.print(f"  {visible(id_)}: {shortened(visible(why), 300)}", style="yellow")
    more = summary.outcomes["rejected"] + summary.outcomes["failed"] - len(summary.reasons[:_SHOWN])
    if more > 0:
        out.print(f"  and {more:,} more")
    for note in notes:
        out.print(note)
