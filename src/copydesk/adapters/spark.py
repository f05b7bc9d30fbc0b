"""Spark: `clean(df, "reprints")`, of a DataFrame that is classic, of Spark Connect, or streamed; by mapInArrow.

    cleaned = df.transform(clean, "reprints", text="body").persist()
    good, rejects = split(cleaned)

A DataFrame is computed again by each action, so without `persist` the articles would be cleaned once for each half.
Spark hands a worker up to 10,000 rows at once; they are cleaned and given back a few at a time, and no setting of the
session is touched. The pipeline is packed when `clean` is called: workers need copydesk, but not its files.
"""

from __future__ import annotations

import os
import pickle
import tempfile
from functools import partial
from typing import TYPE_CHECKING

from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import StructType

from copydesk.adapters.transform import ERROR, Transform

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyarrow as pa
    from pyspark.sql import DataFrame

    from copydesk.pipeline import Pipeline


def clean(
    df: DataFrame, pipeline: Pipeline | str, *, text: str = "text", id: str = "id", into: str | None = None
) -> DataFrame:
    """The frame's rows, cleaned. Raises InputError where there is no such column, before anything runs."""
    transform = Transform(pipeline, text, id, into)
    passed = [df.schema[name] for name in transform.checked(df.columns)]
    record = from_arrow_schema(transform.schema())
    return df.mapInArrow(partial(_cleaned, pickle.dumps(transform)), StructType([*record, *passed]))


def split(cleaned: DataFrame, error: str = ERROR) -> tuple[DataFrame, DataFrame]:
    """The rows that came out clean, and the others. With `into`, `error` is in that column: `copydesk.error`."""
    return cleaned.where(f"{error} is null"), cleaned.where(f"{error} is not null")


def _cleaned(parcel: bytes, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """What a worker does with its part of the frame."""
    transform = _arrived(parcel)
    for batch in batches:
        yield from transform.stream(batch)


def _arrived(parcel: bytes) -> Transform:
    """The transform. What must be laid out stands among Spark's own files and goes with them.

    Spark ends a worker by a signal, after which it has no time to tidy up.
    """
    usual = tempfile.tempdir
    tempfile.tempdir = os.environ.get("SPARK_LOCAL_DIRS", "").split(",")[0] or usual
    try:
        transform: Transform = pickle.loads(parcel)  # noqa: S301 (made by `clean`; Spark itself unpickles what it runs)
    finally:
        tempfile.tempdir = usual
    return transform
