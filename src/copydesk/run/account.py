"""What a run has done over all of its starts: the figures, a few of its documents, and how long that took.

The figures stand in the manifest. The rest is never the same twice, so it stands beside it, in `.starts.json`, which is
written before each manifest and goes when the run is at its end. So it knows of every document that is listed; after a
kill it may know of more, whose time was spent all the same and who come again.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from copydesk.io.writers import put_anew
from copydesk.run.sample import Held, Sample
from copydesk.run.summary import Summary

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    from copydesk.run.batches import Batch
    from copydesk.run.manifest import Manifest
    from copydesk.run.work import Done

FILE = ".starts.json"


class Account:
    """`done` documents of the input are in the `summary`, and some of them in the `sample`.

    `start` is that of the first of `starts`. They took `seconds` by the clock, and the summary's times, for `timed`
    documents: for all of them, unless what an earlier start had noted is lost.
    """

    def __init__(self) -> None:
        self.done = 0
        self.summary = Summary()
        self.sample = Sample()
        self.start = now()
        self.starts = 1
        self.timed = 0
        self._since = time.monotonic()

    @classmethod
    def of(cls, folder: Path, manifest: Manifest) -> Self:
        """That of the run in a folder, which is started once more."""
        account = cls()
        noted = _noted(folder / FILE) if manifest.parts else None  # what an older run left is none of this one's
        if noted:
            account.start, account.starts, account.timed = noted.start, noted.starts + 1, noted.timed
            account.summary.seconds.update(noted.times)
            account.sample.held |= noted.sample
            account._since -= noted.seconds
        account.go_back(manifest)
        return account

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._since

    def add(self, batch: Batch, done: Done) -> None:
        """Count a batch, once it is written."""
        self.summary.add(Summary.unpacked(done.summary))
        self.sample.take(batch.first, done.lines)
        self.timed += len(done.lines)
        self.done = batch.end

    def go_back(self, manifest: Manifest) -> None:
        """Count what the manifest lists, and that alone. The time was spent all the same."""
        spent = self.summary.seconds
        self.summary = Summary.unpacked(manifest.summary)
        self.summary.seconds = spent
        self.done = manifest.documents
        self.sample.go_back(self.done)

    def save(self, folder: Path) -> None:
        """Note it for the next start. Raises OutputError."""
        noted = _Noted(self.start, self.starts, self.timed, self.seconds, self.summary.seconds, self.sample.held)
        text = json.dumps(msgspec.structs.asdict(noted))  # in ASCII: what no file can hold comes back too
        put_anew(folder / FILE, text.encode())


class _Noted(msgspec.Struct):
    start: str
    starts: int
    timed: int
    seconds: float
    times: dict[str, float]
    sample: Held


def _noted(path: Path) -> _Noted | None:
    """What the last start has noted. Where it cannot be had the report says so, and nothing else is lost."""
    try:
        return msgspec.convert(json.loads(path.read_bytes()), _Noted)
    except (OSError, ValueError, msgspec.ValidationError):
        return None


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
