"""Where and when a story was filed, and for which agency: the dateline at its start."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Literal

from copydesk.facts import Author, Dateline
from copydesk.prose import is_prose, words
from copydesk_credits.house import agencies, folded, has_letters_only, house_rules, spellings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from copydesk.document import Document, Segment
    from copydesk.rules import Hit

_DEEPEST = 5
"""Paragraphs of prose that may stand before a dateline with a date or an agency: a dek, notices, cookies. Judged."""

_DEEPEST_BARE = 1
"""The same for a dateline that is nothing but a place: it is the lede's, and no more than a dek stands before it."""

_SERIES = 2
"""So many blocks may open as a bare dateline does. Three are speakers, stops of a tour, or a list."""

_LAYERS = 6
"""Datelines that may stand one after the other in a block. Real ones have two: the paper's and the agency's."""

_HEAD = 3000
"""Blocks among which a dateline is looked for: in the dev pages the latest story starts at line 1331."""

_REST = 400
"""Characters after a dateline that tell how the story goes on."""


_LINE = 80
"""Characters. A dateline on a line of its own has no more; a longer block is a paragraph."""

_LINE_WORDS = 9
"""The same in words, by its rule."""

_SMALL = "a-zß-öø-ÿа-яё"
_IN_NAMES = (
    "am|an|and|ao|auf|aux|bei|da|das|de|del|della|der|des|di|do|dos|du|el|en|et|im|in|la|las|le|les|los|of|on|sur|und"
    "|upon"
)
"""Small words of places: `small_word` of words.yaml."""

_RUNS_ON = re.compile(
    rf"[^\w(\[]*(?:[^\W\d_]+(?:['’][^\W\d_]+|-[{_SMALL}]+)*,? )*?(?!(?:{_IN_NAMES})\b)[{_SMALL}]{{2,}},? (?!\d|\|)"
)
"""How a paragraph opens that has no dateline: with words, and one of them is small that no place and no date has."""

_AFTER_CAPTION = re.compile(r"\)\s*[-–—_]")


class extract_dateline:
    """Move the dateline from the start of the story into the facts: GREENVALE, Ohio (AP) —.

    Agencies and papers print place, date and agency before the first sentence, in a hundred shapes;
    rules/datelines.yaml has them, in Latin, Cyrillic, Arabic, Indian and East Asian scripts. Place and date stay as
    printed: "May 9" gets no year. The less a dateline holds, the more is asked for: a place alone must be in capitals
    or among the cities that stand alone, at the start of the first paragraph, before a sentence that opens as one. Left
    alone on purpose: "Paris, which ...", "SMITH: ...", "Rome – a city that ...", "On May 9, ...", a place in the
    middle of a story.

    policy: `move` takes the dateline out of the text, `keep` only notes it.
    """

    def __init__(
        self, *, policy: Literal["move", "keep"] = "move", rules: tuple[Path, ...] = (), without: tuple[str, ...] = ()
    ) -> None:
        self.policy = policy
        self.rules = house_rules("datelines", rules=rules, without=without)
        self._house_only = not rules

    def __call__(self, doc: Document) -> None:
        for _ in range(_LAYERS):
            if not self._pass(doc) or self.policy == "keep":
                break

    def _pass(self, doc: Document) -> bool:
        """One look at the document: whether a dateline was found. What is left of its block may hold a second one."""
        hits = self.rules.hits(doc, among=self._opening(_early(doc)))
        if not hits:
            return False
        position = _Position(doc)
        fitting = self._without_series(doc, [hit for hit in hits if position.holds(hit) and _opens_story(hit)])
        best: dict[int, Hit] = {}
        for hit in fitting:
            known = best.get(hit.segment.start)
            if known is None or (_facts(hit), hit.end) > (_facts(known), known.end):
                best[hit.segment.start] = hit
        for hit in best.values():
            self._take(doc, hit)
        return bool(best)

    def _opening(self, blocks: Iterable[Segment]) -> Iterable[Segment]:
        """The blocks which a rule of ours may find to open with a dateline; all where there are other rules."""
        return (block for block in blocks if _may_open(block.text)) if self._house_only else blocks

    def _without_series(self, doc: Document, hits: list[Hit]) -> list[Hit]:
        """The hits without those whose like opens many blocks, anywhere in the document."""
        if not any(map(_is_weak, hits)):
            return hits
        series = Counter(hit.rule.id for hit in self.rules.hits(doc, self._opening(doc.segments)) if _is_weak(hit))
        return [hit for hit in hits if series[hit.rule.id] <= _SERIES]

    def _take(self, doc: Document, hit: Hit) -> None:
        groups = hit.groups
        names = agencies(groups.get("agency", ""))
        start = hit.start + len(groups.get("caption", ""))
        end = hit.end - len(groups.get("space", ""))
        place = groups.get("place")
        date = groups.get("date") or groups.get("date_after")
        printed = hit.segment.text[start:end].strip()
        value = Dateline(place=place, date=date and date.strip("() "), agencies=names, text=printed)
        segment = hit.segment
        if self.policy == "move":
            _, segment, _ = doc.cut(hit.segment, start, end)
            segment.mark("dateline", rule=hit.rule.id)
        doc.fact("dateline", value, segment)
        for name in names:
            doc.fact("agency", name, segment)
        _note_reporters(doc, groups, segment)


def _may_open(text: str) -> bool:
    """Whether a block may open with a dateline: most paragraphs begin a sentence, most short lines are letters only."""
    if len(text) > _LINE or words(text) > _LINE_WORDS:
        return _RUNS_ON.match(text) is None or (")" in text and _AFTER_CAPTION.search(text) is not None)
    return not has_letters_only(text) or text.isupper()


def _early(doc: Document) -> Iterator[Segment]:
    """The blocks that a dateline may open: few paragraphs stand before them."""
    paragraphs = 0
    for segment in islice((segment for segment in doc.segments if segment.role in doc.keep), _HEAD):
        yield segment
        paragraphs += is_prose(segment.text)
        if paragraphs > _DEEPEST:
            return


class _Position:
    """Which block is which: the order of the blocks, and how much prose stands before each."""

    def __init__(self, doc: Document) -> None:
        blocks = [segment for segment in doc.segments if segment.role in doc.keep][:_HEAD]
        self.after = dict(zip((block.start for block in blocks), blocks[1:], strict=False))
        self.prose_before: dict[int, int] = {}
        count = 0
        for block in blocks:
            self.prose_before[block.start] = count
            count += is_prose(block.text)

    def holds(self, hit: Hit) -> bool:
        """Whether a dateline may stand here: early, and before a story."""
        deepest = _DEEPEST_BARE if _is_weak(hit) else _DEEPEST
        if self.prose_before.get(hit.segment.start, deepest + 1) > deepest:
            return False
        if hit.segment.text[hit.end : hit.end + _REST].strip() or ("mark" in hit.groups and not _is_bare(hit)):
            return True
        following = self.after.get(hit.segment.start)
        return following is not None and is_prose(following.text)


def _is_bare(hit: Hit) -> bool:
    return not hit.groups.keys() & {"agency", "station", "date", "date_after"}


def _is_weak(hit: Hit) -> bool:
    """Whether it is a place alone or a date alone, which lists and conversations open with too."""
    return not hit.groups.keys() & {"agency", "station"} and not {"place", "date"} <= hit.groups.keys()


def _facts(hit: Hit) -> int:
    return sum(bool(hit.groups.get(name)) for name in ("place", "agency", "station", "date"))


def _opens_story(hit: Hit) -> bool:
    """Whether what stands around the hit reads as the end of a dateline and the start of a sentence."""
    text, groups = hit.segment.text, hit.groups
    rest = text[hit.end : hit.end + _REST]
    if text[: hit.start].strip():
        return False
    place = groups.get("place", "")
    if place[:1].islower() or folded(place) in spellings() or not groups.get("capitals", "A").isupper():
        return False
    if not rest.strip():
        return not _is_bare(hit) or hit.rule.where == "whole"
    strong = "mark" in groups and not _is_bare(hit)
    return strong or (_starts_sentence(rest) and ("agency" in groups or _mostly_small(rest)))


def _starts_sentence(rest: str) -> bool:
    """Whether the text goes on as a sentence does: not with a small letter."""
    first = rest.lstrip(" \t\N{NO-BREAK SPACE}“”\"'‘„«»¿¡(")[:1]
    return first.isalnum() and not first.islower()


def _mostly_small(rest: str) -> bool:
    """Whether the text is set as a story: not in capitals, as a headline is."""
    large = sum(letter.isupper() for letter in rest)
    return large * 3 < sum(letter.isalpha() for letter in rest)


def _note_reporters(doc: Document, groups: dict[str, str], segment: Segment) -> None:
    """Note the reporters that agencies name inside the dateline, unless the byline told them before.

    East Asian agencies name several, with blanks between them, a Russian one the name and the surname of one.
    """
    printed = groups.get("reporter") or groups.get("reporter_2") or ""
    names = printed.removeprefix("记者").replace("、", " ").replace("·", " ").replace("ㆍ", " ").split()
    if "writer" in groups:
        names.append(groups["writer"])
    known = {author.name for author in doc.found("author")} if names else ()
    for name in names:
        if name not in known:
            doc.fact("author", Author(name=name), segment)
