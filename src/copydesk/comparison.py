"""What two pipelines do differently with the same documents.

Both leave a partition of the same raw text, so what only one of them keeps is told by places, not by guessing from two
texts; and the segment that took it out bears the name of its rule. Of many documents only counts are kept, and the most
suspicious differences of each cause.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from copydesk.document import Document
from copydesk.evidence import Reason
from copydesk.facts import gather
from copydesk.prose import ends_sentence, is_prose, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from copydesk.document import Segment
    from copydesk.ledger import Entry

LAYOUT = "layout"  # how the ledger signs the white space between paragraphs
_AROUND = 60  # characters shown on either side of a difference
_EXCERPT = 400  # characters that are kept of one
_PER_CAUSE = 2  # a rule that differs in a thousand documents shall not hide the others

# The most suspicious first: a document that is gone, then a paragraph of the story, then facts, then the rest.
_OUTCOME, _STORY_LEAVES, _STORY_COMES, _FACT_VANISHES, _FACT_CHANGES, _TEXT, _REST = range(7, 0, -1)


class Difference(msgspec.Struct, frozen=True):
    """One difference: what the first pipeline has, what the second has, the raw text around it, and who did it.

    what: `outcome`, `text`, `fact`, `change` (characters that one of them changed), `layout`, or `flag`.
    """

    what: str
    act: str
    cause: str
    id: str
    first: str = ""
    second: str = ""
    before: str = ""
    after: str = ""
    weight: tuple[int, ...] = ()


class Comparison:
    """The counts over all documents, and the most suspicious differences. Its size does not depend on how many."""

    def __init__(self) -> None:
        self.documents = 0
        self.differing = 0
        self.kinds: Counter[str] = Counter()
        self.facts: Counter[tuple[str, str]] = Counter()
        self.fired: tuple[Counter[Reason], Counter[Reason]] = (Counter(), Counter())
        self._kept: dict[tuple[str, str, str], list[tuple[tuple[int, ...], int, Difference]]] = {}
        self._seen = 0

    def count(self, first: Document, second: Document) -> None:
        """Take in one document as both pipelines left it."""
        self.documents += 1
        for doc, fired in zip((first, second), self.fired, strict=True):
            if doc.outcome == "clean":
                _fire(fired, doc.ledger)
        kinds = _kinds(first, second)
        self.kinds.update(kinds)
        self.differing += bool(kinds)
        for difference in differences(first, second, kinds):
            if difference.what == "fact":
                self.facts[difference.cause, difference.act] += 1
            self._keep(difference)

    def _keep(self, difference: Difference) -> None:
        heap = self._kept.setdefault((difference.what, difference.act, difference.cause), [])
        self._seen += 1
        heapq.heappush(heap, (difference.weight, -self._seen, difference))
        if len(heap) > _PER_CAUSE:
            heapq.heappop(heap)

    def suspicious(self, most: int) -> list[Difference]:
        """The most suspicious differences, at most two of a kind; of equals the first."""
        entries = [entry for heap in self._kept.values() for entry in heap]
        return [entry[2] for entry in heapq.nlargest(most, entries, key=lambda entry: entry[:2])]

    def shifts(self) -> list[tuple[Reason, int, int]]:
        """The reasons that the ledgers have more or less often: how often in each; the greatest difference first."""
        first, second = self.fired
        counts = [(reason, first[reason], second[reason]) for reason in first.keys() | second.keys()]
        shifted = [count for count in counts if count[1] != count[2]]
        return sorted(shifted, key=lambda count: (-abs(count[2] - count[1]), count[0]))


def twin(doc: Document) -> Document:
    """The document as it came, for another pipeline. Only one that no stage has seen can be doubled."""
    other = Document(doc.raw, id=doc.id, extra={**doc.extra}, encoding=doc.encoding)
    other.flags = [*doc.flags]
    if doc.outcome != "clean":
        other.fail(doc.stopped_by, doc.reason)
    return other


def _fire(fired: Counter[Reason], ledger: Iterable[Entry]) -> None:
    """Count each reason's places, those of the layout aside: it follows from what is kept."""
    for entry in ledger:
        if entry.stage != LAYOUT:
            fired[Reason(entry.stage, entry.rule, entry.role or "")] += len(entry.at)


def _kinds(first: Document, second: Document) -> list[str]:
    """In what two documents differ: outcome alone where only one is clean, else text, facts, flags, and the ledger.

    The ledger counts only where the text is the same: then the same things left it for another reason.
    """
    if (first.outcome, first.stopped_by) != (second.outcome, second.stopped_by):
        return ["outcome"]
    if first.outcome != "clean":
        return []
    kinds = ["text"] if first.text != second.text else ["ledger"] if first.ledger != second.ledger else []
    kinds += ["facts"] if gather(first.facts) != gather(second.facts) else []
    return kinds + (["flags"] if set(first.flags) != set(second.flags) else [])


def differences(first: Document, second: Document, kinds: Iterable[str]) -> Iterator[Difference]:
    """The differences of the kinds in which two documents differ, a ledger's alone left away."""
    if "outcome" in kinds:
        yield _outcome(first, second)
    if "text" in kinds:
        found = [*_stretches(first, second), *_changes(first, second)]
        yield from found or [_layout(first, second)]
    if "facts" in kinds:
        yield from _facts(first, second)
    if "flags" in kinds:
        for flag in sorted({*first.flags} ^ {*second.flags}):
            act = "vanishes" if flag in first.flags else "appears"
            yield Difference("flag", act, flag, first.id, weight=(_REST, 0))


def _outcome(first: Document, second: Document) -> Difference:
    one, other = (f"{doc.outcome} {doc.stopped_by} {doc.reason}".strip() for doc in (first, second))
    return Difference("outcome", f"{first.outcome} → {second.outcome}", "", first.id, one, other, weight=(_OUTCOME, 0))


# What only one of the two texts has.


class _Both(NamedTuple):
    """A stretch of the raw text that lies in one segment of each document."""

    start: int
    end: int
    first: Segment
    second: Segment


def _overlaps(first: Document, second: Document) -> Iterator[_Both]:
    ones, others = first.segments, second.segments
    at = to = 0
    while at < len(ones) and to < len(others):
        one, other = ones[at], others[to]
        start, end = max(one.start, other.start), min(one.end, other.end)
        if start < end:
            yield _Both(start, end, one, other)
        if one.end < other.end:
            at += 1
        else:
            to += 1


def _kept(doc: Document, segment: Segment) -> bool:
    return segment.role in doc.keep and bool(segment.text)


def _stretches(first: Document, second: Document) -> Iterator[Difference]:
    """Each stretch that one keeps and a segment of the other takes out."""

    def taker(both: _Both) -> Segment | None:
        one, other = _kept(first, both.first), _kept(second, both.second)
        return None if one == other else both.second if one else both.first

    for segment, run in groupby(_overlaps(first, second), key=taker):
        if segment is not None:
            stretch = list(run)
            yield _stretch(first, stretch[0].start, stretch[-1].end, segment, leaves=segment is stretch[0].second)


def _stretch(doc: Document, start: int, end: int, taker: Segment, *, leaves: bool) -> Difference:
    text = doc.raw[start:end]
    level = (_STORY_LEAVES if leaves else _STORY_COMES) if is_prose(text) else _TEXT
    return Difference(
        "text",
        "leaves" if leaves else "comes back",
        _reason(taker),
        doc.id,
        text[:_EXCERPT] if leaves else "",
        "" if leaves else text[:_EXCERPT],
        *_around(doc.raw, start, end),
        weight=(level, ends_sentence(text), words(text)),
    )


def _reason(segment: Segment) -> str:
    stage, rule = segment.by or ("", "")
    return f"{f'{stage} {rule}'.strip()} → {segment.role}"


def _around(raw: str, start: int, end: int) -> tuple[str, str]:
    return raw[max(0, start - _AROUND) : start], raw[end : end + _AROUND]


def _changes(first: Document, second: Document) -> Iterator[Difference]:
    """Characters that both keep and only one changed, or both in different ways."""
    one, other = _changed(first), _changed(second)
    kept = [both for both in _overlaps(first, second) if _kept(first, both.first) and _kept(second, both.second)]
    for at in sorted(one.keys() | other.keys()):
        if one.get(at) != other.get(at) and _within(at, kept):
            was, _, cause = one.get(at) or other[at]
            mine, yours = (changed[at][1] if at in changed else was for changed in (one, other))
            around = _around(first.raw, at, at + len(was))
            yield Difference("change", "", cause, first.id, mine, yours, *around, weight=(_REST, len(was)))


def _changed(doc: Document) -> dict[int, tuple[str, str, str]]:
    """What was changed into what, and by whom, by its place."""
    return {
        at: (entry.was[0], entry.now, f"{entry.stage} {entry.rule}".strip())
        for entry in doc.ledger
        if entry.role is None and entry.stage != LAYOUT
        for at in entry.at
    }


def _within(at: int, stretches: Sequence[_Both]) -> bool:
    nearest = bisect_right(stretches, at, key=lambda both: both.start) - 1
    return nearest >= 0 and at < stretches[nearest].end


def _layout(first: Document, second: Document) -> Difference:
    """Two texts of the same characters, parted in different ways: the first place where they differ."""
    one, other = first.text, second.text
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    mine, yours = (text[max(0, at - _AROUND) : at + _AROUND] for text in (one, other))
    return Difference("layout", "", "", first.id, mine, yours, weight=(_REST, 0))


# Facts.


def _facts(first: Document, second: Document) -> Iterator[Difference]:
    one, other = _plain_facts(first), _plain_facts(second)
    for name in dict.fromkeys([*one, *other]):
        mine, yours = one.get(name, []), other.get(name, [])
        gone, new = [v for v in mine if v not in yours], [v for v in yours if v not in mine]
        both = [*zip(gone, new, strict=False)]
        pairs = [*both, *((value, "") for value in gone[len(both) :]), *(("", value) for value in new[len(both) :])]
        for was, now in pairs:
            act = "changes" if was and now else "vanishes" if was else "appears"
            level = _FACT_VANISHES if act == "vanishes" else _FACT_CHANGES
            yield Difference("fact", act, name, first.id, was[:_EXCERPT], now[:_EXCERPT], weight=(level, 0))


def _plain_facts(doc: Document) -> dict[str, list[str]]:
    """The values of each field of the record, each in a line; none where nothing was found."""
    fields = msgspec.to_builtins(gather(doc.facts))
    fields |= fields.pop("facts", {})
    return {name: [_line(value) for value in _listed(values)] for name, values in fields.items()}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _line(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_line(part)}" for key, part in value.items() if part not in (None, "", [], ()))
    return ", ".join(map(_line, value)) if isinstance(value, list | tuple) else str(value)
