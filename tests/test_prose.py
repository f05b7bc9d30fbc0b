"""What a block looks like from outside, and that the answers are kept."""

from __future__ import annotations

from copydesk import prose


def test_an_answer_is_kept_and_a_long_block_is_not():
    asked: list[str] = []
    length = prose.kept(lambda text: asked.append(text) or len(text))
    short, long = "a short line", "long " * 1000
    assert [length(short), length(short), length(long), length(long)] == [12, 12, 5000, 5000]
    assert asked == [short, long, long]


def test_where_many_answers_are_kept_the_oldest_go(monkeypatch):
    monkeypatch.setattr(prose, "_KEPT", 4)
    asked: list[str] = []
    length = prose.kept(lambda text: asked.append(text) or len(text))
    for text in "abcde":
        length(text)
    asked.clear()
    assert [length(text) for text in "edca"] == [1, 1, 1, 1]
    assert asked == ["a"]
