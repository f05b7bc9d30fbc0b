"""The headline, and what stands around it: kicker, dek, the lines of the page above."""

from __future__ import annotations

import re
from itertools import compress, islice
from typing import TYPE_CHECKING

from copydesk.prose import ends_sentence, words
from copydesk_credits.headline.address import address, agreement, is_site
from copydesk_credits.headline.score import fold, headline, never_a_title
from copydesk_credits.layout import Layout, is_filed, is_time, laid_out

if TYPE_CHECKING:
    from copydesk.document import Document, Segment

_ABOVE, _BELOW, _ROUNDS = 60, 5, 12
_WORD = re.compile(r"\w+")
_DIGIT = re.compile(r"\d")
_SITE = re.compile(r"\s+(?:\||[-–—]|//|::|»)\s+(?P<site>[^|–—]{2,40})$")
_HOUSE = re.compile(
    r"\.(?:com|org|net|de|at|ch|uk|info|news|tv|co|eu|fr|es|it)\b"
    r"|\b(?:News|Times|Post|Daily|Magazine|Blog|Journal|Online|Herald|Tribune|Zeitung|Nachrichten|Radio|TV)\b",
    re.IGNORECASE,
)

_GLUED = re.compile(r"(?:(?<=[a-zß-öø-ÿ])|(?<=[a-zß-öø-ÿ.!?][\"”»]))(?=[A-ZÀ-Þ])")
_WORD = re.compile(r"\w+")
_LABEL_ENDS = " :/|>›»"
_LEFT_OVER = ": "
"""What may stand before a headline whose kicker had a line of its own."""


class find_headline:
    """Find the headline and take it out of the text, with its kicker and dek, and the page's lines above it.

    The headline is a short line above the first paragraph, of the words that the story uses, with a byline, a time or
    the paragraph below it. Where the input has the story's address as `url`, the title's words in it speak for a line,
    and a site's name in it leaves the headline. Plain prose has none, and none is taken: a line that does not earn its
    place by such marks stays, for it may be a cross-head. A dek leaves only where it stands before a byline or time, or
    repeats a later paragraph almost word for word; else it may be the lede, and losing a lede is worse.

    page: whether the short lines above the headline are the page's own and leave as `nav`.
    """

    def __init__(self, *, page: bool = True) -> None:
        self.page = page

    def __call__(self, doc: Document) -> None:
        layout = laid_out(doc)
        place = headline(layout)
        if place is None and not all(layout.open):
            layout = Layout(doc, doc.story)
            place = headline(layout)
        if place is None:
            return
        self._settle(doc, layout, place)
        for _ in range(0 if _is_dispatch(layout, place) else _ROUNDS):
            story = Layout(doc, doc.story, url="")  # what the address says is found; its words are cross-heads' too
            again = headline(story)
            if again is None or is_filed(story.blocks[again].text):
                return
            _second(doc, layout.blocks[place], story.blocks[again])

    def _settle(self, doc: Document, layout: Layout, place: int) -> None:
        segment, kicker = _without_kicker(doc, layout, place)
        doc.fact("headline", printed(segment.text, address(doc.extra)), segment)
        segment.mark("headline", rule="headline")
        _repeats(layout, place)
        dek = _dek(layout, place)
        for number in dek:
            layout.blocks[number].mark("dek", rule="dek")
        if dek:
            doc.fact("dek", " ".join(layout.blocks[number].text for number in dek), layout.blocks[dek[0]])
        if kicker is None:
            _kicker(doc, layout, place)
        if self.page:
            _page_lines(layout, place)


def printed(text: str, url: str = "") -> str:
    """The headline as a fact: without what parted it from a kicker, and without a section and a site at its end."""
    text = text.strip().lstrip(_LEFT_OVER)
    while (site := _SITE.search(text)) and words(text[: site.start()]) >= 3 and _is_site(site, url):
        text = text[: site.start()]
    return text.strip()


def _without_kicker(doc: Document, layout: Layout, place: int) -> tuple[Segment, Segment | None]:
    """The headline's segment, and that of a kicker which stood on its line: it is told."""
    segment = layout.blocks[place]
    at = _glue(segment.text, layout) or _label(segment.text, layout)
    if not at:
        return segment, None
    kicker, segment = doc.split(segment, at)
    doc.fact("kicker", kicker.text.strip().rstrip(_LABEL_ENDS), kicker)
    kicker.mark("kicker", rule="glued")
    return segment, kicker


def _glue(text: str, layout: Layout) -> int:
    """Where a kicker of two words and more and a headline of three touch, else 0."""
    for match in _GLUED.finditer(text):
        left, right = text[: match.start()], text[match.start() :]
        if words(left) > 1 and words(right) > 2 and _are_two(left.split()[-1], right, layout):
            return match.start()
    return 0


def _label(text: str, layout: Layout) -> int:
    """Where a headline begins that stands behind a label or a path, and elsewhere on the page alone, else 0.

    "Harbour guides How the lock works", "How the lock works": unless the address has words of the label too.
    """
    whole, known = text.rstrip(), agreement(text, layout.title)
    alone = (block.text.strip() for block in layout.blocks if 0 < len(block.text) < len(text))
    starts = [len(whole) - len(line) for line in alone if _ends_with(whole, line) and words(line) > 2]
    labelled = (at for at in starts if words(whole[:at]) > 1 or whole[at - 2] in _LABEL_ENDS)
    return min((at for at in labelled if agreement(whole[at:], layout.title) >= known), default=0)


def _ends_with(whole: str, line: str) -> bool:
    """Whether a line's last words are another line."""
    at = len(whole) - len(line)
    return at > 1 and whole[at - 1].isspace() and whole[at:].casefold() == line.casefold()


def _are_two(before: str, behind: str, layout: Layout) -> bool:
    """Whether the story has the word behind a glue by itself, and never both as one: "WhatsApp" is one."""
    word = _WORD.match(behind)
    story = " ".join(compress((block.text for block in layout.blocks), layout.prose))
    return word is not None and before + word[0] not in story and bool(re.search(rf"\b{word[0]}\b", story))


def _is_site(end: re.Match[str], url: str) -> bool:
    """Whether what a bar or dash sets apart is a site: always so behind a bar, else by its name."""
    name = end.group("site")
    return "|" in end.group() or _HOUSE.search(name) is not None or is_site(name, url)


def _is_dispatch(layout: Layout, place: int) -> bool:
    """Whether the first line stands above a dateline: agency copy has no page, and its tables stay."""
    below = layout.blocks[place + 1 : place + 2]
    return not any(layout.open[:place]) and any(is_filed(block.text) for block in below)


def _repeats(layout: Layout, place: int) -> None:
    """Mark the headline's twins near it, and a line between it and the story that says it behind a label."""
    whole = layout.blocks[place].text.strip()
    own = fold(whole)
    for number in range(max(0, place - _ABOVE), min(len(layout.blocks), max(layout.start, place) + _BELOW)):
        segment = layout.blocks[number]
        if number == place or not layout.line(number) or segment.by is not None:
            continue
        below = place < number < layout.start and words(whole) > 2
        if fold(segment.text) == own or (below and _ends_with(segment.text.rstrip(), whole)):
            segment.mark("duplicate", rule="repeat")


def _dek(layout: Layout, place: int) -> list[int]:
    """The one or two blocks between the headline and a byline or time that a stage before has found.

    Two paragraphs are the story's own: of the dev pages none has a dek of two. Without such a line only a block that a
    later paragraph repeats is a dek: it may be the lede itself.
    """
    found: list[int] = []
    for number in range(place + 1, min(place + 7, len(layout.blocks))):
        segment = layout.blocks[number]
        if is_filed(segment.text):
            return []
        if segment.role in ("byline", "time", "dateline"):
            is_story = sum(layout.prose[n] for n in found) > 1 or sum(layout.prose[number + 1 :]) < 2
            return [] if is_story else found
        undecided = layout.open[number] and segment.by is None
        if undecided and words(segment.text) >= 6 and not never_a_title(segment.text):
            found.append(number)
        if len(found) > 2 or len(segment.text) > 600:
            break
    return [number for number in found[:1] if _repeated_below(layout, number)]


def _said(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))


def _second(doc: Document, headline: Segment, again: Segment) -> None:
    """Mark a line that would be the headline were the first one not there: it again, its dek, a crumb of the page."""
    between = doc.raw[headline.end : again.start]
    if _says_as_well(headline.text, _said(again.text)):
        again.mark("duplicate", rule="again")
    elif not doc.found("dek") and headline.end <= again.start and len(between) < 400 and words(again.text) > 5:
        doc.fact("dek", again.text.strip(), again)
        again.mark("dek", rule="below")
    else:
        again.mark("other", rule="below")


def _repeated_below(layout: Layout, number: int) -> bool:
    """Whether at least 85 in 100 of a block's words stand in one of the next paragraphs: a dek taken from the lede."""
    own = _said(layout.blocks[number].text)
    below = range(number + 1, min(number + 8, len(layout.blocks)))
    return len(own) >= 6 and any(layout.prose[n] and _says_as_well(layout.blocks[n].text, own) for n in below)


def _says_as_well(text: str, own: set[str]) -> bool:
    may_lack = len(own) * 15 // 100
    folded = text.casefold()
    lacking = (word for word in own if word not in folded)  # a cheap look, which ends at the first few
    return len(list(islice(lacking, may_lack + 1))) <= may_lack and len(own - _said(text)) <= may_lack


def _kicker(doc: Document, layout: Layout, place: int) -> None:
    """The label of one to three words right above the headline, where it stands almost alone: no menu's last line."""
    above = [n for n in range(place) if layout.line(n) and layout.blocks[n].by is None]
    if not above or len(above) > 4:
        return
    segment = layout.blocks[above[-1]]
    told = is_time(segment.text) or is_row(segment.text) or never_a_title(segment.text) or "|" in segment.text
    if above[-1] >= place - 2 and words(segment.text) <= 4 and not told:
        doc.fact("kicker", segment.text.strip(), segment)
        segment.mark("kicker", rule="kicker")


def _page_lines(layout: Layout, place: int) -> None:
    """Mark the short lines above the headline, and the crumbs between it and the first paragraph, as the page's own."""
    filed = [n for n in range(place) if is_filed(layout.blocks[n].text) and layout.open[n]]
    for number in range(filed[-1] + 1 if filed else 0, min(place, layout.start)):
        _page_line(layout, number, "nav", "above")
    signed = [n for n in range(place + 1, min(place + 8, layout.start)) if layout.signed(n) and not layout.open[n]]
    for number in range(place + 1, signed[-1] if signed else place):
        _page_line(layout, number, "other", "below")


def _page_line(layout: Layout, number: int, role: str, rule: str) -> None:
    segment: Segment = layout.blocks[number]
    short = words(segment.text) <= 12 and not ends_sentence(segment.text)
    if layout.line(number) and segment.by is None and short and not (is_row(segment.text) or is_filed(segment.text)):
        segment.mark(role, rule=rule)


def is_row(text: str) -> bool:
    """Whether a line is a row of figures: a wire's tables are its story."""
    return len(_DIGIT.findall(text)) * 3 > len(text)
