"""Headlines beyond single cases: what is never taken, and that a clean text stays as it is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.document import Document
from copydesk.ledger import restore, settle
from copydesk_credits.headline.address import is_site, title
from copydesk_credits.headline.score import by_form, never_a_title
from copydesk_credits.headline.stage import find_headline, printed

STORY = "The harbour reopened on Friday after the storm had kept it closed for nine long days."


def cleaned(text, stage=None, **fields):
    doc = Document(text, extra=fields)
    doc.signed_by("remove_chrome")
    for segment in doc.segments:
        if segment.text == "Skip to content":
            segment.mark("nav")
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


@pytest.mark.parametrize(
    ("line", "never"),
    [
        ("Corresponsal del puerto, BBC News Mundo", True),
        ("Harbour correspondent, BBC News", True),
        ("Storm closes harbour, BBC News staff wait outside", False),
        ("Harbour reopens, captains wait", False),
        ("Fuente de la imagen, Harbour Pictures", True),
        ("Image source: the harbour's first photograph", True),
        ("Fuente de la imagen del puerto hallada", False),
    ],
)
def test_a_reporter_s_post_and_a_picture_s_label_are_no_title(line, never):
    assert never_a_title(line) is never


@pytest.mark.parametrize(
    ("quoted", "plain"),
    [
        ("“We waited too long”, says the captain", "We waited too long, says the captain"),
        ("„Wir haben zu lange gewartet“, sagt Ada Quill", "Wir haben zu lange gewartet, sagt Ada Quill"),
    ],
)
def test_a_quotation_that_opens_a_line_speaks_for_it(quoted, plain):
    assert by_form(quoted) > by_form(plain)


@pytest.mark.parametrize("line", ["« In praise of old harbours", '"Top 9" list of old harbour towns'])
def test_an_arrow_or_a_quoted_name_does_not(line):
    assert by_form(line) == by_form(line.translate(str.maketrans("", "", '«"')).strip())


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


NAMED = "https://www.harbour-echo.com/ports/harbour-reopens-after-nine-days-of-storm-4711.html"
SHIPS = "Ships came in all day long, and the fish hall was full before the evening bells had rung."
TEASER = "Read each morning what happened at sea in the night, told by those who keep the lights of our coast."
CROSS_HEAD = "Nine days of storm: how the harbour reopens"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (NAMED, {"harbou", "reopen", "after", "nine", "days", "storm"}),
        (
            "https://echo.example/2026/11/20/muehle-oeffnet-wieder/?from=a/long/way-home-to-us",
            {"muehle", "oeffne", "wieder"},
        ),
        ("https://echo.example/m%C3%BChle_%C3%B6ffnet_wieder", {"muehle", "oeffne", "wieder"}),
        ("https://echo.example/old-bay-news/new-bay-boats", {"new", "bay", "boats"}),
        ("https://echo.example/local-news/4711", set()),
        ("https://echo.example", set()),
        ("harbour reopens after storm", set()),
        ("", set()),
    ],
)
def test_an_address_tells_the_words_of_its_wordiest_part(url, words):
    assert title(url) == words


@pytest.mark.parametrize("name", ["Harbour Echo", "The Harbour Echo", "HarbourEcho.com"])
def test_a_site_is_known_by_its_host(name):
    assert is_site(name, NAMED)


@pytest.mark.parametrize("name", ["ships wait outside", "Harbour", "com", "ports", ""])
def test_what_is_not_the_host_is_no_site(name):
    assert not is_site(name, NAMED)
    assert not is_site(name, "")


def test_a_site_of_any_name_leaves_the_headline_where_the_address_has_it():
    line = "Harbour reopens after storm – Harbour Echo"
    assert printed(line, NAMED) == "Harbour reopens after storm"
    assert printed(line, "https://www.example.org/harbour-reopens-after-storm") == line
    assert printed("Harbour reopens – ships wait at Echo", NAMED) == "Harbour reopens – ships wait at Echo"


MENU = "Ships of the day\n\nHarbour of the year\n\nHarbour reopens after nine days of storm\n\nShips and storm: all about them"


@pytest.mark.parametrize("fields", [{"url": NAMED}, {"page": {"url": NAMED}}])
def test_the_address_tells_the_headline_among_a_page_s_lines(fields):
    doc = cleaned(f"{MENU}\n\n20 Nov 2026, 14:05\n\n{STORY}\n\n{SHIPS}", **fields)
    assert doc.found("headline") == ["Harbour reopens after nine days of storm"]


def test_the_address_tells_a_headline_below_a_teaser():
    page = f"Skip to content\n\n{TEASER}\n\nHarbour reopens after nine days of storm\n\n{STORY}\n\n{SHIPS}"
    assert cleaned(page).found("headline") == []
    doc = cleaned(page, url=NAMED)
    assert doc.found("headline") == ["Harbour reopens after nine days of storm"]
    assert [segment.text for segment in doc.story][-2:] == [STORY, SHIPS]


def test_the_address_tells_a_headline_as_long_as_a_paragraph():
    line = "Who paid for the storm that closed the harbour of Port Quay for nine days in May?"
    page = f"Skip to content\n\n{line}\n\n{STORY}\n\n{SHIPS}"
    assert cleaned(page).found("headline") == []
    url = "https://echo.example/who-paid-for-the-storm-that-closed-the-harbour-of-port-quay"
    assert cleaned(page, url=url).found("headline") == [line]


@pytest.mark.parametrize("url", ["", NAMED, "https://echo.example/the-harbour-reopened-on-friday-after-the-storm"])
def test_no_sentence_of_a_story_and_no_cross_head_deep_in_it_is_the_headline_whatever_the_address_says(url):
    text = f"{STORY}\n\n{SHIPS}\n\n{CROSS_HEAD}\n\n{STORY.replace('Friday', 'Monday')}\n\n{SHIPS}"
    doc = cleaned(text, url=url)
    assert doc.found("headline") == []
    assert all(segment.role == "body" for segment in doc.segments)


def test_cross_heads_that_say_what_the_address_says_stay_below_the_headline():
    text = f"Harbour reopens after nine days of storm\n\n{STORY}\n\n{CROSS_HEAD}\n\n{SHIPS}\n\n{TEASER}"
    doc = cleaned(text, url=NAMED)
    assert doc.found("headline") == ["Harbour reopens after nine days of storm"]
    assert [segment.text for segment in doc.story] == [STORY, CROSS_HEAD, SHIPS, TEASER]


@pytest.mark.parametrize(
    "url", [7, None, ["a"], {"b": 1}, "https://echo.example/" + "a-" * 5_000, "https://[::/%ff%zz"]
)
def test_any_address_is_borne(url):
    assert cleaned(f"Home\n\n{STORY}", url=url, page="none").found("headline") == []
