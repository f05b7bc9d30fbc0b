"""Apache Beam: the two outputs of two worker processes, the metrics, rows with a schema, windows."""

from __future__ import annotations

import json
from typing import NamedTuple

import pytest

from copydesk.columns import COLUMNS
from copydesk.errors import InputError
from engines.conftest import COUNTS, ROWS, same

beam = pytest.importorskip("apache_beam")
from apache_beam.options.pipeline_options import PipelineOptions  # noqa: E402
from apache_beam.testing.util import assert_that, equal_to  # noqa: E402
from apache_beam.transforms.window import SlidingWindows, TimestampedValue  # noqa: E402
from grpc._server import _Server  # noqa: E402

from copydesk.adapters.beam import Clean  # noqa: E402 (an extra)


class Story(NamedTuple):
    id: str
    text: str | None
    n: int
    site: str | None


@pytest.fixture(autouse=True)
def loopback(monkeypatch):
    """Beam's local runner listens on every interface, and has no option for it."""
    listen = _Server.add_insecure_port
    here = lambda server, address: listen(server, address.replace("[::]", "localhost"))  # noqa: E731
    monkeypatch.setattr(_Server, "add_insecure_port", here)


@pytest.fixture
def run(tmp_path):
    """What a pipeline writes as JSON: rows in, all that came out of both outputs, in order, and the metrics."""

    def run(rows, clean, *options):
        with beam.Pipeline("FnApiRunner", PipelineOptions([*options])) as pipeline:
            outputs = pipeline | beam.Create(rows) | clean
            for name in ("clean", "rejects"):
                lines = outputs[name] | f"{name} as JSON" >> beam.Map(json.dumps)
                _ = lines | f"write {name}" >> beam.io.WriteToText(str(tmp_path / name))
        out = {name: _written(tmp_path, name) for name in ("clean", "rejects")}
        counters = pipeline.result.metrics().query()["counters"]
        return out, {c.key.metric.name: c.committed for c in counters if c.key.metric.namespace == "copydesk"}

    return run


def _written(folder, name):
    return [json.loads(line) for file in folder.glob(f"{name}-*") for line in file.read_text().splitlines()]


def in_order(out):
    """The rows of both outputs as Parquet has them: with what a ledger leaves out."""
    for row in out["clean"]:
        row["ledger"] = [{"rule": "", "role": None, "now": "", **entry} for entry in row["ledger"]]
    return sorted([*out["clean"], *out["rejects"]], key=lambda row: row["n"])


def test_two_processes(run, desk, expected):
    out, counts = run(ROWS, Clean(desk), "--direct_running_mode=multi_processing", "--direct_num_workers=2")
    same(in_order(out), expected)
    assert not any(row["error"] for row in out["clean"])
    assert len(out["rejects"]) == COUNTS["rejected"] + COUNTS["failed"]
    assert counts == COUNTS


def test_rows_with_a_schema(run, desk, expected):
    same(in_order(run([beam.Row(**row) for row in ROWS], Clean(desk))[0]), expected)
    same(in_order(run([Story(**row) for row in ROWS], Clean(desk))[0]), expected)


def test_into_a_column(run, desk):
    out, counts = run(ROWS, Clean(desk, into="desk"))
    assert counts == COUNTS
    rows = sorted([*out["clean"], *out["rejects"]], key=lambda row: row["n"])
    assert rows == [{**source, "desk": row["desk"]} for source, row in zip(ROWS, rows, strict=True)]
    assert list(out["clean"][0]["desk"]) == [*COLUMNS, "error"]


def test_no_rows(run, desk):
    assert run([], Clean(desk)) == ({"clean": [], "rejects": []}, {})


def test_a_schema_without_the_column_stops_before_anything_runs(desk):
    rows = beam.Pipeline("FnApiRunner") | beam.Create([beam.Row(body="A text.")])
    with pytest.raises(InputError, match=r"^there is no column `text`; there are body\. Name it with `text`\.$"):
        _ = rows | Clean(desk)


def test_a_dict_without_the_column_is_a_row_that_failed(run, desk):
    out, counts = run([{"body": "A text."}], Clean(desk))
    assert counts == {"failed": 1}
    assert (
        out["rejects"][0]["error"]["reason"] == "a document needs a field `text` with text in it; its fields are body."
    )


def test_a_line_is_no_row(run, desk):
    with pytest.raises(InputError, match=r"a row is a dict, a Row or a named tuple, not str\. Map it to one first\."):
        run(["A text."], Clean(desk))


def test_a_row_keeps_its_timestamp_and_its_windows(desk):
    """Each is in two windows, and with 66 some come out in the middle of a bundle and some at its end."""
    texts = [{"text": "A text that is long enough.", "n": n} for n in range(33)]

    def placed(row, at=beam.DoFn.TimestampParam, window=beam.DoFn.WindowParam):
        yield row["n"], at.micros // 10**6, window.start.micros // 10**6

    with beam.Pipeline("FnApiRunner") as pipeline:
        rows = pipeline | beam.Create(texts) | beam.Map(lambda row: TimestampedValue(row, row["n"]))
        out = rows | beam.WindowInto(SlidingWindows(size=20, period=10)) | Clean(desk)
        expected = [(n, n, start) for n in range(33) for start in (n // 10 * 10 - 10, n // 10 * 10)]
        assert_that(out.clean | beam.ParDo(placed), equal_to(expected))
