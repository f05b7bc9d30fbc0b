"""What a run says while it goes: on a real terminal, and through a real pipe. The clock is the test's."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from copydesk.cli.progress import Pace, _span
from copydesk.run.summary import Summary

# A run of batches of a thousand, one each `step` seconds; the last document of each batch is rejected.
SCRIPT = """
import itertools, sys, threading
from copydesk.cli.progress import progress
from copydesk.run.summary import Summary

total, quiet, done, batches, step = eval(sys.argv[1])
summary, clock = Summary(), itertools.count(0, step).__next__
summary.outcomes["clean"] = done
with progress(total, quiet, done=done, clock=clock) as told:
    for _ in range(batches):
        summary.outcomes["clean"] += 999
        summary.outcomes["rejected"] += 1
        told(summary)
    print(threading.active_count(), sys.stdout is sys.__stdout__, sys.stderr is sys.__stderr__)
"""


def said(*, total=None, quiet=False, done=0, batches=5, step=5, **process):
    command = [sys.executable, "-c", SCRIPT, repr((total, quiet, done, batches, step))]
    process = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **process}
    return subprocess.run(command, text=True, check=True, **process)


def on_a_terminal(term="xterm", **options):
    """Everything that a run sends to a terminal as its standard error, and what it prints."""
    ours, theirs = pty.openpty()
    try:
        done = said(stderr=theirs, env={**os.environ, "TERM": term, "COLUMNS": "120"}, **options)
        os.close(theirs)
        return read_all(ours), done.stdout
    finally:
        os.close(ours)


def read_all(descriptor):
    parts = []
    try:
        while part := os.read(descriptor, 4096):
            parts.append(part)
    except OSError:  # how Linux ends a terminal that nobody holds any more
        pass
    return b"".join(parts).decode()


def test_elsewhere_a_plain_line_comes_every_ten_seconds():
    assert said().stderr.splitlines() == [
        "2,000 documents, 200/s, 2 rejected, 0 failed",
        "4,000 documents, 200/s, 4 rejected, 0 failed",
    ]


def test_where_the_total_is_known_the_line_tells_the_share_and_the_time_left():
    assert (
        said(total=200_000, batches=2).stderr
        == "2,000 of 200,000 documents (1 %), 200/s, 2 rejected, 0 failed, 16 min left\n"
    )


def test_what_an_earlier_run_did_is_no_speed_of_this_one():
    assert (
        said(total=100_000, done=96_000, batches=2).stderr
        == "98,000 of 100,000 documents (98 %), 200/s, 2 rejected, 0 failed, 10 s left\n"
    )


def test_quiet_is_quiet():
    assert said(quiet=True).stderr == ""
    assert on_a_terminal(quiet=True)[0] == ""


def test_on_a_terminal_one_line_is_written_over_and_wiped_away():
    screen, printed = on_a_terminal(total=20_000, batches=2)
    assert "\r\x1b[2K1,000 of 20,000 documents (5 %), 200/s, 1 rejected, 0 failed, 2 min left" in screen
    assert "\r\x1b[2K2,000 of 20,000 documents (10 %), 200/s, 2 rejected, 0 failed, 2 min left" in screen
    assert screen.endswith("\x1b[?25h\r\x1b[1A\x1b[2K")  # the cursor is back, the line is gone
    assert printed == "1 True True\n"  # no thread, and the streams are as they were


def test_on_a_terminal_it_is_told_no_oftener_than_an_eye_can_follow():
    screen, _ = on_a_terminal(batches=200, step=0.01)
    assert 20 <= screen.count("documents") <= 22


def test_a_terminal_that_cannot_write_over_a_line_gets_plain_ones():
    screen, _ = on_a_terminal(term="dumb")
    assert screen.replace("\r\n", "\n") == said().stderr


def test_a_run_goes_on_when_nobody_reads_its_log_any_more():
    ours, theirs = os.pipe()
    os.close(ours)
    try:
        assert said(stderr=theirs).stdout == "1 True True\n"
    finally:
        os.close(theirs)


def test_before_anything_is_done_no_time_is_told():
    pace = Pace(100, 0, lambda: 0.0)
    assert pace.line(Summary()) == "0 of 100 documents (0 %), 0.0/s, 0 rejected, 0 failed"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (89, "89 s"),
        (90, "2 min"),
        (3600, "60 min"),
        (5399, "1 h 30 min"),
        (11_100, "3 h 05 min"),
        (360_000, "100 h 00 min"),
    ],
)
def test_a_time_is_told_as_one_says_it(seconds, words):
    assert _span(seconds) == words
