"""decode: any bytes give a text, sure evidence comes before a guess, and lost bytes are said."""

from __future__ import annotations

import base64
import codecs
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.decoding import _SIBLINGS, decode, encode

ENGLISH = "The mayor’s “deal” with the café was signed on Monday, officials said."
GERMAN = "Der Bürgermeister erklärte, dass die Straße über die Brücke für Wochen gesperrt bleibt."
POLISH = "Prezydent oświadczył, że ustawa wejdzie w życie jutro, ale rząd ma wątpliwości."
RUSSIAN = "Президент заявил, что договор будет подписан в понедельник."
GREEK = "Ο πρωθυπουργός δήλωσε ότι η συμφωνία υπογράφηκε τη Δευτέρα."
CHINESE = "总统周一表示,有关协议已经签署,并将于下个月生效。"
JAPANESE = "首相は月曜日に協定に署名したと述べた。来月から施行される。"
KOREAN = "대통령은 월요일 협정에 서명했다고 말했다. 다음 달부터 시행된다."

SURE = [
    (ENGLISH, "utf-8"),
    (ENGLISH, "utf-8-sig"),
    (ENGLISH, "utf-16-le-sig"),
    (ENGLISH, "utf-16-be-sig"),
    (CHINESE, "utf-16-be-sig"),
    (ENGLISH, "utf-32-le-sig"),
    (ENGLISH, "utf-32-be-sig"),
    (ENGLISH, "utf-16-le"),
    (ENGLISH, "utf-16-be"),
    (ENGLISH, "utf-32-le"),
    (ENGLISH, "utf-32-be"),
    (JAPANESE, "iso2022_jp"),
    (KOREAN, "iso2022_kr"),
    ("Fans 😀 sang", "cesu-8"),
]


@pytest.mark.parametrize(("text", "encoding"), SURE, ids=[f"{encoding} {text[:3]}" for text, encoding in SURE])
def test_sure_evidence_is_read_and_the_bytes_come_back(text, encoding):
    data = encode(text, encoding)
    assert decode(data) == (text, encoding, (), True)


GUESSED = [
    (GERMAN, "cp1252"),
    (POLISH, "cp1250"),
    (POLISH, "iso8859-2"),
    (RUSSIAN, "cp1251"),
    (RUSSIAN, "koi8-r"),
    (GREEK, "cp1253"),
    (CHINESE, "gb18030"),
    (JAPANESE, "cp932"),
    (JAPANESE, "euc_jp"),
    (KOREAN, "cp949"),
]


@pytest.mark.parametrize(("text", "encoding"), GUESSED, ids=[encoding for _, encoding in GUESSED])
def test_a_code_page_is_told_by_its_bytes(text, encoding):
    data = text.encode(encoding)
    found = decode(data)
    assert (found.text, found.flags, found.exact) == (text, (), True)
    assert encode(found.text, found.encoding) == data


def test_nothing_is_a_text():
    assert decode(b"") == ("", "utf-8", (), True)


def test_a_mark_alone_is_an_empty_text():
    assert decode(codecs.BOM_UTF8) == ("", "utf-8-sig", (), True)


@pytest.mark.parametrize("cut", [1, 2])
def test_a_last_character_cut_in_two_stays_utf8(cut):
    found = decode("The mayor left — “why?”".encode()[:-cut])
    assert found == ("The mayor left — “why?�", "utf-8", ("lost-bytes",), False)


def test_a_cut_sign_is_enough_evidence_of_utf8():
    assert decode("The mayor left —".encode()[:-1]).text == "The mayor left �"


def test_a_last_byte_that_could_be_a_letter_is_one():
    assert decode("They met in the old café".encode("cp1252")).text == "They met in the old café"


def test_one_odd_byte_does_not_make_utf8_a_code_page():
    found = decode("“Ja”, sagte er, für ".encode() + b"\xf6sterreich")
    assert found == ("“Ja”, sagte er, für �sterreich", "utf-8", ("lost-bytes",), False)


def test_quotes_of_windows_are_not_controls():
    assert decode("Ce n’est pas la “première” fois, a-t-il déclaré.".encode("cp1252")).encoding == "cp1252"


def test_a_null_in_a_text_does_not_make_it_wide():
    assert decode(b"The vote\0 was\0 close, the mayor said\0.") == (
        "The vote\0 was\0 close, the mayor said\0.",
        "utf-8",
        (),
        True,
    )


def test_terminal_escapes_are_not_japanese():
    for text in ("\x1b[1mBREAKING\x1b(B\x1b[m news", "A \x1b$ sign"):
        assert decode(text.encode()).text == text


def test_half_a_character_of_utf16_is_flagged():
    for encoding in ("utf-16-le", "utf-16-be", "utf-16-le-sig"):
        found = decode(encode("The mayor left.", encoding)[:-1])
        assert found.text.startswith("The mayor left")
        assert (found.encoding, found.flags, found.exact) == (encoding, ("lost-bytes",), False)


def test_a_half_pair_in_cesu_is_lost_and_said():
    data = encode("Fans 😀 sang", "cesu-8") + b"\xed\xa0\xbd"
    assert decode(data) == ("Fans 😀 sang�", "cesu-8", ("lost-bytes",), False)


def test_a_picture_is_no_text_and_is_flagged():
    found = decode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4)
    assert found.flags == ("lost-bytes",)
    assert not found.exact


def test_the_odd_byte_at_the_end_of_a_long_file_is_seen():
    text = "A plain line of news about nothing much. " * 20_000 + GERMAN
    found = decode(text.encode("cp1252"))
    assert found.text == text


def test_every_sibling_is_a_codec():
    for narrow, wide in _SIBLINGS.items():
        assert codecs.lookup(narrow).name == narrow
        assert codecs.lookup(wide)


SIGNS = [codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"\0", b"\x1b$B", b"\x1b(B", b"\x1b$)C", b"\x0e"]
SIGNS += [b"\xed\xa0\xbd", b"\xed\xb8\x80", b"\xe2\x80", b"\xc3", b"\xa9", b"a", b"news ", b"\x80", b"\xf0\x9f"]


@given(data=st.binary(max_size=80) | st.lists(st.sampled_from(SIGNS), max_size=12).map(b"".join))
@settings(max_examples=1500, deadline=None)
def test_any_bytes_give_a_text_and_exact_means_exact(data):
    found = decode(data)
    assert not any(0xD800 <= ord(character) <= 0xDFFF for character in found.text)
    if found.exact:
        assert encode(found.text, found.encoding) == data
        assert not found.flags
    if found.flags:
        assert "\N{REPLACEMENT CHARACTER}" in found.text


@given(
    text=st.text(max_size=60),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16-le-sig", "utf-16-be-sig", "utf-32-be-sig"]),
)
@settings(max_examples=300, deadline=None)
def test_unicode_with_its_sign_never_goes_wrong(text, encoding):
    found = decode(encode(text, encoding))
    if not text.startswith("\N{ZERO WIDTH NO-BREAK SPACE}") and "\0" not in text and "\x1b" not in text:
        assert (found.text, found.encoding, found.exact) == (text, encoding, True)


@pytest.mark.slow
def test_files_of_other_projects_are_read_as_their_labels_say(shared):
    rows = map(json.loads, (shared / "data/encoding/charset_files.jsonl").read_text("utf-8").splitlines())
    files = [(base64.b64decode(row["bytes_b64"]), codec_of(row["label"])) for row in rows]
    assert not any(decode(data).flags for data, _ in files)
    right = [decode(data).text == data.decode(label).lstrip("\ufeff") for data, label in files]
    # What is left is GB 2312 and Shift JIS read as their supersets, which differ in a dash and a dot.
    assert sum(right) / len(right) > 0.98


def codec_of(label):
    """`iso-8859-5-bulgarian` is a code page and a language."""
    words = label.lower().replace("maccyrillic", "mac-cyrillic").split("-")
    languages = {"bulgarian", "russian", "hungarian", "greek", "turkish", "czech", "slovene", "croatian", "polish"}
    return "-".join(word for word in words if word not in languages | {"arabic", "hebrew"})
