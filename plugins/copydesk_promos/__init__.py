"""What a page adds to a story: invitations, menus, comments, other people's stories. Rules by role, a pack a
language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import copydesk
from copydesk_promos.chrome import remove_chrome
from copydesk_promos.promos import remove_promos
from copydesk_promos.related import remove_related

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["remove_chrome", "remove_promos", "remove_related"]


@copydesk.hookimpl
def register_stages(register: Callable[[Any], None]) -> None:
    for stage in (remove_promos, remove_chrome, remove_related):
        register(stage)
