"""The stage `extract_rights`: copyright lines, no-reuse formulas, licences and disclaimers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from copydesk.facts import Rights
from copydesk_credits.house import house_rules

if TYPE_CHECKING:
    from pathlib import Path

    from copydesk.document import Document
    from copydesk.rules import Hit

ROUNDS = 8
"""A formula reaches to the end of its block; what stood before it is looked at again."""

_HOLDER_ENDS = re.compile(
    r"[.,;:|•–—<>*]\s|\s+[–—-]\s|\s*\|"
    r"|\s+(?i:all rights|alle rechte|tous droits|todos|tutti i|licensed|license|terms|website by|privacy)\b"
)
_HANDED_ON = re.compile(r"^\s*(?:distributed|published|provided|syndicated) by\s+", re.IGNORECASE)
_CLAIM = re.compile(r"(?i)©|ⓒ|\(c\)|copyright|\d{4}")
_SMALL_WORD = re.compile(r"(?<!\S)[^\W\d_A-ZÀ-Þ]\w{2,}")
_EDGES = " \t\N{NO-BREAK SPACE}.,;:|–—-()[]<>*©ⓒ"


class extract_rights:
    """Note who owns the text, and take copyright lines, no-reuse formulas, licences and disclaimers out.

    `Copyright © 2024 Harbour News. All rights reserved. This material may not be published, broadcast, …` goes whole,
    on its own line or glued to the end of the last paragraph; so do `Riproduzione riservata`, `※ 저작권자 ⓒ …, 무단전재
    금지`, a Creative Commons line, whose views they are, and what a shop pays for a click. The first copyright line
    gives the fact: the holder as printed, the year where one stands there, the notice in its own words.

    Left alone: copyright as a story's subject, a phrase in quotation marks, the © of a picture (`extract_credits`
    reads it), a licence that a story tells of, a politician who expressed a view.
    """

    def __init__(self, *, rules: tuple[Path, ...] = (), without: tuple[str, ...] = ()) -> None:
        self.rules = house_rules("rights", rules=rules, without=without, everywhere=True)

    def __call__(self, doc: Document) -> None:
        for _ in range(ROUNDS):
            first: dict[int, Hit] = {}
            for hit in self.rules.hits(doc):
                first.setdefault(hit.segment.start, hit)
            if not first:
                return
            for hit in first.values():
                _take(doc, hit)


def _take(doc: Document, hit: Hit) -> None:
    """Mark what the hit takes: the block, or all from the notice on."""
    segment = hit.segment
    if hit.rule.takes == "match":
        notice = hit.groups.get("notice", hit.text)
        _, segment, _ = doc.cut(segment, hit.start + hit.text.find(notice), hit.end)
    if hit.rule.role == "copyright":
        doc.fact("rights", _rights(hit, segment.text), segment)
    segment.mark(hit.rule.role, rule=hit.rule.id)


def _rights(hit: Hit, notice: str) -> Rights:
    year = hit.groups.get("year")
    holder = _holder(hit.groups.get("holder", ""))
    if len(_SMALL_WORD.findall(holder)) > 2 and not _CLAIM.search(notice):
        holder = ""  # a headline: `The wall fell on Monday - All rights reserved AFP`
    holder = holder or _holder(hit.groups.get("owner", ""))
    return Rights(holder or None, int(year) if year else None, " ".join(notice.split()))


def _holder(printed: str) -> str:
    """The holder's name, up to what else is printed behind it."""
    printed = _HANDED_ON.sub("", printed)
    end = _HOLDER_ENDS.search(printed)
    return " ".join((printed[: end.start()] if end else printed).strip(_EDGES).split())
