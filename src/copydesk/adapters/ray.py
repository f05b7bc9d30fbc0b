"""Ray Data: `clean(dataset, "reprints")`, by a pool of workers that each build the pipeline once.

A worker holds its cores as long as the dataset runs. Where workers hold them all, Ray's reading has none and waits for
ever, without a word: so one core stays free, however many workers there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ray
from ray.data import ActorPoolStrategy

from copydesk.adapters.transform import Transform

if TYPE_CHECKING:
    import pyarrow as pa
    from ray.data import Dataset

    from copydesk.pipeline import Pipeline

READING = 1
"""Cores that Ray's tasks of listing and reading files ask for."""


def clean(
    dataset: Dataset,
    pipeline: Pipeline | str,
    *,
    text: str = "text",
    id: str = "id",
    into: str | None = None,
    concurrency: int | None = None,
    num_cpus: float | None = None,
    **options: Any,
) -> Dataset:
    """The dataset's rows, cleaned once it is read.

    `concurrency`: workers at most; without it as many as there are cores beside one. `num_cpus`: the cores that each
    holds; without it one, or less where that would leave none to read with. `options` are those of `map_batches`.
    Raises InputError where there is no such column; where Ray does not know the columns yet, once it runs.
    """
    transform = Transform(pipeline, text, id, into)
    if schema := dataset.schema(fetch_if_missing=False):
        transform.checked(schema.names)
    options = {**_pool(concurrency, num_cpus), **options}
    return dataset.map_batches(
        Cleaner, fn_constructor_args=[transform], batch_format="pyarrow", udf_modifying_row_count=False, **options
    )


def _pool(concurrency: int | None, num_cpus: float | None) -> dict[str, Any]:
    """Workers that leave a core free: on a machine with one core, a worker that asks for none."""
    spare = max(ray.cluster_resources().get("CPU", 0) - READING, 0)
    workers = concurrency or max(int(spare / (num_cpus or 1)), 1)
    share = min(spare / workers, 1) if num_cpus is None else num_cpus
    return {"compute": ActorPoolStrategy(min_size=1, max_size=workers), "num_cpus": share}


class Cleaner:
    """What a worker is built of: Ray takes a class, and keeps its instance for all the blocks of a dataset."""

    def __init__(self, transform: Transform) -> None:
        self._transform = transform

    def __call__(self, batch: pa.Table) -> pa.Table:
        """A whole block: so `limit` and `take` reach past it, and only rows that are asked for are cleaned."""
        return self._transform(batch)
