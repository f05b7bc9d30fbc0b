"""Rules: read from data, found in linear time, right in every script."""

from __future__ import annotations

import pytest
from conftest import house

from copydesk import ConfigError, Document
from copydesk.ledger import settle
from copydesk.rules import Rules, asked_together, example_faults
from copydesk.rules.asking import scan


def rules(tmp_path, text: str, name: str = "r.yaml", **options) -> Rules:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return Rules.load(path, **options)


def rule(pattern: str, **fields: str) -> str:
    lines = {"id": "a", "role": "promo", "pattern": pattern, **fields}
    return "rules:\n  - " + "\n    ".join(f"{name}: {value}" for name, value in lines.items()) + "\n"


def said(tmp_path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        rules(tmp_path, text)
    return "\n".join(f"{p.line}:{p.column}: {p.message}" for p in caught.value.problems)


def cleaned(book: Rules, text: str) -> str:
    doc = Document(text)
    book.mark(doc)
    return settle(doc)[0]


HOUSE = [r for pipeline in house().values() for book in pipeline.rules for r in book]
HOUSE = list({r.id: r for r in HOUSE}.values())


def test_re2_takes_the_patterns_of_every_house_rule():
    homes = {r.home for r in HOUSE}
    assert len(homes) > 20
    assert [home.faults for home in homes if home.faults] == []


@pytest.mark.parametrize("house_rule", HOUSE, ids=[r.id for r in HOUSE])
def test_a_house_rule_does_what_its_examples_say(house_rule):
    assert example_faults(house_rule) == []
    assert len(house_rule.examples) >= 2
    assert len(house_rule.counter_examples) >= 2


REFUSED = {
    "word edge": (r"'\bfoo'", r"4:14: rule `r/a`: `\b` knows only ASCII letters here; write {edge}."),
    "word character": (
        r"'\w+'",
        r"4:14: rule `r/a`: `\w` knows only ASCII letters here; write {letter}, or \pL for letters alone.",
    ),
    "word character in a class": (
        r"'[\w-]+'",
        r"4:14: rule `r/a`: `\w` knows only ASCII letters here; write {letter}, or \pL for letters alone.",
    ),
    "looking ahead": (
        "'(?=foo)bar'",
        "4:14: rule `r/a`: looking around is not to be had in linear time; "
        "say with `unless` what must not stand in the block.",
    ),
    "looking behind": (
        "'(?<!foo)bar'",
        "4:14: rule `r/a`: looking around is not to be had in linear time; "
        "say with `unless` what must not stand in the block.",
    ),
    "reference back": (
        r"'(a)\1'",
        "4:14: rule `r/a`: a reference back to a group is not to be had in linear time; write the words out.",
    ),
    "empty match": ("'a*'", "4:14: rule `r/a`: it matches the empty text, so it would match everywhere."),
    "unclosed": ("'(a'", "4:14: rule `r/a`: missing )."),
    "large repeat": ("'a{1,1001}'", "4:14: rule `r/a`: {1,1001} repeats more than 1,000 times."),
    "possessive": ("'a++'", "4:14: rule `r/a`: bad repetition operator: ++."),
    "unknown word": ("'{nope} x'", "4:14: rule `r/a`: no word `{nope}` stands in `words`."),
}


def test_a_veto_that_the_engine_cannot_read_is_told_when_the_file_is_read(tmp_path):
    assert said(tmp_path, rule("buy", unless="'(a'")) == "5:13: rule `r/a`: missing )."


@pytest.mark.parametrize(("pattern", "expected"), REFUSED.values(), ids=REFUSED)
def test_what_the_engine_cannot_do_is_told_with_what_to_write(tmp_path, pattern, expected):
    assert said(tmp_path, rule(pattern)) == expected


BROKEN = {
    "misspelt key": (rule("x", were="start"), "5:5: a rule has no `were`. Did you mean `where`?"),
    "wrong word": (
        rule("x", where="begin"),
        "5:12: `where` is `begin`; it takes one of whole, start, end, inside. Did you mean `end`?",
    ),
    "no pattern": ("rules:\n  - {id: a, role: promo}\n", "2:5: a rule lacks `pattern`."),
    "id twice": (
        "rules:\n  - {id: a, role: x, pattern: b}\n  - {id: a, role: x, pattern: c}\n",
        "3:10: `r/a` stands here a second time. Give it a name of its own.",
    ),
    "a role that is nearly another": (
        rule("x", role="prmo"),
        "3:11: rule `r/a`: there is no role `prmo`. Did you mean `promo`?",
    ),
    "an id that is a list": (
        "rules:\n  - {id: [a], role: x, pattern: b}\n  - {id: c, role: x, pattern: d}\n",
        "2:10: `id` takes text; here stands a list.",
    ),
    "no rules": ("about: x\n", "1:1: a rule file lacks `rules`."),
}


@pytest.mark.parametrize(("text", "expected"), BROKEN.values(), ids=BROKEN)
def test_a_mistake_in_a_rule_file_is_told_with_its_place(tmp_path, text, expected):
    problem = said(tmp_path, text)
    assert problem == expected or expected.startswith(problem)


def test_a_rule_may_bring_a_role_of_its_own(tmp_path):
    assert [r.role for r in rules(tmp_path, rule("x", role="weather"))] == ["weather"]


def test_edges_of_words_are_right_beyond_ascii(tmp_path):
    book = rules(tmp_path, rule("'{edge}über uns{edge}'", where="inside", takes="match"))
    assert cleaned(book, "Sag Über uns, ja?") == "Sag , ja?"
    assert cleaned(book, "Gegenüber uns stand er.") == "Gegenüber uns stand er."
    assert cleaned(book, "Er stand über unserer Stadt.") == "Er stand über unserer Stadt."


@pytest.mark.parametrize("blank", ["\u00a0", "\u202f", "  ", "\t"], ids=["no-break", "narrow", "two", "tab"])
def test_a_space_in_a_pattern_stands_for_any_white_space(tmp_path, blank):
    assert cleaned(rules(tmp_path, rule("sign up now")), f"Sign{blank}up now") == ""


def test_an_apostrophe_in_a_pattern_stands_for_any(tmp_path):
    book = rules(tmp_path, rule('"don\'t miss it"'))
    assert cleaned(book, "Don’t miss it") == cleaned(book, "Don't miss it") == ""


WHERE = {
    "whole": ("» Buy now! «", "Buy now and save"),
    "start": ("Buy now and save", "Please buy now"),
    "end": ("Please buy now", "Buy now and save"),
    "inside": ("You can buy now and save", "You can buy later"),
}


@pytest.mark.parametrize(("where", "texts"), WHERE.items(), ids=WHERE)
def test_where_holds(tmp_path, where, texts):
    book = rules(tmp_path, rule("buy now", where=where))
    assert [bool(book.hits(Document(text))) for text in texts] == [True, False]


STORY = "\n\n".join(f"Paragraph {n} of the story has quite enough words in it to be read as one." for n in "123456789")


@pytest.mark.parametrize(("zone", "expected"), [("head", "a"), ("tail", "c"), ("edges", "ac"), ("anywhere", "abc")])
def test_zones_hold(tmp_path, zone, expected):
    book = rules(tmp_path, rule("buy ([abc])", zone=zone))
    first, *middle, last = STORY.split("\n\n")
    text = "\n".join(["Buy a", first, *middle[:4], "Buy b", *middle[4:], last, "Buy c"])
    assert "".join(hit.text[-1] for hit in book.hits(Document(text))) == expected


def test_guards_count_words_and_veto(tmp_path):
    book = rules(tmp_path, rule("buy", where="inside", at_most="4", at_least="2", unless="sheep"))
    hits = [bool(book.hits(Document(text))) for text in ("Buy", "Buy it", "Buy it now my dear friend", "Buy sheep")]
    assert hits == [False, True, False, False]


def test_a_sentence_is_cut_out_and_the_others_stay(tmp_path):
    book = rules(tmp_path, rule("sign up for our news{edge}", where="inside", takes="sentence"))
    text = "He left at noon. Sign up for our news! The U.S. Army said so. Sign up for our news."
    assert cleaned(book, text) == "He left at noon. The U.S. Army said so."


def test_words_are_lists_or_patterns_and_may_use_each_other(tmp_path):
    text = "words:\n  site: [Facebook, X (Twitter), Telegram]\n  on: 'on {site}'\n" + rule("follow us {on}")
    book = rules(tmp_path, text)
    assert cleaned(book, "Follow us on X (Twitter)!") == ""
    assert cleaned(book, "Follow us on X Twitter!") == "Follow us on X Twitter!"


def test_rules_are_switched_off_by_id(tmp_path):
    text = "rules:\n  - {id: a, role: promo, pattern: one}\n  - {id: b, role: promo, pattern: two}\n"
    assert [r.id for r in rules(tmp_path, text, without=("r/a",))] == ["r/b"]
    with pytest.raises(ConfigError, match=r"`without` names `r/c`, which no rule has\. Did you mean `r/"):
        rules(tmp_path, text, without=("r/c",))
    with pytest.raises(ConfigError, match=r"names `r/c`, .* names `zzz`, which no rule has\.$"):
        rules(tmp_path, text, without=("r/c", "zzz"))


def test_a_decided_segment_is_left_alone(tmp_path):
    doc = Document("Buy now")
    doc.segments[0].mark("byline")
    rules(tmp_path, rule("buy now")).mark(doc)
    assert doc.segments[0].role == "byline"


def test_after_an_edit_only_what_changed_is_asked_about_again(tmp_path):
    book = rules(tmp_path, rule("buy now"))
    doc = Document("Buy nothing\nBuy now")
    assert [hit.segment.start for hit in book.hits(doc)] == [12]
    kept = doc.segments[1].memo.hits
    doc.segments[0].replace(4, 11, "now")
    assert [hit.segment.start for hit in book.hits(doc)] == [0, 12]
    assert doc.segments[1].memo.hits is kept


def test_two_stages_rules_keep_apart(tmp_path):
    one = rules(tmp_path, rule("one"))
    two = rules(tmp_path, rule("two"), name="s.yaml")
    doc = Document("One\nTwo\n漢字 and ü\nTwo")
    assert [hit.rule.id for hit in one.hits(doc)] == ["r/a"]
    assert [(hit.rule.id, hit.text) for hit in two.hits(doc)] == [("s/a", "Two"), ("s/a", "Two")]


def test_many_documents_asked_at_once_know_what_each_alone_would(tmp_path):
    book = rules(tmp_path, "only_with: [' und ']\n" + rule("kaufen {word}", where="inside"))
    german = " und so weiter" * 40  # long enough to tell its language by
    texts = [f"Heft {n}\n{german}\nWir kaufen Heft{n}\n漢字" for n in range(50)] + ["nothing " * 60 + "\nkaufen x", ""]
    docs = [Document(text) for text in texts]
    book.look(docs)
    kept = [segment.memo for doc in docs for segment in doc.segments]
    found = [[(hit.start, hit.text) for hit in book.hits(doc)] for doc in docs]
    assert found == [[(hit.start, hit.text) for hit in book.hits(Document(text))] for text in texts]
    assert [hits[0][1] for hits in found[:50]] == [f"kaufen Heft{n}" for n in range(50)]
    assert found[50:] == [[], []]
    assert [segment.memo for doc in docs for segment in doc.segments] == kept


def test_stages_that_ask_about_every_block_ask_in_one_go_and_the_others_do_not(tmp_path):
    books = [rules(tmp_path, rule(name), name=f"{name}.yaml") for name in ("one", "two", "three")]
    one, two, three = (Rules(book, everywhere=book is not books[2]) for book in books)
    asked_together([one, two, three])
    assert one.homes == two.homes == books[0].homes | books[1].homes
    assert three.homes == books[2].homes
    doc = Document("One\nTwo\nThree")
    assert [[hit.text for hit in book.hits(doc)] for book in (one, two, three)] == [["One"], ["Two"], ["Three"]]


def test_who_asks_where_nothing_was_done_in_between_is_told_what_is_known(tmp_path, monkeypatch):
    books = [rules(tmp_path, rule(f"{name} {{word}}"), name=f"{name}.yaml") for name in ("one", "two")]
    one, two = (Rules(book, everywhere=True) for book in books)
    asked_together([one, two])
    doc = Document("One time\nTwo times")
    scanned = []
    monkeypatch.setattr("copydesk.rules.book.scan", lambda *asked: scanned.append(asked) or scan(*asked))
    one.look([doc])
    assert [hit.text for hit in one.hits(doc)] == ["One time"]
    before = len(scanned)
    two.look([doc])
    assert [hit.text for hit in two.hits(doc)] == ["Two times"]
    assert len(scanned) == before
    doc.segments[0].replace(0, 3, "Two")
    doc.segments[1].mark("byline")
    assert [hit.text for hit in two.hits(doc)] == ["Two time"]


def test_rules_for_a_lines_start_and_rules_for_any_place_find_side_by_side(tmp_path):
    where = {"a": "inside", "b": "start", "c": "whole", "d": "end", "e": "inside"}
    text = "rules:\n" + "".join(
        f"  - {{id: {id_}, role: promo, pattern: 'buy now', where: {place}}}\n" for id_, place in where.items()
    )
    doc = Document("Buy now\nBuy now here\nHere buy now")
    found = [hit.rule.id for hit in rules(tmp_path, text).hits(doc)]
    assert found == [*("r/a", "r/b", "r/c", "r/d", "r/e"), *("r/a", "r/b", "r/e"), *("r/a", "r/d", "r/e")]


def test_places_count_characters_not_bytes(tmp_path):
    book = rules(tmp_path, rule("'{edge}(?P<who>müller){edge}'", where="inside"))
    (hit,) = book.hits(Document("漢字\nÜber 🙂 Herrn Müller hinaus"))
    assert (hit.text, hit.groups) == ("Müller", {"who": "Müller"})


def test_a_pattern_that_kills_a_backtracking_engine_runs_in_no_time(tmp_path):
    book = rules(tmp_path, rule("(a+)+b"))
    assert not book.hits(Document("a" * 200_000 + "!"))


def test_a_thousand_rules_fit_in_one_set(tmp_path):
    text = "rules:\n" + "".join(
        f"  - {{id: r{n}, role: promo, pattern: 'join (?:us|our readers) on platform{n}{{edge}}.{{0,60}}'}}\n"
        for n in range(1_000)
    )
    assert cleaned(rules(tmp_path, text), "Join us on platform777 today") == ""


def test_a_rule_that_stands_apart_finds_the_same(tmp_path):
    text = "rules:\n" + "".join(
        f"  - {{id: {id_}, role: promo, pattern: 'buy .* {id_}', apart: {str(id_ == 'b').lower()}}}\n" for id_ in "abc"
    )
    doc = Document("Buy now a\nBuy now b\nBuy now c")
    assert [hit.rule.id for hit in rules(tmp_path, text).hits(doc)] == ["r/a", "r/b", "r/c"]
