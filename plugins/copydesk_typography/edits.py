"""Many small edits of one segment, made few where they would be too many."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MANY = 5000  # changes in one segment; real paragraphs have a hundred, and each costs some ten microseconds
_NEAR = 100  # characters between two changes that become one


def few(text: str, changes: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """The changes; where there are thousands, as in a megabyte of padding, near ones become one."""
    wanted = [*changes]
    if len(wanted) <= _MANY:
        return wanted
    wanted = [change for change in wanted if text[change[0] : change[1]] != change[2]]
    if len(wanted) <= _MANY:
        return wanted
    result: list[tuple[int, int, str]] = []
    begin, place = wanted[0][:2]
    parts: list[str] = []
    for start, end, now in wanted:
        if start - place > _NEAR:
            result.append((begin, place, "".join(parts)))
            begin, place, parts = start, start, []
        elif parts:
            parts.append(text[place:start])
        parts.append(now)
        place = end
    return [*result, (begin, place, "".join(parts))]
