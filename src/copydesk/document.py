"""The document: a raw text that never changes, and the marks that stages leave on it.

A document is a *partition*: its segments stand in order, do not overlap, and between them lies nothing but blanks
(`BLANKS`). A segment's text is always its stretch of the raw text with its edits applied, so a place in the text can be
told from a place in the raw text after any repair. A stage can mark, edit, split and join segments, note facts and
flags, and turn the document away. It can do nothing else, and the document signs each act with the stage's name.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from functools import lru_cache
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from copydesk.decoding import mended
from copydesk.errors import StageError, did_you_mean
from copydesk.facts import FIELDS, Fact, gather

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

BLANKS = " \t\r\n\v\f\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}"
"""All that may lie between segments. A no-break space or U+0085 is not here: it may be half of a broken letter."""

BREAKS = "\r\n\v\f\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}"
_LINE = re.compile(f"[^{BLANKS}](?:[^{BREAKS}]*[^{BLANKS}])?")
_BREAK = re.compile(f"[{BREAKS}]")
_TAKEN = {"outcome", "given"}  # names of fields that only the record may have
_RARE_BREAKS = "\v\f\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}"


ROLES = (
    *("body", "headline", "dek", "kicker", "byline", "dateline", "agency", "time", "caption", "credit", "notice"),
    *("copyright", "licence", "disclaimer", "correction", "bio", "contributors", "promo", "newsletter", "donate"),
    *("share", "related", "advert", "cookie", "nav", "comments", "pr", "tags", "footer", "end", "duplicate", "other"),
)
"""The roles that have a meaning here (docs/record.md). The list is open: plugins and rules bring words of their own."""


def misspelt(role: str) -> str:
    """A did-you-mean for a role that is nearly one of ours, and nothing for any other."""
    return "" if role in ROLES else did_you_mean(role, ROLES, cutoff=0.75)


class Signature(NamedTuple):
    """Who did it: the stage's name, and the rule of that stage, if it named one."""

    stage: str
    rule: str


_signature = lru_cache(maxsize=1024)(Signature)  # a stage signs the same again and again


class Edit(NamedTuple):
    """The raw text from `start` to `end` now reads `now`. Places are characters of the raw text."""

    start: int
    end: int
    now: str
    by: Signature


class Change(NamedTuple):
    """A wish to edit: the segment's text from `start` to `end` shall read `now`."""

    start: int
    end: int
    now: str


class Pen:
    """What a document and its segments share: the raw text, and the name to sign with. The running loop sets it."""

    __slots__ = ("memo", "raw", "stage")

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self.stage = ""
        self.memo: dict[Any, Any] = {}

    def sign(self, rule: str) -> Signature:
        self.memo.clear()
        return _signature(self.stage, rule)


class Segment(msgspec.Struct, eq=False):
    """A stretch of the raw text with one role.

    `start` and `end` are places in the raw text, `text` is how it reads now. `by` is None until a stage decides, then
    the signature of the last mark. `memo` is room for one scan of the text, kept until the text changes.
    """

    _pen: Pen | None
    start: int
    end: int
    text: str
    edits: tuple[Edit, ...] = ()
    role: str = "body"
    by: Signature | None = None
    memo: Any = None
    _marked: str = "body"

    def __repr__(self) -> str:
        return f"<{self.role} {self.start}:{self.end} {self.text[:40]!r}>"

    @property
    def pen(self) -> Pen:
        """The shared pen. Raises StageError on a segment that was split or joined and is no longer in the document."""
        if self._pen is None:
            message = (
                f"the segment {self.text[:40]!r} was split or joined before; go on with the segments that came back"
            )
            raise StageError("", message)
        return self._pen

    def mark(self, role: str, *, rule: str = "") -> None:
        """Decide the role. Roles outside the pipeline's `keep` leave the clean text; the last mark counts.

        Raises StageError for a role without a name: what leaves the text says why.
        """
        if not role:
            raise StageError(self.pen.stage, f"a role is a name, not {role!r}")
        self.by = self.pen.sign(rule)
        self.role = self._marked = role

    def replace(self, start: int, end: int, now: str, *, rule: str = "") -> None:
        """Let the text from `start` to `end` read `now`. Many at once: `change`, which is linear."""
        self.change([Change(start, end, now)], rule=rule)

    def change(self, changes: Iterable[tuple[int, int, str]], *, rule: str = "") -> None:
        """Make many edits of the text at once: (start, end, now), in order and not overlapping.

        Raises StageError where they overlap, run backwards or leave the text, or write a lone surrogate.
        """
        pen = self.pen
        wanted = _wanted(changes, self.text, pen.stage)
        if not wanted:
            return
        self.edits = _amend(self, wanted, pen.sign(rule))
        self.text = _applied(pen.raw, self.start, self.end, self.edits)
        self.memo = None

    def rewrite(self, text: str, *, rule: str = "") -> None:
        """Let the whole text read `text`. The difference is worked out, so that only what changed is signed."""
        if text != self.text:
            self.change(difference(self.text, text), rule=rule)


class Document:
    """One article on its way through a pipeline.

    raw: the text as it came; lone surrogates, which no file can hold, become U+FFFD and are flagged `lost-bytes`.
    id: from the input, else from the file name and position. extra: input fields that copydesk does not set.
    keep: the roles that make the clean text. outcome: `clean`, `rejected` or `failed`, with `reason` and the stage.
    text, ledger: the clean text and all that is not in it, once a pipeline has run to its end.
    encoding: how the input's bytes were encoded, where that was not UTF-8.
    """

    __slots__ = (
        *("_pen", "_segments", "encoding", "extra", "facts", "flags", "id", "keep"),
        *("ledger", "outcome", "reason", "stopped_by", "text"),
    )

    def __init__(self, raw: str, *, id: str = "", extra: dict[str, Any] | None = None, encoding: str = "") -> None:
        self.id = id if encodable(id) else mended(id)
        self.extra = extra or {}
        self.encoding = encoding
        self.facts: list[Fact] = []
        self.flags: list[str] = []
        self.keep: tuple[str, ...] = ("body",)
        self.outcome = "clean"
        self.reason = ""
        self.stopped_by = ""
        self.text = ""
        self.ledger: list[Any] = []
        if not encodable(raw):
            raw = mended(raw)
            self.flags.append("lost-bytes")
        self._pen = Pen(raw)
        self._segments = _lines(self._pen)

    def __repr__(self) -> str:
        return f"<Document {self.id!r} {self.outcome}: {len(self._segments)} segments, {self.raw[:40]!r}>"

    @property
    def raw(self) -> str:
        """The decoded input. It never changes."""
        return self._pen.raw

    @property
    def memo(self) -> dict[Any, Any]:
        """Room for what stages work out of the segments together; each act empties it."""
        return self._pen.memo

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The segments as they stand now: a snapshot, so that splitting while looping is safe."""
        return tuple(self._segments)

    @property
    def story(self) -> tuple[Segment, ...]:
        """The segments that would make the clean text as things stand: those whose role is kept."""
        keep = self.keep
        return tuple([segment for segment in self._segments if segment.role in keep])

    @property
    def unsigned(self) -> tuple[Segment, ...]:
        """The segments whose role was set by itself instead of by `mark`, so that nobody signed for it."""
        return tuple([segment for segment in self._segments if segment.role != segment._marked])  # noqa: SLF001

    def split(self, segment: Segment, at: int) -> tuple[Segment, Segment]:
        """Cut a segment in two at a place in its text: a dateline from the lede it is glued to.

        Blanks at the cut fall between the two. An edit that the cut falls into leaves its raw part on the left.
        Both halves keep the role and its signature. Raises StageError where a half would be empty.
        """
        pen = segment.pen
        left_text, right_text = segment.text[:at], segment.text[at:]
        if not (0 <= at <= len(segment.text) and left_text.strip(BLANKS) and right_text.strip(BLANKS)):
            message = (
                f"split at {at} would leave an empty half of {segment.text[:40]!r} ({len(segment.text)} characters)"
            )
            raise StageError(pen.stage, message)
        cut, left_edits, right_edits = _parted(segment, at)
        left = Segment(pen, segment.start, cut, left_text, left_edits)
        right = Segment(pen, cut, segment.end, right_text, right_edits)
        _trim_end(left)
        _trim_start(right)
        for half in (left, right):
            half.role, half.by, half._marked = segment.role, segment.by, segment._marked  # noqa: SLF001
        self._swap((segment,), (left, right))
        return left, right

    def cut(self, segment: Segment, start: int, end: int) -> tuple[Segment | None, Segment, Segment | None]:
        """Make a segment of its own of a stretch of the text: what stands before it, the stretch, what follows.

        Where nothing but blanks stands before or after, there is None. Raises StageError where the stretch is blank.
        """
        before = after = None
        if segment.text[end:].strip(BLANKS):
            segment, after = self.split(segment, end)
        if segment.text[:start].strip(BLANKS):
            before, segment = self.split(segment, start)
        return before, segment, after

    def join(self, *neighbours: Segment, glue: str = " ", rule: str = "") -> Segment:
        """Make one segment of neighbours (a hard-wrapped paragraph), all at once: two by two would be quadratic.

        The first one's role counts. Raises StageError where they are not neighbours in the document's order.
        """
        pen = neighbours[0].pen
        by = pen.sign(rule)
        edits = list(neighbours[0].edits)
        for before, after in pairwise(neighbours):
            if pen.raw[before.end : after.start] != glue:
                edits.append(Edit(before.end, after.start, glue, by))
            edits.extend(after.edits)
        text = glue.join(segment.text for segment in neighbours)
        joined = Segment(pen, neighbours[0].start, neighbours[-1].end, text, tuple(edits))
        first = neighbours[0]
        joined.role, joined.by, joined._marked = first.role, first.by, first._marked  # noqa: SLF001
        self._swap(neighbours, (joined,))
        return joined

    def fact(self, kind: str, value: Any, segment: Segment | None = None) -> None:
        """Note something printed around the story. With `segment`, where it stood.

        Raises TypeError where the record holds facts of this kind, and they are of another type (facts.FIELDS). A
        mapping may stand for one of them.
        """
        field = FIELDS.get(kind)
        if field and not isinstance(value, field.type) and (field.type is str or not isinstance(value, dict)):
            raise TypeError(
                f"the fact `{kind}` is {field.type.__name__}, and this is {type(value).__name__}: {value!r}"
            )
        start, end = (segment.start, segment.end) if segment else (-1, -1)
        self.facts.append(Fact(kind, value, start, end, self._pen.stage))

    def found(self, kind: str) -> list[Any]:
        """The values of one kind of fact, in the order in which they were noted."""
        return [fact.value for fact in self.facts if fact.kind == kind]

    def flag(self, name: str) -> None:
        """Say something about the whole document, once: `lost-bytes`, `several-stories`."""
        if name not in self.flags:
            self.flags.append(name)

    def reject(self, reason: str) -> None:
        """Turn the document away. The loop stops here, and the raw text goes out with the reason."""
        self.outcome, self.reason, self.stopped_by = "rejected", reason, self._pen.stage

    def fail(self, stage: str, reason: str) -> None:
        """Say that a stage could not do its work here. Only the running loop calls this."""
        self.outcome, self.reason, self.stopped_by = "failed", reason, stage

    def record(self, *, segments: bool = False) -> dict[str, Any]:
        """What goes out: the text, the facts and the ledger; of a rejected or failed one the raw text and the reason.

        With `segments`, every segment as [start, end, role, stage, rule] over the raw text, in order.
        """
        own = self._own(segments=segments)
        return self._beside(msgspec.json.decode(msgspec.json.encode(own)))  # as it reads in a file

    def json(self, *, segments: bool = False) -> bytes:
        """The record as one line of JSON in UTF-8, without the line's end."""
        record = self._beside(self._own(segments=segments))
        try:
            return msgspec.json.encode(record)
        except (UnicodeEncodeError, OverflowError):  # a lone surrogate or a number past 64 bits in a field of the input
            return json.dumps(msgspec.to_builtins(record), separators=(",", ":")).encode()

    def _beside(self, own: dict[str, Any]) -> dict[str, Any]:
        """The record beside the input's own fields; those that have a name of the record's are in `given`.

        So is an `outcome`, which would say that a clean document was turned away.
        """
        taken = own.keys() | _TAKEN
        if taken.isdisjoint(self.extra):
            return {**self.extra, **own}
        passed = {name: value for name, value in self.extra.items() if name not in taken}
        return {**passed, **own, "given": {name: self.extra[name] for name in self.extra if name in taken}}

    def _own(self, *, segments: bool) -> dict[str, Any]:
        """The fields of the record that are not the input's."""
        encoding = {"encoding": self.encoding} if self.encoding else {}
        if self.outcome != "clean":
            place = {"outcome": self.outcome, "stage": self.stopped_by, "reason": self.reason}
            return {"id": self.id, "text": self.raw, **place, "flags": self.flags, **encoding}
        own = {"id": self.id, "text": self.text, **gather(self.facts), "flags": self.flags, **encoding}
        own["ledger"] = self.ledger
        if segments:
            own["segments"] = [[s.start, s.end, s.role, *(s.by or ("", ""))] for s in self._segments]
        return own

    def signed_by(self, stage: str) -> None:
        """Hand the pen to a stage: what is done from here on bears its name. Only the running loop calls this."""
        self._pen.stage = stage

    def _swap(self, old: Sequence[Segment], new: tuple[Segment, ...]) -> None:
        """Put `new` in the place of `old`, which are spent from here on."""
        self.memo.clear()
        at = bisect_left(self._segments, old[0].start, key=lambda segment: segment.start)
        while at < len(self._segments) and self._segments[at] is not old[0]:
            at += 1
        if any(a is not b for a, b in zip(self._segments[at : at + len(old)], old, strict=False)) or at >= len(
            self._segments
        ):
            raise StageError(self._pen.stage, "only neighbours can be joined, in the order in which they stand")
        for segment in old:
            segment._pen = None  # noqa: SLF001 (the document's own segments)
        self._segments[at : at + len(old)] = new


def _lines(pen: Pen) -> list[Segment]:
    """A segment for each line that is not blank, without its outer blanks."""
    raw = pen.raw
    if any(mark in raw for mark in _RARE_BREAKS) or ("\r" in raw and raw.count("\r") != raw.count("\r\n")):
        return [Segment(pen, m.start(), m.end(), m.group()) for m in _LINE.finditer(raw)]
    segments, place = [], 0
    for line in raw.split("\n"):  # the same, several times quicker, for nearly every text
        if line and (text := line.strip(BLANKS)):
            start = place if text is line else place + line.index(text[0])
            segments.append(Segment(pen, start, start + len(text), text))
        place += len(line) + 1
    return segments


def encodable(text: str) -> bool:
    """Whether a file can hold the text: it has no lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def breaks_line(blanks: str) -> bool:
    """Whether a stretch of the raw text holds a line break."""
    return "\n" in blanks or _BREAK.search(blanks) is not None


# Edits and places. Text places and raw places differ by what the edits before them added or took away.


def _applied(raw: str, start: int, end: int, edits: Sequence[Edit]) -> str:
    parts: list[str] = []
    for edit in edits:
        parts += raw[start : edit.start], edit.now
        start = edit.end
    parts.append(raw[start:end])
    return "".join(parts)


def _wanted(changes: Iterable[tuple[int, int, str]], text: str, stage: str) -> list[Change]:
    """The changes that change anything, each of them checked."""
    wanted: list[Change] = []
    place, length = 0, len(text)
    for start, end, now in changes:
        if not place <= start <= end <= length:
            message = f"the change {(start, end, now)} overlaps another, runs backwards or leaves the text"
            raise StageError(stage, f"{message} ({length} characters)")
        place = end
        if text[start:end] != now:
            if not (now.isascii() or encodable(now)):
                message = f"the change {(start, end, now)} writes a lone surrogate, which no file can hold"
                raise StageError(stage, message)
            wanted.append(Change(start, end, now))
    return wanted


class _Placed(NamedTuple):
    """An edit that was made before, and where it stands in its segment's text."""

    start: int
    end: int
    edit: Edit

    @property
    def growth(self) -> int:
        """How much longer than the raw text it made the text."""
        return self.end - self.start - (self.edit.end - self.edit.start)


def _amend(segment: Segment, changes: Sequence[Change], by: Signature) -> tuple[Edit, ...]:
    """The segment's edits with the changes in them. Where the two overlap they fuse, and carry both names."""
    if len(changes) == 1 and not segment.edits:  # most often
        start, end, now = changes[0]
        return (Edit(start + segment.start, end + segment.start, now, by),)
    stretches: list[Change | _Placed] = sorted([*changes, *_in_text(segment)], key=itemgetter(0, 1))
    raw, result = segment.pen.raw, []
    shift = segment.start  # from a place in the text to that in the raw text
    for group in _overlapping(stretches):
        alone = group[0]
        if len(group) > 1:
            edit = _fused(group, segment.text, shift, by)
        elif isinstance(alone, Change):
            edit = Edit(alone.start + shift, alone.end + shift, alone.now, by)
        else:
            edit = alone.edit
        shift -= sum([stretch.growth for stretch in group if isinstance(stretch, _Placed)])
        if raw[edit.start : edit.end] != edit.now:
            result.append(edit)
    return tuple(result)


def _in_text(segment: Segment) -> list[_Placed]:
    """Where each edit of a segment stands in its text."""
    result, shift = [], -segment.start
    for edit in segment.edits:
        start = edit.start + shift
        result.append(_Placed(start, start + len(edit.now), edit))
        shift += len(edit.now) - (edit.end - edit.start)
    return result


def _overlapping(stretches: Iterable[Change | _Placed]) -> Iterable[list[Change | _Placed]]:
    """Runs of stretches that overlap. Two empty ones at one place do too, else their order would be open."""
    group: list[Change | _Placed] = []
    end = -1
    for stretch in stretches:
        if stretch.start < end or (stretch.start == end == stretch.end == group[0].start):
            group.append(stretch)
        else:
            if group:
                yield group
            group = [stretch]
            end = -1
        end = max(end, stretch.end)
    if group:
        yield group


def _fused(group: Sequence[Change | _Placed], text: str, shift: int, by: Signature) -> Edit:
    """One edit for a run that overlaps. `shift` leads from its first place in the text to that in the raw text."""
    start = place = group[0].start
    end = max(stretch.end for stretch in group)
    before = [stretch for stretch in group if isinstance(stretch, _Placed)]
    parts: list[str] = []
    for stretch in group:
        if isinstance(stretch, Change):
            parts += text[place : stretch.start], stretch.now
            place = stretch.end
    parts.append(text[place : max(place, end)])
    raw_end = end + shift - sum([stretch.growth for stretch in before])
    return Edit(start + shift, raw_end, "".join(parts), _both([*(stretch.edit.by for stretch in before), by]))


def _both(names: Iterable[Signature]) -> Signature:
    stages: dict[str, None] = {}
    rules: dict[str, None] = {}
    for name in names:
        stages.update(dict.fromkeys(name.stage.split("+")))
        rules.update(dict.fromkeys(name.rule.split("+")))
    return Signature("+".join(stages), "+".join(rules))


def _parted(segment: Segment, at: int) -> tuple[int, tuple[Edit, ...], tuple[Edit, ...]]:
    """The raw place of a cut in the text, and the edits on its two sides."""
    left: list[Edit] = []
    right: list[Edit] = []
    cut = segment.start + at
    for start, end, edit in _in_text(segment):
        if end <= at:
            left.append(edit)
            cut += (edit.end - edit.start) - len(edit.now)
        elif start >= at:
            right.append(edit)
        else:
            left.append(edit._replace(now=edit.now[: at - start]))
            right.append(Edit(edit.end, edit.end, edit.now[at - start :], edit.by))
            cut = edit.end
    return cut, tuple(left), tuple(right)


def _trim_start(segment: Segment) -> None:
    blanks = len(segment.text) - len(segment.text.lstrip(BLANKS))
    if segment.edits and segment.edits[0].start <= segment.start + blanks:
        segment.replace(0, blanks, "")
    else:
        segment.start += blanks
        segment.text = segment.text[blanks:]


def _trim_end(segment: Segment) -> None:
    blanks = len(segment.text) - len(segment.text.rstrip(BLANKS))
    if segment.edits and segment.edits[-1].end >= segment.end - blanks:
        segment.replace(len(segment.text) - blanks, len(segment.text), "")
    else:
        segment.end -= blanks
        segment.text = segment.text[: len(segment.text) - blanks]


# The difference between two texts, in linear time.

_IN_STEP = 8  # so many equal characters, and the two texts run in step again
_REACH = 40  # how far a repair may shift the text


def difference(was: str, now: str) -> list[Change]:
    """The changes that turn `was` into `now`: linear, and exact where repairs are small and apart.

    Two texts of one length are compared place by place (most space and quote repairs). Otherwise both are walked
    until they run in step again after each repair; where they never do, the rest is one change.
    """
    if len(was) == len(now):
        return _same_length(was, now)
    changes: list[Change] = []
    i = j = 0
    while i < len(was) or j < len(now):
        run = _common_start(was, now, i, j)
        i, j = i + run, j + run
        if i == len(was) and j == len(now):
            break
        skip_was, skip_now = _resync(was, now, i, j)
        changes.append(Change(i, i + skip_was, now[j : j + skip_now]))
        i, j = i + skip_was, j + skip_now
    return changes


def _same_length(was: str, now: str) -> list[Change]:
    changes: list[Change] = []
    start = -1
    for place, (a, b) in enumerate(zip(was, now, strict=True)):
        if a != b and start < 0:
            start = place
        elif a == b and start >= 0:
            changes.append(Change(start, place, now[start:place]))
            start = -1
    if start >= 0:
        changes.append(Change(start, len(was), now[start:]))
    return changes


def _common_start(was: str, now: str, i: int, j: int) -> int:
    """How many characters agree from here on: by doubling steps, then by halving them."""
    length, step = 0, 16
    limit = min(len(was) - i, len(now) - j)
    while step:
        if length + step <= limit and was[i + length : i + length + step] == now[j + length : j + length + step]:
            length += step
            step *= 2
        else:
            step //= 2
    return length


def _resync(was: str, now: str, i: int, j: int) -> tuple[int, int]:
    """How much of each text to skip so that they agree again."""
    for total in range(1, 2 * _REACH):
        for skip_now in range(max(0, total - _REACH), min(total, _REACH) + 1):
            a, b = i + total - skip_now, j + skip_now
            if a > len(was) or b > len(now):
                continue
            ahead = was[a : a + _IN_STEP]
            if ahead == now[b : b + _IN_STEP] and (len(ahead) == _IN_STEP or a + len(ahead) == len(was)):
                return a - i, b - j
    end = _common_end(was, now, i, j)
    return len(was) - end - i, len(now) - end - j


def _common_end(was: str, now: str, i: int, j: int) -> int:
    end, limit = 0, min(len(was) - i, len(now) - j)
    while end < limit and was[-1 - end] == now[-1 - end]:
        end += 1
    return end
