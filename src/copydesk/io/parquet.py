"""Parquet files of records, with the columns of copydesk.columns."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from copydesk.columns import pyarrow, record, record_schema, table
from copydesk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

ROWS = 8192
SIZE = 8_000_000
"""A row group ends after so many records, or so many bytes of them as JSON. Twice the size packs 1 % better, and takes
50 MB more while it is written: 90 MB in all, measured on records of 28 kB."""


class Columns:
    """A Parquet file of records, packed with zstd, with a check sum on every page.

    Row groups are cut by the records alone, so the file is the same in however many batches they come. Where it cannot
    be written it raises OSError and gets no end, without which it is no Parquet file: else it would look whole.
    """

    suffix = ".parquet"

    def __init__(self, path: Path, *, segments: bool = False) -> None:
        self.schema = record_schema(segments)
        self._held: list[bytes] = []
        self._size = 0
        self._file = path.open("wb")
        self._writer = pyarrow().parquet.ParquetWriter(
            self._file, self.schema, compression="zstd", compression_level=3, write_page_checksum=True
        )

    def write(self, lines: Sequence[bytes]) -> None:
        """Take records, each a line of JSON."""
        with self._no_end():
            for line in lines:
                self._held.append(line)
                self._size += len(line)
                if len(self._held) == ROWS or self._size >= SIZE:
                    self._write_group()

    def close(self) -> None:
        """Write what is held, and the end. It may be called again."""
        if not self._file.closed:
            with self._no_end():
                if self._held:
                    self._write_group()
                self._writer.close()
                self._file.close()

    def _write_group(self) -> None:
        held, self._held, self._size = self._held, [], 0
        self._writer.write_table(table(held, self.schema))

    @contextlib.contextmanager
    def _no_end(self) -> Iterator[None]:
        """See that the file gets no end where writing fails."""
        try:
            yield
        except BaseException:
            self._writer.is_open = False  # nor when it is collected
            with contextlib.suppress(OSError):
                self._file.close()
            raise


def records(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a Parquet file, as they read in JSON.

    Raises InputError where the file is damaged, or does not hold records.
    """
    pa = pyarrow()
    try:
        with pa.parquet.ParquetFile(path, page_checksum_verification=True) as file:
            if missing := [name for name in ("id", "text", "ledger") if name not in file.schema_arrow.names]:
                raise InputError(f"{path}: has no column `{missing[0]}`: it is not one that `copydesk run` wrote.")
            for batch in file.iter_batches(batch_size=256):
                yield from map(record, batch.to_pylist())
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: cannot be read as Parquet: {error}") from None
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: has columns of other types than a record's: {error}") from None
