"""Trees that ask the same question on each level, all blocks and all trees at once.

A tree of depth six has six questions, `is this feature above that number`; the six answers are the number of the leaf.
So there is no walking down: as many comparisons as there are levels, and one look-up. Leaves are whole numbers, 1024 a
unit of log odds, so that sums are the same on every machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

UNIT = 1024
"""What a leaf counts for one unit of log odds."""

_AT_ONCE = 512
"""Blocks that are asked at once: more would need more room than a processor has near."""


class Forest(NamedTuple):
    """Trees laid out by level. `leaves` has a row a leaf, all trees' one after another, and a column a class."""

    rows: NDArray[np.int64]  # of the feature that is asked for: level by level
    cuts: NDArray[np.int16]
    leaves: NDArray[np.int16]
    bias: NDArray[np.int32]
    trees: int

    def __call__(self, features: NDArray[np.int16]) -> NDArray[np.int32]:
        """The sums of the leaves: a row a block, a column a class."""
        pieces = [self._sums(features[:, at : at + _AT_ONCE]) for at in range(0, features.shape[1], _AT_ONCE)]
        return np.concatenate(pieces) if pieces else np.zeros((0, len(self.bias)), np.int32)

    def _sums(self, features: NDArray[np.int16]) -> NDArray[np.int32]:
        answers = (features.take(self.rows, axis=0) > self.cuts).view(np.uint8)
        answers = answers.reshape(-1, self.trees, features.shape[1])
        leaf = answers[0].astype(np.uint8)
        for level in range(1, len(answers)):
            leaf |= answers[level] << np.uint8(level)
        size = 1 << len(answers)
        place = leaf + np.arange(0, size * self.trees, size)[:, None]
        if self.leaves.shape[1] == 1:  # one class: numbers in a row are quicker to add up
            sums: NDArray[np.int32] = self.leaves[:, 0].take(place).sum(axis=0, dtype=np.int32)
            return (sums + self.bias)[:, None]
        total: NDArray[np.int32] = self.leaves.take(place, axis=0).sum(axis=0, dtype=np.int32) + self.bias
        return total


def grown(trees: Sequence[Tree], bias: Sequence[float]) -> Forest:
    """A forest of trees as training gives them, all of one depth."""
    cuts = np.array([tree.cuts for tree in trees]).T
    leaves = np.concatenate([tree.leaves for tree in trees])
    return Forest(
        np.array([tree.rows for tree in trees], np.int64).T.ravel(),
        np.clip(np.floor(cuts), -0x8000, 0x7FFF).astype(np.int16).reshape(-1, 1),
        np.clip(np.rint(leaves * UNIT), -0x8000, 0x7FFF).astype(np.int16),
        np.rint(np.array(bias) * UNIT).astype(np.int32),
        len(trees),
    )


class Tree(NamedTuple):
    """A tree as training gives it: of each level the feature and the cut, of each leaf a number for each class."""

    rows: Sequence[int]
    cuts: Sequence[float]
    leaves: NDArray[np.float64]


def packed(name: str, forest: Forest) -> dict[str, NDArray[np.generic]]:
    """The forest as arrays of a model file."""
    return {
        f"{name} rows": forest.rows.astype(np.uint8),
        f"{name} cuts": forest.cuts,
        f"{name} leaves": forest.leaves,
        f"{name} bias": forest.bias,
        f"{name} trees": np.array(forest.trees),
    }


def unpacked(name: str, arrays: Mapping[str, NDArray[np.generic]]) -> Forest:
    """The forest that was packed."""
    rows, cuts, leaves, bias, trees = (arrays[f"{name} {part}"] for part in ("rows", "cuts", "leaves", "bias", "trees"))
    return Forest(
        rows.astype(np.int64), cuts.astype(np.int16), leaves.astype(np.int16), bias.astype(np.int32), int(trees)
    )
