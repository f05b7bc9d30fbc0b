"""The transform that every adapter is a face of: copydesk.rows, with the pipeline given by its name or by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from copydesk.config import load
from copydesk.rows import ERROR, ROWS, SIDE_BY_SIDE, Rows

__all__ = ["ERROR", "ROWS", "SIDE_BY_SIDE", "Transform"]


@dataclass(frozen=True)
class Transform(Rows):
    """Rows in, the same rows out: see `Rows`, whose fields it has.

    `pipeline`: one that was loaded, or the name of one in ./pipelines.yaml or, without that file, of the house's.
    """

    pipeline: Any

    def __post_init__(self) -> None:
        if isinstance(self.pipeline, str):
            object.__setattr__(self, "pipeline", load()[self.pipeline])
