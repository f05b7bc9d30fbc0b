"""Hugging Face datasets: maps in one process and two, streams, splits, features and fingerprints."""

from __future__ import annotations

import pytest

from copydesk import load
from copydesk.columns import COLUMNS
from engines.conftest import CONFIG, ROWS, same

datasets = pytest.importorskip("datasets")
from copydesk.adapters.datasets import clean  # noqa: E402 (an extra)


@pytest.fixture
def data(tmp_path, monkeypatch):
    datasets.disable_progress_bars()
    return datasets.Dataset.from_list(ROWS)


def test_a_dataset(data, desk, expected):
    out = clean(data, desk, batch_size=16)
    same(list(out), expected)
    assert out.format == data.format | {"columns": out.column_names}


def test_two_processes(data, desk, expected):
    same(list(clean(data, desk, num_proc=2)), expected)


def test_a_stream(data, desk, expected):
    same(list(clean(data.to_iterable_dataset(), desk)), expected)


def test_a_stream_that_does_not_know_its_columns(desk, expected):
    stream = datasets.IterableDataset.from_generator(lambda: iter(ROWS))
    same(list(clean(stream, desk, batch_size=2)), expected)
    renamed = datasets.IterableDataset.from_generator(lambda: ({"body": row["text"]} for row in ROWS))
    assert list(next(iter(clean(renamed, desk, text="body")))) == [*COLUMNS, "error"]


def test_a_first_batch_without_a_text_does_not_fix_a_type(data, desk):
    out = clean(data, desk, batch_size=1)
    assert out.features == clean(data, desk).features
    assert out[3]["language"]["code"]


def test_a_label_and_the_form_of_the_rows_stay(data, desk):
    labelled = data.cast_column("site", datasets.ClassLabel(names=["One"])).with_format("numpy")
    out = clean(labelled, desk)
    assert out.features["site"] == labelled.features["site"]
    assert out.format["type"] == "numpy"


def test_splits(data, desk):
    out = clean(datasets.DatasetDict(train=data, test=data.select(range(2))), desk)
    assert isinstance(out, datasets.DatasetDict)
    assert {name: len(split) for name, split in out.items()} == {"train": len(ROWS), "test": 2}


def test_the_fingerprint_is_that_of_the_pipeline(data, desk, project):
    first = clean(data, load(project / "pipelines.yaml")["desk"])._fingerprint
    _ = desk.stages
    assert clean(data, desk)._fingerprint == first
    (project / "another.yaml").write_text(CONFIG.replace("[picky,", "[{picky: {least: 21}},"))
    assert clean(data, load(project / "another.yaml")["desk"])._fingerprint != first
