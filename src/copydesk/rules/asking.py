"""Where rules stand: the patterns of a file in google-re2 Sets, asked about many blocks at once.

The Sets are asked, in bytes, which patterns may occur at all; only those are then located. What was found in a block is
kept with it until it changes, for every stage to use.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from copydesk.errors import ConfigError
from copydesk.prose import words
from copydesk.rules import patterns
from copydesk.rules.rule import SHORT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from copydesk.document import Segment
    from copydesk.rules.rule import Rule

_TELLING = 400  # characters: a text that is shorter may be German without one `und`
_KEPT_LINES = 4096  # for each choice of files: what they said of so many lines is kept
_KEPT_LENGTH = 100  # characters: menus and labels come again on a site's next page, paragraphs do not
_HANDFUL = 8  # lines: to ask re2 takes about as long as to read so many
_PARTS = 16  # where there are many lines, in so many parts what matched is looked for first


class Place(NamedTuple):
    """A hit before it is known in which segment: the same line may stand in many."""

    rule: Rule
    start: int
    end: int
    groups: dict[str, str]


class _Found(NamedTuple):
    """What was found in a segment as it stands: the files whose rules were asked, and their hits in order."""

    homes: frozenset[Home]
    hits: tuple[Place, ...]


_NOBODY: frozenset[Home] = frozenset()


def scan(homes: frozenset[Home], texts: Iterable[tuple[str, Sequence[Segment]]]) -> None:
    """See to it that each segment's memo holds what the files' rules find in it; given with its raw text."""
    lacking: dict[tuple[frozenset[Home], _Reader], list[Segment]] = {}
    for raw, segments in texts:
        for asked, some in _lacking(homes, segments).items():
            lacking.setdefault((asked, _reader(homes - asked, raw)), []).extend(some)
    for (asked, reader), some in lacking.items():
        _look(some, reader, homes | asked)


def _lacking(homes: frozenset[Home], segments: Iterable[Segment]) -> dict[frozenset[Home], list[Segment]]:
    """The segments that not all of the files were asked about, by those that were."""
    lacking: dict[frozenset[Home], list[Segment]] = {}
    enough = None
    for segment in segments:
        asked = segment.memo.homes if segment.memo else _NOBODY
        if asked is enough:
            continue
        if asked >= homes:
            enough = asked
        else:
            lacking.setdefault(asked, []).append(segment)
    return lacking


def _look(segments: Sequence[Segment], reader: _Reader, now: frozenset[Home]) -> None:
    """Ask more files about segments that some were asked about before, and note it in their memos."""
    nothing = _Found(now, ())
    places = reader.read([segment.text for segment in segments])
    for segment in segments:
        there = places[segment.text]
        before = segment.memo.hits if segment.memo else ()
        if before and there:
            there = tuple(sorted((*before, *there), key=_order))
        segment.memo = _Found(now, there or before) if there or before else nothing


def _order(place: Place) -> tuple[int, int, tuple[str, int]]:
    return place.start, -place.end, place.rule.order


def _reader(homes: frozenset[Home], raw: str) -> _Reader:
    """The reader of those files that are meant for such a text: any is for one too short to tell its language by."""
    if len(raw) < _TELLING or not any(home.only_with for home in homes):
        return _reader_of(homes)
    return _reader_of(_meant(homes, raw))


@lru_cache(maxsize=4)  # the stages ask one after another about the same text; few, for it keeps the texts alive
def _meant(homes: frozenset[Home], raw: str) -> frozenset[Home]:
    said = _signs(homes).among(raw)
    return frozenset(home for home in homes if not home.only_with or not said.isdisjoint(home.only_with))


@lru_cache(maxsize=64)
def _signs(homes: frozenset[Home]) -> patterns.Literals:
    return patterns.Literals({sign for home in homes for sign in home.only_with})


@lru_cache(maxsize=64)
def _reader_of(homes: frozenset[Home]) -> _Reader:
    return _Reader(homes)


class _Reader:
    """Some files that are asked together. What they say of short lines is kept, for the pages of a site share them."""

    def __init__(self, homes: Iterable[Home]) -> None:
        self._homes = tuple(homes)
        self._kept: dict[str, tuple[Place, ...]] = {}

    def read(self, texts: Iterable[str]) -> dict[str, tuple[Place, ...]]:
        """What the files find in each text, with the guards kept, in order."""
        found = {text: self._kept.get(text) for text in texts}
        new = [text for text, places in found.items() if places is None]
        told = self._asked(new) if new else {}
        lines = [text for text in new if len(text) <= _KEPT_LENGTH]
        if len(self._kept) + len(lines) > _KEPT_LINES:
            self._kept.clear()
        self._kept.update((line, told.get(line, ())) for line in lines[:_KEPT_LINES])
        return {text: told.get(text, ()) if places is None else places for text, places in found.items()}

    def _asked(self, texts: list[str]) -> dict[str, tuple[Place, ...]]:
        """What stands in those texts in which anything does."""
        found: dict[str, list[Place]] = {}
        every, short = _Batch(texts), _Batch([text for text in texts if _is_short(text)])
        for home in self._homes:
            for text, place in home.find(every, short):
                if _guards_hold(place.rule, text):
                    found.setdefault(text, []).append(place)
        return {text: tuple(sorted(places, key=_order)) for text, places in found.items()}


def _is_short(text: str) -> bool:
    """Whether a text has at most SHORT words. No two of them touch, but for Chinese, Japanese and Korean ones."""
    return len(text) <= (2 * SHORT if text.isascii() else SHORT) or words(text) <= SHORT


class _Batch:
    """Some texts as lines of UTF-8, for re2 to read at once."""

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts
        joined = "\n".join(texts)
        if joined.count("\n") >= len(texts):
            joined = "\n".join(text.replace("\n", " ") for text in texts)
        self.data = joined.encode("utf-8", "replace")

    @cached_property
    def lines(self) -> list[bytes]:
        return self.data.split(b"\n")


class Home:
    """The rules of one file in a few Sets: those for short blocks, the others, and each that stands apart.

    A file a Set: in one for all files, what any rule waits for multiplies with what any other does, and most of the
    time goes into making states (measured on 200 pages: 9 ms a page in one Set, 1.3 to 5 in forty). For the same reason
    those that begin where a line does have Sets of their own: a few words on, nearly all of them wait for nothing.
    """

    def __init__(self, rules: Iterable[Rule], only_with: Sequence[str] = ()) -> None:
        self.only_with = tuple(only_with)
        groups: dict[tuple[bool, bool, str], list[tuple[Rule, str]]] = {}
        for rule in rules:
            opens = rule.where in ("whole", "start")
            group = groups.setdefault((rule.short, opens, rule.id if rule.apart else ""), [])
            group += [(rule, regex) for regex in rule.regexes]
        self._packs = [(short, _Pack(owners)) for (short, _, _), owners in groups.items()]

    @property
    def faults(self) -> dict[str, str]:
        """What re2 has against a rule's pattern, by the rule's id."""
        return {id_: fault for _, pack in self._packs for id_, fault in pack.faults.items()}

    def find(self, every: _Batch, short: _Batch) -> Iterator[tuple[str, Place]]:
        """What the file's rules find in the texts, their guards not yet asked."""
        for is_short, pack in self._packs:
            yield from pack.find(short if is_short else every)


class _Pack:
    """Patterns in a Set."""

    def __init__(self, owners: list[tuple[Rule, str]]) -> None:
        self._owners = owners

    @cached_property
    def _made(self) -> tuple[Any, dict[int, str]]:
        return patterns.search_set([regex for _, regex in self._owners])

    @property
    def faults(self) -> dict[str, str]:
        return {self._owners[number][0].id: fault for number, fault in self._made[1].items()}

    @cached_property
    def _set(self) -> Any:
        """The Set, made when it is first asked: a text of one language needs those of few files."""
        if self.faults:
            raise ConfigError(" ".join(f"rule `{id_}`: {fault}." for id_, fault in self.faults.items()))
        return self._made[0]

    def find(self, batch: _Batch) -> Iterator[tuple[str, Place]]:
        """The texts with what stands in them. Most often nothing does in any."""
        if not (self._owners and batch.data and self._set.Match(batch.data)):
            return
        for at in self._matching(batch.lines, range(len(batch.lines))):
            for number in self._set.Match(batch.lines[at]) or ():
                rule, regex = self._owners[number]
                for place in _places(rule, regex, batch.lines[at]):
                    yield batch.texts[at], place

    def _matching(self, lines: list[bytes], among: range) -> Iterator[int]:
        """The lines among some, less those that have nothing in a handful of neighbours."""
        step = max(len(among) // _PARTS, _HANDFUL)
        for some in (among[at : at + step] for at in range(0, len(among), step)):
            if self._set.Match(b"\n".join(lines[some.start : some.stop])):
                yield from some if len(some) <= _HANDFUL else self._matching(lines, some)


def _places(rule: Rule, regex: str, line: bytes) -> Iterator[Place]:
    """Every match of a pattern in a line, its places counted in characters."""
    finder, whole, groups = _located(regex)
    byte = character = 0  # where the last match began: counting goes on from there, not from the line's start
    for match in finder.finditer(line):
        start, end = match.span(whole)
        byte, character = start, character + len(line[byte:start].decode())
        named = {name: match.group(group).decode() for name, group in groups.items() if match.group(group)}
        yield Place(rule, character, character + len(line[start:end].decode()), named)


@lru_cache(maxsize=8192)
def _located(regex: str) -> tuple[Any, int, dict[str, int]]:
    """A pattern, compiled for one line alone, the group of what it is about, and its named groups."""
    finder = patterns.compiled(patterns.of_one_line(regex))
    groups = {name.decode(): group for name, group in finder.groupindex.items()}
    return finder, groups.pop("it"), groups


def _guards_hold(rule: Rule, text: str) -> bool:
    """Whether the block has the length that the rule asks for, and nothing that vetoes it."""
    if rule.at_least or rule.longest:
        count = words(text)
        if count < (rule.at_least or 0) or count > (rule.longest or count):
            return False
    return not any(patterns.compiled(veto).search(text.encode("utf-8", "replace")) for veto in rule.vetoes)
