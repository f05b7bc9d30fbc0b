"""One rule, as it stands in a rule file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

Count = Annotated[int, msgspec.Meta(ge=1)]
SHORT = 25
"""Words. A rule that takes a whole block takes none that is longer, unless it says so itself with `at_most`."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One rule. `where` and `zone` say where it may stand, `takes` what it marks; the guards are about the block.

    where: the pattern is the whole block, its start, its end, or anywhere inside.
    zone: head and tail reach to the third paragraph of the story from that end; edges are both.
    takes: the block, the sentences that the match lies in, or the match alone.
    """

    id: str
    role: str
    pattern: tuple[str, ...]
    where: Literal["whole", "start", "end", "inside"] = "whole"
    zone: Literal["head", "tail", "edges", "anywhere"] = "anywhere"
    takes: Literal["block", "sentence", "match"] = "block"
    case: Literal["any", "exact"] = "any"
    at_least: Count | None = None
    at_most: Count | None = None
    unless: tuple[str, ...] = ()
    apart: bool = False
    """Whether it is asked apart from its file's other rules: for one with patterns that wait for much at once, and so
    slow down all that are asked with them."""

    about: str = ""
    examples: tuple[str, ...] = ()
    counter_examples: tuple[str, ...] = ()
    place: str = ""
    """Where the rule stands: file:line."""

    order: tuple[str, int] = ("", 0)
    """The file's name, and the rule's line in it: of two that match the same, the first in the file counts."""

    regexes: tuple[str, ...] = ()
    vetoes: tuple[str, ...] = ()

    home: Any = None
    """The Home of the file that the rule stands in."""

    @property
    def longest(self) -> int | None:
        """The most words that the block may have; None where any number will do."""
        return self.at_most or (SHORT if self.takes == "block" else None)

    @property
    def short(self) -> bool:
        """Whether the rule looks at short blocks alone."""
        return self.longest is not None and self.longest <= SHORT
