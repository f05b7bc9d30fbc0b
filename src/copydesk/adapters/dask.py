"""Dask: `clean(frame, "reprints")`, of a DataFrame or a Bag, partition by partition.

The stages are Python, which runs on one core of a process: a client whose workers have one thread each uses all cores,
and so does the scheduler `processes`; a frame by itself runs in threads, on one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd
from dask.bag import Bag
from dask.dataframe.dispatch import make_meta
from dask.dataframe.utils import pyarrow_strings_enabled

from copydesk.adapters.pandas import cleaned
from copydesk.adapters.transform import Transform

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from copydesk.pipeline import Pipeline

Data = TypeVar("Data")


def clean(data: Data, pipeline: Pipeline | str, *, text: str = "text", id: str = "id", into: str | None = None) -> Data:
    """The rows of a frame, or the mappings of a bag, cleaned once they are computed.

    Partitions, index and divisions stay. Raises InputError where a frame has no such column; in a bag, a mapping
    without such a field is a row that failed.
    """
    transform = Transform(pipeline, text, id, into)
    out: Data = (_bag if isinstance(data, Bag) else _frame)(data, transform)
    return out


def _bag(bag: Any, transform: Transform) -> Any:
    return bag.map_partitions(records, transform)


def records(rows: Iterable[Mapping[str, Any]], transform: Transform) -> list[dict[str, Any]]:
    """The records of a partition, in a list: a generator does not travel from one process to another."""
    return list(transform.records(rows))


def _frame(frame: Any, transform: Transform) -> Any:
    """With `meta`, the columns and their types: Dask would clean two rows of its own making to learn them.

    Strings are of Dask's own type. Lists and structs stay objects: a shuffle takes no Arrow ones.
    """
    strings = pd.StringDtype("pyarrow") if pyarrow_strings_enabled() else None
    meta = cleaned(make_meta(frame), transform, strings)
    return frame.map_partitions(cleaned, transform, strings, meta=meta)
