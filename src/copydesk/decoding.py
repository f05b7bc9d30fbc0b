"""Bytes to text: which encoding a file is in, and the way back.

Nine reprints in ten are UTF-8 and say nothing about it. The others carry a byte order mark, an escape sequence, or no
sign at all, and then only their bytes can tell. A byte that does not decode becomes U+FFFD under the flag `lost-bytes`:
it is never guessed, and never turned into a silent question mark.
"""

from __future__ import annotations

import codecs
import re
from array import array
from typing import NamedTuple

LOST = "lost-bytes"


class Decoded(NamedTuple):
    """A text and the encoding it came in. If `exact`, `encode(text, encoding)` gives the very bytes back."""

    text: str
    encoding: str
    flags: tuple[str, ...]
    exact: bool


def decode(data: bytes) -> Decoded:
    """The text that a file's bytes stand for. Any bytes will do: nothing is raised.

    The surest evidence comes first: a byte order mark, ISO-2022 escapes (seven bits wide, so valid UTF-8 as well, and
    wrong), zero bytes in every other place, strict UTF-8. What is nearly UTF-8 (a last character cut in two, one odd
    byte) stays UTF-8 with a hole in it: a legacy code page would explain the odd byte and break every other letter.
    Only then is the code page guessed.
    """
    return (
        _marked(data)
        or _escaped(data)
        or _wide(data)
        or _strict(data, "utf-8")
        or _surrogates_in_utf8(data)
        or _nearly_utf8(data)
        or _guessed(data)
    )


def encode(text: str, encoding: str) -> bytes:
    """The bytes again. Beside Python's codecs it knows `cesu-8`, and `-sig` for a byte order mark: `utf-16-le-sig`."""
    if encoding == "cesu-8":
        units = array("H", text.encode("utf-16"))[1:]
        return "".join(map(chr, units)).encode("utf-8", "surrogatepass")
    codec = encoding.removesuffix("-sig")
    mark = _MARKS[codec] if codec != encoding else b""
    return mark + text.encode(codec)


# UTF-32 stands before UTF-16, whose little-endian mark is the beginning of its own.
_MARKS = {
    "utf-8": codecs.BOM_UTF8,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}


def _strict(data: bytes, codec: str) -> Decoded | None:
    try:
        text = data.decode(codec)
    except (UnicodeDecodeError, LookupError):
        return None
    return Decoded(text, codec, (), exact=codec == "utf-8" or _comes_back(text, codec, data))


def _with_holes(data: bytes, codec: str) -> Decoded:
    return Decoded(data.decode(codec, "replace"), codec, (LOST,), exact=False)


def _comes_back(text: str, encoding: str, data: bytes) -> bool:
    try:
        return encode(text, encoding) == data
    except UnicodeEncodeError:
        return False


def _marked(data: bytes) -> Decoded | None:
    for codec, mark in _MARKS.items():
        if data.startswith(mark):
            body = data[len(mark) :]
            found = _strict(body, codec) or _with_holes(body, codec)
            return found._replace(encoding=f"{codec}-sig")
    return None


# `ESC $` and `ESC (` choose a character set. A terminal's colours (`ESC [`) do not, and a lone `ESC ( B`, which
# `tput sgr0` prints, chooses ASCII: the text must come out with letters outside ASCII to be believed.
_ESCAPE = re.compile(rb"\x1b(?:\$[@AB()]|\([IJ])")
_ESCAPED = ("iso2022_jp", "iso2022_kr", "iso2022_jp_2", "iso2022_jp_3", "iso2022_jp_ext")


def _escaped(data: bytes) -> Decoded | None:
    if not _ESCAPE.search(data) or not data.isascii():
        return None
    for codec in _ESCAPED:
        found = _strict(data, codec)
        if found and not found.text.isascii():
            return found
    codec = "iso2022_kr" if b"\x1b$)C" in data else "iso2022_jp"
    found = _with_holes(data, codec)
    return None if found.text.replace("\N{REPLACEMENT CHARACTER}", "").isascii() else found


_FULL = {"utf-32-le": (0,), "utf-32-be": (3,), "utf-16-le": (0, 2), "utf-16-be": (1, 3)}
"""Which of four bytes hold the letter in a Western text; the others are zero."""


def _wide(data: bytes) -> Decoded | None:
    """UTF-16 or UTF-32 without a mark: the zero bytes stand in step, in a tenth of the bytes or more.

    A stray NUL in a UTF-8 file is not in step. UTF-16 without ASCII in it (Chinese) has no zeros, and is guessed.
    """
    zeros = data.count(0)
    if zeros < 4 or zeros * 10 < len(data):
        return None
    places = [data[step::4].count(0) for step in range(4)]
    for codec, full in _FULL.items():
        if sum(places[step] for step in full) * 100 <= zeros:
            whole = len(data) - len(data) % (4 // len(full))
            found = _strict(data[:whole], codec)
            if found:
                return found if whole == len(data) else _with_holes(data, codec)
    return None


_SURROGATES = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]")


def mended(text: str) -> str:
    """The text with each pair of surrogates as its character, and U+FFFD for each lone one."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _surrogates_in_utf8(data: bytes) -> Decoded | None:
    """CESU-8: an emoji written as two halves of three bytes each. Old Oracle and MySQL exports and Java write it."""
    if not _SURROGATES.search(data):
        return None
    try:
        halves = data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return None
    text = mended(halves)
    lost = text.count("\N{REPLACEMENT CHARACTER}") > halves.count("\N{REPLACEMENT CHARACTER}")
    return Decoded(text, "cesu-8", (LOST,) if lost else (), exact=not lost and _comes_back(text, "cesu-8", data))


_SAMPLE = 65_536
"""So many bytes are enough to tell an encoding; the whole file is decoded with the answer."""


def _sample(data: bytes) -> bytes:
    """What there is to go by: the head, where a page may name its charset, or else the first bytes beyond ASCII."""
    first = re.search(rb"[\x80-\xff]", data)
    start = first.start() if first else 0
    return data[:_SAMPLE] if start < _SAMPLE // 2 else data[start : start + _SAMPLE]


_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_CUT = re.compile(rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z")


def _nearly_utf8(data: bytes) -> Decoded | None:
    r"""UTF-8 with a few bad bytes: two whole sequences for each of them, one of three bytes or more counting for three.

    In 430 legacy files the sequences that arise by chance came to 0.4 for each bad byte (EUC-JP), in 1,800 single
    sentences to 1.1. A last character cut in two counts for nothing against UTF-8, and two bytes of one count for it: a
    code page would read `\xe2\x80` as the word end `â€`.
    """
    sample = _sample(data)
    cut = _CUT.search(sample)
    body = sample[: cut.start()] if cut else sample
    whole = sum(1 if len(sequence) == 2 else 3 for sequence in _SEQUENCE.findall(body))
    bad = body.decode("utf-8", "replace").count("\N{REPLACEMENT CHARACTER}") - body.count(b"\xef\xbf\xbd")
    if (whole or (cut and len(cut.group()) > 1)) and whole >= 2 * bad:
        return _with_holes(data, "utf-8")
    return None


_THIN = 0.1
"""Below this chardet's word is a toss-up, and windows-1252, the commonest code page of news, is the better bet: on
single sentences in 23 encodings 96.9 % right instead of 96.4 % (at 0.12: 96.5 %)."""

_SIBLINGS = {
    "iso8859-1": "cp1252",
    "iso8859-15": "cp1252",
    "iso8859-2": "cp1250",
    "iso8859-4": "cp1257",
    "iso8859-13": "cp1257",
    "iso8859-5": "cp1251",
    "iso8859-6": "cp1256",
    "iso8859-7": "cp1253",
    "iso8859-8": "cp1255",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
}
"""What to read instead where the narrow one has controls (U+0080 to U+009F, which nobody types) or fails: web browsers
do so for `iso-8859-1` whatever the page says."""

_C1 = re.compile("[\x80-\x9f]")


def _guessed(data: bytes) -> Decoded:
    codec = _code_page(data)
    found = _strict(data, codec)
    sibling = _SIBLINGS.get(codec)
    if sibling and (found is None or _C1.search(found.text)):
        wider = _strict(data, sibling)
        if wider and not _C1.search(wider.text):
            return wider
    return found or _with_holes(data, codec)


def _code_page(data: bytes) -> str:
    import chardet  # noqa: PLC0415 (0.1 s to load, and few files need it)

    answer = chardet.detect(_sample(data))
    codec = answer["encoding"]
    if codec is None:  # not a text at all: a picture under a wrong name
        return "utf-8"
    if answer["confidence"] < _THIN and _strict(data, "cp1252"):
        return "cp1252"
    return codecs.lookup(codec).name
