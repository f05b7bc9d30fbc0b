"""The contract with every engine: a batch of rows in, the same rows in the same order out, errors as data.

A row out holds the columns of the record, typed and nested as docs/record.md has them, then `error`, then the input's
other columns as they came. Where an input column has a record's name the record's counts, as in `copydesk run`; `into`
keeps both. A document that is rejected or fails is a row like any other: its raw text in `text`, and the outcome, the
stage and the reason in `error`, which is null where all went well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from copydesk.config import load
from copydesk.io.columns import record_schema
from copydesk.io.items import Reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pyarrow as pa

    from copydesk.pipeline import Pipeline

    Row = Mapping[str, Any]

SIDE_BY_SIDE = 32
"""Documents that run together: a third quicker than one by one, and few enough to be held while they run."""

ROWS = 1024
"""Rows of a batch that comes out of a table or a stream: 3 MB of news. An Arrow text column ends at 2 GB."""

_ERROR = ("outcome", "stage", "reason")


@dataclass(frozen=True)
class Transform:
    """A pipeline as engines take it: call it with a batch of rows. It is what travels to their workers, in a few kB.

    `pipeline`: one that was loaded, or the name of one in ./pipelines.yaml or, without that file, of the house's.
    `text`, `id`: the input's columns. `into`: the name of one column that shall hold the whole record as a struct,
    beside all of the input's, which then stay as they are.
    """

    pipeline: Pipeline
    text: str = "text"
    id: str = "id"
    into: str | None = None
    most: int = field(default=Reading().max_chars, kw_only=True)

    def __post_init__(self) -> None:
        if isinstance(self.pipeline, str):
            object.__setattr__(self, "pipeline", load()[self.pipeline])

    def schema(self, others: pa.Schema | None = None) -> pa.Schema:
        """The columns that come out, known before the first row; with `others`, the input's, where it has more."""
        import pyarrow as pa  # noqa: PLC0415 (heavy, and an extra; record_schema says so where it is missing)

        record = record_schema()
        record = record.remove(record.get_field_index("extra"))
        record = record.append(pa.field("error", pa.struct([(name, pa.string()) for name in _ERROR])))
        if self.into:
            record = pa.schema([pa.field(self.into, pa.struct(list(record)))])
        passed = [] if others is None else [others.field(number) for number in self._passed(others.names)]
        return pa.schema([*record, *passed], metadata=None if others is None else others.metadata)

    def __call__(self, data: Any) -> Any:
        """A RecordBatch for a RecordBatch; a Table for whatever else speaks Arrow: a table, a frame, a stream.

        Raises InputError where the text column is not there, or two columns have one name.
        """
        import pyarrow as pa  # noqa: PLC0415 (as above)

        if isinstance(data, pa.RecordBatch):
            schema = self.schema(data.schema)
            return pa.concat_batches(list(self._batches(data, schema))) if data.num_rows else _empty(schema)
        return self.stream(data).read_all()

    def stream(self, data: Any) -> pa.RecordBatchReader:
        """The batches of whatever speaks Arrow, cleaned as they are asked for: nothing else is held."""
        import pyarrow as pa  # noqa: PLC0415 (as above)

        reader = pa.RecordBatchReader.from_stream(data)
        schema = self.schema(reader.schema)
        _ = self._passed(reader.schema.names)
        cleaned = (out for batch in reader for out in self._batches(batch, schema))
        return pa.RecordBatchReader.from_batches(schema, cleaned)

    def records(self, rows: Iterable[Row], *, side_by_side: int = SIDE_BY_SIDE) -> Iterator[dict[str, Any]]:
        """The same for mappings, as they are asked for; so many are taken in before the first comes out."""
        source = iter(rows)
        while some := list(islice(source, side_by_side)):
            for row, doc in zip(some, self._documents(some), strict=True):
                record = _plain(doc)
                others = {name: value for name, value in row.items() if self.into or name not in (self.text, self.id)}
                yield {**others, self.into: record} if self.into else {**others, **record}

    def lines(self, rows: Sequence[Row]) -> pa.Table:
        """The record's columns of these rows, for an engine that has no Arrow to give."""
        schema = record_schema()
        docs = [doc for start in range(0, len(rows), SIDE_BY_SIDE) for doc in self._lean(rows[start:][:SIDE_BY_SIDE])]
        return docs, schema

    def _batches(self, batch: pa.RecordBatch, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        raise NotImplementedError
