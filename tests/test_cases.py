"""Every case of tests/cases: what a stage makes of a text, and what must hold whatever it makes of it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec
import pytest
import yaml
from conftest import plugins

from copydesk.ledger import restore
from copydesk.pipeline import Pipeline, Spec, Step
from copydesk.testing import check_partition, differences

FOLDER = Path(__file__).parent / "cases"
KNOWN = {"label", "in", "out", "facts", "flags", "roles", "options", "stages", "why", "kind"}


class Case(msgspec.Struct, forbid_unknown_fields=True, rename={"text": "in"}):
    """One case. A `negative` one must come out as it went in; a `known-failure` should pass one day."""

    label: str
    text: str
    why: str
    out: str | None = None
    facts: dict = {}
    flags: list[str] | None = None
    roles: list[tuple[str, str]] | None = None
    options: dict = {}
    stages: list[str] = []
    kind: str = "wild"

    def steps(self, stage: str) -> tuple[str, ...]:
        return tuple(self.stages or [stage])


def read_cases():
    for path in sorted(FOLDER.glob("*.yaml")):
        for entry in yaml.safe_load(path.read_text("utf-8")):
            case = msgspec.convert(entry, Case)
            marks = [pytest.mark.xfail(strict=True)] if case.kind == "known-failure" else []
            yield pytest.param(path.stem, case, id=f"{path.stem}: {case.label}", marks=marks)


CASES = list(read_cases())
SOUND = [pytest.param(*case.values, id=case.id) for case in CASES]
MET = [pytest.param(*case.values, id=case.id) for case in CASES if not case.marks]


@cache
def pipeline(stages: tuple[str, ...], options: bytes) -> Pipeline:
    named = msgspec.json.decode(options)
    kinds = plugins().stages
    steps = tuple(Step(name, converted(kinds[name], named if name == stages[-1] else {})) for name in stages)
    return Pipeline(Spec(name="case", steps=steps), plugins())


def converted(kind, values):
    return {
        name: value if kind.options[name].offered else msgspec.convert(value, kind.options[name].type, dec_hook=as_path)
        for name, value in values.items()
    }


def as_path(type_, value):
    return FOLDER / value


def run(stage: str, case: Case):
    return pipeline(case.steps(stage), msgspec.json.encode(case.options))(case.text)


@pytest.mark.parametrize(("stage", "case"), CASES)
def test_a_case_comes_out_as_it_says(stage, case):
    doc = run(stage, case)
    expected = case.text if case.kind == "negative" and case.out is None else case.out
    if expected is not None:
        assert doc.text == expected.strip("\n")
    assert not differences(case.facts, doc.record())
    if case.flags is not None:
        assert doc.flags == case.flags
    if case.roles is not None:
        left = [(segment.role, segment.text) for segment in doc.segments if segment.role not in doc.keep]
        assert left == case.roles


@pytest.mark.parametrize(("stage", "case"), SOUND)
def test_a_case_keeps_what_always_holds(stage, case):
    doc = run(stage, case)
    check_partition(doc)
    if doc.outcome != "clean":
        return
    assert restore(doc.text, doc.ledger) == doc.raw
    assert run(stage, case).record() == doc.record(), "two runs differ"


@pytest.mark.parametrize(("stage", "case"), MET)
def test_a_clean_text_stays_as_it_is(stage, case):
    once = run(stage, case)
    again = run(stage, msgspec.structs.replace(case, text=once.text))
    assert again.text == once.text


def test_labels_are_unique():
    by_stage: dict[str, list[Case]] = {}
    for parameter in CASES:
        stage, case = parameter.values
        by_stage.setdefault(stage, []).append(case)
    for stage, listed in by_stage.items():
        labels = [case.label for case in listed]
        assert len(labels) == len(set(labels)), stage
