"""Typography: odd spaces, quotes the wrong way round, lines broken at a column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import copydesk
from copydesk_typography.lines import join_lines
from copydesk_typography.punctuation import normalize_punctuation
from copydesk_typography.space import normalize_space

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["join_lines", "normalize_punctuation", "normalize_space"]


@copydesk.hookimpl
def register_stages(register: Callable[[Any], None]) -> None:
    for stage in (normalize_space, normalize_punctuation, join_lines):
        register(stage)
