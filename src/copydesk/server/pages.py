"""The playground: a page, its script and its style. They stand in the package; nothing else is loaded."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from copydesk.run.page import look

if TYPE_CHECKING:
    from starlette.requests import Request

_KINDS = {
    "index.html": "text/html; charset=utf-8",
    "playground.js": "text/javascript; charset=utf-8",
    "playground.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


def routes() -> list[Route]:
    """The page at `/`, what it loads beside it, and the look that it shares with the report of a run."""
    return [
        _route("/", _file("index.html"), _KINDS["index.html"]),
        *(_route(f"/{name}", _file(name), kind) for name, kind in _KINDS.items() if name != "index.html"),
        _route("/look.css", look().encode(), _KINDS["playground.css"]),
    ]


def _route(path: str, content: bytes, kind: str) -> Route:
    async def answer(_: Request) -> Response:
        return Response(content, headers={"content-type": kind})

    return Route(path, answer)


def _file(name: str) -> bytes:
    return files("copydesk.server").joinpath("page", name).read_bytes()
