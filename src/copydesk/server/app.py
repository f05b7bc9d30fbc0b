"""The service's application: its addresses, and what each does."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from copydesk.errors import ConfigError, WorkerError, did_you_mean
from copydesk.io.items import Reading
from copydesk.server import intake, pages
from copydesk.server.answers import JSON, InOrder, Refused, Streamed, json_response, status_of, unless
from copydesk.server.crew import Crew
from copydesk.server.described import openapi, pipeline_of, record_schema
from copydesk.server.desk import REFUSED, Desk, Order
from copydesk.server.guard import LOCAL, NDJSON_TYPES, Guard, Limits, media_type
from copydesk.server.metrics import Metrics
from copydesk.server.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from copydesk.config import Pipelines
    from copydesk.run.work import Line
    from copydesk.server.intake import Body

_QUERY = ("pipeline", "text_field", "id_field", "segments")


@dataclass
class Service:
    """One service: the pipelines of a file, and who may ask for how much of them. Start its `crew` before it serves."""

    pipelines: Pipelines
    default: str
    workers: int = 2
    timeout: float = 5.0
    memory: int = 2_000_000_000
    limits: Limits = field(default_factory=Limits)
    hosts: Sequence[str] = LOCAL
    token: str = ""

    def __post_init__(self) -> None:
        folder = str(self.pipelines.path.resolve().parent)
        desk = Desk(self.pipelines[self.default], pipelines=dict(self.pipelines), folder=folder)
        self.crew = Crew(desk, self.workers, timeout=self.timeout, memory=self.memory)
        self.metrics = Metrics()

    def app(self) -> ASGIApp:
        """What a server runs."""
        routes = [
            *pages.routes(),
            Route("/v1/clean", self.clean, methods=["POST"]),
            Route("/v1/explain", self.explain, methods=["POST"]),
            Route("/v1/check", self.check, methods=["POST"]),
            Route("/v1/pipelines", self.list_pipelines),
            Route("/v1/schema", self.schema),
            Route("/openapi.json", self.openapi),
            Route("/healthz", self.health),
            Route("/metrics", self.figures),
        ]
        handlers = {Refusal: _refused, HTTPException: _unknown, ConfigError: _no_worker, WorkerError: _no_worker}
        inner = Starlette(routes=routes, exception_handlers=handlers, lifespan=self._life)  # type: ignore[arg-type]
        return Guard(
            inner,
            limits=self.limits,
            hosts=self.hosts,
            token=self.token,
            metrics=self.metrics,
            paths={route.path for route in routes},
        )

    @asynccontextmanager
    async def _life(self, _: Starlette) -> AsyncIterator[None]:
        yield
        self.crew.end()

    # What it does

    async def clean(self, request: Request) -> Response:
        """One document, a list of them, or NDJSON."""
        order, body, kind = self._order(request), self._body(request), _kind(request)
        if kind in NDJSON_TYPES:
            return Streamed(InOrder(self.crew, order, self.metrics), body)
        data = await body.whole()
        if kind == "text/plain":
            return _one((await self._lines(body, order, [intake.text_item(data, order.note())]))[0])
        parts, is_list = intake.elements(data)
        lines = await self._lines(body, order, intake.items(parts, order.note()))
        return _many(lines) if is_list else _one(lines[0])

    async def explain(self, request: Request) -> Response:
        """One document with its raw text in pieces, by one of the pipelines here or by one that comes with it."""
        body = self._body(request)
        asked = _decoded(await body.whole(), Asked)
        if not asked.yaml:
            self._known(asked.pipeline or self.default)
        name = asked.pipeline or ("" if asked.yaml else self.default)
        order = Order(name, "explain", asked.yaml)
        item = intake.items([msgspec.json.encode({"id": asked.id, "text": asked.text})], order.note())
        (line,) = await self._lines(body, order, item)
        if line.outcome == REFUSED:
            raise Refusal(422, "the pipeline cannot be had.", problems=msgspec.json.decode(line.record))
        told = msgspec.json.decode(line.record)
        return json_response(told if "pieces" in told else _lost(told))

    async def check(self, request: Request) -> Response:
        """What is wrong with a pipelines.yaml: each mistake with its line and column."""
        body = self._body(request)
        asked = _decoded(await body.whole(), Checked)
        order = Order(act="check", yaml=asked.yaml or " ")
        (line,) = await self._lines(body, order, intake.items([b"{}"], order.note()))
        if line.outcome == "failed":
            raise Refusal(504, f"the check did not end: {msgspec.json.decode(line.record)['reason']}.")
        return json_response({"problems": msgspec.json.decode(line.record)})

    # What it tells

    async def list_pipelines(self, _: Request) -> Response:
        return json_response({"default": self.default, "pipelines": list(map(pipeline_of, self.pipelines.values()))})

    async def schema(self, _: Request) -> Response:
        return json_response(record_schema())

    async def openapi(self, _: Request) -> Response:
        return json_response(openapi(list(self.pipelines), self.default, with_token=bool(self.token)))

    async def health(self, _: Request) -> Response:
        """200 while a worker is ready; 503 where all are lost and no other can be had."""
        ready = len(self.crew.ready)
        told = {"status": "ok" if ready else "no worker", "workers": ready, "fault": str(self.crew.fault or "") or None}
        return json_response(told, 200 if ready else 503)

    async def figures(self, _: Request) -> Response:
        states = {"wanted": self.crew.count, "ready": len(self.crew.ready), "waiting": self.crew.waiting}
        return Response(self.metrics.text(states), media_type="text/plain; version=0.0.4")

    # How

    def _order(self, request: Request) -> Order:
        """What the query asks for. Raises Refusal for a word in it that means nothing here."""
        asked = request.query_params
        for name in asked:
            if name not in _QUERY:
                raise Refusal(400, f"there is no parameter `{name}`.{did_you_mean(name, _QUERY)}")
        pipeline = self._known(asked.get("pipeline", self.default))
        segments = asked.get("segments", "false")
        if segments not in ("true", "false"):
            raise Refusal(400, "`segments` is true or false.")
        reading = Reading(asked.get("text_field", "text"), asked.get("id_field", "id"))
        return Order(pipeline, reading=reading, segments=segments == "true")

    def _known(self, pipeline: str) -> str:
        if pipeline not in self.pipelines:
            hint = did_you_mean(pipeline, self.pipelines) or f" There are {', '.join(self.pipelines)}."
            raise Refusal(404, f"there is no pipeline `{pipeline}`.{hint}")
        return pipeline

    def _body(self, request: Request) -> Body:
        return intake.Body(request.receive, self.limits.body, self.limits.seconds)

    async def _lines(self, body: Body, order: Order, items: Sequence[Any]) -> list[Line]:
        """The lines of items, unless the client leaves or the time is over."""
        try:
            async with asyncio.timeout(self.limits.seconds):
                return await unless(InOrder(self.crew, order, self.metrics).all(items), body.gone())
        except TimeoutError:
            message = f"the work took more than {self.limits.seconds:g} s. Send less at once, or NDJSON."
            raise Refusal(504, message) from None


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """The body of /v1/explain."""

    text: str
    id: str = ""
    pipeline: str = ""
    yaml: str = ""


class Checked(msgspec.Struct, forbid_unknown_fields=True):
    """The body of /v1/check."""

    yaml: str


def _kind(request: Request) -> str:
    """The media type of a request's documents. Raises Refusal for one that is not taken."""
    kind = media_type(dict(request.scope["headers"]))
    if kind not in (JSON, "text/plain", *NDJSON_TYPES):
        named = f"Content-Type is `{kind}`" if kind else "there is no Content-Type"
        raise Refusal(415, f"{named}; here it is application/json, application/x-ndjson or text/plain.")
    return kind


def _decoded(body: bytes, type_: type[Any]) -> Any:
    intake.elements(body)
    try:
        return msgspec.json.decode(body, type=type_)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refusal(400, f"the body does not fit: {error}.") from None


def _one(line: Line) -> Response:
    return Response(line.record, status_of(line), media_type=JSON)


def _many(lines: Sequence[Line]) -> Response:
    return Response(b"[" + b",".join([line.record for line in lines]) + b"]", media_type=JSON)


def _lost(record: dict[str, Any]) -> dict[str, Any]:
    """The account of a document that a worker was lost on: there is only its record."""
    own = {"outcome": record["outcome"], "stages": [], "characters": len(record["text"]), "removed": 0}
    return {**own, "pieces": [{"text": record["text"]}], "record": record}


async def _refused(_: Request, refusal: Refusal) -> Response:
    return Refused(refusal)


async def _unknown(_: Request, error: HTTPException) -> Response:
    message = {404: "there is nothing at this address.", 405: "this address does not take this method."}
    response = Refused(Refusal(error.status_code, message.get(error.status_code, error.detail)))
    response.headers.update(error.headers or {})
    return response


async def _no_worker(_: Request, error: ConfigError | WorkerError) -> Response:
    return Refused(Refusal(503, str(error)))
