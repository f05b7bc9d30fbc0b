"""copydesk test: the examples of a pipelines.yaml and of its rules."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from copydesk.cli.show import console, safe, visible
from copydesk.columns import COLUMNS
from copydesk.config import load
from copydesk.errors import StageError, did_you_mean
from copydesk.rules import Rule, example_faults
from copydesk.testing import differences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from typing import Any

    from copydesk.document import Document
    from copydesk.pipeline import Example, Pipeline

_SHOWN = 20  # rules without an example that are named


def test_file(file: Path | None) -> int:
    """Run all examples, show what differs, and give the exit code."""
    out = console()
    pipelines = load(file)
    passed = failed = 0
    rules: dict[str, Rule] = {}
    for pipeline in pipelines.values():
        rules |= {rule.id: rule for book in pipeline.rules for rule in book}
        for example in pipeline.spec.examples:
            faults = example_differences(pipeline, example)
            passed, failed = passed + (not faults), failed + bool(faults)
            if faults:
                out.print(f"{pipelines.path}:{example.line}: {pipeline.name}: {example.label}", style="bold red")
                out.print("\n".join(f"    {safe(fault)}" for fault in faults))
    rule_faults = list(_rule_faults(rules.values()))
    for fault in rule_faults:
        out.print(safe(fault), style="red")
    silent = [rule.id for rule in rules.values() if not rule.examples]
    if silent:
        more = f" and {len(silent) - _SHOWN} more" if len(silent) > _SHOWN else ""
        out.print(f"Rules that no example fires, {len(silent)}: {', '.join(silent[:_SHOWN])}{more}", style="yellow")
    out.print(f"examples: {passed} passed, {failed} failed; {len(rules):,} rules, {len(rule_faults)} faults in theirs")
    return 1 if failed or rule_faults else 0


def _rule_faults(rules: Iterable[Rule]) -> Iterator[str]:
    for rule in rules:
        for fault in example_faults(rule):
            yield f"{rule.place}: rule `{rule.id}` {fault}"


def example_differences(pipeline: Pipeline, example: Example) -> list[str]:
    """Where a pipeline does not do what an example of it says, in lines to read."""
    try:
        doc = pipeline(example.text)
    except StageError as error:
        return [str(error)]
    if example.rejected is not None or doc.outcome == "rejected":
        return _rejection(doc, example)
    record = doc.record()
    faults = [*misnamed(example.facts), *differences(example.facts, {**record.get("facts", {}), **record})]
    if example.out is not None and doc.text != example.out.strip("\n"):
        faults += text_diff(example.out.strip("\n"), doc.text)
    return faults


def misnamed(facts: Mapping[str, Any]) -> list[str]:
    """Names of facts that are nearly the record's: to say that there is no such fact would otherwise hold for ever."""
    hints = {name: did_you_mean(name, COLUMNS) for name in facts if name not in COLUMNS}
    return [f"no fact is called `{name}`.{hint}" for name, hint in hints.items() if hint]


def _rejection(doc: Document, example: Example) -> list[str]:
    if doc.outcome != "rejected":
        return [f"it came out {doc.outcome}; it should be rejected: {example.rejected}"]
    if example.rejected is None or example.rejected != doc.reason:
        return [f"rejected by {doc.stopped_by}: {doc.reason}"]
    return []


def text_diff(expected: str, found: str) -> list[str]:
    """The difference of two texts, line by line: `-` is missing, `+` should not be there, `?` points at the place."""
    lines = difflib.ndiff(expected.split("\n"), found.split("\n"))
    return [f"{line[:2]}{visible(line[2:])}" for line in lines if not line.startswith("  ") and line[2:].strip()]
