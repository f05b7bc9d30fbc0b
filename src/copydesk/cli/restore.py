"""copydesk restore."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from copydesk.cli.places import refuse_own_input
from copydesk.cli.show import console
from copydesk.decoding import encode
from copydesk.errors import InputError, OutputError
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
    if output:
        refuse_own_input(inputs, output)
    records = readers.records(inputs)
    if output is None:
        _to_standard_output(records)
    elif form_of(output.name) == "jsonl":
        _to_file(records, output)
    else:
        _to_folder(records, output)


def _to_standard_output(records: Iterator[dict[str, Any]]) -> None:
    first = list(islice(records, 2))
    if len(first) == 1:
        writers.StandardOutput().write(raw_bytes(first[0]))
    else:
        _write_lines(chain(first, records), writers.writer("jsonl", None))


def _to_file(records: Iterator[dict[str, Any]], path: Path) -> None:
    file = Aside(path, writers.form_of(path))
    try:
        _write_lines(records, file)
        file.put()
    finally:
        file.leave()


def _to_folder(records: Iterator[dict[str, Any]], folder: Path) -> None:
    """A file each. One that is there and holds something else is left alone: an id may come twice."""
    renamed = 0
    with writers.naming(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for number, record in enumerate(records, 1):
        name, raw = writers.safe_name(str(record.get("id"))), raw_bytes(record)
        if not _holds(folder / f"{name}.txt", raw):
            renamed += 1
            path = folder / f"{name}~{number}.txt"
            if not _holds(path, raw):
                raise OutputError(f"{path}: holds something else. Restore to a new folder.")
    if renamed:
        console(err=True).print(f"{renamed:,} names were taken by another text; these files end in ~ and a number.")


def _holds(path: Path, raw: bytes) -> bool:
    """Whether the file holds these bytes now: a new one does."""
    with writers.naming(path):
        try:
            file = path.open("xb")
        except FileExistsError:
            return path.is_file() and path.read_bytes() == raw
        with writers.all_or_none(path), file:
            file.write(raw)
        return True


def _write_lines(records: Iterator[dict[str, Any]], file: Aside | writers.Writer) -> None:
    while some := list(islice(records, _AT_ONCE)):
        file.write([msgspec.json.encode({"id": record.get("id"), "text": raw_text(record)}) for record in some])


def raw_text(record: dict[str, Any]) -> str:
    """The raw text of one record. Raises InputError where it is not one."""
    try:
        text, ledger = record["text"], msgspec.convert(record["ledger"], list[Entry])
    except KeyError as error:
        _refuse(record, error.args[0])
    except msgspec.ValidationError as error:
        raise InputError(f"record `{record.get('id')}` has a ledger that cannot be read: {error}.") from None
    try:
        raw = restored(text, ledger)
        raw.encode()
    except (InputError, AttributeError, TypeError, ValueError) as error:
        raise InputError(f"record `{record.get('id')}` was changed and cannot be restored: {error}.") from None
    return raw


def _refuse(record: dict[str, Any], missing: str) -> NoReturn:
    """Say why a record without a text or a ledger cannot be restored."""
    name = record.get("id")
    if "outcome" in record:
        raise InputError(f"record `{name}` was {record['outcome']}: its `text` is the raw text.")
    for shape, sign in SIGNS.items():
        if sign in record:
            raise InputError(f"a record of `--as {shape}` has no ledger; only plain records give the raw text back.")
    raise InputError(f"record `{name}` has no '{missing}': it is not one that `copydesk run` wrote.")


def raw_bytes(record: dict[str, Any]) -> bytes:
    """The file that the record came from, byte for byte, in the encoding that it had.

    In UTF-8 where the `encoding` is a field of the input's own, and the text cannot be written in it.
    """
    text, encoding = raw_text(record), record.get("encoding")
    try:
        return encode(text, encoding if isinstance(encoding, str) else "utf-8")
    except (LookupError, ValueError):
        return encode(text, "utf-8")
