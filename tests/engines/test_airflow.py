from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from importlib.util import find_spec

import pytest

from engines import shards
from engines.conftest import COUNTS, ROWS
from engines.shards import TOTAL, written

if not find_spec("airflow"):
    pytest.skip("Airflow is not installed", allow_module_level=True)

# The web framework's word to Airflow, which tests a DAG through it.
pytestmark = pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient` is deprecated")
field = shards.field

DAG = """
from datetime import timedelta
from pathlib import Path

from airflow.sdk import dag, task

from copydesk.adapters.airflow import CleanOperator

FIELD = {field!r}
HOW = {{"config": FIELD + "/pipelines.yaml", "workers": 2, "options": ["--part-size", "64"]}}


def noted(context):
    error = context["exception"]
    Path(FIELD, context["ti"].task_id + ".error").write_text(f"{{type(error).__name__}}: {{error}}")


TWICE = {{"retries": 1, "retry_delay": timedelta(0), "on_retry_callback": noted, "on_failure_callback": noted}}


@dag(default_args=HOW)
def news():
    @task
    def listed():
        return [FIELD + f"/raw/{{name}}.jsonl" for name in ("monday", "tuesday")]

    @task
    def gather(results):
        return [result["folder"] for result in results]

    clean = CleanOperator.partial(
        task_id="clean", pipeline="{{{{ dag_run.conf['pipeline'] }}}}", folder=FIELD + "/clean/{{shard}}", max_bad=0.2
    ).expand(inputs=listed())
    gather(clean.output)

    def one(name, shard, pipeline="desk", folder="", **given):
        CleanOperator(
            task_id=name,
            inputs=FIELD + f"/raw/{{shard}}.jsonl",
            folder=FIELD + "/" + (folder or name),
            pipeline=pipeline,
            **TWICE,
            **given,
        )

    one("bad", "monday")
    one("misnamed", "monday", "dsek")
    one("early", "friday")
    one("killed", "long", "stumbling")


@dag(default_args=HOW)
def stopped():
    CleanOperator(
        task_id="stopped", inputs=FIELD + "/raw/long.jsonl", folder=FIELD + "/stopped", pipeline="stumbling", **TWICE
    )


news()
stopped()
"""


@pytest.fixture(scope="module")
def dags(field, tmp_path_factory):
    home = tmp_path_factory.mktemp("airflow")
    (home / "dags").mkdir()
    (home / "dags/news.py").write_text(DAG.format(field=str(field.folder)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(home))
        patch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
        patch.setenv("AIRFLOW__USAGE_DATA_COLLECTION__ENABLED", "False")
        patch.setenv("SCARF_ANALYTICS", "false")
        from airflow.dag_processing.dagbag import DagBag
        from airflow.utils.db import initdb

        initdb()
        bag = DagBag(home / "dags")
        assert not bag.import_errors
        yield bag.dags


@pytest.fixture(scope="module")
def ended(dags, field):
    """The task instances of a run, by name and place, with what they gave."""
    field.order(0, signal.SIGKILL)
    return _ended(dags["news"])


def _ended(dag):
    term = signal.getsignal(signal.SIGTERM)
    run = dag.test(run_conf={"pipeline": "desk"})
    signal.signal(signal.SIGTERM, term)  # a task leaves its own behind
    tasks = {(ti.task_id, ti.map_index): ti for ti in run.get_task_instances()}
    return {
        place: (ti.state, ti.try_number, ti.xcom_pull(ti.task_id, map_indexes=place[1])) for place, ti in tasks.items()
    }


def test_each_shard_is_a_task_and_its_result_is_an_address_and_counts(ended, field):
    for number, name in enumerate(["monday", "tuesday"]):
        state, _, figures = ended["clean", number]
        assert state == "success"
        assert figures["folder"] == f"{field.folder}/clean/{name}"
        assert written(figures["folder"]) == field.plain(name)
    assert {name: ended["clean", 0][2][name] for name in COUNTS} == COUNTS
    assert ended["clean", 1][2]["documents"] == len(ROWS) - 4
    assert ended["gather", -1][2] == [f"{field.folder}/clean/monday", f"{field.folder}/clean/tuesday"]


@pytest.mark.parametrize(
    ("name", "tries", "error"),
    [
        (
            "bad",
            1,
            "AirflowFailException: 1 rejected and 2 failed of {rows} documents are more than `max_bad` allows, 5.0%.",
        ),
        (
            "misnamed",
            1,
            "AirflowFailException: {field}/pipelines.yaml: there is no pipeline `dsek`. Did you mean `desk`?",
        ),
        ("early", 2, "InputError: {field}/raw/friday.jsonl: there is no such file or folder."),
    ],
    ids=["bad", "misnamed", "early"],
)
def test_only_what_may_pass_is_tried_again(ended, field, name, tries, error):
    assert ended[name, -1] == ("failed", tries, None)
    said = (field.folder / f"{name}.error").read_text()
    assert said.startswith(error.format(rows=len(ROWS), field=field.folder))


def test_what_was_killed_is_gone_on_with(ended, field):
    state, tries, figures = ended["killed", -1]
    assert (state, tries, figures["clean"]) == ("success", 2, TOTAL)
    assert written(figures["folder"]) == field.plain("long", "stumbling")
    assert "exit code -9" in (field.folder / "killed.error").read_text()


def test_a_task_that_is_stopped_ends_its_run_which_the_next_one_goes_on_with(dags, field):
    field.order(os.getpid(), signal.SIGTERM)
    state, tries, figures = _ended(dags["stopped"])["stopped", -1]
    assert (state, tries, figures["clean"], field.seen()) == ("success", 2, TOTAL, TOTAL)
    assert "exit code 143" in (field.folder / "stopped.error").read_text()


def test_a_share_is_checked_when_the_dag_is_read(dags):
    from copydesk.adapters.airflow import CleanOperator
    from copydesk.errors import ConfigError

    with pytest.raises(ConfigError, match="`max_bad` is a share"):
        CleanOperator(task_id="clean", inputs="raw", folder="clean", max_bad=5)


SCHEDULED = """
from airflow.sdk import dag, task

from copydesk.adapters.airflow import CleanOperator

FIELD = {field!r}


@dag(schedule="@once")
def scheduled():
    @task
    def listed():
        return [FIELD + f"/raw/{{name}}.jsonl" for name in ("monday", "tuesday")]

    @task
    def gather(results):
        return [result["clean"] for result in results]

    clean = CleanOperator.partial(
        task_id="clean",
        pipeline="desk",
        config=FIELD + "/pipelines.yaml",
        folder=FIELD + "/scheduled/{{shard}}",
        max_bad=0.2,
        workers=1,
        options=["--part-size", "64"],
    ).expand(inputs=listed())
    gather(clean.output)


scheduled()
"""
PARTS = ("api-server", "scheduler --skip-serve-logs", "dag-processor")
"""What `airflow standalone` starts, less what listens on every interface."""


@contextlib.contextmanager
def airflow(home):
    """Airflow as it runs in earnest, on the loopback: its processes, a database, and nobody to ask it anything."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    given = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": port,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": "x" * 64,
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",  # a task asks before the server is warm
        "SCARF_ANALYTICS": "false",
    }
    command = [sys.executable, "-m", "airflow"]
    with (home / "log").open("w") as log, contextlib.ExitStack() as stack:
        how = {"env": {**os.environ, **given}, "stdout": log, "stderr": log}
        subprocess.run([*command, "db", "migrate"], check=True, **how)
        for part in PARTS:
            process = stack.enter_context(subprocess.Popen([*command, *part.split()], **how))
            stack.callback(process.terminate)
            _await(port, process)  # a task that comes before the server is one that failed
        yield


def _await(port, process):
    """The first part is the server; once it answers, the others need not wait."""
    while process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", int(port))):
            return
        time.sleep(0.5)


@pytest.mark.slow
def test_a_scheduler_runs_it_and_only_addresses_and_counts_are_in_its_database(field, tmp_path):
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags/scheduled.py").write_text(SCHEDULED.format(field=str(field.folder)))
    with airflow(tmp_path), contextlib.closing(sqlite3.connect(tmp_path / "airflow.db", timeout=60)) as database:
        until, state = time.monotonic() + 300, None
        while state not in {"success", "failed"} and time.monotonic() < until:
            time.sleep(1)
            (state,) = database.execute("select max(state) from dag_run").fetchone()
        tasks = database.execute("select task_id, state, try_number from task_instance order by 1").fetchall()
        passed = database.execute("select task_id, value from xcom order by task_id, map_index").fetchall()
    assert state == "success", (tmp_path / "log").read_text()[-5_000:]
    assert tasks == [(name, "success", 1) for name in ("clean", "clean", "gather", "listed")]
    monday, tuesday = (json.loads(value) for name, value in passed if name == "clean")
    assert {name: monday[name] for name in COUNTS} == COUNTS
    assert (tuesday["documents"], tuesday["clean"]) == (len(ROWS) - 4, len(ROWS) - 4)
    assert len(passed) == 4
    assert max(len(value) for _, value in passed) < 1_000
    for name, figures in {"monday": monday, "tuesday": tuesday}.items():
        assert figures["folder"] == f"{field.folder}/scheduled/{name}"
        assert written(figures["folder"]) == field.plain(name)
