"""DuckDB: a relation cleaned as a stream, or a function in SQL that gives the record as a struct.

    cleaned = clean(con.table("articles"), "reprints", text="body")
    con.cursor().from_arrow(cleaned).create("clean")       # another cursor: this one is still reading

    register(con, "reprints")                              # or, in SQL:
    con.sql("select url, unnest(clean(body)) from articles")

DuckDB calls Python on one thread at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from duckdb.func import ARROW, SPECIAL

from copydesk.adapters.transform import ROWS, Transform

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

    from copydesk.pipeline import Pipeline


def clean(
    relation: DuckDBPyRelation,
    pipeline: Pipeline | str,
    *,
    text: str = "text",
    id: str = "id",
    into: str | None = None,
) -> pa.RecordBatchReader:
    """The relation's rows, cleaned as they are read. Raises InputError where there is no such column."""
    return Transform(pipeline, text, id, into).stream(relation.to_arrow_reader(ROWS))


def register(connection: DuckDBPyConnection, pipeline: Pipeline | str, name: str = "clean") -> None:
    """Give SQL the function `name`: a text in, the record with its error as a struct out.

    NULL reaches it and is a row that failed: without `SPECIAL` DuckDB would answer NULL itself.
    """
    transform = Transform(pipeline, into="record")

    def cleaned(texts: pa.Array) -> pa.Array:
        return transform(pa.table({transform.text: texts})).column("record")

    record = connection.from_arrow(transform.schema().empty_table()).types[0]
    connection.create_function(name, cleaned, ["VARCHAR"], record, type=ARROW, null_handling=SPECIAL)
