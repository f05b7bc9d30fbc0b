"""Fits a model to articles.

The weights of words are learned from the same articles as the trees. So that trees do not trust them too much, each
article's features are made with weights learned from other publishers' articles: publishers are dealt into FOLDS heaps.
"""

from __future__ import annotations

import json
from copy import copy
from functools import cache
from importlib import import_module
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

import numpy as np

from copydesk_blocks import characters
from copydesk_blocks.features import Page, Tables, features, laid_out
from copydesk_blocks.model import Model
from copydesk_blocks.reading import PLACES
from copydesk_blocks.training.gold import segment_roles, story_shares
from copydesk_blocks.training.shortened import shortened
from copydesk_blocks.trees import Forest, Tree, grown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from copydesk.document import Segment
    from copydesk_blocks.training.articles import Article

FOLDS = 5

WEIGHT_OF_SET = {
    "pages_fundus": 1.5,
    "extracted_fundus": 1.5,
    "pages_wcxb": 1.0,
    "extracted_wcxb": 0.8,
    "roles": 1.0,
    "stories_abc": 0.15,
    "wire_reuters": 0.15,
}
"""News counts more than the articles of all kinds in wcxb; the two thousand clean stories are of two publishers."""

TREES = {"iterations": 300, "learning_rate": 0.1, "depth": 6, "l2_leaf_reg": 6, "rsm": 0.3}
ROLE_TREES = {"iterations": 100, "learning_rate": 0.15, "depth": 5, "l2_leaf_reg": 6, "rsm": 0.3}
_ALWAYS = {
    "border_count": 64,
    "random_seed": 1,
    "thread_count": 2,  # with another count other trees come out
    "verbose": 0,
    "boosting_type": "Plain",
    "bootstrap_type": "Bernoulli",
    "subsample": 0.8,
    "random_strength": 0.5,
    "allow_writing_files": False,
}
LEAST_PUBLISHERS = 6
"""A word that fewer publishers use has no weight."""

LEAST_BLOCKS = 25
"""A role with fewer labelled blocks cannot be learned."""

UNTAUGHT = frozenset(("body", "comments", "duplicate", "other"))
"""Labels that name no role to learn. Comments are the rules' to know: of what these left, one in ten that the model
took for a comment was one."""

SHORT_STORIES = ("pages_fundus", "extracted_fundus", "pages_wcxb", "extracted_wcxb", "roles")
"""Sets of whose pages copies with a short story are learned from, too."""

WEIGHT_OF_SHORT = 0.5
"""Of such a copy, beside its page."""

STORY_OF_SHORT = 0.3
"""Of the weight that is not the story's on the page, so much more is the story's in the copy. As it comes, a short
page is mostly clutter, and a model learns that: it took more of short stories, not less."""

VEILED = frozenset(("bio", "promo", "related"))
"""Roles that are learned from rules' marks, too: by hand, 380 open blocks of these are labelled. `related` rose from an
F1 of 0.52 to 0.60, `bio` from 0.58 to 0.69. Marks of menus would teach that nearly all is a menu, and those of rights,
of buttons and of newsletters that a line needs no formula to be one: these roles fell."""

VEILED_BLOCKS = 6
"""So many of a role on a page: a page of two hundred teasers is one page."""


class Lesson(NamedTuple):
    """An article to learn from: its page, its open blocks, and what they are."""

    set: str
    publisher: str
    page: Page
    at: NDArray[np.int64]  # the open blocks of which the answer is known, as places among the segments
    shares: NDArray[np.float64]  # of them, how much is the story's
    roles: tuple[str, ...]  # of them, where they are known, else empty
    story: float | None = None  # which share of the weight the story shall have; None: as it comes

    @property
    def fold(self) -> int:
        return fold_of(self.publisher)


def fold_of(publisher: str) -> int:
    return crc32(f"x{publisher}".encode()) % FOLDS


@cache
def bare_tables() -> Tables:
    """Tables with no weights of words."""
    lexicon = np.zeros(1 << PLACES, np.int8)
    return Tables(characters.kinds(), characters.small_letters().astype(np.uint64), lexicon)


def lessons(articles: Iterable[Article]) -> list[Lesson]:
    """What there is to learn from each article, and from its copy with a short story.

    Nothing where there is no gold answer, or no open block.
    """
    found = []
    for article in articles:
        shares = story_shares(article)
        if shares is None or not any(segment.role == "body" for segment in article.segments):
            continue
        found.append(_lesson(article, shares))
        short = _short_copy(article, shares, "taught")
        if short:
            found.append(_lesson(*short)._replace(story=_more_story(found[-1])))
    return found


def short_copies(articles: Iterable[Article], seed: str) -> list[tuple[Article, list[float]]]:
    """Copies of the pages with a short story, with their segments' shares of the story. Another seed, other copies."""
    known = ((article, story_shares(article)) for article in articles if article.set in SHORT_STORIES)
    copies = (_short_copy(article, shares, seed) for article, shares in known if shares)
    return list(filter(None, copies))


def _short_copy(article: Article, shares: Sequence[float], seed: str) -> tuple[Article, list[float]] | None:
    return shortened(article, shares, seed) if article.set in SHORT_STORIES else None


def _more_story(lesson: Lesson) -> float:
    """Which share of the weight the story has in a page, and STORY_OF_SHORT of the rest."""
    weights = by_length(lesson)
    story = float(weights[lesson.shares >= 0.5].sum() / max(weights.sum(), 1e-9))
    return story + STORY_OF_SHORT * (1 - story)


def _lesson(article: Article, shares: Sequence[float]) -> Lesson:
    page = laid_out(article.segments, bare_tables())
    at = np.flatnonzero(page.open & (np.array(shares) >= 0))
    return Lesson(article.set, article.publisher, page, at, np.array(shares)[at], _roles(article, at))


def _roles(article: Article, at: NDArray[np.int64]) -> tuple[str, ...]:
    if "roles" not in article.gold:
        return ()
    counted = segment_roles(article)
    return tuple(counted[place].most_common(1)[0][0] for place in at.tolist())


def veiled(articles: Iterable[Article]) -> list[Lesson]:
    """The articles as if rules had missed every other of their boxes: which role each block of these has, they told.

    Where the hand has told, too, it is believed instead.
    """
    tables = bare_tables()
    found = []
    for article in articles:
        missed = {} if "roles" in article.gold else _every_other_box(article)
        if missed:
            segments = [_undecided(s) if place in missed else s for place, s in enumerate(article.segments)]
            at = _some_of_each(missed)
            roles = tuple(missed[place] for place in at)
            page = laid_out(segments, tables)
            found.append(Lesson(article.set, article.publisher, page, np.array(at), np.zeros(len(at)), roles))
    return found


def _every_other_box(article: Article) -> dict[int, str]:
    """The places of the blocks in half of the boxes, with their roles. A box is a run of one role."""
    missed: dict[int, str] = {}
    runs = groupby(enumerate(article.segments), key=lambda pair: pair[1].role)
    for number, (role, run) in enumerate(runs):
        if role in VEILED and crc32(f"{article.id} {number}".encode()) & 1:
            missed |= {place: role for place, _ in run}
    return missed


def _undecided(segment: Segment) -> Segment:
    forgotten = copy(segment)
    forgotten.role, forgotten.by = "body", None
    return forgotten


def _some_of_each(roles: Mapping[int, str]) -> list[int]:
    """Places of no more than VEILED_BLOCKS blocks of each role, spread over the page."""
    chosen: list[int] = []
    for role in set(roles.values()):
        places = [place for place, one in roles.items() if one == role]
        chosen += places[:: max(1, len(places) // VEILED_BLOCKS)][:VEILED_BLOCKS]
    return sorted(chosen)


def word_weights(lessons: Iterable[Lesson]) -> NDArray[np.int8]:
    """How much commoner each word is in clutter than in stories: by publishers, so that none is louder than others."""
    size = 1 << PLACES
    heaps: dict[str, NDArray[np.int64]] = {}
    for lesson in lessons:
        known = np.zeros(lesson.page.size, np.int64)
        known[lesson.at] = np.where(lesson.shares < 0.5, 2, 1)
        reading = lesson.page.reading
        which = known[lesson.page.at][reading.word_block]
        places = reading.word_place + size * (which - 1)
        counts = np.bincount(places[(which > 0) & (reading.word_length >= 2)], minlength=2 * size)
        heaps[lesson.publisher] = heaps.get(lesson.publisher, 0) + counts
    rates, publishers = np.zeros((2, size)), np.zeros(size)
    for counts in heaps.values():
        story_and_clutter = counts.reshape(2, size)
        totals = np.maximum(story_and_clutter.sum(axis=1, keepdims=True), 200)
        rates += np.minimum(1e4 * story_and_clutter / totals, 40)
        publishers += story_and_clutter.any(axis=0)
    story, clutter = rates / max(len(heaps), 1) + 1 / 8
    weight = 16 * np.log(clutter / story) * publishers / (publishers + LEAST_PUBLISHERS)
    weight[publishers < LEAST_PUBLISHERS] = 0
    result: NDArray[np.int8] = np.clip(np.rint(weight), -60, 60).astype(np.int8)
    return result


def rows_of(lesson: Lesson, lexicon: NDArray[np.int8]) -> NDArray[np.int16]:
    page = lesson.page._replace(tables=lesson.page.tables._replace(lexicon=lexicon))
    return features(page)[:, lesson.at].T


def fitted(lessons: Sequence[Lesson], boxes: Sequence[Lesson]) -> Model:
    """A model of these lessons. From boxes that were veiled it learns roles alone."""
    others = {fold: word_weights([one for one in lessons if one.fold != fold]) for fold in range(FOLDS)}
    rows = [rows_of(lesson, others[lesson.fold]) for lesson in lessons]
    labels = np.concatenate([lesson.shares < 0.5 for lesson in lessons]).astype(np.int8)
    weights = np.concatenate([sample_weights(lesson) for lesson in lessons])
    clutter = boosted(np.concatenate(rows).astype(np.float32), labels, weights, **TREES)
    box_rows = [rows_of(box, others[box.fold]) for box in boxes]
    role, names = role_forest([*lessons, *boxes], [*rows, *box_rows])
    return Model(bare_tables()._replace(lexicon=word_weights(lessons)), clutter, role, names)


def sample_weights(lesson: Lesson) -> NDArray[np.float64]:
    """How much each block counts: by its length, and in a copy with a short story the story as much as it shall."""
    weights = by_length(lesson)
    if lesson.story is None:
        return weights
    is_story = lesson.shares >= 0.5
    told, others = weights[is_story].sum(), weights[~is_story].sum()
    if told and others:
        weights *= (told + others) * np.where(is_story, lesson.story / told, (1 - lesson.story) / others)
    return WEIGHT_OF_SHORT * weights


def by_length(lesson: Lesson) -> NDArray[np.float64]:
    """A long block counts more than a short one, a long article hardly more than a short one, a half block nothing."""
    words = lesson.page.reading.words
    size = np.zeros(lesson.page.size)
    size[lesson.page.at] = np.sqrt(np.clip(words, 1, 150))
    size[~lesson.page.open] = 0
    size /= (30 + size.sum()) / (100 * WEIGHT_OF_SET[lesson.set])
    weights: NDArray[np.float64] = size[lesson.at] * np.abs(2 * lesson.shares - 1)
    return weights


def role_forest(lessons: Sequence[Lesson], rows: Sequence[NDArray[np.int16]]) -> tuple[Forest, tuple[str, ...]]:
    """The trees that tell which clutter it is, from the blocks labelled by hand or by rules."""
    table, names = [], []
    for lesson, block_rows in zip(lessons, rows, strict=True):
        for role, row in zip(lesson.roles, block_rows if lesson.roles else (), strict=True):
            if role not in UNTAUGHT:
                table.append(row)
                names.append(role)
    counted = {name: names.count(name) for name in sorted(set(names))}
    known = tuple(name for name, count in counted.items() if count >= LEAST_BLOCKS)
    labels = np.array([known.index(name) if name in known else len(known) for name in names])
    kept = labels < len(known)
    forest = boosted(np.array(table, np.float32)[kept], labels[kept], np.ones(int(kept.sum())), **ROLE_TREES)
    return forest, known


def boosted(
    rows: NDArray[np.float32], labels: NDArray[np.generic], weights: NDArray[np.float64], **options: Any
) -> Forest:
    """Trees boosted by CatBoost, as ours."""
    catboost = import_module("catboost")
    model = catboost.CatBoostClassifier(**_ALWAYS, **options)
    model.fit(rows, labels, sample_weight=weights)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "trees.json"
        model.save_model(str(path), format="json")
        told = json.loads(path.read_text("utf-8"))
    scale, bias = told["scale_and_bias"]
    classes = len(bias)
    depth = max(len(tree["splits"]) for tree in told["oblivious_trees"])
    trees = [_tree(tree, depth, classes, scale) for tree in told["oblivious_trees"]]
    return grown(trees, bias)


def _tree(told: dict[str, Any], depth: int, classes: int, scale: float) -> Tree:
    """A tree of the wanted depth: where one has fewer levels, the last questions are never answered with yes."""
    splits = told["splits"]
    missing = depth - len(splits)
    leaves = np.array(told["leaf_values"], np.float64).reshape(-1, classes) * scale
    return Tree(
        [split["float_feature_index"] for split in splits] + [0] * missing,
        [split["border"] for split in splits] + [float(0x7FFF)] * missing,
        np.tile(leaves, (1 << missing, 1)),
    )
