"""copydesk retry: what was rejected or failed, once more."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from copydesk.config import load
from copydesk.errors import InputError
from copydesk.io import readers
from copydesk.io.items import READER, Item, fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from copydesk.cli.run import Run

_OURS = ("outcome", "stage", "reason", "flags")  # what a run adds to the record of one that it did not clean


def retry(run: Run) -> int:
    """Run the documents of files of rejects, or of the folders that hold some, again. Returns the exit code."""
    return run.of(load(run.config)[run.pipeline], rejected(run.inputs))


def rejected(inputs: Iterable[str]) -> Iterator[Item]:
    """The documents of rejects, as they first came in.

    What could not be read then is not here to be read now: it comes out as failed again, with the reason.
    """
    for name in map(_file, inputs):
        for number, record in enumerate(readers.records([name]), 1):
            place = f"{name}:{number}"
            if not {"outcome", "stage", "reason"} <= record.keys():
                raise InputError(
                    f"{place}: is no record of a rejected or failed document. `copydesk run` cleans others."
                )
            yield _item(record, place)


def _item(record: dict[str, Any], place: str) -> Item:
    if record["stage"] == READER and (record["outcome"] == "failed" or not record["text"]):
        return fault(str(record["id"]), place, f"was not read: {record['reason']}", str(record["text"]).encode())
    fields = {name: value for name, value in record.items() if name not in _OURS}
    return Item(str(record["id"]), place, "json", msgspec.json.encode(fields))


def _file(name: str) -> str:
    """A folder's file of rejects. Raises InputError where it has none."""
    if not Path(name).is_dir():
        return name
    found = sorted(Path(name).glob("rejects.jsonl*"))
    if not found:
        raise InputError(f"{name}: holds no rejects.jsonl.zst, so nothing was rejected and nothing failed there.")
    return str(found[0])
