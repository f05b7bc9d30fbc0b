"""What the service says of itself: its pipelines, the JSON Schema of a record, OpenAPI."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import yaml

from copydesk.columns import KINDS, OPTIONAL
from copydesk.facts import FIELDS
from copydesk.options import REQUIRED
from copydesk.typed import described

if TYPE_CHECKING:
    from collections.abc import Sequence

    from copydesk.options import StageKind
    from copydesk.pipeline import Pipeline

_TEXT = {"type": "string"}
_REF = "#/components/schemas/"


def pipeline_of(pipeline: Pipeline) -> dict[str, Any]:
    """A pipeline: its stages with the options that are set, every option that there is, and itself as YAML."""
    kinds = pipeline.plugins.stages
    return {
        "name": pipeline.name,
        "about": pipeline.spec.about,
        "keep": list(pipeline.spec.keep),
        "stages": [
            {"name": step.name, "options": _plain(step.options), **_kind(kinds[step.name])}
            for step in pipeline.spec.steps
        ],
        "yaml": _yaml(pipeline),
    }


def _kind(kind: StageKind) -> dict[str, Any]:
    offered = [
        {
            "name": option.name,
            "type": "one that a plugin offers" if option.offered else described(option.type),
            "default": None if option.default is REQUIRED else _plain(option.default),
            "required": option.default is REQUIRED,
        }
        for option in kind.options.values()
    ]
    return {"about": kind.about, "plugin": kind.plugin, "offers": offered}


def _yaml(pipeline: Pipeline) -> str:
    """The pipeline as a file of its own, without examples, plugins and prose: something to start an edit from."""
    steps = [{step.name: _plain(step.options)} if step.options else step.name for step in pipeline.spec.steps]
    fields = {"stages": steps, "keep": list(pipeline.spec.keep)}
    return yaml.safe_dump(
        {"pipelines": {pipeline.name: fields}}, sort_keys=False, allow_unicode=True, width=100, default_flow_style=False
    )


def _plain(value: Any) -> Any:
    """An option's value as YAML and JSON have it."""
    return msgspec.to_builtins(value, enc_hook=lambda one: str(one) if isinstance(one, Path) else repr(one))


def record_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a record: of a clean document, or of one that was rejected or failed."""
    schemas, definitions = _record_parts("#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "copydesk record",
        "anyOf": schemas,
        "$defs": definitions,
    }


def _record_parts(template: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    schemas, definitions = msgspec.json.schema_components(KINDS.values(), ref_template=template)
    own = dict(zip(KINDS, schemas, strict=True))
    for field in FIELDS.values():
        if not field.many:
            own[field.name] = {"anyOf": [own[field.name], {"type": "null"}]}
    clean = _object(own, [name for name in own if name not in OPTIONAL])
    told = {"outcome": {"enum": ["rejected", "failed"]}, "stage": _TEXT, "reason": _TEXT}
    stopped = _object({"id": _TEXT, "text": _TEXT, **told, "flags": own["flags"]})
    return [{"title": "clean", **clean}, {"title": "rejected or failed", **stopped}], definitions


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _object(properties: dict[str, Any], required: Sequence[str] | None = None) -> dict[str, Any]:
    wanted = list(properties) if required is None else list(required)
    return {"type": "object", "properties": properties, "required": wanted}


def openapi(pipelines: Sequence[str], default: str, *, with_token: bool) -> dict[str, Any]:
    """OpenAPI 3.1 of the service."""
    records, definitions = _record_parts(_REF + "{name}")
    error = _object({"error": _TEXT})
    schemas = definitions | {"Record": {"anyOf": records}, "Error": error}
    security = {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}} if with_token else {}
    return {
        "openapi": "3.1.0",
        "info": {"title": "copydesk", "version": metadata.version("copydesk")},
        "paths": {
            "/v1/clean": {"post": _clean(pipelines, default)},
            "/v1/explain": {"post": _explain(pipelines)},
            "/v1/check": {"post": _check()},
            "/v1/pipelines": {"get": _get("The pipelines: their stages and options.")},
            "/v1/schema": {"get": _get("The JSON Schema of a record.")},
            "/openapi.json": {"get": _get("This.")},
            "/healthz": {"get": _get("Whether workers are ready.", "503")},
            "/metrics": {"get": _get("Figures, as Prometheus reads them.", kind="text/plain")},
        },
        "components": {"schemas": schemas, **security},
        **({"security": [{"token": []}]} if with_token else {}),
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": _REF + name}


def _content(schema: dict[str, Any], kind: str = "application/json") -> dict[str, Any]:
    return {kind: {"schema": schema}}


def _clean(pipelines: Sequence[str], default: str) -> dict[str, Any]:
    document = {"type": "object", "properties": {"text": _TEXT, "id": {}}}
    either: dict[str, Any] = {"anyOf": [document, _list({})]}
    answer = {"anyOf": [_ref("Record"), _list(_ref("Record"))]}
    lines = _content(_TEXT, "application/x-ndjson")
    described = "One record for one document; a list for a list; a line for a line."
    return {
        "summary": "Clean one document, a list of them, or NDJSON, a document a line.",
        "parameters": [
            _query("pipeline", {"enum": list(pipelines), "default": default}),
            _query("text_field", {**_TEXT, "default": "text"}),
            _query("id_field", {**_TEXT, "default": "id"}),
            _query("segments", {"type": "boolean", "default": False}),
        ],
        "requestBody": {
            "required": True,
            "content": _content(either) | lines | _content(_TEXT, "text/plain"),
        },
        "responses": {
            "200": {"description": described, "content": _content(answer) | lines},
            **_records("400", "413", "422", "500", "504"),
            **_errors("401", "403", "404", "408", "415", "503"),
        },
    }


def _explain(pipelines: Sequence[str]) -> dict[str, Any]:
    asked = _object({"text": _TEXT}, ["text"])
    asked["properties"] |= {"id": _TEXT, "pipeline": {**_TEXT, "examples": list(pipelines)}, "yaml": _TEXT}
    pieces = _list(_object({"text": _TEXT}))
    told = _object({"outcome": _TEXT, "pieces": pieces, "stages": _list({"type": "object"}), "record": _ref("Record")})
    return _post("Clean one document and tell what was done to it, stage by stage.", asked, told, "422", "404")


def _check() -> dict[str, Any]:
    problem = _object({"line": {"type": "integer"}, "column": {"type": "integer"}, "message": _TEXT})
    asked, told = _object({"yaml": _TEXT}), _object({"problems": _list(problem)})
    return _post("What is wrong with a pipelines.yaml.", asked, told)


def _post(summary: str, asked: dict[str, Any], told: dict[str, Any], *statuses: str) -> dict[str, Any]:
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": _content({**asked, "additionalProperties": False})},
        "responses": {
            "200": {"description": summary, "content": _content(told)},
            **_errors("400", "401", "403", "408", "413", "415", "503", "504", *statuses),
        },
    }


def _get(summary: str, *statuses: str, kind: str = "application/json") -> dict[str, Any]:
    schema: dict[str, Any] = _TEXT if kind == "text/plain" else {"type": "object"}
    answer = {"description": summary, "content": _content(schema, kind)}
    others = dict.fromkeys(statuses, answer)
    return {"summary": summary, "responses": {"200": answer, **others, **_errors("401", "403")}}


def _query(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema}


def _errors(*statuses: str) -> dict[str, Any]:
    return {status: {"description": "Refused.", "content": _content(_ref("Error"))} for status in statuses}


def _records(*statuses: str) -> dict[str, Any]:
    """The statuses of one document that was sent alone and did not come out clean; some are of refusals too."""
    content = _content({"anyOf": [_ref("Record"), _ref("Error")]})
    told = {"description": "One document, rejected or failed; or the request is refused.", "content": content}
    return dict.fromkeys(statuses, told)
