"""Credits of pictures: what a credit line tells, and what must hold whatever stands in a document."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.document import Document
from copydesk.facts import gather
from copydesk.ledger import restore, settle
from copydesk.rules import house_words
from copydesk.rules.patterns import compiled, translated
from copydesk.testing import check_stage
from copydesk_credits.picture import captions
from copydesk_credits.picture.creditline import CreditLine
from copydesk_credits.picture.stage import extract_credits
from copydesk_credits.picture.vocabulary import picture_words

STAGE = extract_credits()
LINE = CreditLine()


def ran(text: str) -> Document:
    doc = Document(text)
    doc.signed_by("extract_credits")
    STAGE(doc)
    return doc


@pytest.mark.parametrize(
    ("printed", "name", "agency"),
    [
        ("Foto: Ada Quill / EPA / TT", "Ada Quill", "EPA/TT"),
        ("picture alliance/dpa | Ada Quill", "Ada Quill", "picture alliance/dpa"),
        ("(Image: AFP via Getty Images)", None, "AFP via Getty Images"),
        ("© Ada Quill/dpa | Ada Quill", "Ada Quill", "dpa"),
        ("Bild: Keystone/The White House via AP/Ada Quill", "Ada Quill", "Keystone/The White House via AP"),
        ("AP Photo/Ada J. Quill, File", "Ada J. Quill", "AP"),
        ("© Provided by Harbour News Photograph: Ada Quill/AFP/Getty", "Ada Quill", "AFP/Getty"),
        ("Ada Quill for Rest of Quay", "Ada Quill", "Rest of Quay"),
        ("Bildrechte: imago images/quill", "quill", "imago images"),
        ("Foto: Privat", "Privat", None),
        ("Fotó: MTI: Kovács Ada |", "Kovács Ada", "MTI"),
        ("Ảnh: Ada Quill (Nguồn: TTXVN)", "Ada Quill", "TTXVN"),
        ("Photo via Pexels", None, "Pexels"),
        ("Copyright Ada Quill/Copyright 2024 The AP. All rights reserved", "Ada Quill", "The AP"),
        ("Foto: Ada Quill/APVisa mer", "Ada Quill", "AP"),
        ("Credit Ada Quill/AFP", "Ada Quill", "AFP"),
        ("Credit Quill/AFP", "Credit Quill", "AFP"),
        ("Kuva: Ada Quill HS", "Ada Quill", "HS"),
        ("Kuva: Ada Quill HS / Lehtikuva", "Ada Quill", "HS/Lehtikuva"),
        ("Foto: Ada Quill III", "Ada Quill III", None),
        ("Foto: ADA QUILL", "ADA QUILL", None),
        ("Credit…Ada Quill for The Harbour Post", "Ada Quill", "The Harbour Post"),
    ],
)
def test_a_credit_tells_who_and_for_whom(printed, name, agency):
    assert [(credit.name, credit.agency) for credit in LINE.read(printed)] == [(name, agency)]


def test_several_credits_on_a_line_are_several():
    read = LINE.read("Photo credit: ©iStock.com/quill, ©iStock.com/marsh")
    assert [(credit.name, credit.agency) for credit in read] == [("quill", "iStock.com"), ("marsh", "iStock.com")]


@pytest.mark.parametrize(
    "printed",
    [
        "Photos: Storm Tears Through the Old Town",
        "Video: 4K/30p",
        "Image: a mental picture of what was said",
        "© 2024 Harbour Media Ltd",
        "Copyright & Licensing",
        "(Reuters/Ipsos)",
        "Simak Video: Tembok Runtuh",
        "See more photos: Ada Quill",
        "Bild: Porträt von Ada Quill",
        "Photo: " + "Quill " * 100,
        "",
    ],
)
def test_what_is_no_credit_is_not_read_as_one(printed):
    assert LINE.read(printed) == []


def test_a_pictures_agency_is_never_the_texts():
    doc = ran("Gulls over the pier. (Ada Quill/AP)\n\nFOTO: EFE\n\nThe pier reopened.")
    assert len(doc.found("credit")) == 2
    assert gather(doc.facts)["agencies"] == []


def test_the_word_lists_are_sorted_and_have_no_word_twice():
    for name, words in picture_words().items():
        if isinstance(words, list):
            assert words == sorted(set(words), key=lambda word: (word.casefold(), word)), name


def test_the_house_words_are_sorted_and_say_the_same_to_code_and_to_rules():
    source = files("copydesk.rules") / "words.yaml"
    for name, words in yaml.safe_load(source.read_text(encoding="utf-8"))["words"].items():
        if isinstance(words, list):
            assert words == sorted(set(words), key=lambda word: (word.casefold(), word)), name
    for name, words in house_words().items():
        assert re.compile(words), name
        assert compiled(translated(words, {})), name


@pytest.mark.parametrize(
    ("asked", "text", "true"),
    [
        (captions.names_writer, "Text: Ada Quill /", True),
        (captions.names_writer, "Bron: Havenkrant", True),
        (captions.names_writer, "Von Ada Quill |", True),
        (captions.names_writer, "von Ada Quill", False),
        (captions.names_writer, "Da Ada Quill den Hafen verließ, regnete es.", False),
        (captions.wrote_too, "Text und", True),
        (captions.wrote_too, "Words &", True),
        (captions.wrote_too, "The text and the", False),
        (captions.opens_byline, "POSTED BY Ada Quill", True),
        (captions.opens_byline, "Bystanders saw Ada Quill", False),
    ],
)
def test_openers_of_bylines_are_words_of_the_list(asked, text, true):
    assert asked(text) is true


PIECES = st.sampled_from(
    ["(", ")", "Ada Quill", "/", "AFP", "Getty Images", "Photo:", "Foto: ", "© ", " | ", ". ", "\n", "\n\n", "dpa",
     "via ", "2024", "Gulls over the pier", "(left)", "FILE - ", "摄", "Copyright ", " ",
     "The pier reopened on Monday, a week earlier than planned."]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join))
@settings(deadline=None)
def test_nothing_is_lost_and_a_clean_text_stays(text):
    doc = ran(text)
    clean, ledger = settle(doc)
    assert restore(clean, ledger) == text
    assert settle(ran(clean))[0] == clean


def test_one_stage_serves_eight_threads():
    texts = [f"Gulls over pier {number}. (Ada Quill/Flickr)\n\nThe pier reopened." for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda text: ran(text).found("credit"), texts))
    assert [each[0].caption for each in found] == [f"Gulls over pier {number}." for number in range(40)]


def test_a_photographer_alone_is_noted_where_captions_stay():
    doc = Document(
        "Wall falls\n\nThe old pier, seen from the ferry.\n\nBen Marsh\n\nBy Ada Quill\n\nThe pier reopened."
    )
    doc.signed_by("extract_credits")
    extract_credits(captions=False)(doc)
    assert [(credit.name, credit.caption) for credit in doc.found("credit")] == [("Ben Marsh", None)]
    assert [segment.role for segment in doc.segments] == ["body", "body", "credit", "body", "body"]


def test_the_stage_keeps_what_every_stage_must_keep():
    check_stage(STAGE)


def test_own_rules_can_be_added(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("rules:\n- {id: snap, role: credit, pattern: 'Snap (?P<credit>Photo: [^\\n]+)', where: whole}\n")
    assert "own/snap" in [rule.id for rule in extract_credits(rules=(own,)).rules]
