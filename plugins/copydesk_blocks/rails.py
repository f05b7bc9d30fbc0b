"""What the model may not do on its own word, however sure it is."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from copydesk.prose import ends_sentence, is_prose, words

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from copydesk.document import Segment

PLAIN = 60
"""Characters from which on a block that ends a sentence is plain prose.

Where all open blocks are, the model is not asked: clean prose has no menus, so there is nothing to find and something
to lose. And nothing to wait for: most of what comes from agencies is like that.
"""

SIGNS_OF_A_PAGE = frozenset(
    (
        *("advert", "bio", "comments", "contributors", "cookie", "donate", "footer"),
        *("nav", "newsletter", "promo", "related", "share", "tags"),
    )
)
"""What rules must have found one of: copy in which they found nothing of a page has short lines of its own.

A dispatch's tables look like menus to a model that has never seen one: it took F1 on wires from 0.990 to 0.975. Nearly
all pages have such a sign (98 in 100), and of texts that an extractor left three in four; it costs those 0.001.
"""

MOST_BLOCKS = 20_000
"""A page has 230 blocks, the longest of 788 has 2,300. More is a list or a log, and needs much memory."""

BETWEEN = 20
"""Words from which on a paragraph between two of the story's stays: boxes have short lines, or a rule's formula."""

BESIDE = 3
"""It is between them where either stands within so many blocks, those that rules took out not counted."""


def is_for_model(segments: Sequence[Segment]) -> bool:
    """Whether to ask the model at all."""
    is_page = any(segment.role in SIGNS_OF_A_PAGE for segment in segments)
    return is_page and len(segments) <= MOST_BLOCKS and not is_plain(segments)


def is_plain(segments: Sequence[Segment]) -> bool:
    """Whether all that nobody has decided about is plain prose."""
    return all(
        segment.by is not None or (len(segment.text) >= PLAIN and ends_sentence(segment.text))
        for segment in segments
        if segment.role == "body"
    )


def railed(segments: Sequence[Segment], out: set[int], most: float) -> tuple[set[int], bool]:
    """What may leave of what shall; and whether it would have been more than the share `most` of the paragraphs."""
    paragraphs = Paragraphs(segments) if out else None
    if paragraphs is None or not paragraphs.words:
        return set(), False
    out = out.difference(paragraphs.between(out))
    many = paragraphs.too_many(out, most)
    return out.difference(many), bool(many)


class Paragraphs:
    """The paragraphs among the blocks that stand, and how many words each has."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        standing = [place for place, segment in enumerate(segments) if segment.role == "body"]
        self.order = {place: number for number, place in enumerate(standing)}
        self.words = {place: words(segments[place].text) for place in standing if is_prose(segments[place].text)}

    def between(self, out: Collection[int]) -> list[int]:
        """Those that shall leave, and stand between two that stay."""
        story = [self.order[place] for place in self.words if place not in out]
        return [
            place
            for place, count in self.words.items()
            if place in out and count >= BETWEEN and _is_between(self.order[place], story)
        ]

    def too_many(self, out: Collection[int], most: float) -> list[int]:
        """Those that shall leave, where they have more than this share of all their words."""
        leaving = [place for place in self.words if place in out]
        share = sum(map(self.words.__getitem__, leaving))
        return leaving if share > most * sum(self.words.values()) else []


def _is_between(at: int, story: Sequence[int]) -> bool:
    next_one = bisect_left(story, at)
    if not 0 < next_one < len(story):
        return False
    return at - story[next_one - 1] <= BESIDE and story[next_one] - at <= BESIDE
