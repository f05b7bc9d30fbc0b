"""The language of the story: the stage `detect_language`, and the engines it can ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import copydesk
from copydesk_language.engines import ENGINES
from copydesk_language.stage import detect_language

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["detect_language"]


@copydesk.hookimpl
def register_stages(register: Callable[[Any], None]) -> None:
    register(detect_language)


@copydesk.hookimpl
def register_language_engines(register: Callable[[Any], None]) -> None:
    for engine in ENGINES:
        register(engine)
