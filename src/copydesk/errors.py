"""What can go wrong, as one small tree.

CopydeskError
 ├── ConfigError     a pipelines.yaml, a rule file or a command line is wrong; holds every problem found
 ├── PluginError     a plugin is broken, or offers what it must not
 ├── StageError      a stage failed on one document
 ├── InputError      an input cannot be read
 ├── OutputError     an output cannot be written
 ├── ResumeError     a folder holds, or is used by, another run
 └── WorkerError     workers die before they do anything, or the books do not balance

A message says where, what and what to do next. Only the faces print it.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from json import JSONDecodeError
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


_WINDOW = 110  # characters of a source line that a message shows


class CopydeskError(Exception):
    """Anything that copydesk raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a file: where it stands (line and column count from 1) and what to do about it.

    Without a file it is of a pipeline that was made in code.
    """

    file: str
    line: int
    column: int
    message: str
    source: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: {self.message}" if self.file else self.message
        if not self.source.strip():
            return place
        first = max(0, self.column - _WINDOW // 2) if len(self.source) > _WINDOW else 0
        text = self.source.replace("\t", " ")[first : first + _WINDOW].rstrip()
        return f"{place}\n    {text}\n    {' ' * (self.column - 1 - first)}^"


class ConfigError(CopydeskError):
    """A file or an option is wrong. `problems` holds every mistake found, in the order of the file."""

    def __init__(self, problems: Iterable[Problem] | str) -> None:
        self.problems = () if isinstance(problems, str) else tuple(dict.fromkeys(problems))
        super().__init__(problems if isinstance(problems, str) else "\n".join(map(str, self.problems)))


class PluginError(CopydeskError):
    """A plugin cannot be loaded or offers something that does not fit. `plugin` is its name."""

    def __init__(self, plugin: str, message: str) -> None:
        self.plugin = plugin
        super().__init__(f"plugin `{plugin}`: {message}")

    def __reduce__(self) -> tuple[type[PluginError], tuple[str, str]]:
        return PluginError, (self.plugin, str(self).split(": ", 1)[1])


class StageError(CopydeskError):
    """A stage failed on a document, or did what a stage must not. `stage` is its name."""

    def __init__(self, stage: str, message: str) -> None:
        self.stage = stage
        super().__init__(message)

    def __reduce__(self) -> tuple[type[StageError], tuple[str, str]]:
        return StageError, (self.stage, str(self))


class InputError(CopydeskError):
    """An input file, or one record of it, cannot be read."""


class OutputError(CopydeskError):
    """A file of the output cannot be written: the disk is full, the folder is read-only, the device failed."""


class ResumeError(CopydeskError):
    """A folder is in use by another run, or holds a run of another configuration or of other inputs."""


class WorkerError(CopydeskError):
    """Workers die at their start or at every document; or a run's documents do not add up."""


def did_you_mean(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """A sentence that names the nearest known word, or nothing: `' Did you mean `remove_promos`?'`."""
    near = get_close_matches(word, list(known), n=1, cutoff=cutoff)
    return f" Did you mean `{near[0]}`?" if near else ""


def json_fault(error: ValueError) -> str:
    """What the parser says of one line of JSON, with the column alone: the caller knows the line."""
    if isinstance(error, JSONDecodeError):
        return f"{error.msg.removesuffix(' at')} at column {error.pos + 1}"
    return str(error)
