"""Roles, over characters."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from copydesk.scoring.case import Measure, valued
from copydesk.scoring.shingles import excerpts, ratios, share

if TYPE_CHECKING:
    from copydesk.scoring.case import Case, Differences, Gold, Span, Sums

_STORY_AROUND = ("headline", "dek", "duplicate")  # of the story, though not its body: no clutter where they are kept


def gold_roles(gold: Gold, raw: str) -> list[str | None]:
    """The gold role of each character of the raw text; None on lines without a label."""
    roles: list[str | None] = [None] * len(raw)
    spans: dict[str, list[Span]] = {}
    for span in gold.spans or ():
        spans.setdefault(str(span.line), []).append(span)
    start = 0
    for number, line in enumerate(raw.split("\n")):
        roles[start : start + len(line)] = [(gold.roles or {}).get(str(number))] * len(line)
        for span in spans.get(str(number), ()):
            at = line.find(span.text)
            if at >= 0:
                roles[start + at : start + at + len(span.text)] = [span.role] * len(span.text)
        start += len(line) + 1
    return roles


def _given_roles(case: Case) -> list[str | None]:
    roles: list[str | None] = [None] * len(case.raw)
    for start, end, role, *_ in case.out.get("segments") or ():
        roles[start:end] = [role] * (end - start)
    return roles


def _roles(case: Case) -> Sums:
    """How many characters of each gold role were given which."""
    if case.gold.roles is None:
        return {}
    labelled = zip(case.raw, gold_roles(case.gold, case.raw), _given_roles(case), strict=False)
    return dict(Counter((a, b) for char, a, b in labelled if a is not None and not char.isspace()))


def is_clutter(role: str | None) -> bool:
    return role not in {None, "body", *_STORY_AROUND}


def _roles_closed(sums: Sums) -> dict[str, Any]:
    story = sum(n for (gold, _), n in sums.items() if gold == "body")
    lost = story - sums.get(("body", "body"), 0)
    clutter = sum(n for (gold, _), n in sums.items() if is_clutter(gold))
    kept = sum(n for (gold, given), n in sums.items() if is_clutter(gold) and given == "body")
    right = sum(n for (gold, given), n in sums.items() if gold == given)
    shares = {"story lost": share(lost, story), "clutter kept": share(kept, clutter)}
    by_role = {f"role {row.role}": row.f1 for row in role_rows(sums)}
    return {**shares, **by_role, "roles right": share(right, sum(sums.values()))} if sums else {}


class RoleRow(NamedTuple):
    """How one role went: its characters in the gold, F1, and what it was most often taken for with the share of it."""

    role: str
    characters: int
    precision: float
    recall: float
    f1: float
    taken_for: str
    taken: float


def role_rows(sums: Sums) -> list[RoleRow]:
    """A row a role of the gold, the most frequent first."""
    gold: Counter[str] = Counter()
    given: Counter[str] = Counter()
    for (one, other), n in sums.items():
        gold[one] += int(n)
        given[other] += int(n)
    return [_role_row(role, sums, n, given[role]) for role, n in gold.most_common()]


def _role_row(role: str, sums: Sums, gold: int, given: int) -> RoleRow:
    both = sums.get((role, role), 0)
    wrong = {other: n for (one, other), n in sums.items() if one == role and other != role}
    most = max(wrong, key=lambda other: (wrong[other], str(other)), default="")
    taken = share(wrong.get(most, 0), gold)
    return RoleRow(role, gold, *ratios(both, given - both, gold - both), most or "", taken)


def _roles_differ(case: Case) -> Differences:
    """Story that was given another role, and clutter that was given the story's."""
    pairs = zip(gold_roles(case.gold, case.raw), _given_roles(case), strict=False)
    kinds = ["lost" if a == "body" != b else "left" if b == "body" and is_clutter(a) else "" for a, b in pairs]
    runs: dict[str, list[tuple[int, int]]] = {"lost": [], "left": [], "": []}
    start = 0
    for kind, run in groupby(kinds):
        end = start + len(list(run))
        runs[kind].append((start, end))
        start = end
    return excerpts(case.raw, runs["lost"]), excerpts(case.raw, runs["left"])


MEASURE = Measure(_roles, _roles_closed, _roles_differ, valued("roles right"))
