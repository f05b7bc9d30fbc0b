"""Ray Data: workers that leave a core to read with, data without rows, and what is known beforehand."""

from __future__ import annotations

import gc
import os
import secrets
import warnings

import pytest

from copydesk import InputError
from copydesk.adapters import Transform
from engines.conftest import COUNTS, ROWS, same

SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",  # it reports home
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # what makes it listen on the loopback alone, on Linux too
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),  # it writes one to the home folder
    "RAY_DATA_PARQUET_FOOTER_NUM_ACTORS": "1",  # 32 processes, to read the footers of two files
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
}
os.environ.update(SETTINGS)  # ray reads them as it is imported

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
ray = pytest.importorskip("ray")
from copydesk.adapters.ray import clean  # noqa: E402 (an extra)

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning:ray.data.context",  # it sets its own deprecated settings
    "ignore:The minimum number of concurrent actors:UserWarning",  # fewer blocks than workers
    "ignore:Use 'expr' instead of 'fn':UserWarning",  # it cannot say `is not null` of a struct, nor is that needed here
)


@pytest.fixture(scope="module", autouse=True)
def session(tmp_path_factory):
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        object_store_memory=100_000_000,
        log_to_driver=False,
        logging_level="ERROR",
        _node_ip_address="127.0.0.1",
        _temp_dir=str(tmp_path_factory.mktemp("ray")),
    )
    ray.data.DataContext.get_current().execution_options.preserve_order = True
    yield
    ray.shutdown()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it kills its processes, and does not wait for them
        gc.collect()


@pytest.fixture
def folder(tmp_path):
    """The rows in two files."""
    table = pa.Table.from_pylist(ROWS)
    pq.write_table(table.slice(0, 9), tmp_path / "1.parquet")
    pq.write_table(table.slice(9), tmp_path / "2.parquet")
    return str(tmp_path)


@pytest.mark.parametrize("concurrency", [None, 2])
def test_files_are_read_beside_the_workers(folder, desk, expected, concurrency):
    same(clean(ray.data.read_parquet(folder), desk, concurrency=concurrency).take_all(), expected)


def test_two_fixed_workers_and_what_else_map_batches_takes(desk, expected):
    data = ray.data.from_arrow(pa.Table.from_pylist(ROWS)).repartition(4)
    pool = ray.data.ActorPoolStrategy(size=2)
    same(clean(data, desk, compute=pool, num_cpus=0.5, batch_size=4).take_all(), expected)


def test_the_columns_are_known_beforehand(folder, desk):
    data = ray.data.read_parquet(folder)
    schema = Transform(desk).schema(data.schema().base_schema)
    assert pa.concat_tables(ray.get(clean(data, desk).to_arrow_refs())).schema == schema


@pytest.mark.parametrize("left", [0, 2])
def test_a_dataset_without_rows(desk, left):
    data = ray.data.from_arrow(pa.Table.from_pylist(ROWS)).filter(lambda row: row["n"] < left)
    assert clean(data, desk).count() == left


def test_rejects_are_a_filter_away(desk):
    data = clean(ray.data.from_arrow(pa.Table.from_pylist(ROWS)), desk)
    assert data.filter(lambda row: row["error"] is not None).count() == len(ROWS) - COUNTS["clean"]


def test_one_column_may_hold_the_record(desk):
    first = clean(ray.data.from_arrow(pa.Table.from_pylist(ROWS)), desk, into="copydesk").take(1)[0]
    assert list(first) == ["copydesk", "id", "text", "n", "site"]
    assert first["copydesk"]["error"]["outcome"] == "failed"


def test_a_missing_column_is_named_before_anything_runs(desk):
    with pytest.raises(InputError, match=r"^there is no column `text`; there are body. Name it with `text`.$"):
        clean(ray.data.from_arrow(pa.table({"body": ["x"]})), desk)
