"""What a request cannot have, as a status and a reason."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818 (it is the request that is wrong, not the service)
    """Answered with `status` and {"error": reason}. `more` stands beside the error."""

    def __init__(self, status: int, reason: str, **more: object) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.more = more


class GoneError(Exception):
    """The client has left. There is nobody to answer."""
