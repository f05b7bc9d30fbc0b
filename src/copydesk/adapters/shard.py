"""A shard of files through `copydesk run`, in a process of its own: the work of an operator, or of an asset.

Documents stay in files; the engine is told the folder's address and the figures. A shard that was interrupted or killed
is gone on with by the next attempt, and one that is finished answers at once.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from copydesk.config import load
from copydesk.errors import ConfigError, CopydeskError, InputError, OutputError, PluginError, ResumeError, WorkerError
from copydesk.io.sources import ENDINGS, unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAX_BAD = 0.05
"""The share of documents that may be rejected or fail. An archive has a few per cent of them; a wrong column, all."""

PERMANENT = (ConfigError, PluginError)
"""What no further attempt mends. Other errors may pass: a disk is full, an input is not there yet, a run was killed."""

_FAULTS = {3: WorkerError, 4: OutputError, 5: ResumeError}  # by exit code; docs/runs.md and the command line have them
_ALL = "--allow-failed=100%", "--allow-rejected=100%"  # how many may be is the engine's question
_SAYS = "copydesk: "
_LINES = 40  # of what the run said last: enough for an error with all of its places


@dataclass(kw_only=True)
class Shard:
    """Inputs, and the folder that their records go to. `options` are further ones of `copydesk run`."""

    inputs: Sequence[str]
    folder: str
    pipeline: str = "reprints"
    config: str | None = None
    workers: int | None = None
    options: Sequence[str] = ()
    _process: subprocess.Popen[str] | None = field(default=None, init=False, repr=False)

    def run(self, told: Callable[[str], object]) -> dict[str, Any]:
        """The figures; `told` hears each line that the run says. Raises one of `PERMANENT`, or a CopydeskError."""
        Path(self.folder).mkdir(parents=True, exist_ok=True)  # so that a name with a dot in it is a folder's too
        with TemporaryDirectory() as aside:
            report = Path(aside, "run.json")
            code, said = self._said(self._command(report), told)
            if code:
                raise self._fault(code, said)
            return self._figures(json.loads(report.read_text("utf-8")))

    def stop(self) -> None:
        """Let the documents under way come out, and end; `run` then raises. From a signal handler, or a thread."""
        if self._process:
            self._process.terminate()

    def _command(self, report: Path) -> list[str]:
        named = {"pipeline": self.pipeline, "output": self.folder, "config": self.config, "workers": self.workers}
        options = [f"--{name}={value}" for name, value in named.items() if value is not None]
        options += ["--resume", f"--report={report}", *_ALL, *map(str, self.options)]  # a flow's YAML makes 64 of "64"
        return [sys.executable, "-P", "-m", "copydesk", "run", *options, "--", *self.inputs]

    def _said(self, command: list[str], told: Callable[[str], object]) -> tuple[int, str]:
        """The exit code, and the last that it said."""
        last: deque[str] = deque(maxlen=_LINES)
        with subprocess.Popen(  # noqa: S603 (this very Python)
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        ) as self._process:
            assert self._process.stderr
            try:
                for line in self._process.stderr:
                    last.append(line)
                    told(line.rstrip())
            except BaseException:  # the engine's own time limit, or its interrupt
                self.stop()
                self._process.communicate()
                raise
        return self._process.returncode, "".join(last).strip()

    def _fault(self, code: int, said: str) -> CopydeskError:
        """What an exit code stands for. 2 is for an input, and for a pipeline that cannot be built: so it is built."""
        _, ours, message = said.rpartition(_SAYS)
        if code in _FAULTS:
            return _FAULTS[code](message)
        if code != 2:
            kept = f"What it has done is kept in {self.folder}; the next attempt goes on from there."
            return CopydeskError(f"the run ended with exit code {code}. {kept}\n{message}".strip())
        if not ours:
            return ConfigError(message)
        try:
            load(self.config)[self.pipeline]
        except PERMANENT as error:
            return error
        return InputError(message)

    def _figures(self, report: dict[str, Any]) -> dict[str, Any]:
        """Plain and small, for an engine's own database."""
        counts = {outcome: report["documents"][outcome] for outcome in ("clean", "rejected", "failed")}
        return {
            "folder": self.folder,
            "rejects": next(map(str, Path(self.folder).glob("rejects.*")), None),
            "documents": report["documents"]["in"],
            **counts,
            "bad": (counts["rejected"] + counts["failed"]) / max(1, report["documents"]["in"]),
            "removed": {row["role"]: row["characters"] for row in report["removals"]["by_role"]},
            "seconds": report["about"]["seconds"],
        }


def share(max_bad: float) -> float:
    """Raises ConfigError for what is no share, such as 5 for 5 %."""
    if not 0 <= max_bad <= 1:
        raise ConfigError(f"`max_bad` is a share from 0 to 1, such as {MAX_BAD}, not {max_bad}.")
    return max_bad


def too_bad(figures: dict[str, Any], max_bad: float) -> str:
    """Why a shard cannot be taken, or nothing."""
    if figures["bad"] <= max_bad:
        return ""
    counts = f"{figures['rejected']:,} rejected and {figures['failed']:,} failed of {figures['documents']:,} documents"
    return (
        f"{counts} are more than `max_bad` allows, {max_bad:.1%}. Their reasons stand in {figures['rejects']}. "
        f"A shard that is finished stays so: to run it anew, remove {figures['folder']}."
    )


def name_of(source: str) -> str:
    """A shard's name, for its folder: `raw/2026-11-22.jsonl.gz` is `2026-11-22`."""
    name = unpacked(PurePath(source).name)
    stem, dot, ending = name.rpartition(".")
    return stem if dot + ending in ENDINGS else name
