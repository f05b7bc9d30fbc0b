"""Answers: plain JSON, records as they come, and the reasons of what was refused."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import msgspec
from starlette.responses import Response

from copydesk.intake import READER
from copydesk.run.batches import batches

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Sequence

    from starlette.types import Receive, Scope, Send

    from copydesk.io.items import Item
    from copydesk.run.work import Line
    from copydesk.server.crew import Crew
    from copydesk.server.desk import Order
    from copydesk.server.intake import Body
    from copydesk.server.metrics import Metrics
    from copydesk.server.refusal import Refusal

JSON = "application/json"
NDJSON = "application/x-ndjson"
_LINGER = 2.0  # seconds
_T = TypeVar("_T")


def json_response(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type=JSON)


class Refused(Response):
    """A refusal. What is still under way of the request's body is let pass for a moment, and then the connection ends.

    Were it closed at once, the system would throw the answer away together with what it has not read.
    """

    def __init__(self, refusal: Refusal) -> None:
        told = {"error": refusal.reason, **refusal.more}
        super().__init__(msgspec.json.encode(told), refusal.status, media_type=JSON)
        if refusal.status == 401:
            self.headers["www-authenticate"] = "Bearer"
        self.headers["connection"] = "close"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 (as Starlette calls it)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        with suppress(TimeoutError):
            async with asyncio.timeout(_LINGER):
                while (await receive()).get("more_body"):
                    pass
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class InOrder:
    """The lines of one request in the order of its documents. A few batches are with the workers at a time.

    So a long request holds up a short one by a few batches, and what is held does not grow with its length.
    """

    def __init__(self, crew: Crew, order: Order, metrics: Metrics) -> None:
        self.crew = crew
        self.order = order
        self.metrics = metrics
        self._under_way: asyncio.Queue[asyncio.Future[list[Line]] | None] = asyncio.Queue(crew.count)

    async def put(self, items: Sequence[Item]) -> None:
        for batch in batches(items):
            await self._under_way.put(asyncio.ensure_future(self.crew.run(self.order, batch.items)))

    async def end(self) -> None:
        await self._under_way.put(None)

    async def lines(self) -> AsyncIterator[list[Line]]:
        """A batch's lines at a time, up to the end."""
        while (batch := await self._under_way.get()) is not None:
            lines = await batch
            for line in lines:
                self.metrics.documents[self.order.pipeline, line.outcome] += 1
            yield lines

    async def all(self, items: Sequence[Item]) -> list[Line]:
        """The lines of these items."""

        async def put() -> None:
            await self.put(items)
            await self.end()

        putting = asyncio.ensure_future(put())
        try:
            return [line async for some in self.lines() for line in some]
        finally:
            putting.cancel()
            self.cancel()

    def cancel(self) -> None:
        """Let go of what no worker has begun."""
        while not self._under_way.empty():
            if batch := self._under_way.get_nowait():
                batch.cancel()


class Streamed(Response):
    """NDJSON for NDJSON: a record a line, in order, sent while the request is still coming."""

    def __init__(self, lines: InOrder, body: Body) -> None:
        super().__init__(media_type=NDJSON)
        del self.headers["content-length"]
        self.ordered = lines
        self.source = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 (as Starlette calls it)
        try:
            await unless(self._write(send), self._read())
        finally:
            self.ordered.cancel()

    async def _read(self) -> NoReturn:
        async for items in self.source.lines(self.ordered.order):
            await self.ordered.put(items)
        await self.ordered.end()
        await self.source.gone()

    async def _write(self, send: Send) -> None:
        """The head goes out with the first records: until then a refusal may still have its own."""
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        async for lines in self.ordered.lines():
            if start:
                await send(start)
                start = {}
            records = b"".join([line.record + b"\n" for line in lines])
            await send({"type": "http.response.body", "body": records, "more_body": True})
        if start:
            await send(start)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def unless(work: Coroutine[Any, Any, _T], trouble: Coroutine[Any, Any, NoReturn]) -> _T:
    """The result of `work`; or, where that comes first, what `trouble` raises: then the work is cancelled."""
    wanted, other = asyncio.ensure_future(work), asyncio.ensure_future(trouble)
    try:
        await asyncio.wait([wanted, other], return_when=asyncio.FIRST_COMPLETED)
        if wanted.done():
            return wanted.result()
        other.result()
        raise AssertionError  # it never returns
    finally:
        wanted.cancel()
        other.cancel()
        await asyncio.gather(wanted, other, return_exceptions=True)


def status_of(line: Line) -> int:
    """The status of the answer to one document that was sent alone. A list, or a stream, is always a 200.

    422: a stage turned it away; 400: it is no document; 504: a stage did not end in time; 500: a stage failed, or the
    worker died of it.
    """
    if line.outcome == "clean":
        return 200
    record = msgspec.json.decode(line.record)
    if record["stage"] == READER:
        return 400 if line.outcome == "failed" else 413
    if line.outcome == "rejected":
        return 422
    return 504 if str(record["reason"]).startswith("timeout after") else 500
