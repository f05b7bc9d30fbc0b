"""copydesk run."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copydesk.cli.show import console, safe, shortened
from copydesk.config import load
from copydesk.errors import ConfigError
from copydesk.io import readers, writers
from copydesk.run import Summary, process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from copydesk.document import Document

_SHOWN = 12  # reasons and rejects that the summary shows


class Run:
    """One run: reads the inputs, writes the records, and tells what it did on standard error."""

    def __init__(self, inputs: Sequence[str], pipeline: str, output: Path | None, **options: Any) -> None:
        self.inputs = inputs
        self.output = output
        self.options = options
        self.pipeline = load(options["config"])[pipeline]
        _refuse_own_input(inputs, output)

    def __call__(self, allow_failed: str, allow_rejected: str) -> int:
        """Run, and give the exit code."""
        allowed = {"failed": _allowance(allow_failed, "failed"), "rejected": _allowance(allow_rejected, "rejected")}
        assert self.pipeline.stages  # build before anything is written: a missing extra must not leave half an output
        rejects = _Rejects(self._rejects_file())
        write = writers.writer(self.output)
        with _progress(quiet=self.options["quiet"]) as watch:
            summary = process(
                *(self.pipeline, readers.documents(self.inputs), write, rejects),
                segments=self.options["segments"],
                watch=watch,
            )
        write.close()
        rejects.close()
        if not self.options["quiet"]:
            show_summary(summary, rejects.path if rejects.count else None)
        too_many = [kind for kind, most in allowed.items() if summary.outcomes[kind] > most(summary.documents)]
        return 1 if too_many else 0

    def _rejects_file(self) -> Path | None:
        named: Path | None = self.options["rejects"]
        return named or (writers.rejects_file(self.output) if self.output else None)


class _Rejects:
    """The file of the rejected and failed, made when the first one comes. An older run's is removed."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.count = 0
        self._lines: writers.Lines | None = None
        if path:
            path.unlink(missing_ok=True)

    def write(self, record: Any) -> None:
        self.count += 1
        if self.path:
            self._lines = self._lines or writers.Lines(self.path)
            self._lines.write(record)

    def close(self) -> None:
        if self._lines:
            self._lines.close()


def _refuse_own_input(inputs: Sequence[str], output: Path | None) -> None:
    """Writing over what is being read would lose it."""
    for name in inputs:
        if output and name != readers.STDIN:
            source, target = Path(name).resolve(), output.resolve()
            if target == source or source in target.parents:
                raise ConfigError(f"the output {output} lies in the input {name}. Name another place with -o.")


def _allowance(text: str, kind: str) -> Callable[[int], float]:
    """How many of n documents may go wrong: `3`, or `5%`."""
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        raise ConfigError(f"--allow-{kind} takes a number or a share such as 5%, not `{text}`.") from None
    return (lambda total: total * number / 100) if text.endswith("%") else (lambda _: number)


@contextlib.contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[Document], Any]]:
    """A line that counts documents, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.completed} documents"), TextColumn("{task.speed:.0f}/s"), TimeElapsedColumn()
    with Progress(*columns, console=console(err=True), transient=True) as progress:
        task = progress.add_task("run", total=None)
        progress.columns = columns[:1] + columns[2:]
        yield lambda _: progress.advance(task)


def show_summary(summary: Summary, rejects: Path | None) -> None:
    """What the run did: outcomes, what left the text by role and rule, flags, and the first rejects."""
    out = console(err=True)
    counts = ", ".join(f"{times:,} {outcome}" for outcome, times in summary.outcomes.most_common())
    out.print(f"{summary.documents:,} documents: {counts or 'none'}", style="bold")
    if summary.removals:
        out.print("Left the text:")
    for reason, times in summary.removals.most_common(_SHOWN):
        share = 100 * summary.removed[reason] / max(1, summary.characters)
        out.print(f"  {times:>7,} × {reason.role:<13} {share:5.1f} %  {reason.stage} {reason.rule}")
    if len(summary.removals) > _SHOWN:
        out.print(f"  and {len(summary.removals) - _SHOWN} other reasons")
    changes = ", ".join(f"{stage} {times:,}" for stage, times in _by_stage(summary))
    if changes:
        out.print(f"Changed: {changes}")
    if summary.flags:
        out.print("Flags: " + ", ".join(f"{flag} {times:,}" for flag, times in summary.flags.most_common()))
    for id_, why in summary.reasons[:_SHOWN]:
        out.print(f"  {safe(id_)}: {shortened(safe(why), 300)}", style="yellow")
    if len(summary.reasons) > _SHOWN:
        out.print(f"  and {len(summary.reasons) - _SHOWN:,} more")
    if rejects:
        out.print(f"They stand in {rejects}, and can be run again from there.")
    elif summary.reasons:
        out.print("They were not kept: name a file with --rejects.")


def _by_stage(summary: Summary) -> list[tuple[str, int]]:
    stages: dict[str, int] = {}
    for (stage, _), times in summary.changes.items():
        stages[stage] = stages.get(stage, 0) + times
    return sorted(stages.items(), key=lambda item: -item[1])
