"""The stages of copydesk_promos beyond their cases: their rules, their options, what they must never do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from copydesk.document import Document
from copydesk.errors import ConfigError
from copydesk.rules import read_rules
from copydesk_promos import remove_chrome, remove_promos, remove_related
from copydesk_promos.chrome import LINKS
from copydesk_promos.menus import menu_words
from copydesk_promos.page import folded

PACKS = sorted((files("copydesk_promos") / "rules").iterdir(), key=lambda pack: pack.name)
RULES = [pytest.param(rule, id=rule.id) for pack in PACKS for rule in read_rules(pack)]
STAGES = {stage.__name__: stage() for stage in (remove_promos, remove_chrome, remove_related)}
ROLES = {"promo", "newsletter", "donate", "share", "advert", "cookie", "nav", "comments", "footer", "tags", "pr", "end"}

STORY = """Ferry aground

The evening ferry ran aground off the north shore on Monday, the harbour master said.

Nobody was hurt, and the boat was towed off the sandbank before the tide turned again.

The line will pay for the taxis that took forty passengers home along the coast road."""
CLUTTER = [
    "Share",
    "Log in",
    "Privacy Policy",
    "Sport",
    "Comments",
    "Tags:",
    "Read more",
    "Most read",
    "Related: Why the herring left",
    "Sign up for our newsletter",
    "ADVERTISEMENT",
    "Donate now",
]


def after(text, *names):
    doc = Document(text)
    for name in names or STAGES:
        doc.signed_by(name)
        STAGES[name](doc)
    return doc


def kept(doc):
    return [segment.text for segment in doc.story]


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_role_that_one_of_the_stages_takes(rule):
    assert rule.role in ROLES | {"related", "other"}
    stages = sum(rule.id in {known.id for known in stage.rules} for stage in STAGES.values())
    assert stages == 1 + rule.id.endswith(LINKS)


@pytest.mark.parametrize("name", STAGES)
def test_a_clean_story_stays_as_it_is(name):
    assert kept(after(STORY, name)) == STORY.split("\n\n")


@pytest.mark.parametrize("clutter", CLUTTER)
@pytest.mark.parametrize("place", range(5))
def test_one_line_of_clutter_takes_no_paragraph_with_it(clutter, place):
    lines = STORY.split("\n\n")
    with_clutter = [*lines[:place], clutter, *lines[place:]]
    assert [text for text in kept(after("\n\n".join(with_clutter))) if text != clutter] == lines


@given(st.lists(st.sampled_from([*STORY.split("\n\n"), *CLUTTER]), max_size=12))
@example([*STORY.split("\n\n")[:3], *STORY.split("\n\n")[2:0:-1]])  # the last copy is idle without the one above
@settings(max_examples=150, deadline=None)
def test_each_stage_leaves_its_own_result_alone(lines):
    for name in STAGES:
        once = "\n\n".join(kept(after("\n".join(lines), name)))
        assert "\n\n".join(kept(after(once, name))) == once


@given(st.lists(st.sampled_from([*STORY.split("\n\n")[1:], *CLUTTER]), min_size=1, max_size=12, unique=True))
@settings(max_examples=150, deadline=None)
def test_a_sentence_of_the_story_always_stands_somewhere(lines):
    texts = kept(after("\n".join(lines)))
    assert all(line in texts for line in lines if line in STORY and line not in CLUTTER)


def test_threads_share_a_stage():
    text = f"Skip to content\nShare this article\n{STORY}\nRead more\n4 Comments\nReply"
    expected = kept(after(text))
    with ThreadPoolExecutor(8) as pool:
        assert all(result == expected for result in pool.map(lambda _: kept(after(text)), range(64)))


def test_menu_words_stand_folded_and_sorted():
    text = (files("copydesk_promos") / "menu_words.txt").read_text("utf-8")
    listed = [line for line in text.splitlines() if not line.startswith("#")]
    assert listed == sorted(set(listed))
    assert all(folded(word) == word for word in menu_words())


def test_an_unknown_language_is_named():
    with pytest.raises(ConfigError) as error:
        remove_promos(languages=("dee",))
    assert str(error.value) == "`languages` names `dee`, which has no rules. Did you mean `de`?"


def test_an_unknown_rule_is_named():
    with pytest.raises(ConfigError) as error:
        remove_promos(without=("en/advertt",))
    assert str(error.value) == "`without` names `en/advertt`, which no rule has. Did you mean `en/advert`?"


def test_a_rule_of_another_stage_cannot_be_switched_off_here():
    with pytest.raises(ConfigError, match="`without` names `en_chrome/skip-link`, which no rule has"):
        remove_promos(without=("en_chrome/skip-link",))


def test_users_rules_count_whatever_their_role(tmp_path):
    path = tmp_path / "partners.yaml"
    path.write_text("rules:\n  - id: boats\n    role: partner\n    pattern: 'boats by .{3,20}'\n", "utf-8")
    doc = Document(f"Boats by Example\n{STORY}")
    remove_promos(rules=(path,))(doc)
    assert [(segment.role, segment.by.rule) for segment in doc.segments if segment.by] == [
        ("partner", "partners/boats")
    ]


def test_a_language_takes_its_own_pack_and_the_one_for_all():
    stems = {rule.id.partition("/")[0] for rule in remove_chrome(languages=("en",)).rules}
    assert stems == {"any", "en_chrome", "en_related"}


def test_where_the_headline_is_found_a_label_above_the_story_opens_a_run():
    titles = ["Trending", "Why the herring left the coast for good"]
    doc = Document("\n".join(["Ferry runs aground", *titles, STORY]))
    doc.signed_by("find_headline")
    doc.segments[0].mark("headline")
    doc.signed_by("remove_related")
    STAGES["remove_related"](doc)
    assert [segment.text for segment in doc.segments if segment.role == "related"] == titles
