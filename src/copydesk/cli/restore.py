"""copydesk restore."""

from __future__ import annotations

import sys
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import msgspec

from copydesk.decoding import encode
from copydesk.errors import InputError
from copydesk.io import readers, writers
from copydesk.io.shapes import SIGNS
from copydesk.io.sources import form_of
from copydesk.ledger import Entry
from copydesk.ledger import restore as restored
from copydesk.run.output import Aside

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


_AT_ONCE = 256  # records that are written in one go


def restore_all(inputs: Sequence[str], output: Path | None) -> None:
    """Write the raw texts: to a .jsonl, to a folder as the files they were, or a lone one to standard output."""
    records = readers.records(inputs)
    if output is None:
        _to_standard_output(records)
    elif form_of(output.name) == "jsonl":
        file = Aside(output, writers.form_of(output))
        try:
            _write_lines(records, file)
            file.put()
        finally:
            file.close()
    else:
        with writers.naming(output):
            output.mkdir(parents=True, exist_ok=True)
            for record in records:
                raw = raw_bytes(record)
                (output / f"{writers.safe_name(str(record.get('id')))}.txt").write_bytes(raw)


def _to_standard_output(records: Iterator[dict[str, Any]]) -> None:
    first = list(islice(records, 2))
    if len(first) == 1:
        sys.stdout.buffer.write(raw_bytes(first[0]))
    else:
        _write_lines(chain(first, records), writers.writer("jsonl", None))


def _write_lines(records: Iterator[dict[str, Any]], file: Aside | writers.Writer) -> None:
    while some := list(islice(records, _AT_ONCE)):
        file.write([msgspec.json.encode({"id": record.get("id"), "text": raw_text(record)}) for record in some])


def raw_text(record: dict[str, Any]) -> str:
    """The raw text of one record. Raises InputError where it is not one."""
    try:
        text, ledger = record["text"], msgspec.convert(record["ledger"], list[Entry])
    except KeyError as error:
        shape = next((shape for shape, sign in SIGNS.items() if sign in record), None)
        if shape:
            raise InputError(
                f"a record of `--as {shape}` has no ledger; only plain records give the raw text back."
            ) from None
        raise InputError(
            f"record `{record.get('id')}` has no {error}: it is not one that `copydesk run` wrote."
        ) from None
    except msgspec.ValidationError as error:
        raise InputError(f"record `{record.get('id')}` has a ledger that cannot be read: {error}.") from None
    return restored(text, ledger)


def raw_bytes(record: dict[str, Any]) -> bytes:
    """The file that the record came from, byte for byte, in the encoding that it had."""
    return encode(raw_text(record), record.get("encoding") or "utf-8")
