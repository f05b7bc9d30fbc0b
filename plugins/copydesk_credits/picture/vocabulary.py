"""The words of the picture desk, picture_words.yaml, for the code that reads credits and captions."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Collection


@cache
def picture_words() -> dict[str, Any]:
    """The lists of picture_words.yaml by their names."""
    source = files("copydesk_credits") / "rules" / "picture_words.yaml"
    words: dict[str, Any] = yaml.safe_load(source.read_text(encoding="utf-8"))["words"]
    return words


def either(words: Collection[str]) -> str:
    """A pattern for any of some words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))
