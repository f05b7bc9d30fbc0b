"""What is told of each block: its own form, its words, its neighbours, its place, and its page.

All are whole numbers of 16 bits, so that a threshold cuts the same way on every machine. None knows a publisher, a
language or a word, but for the weights of words that training has learned (`lexicon`). A row a feature, a column a
segment. Blocks that rules have taken out are evidence: how far away which kind of them is, and how many are near.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from copydesk_blocks.characters import BAR, CAPITAL, COLON, COMMA, CRY, DIGIT, MARK, QUOTE, SIGN, SMALL, STOP, UNCASED
from copydesk_blocks.reading import PARAGRAPH, PLACES, read, sums

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from copydesk.document import Segment
    from copydesk_blocks.reading import Numbers, Reading

FAR = 400
"""A distance of so many blocks or more is far."""

LONG = 100
"""Characters from which on a block's words count as the story's, with the paragraphs'."""

LABEL = 4
"""Words up to which a line may be a label."""

COARSE = 2
"""Bits by which a word's place is shortened where words are counted: a smaller table is quicker to fill."""

TOP, PICTURE, LEGAL, AUTHOR, PROMO, RELATED, COMMENTS, END, CHROME = range(9)
GROUPS = 9
_ROLES = {
    TOP: "headline dek kicker byline dateline agency time",
    PICTURE: "caption credit",
    LEGAL: "notice copyright licence disclaimer correction pr",
    AUTHOR: "bio contributors",
    PROMO: "promo newsletter donate advert share cookie",
    RELATED: "related duplicate",
    COMMENTS: "comments",
    END: "tags end footer",
}
GROUP_OF_ROLE = {role: group for group, roles in _ROLES.items() for role in roles.split()}

COUNTED = {"tail": (AUTHOR, RELATED, COMMENTS, END), "promo": (PROMO,), "related": (RELATED,), "chrome": (CHROME,)}
"""What is counted above and below a block: a story ends where the second or third box of a page's tail has come."""

GAPS = (2, 8)
"""Paragraphs that stand at most so many blocks from one another are of one passage, what rules took out counted."""


class Tables(NamedTuple):
    """What reading needs: the kind and the small letter of each character, and the weight of each word's place.

    A weight is 16 times the logarithm of how much commoner the word is in clutter than in stories, by publishers.
    """

    kinds: NDArray[np.uint8]
    small: NDArray[np.uint64]
    lexicon: NDArray[np.int8]


class Page(NamedTuple):
    """The segments as the model sees them.

    standing: not taken out by a rule. open: standing, and nobody has decided. at: the places of those that stand.
    """

    standing: NDArray[np.bool_]
    open: NDArray[np.bool_]
    group: Numbers  # of the role of those that are out, else -1
    at: Numbers
    reading: Reading
    tables: Tables

    @property
    def size(self) -> int:
        return len(self.standing)


def laid_out(segments: Sequence[Segment], tables: Tables) -> Page:
    """The page that the segments make. Only what stands is read."""
    group = np.array([-1 if s.role == "body" else GROUP_OF_ROLE.get(s.role, CHROME) for s in segments], np.int64)
    standing = group < 0
    undecided = np.array([s.by is None for s in segments], np.bool_)
    texts = [s.text for s in segments if s.role == "body"]
    reading = read(texts, tables.kinds, tables.small)
    return Page(standing, standing & undecided, group, np.flatnonzero(standing), reading, tables)


FORM = (
    *("length", "words", "digits", "stops", "commas", "colons", "quotes", "bars", "marks", "cries", "first", "last"),
    *("paragraph", "share of digits", "capitals", "letters a word", "stops a word", "commas a word"),
)
VOCABULARY = (
    *("small words", "telling words", "never again", "times on the page", "blocks alike"),
    *("titled", "share of small words", "frequent words", "words that come again", "words that come twice"),
)
WEIGHTS = ("weight", "weight of the first", "weight against", "counted words", "weight a word", "against a word")
OWN = FORM + VOCABULARY + WEIGHTS
ROW = {name: row for row, name in enumerate(OWN)}

PLACE = (
    *("prose above", "prose below", "paragraphs above", "paragraphs below"),
    *("position", "from the top", "from the end"),
)
RUN = ("blocks of the run", "words of the run", "words a block of the run")
_PASSAGE = ("share of the prose", "beside the longest passage", "from the longest passage")
PASSAGES = (*(f"{name}, gaps of {gap}" for gap in GAPS for name in _PASSAGE), "words beside the longest passage's")
SUMS = ("prose", "short", "out", "titled", "words", "weight", "counted words")
_REACHES = (
    *(("prose", 1), ("prose", 3), ("prose", 8), ("short", 1), ("short", 3), ("short", 8), ("out", 3), ("out", 8)),
    *(("titled", 3), ("words", 3), ("weight", 2), ("weight", 5), ("weight", 12)),
    *(("counted words", 2), ("counted words", 5), ("counted words", 12)),
)
_FARTHEST = 12
AROUND = tuple(f"{name} within {reach}" for name, reach in _REACHES)

KINDS_OF_EVIDENCE = ("paragraph", "top", "picture", "legal", "author", "promo", "related", "comments", "end", "chrome")
EVIDENCE = (
    *(f"{name} {side}" for side in ("above", "below") for name in KINDS_OF_EVIDENCE),
    *(f"blocks of {name} {side}" for side in ("above", "below") for name in COUNTED),
)

LABELS = ("weight of the label", "blocks below the label", "heaviest label above")

_BESIDE = (
    *(("words", 1), ("words", 2), ("words", -1), ("words", -2), ("titled", 1), ("titled", 2), ("titled", -1)),
    *(("titled", -2), ("last", 1), ("last", 2), ("last", -1), ("first", 1), ("first", -1), ("stops", 1), ("stops", -1)),
    *(("words that come again", 1), ("words that come again", 2)),
    *(("words that come again", -1), ("words that come again", -2)),
    *(("weight a word", 1), ("weight a word", 2), ("weight a word", -1), ("weight a word", -2)),
    *(("group", 1), ("group", 2), ("group", -1)),
)
_REACH = 2
BESIDE = tuple(f"{name} {by:+d}" for name, by in _BESIDE)

PAGE = ("share of prose", "share out", "weight of the page", "headline found")
NAMES = OWN + PLACE + RUN + PASSAGES + AROUND + EVIDENCE + LABELS + BESIDE + PAGE


def features(page: Page) -> NDArray[np.int16]:
    """All features: a row for each of NAMES."""
    read_off = np.concatenate((form(page.reading), vocabulary(page.reading), weights(page)))
    own = np.full((len(OWN), page.size), -1)
    own[:, page.at] = read_off
    paragraph = own[ROW["paragraph"]] > 0
    where = place(page, own, paragraph), runs(page, own, paragraph), passages(own, paragraph)
    near = around(page, own, paragraph), evidence(page, paragraph), labels(page, own), beside(page, own)
    rows = np.concatenate((own, *where, *near, whole(page, read_off)))
    result: NDArray[np.int16] = np.minimum(np.maximum(rows, -0x8000), 0x7FFF).astype(np.int16)
    return result


_COUNTED = np.array([DIGIT, STOP, COMMA, COLON, QUOTE, BAR, MARK, CRY])
_LETTERS = np.array([SMALL, CAPITAL, UNCASED, SIGN])


def form(reading: Reading) -> Numbers:
    """How a block looks. Shares are of 256."""
    kinds = reading.kinds.T
    digits, stops, commas, *others, cries = kinds[_COUNTED]
    letters, stops = kinds[_LETTERS].sum(axis=0), stops + cries
    paragraph = reading.ends & (reading.words >= PARAGRAPH)
    first = (reading.length, reading.words, digits, stops, commas, *others, cries, reading.first, reading.last)
    words = np.maximum(reading.words, 1)
    parts = np.array((digits, kinds[CAPITAL], letters, stops, commas))
    wholes = np.array((np.maximum(reading.length, 1), np.maximum(letters, 1), words, words, words))
    return np.array((*first, paragraph, *(_SCALE * parts // wholes)))


_SCALE = np.array(((256,), (256,), (16,), (256,), (256,)))


def vocabulary(reading: Reading) -> Numbers:
    """How a block's words stand to the page: a teaser's do not come again in the story, the story's do."""
    length = reading.word_length
    capital, lettered = reading.word_kind == CAPITAL, reading.word_kind != DIGIT
    elsewhere, prose_words = _elsewhere(reading)
    content = (length >= 4) & lettered
    often = (elsewhere >= max(3, prose_words // 250)) & (length <= 5)
    small = (length <= 4) & lettered & ~capital
    again = content & (elsewhere > 0)
    marks = np.array((capital, small, often, again, again & (elsewhere > 1), content))
    counts = sums(reading, marks)
    words, telling = np.maximum(reading.words, 1), np.maximum(counts[5], 1)
    shares = 256 * counts[:5] // np.array((words, words, words, telling, telling))
    times = _times(reading.number), _times(_shapes(reading))
    return np.array((counts[1], counts[5], counts[5] - counts[3], *times, *shares))


def _elsewhere(reading: Reading) -> tuple[Numbers, int]:
    """How often each word stands in the long blocks, itself not counted; and how many words these have."""
    is_long = (reading.length >= LONG) | (reading.ends & (reading.words >= PARAGRAPH))
    places = reading.word_place >> COARSE
    in_prose = is_long[reading.word_block]
    table = np.bincount(places[in_prose], minlength=1 << (PLACES - COARSE))
    return table[places] - in_prose, int(np.count_nonzero(in_prose))


def _times(values: NDArray[np.generic]) -> Numbers:
    """How often each value is there."""
    ordered = np.sort(values)
    times: Numbers = ordered.searchsorted(values, "right") - ordered.searchsorted(values)
    return times


def _shapes(reading: Reading) -> Numbers:
    """A number that is the same for blocks alike: as long within a word, and with the same marks at both ends."""
    return (np.minimum(reading.words, 30) // 2 << 4 | reading.first) << 4 | reading.last


def weights(page: Page) -> Numbers:
    """What the learned weights of a block's words say: in all, a word, the first word, and those that speak against."""
    reading = page.reading
    weight = np.append(page.tables.lexicon[reading.word_place].astype(np.int64), 0)
    total, against = sums(reading, np.array((weight[:-1], np.maximum(weight[:-1], 0))))
    counted = np.diff(reading.bounds)
    first = weight[reading.bounds[:-1]] * (counted > 0)
    words = np.maximum(counted, 1)
    return np.array((total, first, against, words, 4 * total // words, 4 * against // words))


def place(page: Page, own: Numbers, paragraph: NDArray[np.bool_]) -> Numbers:
    """Where a block stands on the page and among its paragraphs."""
    order = np.arange(page.size)
    prose = own[ROW["length"]] * paragraph
    measures = np.array((prose, paragraph))
    through = np.cumsum(measures, axis=1)
    above, higher = through - measures
    below, lower = through[:, -1:] - through
    total = max(int(through[0, -1]), 1)
    shares = 1000 * above // total, 1000 * below // total, higher, lower
    return np.array((*shares, 1000 * order // page.size, order, order[::-1]))


def runs(page: Page, own: Numbers, paragraph: NDArray[np.bool_]) -> Numbers:
    """The run of paragraphs, or of lines, that a block stands in: what rules took out does not part it."""
    kind, words = paragraph[page.at], own[ROW["words"], page.at]
    run = np.cumsum(np.diff(kind, prepend=kind[:1]))
    blocks, total = np.bincount(run), np.bincount(run, words).astype(np.int64)
    result = np.full((len(RUN), page.size), -1)
    result[:, page.at] = np.array((blocks, total, 10 * total // blocks))[:, run]
    return result


def passages(own: Numbers, paragraph: NDArray[np.bool_]) -> Numbers:
    """The passage that a paragraph is of, and how a block stands to the longest: as a rule that is the story."""
    at = np.flatnonzero(paragraph)
    if not len(at):
        return np.full((len(PASSAGES), len(paragraph)), -1)
    words, length = own[ROW["words"]], own[ROW["length"], at]
    found = [_passages(at, length, len(paragraph), gap) for gap in GAPS]
    usual = words[at[found[-1][1, at] == _LONGEST]].mean()
    return np.concatenate((*found, (100 * words[None] / usual).astype(np.int64)))


def _passages(at: Numbers, length: Numbers, size: int, gap: int) -> Numbers:
    passage = np.cumsum(np.diff(at, prepend=at[:1]) > gap)
    lengths = np.bincount(passage, length).astype(np.int64)
    longest = at[passage == lengths.argmax()]
    order = np.arange(size)
    result = np.full((len(_PASSAGE), size), -1)
    result[:2, at] = np.array((1000 * lengths // lengths.sum(), _LONGEST * lengths // lengths.max()))[:, passage]
    result[2] = np.minimum(order - longest[0], 0) + np.maximum(order - longest[-1], 0)
    return result


_LONGEST = 1000


def around(page: Page, own: Numbers, paragraph: NDArray[np.bool_]) -> Numbers:
    """How much of a kind stands within so many places above and below, the place itself included."""
    count = page.size
    standing = np.array([own[ROW[name]] for name in ("titled", "words", "weight", "counted words")]) * page.standing
    prose = own[ROW["length"]] * paragraph
    values = np.array((prose, page.standing & ~paragraph, ~page.standing, *standing))
    total = np.empty((len(values), count + 2 * _FARTHEST + 1), np.int64)
    total[:, : _FARTHEST + 1] = 0
    np.cumsum(values, axis=1, out=total[:, _FARTHEST + 1 : _FARTHEST + 1 + count])
    total[:, _FARTHEST + 1 + count :] = total[:, [_FARTHEST + count]]
    middle = np.arange(_FARTHEST, _FARTHEST + count)
    result: Numbers = total[_SUMMED, middle + _REACHED + 1] - total[_SUMMED, middle - _REACHED]
    result[_WEIGHED] = 4 * result[_WEIGHED] // np.maximum(result[_COUNTED_WORDS], 1)
    return result


_SUMMED = np.array([[SUMS.index(name)] for name, _ in _REACHES])
_REACHED = np.array([[reach] for _, reach in _REACHES])
_WEIGHED = slice(AROUND.index("weight within 2"), AROUND.index("weight within 12") + 1)
_COUNTED_WORDS = slice(AROUND.index("counted words within 2"), len(AROUND))


def evidence(page: Page, paragraph: NDArray[np.bool_]) -> Numbers:
    """How far it is to the next paragraph, and to the next block that a rule took out, by what it took it for.

    And how many of these stand above and below.
    """
    groups = page.group == _GROUPS
    counted = np.array([groups[list(of)].any(axis=0) for of in COUNTED.values()])
    above = np.cumsum(counted, axis=1)
    return np.concatenate((*distances(np.concatenate((paragraph[None], groups))), above, above[:, -1:] - above))


_GROUPS = np.arange(GROUPS)[:, None]


def labels(page: Page, own: Numbers) -> Numbers:
    """What the nearest short line above says, and how far above it stands: what follows `Comments` are comments.

    And what the heaviest short line of all above says, for a label opens more than one block.
    """
    size = own[ROW["words"]]
    is_label = page.standing & (size > 0) & (size <= LABEL)
    order = np.arange(page.size)
    at = np.maximum.accumulate(np.where(is_label, order, -1))
    above = np.concatenate(([-1], at[:-1]))
    weight = own[ROW["weight a word"]]
    heaviest = np.maximum.accumulate(np.where(is_label, weight, _LIGHT))
    return np.array((np.where(above < 0, 0, weight[above]), order - above, np.append(_LIGHT, heaviest[:-1])))


_LIGHT = -256


def beside(page: Page, own: Numbers) -> Numbers:
    """The blocks beside it: two above, two below. -1 where a rule took one out or the page ends."""
    padded = np.full((len(OWN) + 1, page.size + 2 * _REACH), -1)
    padded[:-1, _REACH:-_REACH] = own
    padded[-1] = -2
    padded[-1, _REACH:-_REACH] = page.group
    result: Numbers = padded[_OF, np.arange(_REACH, _REACH + page.size) + _BY]
    return result


_OF = np.array([[ROW.get(name, len(OWN))] for name, _ in _BESIDE])
_BY = np.array([[by] for _, by in _BESIDE])


def whole(page: Page, read_off: Numbers) -> Numbers:
    """What the page is like: the same for all its blocks.

    Shares only. Told how many blocks a page has, and how much prose, the trees know its publisher again.
    """
    length, weight, counted = read_off[_TOTALLED].sum(axis=1).tolist()
    prose = int((read_off[ROW["length"]] * read_off[ROW["paragraph"]]).sum())
    out = page.size - len(page.at)
    facts = (1000 * prose // max(length, 1), 1000 * out // page.size, 4 * weight // max(counted, 1), TOP in page.group)
    return np.repeat(np.array(facts)[:, None], page.size, axis=1)


_TOTALLED = [ROW[name] for name in ("length", "weight", "counted words")]


def distances(marks: NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
    """How far it is to the next mark above, and below: in each row, FAR where there is none so near."""
    count = marks.shape[-1]
    order = np.arange(count)
    above = np.full(marks.shape, FAR)
    below = np.full(marks.shape, FAR)
    seen = np.maximum.accumulate(np.where(marks, order, -FAR - 1), axis=-1)
    above[..., 1:] = np.minimum(order[1:] - seen[..., :-1], FAR)
    coming = np.minimum.accumulate(np.where(marks, order, count + FAR)[..., ::-1], axis=-1)[..., ::-1]
    below[..., :-1] = np.minimum(coming[..., 1:] - order[:-1], FAR)
    return above, below
