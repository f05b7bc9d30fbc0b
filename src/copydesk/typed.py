"""Values of a YAML file held against the types they must have, each mistake with its place."""

from __future__ import annotations

import types
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from copydesk.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from copydesk.yamlfile import Node, YamlFile

MISSING = msgspec.UNSET

LIST = "list"
MAP = "map"
"""In place of a type: any list, any mapping. The value is the node itself, for its reader to go into."""


class Reading:
    """One reading of a file: turns nodes into values. Paths in it are relative to `folder`."""

    def __init__(self, file: YamlFile, folder: Path) -> None:
        self.file = file
        self.folder = folder

    def fields(
        self, node: Node, wanted: Mapping[str, Any], *, of: str, required: Collection[str] = ()
    ) -> dict[str, Any]:
        """The values of a mapping, by key. `of` names its owner in messages: "a rule", "the stage `x`"."""
        if node.kind != "map":
            standing = _standing(node, self.file.plain(node))
            self.file.problem(node, f"{of} takes a mapping, `{{name: value}}`; here stands {standing}.")
            return {}
        values: dict[str, Any] = {}
        for name, key, value in node.items():
            if name not in wanted:
                known = f" It has {', '.join(f'`{w}`' for w in wanted)}." if wanted else " It has none."
                self.file.problem(key, f"{of} has no `{name}`.{did_you_mean(name, wanted) or known}")
                continue
            converted = self.value(value, wanted[name], name)
            if converted is not MISSING:
                values[name] = converted
        present = {name for name, _, _ in node.items()}
        for name in required:
            if name not in present:
                self.file.problem(node, f"{of} lacks `{name}`.")
        return values

    def value(self, node: Node, type_: Any, name: str) -> Any:
        """The node's value as `type_`, or MISSING with a problem noted."""
        if type_ in (LIST, MAP):
            return self._whole(node, type_, name)
        known = len(self.file.problems)
        plain = self.file.plain(node)
        if len(self.file.problems) > known:
            return MISSING
        return self._converted(node, plain, type_, name)

    def _whole(self, node: Node, kind: str, name: str) -> Any:
        if node.kind == kind:
            return node
        wanted = "a list" if kind == LIST else "a mapping"
        self.file.problem(node, f"`{name}` takes {wanted}; here stands {_standing(node, self.file.plain(node))}.")
        return MISSING

    def _converted(self, node: Node, plain: Any, type_: Any, name: str) -> Any:
        try:
            return msgspec.convert(plain, type_, dec_hook=self._path, strict=True)
        except msgspec.ValidationError as error:
            if not self._blamed_part(node, type_, name):
                self.file.problem(node, _complaint(node, plain, type_, name, str(error)))
            return MISSING

    def _blamed_part(self, node: Node, type_: Any, name: str) -> bool:
        """Convert a list or mapping part by part, so that each wrong part is named at its place."""
        known = len(self.file.problems)
        parts = get_args(_bare(type_))
        origin = get_origin(_bare(type_))
        if node.kind == "list" and origin in (tuple, list) and parts:
            for item in node.value:
                self.value(item, parts[0], name)
        elif node.kind == "map" and origin is dict and parts:
            for key, _, value in node.items():
                self.value(value, parts[1], f"{name}.{key}")
        elif node.kind == "map" and _is_struct(_bare(type_)):
            fields = msgspec.structs.fields(_bare(type_))
            required = [field.name for field in fields if field.required]
            self.fields(node, {field.name: field.type for field in fields}, of=f"`{name}`", required=required)
        return len(self.file.problems) > known

    def _path(self, type_: type, value: Any) -> Any:
        if type_ is Path and isinstance(value, str):
            return self.folder / value
        raise msgspec.ValidationError(f"Expected `{type_.__name__}`")


def _is_struct(type_: Any) -> bool:
    return isinstance(type_, type) and issubclass(type_, msgspec.Struct)


def _bare(type_: Any) -> Any:
    """The type without Annotated and without None."""
    if get_origin(type_) is Annotated:
        return _bare(get_args(type_)[0])
    if get_origin(type_) in (Union, types.UnionType):
        rest = [part for part in get_args(type_) if part is not type(None)]
        return _bare(rest[0]) if len(rest) == 1 else type_
    return type_


_WORDS = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    Path: "a path",
    dict: "a mapping",
}
_PLURALS = {int: "whole numbers", float: "numbers", Path: "paths", dict: "mappings"}


def described(type_: Any) -> str:
    """A type in words: `a list of text`."""
    bare = _bare(type_)
    parts = get_args(bare)
    if get_origin(bare) is Literal:
        return "one of " + ", ".join(str(part) for part in parts)
    if get_origin(bare) in (tuple, list) and parts:
        return f"a list of {_PLURALS.get(_bare(parts[0])) or described(parts[0])}"
    if get_origin(bare) is dict:
        return f"a mapping to {described(parts[1])}"
    if get_origin(bare) in (Union, types.UnionType):
        return " or ".join(described(part) for part in parts)
    if _is_struct(bare):
        return "a mapping of " + ", ".join(field.name for field in msgspec.structs.fields(bare))
    return _WORDS.get(bare, getattr(bare, "__name__", str(bare)))


def _complaint(node: Node, plain: Any, type_: Any, name: str, error: str) -> str:
    bare = _bare(type_)
    if get_origin(bare) is Literal and isinstance(plain, str):
        return f"`{name}` is `{plain}`; it takes {described(type_)}.{did_you_mean(plain, map(str, get_args(bare)))}"
    if bare is str and node.kind == "text" and plain is not None:
        return f'`{name}` takes text; write "{node.value}" in quotes.'
    bounds = "matching" in error or any(sign in error for sign in (">=", "<=", " > ", " < ", "length"))
    if bounds:
        return f"`{name}` is {node.value if node.kind == 'text' else 'too long or too short'}: {_bound(error)}."
    return f"`{name}` takes {described(type_)}; here stands {_standing(node, plain)}."


def _bound(error: str) -> str:
    return error.split(" - at ", maxsplit=1)[0].replace("Expected", "expected").replace("`", "")


def _standing(node: Node, plain: Any) -> str:
    if node.kind != "text":
        return "a list" if node.kind == "list" else "a mapping"
    if plain is None:
        return "nothing"
    return f"the text `{node.value}`" if isinstance(plain, str) else f"`{node.value}`"
