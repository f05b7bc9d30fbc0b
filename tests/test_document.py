"""The document and its ledger: whatever the stages do, the raw text can be had back."""

from __future__ import annotations

import json
import pickle

import pytest
from conftest import house
from hypothesis import example, given, settings
from hypothesis import strategies as st

from copydesk import Document, InputError, StageError
from copydesk.document import Signature, difference
from copydesk.ledger import Entry, restore, settle
from copydesk.testing import TEXTS, check_partition

# Text of every kind: controls, RTL, emoji, combining marks, lone surrogates, blanks that part and blanks that do not.
ALPHABET = "ab .,\n\t\r\v\f\x00\x07\x1b\x85\u00a0\u00ad\u0301\u0316\u200b\u200d\u202e\u2028\u2029\ufeff\ud800é漢ש🙂(—"
TEXT = st.one_of(
    st.text(ALPHABET, max_size=60), st.text(max_size=60), st.sampled_from(sorted(TEXTS.values(), key=len)[:-3])
)
WORD = st.text("xy z\u00a0é", max_size=6)
ACT = st.one_of(
    st.tuples(st.just("mark"), st.integers(0, 9), st.sampled_from(["body", "promo", "byline"])),
    st.tuples(st.just("replace"), st.integers(0, 9), st.tuples(st.integers(0, 40), st.integers(0, 40), WORD)),
    st.tuples(st.just("rewrite"), st.integers(0, 9), WORD),
    st.tuples(st.just("swap"), st.integers(0, 9), st.tuples(st.sampled_from("ab é."), WORD)),
    st.tuples(st.just("split"), st.integers(0, 9), st.integers(0, 40)),
    st.tuples(st.just("cut"), st.integers(0, 9), st.tuples(st.integers(0, 40), st.integers(0, 40))),
    st.tuples(st.just("join"), st.integers(0, 9), st.tuples(st.integers(1, 4), st.sampled_from([" ", "", "-"]))),
)


def act(doc: Document, name: str, which: int, how) -> None:
    """One allowed act on one of the segments."""
    segments = doc.segments
    segment = segments[which % len(segments)]
    length = len(segment.text)
    if name == "mark":
        segment.mark(how, rule=f"r{which}")
    elif name == "replace":
        start, end = sorted((min(how[0], length), min(how[1], length)))
        expected = segment.text[:start] + how[2] + segment.text[end:]
        segment.replace(start, end, how[2], rule="r")
        assert segment.text == expected
    elif name == "rewrite":
        segment.rewrite(how)
        assert segment.text == how
    elif name == "swap":
        segment.rewrite(segment.text.replace(*how))
    elif name == "join":
        at = which % len(segments)
        run = segments[at : at + how[0]]
        assert doc.join(*run, glue=how[1]).text == how[1].join(part.text for part in run)
    else:
        part(doc, segment, how if name == "cut" else (how, how))


def part(doc: Document, segment, places) -> None:
    """A split or a cut; one that would leave an empty half is refused, and changes nothing."""
    start, end = sorted(places)
    before = doc.segments
    try:
        if start == end:
            doc.split(segment, start)
        elif segment.text[start:end].strip():
            doc.cut(segment, start, min(end, len(segment.text)))
    except StageError:
        if start == end:
            assert doc.segments == before


def check(doc: Document) -> None:
    check_partition(doc)
    for segment in doc.segments:
        text, place = "", segment.start
        for edit in segment.edits:
            text, place = text + doc.raw[place : edit.start] + edit.now, edit.end
        assert text + doc.raw[place : segment.end] == segment.text, "text is raw with its edits applied"
    clean, ledger = settle(doc)
    assert restore(clean, ledger) == doc.raw


@given(TEXT, st.lists(ACT, max_size=12))
@settings(max_examples=600, deadline=None)
def test_any_allowed_acts_keep_the_partition_and_the_raw_text(raw, acts):
    doc = Document(raw)
    check(doc)
    for number, (name, which, how) in enumerate(acts):
        if doc.segments:
            doc.signed_by(f"stage{number % 3}")
            act(doc, name, which, how)
            check(doc)


@given(TEXT, st.lists(ACT, max_size=12))
@settings(max_examples=200, deadline=None)
def test_two_runs_give_the_same_bytes(raw, acts):
    def run() -> bytes:
        doc = Document(raw)
        for which_act in acts:
            if doc.segments:
                act(doc, *which_act)
        doc.text, doc.ledger = settle(doc)
        return repr(doc.record(segments=True)).encode("utf-8", "surrogatepass")

    assert run() == run()


@given(TEXT)
@settings(max_examples=300, deadline=None)
def test_cleaning_a_clean_text_changes_nothing(raw):
    once, _ = settle(Document(raw))
    again, ledger = settle(Document(once))
    assert again == once
    assert not ledger


@given(st.text("abc \u00e9", max_size=80), st.text("abc \u00e9", max_size=80))
@example("a" * 30 + "b" * 9, "a" * 29 + "c" + "b" * 9)
@settings(max_examples=500, deadline=None)
def test_a_difference_turns_one_text_into_the_other(was, now):
    text, place = "", 0
    for change in difference(was, now):
        text, place = text + was[place : change.start] + change.now, change.end
    assert text + was[place:] == now


def test_a_difference_names_only_what_changed():
    was = "It’s fine. " * 50
    now = was.replace("’", "'’'", 3)
    assert [(c.start, c.end, c.now) for c in difference(was, now)] == [
        (2 + 11 * n, 3 + 11 * n, "'’'") for n in range(3)
    ]


def test_only_blanks_that_part_lie_between_segments():
    doc = Document(" one\r\n\u00a0two\x85 \v\ftwo\u2028three ")
    assert [segment.text for segment in doc.segments] == ["one", "\u00a0two\x85", "two", "three"]


def test_a_lone_surrogate_becomes_a_replacement_character_and_is_flagged():
    doc = Document("a\ud800b")
    assert (doc.raw, doc.flags) == ("a\ufffdb", ["lost-bytes"])


def test_a_surrogate_pair_becomes_its_character():
    assert Document("\ud83d\ude42").raw == "🙂"


def test_paragraphs_are_parted_by_a_blank_line_and_inline_cuts_by_a_space():
    doc = Document("One.\nTwo (AP) goes on.\n\n\nThree.")
    _, middle, _ = doc.cut(doc.segments[1], 4, 8)
    middle.mark("agency")
    assert settle(doc)[0] == "One.\n\nTwo goes on.\n\nThree."


def test_a_split_that_nobody_needed_changes_nothing():
    doc = Document("天气很好")
    doc.split(doc.segments[0], 2)
    assert settle(doc) == ("天气很好", [])


def test_removals_are_grouped_by_reason_and_own_the_white_space_after_them():
    doc = Document("ad\n\nStory.\n\nad\nad\n")
    doc.signed_by("s")
    for segment in doc.segments:
        if segment.text == "ad":
            segment.mark("advert", rule="r")
    text, ledger = settle(doc)
    assert text == "Story."
    assert ledger == [
        Entry("s", "r", "advert", [0, 12], ["ad\n\n", "ad\nad\n"]),
        Entry("layout", "", None, [10], ["\n\n"], ""),
    ]


def test_edits_that_overlap_fuse_and_carry_both_names():
    doc = Document("abcdef")
    segment = doc.segments[0]
    doc.signed_by("first")
    segment.replace(1, 4, "X", rule="p")
    doc.signed_by("second")
    segment.replace(0, 2, "Y", rule="q")
    assert segment.text == "Yef"
    assert segment.edits[0].by == Signature("first+second", "p+q")


def test_an_edit_that_is_taken_back_leaves_no_trace():
    doc = Document("abc")
    doc.segments[0].replace(1, 2, "X")
    doc.segments[0].replace(1, 2, "b")
    assert doc.segments[0].edits == ()


def test_no_stage_writes_what_no_file_can_hold():
    doc = Document("A line.")
    with pytest.raises(StageError, match="writes a lone surrogate, which no file can hold"):
        doc.segments[0].replace(0, 1, "\ud800")
    assert doc.segments[0].text == "A line."


def test_a_role_that_nobody_signed_for_is_found_out():
    doc = Document("One. Two.")
    doc.segments[0].mark("promo")
    left, right = doc.split(doc.segments[0], 5)
    assert settle(doc)[0] == ""
    doc.join(left, right).role = "body"
    with pytest.raises(ValueError, match=r"set a segment's role to 'body' by itself. Call segment.mark\('body'\)"):
        settle(doc)


@pytest.mark.parametrize("role", ["", None])
def test_nothing_leaves_without_a_role(role):
    with pytest.raises(StageError, match="a role is a name, not"):
        Document("A line.").segments[0].mark(role)


@pytest.mark.parametrize(
    "changes", [[(2, 1, "")], [(0, 2, ""), (1, 3, "")], [(0, 9, "")]], ids=["back", "overlap", "out"]
)
def test_impossible_changes_are_refused(changes):
    with pytest.raises(StageError, match="overlaps another, runs backwards or leaves the text"):
        Document("abc").segments[0].change(changes)


def test_a_spent_segment_cannot_be_marked():
    doc = Document("one two")
    segment = doc.segments[0]
    doc.split(segment, 3)
    with pytest.raises(StageError, match="go on with the segments that came back"):
        segment.mark("promo")


def test_only_neighbours_can_be_joined():
    doc = Document("a\nb\nc")
    a, _, c = doc.segments
    with pytest.raises(StageError, match="only neighbours can be joined"):
        doc.join(a, c)


def test_marks_are_signed_and_the_last_one_counts():
    doc = Document("a")
    doc.signed_by("one")
    doc.segments[0].mark("promo", rule="r1")
    doc.signed_by("two")
    doc.segments[0].mark("body", rule="r2")
    assert doc.segments[0].by == Signature("two", "r2")


def test_a_record_of_facts_has_every_field_and_passes_the_others_through():
    doc = Document("a", id="7", extra={"url": "x", "n": 1})
    doc.fact("headline", "H")
    doc.fact("mood", "glad")
    record = doc.record()
    assert record["url"] == "x"
    assert record["headline"] == "H"
    assert record["authors"] == []
    assert record["dateline"] is None
    assert record["facts"] == {"mood": ["glad"]}


def test_segments_of_a_record_tell_who_decided():
    doc = Document("a\nb")
    doc.signed_by("s")
    doc.segments[1].mark("promo", rule="r")
    assert doc.record(segments=True)["segments"] == [[0, 1, "body", "", ""], [2, 3, "promo", "s", "r"]]


def test_a_document_survives_pickling():
    doc = pickle.loads(pickle.dumps(Document("one\ntwo", id="x")))
    doc.signed_by("s")
    doc.segments[0].mark("promo")
    assert doc.segments[0].by.stage == "s"


@pytest.mark.parametrize("at", [99, -1])
def test_a_ledger_of_another_text_is_refused(at):
    with pytest.raises(InputError, match="does not belong to this text"):
        restore("short", [Entry("s", "", "promo", [at], ["x"])])


@pytest.mark.parametrize(
    "raw", ["x\n" * 200_000, "word " * 200_000, "\n" * 500_000], ids=["lines", "one line", "line ends"]
)
def test_long_texts_are_restored(raw):
    doc = Document(raw)
    for segment in doc.segments[::2]:
        segment.mark("promo")
    assert restore(*settle(doc)) == raw


def test_fifty_thousand_repairs_of_one_line_go_in_at_once():
    doc = Document("the cafe on the corner; " * 50_000)
    doc.segments[0].rewrite(doc.segments[0].text.replace("cafe", "café,"))
    assert len(doc.segments[0].edits) == 50_000
    assert restore(*settle(doc)) == doc.raw


def test_twenty_thousand_lines_join_at_once():
    doc = Document("line\n" * 20_000)
    joined = doc.join(*doc.segments)
    assert len(joined.edits) == 19_999
    assert restore(*settle(doc)) == doc.raw


def test_an_outcome_of_the_input_s_own_does_not_read_as_ours():
    doc = Document("The bridge opened.", extra={"outcome": "rejected", "stage": "proof"})
    doc.text = doc.raw
    for record in (doc.record(), json.loads(doc.json())):
        assert "outcome" not in record
        assert record["stage"] == "proof"
        assert record["given"] == {"outcome": "rejected"}
    doc.fail("reader", "oops")
    assert doc.record()["outcome"] == "failed"
    assert doc.record()["given"] == {"outcome": "rejected", "stage": "proof"}


def test_fields_of_the_input_that_have_a_name_of_the_record_s_are_kept_as_they_came():
    fields = {"headline": "Ours", "flags": ["checked"], "desk": "Coast"}
    doc = Document("The bridge opened.", extra=fields)
    doc.text = doc.raw
    for record in (doc.record(), json.loads(doc.json())):
        assert record["given"] == {"headline": "Ours", "flags": ["checked"]}
        assert (record["headline"], record["flags"], record["desk"]) == (None, [], "Coast")
    again = Document("The bridge opened.", extra=doc.record())
    again.text = again.raw
    assert again.record()["given"]["given"] == {"headline": "Ours", "flags": ["checked"]}
    doc.fail("reader", "oops")
    assert (doc.record()["headline"], doc.record()["given"]) == ("Ours", {"flags": ["checked"]})


@pytest.mark.parametrize(("kind", "value"), [("author", "Ada Quill"), ("headline", 12), ("dateline", "MARLOW")])
def test_a_fact_of_the_wrong_type_is_refused(kind, value):
    """It would be lost in a column of Parquet, and stand in the way of whoever reads the record."""
    with pytest.raises(TypeError, match=f"the fact `{kind}` is .*, and this is {type(value).__name__}: "):
        Document("a").fact(kind, value)


def test_a_record_read_from_json_gives_the_raw_text_back():
    record = json.loads(house()["repair"]("Rain\u00a0fell.\r\n").json())
    assert restore(record["text"], record["ledger"]) == "Rain\u00a0fell.\r\n"
    with pytest.raises(InputError, match=r"an entry of the ledger cannot be read: .*`stage`"):
        restore("Rain fell.", [{"rule": "blank"}])


def test_a_document_shows_what_it_is():
    assert (
        repr(Document("Rain fell.\nSnow too.", id="a")) == "<Document 'a' clean: 2 segments, 'Rain fell.\\nSnow too.'>"
    )
