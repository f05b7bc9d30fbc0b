"""The adapters, each against its real engine: the same records as `copydesk run`, and every document counted."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from importlib import import_module

import pytest
from conftest import ROOT

from copydesk import InputError, Pipeline, load
from copydesk.adapters import Transform
from copydesk.cli.run import Run
from copydesk.io.columns import COLUMNS

pa = pytest.importorskip("pyarrow")
from pyarrow import parquet  # noqa: E402 (an extra)

PLUGIN = '''
import copydesk

@copydesk.hookimpl
def register_stages(register):
    register(picky)

def picky(doc, *, least: int = 20):
    """Turn short ones away, fail on bad ones."""
    if doc.raw.startswith("bad"):
        raise ValueError("oops")
    if len(doc.raw) < least:
        doc.reject(f"only {len(doc.raw)} characters")
'''

CONFIG = """
plugins: [plugins/]
pipelines:
  desk:
    stages: [picky, repair_encoding, normalize_space, extract_byline, extract_dateline, remove_promos, detect_language]
"""

STORIES = [path.read_text("utf-8", "replace") for path in sorted(ROOT.glob("samples/*.txt"))]
TEXTS = [None, "bad story", "short", *STORIES, *(f"{story}\n\nbad {n}" for n, story in enumerate(STORIES))]
ROWS = [{"id": f"a{n}", "text": text, "n": n, "site": None if n % 3 else "One"} for n, text in enumerate(TEXTS)]
COUNTS = {"clean": len(ROWS) - 3, "failed": 2, "rejected": 1}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    (folder / "plugins").mkdir()
    (folder / "plugins/desk.py").write_text(PLUGIN)
    (folder / "pipelines.yaml").write_text(CONFIG)
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return folder


@pytest.fixture(scope="module")
def desk(project) -> Pipeline:
    return load(project / "pipelines.yaml")["desk"]


@pytest.fixture(scope="module")
def expected(project) -> dict[str, dict]:
    """What `copydesk run` makes of the rows, by id."""
    config, output, rejects = project / "pipelines.yaml", project / "clean.parquet", project / "rejects.jsonl"
    run = Run(
        inputs=[str(project / "rows.jsonl")], pipeline="desk", config=config, output=output, rejects=rejects, quiet=True
    )
    assert run() == 1
    clean = [{**row, "error": None} for row in parquet.read_table(output).drop_columns("extra").to_pylist()]
    return {row["id"]: row for row in [*clean, *map(json.loads, rejects.read_text().splitlines())]}


def plain(value):
    """A value as Python has it everywhere: what is missing is None, a list is a list."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return None if value != value else value  # noqa: PLR0124 (NaN)


def same(rows: list[dict], expected: dict[str, dict]) -> None:
    """Hold an engine's rows to what a run writes, in order, with every outcome counted."""
    assert [row["n"] for row in rows] == [row["n"] for row in ROWS]
    assert [plain(row["site"]) for row in rows] == [row["site"] for row in ROWS]
    assert Counter(row["error"]["outcome"] if row["error"] else "clean" for row in rows) == COUNTS
    for row, source in zip(rows, ROWS, strict=True):
        record = expected.get(source["id"]) or expected[f"rows:{source['n'] + 1}"]
        if row["error"] is None:
            assert plain({name: row[name] for name in COLUMNS}) == {name: record[name] for name in COLUMNS}
        else:
            reason = row["error"]["reason"].replace("document ``", f"document `{source['id']}`")  # SQL gives no id
            assert record["reason"].endswith(reason)
            assert row["text"] == (source["text"] or "")  # a run has no columns beside it, and keeps the whole line
            assert row["error"]["stage"] == record["stage"]


def test_arrow(desk, expected):
    table = pa.Table.from_pylist(ROWS)
    same(Transform(desk)(table).to_pylist(), expected)
    same(Transform(desk).stream(table).read_all().to_pylist(), expected)
    same(pickle.loads(pickle.dumps(Transform(desk)))(table).to_pylist(), expected)


@pytest.fixture(scope="module")
def pd():
    pandas = pytest.importorskip("pandas")
    import_module("copydesk.adapters.pandas")
    return pandas


class TestPandas:
    def test_a_frame(self, pd, desk, expected):
        frame = pd.DataFrame(ROWS, index=[n // 2 for n in range(len(ROWS))])
        before = frame.copy()
        out = frame.copydesk.clean(desk)
        same(out.to_dict("records"), expected)
        pd.testing.assert_frame_equal(frame, before)
        pd.testing.assert_index_equal(out.index, frame.index)
        pd.testing.assert_frame_equal(out[["n", "site"]], frame[["n", "site"]])

    @pytest.mark.parametrize("missing", [None, float("nan"), "NA"])
    def test_a_missing_text_is_a_row_that_failed(self, pd, desk, missing):
        frame = pd.DataFrame({"text": ["The bridge opened again.", pd.NA if missing == "NA" else missing]})
        first, second = frame.copydesk.clean(desk)["error"]
        assert first is None
        assert second["reason"] == "a document needs a field `text` with text in it; it is NoneType."

    def test_columns_have_the_same_types_in_every_frame(self, pd, desk):
        frame = pd.DataFrame(ROWS)
        out = frame.copydesk.clean(desk)
        assert frame.iloc[:0].copydesk.clean(desk).dtypes.equals(out.dtypes)
        assert frame.iloc[:1].copydesk.clean(desk).dtypes.equals(out.dtypes)

    def test_one_column_may_hold_the_record(self, pd, desk):
        out = pd.DataFrame(ROWS).copydesk.clean(desk, into="copydesk")
        assert list(out.columns) == ["copydesk", "id", "text", "n", "site"]
        assert out["copydesk"][1]["error"]["outcome"] == "failed"

    def test_any_value_may_stand_beside_the_text(self, pd, desk):
        frame = pd.DataFrame({"body": ["The bridge opened again."], 7: [object()], "l": [[1, {"a": float("nan")}]]})
        out = frame.copydesk.clean(desk, text="body")
        assert out["error"][0] is None
        assert out[7][0] is frame[7][0]

    def test_a_missing_column_is_named(self, pd, desk):
        with pytest.raises(InputError, match=r"^there is no column `text`; there are body. Name it with `text`.$"):
            pd.DataFrame({"body": []}).copydesk.clean(desk)


@pytest.fixture(scope="module")
def pl():
    polars = pytest.importorskip("polars")
    import_module("copydesk.adapters.polars")
    return polars


class TestPolars:
    def test_a_frame(self, pl, desk, expected):
        same(pl.DataFrame(ROWS).copydesk.clean(desk).to_dicts(), expected)

    @pytest.mark.parametrize("engine", ["in-memory", "streaming"])
    def test_a_lazy_frame(self, pl, desk, expected, engine):
        lazy = pl.LazyFrame(ROWS).copydesk.clean(desk)
        out = lazy.collect(engine=engine)
        same(out.to_dicts(), expected)
        assert out.schema == lazy.collect_schema() == pl.DataFrame(ROWS).copydesk.clean(desk).schema

    def test_a_file_streams_to_a_file(self, pl, desk, expected, tmp_path):
        pl.DataFrame(ROWS).write_parquet(tmp_path / "in.parquet", row_group_size=8)
        pl.scan_parquet(tmp_path / "in.parquet").copydesk.clean(desk).sink_parquet(tmp_path / "out.parquet")
        same(pl.read_parquet(tmp_path / "out.parquet").to_dicts(), expected)

    def test_what_is_asked_of_the_cleaned_frame_is_answered_as_of_an_eager_one(self, pl, desk):
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
    def test_only_the_rows_that_are_asked_for_are_cleaned(self, pl, desk, engine, monkeypatch):
        cleaned = []
        beside = Transform.beside
        monkeypatch.setattr(
            Transform, "beside", lambda self, rows: beside(self, cleaned.append(got := list(rows)) or got)
        )
        lazy = pl.LazyFrame(ROWS).copydesk.clean(desk)
        assert lazy.head(2).collect(engine=engine).height == 2
        assert lazy.filter(pl.col("n") > len(ROWS) - 3).collect(engine=engine).height == 2
        assert sum(len(part) for parts in cleaned for part in parts) == 4

    @pytest.mark.parametrize("engine", ["in-memory", "streaming"])
    def test_a_frame_without_rows_has_the_columns_too(self, pl, desk, engine):
        empty = pl.DataFrame(ROWS).clear()
        schema = pl.DataFrame(ROWS).copydesk.clean(desk).schema
        assert empty.copydesk.clean(desk).schema == schema
        assert empty.lazy().copydesk.clean(desk).collect(engine=engine).schema == schema

    def test_types_of_other_columns_stay(self, pl, desk):
        frame = pl.DataFrame({"text": ["x", "y"], "kind": pl.Series(["a", "b"], dtype=pl.Enum(["a", "b"]))})
        assert frame.copydesk.clean(desk)["kind"].dtype == frame["kind"].dtype
        thing = pl.Series("thing", [object(), object()], dtype=pl.Object)
        assert frame.with_columns(thing).copydesk.clean(desk)["thing"].to_list() == thing.to_list()
        assert frame.cast({"text": pl.Categorical}).copydesk.clean(desk)["text"].to_list() == ["x", "y"]

    def test_one_column_may_hold_the_record(self, pl, desk):
        out = pl.LazyFrame(ROWS).copydesk.clean(desk, into="copydesk").collect()
        assert out.columns == ["copydesk", "id", "text", "n", "site"]
        assert out["copydesk"].struct.field("error").null_count() == COUNTS["clean"]

    def test_a_missing_column_is_named_before_anything_runs(self, pl, desk):
        with pytest.raises(InputError, match=r"^there is no column `text`; there are body. Name it with `text`.$"):
            pl.LazyFrame({"body": ["x"]}).copydesk.clean(desk)


class TestDuckDB:
    @pytest.fixture
    def con(self):
        duckdb = pytest.importorskip("duckdb")
        with duckdb.connect() as con:
            con.from_arrow(pa.Table.from_pylist(ROWS)).create("articles")
            yield con

    def test_a_relation(self, con, desk, expected):
        from copydesk.adapters.duckdb import clean

        same(clean(con.table("articles"), desk).read_all().to_pylist(), expected)

    def test_a_stream_is_a_table_for_another_cursor(self, con, desk, expected):
        from copydesk.adapters.duckdb import clean

        with con.cursor() as other:
            other.from_arrow(clean(con.table("articles"), desk)).create("cleaned")
        same(con.table("cleaned").to_arrow_table().to_pylist(), expected)

    def test_a_function_in_sql_sees_nulls(self, con, desk, expected):
        from copydesk.adapters.duckdb import register

        register(con, desk)
        rows = con.sql("select n, site, unnest(clean(text)) from articles").to_arrow_table().to_pylist()
        same([{**row, "id": ROWS[row["n"]]["id"]} for row in rows], expected)

    def test_a_table_without_rows(self, con, desk):
        from copydesk.adapters.duckdb import clean, register

        register(con, desk, name="tidy")
        assert con.sql("select tidy(text) from articles where false").to_arrow_table().num_rows == 0
        empty = con.sql("select * from articles where false")
        assert clean(empty, desk).read_all().schema.names == [*COLUMNS, "error", "n", "site"]


class TestDatasets:
    @pytest.fixture
    def data(self, tmp_path, monkeypatch):
        datasets = pytest.importorskip("datasets")
        datasets.disable_progress_bars()
        return datasets.Dataset.from_list(ROWS)

    def test_a_dataset(self, data, desk, expected):
        from copydesk.adapters.datasets import clean

        out = clean(data, desk, batch_size=16)
        same(list(out), expected)
        assert out.format == data.format | {"columns": out.column_names}

    def test_two_processes(self, data, desk, expected):
        from copydesk.adapters.datasets import clean

        same(list(clean(data, desk, num_proc=2)), expected)

    def test_a_stream(self, data, desk, expected):
        from copydesk.adapters.datasets import clean

        same(list(clean(data.to_iterable_dataset(), desk)), expected)

    def test_a_stream_that_does_not_know_its_columns(self, desk, expected):
        datasets = pytest.importorskip("datasets")
        from copydesk.adapters.datasets import clean

        stream = datasets.IterableDataset.from_generator(lambda: iter(ROWS))
        same(list(clean(stream, desk, batch_size=2)), expected)
        renamed = datasets.IterableDataset.from_generator(lambda: ({"body": row["text"]} for row in ROWS))
        assert list(next(iter(clean(renamed, desk, text="body")))) == [*COLUMNS, "error"]

    def test_a_first_batch_without_a_text_does_not_fix_a_type(self, data, desk):
        from copydesk.adapters.datasets import clean

        out = clean(data, desk, batch_size=1)
        assert out.features == clean(data, desk).features
        assert out[3]["language"]["code"]

    def test_a_label_and_the_form_of_the_rows_stay(self, data, desk):
        import datasets

        from copydesk.adapters.datasets import clean

        labelled = data.cast_column("site", datasets.ClassLabel(names=["One"])).with_format("numpy")
        out = clean(labelled, desk)
        assert out.features["site"] == labelled.features["site"]
        assert out.format["type"] == "numpy"

    def test_splits(self, data, desk):
        import datasets

        from copydesk.adapters.datasets import clean

        out = clean(datasets.DatasetDict(train=data, test=data.select(range(2))), desk)
        assert isinstance(out, datasets.DatasetDict)
        assert {name: len(split) for name, split in out.items()} == {"train": len(ROWS), "test": 2}

    def test_the_fingerprint_is_that_of_the_pipeline(self, data, desk, project):
        from copydesk.adapters.datasets import clean

        first = clean(data, load(project / "pipelines.yaml")["desk"])._fingerprint
        _ = desk.stages
        assert clean(data, desk)._fingerprint == first
        (project / "another.yaml").write_text(CONFIG.replace("[picky,", "[{picky: {least: 21}},"))
        assert clean(data, load(project / "another.yaml")["desk"])._fingerprint != first
