"""copydesk score: a pipeline against gold answers: by set, language, role; the worst documents; rules by evidence."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec

from copydesk.cli.places import check_figures, write_figures
from copydesk.cli.show import console, safe, shortened, visible
from copydesk.cli.table import cell_of, show_table
from copydesk.config import load
from copydesk.evidence import Evidence
from copydesk.io.sets import check_sets, read_set
from copydesk.ledger import restore
from copydesk.scoring import MEASURES, Case, RoleRow, Tally, Worst, counted, role_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from copydesk.document import Document
    from copydesk.evidence import Reason, Record
    from copydesk.io.sets import Answered
    from copydesk.pipeline import Pipeline
    from copydesk.scoring import Finding, Sums

_LANGUAGES = 12  # languages of a set that are shown; --json has all
_FAILURES = 5  # failed documents of a set that are kept, to show why
_RULES = 25  # rules with evidence against them that are shown
_NEVER = 40  # rules that never fired that are named
_LINE = 110  # characters of an excerpt
_COLUMNS = (
    *("body F1", "headline", "authors F1", "ghost", "photo F1", "caption out"),
    *("dateline place", "dateline date", "language", "story lost", "clutter kept"),
)


class SetScore:
    """The figures of one set. Its size does not depend on how many documents there are."""

    def __init__(self, name: str, worst: int) -> None:
        self.name = name
        self.total = Tally()
        self.languages: dict[str, Tally] = {}
        self.worst = Worst(worst)
        self.failed = 0
        self.failures: list[tuple[str, str]] = []
        self.seconds = 0.0

    def add(self, doc: Document, case: Case) -> None:
        """Take in one document as it came out."""
        counts = counted(case)
        clean = doc.outcome == "clean"
        restored = clean and restore(doc.text, doc.ledger) == case.raw
        for tally in (self.total, self.languages.setdefault(_language(case), Tally())):
            tally.add(counts, missing=not clean, restored=restored)
        self.worst.add(doc.id, case, counts)
        if doc.outcome == "failed":
            self.failed += 1
            self.failures += [(doc.id, doc.reason)] if len(self.failures) < _FAILURES else []

    def plain(self) -> dict[str, Any]:
        """The figures, for JSON."""
        languages = {code: tally.result() for code, tally in sorted(self.languages.items())}
        findings = msgspec.to_builtins(self.worst.findings())
        return {"measures": self.total.result(), "languages": languages, "worst": findings}


def _language(case: Case) -> str:
    """The language to count a document under: the gold's, else the one that was found."""
    return case.gold.language or (case.out.get("language") or {}).get("code") or "und"


def score_all(sets: Sequence[Path], pipeline: Pipeline, limit: int | None, worst: int, *, rules: bool) -> Scores:
    """Run the pipeline over all sets, show what came of each, and give the figures."""
    check_sets(sets, limit)
    evidence = Evidence(rule for book in pipeline.rules for rule in book) if rules else None
    scores = Scores(evidence)
    for name, path in _named(sets).items():
        score = SetScore(name, worst)
        measure_set(pipeline, path, score, limit, evidence)
        show_set(score)
        scores.sets.append(score)
    if len(scores.sets) > 1:
        _show_by("set", {score.name: score.total for score in scores.sets})
    if evidence:
        show_evidence(evidence)
    return scores


def _named(sets: Sequence[Path]) -> dict[str, Path]:
    """The sets by their names; by their paths where two bear the same name."""
    stems = [path.stem for path in sets]
    return {path.stem if stems.count(path.stem) == 1 else str(path): path for path in sets}


class Scores:
    """The figures of all sets, and the evidence about the rules where it was asked for."""

    def __init__(self, evidence: Evidence | None) -> None:
        self.sets: list[SetScore] = []
        self.evidence = evidence

    @property
    def failed(self) -> int:
        return sum(score.failed for score in self.sets)

    def plain(self) -> dict[str, Any]:
        """All figures, for JSON."""
        plain: dict[str, Any] = {"sets": {score.name: score.plain() for score in self.sets}}
        if self.evidence:
            plain["rules"] = [plain_record(*item) for item in self.evidence.ranked()]
            plain["never fired"] = [rule.id for rule in self.evidence.never()]
        return plain


def plain_record(reason: Reason, record: Record) -> dict[str, Any]:
    return {**reason._asdict(), **msgspec.to_builtins(record)}


def measure_set(
    pipeline: Pipeline, path: Path, score: SetScore, limit: int | None = None, evidence: Evidence | None = None
) -> None:
    """Run one set's documents through the pipeline, one by one, and take each in."""
    start = time.perf_counter()
    for answered in read_set(path, limit):
        doc = answered.document()
        pipeline.batch([doc])
        case = case_of(answered, doc)
        score.add(doc, case)
        if evidence and doc.outcome == "clean":
            evidence.count(doc, case)
    score.seconds = time.perf_counter() - start


def case_of(answered: Answered, doc: Document) -> Case:
    """What to measure: the record as it would go out, none where the document did not come out clean."""
    record = doc.record(segments=answered.gold.roles is not None) if doc.outcome == "clean" else {}
    return Case(answered.gold, record, answered.text)


def score_command(
    sets: Sequence[Path], pipeline: str, config: Path | None, *, limit: int | None, json: Path | None, **options: Any
) -> int:
    """The command: figures on standard output, and in the file named by --json; the exit code is 1 where one failed."""
    check_figures(json, sets)
    scores = score_all(sets, load(config)[pipeline], limit, **options)
    write_figures(json, scores.plain())
    return 1 if scores.failed else 0


# What is shown.


def show_set(score: SetScore) -> None:
    """One set: a line a measure, then its languages, its roles and its worst documents."""
    out = console()
    result = score.total.result()
    out.print(f"━━ {safe(score.name)} ", style="bold", end="")
    restored = "all restored" if result["restored"] == 1 else f"restored {result['restored']:.4f}"
    missing = f"{score.total.missing:,} without a record, " if score.total.missing else ""
    out.print(f"{score.total.documents:,} documents, {missing}{restored}, {score.seconds:.1f} s", style="dim")
    for id_, reason in score.failures:
        out.print(f"  failed  {safe(id_)}: {shortened(safe(reason), 300)}", style="yellow")
    for name in [name for name in MEASURES if name in score.total.sums]:
        if line := measure_line(name, score.total.sums[name]):
            out.print(f"  {name:<10}", style="green", end="")
            out.print(line)
    if len(score.languages) > 1:
        _show_by("language", score.languages)
    if "roles" in score.total.sums:
        _show_roles(role_rows(score.total.sums["roles"]))
    _show_worst(score.worst.findings())
    out.print()


def measure_line(name: str, sums: Sums) -> str:
    """One measure's figures in a line, without the measure's own name before each: `F1 0.912  P 0.934  (128)`."""
    closed = MEASURES[name].closed(sums)
    counted_in = closed.pop(f"n {name}", None)
    if counted_in == 0:  # figures of no document: of the authors the ghosts may still be told
        closed = {key: value for key, value in closed.items() if key == "ghost"}
    figures = [
        f"{key.removeprefix(name).strip() or 'right'} {value:.3f}"
        for key, value in closed.items()
        if value is not None and not key.startswith("role ")
    ]
    return "  ".join(figures + ([f"({counted_in:,})"] if counted_in else []))


def _show_by(what: str, tallies: Mapping[str, Tally]) -> None:
    """A row for each of several tallies, those of most documents first, with the figures that any of them has."""
    results = {name: tally.result() for name, tally in tallies.items()}
    columns = [key for key in _COLUMNS if any(result.get(key) is not None for result in results.values())]
    if what == "language":
        results = dict(sorted(results.items(), key=lambda item: (-item[1]["n"], item[0])))
    shown = list(results.items())[: _LANGUAGES if what == "language" else None]
    show_table([what, "n", *columns], [[name, r["n"], *(_told(r, key) for key in columns)] for name, r in shown])
    if len(shown) < len(results):
        console().print(f"  and {len(results) - len(shown)} more: --json has them all", style="dim")


def _told(result: Mapping[str, Any], key: str) -> Any:
    """A figure, or nothing where no document had a say in it."""
    return result.get(key) if result.get(f"n {key.split(maxsplit=1)[0]}") != 0 else None


def _show_roles(rows: Sequence[RoleRow]) -> None:
    total = sum(row.characters for row in rows)
    figures = [
        [row.role, row.characters / total, row.f1, row.precision, row.recall, _taken_for(row)] for row in rows if total
    ]
    show_table(["role", "share", "F1", "P", "R", "most often taken for"], figures)


def _taken_for(row: RoleRow) -> str:
    return f"{row.taken_for} {row.taken:.3f}" if row.taken else ""


def _show_worst(findings: Sequence[Finding]) -> None:
    out = console()
    last = ""
    for finding in findings:
        if finding.measure != last:
            out.print(f"  worst by {finding.measure}", style="bold")
        last = finding.measure
        out.print(f"    {cell_of(finding.value)}  {safe(finding.id)}")
        for sign, style, texts in (("lost", "red", finding.lost), ("left", "yellow", finding.left)):
            for text in _lines(texts):
                out.print(f"      {sign}  ", style=style, end="")
                out.print(shortened(text, _LINE))


def _lines(texts: Sequence[str]) -> list[str]:
    """Texts to show, a line each; short ones, names mostly, in one line."""
    seen = [visible(text) for text in texts]
    return [" · ".join(seen)] if seen and max(map(len, seen)) * 3 < _LINE else seen


def show_evidence(evidence: Evidence) -> None:
    """The rules that took what the gold keeps, each with an example, and those that never fired."""
    out = console()
    ranked = evidence.ranked()
    against = [(reason, record) for reason, record in ranked if record.against]
    fired, taken = sum(record.fired for _, record in ranked), sum(record.against for _, record in against)
    out.print(f"━━ rules: fired {fired:,} times, {taken:,} times against gold", style="bold")
    rows = [[_name(reason), reason.role, *_figures(record)] for reason, record in against[:_RULES]]
    show_table(["rule", "role", "fired", "documents", "judged", "against", "share"], rows)
    if len(against) > _RULES:
        out.print(f"  and {len(against) - _RULES} more: --json has them all", style="dim")
    for reason, record in against[:_RULES]:
        out.print(f"  {safe(_name(reason))}", style="red", end="")
        out.print(f" {safe(record.example_id)}: ", style="dim", end="")
        out.print(shortened(visible(record.example), _LINE))
    never = [rule.id for rule in evidence.never()]
    more = f" and {len(never) - _NEVER} more" if len(never) > _NEVER else ""
    if never:
        out.print(f"Never fired: {len(never)} of {len(evidence.rules)} rules: {', '.join(never[:_NEVER])}{more}")


def _name(reason: Reason) -> str:
    return f"{reason.stage} {reason.rule}".strip()


def _figures(record: Record) -> list[Any]:
    return [record.fired, record.documents, record.judged, record.against, record.against / max(1, record.judged)]
