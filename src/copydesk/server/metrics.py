"""What the service has done, in the text form that Prometheus reads."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds: an article takes milliseconds, a list seconds, a hang the time limit."""


class Metrics:
    """Counted in the one thread that answers requests."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()  # path, status
        self.documents: Counter[tuple[str, str]] = Counter()  # pipeline, outcome
        self.took: dict[str, list[int]] = defaultdict(lambda: [0] * (len(_BOUNDS) + 1))
        self.seconds: Counter[str] = Counter()  # path

    def request(self, path: str, status: int, seconds: float) -> None:
        """Count a request that has been answered. `path` is a known one: who asks for others must not fill memory."""
        self.requests[path, status] += 1
        self.took[path][bisect_left(_BOUNDS, seconds)] += 1
        self.seconds[path] += seconds  # type: ignore[assignment]

    def text(self, workers: Mapping[str, int]) -> str:
        """All figures. `workers`: how many there are in each state."""
        return "\n".join([*self._counters(), *self._histogram(), *_gauges(workers)]) + "\n"

    def _counters(self) -> Iterator[str]:
        rows = [({"path": path, "status": status}, n) for (path, status), n in sorted(self.requests.items())]
        yield from _family("requests_total", "counter", "Requests by path and status.", rows)
        rows = [({"pipeline": name, "outcome": how}, n) for (name, how), n in sorted(self.documents.items())]
        yield from _family("documents_total", "counter", "Documents by pipeline and outcome.", rows)

    def _histogram(self) -> Iterator[str]:
        name = "request_seconds"
        yield from _family(name, "histogram", "Seconds from a request's head to the end of its answer.", [])
        for path, counts in sorted(self.took.items()):
            for bound, count in zip([*_BOUNDS, "+Inf"], accumulate(counts), strict=True):
                yield _line(f"{name}_bucket", {"path": path, "le": bound}, count)
            yield _line(f"{name}_sum", {"path": path}, round(self.seconds[path], 6))
            yield _line(f"{name}_count", {"path": path}, sum(counts))


def _gauges(workers: Mapping[str, int]) -> Iterator[str]:
    rows: list[tuple[Mapping[str, object], float]] = [({"state": state}, n) for state, n in workers.items()]
    yield from _family("workers", "gauge", "Worker processes; `waiting` are batches that no worker has taken.", rows)


def _family(name: str, kind: str, about: str, rows: Iterable[tuple[Mapping[str, object], float]]) -> Iterator[str]:
    yield f"# HELP copydesk_{name} {about}"
    yield f"# TYPE copydesk_{name} {kind}"
    for labels, value in rows:
        yield _line(name, labels, value)


def _line(name: str, labels: Mapping[str, object], value: float) -> str:
    return f"copydesk_{name}{{{','.join(f'{key}={_quoted(str(word))}' for key, word in labels.items())}}} {value}"


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
