"""copydesk restore."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import msgspec

from copydesk.decoding import encode
from copydesk.errors import InputError
from copydesk.io import readers, writers
from copydesk.ledger import Entry
from copydesk.ledger import restore as restored

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def restore_all(inputs: Sequence[str], output: Path | None) -> None:
    """Write the raw texts: to a .jsonl, to a folder as the files they were, or a lone one to standard output."""
    records = readers.records(inputs)
    if output and output.suffix.lower() not in readers.LINES:
        output.mkdir(parents=True, exist_ok=True)
        for record in records:
            (output / f"{writers.safe_name(str(record['id']))}.txt").write_bytes(raw_bytes(record))
    elif output:
        lines = writers.Lines(output)
        for record in records:
            lines.write({"id": record.get("id"), "text": raw_text(record)})
        lines.close()
    else:
        _to_standard_output(list(records))


def _to_standard_output(records: list[dict[str, Any]]) -> None:
    if len(records) == 1:
        sys.stdout.buffer.write(raw_bytes(records[0]))
        return
    lines = writers.Lines(None)
    for record in records:
        lines.write({"id": record.get("id"), "text": raw_text(record)})
    lines.close()


def raw_text(record: dict[str, Any]) -> str:
    """The raw text of one record. Raises InputError where it is not one."""
    try:
        text, ledger = record["text"], msgspec.convert(record["ledger"], list[Entry])
    except KeyError as error:
        raise InputError(
            f"record `{record.get('id')}` has no {error}: it is not one that `copydesk run` wrote."
        ) from None
    except msgspec.ValidationError as error:
        raise InputError(f"record `{record.get('id')}` has a ledger that cannot be read: {error}.") from None
    return restored(text, ledger)


def raw_bytes(record: dict[str, Any]) -> bytes:
    """The file that the record came from, byte for byte, in the encoding that it had."""
    return encode(raw_text(record), record.get("encoding") or "utf-8")
