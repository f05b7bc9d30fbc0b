"""One byline as it is printed: names, and around them times, counters, buttons, or a lede that was glued on."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from copydesk.prose import ends_sentence, is_prose, words
from copydesk_credits.byline import people
from copydesk_credits.layout import MONTH, is_time, tells_time

if TYPE_CHECKING:
    from copydesk.document import Document, Segment

_DATES = r"published|updated|posted|stand|aktualisiert|veröffentlicht|publié|publicado|pubblicato|oppdatert|publisert"
_TIME = re.compile(
    rf"[\s(\[|•·–—,/.-]*(?:\b\d|\b(?:{_DATES}|on|le|am|vor|hace|il y a)\s*[:\d]"
    r"|\b(?:last )?(?:published|updated|posted)\b"
    r"|\b(?:on\s+)?(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(?:on\s+)?(?:mon|tue|wed|thu|fri|sat|sun)\b[,.]"
    rf"|\b{MONTH}\.?\s+\d)",
    re.IGNORECASE,
)
_GLUED_TIME = re.compile(
    r"(?<=[^\W\d])(?=\d{1,2}\s+(?:minutes?|hours?|days?|min|weeks?|months?)\b"
    r"|(?:January|February|March|April|May|June|July|August|September|October|November|December) \d"
    r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.? \d{1,2}, (?:19|20)\d\d)"
)
_ISO_DAY = re.compile(r"\b(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}\b")
_CLOCK = re.compile(
    rf"(?:[\W\d_]|(?<![^\W\d_]){MONTH}\b|\b(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\b|(?:st|nd|rd|th)\b"
    r"|\b(?:on|at|am|pm|mins?|minutes?|read|updated|posted|published|created|submitted|written|last|by|par|accueil|blog|news|in)\b)+$",
    re.IGNORECASE,
)
_FOOTNOTE = re.compile(r"(?<=[^\W\d_]{2})\d{1,2}(?:,\d{1,2})*(?=\s*(?:[,;&]|and\b|$))")
_BUTTON = re.compile(r"\s+(?:Follow|Seguir|Folgen|Tips meg|Suivre|Segui|Sponsored|Verified|Email|Edit|Profile)\s*$")
_IN_SECTION = re.compile(r"(?<=[^\W\d_])(?:In\s[A-Z].*|\sIn|\sin\s[a-z-]+)$")
_COMMENTS = re.compile(
    r"\s*[-–—|,]?\s+(?:\d+|no|leave a) (?:comments?|replies|reply|views|likes|shares)\b.*$", re.IGNORECASE
)
_BULLET = re.compile(r"\s*[|•·●⋅∙]\s*|\s{3,}|\s[–—]\s")
_COUNTER = re.compile(
    r"^(?:\d+\s*)?(?:comments?|shares?|views?|words?|likes?|kommentare?|sponsored|follow|edit|print|e-?mail|\d+)$",
    re.IGNORECASE,
)
_OPENERS = (
    r"The|A|An|In|It|On|For|When|After|As|This|These|There|Der|Die|Das|Ein|Eine|Im|Es|Le|La|Les|El|Los|Las|Un|Une"
)
_LEDE = re.compile(rf"(?<=[^\W\d_A-Z]{{2}})(?=(?:{_OPENERS})\s\w)")
_DATELINE = re.compile(
    r"(?:,\s*[^\W\d_][\w .-]{1,28}?)?\s+"
    r"(?=[A-ZÀ-Þ]{3,}[A-ZÀ-Þ .'-]*(?:,[^()–—-]{0,30})?(?:\s*\([^)]{2,20}\))?\s*(?:[–—]|--?\s))"
)
_STAMP = 4  # words: a label and its date
_LABELS = ("/by", "/label", "/von", "/par", "/por", "/editor")
_TOLD = 20  # words of a byline that tells what its author does
_LONGEST = 300
"""No byline is longer, in characters: eleven names and their towns fit."""


_IN_ROWS = "源者辑輯"
"""One of these letters stands in every row: a cheap look, a hundred times quicker than for words of two."""
_ROW_LABEL = re.compile(
    r"(?:^文|(?:文章|新闻|消息|资料|資料)?[来來]源|稿源|作者|(?:本报|本報)?[记記]者|撰文|通[讯訊][员員]|(?:责任|責任)?[编編][辑輯]|[责責][编編]|校[对對]"
    r"|(?:发布|發佈|發布|发表|更新)?[时時][间間])\s?[:：|｜/]"
)
_LONGEST_ROW, _MOST_ROWS = 200, 40
"""Characters of a row, and rows of a document: an article has one, an archive of a paper a few."""


class Line(NamedTuple):
    """A byline found: its block, how much of it from the start is the byline, and whom it names."""

    segment: Segment
    number: int
    end: int
    read: people.Byline
    rule: str

    @property
    def role(self) -> str:
        """The role of the people named; nothing where only an agency, or nobody, is."""
        return self.read.people[0].role if self.read.people else ""


def part_rows(doc: Document) -> None:
    """Make a line of each entry of a row, as Chinese sites print them: "来源：日报 作者：林美华 时间：2026-11-20"."""
    if not any(letter in doc.raw for letter in _IN_ROWS):
        return
    rows = (segment for segment in doc.segments if segment.by is None and len(segment.text) <= _LONGEST_ROW)
    for row in islice((row for row in rows if _ROW_LABEL.search(row.text)), _MOST_ROWS):
        _part_row(doc, row)


def _part_row(doc: Document, row: Segment) -> None:
    labels = [match.start() for match in _ROW_LABEL.finditer(row.text)]
    dated = labels[0] > 0 and is_time(row.text[: labels[0]])
    if (labels[0] > 0 and not dated) or len(labels) + dated < 2 or is_prose(row.text):
        return
    for start in reversed(labels):
        if start:
            row, _ = doc.split(row, start)


def read_line(segment: Segment, number: int, who: str, role: people.Role, rule: str, *, lone: bool) -> Line | None:
    """The byline of a block that ends on `who`. Where more than a time follows the names, only a sure part is taken."""
    text = segment.text
    at = len(text) - len(who) if text.endswith(who) else max(0, text.find(who))
    if rule.endswith("/by-dated") and not _CLOCK.match(text[:at]):
        return None
    if len(who) <= _LONGEST:
        named, rest = before_time(who)
        alone = not rest or _is_time(rest)
        read = people.read(_bare(named), role, lone=lone) if alone else None
        read = read or (_first_named(named, role) if _is_told(text, rule) else None)
        if read:
            return Line(segment, number, len(text), read, rule)
    return _glued(segment, number, at, role, rule) if at and words(who[:200]) > 12 else None


def _is_told(text: str, rule: str) -> bool:
    """Whether a line with a keyword may go on with what its author does: it is short, and no sentence."""
    return rule.endswith(_LABELS) and words(text) <= _TOLD and not ends_sentence(text)


def _first_named(named: str, role: people.Role) -> people.Byline | None:
    """The names before a comma, where what stands behind it reads as nobody."""
    names, comma, _ = named.partition(", ")
    return people.read(names, role) if comma else None


def before_time(who: str) -> tuple[str, str]:
    """The names of a byline, and the time that follows them; buttons, counters and footnote numbers are left out."""
    who = _plain(who)
    starts = [match.start() for match in (_GLUED_TIME.search(who), _TIME.search(who)) if match]
    cut = min(starts, default=len(who))
    named = re.sub(r"\s+(?:on|at|am|le|the|vom|il)$", "", who[:cut].rstrip(" |•·–—,.-("))
    return named, who[cut:].strip(" |•·–—,.-()")


def _plain(who: str) -> str:
    who = _BUTTON.sub("", _FOOTNOTE.sub("", _IN_SECTION.sub("", _COMMENTS.sub("", who))).strip())
    pieces = [piece for piece in _BULLET.split(who) if piece]
    named: list[str] = []
    for piece in pieces if len(pieces) > 1 else ():
        if _is_stamp(piece) and named:
            break
        if not _COUNTER.match(piece) and not _is_stamp(piece):
            named.append(piece)
    return " | ".join(named) or who


def _is_stamp(piece: str) -> bool:
    """Whether a piece is a time and nothing else: "Tech Week: January 6, 2026" says what is on."""
    return is_time(piece) and (words(piece) <= _STAMP or _TIME.match(piece) is not None)


def _is_time(rest: str) -> bool:
    count = words(rest)
    return count <= 2 or (count <= 16 and not is_prose(rest) and tells_day(rest))


def tells_day(rest: str) -> bool:
    """Whether what follows a name tells a time, or a day as machines write it: "2024-05-12"."""
    return tells_time(rest) or _ISO_DAY.search(rest) is not None


def _bare(named: str) -> str:
    """Names without the East Asian word for reporter after them, and without a bracket that opens outside of them."""
    named = re.sub(r"\s*(?:기자|특파원|논설위원|記者|记者)$", "", named.strip()).strip(" |•·–—,:-")
    return named.rstrip(")）") if "(" not in named and "（" not in named else named


def _glued(segment: Segment, number: int, at: int, role: people.Role, rule: str) -> Line | None:
    """A byline with the lede glued on: cut before a dateline, or where a small letter meets a sentence's capital."""
    text = segment.text
    for pattern in (_DATELINE, _LEDE):
        match = pattern.search(text, at, at + 120)
        read = people.read(text[at : match.end()].strip(), role) if match else None
        if match and read and read.people:
            return Line(segment, number, match.end(), read, rule)
    return None
