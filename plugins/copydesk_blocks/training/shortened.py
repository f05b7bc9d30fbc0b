"""Pages with a short story, made of those with a long one.

The stories of the sets are long. A model that knows no others takes the sentences of a brief for teasers: they stand
near the menu, near the tail, and among few of their kind.
"""

from __future__ import annotations

from copy import copy
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

from copydesk.prose import is_prose, sentences

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from copydesk.document import Segment
    from copydesk_blocks.training.articles import Article

MOST, LEAST = 6, 4
"""Paragraphs that are left of a story at most, and that it must have: one with fewer is short as it is."""
SENTENCE = 12
"""Characters of the shortest sentence that a paragraph is cut to."""


def shortened(article: Article, shares: Sequence[float], seed: str) -> tuple[Article, list[float]] | None:
    """A copy with one to MOST of the story's paragraphs, and the shares of what is left; None of a short story.

    Those that stay are the first, the first and the last, or any. A paragraph leaves with what stands between it and
    the one above. About half of those that stay are cut to one of their sentences.
    """
    chance = Random(f"{article.id} {seed}")  # noqa: S311 (the same copy each time)
    segments = article.segments
    told = [n for n, one in enumerate(segments) if one.role == "body" and shares[n] >= 0.5 and is_prose(one.text)]
    if len(told) < LEAST:
        return None
    kept = _some(told, chance)
    leaving = _leaving(told, kept)
    left = [place for place in range(len(segments)) if place not in leaving]
    cut = tuple(_cut(segments[place], chance) if place in kept else segments[place] for place in left)
    return article._replace(segments=cut), [shares[place] for place in left]


def _some(told: Sequence[int], chance: Random) -> set[int]:
    count = chance.randint(1, min(MOST, len(told) - 1))
    first, first_and_last = told[:count], [*told[: count - 1], told[-1]]
    return set(chance.choice((first, first_and_last, chance.sample(told, count))))


def _leaving(told: Sequence[int], kept: Collection[int]) -> set[int]:
    leaving = {told[0]}.difference(kept)
    for above, place in pairwise(told):
        if place not in kept:
            leaving.update(range(above + 1, place + 1))
    return leaving


def _cut(segment: Segment, chance: Random) -> Segment:
    """The paragraph, or one of its sentences."""
    whole = segment.text
    parts = [part for start, end in sentences(whole) if len(part := whole[start:end].strip()) >= SENTENCE]
    if len(parts) < 2 or chance.random() < 0.5:
        return segment
    short = copy(segment)
    short.text = chance.choice(parts)
    return short
