"""Datelines, agencies and time lines: their rules, their words, and what holds for every text."""

from __future__ import annotations

import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.document import Document
from copydesk.rules import read_rules
from copydesk_credits.agencies import extract_agency
from copydesk_credits.datelines import extract_dateline
from copydesk_credits.house import MONTHS, RULES, agencies, folded, spellings
from copydesk_credits.published import extract_published, iso_8601

STAGES = (extract_published(), extract_dateline(), extract_agency())
KEEP = extract_dateline(policy="keep")
FILES = ("agencies.yaml", "datelines.yaml", "published.yaml")
ALL_RULES = [pytest.param(rule, id=rule.id) for file in FILES for rule in read_rules(RULES / file)]
WORDS = yaml.safe_load((RULES / "words.yaml").read_text("utf-8"))["words"]
HOUSE = yaml.safe_load((RULES / "house.yaml").read_text("utf-8"))["house"]
AGENCY_LISTS = ("agency", "agency_in_brackets", "pr_wire")


def marked(text, stages=STAGES):
    doc = Document(text)
    for stage in stages:
        doc.signed_by(type(stage).__name__)
        stage(doc)
    return doc


def clean(doc):
    return "\n\n".join(segment.text for segment in doc.story)


@pytest.mark.parametrize("name", [name for name, value in WORDS.items() if isinstance(value, list)])
def test_a_word_list_is_sorted_and_has_each_word_once(name):
    words = [str(word) for word in WORDS[name]]
    assert words == sorted(set(words), key=lambda word: (unicodedata.normalize("NFKD", word.casefold()), word))


def test_no_month_has_the_name_of_another():
    owner = {}
    for month in MONTHS:
        for name in WORDS[month]:
            assert owner.setdefault(folded(str(name)), month) == month, name


def test_the_names_in_house_yaml_stand_in_the_word_lists():
    known = {word for name in AGENCY_LISTS for word in WORDS[name]}
    assert {name for names in HOUSE.values() for name in names} - known == set()


def test_an_agency_that_is_spelled_in_several_ways_has_one_in_the_house():
    for name in AGENCY_LISTS:
        ways = {}
        for word in WORDS[name]:
            ways.setdefault(folded(word), []).append(word)
        for folded_word, words in ways.items():
            assert len(words) == 1 or spellings()[folded_word] in HOUSE, words


@pytest.mark.parametrize(
    ("credit", "names"),
    [
        ("Associated Press", ("AP",)),
        ("The Associated Press", ("AP",)),
        ("REUTERS", ("Reuters",)),
        ("APA/dpa", ("APA", "dpa")),
        ("dpa-AFX", ("dpa-AFX",)),
        ("KNA/iz", ("KNA",)),
        ("BSS/AFP", ("BSS", "AFP")),
        ("新华社", ("Xinhua",)),
        ("Handelsblatt Online", ()),
        ("", ()),
    ],
)
def test_a_credit_is_read_in_house_spelling(credit, names):
    assert agencies(credit) == names


@pytest.mark.parametrize(
    ("printed", "iso"),
    [
        ("9 May 2019", "2019-05-09"),
        ("May 9th, 2019, 4:05 pm", "2019-05-09T16:05:00"),
        ("12:43, 20 Apr 2026", "2026-04-20T12:43:00"),
        ("9. Mai 2019", "2019-05-09"),
        ("le 9 mai 2019 à 10h15", "2019-05-09T10:15:00"),
        ("9 de mayo de 2019", "2019-05-09"),
        ("9 мая 2019", "2019-05-09"),
        ("9 Mayıs 2019", "2019-05-09"),
        ("9 مايو 2019", "2019-05-09"),
        ("2019年5月9日", "2019-05-09"),
        ("2019년 5월 9일", "2019-05-09"),
        ("2019-05-09T10:15:33Z", "2019-05-09T10:15:33+00:00"),
        ("2019-05-09 10:15 +0200", "2019-05-09T10:15:00+02:00"),
        ("09.05.2019", "2019-05-09"),
        ("13/05/2019", "2019-05-13"),
        ("05/13/2019", "2019-05-13"),
        ("05/09/2019", None),
        ("10:15 EST, 9 May 2019", "2019-05-09T10:15:00"),
        ("31 February 2019", None),
        ("9 listopada 2019", None),
        ("May 9", None),
        ("May 2019", None),
        ("1398-02-19", None),
        ("5 minutes ago", None),
        ("", None),
    ],
)
def test_a_date_is_read_only_where_it_is_complete_and_means_one_thing(printed, iso):
    assert iso_8601(printed) == iso


def test_the_founding_sample_stays_as_it_is(shared):
    (path,) = sorted((shared / "samples").glob("*.txt"))
    doc = marked(path.read_text("utf-8"))
    assert [segment for segment in doc.segments if segment.by] == []
    assert doc.facts == []


PIECES = st.sampled_from(
    [
        "HILLTON, Ohio (AP) — ",
        "Paris – ",
        "LONDON, May 9 - ",
        "Published: 9 May 2019 ",
        "4 min read",
        "\n",
        "\n\n",
        "The council voted on Monday to keep its library open all summer.",
        " (dpa)",
        " (ab/cd)",
        " EFE",
        "REUTER",
        "Source: AFP",
        "by Jane Doe ",
        "新华社上海5月9日电",
        "(",
        "—",
        "9",
    ]
)
TEXTS = st.one_of(st.lists(PIECES, max_size=12).map("".join), st.text(max_size=80))


@settings(deadline=None, max_examples=150)
@given(TEXTS)
def test_only_marks_are_left_and_nothing_else_changes(text):
    doc = marked(text)
    assert all(segment.edits == () for segment in doc.segments)
    assert "".join("".join(segment.text for segment in doc.segments).split()) == "".join(doc.raw.split())


@settings(deadline=None, max_examples=100)
@given(TEXTS)
def test_keeping_datelines_changes_nothing(text):
    doc = marked(text, [KEEP])
    assert [segment for segment in doc.segments if segment.by] == []


def test_eight_threads_may_share_the_stages():
    texts = [f"HILLTON, Ohio (AP) — Story {number} of the council that voted on Monday. (dpa)" for number in range(200)]
    alone = [(clean(doc), doc.facts) for doc in map(marked, texts)]
    with ThreadPoolExecutor(8) as pool:
        assert [(clean(doc), doc.facts) for doc in pool.map(marked, texts)] == alone


@pytest.mark.parametrize("policy", ["move", "keep"])
def test_a_dateline_becomes_one_fact_and_its_agencies_become_the_text_s(policy):
    doc = marked("HILLTON (BSS/AFP) - The council voted on Monday.", [extract_dateline(policy=policy)])
    assert [value.place for value in doc.found("dateline")] == ["HILLTON"]
    assert doc.found("agency") == ["BSS", "AFP"]


def test_a_rule_can_be_switched_off():
    text = "HILLTON — The council voted on Monday to keep its library open all summer."
    assert clean(marked(text, [extract_dateline(without=("datelines/capitals",))])) == text


LINES = [text for rule in (param.values[0] for param in ALL_RULES) for text in (*rule.examples, *rule.counter_examples)]
LINES += """\
vor 3 Stunden
Il y a 2 heures
Há 3 dias
Yesterday at 10:15
Lesezeit: 3 Minuten
Temps de lecture : 3 min
Время чтения: 3 мин
阅读时间约3分钟
undefined min
PublishedMay 9, 2019
» Mo., 9. Mai 2019
п’ятниця, 9 травня 2019
9 listopada 2019
更新于2019年5月9日
dpa, LINDAU
Agence France presse, LONDON.
LONDON.
The council will vote. AFP”
The council will vote (AFP).”
The council will vote. ABC/dpa
The council will vote. Reuter^M
The council will vote. ./.
Source: the council voted, and nobody at all was there today.
""".splitlines()
PROSE = [
    f"The council of Hillton voted on the {number}th day to keep its {what} open all summer, and nobody was against it."
    for number, what in enumerate(("library", "harbour", "bridge", "museum"), 4)
]


@pytest.fixture(scope="module")
def asking_all(tmp_path_factory):
    """The same stages with a rule of the user's, which may stand anywhere: they ask about every block."""
    file = tmp_path_factory.mktemp("rules") / "own.yaml"
    file.write_text(
        "rules: [{id: never, role: time, pattern: zzzyx, examples: [zzzyx], counter_examples: [zyx]}]", "utf-8"
    )
    return tuple(type(stage)(rules=(file,)) for stage in STAGES)


@settings(max_examples=150, deadline=None)
@given(lines=st.lists(st.sampled_from(LINES + 20 * PROSE), max_size=16))
def test_asking_about_few_blocks_finds_what_asking_about_all_does(asking_all, lines):
    text = "\n\n".join(lines)
    few, every = marked(text), marked(text, asking_all)
    assert few.facts == every.facts
    assert [(s.start, s.end, s.role, s.by) for s in few.segments] == [
        (s.start, s.end, s.role, s.by) for s in every.segments
    ]


def test_a_ruling_line_in_a_text_without_prose_stays():
    text = "___\n\nHillton 3\n\nMillbrook 4\n\nPort Hope 5"
    assert clean(marked(text, (extract_agency(),))) == text
