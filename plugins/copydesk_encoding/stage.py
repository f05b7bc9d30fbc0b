"""The stage `repair_encoding`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from copydesk_encoding.losses import lost_bytes

if TYPE_CHECKING:
    from copydesk.document import Document, Segment
    from copydesk_encoding.repairs import Repaired

_REMEMBERED = 1_000
"""Different broken lines whose repair is remembered: a table has fewer, and where no two are alike it costs more."""


class repair_encoding:
    """Repair mojibake, HTML entities and stray control characters, and bring letters to Unicode's composed form (NFC).

    Text that is UTF-8 but was read as Windows-1252 says `itâ€™s` for `it’s`; text that was escaped twice says
    `Smith &amp; Sons`; text out of a terminal has colour codes in it. ftfy knows these defects, and this stage is ftfy,
    asked about the broken lines alone. One search tells whether a document holds anything that ftfy could touch; nine
    in ten do not.

    Left alone: curly quotes, ligatures and full-width forms (unless asked for), joiners and direction marks, which
    Persian, Hindi and Arabic need, and the characters that ftfy does not believe to be broken, as in an article that
    quotes `Ã` or `â€`. Where bytes were lost, nothing is invented: the document gets the flag `lost-bytes`. What
    holds more than 10,000 different broken lines and pieces is no article: the rest of them stay, with `mojibake-left`.
    """

    def __init__(
        self,
        *,
        # An entity in running text is an exporter's slip; articles that teach HTML are rare, and can switch it off.
        decode_entities: bool = True,
        # Curly quotes are correct typography, and other stages read them as such.
        straighten_quotes: bool = False,
        # Some fonts' `ﬁ` comes from PDF, but Dutch `ĳ` and Croatian `ǆ` are letters that somebody typed.
        fold_ligatures: bool = False,
        # Full-width forms are the normal punctuation of Chinese and Japanese.
        fold_width: bool = False,
    ) -> None:
        from copydesk_encoding.repairs import Repairs  # noqa: PLC0415 (ftfy loads when the stage is built, not before)

        asked = {"ligatures": fold_ligatures, "quotes": straighten_quotes, "width": fold_width}
        options = tuple(name for name, wanted in asked.items() if wanted)
        self._repairs = Repairs(options, entities=decode_entities)

    def __call__(self, doc: Document) -> None:
        segments, suspects = doc.segments, self._repairs.suspects
        text = doc.raw
        is_sound = self._repairs.sound(text) or not suspects.search(text)
        if not is_sound or any([segment.edits for segment in segments]):  # noqa: C419 (three times as quick)
            self._repair(doc, [segment for segment in segments if suspects.search(segment.text)])
            text = "\n".join([segment.text for segment in segments])
        if lost_bytes(text):
            doc.flag("lost-bytes")

    def _repair(self, doc: Document, segments: list[Segment]) -> None:
        from copydesk_encoding.mojibake import Mojibake  # noqa: PLC0415 (as above)

        mojibake = Mojibake(len(doc.raw))
        known: dict[str, Repaired] = {}  # lines of tables and lists come again, with their defects
        for segment in segments:
            found = known.get(segment.text)
            if found is None:
                found = self._repairs.of(segment.text, mojibake)
                if len(known) < _REMEMBERED:
                    known[segment.text] = found
            for flag in found.flags:
                doc.flag(flag)
            for rule, changes in found.steps:
                segment.change(changes, rule=rule)
        if mojibake.is_left:
            doc.flag("mojibake-left")
