"""`copydesk pipe`: one line back for each line, before the next is written. Through real pipes, as other programs do."""

from __future__ import annotations

import json
import select
import signal
import subprocess
import sys

import pytest

CONFIG = """
plugins: [picky.py]
pipelines:
  desk: {stages: [picky, normalize_space, extract_byline]}
"""

PLUGIN = """
import os, time
import copydesk

print("a plugin that prints")

@copydesk.hookimpl
def register_stages(register):
    register(picky)

def picky(doc):
    print("on standard output, where records go")
    if "bad" in doc.raw:
        raise ValueError("oops")
    if "dies" in doc.raw:
        os._exit(3)
    if "hangs" in doc.raw:
        time.sleep(600)
    if not doc.raw:
        doc.reject("empty")
"""

LINES = [
    b'{"id": "one", "text": "By Ann Lee\\n\\nThe bridge  opened again on Monday.", "site": 7}',
    b'{"id": "two", "text": null}',
    b"",
    b"no JSON",
    b'{"id": "three", "text": "bad"}',
    b'{"id": "four", "text": ""}',
    b'{"id": "five", "text": "The mill \\ud83d\\ude00 closed."}',
]
OUTCOMES = ["clean", "failed", "failed", "failed", "failed", "rejected", "clean"]


@pytest.fixture
def started(tmp_path):
    (tmp_path / "pipelines.yaml").write_text(CONFIG)
    (tmp_path / "picky.py").write_text(PLUGIN)
    running = []

    def start(*options):
        command = [sys.executable, "-m", "copydesk", "pipe", "-p", "desk", *options]
        running.append(
            subprocess.Popen(
                command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
            )
        )
        return running[-1]

    yield start
    for process in running:
        with process:
            process.kill()


def asked(process, line: bytes) -> dict:
    """The answer to one line, with nothing more written until it has come."""
    process.stdin.write(line + b"\n")
    ready, _, _ = select.select([process.stdout], [], [], 120)
    assert ready, "no answer"
    return json.loads(process.stdout.readline())


def ended(process) -> int:
    process.stdin.close()
    return process.wait(60)


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_line_for_each_line_before_the_next_is_written(started, workers):
    process = started("-j", workers)
    answers = [asked(process, line) for line in LINES]
    assert [answer.get("outcome", "clean") for answer in answers] == OUTCOMES
    assert answers[0]["authors"][0]["name"] == "Ann Lee"
    assert answers[0]["text"] == "The bridge opened again on Monday."
    assert answers[0]["site"] == 7
    assert answers[3]["reason"] == "stdin:4: is not JSON: Expecting value at column 1."
    assert answers[4]["stage"] == "picky"
    assert ended(process) == 0
    assert process.stdout.read() == b""


def test_it_writes_what_a_run_writes(started, tmp_path):
    process = started()
    answers = [asked(process, line) for line in (LINES[0], LINES[6])]
    (tmp_path / "in.jsonl").write_bytes(b"\n".join((LINES[0], LINES[6])))
    command = [sys.executable, "-m", "copydesk", "run", "-q", "-p", "desk", "in.jsonl"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    assert answers == [json.loads(line) for line in run.stdout.splitlines()]


def test_what_kills_or_hangs_costs_its_own_line(started):
    process = started("--timeout", "1")
    texts = ["dies", "The bridge opened.", "hangs", "The mill closed."]
    answers = [asked(process, json.dumps({"text": text}).encode()) for text in texts]
    assert [answer.get("reason") for answer in answers] == [
        "worker exited with 3 in stage picky",
        None,
        "timeout after 1 s in stage picky",
        None,
    ]
    assert ended(process) == 0


def test_a_line_that_is_too_long_is_answered_too(started):
    process = started("--max-chars", "20")
    assert asked(process, b'{"text": "The bridge opened again on Monday."}')["outcome"] == "rejected"
    assert asked(process, b'{"text": "' + b"x" * 1_100_000 + b'"}')["outcome"] == "rejected"
    assert asked(process, b'{"text": "It opened."}')["text"] == "It opened."


def test_other_names_of_the_fields(started):
    process = started("--text-field", "body", "--id-field", "url")
    answer = asked(process, b'{"url": "a", "body": "It opened."}')
    assert (answer["id"], answer["text"]) == ("a", "It opened.")


def test_an_interrupt_ends_it(started):
    process = started()
    asked(process, LINES[0])
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130


def test_a_pipeline_that_is_not_there(started):
    process = started("-p", "wires")
    assert process.wait(60) == 2
    assert b"there is no pipeline `wires`" in process.stderr.read()
