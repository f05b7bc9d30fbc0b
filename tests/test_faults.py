"""Faults through the real command, in real processes: what one document, one signal or one mistake may cost.

Those that a part of copydesk answers alone are tested with it: workers in test_workers.py, folders and their resume in
test_resume.py, files and texts in test_bad_input.py. docs/reliability.md lists all of them.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT, plugins

from copydesk.cli import main
from copydesk.cli.restore import raw_text
from copydesk.errors import WorkerError
from copydesk.io import readers
from copydesk.io.compression import zstd
from copydesk.ledger import settle
from copydesk.pipeline import Pipeline, Spec, Step
from copydesk.run import workers
from copydesk.run.batches import Batch
from copydesk.run.work import Work
from copydesk.testing import check_stage, marked

PLUGIN = '''
import locale, os, random, signal, sys, threading, time
import copydesk

print("imported")

@copydesk.hookimpl
def register_stages(register):
    register(obey)

class Text(str):
    pass

class Later(Exception):
    def __reduce__(self):
        return os._exit, (9,)

HELD = []

def obey(doc):
    """Do what the document says, and give back what it makes."""
    if "SLOW" in os.environ:
        time.sleep(0.001)
    if doc.raw.startswith("do "):
        return globals()[doc.raw.split()[1]](doc)

def nothing(doc): return None
def itself(doc): return doc
def text(doc): return doc.raw
def subclass(doc): return Text(doc.raw)
def two(doc): return doc, doc
def many(doc): return (one for one in (doc, doc))
def later(doc): raise Later
def hang(doc): time.sleep(1e6)
def allocate(doc):
    held = []
    while True: held.append(bytearray(1 << 20))
def swap(doc): doc.segments[0].text = "another"
def shout(doc):
    doc.segments[0].rewrite("Loud.")
    doc.segments[0].rewrite(Text("Louder."))
def hold(doc): HELD.append(doc)
def meddle(doc):
    for held in HELD:
        held.flag("meddled with")
        for segment in held.segments:
            segment.mark("advert", rule="late")
def speak(doc):
    print("printed by a plugin " * 5000, flush=True)
    os.write(1, b"and written\\n") if threading.current_thread().name and "HERE" not in os.environ else None
def close(doc): os.closerange(0, 3)
def move(doc): os.chdir("/")
def forget(doc): os.environ.clear()
def seed(doc): random.seed(1); locale.setlocale(locale.LC_ALL, "C"); time.sleep(0)
def deaf(doc):
    for number in (signal.SIGINT, signal.SIGTERM): signal.signal(number, signal.SIG_IGN)
def fork(doc): os.fork()
'''
ACTS = {
    "text": "returned str for document",
    "subclass": "returned Text for document",
    "two": "returned tuple for document",
    "many": "returned generator for document",
    "later": "Later: ",
    "swap": "the ledger does not give the raw text back",
    "allocate": "MemoryError",
}
HARMLESS = ["nothing", "itself", "shout", "hold", "meddle", "speak", "close", "move", "forget", "seed", "deaf", "fork"]
SLOW = {**os.environ, "SLOW": "1"}


@pytest.fixture
def project(tmp_path):
    """A project whose plugin does what a document says."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins/obedient.py").write_text(PLUGIN)
    (tmp_path / "pipelines.yaml").write_text(
        "plugins: [plugins/]\npipelines:\n  p: {stages: [normalize_space, obey]}\n"
    )
    return tmp_path


def news(project: Path, *texts: str) -> Path:
    path = project / "news.jsonl"
    path.write_text("".join(json.dumps({"id": f"d{n}", "text": text}) + "\n" for n, text in enumerate(texts)))
    return path


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    folder = tmp_path_factory.mktemp("places")
    (folder / "in").mkdir()
    for name in ("a.jsonl", "b.rejects.jsonl", "p.html"):
        (folder / "in" / name).write_text('{"id": "a", "text": "A story."}\n')
    (folder / "link").symlink_to("in")
    (folder / "pipelines.yaml").write_text("pipelines:\n  p: {stages: [normalize_space]}\n")
    return folder


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-c", "from copydesk.cli import main; main()", *map(str, arguments)]


def copydesk(project: Path, *arguments: object, code: int = 0, **named) -> tuple[str, str]:
    """What a command writes to standard output and standard error."""
    done = subprocess.run(
        command(*arguments), cwd=project, capture_output=True, text=True, check=False, timeout=120, **named
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr


def inside(folder: Path, monkeypatch, capfd, *arguments: object) -> tuple[int, str]:
    """The exit code and standard error of a command in this process: where nothing is run, that is quicker."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["copydesk", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code, capfd.readouterr().err


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir() if file.is_file()}


def story(number: int) -> str:
    return f"Story {number}, with “quotes”.\n\n" + "More of it. " * (number % 9)


# What a plugin does to a document, and to its process.


def test_what_a_plugin_must_not_do_costs_the_document_that_it_does_it_to(project):
    news(project, *[story(n) for n in range(40)], *[f"do {act} now" for act in ACTS], *map(story, range(40)))
    _, said = copydesk(project, "run", "-p", "p", "news.jsonl", "-o", "out.jsonl", "-j", 1, "--memory", 300, code=1)
    assert "87 documents: 80 clean, 7 failed" in said
    rejects = [json.loads(line) for line in (project / "out.rejects.jsonl").read_text().splitlines()]
    assert [record["text"].split()[1] for record in rejects] == list(ACTS)
    for record, reason in zip(rejects, ACTS.values(), strict=True):
        assert reason in record["reason"]
        assert record["stage"] == ("ledger" if "ledger" in reason else "obey")


@pytest.mark.parametrize("staff", [2, 0], ids=["workers", "one process"])
def test_records_alone_are_on_standard_output_whatever_a_plugin_prints(project, staff):
    acts = HARMLESS if staff else ["nothing", "itself", "shout", "hold", "meddle", "speak", "seed"]
    texts = [text for act in acts for text in (story(1), f"do {act} now")]
    news(project, *texts)
    named = {"env": {**os.environ, "HERE": "1"}} if staff == 0 else {}
    out, said = copydesk(project, "run", "-p", "p", "news.jsonl", "-j", staff, **named)
    records = [json.loads(line) for line in out.splitlines()]
    assert [record["id"] for record in records] == [f"d{n}" for n in range(len(texts))]
    assert "imported" in said
    assert staff == 0 or "and written" in said


def test_what_a_plugin_keeps_of_a_document_and_changes_later_loses_nothing(project):
    texts = ["do hold now", story(1), "do meddle now"] * 20
    news(project, *texts)
    out, _ = copydesk(project, "run", "-p", "p", "news.jsonl", "-j", 1)
    assert [raw_text(json.loads(line)) for line in out.splitlines()] == texts


def test_a_stage_that_says_another_thing_each_time_is_found_out():
    luck = random.Random(1)

    def roll(doc):
        for segment in doc.segments:
            if luck.random() < 0.5:
                segment.mark("advert", rule="luck")

    with pytest.raises(AssertionError, match="two runs differ"):
        check_stage(roll)


def test_a_plugin_that_fails_in_workers_alone_ends_the_run_before_it_begins(project):
    path = project / "plugins/obedient.py"
    path.write_text(f"{PLUGIN}\nif len(sys.argv) == 1:\n    import no_such_module\n")
    news(project, *map(story, range(100)))
    _, said = copydesk(project, "run", "-p", "p", "news.jsonl", "-o", "out", "-j", 1, code=2)
    assert "No module named 'no_such_module'" in said
    assert not list((project / "out").glob("part-*"))


# What comes from outside: signals, closed ends, limits.


def descendants(pid: int) -> list[int]:
    """The processes that a process has started."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


@pytest.fixture
def archive(project):
    """A project with a thousand documents."""
    news(project, *map(story, range(1000)))
    return project


RUN = ("run", "-p", "p", "news.jsonl", "-o", "out", "--part-size", 64, "-q")


def begun(project: Path, *arguments: object, parts: int) -> subprocess.Popen:
    """A run that has finished so many parts. It is the first of a group of processes."""
    run = subprocess.Popen(
        command(*RUN, *arguments), cwd=project, env=SLOW, process_group=0, stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 60
    while not (project / f"out/part-{parts - 1:05d}.jsonl.zst").exists() and time.monotonic() < until:
        assert run.poll() is None, run.stderr.read()
        time.sleep(0.005)
    return run


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_run_and_workers_killed_at_once_and_again_while_it_goes_on(archive):
    copydesk(archive, *RUN, "-j", 0)
    expected = contents(archive / "out")
    shutil.rmtree(archive / "out")
    for parts in (2, 6):
        with begun(archive, "--resume", "-j", 2, parts=parts) as run:
            pids = descendants(run.pid)
            assert pids
            os.kill(pids[0], signal.SIGKILL)
            os.killpg(run.pid, signal.SIGKILL)
            assert run.wait() == -signal.SIGKILL
    copydesk(archive, *RUN, "--resume", "-j", 0)
    assert contents(archive / "out") == expected


def test_a_second_interrupt_ends_a_run_at_once(archive):
    with (archive / "news.jsonl").open("a") as more:
        more.write(json.dumps({"id": "last", "text": "do hang now"}) + "\n")
    with begun(archive, "-j", 2, "--timeout", 1000, parts=14) as run:
        run.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert run.poll() is None  # one document hangs, and has a thousand seconds
        run.send_signal(signal.SIGINT)
        assert "Traceback" not in run.communicate(timeout=20)[1]
    assert run.returncode == 130
    assert [name for name in contents(archive / "out") if name.startswith(".")] == [".starts.json"]
    assert (
        sum(part["documents"] for part in json.loads((archive / "out/manifest.json").read_text())["parts"]) >= 14 * 64
    )


@pytest.mark.parametrize(
    ("ends", "code", "told"),
    [
        (">&-", 4, "copydesk: standard output is closed. Name a file with -o.\n"),
        (">/dev/full", 4, "copydesk: standard output: cannot be written: No space left on device.\n"),
        ("<&-", 1, "stdin: cannot be read: it is closed."),
        ("2>/dev/full", 0, ""),
        ("2>&1 | head -c 1 >/dev/null", None, ""),
    ],
)
def test_an_end_that_is_closed_or_full_is_told_without_a_traceback(places, ends, code, told):
    inputs = "-" if "<" in ends else "in/a.jsonl"
    line = f"{sys.executable} -c 'from copydesk.cli import main; main()' run -p p {inputs} -j 0 {ends}"
    done = subprocess.run(["sh", "-c", line], cwd=places, capture_output=True, text=True, check=False)
    assert code is None or done.returncode == code
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
def test_few_descriptors_are_enough_or_it_is_told(project):
    import resource

    news(project, *map(story, range(200)))

    def limited(most: int, code: int) -> str:
        limit = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))}
        return copydesk(project, *RUN, "--overwrite", "-j", 2, code=code, **limit)[1]

    assert limited(64, 0).strip("imported\n") == ""
    assert "Too many open files" in limited(9, 3)


def test_where_the_system_has_no_room_for_a_process_it_is_told(monkeypatch):
    """What a limit on processes does to `fork`; where tests run as root, it holds for nobody."""

    def refused(*_):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(workers, "_process", refused)
    work = Work(Pipeline(Spec(name="p", steps=(Step("normalize_space"),))))
    with workers.Workers(work, 2) as staff, pytest.raises(WorkerError) as told:
        next(staff.map([Batch(0, [])]))
    assert str(told.value) == (
        "no worker can be started: [Errno 11] Resource temporarily unavailable. "
        "`--workers 0` runs in one process, without protection."
    )


def test_where_no_temporary_file_can_be_made_it_is_told(project):
    """A table from standard input has to be put down first: it is read from its end. The file beside it is read."""
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"text": [story(n) for n in range(9)]}), project / "a.parquet")
    (project / "a.txt").write_text(story(1))
    line = f"{sys.executable} -c 'from copydesk.cli import main; main()' run -p p - a.txt -j 0"
    done = subprocess.run(
        ["sh", "-c", f"cat a.parquet | (ulimit -f 0; {line})"], cwd=project, capture_output=True, text=True, check=False
    )
    assert "stdin: cannot be read: No usable temporary directory" in done.stderr
    assert json.loads(done.stdout)["id"] == "a"
    assert done.returncode == 1


# Two of the texts and files that test_bad_input.py numbers.


def test_20_mojibake_thirteen_deep_is_mended():
    text = "Zoë’s café — “open”"
    deep = text
    for _ in range(13):
        deep = deep.encode().decode("latin-1")
    assert settle(marked(plugins().stages["repair_encoding"].built(), deep))[0] == text


def test_59_zstd_that_needs_too_much_memory_is_told(tmp_path):
    packer = zstd().ZstdCompressor(options={zstd().CompressionParameter.window_log: 28})
    path = tmp_path / "a.jsonl.zst"
    path.write_bytes(packer.compress(b'{"text": "a"}\n') + packer.flush())
    (doc,) = readers.documents([str(path)])
    assert (doc.outcome, "requires too much memory" in doc.reason) == ("failed", True)


# What must be the same.

PLACES = [
    {"LC_ALL": "C", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "0"},
    {"LC_ALL": "C.UTF-8", "TZ": "America/Los_Angeles", "PYTHONHASHSEED": "1", "PYTHONUTF8": "0"},
    {"LANG": "tr_TR.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "4242", "PYTHONDONTWRITEBYTECODE": "1"},
]


def everywhere(project: Path, *arguments: object) -> list[dict[str, bytes]]:
    """The files of a run in three places, with one, two and three workers."""
    found = []
    for count, place in enumerate(PLACES, 1):
        out = project / f"out{count}"
        copydesk(project, "run", *arguments, "-o", out, "-q", "-j", count, env={**os.environ, **place})
        found.append(contents(out))
    return found


def test_locale_time_zone_hash_seed_and_workers_change_no_byte(project):
    news(project, *[story(n) + "Zoë İstanbul ıI" for n in range(300)])
    first, *others = everywhere(project, "-p", "p", "news.jsonl", "--part-size", 64)
    assert len(first) == 6
    assert others == [first, first]


@pytest.mark.slow
def test_locale_time_zone_hash_seed_and_workers_change_no_byte_of_the_house_pipeline(tmp_path):
    samples = [path.read_text("utf-8", "replace") for path in sorted((ROOT / "samples").glob("*.txt"))]
    news(tmp_path, *samples * 20)
    first, *others = everywhere(tmp_path, "-c", ROOT / "pipelines.yaml", "news.jsonl")
    assert others == [first, first]


def test_another_version_does_not_go_on_with_a_run(project):
    news(project, *map(story, range(100)))
    copydesk(project, *RUN, "-j", 0)
    path = project / "out/manifest.json"
    manifest = json.loads(path.read_text())
    manifest["identity"] |= {"copydesk": "0.0.1", "library: ftfy": "5.0"}
    manifest["finished"] = False
    path.write_text(json.dumps(manifest))
    _, said = copydesk(project, *RUN, "--resume", code=5)
    assert "`copydesk` was 0.0.1 and is " in said
    assert "`library: ftfy` was 5.0 and is " in said


# Names and places.


def test_any_name_of_a_file_is_safe_in_records_reports_and_names(project):
    (project / "in").mkdir()
    for name in (b"two\nlines.txt", b"caf\xe9.txt", b"esc\x1b[31m.txt", b"<script>alert(1)<.txt", b"n" * 251 + b".txt"):
        (project / "in" / os.fsdecode(name)).write_bytes(b"do later now")
    reports = ("--report", "r.html", "--report", "r.json")
    _, said = copydesk(project, "run", "-p", "p", "in", "-o", "out", "--format", "text", *reports, code=1)
    rejects = [json.loads(line)["id"] for line in (project / "out/rejects.jsonl").read_text().splitlines()]
    assert len(rejects) == 5
    for shown in (said, (project / "r.html").read_text("utf-8"), "".join(rejects)):
        assert "\x1b" not in shown
        assert "two\nlines" not in shown
    assert "<script>alert" not in (project / "r.html").read_text("utf-8")


PLACED = {
    "the output is the input": (["in/a.jsonl", "-o", "in/a.jsonl"], "the output in/a.jsonl lies in the input"),
    "the output lies in the input": (["in", "-o", "in/out"], "the output in/out lies in the input in."),
    "a link leads into the input": (["in", "-o", "link/out.jsonl"], "the output link/out.jsonl lies in the input in."),
    "a pattern finds the output": (["in/*.jsonl", "-o", "in/a.jsonl"], "the output in/a.jsonl lies in the input"),
    "a pattern would find the output": (["in/*", "-o", "in/out"], "the output in/out lies in the input in/*."),
    "the rejects are the input": (["in/a.jsonl", "--rejects", "in/a.jsonl"], "the output in/a.jsonl lies in the input"),
    "the rejects beside are the input": (
        ["in/b.rejects.jsonl", "-o", "in/b.jsonl"],
        "the output in/b.rejects.jsonl lies in the input",
    ),
    "the report is the input": (["in/p.html", "--report", "in/p.html"], "the output in/p.html lies in the input"),
    "another machine's place": (
        ["in", "-o", "s3://archive/x.jsonl"],
        "s3:/archive/x.jsonl is no file or folder of this",
    ),
    "one place for two": (["in", "-o", "x.jsonl", "--rejects", "x.jsonl"], "two things are written to x.jsonl."),
    "one place for two reports": (
        ["in", "--report", "r.json", "--report", "r.json"],
        "two things are written to r.json.",
    ),
    "rejects in no folder": (["in", "--rejects", "no/r.jsonl"], "--rejects no/r.jsonl: there is no such folder."),
    "rejects in the place of a folder": (["in/a.jsonl", "--rejects", "link"], "--rejects link: it is a folder."),
    "a share that is no number": (["in", "--allow-failed", "nan%"], "--allow-failed takes a number or a share"),
    "a share below nothing": (["in", "--allow-rejected", "-1"], "--allow-rejected takes a number or a share"),
}


@pytest.mark.parametrize(("arguments", "told"), PLACED.values(), ids=PLACED)
def test_no_place_is_read_and_written_or_written_twice(places, arguments, told, monkeypatch, capfd):
    before = contents(places / "in"), contents(places)
    code, said = inside(places, monkeypatch, capfd, "run", "-p", "p", "-j", "0", *arguments)
    assert code == 2
    assert told in said
    assert (contents(places / "in"), contents(places)) == before


@pytest.mark.parametrize(
    "record",
    [
        {"outcome": "failed", "stage": "reader", "reason": "x"},
        {"id": "a", "outcome": "failed", "stage": "reader", "reason": "x"},
        {"text": "a", "outcome": "failed", "stage": "obey", "reason": "x"},
    ],
    ids=["neither", "no text", "no id"],
)
def test_a_reject_that_lacks_what_it_needs_is_told(places, tmp_path, record, monkeypatch, capfd):
    (tmp_path / "r.jsonl").write_text(json.dumps(record))
    code, said = inside(places, monkeypatch, capfd, "retry", "-p", "p", "-j", "0", tmp_path / "r.jsonl")
    assert code == 2
    assert (
        said == f"{tmp_path}/r.jsonl:1: is no record of a rejected or failed document. `copydesk run` cleans others.\n"
    )


def test_a_reject_with_half_a_character_runs_again(places, tmp_path):
    record = {"id": "\ud800", "text": "\ud800", "outcome": "failed", "stage": "obey", "reason": "x"}
    lines = [json.dumps(record), json.dumps(record | {"stage": "reader"})]
    (tmp_path / "r.jsonl").write_text("\n".join(lines))
    out, _ = copydesk(places, "retry", "-p", "p", "-j", "0", tmp_path / "r.jsonl", code=1)
    assert json.loads(out)["text"] == "\ufffd"


# The list of all this.


def test_each_fault_in_the_docs_is_held_by_a_test_that_is_there():
    page = (ROOT / "docs/reliability.md").read_text("utf-8")
    rows = [line.split(" | ") for line in page.splitlines() if re.match(r"\| [0-9]", line)]
    numbers = [number for row in rows for number in _numbers(row[0])]
    assert sorted(numbers) == sorted([*range(1, 28), *range(1, 89)])
    for file, name in re.findall(r"(test_\w+\.py)::(\w+)", page):
        assert f"def {name}(" in (ROOT / "tests" / file).read_text("utf-8"), f"{file}::{name}"
    cases = (ROOT / "tests/test_bad_input.py").read_text("utf-8")
    for row in rows:
        for number in _numbers(row[0]) if re.search(r"\bcases\b", row[-1]) else ():
            assert f'"{number} ' in cases, number


def _numbers(cell: str) -> list[int]:
    found = []
    for part in cell.strip("| ").split(", "):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found
