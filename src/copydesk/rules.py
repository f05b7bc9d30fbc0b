"""Rules as data: what leaves a text, written in YAML, with examples that are tests.

All rules of a pipeline stand in one google-re2 Set. It is asked once about the whole document, as bytes, which of them
occur at all; only those are then located. Where a segment changes, only that segment is asked about again.

    rules = Rules.load(folder / "en.yaml")
    for hit in rules.hits(doc): ...      # where each rule stands, guards kept
    rules.mark(doc)                      # mark what each rule takes
"""

from __future__ import annotations

from bisect import bisect_right
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

    regexes: tuple[str, ...] = ()
    vetoes: tuple[str, ...] = ()


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
    """The rules of one stage. The pipeline gives all its stages' rules one engine; alone they have their own."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self._mine = frozenset(self.rules)
        self._engine: Engine | None = None

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

    def share(self, engine: Engine) -> None:
        """Use an engine that holds other stages' rules too. The pipeline calls this when it is built."""
        self._engine = engine

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            self._engine = Engine(self.rules)
        return self._engine

    def hits(self, doc: Document) -> list[Hit]:
        """Where each rule stands in the segments that nobody has decided yet, in the order of the text."""
        segments = [segment for segment in doc.segments if segment.by is None]
        self.engine.scan(segments)
        zones: Zones | None = None
        found = []
        for segment in segments:
            for hit in segment.memo[1]:
                if hit.rule not in self._mine or not self.engine.guards_hold(hit):
                    continue
                if hit.rule.zone != "anywhere":
                    zones = zones or Zones(doc)
                    if not zones.hold(hit):
                        continue
                found.append(hit)
        return found

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


class Engine:
    """One Set over the patterns of many rules, and each pattern alone to locate it. Safe to share among threads."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        import re2  # noqa: PLC0415 (only a pipeline with rules needs it)

        self._owners: list[tuple[Rule, str]] = [(rule, regex) for rule in rules for regex in rule.regexes]
        self._regexes: dict[str, Any] = {}
        self._set = re2.Set.SearchSet(patterns.options())
        for _, regex in self._owners:
            self._set.Add(patterns.relaxed(regex).encode())
        if self._owners:
            self._set.Compile()

    def scan(self, segments: Sequence[Segment]) -> None:
        """See to it that each segment's memo holds (this engine, the hits in its text)."""
        stale = [segment for segment in segments if segment.memo is None or segment.memo[0] is not self]
        if not stale:
            return
        found: list[list[Hit]] = [[] for _ in stale]
        if self._owners:
            lines = [segment.text.encode("utf-8", "replace") for segment in stale]
            data = b"\n".join(lines)
            starts = [0]
            for line in lines:
                starts.append(starts[-1] + len(line) + 1)
            for number in sorted(self._set.Match(data) or ()):
                self._locate(number, data, starts, stale, found)
        for segment, hits in zip(stale, found, strict=True):
            hits.sort(key=lambda hit: (hit.start, -hit.end))
            segment.memo = (self, hits)

    def _locate(
        self, number: int, data: bytes, starts: list[int], segments: Sequence[Segment], found: list[list[Hit]]
    ) -> None:
        rule, regex = self._owners[number]
        finder = self._compiled(regex)
        names = {name.decode(): group for name, group in finder.groupindex.items()}
        whole = names.pop("it")
        for match in finder.finditer(data):
            start, end = match.span(whole)
            at = bisect_right(starts, start) - 1
            line = starts[at]
            before = len(data[line:start].decode())
            groups = {name: match.group(group).decode() for name, group in names.items() if match.group(group)}
            hit = Hit(rule, segments[at], before, before + len(data[start:end].decode()), groups)
            found[at].append(hit)

    def guards_hold(self, hit: Hit) -> bool:
        """Whether the block has the length that the rule asks for, and nothing that vetoes it."""
        rule, text = hit.rule, hit.segment.text
        if rule.at_least or rule.at_most:
            count = words(text)
            if count < (rule.at_least or 0) or count > (rule.at_most or count):
                return False
        return not any(self._compiled(veto).search(text.encode("utf-8", "replace")) for veto in rule.vetoes)

    def _compiled(self, regex: str) -> Any:
        known = self._regexes.get(regex)
        if known is None:
            known = self._regexes[regex] = patterns.compiled(regex)
        return known


# Reading rule files.

_FILE = {"about": str, "words": MAP, "words_from": Path, "rules": LIST}
_STRINGS = str | tuple[str, ...]
_HIDDEN = ("place", "regexes", "vetoes")
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
    file.close()
    return rules


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
    rule = Rule(**fields, place=f"{reading.file.name}:{node.line}")
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
            patterns.refuse_empty(inner)
            regex = patterns.anchored(inner, where, fold=fold)
            patterns.compiled(regex)
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
