"""Which blocks are the story's, by a gold body that is one text.

A block's words are looked for in the gold body in threes. The blocks found there, in the order of both, are its
paragraphs; a short block is the story's only where it stands in the gap between the two around it, so that a menu's
`Politics` is not taken for the word in the story.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from copydesk_blocks.training.articles import Article

_WORD = re.compile(r"\w+")
LONG = 5
"""Words from which on a block is looked for by itself."""

FOUND = 0.4
"""Share of a block's threes that must stand in the gold body."""


class Match(NamedTuple):
    """A place in the gold body where a block may stand."""

    block: int
    start: int
    end: int
    weight: float


def story_shares(article: Article) -> list[float] | None:
    """Of each segment which share of it is the story's; -1 where that is unknown. None without a gold answer."""
    if "roles" in article.gold:
        return _labelled(article)
    body = article.gold.get("body")
    if not body:
        return None
    texts = [segment.text if segment.role == "body" else "" for segment in article.segments]
    return Alignment([_WORD.findall(text) for text in texts], _WORD.findall(body)).shares


def _labelled(article: Article) -> list[float]:
    shares = []
    for roles in segment_roles(article):
        known = sum(roles.values())
        shares.append(roles["body"] / known if known else -1.0)
    return shares


def segment_roles(article: Article) -> list[Counter[str]]:
    """How many characters of each segment have which role, by hand."""
    roles = gold_map(article)
    counted = []
    for segment in article.segments:
        stretch = range(segment.start, segment.end)
        counted.append(Counter(role for at in stretch if (role := roles[at]) and not article.raw[at].isspace()))
    return counted


def gold_map(article: Article) -> list[str | None]:
    """The role of each character of the raw text, by hand; None on lines without one."""
    roles: list[str | None] = [None] * len(article.raw)
    start = 0
    for number, line in enumerate(article.raw.split("\n")):
        role = article.gold["roles"].get(str(number))
        roles[start : start + len(line)] = [role] * len(line)
        for span in article.gold.get("spans") or []:
            at = line.find(span["text"]) if span["line"] == number else -1
            if at >= 0:
                roles[start + at : start + at + len(span["text"])] = [span["role"]] * len(span["text"])
        start += len(line) + 1
    return roles


class Alignment:
    """Blocks beside a gold body, both as words."""

    def __init__(self, blocks: Sequence[Sequence[str]], gold: Sequence[str]) -> None:
        self.blocks, self.gold = blocks, gold
        self.taken = np.zeros(len(gold) + 1, np.bool_)
        self.shares = [0.0] * len(blocks)
        self._threes: dict[tuple[str, ...], list[int]] = {}
        for at in range(len(gold) - 2):
            self._threes.setdefault(tuple(gold[at : at + 3]), []).append(at)
        candidates = [self._candidates(number) for number in range(len(blocks))]
        chain = best_chain([match for matches in candidates for match in matches])
        self._take_chain(chain)
        self._take_moved(candidates, {match.block for match in chain})
        self._take_short(chain, {matches[0].block for matches in candidates if matches})

    def _candidates(self, number: int) -> list[Match]:
        """Where a long block may stand, the likeliest places only, the last one first."""
        words = self.blocks[number]
        if len(words) < LONG:
            return []
        votes: Counter[int] = Counter()
        hits = 0
        for at in range(len(words) - 2):
            places = self._threes.get(tuple(words[at : at + 3]), [])
            hits += bool(places)
            if len(places) <= 5:  # a phrase that comes more often says nothing about the place
                votes.update(place - at for place in places)
        share = hits / (len(words) - 2)
        if share < FOUND or not votes:
            return []
        self.shares[number] = share
        most = max(votes.values())
        likely = sorted(place for place, count in votes.items() if count >= 0.7 * most)[:4]
        return [Match(number, place, place + len(words), len(words) * share) for place in reversed(likely)]

    def _take_chain(self, chain: Sequence[Match]) -> None:
        for match in chain:
            self.taken[max(0, match.start) : match.end] = True

    def _take_moved(self, candidates: Sequence[Sequence[Match]], chained: set[int]) -> None:
        """Blocks that stand in another order in the gold body. One that was there already is a duplicate: no story."""
        for matches in candidates:
            if not matches or matches[0].block in chained:
                continue
            stretch = self.taken[max(0, matches[-1].start) : matches[-1].end]
            if stretch.size and np.count_nonzero(~stretch) * 2 >= stretch.size:
                stretch[:] = True
            else:
                self.shares[matches[0].block] = 0.0

    def _take_short(self, chain: Sequence[Match], found: set[int]) -> None:
        order = [match.block for match in chain]
        for number, words in enumerate(self.blocks):
            if not words or number in found or not chain:
                continue
            after = bisect_left(order, number)
            first = max(0, chain[after - 1].end - 1) if after else 0
            last = min(len(self.gold), chain[after].start + 1) if after < len(chain) else len(self.gold)
            self._take_between(number, first, last)

    def _take_between(self, number: int, first: int, last: int) -> None:
        words = list(self.blocks[number])
        for at in range(first, last - len(words) + 1):
            if not self.taken[at] and list(self.gold[at : at + len(words)]) == words:
                self.taken[at : at + len(words)] = True
                self.shares[number] = 1.0
                return


def best_chain(matches: Sequence[Match]) -> list[Match]:
    """The heaviest matches that stand in the same order in both texts."""
    if not matches:
        return []
    blocks = np.array([match.block for match in matches])
    ends = np.array([match.end for match in matches])
    weights = np.zeros(len(matches))
    before = [-1] * len(matches)
    for number, match in enumerate(matches):
        fits = (blocks[:number] < match.block) & (ends[:number] <= match.start + 2)
        best = int(np.where(fits, weights[:number], 0).argmax()) if fits.any() else -1
        before[number] = best
        weights[number] = match.weight + (weights[best] if best >= 0 else 0)
    chain, at = [], int(weights.argmax())
    while at >= 0:
        chain.append(matches[at])
        at = before[at]
    return chain[::-1]
