"""Workers: real processes, and plugins that do to them all that a plugin can."""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from copydesk.errors import ConfigError, WorkerError
from copydesk.io.items import Item
from copydesk.pipeline import Pipeline, Spec, Step
from copydesk.run import workers as module
from copydesk.run.batches import Batch, batches
from copydesk.run.summary import Summary
from copydesk.run.work import Work
from copydesk.run.worker import Pulse
from copydesk.run.workers import Here, Workers

SOURCE = '''
import ctypes, os, re, signal, sys, threading, time
import copydesk

@copydesk.hookimpl
def register_stages(register):
    for stage in (drop_adverts, obey, count_letters):
        register(stage)

def drop_adverts(doc):
    """Drop adverts."""
    for segment in doc.segments:
        if segment.text.startswith("Advert"):
            segment.mark("advert", rule="word")

def obey(doc):
    """Do what the document says."""
    if doc.raw.startswith("do swell"):
        doc.extra["much"] = ["\\ud800" + "x" * (10 << 20)] * 100
    elif doc.raw.startswith("do "):
        globals()[doc.raw.split()[1]]()

def count_letters(doc):
    """Say of what length it is."""
    doc.flag("long" if len(doc.raw) > 60 else "short")

class Unpicklable(Exception):
    def __init__(self, one, two):
        super().__init__("two needed")
    def __reduce__(self):
        return (os._exit, (9,))

class Speechless(Exception):
    def __str__(self):
        raise RuntimeError("no text")

class Foreign(BaseException):
    pass

def exit_hard(): os._exit(3)
def exit_well(): os._exit(0)
def segfault(): ctypes.string_at(0)
def kill(): os.kill(os.getpid(), signal.SIGKILL)
def abort(): os.abort()
def exception(): raise ValueError("no")
def unpicklable(): raise Unpicklable(1, 2)
def speechless(): raise Speechless
def foreign(): raise Foreign("from elsewhere")
def interrupt(): raise KeyboardInterrupt
def sys_exit(): sys.exit(4)
def recursion(): recursion()
def orphan():
    if os.fork(): os._exit(3)
    time.sleep(20)  # and holds the pipe open
    os._exit(0)
def redos(): re.match("(a+)+$", "a" * 40 + "!")
def loop():
    while True: pass
def c_loop():
    os.write(2, b"stuck\\n")
    sum(range(10 ** 13))
def sleep():
    os.write(2, b"stuck\\n")
    time.sleep(1e6)
def lock(): threading.Lock().acquire() and (held := threading.Lock()).acquire() and held.acquire()
def stop(): os.kill(os.getpid(), signal.SIGSTOP)
def allocate():
    held = []
    while True: held.append(bytearray(1 << 20))
def close_all(): os.closerange(3, 200)
def close_and_stay():
    os.closerange(3, 200)
    time.sleep(1e6)
def sleep_again():
    with open(os.environ["TRIES"], "a") as tries: tries.write(".")
    time.sleep(1e6)
def odd_signal(): os.kill(os.getpid(), 40)
def spoil():
    for descriptor in range(3, 200):
        try: os.write(descriptor, bytes(8) + b"spoilt")
        except OSError: pass

def print_much():
    print("printed by a plugin " * 5000, flush=True)
    os.write(1, b"and written\\n")
def toil():
    end = time.process_time() + 0.2
    while time.process_time() < end: pass
def close_1(): os.closerange(0, 3)
def chdir(): os.chdir("/")
def handlers():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM): signal.signal(number, lambda *_: os._exit(5))
def threads():
    for _ in range(3): threading.Thread(target=time.sleep, args=(1e6,)).start()
def fork(): os.fork()
def environment(): os.environ.clear(); sys.path.clear()
HELD = []
def leak(): HELD.append(b"x" * (1 << 20))
'''


@pytest.fixture(scope="module")
def plugin(tmp_path_factory):
    path = tmp_path_factory.mktemp("plugins") / "obedient.py"
    path.write_text(SOURCE)
    return path


def work_of(path: Path, *stages: str) -> Work:
    return Work(Pipeline(Spec(name="p", steps=tuple(Step(stage) for stage in stages), plugins=(path,))))


@pytest.fixture(scope="module")
def work(plugin):
    return work_of(plugin, "drop_adverts", "obey", "count_letters")


def item(number: int, text: str = "") -> Item:
    text = text or f"Story {number}, with “quotes”.\n\nAdvert: buy {number}\n\n" + "More of it. " * (number % 9)
    return Item(f"d{number}", f"news.txt:{number}", "text", text.encode())


def items(count: int, acts: dict[int, str] | None = None) -> list[Item]:
    return [item(number, (acts or {}).get(number, "")) for number in range(count)]


def run(work: Work, count: int, given: list[Item], **options) -> list:
    """All lines, in order; that the batches are those that were given, and the figures add up, is checked on the way."""
    lines, total = [], Summary()
    with Workers(work, count, **options) as workers:
        for batch, done in workers.map(batches(given)):
            assert batch.first == len(lines)
            assert len(done.lines) == len(batch.items)
            lines += done.lines
            total.add(Summary.unpacked(done.summary))
    assert not workers.processes
    assert total.documents == len(lines) == len(given)
    return lines


def run_here(work: Work, given: list[Item]) -> list:
    return [line for _, done in Here(work).map(batches(given)) for line in done.lines]


def record(line) -> dict:
    return msgspec.json.decode(line.record)


DEATHS = {
    "exit_hard": "worker exited with 3 in stage obey",
    "exit_well": "worker exited with 0 in stage obey",
    "orphan": "worker exited with 3 in stage obey",
    "segfault": "worker died: signal SIGSEGV in stage obey",
    "kill": "worker died: signal SIGKILL in stage obey",
    "abort": "worker died: signal SIGABRT in stage obey",
    "close_and_stay": "worker closed its pipe in stage obey",
    "foreign": "Foreign: from elsewhere in stage obey",
    "interrupt": "KeyboardInterrupt:  in stage obey",
    "speechless": "Speechless: (RuntimeError while its text was made)",
}
HANGS = ["redos", "loop", "c_loop", "sleep", "lock", "stop"]
RAISED = {
    "exception": "ValueError: no",
    "unpicklable": "Unpicklable: two needed",
    "sys_exit": "SystemExit: 4",
    "recursion": "RecursionError: maximum recursion depth exceeded",
    "allocate": "MemoryError: ",
}
HARMLESS = ["print_much", "close_1", "chdir", "handlers", "threads", "fork", "environment"]
if sys.platform == "linux":
    DEATHS["odd_signal"] = "worker died: signal 40 in stage obey"
FAULTS = {**DEATHS, **dict.fromkeys(HANGS, "timeout after 1 s in stage obey"), **RAISED}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_costs_the_document_that_did_it_and_no_other(fault, work):
    given = items(200, {50: f"do {fault} now"})
    lines = run(work, 2, given, timeout=1 if fault in HANGS else 60, memory=400 << 20)
    clean = run_here(work, items(200))
    assert lines[:50] + lines[51:] == clean[:50] + clean[51:]
    failed = record(lines[50])
    assert (lines[50].outcome, failed["outcome"], failed["stage"]) == ("failed", "failed", "obey")
    assert (failed["id"], failed["text"]) == ("d50", f"do {fault} now")
    assert failed["reason"].endswith(FAULTS[fault])


@pytest.mark.parametrize(("beside", "tries"), [(0, 1), (1, 2)], ids=["alone", "beside another"])
def test_what_hangs_while_it_is_alone_is_not_tried_again(beside, tries, work, tmp_path, monkeypatch):
    monkeypatch.setenv("TRIES", str(tmp_path / "tries"))
    lines = run(work, 1, items(1 + beside, {0: "do sleep_again now"}), timeout=1)
    assert (tmp_path / "tries").read_text() == "." * tries
    assert [line.outcome for line in lines] == ["failed", "clean"][: 1 + beside]
    assert record(lines[0])["reason"] == "timeout after 1 s in stage obey"


@pytest.mark.parametrize("act", HARMLESS)
def test_what_a_plugin_does_to_its_own_process_harms_no_document(act, work, capfd):
    given = items(200, {50: f"do {act} now", 120: f"do {act} again"})
    lines = run(work, 2, given)
    clean = run_here(work, items(200))
    assert {line.outcome for line in lines} == {"clean"}
    assert [pair for number, pair in enumerate(zip(lines, clean, strict=True)) if pair[0] != pair[1]] == [
        (lines[number], clean[number]) for number in (50, 120)
    ]
    assert not capfd.readouterr().out


@pytest.mark.parametrize("count", [1, 2, 3])
def test_many_faults_in_a_run_and_every_number_of_workers_gives_the_same_lines(count, work):
    places = {0: "exit_hard", 1: "segfault", 31: "abort", 32: "interrupt", 199: "kill"}
    given = items(200, {place: f"do {fault} now" for place, fault in places.items()})
    lines = run(work, count, given)
    clean = run_here(work, items(200))
    for number, line in enumerate(lines):
        if number in places:
            assert record(line)["reason"] == DEATHS[places[number]]
        else:
            assert line == clean[number]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_workers_give_what_this_process_gives(count, work):
    given = items(300, {7: "do exception", 8: "", 9: " ", 10: "do nothing_known"})
    given[11] = Item("bytes", "b", "text", b"\xff\xfe\x00\xd8caf\xe9")
    given[12] = Item("not \udcff Unicode", "n\udcff", "json", b'{"text": "by name", "id": null}')
    given[13] = Item("", "n", "json", b'{"text": "do exception", "id": "\\ud800"}')
    given[14] = Item("long", "l", "text", b"A long line. " * 200_000)
    assert run(work, count, given) == run_here(work, given)


def test_no_batch_starts_no_worker(work):
    with Workers(work, 3) as workers:
        assert list(workers.map([])) == []
        assert workers.processes == []


def test_one_batch_starts_one_worker(work):
    with Workers(work, 3) as workers:
        assert len(list(workers.map(batches(items(20))))) == 1
        assert len(workers.processes) == 1


def test_an_empty_batch_comes_out_empty(work):
    with Workers(work, 1) as workers:
        ((batch, done),) = workers.map([Batch(0, [])])
    assert (batch.items, done.lines, Summary.unpacked(done.summary).documents) == ([], [], 0)


def test_workers_serve_one_map_after_another(work):
    with Workers(work, 2) as workers:
        first = next(workers.map(batches(items(5000))))  # and leave the rest
        again = [line for _, done in workers.map(batches(items(200))) for line in done.lines]
    assert first[1].lines == run_here(work, items(32))
    assert again == run_here(work, items(200))


def test_two_sets_of_workers_run_side_by_side(work):
    with Workers(work, 1) as one, Workers(work, 1) as two:
        pairs = list(zip(one.map(batches(items(200))), two.map(batches(items(200))), strict=True))
    assert all(a.lines == b.lines for (_, a), (_, b) in pairs)


def test_batches_are_pulled_as_they_are_needed(work):
    pulled = itertools.count()
    source = (batch for batch in batches(item(number) for number in itertools.count()) if next(pulled) >= 0)
    with Workers(work, 2) as workers:
        run_so_far = list(itertools.islice(workers.map(source), 5))
    assert [batch.first for batch, _ in run_so_far] == [0, 32, 64, 96, 128]
    assert next(pulled) <= 5 + 2 * module._AHEAD


def test_stop_lets_out_what_is_under_way_and_pulls_no_more(work):
    given = (item(number) for number in itertools.count())
    lines = []
    with Workers(work, 2) as workers:
        for batch, done in workers.map(batches(given)):
            assert batch.first == len(lines)
            lines += done.lines
            workers.stop()
    assert len(lines) % 32 == 0
    assert 64 <= len(lines) <= 32 * (1 + 2 * module._AHEAD)
    assert lines == run_here(work, items(len(lines)))


def test_a_record_too_large_to_be_written_costs_its_document(work):
    lines = run(work, 1, items(100, {50: "do swell"}), memory=400 << 20)
    assert [number for number, line in enumerate(lines) if line.outcome == "failed"] == [50]
    assert record(lines[50])["reason"] == "out of memory in stage write"


def test_an_item_too_large_for_a_worker_costs_only_itself(work):
    given = items(100)
    given[50] = Item("d50", "", "text", b"x" * (100 << 20))
    lines = run(work, 1, given, memory=64 << 20)
    assert [number for number, line in enumerate(lines) if line.outcome == "failed"] == [50]
    assert (record(lines[50])["reason"], len(record(lines[50])["text"])) == ("out of memory in stage read", 100 << 20)


def test_a_worker_that_leaks_is_replaced(work):
    pids = set()
    with Workers(work, 1, memory=200 << 20) as workers:
        for _, done in workers.map(batches(items(256, dict.fromkeys(range(256), "do leak")))):
            pids.update(workers.processes)
            assert {line.outcome for line in done.lines} == {"clean"}
    assert len(pids) >= 3


def test_what_cannot_be_read_without_dying_comes_out_with_its_bytes(work, tmp_path):
    """The reader is not a plugin's, but a library that reads pages may crash as well."""
    assert module._failed(work, Item("a", "a", "text", b"x\xffy"), "read", "worker died").lines[0].record == (
        b'{"id":"a","text":"x\xef\xbf\xbdy","outcome":"failed","stage":"read","reason":"worker died","flags":[]}'
    )


def failing(tmp_path: Path, code: str) -> Work:
    """A pipeline whose plugin runs `code` where it is imported, in every process but this."""
    path = tmp_path / "elsewhere.py"
    path.write_text(f"import os, sys, time\nif os.getpid() != {os.getpid()}:\n    {code}\n{SOURCE}")
    return work_of(path, "obey")


def test_a_plugin_that_fails_only_in_a_worker_is_told_of(tmp_path):
    work = failing(tmp_path, "import no_such_module")
    with Workers(work, 2) as workers, pytest.raises(ConfigError, match=r"^there is no stage") as error:
        next(workers.map(batches(items(100))))
    assert "plugin `elsewhere`: cannot be loaded: ModuleNotFoundError: No module named 'no_such_module'" in str(
        error.value
    )


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("os._exit(7)", "worker exited with 7, while the pipeline was built"),
        ("os.kill(os.getpid(), 9)", "worker died: signal SIGKILL, while the pipeline was built"),
    ],
)
def test_where_all_workers_die_at_their_start_it_is_said(code, reason, tmp_path):
    with Workers(failing(tmp_path, code), 2) as workers, pytest.raises(WorkerError) as error:
        next(workers.map(batches(items(100))))
    assert str(error.value) == (
        f"3 workers in a row died before their first document: {reason}. "
        "`--workers 0` runs in one process, without protection."
    )


def test_where_any_document_kills_it_is_said(tmp_path):
    path = tmp_path / "poison.py"
    path.write_text(
        "import os, copydesk\n@copydesk.hookimpl\ndef register_stages(register): register(poison)\n"
        "def poison(doc):\n    'Kill.'\n    os._exit(6)\n"
    )
    with Workers(work_of(path, "poison"), 2) as workers, pytest.raises(WorkerError) as error:
        next(workers.map(batches(items(100))))
    assert "worker exited with 6, in stage poison on a sample document." in str(error.value)


def test_a_start_without_end_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_START", 1.0)
    with Workers(failing(tmp_path, "time.sleep(1000)"), 2) as workers, pytest.raises(WorkerError) as error:
        next(workers.map(batches(items(100))))
    assert str(error.value) == (
        "a worker was not ready after 1 s: while the pipeline was built. "
        "A plugin's import or its `__init__` hangs, or takes longer; `--workers 0` waits for it without end."
    )


def test_a_stage_that_always_hangs_is_ended_by_the_timeout(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_FIRST_USE", 0.5)
    path = tmp_path / "stuck.py"
    path.write_text(
        "import time, copydesk\n@copydesk.hookimpl\ndef register_stages(register): register(stuck)\n"
        "def stuck(doc):\n    'Hang.'\n    time.sleep(1000)\n"
    )
    with Workers(work_of(path, "stuck"), 2, timeout=0.5) as workers, pytest.raises(WorkerError) as error:
        next(workers.map(batches(items(100))))
    assert str(error.value) == (
        "a worker was not ready after 1 s: in stage stuck on a sample document. Every document would hang there: "
        "mend the stage or leave it out; one that is slow needs a longer --timeout."
    )


def test_a_slow_import_is_no_fault(tmp_path):
    work = failing(tmp_path, "time.sleep(2)")
    assert run(work, 1, items(40), timeout=1) == run_here(work, items(40))


def test_the_pulse_tells_where_a_worker_stands(tmp_path):
    with (tmp_path / "pulse").open("w+b") as file:
        file.truncate(Pulse.SIZE)
        ours, theirs = Pulse(file.fileno()), Pulse(file.fileno())
    assert ours.read().stage == ""
    marks = set()
    for number, stage in [(0, "read"), (31, "read"), (31, "obey"), (31, "obey"), (5, "x" * 300), (5, "é" * 119)]:
        theirs(number, stage)
        marks.add(ours.read().mark)
        assert (ours.read().number, ours.read().stage[:110]) == (number, stage[:110].encode()[:120].decode()[:110])
    assert len(marks) == 6
    ours.reset()
    assert ours.read()[1:] == (0, "read")
    ours.close()
    theirs.close()


SCRIPT = """
import itertools, os, resource, signal, sys, time
from pathlib import Path
from copydesk.io.items import Item
from copydesk.pipeline import Pipeline, Spec, Step
from copydesk.run.batches import batches
from copydesk.run.work import Work
from copydesk.run.workers import Workers

print("started", flush=True)
spec = Spec(name="p", steps=(Step("obey"),), plugins=(Path(sys.argv[1]),))
def texts(*acts):
    for number in itertools.count():
        yield Item(f"d{number}", "", "text", acts[number].encode() if number < len(acts) else b"A story.")
"""


def script(plugin: Path, tmp_path: Path, body: str, **options) -> subprocess.Popen:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT + body)
    return subprocess.Popen(
        [sys.executable, str(path), str(plugin)], stdout=subprocess.PIPE, text=True, bufsize=1, **options
    )


def test_a_script_without_a_guard_is_not_run_again_by_its_workers(plugin, tmp_path):
    """And it may have closed its standard descriptors, and have threads."""
    body = """
import threading
threading.Thread(target=time.sleep, args=(1e6,), daemon=True).start()
os.close(0)
os.close(2)
with Workers(Work(Pipeline(spec)), 2) as workers:
    lines = [line for _, done in workers.map(batches(itertools.islice(texts(), 100))) for line in done.lines]
print(len(lines), flush=True)
"""
    with script(plugin, tmp_path, body) as process:
        assert process.communicate()[0].split() == ["started", "100"]
    assert process.returncode == 0


def test_few_descriptors_mean_few_workers(plugin, tmp_path):
    body = """
resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))
with Workers(Work(Pipeline(spec)), 40) as workers:
    lines = [line for _, done in workers.map(batches(itertools.islice(texts(), 2000))) for line in done.lines]
    print(len(lines), 1 < len(workers.processes) < 40, flush=True)
resource.setrlimit(resource.RLIMIT_NOFILE, (5, 5))
try:
    with Workers(Work(Pipeline(spec)), 40) as workers:
        list(workers.map(batches(itertools.islice(texts(), 2000))))
except Exception as error:
    print(type(error).__name__, error, flush=True)
"""
    with script(plugin, tmp_path, body) as process:
        out = process.communicate()[0].splitlines()
    assert out[:2] == ["started", "2000 True"]
    assert out[2].startswith("WorkerError no worker can be started: [Errno 24] Too many open files")


def alive(pid: int) -> bool:
    """Whether a process still runs. One that has ended but was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("system", "act"),
    [("linux", "c_loop"), ("linux", "sleep"), ("linux", "handlers"), ("linux", "threads"), ("another", "sleep")],
)
def test_no_worker_outlives_its_parent(system, act, plugin, tmp_path):
    """Linux kills them with it, even in the middle of a loop in C; elsewhere a thread looks whether it is there."""
    body = """
from copydesk.run import workers as module
popen = module.subprocess.Popen
def elsewhere(command, **options):
    command[-1] = command[-1].replace("; main(", "; import copydesk.run.worker as w; w._LINUX = HERE; main(")
    return popen(command, **options)
module.subprocess.Popen = elsewhere
with Workers(Work(Pipeline(spec)), 2, timeout=1e6) as workers:
    for batch, done in workers.map(batches(texts(*["A story."] * 40, ACT))):
        if batch.first == 0:
            print(*workers.processes, flush=True)
"""
    body = body.replace("ACT", repr(f"do {act}")).replace("HERE", str(system == "linux"))
    with script(plugin, tmp_path, body, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == "started\n"
        assert act in ("handlers", "threads") or process.stderr.readline() == "stuck\n"
        pids = [int(pid) for pid in process.stdout.readline().split()]
        assert pids
        assert all(map(alive, pids))
        process.kill()
    for _ in range(200):
        if not any(map(alive, pids)):
            return
        time.sleep(0.1)
    pytest.fail("a worker goes on without its parent")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_to_the_whole_group_are_the_parents_to_answer(number, plugin, tmp_path):
    body = f"""
with Workers(Work(Pipeline(spec)), 2) as workers:
    signal.signal({int(number)}, lambda *_: workers.stop())
    count, pids = 0, set()
    for batch, done in workers.map(batches(texts())):
        count += len(done.lines)
        assert {{line.outcome for line in done.lines}} == {{"clean"}}
        pids.update(workers.processes)
        if batch.first == 64:
            print("under way", flush=True)
    print("drained", count % 32, len(pids) <= 2, flush=True)
"""
    with script(plugin, tmp_path, body, process_group=0) as process:
        assert process.stdout.readline() == "started\n"
        assert process.stdout.readline() == "under way\n"
        os.killpg(process.pid, number)
        assert process.stdout.readline() == "drained 0 True\n"
    assert process.returncode == 0


def test_time_in_which_the_run_was_stopped_is_held_against_no_document(plugin, tmp_path):
    body = """
pids = set()
with Workers(Work(Pipeline(spec)), 1, timeout=2) as workers:
    for batch, done in workers.map(batches(itertools.islice(texts(*["A story."] * 32, *["do toil"] * 5), 37))):
        pids.update(workers.processes)
        print("under way", flush=True)
print(len(pids), flush=True)
"""
    with script(plugin, tmp_path, body, process_group=0) as process:
        assert process.stdout.readline() == "started\n"
        assert process.stdout.readline() == "under way\n"
        time.sleep(0.2)
        os.killpg(process.pid, signal.SIGSTOP)
        time.sleep(3)
        os.killpg(process.pid, signal.SIGCONT)
        assert process.communicate()[0] == "under way\n1\n"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("count", [1, 2])
def test_workers_that_are_killed_at_random_change_no_byte(count, seed, work):
    given, chance, killed, lines = items(20_000), random.Random(seed), 0, []
    with Workers(work, count) as workers:
        for _, done in workers.map(batches(given)):
            lines += done.lines
            if chance.random() < 0.05 and killed < 20 and workers.processes:
                time.sleep(chance.random() / 200)
                os.kill(chance.choice(workers.processes), signal.SIGKILL)
                killed += 1
    assert killed == 20
    assert lines == run_here(work, given)


@pytest.mark.parametrize("act", ["close_all", "spoil"])
def test_a_plugin_that_meddles_with_the_pipe_fails_alone(act, work):
    lines = run(work, 2, items(100, {50: f"do {act}"}), timeout=1)
    assert [number for number, line in enumerate(lines) if line.outcome == "failed"] == [50]
