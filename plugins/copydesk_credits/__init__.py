"""The facts printed around a story: headline, byline, dateline, agencies, credits, notices, rights, times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import copydesk
from copydesk_credits.agencies import extract_agency
from copydesk_credits.bylines import extract_byline
from copydesk_credits.datelines import extract_dateline
from copydesk_credits.headlines import find_headline
from copydesk_credits.notices import extract_notice
from copydesk_credits.pictures import extract_credits
from copydesk_credits.published import extract_published
from copydesk_credits.rights import extract_rights

if TYPE_CHECKING:
    from collections.abc import Callable

STAGES = (
    extract_notice,
    extract_rights,
    extract_credits,
    extract_published,
    extract_byline,
    find_headline,
    extract_dateline,
    extract_agency,
)


@copydesk.hookimpl
def register_stages(register: Callable[[Any], None]) -> None:
    for stage in STAGES:
        register(stage)
