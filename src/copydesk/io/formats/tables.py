"""Tables: Parquet, and Arrow IPC in its two forms, file and stream. A row is a document.

A row's other columns pass through. What JSON cannot hold becomes text: dates and times in ISO 8601, decimals as
printed, bytes as base64; a map comes as a list of pairs. A text column may be of any string type, a dictionary, or
bytes, which are decoded.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from shutil import copyfileobj
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import msgspec

from copydesk.columns import plain, pyarrow, rows_of, said, single
from copydesk.decoding import decode
from copydesk.errors import InputError
from copydesk.io.items import Item, fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from copydesk.io.items import Reading
    from copydesk.io.sources import Source

_PARQUET, _FILE = b"PAR1", b"ARROW1"
_END = b"\xff\xff\xff\xff\0\0\0\0"
"""What an Arrow stream ends with. A writer may just stop as well, but then nobody can tell a cut from an end."""

_ROWS = 64
"""Rows that are Python's objects at a time: half a megabyte of news, and a table's columns may be a hundred."""

_BUFFER = 1 << 20
"""Bytes that are read of a Parquet column at a time. Without it a row group, often 128 MB, is read in one piece."""


def items(stream: BinaryIO, source: Source, reading: Reading) -> Iterator[Item]:
    """The rows of a table in their order. What is whole before a fault is kept, and what stands behind one where the
    format lets us: a Parquet row group, not an Arrow batch.
    """
    with _seekable(stream) as table:
        start = table.read(len(_FILE))
        table.seek(0)
        try:
            pa = pyarrow()
            if start.startswith(_PARQUET) or not start:
                yield from _parquet(pa, table, source, reading)
            else:
                yield from _arrow(pa, table, source, reading, in_file=start == _FILE)
        except InputError as error:
            yield fault(source.id, source.address, str(error))


@contextmanager
def _seekable(stream: BinaryIO) -> Iterator[BinaryIO]:
    """The stream, or a copy of it on disk where it can only be read forwards: a Parquet file is read from its end."""
    if stream.seekable():
        yield stream
        return
    with tempfile.TemporaryFile() as copy:
        copyfileobj(stream, copy)
        copy.seek(0)
        yield cast("BinaryIO", copy)


def _parquet(pa: Any, table: BinaryIO, source: Source, reading: Reading) -> Iterator[Item]:
    """Row group by row group. Of one with a broken page the rows before it are kept, and the next ones are read."""
    try:
        file = pa.parquet.ParquetFile(table, pre_buffer=False, buffer_size=_BUFFER, page_checksum_verification=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"is not a whole Parquet file: {said(error)}") from None
    with file:
        row = 0
        for group in range(file.num_row_groups):
            last = row + file.metadata.row_group(group).num_rows
            lost = "the file says that there are more."
            try:
                for batch in file.iter_batches(_ROWS, row_groups=[group]):
                    yield from _rows(batch, source, reading, row)
                    row += batch.num_rows
            except (pa.ArrowException, OSError, ValueError) as error:
                lost = said(error)
            if row < last:
                yield _fault(source, row, f"rows {row + 1} to {last} (of row group {group}) cannot be read: {lost}")
            row = last
        if row != file.metadata.num_rows:
            yield _fault(source, row, f"its row groups have {row} rows, and the file says {file.metadata.num_rows}.")


def _arrow(pa: Any, table: BinaryIO, source: Source, reading: Reading, *, in_file: bool) -> Iterator[Item]:
    """Record batch by record batch. A file is a stream with a frame, so it is read as one, and a cut one gives its
    whole batches. Behind a broken batch nobody knows where the next one starts.
    """
    told = _Told(table)
    row = 0
    try:
        if in_file:
            told.read(8)
        with pa.ipc.open_stream(pa.PythonFile(told, "r")) as batches:
            for batch in batches:
                yield from _rows(_checked(pa, batch), source, reading, row)
                row += batch.num_rows
    except (pa.ArrowException, OSError, ValueError) as error:
        yield _fault(source, row, f"from row {row + 1} on it cannot be read: {said(error)}")
        return
    if told.last != _END:
        yield _fault(source, row, f"it stops after row {row} without the mark of its end, so rows may be lost.")


class _Told:
    """A stream that knows the last eight bytes read of it."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.last = b""
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        data = self.stream.read(size)
        self.last = (self.last + data)[-8:]
        return data

    def close(self) -> None:
        self.closed = True


def _checked(pa: Any, batch: Any) -> Any:
    """A batch whose places and lengths are sound: a flipped bit in them would lead outside of the memory.

    Strings that are not UTF-8 are let in: they cost no more than their own place.
    """
    as_bytes = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary()}
    for column in batch.columns:
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            if column.type not in as_bytes:
                raise
            column.view(as_bytes[column.type]).validate(full=True)
    return batch


def _rows(batch: Any, source: Source, reading: Reading, row: int) -> Iterator[Item]:
    """The rows of a batch, a few at a time."""
    single(batch.schema.names)
    for start in range(0, batch.num_rows, _ROWS):
        for number, values in enumerate(rows_of(batch.slice(start, _ROWS)), row + start):
            yield _item(values, source, reading, number)


def _item(values: dict[str, Any] | str, source: Source, reading: Reading, row: int) -> Item:
    """The item of a row, or the fault of one that has a reason in its values' place."""
    if isinstance(values, str):
        return _fault(source, row, values)
    text = values.get(reading.text_field)
    if isinstance(text, bytes):
        values[reading.text_field] = decode(text).text
    return Item(*_named(source, row), "row", msgspec.msgpack.encode(plain(values)))


def _fault(source: Source, row: int, reason: str) -> Item:
    return fault(*_named(source, row), reason)


def _named(source: Source, row: int) -> tuple[str, str]:
    """The id and the place of a row, which count from 1."""
    return f"{source.id}:{row + 1}", f"{source.address}:row {row + 1}"
