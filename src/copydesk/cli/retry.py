"""copydesk retry: what was rejected or failed, once more."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copydesk.cli.run import loaded
from copydesk.errors import InputError
from copydesk.intake import READER
from copydesk.io import readers
from copydesk.io.items import Item, fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from copydesk.cli.run import Run

_OURS = ("outcome", "stage", "reason", "flags", "given")  # what a run adds to the record of one that it did not clean
_NEEDED = {"id", "text", "outcome", "stage", "reason"}


def retry(run: Run) -> int:
    """Run the documents of files of rejects, or of the folders that hold some, again. Returns the exit code."""
    return run.of(loaded(run.config, run.pipeline), rejected(run.inputs))


def rejected(inputs: Iterable[str]) -> Iterator[Item]:
    """The documents of rejects, as they first came in.

    What could not be read then is not here to be read now: it comes out as failed again, with the reason.
    """
    for name in map(_file, inputs):
        for number, record in enumerate(readers.records([name]), 1):
            place = f"{name}:{number}"
            if not record.keys() >= _NEEDED:
                raise InputError(
                    f"{place}: is no record of a rejected or failed document. `copydesk run` cleans others."
                )
            yield _item(record, place)


def _item(record: dict[str, Any], place: str) -> Item:
    if record["stage"] == READER and (record["outcome"] == "failed" or not record["text"]):
        data = str(record["text"]).encode("utf-8", "replace")
        return fault(str(record["id"]), place, f"was not read: {record['reason']}", data)
    fields = {name: value for name, value in record.items() if name not in _OURS}
    given = record.get("given")
    fields = {**(given if isinstance(given, dict) else {}), **fields}
    return Item(str(record["id"]), place, "json", json.dumps(fields).encode())


def _file(name: str) -> str:
    """A folder's file of rejects. Raises InputError where it has none."""
    if not os.path.isdir(name):  # noqa: PTH112 (False for a name that is too long to be one)
        return name
    found = sorted(Path(name).glob("rejects.jsonl*"))
    if not found:
        raise InputError(f"{name}: holds no rejects.jsonl.zst, so nothing was rejected and nothing failed there.")
    return str(found[0])
