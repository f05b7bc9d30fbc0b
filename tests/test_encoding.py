"""repair_encoding: the pre-check is sound, the outcome is ftfy's, nothing is lost, and no input takes for ever."""

from __future__ import annotations

import re
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from re import _constants as kinds
from re import _parser

import ftfy
import pytest
from ftfy import chardata
from ftfy.badness import BADNESS_RE
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.document import BREAKS, Document
from copydesk.ledger import restore, settle
from copydesk_encoding import mojibake, repair_encoding, repairs
from copydesk_encoding.mojibake import _QUOTED, QUOTE_CUT_OFF, WIDEST, Mojibake, is_bad
from copydesk_encoding.precheck import PLAIN, alphabet
from copydesk_encoding.repairs import _ON_REQUEST

CLASSES = ("ascii", "quiet", "steady", "small", "lone")
NEIGHBOURS = {
    "ascii": set(CLASSES),
    "quiet": set(CLASSES),
    "steady": {"ascii", "quiet", "steady"},
    "small": {"ascii", "quiet", "small"},
    "lone": {"ascii", "quiet"},
}
EVERYTHING = {"straighten_quotes": True, "fold_ligatures": True, "fold_width": True}


def repaired(text, stage):
    doc = Document(text)
    doc.signed_by("repair_encoding")
    stage(doc)
    return doc


def without_precheck(**options):
    stage = repair_encoding(**options)
    stage._repairs.suspects = re.compile("")
    stage._repairs.sound = lambda _: False
    return stage


# The proof that the table is right for the ftfy that is installed.


def alternatives():
    """BADNESS_RE as rows of single-character patterns; an optional character makes two rows of one alternative."""
    tree = _parser.parse(BADNESS_RE.pattern, BADNESS_RE.flags)
    assert len(tree) == 1
    assert tree[0][0] is kinds.BRANCH
    return [row for branch in tree[0][1][1] for row in rows(branch)]


def rows(branch):
    found = [[]]
    for kind, value in branch:
        if kind is kinds.AT:
            continue
        if kind is kinds.MAX_REPEAT:
            low, high, inner = value
            assert (low, high, len(inner)) == (0, 1, 1)
            found = [row + extra for row in found for extra in ([], [pattern(*inner[0])])]
        else:
            found = [[*row, pattern(kind, value)] for row in found]
    return found


def pattern(kind, value):
    if kind is kinds.ANY:
        return "."
    if kind is kinds.LITERAL:
        return re.escape(chr(value))
    assert kind is kinds.IN
    negated = value[0][0] is kinds.NEGATE
    inside = "".join(part(*item) for item in value[negated:])
    return f"[{'^' * negated}{inside}]"


def part(kind, value):
    if kind is kinds.RANGE:
        return f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
    return (
        {kinds.CATEGORY_SPACE: r"\s", kinds.CATEGORY_WORD: r"\w"}[value]
        if kind is kinds.CATEGORY
        else re.escape(chr(value))
    )


def members():
    return {"ascii": set(map(chr, range(128))), **alphabet()}


def test_no_row_of_neighbours_in_the_table_looks_like_mojibake_to_the_installed_ftfy():
    text = {name: "".join(characters) for name, characters in members().items()}
    found = {p: {n for n in CLASSES if re.search(p, text[n])} for row in alternatives() for p in row}
    for row in alternatives():
        reached = found[row[0]]
        for following in row[1:]:
            reached = {b for b in found[following] if any(b in NEIGHBOURS[a] for a in reached)}
        assert not reached, row


def test_no_pattern_of_ftfy_is_wider_than_the_cut_allows():
    assert len(alternatives()) >= 37
    assert max(map(len, alternatives())) == WIDEST


def test_nothing_in_the_table_changes_under_nfc_alone_or_beside_another():
    table = set().union(*alphabet().values())
    parts = [unicodedata.decomposition(chr(code)).split() for code in range(0x110000)]
    second = {chr(int(two[1], 16)) for two in parts if len(two) == 2 and not two[0].startswith("<")}
    hangul = set(map(chr, [*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)]))
    assert not table & (second | hangul)
    assert all(unicodedata.is_normalized("NFC", character) for character in table)
    # Marks of one class never change places.
    assert {unicodedata.combining(character) for character in table} <= {0, 9}


def test_nothing_in_the_table_is_touched_by_a_default_repair():
    text = "".join(sorted(set().union(*alphabet().values())))
    plain = "".join(filter(re.compile(f"[{PLAIN}]").match, map(chr, range(128))))
    config = ftfy.TextFixerConfig(
        fix_encoding=False, uncurl_quotes=False, fix_latin_ligatures=False, fix_character_width=False
    )
    for stretch in (text, plain.replace("\r", "")):
        assert ftfy.fix_and_explain(stretch, config).text == stretch
        assert not chardata.C1_CONTROL_RE.search(stretch)


def test_the_classes_do_not_overlap():
    assert sum(map(len, alphabet().values())) == len(set().union(*alphabet().values()))


def test_what_an_option_touches_is_what_ftfy_touches():
    everything = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x110000)]))
    for characters, repair in _ON_REQUEST.values():
        assert set(characters) == {c for c in everything if repair(c) != c}


# Properties, on texts made of what sets repairs off.

PIECES = [
    *"aeZ .,?!\t'“”’‘„«»–—…·°&;<>",
    *"éèöüßñçãÃÂÄÖÉÎÐØÙŒœ€£¥©®™²³½±×÷¤¦¨¯´¸ºª¬",
    *"βΒΓΞΟЂВГРСвгђ│┐═░√≈∞ﬁŀĳ",
    *"\x00\x07\x0b\x1a\x1b\x7f\x80\x81\x85\x8d\x93\x99\x9d\xa0\xad",
    *"\u0300\u0301\u0316\u0345\u093c\u094d\u1100\u1161\u11a8\u212b\u2126\uf900\ufb1d\ufb01\uff21\uff76\uff9e\u3000",
    *"\u200b\u200c\u200d\u200e\u202e\u2060\u206a\ufeff\ufffc\ufffd\U0001f468\ue000",
    *(
        "Ã©",
        "Ã ",
        "â€™",
        "â€œ",
        "â€\x9d",
        "â€",
        "Â\xa0",
        "Â ",
        "ï»¿",
        "РџСЂРё",
        "‚Äô",
        "√©",
        "ðŸ˜€",
        "à¤",
        "вЂ™",
        "ā€",
        "ÃƒÂ©",
    ),
    *("cafe\u0301", "naïve", "l’été", "Ö", "Ünïcödé", "Привет", "Ελλάδα", "中文？", "हिन्दी", "مرحبا", "한국"),
    *("\x1b[31m", "\x1b[0m", "[0m", "€", "”,", "word ", "plain text "),
]
ENTITIES = ["&amp;", "&lt;", "&gt;", "&nbsp;", "&nbsp", "&eacute;", "&#233;", "&#x2028;", "&#10;", "&#150;", "&EACUTE;"]
ENTITIES += [
    "amp;",
    "lt;",
    "#38;",
    "&foo;",
    "<b>",
    "</p>",
    "&#0;",
    "&shy;",
    "&#769;",
    "&am&#112;;",
    "&NewLine;",
    "&#xD800;",
]
LINES = ["\n", "\r\n", "\u2028", "\u2029", "\f", "\n\n"]


def texts(*pieces, most=14):
    return st.lists(st.sampled_from(pieces), max_size=most).map("".join)


ANY = texts(*PIECES, *ENTITIES, *LINES) | st.text(max_size=40)
DEFAULT, ASKED, SLOW, SLOW_ASKED = (
    repair_encoding(),
    repair_encoding(**EVERYTHING),
    without_precheck(),
    without_precheck(**EVERYTHING),
)
PAIRS = {"default": (DEFAULT, SLOW), "asked": (ASKED, SLOW_ASKED)}


@pytest.mark.parametrize("options", PAIRS)
@given(text=ANY)
@settings(max_examples=1500, deadline=None)
def test_the_precheck_spares_no_text_that_would_change(options, text):
    quick, slow = (repaired(text, stage) for stage in PAIRS[options])
    assert [segment.text for segment in quick.segments] == [segment.text for segment in slow.segments]


@given(text=texts(*(p for p in PIECES if "\x0b" not in p)))
@settings(max_examples=1500, deadline=None)
def test_without_entities_and_line_breaks_the_outcome_is_that_of_ftfy(text):
    config = ftfy.TextFixerConfig(
        unescape_html=False, uncurl_quotes=False, fix_latin_ligatures=False, fix_character_width=False
    )
    for segment in Document(text).segments:
        expected = ftfy.fix_and_explain(segment.text, config).text
        looks = (_QUOTED.search(segment.text), QUOTE_CUT_OFF.search(segment.text), QUOTE_CUT_OFF.search(expected))
        ours = any(looks)  # where we know better
        if not set(BREAKS) & set(expected) and not ours:
            now = repaired(segment.text, DEFAULT).segments[0].text
            assert now == expected.strip(" \t\f")


@pytest.mark.parametrize("stage", [DEFAULT, ASKED], ids=["default", "asked"])
@given(text=ANY)
@settings(max_examples=1000, deadline=None)
def test_repairing_twice_changes_nothing_more_and_restore_gives_the_input_back(stage, text):
    doc = repaired(text, stage)
    clean, ledger = settle(doc)
    assert restore(clean, ledger) == doc.raw
    assert not any(set(BREAKS) - {"\n"} & set(segment.text) for segment in doc.segments)
    again, _ = settle(repaired(clean, stage))
    assert again == clean


@given(text=texts(*PIECES, "a long stretch of plain words ", most=30) | st.text(max_size=60))
@settings(max_examples=1000, deadline=None)
def test_the_cut_text_looks_as_bad_as_the_whole(text):
    assert is_bad(text) == ftfy.badness.is_bad(text)


@given(text=texts(*PIECES, *"ÃÂâ€™œž¢¬®àÐÑÙðŸΓî‚√≈├вЂ\x93\x1a\ufffd ", most=30))
@settings(max_examples=3000, deadline=None)
def test_letters_are_mended_as_ftfy_mends_them(text):
    assert Mojibake(len(text)).mended(text) == ftfy.fix_encoding(text)


HALF = ("â€œIt isâ€ " * 500).strip()  # its last mark lost a byte, so that the line can only be mended in parts


def test_a_part_that_comes_again_is_asked_about_once(monkeypatch):
    asked = []
    read_again = mojibake._read_again
    monkeypatch.setattr(mojibake, "_read_again", lambda text: asked.append(text) or read_again(text))
    assert Mojibake(0).mended(HALF) == ftfy.fix_encoding(HALF)
    parts = [text for text in asked if len(text) < len(HALF)]
    assert parts
    assert len(parts) == len(set(parts))


def test_a_line_that_is_mended_a_few_letters_at_a_time_is_given_up(monkeypatch):
    """Its second layer is whole but for the last letter: each reading mends one place, and there are thousands."""
    read = []
    once = Mojibake._once
    monkeypatch.setattr(Mojibake, "_once", lambda self, text: read.append(len(text)) or once(self, text))
    line = "ÃƒÂ©â‚¬â€ " * 10_000
    broken = Mojibake(len(line))
    broken.mended(line.rstrip())
    assert broken.is_left
    assert sum(read) < mojibake.AGAIN + (mojibake.LAYERS + 2) * len(line)


def test_a_line_that_comes_again_is_repaired_once(monkeypatch):
    seen = []
    of = DEFAULT._repairs.of
    monkeypatch.setattr(DEFAULT._repairs, "of", lambda text, letters: seen.append(text) or of(text, letters))
    doc = repaired("CafÃ©\n" * 50 + "Smith &amp; Sons\n" * 50, DEFAULT)
    assert seen == ["CafÃ©", "Smith &amp; Sons"]
    assert [segment.text for segment in doc.segments] == ["Café"] * 50 + ["Smith & Sons"] * 50


def test_past_many_different_questions_the_rest_stays_and_the_document_says_so(monkeypatch):
    monkeypatch.setattr(mojibake, "MOST", 2)
    monkeypatch.setattr(mojibake, "EACH", 1000)
    doc = repaired("CafÃ© 1\nCafÃ© 2\nCafÃ© 2\nCafÃ© 3 &amp; 4", DEFAULT)
    assert [segment.text for segment in doc.segments] == ["Café 1", "Café 2", "Café 2", "CafÃ© 3 & 4"]
    assert doc.flags == ["mojibake-left"]


def test_many_different_broken_lines_are_below_the_bound():
    doc = repaired("\n".join(f"CafÃ© {number}" for number in range(mojibake.MOST)), DEFAULT)
    assert not doc.flags
    assert not any("Ã" in segment.text for segment in doc.segments)


@given(text=st.text(alphabet=st.characters(max_codepoint=0x17F)))
def test_control_characters_are_read_as_ftfy_reads_them(text):
    assert mojibake.windows_for_controls(text) == ftfy.fixes.fix_c1_controls(text)


@given(st.text(alphabet="e\u0301\u0316\u3099\U0001d165\U0001e944😀 ", max_size=80), st.integers(0, 40))
def test_a_run_of_marks_is_found_wherever_it_stands(text, more):
    text += "\u0301" * more
    marks = [run for run in re.findall(f"[{repairs._MARKS}]+", text) if len(run) > repairs._MOST_MARKS]
    assert repairs._MARK_RUN.findall(text) == marks


@given(text=texts(*(p for p in PIECES if p.isprintable()), *ENTITIES))
@settings(max_examples=300, deadline=None)
def test_a_line_is_judged_by_itself(text):
    alone = [segment.text for segment in repaired(text, DEFAULT).segments]
    together = [segment.text for segment in repaired(f"{text}\n<p>\n{text}\n", DEFAULT).segments]
    assert together == [*alone, "<p>", *alone]


# Bounds. A quadratic step would hang here.

WORST = {
    "an ampersand escaped a quarter of a million times": "&" + "amp;" * 250_000,
    "the same in numbers": "&" + "#38;" * 250_000,
    "entities that spell entities": "&am&#112;;" * 100_000,
    "marks in the wrong order": "a" + "\u0300\u0316" * 250_000,
    "mojibake of such marks": "a" + "Ì€Ì–" * 100_000,
    "half a million lines": "a\n" * 500_000,
    "nothing but mojibake": "Ã©" * 250_000,
    "controls between all letters": "a\0" * 300_000,
    "escapes without an end": "\x1b[" * 300_000,
    "one letter and its accent": "e\u0301" * 200_000,
    "question marks": "????" * 250_000,
    "tags without an end": "<a " * 300_000,
    "zeros": "&#" + "0" * 1_000_000,
}


@pytest.mark.parametrize("name", WORST)
def test_a_hostile_input_ends(name):
    doc = repaired(WORST[name], DEFAULT)
    clean, ledger = settle(doc)
    assert restore(clean, ledger) == doc.raw


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5, 16_000])
def test_an_entity_is_decoded_whatever_its_depth_and_flagged_beyond_three(depth):
    doc = repaired("Smith &" + "amp;" * depth + " Sons", DEFAULT)
    assert doc.segments[0].text == "Smith & Sons"
    assert doc.flags == ["nested-entities"] * (depth > 3)


def test_no_run_of_marks_reaches_the_sort_unbroken(monkeypatch):
    longest = 0

    def normalize(form, text):
        nonlocal longest
        longest = max([longest, *(len(run) for run in re.findall("[\u0300\u0316]+", text))])
        return text

    monkeypatch.setattr("copydesk_encoding.repairs.unicodedata.normalize", normalize)
    monkeypatch.setattr("copydesk_encoding.repairs._ROUNDS", 1)
    repaired("a" + "\u0300\u0316" * 1000, without_precheck())
    assert longest == 30


def test_eight_threads_may_share_one_stage():
    lines = [f"{i} CafÃ© &amp; Söhne â€œ{i}â€\x9d e\u0301\0" for i in range(200)]
    expected = [repaired(line, DEFAULT).segments[0].text for line in lines]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda line: repaired(line, DEFAULT).segments[0].text, lines)) == expected


@pytest.mark.parametrize(
    ("raw", "rules"),
    [
        ("The cafÃ© is open", ["mojibake"]),
        ("Smith &amp; Sons", ["entities"]),
        ("a\x1b[1mb\x1b[0m", ["terminal", "terminal"]),
        ("a\0b", ["controls"]),
        ("cafe\u0301", ["nfc"]),
        ("&Atilde;&copy;t&eacute;", ["entities+mojibake", "entities"]),
    ],
)
def test_the_ledger_names_the_kind_of_repair(raw, rules):
    assert [edit.by.rule for edit in repaired(raw, DEFAULT).segments[0].edits] == rules


def test_edits_are_as_small_as_the_damage():
    doc = repaired("Le cafÃ© dâ€™Ã‰mile &amp; Cie", DEFAULT)
    assert [(doc.raw[e.start : e.end], e.now) for e in doc.segments[0].edits] == [
        ("Ã©", "é"),
        ("â€™Ã‰", "’É"),
        ("&amp;", "&"),
    ]


def test_an_earlier_edit_does_not_hide_a_defect():
    doc = Document("The cafX is open")
    doc.signed_by("other")
    doc.segments[0].replace(7, 8, "Ã©")
    doc.signed_by("repair_encoding")
    DEFAULT(doc)
    assert doc.segments[0].text == "The café is open"
