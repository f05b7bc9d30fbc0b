"""Requests taken in: bodies within their bounds, and the documents in them as items.

Nothing of a document is decoded here. A body is cut where JSON or its lines part, and what is in the parts is for the
workers, as in a run.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from copydesk.io.items import Item
from copydesk.server.refusal import GoneError, Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from starlette.types import Receive

    from copydesk.server.desk import Order

_PLACE = "document"
_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
_ELEMENT = msgspec.json.Decoder(msgspec.Raw)


class Body:
    """A request's body as it comes. `limit`: the most bytes that are held of it; `seconds`: that are waited for it."""

    def __init__(self, receive: Receive, limit: int, seconds: float) -> None:
        self._receive = receive
        self.limit = limit
        self.seconds = seconds

    async def whole(self) -> bytes:
        """All of it. Raises Refusal where it is too long or too slow, GoneError where the client leaves."""
        held = bytearray()
        try:
            async with asyncio.timeout(self.seconds):
                async for chunk in self._chunks():
                    held += chunk
                    if len(held) > self.limit:
                        raise too_long(self.limit)
        except TimeoutError:
            raise self._too_slow() from None
        return bytes(held)

    async def lines(self, order: Order) -> AsyncIterator[list[Item]]:
        """The documents of NDJSON, those of one read together. A line that is too long is rejected, and not held."""
        cut = _Lines(order, self.limit)
        chunks = self._chunks()
        while True:
            try:
                async with asyncio.timeout(self.seconds):
                    chunk = await anext(chunks, None)
            except TimeoutError:
                raise self._too_slow() from None
            if items := list(cut.items(chunk)):
                yield items
            if chunk is None:
                return

    async def gone(self) -> NoReturn:
        """Wait, once the body has been read, until the client leaves."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        raise GoneError

    async def _chunks(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise GoneError
            more = message.get("more_body", False)
            yield message.get("body", b"")

    def _too_slow(self) -> Refusal:
        return Refusal(408, f"the body did not come within {self.seconds:g} s.")


def too_long(limit: int) -> Refusal:
    return Refusal(413, f"the body is longer than {limit:,} bytes. Send less at once, or NDJSON, which has no end.")


class _Lines:
    """Cuts what comes in pieces to lines, and makes an item of each: of a blank one too, so that a client can count."""

    def __init__(self, order: Order, limit: int) -> None:
        self.order = order
        self.note = order.note()
        self.limit = limit
        self.held = bytearray()
        self.skipped = False
        self.number = 0

    def items(self, chunk: bytes | None) -> Iterator[Item]:
        """The items of the lines that `chunk` ends; None is the end of all."""
        *ended, rest = [b""] if chunk is None else chunk.split(b"\n")
        if chunk is None and (self.held or self.skipped):
            ended = [b""]
        for line in ended:
            yield from self._ended(line)
        self._hold(rest)

    def _ended(self, line: bytes) -> Iterator[Item]:
        self._hold(line)
        whole, skipped = bytes(self.held), self.skipped
        self.held, self.skipped = bytearray(), False
        self.number += 1
        place = f"line {self.number}"
        if skipped:
            refusal = f"the line is longer than {self.limit:,} bytes."
            yield Item(str(self.number), place, "refused", b"", self.order.note(refusal))
        else:
            yield Item(str(self.number), place, "json", whole, self.note)

    def _hold(self, part: bytes) -> None:
        if len(self.held) + len(part) > self.limit:
            self.held, self.skipped = bytearray(), True
        elif not self.skipped:
            self.held += part


def elements(body: bytes) -> tuple[list[bytes], bool]:
    """The JSON of each document of a body, and whether it is a list. Raises Refusal with the place of a mistake."""
    text = _utf8(body)
    is_list = text.lstrip(" \t\r\n\ufeff").startswith("[")
    try:
        raw = _ELEMENTS.decode(body) if is_list else [_ELEMENT.decode(body)]
        parts = [bytes(part) for part in raw]
    except (msgspec.DecodeError, RecursionError):
        value = _leniently(text)
        parts = [json.dumps(part).encode() for part in (value if is_list else [value])]
    if not is_list and not parts[0].lstrip().startswith(b"{"):
        raise Refusal(400, "the body is JSON, but neither an object nor a list of objects.")
    return parts, is_list


def items(parts: list[bytes], note: str) -> list[Item]:
    """Items of the JSON of documents, numbered from 1."""
    return [Item(str(n), f"{_PLACE} {n}", "json", part, note) for n, part in enumerate(parts, 1)]


def text_item(body: bytes, note: str) -> Item:
    """One article as it is, in whatever encoding: no JSON around it."""
    return Item("1", f"{_PLACE} 1", "text", body, note)


def _utf8(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Refusal(400, f"the body is not UTF-8 at byte {error.start}.", byte=error.start) from None


def _leniently(text: str) -> Any:
    """What the strict reader did not take, where it is only a lone surrogate. Raises Refusal for what is no JSON."""
    try:
        return json.loads(text.removeprefix("\ufeff"), parse_constant=_no_number)
    except json.JSONDecodeError as error:
        place = {"line": error.lineno, "column": error.colno}
        at = f"line {error.lineno}, column {error.colno}"
        raise Refusal(400, f"the body is not JSON at {at}: {error.msg}.", **place) from None
    except RecursionError:
        raise Refusal(400, "the body is not JSON that can be read: it is nested too deep.") from None
    except ValueError as error:
        raise Refusal(400, f"the body is not JSON: {error}.") from None


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")
