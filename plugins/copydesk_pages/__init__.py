"""What a page says of itself, as facts: the stage `fill_from_page`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import copydesk
from copydesk_pages.stage import fill_from_page

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["fill_from_page"]


@copydesk.hookimpl
def register_stages(register: Callable[[Any], None]) -> None:
    register(fill_from_page)
