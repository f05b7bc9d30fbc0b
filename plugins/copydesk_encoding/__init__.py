"""Repairs of text that went through the wrong encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import copydesk
from copydesk_encoding.stage import repair_encoding

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["register_stages", "repair_encoding"]


@copydesk.hookimpl
def register_stages(register: Callable[[Any], None]) -> None:
    register(repair_encoding)
