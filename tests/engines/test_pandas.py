"""pandas: the accessor, the index, and the types of the columns."""

from __future__ import annotations

import pytest

from copydesk import InputError
from engines.conftest import ROWS, same

pd = pytest.importorskip("pandas")
import copydesk.adapters.pandas  # noqa: E402, F401 (an extra; it registers the accessor)


def test_a_frame(desk, expected):
    frame = pd.DataFrame(ROWS, index=[n // 2 for n in range(len(ROWS))])
    before = frame.copy()
    out = frame.copydesk.clean(desk)
    same(out.to_dict("records"), expected)
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_index_equal(out.index, frame.index)
    pd.testing.assert_frame_equal(out[["n", "site"]], frame[["n", "site"]])


@pytest.mark.parametrize("missing", [None, float("nan"), "NA"])
def test_a_missing_text_is_a_row_that_failed(desk, missing):
    frame = pd.DataFrame({"text": ["The bridge opened again.", pd.NA if missing == "NA" else missing]})
    first, second = frame.copydesk.clean(desk)["error"]
    assert first is None
    assert second["reason"] == "a document needs a field `text` with text in it; it is null."


def test_columns_have_the_same_types_in_every_frame(desk):
    frame = pd.DataFrame(ROWS)
    out = frame.copydesk.clean(desk)
    assert frame.iloc[:0].copydesk.clean(desk).dtypes.equals(out.dtypes)
    assert frame.iloc[:1].copydesk.clean(desk).dtypes.equals(out.dtypes)


def test_one_column_may_hold_the_record(desk):
    out = pd.DataFrame(ROWS).copydesk.clean(desk, into="copydesk")
    assert list(out.columns) == ["copydesk", "id", "text", "n", "site"]
    assert out["copydesk"][1]["error"]["outcome"] == "failed"


def test_any_value_may_stand_beside_the_text(desk):
    frame = pd.DataFrame({"body": ["The bridge opened again."], 7: [object()], "l": [[1, {"a": float("nan")}]]})
    out = frame.copydesk.clean(desk, text="body")
    assert out["error"][0] is None
    assert out[7][0] is frame[7][0]


def test_a_missing_column_is_named(desk):
    with pytest.raises(InputError, match=r"^there is no column `text`; there are body. Name it with `text`.$"):
        pd.DataFrame({"body": []}).copydesk.clean(desk)
