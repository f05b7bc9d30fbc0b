"""Other people's stories: `Read more: <title>`, and the headlines under `Related`, `Most read`, `You may also like`."""

from __future__ import annotations

import re
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

from copydesk.prose import ends_sentence, words
from copydesk_promos.packs import labels, mark_all, roles_of
from copydesk_promos.page import SHORT_WORDS, Page, is_dated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from copydesk.document import Document
    from copydesk.rules import Rule
    from copydesk_promos.page import Line

ROLES = ("related",)

HEADLINE_WORDS = 7
"""Between two paragraphs a title has so many words at least: three headlines in four have, one cross-head in three."""

TITLE_WORDS = 20
"""A title has so many words at most; a longer line without a stop is a paragraph that lost it."""

LEAST_TITLE = 4
"""Above a sentence it has so many at least; a shorter line there is a section's name."""

MOST_LINES = 80
"""So many lines a label opens at most below the story: twenty stories, each with a title, a time, a section and an
author."""

MOST_WITHIN = 4
"""So many within the story: a box between two paragraphs names one to four other stories, a list of facts has more."""

MOST_LABELS = 500
"""So many labels are followed on a page; each may open WINDOW lines."""

WINDOW = 100
"""And so many lines below a label are looked at."""

LOOK_AHEAD = 15
"""Where two paragraphs follow one another within so many lines below a label, the story goes on there."""

TEASER_WORDS = 60
"""The sentence below another story's title has so many words at most."""

EXCERPT_WORDS = 130
"""And so many where dots tell that it was cut off, or a date stands beside the title."""

LEAST_EXCERPT = 10
"""And so many at least: titles end in dots too."""

LEAST_NAME = 2
"""Below the story a title has so many words at least. A story of many parts, with a paragraph each, has cross-heads as
short: it is told by the single paragraphs above the label, more than FEW_PARAGRAPHS.
"""

LEAST_TEASERS = 3
LEAST_TEASERS_OF_MANY = 2
"""So many such sentences make a block of other stories: one or two may be the story's own last paragraphs."""

FEW_PARAGRAPHS = 3
"""So many paragraphs of the story stand above a label whose titles have sentences below them."""

OTHER_FURNITURE = frozenset({"comments", "cookie", "footer", "copyright"})
"""Where two lines in a row have one of these roles, what a label opened is over. A lone one (a count of comments, an
advert) stands between titles too."""

_NUMBERED = re.compile(r"\d+[.)]\s")
_CUT_OFF = ("...", "…")
_TITLE_BEHIND = re.compile(r"[:|»>–—-]+\s*\w")


class remove_related:
    """Mark other stories: `READ MORE: <title>` on one line, and the headlines below `Related`, `Most read`, `See also`.

    A label that stands alone opens a run of lines without a stop: titles, sections, times. The run ends at the first
    line that reads like a sentence, never "to the end", for often the story goes on, or the next one begins. Only below
    a label that promises several stories (`Most read`, a rule whose id ends in `-many`), behind the story, may each
    title have a sentence. Within the story a short line ends the run: it is a cross-head. Above the story, where its
    headline has not been found yet, only the label goes. Comes after `find_headline` and the extracting stages: what
    they found is not in question. (Where `remove_chrome` came before, the one-line links have gone.)
    """

    def __init__(
        self, *, rules: tuple[Path, ...] = (), without: tuple[str, ...] = (), languages: tuple[str, ...] = ()
    ) -> None:
        self.rules = roles_of(ROLES, languages=languages, rules=rules, without=without)

    def __call__(self, doc: Document) -> None:
        mark_all(self.rules, doc)
        opening = labels(self.rules, doc)
        if opening:
            for line in _others(Page(doc), opening):
                line.segment.mark("related", rule="titles")


def _others(page: Page, labels: Mapping[int, Rule]) -> Iterator[Line]:
    """The lines below all labels that belong to other stories. Where the headline has been found it is a line here
    too.
    """
    headline = any(line.segment.role == "headline" for line in page.lines)
    ends = _story_ends(page.lines)
    opening = [at for at, line in enumerate(page.lines) if id(line.segment) in labels]
    for at in opening[:MOST_LABELS]:
        rule = labels[id(page.lines[at].segment)]
        if not _TITLE_BEHIND.search(page.lines[at].text) and (headline or page.above(at)):
            below = _standing(page.lines[at + 1 : at + 1 + 2 * WINDOW])[:WINDOW]
            if page.above(at) < FEW_PARAGRAPHS:
                yield from _below(below, 0)
            elif at > ends:
                several = LEAST_TEASERS_OF_MANY if rule.id.endswith("-many") else LEAST_TEASERS
                name = LEAST_NAME if page.above(at) - page.above(ends + 1) <= FEW_PARAGRAPHS else LEAST_TITLE
                yield from _below_the_story(below, several, name)
            else:
                yield from _below(below, LEAST_TEASERS_OF_MANY if rule.id.endswith("-many") else 0)


def _standing(lines: Sequence[Line]) -> list[Line]:
    """Those that have not left, as far as nothing else begins. A headline that has been found is a line here too."""
    other = [line.gone and line.segment.role in OTHER_FURNITURE for line in lines]
    end = next((at for at, pair in enumerate(pairwise(other)) if all(pair)), None)
    return [line for line in lines[:end] if not line.gone or line.segment.role == "headline"]


def _story_ends(lines: Sequence[Line]) -> int:
    """The place of the last two lines that read like a story, told one after another."""
    standing = [at for at, line in enumerate(lines) if not line.gone or line.segment.role == "headline"]
    pairs = zip(reversed(standing[:-1]), reversed(standing), strict=False)
    return next((at for at, after in pairs if _goes_on(lines[at], lines[after])), -1)


def _below_the_story(lines: Sequence[Line], least: int, name: int) -> Iterator[Line]:
    """The lines below a label behind the story: titles, and sentences where there are so many. `name` is how many words
    a title has at least.
    """
    run = list(takewhile(_may_be_title, lines[:MOST_LINES]))
    yield from run
    teasers = list(_teasers(run, lines[len(run) : MOST_LINES], name))
    if sum(_tells(line) or line.text.count(" ") >= TITLE_WORDS for line in teasers) >= least:
        yield from teasers
        rest = lines[len(run) + len(teasers) : MOST_LINES]
        yield from takewhile(lambda line: _may_be_title(line) and _names_a_story(line, LEAST_TITLE), rest)


def _below(lines: Sequence[Line], least: int) -> Iterator[Line]:
    """The lines below one label. Titles with sentences only where there are so many, and none where `least` is 0."""
    run = list(takewhile(_may_be_title, lines[:MOST_LINES]))
    if any(_goes_on(*pair) for pair in pairwise(lines[len(run) : len(run) + LOOK_AHEAD])):
        yield from _within(run)
        return
    yield from run
    teasers = list(_teasers(run, lines[len(run) : len(run) + MOST_LINES], LEAST_TITLE)) if least else []
    if sum(map(_is_told, teasers)) >= least:
        yield from teasers


def _goes_on(a: Line, b: Line) -> bool:
    """Whether two lines that follow one another read like a story: two sentences, one of them a paragraph."""
    return _is_told(a) and _is_told(b) and (a.prose or b.prose)


def _is_told(line: Line) -> bool:
    if line.text[-1:].isalnum() or line.gone or line.text.count(" ") < SHORT_WORDS - 1:
        return False
    return ends_sentence(line.text) and not _is_title(line.text)


def _within(run: Sequence[Line]) -> Iterator[Line]:
    """The titles of a run that the story goes on after. A short line is a cross-head, or one of a list of facts."""
    titles = list(takewhile(lambda line: len(line.text.split()) >= HEADLINE_WORDS, run))
    if len(titles) <= MOST_WITHIN:
        yield from titles


def _teasers(run: Sequence[Line], lines: Sequence[Line], least: int) -> Iterator[Line]:
    """Titles of so many words, and sentences that stand alone, each below a title of its own, up to the last sentence.

    Two sentences in a row are another text, and so are paragraphs parted by one and the same short line, which some
    publishers print between all of them (`Article content`).
    """
    dated = any(is_dated(line.text) and line.text.count(" ") < SHORT_WORDS for line in run)
    most = EXCERPT_WORDS if dated else TEASER_WORDS
    waiting: list[Line] = []
    titles = {line.text for line in run if _names_a_story(line, least)}
    known: set[str] = set()
    for line in lines:
        if not _may_be_others(line, most):
            return
        waiting.append(line)
        long = line.text.count(" ") >= TITLE_WORDS and not ends_sentence(line.text)  # title and teaser in one
        if long or _tells(line):
            if not (long or titles - known):
                return
            known |= titles
            titles = set()
            yield from waiting
            waiting = []
        elif _names_a_story(line, least):
            titles.add(line.text)


def _tells(line: Line) -> bool:
    """Whether a line below a title says more of that story: a sentence, or what is left of one that was cut off."""
    return _is_told(line) or (line.text.count(" ") >= LEAST_EXCERPT and line.text.endswith(_CUT_OFF))


def _names_a_story(line: Line, least: int) -> bool:
    return words(line.text) >= least


def _may_be_others(line: Line, most: int) -> bool:
    """Whether a line may belong to another story: an item that is numbered belongs to this one."""
    if not line.open or line.gone or "©" in line.text:
        return False
    if line.text.endswith(":") and line.text.count(" ") >= HEADLINE_WORDS:  # it opens a list
        return False
    most = EXCERPT_WORDS if line.text.endswith(_CUT_OFF) else most
    return len(line.text.split()) <= most and not _NUMBERED.match(line.text)


def _may_be_title(line: Line) -> bool:
    return line.open and not line.gone and _is_title(line.text)


def _is_title(text: str) -> bool:
    """No stop but a question's or a cry's or dots, no colon at the end, no rights line, and not too long."""
    if "©" in text or text.endswith((":", ";", ",")) or len(text.split()) > TITLE_WORDS:
        return False
    return not ends_sentence(text) or text.rstrip("\"'”’»)").endswith(("?", "!", *_CUT_OFF))
