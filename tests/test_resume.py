"""A folder of parts: whatever ends a run, and wherever, the run that goes on ends with the bytes of an undisturbed one."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import pytest
from conftest import ROOT

from copydesk import load
from copydesk.errors import ConfigError, OutputError, ResumeError
from copydesk.io.compression import zstd
from copydesk.io.items import Item
from copydesk.pipeline import Pipeline, Spec, Step
from copydesk.run import account, lock, manifest
from copydesk.run.account import Account
from copydesk.run.batches import Batch, batches
from copydesk.run.folder import Folder
from copydesk.run.lock import Lock
from copydesk.run.work import Done, Line, Work

PLUGIN = '''
import os
import time

import copydesk

@copydesk.hookimpl
def register_stages(register):
    register(picky)

def picky(doc, *, marker: str = "Ad:"):
    """Turn away, fail or take out what the text asks for."""
    if "SLOW" in os.environ:
        time.sleep(0.001)
    if "reject" in doc.raw:
        doc.reject("the text asked for it")
    if "fail" in doc.raw:
        raise ValueError("the text asked for it")
    for segment in doc.segments:
        if segment.text.startswith(marker):
            segment.mark("advert", rule="ad")
'''
IDENTITY = {"pipeline": "p", "input: news.jsonl": "17 bytes"}
DOCUMENTS = 200


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    plugin = tmp_path_factory.mktemp("plugins") / "picky.py"
    plugin.write_text(PLUGIN)
    return Work(Pipeline(Spec(name="p", steps=(Step("normalize_space"), Step("picky")), plugins=(plugin,))))


@pytest.fixture
def quick_path():
    """A folder in memory where there is one: these runs wait for the disk thousands of times."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as path:
        yield Path(path)


def items(count: int = DOCUMENTS):
    """Documents of which some are turned away, some fail, and a whole part is turned away."""
    for n in range(count):
        what = "reject" if n % 7 == 3 or 64 <= n < 128 else "fail" if n % 11 == 5 else "Ad: buy\n\nthe story"
        yield Item(
            f"d{n}", f"news.jsonl:{n + 1}", "json", json.dumps({"id": f"d{n}", "text": f"{what} of {n}"}).encode()
        )


DONE: dict[tuple[int, int], Done] = {}


def done(work: Work, batch: Batch) -> Done:
    """The work on a batch, done once for all runs."""
    key = batch.first, batch.end
    if key not in DONE:
        DONE[key] = work(batch.items)
    return DONE[key]


def go(
    path: Path, work: Work, *, most: int = DOCUMENTS, whole: bool = True, count: int = DOCUMENTS, **options
) -> Folder:
    """A run as the runner runs it, ended after so many more documents."""
    options = {"part_size": 64, **options}
    with Folder(path, IDENTITY, **options) as folder:
        if folder.finished:
            return folder
        before = folder.account.done
        for batch in batches(islice(items(count), folder.account.done, None), first=folder.account.done):
            if folder.account.done - before >= most:
                break
            folder.add(batch, done(work, batch))
        folder.close(whole=whole)
        return folder


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}


@pytest.fixture(scope="module")
def undisturbed(work, tmp_path_factory):
    """The files of an undisturbed run, by the options of the run."""
    known = {}

    def of(**options):
        key = json.dumps(options, sort_keys=True)
        if key not in known:
            path = tmp_path_factory.mktemp("undisturbed") / "out"
            go(path, work, **options)
            known[key] = contents(path)
        return known[key]

    return of


@pytest.fixture(scope="module")
def accounted(work, tmp_path_factory):
    """Holds the account of a run that went on, however often, against that of an undisturbed one."""
    whole = go(tmp_path_factory.mktemp("accounted") / "out", work).account

    def holds(account: Account) -> None:
        assert account.timed >= DOCUMENTS
        assert {**account.summary.packed(), "seconds": 0} == {**whole.summary.packed(), "seconds": 0}
        assert account.summary.seconds.keys() == whole.summary.seconds.keys()
        assert account.sample.documents == whole.sample.documents

    return holds


def records(path: Path, name: str) -> list[dict]:
    return [json.loads(line) for line in zstd().decompress((path / name).read_bytes()).splitlines()]


# What a run leaves.


def test_every_document_is_in_one_file_once_and_in_order(work, tmp_path):
    folder = go(tmp_path / "out", work)
    parts = [f"part-{n:05d}.jsonl.zst" for n in range(4)]
    assert sorted(contents(tmp_path / "out")) == ["manifest.json", *parts, "rejects.jsonl.zst"]
    clean = [record["id"] for part in parts for record in records(tmp_path / "out", part)]
    others = [record["id"] for record in records(tmp_path / "out", "rejects.jsonl.zst")]
    assert sorted(clean + others) == sorted(f"d{n}" for n in range(DOCUMENTS))
    assert clean == sorted(clean, key=lambda id_: int(id_[1:]))
    assert others == sorted(others, key=lambda id_: int(id_[1:]))
    assert (folder.account.done, folder.account.summary.documents, len(clean)) == (
        200,
        200,
        folder.account.summary.outcomes["clean"],
    )


def test_the_manifest_lists_each_part_with_its_figures(work, tmp_path):
    go(tmp_path / "out", work)
    found = json.loads((tmp_path / "out/manifest.json").read_bytes())
    assert found["finished"]
    assert [part["documents"] for part in found["parts"]] == [64, 64, 64, 8]
    assert [part["clean"] for part in found["parts"]] == [50, 0, 50, 6]
    assert all(part["documents"] == part["clean"] + part["rejected"] + part["failed"] for part in found["parts"])
    assert found["identity"] == {**IDENTITY, "option: form": "jsonl.zst", "option: part size": "64"}
    assert dict(found["summary"]["outcomes"])["clean"] == 106
    assert "seconds" not in found["summary"]


def test_no_documents_make_no_parts(work, tmp_path):
    assert go(tmp_path / "out", work, count=0).finished
    assert list(contents(tmp_path / "out")) == ["manifest.json"]


def test_a_part_of_rejects_alone_is_an_empty_one(work, undisturbed, tmp_path):
    go(tmp_path / "out", work)
    assert records(tmp_path / "out", "part-00001.jsonl.zst") == []


@pytest.mark.parametrize("form", ["jsonl", "jsonl.gz", "jsonl.zst", "parquet"])
@pytest.mark.parametrize("part_size", [1, 33, 64, 96, 1000])
@pytest.mark.parametrize("most", [1, 32, 65, 100, 199])
def test_an_interrupted_run_goes_on_to_the_same_bytes(work, undisturbed, accounted, quick_path, form, part_size, most):
    options = {"form": form, "part_size": part_size}
    first = go(quick_path, work, most=most, whole=False, **options)
    assert first.account.done >= most or form == "parquet"
    assert first.account.done == first.account.summary.documents == manifest.read(quick_path).documents
    assert not first.finished
    second = go(quick_path, work, resume=True, **options)
    assert contents(quick_path) == undisturbed(**options)
    accounted(second.account)
    assert second.account.summary.documents == second.account.done == DOCUMENTS


def test_the_reasons_of_a_part_that_was_dropped_are_dropped_too(work, tmp_path):
    go(tmp_path / "out", work, most=96, whole=False, form="parquet", part_size=33)
    found = json.loads((tmp_path / "out/manifest.json").read_bytes())
    (part,) = found["parts"]
    assert part["documents"] == 64
    assert len(found["summary"]["reasons"]) == part["rejected"] + part["failed"] == 14


def test_what_an_interrupt_leaves_can_be_used(work, tmp_path):
    go(tmp_path, work, most=90, whole=False)
    parts = json.loads((tmp_path / "manifest.json").read_bytes())["parts"]
    assert [(part["documents"], part["short"]) for part in parts] == [(64, False), (32, True)]
    assert len(records(tmp_path, "part-00000.jsonl.zst")) == parts[0]["clean"]
    assert len(records(tmp_path, "rejects.jsonl.zst")) == 96 - parts[0]["clean"]


@pytest.mark.parametrize("step", [1, 33])
def test_interrupted_again_and_again_it_still_ends_the_same(work, undisturbed, tmp_path, step):
    while go(tmp_path, work, most=step, whole=False, resume=True).account.done != DOCUMENTS:
        pass
    assert go(tmp_path, work, resume=True).notes == [f"Going on in {tmp_path} after 200 documents."]
    assert contents(tmp_path) == undisturbed()


def test_a_finished_run_says_so_and_does_nothing(work, tmp_path):
    go(tmp_path, work)
    before = contents(tmp_path)
    (tmp_path / ".lock").write_text("a run that was killed when all was done")
    folder = Folder(tmp_path, IDENTITY, part_size=64, resume=True)
    assert folder.finished
    assert folder.notes == [f"{tmp_path} is finished: 200 documents. There is nothing to do."]
    assert folder.account.summary.documents == 200
    assert contents(tmp_path) == before


# The end at any step.


class Killed(BaseException):
    """The process is dead: nothing that it would still do reaches the disk."""


class Disk:
    """The system's calls that change a disk, counted. At the `fatal` one, and once dead at all, `fault` is raised.

    A write that is hit has written half. `synced` holds what is sure to be on the disk.
    """

    CALLS = ("write", "replace", "fsync", "truncate", "unlink", "mkdir")

    def __init__(self, patch: pytest.MonkeyPatch, fatal: int, fault: BaseException) -> None:
        self.fatal, self.fault, self.count = fatal, fault, 0
        self.synced: dict[int, bytes] = {}
        self.calls: list[tuple[str, int]] = []
        self.real = {name: getattr(os, name) for name in self.CALLS}
        for name in self.CALLS:
            patch.setattr(os, name, lambda *a, name=name, **k: self._call(name, *a, **k))

    @property
    def hit(self) -> bool:
        return self.count >= self.fatal

    def _call(self, name, *arguments, **named):
        self.count += 1
        self.calls.append((name, os.fstat(arguments[0]).st_ino if name in ("write", "fsync") else 0))
        if self.count == self.fatal and name == "write":
            descriptor, data = arguments
            self.real["write"](descriptor, bytes(data)[: len(data) // 2])
        if self.count == self.fatal or (self.hit and isinstance(self.fault, Killed)):
            raise self.fault
        result = self.real[name](*arguments, **named)
        if name == "fsync" and Path(link := f"/proc/self/fd/{arguments[0]}").is_file():
            self.synced[os.fstat(arguments[0]).st_ino] = Path(link).read_bytes()
        return result

    def lose_power(self, folder: Path) -> None:
        """What was not synced is gone; the names are as they were."""
        for file in folder.iterdir() if folder.exists() else ():
            file.write_bytes(self.synced.get(file.stat().st_ino, b""))


def disturbed(path: Path, work: Work, fatal: int, fault: BaseException, **options) -> Disk:
    """A run in which one call of the system fails, or is its last."""
    with pytest.MonkeyPatch.context() as patch:
        disk = Disk(patch, fatal, fault)
        with contextlib.suppress(Killed, OutputError):
            go(path, work, **options)
        return disk


def every_step(path: Path, work: Work, fault: BaseException, **options):
    """A run for each call of the system that a run makes, hit there; with the folder that it left."""
    for fatal in range(1, 1000):
        folder = path / str(fatal)
        disk = disturbed(folder, work, fatal, fault, **options)
        if not disk.hit:
            assert fatal > 30
            return
        yield folder, disk


def nothing_false(path: Path, expected: dict[str, bytes]) -> None:
    """What the manifest lists stands there as listed, and is the beginning of what is expected."""
    found = manifest.read(path) if path.exists() else None
    for part in found.parts if found else ():
        data = (path / part.file).read_bytes()
        assert data[: part.bytes] == expected[part.file][: part.bytes]
        assert len(data) == part.bytes or part.short


def gone_on(path: Path, work: Work, expected: dict[str, bytes], **options) -> Account:
    """What a run has left holds nothing false, and a resumed one ends with the same bytes."""
    nothing_false(path, expected)
    folder = go(path, work, resume=True, **options)
    assert contents(path) == expected, path.name
    return folder.account


def was_told(path: Path) -> bool:
    """Whether a run was over when it ended: it had nothing left to do, and nothing to remember."""
    found = manifest.read(path) if path.exists() else None
    return bool(found and found.finished) and not (path / account.FILE).exists()


OPTIONS = [{"part_size": 64}, {"part_size": 96, "form": "jsonl"}, {"part_size": 64, "form": "parquet"}]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_killed_at_any_step_it_goes_on_to_the_same_bytes(work, undisturbed, accounted, quick_path, options):
    for folder, _ in every_step(quick_path, work, Killed(), **options):
        told = was_told(folder)
        account = gone_on(folder, work, undisturbed(**options), **options)
        if not told:
            accounted(account)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_without_power_at_any_step_it_goes_on_to_the_same_bytes(work, undisturbed, accounted, quick_path, options):
    for folder, disk in every_step(quick_path, work, Killed(), **options):
        disk.lose_power(folder)
        told = was_told(folder)
        account = gone_on(folder, work, undisturbed(**options), **options)
        if not told:
            accounted(account)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO], ids=errno.errorcode.get)
def test_refused_by_the_disk_at_any_step_it_goes_on_to_the_same_bytes(work, undisturbed, quick_path, number):
    for folder, _ in every_step(quick_path, work, OSError(number, os.strerror(number))):
        gone_on(folder, work, undisturbed(part_size=64))


@pytest.mark.parametrize("whole", [True, False], ids=["to the end", "interrupted again"])
def test_killed_at_any_step_while_a_short_part_goes_on(work, undisturbed, quick_path, whole):
    for fatal in range(1, 1000):
        folder = quick_path / str(fatal)
        go(folder, work, most=150, whole=False)
        disk = disturbed(folder, work, fatal, Killed(), resume=True, whole=whole, most=200 if whole else 10)
        gone_on(folder, work, undisturbed())
        if not disk.hit:
            break
    assert fatal > 10


def test_killed_again_and_again_it_still_ends_the_same(work, undisturbed, quick_path):
    for seed in range(30):
        luck = random.Random(seed)
        folder = quick_path / str(seed)
        for _ in range(luck.randrange(1, 6)):
            disturbed(folder, work, luck.randrange(1, 60), Killed(), resume=True)
        go(folder, work, resume=True)
        assert contents(folder) == undisturbed(), seed


def test_killed_at_any_step_while_it_overwrites(work, undisturbed, quick_path):
    for fatal in range(1, 1000):
        folder = quick_path / str(fatal)
        go(folder, work, form="jsonl", count=100)
        disk = disturbed(folder, work, fatal, Killed(), overwrite=True)
        if not disk.hit:
            break
        if manifest.read(folder).identity["option: form"] == "jsonl":
            go(folder, work, resume=True, form="jsonl", count=100)
        else:
            go(folder, work, resume=True)
            assert contents(folder) == undisturbed(), fatal
    assert fatal > 30


def test_a_full_disk_is_named_with_what_to_do(work, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        Disk(patch, 20, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        with pytest.raises(OutputError) as caught:
            go(tmp_path, work)
    assert f"{tmp_path}/" in str(caught.value)
    assert str(caught.value).endswith(
        ": cannot be written: No space left on device. The parts before are kept: when it can be, go on with --resume."
    )


def test_a_sync_that_failed_is_not_tried_again(work, quick_path):
    failed = 0
    for _, disk in every_step(quick_path, work, OSError(errno.EIO, "Input/output error")):
        call = disk.calls[disk.fatal - 1]
        if call[0] == "fsync":
            failed += 1
            assert call not in disk.calls[disk.fatal :]
    assert failed > 10


# Folders that are refused.


def refused(path: Path, work: Work, **options) -> str:
    before = contents(path)
    with pytest.raises(ResumeError) as caught:
        go(path, work, **options)
    assert contents(path) == before
    return str(caught.value)


def test_a_folder_with_a_run_is_refused_without_resume(work, tmp_path):
    go(tmp_path, work, most=90, whole=False)
    assert refused(tmp_path, work) == (
        f"{tmp_path} holds a run of 96 documents. Go on with --resume, start anew with --overwrite, or name another folder."
    )


@pytest.mark.parametrize("options", [{}, {"resume": True}, {"overwrite": True}], ids=str)
def test_a_folder_with_other_files_is_refused(work, tmp_path, options):
    (tmp_path / "part-00000.parquet").write_text("somebody else's")
    (tmp_path / "notes.txt").write_text("mine")
    assert refused(tmp_path, work, **options) == (
        f"{tmp_path} holds `notes.txt` and 1 more, and no run's manifest.json. Name a new or empty folder."
    )


@pytest.mark.parametrize(
    "text",
    [
        *['{"name": "my app", "icons": []}', "", "null", '{"format": 1}', '{"identity": {}, "summary": {"odd": 3}}'],
        *['{"identity": {}, "summary": {"outcomes": 5}}', '{"identity": {}, "summary": {"removals": [["promo", 1]]}}'],
    ],
)
@pytest.mark.parametrize("options", [{}, {"resume": True}, {"overwrite": True}], ids=str)
def test_a_manifest_that_is_not_ours_is_refused(work, tmp_path, text, options):
    (tmp_path / "manifest.json").write_text(text)
    assert "is not a run's manifest" in refused(tmp_path, work, **options)


def test_what_a_run_left_before_it_began_is_nothing(work, undisturbed, tmp_path):
    for name in (".lock", ".manifest.json.tmp", ".part-00007.jsonl.zst.tmp", ".rejects.jsonl.zst.tmp"):
        (tmp_path / name).write_text("half of someth")
    go(tmp_path, work)
    assert contents(tmp_path) == undisturbed()


def test_overwrite_starts_anew_and_leaves_what_is_not_ours(work, undisturbed, tmp_path):
    go(tmp_path, work, form="jsonl", count=500)
    (tmp_path / "notes.txt").write_text("mine")
    go(tmp_path, work, overwrite=True)
    assert contents(tmp_path) == {**undisturbed(), "notes.txt": b"mine"}


@pytest.mark.parametrize("name", ["part-00000.jsonl.zst", "part-00001.jsonl.zst", "rejects.jsonl.zst"])
@pytest.mark.parametrize(
    "edit",
    [
        lambda data: data[:-1],
        lambda data: data[:10] + bytes([data[10] ^ 1]) + data[11:],
        lambda data: b"",
    ],
    ids=["shorter", "one bit", "empty"],
)
def test_an_edited_file_is_refused(work, tmp_path, name, edit):
    go(tmp_path, work, most=100, whole=False)
    file = tmp_path / name
    file.write_bytes(edit(file.read_bytes()))
    assert refused(tmp_path, work, resume=True) == (
        f"{file} is not as the run left it. Put it back as it was, or start anew with --overwrite."
    )


def test_a_part_that_is_gone_or_longer_is_refused(work, tmp_path):
    go(tmp_path, work, most=100, whole=False)
    part = tmp_path / "part-00000.jsonl.zst"
    data = part.read_bytes()
    part.write_bytes(data + b"\n")
    assert "is not as the run left it" in refused(tmp_path, work, resume=True)
    part.unlink()
    assert "is not as the run left it" in refused(tmp_path, work, resume=True)


def test_what_differs_is_said(work, tmp_path):
    go(tmp_path, work, most=90, whole=False)
    identity = {"pipeline": "q", "input: other.jsonl": "17 bytes", "option: segments": "yes"}
    with pytest.raises(ResumeError) as caught:
        Folder(tmp_path, identity, resume=True, part_size=32)
    assert str(caught.value) == (
        f"{tmp_path} holds another run: `input: news.jsonl` is gone, `input: other.jsonl` is new, `option: part size` was 64 "
        "and is 32, `option: segments` is new, `pipeline` was p and is q. Put back what has changed, name another folder, "
        "or start anew with --overwrite."
    )


def test_two_runs_in_one_folder_are_one_too_many(work, tmp_path):
    with Folder(tmp_path / "out", IDENTITY):
        with pytest.raises(ResumeError) as caught:
            Folder(tmp_path / "out", IDENTITY, resume=True)
        assert str(caught.value).startswith(f"{tmp_path / 'out'} is in use by another run (process {os.getpid()} on ")
    Folder(tmp_path / "out", IDENTITY, resume=True).__exit__()
    assert list(contents(tmp_path / "out")) == ["manifest.json"]


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path):
    script = (
        "import sys, os; from pathlib import Path; from copydesk.run.lock import Lock\n"
        "lock = Lock(Path(sys.argv[1])); print(flush=True); input()"
    )
    command = [sys.executable, "-c", script, str(tmp_path / ".lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        with pytest.raises(ResumeError, match=f"process {holder.pid} on "):
            Lock(tmp_path / ".lock")
        holder.kill()
    Lock(tmp_path / ".lock").release()
    assert not (tmp_path / ".lock").exists()


def test_a_disk_without_room_for_a_lock_is_named(tmp_path):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(OutputError) as caught:
            Lock(tmp_path / ".lock")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert str(caught.value) == f"{tmp_path / '.lock'}: cannot be written: File too large."
    assert list(contents(tmp_path)) == []


def test_a_lock_that_its_holder_removed_meanwhile_is_none(tmp_path, monkeypatch):
    first = Lock(tmp_path / ".lock")

    def slowly(file, real=lock._lock):
        monkeypatch.setattr(lock, "_lock", real)
        first.release()  # after the second has opened the file, and before it has locked it
        real(file)

    monkeypatch.setattr(lock, "_lock", slowly)
    second = Lock(tmp_path / ".lock")
    with pytest.raises(ResumeError, match="in use by another run"):
        Lock(tmp_path / ".lock")
    second.release()


def test_a_place_that_cannot_be_written_is_named(work, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"file/out: cannot be written: Not a directory"):
        Folder(tmp_path / "file/out", IDENTITY)
    with pytest.raises(OutputError, match=r"file: cannot be written: File exists"):
        Folder(tmp_path / "file", IDENTITY)


@pytest.fixture
def nobody(quick_path):
    """Somebody for whom a folder can be read-only, which nothing is for the superuser."""
    if os.name != "posix":
        pytest.skip("there are no such rights here")
    before = os.geteuid()
    (quick_path / "out").mkdir()
    (quick_path / "out").chmod(0o555)
    quick_path.chmod(0o755)
    if before == 0:
        os.seteuid(65534)
    yield quick_path / "out"
    os.seteuid(before)


def test_a_folder_that_is_read_only_is_named(nobody):
    with pytest.raises(OutputError, match=r"out/\.lock: cannot be written: Permission denied"):
        Folder(nobody, IDENTITY)


# What makes a run.


@pytest.fixture
def project(tmp_path):
    """A project with a drop-in plugin, a rule file with a word list, and news."""
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins/picky.py").write_text(PLUGIN)
    (tmp_path / "rules.yaml").write_text(
        "words_from: words.yaml\nrules:\n  - {id: bus, role: advert, pattern: '<vehicle> ad', where: whole}\n"
    )
    (tmp_path / "words.yaml").write_text("words: {vehicle: [bus, tram]}\nrules: []\n")
    stages = "  p: {stages: [normalize_space, picky]}\n  q: {stages: [p, {remove_promos: {rules: [rules.yaml]}}]}\n"
    (tmp_path / "pipelines.yaml").write_text(f"plugins: [plugins/]\npipelines:\n{stages}")
    (tmp_path / "news.jsonl").write_bytes(b"".join(item.data + b"\n" for item in items(2000)))
    return tmp_path


def identity(project: Path) -> dict[str, str]:
    return manifest.pipeline_identity(load(project / "pipelines.yaml")["q"])


EDITS = {
    "plugins/picky.py": "`drop-in: 1 picky.py` has changed",
    "rules.yaml": "`stage: 3 remove_promos` has changed",
    "words.yaml": "`stage: 3 remove_promos` has changed",
}


@pytest.mark.parametrize(("file", "said"), EDITS.items(), ids=EDITS)
def test_the_content_of_plugins_and_rule_files_counts(project, file, said):
    before = identity(project)
    assert identity(project) == before
    with (project / file).open("a") as more:
        more.write("# a remark\n")
    assert manifest.differences(manifest.short(before), manifest.short(identity(project))) == said


def test_what_python_leaves_beside_a_plugin_does_not_count(project):
    before = identity(project)
    (project / "plugins/__pycache__").mkdir()
    (project / "plugins/__pycache__/picky.pyc").write_bytes(b"")
    (project / "plugins/.DS_Store").write_bytes(b"")
    assert identity(project) == before


def test_what_lies_in_a_project_that_is_its_own_drop_in_folder_does_not_count(project):
    config = project / "pipelines.yaml"
    config.write_text(config.read_text().replace("[plugins/]", "[plugins/picky.py, .]"))
    before = identity(project)
    assert "drop-in: 1 picky.py" in before
    assert "drop-in: 2 rules.yaml" in before
    copydesk(project)
    (project / "articles").mkdir()
    (project / "articles/a.txt").write_text("news")
    assert identity(project) == before


def test_a_file_that_cannot_be_read_is_named(project):
    pipeline = load(project / "pipelines.yaml")["q"]
    (project / "words.yaml").unlink()
    with pytest.raises(ConfigError, match=r"words\.yaml: cannot be read: No such file or directory\.$"):
        manifest.pipeline_identity(pipeline)


def test_a_project_that_moves_is_the_same(project, tmp_path_factory):
    before = identity(project)
    moved = tmp_path_factory.mktemp("elsewhere") / "project"
    shutil.copytree(project, moved)
    assert identity(moved) == before


def test_plugins_stages_options_and_libraries_count():
    found = manifest.pipeline_identity(load(ROOT / "pipelines.yaml")["reprints"])
    assert {"copydesk", "unicode", "library: ftfy", "plugin: copydesk_promos", "pipeline", "keep"} <= found.keys()
    assert "plugin: copydesk_language" in found  # whose engine is an option's default
    assert found["stage: 1 repair_encoding"] == "{}"
    assert "library: rich" not in found


def test_an_identity_has_a_bound():
    inputs = [(f"{n}.txt", "1 byte") for n in range(100_000)]
    found = manifest.listed("input", inputs)
    assert len(found) == 101
    assert list(found)[-1] == "input: and 99,900 more"
    other = manifest.listed("input", [*inputs[:-1], ("99999.txt", "2 bytes")])
    assert manifest.differences(found, other) == "`input: and 99,900 more` has changed"
    assert len(manifest.short({"option": "x" * 1000})["option"]) == 71


# The command.


def command(project: Path, *arguments: object) -> list[str]:
    main = "from copydesk.cli import main; main()"
    fixed = ["run", "news.jsonl", "-p", "p", "-o", "out", "--part-size", "64", "--allow-failed", "100%", "-q"]
    return [sys.executable, "-c", main, *fixed, *map(str, arguments)]


def copydesk(project: Path, *arguments: object, code: int = 0, **named) -> str:
    done = subprocess.run(
        command(project, *arguments), cwd=project, capture_output=True, text=True, check=False, **named
    )
    assert done.returncode == code, done.stderr
    return done.stderr


@pytest.fixture
def expected(project):
    """What an undisturbed run makes, and an empty folder again."""
    copydesk(project, "--workers", 0)
    files = contents(project / "out")
    shutil.rmtree(project / "out")
    return files


SLOW = {**os.environ, "SLOW": "1"}
"""With this a run takes some seconds, and its plugin is the same."""


def ended(project: Path, number: int, after: float, *arguments: object) -> int:
    """A run that gets a signal some seconds after its first part, or after its start."""
    with subprocess.Popen(command(project, *arguments), cwd=project, env=SLOW, stderr=subprocess.PIPE) as run:
        part = project / "out/part-00000.jsonl.zst"
        until = time.monotonic() + 60
        while after >= 0 and not part.exists() and run.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
        time.sleep(abs(after))
        run.send_signal(number)
        run.communicate(timeout=60)
        return run.returncode


def test_a_killed_run_goes_on_with_other_workers(project, expected):
    assert ended(project, signal.SIGKILL, 0.1, "--workers", 2) == -signal.SIGKILL
    assert 64 <= manifest.read(project / "out").documents < 2000
    copydesk(project, "--resume", "--workers", 1)
    assert contents(project / "out") == expected


def test_the_report_of_a_run_that_was_killed_is_that_of_the_whole(project):
    reports = "--report", "{}.json", "--report", "{}.html"
    copydesk(project, "--workers", 0, *(word.format("whole") for word in reports))
    shutil.rmtree(project / "out")
    assert ended(project, signal.SIGKILL, 0.3, "--workers", 2) == -signal.SIGKILL
    noted = json.loads((project / "out" / account.FILE).read_bytes())
    copydesk(project, "--resume", "--workers", 2, *(word.format("both") for word in reports))
    whole, both = (json.loads((project / f"{name}.json").read_bytes()) for name in ("whole", "both"))
    for one in (whole, both):
        assert one["documents"].pop("per_second") > 0
    assert {**both, "about": 0, "time": 0} == {**whole, "about": 0, "time": 0}
    assert (whole["about"]["starts"], whole["about"]["timed"]) == (1, 2000)
    assert (both["about"]["starts"], both["about"]["start"]) == (2, noted["start"])
    assert both["about"]["timed"] in (2000, 2064)  # a kill may have come between what is noted and what is listed
    assert both["about"]["seconds"] > noted["seconds"]
    assert all(row["seconds"] >= round(noted["times"][row["stage"]], 3) for row in both["time"])
    pages = [(project / f"{name}.html").read_text() for name in ("whole", "both")]
    shown = [re.findall(r"document [\d,]+ ·", one) for one in pages]
    assert len(shown[0]) == 24
    assert shown[0] == shown[1]
    assert ", in 2 starts," in pages[1]


def test_what_no_file_can_hold_is_noted_too(tmp_path):
    record = b'{"id":"\\udcff","text":"a","stage":"s","reason":"r","flags":[]}'
    part = manifest.Part(file="part", sha256="", bytes=0, documents=1, clean=0, rejected=1, failed=0)
    first = Account()
    first.sample.take(0, [Line("rejected", record)])
    first.save(tmp_path)
    second = Account.of(tmp_path, manifest.Manifest(identity={}, parts=[part]))
    assert [one.id for one in second.sample.documents] == ["\udcff"]
    assert second.sample.documents == first.sample.documents


@pytest.mark.parametrize("text", ["", "{", "[]", '{"start": 1}', "\xff"])
def test_what_an_earlier_start_noted_may_be_lost(work, undisturbed, tmp_path, text):
    go(tmp_path, work, most=100, whole=False)
    (tmp_path / account.FILE).write_text(text, "latin-1")
    found = go(tmp_path, work, resume=True).account
    assert contents(tmp_path) == undisturbed()
    assert (found.done, found.timed, found.starts) == (200, 200 - 128, 1)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)],
    ids=["INT", "TERM"],
)
def test_an_interrupt_keeps_what_is_done(project, expected, number, code):
    assert ended(project, number, 0.1) == code
    assert 64 <= manifest.read(project / "out").documents < 2000
    assert [name for name in contents(project / "out") if name.startswith(".")] == [".starts.json"]
    copydesk(project, "--resume")
    assert contents(project / "out") == expected


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_killed_at_random_it_goes_on_to_the_same_bytes(project, expected, seed):
    luck = random.Random(seed)
    for _ in range(luck.randrange(1, 5)):
        after = luck.choice([luck.uniform(0, 1), -luck.uniform(0, 3)])
        ended(project, signal.SIGKILL, after, "--resume", "--workers", luck.randrange(3))
    copydesk(project, "--resume", "--workers", 2)
    assert contents(project / "out") == expected


def test_resume_is_refused_where_anything_changed(project):
    ended(project, signal.SIGINT, 0)
    (project / "plugins/picky.py").write_text(PLUGIN + "# a remark")
    with (project / "news.jsonl").open("a") as more:
        more.write('{"text": "one more"}\n')
    said = copydesk(project, "--resume", "--segments", code=5)
    for change in ("`drop-in: 1 picky.py` has changed", "`input: news.jsonl`", "`option: segments` was False"):
        assert change in said


def test_the_second_run_in_a_folder_is_refused_at_once(project):
    with subprocess.Popen(command(project), cwd=project, env=SLOW) as first:
        while not (project / "out/manifest.json").exists():
            assert first.poll() is None
            time.sleep(0.01)
        said = copydesk(project, "--resume", code=5)
        assert f"out is in use by another run (process {first.pid} on {socket.gethostname()})." in said
        assert first.wait() == 0


def test_a_limit_on_files_ends_a_run_and_it_goes_on(project, expected):
    resource = pytest.importorskip("resource")
    limit = max(len(data) for data in expected.values()) - 1
    said = copydesk(project, code=4, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert "cannot be written: File too large" in said
    assert "go on with --resume" in said
    copydesk(project, "--resume")
    assert contents(project / "out") == expected


def test_a_disk_that_is_full_ends_a_run_and_it_goes_on(project, expected, tmp_path):
    disk = project / "out"
    disk.mkdir()
    size = sum(map(len, expected.values())) // 2 // 4096 * 4096
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        said = copydesk(project, code=4)
        assert "cannot be written: No space left on device" in said
        subprocess.run(["mount", "-o", "remount,size=1m", str(disk)], check=True)
        copydesk(project, "--resume")
        assert contents(disk) == expected
    finally:
        subprocess.run(["umount", str(disk)], check=True)
