"""A service on a socket, from its start to the signal that ends it."""

from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING

import uvicorn

from copydesk.errors import ConfigError
from copydesk.server.protocol import options

if TYPE_CHECKING:
    from copydesk.server.app import Service

_FAREWELL = 5  # seconds that answers under way have at the end
_TURN = 0.0005  # seconds that a thread keeps Python to itself: the threads of the workers have little to do, but often


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens. `port` 0: one that is free. Raises ConfigError where the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        at = socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise ConfigError(f"{host}:{port} cannot be listened at: {_why(error)}.") from error
    at.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else an answer's body waits 40 ms behind its head
    return at


def _why(error: OSError) -> str:
    """The system's own word for it; that of the resolver of names where there is none."""
    number = error.errno or 0
    return os.strerror(number) if number > 0 else str(error.strerror)


def serve(service: Service, at: socket.socket) -> None:
    """Answer until a signal comes. Then what is under way is ended, and the signal does what it always does."""
    sys.setswitchinterval(_TURN)
    config = uvicorn.Config(
        service.app(),
        limit_concurrency=service.limits.connections + 1,
        timeout_graceful_shutdown=_FAREWELL,
        lifespan="on",
        **options(),
    )
    uvicorn.Server(config).run(sockets=[at])
