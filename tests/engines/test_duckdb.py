"""DuckDB: a relation as a stream, and a function in SQL."""

from __future__ import annotations

import pytest

from copydesk.columns import COLUMNS
from engines.conftest import ROWS, same

pa = pytest.importorskip("pyarrow")
duckdb = pytest.importorskip("duckdb")
from copydesk.adapters.duckdb import clean, register  # noqa: E402 (an extra)


@pytest.fixture
def con():
    with duckdb.connect() as con:
        con.from_arrow(pa.Table.from_pylist(ROWS)).create("articles")
        yield con


def test_a_relation(con, desk, expected):
    same(clean(con.table("articles"), desk).read_all().to_pylist(), expected)


def test_a_stream_is_a_table_for_another_cursor(con, desk, expected):
    with con.cursor() as other:
        other.from_arrow(clean(con.table("articles"), desk)).create("cleaned")
    same(con.table("cleaned").to_arrow_table().to_pylist(), expected)


def test_a_function_in_sql_sees_nulls(con, desk, expected):
    register(con, desk)
    rows = con.sql("select n, site, unnest(clean(text)) from articles").to_arrow_table().to_pylist()
    same([{**row, "id": ROWS[row["n"]]["id"]} for row in rows], expected)


def test_a_table_without_rows(con, desk):
    register(con, desk, name="tidy")
    assert con.sql("select tidy(text) from articles where false").to_arrow_table().num_rows == 0
    empty = con.sql("select * from articles where false")
    assert clean(empty, desk).read_all().schema.names == [*COLUMNS, "error", "n", "site"]
