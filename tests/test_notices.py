"""Notices and rights: names of sources, and what must hold whatever stands in a document."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.document import Document
from copydesk.ledger import restore, settle
from copydesk.testing import check_stage
from copydesk_credits.notices import extract_notice
from copydesk_credits.rights import extract_rights

NOTICE, RIGHTS = extract_notice(), extract_rights()


def ran(text: str, stage) -> Document:
    doc = Document(text)
    doc.signed_by(type(stage).__name__)
    stage(doc)
    return doc


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("This post originally appeared on Grit.", "Grit"),
        ("This story was first published by Harbour News, a nonprofit newsroom, on May 9.", "Harbour News"),
        ("This article was co-published with Harbour News.", "Harbour News"),
        ("*This article was first published by the Quay Institute (QI), a think tank.*", "Quay Institute"),
        ("This article was originally published at Quay.org", "Quay.org"),
        ("This story is part of Covering Quays Now, a global journalism collaboration.", "Covering Quays Now"),
        ("First published in The Talk.", "The Talk"),
        ("A version of this article appeared first in the Quay Review under the title Rain.", "Quay Review"),
    ],
)
def test_a_sources_name_ends_where_it_should(printed, name):
    (source,) = ran(printed, NOTICE).found("source")
    assert source.name == name
    assert source.notice == printed


def test_every_notice_of_a_paragraph_leaves():
    doc = ran(
        "This story first ran in The Talk. Rain fell. This story also ran on Harbour News. More rain fell.", NOTICE
    )
    assert settle(doc)[0] == "Rain fell. More rain fell."
    assert [source.name for source in doc.found("source")] == ["The Talk"]


def test_the_first_copyright_line_gives_the_fact():
    doc = ran("Rain fell.\n\n© 2019 Harbour News Ltd\n\n© 2020 Quay Review Ltd", RIGHTS)
    first, _ = doc.found("rights")
    assert (first.holder, first.year) == ("Harbour News Ltd", 2019)


PIECES = st.sampled_from(
    ["This article was originally published by ", "Harbour News", ". ", "\n", "\n\n", "Republished with permission.",
     "© ", "Copyright ", "2024 ", "All rights reserved. ", "No part of this article may be used. ", "(", ")",
     " on May 9",
     "Rain fell on the pier on Monday. ", "The views expressed here are those of the author.",
     "CC BY 4.0", "本文转载自"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=25).map("".join), st.sampled_from([NOTICE, RIGHTS]))
@settings(deadline=None)
def test_nothing_is_lost_and_a_clean_text_stays(text, stage):
    clean, ledger = settle(ran(text, stage))
    assert restore(clean, ledger) == text
    assert settle(ran(clean, stage))[0] == clean


@pytest.mark.parametrize("stage", [NOTICE, RIGHTS], ids=lambda stage: type(stage).__name__)
def test_the_stage_keeps_what_every_stage_must_keep(stage):
    check_stage(stage)
