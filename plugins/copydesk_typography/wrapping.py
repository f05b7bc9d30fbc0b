"""How a text is wrapped: its lines, the column where they break, and the margin where they go on."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from copydesk.document import Document, Segment

SOUTH_EAST = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
HAN = "\u2e80-\u2fff\u3001-\ua4cf\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff60\U0001b000-\U0001b16f\U00020000-\U0003ffff"
"""Chinese and Japanese, with their punctuation. Neither these nor the four above part words: lines break anywhere."""

_BREAK = re.compile("\r\n|[\n\r\v\f\N{LINE SEPARATOR}]|\N{PARAGRAPH SEPARATOR}")
_PADS = "\N{NO-BREAK SPACE}\N{IDEOGRAPHIC SPACE}\N{EM SPACE}"
_PLAIN_GAPS = ("\n", "\n\n")  # nearly all
_PADDING = re.compile(f"[{_PADS}]+")
_WIDE = re.compile(f"[\u1100-\u115f\uac00-\ud7a3{HAN}]")
_is_unparted = re.compile(f"[{SOUTH_EAST}{HAN}]").match

_ENDED = re.compile(r"[.!?:;…。！？：；।॥؟۔։][\"'”’“»«)\]>」』）】]*\Z")
_LETTER = re.compile(r"[^\W\d_]")
_ITEM = re.compile(r"(?:[-–—*•·▪►○●+>#|]|\(?(?:\d{1,2}[.)]|[a-zA-Z]\)))(?:\s|\Z)")
_COLUMNS = re.compile(r"[^\s.!?] {3,}\S|\S *\t\s*\S|[._-]{5,}|[=*~]{3,}")
_RULE = re.compile(r"[._=*~-][._=*~-][._=*~-]")  # not `{3}`: with a class in front the search skips to it in C
_DIGIT = re.compile(r"\d")
_FIGURE = re.compile(r"\S*\d\S*")

# Shares, measured on 1600 wire reports of 1987 and 1500 pages of today.
_OVERHANG = 0.85  # this quantile of the lines that go on is the column: where a hand was at work a few overhang it
_BEYOND = 1.3  # so many columns were never broken at that one: a line that is longer is a paragraph, or a long verse
_FULL = 0.6  # so many lines must have had no room for the next word: newswire has 0.98, pages and lists 0.2 to 0.3
_SHARE = 0.1  # so much of the text must be such lines: a page with one broken address in it is none
_SMALL = 0.3  # so many of the lines that go on start small: in newswire 0.7 to 1, in verse and lists next to none
_HALF = 0.5  # so many of the full lines end inside a sentence, and so many of the last ones at its end
_SHORTEST = 8  # characters a line on average, its break included: below it is a column of words, and has no prose
_TAIL = 8  # characters of a line's end that tell whether a sentence ends there


class Line(NamedTuple):
    """A line of the raw text: its first and last segment, the breaks before it, its indent, the column it reaches."""

    first: Segment
    last: Segment
    breaks: int
    indent: int
    reach: int

    @property
    def raw(self) -> str:
        if self.first is self.last and not self.first.edits:  # most are, and this saves the way to the raw text
            return self.first.text
        return self.first.pen.raw[self.first.start : self.last.end]

    @property
    def is_ended(self) -> bool:
        tail = self.last.text[-_TAIL:]
        return not tail[-1].isalnum() and _ENDED.search(tail) is not None  # most lines that go on end on a letter

    @property
    def initial(self) -> str:
        """The first letter, behind an opening quotation mark; empty before a figure."""
        head = self.first.text[:2]
        if head[0].isalpha():  # nearly always, and several times quicker than the search
            return head[0]
        found = _LETTER.search(head)
        return found.group() if found else ""

    @property
    def lead(self) -> int:
        """The columns of its first word and the space before it: what had no room on the line before."""
        text = self.first.text
        return 3 if _is_unparted(text) else len(text[:200].split(None, 1)[0]) + 1


class Seam(NamedTuple):
    """Two lines of prose with a single break between them."""

    line: Line
    after: Line

    def is_full(self, column: int) -> bool:
        return self.line.reach + self.after.lead > column

    @property
    def plainly_goes_on(self) -> bool:
        """Whether a sentence runs over the break: a small letter follows, one without a size, or less indent."""
        initial = self.after.initial
        if self.line.is_ended or self.after.indent > self.line.indent:
            return False
        is_hung = self.line.indent > self.after.indent and not self.line.raw.isupper()
        return is_hung or (initial != "" and not initial.isupper())

    @property
    def is_heading(self) -> bool:
        """Whether capitals end here, or a stray word follows a full stop: a headline above, an end mark below."""
        line, after = self
        if after.initial.islower():
            return False
        if line.is_ended and not after.is_ended and " " not in after.raw:
            return True
        return line.raw.isupper() and not after.raw.isupper()


class Wrap(NamedTuple):
    """The column that full lines reach, the margin where lines go on, and whether paragraphs start off that margin."""

    column: int
    margin: int
    is_indented: bool

    def goes_on(self, seam: Seam, *, is_inside: bool) -> bool:
        """Whether the two lines are one paragraph; inside one that started off the margin none starts at the margin.

        A slip of one blank is forgiven inside a sentence.
        """
        line, after = seam
        off = abs(after.indent - self.margin)
        if max(line.reach, after.reach) > self.column * _BEYOND:
            return False
        if off > 1 or after.indent > line.indent + 1 or seam.is_heading or (line.is_ended and off):
            return False
        if seam.is_full(self.column):
            return True
        if line.is_ended or off:
            return False
        return after.initial.islower() or (is_inside and line.reach * 2 >= self.column)

    def joined(self, found: Sequence[Seam]) -> set[int]:
        """Where the lines start that go on with the line before them."""
        result: set[int] = set()
        for run in _runs(found):
            if len(run) > 1 and not any(seam.is_full(self.column) and not seam.line.is_ended for seam in run):
                continue  # three lines or more, and none was broken inside a sentence: verse, an address, headlines
            is_inside = False
            for seam in run:
                is_inside = self.is_indented and (seam.line.indent != self.margin or is_inside)
                goes_on = self.goes_on(seam, is_inside=is_inside)
                is_inside &= goes_on
                if goes_on:
                    result.add(seam.after.first.start)
        return result


def _runs(found: Sequence[Seam]) -> Iterator[list[Seam]]:
    """The seams of lines that follow each other without a blank line or anything else between them."""
    run: list[Seam] = []
    for seam in found:
        if run and run[-1].after is not seam.line:
            yield run
            run = []
        run.append(seam)
    if run:
        yield run


def may_be_wrapped(doc: Document, narrowest: int, widest: int) -> bool:
    """Whether lines of a fitting width could be the share of the text that is asked for, and any of them go on.

    A look at the lengths and first letters: it costs a tenth of reading the lines, and most documents end here.
    """
    segments, raw, least = doc.segments, doc.raw, narrowest // 4
    lengths = [segment.end - segment.start for segment in segments]
    size = sum([length for length, after in pairwise(lengths) if least <= length <= widest >= after])
    if len(raw) < _SHORTEST * len(lengths) or size < sum(lengths) * _SHARE / 2:
        return False
    return any(_starts_small(segment.text) or _is_indented(raw, segment.start) for segment in segments)


def _starts_small(text: str) -> bool:
    """Whether a line could go on with the one before it, by its initial as a `Line` tells it."""
    head = text[:1]
    if head.isalpha():
        return not head.isupper()
    found = _LETTER.search(text[:2])
    return found is not None and not found.group().isupper()


def _is_indented(raw: str, start: int) -> bool:
    """Whether the next line could go on with the one that starts here, by having less indent."""
    return raw[start] in _PADS or (start > 0 and raw[start - 1] in " \t")


def goes_on_anywhere(read: Sequence[Line], narrowest: int, widest: int) -> bool:
    """Whether `unwrapped` could find any line that goes on: this is quicker than to tell prose from the rest first."""
    return any(
        narrowest <= line.reach <= widest >= after.reach and after.breaks == 1 and Seam(line, after).plainly_goes_on
        for line, after in pairwise(read)
    )


def seams(read: Sequence[Line], keep: Sequence[str], widest: int) -> list[Seam]:
    """The single breaks between lines of prose that the clean text keeps, but for lines beyond any such column."""
    longest = widest * _BEYOND
    has_list: bool | None = None
    result: list[Seam] = []
    for line, after in pairwise(read):
        if after.breaks > 1 or line.reach > longest or after.reach > longest:
            continue
        if line.last.role != after.first.role or line.last.role not in keep:
            continue
        if _ITEM.match(after.first.text):
            has_list = _has_list(read) if has_list is None else has_list
            if has_list:
                continue
        # The line was the seam's other side a moment ago, and is then known to be prose.
        is_prose = (result and result[-1].after is line) or _is_prose(line)
        if is_prose and (_is_prose(after) or _is_last_figure(line, after)):
            result.append(Seam(line, after))
    return result


def _has_list(read: Sequence[Line]) -> bool:
    """Whether an item stands where no line goes on: below a blank line, or a line that ends a sentence."""
    return any(_ITEM.match(b.first.text) and (b.breaks > 1 or a.is_ended) for a, b in pairwise(read))


def lines(doc: Document) -> list[Line]:
    """The lines of the raw text, less those that read as nothing."""
    raw, result, end, breaks = doc.raw, [], 0, 2
    for segment in doc.segments:
        gap = raw[end : segment.start]
        breaks += _breaks(gap)
        end = segment.end
        if not segment.text:
            continue
        if breaks:
            indent = _indent(gap, segment)
            result.append(Line(segment, segment, breaks, indent, indent + _width(segment)))
        else:
            reach = result[-1].reach + len(gap) + _width(segment)
            result[-1] = result[-1]._replace(last=segment, reach=reach)
        breaks = 0
    return result


def _breaks(gap: str) -> int:
    if gap in _PLAIN_GAPS:
        return len(gap)
    return len(_BREAK.findall(gap)) + gap.count("\N{PARAGRAPH SEPARATOR}")


def _indent(gap: str, segment: Segment) -> int:
    """The columns of blanks before a line. Web pages indent by no-break spaces, Chinese print by ideographic ones."""
    padding = _PADDING.match(segment.pen.raw, segment.start)
    if gap in _PLAIN_GAPS and not padding:
        return 0
    blanks = _BREAK.split(gap)[-1]
    return len(blanks.expandtabs(8)) + (2 * len(padding.group()) if padding else 0)


def _width(segment: Segment) -> int:
    text = segment.text
    return len(text) if text.isascii() else len(text) + len(_WIDE.findall(text))


def _is_prose(line: Line) -> bool:
    """Not a row of a table, of figures or of signs. The raw text tells: its columns may have been made one space."""
    raw = line.raw
    if ("  " in raw or "\t" in raw or _RULE.search(raw)) and _COLUMNS.search(raw):
        return False
    if not _LETTER.search(raw):
        return False
    if not _DIGIT.search(raw):
        return True
    words = raw.split()
    return len(words) < 4 or sum(_FIGURE.match(word) is not None for word in words) * 5 < len(words) * 3


def _is_last_figure(line: Line, after: Line) -> bool:
    """Whether a lone figure ends the sentence of the line before it: `since May / 1986`."""
    return not line.is_ended and " " not in after.raw and _FIGURE.match(after.raw) is not None


def unwrapped(found: Sequence[Seam], narrowest: int, widest: int, size: int) -> set[int]:
    """Where the lines of a text of so many characters start that go on with the line before: none where it is not
    wrapped, or where that is not plain.

    A line broken at a column had no room for the next word. Lists, verse and the blocks of a web page break where their
    sense does, so that most of their lines had room.
    """
    going = [seam for seam in found if seam.line.reach >= narrowest and seam.plainly_goes_on]
    if not going:
        return set()
    margins = Counter(seam.after.indent for seam in going)
    margin = max(margins, key=lambda indent: (margins[indent], -indent))
    column = _column([seam.line for seam in going if seam.after.indent == margin], margin)
    if column > widest:
        return set()
    level = [
        seam for seam in found if margin == seam.after.indent <= seam.line.indent and seam.line.reach * 2 >= column
    ]
    full = [seam for seam in level if seam.is_full(column)]
    wrap = Wrap(column, margin, any(seam.line.indent != margin for seam in full))
    is_most = len(full) >= len(level) * _FULL and sum(seam.line.reach for seam in full) >= size * _SHARE
    if not is_most:
        return set()
    goes_on = wrap.joined(found)
    return goes_on if _reads_on(found, full, goes_on, is_indented=wrap.is_indented) else set()


def _column(going: Sequence[Line], margin: int) -> int:
    """The column where lines break, by those at the margin: a tab before a first line may once have been narrower."""
    reaches = sorted(line.reach for line in going if line.indent == margin) or sorted(line.reach for line in going)
    return reaches[int(len(reaches) * _OVERHANG)]


def _reads_on(found: Sequence[Seam], full: Sequence[Seam], goes_on: set[int], *, is_indented: bool) -> bool:
    """Whether full lines read like prose: sentences run over breaks, in small letters, and end where paragraphs do."""
    joined = [seam for seam in found if seam.after.first.start in goes_on]
    starts = {seam.line.first.start for seam in joined}
    last = [seam.after for seam in joined if seam.after.first.start not in starts]
    small = sum(seam.after.initial.islower() for seam in full)
    large = sum(seam.after.initial.isupper() for seam in full)
    return (
        sum(not seam.line.is_ended for seam in full) >= len(full) * _HALF
        and sum(line.is_ended for line in last) >= len(last) * _HALF
        and (is_indented or small >= (small + large) * _SMALL)
    )
