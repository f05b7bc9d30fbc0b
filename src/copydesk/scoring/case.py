"""One document to measure, and what a measure is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Span(msgspec.Struct, frozen=True):
    """A stretch of a line, in its own words, that has another role than the line."""

    line: int | str
    role: str
    text: str


class Named(msgspec.Struct, frozen=True):
    """An author as a record has them; of a gold one only the name counts."""

    name: str | None = None


class Gold(msgspec.Struct, frozen=True):
    """What should come out of one document. What is not here is not measured; an empty list says that there is none.

    body_has_dek: the body begins with the dek, which is a field of its own in a record. roles: the role of each line by
    its number, from 0; spans: stretches inside lines with another role.
    """

    body: str | None = None
    body_has_dek: bool = False
    headline: str | None = None
    authors: list[str | Named] | None = None
    photo_credits: list[str] | None = None
    captions: list[str] | None = None
    dateline: dict[str, str | None] | None = None
    language: str | None = None
    roles: dict[str, str] | None = None
    spans: list[Span] | None = None


class Case(NamedTuple):
    """One document to measure: its gold, the record that came out (empty where none did), and the raw text."""

    gold: Gold
    out: Mapping[str, Any]
    raw: str


Sums = dict[Any, float]
"""What adds up over documents."""

Differences = tuple[list[str], list[str]]
"""What was lost, and what is there that should not be."""


class Measure(NamedTuple):
    """One measure: a document's sums, what sums come to, what differs in it, and how well it did, from 0 to 1."""

    sums: Callable[[Case], Sums]
    closed: Callable[[Sums], dict[str, Any]]
    differ: Callable[[Case], Differences]
    value: Callable[[dict[str, Any]], float]


def valued(key: str) -> Callable[[dict[str, Any]], float]:
    """How well a document did where one figure says it; one without that figure did nothing wrong."""
    return lambda result: float(result.get(key, 1.0))
