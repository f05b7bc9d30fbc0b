"""Spaces that are no plain space, and characters that nobody sees."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from copydesk_typography.edits import few

if TYPE_CHECKING:
    from collections.abc import Iterator

    from copydesk.document import Document, Segment

# U+1680 is a visible stroke in Ogham and U+0085 may be half of a broken letter: neither is here.
_NO_BREAK = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
_IDEOGRAPHIC = "\N{IDEOGRAPHIC SPACE}"
_ODD = f"{_NO_BREAK}\N{EN QUAD}-\N{HAIR SPACE}\N{MEDIUM MATHEMATICAL SPACE}{_IDEOGRAPHIC}"
_BLANK = f" \t{_ODD}"

_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
_BIDI = (
    "\N{ARABIC LETTER MARK}\N{LEFT-TO-RIGHT MARK}\N{RIGHT-TO-LEFT MARK}"
    "\N{LEFT-TO-RIGHT EMBEDDING}-\N{RIGHT-TO-LEFT OVERRIDE}\N{LEFT-TO-RIGHT ISOLATE}-\N{POP DIRECTIONAL ISOLATE}"
)
_FILLERS = "\N{WORD JOINER}\N{ZERO WIDTH NO-BREAK SPACE}\N{SOFT HYPHEN}"
_INVISIBLE = f"{_JOINERS}{_BIDI}{_FILLERS}\N{ZERO WIDTH SPACE}"

# Scripts as ranges of the Unicode blocks (Blocks.txt).
_RIGHT_TO_LEFT = "\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
_SOUTH_EAST = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u1b00-\u1b7f\ua980-\ua9ff\uaa60-\uaa7f"
_SHAPED = f"{_RIGHT_TO_LEFT}\u0900-\u0dff\u0f00-\u0fff\u1800-\u18af\u1b80-\u1bff\ua840-\ua95f{_SOUTH_EAST}"
_PICTURE = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299"
    "\ufe0f\U0001f000-\U0001faff\U000e0020-\U000e007f"
)
_FULL_WIDTH = (
    "\u2e80-\u2fff\u3001-\ua4cf\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_MONGOLIAN = "\u1800-\u18af"

_ASCII = bytes(range(0x80))
_ANY_ODD = re.compile(f"[{_ODD}{_INVISIBLE}]")
# Both begin with a single character of a class, and no branch: only then does the search skip all others in C.
_INVISIBLE_RUN = re.compile(f"[{_INVISIBLE}][{_INVISIBLE}]*")
_BLANK_RUN = re.compile(f"[{_BLANK}](?:[{_BLANK}]+|(?<=[\t{_ODD}])|(?<=^ )|\\Z)")

_is_right_to_left = re.compile(f"[{_RIGHT_TO_LEFT}]").search
_is_south_east = re.compile(f"[{_SOUTH_EAST}]").match
_is_shaped = re.compile(f"[{_SHAPED}]").match
_is_picture = re.compile(f"[{_PICTURE}]").match
_is_full_width = re.compile(f"[{_FULL_WIDTH}]").match
_is_mongolian = re.compile(f"[{_MONGOLIAN}]").match
_is_control = re.compile("[\x80-\x9f]").match
_is_blank = re.compile(f"[{_BLANK}]").match


def normalize_space(doc: Document, *, keep_no_break: bool = False) -> None:
    """Make odd spaces plain, runs of blanks one space, and take out invisible characters that do nothing.

    Web editors paste no-break spaces into sentences (`originally<NBSP>published`), page builders fill empty lines with
    zero-width joiners, mail tools pad previews with zero-width non-joiners, hyphenators leave soft hyphens inside
    words. Only the kind of a space changes, never that there is one: `Vraiment<NBSP>?` keeps its space, as French and
    Persian want it, and so does a space before a stop in English, which often is the trace of a lost link.

    Left alone: the ideographic space beside full-width characters (the indent at a line's start goes), the narrow
    no-break space inside Mongolian words, zero-width joiners and non-joiners beside letters that they shape (Arabic,
    Persian, the Indic scripts) and the joiner inside emoji, the zero-width space in scripts that write words unparted
    (Thai, Khmer, Lao, Burmese), marks of direction where a segment holds right-to-left letters, and whatever stands
    beside a stray control character: there it is half of a broken letter, and `repair_encoding`, which comes first,
    could not mend it. A line of nothing but such blanks leaves the text.
    """
    # Who sets French by the book may ask to keep it; a search, a tokenizer and a reader of English do without.
    kept = _NO_BREAK if keep_no_break else ""
    for segment in _odd_ones(doc):
        if segment.role in doc.keep:
            if _INVISIBLE_RUN.search(segment.text):
                segment.change(few(segment.text, _idle(segment.text)), rule="invisible")
            segment.change(few(segment.text, _plain(segment.text, kept)), rule="blank")
            _leave_if_empty(segment)


def _odd_ones(doc: Document) -> list[Segment]:
    """The segments that may need anything at all. Most documents have none, and this is all the time that they cost.

    Of those that nobody has edited one look at the raw text tells what there is to look for.
    """
    segments = doc.segments
    odd = {segment for segment in segments if segment.edits and _is_odd(segment.text)}
    for sign in _signs(doc.raw):
        odd.update([segment for segment in segments if sign in segment.text])
    return [segment for segment in segments if segment in odd] if odd else []


def _is_odd(text: str) -> bool:
    return text[:1] == " " or text[-1:] == " " or bool(_signs(text))


def _signs(text: str) -> set[str]:
    """What there is in a text that may need something: runs of spaces, and odd characters of each kind."""
    signs = {sign for sign in ("  ", "\t") if sign in text}
    if not text.isascii():
        # Few characters are not, and those few are searched in no time.
        others = text.encode("utf-8", "surrogatepass").translate(None, _ASCII).decode("utf-8", "surrogatepass")
        signs.update(_ANY_ODD.findall(others))
    return signs


def _idle(text: str) -> Iterator[tuple[int, int, str]]:
    """Runs of invisible characters, less those that do something where they stand.

    Each run is judged by the visible characters on its two sides, so that what stays is judged the same next time.
    """
    turns: bool | None = None
    for run in _INVISIBLE_RUN.finditer(text):
        if turns is None:
            turns = _is_right_to_left(text) is not None
        start, end = run.span()
        left, right = text[start - 1 : start] if start else "", text[end : end + 1]
        is_idle = not turns and (left + right).isascii()  # most are beside Latin letters, where none does anything
        works = [] if is_idle else [mark for mark in run.group() if _works(mark, left, right, turns=turns)]
        yield start, end, "".join(works)


@lru_cache(maxsize=4096)  # a page of emoji asks about the same few neighbours again and again
def _works(mark: str, left: str, right: str, *, turns: bool) -> bool:
    if _is_control(left) or _is_control(right):  # what is left of a letter that nobody could repair
        return True
    if mark == "\N{ZERO WIDTH SPACE}":
        parts = left and right and not _is_blank(left) and not _is_blank(right)
        return bool(parts and (_is_south_east(left) or _is_south_east(right)))
    if mark == "\N{ZERO WIDTH JOINER}" and _is_picture(left) and _is_picture(right):
        return True
    if mark in _JOINERS:
        return bool(_is_shaped(left) or _is_shaped(right))
    return turns and mark not in _FILLERS


def _plain(text: str, kept: str) -> Iterator[tuple[int, int, str]]:
    """Each run of blanks as it ought to be: nothing at the edges, one space inside."""
    for run in _BLANK_RUN.finditer(text):
        yield run.start(), run.end(), _space(run, kept)


def _space(run: re.Match[str], kept: str) -> str:
    text, blanks = run.string, run.group()
    if run.start() == 0 or run.end() == len(text):
        return ""
    left, right = text[run.start() - 1], text[run.end()]
    if _is_control(left) or _is_control(right):
        return blanks
    if _IDEOGRAPHIC in blanks and (_is_full_width(left) or _is_full_width(right)):
        return _IDEOGRAPHIC
    if blanks == "\N{NARROW NO-BREAK SPACE}" and _is_mongolian(left) and _is_mongolian(right):
        return blanks
    return blanks if blanks in kept and len(blanks) == 1 else " "


def _leave_if_empty(segment: Segment) -> None:
    if not segment.text:
        segment.mark("other", rule="blank")
