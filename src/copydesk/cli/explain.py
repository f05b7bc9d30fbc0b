"""copydesk explain: how a document went, stage by stage. It runs as ever: this reads the signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from copydesk.cli.show import console, safe, shortened, visible
from copydesk.config import load
from copydesk.facts import FIELDS
from copydesk.io import readers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from copydesk.document import Document
    from copydesk.ledger import Entry

_PLACES = 6  # places of one reason that are shown


def explain_all(inputs: Sequence[str], pipeline_name: str, config: Path | None) -> int:
    """Explain each document; the exit code is 1 if one did not come out clean."""
    pipeline = load(config)[pipeline_name]
    stages = list(dict.fromkeys(name for name, _ in pipeline.stages))
    code = 0
    for doc in pipeline.stream(readers.documents(inputs)):
        show_document(doc, stages)
        code = code if doc.outcome == "clean" else 1
    return code


def show_document(doc: Document, stages: Sequence[str]) -> None:
    out = console()
    out.print(f"━━ {safe(doc.id) or 'document'} ", style="bold", end="")
    out.print(f"{len(doc.raw):,} characters in, {len(doc.text):,} out", style="dim")
    for stage in stages:
        _show_stage(doc, stage)
    if doc.flags:
        out.print(f"flags      {', '.join(doc.flags)}", style="yellow")
    if doc.outcome != "clean":
        out.print(f"{doc.outcome} by {doc.stopped_by}: {safe(doc.reason)}\n", style="bold red")
        return
    _show_facts(doc)
    out.print("clean text", style="bold")
    out.print(safe(doc.text) + "\n")


def _show_stage(doc: Document, stage: str) -> None:
    """What one stage did: what it took out and why, what it changed into what, and the facts that it found."""
    entries = [entry for entry in doc.ledger if stage in entry.stage.split("+")]
    facts = [fact for fact in doc.facts if fact.stage == stage]
    if not entries and not facts:
        return
    out = console()
    out.print(stage, style="bold cyan")
    for fact in facts:
        out.print(f"  found  {fact.kind}: ", style="green", end="")
        out.print(shortened(safe(_plain(fact.value)), 160))
    for entry in entries:
        if entry.role:
            _show_removal(entry)
        else:
            _show_change(entry)


def _show_removal(entry: Entry) -> None:
    out = console()
    for was in entry.was[:_PLACES]:
        out.print(f"  out    {entry.role}", style="red", end="")
        out.print(f"{f' by {entry.rule}' if entry.rule else ''}: ", style="dim", end="")
        out.print(shortened(visible(was.strip("\n")), 110), style="strike")
    if len(entry.was) > _PLACES:
        out.print(f"         and {len(entry.was) - _PLACES} more", style="dim")


def _show_change(entry: Entry) -> None:
    out = console()
    times = f" × {len(entry.at)}" if len(entry.at) > 1 else ""
    out.print("  change ", style="yellow", end="")
    out.print(f"{shortened(visible(entry.was[0]), 50)!r} → {shortened(visible(entry.now), 50)!r}{times}", end="")
    out.print(f" {entry.rule}", style="dim")


def _plain(value: Any) -> str:
    """A fact's value in one line, its empty parts left away."""
    plain = msgspec.to_builtins(value)
    if not isinstance(plain, dict):
        return str(plain)
    parts = {key: ", ".join(map(str, part)) if isinstance(part, list | tuple) else part for key, part in plain.items()}
    return ", ".join(f"{key} {part}" for key, part in parts.items() if part not in (None, ""))


def _show_facts(doc: Document) -> None:
    out = console()
    record = doc.record()
    known = {field.name: record.get(field.name) for field in FIELDS.values()}
    rows = [(name, value) for name, value in {**known, **record.get("facts", {})}.items() if value]
    if rows:
        out.print("facts", style="bold")
    for name, value in rows:
        for part in value if isinstance(value, list) else [value]:
            out.print(f"  {name:<10}", style="green", end="")
            out.print(shortened(safe(_plain(part)), 200))
