"""copydesk schema: the JSON Schema of pipelines.yaml, for editors."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from copydesk.cli.stages import plugins_of
from copydesk.options import REQUIRED

if TYPE_CHECKING:
    from copydesk.options import Option, StageKind
    from copydesk.plugins import Plugins

_TEXTS = {"type": "array", "items": {"type": "string"}}


def print_schema(config: Path | None) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(schema(plugins_of(config))), indent=2).decode() + "\n")


def schema(plugins: Plugins) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a pipelines.yaml, with the options of every stage that the plugins offer."""
    example: dict[str, Any] = {name: {"type": "string"} for name in ("label", "in", "out", "rejected")}
    example["facts"] = {"type": "object"}
    pipeline = {
        "about": {"type": "string"},
        "stages": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/stage"}},
        "keep": _TEXTS,
        "examples": {"type": "array", "items": _object(example, ["label", "in"])},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "copydesk pipelines.yaml",
        **_object({"plugins": _TEXTS, "pipelines": {"$ref": "#/$defs/pipelines"}}, ["pipelines"]),
        "$defs": {
            "pipelines": {"type": "object", "additionalProperties": _object(pipeline, ["stages"])},
            "stage": {
                "anyOf": [_by_name(plugins), *(_with_options(kind, plugins) for kind in plugins.stages.values())]
            },
        },
    }


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _by_name(plugins: Plugins) -> dict[str, Any]:
    """A stage by its name alone, or a pipeline's name, which is any."""
    return {"type": "string", "anyOf": [{"enum": sorted(plugins.stages)}, {"pattern": "^[A-Za-z_][A-Za-z0-9_-]*$"}]}


def _with_options(kind: StageKind, plugins: Plugins) -> dict[str, Any]:
    options = {name: _option(option, plugins) for name, option in kind.options.items()}
    required = [name for name, option in kind.options.items() if option.default is REQUIRED]
    return _object({kind.name: {"description": kind.about, **_object(options, required)}}, [kind.name])


def _option(option: Option, plugins: Plugins) -> dict[str, Any]:
    if option.offered:
        described: dict[str, Any] = {"enum": sorted(plugins.offers[option.offered])}
    else:
        described = msgspec.json.schema(option.type, schema_hook=_path)
    if option.default is not REQUIRED and option.default is not None:
        described["default"] = msgspec.to_builtins(option.default, enc_hook=str)
    return described


def _path(type_: type) -> dict[str, Any]:
    if issubclass(type_, Path):
        return {"type": "string"}
    raise NotImplementedError
