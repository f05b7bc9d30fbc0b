"""Figures in columns."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from copydesk.cli.show import console, safe

if TYPE_CHECKING:
    from collections.abc import Sequence

_PARTING = "  "


def show_table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """The rows under their headings, words to the left and figures to the right; nothing where there are no rows."""
    if not rows:
        return
    cells = [[cell_of(value) for value in row] for row in rows]
    figures = [not any(isinstance(value, str) for value in column) for column in zip_longest(*rows)]
    widths = [max(map(len, column)) for column in zip_longest(headings, *cells, fillvalue="")]
    out = console()
    out.print(_line(headings, widths, figures), style="dim")
    for row in cells:
        out.print(_line(row, widths, figures))


def cell_of(value: Any) -> str:
    """A value as it stands in a column: shares with three digits, nothing where there is none."""
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else safe(value)


def _line(cells: Sequence[str], widths: Sequence[int], figures: Sequence[bool]) -> str:
    placed = [
        cell.rjust(width) if figure else cell.ljust(width)
        for cell, width, figure in zip(cells, widths, figures, strict=True)
    ]
    return _PARTING + _PARTING.join(placed).rstrip()
