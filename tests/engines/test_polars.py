"""Polars: frames eager, lazy and streamed, and what its optimiser may ask for."""

from __future__ import annotations

import pytest

from copydesk import InputError
from copydesk.adapters import Transform
from engines.conftest import COUNTS, ROWS, same

pl = pytest.importorskip("polars")
import copydesk.adapters.polars  # noqa: E402, F401 (an extra; it registers the namespaces)


def test_a_frame(desk, expected):
    same(pl.DataFrame(ROWS).copydesk.clean(desk).to_dicts(), expected)


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_a_lazy_frame(desk, expected, engine):
    lazy = pl.LazyFrame(ROWS).copydesk.clean(desk)
    out = lazy.collect(engine=engine)
    same(out.to_dicts(), expected)
    assert out.schema == lazy.collect_schema() == pl.DataFrame(ROWS).copydesk.clean(desk).schema


def test_a_file_streams_to_a_file(desk, expected, tmp_path):
    pl.DataFrame(ROWS).write_parquet(tmp_path / "in.parquet", row_group_size=8)
    pl.scan_parquet(tmp_path / "in.parquet").copydesk.clean(desk).sink_parquet(tmp_path / "out.parquet")
    same(pl.read_parquet(tmp_path / "out.parquet").to_dicts(), expected)


def test_what_is_asked_of_the_cleaned_frame_is_answered_as_of_an_eager_one(desk):
    lazy, eager = pl.LazyFrame(ROWS).copydesk.clean(desk), pl.DataFrame(ROWS).copydesk.clean(desk)
    wanted = pl.col("error").is_not_null() & (pl.col("n") > 0)
    error = pl.col("error").struct.field("stage")
    for engine in ("in-memory", "streaming"):
        assert (
            lazy.filter(wanted)
            .select("n", error)
            .collect(engine=engine)
            .equals(eager.filter(wanted).select("n", error))
        )
        assert lazy.head(2).collect(engine=engine).equals(eager.head(2))


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_only_the_rows_that_are_asked_for_are_cleaned(desk, engine, monkeypatch):
    cleaned = []
    beside = Transform.beside
    monkeypatch.setattr(Transform, "beside", lambda self, rows: beside(self, cleaned.append(got := list(rows)) or got))
    lazy = pl.LazyFrame(ROWS).copydesk.clean(desk)
    assert lazy.head(2).collect(engine=engine).height == 2
    assert lazy.filter(pl.col("n") > len(ROWS) - 3).collect(engine=engine).height == 2
    assert sum(len(part) for parts in cleaned for part in parts) == 4


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_a_frame_without_rows_has_the_columns_too(desk, engine):
    empty = pl.DataFrame(ROWS).clear()
    schema = pl.DataFrame(ROWS).copydesk.clean(desk).schema
    assert empty.copydesk.clean(desk).schema == schema
    assert empty.lazy().copydesk.clean(desk).collect(engine=engine).schema == schema


def test_types_of_other_columns_stay(desk):
    frame = pl.DataFrame({"text": ["x", "y"], "kind": pl.Series(["a", "b"], dtype=pl.Enum(["a", "b"]))})
    assert frame.copydesk.clean(desk)["kind"].dtype == frame["kind"].dtype
    thing = pl.Series("thing", [object(), object()], dtype=pl.Object)
    assert frame.with_columns(thing).copydesk.clean(desk)["thing"].to_list() == thing.to_list()
    assert frame.cast({"text": pl.Categorical}).copydesk.clean(desk)["text"].to_list() == ["x", "y"]


def test_one_column_may_hold_the_record(desk):
    out = pl.LazyFrame(ROWS).copydesk.clean(desk, into="copydesk").collect()
    assert out.columns == ["copydesk", "id", "text", "n", "site"]
    assert out["copydesk"].struct.field("error").null_count() == COUNTS["clean"]


def test_a_missing_column_is_named_before_anything_runs(desk):
    with pytest.raises(InputError, match=r"^there is no column `text`; there are body. Name it with `text`.$"):
        pl.LazyFrame({"body": ["x"]}).copydesk.clean(desk)
