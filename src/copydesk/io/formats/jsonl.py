"""JSON, one object a line (JSONL, NDJSON).

A line ends at LF and nowhere else: U+2028, U+0085 and a vertical tab may stand inside a string, and Python's
`splitlines` would cut there. The lines are not parsed here.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from copydesk.io.items import Item, fault, refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from copydesk.io.items import Reading
    from copydesk.io.sources import Source

_REST = 1_048_576  # bytes that a record may have beside its text; and what is skipped of a long one at once
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def longest(reading: Reading) -> int:
    r"""Bytes of a line that may hold a text within the limit: JSON may write each character as `\u4e2d`."""
    return 6 * reading.max_chars + _REST


def items(stream: BinaryIO, source: Source, reading: Reading) -> Iterator[Item]:
    """A line of JSON each, blank lines left out."""
    return (item for item in lines(stream, source, reading) if not item.data.isspace())


def lines(stream: BinaryIO, source: Source, reading: Reading) -> Iterator[Item]:
    """An item for every line, as soon as it has come. One that is too long to hold is refused, and the next read."""
    most = longest(reading)
    id_, address = source.id, source.address
    offset = number = 0
    while line := stream.readline(most):
        number += 1
        if number == 1 and line.startswith(_WIDE):
            yield fault(id_, address, "is UTF-16. JSON is UTF-8: `iconv -f UTF-16 -t UTF-8` makes it so.", line[:4096])
            return
        length = len(line)
        if length == most and not line.endswith(b"\n"):
            length += _skipped(stream)
        if length > most:
            why = f"a line of {length:,} bytes from byte {offset:,} is longer than {most:,}; see --max-chars."
            yield refused(f"{id_}:{number}", f"{address}:{number}", why)
        else:
            yield Item(f"{id_}:{number}", f"{address}:{number}", "json", line)
        offset += length


def _skipped(stream: BinaryIO) -> int:
    """The bytes up to the end of the line, read and let go."""
    length = 0
    while piece := stream.readline(_REST):
        length += len(piece)
        if piece.endswith(b"\n"):
            break
    return length
