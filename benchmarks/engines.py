"""Times what an adapter costs: the processor time beside the stages, of the engines that are installed here.

    python benchmarks/engines.py

Each engine cleans articles of 4 kB that no other has had, in turns; the processor time of the stages is taken from the
whole, and what a run spends as well (making documents, and records as lines) is counted apart. Shares are of the
stages' own time in the same turn, so a loaded machine changes them little.
"""

from __future__ import annotations

import gc
import statistics
import time
import warnings
from collections import deque
from importlib.util import find_spec

import archive

from copydesk import Pipeline, load
from copydesk.adapters import Transform
from copydesk.intake import as_document
from copydesk.rows import SIDE_BY_SIDE

ARTICLES, TURNS, WARM = 1_000, 7, 320


class Stages:
    """The seconds of the processor that pipelines took, in this process."""

    def __init__(self) -> None:
        self.seconds = 0.0
        whole = Pipeline.batch

        def batch(pipeline, docs, watch=None):
            start = time.thread_time()
            whole(pipeline, docs, watch)
            self.seconds += time.thread_time() - start

        Pipeline.batch = batch


def arrow(pipeline):
    import pyarrow as pa

    return {"Arrow": (pa.Table.from_pylist, Transform(pipeline))}


def pandas(pipeline):
    import pandas as pd

    from copydesk.adapters.pandas import clean

    return {"pandas": (pd.DataFrame, lambda frame: clean(frame, pipeline))}


def polars(pipeline):
    import polars as pl

    from copydesk.adapters.polars import clean

    return {
        "Polars": (pl.DataFrame, lambda frame: clean(frame, pipeline)),
        "Polars, streaming": (pl.LazyFrame, lambda frame: clean(frame, pipeline).collect(engine="streaming")),
    }


def duckdb(pipeline):
    import duckdb
    import pyarrow as pa

    from copydesk.adapters.duckdb import clean, register

    connection = duckdb.connect()
    register(connection, pipeline)

    def table(rows):
        connection.execute("drop table if exists articles")
        connection.from_arrow(pa.Table.from_pylist(rows)).create("articles")

    return {
        "DuckDB, stream": (table, lambda _: clean(connection.table("articles"), pipeline).read_all()),
        "DuckDB, SQL": (table, lambda _: connection.sql("select clean(text) from articles").to_arrow_table()),
    }


def datasets(pipeline):
    import datasets

    from copydesk.adapters.datasets import clean

    datasets.disable_progress_bars()
    streamed = lambda rows: datasets.Dataset.from_list(rows).to_iterable_dataset()  # noqa: E731
    return {
        "datasets": (datasets.Dataset.from_list, lambda data: clean(data, pipeline)),
        "datasets, streamed": (streamed, lambda data: deque(clean(data, pipeline), maxlen=0)),
    }


def dask(pipeline):
    import dask.bag
    import dask.dataframe
    import pandas as pd

    from copydesk.adapters.dask import clean

    frame = lambda rows: dask.dataframe.from_pandas(pd.DataFrame(rows), npartitions=2)  # noqa: E731
    bag = lambda rows: dask.bag.from_sequence(rows, npartitions=2)  # noqa: E731
    run = lambda data: clean(data, pipeline).compute(scheduler="sync")  # noqa: E731
    return {"Dask, DataFrame": (frame, run), "Dask, Bag": (bag, run)}


ENGINES = {"pyarrow": arrow, "pandas": pandas, "polars": polars, "duckdb": duckdb, "datasets": datasets, "dask": dask}


def engines() -> list[str]:
    """A table: µs an article beside the stages, and what share of their time that is."""
    warnings.simplefilter("ignore")
    stages, pipeline = Stages(), load(archive.ROOT / "pipelines.yaml")["reprints"]
    transform = Transform(pipeline)
    works = {"documents and lines": (list, lambda rows: lines(pipeline, rows))}
    works["records"] = (list, lambda rows: deque(transform.records(rows), maxlen=0))
    for module, offered in ENGINES.items():
        if find_spec(module):
            works |= offered(pipeline)
    fresh = articles(len(works))
    list(transform.records(next(fresh)))
    spent = {name: [] for name in works}
    for _ in range(TURNS):
        for name, (made, work) in works.items():
            spent[name].append(measured(stages, made(next(fresh)), work))
    return table(spent)


def lines(pipeline, rows) -> None:
    """What a run does beside the stages."""
    for start in range(0, len(rows), SIDE_BY_SIDE):
        docs = [as_document(row) for row in rows[start : start + SIDE_BY_SIDE]]
        pipeline.batch(docs)
        for doc in docs:
            doc.json()


def articles(kinds):
    """Rows for each turn; first those that warm up."""
    made = archive.articles(archive.stories("stories_abc"), WARM + TURNS * kinds * ARTICLES)
    rows = [{"id": str(n), "text": archive.curly(text), "n": n, "site": "One"} for n, text in enumerate(made)]
    yield rows[:WARM]
    for start in range(WARM, len(rows), ARTICLES):
        yield rows[start : start + ARTICLES]


def measured(stages, data, work) -> tuple[float, float]:
    """Microseconds an article, beside the stages and in them. Nobody pays for what the one before has left lying."""
    gc.collect()
    whole, before = time.process_time(), stages.seconds
    work(data)
    inside = stages.seconds - before
    return (time.process_time() - whole - inside) / ARTICLES * 1e6, inside / ARTICLES * 1e6


def table(spent) -> list[str]:
    base = statistics.median(beside for beside, _ in spent.pop("documents and lines"))
    rows = ["| | µs an article | of the stages' time |", "|---|---|---|", f"| a run as well | {base:.0f} | |"]
    for name, turns in spent.items():
        beside = statistics.median(beside - base for beside, _ in turns)
        share = statistics.median((beside - base) / inside for beside, inside in turns)
        rows.append(f"| {name} | {beside:.0f} | {share:.1%} |")
    return rows


if __name__ == "__main__":
    print("\n".join(engines()))
