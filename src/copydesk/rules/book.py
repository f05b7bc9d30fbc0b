"""The rules of a stage: finding them in a document, and marking what they take."""

from __future__ import annotations

from itertools import groupby, islice
from typing import TYPE_CHECKING, NamedTuple

from copydesk.document import Document, Segment
from copydesk.errors import ConfigError, Problem, did_you_mean
from copydesk.prose import is_prose, sentences
from copydesk.rules.asking import scan
from copydesk.rules.file import read_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from copydesk.rules.asking import Home, Place
    from copydesk.rules.rule import Rule

_EDGE_BLOCKS = 3  # so many paragraphs of the story at each end are still its head, or its tail
_AT_ONCE = 1 << 17  # characters: the texts that are asked about at once


class Hit(NamedTuple):
    """Where a rule stands: places are characters of the segment's text; `groups` are the pattern's named groups."""

    rule: Rule
    segment: Segment
    start: int
    end: int
    groups: dict[str, str]

    @property
    def text(self) -> str:
        return self.segment.text[self.start : self.end]


class Rules:
    """The rules of one stage, of one file or of several. Safe to share among threads."""

    def __init__(self, rules: Iterable[Rule], *, everywhere: bool = False) -> None:
        """`everywhere`: the stage asks about every block of a document, so a pipeline may ask ahead (`look`)."""
        self.rules = tuple(rules)
        self.everywhere = everywhere
        self.homes: frozenset[Home] = frozenset(rule.home for rule in self.rules)
        self._mine = frozenset(self.rules)
        self.blocks = {rule.id: rule for rule in self.rules if rule.takes == "block"}

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    @classmethod
    def load(cls, *files: Path | Traversable, without: Sequence[str] = ()) -> Rules:
        """Read rule files, less the rules whose ids stand in `without`.

        Raises ConfigError with every mistake in them, and for an id in `without` that no rule has.
        """
        rules: list[Rule] = []
        problems: list[Problem] = []
        for file in files:
            try:
                rules += read_rules(file)
            except ConfigError as error:
                problems += error.problems
        if problems:
            raise ConfigError(problems)
        return cls(left_of(rules, without))

    def hits(self, doc: Document, among: Iterable[Segment] | None = None) -> list[Hit]:
        """Where each rule stands in the segments that nobody has decided yet, in the order of the text.

        With `among`, only those of these segments are looked at; the fewer, the quicker.
        """
        mine = self._mine
        found = [
            Hit(rule, segment, start, end, {**groups})
            for segment, (rule, start, end, groups) in (self._all(doc) if among is None else self._places(doc, among))
            if rule in mine
        ]
        if all(hit.rule.zone == "anywhere" for hit in found):
            return found
        zones = Zones(doc)
        return [hit for hit in found if zones.hold(hit)]

    def _all(self, doc: Document) -> list[tuple[Segment, Place]]:
        """What the files' rules find in the document; the next stage is told the same where nothing was done."""
        found: list[tuple[Segment, Place]] | None = doc.memo.get(self.homes)
        if found is None:
            found = doc.memo[self.homes] = self._places(doc, doc.segments)
        return found

    def _places(self, doc: Document, among: Iterable[Segment]) -> list[tuple[Segment, Place]]:
        segments = [segment for segment in among if segment.by is None]
        scan(self.homes, [(doc.raw, segments)])
        return [(segment, place) for segment in segments for place in segment.memo.hits]

    def look(self, docs: Iterable[Document]) -> None:
        """Look for them in all blocks of many documents at once, so that `hits` knows: quicker than in one by one."""
        for some in _handy(doc for doc in docs if self.homes not in doc.memo):
            scan(self.homes, [(doc.raw, [one for one in doc.segments if one.by is None]) for doc in some])

    def mark(self, doc: Document) -> bool:
        """Mark what each rule takes, with its role and id, and tell whether any took something.

        Of two that overlap the earlier, then the longer counts.
        """
        found = self.hits(doc)
        for _, group in groupby(found, key=lambda hit: id(hit.segment)):
            hits = list(group)
            whole = next((hit for hit in hits if hit.rule.takes == "block"), None)
            if whole:
                whole.segment.mark(whole.rule.role, rule=whole.rule.id)
            else:
                _cut_out(doc, hits)
        return bool(found)


def asked_together(stages: Iterable[Rules]) -> None:
    """Let the files of those stages that ask about every block be asked in one go, whichever stage comes first.

    Only who builds a pipeline calls this, before it runs.
    """
    together = [rules for rules in stages if rules.everywhere]
    homes: frozenset[Home] = frozenset().union(*[rules.homes for rules in together])
    for rules in together:
        rules.homes = homes


def _handy(docs: Iterable[Document]) -> Iterator[list[Document]]:
    """Documents by the handful: so many that asking costs little, so few that their lines take little room."""
    some: list[Document] = []
    size = 0
    for doc in docs:
        some.append(doc)
        size += len(doc.raw)
        if size > _AT_ONCE:
            yield some
            some, size = [], 0
    if some:
        yield some


def left_of(rules: Sequence[Rule], without: Sequence[str]) -> list[Rule]:
    """The rules less those whose ids stand in `without`. Raises ConfigError with all ids that none of them has."""
    ids = {rule.id for rule in rules}
    unknown = [
        f"`without` names `{id_}`, which no rule has.{did_you_mean(id_, ids)}" for id_ in without if id_ not in ids
    ]
    if unknown:
        raise ConfigError(" ".join(unknown))
    return [rule for rule in rules if rule.id not in without]


def _cut_out(doc: Document, hits: list[Hit]) -> None:
    """Cut what the hits take out of their segment, from the right, so that places to the left stay true."""
    segment: Segment | None = hits[0].segment
    chosen: list[tuple[int, int, Rule]] = []
    for hit in hits:
        start, end = _taken(hit)
        if not chosen or start >= chosen[-1][1]:
            chosen.append((start, end, hit.rule))
    for start, end, rule in reversed(chosen):
        assert segment is not None
        role, by = segment.role, segment.by
        segment, cut, _ = doc.cut(segment, start, end)
        if (role, by) == (cut.role, cut.by):
            cut.mark(rule.role, rule=rule.id)
        if segment is None:
            return


def _taken(hit: Hit) -> tuple[int, int]:
    if hit.rule.takes == "match":
        return hit.start, hit.end
    touched = [(a, b) for a, b in sentences(hit.segment.text) if a < hit.end and b > hit.start]
    return touched[0][0], touched[-1][1]


class Zones:
    """Where a document's head ends and its tail begins: at the third paragraph of the story from either end."""

    def __init__(self, doc: Document) -> None:
        story = doc.story
        self.head_ends = _third_paragraph(story, len(doc.raw))
        self.tail_starts = _third_paragraph(story[::-1], -1)

    def hold(self, hit: Hit) -> bool:
        """Whether a hit stands in its rule's zone."""
        head = hit.segment.start < self.head_ends
        tail = hit.segment.start > self.tail_starts
        return {"head": head, "tail": tail, "edges": head or tail}.get(hit.rule.zone, True)


def _third_paragraph(story: Iterable[Segment], otherwise: int) -> int:
    starts = (segment.start for segment in story if is_prose(segment.text))
    return next(islice(starts, _EDGE_BLOCKS - 1, None), otherwise)


def example_faults(rule: Rule) -> list[str]:
    """What a rule's own examples say against it: an example that it misses, a counter-example that it hits."""
    alone = Rules([rule])
    missed = [f"misses its example {text!r}" for text in rule.examples if not alone.hits(Document(text))]
    hit = [f"hits its counter-example {text!r}" for text in rule.counter_examples if alone.hits(Document(text))]
    return missed + hit
