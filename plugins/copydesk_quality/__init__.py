"""What is odd about a whole text, told by flags: the stage `flag_quality`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import copydesk
from copydesk_quality.stage import flag_quality

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["flag_quality"]


@copydesk.hookimpl
def register_stages(register: Callable[[Any], None]) -> None:
    register(flag_quality)
