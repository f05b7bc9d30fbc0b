"""Times every stage on a megabyte of the worst: no stage may take two seconds, nor twice the text more than 2.5 times.

    make bench                 # with the others
    python benchmarks/hostile.py

The kinds are those that broke other tools (quadratic repair, backtracking patterns, tables a line), and those that ours
have to work on most: lines that look like facts.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

import ftfy.bad_codecs  # noqa: F401 (the encoding below)

import copydesk
from copydesk.document import Document

ROOT = Path(__file__).parent.parent
MEGABYTE = 1_000_000  # characters
ROUNDS = 3
KINDS = {
    "one word": "harbour ",
    "no blank at all": "a",
    "one-letter lines": "a\n",
    "accented letters, a line each": "é\n",
    "blank lines": "\n",
    "blanks": " ",
    "nested entities": "amp;",
    "entities": "&eacute;&nbsp;",
    "broken letters": "â€œIt isâ€ ",
    "broken letters, a line each": "itâ€™s â€ a\n",
    "lone Ã": "Ã ",
    "lone Ã, a line each": "Ã x\n",
    "letters broken twice": "ÃƒÂ©â‚¬â€ ",
    "control characters": "a\x80\x93 ",
    "accents apart": "e\u0301 o\u0308",
    "byte order marks": "\ufeffa",
    "combining marks": "\u0300\u0316",
    "no-break and zero-width blanks": "\u00a0\u200b\u00ad",
    "bidi marks": "\u202e\u2066",
    "quotes": "“‘\"' ",
    "hyphens at line ends": "har-\nbour ",
    "lines of 70": "The harbour office said on Monday that the bridge would be closed again\n",
    "Chinese": "市议会星期一说这座桥已经重新开放。",
    "Arabic": "قال المجلس يوم الاثنين إن الجسر أعيد فتحه. ",
    "emoji": "👩‍👩‍👧‍👦",
    "bylines": "By Ada Quill and Tom Reed\n",
    "lists of names": "Ada Quill, Tom Reed, Zoë Marsh and ",
    "times": "Published: 9 May 2019 at 10:15 | Updated: 5 minutes ago\n",
    "datelines": "MARLOW, Ohio (AP) — ",
    "credits": "Photo: Ada Quill/Reuters\n",
    "menus": "Home | News | Sport | Weather\n",
    "newsletters": "Sign up for our newsletter and never miss a story\n",
    "related": "READ MORE: Bridge reopens after nine months\n",
    "notices": "This article was first published by the Marlow Courier. ",
    "rights": "© 2019 Marlow Courier. All rights reserved. ",
    "paragraphs": "The harbour office said on Monday that the bridge would be closed for months, and reopened it.\n\n",
    "addresses": "https://example.org/a?b=c&d=e ",
    "brackets": "(([[{{",
    "signed by an agency": "- Reuters\n",
    "signed by writer and editor": "(Reporting by Ada Quill; Editing by Tom Reed)\n",
    "dates": "May 9, 2019\n",
    "shares": "Share\nTweet\nFacebook\nEmail\n",
    "tabs": "a\tb\t",
    "table": "Marlow      12   3.5    44\n",
    "digits": "12:30 14.05.2019 ",
}


DIFFERENT = {
    "broken lines, no two alike": "Ã x{}\n",
    "broken pieces, no two alike": "{:c}â€ ",
    "entities, no two lines alike": "&lt;{}\n",
    "controls, no two lines alike": "{}\x01\n",
}
"""What an answer that was kept for the next time is of no use to."""

READ_AS = "sloppy-windows-1252"


def text(kind: str, size: int) -> str:
    if kind in DIFFERENT:
        unit = DIFFERENT[kind]
        return _mojibake("".join(unit.format(number) for number in range(0x4E00, 0x4E00 + size // len(unit))))[:size]
    start = "&" if kind == "nested entities" else ""
    unit = KINDS[kind]
    return start + unit * (size // len(unit))


def _mojibake(raw: str) -> str:
    """Chinese characters as Windows-1252 reads their bytes."""
    return re.sub(
        "[\u4e00-\U000fffff]", lambda found: found.group().encode("utf-8", "surrogatepass").decode(READ_AS), raw
    )


def least(pipeline, raw: str) -> dict[str, float]:
    """Seconds of the processor by stage, of the quickest of some runs: the first also makes room."""
    return min((spent(pipeline, raw) for _ in range(ROUNDS)), key=lambda seconds: sum(seconds.values()))


def spent(pipeline, raw: str) -> dict[str, float]:
    """Seconds of the processor by stage."""
    seconds: dict[str, float] = {}
    last = ["document", time.thread_time()]

    def watch(_: int, stage: str) -> None:
        now = time.thread_time()
        seconds[last[0]] = now - last[1]
        last[:] = stage, now

    doc = Document(raw)
    pipeline.batch([doc], watch)
    watch(0, "")
    return seconds


def hostile() -> list[str]:
    pipeline = copydesk.load(ROOT / "pipelines.yaml")["reprints"]
    pipeline("One line, so that what is built once is built.")
    lines = ["| 1 MB of | all, s | slowest stage | s | twice the text takes |", "|---|---|---|---|---|"]
    for kind in [*KINDS, *DIFFERENT]:
        half, whole = (least(pipeline, text(kind, size)) for size in (MEGABYTE // 2, MEGABYTE))
        stage = max(whole, key=lambda name: whole[name])
        times = sum(whole.values()) / sum(half.values())
        lines.append(f"| {kind} | {sum(whole.values()):.2f} | {stage} | {whole[stage]:.2f} | {times:.1f} times |")
    return lines


if __name__ == "__main__":
    print("\n".join(hostile()))
