"""Bad input, case by case: what is made, and what must come out. One bad record costs one record, told with its place.

The numbers are those of the list of faults that the readers are built against: 1-24 texts, 25-40 JSONL, 41-50 CSV,
51-62 packed files, 65-72 names and paths. Tables, pages and web archives have tests of their own.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import json
import lzma
import os
import re
import socket
import subprocess
import sys
from hashlib import sha512
from pathlib import Path
from typing import NamedTuple

import pytest

from copydesk.io import readers, sources
from copydesk.io.compression import zstd
from copydesk.io.items import Reading


class Case(NamedTuple):
    """A file's name and bytes, and what comes out: texts (with their flags behind a `|`), or outcome and reason."""

    label: str
    name: str
    data: bytes
    out: list[str]
    reading: Reading = Reading()
    known: str = ""  # why it does not come out so yet


def out_of(inputs: list[str], reading: Reading, folder: Path) -> list[str]:
    """What documents came to, a line each. `<>` stands for the folder, `<n>` for a place that depends on the zlib."""
    lines = []
    for doc in readers.documents(inputs, reading):
        told = f"{doc.outcome}: {doc.reason}" if doc.outcome != "clean" else "|".join([doc.raw, *doc.flags])
        lines.append(re.sub("near byte [0-9,]+", "near byte <n>", told.replace(f"{folder}/", "<>")))
    return lines


def record(text: str, **more: object) -> bytes:
    return json.dumps({"text": text, **more}, ensure_ascii=False).encode() + b"\n"


TINY = Reading(max_chars=10)
NEST = b"[" * 100_000
ARTICLE = "The bridge opened on Monday.\n\nNobody came, said the mayor.\n"
EMOJI = "\U0001f469\u200d\U0001f692 \U0001f1eb\U0001f1f7 \ud55c\uae00 \u05e9\u05dc\u05d5\u05dd"

TEXTS = [
    Case("1 nothing", "a.txt", b"", [""]),
    Case("2 only blanks", "a.txt", b" \n\t\r\n", [" \n\t\r\n"]),
    Case("3 only a mark", "a.txt", b"\xef\xbb\xbf", [""]),
    Case("4 a mark and text", "a.txt", b"\xef\xbb\xbfZo\xc3\xab", ["Zoë"]),
    Case("5 UTF-16 little end first", "a.txt", "\ufeffZoë came.".encode("utf-16-le"), ["Zoë came."]),
    Case("5 UTF-16 big end first", "a.txt", "\ufeffZoë came.".encode("utf-16-be"), ["Zoë came."]),
    Case("6 UTF-16 without a mark", "a.txt", "Zoë came home.".encode("utf-16-le"), ["Zoë came home."]),
    Case(
        "7 a bad byte amid UTF-8",
        "a.txt",
        "Zoë ĉ ".encode() + b"\xff" + " ŝi venis".encode(),
        ["Zoë ĉ \ufffd ŝi venis|lost-bytes"],
    ),
    Case("8 a code page", "a.txt", "“Zoë” came to Orléans.".encode("cp1252"), ["“Zoë” came to Orléans."]),
    Case("9 the last character cut in two", "a.txt", "Zoë and “Ann”".encode()[:-1], ["Zoë and “Ann\ufffd|lost-bytes"]),
    Case("11 an emoji in two halves", "a.txt", b"Zo\xc3\xab \xed\xa0\xbd\xed\xb8\x80", ["Zoë \U0001f600"]),
    Case("12 a NUL", "a.txt", b"One\0two three four", ["One\0two three four"]),
    Case("13 C1 controls", "a.txt", "One\x85two\x9bthree".encode(), ["One\x85two\x9bthree"]),
    Case("14 a terminal's colours", "a.txt", b"\x1b[31mred\x1b[0m", ["\x1b[31mred\x1b[0m"]),
    Case("15 the line turned around", "a.txt", "a\u202eb".encode(), ["a\u202eb"]),
    Case("16 a megabyte in one line", "a.txt", b"word " * 200_000, ["word " * 200_000]),
    Case("17 half a million lines", "a.txt", b"a\n" * 500_000, ["a\n" * 500_000]),
    Case("18 ampersands in ampersands", "a.txt", b"&amp;" * 16_000, ["&amp;" * 16_000]),
    Case("19 marks upon marks", "a.txt", "e\u0301\u0327".encode() * 60_000, ["e\u0301\u0327" * 60_000]),
    Case("22 ten million characters", "a.txt", b"x" * 10_000_000, ["x" * 10_000_000]),
    Case(
        "22 and one more",
        "a.txt",
        b"x" * 10_000_001,
        ["rejected: <>a.txt: 10,000,001 characters are more than 10,000,000; see --max-chars."],
    ),
    Case(
        "23 too many characters",
        "a.txt",
        b"eleven char",
        ["rejected: <>a.txt: 11 characters are more than 10; see --max-chars."],
        TINY,
    ),
    Case(
        "23 too many bytes",
        "a.txt",
        b"x" * 45,
        ["rejected: <>a.txt: the file has more than 44 bytes; see --max-chars."],
        TINY,
    ),
    Case("24 emoji, flags, jamo, right to left", "a.txt", EMOJI.encode(), [EMOJI]),
]

LINES = [
    Case("10 a lone surrogate", "a.jsonl", b'{"text": "a\\ud800b"}\n', ["a\ufffdb|lost-bytes"]),
    Case("25 blank lines", "a.jsonl", b"\n" + record("a") + b"  \n\r\n" + record("b"), ["a", "b"]),
    Case(
        "26 the last line is cut",
        "a.jsonl",
        record("a") + record("b")[:-4],
        ["a", "failed: <>a.jsonl:2: is not JSON: Unterminated string starting at column 10."],
    ),
    Case(
        "27 two objects on a line",
        "a.jsonl",
        record("a")[:-1] + record("b") + record("c"),
        ["failed: <>a.jsonl:1: is not JSON: Extra data at column 14.", "c"],
    ),
    Case(
        "28 an array, a string, a number",
        "a.jsonl",
        b'[{"text": "a"}]\n"text"\n7\nnull\n' + record("b"),
        [
            "failed: <>a.jsonl:1: is not a JSON object. Each line holds one, with a `text`.",
            "failed: <>a.jsonl:2: is not a JSON object. Each line holds one, with a `text`.",
            "failed: <>a.jsonl:3: is not a JSON object. Each line holds one, with a `text`.",
            "failed: <>a.jsonl:4: is not a JSON object. Each line holds one, with a `text`.",
            "b",
        ],
    ),
    Case(
        "29 a key twice",
        "a.jsonl",
        b'{"text": "a", "text": "b"}\n',
        ["failed: <>a.jsonl:1: is not JSON that can be read: the key `text` stands twice."],
    ),
    Case(
        "30 what is no number",
        "a.jsonl",
        b'{"text": "a", "n": NaN}\n{"text": "a", "n": -Infinity}\n',
        [
            "failed: <>a.jsonl:1: is not JSON: NaN is no JSON number.",
            "failed: <>a.jsonl:2: is not JSON: -Infinity is no JSON number.",
        ],
    ),
    Case(
        "30 a number past all bounds",
        "a.jsonl",
        b'{"text": "a", "n": 1e999}\n',
        ["failed: <>a.jsonl:1: is not JSON: 1e999 is no JSON number."],
    ),
    Case(
        "31 a number of 5,000 digits",
        "a.jsonl",
        b'{"text": "a", "n": ' + b"9" * 5000 + b"}\n" + record("b"),
        [
            "failed: <>a.jsonl:1: is not JSON: Exceeds the limit (4300 digits) for integer string conversion: value has 5000 digits; use sys.set_int_max_str_digits() to increase the limit.",
            "b",
        ],
    ),
    Case(
        "32 nested 100,000 deep",
        "a.jsonl",
        b'{"text": ' + NEST + b"\n" + record("b"),
        ["failed: <>a.jsonl:1: is not JSON that can be read: it is nested too deep.", "b"],
    ),
    Case("33 a mark before the first line", "a.jsonl", b"\xef\xbb\xbf" + record("a") + record("b"), ["a", "b"]),
    Case("34 CR LF", "a.jsonl", record("a").replace(b"\n", b"\r\n") * 2, ["a", "a"]),
    Case("35 other line ends within a string", "a.jsonl", record("a\u2028b\x85c\x7fd"), ["a\u2028b\x85c\x7fd"]),
    Case(
        "35 a vertical tab within a string",
        "a.jsonl",
        b'{"text": "a\x0bb"}\n' + record("c"),
        ["failed: <>a.jsonl:1: is not JSON: Invalid control character at column 12.", "c"],
    ),
    Case(
        "36 a tab within a string",
        "a.jsonl",
        b'{"text": "a\tb"}\n' + record("c"),
        ["failed: <>a.jsonl:1: is not JSON: Invalid control character at column 12.", "c"],
    ),
    Case("37 NUL, as JSON writes it", "a.jsonl", b'{"text": "a\\u0000b"}\n', ["a\x00b"]),
    Case(
        "38 no text",
        "a.jsonl",
        b'{"body": "a", "url": "b"}\n{}\n',
        [
            "failed: <>a.jsonl:1: a document needs a field `text` with text in it; its fields are body, url.",
            "failed: <>a.jsonl:2: a document needs a field `text` with text in it; it has no fields.",
        ],
    ),
    Case(
        "39 the text is none",
        "a.jsonl",
        b'{"text": null}\n{"text": ["a"]}\n{"text": 7}\n',
        [
            "failed: <>a.jsonl:1: a document needs a field `text` with text in it; it is null.",
            "failed: <>a.jsonl:2: a document needs a field `text` with text in it; it is a list.",
            "failed: <>a.jsonl:3: a document needs a field `text` with text in it; it is a number.",
        ],
    ),
    Case(
        "40 an id twice, and a number",
        "a.jsonl",
        record("a", id="x") + record("b", id="x") + record("c", id=7),
        ["a", "b", "c"],
    ),
    Case(
        "a line too long",
        "a.jsonl",
        record("a") + record("b" * 2_000_000) + record("c"),
        [
            "a",
            "rejected: <>a.jsonl:2: a line of 2,000,013 bytes from byte 14 is longer than 1,048,636; see --max-chars.",
            "c",
        ],
        TINY,
    ),
    Case(
        "a text too long",
        "a.jsonl",
        record("a") + record("b" * 11) + record("c"),
        ["a", "rejected: <>a.jsonl:2: 11 characters are more than 10; see --max-chars.", "c"],
        TINY,
    ),
    Case(
        "bytes that are not UTF-8",
        "a.jsonl",
        b'{"text": "Zo\xeb"}\n' + record("b"),
        ["failed: <>a.jsonl:1: is not UTF-8 at byte 12 of the line.", "b"],
    ),
    Case(
        "UTF-16",
        "a.jsonl",
        record("a").decode().encode("utf-16"),
        ["failed: <>a.jsonl: is UTF-16. JSON is UTF-8: `iconv -f UTF-16 -t UTF-8` makes it so."],
    ),
    Case(
        "another name for the text",
        "a.jsonl",
        b'{"body": "a", "key": "k"}\n',
        ["a"],
        Reading(text_field="body", id_field="key"),
    ),
]

HEAD = b"id,text\n"
LONG = b"b" * 100_000 + b"\n"
TABLES = [
    Case("41 a long field", "a.csv", HEAD + b'1,"' + b"word " * 40_000 + b'"\n', ["word " * 40_000]),
    Case(
        "42 a quote that is not closed",
        "a.csv",
        HEAD + b'1,a\n2,"b\n3,c\n',
        ["a", "failed: <>a.csv:3: opens a quote that is not closed in the 2 lines from here."],
    ),
    Case(
        "42 a stray quote before good rows",
        "a.csv",
        HEAD + b'1,a\n2,"b\n' + b"3,c\n" * 6,
        [
            "a",
            "failed: <>a.csv:3: opens a quote that is not closed in the 7 lines from here.",
            "c",
            "c",
            "c",
            "c",
            "c",
            "c",
        ],
    ),
    Case(
        "42 a stray quote, closed by the next",
        "a.csv",
        HEAD + b'1,"a\n2,b\n3,"c"\n4,d\n',
        [
            "failed: <>a.csv:2: is no row in the 3 lines from here: ',' expected after '\"'. A quote within quotes is written twice.",
            "d",
        ],
    ),
    Case(
        "42 a quote open for longer than any text",
        "a.csv",
        HEAD + b'1,"a\n' + LONG * 11 + b'2,c"\n3,d\n',
        ["failed: <>a.csv:2: opens a quote that is not closed in the 12 lines from here.", 'c"', "d"],
        TINY,
    ),
    Case(
        "43 a short row",
        "a.csv",
        HEAD + b"1\n2,b\n",
        ["failed: <>a.csv:2: fields: 1, where the first row names 2.", "b"],
    ),
    Case(
        "44 a long row",
        "a.csv",
        HEAD + b"1,a,b\n2,b\n",
        ["failed: <>a.csv:2: fields: 3, where the first row names 2.", "b"],
    ),
    Case("45 NUL", "a.csv", HEAD + b"1,a\0b\n", ["a\x00b"]),
    Case(
        "46 a name twice",
        "a.csv",
        b"id,text,text\n1,a,b\n",
        [
            "failed: <>a.csv:1: two fields are named `text`. The first row names the fields: each must have its own name."
        ],
    ),
    Case(
        "46 no name for the text",
        "a.csv",
        b"id,body\n1,a\n",
        ["failed: <>a.csv:1: no field is named `text`. There are: id, body. Name the text's with --text-field."],
    ),
    Case("47 a mark before the names", "a.csv", b"\xef\xbb\xbftext,id\nZo\xc3\xab,1\n", ["Zoë"]),
    Case("48 CR alone", "a.csv", b"id,text\r1,a\r2,b\r", ["a", "b"]),
    Case("49 a quote amid a field", "a.csv", HEAD + b'1,a "b" c\n2,"d ""e"" f"\n', ['a "b" c', 'd "e" f']),
    Case(
        "49 words behind a quote",
        "a.csv",
        HEAD + b'1,"No" said she\n2,b\n',
        ["failed: <>a.csv:2: is no row: ',' expected after '\"'. A quote within quotes is written twice.", "b"],
    ),
    Case("50 a formula", "a.csv", HEAD + b"1,=cmd()\n", ["=cmd()"]),
    Case("lines within quotes", "a.csv", HEAD + b'1,"a\r\nb\n\nc\rd"\n\n2,e\n', ["a\r\nb\n\nc\rd", "e"]),
    Case(
        "a row too long",
        "a.csv",
        HEAD + b"1," + b"x" * 2_500_000 + b"\n2,b\n",
        ["rejected: <>a.csv:2: a row of more than 1,048,586 characters; see --max-chars.", "b"],
        TINY,
    ),
    Case("semicolons", "a.csv", b"id;text\n1;a, b\n", ["a, b"]),
    Case("a code page", "a.csv", HEAD + "1,“Zoë” came to Orléans\n".encode("cp1252"), ["“Zoë” came to Orléans"]),
    Case("UTF-16, as Excel writes it", "a.csv", "id\ttext\r\n1\tZoë\r\n".encode("utf-16"), ["Zoë"]),
    Case(
        "bytes that are not UTF-8",
        "a.csv",
        HEAD + "1,Zoë Zoë Zoë\n2,".encode() + b"\xff\n3,b\n",
        ["Zoë Zoë Zoë", "failed: <>a.csv:3: holds bytes that are not utf-8.", "b"],
    ),
    Case(
        "UTF-16 that breaks off",
        "a.csv",
        "text,id\nZoë,1\nAnn,2\n".encode("utf-16")[:-3],
        ["Zoë", "failed: <>a.csv: cannot be read from line 3 on: it is not utf-16, truncated data."],
    ),
    Case(
        "a letter on the edge of what is looked at",
        "a.csv",
        b"text,id\n" + b"0" * 65_527 + "é,\nZoë,\n".encode(),
        ["0" * 65_527 + "é", "Zoë"],
    ),
    Case("tabs", "a.tsv", b'id\ttext\n1\ta, b\n2\t"c\td"\n', ["a, b", "c\td"]),
    Case("nothing", "a.csv", b"", []),
    Case("names alone", "a.csv", b"id,text\n", []),
]

THREE = [sha512(bytes([n])).hexdigest() for n in range(3)]  # texts that do not pack well: a cut falls amid them
GOOD = b"".join(map(record, THREE))
BOMB = b" " * 300_000_000


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


PACKED = [
    Case(
        "51 cut gzip",
        "a.jsonl.gz",
        gzip.compress(GOOD)[:-90],
        [
            THREE[0],
            "failed: <>a.jsonl.gz:2: is not JSON: Unterminated string starting at column 10.",
            "failed: <>a.jsonl.gz: is cut off near byte <n>: the gzip data does not end. Whole records are kept.",
        ],
    ),
    Case(
        "51 gzip without its last bytes",
        "a.jsonl.gz",
        gzip.compress(GOOD)[:-4],
        [*THREE, "failed: <>a.jsonl.gz: is cut off near byte <n>: the gzip data does not end. Whole records are kept."],
    ),
    Case(
        "51 a text in cut gzip",
        "a.txt.gz",
        gzip.compress(ARTICLE.encode())[:-4],
        ["failed: <>a.txt.gz: is cut off near byte <n>: the gzip data does not end. Whole records are kept."],
    ),
    Case(
        "51 a row in cut gzip",
        "a.csv.gz",
        gzip.compress(HEAD + b"1,a\n2,half of it", 0)[:-8],
        [
            "a",
            "failed: <>a.csv.gz:3: is cut off.",
            "failed: <>a.csv.gz: is cut off near byte <n>: the gzip data does not end. Whole records are kept.",
        ],
    ),
    Case(
        "52 a wrong check sum",
        "a.jsonl.gz",
        flipped(gzip.compress(GOOD), -6),
        [
            *THREE,
            "failed: <>a.jsonl.gz: is damaged near byte <n>: gzip says “Error -3 while decompressing data: incorrect data check”. What was unpacked before is kept.",
        ],
    ),
    Case(
        "52 damage in the middle",
        "a.jsonl.gz",
        flipped(gzip.compress(GOOD, 0), 30),
        [
            "failed: <>a.jsonl.gz:1: is not UTF-8 at byte 15 of the line.",
            THREE[1],
            THREE[2],
            "failed: <>a.jsonl.gz: is damaged near byte <n>: gzip says “Error -3 while decompressing data: incorrect data check”. What was unpacked before is kept.",
        ],
    ),
    Case(
        "53 something behind gzip",
        "a.jsonl.gz",
        gzip.compress(GOOD) + b"what is this doing here",
        [*THREE, "failed: <>a.jsonl.gz: has something behind its gzip data near byte <n> which is not read."],
    ),
    Case("54 several members", "a.jsonl.gz", gzip.compress(GOOD) + gzip.compress(GOOD), THREE * 2),
    Case("54 a line in two members", "a.jsonl.gz", gzip.compress(GOOD[:30]) + gzip.compress(GOOD[30:]), THREE),
    Case("55 zeros behind it", "a.jsonl.gz", gzip.compress(GOOD) + bytes(300_000), THREE),
    Case("56 gzip in name alone", "a.jsonl.gz", GOOD, THREE),
    Case("56 gzip, not in name", "a.jsonl", gzip.compress(GOOD), THREE),
    Case(
        "56 packed by name, and empty",
        "a.jsonl.gz",
        b"",
        ["failed: <>a.jsonl.gz: is empty, and a packed file never is: it did not arrive."],
    ),
    Case(
        "57 a gzip bomb",
        "a.jsonl.gz",
        gzip.compress(GOOD + BOMB),
        [
            *THREE,
            "rejected: <>a.jsonl.gz:4: a line of 67,239,513 bytes from byte 423 is longer than 61,048,576; see --max-chars.",
            "failed: <>a.jsonl.gz: is a bomb near byte <n>: 131,072 bytes unpack to more than 67,108,864. It is not read on.",
        ],
    ),
    Case(
        "58 a zstd bomb",
        "a.jsonl.zst",
        zstd().compress(GOOD + BOMB),
        [
            *THREE,
            "rejected: <>a.jsonl.zst:4: a line of 268,566,105 bytes from byte 423 is longer than 61,048,576; see --max-chars.",
            "failed: <>a.jsonl.zst: is a bomb near byte <n>: 131,072 bytes unpack to more than 268,435,456. It is not read on.",
        ],
    ),
    Case(
        "60 cut zstd",
        "a.jsonl.zst",
        zstd().compress(GOOD)[:-90],
        ["failed: <>a.jsonl.zst: is cut off near byte <n>: the zstd data does not end. Whole records are kept."],
    ),
    Case(
        "60 zstd cut between frames' lines",
        "a.jsonl.zst",
        zstd().compress(GOOD) + zstd().compress(GOOD)[:-20],
        [
            *THREE,
            "failed: <>a.jsonl.zst: is cut off near byte <n>: the zstd data does not end. Whole records are kept.",
        ],
    ),
    Case("61 two frames", "a.jsonl.zst", zstd().compress(GOOD) * 2, THREE * 2),
    Case("61 a frame to skip", "a.jsonl.zst", b"\x50\x2a\x4d\x18\x05\0\0\0hello" + zstd().compress(GOOD), THREE),
    Case(
        "62 something behind zstd",
        "a.jsonl.zst",
        zstd().compress(GOOD) + b"garbage",
        [*THREE, "failed: <>a.jsonl.zst: has something behind its zstd data near byte <n> which is not read."],
    ),
    Case(
        "damaged zstd",
        "a.jsonl.zst",
        flipped(zstd().compress(GOOD), 8),
        [
            "failed: <>a.jsonl.zst: is damaged near byte <n>: zstd says “Unable to decompress Zstandard data: Data corruption detected”. What was unpacked before is kept."
        ],
    ),
    Case("bzip2", "a.jsonl.bz2", bz2.compress(GOOD) * 2, THREE * 2),
    Case(
        "cut bzip2",
        "a.jsonl.bz2",
        bz2.compress(GOOD)[:-5],
        [
            *THREE,
            "failed: <>a.jsonl.bz2: is cut off near byte <n>: the bzip2 data does not end. Whole records are kept.",
        ],
    ),
    Case("xz", "a.jsonl.xz", lzma.compress(GOOD) * 2, THREE * 2),
    Case(
        "damaged xz",
        "a.jsonl.xz",
        flipped(lzma.compress(GOOD), -20),
        [
            "failed: <>a.jsonl.xz: is damaged near byte <n>: xz says “Corrupt input data”. What was unpacked before is kept."
        ],
    ),
]

CASES = TEXTS + LINES + TABLES + PACKED


def marked(case: Case):
    known = [pytest.mark.xfail(reason=case.known)] if case.known else []
    return pytest.param(case, id=f"{case.name}: {case.label}", marks=known)


@pytest.mark.parametrize("case", [marked(case) for case in CASES])
def test_bad_input_costs_what_is_bad_and_no_more(case, tmp_path):
    path = tmp_path / case.name
    path.write_bytes(case.data)
    assert out_of([str(path)], case.reading, tmp_path) == case.out


@pytest.mark.parametrize(
    "case", [marked(case) for case in CASES if case.reading.text_field == "text" and not case.known]
)
def test_a_fault_costs_no_other_file(case, tmp_path):
    (tmp_path / case.name).write_bytes(case.data)
    (tmp_path / "z.jsonl").write_bytes(record("z"))
    assert out_of([str(tmp_path)], case.reading, tmp_path) == [*case.out, "z"]


# Names and paths.


def outcomes(*inputs: Path, form: str | None = None) -> list[tuple[str, str]]:
    return [(doc.id, doc.reason or doc.raw) for doc in readers.documents(map(str, inputs), form=form)]


def test_65_a_link_to_a_folder_above_is_not_followed_but_told(tmp_path):
    (tmp_path / "in/deep").mkdir(parents=True)
    (tmp_path / "in/a.txt").write_text("a")
    (tmp_path / "in/deep/up").symlink_to(tmp_path)
    told = f"{tmp_path}/in/deep/up: is a link to the folder {tmp_path}: not followed. Name that folder to have it read."
    assert outcomes(tmp_path / "in") == [("a", "a"), ("deep/up", told)]


def test_a_link_to_a_folder_that_is_read_anyway_is_passed_over(tmp_path):
    (tmp_path / "2026").mkdir()
    (tmp_path / "2026/a.txt").write_text("a")
    (tmp_path / "latest").symlink_to(tmp_path / "2026")
    assert outcomes(tmp_path) == [("2026/a", "a")]


def test_a_link_to_a_file_is_read_wherever_the_file_is(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "blob").write_text("a")
    (tmp_path / "in/a.txt").symlink_to(tmp_path / "blob")
    assert outcomes(tmp_path / "in") == [("a", "a")]


def test_66_links_in_a_circle_and_to_nothing_are_told(tmp_path):
    (tmp_path / "circle").symlink_to(tmp_path / "round")
    (tmp_path / "round").symlink_to(tmp_path / "circle")
    (tmp_path / "self.txt").symlink_to(tmp_path / "self.txt")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    circle = "cannot be read: it leads in a circle."
    assert outcomes(tmp_path) == [
        ("circle", f"{tmp_path}/circle: {circle}"),
        ("nowhere", f"{tmp_path}/nowhere: cannot be read: No such file or directory."),
        ("round", f"{tmp_path}/round: {circle}"),
        ("self", f"{tmp_path}/self.txt: {circle}"),
    ]


def test_67_pipes_sockets_and_devices_are_told_and_never_waited_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.txt")
    (tmp_path / "null.txt").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.txt")
        (tmp_path / "z.txt").write_text("z")
        assert outcomes(tmp_path) == [
            ("null", f"{tmp_path}/null.txt: is a device, not a file."),
            ("pipe", f"{tmp_path}/pipe.txt: is a named pipe. Hand it in as standard input: `copydesk run - < PIPE`."),
            ("socket", f"{tmp_path}/socket.txt: is a socket, not a file."),
            ("z", "z"),
        ]
    assert outcomes(tmp_path / "pipe.txt")[0][1].startswith(f"{tmp_path}/pipe.txt: is a named pipe.")


def test_68_any_name_is_safe_in_ids_and_messages(tmp_path):
    for name in (b"two\nlines.txt", b"caf\xe9.txt", b"esc\x1b[31m.txt", b"-.txt", "Zoë.txt".encode()):
        (tmp_path / os.fsdecode(name)).write_bytes(b"a")
    found = sorted(doc.id for doc in readers.documents([str(tmp_path)]))
    assert found == ["-", "Zoë", "caf\\xe9", "esc\\x1b[31m", "two\\nlines"]
    assert "".join(found).isprintable()


def test_69_inputs_of_one_name_have_ids_of_their_own(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        for name in ("x.txt", "y.jsonl"):
            (tmp_path / folder / name).write_bytes(record(folder))
    files = [tmp_path / "a/x.txt", tmp_path / "b/x.txt", tmp_path / "a/y.jsonl"]
    assert [id_ for id_, _ in outcomes(*files)] == ["a/x", "b/x", "y:1"]
    folders = outcomes(tmp_path / "a", tmp_path / "b")
    assert [id_ for id_, _ in folders] == ["a/x", "a/y:1", "b/x", "b/y:1"]
    assert outcomes(tmp_path / "a", tmp_path / "a/../a") == outcomes(tmp_path / "a")


def test_70_a_name_of_255_bytes(tmp_path):
    name = "n" * 251
    (tmp_path / f"{name}.txt").write_text("a")
    assert outcomes(tmp_path) == [(name, "a")]


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_71_a_file_that_changes_while_it_is_read_is_told(tmp_path, size):
    path = tmp_path / "a.jsonl"
    path.write_bytes(record("a" * size) * 2)
    found = readers.items([str(path)], Reading())
    assert next(found).kind == "json"
    before = path.stat().st_size
    os.truncate(path, size)
    *_, last = found
    why = f"changed while it was read, from {before:,} bytes to {size:,}. Run it again when it is whole."
    assert (last.kind, last.note) == ("fault", f"{path}: {why}")


def test_71_a_file_that_goes_away_while_it_is_read_is_told(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(record("a") * 2)
    found = readers.items([str(path)], Reading())
    next(found)
    path.unlink()
    why = "went away while it was read (No such file or directory). What came out of it may not be all."
    assert [item.note for item in found] == ["", f"{path}: {why}"]


@contextlib.contextmanager
def nobody():
    """As a user who may not read everything, where we are root."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_72_what_may_not_be_read_is_told(tmp_path, monkeypatch):
    (tmp_path / "in/b").mkdir(parents=True)
    for name in "ac":
        (tmp_path / f"in/{name}.txt").write_text(name)
    (tmp_path / "in/a.txt").chmod(0)
    (tmp_path / "in/b").chmod(0)
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    with nobody():
        found = outcomes(Path("in"))
    (tmp_path / "in/b").chmod(0o700)
    assert found == [
        ("a", "in/a.txt: cannot be read: Permission denied."),
        ("in/b", "in/b: cannot be listed: Permission denied."),
        ("c", "c"),
    ]


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that fails when it is read")
def test_a_disk_that_fails_is_told(tmp_path):
    (tmp_path / "a.txt").symlink_to("/proc/self/mem")
    (tmp_path / "b.txt").write_text("b")
    assert outcomes(tmp_path) == [("a", f"{tmp_path}/a.txt: cannot be read: Input/output error."), ("b", "b")]


def test_folders_deeper_than_python_recurses(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(1100):
        Path("d").mkdir()
        os.chdir("d")
    Path("a.txt").write_text("a")
    monkeypatch.chdir(tmp_path)
    try:
        assert outcomes(Path("d")) == [("d/" * 1099 + "a", "a")]
    finally:  # pytest removes old folders by recursion: it would stumble a few runs later
        subprocess.run(["rm", "-r", "d"], check=True)


def test_a_large_folder_is_listed_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "_AT_ONCE", 3)
    names = [f"{n:02}.txt" for n in range(9)]
    for name in (*names, ".hidden.txt"):
        (tmp_path / name).write_text(name)
    assert [text for _, text in outcomes(tmp_path)] == names


# Memory.

_MEMORY = """
import resource, sys
from copydesk.io.items import Reading
from copydesk.io import readers, compression
compression.zstd()
kinds = {}
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for item in readers.items([sys.argv[1]], Reading()): pass
before = peak()
for item in readers.items([sys.argv[2]], Reading(max_chars=1_000_000)): kinds[item.kind] = kinds.get(item.kind, 0) + 1
print(peak() - before, kinds)
"""

HUGE = {
    "huge.txt": (None, "{'refused': 1}"),
    "huge.jsonl": (None, "{'refused': 1}"),
    "huge.csv": (None, "{'fault': 1}"),
    "bomb.jsonl.gz": (lambda: gzip.compress(GOOD + BOMB), "{'json': 3, 'refused': 1, 'fault': 1}"),
    "bomb.txt.zst": (lambda: zstd().compress(BOMB), "{'refused': 1}"),
    "bomb.csv.zst": (lambda: zstd().compress(HEAD + b'1,"' + BOMB), "{'fault': 2}"),
}


@pytest.mark.parametrize("name", HUGE)
def test_memory_stays_flat_whatever_the_file(name, tmp_path):
    make, kinds = HUGE[name]
    small, path = tmp_path / "small.jsonl", tmp_path / name
    small.write_bytes(GOOD)
    path.write_bytes(make() if make else b"")
    if not make:
        os.truncate(path, 200_000_000)  # a hole: nothing but NUL
    done = subprocess.run([sys.executable, "-c", _MEMORY, small, path], capture_output=True, text=True, check=True)
    grown, _, found = done.stdout.strip().partition(" ")
    assert found == kinds
    assert int(grown) < 64_000  # kB
