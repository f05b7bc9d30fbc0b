from __future__ import annotations

import os
import signal

import pytest

from copydesk.errors import ConfigError
from engines import shards
from engines.conftest import COUNTS, ROWS
from engines.shards import TOTAL, written

dg = pytest.importorskip("dagster")
adapter = pytest.importorskip("copydesk.adapters.dagster")

field = shards.field

PROJECT = """
[project]
name = "newsroom"
version = "1"

[tool.dg]
directory_type = "project"

[tool.dg.project]
root_module = "newsroom"
"""

DEFS = """
type: copydesk.adapters.dagster.Cleaned
attributes:
  asset:
    key: news/articles
    group_name: press
    partitions_def: {type: static, partition_keys: [monday, tuesday, friday]}
  inputs: ["{{ env.FIELD }}/raw/{shard}.jsonl"]
  folder: "{{ env.FIELD }}/clean/{shard}"
  pipeline: desk
  config: "{{ env.FIELD }}/pipelines.yaml"
  workers: 2
  max_bad: 0.2
  options: [--part-size, "64"]
  retries: 0
"""


@pytest.fixture(scope="module")
def instance(tmp_path_factory):
    home = tmp_path_factory.mktemp("dagster")
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home))
        with dg.DagsterInstance.get() as instance:
            yield instance


@pytest.fixture(scope="module")
def defs(field, tmp_path_factory):
    """A project of Dagster's with one defs.yaml, loaded as `dg dev` does."""
    project = tmp_path_factory.mktemp("newsroom")
    (project / "newsroom/defs/articles").mkdir(parents=True)
    (project / "pyproject.toml").write_text(PROJECT)
    (project / "newsroom/__init__.py").touch()
    (project / "newsroom/defs/__init__.py").touch()
    (project / "newsroom/defs/articles/defs.yaml").write_text(DEFS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIELD", str(field.folder))
        patch.syspath_prepend(project)
        yield dg.load_from_defs_folder(path_within_project=project / "newsroom")


@pytest.fixture
def materialized(field, instance, tmp_path):
    def made(shard="monday", downstream=(), **given):
        component = adapter.Cleaned(
            asset=dg.AssetSpec("articles"),
            inputs=[field.raw(shard)],
            folder=str(tmp_path / "clean"),
            config=field.config,
            workers=2,
            options=["--part-size", "64"],
            **{"pipeline": "desk", **given},
        )
        return dg.materialize([component.assets(), *downstream], instance=instance, raise_on_error=False)

    return made


def figures(result, asset):
    (event,) = [m for m in result.asset_materializations_for_node(result_node(result)) if m.asset_key.path[-1] == asset]
    return {name: value.value for name, value in event.metadata.items()}


def result_node(result):
    return result.get_step_success_events()[0].step_key


def test_a_component_gives_two_assets_and_a_check(defs):
    specs = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}
    assert specs.keys() == {"news/articles", "news/articles_rejects"}
    assert {spec.group_name for spec in specs.values()} == {"press"}
    (check,) = defs.resolve_asset_graph().asset_check_keys
    assert check == dg.AssetCheckKey(dg.AssetKey(["news", "articles"]), "few_bad")


@pytest.mark.parametrize("shard", ["monday", "tuesday"])
def test_each_partition_is_a_shard_with_its_figures(defs, instance, field, shard):
    job = defs.resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(partition_key=shard, instance=instance)
    told = figures(result, "articles")
    assert told["path"] == f"{field.folder}/clean/{shard}"
    assert written(told["path"]) == field.plain(shard)
    counts = COUNTS if shard == "monday" else {"clean": len(ROWS) - 4, "rejected": 0, "failed": 0}
    assert {name: told[name] for name in counts} == counts
    assert told["documents"] == sum(counts.values())
    assert told["seconds"] > 0
    assert told["removed/byline"] > 10
    (check,) = result.get_asset_check_evaluations()
    assert check.passed
    assert check.metadata["bad"].value == (counts["rejected"] + counts["failed"]) / told["documents"]


def test_the_rejects_are_an_asset(materialized, tmp_path):
    told = figures(materialized(max_bad=1), "articles_rejects")
    assert told == {"path": str(tmp_path / "clean/rejects.jsonl.zst"), "rejected": 1, "failed": 2}
    assert (tmp_path / "clean/rejects.jsonl.zst").exists()


def test_too_many_bad_documents_fail_the_check_and_hold_up_what_depends_on_it(materialized):
    ran = []

    @dg.asset(deps=["articles"])
    def told():
        ran.append(1)

    result = materialized(downstream=[told])
    (check,) = result.get_asset_check_evaluations()
    assert not check.passed
    assert check.description.startswith(f"1 rejected and 2 failed of {len(ROWS)} documents are more than")
    assert not ran
    assert not result.success
    assert not retries(result)


def retries(result):
    return [event for event in result.all_events if event.event_type_value == "STEP_RESTARTED"]


def test_a_mistake_in_the_configuration_is_not_tried_again(materialized):
    result = materialized(pipeline="dsek")
    assert not retries(result)
    assert "there is no pipeline `dsek`. Did you mean `desk`?" in failure(result)


def failure(result):
    (event,) = [event for event in result.all_events if event.event_type_value == "STEP_FAILURE"]
    return str(event.event_specific_data.error)


def test_an_input_that_is_not_there_yet_is_tried_again(materialized, monkeypatch):
    monkeypatch.setattr(adapter, "DELAY", 0)
    result = materialized("friday", retries=1)
    assert len(retries(result)) == 1
    assert "friday.jsonl: there is no such file or folder." in failure(result)


def test_what_was_killed_is_gone_on_with(materialized, field, monkeypatch, tmp_path):
    monkeypatch.setattr(adapter, "DELAY", 0)
    field.order(0, signal.SIGKILL)
    result = materialized("long", pipeline="stumbling")
    assert len(retries(result)) == 1
    assert figures(result, "articles")["clean"] == TOTAL
    assert written(tmp_path / "clean") == field.plain("long", "stumbling")


def test_a_step_that_is_interrupted_ends_its_run_which_the_next_one_goes_on_with(materialized, field, monkeypatch):
    monkeypatch.setattr(adapter, "DELAY", 0)
    field.order(os.getpid(), signal.SIGINT)
    result = materialized("long", pipeline="stumbling")
    assert len(retries(result)) == 1
    assert figures(result, "articles")["clean"] == field.seen() == TOTAL


def test_a_share_is_checked_when_the_definitions_are_loaded():
    with pytest.raises(ConfigError, match="`max_bad` is a share from 0 to 1"):
        adapter.Cleaned(asset=dg.AssetSpec("articles"), inputs=["raw"], folder="clean", max_bad=5)
