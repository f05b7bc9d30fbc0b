"""What every request passes before it is looked at: who asks, for which host, and how much it brings.

A page on some other site, open in the browser of whoever runs the service, can send requests to this machine. It cannot
lie about its Origin, nor about the Host that the browser took this address for (DNS rebinding); so both are asked.
"""

from __future__ import annotations

import hmac
import time
from typing import TYPE_CHECKING, NamedTuple

from copydesk.server.answers import NDJSON, Refused
from copydesk.server.intake import too_long
from copydesk.server.refusal import GoneError, Refusal

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from copydesk.server.metrics import Metrics

LOCAL = ("localhost", "127.0.0.1", "[::1]")

NDJSON_TYPES = (NDJSON, "application/ndjson", "application/jsonl", "application/x-jsonlines", "application/jsonlines")

_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    b"form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)

_HEADERS = [
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]


class Limits(NamedTuple):
    """`body`: bytes that are held of one request; `seconds`: for its body to come, and for its answer."""

    body: int = 10_000_000
    seconds: float = 30.0
    connections: int = 64


class Guard:
    """Around the application: refuses, adds the headers that every answer has, and counts."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: Limits,
        hosts: Collection[str],
        token: str,
        metrics: Metrics,
        paths: Collection[str],
    ) -> None:
        self.app = app
        self.limits = limits
        self.hosts = {host.lower() for host in hosts}
        self.token = token.encode()
        self.metrics = metrics
        self.paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, start = 499, time.monotonic()  # 499: the client left before there was an answer

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), *_HEADERS]
            await send(message)

        try:
            await self._passed(scope, receive, counted)
        except GoneError:
            pass  # nobody is there to be answered
        finally:
            path = scope["path"] if scope["path"] in self.paths else "other"
            self.metrics.request(path, status, time.monotonic() - start)

    async def _passed(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._check(scope["method"], scope["path"], dict(scope["headers"]))
        except Refusal as refusal:
            await Refused(refusal)(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _check(self, method: str, path: str, headers: dict[bytes, bytes]) -> None:
        """Raises Refusal for what is turned away unread."""
        self._check_sender(method, headers)
        if path.startswith("/v1/") or path == "/metrics":
            self._check_token(headers)
        if b"transfer-encoding" in headers and b"content-length" in headers:
            raise Refusal(400, "the request has both Content-Length and Transfer-Encoding.")
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise Refusal(415, "compressed bodies are not taken. Send the body as it is.")
        length = headers.get(b"content-length", b"0")
        if media_type(headers) not in NDJSON_TYPES and int(length) > self.limits.body:
            raise too_long(self.limits.body)

    def _check_sender(self, method: str, headers: dict[bytes, bytes]) -> None:
        host = headers.get(b"host", b"").decode("latin-1").lower()
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        if name not in self.hosts:
            raise Refusal(403, "this host is not served here. Whoever runs the service can allow it: --allow-host.")
        origin = headers.get(b"origin", b"").decode("latin-1").lower()
        if method not in ("GET", "HEAD") and origin and origin.partition("://")[2] != host:
            raise Refusal(403, "pages of other sites may not send anything here.")

    def _check_token(self, headers: dict[bytes, bytes]) -> None:
        kind, _, given = headers.get(b"authorization", b"").partition(b" ")
        right = hmac.compare_digest(given.strip(), self.token) and kind.lower() == b"bearer"
        if self.token and not right:
            raise Refusal(401, "a token is needed: Authorization: Bearer TOKEN.")


def media_type(headers: dict[bytes, bytes]) -> str:
    """The request's Content-Type without its parameters, in lower case."""
    return headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
