"""The stage `flag_quality`: several stories in one text, a text cut off, printed twice, a stub, no story at all."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from copydesk.prose import ends_sentence, is_prose, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from copydesk.document import Document, Segment

SENTENCE = 5
"""Words of a block that ends as a sentence does: one such is a story, if a short one."""

PARAGRAPHS, WORDS = 3, 100
"""What stands below a byline or a dateline is a story of its own from so many paragraphs and words on."""

STUB = 4
"""A text that a paywall closes has so many paragraphs at most: more are the story, and the wall is an advert."""

_SIGNS = {
    "byline": re.compile(
        r"(?:[Bb]y|BY|[Vv]on|[Pp]ar|[Pp]or|[Dd]i|[Dd]oor|[Aa]v|[Aa]f|[Oo]leh)\s+(?=[^a-zß-öø-ÿ\d\W])"
        r"[\w.'’-]+(?:[ ,&]+[\w.'’-]+){1,6}$"
    ),
    "dateline": re.compile(
        r"[^a-zß-öø-ÿ\d\W](?=[^(),\n–—-]{0,40}+[(,])"  # which most paragraphs have not, and then all is told
        r"[^()\n–—-]{2,40}?(?:\([^()\n]{2,30}\)|, ?[^\W\d_]{3,10}\.? \d{1,2})\s*[-–—]{1,2}\s"
    ),
}
"""How a byline and a dateline look that no stage took: below the first story none is looked for."""

_CUT = ("...", "…", "[…]", "(…)", "[...]")


def flag_quality(doc: Document) -> None:
    """Flag what is odd about the whole text, for whoever sorts a corpus. Nothing is marked, nothing leaves.

    `several-stories`: below a second byline or dateline, of other words than the first, stands a story of its own; they
    are not parted, and never merged in silence. `truncated`: the last paragraph breaks off, in the middle of a sentence
    or with three dots. `repeated-text`: a paragraph stands twice in the story. `paywall-stub`: a paywall's line, and
    little above it. `no-story`: no sentence is left.
    """
    story = doc.story
    paragraphs = [segment.text for segment in story if is_prose(segment.text)]
    found = {
        "several-stories": several_stories(doc.segments, doc.keep),
        "truncated": breaks_off(story, paragraphs),
        "repeated-text": len(set(paragraphs)) < len(paragraphs),
        "paywall-stub": len(paragraphs) <= STUB and any(map(_is_paywall, doc.segments)),
        "no-story": not any(ends_sentence(s.text) and words(s.text) >= SENTENCE for s in story),
    }
    for name, holds in found.items():
        if holds:
            doc.flag(name)


def several_stories(segments: Sequence[Segment], keep: Sequence[str]) -> bool:
    """Whether two bylines, or two datelines, that say different things have a story each below them."""
    for sign, form in _SIGNS.items():
        match = form.match
        signed = [n for n, s in enumerate(segments) if s.role == sign or (s.role in keep and match(s.text))]
        if len(signed) > 1 and len(set(_said_above_stories(segments, keep, signed, form))) > 1:
            return True
    return False


def _said_above_stories(
    segments: Sequence[Segment], keep: Sequence[str], signed: Sequence[int], form: re.Pattern[str]
) -> Iterator[str]:
    """What those bylines (or datelines) say that have a story below them, down to the next one."""
    for here, after in pairwise([*signed, len(segments)]):
        if _is_story([segment.text for segment in segments[here:after] if segment.role in keep]):
            first = segments[here]
            match = form.match(first.text) if first.role in keep else None
            yield (match.group() if match else first.text).casefold()


def _is_story(texts: Sequence[str]) -> bool:
    paragraphs = [text for text in texts if is_prose(text)]
    return len(paragraphs) >= PARAGRAPHS and sum(map(words, paragraphs)) >= WORDS


def breaks_off(story: Sequence[Segment], paragraphs: Sequence[str]) -> bool:
    """Whether the last block of the story does, where paragraphs above it show that sentences end with a stop."""
    if not story or len(paragraphs) < 2:
        return False
    last = story[-1].text.rstrip()
    if last.endswith(_CUT):
        return words(last) >= SENTENCE
    return words(last) >= 12 and not ends_sentence(last) and (last[-1].isalnum() or last[-1] in ",-–—")


def _is_paywall(segment: Segment) -> bool:
    return segment.by is not None and segment.by.rule.endswith("/paywall")
