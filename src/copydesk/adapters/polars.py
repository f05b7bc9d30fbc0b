"""Polars: `df.copydesk.clean("reprints")`, and the same on a LazyFrame, where it streams.

It is one expression over all columns, row by row, so Polars takes what is asked of the other columns before it: of
`head(5)`, or of a filter by date, only the rows that are left are cleaned.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from copydesk.adapters.transform import ROWS, Transform

if TYPE_CHECKING:
    from copydesk.pipeline import Pipeline

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)
_RECORD = " record"  # the name that the record has until its fields are columns


def clean(
    frame: Frame, pipeline: Pipeline | str, *, text: str = "text", id: str = "id", into: str | None = None
) -> Frame:
    """The frame's rows, cleaned; of a lazy one once it is collected.

    Raises InputError where there is no such column.
    """
    transform = Transform(pipeline, text, id, into)
    lazy = frame.lazy()
    passed = transform.checked(lazy.collect_schema().names())
    fields = pl.DataFrame(transform.schema().empty_table()).schema
    record = pl.struct(pl.exclude(pl.Object)).map_batches(
        partial(_records, transform), return_dtype=pl.Struct(fields), is_elementwise=True
    )
    out = lazy.select(record.alias(_RECORD), *passed).unnest(_RECORD)
    return out.collect() if isinstance(frame, pl.DataFrame) else out


def _records(transform: Transform, rows: pl.Series) -> pl.Series:
    """The records of some rows: of structs of the input's columns, a struct of the record's."""
    parts = rows.struct.unnest().iter_slices(ROWS)
    return pl.DataFrame(transform.beside(part.to_dicts() for part in parts)).to_struct()


class Namespace:
    """What importing this module puts on every frame, eager or lazy."""

    def __init__(self, frame: Any) -> None:
        self._frame = frame

    def clean(self, pipeline: Pipeline | str, **options: Any) -> Any:
        """The frame's rows, cleaned: see `clean`, whose options it takes."""
        return clean(self._frame, pipeline, **options)


pl.api.register_dataframe_namespace("copydesk")(Namespace)
pl.api.register_lazyframe_namespace("copydesk")(Namespace)
