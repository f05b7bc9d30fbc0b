"""Rules as data: what leaves a text, written in YAML, with examples that are tests.

    rules = Rules.load(folder / "en.yaml")
    for hit in rules.hits(doc): ...      # where each rule stands, guards kept
    rules.mark(doc)                      # mark what each rule takes

The patterns of a file stand in google-re2 Sets. They are asked about many blocks at once, as bytes, which of them may
occur at all; only those are then located. What was found in a block is kept until it changes, for every stage to use.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import msgspec

from copydesk import patterns
from copydesk.document import Document, Segment
from copydesk.errors import ConfigError, Problem, did_you_mean
from copydesk.prose import is_prose, sentences, words
from copydesk.typed import LIST, MAP, Reading
from copydesk.yamlfile import YamlFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from importlib.resources.abc import Traversable

    from copydesk.yamlfile import Node

Count = Annotated[int, msgspec.Meta(ge=1)]
_EDGE_BLOCKS = 3  # so many paragraphs of the story at each end are still its head, or its tail
_TELLING = 400  # characters: a text that is shorter may be German without one `und`
_KEPT_LINES = 4096  # for each choice of files: what they said of so many lines is kept
_KEPT_LENGTH = 100  # characters: menus and labels come again on a site's next page, paragraphs do not
_HANDFUL = 8  # lines: to ask re2 takes about as long as to read so many
_PARTS = 16  # where there are many lines, in so many parts what matched is looked for first
_AT_ONCE = 1 << 17  # characters: the texts that are asked about at once
SHORT = 25
"""Words. A rule that takes a whole block takes none that is longer, unless it says so itself with `at_most`."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One rule. `where` and `zone` say where it may stand, `takes` what it marks; the guards are about the block.

    where: the pattern is the whole block, its start, its end, or anywhere inside.
    zone: head and tail reach to the third paragraph of the story from that end; edges are both.
    takes: the block, the sentences that the match lies in, or the match alone.
    """

    id: str
    role: str
    pattern: tuple[str, ...]
    where: Literal["whole", "start", "end", "inside"] = "whole"
    zone: Literal["head", "tail", "edges", "anywhere"] = "anywhere"
    takes: Literal["block", "sentence", "match"] = "block"
    case: Literal["any", "exact"] = "any"
    at_least: Count | None = None
    at_most: Count | None = None
    unless: tuple[str, ...] = ()
    apart: bool = False
    """Whether it is asked apart from its file's other rules: for one with patterns that wait for much at once, and so
    slow down all that are asked with them."""

    about: str = ""
    examples: tuple[str, ...] = ()
    counter_examples: tuple[str, ...] = ()
    place: str = ""
    """Where the rule stands: file:line."""

    order: tuple[str, int] = ("", 0)
    """The file's name, and the rule's line in it: of two that match the same, the first in the file counts."""

    regexes: tuple[str, ...] = ()
    vetoes: tuple[str, ...] = ()

    home: Any = None
    """The Home of the file that the rule stands in."""

    @property
    def longest(self) -> int | None:
        """The most words that the block may have; None where any number will do."""
        return self.at_most or (SHORT if self.takes == "block" else None)

    @property
    def short(self) -> bool:
        """Whether the rule looks at short blocks alone."""
        return self.longest is not None and self.longest <= SHORT


class Hit(NamedTuple):
    """Where a rule stands: places are characters of the segment's text; `groups` are the pattern's named groups."""

    rule: Rule
    segment: Segment
    start: int
    end: int
    groups: dict[str, str]

    @property
    def text(self) -> str:
        return self.segment.text[self.start : self.end]


class Rules:
    """The rules of one stage, of one file or of several. Safe to share among threads."""

    def __init__(self, rules: Iterable[Rule], *, everywhere: bool = False) -> None:
        """`everywhere`: the stage asks about every block of a document, so a pipeline may ask ahead (`look`)."""
        self.rules = tuple(rules)
        self.everywhere = everywhere
        self.homes: frozenset[Home] = frozenset(rule.home for rule in self.rules)
        self._mine = frozenset(self.rules)
        self.blocks = {rule.id: rule for rule in self.rules if rule.takes == "block"}

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    @classmethod
    def load(cls, *files: Path | Traversable, without: Sequence[str] = ()) -> Rules:
        """Read rule files, less the rules whose ids stand in `without`.

        Raises ConfigError with every mistake in them, and for an id in `without` that no rule has.
        """
        rules: list[Rule] = []
        problems: list[Problem] = []
        for file in files:
            try:
                rules += read_rules(file)
            except ConfigError as error:
                problems += error.problems
        if problems:
            raise ConfigError(problems)
        return cls(left_of(rules, without))

    def hits(self, doc: Document, among: Iterable[Segment] | None = None) -> list[Hit]:
        """Where each rule stands in the segments that nobody has decided yet, in the order of the text.

        With `among`, only those of these segments are looked at; the fewer, the quicker.
        """
        segments = [segment for segment in (doc.segments if among is None else among) if segment.by is None]
        self._scan([(doc.raw, segments)])
        mine = self._mine
        found = [
            Hit(rule, segment, start, end, {**groups})
            for segment in segments
            for rule, start, end, groups in segment.memo.hits
            if rule in mine
        ]
        if all(hit.rule.zone == "anywhere" for hit in found):
            return found
        zones = Zones(doc)
        return [hit for hit in found if zones.hold(hit)]

    def look(self, docs: Iterable[Document]) -> None:
        """Look for them in all blocks of many documents at once, so that `hits` knows: quicker than in one by one."""
        for some in _handy(docs):
            self._scan([(doc.raw, [segment for segment in doc.segments if segment.by is None]) for doc in some])

    def _scan(self, texts: Iterable[tuple[str, Sequence[Segment]]]) -> None:
        """See to it that each segment's memo holds what every file's rules find in it; given with its raw text."""
        lacking: dict[tuple[frozenset[Home], _Reader], list[Segment]] = {}
        for raw, segments in texts:
            for asked, some in self._lacking(segments).items():
                lacking.setdefault((asked, _reader(self.homes - asked, raw)), []).extend(some)
        for (asked, reader), some in lacking.items():
            _look(some, reader, self.homes | asked)

    def _lacking(self, segments: Iterable[Segment]) -> dict[frozenset[Home], list[Segment]]:
        """The segments that not all files were asked about, by those that were."""
        lacking: dict[frozenset[Home], list[Segment]] = {}
        enough = None
        for segment in segments:
            asked = segment.memo.homes if segment.memo else _NOBODY
            if asked is enough:
                continue
            if asked >= self.homes:
                enough = asked
            else:
                lacking.setdefault(asked, []).append(segment)
        return lacking

    def mark(self, doc: Document) -> bool:
        """Mark what each rule takes, with its role and id, and tell whether any took something.

        Of two that overlap the earlier, then the longer counts.
        """
        found = self.hits(doc)
        for _, group in groupby(found, key=lambda hit: id(hit.segment)):
            hits = list(group)
            whole = next((hit for hit in hits if hit.rule.takes == "block"), None)
            if whole:
                whole.segment.mark(whole.rule.role, rule=whole.rule.id)
            else:
                _cut_out(doc, hits)
        return bool(found)


def asked_together(stages: Iterable[Rules]) -> None:
    """Let the files of those stages that ask about every block be asked in one go, whichever stage comes first.

    Only who builds a pipeline calls this, before it runs.
    """
    together = [rules for rules in stages if rules.everywhere]
    homes = _NOBODY.union(*[rules.homes for rules in together])
    for rules in together:
        rules.homes = homes


def _handy(docs: Iterable[Document]) -> Iterator[list[Document]]:
    """Documents by the handful: so many that asking costs little, so few that their lines take little room."""
    some: list[Document] = []
    size = 0
    for doc in docs:
        some.append(doc)
        size += len(doc.raw)
        if size > _AT_ONCE:
            yield some
            some, size = [], 0
    if some:
        yield some


def left_of(rules: Sequence[Rule], without: Sequence[str]) -> list[Rule]:
    """The rules less those whose ids stand in `without`. Raises ConfigError for an id that none of them has."""
    ids = {rule.id for rule in rules}
    for id_ in without:
        if id_ not in ids:
            raise ConfigError(f"`without` names `{id_}`, which no rule has.{did_you_mean(id_, ids)}")
    return [rule for rule in rules if rule.id not in without]


def _cut_out(doc: Document, hits: list[Hit]) -> None:
    """Cut what the hits take out of their segment, from the right, so that places to the left stay true."""
    segment: Segment | None = hits[0].segment
    chosen: list[tuple[int, int, Rule]] = []
    for hit in hits:
        start, end = _taken(hit)
        if not chosen or start >= chosen[-1][1]:
            chosen.append((start, end, hit.rule))
    for start, end, rule in reversed(chosen):
        assert segment is not None
        role, by = segment.role, segment.by
        segment, cut, _ = doc.cut(segment, start, end)
        if (role, by) == (cut.role, cut.by):
            cut.mark(rule.role, rule=rule.id)
        if segment is None:
            return


def _taken(hit: Hit) -> tuple[int, int]:
    if hit.rule.takes == "match":
        return hit.start, hit.end
    touched = [(a, b) for a, b in sentences(hit.segment.text) if a < hit.end and b > hit.start]
    return touched[0][0], touched[-1][1]


class Zones:
    """Where a document's head ends and its tail begins: at the third paragraph of the story from either end."""

    def __init__(self, doc: Document) -> None:
        story = doc.story
        self.head_ends = _third_paragraph(story, len(doc.raw))
        self.tail_starts = _third_paragraph(story[::-1], -1)

    def hold(self, hit: Hit) -> bool:
        """Whether a hit stands in its rule's zone."""
        head = hit.segment.start < self.head_ends
        tail = hit.segment.start > self.tail_starts
        return {"head": head, "tail": tail, "edges": head or tail}.get(hit.rule.zone, True)


def _third_paragraph(story: Iterable[Segment], otherwise: int) -> int:
    starts = (segment.start for segment in story if is_prose(segment.text))
    return next(islice(starts, _EDGE_BLOCKS - 1, None), otherwise)


class _Place(NamedTuple):
    """A hit before it is known in which segment: the same line may stand in many."""

    rule: Rule
    start: int
    end: int
    groups: dict[str, str]


class _Found(NamedTuple):
    """What was found in a segment as it stands: the files whose rules were asked, and their hits in order."""

    homes: frozenset[Home]
    hits: tuple[_Place, ...]


_NOBODY: frozenset[Home] = frozenset()


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


def _order(place: _Place) -> tuple[int, int, tuple[str, int]]:
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
        self._kept: dict[str, tuple[_Place, ...]] = {}

    def read(self, texts: Iterable[str]) -> dict[str, tuple[_Place, ...]]:
        """What the files find in each text, with the guards kept, in order."""
        found = {text: self._kept.get(text) for text in texts}
        new = [text for text, places in found.items() if places is None]
        told = self._asked(new) if new else {}
        lines = [text for text in new if len(text) <= _KEPT_LENGTH]
        if len(self._kept) + len(lines) > _KEPT_LINES:
            self._kept.clear()
        self._kept.update((line, told.get(line, ())) for line in lines[:_KEPT_LINES])
        return {text: told.get(text, ()) if places is None else places for text, places in found.items()}

    def _asked(self, texts: list[str]) -> dict[str, tuple[_Place, ...]]:
        """What stands in those texts in which anything does."""
        found: dict[str, list[_Place]] = {}
        every, short = _Batch(texts), _Batch([text for text in texts if _is_short(text)])
        for home in self._homes:
            for text, place in home.find(every, short):
                if guards_hold(place.rule, text):
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
    time goes into making states (measured on 200 pages: 9 ms a page in one Set, 1.3 to 5 in forty).
    """

    def __init__(self, rules: Iterable[Rule], only_with: Sequence[str] = ()) -> None:
        self.only_with = tuple(only_with)
        groups: dict[tuple[bool, str], list[tuple[Rule, str]]] = {}
        for rule in rules:
            group = groups.setdefault((rule.short, rule.id if rule.apart else ""), [])
            group += [(rule, regex) for regex in rule.regexes]
        self._packs = [(short, _Pack(owners)) for (short, _), owners in groups.items()]

    @property
    def faults(self) -> dict[str, str]:
        """What re2 has against a rule's pattern, by the rule's id."""
        return {id_: fault for _, pack in self._packs for id_, fault in pack.faults.items()}

    def find(self, every: _Batch, short: _Batch) -> Iterator[tuple[str, _Place]]:
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

    def find(self, batch: _Batch) -> Iterator[tuple[str, _Place]]:
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


def _places(rule: Rule, regex: str, line: bytes) -> Iterator[_Place]:
    """Every match of a pattern in a line, its places counted in characters."""
    finder, whole, groups = _located(regex)
    byte = character = 0  # where the last match began: counting goes on from there, not from the line's start
    for match in finder.finditer(line):
        start, end = match.span(whole)
        byte, character = start, character + len(line[byte:start].decode())
        named = {name: match.group(group).decode() for name, group in groups.items() if match.group(group)}
        yield _Place(rule, character, character + len(line[start:end].decode()), named)


@lru_cache(maxsize=8192)
def _located(regex: str) -> tuple[Any, int, dict[str, int]]:
    """A pattern, compiled for one line alone, the group of what it is about, and its named groups."""
    finder = patterns.compiled(patterns.of_one_line(regex))
    groups = {name.decode(): group for name, group in finder.groupindex.items()}
    return finder, groups.pop("it"), groups


def guards_hold(rule: Rule, text: str) -> bool:
    """Whether the block has the length that the rule asks for, and nothing that vetoes it."""
    if rule.at_least or rule.longest:
        count = words(text)
        if count < (rule.at_least or 0) or count > (rule.longest or count):
            return False
    return not any(patterns.compiled(veto).search(text.encode("utf-8", "replace")) for veto in rule.vetoes)


# Reading rule files.

_FILE = {"about": str, "only_with": tuple[str, ...], "words": MAP, "words_from": Path, "rules": LIST}
_STRINGS = str | tuple[str, ...]
_HIDDEN = ("place", "order", "regexes", "vetoes", "home")
_RULE = {field.name: field.type for field in msgspec.structs.fields(Rule) if field.name not in _HIDDEN}
_RULE |= {"pattern": _STRINGS, "unless": _STRINGS}


def read_rules(source: Path | Traversable, *, tested: bool = False) -> list[Rule]:
    """The rules of one file. Their ids begin with the file's name: `en/telegram-channel` stands in en.yaml.

    `tested`: tests have shown that re2 takes the patterns, so that need not be tried here, which takes long.
    Raises ConfigError with every mistake, each with its line.
    """
    file = YamlFile.open(source)
    folder = source.parent if isinstance(source, Path) else Path(str(source)).parent
    rules: list[Rule] = []
    if file.root:
        reading = Reading(file, folder)
        head = reading.fields(file.root, _FILE, of="a rule file", required=["rules"])
        known = _words(file, file.root, _word_list(head.get("words_from")))
        listed = head.get("rules")
        for node in listed.value if listed else ():
            rule = _rule(reading, node, source.name.removesuffix(".yaml"), known)
            if rule:
                rules.append(rule)
                _same_id(file, node, rules)
        home = Home(rules, head.get("only_with", ()))
        for rule in rules:
            msgspec.structs.force_setattr(rule, "home", home)  # the two know each other, so one must come first
        if not tested:
            _try(file, listed, home)
    file.close()
    return rules


def _try(file: YamlFile, listed: Node | None, home: Home) -> None:
    """Note what re2 has against the patterns of a file."""
    nodes = {id_.value: node for node in listed.value if (id_ := node.get("id"))} if listed else {}
    for rule_id, fault in home.faults.items():
        node = nodes[rule_id.split("/", 1)[1]]
        file.problem(node.get("pattern"), f"rule `{rule_id}`: {fault}.")


def _word_list(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    file = YamlFile.open(path)
    found = _words(file, file.root, {}) if file.root else {}
    file.close()
    return found


def _words(file: YamlFile, root: Node, known: dict[str, str]) -> dict[str, str]:
    """The words of a file beside those known: each a list of literal words, or a pattern with words from before it."""
    words_node = root.get("words")
    found = dict(known)
    for name, _, node in words_node.items() if words_node else ():
        wrong = [item for item in (node.value if node.kind == "list" else [node]) if item.kind != "text"]
        if wrong:
            file.problem(wrong[0], f"the word `{name}` is a pattern, or a list of text.")
            continue
        try:
            if node.kind == "list":
                found[name] = patterns.listed([item.value for item in node.value])
            else:
                found[name] = patterns.translated(node.value, found)
        except patterns.PatternError as error:
            file.problem(node, f"the word `{name}`: {error}.")
    return found


def _rule(reading: Reading, node: Node, pack: str, known: dict[str, str]) -> Rule | None:
    already = len(reading.file.problems)
    fields = reading.fields(node, _RULE, of="a rule", required=["id", "role", "pattern"])
    if len(reading.file.problems) > already:
        return None
    for name in ("pattern", "unless"):
        if isinstance(fields.get(name), str):
            fields[name] = (fields[name],)
    fields["id"] = f"{pack}/{fields['id']}"
    rule = Rule(**fields, place=f"{reading.file.name}:{node.line}", order=(pack, node.line))
    regexes = _regexes(reading, node, rule, known)
    if len(reading.file.problems) > already:
        return None
    return msgspec.structs.replace(rule, regexes=regexes[0], vetoes=regexes[1])


def _regexes(
    reading: Reading, node: Node, rule: Rule, known: dict[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    fold = rule.case == "any"
    regexes: list[str] = []
    vetoes: list[str] = []
    for pattern in (*rule.pattern, *rule.unless):
        try:
            inner = patterns.translated(pattern, known)
            where = rule.where if pattern in rule.pattern else "inside"
            regex = patterns.anchored(inner, where, fold=fold)
            if pattern in rule.unless:
                patterns.compiled(regex)  # a veto stands in no Set, which would tell what is wrong with it
        except patterns.PatternError as error:
            at = node.get("pattern" if pattern in rule.pattern else "unless")
            reading.file.problem(at, f"rule `{rule.id}`: {error}.")
        else:
            (regexes if pattern in rule.pattern else vetoes).append(regex)
    return tuple(regexes), tuple(vetoes)


def _same_id(file: YamlFile, node: Node, rules: list[Rule]) -> None:
    if any(rule.id == rules[-1].id for rule in rules[:-1]):
        file.problem(node.get("id"), f"`{rules[-1].id}` stands here a second time. Give it a name of its own.")


def example_faults(rule: Rule) -> list[str]:
    """What a rule's own examples say against it: an example that it misses, a counter-example that it hits."""
    alone = Rules([rule])
    missed = [f"misses its example {text!r}" for text in rule.examples if not alone.hits(Document(text))]
    hit = [f"hits its counter-example {text!r}" for text in rule.counter_examples if alone.hits(Document(text))]
    return missed + hit
