"""The contract with every engine: a batch of rows in, the same rows in the same order out, errors as data.

A row out holds the columns of the record, typed and nested as docs/record.md has them, then `error`, then the input's
other columns as they came. A table that has a column of such a name is refused, for one of the two would be lost;
`into` keeps both. In a mapping the record's counts, as in `copydesk run`. A document that is rejected or fails is a row
like any other: its raw text in `text`, and the outcome, the stage and the reason in `error`, which is null where all
went well. An id that is not there is null.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from copydesk.columns import COLUMNS, plain, pyarrow, record_schema, rows_of, single, table
from copydesk.decoding import decode
from copydesk.errors import InputError
from copydesk.intake import MAX_CHARS, as_document, too_long, turned_away, unread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa

    from copydesk.document import Document

SIDE_BY_SIDE = 32
"""Documents that run together: a third quicker than one by one, and few enough to be held while they run."""

ROWS = 1024
"""Rows of a batch that comes out of a table or a stream: 3 MB of news. An Arrow text column ends at 2 GB."""

ERROR = "error"
_OURS = {*COLUMNS, ERROR}
_PLACE = ("outcome", "stage", "reason")


class Batching(Protocol):
    """What is needed of a pipeline here."""

    def batch(self, docs: Sequence[Document]) -> None: ...


@dataclass(frozen=True)
class Rows:
    """A pipeline as engines take it: call it with a batch of rows. It is what travels to their workers, in a few kB.

    `text`, `id`: the input's columns. `into`: the name of one column that shall hold the whole record as a struct,
    beside all of the input's, which then stay as they are.
    """

    pipeline: Batching
    text: str = "text"
    id: str = "id"
    into: str | None = None

    def schema(self, others: pa.Schema | None = None) -> pa.Schema:
        """The columns that come out, known before the first row: the record's, and the other ones of such an input."""
        pa = pyarrow()
        record = [pa.field(self.into, pa.struct(_record_fields()))] if self.into else _record_fields()
        passed = [] if others is None else [others.field(name) for name in self._passed(others.names)]
        return pa.schema([*record, *passed], metadata=None if others is None else others.metadata)

    def __call__(self, data: Any) -> Any:
        """A RecordBatch for a RecordBatch; a Table for whatever else speaks Arrow: a table, a frame, a stream.

        Raises InputError where there is no text column, or two columns have one name; never for a document.
        """
        pa = pyarrow()
        if not isinstance(data, pa.RecordBatch):
            return self.stream(data).read_all()
        self.checked(data.schema.names)
        schema = self.schema(data.schema)
        batches = list(self._batches(data, schema))
        return pa.concat_batches(batches) if batches else pa.RecordBatch.from_pylist([], schema)

    def stream(self, data: Any) -> pa.RecordBatchReader:
        """The batches of whatever speaks Arrow, cleaned as they are asked for: one is held at a time."""
        pa = pyarrow()
        reader = data.to_reader() if isinstance(data, pa.Table) else pa.RecordBatchReader.from_stream(data)
        self.checked(reader.schema.names)
        schema = self.schema(reader.schema)
        cleaned = (out for batch in reader for out in self._batches(batch, schema))
        return pa.RecordBatchReader.from_batches(schema, cleaned)

    def records(self, rows: Iterable[Mapping[str, Any] | str], ahead: int = SIDE_BY_SIDE) -> Iterator[dict[str, Any]]:
        """The same for mappings, as they are asked for. `ahead`: how many are taken in before the first comes out.

        A text, or bytes, is a row with nothing else; what is no mapping either is a row without fields. One that has
        an `error` already is a row that failed. Raises InputError for a single row.
        """
        if isinstance(rows, str | bytes | Mapping):
            raise InputError("`records` takes many rows, and this is one. Put it in a list.")
        source = (self._fields(row) for row in rows)
        while some := list(islice(source, ahead)):
            for row, doc in zip(some, self._documents(some), strict=True):
                others = {name: row[name] for name in self._passed(row)}
                yield {**others, self.into: _record(doc)} if self.into else {**_record(doc), **others}

    def beside(self, rows: Iterable[Sequence[Mapping[str, Any]]]) -> pa.Table:
        """The record's columns alone, for an engine that gives rows a few at a time and keeps its other columns."""
        schema = self.schema()
        batches = [pyarrow().RecordBatch.from_arrays(self._arrays(some), schema=schema) for some in rows]
        return pyarrow().Table.from_batches(batches, schema)

    def checked(self, names: Sequence[str]) -> list[str]:
        """The input's columns that pass through.

        Raises InputError for an input that cannot be read by its names, or that has a name which a column out has.
        """
        if self.text not in names:
            listed = ", ".join(map(str, names)) or "none"
            raise InputError(f"there is no column `{self.text}`; there are {listed}. Name it with `text`.")
        single(names)
        if clash := self._clash(names):
            raise InputError(clash)
        return self._passed(names)

    def _clash(self, names: Iterable[str]) -> str:
        """What to say of an input's own columns that would be lost, or nothing."""
        ours = {self.into} if self.into else _OURS - {self.text, self.id}
        lost = ", ".join(f"`{name}`" for name in names if name in ours)
        way = "give `into` another name" if self.into else 'keep both with into="copydesk"'
        return lost and f"the record would replace {lost} of the input: {way}, or rename it."

    def _fields(self, row: Any) -> Mapping[str, Any]:
        """A row of `records` by its fields."""
        if isinstance(row, str | bytes):
            return {self.text: row}
        return row if isinstance(row, Mapping) else {}

    def _arrays(self, rows: Sequence[Mapping[str, Any] | str]) -> list[pa.Array]:
        lines: list[bytes] = []  # not the documents: what these are made of would keep the collector busy
        errors: list[dict[str, str] | None] = []
        for start in range(0, len(rows), SIDE_BY_SIDE):
            for doc in self._documents(rows[start : start + SIDE_BY_SIDE]):
                lines.append(doc.json())
                errors.append(_error(doc))
        arrays = _arrays(lines, errors)
        return [pyarrow().StructArray.from_arrays(arrays, fields=_record_fields())] if self.into else arrays

    def _batches(self, batch: pa.RecordBatch, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        for start in range(0, batch.num_rows, ROWS):
            part = batch.slice(start, ROWS)
            passed = [part.column(name) for name in self._passed(part.schema.names)]
            yield pyarrow().RecordBatch.from_arrays([*self._arrays([*rows_of(part)]), *passed], schema=schema)

    def _passed(self, names: Iterable[str]) -> list[str]:
        """The input's columns that pass through."""
        taken = {self.into} if self.into else {*_OURS, self.text, self.id}
        return [name for name in names if name not in taken]

    def _documents(self, rows: Iterable[Mapping[str, Any] | str]) -> list[Document]:
        """The documents of some rows, run. What stages saw of the other columns is let go: they pass by themselves."""
        docs = [self._document(row) for row in rows]
        self.pipeline.batch(docs)
        for doc in docs:
            doc.extra = {}
            doc.reason = doc.reason.encode("utf-8", "backslashreplace").decode()  # no column holds a lone surrogate
        return docs

    def _document(self, row: Mapping[str, Any] | str) -> Document:
        """The document of a row, as a run reads it: one without a text fails, one that is too long is rejected."""
        if isinstance(row, str):
            return unread(row)
        text = row.get(self.text)
        if clash := self._clash(row.keys() & {ERROR, self.into}):
            return unread(clash, text, row.get(self.id))
        try:
            fields = plain({name: value for name, value in row.items() if name != self.text})
            if self.text in row:
                fields[self.text] = decode(text).text if isinstance(text, bytes) else text
            doc = as_document(fields, text_field=self.text, id_field=self.id)
        except Exception as error:  # noqa: BLE001 (a row holds whatever its engine lets it hold)
            return unread(str(error), text, row.get(self.id))
        why = too_long(doc, MAX_CHARS)
        return turned_away(doc, f"{why}.") if why else doc


@cache
def _record_fields() -> list[pa.Field]:
    """The record's columns, and the error."""
    pa = pyarrow()
    fields = [column for column in record_schema() if column.name != "extra"]
    return [*fields, pa.field(ERROR, pa.struct([(name, pa.string()) for name in _PLACE]))]


def _arrays(lines: Sequence[bytes], errors: Sequence[dict[str, str] | None]) -> list[pa.Array]:
    """The record's columns, and the error, of some documents' records as lines of JSON.

    A fact that its column cannot hold, such as a year past 64 bits, stands in `facts` under its field's name.
    """
    pa = pyarrow()
    record = table(lines, record_schema())
    arrays = dict(zip(record.schema.names, (column.combine_chunks() for column in record.columns), strict=True))
    arrays["id"] = pa.array([id_ or None for id_ in arrays["id"].to_pylist()], pa.string())
    extra = arrays.pop("extra").to_pylist()
    odd = [(n, left) for n, left in enumerate(extra) if left and errors[n] is None]
    if odd:
        facts = arrays["facts"].to_pylist()
        for number, left in odd:
            facts[number] = json.dumps({**json.loads(facts[number] or "{}"), **json.loads(left)})
        arrays["facts"] = pa.array(facts, pa.string())
    return [*arrays.values(), pa.array(errors, _record_fields()[-1].type)]


def _record(doc: Document) -> dict[str, Any]:
    """The record with all of its fields, and the error."""
    try:
        record = doc.record()
    except (UnicodeEncodeError, OverflowError):  # a plugin noted a lone surrogate, or a number past 64 bits
        record = json.loads(doc.json())
    known = {name: record.get(name) for name in COLUMNS}
    return {**known, "id": doc.id or None, ERROR: _error(doc)}


def _error(doc: Document) -> dict[str, str] | None:
    if doc.outcome == "clean":
        return None
    return dict(zip(_PLACE, (doc.outcome, doc.stopped_by, doc.reason), strict=True))
