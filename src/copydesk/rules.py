"""Rules as data: what leaves a text, written in YAML, with examples that are tests.

    rules = Rules.load(folder / "en.yaml")
    for hit in rules.hits(doc): ...      # where each rule stands, guards kept
    rules.mark(doc)                      # mark what each rule takes

The patterns of a file stand in google-re2 Sets. They are asked about all blocks at once, as bytes, which of them may
occur at all; only those are then located. What was found in a block is kept until it changes, for every stage to use.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
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

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self._mine = frozenset(self.rules)
        self._homes = frozenset(rule.home for rule in self.rules)

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    @classmethod
    def load(cls, *files: Path | Traversable, off: Sequence[str] = ()) -> Rules:
        """Read rule files, less the rules whose ids stand in `off`.

        Raises ConfigError with every mistake in them, and for an id in `off` that no rule has.
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
        ids = {rule.id for rule in rules}
        for id_ in off:
            if id_ not in ids:
                raise ConfigError(f"`off` names `{id_}`, which no rule has.{did_you_mean(id_, ids)}")
        return cls(rule for rule in rules if rule.id not in off)

    def hits(self, doc: Document, among: Iterable[Segment] | None = None) -> list[Hit]:
        """Where each rule stands in the segments that nobody has decided yet, in the order of the text.

        With `among`, only those of these segments are looked at; the fewer, the quicker.
        """
        segments = [segment for segment in (doc.segments if among is None else among) if segment.by is None]
        self._scan(segments, doc.raw)
        zones: Zones | None = None
        found = []
        for segment in segments:
            for hit in segment.memo.hits:
                if hit.rule not in self._mine:
                    continue
                if hit.rule.zone != "anywhere":
                    zones = zones or Zones(doc)
                    if not zones.hold(hit):
                        continue
                if guards_hold(hit):
                    found.append(hit)
        return found

    def _scan(self, segments: Sequence[Segment], raw: str) -> None:
        """See to it that each segment's memo holds what every file's rules find in its text."""
        stale: dict[frozenset[Home], list[Segment]] = {}
        for segment in segments:
            if segment.memo is None:
                segment.memo = _Found()
            if not segment.memo.homes >= self._homes:
                stale.setdefault(self._homes - segment.memo.homes, []).append(segment)
        for missing, lacking in stale.items():
            batch, short = _Batch(lacking), _Batch([segment for segment in lacking if words(segment.text) <= SHORT])
            for home in missing:
                if home.may_hold(raw):
                    home.find(batch, short)
            for segment in lacking:
                segment.memo.homes |= missing
                segment.memo.hits.sort(key=_order)

    def mark(self, doc: Document) -> None:
        """Mark what each rule takes, with its role and id. Of two that overlap the earlier, then the longer counts."""
        by_segment: dict[int, list[Hit]] = {}
        for hit in self.hits(doc):
            by_segment.setdefault(id(hit.segment), []).append(hit)
        for hits in by_segment.values():
            whole = next((hit for hit in hits if hit.rule.takes == "block"), None)
            if whole:
                whole.segment.mark(whole.rule.role, rule=whole.rule.id)
            else:
                _cut_out(doc, hits)


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
        story = [segment.start for segment in doc.story if is_prose(segment.text)]
        self.head_ends = story[_EDGE_BLOCKS - 1] if len(story) >= _EDGE_BLOCKS else len(doc.raw)
        self.tail_starts = story[-_EDGE_BLOCKS] if len(story) >= _EDGE_BLOCKS else -1

    def hold(self, hit: Hit) -> bool:
        """Whether a hit stands in its rule's zone."""
        head = hit.segment.start < self.head_ends
        tail = hit.segment.start > self.tail_starts
        return {"head": head, "tail": tail, "edges": head or tail}.get(hit.rule.zone, True)


class _Found:
    """What was found in a segment as it stands: the files whose rules were asked, and their hits in order."""

    def __init__(self) -> None:
        self.homes: frozenset[Home] = frozenset()
        self.hits: list[Hit] = []


def _order(hit: Hit) -> tuple[int, int, tuple[str, int]]:
    return hit.start, -hit.end, hit.rule.order


class _Batch:
    """The texts of some segments as one text: lines of UTF-8, for re2 to read at once."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self.segments = segments
        self.lines = [segment.text.encode("utf-8", "replace").replace(b"\n", b" ") for segment in segments]
        self.data = b"\n".join(self.lines)
        self._starts = [0, *accumulate(len(line) + 1 for line in self.lines)]

    def matching(self, finder: Any) -> Iterator[tuple[Segment, bytes]]:
        """The segments, with their lines, in which a pattern matches somewhere."""
        last = -1
        for match in finder.finditer(self.data):
            at = bisect_right(self._starts, match.start(finder.groupindex[b"it"])) - 1
            if at != last:
                yield self.segments[at], self.lines[at]
            last = at


class Home:
    """The rules of one file in two Sets: those for short blocks, and the others.

    A file a Set: in one for all files, what any rule waits for multiplies with what any other does, and most of the
    time goes into making states (measured on 200 pages: 9 ms a page in one Set, 1.3 to 5 in forty).
    """

    def __init__(self, rules: Iterable[Rule], only_with: Sequence[str] = ()) -> None:
        self._only_with = tuple(only_with)
        owners = [(rule, regex) for rule in rules for regex in rule.regexes]
        self._short = _Pack([owner for owner in owners if owner[0].short])
        self._long = _Pack([owner for owner in owners if not owner[0].short])

    @property
    def faults(self) -> dict[str, str]:
        """What re2 has against a rule's pattern, by the rule's id."""
        return self._short.faults | self._long.faults

    def may_hold(self, raw: str) -> bool:
        """Whether the rules are meant for such a text: any is meant that is too short to tell its language by."""
        return not self._only_with or len(raw) < _TELLING or any(sign in raw for sign in self._only_with)

    def find(self, batch: _Batch, short: _Batch) -> None:
        """Note in each segment's memo what the file's rules find in it."""
        for pack, texts in ((self._long, batch), (self._short, short)):
            for rule, regex in pack.occurring(texts.data):
                for segment, line in texts.matching(pack.finder(patterns.relaxed(regex))):
                    segment.memo.hits += _hits(rule, pack.finder(regex), segment, line)


class _Pack:
    """Patterns in a Set, and each alone to locate it, made when it is first needed."""

    def __init__(self, owners: list[tuple[Rule, str]]) -> None:
        self._owners = owners
        self._set, faults = patterns.search_set([regex for _, regex in owners])
        self.faults = {owners[number][0].id: fault for number, fault in faults.items()}

    def occurring(self, data: bytes) -> list[tuple[Rule, str]]:
        """The rules that may stand somewhere in the text, with their patterns."""
        return [self._owners[number] for number in sorted(self._set.Match(data) or ())] if self._owners and data else []

    def finder(self, regex: str) -> Any:
        """The pattern, compiled."""
        return patterns.compiled(regex)


def _hits(rule: Rule, finder: Any, segment: Segment, line: bytes) -> Iterator[Hit]:
    """Every match of a pattern in a segment's line, its places counted in characters."""
    groups = {name.decode(): group for name, group in finder.groupindex.items()}
    whole = groups.pop("it")
    byte = character = 0  # where the last match began: counting goes on from there, not from the line's start
    for match in finder.finditer(line):
        start, end = match.span(whole)
        byte, character = start, character + len(line[byte:start].decode())
        named = {name: match.group(group).decode() for name, group in groups.items() if match.group(group)}
        yield Hit(rule, segment, character, character + len(line[start:end].decode()), named)


def guards_hold(hit: Hit) -> bool:
    """Whether the block has the length that the rule asks for, and nothing that vetoes it."""
    rule, text = hit.rule, hit.segment.text
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


def read_rules(source: Path | Traversable) -> list[Rule]:
    """The rules of one file. Their ids begin with the file's name: `en/telegram-channel` stands in en.yaml.

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
        _settle(file, listed, Home(rules, head.get("only_with", ())), rules)
    file.close()
    return rules


def _settle(file: YamlFile, listed: Node | None, home: Home, rules: list[Rule]) -> None:
    """Give the rules of a file their home; what re2 has against their patterns is noted."""
    for rule in rules:
        msgspec.structs.force_setattr(rule, "home", home)  # the two know each other, so one must come first
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
