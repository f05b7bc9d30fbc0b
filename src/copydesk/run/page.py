"""The report of a run as one page: it loads nothing, runs nothing, and shows text as text, whatever the text says."""

from __future__ import annotations

import re
from collections import Counter
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any, NamedTuple

from copydesk.io import sources
from copydesk.run.markup import Html, joined, tag, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from copydesk.run.sample import Piece, Shown

_FIRST = 12  # rows of a table that stand open
_REASON = 500  # characters of a reason
_INPUTS = 5  # inputs that are named: a shell may have made thousands of one pattern

_FAMILIES = {
    "title": ("headline", "dek", "kicker"),
    "author": ("byline", "dateline", "agency", "time", "bio", "contributors"),
    "picture": ("caption", "credit"),
    "rights": ("notice", "copyright", "licence", "disclaimer", "correction"),
    "promo": ("promo", "newsletter", "donate", "share", "related", "advert"),
}
"""Roles that share a colour: nobody can tell thirty apart. All others are the page's own furniture."""

_FAMILY = {role: family for family, roles in _FAMILIES.items() for role in roles}


class Row(NamedTuple):
    """One row of a chart: its name, a word on it, how long its bar is (0 to 1), its figures, its family of roles."""

    name: str
    note: str
    share: float
    figures: Sequence[str]
    family: str = "plain"


def page(figures: Mapping[str, Any], documents: Sequence[Shown]) -> str:
    """The page of `report`'s figures and of a sample."""
    template = Template(files("copydesk.run").joinpath("page.html").read_text("utf-8"))
    return template.substitute(
        look=look(),
        title=text(f"{figures['about']['pipeline']}: report of a run"),
        masthead=_masthead(figures["about"]),
        outcomes=_outcomes(figures),
        roles=_roles(figures),
        rules=_rules(figures),
        changes=_changes(figures),
        time=_time(figures),
        flags=_counts("Flags", "flag", figures["flags"], figures["documents"]["in"]),
        languages=_counts("Languages", "language", figures["languages"], figures["documents"]["clean"]),
        stopped=_stopped(figures["stopped"]),
        documents=joined(_document(shown, is_open=number == 0) for number, shown in enumerate(documents))
        or _none("There is none: no document was run, or the records were written in a form without a ledger."),
    )


def look() -> str:
    """The style that the page has in it, and that the playground loads: one paper, one type, the roles' colours."""
    return files("copydesk.run").joinpath("look.css").read_text("utf-8")


# The figures


def _masthead(about: Mapping[str, Any]) -> Html:
    took = f"{about['seconds']:,.1f} s with {_number(about['workers'], 'worker')}"
    start = tag("time", re.sub(r"Z|\+00:00", " UTC", about["start"].replace("T", " ")), datetime=about["start"])
    more = f" and {len(about['inputs']) - _INPUTS:,} more" if about["inputs"][_INPUTS:] else ""
    facts = {
        "Pipeline": tag("b", about["pipeline"]),
        "Started": start,
        "Took": took,
        "From": ", ".join(map(str, about["inputs"][:_INPUTS])) + more,
        **({"Not read": sources.endings_told(Counter(about["not_read"]))} if about["not_read"] else {}),
        "To": about["output"],
        "Made by": f"copydesk {about['version']}",
    }
    return joined(tag("div", tag("dt", name), tag("dd", value)) for name, value in facts.items())


_MEANING = {
    "clean": "Text and facts went to the output.",
    "rejected": "A stage turned it away, and said why.",
    "failed": "It could not be read, or a stage could not do its work.",
}


def _outcomes(figures: Mapping[str, Any]) -> Html:
    documents, characters = figures["documents"], figures["characters"]
    total = max(1, documents["in"])
    cards = [
        tag(
            "li",
            *(tag("b", f"{documents[outcome]:,}"), tag("span", outcome), tag("small", meaning)),
            class_=f"{outcome}{'' if documents[outcome] else ' zero'}",
        )
        for outcome, meaning in _MEANING.items()
    ]
    parts = [tag("i", class_=name, style=f"flex-grow:{documents[name]}") for name in _MEANING if documents[name]]
    kept = f"{_percent(characters['kept'], characters['in'])} of their {characters['in']:,} characters were kept"
    about = figures["about"]
    starts = f", in {about['starts']:,} starts" if about["starts"] > 1 else ""
    lost = f" Times and sample are of {about['timed']:,} of them alone." if about["timed"] < documents["in"] else ""
    words = (
        f"{_number(documents['in'], 'document')} came in{starts}, {documents['per_second']:,} a second. "
        f"{_percent(documents['clean'], total)} came out clean; {kept}.{lost}"
    )
    return joined([tag("ul", *cards), tag("div", *parts, class_="strip", aria_hidden="true"), tag("p", words)])


def _roles(figures: Mapping[str, Any]) -> Html:
    return chart(
        "Removed from the text, by role",
        ("Role", "Characters", "Share", "Times"),
        [
            Row(row["role"], "", share, _removal_figures(row, figures), family(row["role"]))
            for row, share in _shares(figures["removals"]["by_role"], "characters")
        ],
    )


def _rules(figures: Mapping[str, Any]) -> Html:
    return chart(
        "Removed from the text, by rule",
        ("Rule", "Characters", "Share", "Times"),
        [
            Row(
                *(row["rule"] or row["stage"], f"{row['role']} · {row['stage']}", share),
                *(_removal_figures(row, figures), family(row["role"])),
            )
            for row, share in _shares(figures["removals"]["by_rule"], "characters")
        ],
    )


def _removal_figures(row: Mapping[str, Any], figures: Mapping[str, Any]) -> tuple[str, ...]:
    share = _percent(row["characters"], figures["characters"]["in"])
    return f"{row['characters']:,}", share, f"{row['times']:,}"


def _changes(figures: Mapping[str, Any]) -> Html:
    rows = [
        Row(row["rule"] or row["stage"], row["stage"] if row["rule"] else "", share, (f"{row['times']:,}",))
        for row, share in _shares(figures["changes"]["by_rule"], "times")
    ]
    return chart("Changed in the text, by rule", ("Rule", "Times"), rows)


def _time(figures: Mapping[str, Any]) -> Html:
    rows = [
        Row(row["stage"], "", share, (f"{row['seconds']:,.2f}\N{NO-BREAK SPACE}s", _percent(row["share"], 1)))
        for row, share in _shares(figures["time"], "seconds")
    ]
    return chart("Processor time, by stage", ("Stage", "Time", "Share"), rows)


def _counts(caption: str, name: str, counts: Sequence[Mapping[str, Any]], total: int) -> Html:
    rows = [
        Row(row[name], "", share, (f"{row['documents']:,}", _percent(row["documents"], total)))
        for row, share in _shares(counts, "documents")
    ]
    return chart(caption, (name.capitalize(), "Documents", "Share"), rows)


def _stopped(stopped: Mapping[str, Any]) -> Html:
    rows = [
        Row(row["stage"], row["outcome"], share, (f"{row['documents']:,}",), row["outcome"])
        for row, share in _shares(stopped["by_stage"], "documents")
    ]
    table = chart("Rejected and failed, by stage", ("Stage", "Documents"), rows)
    if not stopped["first"]:
        return table
    told = [joined([tag("dt", one["id"]), tag("dd", one["reason"][:_REASON])]) for one in stopped["first"]]
    return tag("div", tag("div", table), tag("div", tag("h3", "The first of them"), tag("dl", *told)), class_="pair")


def _shares(rows: Sequence[Mapping[str, Any]], figure: str) -> list[tuple[Mapping[str, Any], float]]:
    """Each row, with how long its bar is beside the longest one's."""
    most = max((row[figure] for row in rows), default=0) or 1
    return [(row, row[figure] / most) for row in rows]


def chart(caption: str, headings: Sequence[str], rows: Sequence[Row]) -> Html:
    """A table with a bar in each row. What goes on for long is folded away."""
    if not rows:
        return joined([tag("h3", caption), _none("None.")])
    shown = _table(caption, headings, rows[:_FIRST])
    if not rows[_FIRST:]:
        return shown
    more = f"{len(rows) - _FIRST:,} more"
    return joined([shown, tag("details", tag("summary", more), _table(f"{caption}: {more}", headings, rows[_FIRST:]))])


def _table(caption: str, headings: Sequence[str], rows: Iterable[Row]) -> Html:
    head = tag("tr", *(tag("th", heading, scope="col") for heading in headings))
    body = [_row(row) for row in rows]
    return tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *body))


def _row(row: Row) -> Html:
    bar = tag("i", class_="bar", style=f"width:{row.share:.1%}")
    note = tag("small", row.note) if row.note else ""
    name = tag("th", tag("span", row.name, note), tag("span", bar, class_="track", aria_hidden="true"), scope="row")
    return tag("tr", name, *(tag("td", figure) for figure in row.figures), class_=row.family)


# The sample


def _document(shown: Shown, *, is_open: bool) -> Html:
    """One document: a line that says what became of it, then its raw text with its marks, and the facts."""
    head = tag(
        "summary",
        *(tag("b", shown.id), tag("em", shown.outcome, class_=shown.outcome), tag("small", _told(shown))),
    )
    reason = tag("p", tag("b", shown.stage), ": ", shown.reason, class_="reason") if shown.reason else ""
    marked = tag("div", *map(_piece, shown.pieces), class_="raw", dir="auto", lang=shown.language)
    listed = [tag("div", tag("dt", name), tag("dd", value)) for name, value in shown.facts]
    facts = tag("div", tag("h3", "Facts"), tag("dl", *listed), class_="facts") if listed else ""
    body = tag("div", marked if shown.characters else _none("There is no text here."), facts, class_="sheet")
    return tag("details", head, reason, body, class_="document", **({"open": "open"} if is_open else {}))


def _told(shown: Shown) -> str:
    told = [f"document {shown.place + 1:,}", _number(shown.characters, "character")]
    if shown.outcome == "clean":
        told += [f"{_percent(shown.removed, shown.characters)} removed", _number(shown.changes, "change")]
    return " · ".join(told)


def _piece(piece: Piece) -> Html:
    hidden = (
        tag("span", f"… {_number(piece.hidden, 'character')} not shown …", class_="hidden", dir="ltr")
        if piece.hidden
        else ""
    )
    if piece.role:
        return _removed(piece, hidden)
    if piece.changed:
        was = tag("s", _visible(piece.text), class_="blank" if piece.text.isspace() else "was") if piece.text else ""
        now = tag("ins", _visible(piece.now)) if piece.now else ""
        return tag("span", was, now, hidden, class_="changed", title=_signature(piece))
    return joined([piece.text, hidden])


def _removed(piece: Piece, hidden: object) -> Html:
    words = piece.text.rstrip()  # the white space after it went too, but there is nothing to see
    names = dict.fromkeys([piece.role, piece.rule or piece.stage])
    why = tag("span", " · ".join(map(str, names)), class_="why", dir="ltr")
    gone = tag("del", why, words, hidden, class_=family(str(piece.role)), title=_signature(piece))
    return joined([gone, piece.text[len(words) :]])


def _signature(piece: Piece) -> str:
    return f"{piece.stage} {piece.rule}".strip()


_BLANKS = str.maketrans({"\N{NO-BREAK SPACE}": "⍽", "\t": "→", "\n": "↵"})


def _visible(words: str) -> str:
    """A change's words, with blanks that could not be told apart, or not be seen, made visible."""
    return words.replace("\r\n", "\n").translate(_BLANKS) if words.strip(" ") else "␣" * len(words)


def _none(words: str) -> Html:
    return tag("p", words, class_="none")


def family(role: str) -> str:
    return _FAMILY.get(role, "furniture")


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole if whole else 0:.1f}\N{NO-BREAK SPACE}%"


def _number(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
