"""Runs a pipeline over many documents, keeps the three outcomes apart, and counts what was done."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from copydesk.document import Document
    from copydesk.io.writers import Writer
    from copydesk.pipeline import Pipeline


class Removal(NamedTuple):
    """Why something left the text."""

    role: str
    stage: str
    rule: str


@dataclass
class Summary:
    """What a run did: documents by outcome, removals and changes by reason, flags, and why some were turned away."""

    outcomes: Counter[str] = field(default_factory=Counter)
    characters: int = 0
    removals: Counter[Removal] = field(default_factory=Counter)
    removed: Counter[Removal] = field(default_factory=Counter)  # characters
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    reasons: list[tuple[str, str]] = field(default_factory=list)

    @property
    def documents(self) -> int:
        return self.outcomes.total()

    def count(self, doc: Document) -> None:
        self.outcomes[doc.outcome] += 1
        self.flags.update(doc.flags)
        self.characters += len(doc.raw)
        if doc.outcome != "clean":
            self.reasons.append((doc.id, doc.reason))
            return
        for entry in doc.ledger:
            if entry.role is None:
                self.changes[entry.stage, entry.rule] += len(entry.at)
            else:
                reason = Removal(entry.role, entry.stage, entry.rule)
                self.removals[reason] += len(entry.at)
                self.removed[reason] += sum(map(len, entry.was))


def process(
    pipeline: Pipeline,
    documents: Iterable[Document],
    write: Writer,
    rejects: Writer | None = None,
    *,
    segments: bool = False,
    watch: Callable[[Document], Any] = lambda _: None,
) -> Summary:
    """Run all documents and write each once: the clean ones to `write`, the others to `rejects`."""
    summary = Summary()
    for doc in pipeline.stream(documents):
        summary.count(doc)
        if doc.outcome == "clean":
            write.write(doc.record(segments=segments))
        elif rejects is not None:
            rejects.write(doc.record())
        watch(doc)
    return summary
