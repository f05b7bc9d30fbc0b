"""copydesk serve."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from copydesk.cli.run import processors
from copydesk.cli.show import console
from copydesk.config import load
from copydesk.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from copydesk.config import Pipelines

TOKEN = "COPYDESK_TOKEN"  # noqa: S105 (the name of a variable)


@dataclass(frozen=True, kw_only=True)
class Serve:
    """What a command line asks for: which pipelines, at which address, for whom."""

    config: Path | None = None
    pipeline: str = "reprints"
    host: str = "127.0.0.1"
    port: int = 8765
    workers: int | None = None
    timeout: float = 5.0
    memory: int = 2_000_000_000
    token: str = ""
    allow_hosts: Sequence[str] = ()
    max_body: int = 10_000_000
    time_limit: float = 30.0
    connections: int = 64

    def __call__(self) -> None:
        """Serve until interrupted.

        Raises ConfigError where the address, or who may use it, is not right; WorkerError where no worker can build
        the pipelines.
        """
        try:
            from copydesk.server.app import Service
            from copydesk.server.guard import LOCAL, Limits
            from copydesk.server.serving import listening, serve
        except ImportError as error:
            missing = (error.name or "").partition(".")[0]
            raise ConfigError(f"`copydesk serve` needs {missing}: pip install 'copydesk[serve]'.") from error
        workers = self.workers or processors()
        if not workers:
            raise ConfigError("`copydesk serve` needs worker processes, which run on Linux and macOS.")
        token = self._token()
        pipelines = load(self.config)
        service = Service(
            pipelines,
            self._default(pipelines),
            workers=workers,
            timeout=self.timeout,
            memory=self.memory,
            limits=Limits(self.max_body, self.time_limit, self.connections),
            hosts=[*LOCAL, _in_address(self.host), *self.allow_hosts],
            token=token,
        )
        with listening(self.host, self.port) as at:
            service.crew.start()
            address = f"http://{_in_address(self.host)}:{at.getsockname()[1]}/"
            console(err=True).print(f"copydesk {service.default} at {address} (stop with Ctrl-C)")
            serve(service, at)

    def _token(self) -> str:
        token = self.token or os.environ.get(TOKEN, "")
        if not token and not is_loopback(self.host):
            message = f"{self.host} can be reached from other machines, so a token is needed: set {TOKEN}."
            raise ConfigError(f"{message} Whoever has it may use the service: Authorization: Bearer TOKEN.")
        return token

    def _default(self, pipelines: Pipelines) -> str:
        """The pipeline where none is named: `reprints`, or the only one that there is."""
        name = next(iter(pipelines)) if len(pipelines) == 1 else self.pipeline
        return pipelines[name].name


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host
