"""HTTP/1.1 with two limits more: for a request's head that never ends, and for an answer that nobody takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

HEAD = 10.0  # seconds: a head is one packet; a slow network takes one or two

STALL = 10.0  # seconds in which a client must have taken some of what waits for it

_WHY = b'{"error":"the head of the request did not come in time"}'
_LATE = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(_WHY), _WHY)
)


class Patient(H11Protocol):
    """The protocol of uvicorn, which by itself waits for ever in both cases."""

    _timer: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        self._taken()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        self._taken()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._wait()

    def _wait(self) -> None:
        """Let the clock run while a head is due; stop it once there is one."""
        if self.conn.their_state is not h11.IDLE:
            self._stop()
        elif self._timer is None:
            self._timer = self.loop.call_later(HEAD, self._late)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        if not self.transport.is_closing() and self.conn.their_state is h11.IDLE:
            self.transport.write(_LATE)
            self.transport.close()

    def _watch(self) -> None:
        waiting = self.transport.get_write_buffer_size()
        self._stall = self.loop.call_later(STALL, self._look, waiting)

    def _look(self, before: int) -> None:
        """Look again while the client takes something; where it takes nothing, throw away what waits for it."""
        if self.transport.get_write_buffer_size() < before:
            self._watch()
        else:
            self.transport.abort()

    def _taken(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None


def options() -> dict[str, Any]:
    """Options of uvicorn for it: quiet, no other protocol beside it, nothing of the machine in its answers."""
    quiet = {"server_header": False, "access_log": False, "log_config": None, "log_level": "error"}
    return {"http": Patient, "ws": "none", **quiet}
