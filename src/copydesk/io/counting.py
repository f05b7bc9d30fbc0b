"""How many documents there are to come, for whoever waits in front of a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from copydesk.io.readers import WHOLE
from copydesk.io.sources import STDIN, form_of, sources

if TYPE_CHECKING:
    from collections.abc import Iterable

    from copydesk.io.sources import Source

_AT_MOST = 2_000_000_000  # bytes that are read only to be counted: a second or two from a disk
_BLOCK = 1 << 20


def total(inputs: Iterable[str], form: str | None = None) -> int | None:
    """How many documents the inputs hold, where that is quickly told: of files of one each, and of lines of JSON.

    None where they are packed, remote, of another form, from standard input, or of more than two gigabytes.
    """
    count, left = 0, _AT_MOST
    for source in sources(inputs, form):
        kind = form or form_of(source.name)
        if kind in WHOLE:
            count += 1
        elif kind == "jsonl" and not source.files and source.path != STDIN and 0 <= (source.size or 0) <= left:
            left -= source.size or 0
            lines = _lines(source)
            if lines is None:
                return None
            count += lines
        else:
            return None
    return count


def _lines(source: Source) -> int | None:
    """The lines of a file; None for one that is packed, whatever its name."""
    count, last = 0, b"\n"
    try:
        with source.open() as file:
            while block := file.read(_BLOCK):
                if not count and b"\0" in block:
                    return None
                count += block.count(b"\n")
                last = block[-1:]
    except OSError:
        return None
    return count + (last != b"\n")
