"""All measures, summed over many documents, and the documents that did worst."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

import msgspec

from copydesk.scoring import fields, roles
from copydesk.scoring.shingles import share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from copydesk.scoring.case import Case, Sums

MEASURES = {**fields.MEASURES, "roles": roles.MEASURE}


def counted(case: Case) -> dict[str, Sums]:
    """The sums of one document, by measure; a measure that has nothing to say of it is left away."""
    return {name: sums for name, measure in MEASURES.items() if (sums := measure.sums(case))}


class Tally:
    """The sums over some documents. Its size does not depend on how many they are."""

    def __init__(self) -> None:
        self.documents = self.missing = self.restored = 0
        self.sums: dict[str, Sums] = {}

    def add(self, counts: Mapping[str, Sums], *, missing: bool, restored: bool) -> None:
        """Take in one document: its sums, whether no record came out, and whether its raw text could be had back."""
        self.documents += 1
        self.missing += missing
        self.restored += restored
        for name, sums in counts.items():
            total = self.sums.setdefault(name, {})
            for key, value in sums.items():
                total[key] = total.get(key, 0) + value

    def result(self) -> dict[str, Any]:
        """What all comes to, by the names of the measures."""
        restored = share(self.restored, self.documents)
        result: dict[str, Any] = {"n": self.documents, "missing": self.missing, "restored": restored}
        for name, measure in MEASURES.items():
            if name in self.sums:
                result |= measure.closed(self.sums[name])
        return result


class Finding(msgspec.Struct, frozen=True):
    """A document that did badly by one measure: how badly, what was lost and what is there that should not be."""

    measure: str
    id: str
    value: float
    lost: list[str]
    left: list[str]


class Worst:
    """The documents that did worst by each measure; of equals the first ones. It keeps so many and no more."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._heaps: dict[str, list[tuple[float, int, Finding]]] = {}
        self._seen = 0

    def add(self, id_: str, case: Case, counts: Mapping[str, Sums]) -> None:
        self._seen += 1
        for name, sums in counts.items():
            measure = MEASURES[name]
            value = measure.value(measure.closed(sums))
            heap = self._heaps.setdefault(name, [])
            if value < 1 and (len(heap) < self.most or (heap and -value > heap[0][0])):
                finding = Finding(name, id_, value, *measure.differ(case))
                heapq.heappush(heap, (-value, -self._seen, finding))
                if len(heap) > self.most:
                    heapq.heappop(heap)

    def findings(self) -> list[Finding]:
        """By measure, the worst first."""
        return [entry[2] for name in MEASURES for entry in sorted(self._heaps.get(name, ()), reverse=True)]
