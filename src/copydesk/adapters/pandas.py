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
    return cleaned(frame, Transform(pipeline, text, id, into))


def cleaned(frame: pd.DataFrame, transform: Transform, strings: Any = None) -> pd.DataFrame:
    """The frame's rows, cleaned; the record's strings of that type, else of the one that pandas has for them."""
    passed = transform.checked(list(frame.columns))
    record = transform.beside(_rows(frame))
    columns = {name: _values(record.column(name), strings) for name in record.schema.names}
    return pd.DataFrame({**columns, **{name: frame[name].array for name in passed}}, index=frame.index)


def _rows(frame: pd.DataFrame) -> Iterator[list[dict[Any, Any]]]:
    """The rows a few at a time, what is missing in them as None."""
    for start in range(0, len(frame), ROWS):
        part = frame.iloc[start : start + ROWS].astype(object)
        yield part.where(part.notna(), None).to_dict("records")


def _values(column: pa.ChunkedArray, strings: Any) -> Any:
    """A column's values: lists and structs are Python's, and all else in a record is a string."""
    if column.type.num_fields:
        return pd.Series(column.to_pylist(), dtype=object).array
    return column.to_pandas(types_mapper=strings and (lambda _: strings)).array


@pd.api.extensions.register_dataframe_accessor("copydesk")
class Accessor:
    """What importing this module puts on every frame."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def clean(self, pipeline: Pipeline | str, **options: Any) -> pd.DataFrame:
        """The frame's rows, cleaned: see `clean`, whose options it takes."""
        return clean(self._frame, pipeline, **options)
