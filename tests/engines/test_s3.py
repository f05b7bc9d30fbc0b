"""S3: archives read from a real server of its protocol, moto's, on the loopback, by `copydesk run` in its own process."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys

import pytest

from engines.conftest import COUNTS, ROWS
from engines.shards import written

server = pytest.importorskip("moto.server")
s3fs = pytest.importorskip("s3fs")

pytestmark = pytest.mark.slow
KEYS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def bucket(project):
    """A bucket with the rows in two objects, one of them packed, in folders; what a run needs to know to find it."""
    moto = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    moto.start()
    host, port = moto.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**KEYS, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}.items():
            patch.setenv(name, value)
        files = s3fs.S3FileSystem()
        files.mkdir("archive")
        lines = (project / "rows.jsonl").read_bytes().splitlines(keepends=True)
        files.pipe("archive/1998/a.jsonl", b"".join(lines[:5]))
        files.pipe("archive/1998/later/b.jsonl.gz", gzip.compress(b"".join(lines[5:])))
        files.pipe("archive/1998/notes.doc", b"not an article")
        yield files
    moto.stop()


def run(project, *arguments):
    config = f"--config={project}/pipelines.yaml"
    command = [sys.executable, "-m", "copydesk", "run", "--pipeline=desk", config, "--workers=2", *arguments]
    return subprocess.run(command, cwd=project, env=os.environ, capture_output=True, text=True, check=False)


def test_a_folder_of_objects_is_read_as_one_on_the_disk(bucket, project, tmp_path):
    bucket.get("archive/1998/", f"{tmp_path}/1998/", recursive=True)
    remote = run(project, "s3://archive/1998/", "-o", f"{tmp_path}/remote/")
    local = run(project, f"{tmp_path}/1998/", "-o", f"{tmp_path}/local/")
    assert (remote.returncode, local.returncode) == (1, 1)
    for count in (f"{len(ROWS)} documents", *(f"{number} {outcome}" for outcome, number in COUNTS.items())):
        assert count in remote.stderr
    parts = {name: data for name, data in written(tmp_path / "local").items() if name.startswith("part-")}
    assert {name: data for name, data in written(tmp_path / "remote").items() if name.startswith("part-")} == parts


def test_a_pattern_and_a_single_object(bucket, project, tmp_path):
    for address, number in {"s3://archive/1998/a.jsonl": 5, "s3://archive/**/*.gz": len(ROWS) - 5}.items():
        assert f"{number} documents: " in run(project, address, "-o", f"{tmp_path}/{number}.jsonl").stderr


def test_a_run_that_is_done_answers_and_one_whose_objects_changed_is_refused(bucket, project, tmp_path):
    run(project, "s3://archive/1998/a.jsonl", "-o", f"{tmp_path}/out/")
    again = run(project, "s3://archive/1998/a.jsonl", "-o", f"{tmp_path}/out/", "--resume")
    assert again.returncode == 1, again.stderr
    bucket.pipe("archive/1998/a.jsonl", b'{"id": "z", "text": "The bridge opened again on Monday."}\n')
    assert run(project, "s3://archive/1998/a.jsonl", "-o", f"{tmp_path}/out/", "--resume").returncode == 5


@pytest.mark.parametrize("address", ["s3://archive/1999/", "s3://nowhere/a.jsonl"])
def test_what_is_not_there_is_named(bucket, project, tmp_path, address):
    told = run(project, address, "-o", f"{tmp_path}/out.jsonl")
    assert (told.returncode, told.stderr) == (
        2,
        f"copydesk: {address}: cannot be read: there is no such file or folder.\n",
    )
