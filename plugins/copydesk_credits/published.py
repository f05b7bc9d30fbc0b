"""When it was published: time lines, as printed and, where they are complete, in ISO 8601."""

from __future__ import annotations

import re
from datetime import date, time
from functools import cache
from itertools import accumulate, chain, groupby
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from copydesk.facts import Published
from copydesk.prose import is_prose
from copydesk.rules import Zones
from copydesk_credits.byline import people
from copydesk_credits.byline.signature import part_rows
from copydesk_credits.headline.score import headline
from copydesk_credits.house import agencies, folded, has_letters_only, house_rules, months, words_of
from copydesk_credits.layout import laid_out

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from copydesk.document import Document, Segment
    from copydesk.rules import Hit

_DEEPEST = 2
"""Paragraphs of the story that may stand before a date without a label: a dek, a caption read as prose. Judged."""

_LAYERS = 6
"""Stamps that may stand one after the other on a line beside a name. Real ones have two: the date, the reading time."""

_NEAR = 3
"""Lines between a headline and a name with a date. Judged."""

_HEAD_LINES = 6
"""Lines that are the head of a text without a single paragraph of prose: a table, a results list. Judged."""

_LONGEST = 400
"""Characters of a time line, with the name beside it. The rules ask for 25 words at most."""

_LONG_LABEL = 5
"""Letters of a label that needs no colon: `Updated`, `Stand`. `le` and `Date` open other lines too."""

_BY = re.compile(
    r"(?:posted |written |published |story |words |text |geschrieben |ein artikel )?"
    r"(?:by|von|par|por|di|da|door|av|af|oleh|автор|text|foto)\b",
    re.IGNORECASE,
)
_OPENING_LISTS = ("published", "updated", "zone_name", "weekday", "month_in_two_calendars")
_OPEN_TOO = (
    *("about", "vor", "il y a", "hace", "há", "fa", "yesterday", "today", "gestern", "heute"),
    *("read", "time", "lesezeit", "lesedauer", "temps", "durée", "tiempo", "tempo", "leestijd", "lästid", "lesetid"),
    *("læsetid", "czas", "время", "час", "okuma", "undefined", "ungefähre", "閱讀", "阅读"),
    *("thứ", "chủ nhật", "יום", "วัน"),
    *("aujourd", "hier", "hoy", "ayer", "oggi", "ieri", "hoje", "ontem", "azi", "vandaag", "gisteren"),
    *("dag", "idag", "går", "igår", "tänään", "eilen"),
)
"""What opens a time line and stands in no list: `relative` and `reading` of words.yaml."""

_SHORT = 100
"""Characters of a line of labels without a figure."""

_LONGEST_WORD = 20
_FIGURE = re.compile(r"\d")
_MACHINE = re.compile(r"[\W_]*(?:pub)?(?:date|published_time)", re.IGNORECASE)
_START = re.compile("[\\W_]*(\\d|[\u2e80-\ud7ff]{2}|[^\\W\\d_]{1,3})")  # Chinese, Japanese and Korean part no words
_RULED_OFF = ("|", "·", "•")


class extract_published:
    """Take the time lines around a story out of the text: Published: 9 May 2019 at 10:15 | Updated: 5 minutes ago.

    Pages print them under the headline, beside the byline, sometimes at the end; with a label, as a bare date, as
    "3 hours ago", with the reading time; some machines leave "date 2019-05-05" before the text. The first that names a
    date becomes the fact: as printed, and in ISO 8601 where day, month and year are there and can mean one thing only
    (05/09/2019 can mean two). No zone is added. Left alone: clock times and dates of the story, the dated entries of a
    diary, dates in a headline.
    """

    def __init__(self, *, rules: tuple[Path, ...] = (), without: tuple[str, ...] = ()) -> None:
        self.rules = house_rules("published", rules=rules, without=without)
        updated = sorted(words_of("updated"), key=len, reverse=True)
        self._updated = re.compile(rf"(?i:{'|'.join(map(re.escape, updated))})(?![^\W\d_])\s*[:：]?\s*")
        self._house_only = not rules

    def __call__(self, doc: Document) -> None:
        part_rows(doc)
        lines: list[Segment] = []
        for _ in range(_LAYERS):
            before = len(doc.segments)
            lines += self._pass(doc)
            if len(doc.segments) == before:  # no line was cut, so nothing new is to be seen
                break
        self._note(doc, sorted(lines, key=lambda line: line.start))

    def _pass(self, doc: Document) -> list[Segment]:
        lines = self._dated(doc)
        hits = self.rules.hits(doc, among=lines) if lines else []
        if not hits:
            return []
        page = _Page(doc, hits)
        chosen: dict[int, Hit] = {}
        for hit in hits:
            known = chosen.get(hit.segment.start)
            if page.holds(hit) and (known is None or _rank(hit) > _rank(known)):
                chosen[hit.segment.start] = hit
        return [_taken(doc, hit) for hit in chosen.values()]

    def _dated(self, doc: Document) -> list[Segment]:
        """The lines where a rule of ours may find something; all blocks where there are other rules."""
        segments = doc.segments
        if not self._house_only:
            return list(segments)
        head_ends = Zones(doc).head_ends
        lines = [
            segment
            for segment in segments
            if segment.by is None
            and len(segment.text) <= _LONGEST
            and (_opens(segment.text) or (segment.start < head_ends and _may_hold_date(segment.text)))
        ]
        if segments and _MACHINE.match(segments[0].text) and segments[0] not in lines[:1]:
            lines.insert(0, segments[0])
        return lines

    def _note(self, doc: Document, lines: list[Segment]) -> None:
        """Note the first line that says when, and the first that says when it was changed."""
        told: tuple[Segment, str] | None = None
        updated: tuple[Segment, str] | None = None
        for line in lines:
            published, changed = self._parted(line.text)
            if told is None and _says_when(published):
                told = line, published
            if updated is None and (_says_when(changed) or _CLOCK.search(changed)):
                updated = line, changed
        told = told or self._today(lines)
        first = told or updated
        if first and not doc.found("published"):
            iso = iso_8601(told[1]) if told else None
            value = Published(text=first[0].text, iso=iso, updated=updated and updated[1])
            doc.fact("published", value, first[0])

    def _today(self, lines: list[Segment]) -> tuple[Segment, str] | None:
        """The first line that says "today, 07:14" of publication: told only where no line names the day itself."""
        parted = ((line, self._parted(line.text)[0]) for line in lines)
        return next((found for found in parted if _TODAY.search(found[1])), None)

    def _parted(self, text: str) -> tuple[str, str]:
        """What a line says about publication, and what it says about the last change."""
        label = self._updated.search(text)
        if label is None:
            return text, ""
        return text[: label.start()], text[label.end() :].strip(" |·•,()-–—")


@cache
def _openings() -> dict[str, tuple[str, ...]]:
    """The words that a time line opens with, beside figures, by their first three letters. Some have but two."""
    words = [word.casefold() for word in (*chain.from_iterable(map(words_of, _OPENING_LISTS)), *months(), *_OPEN_TOO)]
    starts = sorted((start[1], _WORD.findall(word)[0]) for word in words if (start := _START.match(word)))
    return {key: tuple(word for _, word in some) for key, some in groupby(starts, key=itemgetter(0))}


def _opens(text: str) -> bool:
    """Whether a line may be nothing but a time: it opens with a figure, or as labels, months, weekdays do."""
    start = _START.match(text)
    if start is None:
        return False
    key = start[1].casefold()
    words = _openings().get(key)
    if words is None:
        return key.isdigit()
    opening = text[start.start(1) :][:_LONGEST_WORD].casefold()
    return opening.startswith(words) and (len(text) <= _SHORT or _FIGURE.search(text) is not None)


def _may_hold_date(text: str) -> bool:
    """Whether a date may stand on a line beside a name."""
    return _FIGURE.search(text) is not None and not is_prose(text)


def _rank(hit: Hit) -> tuple[bool, int]:
    return hit.rule.takes == "block", hit.end - hit.start


def _taken(doc: Document, hit: Hit) -> Segment:
    segment = hit.segment
    if hit.rule.takes == "match":
        _, segment, _ = doc.cut(segment, hit.start + len(hit.groups.get("glued", "")), hit.end)
    segment.mark("time", rule=hit.rule.id)
    return segment


class _Page:
    """Where the story is, and which lines are nothing but a date."""

    def __init__(self, doc: Document, hits: list[Hit]) -> None:
        self.layout = laid_out(doc)
        self.has_prose = any(self.layout.prose)
        self.number = {segment.start: number for number, segment in enumerate(self.layout.blocks)}
        told = (prose and number >= self.layout.start for number, prose in enumerate(self.layout.prose))
        self.prose_before = list(accumulate(told, initial=0))
        lines = [hit for hit in hits if _kind(hit) == "line"]
        self.time_lines = {hit.segment.start for hit in lines}
        labelled = {hit.segment.start for hit in lines if "label" in hit.groups}
        bare = (self.number[start] for start in self.time_lines - labelled)
        self.diary = len({self.layout.blocks[number].text for number in bare if self._is_entry(number)}) > 1

    def _is_entry(self, number: int) -> bool:
        """Whether a date, perhaps with a title below it, opens a paragraph of the story: teasers stand around it."""
        opens = any(self.layout.prose[number + 1 : number + 3])
        return opens and self.layout.start <= number + 1 < self.layout.end

    def holds(self, hit: Hit) -> bool:
        """Whether a hit stands where its kind may stand, and means what it seems to."""
        number = self.number[hit.segment.start]
        kind = _kind(hit)
        if kind == "machine":
            return number == 0
        if kind == "line" and self._labelled(hit):
            return True
        if not self._in_head(number) or (kind == "line" and self.diary and self._is_entry(number)):
            return False
        if kind in ("line", "placed"):
            return _is_stamp(hit.text) or len(hit.groups.get("label", "")) >= _LONG_LABEL  # "Updated 14:20"
        if kind == "label":
            return self._labels_next(hit, number)
        return not is_prose(hit.segment.text) and (_beside_name(hit) or self._signed(hit, number))

    def _signed(self, hit: Hit, number: int) -> bool:
        """Whether the line is a name and a day, right below the headline: Ada Quill 24.04.2024, 19:35 Uhr."""
        name = hit.segment.text[: hit.start].rstrip(" ,-–—").split()
        if _kind(hit) != "after-name" or not 2 <= len(name) <= 3 or not people.is_name(name) or not _is_stamp(hit.text):
            return False
        headline(self.layout)
        return self.layout.under_headline(number, _NEAR)

    @staticmethod
    def _labelled(hit: Hit) -> bool:
        """Whether the line opens with words that only time lines open with, and names a day."""
        label = hit.groups.get("label", "").strip()
        return (len(label) >= _LONG_LABEL or label.endswith((":", "："))) and _says_when(hit.text)

    def _in_head(self, number: int) -> bool:
        if not self.has_prose:
            return number < _HEAD_LINES
        if number >= self.layout.end:
            return False
        return number < self.layout.start or self.prose_before[number] <= _DEEPEST

    def _labels_next(self, hit: Hit, number: int) -> bool:
        following = self.layout.blocks[number + 1 : number + 3]
        if any(block.start in self.time_lines for block in following):
            return True
        return number < self.layout.start and hit.segment.text.rstrip(" )").endswith((":", "：")) and len(hit.text) > 4


def _kind(hit: Hit) -> str:
    return hit.rule.id.partition("/")[2]


def _is_stamp(text: str) -> bool:
    """Whether a line without a label is a time line: a day with its year or a clock time, how long ago, a reading time.

    A row of dates is a table's, and "April 20" may be anything.
    """
    if _AGO.search(text) or _READING.search(text) or _TODAY.search(text):
        return True
    return _says_when(text) and len(_DATE_IN_FIGURES.findall(text)) <= 2 and _YEAR_OR_CLOCK.search(text) is not None


def _beside_name(hit: Hit) -> bool:
    """Whether what stands on the same line is a name: a headline may hold a date of its own."""
    before, after = hit.segment.text[: hit.start].rstrip(), hit.segment.text[hit.end :]
    if _kind(hit) == "before-name":
        glued = after[:1].isupper() and hit.text[-1:].isdigit()
        return glued or _BY.match(after.lstrip(" ,|·•–-")) is not None
    if "glued" in hit.groups:
        return " " in before and has_letters_only(before)
    if "label" in hit.groups or before.endswith(_RULED_OFF):
        return True
    return _BY.match(before.lstrip(" |")) is not None or bool(agencies(before))


# Reading dates.

_AGO = re.compile(
    r"\d\s*\S{1,20}\s+(?:ago|geleden|atrás|fa|siden|sedan|sitten|temu|назад|тому|önce)\b"
    r"|\b(?:vor|il y a|hace|há) \d|\d\s*\S{0,4}[前전]"
)
_TODAY = re.compile(
    r"(?i:\b(?:yesterday|today|gestern|heute|aujourd'hui|hier|hoy|ayer|oggi|ieri|hoje|ontem|azi|vandaag|gisteren"
    r"|i dag|idag|i går|igår|tänään|eilen),?(?: (?:at|um|à|a las|alle|às|om|la|kl\.?|klo))? \d{1,2}[:.h]\d\d)"
)
_DATE_IN_FIGURES = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}")
_YEAR_OR_CLOCK = re.compile(r"\d{4}|\d[./-]\d{1,2}[./-]\d|\d[:.h]\d\d")
_IN_FIGURES = re.compile(r"\d[./-]\s?\d{1,2}[./-]\s?\d|[月월]\s*\d|\d\.?\s+\S{2,12}\s+\d{4}")
_WORD = re.compile(r"[^\W\d_]+")
_READING = re.compile(r"(?i)\bmin|read|lese|lectur|leitur|lettura|чтен|хв|阅读|閱讀")
_FIGURES = re.compile(r"(?<!\d)(\d{4})([-./])(\d{1,2})\2(\d{1,2})(?!\d)")
_FIGURES_BACK = re.compile(r"(?<!\d)(\d{1,2})([-./])\s?(\d{1,2})\2\s?(\d{4})(?!\d)")
_CJK = re.compile(r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日號号일]")
_DAY_MONTH = re.compile(
    r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|er|re|º|ª|°|\.)?[\s-]*(?:de |d['’]|di )?"
    r"([^\W\d_]+(?: [^\W\d_]+)?)\.?,?[\s-]*(?:de |del )?(\d{4})(?!\d)"
)
_YEAR_MONTH_DAY = re.compile(r"(?<!\d)(\d{4})\.\s*([^\W\d_]+)\s+(\d{1,2})\.")
_MONTH_DAY = re.compile(r"([^\W\d_]+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})(?!\d)")
_CLOCK = re.compile(r"(?<![\d.:])(\d{1,2})[:.h時时](\d{2})(?::(\d{2}))?(?:\.\d+)?(?![.\d])\s*([AaPp]\.?[Mm])?")
_ZONE = re.compile(r"\s*\(?(?:(Z|UTC|GMT)\b(?!\s*[+-])|(?:UTC|GMT)?\s*([+-])(\d{1,2})(?::?(\d{2}))?\b)")


class _Day(NamedTuple):
    """A day that was read, and where it stands in the text."""

    day: date
    start: int
    end: int


def iso_8601(text: str) -> str | None:
    """The first complete date of a text, with its clock time and the zone where they are printed; else None."""
    found = _day(text)
    if found is None:
        return None
    rest = text[: found.start] + " " * (found.end - found.start) + text[found.end :]
    clock = _CLOCK.search(rest, found.end) or _CLOCK.search(rest)
    moment = clock and _moment(clock)
    if not clock or not moment:
        return found.day.isoformat()
    zone = _ZONE.match(rest, clock.end())
    return f"{found.day.isoformat()}T{moment.isoformat()}{_offset(zone) if zone else ''}"


def _says_when(text: str) -> bool:
    """Whether a text names a day, or how long ago it was: a reading time does not."""
    if _AGO.search(text) or _IN_FIGURES.search(text):
        return True
    return any(_month(word) for word in _WORD.findall(text)) and any(letter.isdigit() for letter in text)


def _day(text: str) -> _Day | None:
    readings: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], date | None]], ...] = (
        (_FIGURES, lambda m: _date(m[1], m[3], m[4])),
        (_CJK, lambda m: _date(m[1], m[2], m[3])),
        (_DAY_MONTH, lambda m: _date(m[3], _month(m[2]), m[1])),
        (_YEAR_MONTH_DAY, lambda m: _date(m[1], _month(m[2]), m[3])),
        (_MONTH_DAY, lambda m: _date(m[3], _month(m[1]), m[2])),
        (_FIGURES_BACK, lambda m: _backwards(m[1], m[3], m[4], dotted=m[2] == ".")),
    )
    days = [
        _Day(day, match.start(), match.end())
        for pattern, read in readings
        for match in pattern.finditer(text)
        if (day := read(match)) is not None
    ]
    return min(days, key=lambda found: found.start, default=None)


def _month(name: str) -> int | None:
    """The number of a month by its name, or by the first word of what stands after the day: `mayo de`."""
    known, name = months(), folded(name).removeprefix("ב")  # Hebrew glues "in" to the month
    return known.get(name) or known.get(name.partition(" ")[0])


def _date(year: str, month: str | int | None, day: str) -> date | None:
    """The date, where it is one of the calendar that the months belong to: a Persian or a Thai year is none."""
    if month is None or not 1500 <= int(year) <= 2100:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _backwards(first: str, second: str, year: str, *, dotted: bool) -> date | None:
    """09.05.2019 is the ninth of May wherever dots are used; 09/05/2019 only where one of the two cannot be a month."""
    if dotted or int(first) > 12 or first == second:
        return _date(year, second, first)
    return _date(year, first, second) if int(second) > 12 else None


def _moment(clock: re.Match[str]) -> time | None:
    hour, half = int(clock[1]), (clock[4] or "")[:1].lower()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        return time(hour, int(clock[2]), int(clock[3] or 0))
    except ValueError:
        return None


def _offset(zone: re.Match[str]) -> str:
    return "+00:00" if zone[1] else f"{zone[2]}{int(zone[3]):02}:{zone[4] or '00'}"
