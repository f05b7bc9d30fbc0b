"""Files, standard output and folders of texts: what is there under its final name is whole, and what fails is named."""

from __future__ import annotations

import errno
import gzip
import json
import os
import stat
import subprocess
import sys
import threading
from contextlib import nullcontext
from pathlib import Path

import pytest

from copydesk.errors import ConfigError, OutputError, ResumeError
from copydesk.io.compression import zstd as zstd_here
from copydesk.io.items import Item
from copydesk.io.readers import records
from copydesk.io.writers import File, Lines, Texts, form_of, packer, safe_name, writer
from copydesk.run import lock, output
from copydesk.run.batches import Batch
from copydesk.run.output import Aside, Single, rejects_beside
from copydesk.run.summary import Summary
from copydesk.run.work import Done, Line

zstd = zstd_here()
LINES = [b'{"id":"a","text":"one"}', b'{"id":"b","text":"two"}']
PLAIN = b"".join(line + b"\n" for line in LINES)
OPENED = {"jsonl": bytes, "jsonl.zst": zstd.decompress, "jsonl.gz": gzip.decompress}


def batch(*outcomes: str, first: int = 0) -> tuple[Batch, Done]:
    """A finished batch with these outcomes."""
    summary = Summary()
    summary.outcomes.update(outcomes)
    lines = [Line(outcome, b'{"id":"%d","text":"x"}' % n) for n, outcome in enumerate(outcomes, first)]
    return Batch(first, [Item(str(n), "", "text", b"") for n in range(len(outcomes))]), Done(lines, summary.packed())


def written(path: Path, *batches: tuple[Batch, Done], rejects: Path | None = None, form: str | None = None) -> Single:
    """A whole run of these batches."""
    with Single(path, rejects, form) as output:
        for one in batches:
            output.add(*one)
        output.close(whole=True)
        return output


# Forms.


@pytest.mark.parametrize("form", OPENED)
def test_lines_are_packed_and_read_back(tmp_path, form):
    file = writer(form, tmp_path / "out")
    file.write(LINES)
    file.write([])
    file.write(LINES[:1])
    file.close()
    assert OPENED[form]((tmp_path / "out").read_bytes()) == PLAIN + LINES[0] + b"\n"


@pytest.mark.parametrize("form", OPENED)
def test_no_records_make_a_file_that_can_be_opened(tmp_path, form):
    file = writer(form, tmp_path / "out")
    file.close()
    file.close()
    assert OPENED[form]((tmp_path / "out").read_bytes()) == b""


@pytest.mark.parametrize("form", OPENED)
def test_a_file_is_continued_by_copying_it(tmp_path, form):
    def made(name: str, before: Path | None, *batches: list[bytes]) -> Path:
        file = Lines(File(tmp_path / name), packer(form))
        if before:
            file.file.take(before, before.stat().st_size)
        for lines in batches:
            file.write(lines)
        file.close()
        return tmp_path / name

    whole = made("whole", None, LINES, LINES[:1])
    first = made("first", None, LINES)
    assert made("second", first, LINES[:1]).read_bytes() == whole.read_bytes()


def test_a_packed_file_tells_that_it_was_cut_or_damaged():
    data = packer("jsonl.zst")(PLAIN)
    for spoilt in (data[:-1], data[:-5], data[:20] + bytes([data[20] ^ 4]) + data[21:]):
        with pytest.raises(zstd.ZstdError):
            zstd.decompress(spoilt)


FORMS = {
    "a.jsonl": "jsonl",
    "a.NDJSON": "jsonl",
    "a.b.jsonl.zst": "jsonl.zst",
    "a.ndjson.gz": "jsonl.gz",
    "a.parquet": "parquet",
}


@pytest.mark.parametrize(("name", "form"), FORMS.items())
def test_the_name_tells_the_form(name, form):
    assert form_of(Path(name)) == form


@pytest.mark.parametrize("name", ["a.txt", "a.json", "a.zst", "jsonl", "a"])
def test_another_name_is_refused_with_those_that_are_known(name):
    with pytest.raises(ConfigError) as caught:
        form_of(Path(name))
    assert str(caught.value) == (
        f"{name}: an output is a folder, or a file that ends in .jsonl, .jsonl.zst, .jsonl.gz, .parquet."
    )


@pytest.mark.parametrize("form", ["parquet", "text"])
def test_some_forms_do_not_go_to_standard_output(form):
    with pytest.raises(ConfigError, match=f"^{form} does not go to standard output"):
        writer(form, None)


@pytest.mark.parametrize(
    ("name", "rejects"),
    [
        ("news.jsonl", "news.rejects.jsonl"),
        ("a.b.ndjson.zst", "a.b.rejects.ndjson.zst"),
        ("news.parquet", "news.rejects.jsonl"),
    ],
)
def test_rejects_stand_beside_their_output(name, rejects):
    assert rejects_beside(Path("x") / name) == Path("x") / rejects


def test_nothing_stands_beside_a_device():
    assert rejects_beside(Path(os.devnull)) is None


# One file.


def test_a_file_has_its_name_when_it_is_whole(tmp_path):
    path = tmp_path / "new/out.jsonl"
    with Single(path, rejects_beside(path)) as output:
        output.add(*batch("clean", "failed", "rejected"))
        output.add(*batch("clean", first=3))
        assert sorted(file.name for file in path.parent.iterdir()) == ["out.jsonl.part", "out.rejects.jsonl.part"]
        output.close(whole=True)
    assert [json.loads(line)["id"] for line in path.read_bytes().splitlines()] == ["0", "3"]
    assert [json.loads(line)["id"] for line in rejects_beside(path).read_bytes().splitlines()] == ["1", "2"]
    assert (output.account.done, output.account.summary.documents, output.finished) == (4, 4, True)
    assert len(list(path.parent.iterdir())) == 2


def test_an_interrupt_leaves_what_is_done_under_another_name(tmp_path):
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"before\n")
    with Single(path, None) as output:
        output.add(*batch("clean"))
        output.close(whole=False)
    assert path.read_bytes() == b"before\n"
    assert output.notes == [f"{tmp_path / 'out.jsonl.part'} holds what was done so far."]
    assert not output.finished


def test_the_rejects_of_an_older_run_are_removed_when_the_new_file_is_there(tmp_path):
    path = tmp_path / "out.jsonl"
    rejects = rejects_beside(path)
    rejects.write_bytes(b"old")
    with Single(path, rejects) as output:
        output.add(*batch("clean"))
        assert rejects.exists()
        output.close(whole=True)
    assert not rejects.exists()


def test_what_an_interrupted_run_left_of_its_rejects_is_removed_unless_it_is_being_written(tmp_path):
    path = tmp_path / "out.jsonl"
    with Single(path, rejects_beside(path)) as interrupted:
        interrupted.add(*batch("clean", "failed"))
        interrupted.close(whole=False)
    assert names(tmp_path) == ["out.jsonl.part", "out.rejects.jsonl.part"]
    written(path, batch("clean"), rejects=rejects_beside(path))
    assert names(tmp_path) == ["out.jsonl"]
    with Single(tmp_path / "a.jsonl", tmp_path / "r.jsonl") as other:
        other.add(*batch("failed"))
        written(path, batch("clean"), rejects=tmp_path / "r.jsonl")
        other.close(whole=True)
    assert names(tmp_path) == ["a.jsonl", "out.jsonl", "r.jsonl"]


def test_a_file_that_somebody_took_away_is_missed(tmp_path):
    file = Aside(tmp_path / "out.jsonl", "jsonl")
    file.write(LINES)
    file.aside.unlink()
    with pytest.raises(OutputError, match=r"out\.jsonl: cannot be written: No such file or directory"):
        file.put()
    file.leave()


def test_rejects_without_a_place_are_counted(tmp_path):
    output = written(tmp_path / "out.jsonl", batch("failed", "clean"))
    assert output.account.summary.outcomes == {"failed": 1, "clean": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["out.jsonl"]


def test_a_link_is_followed(tmp_path):
    (tmp_path / "real.jsonl").write_bytes(b"old")
    (tmp_path / "link.jsonl").symlink_to("real.jsonl")
    file = Aside(tmp_path / "link.jsonl", "jsonl")
    file.write(LINES)
    file.put()
    assert (tmp_path / "link.jsonl").is_symlink()
    assert (tmp_path / "real.jsonl").read_bytes() == PLAIN


@pytest.mark.skipif(sys.platform == "win32", reason="there a file that is open cannot be renamed")
@pytest.mark.parametrize("name", ["out.jsonl", "out.parquet"])
def test_the_second_run_into_a_file_is_refused_and_the_first_comes_out_whole(tmp_path, name):
    path = tmp_path / name
    with Single(path, None) as first:
        first.add(*batch("clean"))
        with pytest.raises(ResumeError) as caught:
            Single(path, None)
        assert str(caught.value) == f"{path} is being written by another run. Wait for its end, or name another."
        first.add(*batch("clean", first=1))
        first.close(whole=True)
    assert [record["id"] for record in records([str(path)])] == ["0", "1"]
    written(path, batch("clean", first=2))
    assert names(tmp_path) == [name]


def test_where_there_are_no_locks_a_file_is_written_all_the_same(tmp_path, monkeypatch):
    def refuse(_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(lock, "_lock", refuse)
    written(tmp_path / "out.jsonl", batch("clean"))
    assert names(tmp_path) == ["out.jsonl"]


def test_a_writer_that_is_missing_leaves_nothing(tmp_path, monkeypatch):
    def missing(*_, **__):
        raise ConfigError("no pyarrow")

    monkeypatch.setattr(output, "writer", missing)
    with pytest.raises(ConfigError):
        Single(tmp_path / "out.parquet", None)
    assert names(tmp_path) == []


def test_a_named_pipe_is_written_as_it_stands(tmp_path):
    os.mkfifo(pipe := tmp_path / "pipe")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    file = Aside(pipe, "jsonl")
    file.write(LINES)
    file.put()
    reader.join()
    assert read == [PLAIN]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_device_is_written_as_it_stands_and_never_removed():
    written(Path(os.devnull), batch("clean"), rejects=Path(os.devnull), form="jsonl")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="there is no /dev/stdout here")
def test_standard_output_may_be_named():
    script = (
        "from pathlib import Path; from copydesk.run.output import Aside\n"
        "file = Aside(Path('/dev/stdout'), 'jsonl'); file.write([b'{}']); file.put()"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout == b"{}\n"


@pytest.mark.parametrize("fatal", range(1, 9))
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_leaves_no_final_name(tmp_path, monkeypatch, fatal, number):
    calls = 0

    def failing(real):
        def call(*arguments):
            nonlocal calls
            calls += 1
            if calls == fatal:
                raise OSError(number, os.strerror(number))
            return real(*arguments)

        return call

    for name in ("write", "fsync", "replace"):
        monkeypatch.setattr(os, name, failing(getattr(os, name)))
    path = tmp_path / "out.jsonl"
    with pytest.raises(OutputError) as caught:
        written(path, batch("clean", "failed"), batch("clean", first=2), rejects=rejects_beside(path))
    assert str(tmp_path) in str(caught.value)
    assert str(caught.value).endswith(f": cannot be written: {os.strerror(number)}.")
    if path.exists():  # the folder's sync alone is left to fail
        assert len(path.read_bytes().splitlines()) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("form", OPENED)
def test_a_full_device_is_named(form):
    with pytest.raises(OutputError, match=r"^/dev/full: cannot be written: No space left on device\.$"):
        written(Path("/dev/full"), batch("clean"), form=form)


# Standard output.

WRITE = """
import sys
from copydesk.errors import OutputError
from copydesk.io.writers import writer
file = writer("jsonl", None)
try:
    while True:
        file.write([b"x" * 1000] * 32)
except BrokenPipeError:
    import os
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(141)
except OutputError as error:
    print(error, file=sys.stderr)
    sys.exit(4)
"""


def test_a_closed_pipe_passes_to_who_called():
    with subprocess.Popen([sys.executable, "-c", WRITE], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.read(1000) == b"x" * 1000
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_standard_output_that_is_full_is_named():
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, "-c", WRITE], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.stderr == b"standard output: cannot be written: No space left on device.\n"
    assert done.returncode == 4


class Little:
    """Takes seven bytes at a time, as a raw file may; then, if it is `shut`, none."""

    def __init__(self, *, shut: bool) -> None:
        self.buffer = self
        self.taken = bytearray()
        self.shut = shut

    def write(self, data: memoryview) -> int | None:
        if self.shut and self.taken:
            return None
        self.taken += data[:7]
        return min(7, len(data))

    def flush(self) -> None:
        """All of it is there."""


@pytest.mark.parametrize("shut", [False, True], ids=["open", "shut"])
def test_standard_output_that_takes_a_part_gets_the_rest_or_it_is_told(monkeypatch, shut):
    monkeypatch.setattr(sys, "stdout", Little(shut=shut))
    file = writer("jsonl", None)
    with pytest.raises(OutputError, match=r"^standard output: ") if shut else nullcontext():
        file.write(LINES)
    assert sys.stdout.taken == (PLAIN[:7] if shut else PLAIN)


def test_standard_output_has_each_batch_at_once(capfdbinary):
    file = writer("jsonl.zst", None)
    file.write(LINES)
    assert zstd.decompress(capfdbinary.readouterr().out) == PLAIN
    file.close()


# A folder of texts.


def names(path: Path) -> list[str]:
    return sorted(file.name for file in path.iterdir())


def test_a_record_is_two_files(tmp_path):
    written(tmp_path / "out", batch("clean"), form="text")
    assert names(tmp_path / "out") == ["0.json", "0.txt"]
    assert (tmp_path / "out/0.txt").read_bytes() == b"x"
    assert json.loads((tmp_path / "out/0.json").read_bytes()) == {"id": "0", "text": "x"}


def test_an_id_that_comes_twice_gets_another_name_and_it_is_said(tmp_path):
    output = written(tmp_path, *(batch("clean", first=first) for first in (0, 0, 1)), form="text")
    assert names(tmp_path) == ["0.json", "0.txt", "0~2.json", "0~2.txt", "1.json", "1.txt"]
    assert output.notes == ["1 records had an id that was taken; their names end in ~ and a number."]


HOSTILE = [
    "../../etc/passwd",
    "/etc/passwd",
    "..",
    ".",
    "",
    "a\x00b",
    "a\nb",
    "~",
    "0~2",
    ".hidden",
    "x" * 300,
    "字" * 300,
    "\ud800",
    "NUL",
    "com1.x",
]


def test_no_id_leads_out_of_the_folder(tmp_path):
    folder = tmp_path / "out"
    file = Texts(folder)
    file.write([json.dumps({"id": id_, "text": "x"}).encode() for id_ in HOSTILE])
    file.close()
    assert file.renamed == 0
    assert names(tmp_path) == ["out"]
    assert len(names(folder)) == 2 * len(HOSTILE)
    assert not [
        name for name in names(folder) if name.startswith((".", "~")) or name.upper().startswith(("NUL", "COM1"))
    ]


def test_two_ids_that_read_the_same_as_names_are_kept_apart():
    assert len({safe_name(id_) for id_ in ["a/b", "a_b", "a:b", "a\\b"]}) == 4
    assert safe_name("news-1.txt") == "news-1.txt"


def test_half_a_surrogate_pair_in_a_field_of_the_input_is_kept(tmp_path):
    file = Texts(tmp_path)
    file.write([b'{"id":"a","text":"x","from":"\\ud800"}'])
    file.close()
    assert json.loads((tmp_path / "a.json").read_bytes())["from"] == "\ud800"


def test_texts_go_to_an_empty_folder_only(tmp_path):
    (tmp_path / "a.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"is not empty\. Texts are written to a new or empty folder"):
        Single(tmp_path, None, "text")


def test_no_half_file_is_left_where_a_disk_is_full(tmp_path):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(OutputError, match=r"a\.json: cannot be written: File too large"):
            Texts(tmp_path).write([b'{"id":"a","text":"a story"}'])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert names(tmp_path) == []


# Columns.


def test_columns_are_whole_when_they_have_their_name(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    written(tmp_path / "out.parquet", batch("clean", "clean", "failed"), rejects=tmp_path / "out.rejects.jsonl")
    assert parquet.read_table(tmp_path / "out.parquet").column("id").to_pylist() == ["0", "1"]
    assert names(tmp_path) == ["out.parquet", "out.rejects.jsonl"]


def test_columns_that_cannot_be_written_are_named(tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "out.parquet.part").mkdir()
    with pytest.raises(OutputError, match=r"out\.parquet\.part: cannot be written: Is a directory"):
        Single(tmp_path / "out.parquet", None)
