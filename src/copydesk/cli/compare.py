"""copydesk compare: what a change of configuration changes, the most suspicious first."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

import msgspec

from copydesk.cli.places import check_figures, write_figures
from copydesk.cli.show import console, safe, shortened, visible
from copydesk.cli.table import show_table
from copydesk.comparison import Comparison, twin
from copydesk.config import load
from copydesk.io import readers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from rich.text import Text

    from copydesk.comparison import Difference
    from copydesk.document import Document
    from copydesk.pipeline import Pipeline

_SHIFTS = 20  # reasons that are shown with their counts
_LINE = 300  # characters of a text that is shown
_SIDE = 50  # characters of the text around it


def compare_command(
    first: tuple[Path, str], second: tuple[Path, str], inputs: Sequence[str], *, json: Path | None, show: int
) -> int:
    """The command: two pipelines, each a file and a name. The exit code is 0 where they do the same, else 1."""
    check_figures(json, (first[0], second[0], *inputs))
    one, other = (load(path)[name] for path, name in (first, second))
    comparison = compared(one, other, readers.documents(inputs))
    show_comparison(comparison, [f"{path}: {name}" for path, name in (first, second)], show)
    write_figures(json, plain(comparison, show))
    return 1 if comparison.differing else 0


def compared(first: Pipeline, second: Pipeline, documents: Iterable[Document]) -> Comparison:
    """Run both over the documents, one by one."""
    assert first.stages
    assert second.stages  # both are built before anything is read: what is wrong with one is told at once
    comparison = Comparison()
    for doc in documents:
        other = twin(doc)
        if doc.outcome == "clean":
            first.batch([doc])
            second.batch([other])
        comparison.count(doc, other)
    return comparison


def plain(comparison: Comparison, most: int) -> dict[str, Any]:
    """All counts and the differences that are shown, for JSON."""
    rules = [{**reason._asdict(), "first": a, "second": b} for reason, a, b in comparison.shifts()]
    facts = [{"field": name, "act": act, "times": n} for (name, act), n in sorted(comparison.facts.items())]
    found = [msgspec.to_builtins(difference) for difference in comparison.suspicious(most)]
    counts = {"documents": comparison.documents, "differing": comparison.differing, "differ in": comparison.kinds}
    return {**counts, "rules": rules, "facts": facts, "differences": found}


# What is shown.


def show_comparison(comparison: Comparison, names: Sequence[str], most: int) -> None:
    """How many documents differ and in what, the reasons that shift, the facts, and the most suspicious differences."""
    out = console()
    for sign, style, name in zip("-+", ("red", "green"), names, strict=True):
        out.print(f"{sign} {safe(name)}", style=style)
    kinds = ", ".join(f"{kind} {times:,}" for kind, times in comparison.kinds.most_common())
    told = f"{comparison.differing:,} differ: {kinds}" if comparison.differing else "all the same"
    out.print(f"{comparison.documents:,} documents, {told}", style="bold")
    _show_shifts(comparison)
    if comparison.facts:
        facts = ", ".join(f"{name} {act} {times:,}" for (name, act), times in sorted(comparison.facts.items()))
        out.print(f"Facts: {facts}")
    for difference in comparison.suspicious(most):
        _show_difference(difference)


def _show_shifts(comparison: Comparison) -> None:
    shifts = comparison.shifts()
    rows = [
        [f"{reason.stage} {reason.rule}".strip(), reason.role, before, after, f"{after - before:+,}"]
        for reason, before, after in shifts[:_SHIFTS]
    ]
    show_table(["what the ledgers say", "role", "-", "+", ""], rows)
    if len(shifts) > _SHIFTS:
        console().print(f"  and {len(shifts) - _SHIFTS} other reasons: --json has them all", style="dim")


def _show_difference(difference: Difference) -> None:
    out = console()
    out.print(f"━━ {safe(difference.id)}  ", style="bold", end="")
    out.print(safe(" ".join(part for part in (difference.what, difference.act, difference.cause) if part)), style="dim")
    if difference.what == "change":
        before, after = _side(difference.before, end=True), _side(difference.after, end=False)
        _show_pair(*(f"{before}{now}{after}" for now in (difference.first, difference.second)))
        return
    _show_side(_side(difference.before.strip(), end=True))
    _show_pair(difference.first, difference.second)
    _show_side(_side(difference.after.strip(), end=False))


def _show_side(text: str) -> None:
    if text:
        console().print(f"      {visible(text)}", style="dim")


def _side(text: str, *, end: bool) -> str:
    """The raw text beside a difference: the end of what stands before it, or the start of what follows."""
    if len(text) <= _SIDE:
        return text
    return f"… {text[-_SIDE:]}" if end else f"{text[:_SIDE]} …"


def _show_pair(first: str, second: str) -> None:
    """A line of the first alone, and one of the second alone; where there are both, what differs stands out."""
    lines = [shortened(visible(text.strip()), _LINE) for text in (first, second)]
    for sign, line, other, style in (("-", *lines, "red"), ("+", *lines[::-1], "green")):
        if line:
            console().print(f"    {sign} ", _set_off(line, other, style), style=style, sep="")


def _set_off(line: str, other: str, style: str) -> Text:
    """The line, with what the other line has not set off where there is another line."""
    from rich.text import Text

    text = Text(line, style=style)
    if other:
        for act, start, end, *_ in SequenceMatcher(None, line, other, autojunk=False).get_opcodes():
            if act != "equal":
                text.stylize("reverse", start, end)
    return text
