"""Arrow itself: a table, a stream, and a transform that travelled."""

from __future__ import annotations

import pickle

import pytest

from copydesk.adapters import Transform
from engines.conftest import ROWS, same

pa = pytest.importorskip("pyarrow")


def test_arrow(desk, expected):
    table = pa.Table.from_pylist(ROWS)
    same(Transform(desk)(table).to_pylist(), expected)
    same(Transform(desk).stream(table).read_all().to_pylist(), expected)
    same(pickle.loads(pickle.dumps(Transform(desk)))(table).to_pylist(), expected)
