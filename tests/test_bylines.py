"""Bylines beyond single cases: the rules' own examples, names by their form, threads, great inputs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import house
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.document import Document
from copydesk.ledger import restore, settle
from copydesk_credits.byline import people
from copydesk_credits.byline.stage import extract_byline
from copydesk_credits.byline.unsigned import is_bio

STAGE = extract_byline()
STORY = "The harbour reopened on Friday after the storm had kept it closed for nine long days."


def cleaned(text, stage=STAGE):
    doc = Document(text)
    doc.signed_by("extract_byline")
    stage(doc)
    return doc


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ana Lindqvist", ["Ana Lindqvist"]),
        ("Ana Lindqvist, Tom Baird and Jo van der Meer", ["Ana Lindqvist", "Tom Baird", "Jo van der Meer"]),
        ("Sean O’Brien und Wernher von Amsel", ["Sean O’Brien", "Wernher von Amsel"]),
        ("A. J. McCarthy-Lee", ["A. J. McCarthy-Lee"]),
        ("Dan Baird", ["Dan Baird"]),
        ("Inés del Valle", ["Inés del Valle"]),
        ("Ruth (Amsel) Okafor, Head of Ports and Community Development", ["Ruth (Amsel) Okafor"]),
        ("TOM BAIRD AND ANA LINDQVIST", ["TOM BAIRD", "ANA LINDQVIST"]),
        ("Ana Lindqvist Senior Oslo Correspondent", ["Ana Lindqvist"]),
        ("林美华、王小明", ["林美华", "王小明"]),
    ],
)
def test_a_name_is_known_by_its_form(text, names):
    read = people.read(text)
    assert read is not None
    assert [person.name for person in read.people] == names


@pytest.mark.parametrize("text", ["the way he sees it", "Thursday", "law", "using our site", "2026", ""])
def test_other_words_are_no_names(text):
    assert people.read(text, lone=True) is None


@pytest.mark.parametrize("text", ["AP", "Associated Press", "Staff", "dpa"])
def test_agencies_and_desks_are_nobody(text):
    read = people.read(text)
    assert read is not None
    assert read.people == ()


def test_a_rule_that_is_off_takes_nothing():
    doc = cleaned(f"By Ana Lindqvist\n\n{STORY}", extract_byline(without=("bylines/by",)))
    assert doc.found("author") == []


def test_a_teaser_s_byline_names_nobody():
    menu = "\n\n".join(f"Menu line {number}" for number in range(60))
    doc = cleaned(f"Home\n\n{menu}\n\nBy Ana Lindqvist\n\n{STORY}\n\n{STORY}\n\n{menu}\n\nBy Tom Baird")
    assert [author.name for author in doc.found("author")] == ["Ana Lindqvist"]


def test_eight_threads_agree():
    text = f"Harbour reopens\n\nBy Ana Lindqvist and Tom Baird, Reuters\n\n{STORY}"
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: cleaned(text).found("author"), range(64)))
    assert all(authors == found[0] for authors in found)


WORDS = st.sampled_from(
    ["By", "by", "Ana", "Lindqvist", "and", ",", "Reuters", "in", "Oslo", "Staff", "2026", "12:30", "\n", "\n\n", STORY]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=30).map(" ".join))
def test_whatever_stands_there_comes_back_and_stays(text):
    doc = cleaned(text)
    clean, ledger = settle(doc)
    assert restore(clean, ledger) == text
    assert settle(cleaned(clean))[0] == clean


@pytest.mark.parametrize(
    "line", ["By Ana Lindqvist\n", "By " + "Ana " * 9, "Ana Lindqvist\n2026-11-20\n", STORY + "\n"]
)
def test_a_great_input_ends(line):
    text = line * (200_000 // len(line))
    assert settle(cleaned(text)) is not None


_OWN = "I moved my notes to a box in the cellar on Monday, and it has hummed there ever since."
_AGAIN = "My first box was louder, so I built a second one of what the neighbours had thrown away."
_QUOTED = "“I moved my notes to a box in the cellar,” said the keeper on Monday, and went down there again."


@pytest.mark.parametrize(
    ("url", "top", "story", "author"),
    [
        ("https://lindqvist.example/notes/box", "Torvi Lindqvist", [_OWN, _AGAIN], "Torvi Lindqvist"),
        ("https://torvil.example/notes/box", "Torvi Lindqvist//", [_OWN, _AGAIN], "Torvi Lindqvist"),
        ("https://www.anna-lindqvist.example/box", "Anna Lindqvist's boxes", [_OWN, _AGAIN], "Anna Lindqvist"),
        ("https://harbourecho.example/box", "Harbour Echo", [_OWN, _AGAIN], None),  # a house
        ("https://lindqvist.example/notes/box", "Torvi Lindqvist", [_OWN, _QUOTED], None),  # somebody else says "I"
        ("https://boxes.example/notes/box", "Torvi Lindqvist", [_OWN, _AGAIN], None),  # no site of hers
        ("", "Torvi Lindqvist", [_OWN, _AGAIN], None),
    ],
)
def test_the_owner_of_a_site_wrote_what_nobody_signs(url, top, story, author):
    text = "\n\n".join([top, "About Notes Talks", "A box in the cellar", *story])
    record = house()["reprints"]({"text": text, "url": url}).record()
    assert [one["name"] for one in record["authors"]] == ([author] if author else [])


def test_the_owner_of_a_site_is_known_by_its_copyright_line_too():
    text = f"Notes Talks\n\nA box in the cellar\n\n{_OWN}\n\n{_AGAIN}\n\n© 2019-2026 Anna Lindqvist"
    record = house()["reprints"]({"text": text, "url": "https://annalindqvist.example/box"}).record()
    assert [one["name"] for one in record["authors"]] == ["Anna Lindqvist"]


@pytest.mark.parametrize("word", people.printed("is_somebody"))
def test_a_bio_goes_on_so_behind_the_name(word):
    assert is_bio(f"Ana Lindqvist {word} nine years", "Ana Lindqvist")
    assert is_bio(f"Ana Lindqvist (43), {word} nine years", "Ana Lindqvist")


@pytest.mark.parametrize("told", ["said that", "istanbul", "isn't a", "a boat that", "hasbeen"])
def test_other_words_behind_a_name_make_no_bio(told):
    assert not is_bio(f"Ana Lindqvist {told} nine years", "Ana Lindqvist")


_PAGE = [
    "Old swing bridge closes for nine months",
    "The council voted on Tuesday evening to close the old swing bridge, after divers found cracks in two of its piers.",
    "The mayor said that the work would take until the summer, and that a ferry would run every hour until then.",
    "The bridge carries nine thousand carts and lorries a day, and most of them will have to drive around the bay.",
    "Shops on the south bank fear for their trade, and have asked the council for help with the rent.",
]
_STAFF = ["Tom Baird", "Ann Cole", "Paul Ross", "Owen Park", "Karin Holt"]


def _signed(*blocks, by=""):
    return cleaned("\n\n".join([_PAGE[0], *filter(None, [by]), *_PAGE[1:], *blocks]))


def _authors(doc):
    return [author.name for author in doc.found("author")]


def _bio(name):
    return [name, f"{name} is a reporter from the coast who writes on ports and ships."]


def _left(doc, opening):
    """Whether the block that opens so is still in the text."""
    return any(segment.role == "body" for segment in doc.segments if segment.text.startswith(opening))


@pytest.mark.parametrize(("count", "named"), [(1, 1), (3, 3), (4, 4), (5, 0)])
def test_more_than_four_below_a_story_are_the_house_s_people(count, named):
    assert _authors(_signed(*[line for name in _STAFF[:count] for line in _bio(name)])) == _STAFF[:named]


@pytest.mark.parametrize(("between", "named"), [(3, 2), (4, 1)])
def test_authors_are_told_about_one_after_another(between, named):
    quays, piers = ([f"{place} {number}" for number in range(between)] for place in ("Quay", "Pier"))
    assert _authors(_signed(*quays, *quays, *_bio("Tom Baird"), *piers, *_bio("Ann Cole"))) == _STAFF[:named]


@pytest.mark.parametrize(("between", "named"), [(12, 1), (13, 0)])
def test_a_name_and_a_role_stand_near_the_story_s_end(between, named):
    piers = [f"Pier {number}" for number in range(between)]
    assert _authors(_signed(*piers, "Tom Baird", "Reporter", *piers)) == _STAFF[:named]


@pytest.mark.parametrize(
    ("time", "named"), [("12 March 2026 at 10:30", True), ("12 March 2026 at 10:30 a.m. GMT", False)]
)
def test_a_user_s_name_stands_above_a_date_and_no_entry_of_a_calendar(time, named):
    assert bool(_authors(cleaned("\n\n".join([_PAGE[0], "seahorse99", time, *_PAGE[1:]])))) is named


@pytest.mark.parametrize(("count", "left"), [(25, False), (26, True)])
def test_a_line_that_says_how_to_reach_the_author_is_short(count, left):
    line = "Follow Tom Baird on " + " ".join(["ships"] * (count - 4))
    assert _left(_signed(line, by="By Tom Baird"), "Follow Tom") is left


@pytest.mark.parametrize(("before", "left"), [(71, False), (72, True)])
def test_the_name_stands_in_a_bio_s_opening(before, left):
    told = ("The Oslo writer of " + "long " * 20)[: before - 1] + " "
    assert _left(_signed(f"{told}Tom Baird is a reporter from the coast.", by="By Tom Baird"), "The Oslo") is left


@pytest.mark.parametrize(("before", "left"), [(211, False), (214, True)])
def test_what_a_bio_comes_by_way_of_is_not_long(before, left):
    told = ("A veteran of the " + "old quiet " * 40)[: before - 2] + ", "
    assert _left(_signed(f"{told}Baird has written nine books.", by="By Tom Baird"), "A veteran") is left
