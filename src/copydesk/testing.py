"""For plugin authors: checks that a stage keeps what every stage must keep.

from copydesk.testing import check_stage
def test_my_stage_conforms():
    check_stage(my_stage)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from copydesk.document import BLANKS, Document
from copydesk.ledger import restore, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

TEXTS = {
    "empty": "",
    "blank": " \t\r\n\n \v\f",
    "one line": "The minister resigned on Monday.",
    "no line end": "word " * 2_000,
    "only line ends": "\n" * 500,
    "an article": (
        "Bridge reopens after repairs\n\nBy Ada Quill\n\nMARLOW (AP) — The old bridge over the river reopened "
        "on Monday, a week earlier than planned.\n\n“We are relieved,” the mayor said.\n\nFollow us on Facebook!\n"
    ),
    "windows line ends": "Erste Zeile.\r\nZweite Zeile.\r\n\r\nDritte Zeile.\r\n",
    "right to left": "قال الوزير إن الجسر أُعيد فتحه.\n\u200fهذا سطر آخر \u202bمع علامات\u202c.\nהגשר נפתח מחדש.",
    "emoji": "👩\u200d👩\u200d👧\u200d👦 family 🇺🇳 flag ✊🏿 skin\n🙂",
    "combining marks": "e\u0301a\u0316\u0300 " + "a\u0300" * 40 + "\u0301 alone",
    "controls": "a\x00b\x07c\x1b[31md\x7f\x85e\u2028f\u2029g",
    "odd spaces": "\u00a0a\u00a0b\u2009c\u200bd\u202fe\ufefff\u3000g\u00ad",
    "lone surrogate": "before \ud800 after",
    "no letters": "12 345 — 67 % … !!!",
    "Chinese": "新华社北京四月九日电 大桥星期一重新开放。\n记者获悉，工程提前完成。",
    "mojibake": "Itâ€™s over, the ministerÂ\u00a0said.",
    "huge": "A sentence of quite ordinary length that stands here many times over. " * 3_000,
    "many lines": "x\n" * 5_000,
}
"""Texts that have broken stages before."""


def check_stage(stage: Callable[[Document], Any], texts: Mapping[str, str] | None = None) -> None:
    """Hold a stage to what all stages must keep, over TEXTS and `texts`. Raises AssertionError that says what it broke.

    It returns nothing; the segments stay a partition of the raw text; the raw text can be restored; two runs do the
    same; and nothing of what it is given makes it raise.
    """
    name = getattr(stage, "__name__", type(stage).__name__)
    for label, text in {**TEXTS, **(texts or {})}.items():
        doc = marked(stage, text, name)
        check_partition(doc, f"{name} on {label!r}")
        clean, ledger = settle(doc)
        assert restore(clean, ledger) == doc.raw, f"{name} on {label!r}: the raw text cannot be restored"
        again = marked(stage, text, name)
        assert (clean, ledger, doc.facts) == (*settle(again), again.facts), f"{name} on {label!r}: two runs differ"


def marked(stage: Callable[[Document], Any], text: str, name: str = "stage") -> Document:
    """A document of the text that one stage has marked."""
    doc = Document(text)
    doc.signed_by(name)
    result = stage(doc)
    assert result is None, f"{name} returned {type(result).__name__}; a stage marks the document and returns nothing"
    return doc


def check_partition(doc: Document, where: str = "") -> None:
    """The segments stand in order, do not overlap, and between them lie blanks alone."""
    place = 0
    for segment in doc.segments:
        assert place <= segment.start <= segment.end, f"{where}: segments overlap at {segment.start}"
        assert not doc.raw[place : segment.start].strip(BLANKS), (
            f"{where}: text before {segment.start} is in no segment"
        )
        place = segment.end
    assert not doc.raw[place:].strip(BLANKS), f"{where}: text at the end is in no segment"


def differences(expected: Mapping[str, Any], record: Mapping[str, Any]) -> list[str]:
    """Where a record is not as expected, a sentence each. A mapping may hold more than is expected; a list may not."""
    return [sentence for name, value in expected.items() for sentence in _differences(name, value, record.get(name))]


def _differences(name: str, expected: Any, found: Any) -> Iterable[str]:
    if isinstance(expected, dict) and isinstance(found, dict):
        for key, value in expected.items():
            yield from _differences(f"{name}.{key}", value, found.get(key))
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for number, (value, other) in enumerate(zip(expected, found, strict=True)):
            yield from _differences(f"{name}[{number}]", value, other)
    elif expected != found and not (expected is None and not found):
        yield f"{name} is {found!r}, not {expected!r}"
