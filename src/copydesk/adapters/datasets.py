"""Hugging Face datasets: `clean(dataset, "reprints")`, of a Dataset, a streamed one, or a dict of splits.

The rows go through `map` as Arrow, with Features that are known before the first row: an empty first batch would
otherwise fix a column's type. The fingerprint is the same for the same pipeline, rules and plugins, so that the cache
answers the second time; another version of copydesk has another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from datasets import Dataset, Features

from copydesk.adapters.transform import Transform

if TYPE_CHECKING:
    from copydesk.pipeline import Pipeline

Data = TypeVar("Data")
BATCH = 256
"""Rows that `map` hands over at once: one megabyte of news."""


def clean(
    data: Data,
    pipeline: Pipeline | str,
    *,
    text: str = "text",
    id: str = "id",
    into: str | None = None,
    **options: Any,
) -> Data:
    """The dataset's rows, cleaned; of a streamed one as they are asked for.

    `options` are those of `map`: `num_proc`, `batch_size`. Raises InputError where there is no such column.
    """
    transform = Transform(pipeline, text, id, into)
    if isinstance(data, dict):
        return type(data)({name: _cleaned(split, transform, options) for name, split in data.items()})
    cleaned: Data = _cleaned(data, transform, options)
    return cleaned


def _cleaned(data: Any, transform: Transform, options: dict[str, Any]) -> Any:
    options = {"batch_size": BATCH, **options, "batched": True}
    if data.features is None:
        consumed = sorted({transform.text, transform.id} - {*transform.schema().names})
        return data.map(_Lists(transform), remove_columns=[] if transform.into else consumed, **options)
    cleaned = data.with_format("arrow").map(transform, features=_features(data, transform), **options)
    if isinstance(data, Dataset):
        return cleaned.with_format(data.format["type"], **data.format["format_kwargs"])
    return cleaned.with_format(None)


def _features(data: Any, transform: Transform) -> Features:
    """What comes out: the record's, and the input's own as they are (an image, a label)."""
    passed = transform.checked(list(data.features))
    return Features(
        {**Features.from_arrow_schema(transform.schema()), **{name: data.features[name] for name in passed}}
    )


@dataclass(frozen=True)
class _Lists:
    """The transform of lists by column: as Arrow, a stream that does not know its types stops at the first null."""

    transform: Transform

    def __call__(self, batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        self.transform.checked(list(batch))
        rows = [dict(zip(batch, values, strict=True)) for values in zip(*batch.values(), strict=True)]
        record: dict[str, list[Any]] = self.transform.beside([rows]).to_pydict()
        return record
