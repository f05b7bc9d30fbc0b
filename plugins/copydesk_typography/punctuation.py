"""Wrong punctuation, where it is beyond doubt what was meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from copydesk_typography.accents import mend_apostrophes
from copydesk_typography.edits import few
from copydesk_typography.quotes import mend_doubled_accents, turn_quotes
from copydesk_typography.reading import as_it_reads

if TYPE_CHECKING:
    from copydesk.document import Document

_STRAIGHT = dict.fromkeys("“”„‟", '"') | dict.fromkeys("‘’‚‛", "'")
_CURLY = re.compile(f"[{''.join(_STRAIGHT)}]")


def normalize_punctuation(doc: Document, *, straighten: bool = False) -> None:
    """Turn quotation marks that stand the wrong way round, and make accents that stand for an apostrophe apostrophes.

    Word processors decide by the space before it which way a mark looks: `“We will stay, “ she said` has an opening
    mark where the quotation closes. It is turned, and the space before it goes, only where nothing else can be meant:
    the quotation is open, the mark follows a comma or a stop, a word follows the mark, and all other marks of the
    segment then open and close in turn. Likewise `”We will stay,” she said`.

    An accent typed for an apostrophe (`the state´s`, `l´homme`) is mended before the endings and after the words that
    take one, unless the same accent stands anywhere else too: then it may belong to a letter (`Me´xico`, as PDF tools
    leave it), to code, or to a transcription (`Qur`an`). The ``quotes'' of wire services and TeX become quotation
    marks, where they stand in pairs.

    Left alone: a quotation that opens on each of its paragraphs and closes on the last, for that is how it is done; the
    ways of other countries („so“, „tak”, ”så”, »så«, « ainsi », 「如」); texts that mix two of them; and whatever is
    merely unbalanced. Correct marks keep their style: straight ones are never curled.
    """
    text = as_it_reads(doc)
    has_accents = "`" in text or "´" in text
    if has_accents:
        mend_doubled_accents(doc)
        text = as_it_reads(doc)
    turn_quotes(doc, text)
    if has_accents:
        mend_apostrophes(doc)
    # On request only: curly marks are good typography, but some models and tokenizers know only straight ones.
    if straighten:
        for segment in doc.story:
            marks = [(mark.start(), mark.end(), _STRAIGHT[mark.group()]) for mark in _CURLY.finditer(segment.text)]
            segment.change(few(segment.text, marks), rule="straighten")
