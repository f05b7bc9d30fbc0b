"""Rules as data: what leaves a text, written in YAML, with examples that are tests.

All rules of a pipeline stand in one engine of google-re2 Sets. It is asked once about the whole document, as bytes,
which of them may occur at all; only those are then located. Where a segment changes, it alone is asked about again.

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
SHORT = 40
"""Words. A rule that takes a whole block takes none that is longer, unless it says so itself with `at_most`."""


class Home:
    """The Sets of one rule file: its rules for short blocks, and the others. Made once the file is read."""

    short: Pack
    long: Pack


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

    home: Home | None = None
    """The Sets of the file that the rule stands in."""

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


class _Batch:
    """The texts of some segments as one text: lines of UTF-8, for re2 to read at once."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self.segments = segments
        lines = [segment.text.encode("utf-8", "replace") for segment in segments]
        self.data = b"\n".join(lines)
        self.starts = [0]
        for line in lines:
            self.starts.append(self.starts[-1] + len(line) + 1)

    def hit(self, rule: Rule, match: Any, groups: dict[str, int]) -> Hit:
        """A match of the text as a hit in its segment, with its places in characters."""
        start, end = match.span(groups["it"])
        at = bisect_right(self.starts, start) - 1
        before = len(self.data[self.starts[at] : start].decode())
        named = {name: match.group(group).decode() for name, group in groups.items() if match.group(group)}
        del named["it"]
        return Hit(rule, self.segments[at], before, before + len(self.data[start:end].decode()), named)


class Pack:
    """The Set of one rule file's patterns, for short blocks or for all.

    A file a Set: in one for all, what any rule waits for multiplies with what any other does, and most of the time goes
    into making states (measured on 200 pages: 9 ms a page in one Set, 1.3 to 5 in forty).
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._owners = [(rule, regex) for rule in rules for regex in rule.regexes]
        self._set, faults = patterns.search_set([regex for _, regex in self._owners])
        self.faults = {self._owners[number][0].id: fault for number, fault in faults.items()}
        """What is wrong with a rule's pattern, by the rule's id. A pack with faults cannot be asked."""

    def occurring(self, data: bytes) -> list[tuple[Rule, str]]:
        """The rules that may stand somewhere in the text, with their patterns."""
        return [self._owners[number] for number in sorted(self._set.Match(data) or ())] if self._owners else []


class Engine:
    """All rules of a pipeline, sorted into Sets, and each pattern alone to locate it. Safe to share among threads."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = frozenset(rules)
        packs = dict.fromkeys((rule.home, rule.short) for rule in sorted(self._rules, key=lambda rule: rule.id))
        self._short = [home.short for home, short in packs if short and home]
        self._long = [home.long for home, short in packs if not short and home]
        self._finders: dict[str, Any] = {}

    def scan(self, segments: Sequence[Segment]) -> None:
        """See to it that each segment's memo holds (this engine, the hits in its text)."""
        stale = [segment for segment in segments if segment.memo is None or segment.memo[0] is not self]
        if not stale:
            return
        for segment in stale:
            segment.memo = (self, [])
        self._find(self._long, stale)
        self._find(self._short, [segment for segment in stale if _may_be_short(segment.text)])
        for segment in stale:
            segment.memo[1].sort(key=lambda hit: (hit.start, -hit.end))

    def _find(self, packs: Sequence[Pack], segments: Sequence[Segment]) -> None:
        if not packs or not segments:
            return
        batch = _Batch(segments)
        for pack in packs:
            for rule, regex in pack.occurring(batch.data):
                if rule not in self._rules:
                    continue
                finder = self._finder(regex)
                groups = {name.decode(): group for name, group in finder.groupindex.items()}
                for match in finder.finditer(batch.data):
                    hit = batch.hit(rule, match, groups)
                    hit.segment.memo[1].append(hit)

    def guards_hold(self, hit: Hit) -> bool:
        """Whether the block has the length that the rule asks for, and nothing that vetoes it."""
        rule, text = hit.rule, hit.segment.text
        if rule.at_least or rule.longest:
            count = words(text)
            if count < (rule.at_least or 0) or count > (rule.longest or count):
                return False
        return not any(self._finder(veto).search(text.encode("utf-8", "replace")) for veto in rule.vetoes)

    def _finder(self, regex: str) -> Any:
        known = self._finders.get(regex)
        if known is None:
            known = self._finders[regex] = patterns.compiled(regex)
        return known


def _may_be_short(text: str) -> bool:
    """Whether a block may have no more than SHORT words: cheaper than counting them, and never wrongly False."""
    return len(text) <= SHORT or text.count(" ") <= 2 * SHORT or words(text) <= SHORT


# Reading rule files.

_FILE = {"about": str, "words": MAP, "words_from": Path, "rules": LIST}
_STRINGS = str | tuple[str, ...]
_HIDDEN = ("place", "regexes", "vetoes", "home")
_RULE = {field.name: field.type for field in msgspec.structs.fields(Rule) if field.name not in _HIDDEN}
_RULE |= {"pattern": _STRINGS, "unless": _STRINGS}


def read_rules(source: Path | Traversable) -> list[Rule]:
    """The rules of one file. Their ids begin with the file's name: `en/telegram-channel` stands in en.yaml.

    Raises ConfigError with every mistake, each with its line.
    """
    file = YamlFile.open(source)
    folder = source.parent if isinstance(source, Path) else Path(str(source)).parent
    rules: list[Rule] = []
    home = Home()
    if file.root:
        reading = Reading(file, folder)
        head = reading.fields(file.root, _FILE, of="a rule file", required=["rules"])
        known = _words(file, file.root, _word_list(head.get("words_from")))
        listed = head.get("rules")
        for node in listed.value if listed else ():
            rule = _rule(reading, node, source.name.removesuffix(".yaml"), known, home)
            if rule:
                rules.append(rule)
                _same_id(file, node, rules)
        _settle(file, listed, rules, home)
    file.close()
    return rules


def _settle(file: YamlFile, listed: Node | None, rules: Sequence[Rule], home: Home) -> None:
    """Make the file's Sets, and note what re2 has against its patterns."""
    home.short = Pack(rule for rule in rules if rule.short)
    home.long = Pack(rule for rule in rules if not rule.short)
    faults = home.short.faults | home.long.faults
    by_id = {f"/{id_.value}": node for node in listed.value if (id_ := node.get("id"))} if listed else {}
    for rule_id, fault in faults.items():
        node = by_id[f"/{rule_id.split('/', 1)[1]}"]
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


def _rule(reading: Reading, node: Node, pack: str, known: dict[str, str], home: Home) -> Rule | None:
    already = len(reading.file.problems)
    fields = reading.fields(node, _RULE, of="a rule", required=["id", "role", "pattern"])
    if len(reading.file.problems) > already:
        return None
    for name in ("pattern", "unless"):
        if isinstance(fields.get(name), str):
            fields[name] = (fields[name],)
    fields["id"] = f"{pack}/{fields['id']}"
    rule = Rule(**fields, place=f"{reading.file.name}:{node.line}", home=home)
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
