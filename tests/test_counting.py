"""How many documents there are to come."""

from __future__ import annotations

import gzip

import pytest

from copydesk.io.counting import total

LINES = b'{"text": "a"}\n{"text": "b"}\n'


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a.txt": b"One.", "deep/b.html": b"<p>Two.</p>"}, 2),
        ({"a.jsonl": LINES, "b.jsonl": LINES.rstrip(), "c.txt": b"x"}, 5),
        ({"a.jsonl": b""}, 0),
        ({"a.jsonl": gzip.compress(LINES)}, None),
        ({"a.jsonl": LINES, "b.csv": b"text\na\n"}, None),
    ],
    ids=["a document a file", "lines", "nothing", "packed", "another form"],
)
def test_it_is_told_where_that_is_quick(tmp_path, files, expected):
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    assert total([str(tmp_path)]) == expected


def test_of_standard_input_nobody_knows():
    assert total(["-"]) is None
