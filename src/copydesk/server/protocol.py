"""HTTP/1.1 with a limit for the head of a request: one that never ends must not hold its connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio

HEAD = 10.0  # seconds: a head is one packet; a slow network takes one or two

_WHY = b'{"error":"the head of the request did not come in time"}'
_LATE = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(_WHY), _WHY)
)


class Patient(H11Protocol):
    """The protocol of uvicorn, which by itself waits for ever for a head that has begun."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

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


def options() -> dict[str, Any]:
    """Options of uvicorn for it: quiet, no other protocol beside it, nothing of the machine in its answers."""
    quiet = {"server_header": False, "access_log": False, "log_config": None, "log_level": "error"}
    return {"http": Patient, "ws": "none", **quiet}
