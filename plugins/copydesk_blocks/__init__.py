"""Story and clutter told apart by a learned model: the stage `remove_clutter`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import copydesk
from copydesk_blocks.stage import remove_clutter

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["remove_clutter"]


@copydesk.hookimpl
def register_stages(register: Callable[[Any], None]) -> None:
    register(remove_clutter)
