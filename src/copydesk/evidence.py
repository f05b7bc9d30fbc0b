"""Rules by evidence: how often each fired, and how often it took what the gold keeps in the story."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from copydesk.scoring import body_of, gold_roles, shingles, standing, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable

    from copydesk.document import Document, Segment
    from copydesk.rules import Rule
    from copydesk.scoring import Case

_EXAMPLE = 200  # characters of a mistake that are kept, to look at


class Reason(NamedTuple):
    """Why something was decided. A stage may sign with no rule, or with a name that stands in no rule file."""

    stage: str
    rule: str
    role: str


class Record(msgspec.Struct):
    """What one reason did: the stretches that it decided, in how many documents, and how many gold has a word on.

    against: of those that left the text, the stretches that stand in the gold body, by half of their words or more.
    example: the first of them, and the document's id.
    """

    fired: int = 0
    documents: int = 0
    judged: int = 0
    against: int = 0
    example: str = ""
    example_id: str = ""


class Evidence:
    """The record of each reason over many documents. Its size does not depend on how many they are."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self.rules = {rule.id: rule for rule in rules}
        self.records: dict[Reason, Record] = {}

    def count(self, doc: Document, case: Case) -> None:
        """Take in one document that came out clean."""
        judge = _Judge.of(case)
        seen: set[Reason] = set()
        for segment in doc.segments:
            if segment.by is not None:
                reason = Reason(*segment.by, segment.role)
                record = self.records.setdefault(reason, Record())
                record.fired += 1
                record.documents += reason not in seen
                seen.add(reason)
                if judge and segment.role not in doc.keep:
                    _judged(record, doc, segment, judge)

    def never(self) -> list[Rule]:
        """The rules that decided nothing."""
        fired = {reason.rule for reason in self.records}
        return [rule for rule in self.rules.values() if rule.id not in fired]

    def ranked(self) -> list[tuple[Reason, Record]]:
        """Every reason with its record, those most against gold first."""
        return sorted(self.records.items(), key=lambda item: (-item[1].against, -item[1].fired, item[0]))


def _judged(record: Record, doc: Document, segment: Segment, judge: _Judge) -> None:
    record.judged += 1
    if judge.in_story(segment):
        record.against += 1
        if not record.example:
            record.example, record.example_id = doc.raw[segment.start : segment.end][:_EXAMPLE], doc.id


class _Judge:
    """What of a raw text belongs to the story by the gold: a mark for each word's character, and each story word's."""

    def __init__(self, length: int, places: Iterable[tuple[int, int, bool]]) -> None:
        self._words, self._story = bytearray(length), bytearray(length)
        for start, end, there in places:
            self._words[start:end] = b"\1" * (end - start)
            if there:
                self._story[start:end] = b"\1" * (end - start)

    @classmethod
    def of(cls, case: Case) -> _Judge | None:
        """None where the gold has neither roles nor a body."""
        if case.gold.roles is not None:
            return cls(len(case.raw), _by_roles(case))
        if case.gold.body:
            return cls(len(case.raw), _by_body(case))
        return None

    def in_story(self, segment: Segment) -> bool:
        place = segment.start, segment.end
        return 0 < self._words.count(1, *place) <= 2 * self._story.count(1, *place)


def _by_body(case: Case) -> Iterable[tuple[int, int, bool]]:
    """The words of the raw text: a story's are those that the gold body has and the clean text has not.

    They are looked at with their neighbours, so that a removed "Share" is not found in a story that says "share"; and a
    teaser that repeats a sentence which is still in the text is no mistake.
    """
    lost = shingles(tokens(case.gold.body)) - shingles(tokens(body_of(case)))
    return standing(case.raw, lost)


def _by_roles(case: Case) -> Iterable[tuple[int, int, bool]]:
    roles = gold_roles(case.gold, case.raw)
    edges = [0, *(at for at, (a, b) in enumerate(pairwise(roles), 1) if a != b), len(roles)]
    return ((start, end, roles[start] == "body") for start, end in pairwise(edges) if start < end and roles[start])
