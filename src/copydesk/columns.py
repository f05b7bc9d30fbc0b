"""Records as columns, and the rows of other people's: a record's Arrow schema, tables of records, rows read with care.

The columns are the fields of docs/record.md, typed and nested as they are there, and known before the first record.
Two hold JSON text, since nobody can say beforehand what is in them: `facts`, which plugins note in kinds of their own,
and `extra`, the input's own fields. What a column cannot hold exactly (a field of the input that has a record's name
and another form, a lone surrogate in an id) stands in `extra` as it was, and that counts when the record is read back.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from copydesk.decoding import decode, mended
from copydesk.errors import ConfigError, InputError
from copydesk.facts import FIELDS
from copydesk.ledger import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa


class Stretch(msgspec.Struct, array_like=True, frozen=True):
    """A segment as a record has it: a stretch of the raw text, its role, and who decided it."""

    start: int
    end: int
    role: str
    stage: str
    rule: str


KINDS: dict[str, Any] = {
    "id": str,
    "text": str,
    **{field.name: list[field.type] if field.many else field.type for field in FIELDS.values()},  # type: ignore[name-defined]
    "flags": list[str],
    "encoding": str,
    "facts": Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "object"})],
    "ledger": list[Entry],
    "segments": list[Stretch],
}
"""The fields of a record and their types, in their order. A field of one value may be null."""

COLUMNS = tuple(name for name in KINDS if name != "segments")
"""The fields of a record without `segments`, which stand in it where they are asked for."""

OPTIONAL = {"encoding", "facts", "segments"}
"""Fields that stand in a record only where there is something in them."""

_NOTHING = (None, False)
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_DECODERS = {name: msgspec.json.Decoder(kind) for name, kind in KINDS.items()}


def record_schema(segments: bool = False) -> pa.Schema:
    """The columns of a record, and `extra` for the input's own fields. Raises ConfigError where pyarrow is missing."""
    pa = pyarrow()
    columns = {name: _arrow_type(msgspec.inspect.type_info(kind)) for name, kind in KINDS.items()}
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
    values = {name: _value(name, fields[name]) for name in names if name in fields and name in KINDS}
    whole = values.get("ledger", _NOTHING)[0] is not None
    row: dict[str, Any] = {name: _builtin(value) for name, (value, _) in values.items()}
    for name, (value, exact) in values.items():
        if exact or (value is None and fields[name] == b"null" and whole and name not in OPTIONAL):
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


def record(row: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a row. One without a ledger was turned away, and has only the fields that hold something."""
    nulls = row["ledger"] is not None
    record = {
        name: _READ[name](value) if name in _READ and value is not None else value
        for name, value in row.items()
        if name != "extra" and (value is not None or (nulls and name not in OPTIONAL))
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
        raise ConfigError("Arrow and Parquet need pyarrow: pip install 'copydesk[parquet]'.") from None
    return pyarrow


def rows_of(batch: pa.RecordBatch) -> Iterator[dict[str, Any] | str]:
    """The rows of a batch; where these cannot be had together, value by value: a reason stands for one that cannot."""
    pa = pyarrow()
    try:
        yield from batch.to_pylist()
    except (pa.ArrowException, ValueError, OverflowError):
        yield from _carefully(pa, batch)


def single(names: Sequence[str]) -> None:
    """Raises InputError where two columns have one name."""
    if len(set(names)) < len(names):
        raise InputError(f"two columns are named `{next(name for name in names if names.count(name) > 1)}`.")


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as JSON has it: dates and times in ISO 8601, decimals as printed, bytes as base64."""
    plain_row: dict[str, Any] = msgspec.to_builtins(row, enc_hook=_as_text)
    return plain_row


def said(error: BaseException) -> str:
    """What Arrow says, in one line with a full stop."""
    return " ".join(str(error).split())[:300].rstrip(".") + "."


def _carefully(pa: Any, batch: pa.RecordBatch) -> Iterator[dict[str, Any] | str]:
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    for row in range(batch.num_rows):
        try:
            yield {name: _value_of(pa, column[row]) for name, column in columns.items()}
        except (pa.ArrowException, ValueError, OverflowError) as error:
            yield f"cannot be read: {said(error)}"


def _value_of(pa: Any, value: Any) -> Any:
    """One value: text that is not UTF-8 is decoded, a time that Python's calendar or clock lacks becomes text."""
    try:
        return value.as_py()
    except UnicodeDecodeError:
        if not isinstance(value, pa.StringScalar | pa.LargeStringScalar | pa.StringViewScalar):
            raise
        return decode(value.as_buffer().to_pybytes()).text
    except (pa.ArrowException, ValueError, OverflowError):
        return value.cast(pa.string()).as_py().replace(" ", "T", 1)


def _as_text(value: Any) -> str:
    """What msgspec does not know: where pandas is installed, Arrow makes its times of nanoseconds."""
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)
