"""The comments below a story: from their label to the end, or to the last line that only a comments block has."""

from __future__ import annotations

import re
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

from copydesk_promos.page import is_credit, is_dated

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from copydesk.rules import Rule
    from copydesk_promos.page import Line, Mark, Page

FEW_PARAGRAPHS = 3
"""With so many paragraphs below it a label may be one above a story: a button (`Comments`), or another story
follows."""

STEP = 10
"""So many lines may stand between two lines that only comments have (`Reply`, `<name> says:`): a long comment's
paragraphs. What other rules took (a login form, share buttons) is not counted."""

LEAST_SIGNS = 3
"""So many lines that only comments have make a block, even with paragraphs in it."""

LINES_A_COMMENT = 6
"""So many lines a comment has at most, where the label gives their number, or below the last author: longer blocks
hold something else too."""

LINES_OF_A_FORM = 10
"""And so many the form below them has, for the next comment."""

MORE = 4
"""So many times as many paragraphs as the story may the comments have; else the label is not where the story ends."""

SIGNED_WORDS = 12
"""A line with a comment's author and time has so many words at most."""

_COUNT = re.compile(r"(\d{1,5})|(?:[^\W\d]+ ){1,2}\(?(\d{1,5})\)?(?: [^\W\d]+)?$")
_SAYS = re.compile(
    r"^\S.{1,60} (?:says|said|wrote|sagt|sagte|meint|schreibt|schrieb|dit|a dit|écrit|dice|dijo|escribió|ha detto"
    r"|scrive|diz|disse|zegt|zei|schreef|pisze|napisał|mówi|dedi ki|diyor ki|пишет|говорит|каже|пише|säger|siger|sier)"
    r" ?:$"
)
_NUMBER = r"(?:\d+|an?|one|un[aeo]?|uma?|ein(?:e[mnr])?|een|en|ett?)"
_AGO = re.compile(
    rf"(?:\b{_NUMBER} \w+ (?:ago|geleden|fa|temu|назад|тому|önce|sedan|siden|sitten)"
    rf"|\b(?:vor|hace|il y a|há|πριν) {_NUMBER} \w+|\d ?\w{{1,3}} ?[前전])\)?$"
)
"""How long ago, as comments are dated: `3 hours ago`, `vor 2 Stunden`, `hace un día`."""


def comment_blocks(page: Page, labels: Mapping[int, Rule]) -> Iterator[Mark]:
    """The lines of the comments block below the story.

    "To the end" is done only where no paragraph follows, or few with a comment's button or form below them, or where
    the label counts the comments and no more follows than they fill (`39 Comments`), always with the story above. Else
    the block ends with the last line that only comments have: a button, an author with a time.
    """
    own = {segment for segment, rule in labels.items() if rule.role == "comments"} | _signatures(page.lines)
    signs = [at for at, line in enumerate(page.lines) if id(line.segment) in own] if own else []
    others = {segment for segment, rule in labels.items() if rule.role == "related"}
    for sign in _below_counters(page.lines, signs):
        end = _end(page, sign, signs[-1], own, others)
        if end > sign:
            for line in page.lines[sign : _before_others(page.lines, max(sign, min(signs[-1], end)), end, others)]:
                if line.open and not line.gone and not is_credit(line.text) and "©" not in line.text:
                    yield line, "comments", "comments-block"
            return


def _signatures(lines: Sequence[Line]) -> set[int]:
    """The lines `<name> says:` with a time below them, where there are several: a block needs no label then."""
    ends = [at for at, line in enumerate(lines[:-1]) if line.text[-1:] == ":" and _SAYS.search(line.text)]
    signed = [at for at in ends if lines[at].open and _is_signed(lines[at + 1])]
    return {id(lines[at].segment) for at in signed} if len(signed) >= LEAST_SIGNS else set()


def _below_counters(lines: Sequence[Line], signs: Sequence[int]) -> Sequence[int]:
    """The signs, less those up to the last count of comments where several counts stand, each below another story's
    title: a block has one, and perhaps a second.
    """
    counts = [at for at in signs if _COUNT.match(lines[at].text)]
    if len({lines[at].text for at in counts}) < LEAST_SIGNS:
        return signs
    return [at for at in signs if at > counts[-1]]


def _before_others(lines: Sequence[Line], last: int, end: int, others: Collection[int]) -> int:
    """The end of the block, or the first label of other stories below its last sign."""
    return next((at for at in range(last + 1, end) if id(lines[at].segment) in others), end)


def _end(page: Page, start: int, last: int, own: Collection[int], others: Collection[int]) -> int:
    """Where the block that starts here ends; the start itself where none does. `last` is the last of all signs."""
    above, below, end = page.above(start), page.below(start), len(page.lines)
    if above and not below:
        return end
    if above < FEW_PARAGRAPHS:
        return start
    if below < FEW_PARAGRAPHS and start < last and not page.below(last):
        return end
    counted = _COUNT.match(page.lines[start].text)
    number = int(counted[1] or counted[2]) if counted else 0
    if counted and not number:
        return start
    most = LINES_A_COMMENT * number + LINES_OF_A_FORM if counted else 0
    if end - start <= most and below <= MORE * above:
        return end
    return _last_sign(page.lines, start, own, others)


def _last_sign(lines: Sequence[Line], start: int, own: Collection[int], others: Collection[int]) -> int:
    """Below the last line that only comments have, and where these open a comment, below that comment."""
    signs, between = [start], 0
    for at in range(start + 1, len(lines)):
        if between > STEP or id(lines[at].segment) in others:
            break
        if id(lines[at].segment) in own or _is_signed(lines[at]):
            signs.append(at)
            between = 0
        else:
            between += not lines[at].gone
    if len(signs) <= LEAST_SIGNS:
        return start
    return signs[-1] + 1 + _lines_below(lines, signs)


def _lines_below(lines: Sequence[Line], signs: Sequence[int]) -> int:
    """How many lines the last comment has below its author, none where authors stand below what they wrote. No more
    than the longest of the others: another text may follow.
    """
    last = signs[-1] + 1
    if lines[last - 1].gone or any(line.prose for line in lines[signs[0] + 1 : signs[1]]):
        return 0
    most = min(LINES_A_COMMENT, max(after - before - 1 for before, after in pairwise(signs)))
    return len(list(takewhile(lambda line: line.open and not line.gone, lines[last : last + most])))


def _is_signed(line: Line) -> bool:
    """Whether a line may be a comment's author and time."""
    if line.gone or line.text.count(" ") >= SIGNED_WORDS:
        return False
    return is_dated(line.text) or _AGO.search(line.text) is not None
