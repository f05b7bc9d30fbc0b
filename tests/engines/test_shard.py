from __future__ import annotations

import os
import shutil
import signal
import threading
import time

import pytest

from copydesk.adapters.shard import Shard, name_of, share, too_bad
from copydesk.errors import ConfigError, CopydeskError, InputError, OutputError, ResumeError, WorkerError
from engines import shards
from engines.conftest import COUNTS, ROWS
from engines.shards import TOTAL, written

field = shards.field

PARTS = ("--part-size", "64")


@pytest.fixture
def shard(field, tmp_path):
    def made(name="monday", **given):
        given = {"folder": str(tmp_path / "clean"), "pipeline": "desk", "config": field.config, **given}
        return Shard(inputs=[field.raw(name)], workers=2, options=[*given.pop("options", ()), *PARTS], **given)

    return made


def test_a_shard_is_what_a_run_writes_and_every_document_is_counted(shard, field):
    said = []
    figures = shard().run(said.append)
    assert written(figures["folder"]) == field.plain("monday")
    assert {name: figures[name] for name in COUNTS} == COUNTS
    assert figures["documents"] == len(ROWS)
    assert figures["bad"] == 3 / len(ROWS)
    assert figures["rejects"] == f"{figures['folder']}/rejects.jsonl.zst"
    assert figures["removed"]["byline"] > 10
    assert f"{len(ROWS)} documents: {len(ROWS) - 3} clean, 2 failed, 1 rejected" in said


def test_a_shard_that_is_finished_answers_at_once_and_the_same(shard):
    first = shard().run(str)
    again = shard().run(str)
    assert {**again, "seconds": 0} == {**first, "seconds": 0}


def test_without_rejects_there_is_no_file_of_them(shard):
    assert shard("tuesday").run(str)["rejects"] is None


def test_a_run_that_is_killed_is_gone_on_with(shard, field):
    field.order(0, signal.SIGKILL)
    with pytest.raises(
        CopydeskError, match=r"^the run ended with exit code -9\. What it has done is kept in .*/clean;"
    ):
        shard("long", pipeline="stumbling").run(str)
    said = []
    assert shard("long", pipeline="stumbling").run(said.append)["clean"] == TOTAL
    assert said[-1].startswith("Going on in ")
    assert field.seen() < TOTAL + 700


def test_a_run_that_is_stopped_keeps_what_was_under_way(shard, field):
    work = shard("long", pipeline="stumbling")
    field.order(0, signal.SIGSTOP)
    threading.Thread(target=_stop_once_it_stands, args=(work, field)).start()
    with pytest.raises(CopydeskError, match="exit code 143"):
        work.run(str)
    assert shard("long", pipeline="stumbling").run(str)["clean"] == field.seen() == TOTAL
    assert written(work.folder) == field.plain("long", "stumbling")


def _stop_once_it_stands(work, field):
    while (field.folder / "order").exists():
        time.sleep(0.01)
    work.stop()
    os.kill(work._process.pid, signal.SIGCONT)


def test_an_engine_s_own_time_limit_ends_the_run(shard, field):
    def late(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    field.order(os.getpid(), signal.SIGALRM)
    work = shard("long", pipeline="stumbling")
    with pytest.raises(TimeoutError):
        work.run(str)
    signal.signal(signal.SIGALRM, before)
    assert work._process.returncode == 143


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"pipeline": "dsek"}, ConfigError, r"pipelines.yaml: there is no pipeline `dsek`. Did you mean `desk`\?$"),
        ({"config": "no.yaml"}, ConfigError, "^no.yaml:1:1: cannot be read: No such file or directory.$"),
        ({"options": ["--from", "xls"]}, ConfigError, "Invalid value for '--from'"),
        ({"name": "friday"}, InputError, "friday.jsonl: there is no such file or folder.$"),
    ],
    ids=["pipeline", "config", "option", "input"],
)
def test_what_is_wrong_is_told_apart(shard, given, kind, message):
    with pytest.raises(kind, match=message):
        shard(**given).run(str)


def test_a_folder_that_holds_another_run_is_refused(shard):
    shard("tuesday").run(str)
    with pytest.raises(ResumeError, match="holds another run"):
        shard("monday").run(str)


@pytest.mark.parametrize(("code", "kind"), [(3, WorkerError), (4, OutputError), (5, ResumeError)])
def test_exit_codes_have_the_names_that_they_have_in_python(shard, code, kind):
    fault = shard()._fault(code, "9 of 10 documents\ncopydesk: it is full.\nTwice.")
    assert (type(fault), str(fault)) == (kind, "it is full.\nTwice.")


def test_a_broken_plugin_is_permanent(shard, field, tmp_path):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins/torn.py").write_text("import nowhere_to_be_found\n")
    shutil.copy(field.config, tmp_path)
    with pytest.raises(ConfigError, match=r"plugin `torn`: cannot be loaded: .*nowhere_to_be_found"):
        shard(config=str(tmp_path / "pipelines.yaml")).run(str)


def test_a_share_is_a_share():
    assert share(0.05) == 0.05
    with pytest.raises(ConfigError, match=r"^`max_bad` is a share from 0 to 1, such as 0\.05, not 5\.$"):
        share(5)


def test_too_many_bad_ones_say_what_to_do():
    figures = {
        "bad": 0.5,
        "rejected": 2,
        "failed": 1_000,
        "documents": 2_004,
        "rejects": "c/rejects.jsonl",
        "folder": "c",
    }
    assert not too_bad(figures, 0.5)
    assert too_bad(figures, 0.05) == (
        "2 rejected and 1,000 failed of 2,004 documents are more than `max_bad` allows, 5.0%. Their reasons stand in "
        "c/rejects.jsonl. A shard that is finished stays so: to run it anew, remove c."
    )


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("raw/monday.jsonl", "monday"),
        ("s3://bucket/2026-11-22.warc.gz", "2026-11-22"),
        ("raw/2026.11.22", "2026.11.22"),
        ("raw/monday/", "monday"),
        ("a.b.csv", "a.b"),
    ],
)
def test_a_shard_is_named_as_its_input(source, name):
    assert name_of(source) == name
