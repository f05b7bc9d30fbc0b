"""Invitations: to a channel, an app, a newsletter, a subscription, a donation; advert marks, share buttons, consent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from copydesk_promos.boxes import OTHERS, boxes, buttons, is_sign
from copydesk_promos.packs import mark_all, roles_of
from copydesk_promos.page import Page

if TYPE_CHECKING:
    from pathlib import Path

    from copydesk.document import Document

ROLES = ("promo", "newsletter", "donate", "share", "advert", "cookie")


class remove_promos:
    """Mark what invites the reader: channels, apps, newsletters, donations, share buttons, advert marks, cookie
    consent.

    Whoever reprints a story puts an invitation above it, between its paragraphs or below: `Join our brand new verified
    <site> Telegram channel and get important news uncensored!` A topic word is never enough for a rule: it wants an
    imperative or a second person, the site's own channel, and a block (or a sentence at a block's edge) of its own. So
    a report about a Telegram channel stays, and so does a quotation with "join us" in it.
    """

    def __init__(
        self, *, rules: tuple[Path, ...] = (), without: tuple[str, ...] = (), languages: tuple[str, ...] = ()
    ) -> None:
        # Every language at once by default: a page in one language carries widgets in another, and the Set costs
        # the same.
        self.rules = roles_of(ROLES, languages=languages, rules=rules, without=without)
        self.others = roles_of(OTHERS, languages=languages)

    def __call__(self, doc: Document) -> None:
        mark_all(self.rules, doc)
        if any(is_sign(segment) for segment in doc.segments if segment.by):
            page = Page(doc)
            page.mark([*boxes(page, self.others), *buttons(page)])
