"""Apache Beam: `clean, rejects = rows | Clean("reprints")`, of dicts, Rows or named tuples, bounded or not.

Beam hands over one row at a time: thirty-two are held and run side by side, or as many as there are when the bundle
ends. Each keeps its own timestamp and window; Beam's BatchElements would move it to the end of its window. The metrics
`clean`, `rejected` and `failed` of the namespace `copydesk` count the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.typehints.schemas import named_fields_from_element_type

from copydesk.adapters.transform import SIDE_BY_SIDE, Transform
from copydesk.errors import InputError

if TYPE_CHECKING:
    from copydesk.pipeline import Pipeline

REJECTS = "rejects"
"""The tag of the rows that have an error."""


class Clean(beam.PTransform):  # type: ignore[misc] # Beam's types are not looked at
    """The rows, cleaned, as dicts in two outputs: `clean`, and `rejects` for those that were rejected or failed."""

    def __init__(
        self, pipeline: Pipeline | str, *, text: str = "text", id: str = "id", into: str | None = None
    ) -> None:
        super().__init__()
        self.transform = Transform(pipeline, text, id, into)

    def expand(self, rows: Any) -> Any:
        """Raises InputError where the rows have a schema without such a column. Of dicts nothing is known yet."""
        try:
            names = [name for name, _ in named_fields_from_element_type(rows.element_type)]
        except TypeError:
            names = [self.transform.text]
        self.transform.checked(names)
        return rows | beam.ParDo(_Cleaning(self.transform)).with_outputs(REJECTS, main="clean")


class _Cleaning(beam.DoFn):  # type: ignore[misc]
    def __init__(self, transform: Transform) -> None:
        self.transform = transform
        self.held: list[Any] = []

    def setup(self) -> None:
        """Build the stages: what a worker lacks shows before the first row."""
        _ = self.transform.pipeline.stages

    def start_bundle(self) -> None:
        """Let go of what a bundle that broke off has left: Beam gives all of it again."""
        self.held = []

    def process(
        self, row: Any, held: Any = beam.DoFn.WindowedValueParam, window: Any = beam.DoFn.WindowParam
    ) -> Iterator[Any]:
        """Take a row in. It asks for the window as well, so that Beam gives a row of several windows once for each."""
        del row, window
        self.held.append(held)
        if len(self.held) == SIDE_BY_SIDE:
            yield from self.finish_bundle()

    def finish_bundle(self) -> Iterator[Any]:
        """What is held, cleaned, each row to its output."""
        held, self.held = self.held, []
        for row, record in zip(held, self.transform.records(_mapping(row.value) for row in held), strict=True):
            error = (record[self.transform.into] if self.transform.into else record)["error"]
            Metrics.counter("copydesk", error["outcome"] if error else "clean").inc()
            out = row.with_value(record)
            yield beam.pvalue.TaggedOutput(REJECTS, out) if error else out


def _mapping(row: Any) -> Mapping[str, Any]:
    """Raises InputError for what has no columns, such as a line that nobody has read as JSON."""
    if isinstance(row, Mapping):
        return row
    if not hasattr(row, "_asdict"):
        raise InputError(f"a row is a dict, a Row or a named tuple, not {type(row).__name__}. Map it to one first.")
    columns: dict[str, Any] = row._asdict()
    return columns
