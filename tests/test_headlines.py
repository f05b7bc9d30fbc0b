"""Headlines beyond single cases: what is never taken, and that a clean text stays as it is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.document import Document
from copydesk.ledger import restore, settle
from copydesk_credits.headlines import find_headline, printed

STORY = "The harbour reopened on Friday after the storm had kept it closed for nine long days."


def cleaned(text, stage=None):
    doc = Document(text)
    doc.signed_by("find_headline")
    (stage or find_headline())(doc)
    return doc


@pytest.mark.parametrize(
    ("line", "headline"),
    [
        ("Harbour reopens after storm | Harbour Echo", "Harbour reopens after storm"),
        ("Harbour reopens after storm - The Harbour Times", "Harbour reopens after storm"),
        ("Harbour reopens after storm - ships wait", "Harbour reopens after storm - ships wait"),
        ("Storms | Ships", "Storms | Ships"),
    ],
)
def test_only_a_site_s_name_leaves_the_headline(line, headline):
    assert printed(line) == headline


def test_prose_alone_has_no_headline(shared):
    lines = (shared / "data" / "stories_abc.jsonl").read_text("utf-8").splitlines()
    for line in lines[:100]:
        doc = cleaned(json.loads(line)["text"])
        assert doc.found("headline") == []
        assert all(segment.role == "body" for segment in doc.segments)


LINES = st.sampled_from(
    [
        "Harbour reopens after nine days of storm",
        "Ships wait outside the closed harbour",
        "Shipping",
        "Home",
        "20 Nov 2026, 14:05",
        "OSLO, Nov 20 - " + STORY,
        "Will the storm close the harbour again?",
        "He smiled.",
        STORY,
        STORY.replace("Friday", "Monday"),
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(LINES, max_size=12).map("\n\n".join))
def test_a_clean_text_loses_nothing_more(text):
    clean, ledger = settle(cleaned(text))
    assert restore(clean, ledger) == text
    assert settle(cleaned(clean))[0] == clean


@settings(max_examples=200, deadline=None)
@given(st.lists(LINES, max_size=12).map("\n\n".join))
def test_no_paragraph_of_the_story_leaves(text):
    doc = cleaned(text)
    lost = [segment for segment in doc.segments if segment.role != "body" and segment.text == STORY]
    assert all(segment.role in ("dek", "duplicate") for segment in lost)


@pytest.mark.parametrize(
    "line", ["Harbour reopens after storm\n", "x " * 99 + "\n", STORY + "\n", "Home\n" + STORY + "\n"]
)
def test_a_great_input_ends(line):
    text = line * (200_000 // len(line))
    assert settle(cleaned(text)) is not None
