"""Times Spark with one core and with two: the same articles of 4 kB, cleaned and counted out, by the clock.

    PYSPARK_PYTHON=build/test-spark/bin/python build/test-spark/bin/python benchmarks/spark.py

In the environment that `make test-spark` makes. Nothing else may run: it is the machine that is measured, too.
"""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import archive
from pyspark.sql import SparkSession

from copydesk import load
from copydesk.adapters.spark import clean

ARTICLES, TURNS, PARTITIONS = 20_000, 3, 8


def seconds(cores: int, folder: str) -> float:
    """The median of some actions; the first, which starts the workers, is not counted."""
    spark = SparkSession.builder.master(f"local[{cores}]").config("spark.ui.enabled", "false").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    taken = []
    for _ in range(TURNS + 1):
        start = time.perf_counter()
        rows = spark.read.json(folder, schema="id string, text string").repartition(PARTITIONS)
        clean(rows, load(archive.ROOT / "pipelines.yaml")["reprints"]).write.mode("overwrite").format("noop").save()
        taken.append(time.perf_counter() - start)
    spark.stop()
    return statistics.median(taken[1:])


def main() -> None:
    texts = archive.articles(archive.stories("stories_abc"), ARTICLES)
    with TemporaryDirectory() as folder:
        rows = ({"id": str(n), "text": archive.curly(text)} for n, text in enumerate(texts))
        Path(folder, "articles.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
        one, two = seconds(1, folder), seconds(2, folder)
    print(
        f"Spark: {ARTICLES / one:,.0f} articles a second with one core, {ARTICLES / two:,.0f} with two: {one / two:.2f}"
    )


if __name__ == "__main__":
    main()
