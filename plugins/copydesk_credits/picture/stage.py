"""The stage `extract_credits`: who made the pictures, and the words printed beside them."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from functools import cached_property
from itertools import groupby, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from copydesk.facts import Credit
from copydesk.prose import ends_sentence, is_prose, words
from copydesk_credits.house import agencies, house_rules
from copydesk_credits.layout import is_time
from copydesk_credits.picture.captions import (
    BESIDE,
    CLOSED,
    LONG,
    SHORT,
    fits,
    has_words,
    is_captionlike,
    is_dek,
    is_sure_caption,
    names_what_is_seen,
    names_writer,
    opens_byline,
    opens_text,
    plain,
    wrote_too,
)
from copydesk_credits.picture.creditline import CreditLine
from copydesk_credits.picture.lone import lone_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from copydesk.document import Document, Segment
    from copydesk.rules import Hit

MOST_HITS = 60
"""Hits in one block that are looked at: a bound on the work, far above what a caption can hold."""

FEW = 3
"""More credit lines than this make a list of things with a picture each: what is above one is its heading."""

REACH = 20
"""Lines above a credit among which a headline is looked for: bylines, times and buttons stand between the two."""

_SMALL = re.compile(r"(?<!\S)[^\W\d_A-ZÀ-Þ]\w+")
_OF_PICTURES = re.compile(r"(?i)(?:photo|foto|picture|bild|image|\bpool\b|\bhandout\b|\bfile\b|illustration|©)")
_CAPITALS = re.compile(r"(?<=[a-z,] )[A-ZÀ-Þ][\w’'-]*\w")
_LINE = 160
"""Characters: no line of the head is longer that names somebody or tells of a picture."""
_GAP = 20
"""Characters between two blocks: line ends, and the blanks of empty lines."""
_start = attrgetter("start")
_BARE = ("bracket-name", "bracket-wire", "bracket-source", "agency-end", "agency-line")
_BY_FORM = frozenset(["bracket-family", "reporter-end", "slash-name"])
_UNKNOWN = _BY_FORM | {"bracket-unknown"}
_BRACKETS = frozenset(["bracket-agency", "bracket-label", "bracket-name", "bracket-wire"])


class Span(NamedTuple):
    """A stretch of a block that reads as credits, and the rule that found it."""

    start: int
    end: int
    credits: tuple[Credit, ...]
    rule: str

    @property
    def rule_name(self) -> str:
        """The rule's name without its file's."""
        return self.rule.rpartition("/")[2]


class Block(NamedTuple):
    """A segment and the credits in it. `sure`: they need nothing beside them to be believed.

    `signs`: it is a line without a label of agencies that send text too, so it may be a writer's as well.
    """

    segment: Segment
    spans: list[Span]
    sure: bool
    signs: bool
    rest: str
    """What is left of the text without the credits."""

    @property
    def shared(self) -> bool:
        """Whether there is more in the block than credits."""
        return has_words(self.rest)


def _without(text: str, spans: Sequence[Span]) -> str:
    for span in reversed(spans):
        text = text[: span.start] + text[span.end :]
    return text


class extract_credits:
    """Note who made the photos, videos and graphics, and take these credits and the captions beside them out.

    The picture desk prints `Caption. (Photographer/Agency)`, `Photo: X`, `© X | Y`, `X via AP`: behind the caption, on
    a line of its own or, where a template lost a line break, glued to the lede. A rule of pictures.yaml says where;
    what stands there must then read as names. `Panorama of the port. (Ada Quill/Flickr)` becomes a caption and a
    credit, name `Ada Quill`, agency `Flickr`.

    A caption is what a credit is glued to, or the one or two sentences just above a credit on its own line that do not
    read as a heading, as speech or as most of the story's own paragraphs do, on a page that does not keep its captions
    closer to its credits; one printed twice, for the blind and for the rest, leaves twice. Without a credit
    a block is a caption that calls itself one (`FILE - …`, `… (Symbolbild)`), tells who stands where, speaks of the
    picture, or tells the day in full in the present tense, as agencies do. With `captions: false` all stay.

    Left alone: two people in brackets (`(Quill/Marsh)`), and/or, km/h, a party and its state, what is defined in
    brackets, an agency as sign-off at the story's end (`… on Friday. (dpa)`) or in a dateline, "photo" in a sentence.
    Of agencies that send text too a bare name counts only in a caption's place, and never as the text's.
    """

    def __init__(self, *, captions: bool = True, rules: tuple[Path, ...] = (), without: tuple[str, ...] = ()) -> None:
        self.rules = house_rules("pictures", "captions", rules=rules, without=without, everywhere=True)
        self.captions = captions
        self.line = CreditLine()
        self._rank = {rule.id: rank for rank, rule in enumerate(self.rules)}

    def __call__(self, doc: Document) -> None:
        hits, lone = self.rules.hits(doc), lone_names(doc.segments)
        if not (hits or lone):
            return
        blocks = list(self._blocks(hits))
        labelled = frozenset(hit.segment.start for hit in hits if hit.rule.id.endswith("/label-line"))
        page = Page(doc, blocks, labelled)
        for block in blocks:
            if block.shared and ((block.sure and not self._is_signed(block, page)) or page.vouches_for(block)):
                self._take_from_text(doc, block)
        self._take_lines(doc, page, [block for block in blocks if not block.shared])
        self._take_lone(doc, page, lone)
        if self.captions:
            _mark_labelled(doc, page, hits)
            _mark_doubles(doc, page)

    def _blocks(self, hits: Sequence[Hit]) -> Iterator[Block]:
        """The blocks with credits in them. A gallery has the same line again and again, which is read once."""
        known: dict[tuple[str, ...], tuple[list[Span], bool, bool, str]] = {}
        for _, group in groupby(hits, key=attrgetter("segment.start")):
            mine = list(group)
            segment = mine[0].segment
            asked = (segment.text, *[hit.rule.id for hit in mine])
            read = known.get(asked)
            if read is None:
                spans = self._spans(mine)
                sure = any(map(self._is_sure, spans))
                signs = not _OF_PICTURES.search(segment.text) and all(map(self._signs, spans))
                read = known[asked] = spans, sure, signs, _without(segment.text, spans)
            if read[0]:
                yield Block(segment, *read)

    def _spans(self, hits: Sequence[Hit]) -> list[Span]:
        """What reads as a credit; of two that overlap the one whose rule stands first."""
        spans: list[Span] = []
        hits = sorted(hits, key=lambda hit: (self._rank[hit.rule.id], hit.start))
        for hit in [hit for hit in hits if hit.rule.role == "credit"][:MOST_HITS]:
            text = hit.groups.get("credit", hit.text)
            start = hit.start + hit.text.rfind(text)
            end = start + len(text)
            if not any(start < span.end and span.start < end for span in spans):
                read = self.line.read(text)
                if read:
                    spans.append(Span(start, end, tuple(read), hit.rule.id))
        return sorted(spans)

    def _is_sure(self, span: Span) -> bool:
        """Whether there is more than a name that no list knows, or bare names of agencies that send text too."""
        if span.rule_name in _UNKNOWN:
            return False
        named = any(credit.name or not self.line.is_text_agency(credit.agency or "") for credit in span.credits)
        return named or span.rule_name not in _BARE

    def _signs(self, span: Span) -> bool:
        """Whether a line without a label names nobody but people and agencies that send text too."""
        wires = all(self.line.is_text_agency(credit.agency or "") for credit in span.credits)
        return wires and span.rule_name == "agency-line"

    def _is_signed(self, block: Block, page: Page) -> bool:
        """Whether a writer and an agency may sign the story here, at its end: `… again. And again. (Ada Quill/dpa)`."""
        last = block.spans[-1]
        if last.rule_name != "bracket-name":
            return False
        signed = all(credit.name and self.line.is_text_agency(credit.agency or "") for credit in last.credits)
        return signed and not fits(block.rest, (LONG[0], 1)) and not page.story_behind(block)

    def _take_from_text(self, doc: Document, block: Block) -> None:
        """A credit that shares its block with other words, which may be the caption, the lede, or both."""
        text, first, last = block.segment.text, block.spans[0], block.spans[-1]
        if wrote_too(block.rest):  # the line is the byline's
            _note(doc, block, "")
            return
        if not has_words(text[last.end :]):
            labelled = last.rule_name.startswith(("label", "bracket", "copyright"))
            self._cut(doc, block, caption=fits(block.rest, LONG if labelled else SHORT))
        elif not has_words(text[: first.start]):
            self._cut(doc, block, caption=fits(block.rest, SHORT))
        elif fits(text[: first.start], SHORT) and opens_text(text[last.end :]):
            before, _ = doc.split(block.segment, last.end)
            self._cut(doc, block._replace(segment=before, rest=_without(before.text, block.spans)), caption=True)

    def _cut(self, doc: Document, block: Block, *, caption: bool) -> None:
        """Make segments of the credits; what is left of the block is a caption, or stays what it was."""
        segment: Segment | None = block.segment
        caption = caption and self.captions and not names_writer(block.rest)
        _note(doc, block, block.rest if caption else "")
        for span in reversed(block.spans):
            assert segment is not None
            segment, middle, behind = doc.cut(segment, span.start, span.end)
            middle.mark("credit", rule=span.rule)
            if behind and caption:
                behind.mark("caption", rule=span.rule)
        if segment and caption:
            segment.mark("caption", rule=block.spans[0].rule)

    def _take_lines(self, doc: Document, page: Page, blocks: Sequence[Block]) -> None:
        """Credits on lines of their own, each with the caption above it, if there is one."""
        segments = doc.segments
        for block in blocks:
            at = bisect_left(segments, block.segment.start, key=_start)
            above = page.caption_above(segments, at)
            if block.signs and page.is_signature(block, above, segments, at):
                continue
            if block.sure or page.vouches_for_line(above):
                above = above if self.captions else None
                _note(doc, block, above.text if above else "")
                block.segment.mark("credit", rule=block.spans[0].rule)
                if above:
                    above.mark("caption", rule=block.spans[0].rule)

    def _take_lone(self, doc: Document, page: Page, lone: Sequence[Segment]) -> None:
        """Photographers who stand alone between a caption and the byline."""
        segments = doc.segments if lone else ()
        for line in lone:
            at = bisect_left(segments, line.start, key=_start)
            above = page.caption_above(segments, at)
            if line.by is None and above and page.is_photographer(above, line, opens_byline(segments[at + 1].text)):
                caption = plain(above.text) if self.captions else None
                doc.fact("credit", Credit(name=line.text, caption=caption), line)
                line.mark("credit", rule="name-above-byline")
                if self.captions:
                    above.mark("caption", rule="name-above-byline")


class Page:
    """What a whole document says about its credits. `labelled`: where lines start that open with a credit's label."""

    def __init__(self, doc: Document, blocks: Sequence[Block], labelled: frozenset[int] = frozenset()) -> None:
        self._labelled = labelled
        self._raw = doc.raw
        self._keep = doc.keep
        self._story = doc.story
        self._with_credits = {block.segment.start for block in blocks}
        self._signing = {block.segment.start for block in blocks if block.signs}
        self._sure = any(block.sure for block in blocks)
        self._lines = sum(not block.shared for block in blocks)
        self._sharing = any(block.sure and block.shared for block in blocks)
        self._credits = [block.segment for block in blocks if block.sure]
        spans = [span for block in blocks for span in block.spans]
        self._brackets = any(span.rule_name in _BRACKETS for span in spans)
        self._stroked = Counter(credit for span in spans if span.rule_name == "slash-name" for credit in span.credits)
        self._doubtful = {
            credit for block in blocks if not block.sure for span in block.spans for credit in span.credits
        }

    @cached_property
    def _prose(self) -> list[Segment]:
        """The paragraphs of the story as it came, without those that hold credits. Few pages need to know."""
        return [s for s in self._story if s.start not in self._with_credits and is_prose(s.text)]

    @cached_property
    def _usual(self) -> int:
        """The words of a paragraph of this story."""
        sizes = sorted(words(segment.text) for segment in self._prose)
        return sizes[len(sizes) // 2] if sizes else 0

    def story_behind(self, block: Block) -> int:
        """How many paragraphs of the story stand below."""
        return len(self._prose) - bisect_right(self._prose, block.segment.start, key=_start)

    def is_signature(self, block: Block, above: Segment | None, segments: Sequence[Segment], at: int) -> bool:
        """Whether names without a label sign a text, or are a title among titles, rather than a picture's credit.

        A writer signs below the story, `Ada Quill (AP)`, or right below the headline, `Ada Quill/AP`; further up a
        caption or a label stands above a picture's credit, or it names the photographer first.
        """
        before, behind = _neighbour(segments, at - 1), _neighbour(segments, at + 1)
        if before and before.text.endswith((":", "：")):
            return False
        if self._ends_story(block):  # a gallery may stand there, too
            others = (_neighbour(segments, at - 2), _neighbour(segments, at + 2))
            gallery = any(other and other.start in self._with_credits for other in others)
            return above is None or not (gallery or is_sure_caption(above.text))
        if above:
            return False
        if not _names_first(block) or any(line and line.start in self._signing for line in (before, behind)):
            return True
        named = agencies(block.spans[0].credits[0].agency or "")  # Nasa sends pictures alone
        return bool(named) and self._is_head(block.segment.start) and _is_byline(segments, at)

    def _ends_story(self, block: Block) -> bool:
        """Whether the story is over here: no more than a last note stands below, and the story stands above."""
        behind = self.story_behind(block)
        return behind == 0 or (behind == 1 and not self._is_head(block.segment.start))

    def stands_in_story(self, start: int) -> bool:
        """Whether a paragraph of the story stands above, and one below."""
        return bool(self._prose) and self._prose[0].start < start < self._prose[-1].start

    def vouches_for(self, block: Block) -> bool:
        """Whether a bare name behind some words is a picture's credit.

        Sign-offs end a story, and one story has one; captions stand further up, are short, and a page has several.
        """
        start, text, rule = block.segment.start, block.rest, block.spans[-1].rule_name
        if rule in _BY_FORM:
            return self._is_formed(block, rule)
        if self.story_behind(block) < 2 or words(text) < 4 or not fits(text, CLOSED):
            return False
        if rule == "bracket-source":
            return self._is_head(start)
        if rule == "bracket-unknown":
            return self._brackets and (self._sure or len(self._doubtful) > 1)
        glued = text[-1:] not in " \N{NO-BREAK SPACE}"
        return self._sure or len(self._doubtful) > 1 or (glued and self._is_head(start))

    def _is_formed(self, block: Block, rule: str) -> bool:
        """The same of a name that its form alone tells: between paragraphs, and no sign-off."""
        if rule == "reporter-end":
            return not self._ends_story(block) and fits(block.rest, (CLOSED[0], 1))
        if not fits(block.rest, *BESIDE) or len(_SMALL.findall(block.rest)) < 3:
            return False
        start = block.segment.start
        if rule == "slash-name":  # who is named so twice took pictures, wherever they stand
            return self.stands_in_story(start) or self._stroked[block.spans[-1].credits[0]] > 1
        return (self._is_head(start) or self.stands_in_story(start)) and self._tells_of_family(block)

    def _tells_of_family(self, block: Block) -> bool:
        """Whether the caption or the story names somebody of the family in the brackets."""
        names = set((block.spans[-1].credits[0].name or "").split())
        told = [block.rest, *[segment.text for segment in self._prose]]
        return any(not names.isdisjoint(_CAPITALS.findall(text)) for text in told)

    def is_photographer(self, caption: Segment, name: Segment, says_by: bool) -> bool:
        """Whether a name alone below a caption and above a byline is no second writer's.

        `By` opens the line of the first writer; else the caption and the name stand close, or it is surely a caption.
        """
        close = self._breaks(caption) == (2, 1) and self._breaks(name) == (1, 2)
        return close or is_sure_caption(caption.text) or (says_by and ends_sentence(caption.text))

    def vouches_for_line(self, above: Segment | None) -> bool:
        """Whether a bare name on its own line is a picture's credit: under a caption, below the head, among others."""
        return above is not None and self._sure and not self._is_head(above.start)

    def caption_above(self, segments: Sequence[Segment], at: int) -> Segment | None:
        """The caption above a credit's line, if the block there is one."""
        above = segments[at - 1] if at else None
        if above is not None and above.role == "duplicate":  # the second of two, one of them for the blind
            above, at = _first_of_two(segments, at - 1), at - 1
            if above is not None and is_captionlike(above.text):
                return above
        if above is None or above.by is not None or above.role not in self._keep or above.start in self._labelled:
            return None
        if is_sure_caption(above.text):
            return above
        if not is_captionlike(above.text):
            return None
        earlier = [segment.text for segment in segments[max(0, at - REACH) : at - 1] if segment.by is None]
        return above if self._is_caption(above, earlier) else None

    def _is_caption(self, block: Segment, earlier: Sequence[str]) -> bool:
        """Whether what could be a caption is one.

        Below the head none is where the page's other credits share a line with their captions, or hang below them.
        """
        text, in_head = block.text, self._is_head(block.start)
        if not ends_sentence(text):
            return self._lines <= FEW and names_what_is_seen(text, earlier)
        if (breaks := self._breaks(block)) == (2, 1):  # an empty line above, and none to the credit
            return True
        if in_head:
            return not (earlier and is_dek(text, earlier[-1]))
        hanging = any(self._breaks(credit) == (1, 2) for credit in self._credits)
        elsewhere = self._sharing or (hanging and breaks[1] > 1)
        return not elsewhere and words(text) < self._usual and self._is_told_apart

    def _breaks(self, block: Segment) -> tuple[int, int]:
        """How many lines end between a block and its neighbours: one, or two and more."""
        above = self._raw[max(0, block.start - _GAP) : block.start]
        below = self._raw[block.end : block.end + _GAP]
        return min(2, _ends_lines(above[::-1])), min(2, _ends_lines(below))

    @cached_property
    def _is_told_apart(self) -> bool:
        """Whether a sentence that reads as a caption is no paragraph of this story: at most half of them read so.

        No dev page with such captions has more. Where most paragraphs are that short, the one above a credit is one
        more of them, as likely as not, and a story's sentence is worth more than a caption.
        """
        return 2 * sum(is_captionlike(segment.text) for segment in self._prose) <= len(self._prose)

    def calls_caption(self, hit: Hit, before: Segment | None, behind: Segment | None) -> bool:
        """Whether a block that reads as a caption may be one.

        One that says so by a side alone is, where pictures stand near, or as a line without a stop between two
        paragraphs; one that has no more than a scene's words only there: further up it may be the headline. A portrait
        stands beside the byline of who is seen.
        """
        if "named" in hit.groups:
            return any(
                block is not None and _ends_with_name(block.text, hit.groups["named"]) for block in (before, behind)
            )
        if not hit.rule.id.endswith(("/caption-side", "/scene")):
            return True
        between = all(block is not None and is_prose(block.text) for block in (before, behind))
        if hit.rule.id.endswith("/scene"):
            return between
        return fits(hit.segment.text, *BESIDE) and (self._sure or (between and not ends_sentence(hit.segment.text)))

    def calls_double(self, block: Segment) -> bool:
        """Whether a short block printed twice on end is a caption. In the head it may be the dek."""
        if words(block.text) <= 4 or not fits(block.text, *BESIDE) or self._is_head(block.start):
            return False
        return self._sure or (ends_sentence(block.text) and self.stands_in_story(block.start))

    def _is_head(self, start: int) -> bool:
        return not self._prose or self._prose[0].start >= start


def _ends_lines(text: str) -> int:
    """How many lines end before a text's first word."""
    return text[: len(text) - len(text.lstrip())].count("\n")


def _is_byline(segments: Sequence[Segment], at: int) -> bool:
    """Whether `Ada Quill/AP` in the head is who wrote it: nobody else signs, and no word tells of a picture nearby.

    It stands above the time, or alone between headline and story. Who took the lead picture stands below a caption,
    or below the byline.
    """
    before, behind = _neighbour(segments, at - 1), _neighbour(segments, at + 1)
    around = [segment.text for segment in segments[max(0, at - 4) : at + 5] if len(segment.text) < _LINE]
    if before is None or behind is None or any(opens_byline(text) or _OF_PICTURES.search(text) for text in around):
        return False
    lone = before.start == segments[0].start and is_prose(behind.text) and not ends_sentence(before.text)
    return lone or (is_time(behind.text) and not is_time(before.text))


def _ends_with_name(text: str, name: str) -> bool:
    """Whether a line is a name, or a byline with it."""
    return len(text) < _LINE and text.endswith(name) and (text == name or opens_byline(text))


def _names_first(block: Block) -> bool:
    """Whether a line opens with a name, and a stroke or `via` parts it from the agency."""
    name = block.spans[0].credits[0].name
    head, _, rest = block.segment.text.partition(name) if name else ("", "", "")
    return not has_words(head) and rest.lstrip().startswith(("/", "|", "via "))


def _note(doc: Document, block: Block, caption: str) -> None:
    for span in block.spans:
        for credit in span.credits:
            doc.fact("credit", replace(credit, caption=plain(caption) or None), block.segment)


def _mark_labelled(doc: Document, page: Page, hits: Sequence[Hit]) -> None:
    """Blocks that call themselves captions."""
    labelled = [hit for hit in hits if hit.rule.role == "caption" and hit.segment.by is None]
    segments = doc.segments if labelled else ()
    for hit in labelled:
        segment = hit.segment
        at = bisect_left(segments, segment.start, key=_start)
        there = at < len(segments) and segments[at] is segment and segment.by is None
        behind = _neighbour(segments, at + 1)
        if there and page.calls_caption(hit, _neighbour(segments, at - 1), behind):
            text = hit.groups.get("caption", segment.text)
            segment.mark("caption", rule=hit.rule.id)
            if hit.rule.id.endswith("/caption-head"):
                if behind is None or behind.by is not None or words(behind.text) < 3 or not fits(behind.text, *BESIDE):
                    continue
                segment, text = behind, behind.text
                segment.mark("caption", rule=hit.rule.id)
            doc.fact("credit", Credit(caption=plain(text)), segment)


def _neighbour(segments: Sequence[Segment], at: int) -> Segment | None:
    return segments[at] if 0 <= at < len(segments) else None


def _first_of_two(segments: Sequence[Segment], at: int) -> Segment | None:
    """The block before this one, where it says the same and nobody has decided it."""
    first = _neighbour(segments, at - 1)
    return first if first is not None and first.by is None and first.text == segments[at].text else None


def _mark_doubles(doc: Document, page: Page) -> None:
    """A caption printed again, beside the first or as another caption, is a duplicate."""
    segments = doc.segments
    twice = [(one, other) for one, other in pairwise(segments) if one.text == other.text and one.by is None]
    if not all(fits(text, *BESIDE) for text in {one.text for one, _ in twice}):
        twice = []  # the page prints all its paragraphs twice
    for one, other in twice:
        if (other.by is None or other.role == "duplicate") and page.calls_double(one):
            doc.fact("credit", Credit(caption=plain(one.text)), one)
            one.mark("caption", rule="caption-twice")
            if other.by is None:
                other.mark("duplicate", rule="caption-again")
    first: dict[str, int] = {}
    captions = (number for number, segment in enumerate(segments) if segment.role == "caption")
    for number in captions:
        text = segments[number].text
        if words(text) > 3 and first.setdefault(plain(text), number) != number:
            segments[number].mark("duplicate", rule="caption-again")
    for text, number in first.items():
        opening = text.partition(" ")[0]
        for other in segments[max(0, number - 3) : number + 4]:
            if other.by is None and opening in other.text and plain(other.text) == text:
                other.mark("duplicate", rule="caption-again")
