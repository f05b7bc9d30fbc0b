"""The hooks that a plugin can implement, and the mark that says it does.

@copydesk.hookimpl
def register_stages(register): ...
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Callable

hookspec = pluggy.HookspecMarker("copydesk")
hookimpl = pluggy.HookimplMarker("copydesk")


@hookspec
def register_stages(register: Callable[[Any], None]) -> None:
    """Offer stages: call `register` with each function or class."""


@hookspec
def register_language_engines(register: Callable[[Any], None]) -> None:
    """Offer language engines: call `register` with each class; an instance maps a text to (code, confidence)."""


@dataclass(frozen=True, slots=True)
class Offered:
    """Says that an option names something that plugins offer; the pipeline hands the stage the thing itself.

    def __init__(self, *, engine: Annotated[str, Offered("language_engines")] = "profiles") -> None: ...
    """

    hook: str
