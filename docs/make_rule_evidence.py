"""Writes docs/rule_evidence.md, what each rule did on the development sets: `python docs/make_rule_evidence.py`.

It runs the default pipeline over ../shared/data, which takes some minutes; `copydesk score --rules` does the same with
sets of your own. A test checks that the page has every rule; another, a slow one, that its figures are current.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from copydesk.cli.app import DEFAULT
from copydesk.cli.score import SetScore, measure_set
from copydesk.config import house_file, load
from copydesk.evidence import Evidence, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from copydesk.config import Pipelines
    from copydesk.rules import Rule

DATA = Path(__file__).parents[2] / "shared/data"
HEAD = """# Rules by evidence

How often each rule fired on the development sets, in the pipeline `{pipeline}`, and how often against gold: what it
took stands in the gold body, by half of its words or more, and is not in the clean text. *Judged* are the places that
left the text of a document whose gold has a body or roles. A rule with many places against gold wants a look, not
always a change: a gold body may hold a dateline or a bio that others call clutter. [scoring.md](scoring.md) tells
how to have the same for sets of your own.

This page is written by `python docs/make_rule_evidence.py`. It has no article's text.

{sets}

{rules:,} rules; {never:,} of them never fired here. They wait for pages in other languages, or of other publishers.
"""
TABLE = "| rule | role | fired | documents | judged | against |\n|---|---|---:|---:|---:|---:|"


def evidence_of(
    pipelines: Pipelines, sets: Iterable[Path], limit: int | None = None
) -> tuple[Evidence, dict[str, int]]:
    """What the rules did on the sets, and how many documents each set has."""
    pipeline = pipelines[DEFAULT]
    evidence = Evidence(rules_of(pipelines))
    documents: dict[str, int] = {}
    for path in sets:
        score = SetScore(path.stem, worst=0)
        measure_set(pipeline, path, score, limit, evidence)
        documents[path.stem] = score.total.documents
    return evidence, documents


def rules_of(pipelines: Pipelines) -> list[Rule]:
    """Every rule of every pipeline, once."""
    found = (rule for pipeline in pipelines.values() for book in pipeline.rules for rule in book)
    return list({rule.id: rule for rule in found}.values())


def page(evidence: Evidence, documents: Mapping[str, int]) -> str:
    """The page: the rules by their files, then what the stages sign with names that stand in no file."""
    packs: dict[str, list[str]] = {}
    for id_ in evidence.rules:
        packs.setdefault(id_.split("/")[0], []).append(id_)
    sets = ["| set | documents |", "|---|---:|", *(f"| {name} | {n:,} |" for name, n in documents.items())]
    never = {rule.id for rule in evidence.never()}
    figures = {"sets": "\n".join(sets), "rules": len(evidence.rules), "never": len(never)}
    parts = [HEAD.format(pipeline=DEFAULT, **figures)]
    for pack in sorted(packs):
        parts += pack_lines(pack, packs[pack], evidence, never)
    others = {reason: record for reason, record in evidence.records.items() if reason.rule not in evidence.rules}
    names = {reason: f"{reason.stage} {reason.rule}".strip() for reason in others}
    parts += ["## Signed by stages\n", TABLE, *(row(names[r], r.role, others[r]) for r in sorted(others)), ""]
    return "\n".join(parts)


def pack_lines(pack: str, ids: list[str], evidence: Evidence, never: set[str]) -> Iterator[str]:
    """One file of rules: those that fired in a table, the others by name."""
    yield f"## {pack}\n"
    fired = {reason: record for reason, record in evidence.records.items() if reason.rule in ids}
    if fired:
        yield TABLE
        order = {id_: number for number, id_ in enumerate(ids)}
        for rule, role in sorted({(r.rule, r.role) for r in fired}, key=lambda key: (order[key[0]], key[1])):
            yield row(rule, role, added(record for r, record in fired.items() if (r.rule, r.role) == (rule, role)))
        yield ""
    silent = [f"`{id_}`" for id_ in ids if id_ in never]
    if silent:
        yield f"Never fired: {', '.join(silent)}\n"


def added(records: Iterable[Record]) -> Record:
    """The figures of one rule that several stages ask."""
    total = Record()
    for record in records:
        total.fired += record.fired
        total.documents += record.documents
        total.judged += record.judged
        total.against += record.against
    return total


def row(name: str, role: str, record: Record) -> str:
    figures = record.fired, record.documents, record.judged, record.against
    return f"| `{name}` | {role} | " + " | ".join(f"{figure:,}" for figure in figures) + " |"


if __name__ == "__main__":
    if not DATA.exists():
        sys.exit(f"{DATA} is not here: the figures come from there. The page stays as it is.")
    made = page(*evidence_of(load(house_file()), sorted(DATA.glob("*.jsonl"))))
    (Path(__file__).parent / "rule_evidence.md").write_text(made, "utf-8")
