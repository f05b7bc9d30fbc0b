"""Items in batches: large enough that handing one on costs little, small enough that memory stays flat."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from copydesk.io.items import Item

DOCUMENTS = 32
SIZE = 256_000  # bytes


class Batch(NamedTuple):
    """Some items in the order in which they were read. `first` is the first one's place in the whole input, from 0."""

    first: int
    items: list[Item]

    @property
    def end(self) -> int:
        """The place in the whole input after the last item."""
        return self.first + len(self.items)


def batches(items: Iterable[Item], first: int = 0) -> Iterator[Batch]:
    """Cut items to batches of at most 32, or of 256 kB where they are long. The cuts depend on the items alone."""
    held: list[Item] = []
    size = 0
    for item in items:
        if held and (len(held) == DOCUMENTS or size + len(item.data) > SIZE):
            yield Batch(first, held)
            first, held, size = first + len(held), [], 0
        held.append(item)
        size += len(item.data)
    if held:
        yield Batch(first, held)
