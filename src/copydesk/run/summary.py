"""What a run did, in figures: counted where the documents are run, added up where they are written."""

from __future__ import annotations

from collections import Counter, defaultdict
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from copydesk.document import Document

_TOLD = 20  # documents that a summary names with their reasons


class Removal(NamedTuple):
    """Why something left the text."""

    role: str
    stage: str
    rule: str


@dataclass
class Summary:
    """Documents by outcome, removals and changes by reason, flags, time by stage, and why some were turned away.

    `characters` are the raw texts' and `kept` the clean texts', of the clean ones. `seconds` are of processor time.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    characters: int = 0
    kept: int = 0
    removals: Counter[Removal] = field(default_factory=Counter)
    removed: Counter[Removal] = field(default_factory=Counter)  # characters
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    stopped: Counter[tuple[str, str]] = field(default_factory=Counter)  # outcome and stage
    reasons: list[tuple[str, str]] = field(default_factory=list)  # the first few
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    @property
    def documents(self) -> int:
        return self.outcomes.total()

    def count(self, doc: Document) -> None:
        """Count one document that has been run."""
        self.outcomes[doc.outcome] += 1
        self.flags.update(doc.flags)
        if doc.outcome != "clean":
            self.stopped[doc.outcome, doc.stopped_by] += 1
            if len(self.reasons) < _TOLD:
                self.reasons.append((doc.id, doc.reason))
            return
        self.characters += len(doc.raw)
        self.kept += len(doc.text)
        self.languages.update(getattr(language, "code", str(language)) for language in doc.found("language"))
        for entry in doc.ledger:
            if entry.role is None:
                self.changes[entry.stage, entry.rule] += len(entry.at)
            else:
                reason = Removal(entry.role, entry.stage, entry.rule)
                self.removals[reason] += len(entry.at)
                self.removed[reason] += sum(map(len, entry.was))

    def add(self, other: Summary) -> None:
        """Add another's figures to these."""
        for name, value in vars(other).items():
            if isinstance(value, Counter):
                vars(self)[name].update(value)
        for stage, seconds in other.seconds.items():
            self.seconds[stage] += seconds
        self.characters += other.characters
        self.kept += other.kept
        self.reasons += other.reasons[: _TOLD - len(self.reasons)]

    def packed(self) -> dict[str, Any]:
        """The figures as plain lists and numbers, sorted: for a file, or for another process.

        They are as of now: what is counted later does not change them.
        """
        return {
            name: sorted([*key, n] if isinstance(key, tuple) else [key, n] for key, n in value.items())
            if isinstance(value, Counter)
            else copy(value)
            for name, value in vars(self).items()
        }

    @classmethod
    def unpacked(cls, packed: dict[str, Any]) -> Summary:
        """The Summary of `packed`."""
        summary = cls()
        for name, value in packed.items():
            counter = vars(summary)[name]
            if name == "seconds":
                summary.seconds.update(value)
            elif isinstance(counter, Counter):
                kind = Removal if name in ("removals", "removed") else lambda *key: key if key[1:] else key[0]
                counter.update({kind(*key): n for *key, n in value})
            else:
                setattr(summary, name, [tuple(pair) for pair in value] if name == "reasons" else value)
        return summary
