"""Records as columns: the Arrow schema of a record, tables of records, and Parquet files.

The columns are the fields of docs/record.md, typed and nested as they are there, and known before the first record.
Two hold JSON text, since nobody can say beforehand what is in them: `facts`, which plugins note in kinds of their own,
and `extra`, the input's own fields. What a column cannot hold exactly (a field of the input that has a record's name
and another form, a lone surrogate in an id) stands in `extra` as it was, and that counts when the record is read back.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import msgspec

from copydesk.decoding import mended
from copydesk.errors import ConfigError, InputError
from copydesk.facts import FIELDS
from copydesk.ledger import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa

ROWS = 8192
SIZE = 8_000_000
"""A row group ends after so many records, or so many bytes of them as JSON. Twice the size packs 1 % better, and takes
50 MB more while it is written: 90 MB in all, measured on records of 28 kB."""


class Stretch(msgspec.Struct, array_like=True, frozen=True):
    """A segment as a record has it: a stretch of the raw text, its role, and who decided it."""

    start: int
    end: int
    role: str
    stage: str
    rule: str


_KINDS: dict[str, Any] = {
    "id": str,
    "text": str,
    **{field.name: list[field.type] if field.many else field.type for field in FIELDS.values()},  # type: ignore[name-defined]
    "flags": list[str],
    "encoding": str,
    "facts": msgspec.Raw,
    "ledger": list[Entry],
    "segments": list[Stretch],
}
COLUMNS = tuple(name for name in _KINDS if name != "segments")
"""The fields of a record, in their order."""

_OPTIONAL = {"encoding", "facts", "segments"}
"""Fields that stand in a record only where there is something in them."""

_NOTHING = (None, False)
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_DECODERS = {name: msgspec.json.Decoder(kind) for name, kind in _KINDS.items()}


def record_schema(segments: bool = False) -> pa.Schema:
    """The columns of a record, and `extra` for the input's own fields. Raises ConfigError where pyarrow is missing."""
    pa = pyarrow()
    columns = {name: _arrow_type(msgspec.inspect.type_info(kind)) for name, kind in _KINDS.items()}
    if not segments:
        del columns["segments"]
    return pa.schema({**columns, "extra": pa.string()})


def table(lines: Sequence[bytes], schema: pa.Schema) -> pa.Table:
    """A table of records, each given as a line of JSON. Raises InputError for a line that is no JSON object."""
    rows = [_row(line, schema.names) for line in lines]
    try:
        return _table(rows, schema)
    except OverflowError:  # a number past 64 bits, which JSON has room for and no column
        return _table([_narrowed(row, line, schema) for row, line in zip(rows, lines, strict=True)], schema)


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
                yield from map(_record, batch.to_pylist())
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: cannot be read as Parquet: {error}") from None
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: has columns of other types than a record's: {error}") from None


def _table(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    pa = pyarrow()
    arrays = [pa.array([row.get(column.name) for row in rows], column.type) for column in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _narrowed(row: dict[str, Any], line: bytes, schema: pa.Schema) -> dict[str, Any]:
    """A row whose fields with a number past 64 bits stand in `extra`."""
    pa = pyarrow()
    for column in schema:
        try:
            pa.array([row.get(column.name)], column.type)
        except OverflowError:
            extra = {**json.loads(row.get("extra") or "{}"), column.name: json.loads(line)[column.name]}
            row |= {column.name: None, "extra": json.dumps(extra)}
    return row


def _row(line: bytes, names: Sequence[str]) -> dict[str, Any]:
    """What the columns hold of a record."""
    fields = _fields(line)
    values = {name: _value(name, fields[name]) for name in names if name in fields and name in _KINDS}
    whole = values.get("ledger", _NOTHING)[0] is not None
    row: dict[str, Any] = {name: _builtin(value) for name, (value, _) in values.items()}
    for name, (value, exact) in values.items():
        if exact or (value is None and fields[name] == b"null" and whole and name not in _OPTIONAL):
            del fields[name]
    if fields:
        row["extra"] = "{" + ",".join(f"{json.dumps(name)}:{raw.decode()}" for name, raw in fields.items()) + "}"
    return row


def _fields(line: bytes) -> dict[str, bytes]:
    """The fields of a JSON object, their values still as they stand in it."""
    try:
        return {name: bytes(raw) for name, raw in _OBJECT.decode(line).items()}
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass  # a lone surrogate, which msgspec does not take, or no object at all
    try:
        return {name: json.dumps(value).encode() for name, value in json.loads(line).items()}
    except (AttributeError, ValueError):
        raise InputError(f"a record that is no JSON object: {line[:60].decode('utf-8', 'replace')!r}.") from None


def _value(name: str, raw: bytes) -> tuple[Any, bool]:
    """What a column can hold of a field, and whether that is all of it. None where it is not of the record's type."""
    try:
        value = _DECODERS[name].decode(raw)
        encoded = msgspec.json.encode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, OverflowError):  # a number past 64 bits, to an older msgspec
        return (_mended(raw), False) if name == "id" else _NOTHING
    return value, encoded == raw or json.loads(encoded) == json.loads(raw)


def _mended(raw: bytes) -> str | None:
    """A text with U+FFFD in the place of its lone surrogates."""
    text = json.loads(raw)
    return mended(text) if isinstance(text, str) else None


def _builtin(value: Any) -> Any:
    """A value as Arrow takes it."""
    if isinstance(value, list):
        return [_builtin(item) for item in value]
    if isinstance(value, msgspec.Raw):
        return bytes(value).decode()
    return msgspec.structs.asdict(value) if isinstance(value, msgspec.Struct) else value


def _record(row: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a row. One without a ledger was turned away, and has only the fields that hold something."""
    nulls = row["ledger"] is not None
    record = {
        name: _READ[name](value) if name in _READ and value is not None else value
        for name, value in row.items()
        if name != "extra" and (value is not None or (nulls and name not in _OPTIONAL))
    }
    return {**record, **json.loads(row.get("extra") or "{}")}


_READ: Mapping[str, Any] = {
    "facts": json.loads,
    "ledger": lambda entries: [msgspec.to_builtins(Entry(**entry)) for entry in entries],
    "segments": lambda stretches: [list(stretch.values()) for stretch in stretches],
}
"""How the columns are read whose values JSON has in another form."""


def _arrow_type(kind: msgspec.inspect.Type) -> pa.DataType:
    pa = pyarrow()
    match kind:
        case msgspec.inspect.StructType():
            return pa.struct([(field.name, _arrow_type(field.type)) for field in kind.fields])
        case msgspec.inspect.ListType() | msgspec.inspect.VarTupleType():
            return pa.list_(_arrow_type(kind.item_type))
        case msgspec.inspect.UnionType():  # of one type and None
            return _arrow_type(kind.types[0])
        case msgspec.inspect.IntType():
            return pa.int64()
        case msgspec.inspect.FloatType():
            return pa.float64()
        case _:
            return pa.string()


def pyarrow() -> Any:
    """The library of columns. Raises ConfigError where it is missing."""
    try:
        import pyarrow.parquet  # noqa: PLC0415 (heavy, and an extra)
    except ImportError:
        raise ConfigError("columns need pyarrow, which is not here. pip install 'copydesk[parquet]'") from None
    return pyarrow
