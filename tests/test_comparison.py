"""What a change of configuration changes: told by places, by cause, the most suspicious first, in flat memory."""

from __future__ import annotations

import pytest

from copydesk.cli.compare import compared, plain
from copydesk.comparison import Comparison, twin
from copydesk.config import load
from copydesk.document import Document
from copydesk.evidence import Reason
from copydesk.facts import Author

STORY = "The bridge over the river reopened to traffic on Monday, a week earlier than the builders had planned."
PLUGIN = '''
import copydesk
from copydesk.facts import Author

@copydesk.hookimpl
def register_stages(register):
    register(take)
    register(spell)
    register(name)
    register(turn_away)

def take(doc, *, starts: str, rule: str = "it"):
    """Take out the lines that start so."""
    for segment in doc.segments:
        if segment.text.startswith(starts):
            segment.mark("promo", rule=rule)

def spell(doc, *, wrong: str, right: str):
    """Spell a word right."""
    for segment in doc.segments:
        at = segment.text.find(wrong)
        if at >= 0:
            segment.replace(at, at + len(wrong), right, rule="word")

def name(doc, *, author: str):
    """Note an author."""
    doc.fact("author", Author(author))
    doc.flag(author)

def turn_away(doc):
    """Turn everything away."""
    doc.reject("because")
'''


@pytest.fixture
def pipeline(tmp_path):
    """A pipeline of some of the plugin's stages, as they would stand in YAML."""
    (tmp_path / "desk.py").write_text(PLUGIN)

    def made(*stages: str):
        path = tmp_path / "p.yaml"
        path.write_text(
            "plugins: [desk.py]\npipelines:\n  p:\n    stages:\n" + "".join(f"      - {s}\n" for s in stages)
        )
        return load(path)["p"]

    return made


SPACE = "normalize_space"


def told(comparison: Comparison) -> list[tuple]:
    return [(d.what, d.act, d.cause, d.first, d.second) for d in comparison.suspicious(20)]


def test_the_same_configuration_changes_nothing(pipeline):
    comparison = compared(pipeline(SPACE), pipeline(SPACE), [Document("One.\u00a0Two.")])
    assert (comparison.documents, comparison.differing, comparison.shifts(), told(comparison)) == (1, 0, [], [])


def test_a_sentence_that_leaves_bears_the_name_of_the_rule_that_takes_it(pipeline):
    doc = Document(f"Before.\n{STORY}\nAfter.", id="a")
    comparison = compared(pipeline(SPACE), pipeline(SPACE, "take: {starts: The}"), [doc])
    (difference,) = comparison.suspicious(9)
    assert told(comparison) == [("text", "leaves", "take it → promo", STORY, "")]
    assert (difference.id, difference.before, difference.after) == ("a", "Before.\n", "\nAfter.")
    assert comparison.shifts() == [(Reason("take", "it", "promo"), 0, 1)]
    assert comparison.kinds == {"text": 1}


def test_what_comes_back_bears_the_name_of_the_rule_that_took_it(pipeline):
    comparison = compared(pipeline("take: {starts: Ad}"), pipeline(SPACE), [Document("Ad: buy.\nStory.")])
    assert told(comparison) == [("text", "comes back", "take it → promo", "", "Ad: buy.")]


def test_another_reason_for_the_same_text_is_a_difference_of_the_ledger(pipeline):
    first, second = pipeline("take: {starts: Ad}"), pipeline("take: {starts: Ad, rule: other}")
    comparison = compared(first, second, [Document("Ad: buy.\nStory.")])
    assert (comparison.kinds, told(comparison)) == ({"ledger": 1}, [])
    assert comparison.shifts() == [
        (Reason("take", "it", "promo"), 1, 0),
        (Reason("take", "other", "promo"), 0, 1),
    ]


def test_a_change_of_characters_is_told_with_both_readings(pipeline):
    first, second = pipeline("spell: {wrong: teh, right: the}"), pipeline("spell: {wrong: teh, right: The}")
    comparison = compared(first, second, [Document("In teh end.")])
    (difference,) = comparison.suspicious(9)
    assert (difference.what, difference.cause, difference.first, difference.second) == (
        "change",
        "spell word",
        "the",
        "The",
    )
    assert (difference.before, difference.after) == ("In ", " end.")
    alone = compared(pipeline(SPACE), second, [Document("In teh end.")])
    assert told(alone) == [("change", "", "spell word", "teh", "The")]


def test_a_change_in_a_line_that_one_takes_out_is_not_told_twice(pipeline):
    stages = "spell: {wrong: teh, right: the}", "take: {starts: In}"
    comparison = compared(pipeline(stages[0]), pipeline(*stages), [Document("In teh end.\nOn.")])
    assert told(comparison) == [("text", "leaves", "take it → promo", "In teh end.", "")]


def test_facts_vanish_appear_and_change(pipeline):
    ada, tom = "name: {author: Ada}", "name: {author: Tom}"
    for first, second, act in ((ada, SPACE, "vanishes"), (SPACE, ada, "appears"), (ada, tom, "changes")):
        comparison = compared(pipeline(first), pipeline(second), [Document("x")])
        assert comparison.facts == {("authors", act): 1}
        assert set(comparison.kinds) == {"facts", "flags"}
    assert told(comparison) == [
        ("fact", "changes", "authors", "name Ada, role author", "name Tom, role author"),
        ("flag", "vanishes", "Ada", "", ""),
        ("flag", "appears", "Tom", "", ""),
    ]


def test_a_document_that_only_one_lets_through_comes_first(pipeline):
    comparison = compared(pipeline("take: {starts: The}"), pipeline("turn_away"), [Document(STORY)])
    assert told(comparison) == [("outcome", "clean → rejected", "", "clean", "rejected turn_away because")]
    assert comparison.kinds == {"outcome": 1}
    both = compared(pipeline("turn_away"), pipeline("turn_away"), [Document(STORY)])
    assert both.differing == 0


def test_story_comes_before_facts_and_facts_before_the_rest(pipeline):
    doc = Document(f"Ad: buy\n{STORY}\nEnd.")
    comparison = compared(pipeline("name: {author: Ada}"), pipeline("take: {starts: Ad}", "take: {starts: The}"), [doc])
    assert [(d.what, d.first[:3]) for d in comparison.suspicious(9)] == [
        ("text", "The"), ("fact", "nam"), ("text", "Ad:"), ("flag", ""),
    ]  # fmt: skip


def test_a_text_that_differs_in_its_layout_alone_is_shown(pipeline):
    first, second = Document("a"), Document("a")
    first.text, second.text = "a\n\nb", "a b"
    comparison = Comparison()
    comparison.count(first, second)
    assert told(comparison) == [("layout", "", "", "a\n\nb", "a b")]


def test_what_is_kept_does_not_grow_with_the_documents(pipeline):
    taking = pipeline("take: {starts: The}")
    comparison = compared(pipeline(SPACE), taking, (Document(f"{STORY} {n}\nEnd.", id=str(n)) for n in range(50)))
    assert (comparison.documents, comparison.differing) == (50, 50)
    assert len(comparison.suspicious(99)) == 2
    assert plain(comparison, 9)["rules"] == [{"stage": "take", "rule": "it", "role": "promo", "first": 0, "second": 50}]


def test_a_document_that_could_not_be_read_fails_on_both_sides(pipeline):
    doc = Document("raw", id="a", extra={"url": "u"}, encoding="cp1252")
    doc.flag("lost-bytes")
    doc.fail("reader", "broken")
    other = twin(doc)
    assert (other.raw, other.id, other.extra, other.encoding, other.flags) == (
        "raw",
        "a",
        {"url": "u"},
        "cp1252",
        ["lost-bytes"],
    )
    assert (other.outcome, other.stopped_by, other.reason) == ("failed", "reader", "broken")
    assert compared(pipeline(SPACE), pipeline(SPACE), [doc]).differing == 0


def test_a_list_of_facts_is_compared_value_by_value():
    first, second = Document("x"), Document("x")
    for name in ("Ada", "Tom", "Eve"):
        first.fact("author", Author(name))
    for name in ("Eve", "Ida"):
        second.fact("author", Author(name))
    comparison = Comparison()
    comparison.count(first, second)
    assert comparison.facts == {("authors", "changes"): 1, ("authors", "vanishes"): 1}
