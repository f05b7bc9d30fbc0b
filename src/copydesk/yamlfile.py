"""YAML read safely, every value with its place.

What YAML 1.1 would silently turn into something else is an error with its place: a bare `no` (false), `12:30` (750),
`014` (12), `1_000` (1000), a key given twice (the last one wins). Aliases, anchors, merge keys and tags are refused: a
merge key of 499 bytes can cost 100 seconds. The parser's events are taken one by one and the reading stops at depth
`DEPTH`, before a deep file can cost anything.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

import yaml

from copydesk.errors import ConfigError, Problem

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

SIZE = 1 << 20
"""Bytes that a file may have: 1 MiB is some 10,000 rules."""

DEPTH = 64
"""How deep lists and mappings may lie in each other."""

_INT = re.compile(r"-?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_OCTAL = re.compile(r"[-+]?0[0-9_]+")
_CLOCK = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_GROUPED = re.compile(r"[-+]?[0-9]+(?:_[0-9]+)+(?:\.[0-9_]*)?")
_SWITCH = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_CONSTANTS = {"": None, "~": None, "null": None, "true": True, "false": False}


class Node:
    """A value of the file: a `map` (pairs of nodes), a `list` (nodes) or a `text` with its place (from 1)."""

    __slots__ = ("bare", "column", "kind", "line", "value")

    def __init__(self, kind: Literal["map", "list", "text"], value: Any, line: int, column: int, *, bare: bool) -> None:
        self.kind = kind
        self.value = value
        self.line = line
        self.column = column
        self.bare = bare

    def items(self) -> list[tuple[str, Node, Node]]:
        """The pairs of a map: the key's text, the key and the value."""
        return [(key.value, key, value) for key, value in self.value] if self.kind == "map" else []

    def get(self, name: str) -> Node | None:
        """The value under a key of a map."""
        return next((value for key, _, value in self.items() if key == name), None)


class YamlFile:
    """A YAML file with its problems. Whoever reads it notes what is wrong, and `close` raises it all at once."""

    def __init__(self, name: str, data: bytes | str) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self.lines: list[str] = []
        self.root: Node | None = None
        text = self._decoded(data)
        if text is not None:
            self.lines = text.splitlines()
            self.root = self._read(text)

    @classmethod
    def open(cls, path: Path | Traversable) -> YamlFile:
        """Read a file. Raises ConfigError where there is none."""
        try:
            with path.open("rb") as file:
                return cls(str(path), file.read(SIZE + 1))  # no more: it may be a device, and have no end
        except OSError as error:
            raise ConfigError([Problem(str(path), 1, 1, f"cannot be read: {error.strerror}.")]) from error
        except ValueError:
            raise ConfigError([Problem(str(path), 1, 1, "cannot be read: no file can have such a name.")]) from None

    def problem(self, node: Node | None, message: str) -> None:
        """Note what is wrong, and where."""
        line, column = (node.line, node.column) if node else (1, 1)
        source = self.lines[line - 1] if node and line <= len(self.lines) else ""
        self.problems.append(Problem(self.name, line, column, message, source))

    def close(self) -> None:
        """Raise ConfigError with all problems, in the order of the file, if there are any."""
        if self.problems:
            raise ConfigError(sorted(self.problems, key=lambda p: (p.line, p.column)))

    def plain(self, node: Node) -> Any:
        """The value as Python knows it; each trap of YAML 1.1 in it becomes a problem."""
        if node.kind == "map":
            return {key: self.plain(value) for key, _, value in node.items()}
        if node.kind == "list":
            return [self.plain(item) for item in node.value]
        return self._scalar(node) if node.bare else node.value

    def _scalar(self, node: Node) -> Any:
        text = node.value
        if text.lower() in _CONSTANTS:
            return _CONSTANTS[text.lower()]
        if _INT.fullmatch(text):
            return int(text) if len(text) < 20 else text
        if _FLOAT.fullmatch(text):
            return float(text)
        trap = _trap(text)
        if trap:
            self.problem(node, trap)
        return text

    def _decoded(self, data: bytes | str) -> str | None:
        if len(data) > SIZE:
            self.problem(None, f"has more than the {SIZE:,} bytes that are allowed. Split the file.")
            return None
        try:
            return (data if isinstance(data, bytes) else data.encode()).decode("utf-8-sig")
        except UnicodeError as error:
            self.problem(None, f"is not UTF-8 at byte {getattr(error, 'start', 0)}. Save it as UTF-8.")
            return None

    def _read(self, text: str) -> Node | None:
        builder = _Builder(self)
        try:
            for event in yaml.parse(text, Loader=_LOADER):
                if not builder.take(event):
                    return None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self.problem(_at(mark), self._unreadable(mark, error.problem or error.context or "is not YAML"))
            return None
        except (yaml.YAMLError, UnicodeError) as error:
            self.problem(None, f"is not YAML: {' '.join(str(error).split())}.")
            return None
        return builder.root

    def _unreadable(self, mark: Any, words: str) -> str:
        """What the parser has to say of a place, in words that help."""
        line = self.lines[mark.line] if mark and mark.line < len(self.lines) else ""
        if line[mark.column : mark.column + 1] == "\t" if line else False:
            return "here stands a tab. YAML indents with spaces: replace it."
        return words.replace("found character", "there is a character") + "."


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _trap(text: str) -> str | None:
    """What is wrong with a bare word that YAML 1.1 takes for something else."""
    if text.lower() in _SWITCH:
        meant = _SWITCH[text.lower()]
        norwegian = ' (Norwegian is "no")' if text.lower() == "no" else ""
        return f'bare `{text}`: YAML reads it as {meant}. Write "{text}" in quotes{norwegian}, or {meant}.'
    if _CLOCK.fullmatch(text):
        return f'bare `{text}`: YAML reads it as a number to base 60. Write "{text}" in quotes.'
    if _OCTAL.fullmatch(text):
        return f'bare `{text}`: YAML reads it as an octal number. Write "{text}" in quotes, or leave the zero away.'
    if _GROUPED.fullmatch(text):
        return f'bare `{text}`: YAML leaves the underscores out. Write "{text}" in quotes, or the number without them.'
    return None


def _at(mark: Any) -> Node:
    return Node("text", "", mark.line + 1 if mark else 1, mark.column + 1 if mark else 1, bare=True)


class _Builder:
    """Nodes out of the parser's events, with a stack of its own: no depth of the file can exhaust Python's."""

    def __init__(self, file: YamlFile) -> None:
        self.file = file
        self.root: Node | None = None
        self.stack: list[Node] = []
        self.keys: list[Node | None] = []  # the key that waits for its value, for each map on the stack

    def take(self, event: Any) -> bool:
        """Take one event; False ends the reading."""
        if isinstance(event, yaml.AliasEvent):
            self._refuse(event, f"the alias `*{event.anchor}` is refused. Write the value out.")
            self._place(_node(event, "text", ""))
        elif isinstance(event, yaml.ScalarEvent):
            self._refuse_names(event)
            self._place(_node(event, "text", event.value, bare=not event.style))
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            return self._open(event)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self.stack.pop()
            self.keys.pop()
        elif isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            self._refuse(event, "a second document begins here. A file holds one: remove the `---`.")
            return False
        return True

    def _open(self, event: Any) -> bool:
        self._refuse_names(event)
        node = _node(event, "map" if isinstance(event, yaml.MappingStartEvent) else "list", [])
        if len(self.stack) >= DEPTH:
            self.file.problem(node, f"lies more than {DEPTH} lists and mappings deep. Flatten the file.")
            return False
        self._place(node)
        self.stack.append(node)
        self.keys.append(None)
        return True

    def _place(self, node: Node) -> None:
        if not self.stack:
            self.root = node
        elif self.stack[-1].kind == "list":
            self.stack[-1].value.append(node)
        elif self.keys[-1] is None:
            self.keys[-1] = self._key(node)
        else:
            self.stack[-1].value.append((self.keys[-1], node))
            self.keys[-1] = None

    def _key(self, node: Node) -> Node:
        if node.kind != "text":
            self.file.problem(node, "a list or mapping cannot be a key.")
            return Node("text", "", node.line, node.column, bare=False)
        if node.bare and node.value == "<<":
            self.file.problem(node, "the merge key `<<` is refused. Write the keys out.")
        first = next((key for key, _ in self.stack[-1].value if key.value == node.value), None)
        if first:
            message = f"`{node.value}` stands here a second time; the first is in line {first.line}. Keep one."
            self.file.problem(node, message)
        return node

    def _refuse_names(self, event: Any) -> None:
        if event.anchor:
            self._refuse(event, f"the anchor `&{event.anchor}` is refused. Write the value where it is needed.")
        if event.tag:
            self._refuse(event, f"the tag `{event.tag}` is refused. Values have the types that the options have.")

    def _refuse(self, event: Any, message: str) -> None:
        self.file.problem(_at(event.start_mark), message)


def _node(event: Any, kind: Literal["map", "list", "text"], value: Any, *, bare: bool = False) -> Node:
    mark = event.start_mark
    return Node(kind, value, mark.line + 1, mark.column + 1, bare=bare)
