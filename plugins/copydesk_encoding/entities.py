"""HTML entities in running text.

A page's text that was escaped once too often is common; an article that shows entities to its reader is rare, and can
switch the decoding off. Every line is judged by itself: in ftfy one `<` switches it off from there to the text's end.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ftfy.fixes import unescape_html

from copydesk.document import breaks_line

_AMPERSAND = "(?:amp|AMP|#0{0,20}38|#[xX]0{0,20}26);"

# An ampersand that was escaped once or more, and what follows it: one match whatever the depth. Undone one level a
# round, 16,000 levels take half a minute. Of the entities without a semicolon only `&nbsp` is common, and is no word.
_ENTITY = rf"&(?:{_AMPERSAND})*(?:#?[0-9A-Za-z]{{1,24}};|nbsp(?![0-9A-Za-z;=]))?"
_ANY = re.compile(_ENTITY)
_LEADING = re.compile(rf"&(?:{_AMPERSAND})+")
_DEEP = re.compile(rf"&(?:{_AMPERSAND}){{4}}")

# In a line with tags `&lt;` and `&gt;` stay, because there they tell an example from the markup.
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9]*(?:\s[^<>]*)?/?>|<!--")
_BESIDE_TAGS = re.compile(rf"(?!&(?:{_AMPERSAND})*(?:lt|LT|gt|GT|#0*6[02]|#[xX]0*3[cCeE]);){_ENTITY}")


def entity_pattern(text: str) -> re.Pattern[str]:
    """What is to be decoded in a line of text."""
    return _BESIDE_TAGS if _TAG.search(text) else _ANY


@lru_cache(maxsize=1024)  # a text has few kinds of them, each many times; none is longer than its pattern allows
def _decoded(plain: str) -> str:
    character = "\N{NO-BREAK SPACE}" if plain == "&nbsp" else unescape_html(plain)
    return " " if breaks_line(character) else character


def decode_entity(entity: str) -> str:
    """One entity's character, however often it was escaped: `&amp;amp;eacute;` is `é`.

    One that would break the line becomes a space; `&nbsp;` becomes a no-break space, which is the typographer's trade.
    """
    return _decoded(_LEADING.sub("&", entity))


def too_deep(text: str) -> bool:
    """Whether an ampersand was escaped more than three times: no exporter does that, but a loop or an attack."""
    return "&" in text and _DEEP.search(text) is not None
