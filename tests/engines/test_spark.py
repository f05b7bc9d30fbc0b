"""Spark: two workers, the types that it hands over, streams, Connect, and workers that do not have the plugin."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from copydesk import InputError, load
from copydesk.columns import COLUMNS
from engines.conftest import CONFIG, COUNTS, PLUGIN, ROOT, ROWS, same

pytest.importorskip("pyspark")
import pyspark
from pyspark.sql import SparkSession

from copydesk.adapters.spark import clean, split

SCHEMA = "id string, text string, n bigint, site string"
SPLIT = [COUNTS["clean"], COUNTS["failed"] + COUNTS["rejected"]]

# At each frame Spark says that it is not sure of pandas 3 yet, which nothing here uses.
pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")


@pytest.fixture(scope="module")
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def spark(tmp_path_factory, port):
    """One session, which serves Spark Connect as well."""
    os.environ |= {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    settings = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.warehouse.dir": tmp_path_factory.mktemp("warehouse").as_uri(),
        "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
    }
    session = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.fixture
def df(spark):
    return spark.createDataFrame(ROWS, SCHEMA).repartition(4, "n")


def rows(cleaned):
    """Its rows in order. To sort in Spark would run it twice."""
    return sorted((row.asDict(recursive=True) for row in cleaned.collect()), key=lambda row: row["n"])


def test_a_frame(df, desk, expected):
    out = df.transform(clean, desk)
    assert out.columns == [*COLUMNS, "error", "n", "site"]
    same(rows(out), expected)


def test_rejects_are_a_second_frame(df, desk):
    assert [half.count() for half in split(clean(df, desk))] == SPLIT
    into = clean(df, desk, into="copydesk")
    assert into.columns == ["copydesk", "id", "text", "n", "site"]
    assert [half.count() for half in split(into, "copydesk.error")] == SPLIT


def test_workers_need_no_plugin_folder_and_leave_nothing(df, tmp_path):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins/desk.py").write_text(PLUGIN)
    (tmp_path / "pipelines.yaml").write_text(CONFIG)
    out = clean(df, load(tmp_path / "pipelines.yaml")["desk"])
    shutil.rmtree(tmp_path)
    assert [half.count() for half in split(out)] == SPLIT
    assert "/blockmgr-" in out.where("id = 'a1'").first().error.reason  # Spark's own folder, which goes when it stops


@pytest.mark.parametrize("large", ["false", "true"])
def test_types_of_other_columns_stay(spark, desk, large):
    spark.conf.set("spark.sql.execution.arrow.useLargeVarTypes", large)
    others = spark.sql("""select timestamp'2020-01-01 10:00' t, timestamp_ntz'2020-01-01 10:00' z, date'2020-01-01' d,
        map('a', 1) m, 1.50BD dec, null nothing, array(struct(1 a, null b)) s, interval '1' day i, 'x' || n x, 1Y byte,
        collate('x', 'UTF8_LCASE') c, parse_json('{"a": 1}') v, cast('x' as binary) b from range(3) r(n)""")
    out = clean(others.selectExpr("*", "x text"), desk)
    assert out.schema[len(COLUMNS) + 1 :] == others.schema[:]
    assert str(out.select(*others.columns).collect()) == str(others.collect())  # no two VariantVals are equal
    spark.conf.unset("spark.sql.execution.arrow.useLargeVarTypes")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("'The bridge reopened on Monday.'", None),
        ("collate('The bridge reopened on Monday.', 'UTF8_LCASE')", None),
        ("cast('The bridge reopened on Monday.' as binary)", None),
        ("null", "a document needs a field `text` with text in it; it is null."),
        ("5", "a document needs a field `text` with text in it; it is a number."),
    ],
)
def test_a_text_of_another_type(spark, desk, text, error):
    (row,) = clean(spark.sql(f"select {text} text, 5 id"), desk).collect()
    assert row.id == "5"
    assert (row.error and row.error.reason) == error


def test_a_large_partition(spark, desk):
    good, rejects = split(clean(spark.range(0, 3000, 1, 1).selectExpr("id", "'short' text"), desk))
    assert (good.count(), rejects.count()) == (0, 3000)


def test_a_frame_without_rows(df, desk):
    out = clean(df.where("false"), desk)
    assert out.collect() == []
    assert out.schema == clean(df, desk).schema


def test_a_missing_column_is_named_before_anything_runs(df, desk):
    with pytest.raises(InputError, match=r"^there is no column `body`; there are id, text, n, site. Name it with"):
        clean(df, desk, text="body")
    with pytest.raises(InputError, match=r"^two columns are named `text`.$"):
        clean(df.join(df, "id"), desk)


def test_a_stream(spark, desk, expected, tmp_path):
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    out = clean(spark.readStream.schema(SCHEMA).json(str(tmp_path)), desk)
    query = out.writeStream.format("memory").queryName("cleaned").trigger(availableNow=True).start()
    query.awaitTermination()
    same(rows(spark.table("cleaned")), expected)


def test_spark_connect(spark, port, desk, expected):
    pytest.importorskip("grpc")
    from pyspark.sql.connect.session import SparkSession as Remote

    remote = Remote.builder.remote(f"sc://127.0.0.1:{port}").create()
    out = clean(remote.createDataFrame(ROWS, SCHEMA), desk)
    same(rows(out), expected)
    assert [half.count() for half in split(out)] == SPLIT
    remote.stop()


JOB = """
import json

from pyspark.sql import SparkSession

from copydesk import load
from copydesk.adapters.spark import clean


def place(batches):
    import copydesk

    for batch in batches:
        yield batch.from_pydict({{"place": [copydesk.__file__]}})


spark = SparkSession.builder.getOrCreate()
df = spark.read.schema({schema!r}).json("{project}/rows.jsonl").repartition(4, "n")
rows = [row.asDict(recursive=True) for row in clean(df, load("{project}/pipelines.yaml")["desk"]).collect()]
places = {{row.place for row in spark.range(4).mapInArrow(place, "place string").collect()}}
with open("told.json", "w") as told:
    json.dump([spark.sparkContext.master, sorted(places), rows], told)
"""


@contextlib.contextmanager
def standalone(folder, env):
    """Spark's own cluster on the loopback: a master and a worker, each a process; the master's address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        master = f"127.0.0.1:{free.getsockname()[1]}"
    start = Path(pyspark.__file__).parent / "bin/spark-class"
    parts = {
        "master.Master": f"--host 127.0.0.1 --port {master.partition(':')[2]} --webui-port 0",
        "worker.Worker": f"--host 127.0.0.1 --webui-port 0 --cores 2 --memory 2g --work-dir work spark://{master}",
    }
    with (folder / "log").open("w") as log, contextlib.ExitStack() as stack:
        for part, options in parts.items():
            command = [start, f"org.apache.spark.deploy.{part}", *options.split()]
            process = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log)
            stack.callback(stack.enter_context(process).terminate)
        while "Registering worker" not in (folder / "log").read_text():
            assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.5)
        yield f"spark://{master}"


@pytest.mark.slow
def test_a_cluster_gets_it_as_the_page_says(project, expected, tmp_path):
    (page,) = re.findall(r"```text\n(python -m venv ship.*?)```", (ROOT / "docs/engines.md").read_text(), re.DOTALL)
    shipping = page.replace("'copydesk[parquet]'", shlex.quote(f"{ROOT}[parquet]"))  # this one, not the registry's
    (tmp_path / "job.py").write_text(JOB.format(project=project, schema=SCHEMA))
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PYSPARK_", "SPARK_", "PYTHON"))}
    env = {**ours, "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}", "SPARK_LOCAL_IP": "127.0.0.1"}
    with standalone(tmp_path, env) as master:
        subprocess.run(["sh", "-e"], input=shipping, text=True, check=True, cwd=tmp_path, env={**env, "MASTER": master})
    told, places, rows = json.loads((tmp_path / "told.json").read_text())
    assert told == master
    assert [re.search(r"/work/app-[^/]*/\d+/", place) is not None for place in places] == [True]
    same(sorted(rows, key=lambda row: row["n"]), expected)
