"""Text files: one file, one document. Its bytes are decoded where it is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from copydesk.io.items import Item, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from copydesk.io.compression import Stream
    from copydesk.io.items import Reading
    from copydesk.io.sources import Source

_WIDEST = 4  # bytes of a character, in UTF-8, UTF-16 and UTF-32 alike


def items(stream: Stream, source: Source, reading: Reading) -> Iterator[Item]:
    """The one document. A file of more bytes than the longest text can have is refused, and not read to its end."""
    most = _WIDEST * (reading.max_chars + 1)  # one for a byte order mark
    data = bytearray()
    while len(data) <= most >= (source.size or 0) and (piece := stream.read1()):
        data += piece
    if max(len(data), source.size or 0) > most:
        yield refused(source.id, source.address, f"the file has more than {most:,} bytes; see --max-chars.")
    else:
        yield Item(source.id, source.address, "text", bytes(data))
