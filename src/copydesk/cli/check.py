"""copydesk check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from copydesk.cli.show import console
from copydesk.config import load
from copydesk.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from copydesk.config import Pipelines
    from copydesk.errors import Problem


def check_all(files: Sequence[Path]) -> None:
    """Load each file and build its pipelines, which reads their rules. Raises ConfigError with all mistakes."""
    problems: list[Problem] = []
    for file in files or (None,):
        try:
            pipelines = load(file)
        except ConfigError as error:
            problems += error.problems
            continue
        if wrong := [problem for pipeline in pipelines.values() for problem in pipeline.problems]:
            problems += wrong
        else:
            show_checked(pipelines)
    if problems:
        raise ConfigError(problems)


def show_checked(pipelines: Pipelines) -> None:
    out = console()
    for pipeline in pipelines.values():
        count = sum(len(rules) for rules in pipeline.rules)
        stages = f"{len(pipeline.stages)} stages, {count:,} rules, {len(pipeline.spec.examples)} examples"
        out.print(f"{pipelines.path}: {pipeline.name}: {stages}: ok")
    for fault in pipelines.plugins.faults:
        console(err=True).print(str(fault), style="yellow")
