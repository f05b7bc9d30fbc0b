"""A pipelines.yaml from outside: checked as one on the disk is, but it loads no code and opens no file.

Whoever may send a text to be cleaned may also send the pipeline that shall clean it. Its stages are those that the
service has loaded: of the installed plugins, and of the drop-ins that its own pipelines.yaml names. `plugins:` would
run code of the sender's choice, and a path would read a file of this machine and show its lines in an error; both are
refused. The paths that the service's own pipelines name are let through.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from copydesk.config import FILE, File, Pipelines
from copydesk.errors import ConfigError, Problem
from copydesk.yamlfile import YamlFile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from copydesk.pipeline import Pipeline, Step
    from copydesk.plugins import Plugins

SIZE = 64_000
"""Characters of a pipelines.yaml that is taken: the house's own has a tenth of it."""


def from_outside(text: str, folder: Path, known: Collection[Path] = (), plugins: Plugins | None = None) -> Pipelines:
    """The pipelines of a text. `known`: the paths that it may name, relative ones being meant from `folder`.

    `plugins`: what is loaded, whose stages it may use; the installed ones where none are given.

    Raises ConfigError with every mistake, each with its place.
    """
    if len(text) > SIZE:
        raise ConfigError([Problem(FILE, 1, 1, f"has {len(text):,} characters; {SIZE:,} are taken here.")])
    file = YamlFile(FILE, text)
    for name, key, _ in file.root.items() if file.root else ():
        if name == "plugins":
            file.problem(key, "`plugins` is refused here: it would run code. The service's own stages are there.")
    file.close()
    reading = File(file, folder / FILE)
    reading.plugins = plugins or reading.plugins
    pipelines = reading.pipelines()
    for pipeline in pipelines.values():
        file.problems += _strange_paths(pipeline.spec.steps, known, file.lines)
    file.close()
    return Pipelines(folder / FILE, pipelines, reading.plugins)


def paths_of(pipelines: Iterable[Pipeline]) -> frozenset[Path]:
    """Every path that the options of these pipelines name."""
    return frozenset(path for one in pipelines for step in one.spec.steps for path in _paths(step.options))


def problems(error: ConfigError) -> list[dict[str, Any]]:
    """What is wrong, each mistake with its line and column in the file; of one in another file, its whole text."""
    return [
        {"line": one.line, "column": one.column, "message": one.message}
        if one.file == FILE
        else {"line": 1, "column": 1, "message": str(one)}
        for one in error.problems or [Problem(FILE, 1, 1, str(error))]
    ]


def _strange_paths(steps: Iterable[Step], known: Collection[Path], lines: list[str]) -> Iterator[Problem]:
    for step in steps:
        for path in _paths(step.options):
            if path not in known:
                message = f"the stage `{step.name}` names the file `{path.name}`; from here none is opened."
                yield Problem(FILE, step.line, step.column, message, lines[step.line - 1])


def _paths(value: Any) -> Iterator[Path]:
    """Every path in an option's value, however deep."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, msgspec.Struct):
        yield from _paths(list(msgspec.structs.astuple(value)))
    elif isinstance(value, dict):
        yield from _paths([*value, *value.values()])
    elif isinstance(value, (list, tuple, set, frozenset)):
        for part in value:
            yield from _paths(part)
