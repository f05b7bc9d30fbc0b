"""The stage `flag_quality`: several stories in one text, a text cut off, printed twice, a stub, no story at all."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from copydesk.prose import ends_sentence, is_prose, words
from copydesk_quality.scripts import mixed_scripts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from copydesk.document import Document, Segment

SENTENCE = 5
"""Words of a block that ends as a sentence does: one such is a story, if a short one."""

_STOPS_ELSEWHERE = "։።။។།"  # Armenian, Ethiopic; Burmese, Khmer, Tibetan, which have no blanks between words

UNSPACED_STOPPED, UNSPACED = 20, 60
"""Characters of a sentence where no blanks part words; where there is no stop either, as in Thai and Lao, letters."""

_UNSPACED = re.compile("[\u0e00-\u0eff]")

PARAGRAPHS, WORDS = 3, 100
"""What stands below a byline or a dateline is a story of its own from so many paragraphs and words on."""

BRIEF_PARAGRAPHS, BRIEF_WORDS = 2, 30
"""Fewer will do below a whole head: a byline above a dateline, or either with a headline between it and a story."""

HEADLINE = range(3, 21)
"""So many words has a headline."""

PARTICLE = 3
"""Letters of a small word that a name may open with."""

CUT_SHORT, SURE = 8, 12
"""A last line without a stop is cut from twelve words on; from eight on if it ends as only a cut one does."""

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

_STUMP = re.compile(r"\s[^\W\d_]{1,3}$")
"""What a line ends with that is cut in a word, or behind an article or a preposition: in small letters."""

_SPEAKER = re.compile(r"[”\"»“’]\s+(?:[^\W\d_]\S*\s+){1,3}([^\W\d_]\S*)$")
"""The end of a last line that lacks nothing but its stop: `…,” said Harriet Bowes`. The last word is a name."""


def flag_quality(doc: Document) -> None:
    """Flag what is odd about the whole text, for whoever sorts a corpus. Nothing is marked, nothing leaves.

    `several-stories`: below a second byline or dateline, of other words than the first, stands a story of its own; they
    are not parted, and never merged in silence. `starts-mid-story`: the first paragraph opens in the middle of a
    sentence, or its first letter is lost. `truncated`: the last paragraph breaks off, in the middle of a sentence
    or with three dots. `repeated-text`: a paragraph stands twice in the story. `paywall-stub`: a paywall's line, and
    little above it. `mixed-script-words`: a word of the story has letters of two alphabets that look alike, as `Pоссия`
    with a Latin P. `no-story`: no sentence is left.
    """
    story = doc.story
    paragraphs = [segment.text for segment in story if is_prose(segment.text)]
    found = {
        "several-stories": several_stories(doc.segments, doc.keep),
        "starts-mid-story": starts_within(story, paragraphs),
        "truncated": breaks_off(story, paragraphs),
        "repeated-text": len(set(paragraphs)) < len(paragraphs),
        "paywall-stub": len(paragraphs) <= STUB and any(map(_is_paywall, doc.segments)),
        "mixed-script-words": mixed_scripts("\n".join([segment.text for segment in story])),
        "no-story": not any(_is_sentence(segment.text) for segment in story),
    }
    for name, holds in found.items():
        if holds:
            doc.flag(name)


def _is_sentence(text: str) -> bool:
    """Whether a block is a sentence of a story, in any script."""
    if ends_sentence(text):
        return words(text) >= SENTENCE
    if text.endswith(tuple(_STOPS_ELSEWHERE)):
        return words(text) >= SENTENCE or (text[-1] in _STOPS_ELSEWHERE[2:] and len(text) >= UNSPACED_STOPPED)
    return len(_UNSPACED.findall(text)) >= UNSPACED


def several_stories(segments: Sequence[Segment], keep: Sequence[str]) -> bool:
    """Whether two bylines, or two datelines, that say different things have a story each below them.

    Datelines count only if no paragraph stands above the first: `Sketches, Round 1 - ink` in the middle of a text is an
    item of a list.
    """
    for sign, form in _SIGNS.items():
        if sign == "dateline" and not _signed(_opening(segments, keep), keep, sign):
            continue
        signed = _signed(segments, keep, sign)
        if len(signed) > 1 and len(set(_said_above_stories(segments, keep, signed, form))) > 1:
            return True
    return False


def _opening(segments: Sequence[Segment], keep: Sequence[str]) -> Sequence[Segment]:
    """The blocks down to the first paragraph, and that one."""
    first = next((place for place, segment in enumerate(segments) if _is_paragraph(segment, keep)), len(segments))
    return segments[: first + 1]


def _signed(segments: Sequence[Segment], keep: Sequence[str], sign: str) -> list[int]:
    """The places of bylines (or of datelines), and of blocks that look like one."""
    match = _SIGNS[sign].match
    return [n for n, s in enumerate(segments) if s.role == sign or (s.role in keep and match(s.text))]


def _said_above_stories(
    segments: Sequence[Segment], keep: Sequence[str], signed: Sequence[int], form: re.Pattern[str]
) -> Iterator[str]:
    """What those bylines (or datelines) say that have a story below them, down to the next one."""
    is_brief = any(_is_head(segments, keep, place) for place in signed[1:])
    for here, after in pairwise([*signed, len(segments)]):
        if _is_story([s.text for s in segments[here:after] if _is_paragraph(s, keep)], is_brief=is_brief):
            first = segments[here]
            match = form.match(first.text) if first.role in keep else None
            yield (match.group() if match else first.text).casefold()


def _is_paragraph(segment: Segment, keep: Sequence[str]) -> bool:
    return segment.role in keep and is_prose(segment.text)


def _is_head(segments: Sequence[Segment], keep: Sequence[str], place: int) -> bool:
    """Whether a second story's whole head stands around a byline or a dateline there."""
    sign, below = segments[place], segments[place + 1 : place + 2]
    if words(sign.text) < 2 or _is_paragraph(sign, keep):
        return False
    if any(s.role == "dateline" or (s.role in keep and _SIGNS["dateline"].match(s.text)) for s in below):
        return True
    last, headline = segments[place - 2 : place] if place > 1 else (sign, sign)
    is_headline = words(headline.text) in HEADLINE and not ends_sentence(headline.text)
    return is_headline and last.role in keep and ends_sentence(last.text)


def _is_story(paragraphs: Sequence[str], *, is_brief: bool) -> bool:
    least, fewest_words = (BRIEF_PARAGRAPHS, BRIEF_WORDS) if is_brief else (PARAGRAPHS, WORDS)
    return len(paragraphs) >= least and sum(map(words, paragraphs)) >= fewest_words


def starts_within(story: Sequence[Segment], paragraphs: Sequence[str]) -> bool:
    """Whether the first block opens with a small letter, where paragraphs below it show that sentences do not.

    The first word of a name may be small ("von Hagen", "al Rashid"), or have its capital further on ("iPhone").
    """
    if not story or not _is_sentence(story[0].text):
        return False
    first, *others = story[0].text.split(maxsplit=3)
    is_name = len(first) <= PARTICLE and any(word[0].isupper() for word in others[:2])
    return first.isalpha() and first.islower() and not is_name and any(text[0].isupper() for text in paragraphs)


def breaks_off(story: Sequence[Segment], paragraphs: Sequence[str]) -> bool:
    """Whether the last block of the story does, where paragraphs above it show that sentences end with a stop.

    A line of under twelve words is most often a link or a label: of seventy on the pages of the sets none was cut. So
    of these only one counts that ends with a stump of a word.
    """
    if not story or len(paragraphs) < 2:
        return False
    last = story[-1].text.rstrip()
    length = words(last)
    if last.endswith(_CUT):
        return length >= SENTENCE
    if length < CUT_SHORT or ends_sentence(last) or not (last[-1].isalnum() or last[-1] in ",-–—"):
        return False
    stump = _STUMP.search(last)
    return bool(stump and stump.group().islower()) if length < SURE else not _names_speaker(last)


def _names_speaker(last: str) -> bool:
    speaker = _SPEAKER.search(last[-200:])
    return bool(speaker and speaker[1][0].isupper())


def _is_paywall(segment: Segment) -> bool:
    return segment.by is not None and segment.by.rule.endswith("/paywall")
