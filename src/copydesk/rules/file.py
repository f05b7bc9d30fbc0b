"""Rule files: YAML, read into rules with every mistake told by its line."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from copydesk.document import misspelt
from copydesk.rules import patterns
from copydesk.rules.asking import Home
from copydesk.rules.rule import Rule
from copydesk.rules.words import house_words
from copydesk.typed import LIST, MAP, Reading
from copydesk.yamlfile import YamlFile

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from copydesk.yamlfile import Node

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
        known = _words(file, file.root, _shared() | _word_list(head.get("words_from")))
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
    ids = [(node.get("id"), node) for node in (listed.value if listed else ())]
    nodes = {id_.value: node for id_, node in ids if id_ and isinstance(id_.value, str)}
    for rule_id, fault in home.faults.items():
        node = nodes[rule_id.split("/", 1)[1]]
        file.problem(node.get("pattern"), f"rule `{rule_id}`: {fault}.")


@cache
def _shared() -> dict[str, str]:
    return {name: patterns.translated(words, {}) for name, words in house_words().items()}


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
    if hint := misspelt(rule.role):
        reading.file.problem(node.get("role"), f"rule `{rule.id}`: there is no role `{rule.role}`.{hint}")
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
