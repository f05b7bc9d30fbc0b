"""The report of a run: its figures, its sample, and a page on which text is text."""

from __future__ import annotations

import errno
import json
import os
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from conftest import ROOT, house
from hypothesis import given
from hypothesis import strategies as st

from copydesk import Document
from copydesk.errors import ConfigError, OutputError
from copydesk.io.items import Item, fault, refused
from copydesk.ledger import Entry, restore, settle
from copydesk.run.batches import batches
from copydesk.run.page import look, page
from copydesk.run.report import check_report, report, write_report
from copydesk.run.sample import Piece, Sample, pieces, shortened
from copydesk.run.summary import Summary
from copydesk.run.work import Line, Work

ABOUT = {
    "pipeline": "reprints",
    "version": "0.1.0",
    "start": "2026-11-22T15:46:15Z",
    "end": "2026-11-22T15:46:17Z",
    "seconds": 2.0,
    "workers": 1,
    "inputs": ["articles.jsonl"],
    "output": "standard output",
}
STORY = "The old bridge over the Lauter reopened on Monday after nine months of repairs, the town council said in a statement."
RAW = f"Bridge reopens\n\nBy Jane Miller\n\n{STORY}\n\nSign up for our newsletter\n\nâ€œIt took long,â€\x9d the mayor said. {STORY}\n"
PLAIN = f"{STORY}\n\n{STORY.replace('Monday', 'Friday')}"


def items(number=40):
    for n in range(number):
        text = PLAIN if n % 10 == 9 else RAW
        yield Item(f"a:{n}", f"a.jsonl:{n}", "json", json.dumps({"text": text, "url": "https://example.org"}).encode())
    yield Item("a:bad", "a.jsonl:41", "json", b"{")
    yield fault("b:cut", "b.gz", "ends too early", b"half a story")
    yield refused("c:long", "c.txt", "is too long")


def ran(size=32, number=40):
    work, summary, sample = Work(house()["reprints"]), Summary(), Sample()
    for batch in batches(items(number)):
        for start in range(0, len(batch.items), size):
            done = work(batch.items[start : start + size])
            summary.add(Summary.unpacked(done.summary))
            sample.take(batch.first + start, done.lines)
    return report(summary, ABOUT), sample


@pytest.fixture(scope="module")
def run():
    return ran()


def paths(value, name=""):
    """Where each key of the report is: `documents.in`, `time[].stage`."""
    if isinstance(value, dict) and value:
        return {path for key, inner in value.items() for path in paths(inner, f"{name}.{key}".lstrip("."))}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return {f"{name}[].{key}" for row in value for key in row}
    return {name}


def documented():
    found = set()
    for line in (ROOT / "docs/report.md").read_text("utf-8").splitlines():
        if line.startswith("| `"):
            names, holds = (re.findall("`([^`]+)`", cell) for cell in line.split("|")[1:3])
            found |= {f"{name}[].{key}" for name in names for key in holds} or set(names)
    return found


def test_the_docs_have_every_key_of_a_report_and_no_other(run):
    figures, _ = run
    assert not figures["flags"]  # this run had none, so their rows are not seen
    assert paths(figures) - {"flags"} == documented() - {"flags[].flag", "flags[].documents"}


def test_the_figures_add_up(run):
    figures, _ = run
    assert figures["documents"] == {"in": 43, "clean": 40, "rejected": 1, "failed": 2, "per_second": 21.5}
    assert figures["characters"]["in"] == 36 * len(RAW) + 4 * len(PLAIN)
    assert figures["characters"]["removed"] > 36 * len("Bridge reopensBy Jane MillerSign up for our newsletter")
    for rows in figures["removals"].values():
        assert sum(row["characters"] for row in rows) == figures["characters"]["removed"]
        assert [row["characters"] for row in rows] == sorted((row["characters"] for row in rows), reverse=True)
    by_stage, by_rule = (figures["changes"][name] for name in ("by_stage", "by_rule"))
    assert sum(row["times"] for row in by_stage) == sum(row["times"] for row in by_rule) > 36
    assert {row["role"] for row in figures["removals"]["by_role"]} == {"headline", "byline", "newsletter"}
    assert figures["languages"] == [{"language": "en", "documents": 40}]
    assert sum(row["share"] for row in figures["time"]) == pytest.approx(1, abs=0.01)
    assert {"read", "ledger", "write", "remove_promos"} <= {row["stage"] for row in figures["time"]}
    assert figures["stopped"]["by_stage"] == [
        {"outcome": "failed", "stage": "reader", "documents": 2},
        {"outcome": "rejected", "stage": "reader", "documents": 1},
    ]
    assert [row["id"] for row in figures["stopped"]["first"]] == ["a:bad", "b:cut", "c:long"]


def test_flags_are_counted():
    summary = Summary()
    doc = Document("\ud800")
    summary.count(doc)
    assert report(summary, ABOUT)["flags"] == [{"flag": "lost-bytes", "documents": 1}]


def test_a_run_without_documents_has_a_report():
    figures = report(Summary(), {**ABOUT, "seconds": 0.0})
    assert figures["documents"]["per_second"] == 0
    assert "no document was run" in page(figures, [])


@pytest.mark.parametrize(
    ("timed", "speed", "told"),
    [
        (1500, 750.0, "1,500 documents came in, in 3 starts, 750.0 a second."),
        (500, 250.0, "Times and sample are of 500 of them alone.</p>"),
    ],
    ids=["all", "what was noted of the others is lost"],
)
def test_a_report_of_several_starts_says_what_its_times_cover(timed, speed, told):
    summary = Summary(outcomes=Counter(clean=1500))
    figures = report(summary, {**ABOUT, "starts": 3, "timed": timed})
    assert (figures["documents"]["in"], figures["documents"]["per_second"]) == (1500, speed)
    assert told in page(figures, [])


def test_how_the_batches_are_cut_changes_nothing(run):
    figures, sample = run
    others, other = ran(size=7)
    assert {**figures, "time": 0} == {**others, "time": 0}
    assert sample.documents == other.documents


# The sample


def test_the_sample_prefers_what_failed_was_rejected_or_lost_something(run):
    _, sample = run
    shown = sample.documents
    assert [one.place for one in shown] == sorted({one.place for one in shown})
    assert len(shown) == 24
    assert {one.id for one in shown if one.outcome != "clean"} == {"a:bad", "b:cut", "c:long"}
    assert sum(not one.removed for one in shown if one.outcome == "clean") == 2


def test_a_small_run_is_shown_whole():
    assert [one.place for one in ran(number=3)[1].documents] == list(range(6))


def clean_line(place, *, removed=True):
    role = {"role": "promo"} if removed else {"now": "Subscribe"}
    ledger = [{"stage": "s", "at": [0], "was": ["subscribe"], **role}]
    return Line(
        "clean",
        json.dumps(
            {"id": str(place), "text": "" if removed else "Subscribe", "flags": [], "ledger": ledger},
            separators=(",", ":"),
        ).encode(),
    )


@pytest.mark.parametrize("total", [100, 4321, 20_000])
def test_the_sample_is_spread_evenly_and_bounded(total):
    sample = Sample()
    sample.take(0, (clean_line(place, removed=place % 5 > 0) for place in range(total)))
    shown = sample.documents
    assert {one.place * 6 // total for one in shown} == set(range(6))
    assert sum(map(len, sample.held.values())) <= 48


def test_a_text_about_ledgers_is_not_taken_for_one():
    record = {
        "id": "a",
        "text": '"ledger":[{"role":"promo"',
        "authors": [{"role": "author"}],
        "flags": [],
        "ledger": [],
    }
    sample = Sample()
    sample.take(0, [Line("clean", json.dumps(record, separators=(",", ":")).encode())])
    assert [len(sample.held[kind]) for kind in ("cleaned", "untouched")] == [0, 1]
    assert sample.documents[0].pieces == [Piece('"ledger":[{"role":"promo"')]


def test_a_field_of_an_odd_type_is_shown_as_it_is():
    doc = Document("a", extra={"facts": "an input's own", "segments": 3})
    doc.fact("language", {"sure": 1})
    doc.text, doc.ledger = settle(doc)
    sample = Sample()
    sample.take(0, [Line("clean", doc.json())])
    assert sample.documents[0].facts == [("language", "sure: 1")]
    assert sample.documents[0].language == ""


def test_of_a_rejected_document_the_inputs_own_fields_are_no_facts():
    doc = Document("a", extra={"headline": "theirs"})
    doc.flag("no-story")
    doc.reject("too short")
    sample = Sample()
    sample.take(0, [Line("rejected", doc.json())])
    assert sample.documents[0].facts == [("flags", "no-story")]


@pytest.mark.parametrize("shape", ["schema.org", "ninjs"])
def test_of_records_in_anothers_shape_those_that_were_turned_away_are_shown(shape):
    sample = Sample()
    sample.take(0, Work(house()["reprints"], shape=shape)([*items(5)]).lines)
    assert [one.id for one in sample.documents] == ["a:bad", "b:cut", "c:long"]


def test_what_only_json_can_hold_is_shown_and_what_cannot_be_read_again_is_left_out():
    lone = Line("rejected", b'{"id":"\\udcff","text":"a","stage":"s","reason":"r","flags":[]}')
    deep = Line("rejected", b'{"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}")
    sample = Sample()
    sample.take(0, [lone, deep])
    assert [one.id for one in sample.documents] == ["\udcff"]
    assert "U+DCFF" in page(report(Summary(), ABOUT), sample.documents)


lines = st.lists(
    st.text(st.characters(codec="utf-8") | st.sampled_from("a \t\r\n\N{NO-BREAK SPACE}“"), max_size=12), max_size=8
)


@given(lines, st.data())
def test_the_pieces_are_the_raw_text_and_the_marks_are_the_ledgers(texts, data):
    doc = Document("\n".join(texts))
    doc.signed_by("s")
    for segment in doc.segments:
        if data.draw(st.booleans()):
            segment.mark(data.draw(st.sampled_from(["promo", "body", "nav"])), rule="r")
        if data.draw(st.booleans()):
            segment.rewrite(data.draw(st.text("ab “", max_size=12)))
    text, ledger = settle(doc)
    found = pieces(text, ledger)
    assert "".join(piece.text for piece in found) == restore(text, ledger) == doc.raw
    assert sorted(piece.text for piece in found if piece.role) == sorted(
        was for entry in ledger if entry.role for was in entry.was
    )
    kept = "".join(piece.now if piece.changed else piece.text for piece in found if not piece.role)
    assert "".join(kept.split()) == "".join(text.split())


def test_a_text_that_is_not_long_is_shown_whole():
    whole = [Piece("a" * 11_900), Piece("b", "s", "r", "promo")]
    assert shortened(whole) == whole


def test_a_long_text_loses_its_middles_and_keeps_its_marks():
    whole = [
        Piece("a" * 20_000),
        Piece("b" * 5_000, "s", "r", "promo"),
        Piece("c" * 20_000),
        Piece("d", "s", "r", None, "e"),
    ]
    short = shortened(whole)
    assert [piece.hidden for piece in short] == [18_800, 0, 3_800, 18_800, 0, 0]
    assert sum(len(piece.text) + piece.hidden for piece in short) == 45_001
    assert [piece.role for piece in short if piece.stage] == ["promo", None]


def test_a_text_of_nothing_but_marks_has_an_end():
    whole = [Piece("a", "s", "r", "promo"), Piece("b")] * 100_000
    short = shortened(whole)
    assert len(short) < 2000
    assert sum(len(piece.text) + piece.hidden for piece in short) == 200_000


def test_a_text_of_a_hundred_thousand_lines_is_one_piece():
    raw = "a\n" * 100_000
    doc = Document(raw)
    assert pieces(*settle(doc)) == [Piece(raw)]


# The page


class Elements(HTMLParser):
    """What a page is made of: every tag, every attribute, and the raw text of each document without its marks."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.attributes, self.open, self.raws = set(), [], [], []
        self.feed(source)

    def handle_starttag(self, name, attributes):
        self.tags.add(name)
        self.attributes += [(name, key, value) for key, value in attributes]
        if name not in {"meta", "br"}:
            self.open.append((name, dict(attributes).get("class")))
        if self.open[-1] == ("div", "raw"):
            self.raws.append("")

    def handle_endtag(self, name):
        assert self.open.pop()[0] == name

    def handle_data(self, data):
        if ("div", "raw") in self.open and not {("span", "why"), ("span", "hidden"), ("ins", None)} & {*self.open}:
            self.raws[-1] += data


def test_the_marked_text_is_the_raw_text(run):
    figures, sample = run
    elements = Elements(page(figures, sample.documents))
    raws = {re.sub(r"U\+009D", "\x9d", raw) for raw in elements.raws}
    assert raws == {RAW, PLAIN, "{", "half a story"}
    assert not elements.open


def test_a_mark_names_its_role_rule_and_colour(run):
    figures, sample = run
    source = page(figures, sample.documents)
    assert re.search(
        r'<del class="promo" title="remove_promos [\w/-]+"><span class="why" dir="ltr">newsletter · [\w/-]+</span>Sign up for our newsletter</del>',
        source,
    )
    assert '<del class="author"' in source
    assert '<span class="changed" title="repair_encoding mojibake">' in source


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)></textarea>&lt;b&gt;$title{{7*7}}\x1b[2J\u202e"


def hostile_page():
    summary, sample = Summary(), Sample()
    for outcome in ("clean", "rejected", "failed"):
        doc = Document(f"{HOSTILE}\n{HOSTILE}\n{HOSTILE}", id=HOSTILE, extra={"url": HOSTILE})
        doc.signed_by(HOSTILE)
        doc.segments[0].mark(HOSTILE, rule=HOSTILE)
        doc.segments[1].rewrite(HOSTILE * 2, rule=HOSTILE)
        doc.fact(HOSTILE, {HOSTILE: [HOSTILE]})
        doc.fact("headline", HOSTILE)
        doc.fact("language", {"code": HOSTILE})
        doc.flag(HOSTILE)
        doc.text, doc.ledger = settle(doc)
        doc.outcome, doc.reason, doc.stopped_by = outcome, "" if outcome == "clean" else HOSTILE, HOSTILE
        sample.take(len(summary.reasons), [Line(outcome, doc.json())])
        doc.facts = []
        summary.count(doc)
        summary.languages[HOSTILE] += 1
        summary.seconds[HOSTILE] = 1.0
    numbers = {"seconds": 1.0, "starts": 2, "timed": 3, "workers": 1}
    about = {**dict.fromkeys(ABOUT, HOSTILE), **numbers, "inputs": [HOSTILE] * 9}
    return page(report(summary, about), sample.documents)


TAGS = "a b body caption dd del details div dl dt em footer h1 h2 h3 head header html i ins li main meta nav p s section small span style summary table tbody td th thead time title tr ul"
ATTRIBUTES = "aria-hidden aria-label aria-labelledby charset class content datetime dir href http-equiv id lang name open scope style title"


@pytest.mark.parametrize(
    "source", [pytest.param(hostile_page, id="hostile"), pytest.param(lambda: page(*ran(number=3)[:1], []), id="plain")]
)
def test_a_page_is_made_of_nothing_that_acts_or_loads(source):
    elements = Elements(source())
    assert elements.tags <= {*TAGS.split()}
    assert {key for _, key, _ in elements.attributes} <= {*ATTRIBUTES.split()}
    assert all(value.startswith("#") for _, key, value in elements.attributes if key == "href")
    assert all(
        re.fullmatch(r"(width:[\d.]+%|flex-grow:\d+)", value) for _, key, value in elements.attributes if key == "style"
    )
    assert (
        "meta",
        "content",
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    ) in elements.attributes


def test_hostile_text_stands_literally_and_a_control_as_its_number():
    source = hostile_page()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", source)
    shown = '&lt;/textarea&gt;&amp;lt;b&amp;gt;$title{{7*7}}<i class="sign">U+001B</i>[2J<i class="sign">U+202E</i>'
    assert source.count(shown) > 20


def test_the_style_loads_nothing():
    source = (ROOT / "src/copydesk/run/page.html").read_text("utf-8") + look()
    assert not re.search(r"@import|url\(|src=|https?:|<script|<link", source)


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_every_colour_can_be_read_on_its_ground(theme):
    source = look()
    colours = dict(re.findall(r"--([\w-]+): (#\w{6});", source.split(":root {")[theme + 1].split("}")[0]))
    grounds = [(name, f"{name}-tint") for name in colours if f"{name}-tint" in colours]
    grounds += [
        (name, ground)
        for name in ("ink", "quiet", "link", "clean", "rejected", "failed")
        for ground in ("paper", "sheet")
    ]
    for ink, ground in grounds:
        bright, dim = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= 4.5, (ink, ground)


def test_a_page_of_many_inputs_names_a_few(run):
    figures = {**run[0], "about": {**run[0]["about"], "inputs": [f"{n}.txt" for n in range(1000)]}}
    assert "0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 995 more<" in page(figures, [])


def test_a_page_names_files_that_were_not_read(run):
    figures = {**run[0], "about": {**run[0]["about"], "not_read": {".docx": 1200, HOSTILE: 1}}}
    source = page(figures, [])
    assert "<dt>Not read</dt><dd>1,201 others (.docx 1,200, " in source
    assert HOSTILE not in source
    assert "Not read" not in page(run[0], [])


def test_a_chart_folds_away_what_goes_on_for_long():
    summary = Summary(flags={f"flag-{n:02}": 100 - n for n in range(30)})
    source = page(report(summary, ABOUT), [])
    assert "<summary>18 more</summary>" in source
    assert source.index("flag-11") < source.index("18 more") < source.index("flag-12")


# The file


def test_the_ending_says_what_is_written(run, tmp_path):
    figures, sample = run
    write_report(tmp_path / "run.json", figures, sample)
    write_report(tmp_path / "run.HTML", figures, sample)
    assert json.loads((tmp_path / "run.json").read_bytes()) == figures
    assert (tmp_path / "run.HTML").read_text("utf-8") == page(figures, sample.documents)
    assert len([*tmp_path.iterdir()]) == 2


def test_the_json_is_ascii_whatever_an_id_holds(tmp_path):
    summary = Summary(reasons=[("\udcff\x1b[2J", "Grüße\u202e")])
    write_report(tmp_path / "run.json", report(summary, ABOUT), Sample())
    data = (tmp_path / "run.json").read_bytes()
    assert data.isascii()
    assert b"\x1b" not in data
    assert json.loads(data)["stopped"]["first"] == [{"id": "\udcff\x1b[2J", "reason": "Grüße\u202e"}]


def test_a_report_that_cannot_be_written_says_so(run, tmp_path):
    path = tmp_path / "gone" / "run.json"
    with pytest.raises(OutputError) as caught:
        write_report(path, *run)
    assert str(caught.value) == f"{path}: the report cannot be written: No such file or directory."


def test_a_report_that_cannot_even_be_removed_again_says_so(run, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "write_text", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(OutputError) as caught:
        write_report(tmp_path / "run.json", *run)
    assert str(caught.value) == f"{tmp_path / 'run.json'}: the report cannot be written: Read-only file system."


def test_a_report_in_a_read_only_folder_is_refused_before_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError) as caught:
        check_report(tmp_path / "run.json")
    assert str(caught.value) == f"--report {tmp_path / 'run.json'}: cannot be written: its folder is read-only."


def test_where_a_report_can_go_is_known_before_the_run(tmp_path):
    check_report(tmp_path / "run.json")
    (tmp_path / "a.html").mkdir()
    for path, message in {
        tmp_path / "run.pdf": f"--report takes a file that ends in .json or .html, not `{tmp_path / 'run.pdf'}`.",
        tmp_path / "a.html": f"--report {tmp_path / 'a.html'}: it is a folder.",
        tmp_path / "b/run.html": f"--report {tmp_path / 'b/run.html'}: there is no such folder.",
    }.items():
        with pytest.raises(ConfigError) as caught:
            check_report(path)
        assert str(caught.value) == message


def test_a_ledger_of_the_record_is_what_the_pieces_need():
    """The sample reads records, not documents: what is left out of one as a default must come back."""
    doc = house()["reprints"](RAW)
    record = json.loads(doc.json())
    assert msgspec.convert(record["ledger"], list[Entry]) == doc.ledger
