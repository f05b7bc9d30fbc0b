"""What the page puts around a story: menus, breadcrumbs, comments, tag lists, footers, end marks, the same block
twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from copydesk_promos.boxes import told_boxes
from copydesk_promos.comments import comment_blocks
from copydesk_promos.contents import contents
from copydesk_promos.menus import menus
from copydesk_promos.packs import labels, mark_all, roles_of
from copydesk_promos.page import Page
from copydesk_promos.repeats import pull_quotes, repeats
from copydesk_promos.tails import about_notes, tag_lists

if TYPE_CHECKING:
    from pathlib import Path

    from copydesk.document import Document

ROLES = ("nav", "comments", "footer", "tags", "pr", "end", "other")
LINKS = ("/related-link", "/label-title")
"""Rules whose ids end so know another story's title by the label before it: `Also read: …`. Stages that look for the
headline and for captions come before `remove_related`, and would take such a line for one."""

OPENING = frozenset({"comments", "tags"})
"""Roles of labels that open a block. The label of other stories ends it, though another stage will mark that."""

FINDERS = (told_boxes, comment_blocks, tag_lists, about_notes, menus, contents, repeats, pull_quotes)


class remove_chrome:
    """Mark the page around a story: menus, breadcrumbs, comments, tag lists, footers, end marks, the same block twice.

    A page's visible text is menu, headline, story, other stories, footer; whoever reprints it takes some of that along:
    `Skip to main content`, `Home » News » World`, `Leave a Reply`, `Tags: floods, rain`. Lines that are known go by
    rule; between known ones go the short lines of a menu, after a label the lines of a comments block or a tag list.
    A line with a label and another story's title, `Also read: …`, goes here too, before the headline is looked for.

    Left alone: everything that might be headline, byline, caption, credit or time (other stages want it first),
    cross-heads, lists, verse, tables of results; a line said twice in verse or in an argument (a block must have eight
    words, and the copy that stands in the story is the one that stays).
    """

    def __init__(
        self, *, rules: tuple[Path, ...] = (), without: tuple[str, ...] = (), languages: tuple[str, ...] = ()
    ) -> None:
        self.rules = roles_of(ROLES, also=LINKS, languages=languages, rules=rules, without=without)
        self.others = roles_of(("related",), languages=languages)

    def __call__(self, doc: Document) -> None:
        mark_all(self.rules, doc)
        page, known = Page(doc), labels(self.rules, doc)
        if not OPENING.isdisjoint([rule.role for rule in known.values()]):
            known |= {id(hit.segment): hit.rule for hit in self.others.hits(doc) if hit.rule.takes == "block"}
        found = [page.mark(list(finder(page, known))) for finder in FINDERS]
        if any(found):
            mark_all(self.rules, doc)  # where a comments block left, the story's tail lies further up
