"""Story and clutter told apart: what is counted, what the rails hold back, and that no machine answers otherwise."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import copydesk
from copydesk.document import Document
from copydesk.prose import is_sentence
from copydesk_blocks import characters, features, model, rails, reading, remove_clutter, train, trees
from copydesk_blocks.training import fit
from copydesk_blocks.training.articles import Article, registered
from copydesk_blocks.training.gold import story_shares
from copydesk_blocks.training.shortened import shortened

ROOT = Path(__file__).parents[1]
MENU = ["Parishes", "Council", "Kilns & Pottery", "Tide tables", "Ferry crews", "Lost and found"]
STORY = [
    "The evening ferry ran aground off the north shore on Monday, the harbour master said, and stayed there for hours.",
    "None of the forty passengers was hurt, and most of them had walked ashore before the first boat reached them.",
    "“We could see the lights of the village all the time,” said Ane Lind, who was on her way home from the brewery.",
    "The line said it would pay for the taxis that took the passengers home along the coast road, and for the inn.",
    "The harbour master said the sandbank had moved by eighty metres since the storms, and that a chart would be drawn.",
]
HEADLINE = "Evening ferry runs aground off the north shore"
PAGE = "\n".join([*MENU, HEADLINE, *STORY, *MENU])
A_SIGN = ((0, "nav"),)
"""What a rule found: without such a sign the model is not asked."""


def judged(text, stage=None, decided=A_SIGN):
    doc = Document(text)
    doc.signed_by("before")
    for number, role in decided if doc.segments else ():
        doc.segments[number].mark(role)
    doc.signed_by("remove_clutter")
    (stage or remove_clutter())(doc)
    return doc


def standing(doc):
    return [segment.text for segment in doc.story]


@pytest.fixture(scope="module")
def tables():
    return model.shipped().tables


def read(texts, tables):
    return reading.read(texts, tables.kinds, tables.small)


# What the stage does


def test_a_menu_of_unknown_words_goes_and_the_story_stays():
    assert standing(judged(PAGE)) == [HEADLINE, *STORY]


def test_what_is_decided_is_not_decided_again():
    doc = judged(PAGE, decided=[*A_SIGN, (1, "body"), (2, "kicker")])
    decided = [(segment.role, segment.by.stage) for segment in doc.segments[1:3]]
    assert decided == [("body", "before"), ("kicker", "before")]


def test_each_removal_says_how_sure_the_model_was():
    doc = judged(PAGE)
    rules = {segment.by.rule for segment in doc.segments[1:] if segment.by}
    assert rules
    assert rules <= {f"model-{band}" for band in (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)}


def test_a_higher_threshold_takes_a_part_of_what_a_lower_one_takes():
    low, high = (set(standing(judged(PAGE, remove_clutter(threshold=at)))) for at in (0.5, 0.99))
    assert low <= high


@pytest.mark.parametrize("text", ["", "\n", "x", "•", "...", "\N{ZERO WIDTH SPACE}", "港", "𐀀 𐀀", "1\n2\n3"])
def test_no_text_is_too_small_or_too_odd(text):
    doc = judged(text)
    assert [segment.by for segment in doc.segments[1:]] == [None] * len(doc.segments[1:])


def test_a_page_longer_than_the_powers_that_are_kept():
    doc = judged("\n".join([*MENU, *STORY] * 200 + MENU))
    assert standing(doc)


def test_a_text_of_nothing_but_roles_is_left_alone():
    doc = judged("Harbour\nCouncil", decided=[(0, "nav"), (1, "nav")])
    assert [segment.role for segment in doc.segments] == ["nav", "nav"]


def test_threads_share_one_stage():
    stage = remove_clutter()
    pages = [PAGE, "\n".join(STORY), "\n".join([*STORY, *MENU, *MENU])] * 8
    alone = [standing(judged(page, stage)) for page in pages]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda page: standing(judged(page, stage)), pages)) == alone


def test_numpy_waits_until_the_stage_is_built():
    script = "import copydesk_blocks, sys; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_clean_stories_stay_whole(shared):
    stage = remove_clutter()
    with (shared / "data" / "stories_abc.jsonl").open(encoding="utf-8") as file:
        stories = [json.loads(line)["text"] for line in file]
    below_a_menu = (judged(f"Parishes\n{story}\nCouncil", stage) for story in stories)  # so that the model is asked
    whole = [len(doc.story) >= len(doc.segments) - 2 for doc in below_a_menu]
    assert sum(whole) >= 0.99 * len(stories)
    assert all(len(doc.story) == len(doc.segments) for doc in (judged(story, stage, ()) for story in stories))


# The rails


def segments_of(*lines):
    return Document("\n".join(lines)).segments


def test_plain_prose_is_not_looked_at():
    assert rails.is_plain(segments_of(*STORY))
    assert not rails.is_plain(segments_of(*STORY, "Harbour"))


def test_a_log_is_not_looked_at():
    page, log = segments_of(*MENU), segments_of(*MENU * 4000)
    for segments in (page, log):
        segments[0].mark("nav")
    assert rails.is_for_model(page)
    assert not rails.is_for_model(log)


def test_copy_without_a_sign_of_a_page_is_not_looked_at():
    assert not rails.is_for_model(segments_of(*STORY, "Shr 14 cts vs 11 cts"))
    assert standing(judged(PAGE, decided=())) == PAGE.split("\n")


BARS = rails.Bars(
    line=0, line_within=500, sentence_beside=2000, more_if_foreign=1000, line_behind=-3000, sentence_behind=-1000
)
ARABIC = "وقال صاحب المخبز إن الفرن القديم سيبقى في مكانه."


def test_the_last_sentence_of_the_story_needs_more_than_a_line():
    end = segments_of(STORY[0], "The tide turns at noon on Monday.", "Harbour")
    assert rails.condemned(end, {1: 1999, 2: 0}, BARS) == {2}
    assert rails.condemned(end, {1: 2000, 2: 0}, BARS) == {1, 2}


INTERVIEW = ["The Paper: Is it dry?", "Ada Quill: No.", "Paper: Why not?", "Quill: The tide.", "Paper: Thank you."]


def test_the_turns_of_an_interview_stay():
    page = segments_of(*STORY, *INTERVIEW, "Home: The tide", "Sport: Wanderers win")
    assert rails.railed(page, {2, 3, 5, 6, 7, 8}, 1)[0] == set()
    rows = segments_of(*STORY, "Sport: Wanderers win", "Sport: Wanderers lose", "Weather: Rain", "World: Snow")
    assert rails.railed(rows, {2, 3, 4, 5}, 1)[0] == {2, 3, 4, 5}


def test_a_sentence_far_from_the_story_needs_no_more_than_a_line():
    assert rails.condemned(segments_of(STORY[0], "Harbour", STORY[1]), {2: 0}, BARS) == {2}


def test_what_rules_took_out_does_not_part_a_sentence_from_the_story():
    page = segments_of(STORY[0], "Harbour", STORY[1])
    page[1].mark("nav")
    assert rails.condemned(page, {2: 1999}, BARS) == set()


def test_a_sentence_in_letters_hardly_known_needs_more():
    page = segments_of(STORY[0], "Harbour", ARABIC, "المدينة القديمة")
    assert rails.condemned(page, {2: 999, 3: 0}, BARS) == {3}
    assert rails.condemned(page, {2: 1000, 3: 0}, BARS) == {2, 3}
    assert rails.condemned(segments_of(ARABIC, ARABIC), {1: 2999}, BARS) == set()


@pytest.mark.parametrize("below", [STORY[1], "Harbour"], ids=["a sentence", "a line"])
def test_a_line_between_two_blocks_that_stay_needs_more(below):
    page = segments_of(STORY[0], "Old rope", below)
    assert rails.condemned(page, {1: 499}, BARS) == set()
    assert rails.condemned(page, {1: 500}, BARS) == {1}


@pytest.mark.parametrize(
    "lines",
    [(STORY[0], "Old rope"), ("Old rope", STORY[0]), (STORY[0], "Old rope", "Harbour", STORY[1])],
    ids=["at the end", "at the head", "two that shall leave"],
)
def test_a_line_that_one_block_alone_stays_beside_does_not(lines):
    odds = {place: 0 for place, line in enumerate(lines) if line not in STORY}
    assert rails.condemned(segments_of(*lines), odds, BARS) == set(odds)


def test_a_date_with_a_time_is_no_row_of_a_table():
    page = segments_of(*STORY, "Harbour", "3 March 2025, 14:32")
    assert rails.condemned(page, {len(page) - 2: 0, len(page) - 1: 0}, BARS) == {len(page) - 2, len(page) - 1}


@pytest.mark.parametrize("row", ["3. Old rope", "2) Old rope", "• Old rope", "Marlow 12 4 3 29", "Leeds 3-1 (2-0)"])
def test_an_item_of_a_list_and_a_row_of_a_table_need_more_wherever_they_stand(row):
    page = segments_of(*STORY, "Harbour", row)
    place = len(page) - 1
    assert rails.condemned(page, {place - 1: 0, place: 499}, BARS) == {place - 1}
    assert rails.condemned(page, {place - 1: 0, place: 500}, BARS) == {place - 1, place}


TEASERS = ("Rope", "Why the rope broke", "The rope was older than the ferry, its maker says.", "2. Rope is spun anew")


def page_with_tail(*roles):
    page = segments_of(*STORY, *roles, *TEASERS)
    for segment, role in zip(page[len(STORY) :], roles, strict=False):
        segment.mark(role)
    return page


def test_below_two_blocks_of_a_page_s_tail_less_will_do():
    page = page_with_tail("tags", "share")
    first = len(page) - len(TEASERS)
    odds = {first: -3000, first + 1: -3001, first + 2: -1000}
    assert rails.behind(page, odds, BARS, set()) == {first, first + 2}
    assert rails.behind(page, {first + 2: -1001}, BARS, set()) == set()
    assert rails.taken(page, odds, BARS, 1.0) == ({first, first + 2}, False)


def test_a_numbered_item_in_the_tail_stays():
    page = page_with_tail("tags", "share")
    assert rails.behind(page, {len(page) - 1: 5000}, BARS, set()) == set()


@pytest.mark.parametrize("roles", [("share",), ("nav", "promo"), ()], ids=["one", "of other roles", "none"])
def test_without_two_such_blocks_there_is_no_tail(roles):
    page = page_with_tail(*roles)
    assert rails.in_tail(page, set()) == []


def test_a_box_that_the_story_goes_on_after_opens_no_tail():
    page = segments_of(STORY[0], "Share", "Tags", STORY[1], STORY[2], "Harbour")
    page[1].mark("share")
    page[2].mark("tags")
    assert rails.in_tail(page, set()) == []


def test_where_the_story_has_no_two_sentences_together_there_is_no_tail():
    page = segments_of(STORY[0], "Share", "Tags", "Harbour", STORY[1], "Ferry")
    page[1].mark("share")
    page[2].mark("tags")
    assert rails.in_tail(page, set()) == []


def test_no_sample_loses_a_sentence_to_the_model():
    pipeline = copydesk.load(ROOT / "pipelines.yaml")["reprints"]
    for path in sorted((ROOT / "samples").glob("*.txt")):
        doc = Document(path.read_text("utf-8", errors="replace"))
        for name, stage in pipeline.stages:
            doc.signed_by(name)
            stage(doc)
        taken = [s.text for s in doc.segments if s.by and s.by.stage == "remove_clutter"]
        assert [text for text in taken if is_sentence(text)] == [], path.name


def test_a_paragraph_between_two_of_the_story_stays():
    assert rails.railed(segments_of(*STORY), {2}, 1.0) == (set(), False)


def test_a_paragraph_at_the_end_may_go():
    assert rails.railed(segments_of(*STORY), {4}, 1.0) == ({4}, False)


def test_a_short_line_between_paragraphs_may_go():
    assert rails.railed(segments_of(STORY[0], "Harbour", STORY[1]), {1}, 1.0) == ({1}, False)


def test_a_paragraph_far_from_the_story_may_go():
    lines = [STORY[0], *MENU, STORY[1], *MENU, STORY[2]]
    assert rails.railed(segments_of(*lines), {7}, 1.0) == ({7}, False)


def test_nothing_goes_where_there_is_no_paragraph():
    assert rails.railed(segments_of(*MENU), {0, 1}, 1.0) == (set(), False)


def test_where_there_is_no_paragraph_sentences_are_the_story():
    brief = ["A stork stood on the road for an hour.", "Nobody in the cars complained about it."]
    assert rails.railed(segments_of(*MENU, *brief), {0, 1}, 0.5) == ({0, 1}, False)
    assert rails.railed(segments_of(*MENU, *brief), {0, 6, 7}, 0.5) == ({0}, True)


def test_too_many_paragraphs_stay_and_short_lines_go():
    assert rails.railed(segments_of(*STORY, *MENU), {1, 2, 3, 4, 5, 6}, 0.5) == ({5, 6}, True)


def test_the_flag_says_that_more_would_have_gone():
    pages = [judged(PAGE + "\n" + "\n".join(STORY), remove_clutter(most=0, threshold=0.5)), judged(PAGE)]
    assert {tuple(page.flags) for page in pages} <= {("much-clutter",), ()}
    assert pages[1].flags == []


# What is counted


TEXTS = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=30), min_size=1, max_size=8
)


@given(TEXTS)
def test_kinds_and_words_are_counted_right(tables, texts):
    found = read(texts, tables)
    kinds = [[int(tables.kinds[min(ord(char), 0xFFFF)]) for char in text] for text in texts]
    for number, row in enumerate(kinds):
        assert [row.count(kind) for kind in range(15)] == found.kinds[number][:15].tolist()
        runs = "".join("w" if kind <= characters.LAST_OF_WORDS else " " for kind in row).split()
        assert found.words[number] == len(runs) + row.count(characters.SIGN) // 2
    assert found.length.tolist() == [len(text) for text in texts]


def test_a_word_has_one_place_wherever_it_stands(tables):
    found = read(["harbour", "the old Harbour wall", "HARBOUR, harbour"], tables)
    word = found.word_place.tolist()
    assert len({word[0], word[3], word[5], word[6]}) == 1
    assert len(set(word)) == 4


def test_blocks_that_read_the_same_have_one_number(tables):
    found = read(["Harbour", "Council", "HARBOUR"], tables)
    assert found.number[0] == found.number[2] != found.number[1]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=20), st.integers(1, 12))
def test_distances_are_those_of_a_search(values, wanted):
    marks = np.array([[value == wanted for value in values]])
    above, below = features.distances(marks)
    for at in range(len(values)):
        higher = [at - other for other in range(at) if marks[0][other]]
        lower = [other - at for other in range(at + 1, len(values)) if marks[0][other]]
        assert above[0][at] == min([*higher, features.FAR])
        assert below[0][at] == min([*lower, features.FAR])


def test_every_feature_has_a_name_and_fits(tables):
    page = features.laid_out(segments_of(*MENU, *STORY, "x" * 70_000), tables)
    rows = features.features(page)
    assert rows.shape == (len(features.NAMES), 12)
    assert len(set(features.NAMES)) == len(features.NAMES)
    assert rows[features.ROW["length"]].max() == 0x7FFF


def test_what_rules_took_out_is_evidence(tables):
    doc = Document("\n".join([*MENU[:1], *STORY]))
    plain = features.features(features.laid_out(doc.segments, tables))
    doc.segments[0].mark("headline")
    marked = features.features(features.laid_out(doc.segments, tables))
    top = features.NAMES.index("top above")
    assert plain[top].tolist() == [features.FAR] * 6
    assert marked[top].tolist() == [features.FAR, 1, 2, 3, 4, 5]


def told(segments, tables, *names):
    rows = features.features(features.laid_out(segments, tables))
    return [rows[features.NAMES.index(name)].tolist() for name in names]


def test_what_rules_took_out_is_counted_above_and_below(tables):
    page = segments_of("Home", STORY[0], "Tags", "Share", STORY[1])
    for place, role in ((0, "nav"), (2, "tags"), (3, "bio")):
        page[place].mark(role)
    tail, below, chrome = told(page, tables, "blocks of tail above", "blocks of tail below", "blocks of chrome above")
    assert (tail[1], tail[4]) == (0, 2)
    assert (below[1], below[4]) == (2, 0)
    assert (chrome[1], chrome[4]) == (1, 1)


def test_what_rules_took_out_does_not_part_a_run(tables):
    page = segments_of("Rope", "Kilns and inns", "Share", "Tides", STORY[0])
    page[2].mark("share")
    blocks, words = told(page, tables, "blocks of the run", "words of the run")
    assert blocks == [3, 3, -1, 3, 1]
    assert words[:4] == [5, 5, -1, 5]


def test_a_paragraph_far_from_the_others_is_of_another_passage(tables):
    page = segments_of(*STORY[:3], *MENU[:4], STORY[3], "Harbour")
    names = "share of the prose", "beside the longest passage", "from the longest passage"
    share, beside, away = told(page, tables, *(f"{name}, gaps of 2" for name in names))
    wide = told(page, tables, "share of the prose, gaps of 8")[0]
    assert share[3] == -1
    assert 0 < share[7] < share[0] == share[2]
    assert beside[0] == 1000 > beside[7] > 0
    assert away == [0, 0, 0, 1, 2, 3, 4, 5, 6]
    assert wide[0] == wide[7] == 1000


def test_a_page_may_have_no_paragraph_and_nothing_that_stands(tables):
    page = segments_of(*MENU)
    for times in (1, 2):
        rows = features.features(features.laid_out(page, tables))
        assert rows.shape == (len(features.NAMES), len(MENU)), times
        for segment in page:
            segment.mark("nav")


# The trees and the file


def test_a_forest_gives_what_walking_down_its_trees_gives():
    rng = np.random.default_rng(5)
    grown_ = [
        trees.Tree(
            rng.integers(0, 4, 3).tolist(), (rng.integers(-5, 5, 3) + 0.5).tolist(), rng.integers(-9, 9, (8, 2)) / 16
        )
        for _ in range(7)
    ]
    forest = trees.grown(grown_, [0.5, -0.25])
    rows = rng.integers(-6, 6, (4, 700)).astype(np.int16)  # more than are asked at once
    given_ = forest(rows)
    for block, class_ in product(range(700), range(2)):
        leaves = [
            sum(int(rows[tree.rows[level], block] > tree.cuts[level]) << level for level in range(3)) for tree in grown_
        ]
        total = sum(tree.leaves[leaf][class_] for tree, leaf in zip(grown_, leaves, strict=True))
        assert given_[block, class_] == trees.UNIT * (total + (0.5, -0.25)[class_])


def test_a_model_is_written_in_the_same_bytes_again(tmp_path):
    model.write_model(model.shipped(), tmp_path / "a.npz")
    model.write_model(model.load(tmp_path / "a.npz"), tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert (tmp_path / "a.npz").stat().st_size < 2_000_000


def test_a_model_of_ones_own_can_be_named(tmp_path):
    model.write_model(model.shipped(), tmp_path / "own.npz")
    assert standing(judged(PAGE, remove_clutter(model=tmp_path / "own.npz"))) == [HEADLINE, *STORY]


def test_a_file_that_is_no_model_is_told(tmp_path):
    (tmp_path / "own.npz").write_text("nothing of the kind")
    with pytest.raises(ValueError, match=r"`own.npz` cannot be read as a model .* make one with `make train`"):
        remove_clutter(model=tmp_path / "own.npz")


def test_nobody_can_change_the_shipped_model():
    with pytest.raises(ValueError, match="read-only"):
        model.shipped().clutter.leaves[0] = 1


# The training


def article(lines, body):
    return Article(
        "pages_wcxb", "a", "example.org", "\n".join(lines), {"body": body}, "", Document("\n".join(lines)).segments
    )


def test_the_story_is_found_in_its_gold_body():
    lines = ["Harbour", *STORY[:2], "What went wrong", STORY[2], "Harbour"]
    body = "\n".join(lines[1:5])
    assert story_shares(article(lines, body)) == [0, 1, 1, 1, 1, 0]


def test_what_stands_twice_is_the_story_once():
    lines = [STORY[1], *STORY, STORY[1]]
    assert sum(story_shares(article(lines, "\n".join(STORY)))) == 5


def test_paragraphs_in_another_order_are_the_story_still():
    assert story_shares(article([STORY[3], *STORY[:3]], "\n".join(STORY))) == [1, 1, 1, 1]


def test_boxes_that_rules_knew_teach_their_roles():
    page = article([*MENU, *STORY] * 8, "")
    for number, segment in enumerate(page.segments):
        segment.mark(("related", "nav", "promo")[number % 3])
    (box,) = fit.veiled([page])
    assert set(box.roles) == {"related", "promo"}
    assert [page.segments[place].role for place in box.at] == list(box.roles)
    assert max(Counter(box.roles).values()) <= fit.VEILED_BLOCKS
    assert box.page.open[box.at].all()
    assert not fit.veiled([page._replace(gold={"roles": {}})])


def long_article():
    told = [f"{line} {line}" for line in STORY] + STORY
    return article([*MENU, *told[:5], "Lost and found", *told[5:], *MENU], "\n".join(told))


def short_copies(number):
    whole = long_article()
    return [shortened(whole, story_shares(whole), str(seed)) for seed in range(number)]


def test_a_shortened_copy_has_a_short_story_and_all_around_it():
    for copy, shares in short_copies(20):
        texts = [segment.text for segment in copy.segments]
        told = [text for text, share in zip(texts, shares, strict=True) if share >= 0.5]
        assert 1 <= len(told) <= 6
        assert texts[:6] == texts[-6:] == MENU
        assert all(any(text in line for line in STORY) or text in long_article().raw for text in told)


def test_shortened_copies_differ_by_seed_and_are_the_same_again():
    texts = [[[segment.text for segment in copy.segments] for copy, _ in short_copies(20)] for _ in range(2)]
    assert texts[0] == texts[1]
    assert len({tuple(one) for one in texts[0]}) > 10


def test_a_story_that_is_short_has_no_shorter_copy():
    whole = article([*MENU, *STORY[:3]], "\n".join(STORY[:3]))
    assert shortened(whole, story_shares(whole), "1") is None


def test_in_a_short_copy_the_story_weighs_more_than_on_its_page():
    page, copy = fit.lessons([long_article()])
    share = {
        lesson.story: fit.sample_weights(lesson)[lesson.shares >= 0.5].sum() / fit.sample_weights(lesson).sum()
        for lesson in (page, copy)
    }
    assert share[None] < share[copy.story] == pytest.approx(copy.story)
    assert fit.sample_weights(copy).sum() < fit.sample_weights(page).sum()


def test_an_article_without_gold_teaches_nothing():
    assert story_shares(article(STORY, "")) is None


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://news.example.co.uk/a", "example.co.uk"),
        ("https://www.example.org/a", "example.org"),
        ("example.org/a", "example.org"),
        ("https://de.example.de", "example.de"),
    ],
)
def test_a_publisher_is_known_by_its_registered_name(url, name):
    assert registered(url) == name


def test_training_says_where_it_misses_the_articles(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("COPYDESK_DATA", str(tmp_path / "none"))
    assert train.main() == 1
    assert "there are no articles to learn from; name their folder in COPYDESK_DATA" in capsys.readouterr().err
