"""Times copydesk over many articles: documents a second against peers, and `copydesk run` over an archive.

    make bench                                   # with benchmarks/run.py
    python benchmarks/archive.py million         # one full run over a million articles; about an hour

Peers run in the same process on the same documents, taking turns; ratios are the medians of the turns. The archive is
made of ../shared/data where it is here, else of samples/: articles of about 4 kB, each varied in two letters of each
line, so that nothing kept from one helps with the next.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import copydesk
from copydesk.document import Document

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared/data"
BATCH, TURN, TURNS, WARM = 32, 32, 8, 320
SIZE = 3_700  # characters of an article
COMMAND = [sys.executable, "-m", "copydesk"]
NOTHING = """
import copydesk

@copydesk.hookimpl
def register_stages(register):
    register(nothing)

def nothing(doc):
    "Do nothing, for what is left is the runner's."
"""


def stories(name: str, language: str = "en") -> list[str]:
    """The texts of clean stories: of a set, their gold bodies in a language; else our samples."""
    path = DATA / f"{name}.jsonl"
    if not path.exists():
        return [file.read_bytes().decode("utf-8", "replace") for file in sorted((ROOT / "samples").glob("*.txt"))]
    found = [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]
    if name == "stories_abc":
        return [one["text"] for one in found]
    bodies = [one["gold"].get("body") or "" for one in found if one["gold"].get("language", "en") == language]
    return [body if isinstance(body, str) else "\n\n".join(body) for body in bodies]


def sentences(language: str) -> list[str]:
    """Paragraphs of a language's sentences."""
    path = DATA / "language_sentences.jsonl"
    found = map(json.loads, path.read_text("utf-8").strip().split("\n")) if path.exists() else ()
    mine = [one["text"] for one in found if one["gold"]["language"] == language] or stories("")
    return ["".join(mine[at : at + 4]) for at in range(0, len(mine), 4)]


def articles(texts: list[str], number: int) -> list[str]:
    """So many articles of about 4 kB, made of paragraphs and varied."""
    paragraphs = [line for text in texts for line in text.splitlines() if len(line) > 40]
    made: list[str] = []
    held: list[str] = []
    size = place = 0
    while len(made) < number:
        held.append(varied(paragraphs[place % len(paragraphs)], place // len(paragraphs)))
        size += len(held[-1])
        place += 1
        if size > SIZE:
            made.append("\n\n".join(held))
            held, size = [], 0
    return made


def varied(line: str, number: int) -> str:
    """The line with two letters of its longest word changed."""
    word = max(line.split(" "), key=len)
    if number == 0 or len(word) < 5:
        return line
    signs = chr(97 + number % 26) + chr(97 + number // 26 % 26)
    return line.replace(word, word[:2] + signs + word[4:], 1)


def curly(text: str) -> str:
    """The text with the quotes that newspapers print."""
    return re.sub(r"(^|[\s(])\"", r"\1“", text).replace('"', "”").replace("'", "’")


def mojibake(text: str) -> str:
    """The text as it looks where UTF-8 was read as Windows-1252."""
    return curly(text).encode().decode("cp1252", "replace")


def kinds(number: int) -> dict[str, list[str]]:
    english = articles(stories("stories_abc"), number)
    german = articles(stories("pages_fundus", "de"), number)
    chinese = articles(sentences("zh"), number)
    return {
        "English news, curly quotes": list(map(curly, english)),
        "English news, ASCII": [curly(text).encode("ascii", "replace").decode() for text in english],
        "German": german,
        "Chinese": chinese,
        "mojibake": list(map(mojibake, english)),
    }


def ours(pipeline):
    """Documents in batches, to records as lines."""

    def work(texts):
        for at in range(0, len(texts), BATCH):
            docs = [Document(text) for text in texts[at : at + BATCH]]
            pipeline.batch(docs)
            for doc in docs:
                doc.json()

    return work


def libraries(texts) -> None:
    """ftfy and langdetect alone."""
    import ftfy
    import langdetect

    for text in texts:
        ftfy.fix_text(text)
        with contextlib.suppress(langdetect.LangDetectException):
            langdetect.detect(text)


def datatrove():
    """datatrove with FTFYFormatter and C4QualityFilter, or None where it is not installed."""
    try:
        from datatrove.data import Document as Theirs
        from datatrove.pipeline.filters import C4QualityFilter
        from datatrove.pipeline.formatters import FTFYFormatter
    except ImportError:
        return None
    steps = FTFYFormatter(), C4QualityFilter()

    def work(texts):
        stream = [Theirs(text=text, id=str(number)) for number, text in enumerate(texts)]
        for step in steps:
            stream = step.run(stream)
        for _ in stream:
            pass

    return work


def paired(first, second, texts) -> tuple[float, float, float]:
    """Median milliseconds a document of each, and the median of their ratio, in turns on the same documents."""
    pairs = []
    for turn in range(TURNS):
        mine = texts[WARM + turn * TURN : WARM + (turn + 1) * TURN]
        pairs.append((spent(first, mine), spent(second, mine)))
    a, b = zip(*pairs, strict=True)
    return statistics.median(a), statistics.median(b), statistics.median(y / x for x, y in pairs)


def spent(work, texts) -> float:
    start = time.thread_time()
    work(texts)
    return (time.thread_time() - start) / len(texts) * 1e3


def throughput() -> list[str]:
    import langdetect

    langdetect.DetectorFactory.seed = 0
    pipelines = copydesk.load(ROOT / "pipelines.yaml")
    trove = datatrove()
    lines = ["| pipeline | documents | against | copydesk ms | theirs ms | ratio |", "|---|---|---|---|---|---|"]
    for kind, texts in kinds(WARM + TURN * TURNS).items():
        for name in ("wire", "reprints") if kind.startswith("English") else ("reprints",):
            work = ours(pipelines[name])
            work(texts[:WARM])
            peers = {"ftfy + langdetect": libraries} | ({"datatrove": trove} if trove and "curly" in kind else {})
            for peer, theirs in peers.items():
                theirs(texts[:4])
                a, b, ratio = paired(work, theirs, texts)
                lines.append(f"| {name} | {kind} | {peer} | {a:.2f} | {b:.2f} | {ratio:.1f} |")
    if trove is None:
        lines += ["", 'datatrove was not measured: `pip install "datatrove[processing]" spacy` installs it.']
    return lines


class Watched:
    """A command, run to its end: wall and processor seconds, and the most memory that it and its workers held."""

    def __init__(self, *arguments: object) -> None:
        before = os.times()
        start = time.perf_counter()
        process = subprocess.Popen([*COMMAND, *map(str, arguments)], stderr=subprocess.PIPE)
        self.peak = 0
        watcher = threading.Thread(target=self._watch, args=(process,))
        watcher.start()
        _, errors = process.communicate()
        watcher.join()
        self.wall = time.perf_counter() - start
        after = os.times()
        self.cpu = after.children_user + after.children_system - before.children_user - before.children_system
        if process.returncode:
            raise SystemExit(errors.decode())

    def _watch(self, process) -> None:
        while process.poll() is None:
            self.peak = max(self.peak, sum(map(held, family(process.pid))))
            time.sleep(0.25)


def family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *map(int, children)]


def held(pid: int) -> int:
    """Bytes that a process holds, what it shares with others counted in part."""
    try:
        found = re.search(r"Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text())
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


def write(path: Path, texts: list[str], number: int) -> None:
    """An archive of so many articles, each a little different."""
    with path.open("w", encoding="utf-8") as file:
        for n in range(number):
            text = texts[n % len(texts)]
            file.write(json.dumps({"id": f"a{n}", "text": varied(text, n // len(texts))}) + "\n")


def archive() -> list[str]:
    """`copydesk run`: what the runner costs, what a second worker gives, and what ten times as much takes."""
    texts = list(map(curly, articles(stories("stories_abc"), 2_000)))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "nothing.py").write_text(NOTHING)
        (place / "pipelines.yaml").write_text("plugins: [nothing.py]\npipelines:\n  idle:\n    stages: [nothing]\n")
        small, large, huge = (place / f"{name}.jsonl" for name in ("small", "large", "huge"))
        write(small, texts, 1_000)
        write(large, texts, 10_000)
        write(huge, texts, 100_000)

        def run(archive: Path, workers: int, pipeline: str = "reprints", config: Path = ROOT / "pipelines.yaml"):
            output = place / f"{archive.stem}-{workers}-{pipeline}-{time.monotonic_ns()}"
            return Watched("run", archive, "-c", config, "-p", pipeline, "-o", output, "-j", workers, "--quiet")

        one, two = run(large, 1), run(large, 2)
        few, many = run(small, 2), run(huge, 2)
        empty = run(large, 1, "idle", place / "pipelines.yaml")
        start = run(small, 1, "idle", place / "pipelines.yaml")
        runner = (empty.cpu - start.cpu) / 9_000  # without what starting costs
        document = (one.cpu - run(small, 1).cpu) / 9_000
    return [
        "| what | figure |",
        "|---|---|",
        f"| one worker, 10,000 articles | {10_000 / one.wall:.0f} a second; {document * 1e3:.2f} ms each |",
        f"| reading, batching, transport, writing | {runner * 1e3:.3f} ms each: {runner / document:.1%} of it |",
        f"| two workers against one | {one.wall / two.wall:.2f} times as quick |",
        f"| processor time of 90,000 more against 9,000 more, two workers | {growth(few, two, many):.2f} times |",
        f"| 100,000 articles against 10,000, two workers | {many.wall / two.wall:.2f} times the time |",
        f"| memory in all, two workers, 1,000, 10,000 and 100,000 | {', '.join(megabytes(few, two, many))} MB |",
    ]


def growth(few: Watched, some: Watched, many: Watched) -> float:
    """What ten times as many articles cost, each step without the one before: without the start and what warms up."""
    return (many.cpu - some.cpu) / (some.cpu - few.cpu)


def megabytes(*runs: Watched) -> list[str]:
    return [f"{one.peak / 1e6:.0f}" for one in runs]


def million(number: int = 1_000_000) -> list[str]:
    """One full run over so many articles, with two workers."""
    texts = list(map(curly, articles(stories("stories_abc"), 5_000)))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write(place / "archive.jsonl", texts, number)
        size = (place / "archive.jsonl").stat().st_size
        output, report = place / "clean", place / "report.json"
        done = Watched(
            *("run", place / "archive.jsonl", "-c", ROOT / "pipelines.yaml", "-o", output),
            *("-j", 2, "--quiet", "--report", report),
        )
        figures = json.loads(report.read_text())
        manifest = json.loads((output / "manifest.json").read_text())
        out = sum(part["bytes"] for part in manifest["parts"])
    outcomes = ", ".join(f"{figures['documents'][name]:,} {name}" for name in ("clean", "rejected", "failed"))
    return [
        f"{number:,} articles, {size / 1e9:.1f} GB, two workers: {done.wall:,.0f} s, {number / done.wall:.0f}/s,",
        f"{done.cpu:,.0f} s of processor time, at most {done.peak / 1e6:.0f} MB in all; {outcomes};",
        f"{len(manifest['parts'])} parts of {out / 1e9:.2f} GB together.",
    ]


if __name__ == "__main__":
    sections = million(int(sys.argv[2]) if sys.argv[2:] else 1_000_000) if "million" in sys.argv else None
    print("\n".join(sections or [*throughput(), "", *archive()]))
