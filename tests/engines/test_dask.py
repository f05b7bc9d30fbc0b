"""Dask: frames and bags, with two workers of a cluster and in two processes."""

from __future__ import annotations

import pytest

from copydesk import InputError, load
from copydesk.adapters import Transform
from copydesk.columns import COLUMNS
from engines.conftest import CONFIG, ROWS, same

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
pd = pytest.importorskip("pandas")
dask = pytest.importorskip("dask")
dd = pytest.importorskip("dask.dataframe")
db = pytest.importorskip("dask.bag")
distributed = pytest.importorskip("distributed")
from copydesk.adapters.dask import clean  # noqa: E402 (an extra)


@pytest.fixture(scope="module")
def cluster():
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    )
    with cluster, distributed.Client(cluster):
        yield cluster


@pytest.fixture
def frame():
    return dd.from_pandas(pd.DataFrame(ROWS, index=range(100, 100 + len(ROWS))), npartitions=4)


@pytest.fixture
def bag():
    return db.from_sequence(ROWS, npartitions=4)


def whole(rows):
    """The rows of a bag as Parquet has them: with what a ledger leaves out."""
    for row in rows:
        row["ledger"] = row["ledger"] and [{"rule": "", "role": None, "now": "", **entry} for entry in row["ledger"]]
    return rows


@pytest.mark.filterwarnings("ignore:Computing mixed collections:UserWarning")
def test_two_workers_of_a_cluster(frame, bag, desk, expected, cluster):
    cleaned = clean(frame, desk)
    out, rows = dask.compute(cleaned, clean(bag, desk))
    same(out.to_dict("records"), expected)
    same(whole(rows), expected)
    assert out.dtypes.equals(cleaned.dtypes)
    assert out.index.equals(frame.compute().index)


@pytest.mark.filterwarnings("ignore:Computing mixed collections:UserWarning")
def test_two_processes(frame, bag, desk, expected):
    out, rows = dask.compute(clean(frame, desk), clean(bag, desk), scheduler="processes", num_workers=2)
    same(out.to_dict("records"), expected)
    same(whole(rows), expected)


def test_the_columns_and_the_partitions_are_known_beforehand(frame, desk):
    cleaned = clean(frame, desk)
    assert list(cleaned.columns) == [*COLUMNS, "error", "n", "site"]
    assert cleaned.divisions == frame.divisions
    assert cleaned["site"].dtype == cleaned["text"].dtype == frame["text"].dtype


@pytest.mark.parametrize("data", [dd.from_dict({"text": ["x"]}, npartitions=1), db.from_sequence([{"text": "x"}])])
def test_a_partition_is_named_by_the_pipeline(data, desk, project):
    def name(pipeline):
        return clean(data, pipeline).__dask_keys__()[0][0]

    first = name(load(project / "pipelines.yaml")["desk"])
    _ = desk.stages
    assert name(desk) == first
    (project / "another.yaml").write_text(CONFIG.replace("[picky,", "[{picky: {least: 21}},"))
    assert name(load(project / "another.yaml")["desk"]) != first


def test_rejects_are_a_filter_away(frame, desk, cluster):
    cleaned = clean(frame, desk)
    assert cleaned[cleaned["error"].notnull()]["n"].compute().tolist() == [0, 1, 2]


def test_a_frame_is_shuffled_and_written_with_the_schema(frame, desk, expected, cluster, tmp_path):
    schema = Transform(desk).schema(pa.schema([("n", pa.int64()), ("site", pa.string())]))
    cleaned = clean(frame, desk).shuffle("n")
    cleaned.to_parquet(tmp_path, schema=schema, write_index=False)
    table = pq.read_table(tmp_path)
    assert table.schema.remove_metadata() == schema
    same(table.sort_by("n").to_pylist(), expected)


def test_partitions_without_rows(frame, bag, desk, cluster):
    cleaned = clean(frame, desk)
    empty = clean(frame[frame["n"] < 0], desk).compute()
    assert empty.empty
    assert empty.dtypes.equals(cleaned.dtypes)
    assert clean(bag.filter(lambda row: row["n"] < 0), desk).compute() == []


def test_one_column_may_hold_the_record(frame, bag, desk, cluster):
    out = clean(frame, desk, into="copydesk").compute()
    assert list(out.columns) == ["copydesk", "id", "text", "n", "site"]
    assert out["copydesk"].iloc[1]["error"]["outcome"] == "failed"
    row = clean(bag, desk, into="copydesk").take(1)[0]
    assert row["copydesk"]["error"]["outcome"] == "failed"


def test_a_missing_column_is_named_before_anything_runs(desk):
    with pytest.raises(InputError, match=r"^there is no column `text`; there are body. Name it with `text`.$"):
        clean(dd.from_dict({"body": ["x"]}, npartitions=1), desk)


def test_a_field_is_missing_in_one_row_of_a_bag(desk):
    bag = db.from_sequence([{"text": "The bridge opened again."}, {"body": "x"}])
    rows = clean(bag, desk).compute(scheduler="sync")
    assert [row["error"] and row["error"]["outcome"] for row in rows] == [None, "failed"]
