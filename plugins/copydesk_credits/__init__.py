"""The facts printed around a story, each noted before its line leaves.

byline/      who wrote it: signatures, names without a "By", lives below the story
headline/    the headline, weighed against the lines around it; kicker and dek
picture/     photo credits and captions
agencies     whose text it is       datelines  where and when it was filed
notices      where it comes from    published  when it was printed        rights  copyright, licences, disclaimers
layout       where the story stands on a page, for all of them
house        agencies and months in one spelling; how the files in rules/ are read

A stage of one file is that file; of the folders it is `stage.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import copydesk
from copydesk_credits.agencies import extract_agency
from copydesk_credits.byline.stage import extract_byline
from copydesk_credits.datelines import extract_dateline
from copydesk_credits.headline.stage import find_headline
from copydesk_credits.notices import extract_notice
from copydesk_credits.picture.stage import extract_credits
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
