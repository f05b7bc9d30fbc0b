"""The figures of a run as one plain mapping, and the file that they go to: JSON for programs, a page for people."""

from __future__ import annotations

import json
import os
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from copydesk.errors import ConfigError, OutputError
from copydesk.io.writers import check_place

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from copydesk.run.sample import Sample
    from copydesk.run.summary import Summary

PAGE = ".html"
FIGURES = ".json"


def report(summary: Summary, about: Mapping[str, Any]) -> dict[str, Any]:
    """What a run did, as plain lists and mappings: docs/report.md names every key.

    `about` says which run it was: `pipeline`, `version`, `start`, `end`, `seconds` (by the clock), `workers`, `inputs`,
    `output`; and, where that is not one start and all documents, the `starts` and how many documents are `timed`;
    `not_read` counts files in folders by ending. Lists have their largest first.
    """
    about = {"starts": 1, "timed": summary.documents, "not_read": {}, **about}
    return {
        "about": about,
        "documents": _documents(summary, about),
        "characters": {"in": summary.characters, "kept": summary.kept, "removed": summary.removed.total()},
        "removals": {
            "by_role": _removals(summary, "role"),
            "by_stage": _removals(summary, "stage"),
            "by_rule": _removals(summary, "role", "stage", "rule"),
        },
        "changes": {
            "by_stage": _rows(by_first(summary.changes), "times", "stage"),
            "by_rule": _rows(summary.changes, "times", "stage", "rule"),
        },
        "flags": _rows(summary.flags, "documents", "flag"),
        "languages": _rows(summary.languages, "documents", "language"),
        "time": _time(summary.seconds),
        "stopped": {
            "by_stage": _rows(summary.stopped, "documents", "outcome", "stage"),
            "first": [{"id": id_, "reason": reason} for id_, reason in summary.reasons],
        },
    }


def _documents(summary: Summary, about: Mapping[str, Any]) -> dict[str, Any]:
    outcomes = {outcome: summary.outcomes[outcome] for outcome in ("clean", "rejected", "failed")}
    speed = about["timed"] / about["seconds"] if about["seconds"] else 0.0
    return {"in": summary.documents, **outcomes, "per_second": round(speed, 1)}


def _removals(summary: Summary, *names: str) -> list[dict[str, Any]]:
    """The removals by some of role, stage and rule: how often, and how many characters."""
    times: Counter[tuple[str, ...]] = Counter()
    characters: Counter[tuple[str, ...]] = Counter()
    for reason, number in summary.removals.items():
        key = tuple(getattr(reason, name) for name in names)
        times[key] += number
        characters[key] += summary.removed[reason]
    return [
        {**row, "times": times[tuple(row[name] for name in names)]} for row in _rows(characters, "characters", *names)
    ]


def _rows(counter: Mapping[Any, int], figure: str, *names: str) -> list[dict[str, Any]]:
    """A counter as rows of names and one figure, the largest first."""
    pairs = [(key if isinstance(key, tuple) else (key,), number) for key, number in counter.items()]
    return [
        {**dict(zip(names, key, strict=True)), figure: number}
        for key, number in sorted(pairs, key=lambda pair: (-pair[1], pair[0]))
    ]


def by_first(counter: Mapping[tuple[str, str], int]) -> Counter[str]:
    """The sums by the first of two names: changes by stage."""
    sums: Counter[str] = Counter()
    for (first, _), number in counter.items():
        sums[first] += number
    return sums


def _time(seconds: Mapping[str, float]) -> list[dict[str, Any]]:
    """The processor's time by stage. `read`, `ledger` and `write` stand among the stages: they cost time too."""
    total = sum(seconds.values()) or 1.0
    return [
        {"stage": stage, "seconds": round(spent, 3), "share": round(spent / total, 4)}
        for stage, spent in sorted(seconds.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def check_report(path: Path) -> None:
    """Raises ConfigError where a report cannot go there."""
    if path.suffix.lower() not in (FIGURES, PAGE):
        raise ConfigError(f"--report takes a file that ends in {FIGURES} or {PAGE}, not `{path}`.")
    check_place("--report", path)


def write_report(path: Path, figures: Mapping[str, Any], sample: Sample) -> None:
    """Write the figures as JSON, or a page with the sample, as the file's name ends. Raises OutputError.

    The JSON is plain ASCII: a file name that is not UTF-8 survives, and nothing in an id can drive a terminal.
    """
    if path.suffix.lower() == PAGE:
        from copydesk.run.page import page  # noqa: PLC0415 (most runs have no page)

        text = page(figures, sample.documents)
    else:
        text = json.dumps(figures, indent=1) + "\n"
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: the report cannot be written: {error.strerror}.") from error
    finally:
        with suppress(OSError):
            part.unlink()
