"""Times copydesk against what people use today, in one run on one machine, and keeps the results.

    make bench

Prints ratios: absolute times swing by a factor of two on shared machines. Texts are the repository's samples and, where
they are here, ../shared/samples and ../shared/data. Results go to benchmarks/RESULTS.md.
"""

from __future__ import annotations

import contextlib
import json
import platform
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import ftfy
import langdetect
from archive import archive, throughput
from hostile import hostile

import copydesk
from copydesk.document import Document
from copydesk.ledger import restore, settle

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
ROUNDS, TURN = 240, 20
MILLION = "## A million articles"
SETS = {"extracted_wcxb": 60, "pages_fundus": 60, "wire_reuters": 300, "stories_abc": 200}


def texts():
    """The texts of each row of the table: the founding sample, or our own; our samples; articles of the sets."""
    founding = sorted((SHARED / "samples").glob("*.txt"))
    own = [path.read_bytes().decode("utf-8", "replace") for path in sorted((ROOT / "samples").glob("*.txt"))]
    yield "one article", [(founding[0] if founding else ROOT / "samples/bridge.txt").read_text("utf-8")]
    yield "samples/", own
    for name, count in SETS.items():
        path = SHARED / "data" / f"{name}.jsonl"
        if path.exists():
            with path.open(encoding="utf-8") as lines:
                yield name, [json.loads(line)["text"] for _, line in zip(range(count), lines, strict=False)]


def peer(text: str) -> None:
    """What a first script does: ftfy and langdetect, and nothing else."""
    ftfy.fix_text(text)
    with contextlib.suppress(langdetect.LangDetectException):
        langdetect.detect(text)


def seconds(work, items) -> float:
    """CPU seconds per item of one round."""
    start = time.process_time()
    for item in items:
        work(item)
    return (time.process_time() - start) / len(items)


def copies(text: str, number: int) -> list[str]:
    """Copies of a text that differ in two letters of each line, so that nothing kept from one helps with the next."""
    made = []
    for n in range(number):
        lines = text.split("\n")
        for place, line in enumerate(lines):
            word = max(line.split(" "), key=len)
            if len(word) > 4 and word.isascii():
                signs = chr(97 + n % 26) + chr(97 + n // 26 % 26)
                lines[place] = line.replace(word, word[:2] + signs + word[4:], 1)
        made.append("\n".join(lines))
    return made


def paired(items, pipeline) -> tuple[float, float, float]:
    """Medians of copydesk and of the peer, and of their ratio, in rounds that take turns; no text is run twice.

    Few texts come many in a round, each a copy of its own: who is asked once in a while finds nothing in the cache.
    """
    rounds, each = (ROUNDS // TURN, TURN) if len(items) < 20 else (3, 1)
    fresh = [copies(text, rounds * each) for text in items]
    pairs = []
    for n in range(rounds):
        texts = [text for made in fresh for text in made[n * each : (n + 1) * each]]
        pairs.append((seconds(pipeline, texts), seconds(peer, texts)))
    pairs = pairs[len(pairs) // 3 :]  # the first ones build what is built once
    ours, theirs = zip(*pairs, strict=True)
    return statistics.median(ours), statistics.median(theirs), statistics.median(b / a for a, b in pairs)


def again_and_again(text, pipeline) -> tuple[float, float, float]:
    """The same for one text that is run over and over: everything that can be kept is."""
    texts = [text] * TURN
    pairs = [(seconds(pipeline, texts), seconds(peer, texts)) for _ in range(ROUNDS // TURN)][ROUNDS // TURN // 3 :]
    ours, theirs = zip(*pairs, strict=True)
    return statistics.median(ours), statistics.median(theirs), statistics.median(b / a for a, b in pairs)


def of_the_model(without, with_it, items) -> tuple[float, float, float]:
    """Median ms a document without the learned model and with it, and its microseconds a block."""
    rounds = [(seconds(without, items), seconds(with_it, items)) for _ in range(5)]
    rules, both = (statistics.median(times) for times in zip(*rounds, strict=True))
    spent = by_stage(with_it, items)["remove_clutter"]
    blocks = statistics.mean(len(Document(text).segments) for text in items)
    return rules * 1e3, both * 1e3, spent * 1e6 / blocks


def by_stage(pipeline, items) -> dict[str, float]:
    """Median CPU seconds per document of each stage, and of what comes before and after them."""
    rounds: list[dict[str, float]] = []
    for _ in range(9):
        spent: dict[str, float] = {}
        for text in items:
            one_document(pipeline, text, spent)
        rounds.append({name: value / len(items) for name, value in spent.items()})
    return {name: statistics.median(r[name] for r in rounds) for name in rounds[0]}


def one_document(pipeline, text, spent) -> None:
    clock = time.perf_counter
    last = clock()

    def lap(name):
        nonlocal last
        now = clock()
        spent[name] = spent.get(name, 0) + now - last
        last = now

    doc = Document(text)
    lap("document")
    for name, stage in pipeline.stages:
        doc.signed_by(name)
        stage(doc)
        lap(name)
    doc.text, doc.ledger = settle(doc)
    lap("text and ledger")
    assert restore(doc.text, doc.ledger) == doc.raw
    lap("restore and compare")
    doc.record()
    lap("record")


def started(code: str) -> float:
    """Median CPU seconds of a fresh process."""
    runs = []
    for _ in range(5):
        script = f"import time; start = time.process_time(); {code}; print(time.process_time() - start)"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        runs.append(float(done.stdout))
    return statistics.median(runs)


def against_the_peer(named, pipeline) -> list[str]:
    lines = [
        "| text | documents | characters each | copydesk ms | ftfy + langdetect ms | ratio |",
        "|---|---|---|---|---|---|",
    ]
    for name, items in named.items():
        pipeline(items[0])
        ours, theirs, ratio = paired(items, pipeline)
        size = sum(map(len, items)) // len(items)
        lines.append(f"| {name} | {len(items)} | {size:,} | {ours * 1e3:.2f} | {theirs * 1e3:.2f} | {ratio:.1f} |")
    ours, theirs, ratio = again_and_again(named["one article"][0], pipeline)
    figures = f"{len(named['one article'][0]):,} | {ours * 1e3:.2f} | {theirs * 1e3:.2f} | {ratio:.1f}"
    return [*lines, f"| one article, always the same | 1 | {figures} |"]


def with_the_model(named, pipelines) -> list[str]:
    lines = ["| text | wire ms | reprints ms | times | model, us a block |", "|---|---|---|---|---|"]
    for name, items in named.items():
        rules, both, block = of_the_model(pipelines["wire"], pipelines["reprints"], items[:60])
        lines.append(f"| {name} | {rules:.2f} | {both:.2f} | {both / rules:.2f} | {block:.1f} |")
    return lines


def stages(named, pipeline) -> list[str]:
    shown = [name for name in named if name in ("one article", "extracted_wcxb", "wire_reuters")]
    spent = {name: by_stage(pipeline, named[name][:60]) for name in shown}
    lines = [f"| stage | {' | '.join(shown)} |", "|---" * (len(shown) + 1) + "|"]
    lines += [
        f"| {stage} | {' | '.join(f'{spent[name][stage] * 1e6:.0f}' for name in shown)} |" for stage in spent[shown[0]]
    ]
    return lines


def starting(article, pipeline) -> list[str]:
    lines = ["| | CPU ms |", "|---|---|"]
    house = f"import copydesk; copydesk.load({str(ROOT / 'pipelines.yaml')!r})['reprints']('One line.')"
    for what, code in {"import copydesk": "import copydesk", "first document of the house pipeline": house}.items():
        lines.append(f"| {what} | {started(code) * 1e3:.0f} |")
    sample = pipeline(article)
    record = len(json.dumps(sample.record(), ensure_ascii=False, separators=(",", ":")).encode())
    times = record / len(sample.raw.encode())
    return [*lines, "", f"The one article with facts and ledger: {times:.2f} times its raw text."]


def report() -> str:
    pipelines = copydesk.load(ROOT / "pipelines.yaml")
    pipeline, named = pipelines["reprints"], dict(texts())
    langdetect.DetectorFactory.seed = 0
    langdetect.detect("This loads the profiles before the clock runs.")
    machine = (
        f"{datetime.now(UTC).date()}, Python {platform.python_version()}, {platform.machine()}, 2 cores; CPU time."
    )
    sections = {
        "The house pipeline against ftfy.fix_text + langdetect.detect": against_the_peer(named, pipeline),
        "The learned model: `wire` (rules alone) and `reprints` on the same texts": with_the_model(named, pipelines),
        "Time by stage, microseconds a document": stages(named, pipeline),
        "Starting": starting(named["one article"][0], pipeline),
        "Many articles: in batches of 32, never seen before, in turns with the peer": throughput(),
        "`copydesk run` over an archive of 4 kB articles": archive(),
        "A megabyte of the worst, `reprints`": hostile(),
    }
    told = ["\n".join([f"## {title}", "", *lines, ""]) for title, lines in sections.items()]
    return "\n".join(["# Results of `make bench`", "", machine, "", *told])


def million(results: Path) -> str:
    """What other runs measured (`python benchmarks/archive.py million`, the engines), and is kept."""
    _, mark, kept = results.read_text("utf-8").partition(MILLION) if results.exists() else ("", "", "")
    return f"\n{mark}{kept}" if mark else ""


if __name__ == "__main__":
    results = ROOT / "benchmarks/RESULTS.md"
    text = report() + million(results)
    results.write_text(text, "utf-8")
    print(text)
