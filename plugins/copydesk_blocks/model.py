"""The model as it is shipped, and how a page is judged by it.

model.npz is made by train.py. It holds the tables of characters, the weights of words, and two forests: one tells
clutter from story, one tells which clutter it is.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from math import log
from typing import IO, TYPE_CHECKING, NamedTuple

import numpy as np

from copydesk_blocks.features import NAMES, Tables, features, laid_out
from copydesk_blocks.rails import Bars
from copydesk_blocks.trees import UNIT, Forest, packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from copydesk.document import Segment

SURE = UNIT // 4
"""By so much the likeliest role must lead the second: it is a quarter likelier."""


def odds(chance: float) -> int:
    """A chance as the model tells it: log odds in whole numbers."""
    return round(UNIT * log(chance / (1 - chance)))


BESIDE = 0.8
"""How sure the model must be of a sentence beside the story. Of those that it gave 0.8 to 0.9, one in four was the
story's; of those that it gave less, from a half up, nearly every other. Asking for 0.9 leaves a hundredth more of the
clutter."""

WITHIN = 0.6
"""And of a line between two blocks that stay, or of an item of a list or a row of a table. Of the lines there that it
gave 0.4 to 0.6 six in ten were the story's: cross-heads, ingredients, results."""

MORE_IF_FOREIGN = UNIT
"""What a sentence in other letters than Latin must have in addition: 0.73 for 0.5, 0.96 for 0.9. A dozen publishers of
769 have such letters, and the last sentence of a short Arabic story was taken for a teaser with 0.6."""

LESS_BEHIND = 3 * UNIT
"""By how much less a line leaves in the tail of the page: 0.05 for 0.5. Of 486 lines there that it gave less than a
half, of twenty publishers, one was the story's."""

BEHIND = 0.6
"""And of a sentence beside the story in the tail of the page. Of those that it gave less, one in six was the story's on
the pages of the sets, whose stories are long; on 114 pages with three to six paragraphs, written to try this, eight in
nine were. A box of two titles within the story looks like the beginning of the tail."""


def bars(threshold: float) -> Bars:
    """The odds that blocks need to leave."""
    line = odds(threshold)
    return Bars(
        line=line,
        line_within=odds(max(threshold, WITHIN)),
        sentence_beside=odds(max(threshold, BESIDE)),
        more_if_foreign=MORE_IF_FOREIGN,
        line_behind=line - LESS_BEHIND,
        sentence_behind=odds(max(threshold, BEHIND)),
    )


class Model(NamedTuple):
    tables: Tables
    clutter: Forest
    role: Forest
    roles: tuple[str, ...]


class Judgement(NamedTuple):
    """What the model says of the open blocks. `odds`: log odds of clutter, 1024 a unit."""

    at: NDArray[np.int64]  # their places among the segments
    odds: NDArray[np.int32]
    rows: NDArray[np.int16]  # their features


def judged(segments: Sequence[Segment], model: Model) -> Judgement:
    """The odds of the blocks that nobody has decided about."""
    page = laid_out(segments, model.tables)
    rows = features(page)[:, page.open]
    return Judgement(np.flatnonzero(page.open), model.clutter(rows)[:, 0], rows)


def roles(rows: NDArray[np.int16], model: Model) -> list[str]:
    """The likeliest role of each block, `other` where the second is nearly as likely."""
    scores = model.role(rows)
    best = scores.argmax(axis=1)
    ordered = np.sort(scores, axis=1)
    sure = ordered[:, -1] - ordered[:, -2] >= SURE
    return [model.roles[number] if is_sure else "other" for number, is_sure in zip(best, sure, strict=True)]


@cache
def shipped() -> Model:
    """The model of this package. Nothing can write to it, so that all threads may read it."""
    with files(__package__).joinpath("model.npz").open("rb") as file:
        return read_model(file)


def load(path: Path | None) -> Model:
    """A model file of one's own, or the one that is shipped. Raises ValueError where the file is no such thing."""
    if path is None:
        return shipped()
    try:
        with path.open("rb") as file:
            return read_model(file)
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(f"`{path.name}` cannot be read as a model ({error}); make one with `make train`") from error


def read_model(file: IO[bytes]) -> Model:
    with np.load(file) as arrays:
        if tuple(map(str, arrays["features"])) != NAMES:
            raise ValueError("it was trained with other features")
        tables = Tables(arrays["kinds"], arrays["small"].astype(np.uint64), arrays["lexicon"])
        model = Model(tables, unpacked("clutter", arrays), unpacked("role", arrays), tuple(map(str, arrays["roles"])))
    for array in (*tables, *model.clutter[:-1], *model.role[:-1]):
        array.setflags(write=False)
    return model


def write_model(model: Model, path: Path) -> None:
    """Write the model: the same bytes for the same model, for NumPy puts no time into its archives."""
    np.savez_compressed(
        path,
        allow_pickle=False,
        features=np.array(NAMES),
        kinds=model.tables.kinds,
        small=model.tables.small.astype(np.uint16),
        lexicon=model.tables.lexicon,
        roles=np.array(model.roles),
        **packed("clutter", model.clutter),
        **packed("role", model.role),
    )
