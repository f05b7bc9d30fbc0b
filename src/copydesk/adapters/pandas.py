"""pandas: `df.copydesk.clean("reprints")` gives a new frame; the index, the row order and the frame itself stay.

Lists and structs of the record are Python's lists and dicts. A missing text (None, NaN, NA) is a row that failed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from copydesk.adapters.transform import ROWS, Transform

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from copydesk.pipeline import Pipeline


def clean(
    frame: pd.DataFrame, pipeline: Pipeline | str, *, text: str = "text", id: str = "id", into: str | None = None
) -> pd.DataFrame:
    """The frame's rows, cleaned. Raises InputError where there is no such column."""
    transform = Transform(pipeline, text, id, into)
    passed = transform.checked(list(frame.columns))
    record = transform.beside(_rows(frame))
    columns = {name: _series(record.column(name), frame.index) for name in record.schema.names}
    return pd.concat([pd.DataFrame(columns, index=frame.index), frame[passed]], axis=1)


def _rows(frame: pd.DataFrame) -> Iterator[list[dict[Any, Any]]]:
    """The rows a few at a time, what is missing in them as None."""
    for start in range(0, len(frame), ROWS):
        part = frame.iloc[start : start + ROWS].astype(object)
        yield part.where(part.notna(), None).to_dict("records")


def _series(column: pa.ChunkedArray, index: pd.Index) -> pd.Series:
    if pd.api.types.is_string_dtype(strings := column.slice(0, 0).to_pandas()) and not column.type.num_fields:
        return pd.Series(column.to_pandas().array, index=index, dtype=strings.dtype)
    return pd.Series(column.to_pylist(), index=index, dtype=object)


@pd.api.extensions.register_dataframe_accessor("copydesk")
class Accessor:
    """What importing this module puts on every frame."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def clean(self, pipeline: Pipeline | str, **options: Any) -> pd.DataFrame:
        """The frame's rows, cleaned: see `clean`, whose options it takes."""
        return clean(self._frame, pipeline, **options)
