"""What the words beside a picture look like, and what only looks like them."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from copydesk.prose import ends_sentence, sentences, words
from copydesk.rules import house_words
from copydesk_credits.picture.vocabulary import either, picture_words

if TYPE_CHECKING:
    from collections.abc import Sequence

LONG = (130, 6)
"""Words and sentences of a caption that a sure credit closes.

Of 260 captions in the fundus test pages the longest has 72 words in three sentences, of 103 in roles.jsonl one by Getty
has 100 in five.
"""

SHORT = (60, 3)
"""The same where the credit has no label, or where text goes on behind it."""

CLOSED = (60, 2)
"""The same where the bare name of an agency closes the block, which may be the sign-off of a story."""

BESIDE = ((30, 1), (24, 2))
"""The same for a block above a credit's own line. Nine in ten captions of the fundus pages have 28 words or fewer."""

_SIDES = r"(?:l|r|li|re|left|right|cent(?:er|re)|links|rechts|m|M|g|d|à (?:gauche|droite)|izq|dcha|izquierda|derecha)"
_SIGNS = re.compile(
    rf"\({_SIDES}\.?\)|[（(][左右中]|,? (?:second |third |far )?(?:left|right|cent(?:er|re)),"
    r"|,? (?:second|third) from (?:left|right)\b|\b(?:pictured|seen (?:here|above)|file photo|im Bild|Aufnahme vom"
    r"|in this (?:\w+ )?(?:photo|image|picture)|Archiv(?:bild|foto)|Symbol(?:bild|foto))\b"
)
_ITEM = re.compile(r"[\d#]+\s*(?:[.):]|\s)|[•*–-]\s|.*\bhttps?:")
_CLOCK = re.compile(r"\b\d{1,2}[:.h]\d\d\b")
_STOP = re.compile("[.!?…؟۔।。！？]")
_NUMBER = re.compile(
    r"^(?:[^\W\d_]+ )?\d{1,3} ?(?:of|von|de|sur|di|van|av|/) ?\d{1,3} ?(?:[|:]|(?<=\d) (?=[A-ZÀ-Þ]))\s*"
)
_LONG_WORD = re.compile(r"\w{5,}")


@cache
def _tells() -> re.Pattern[str]:
    """What tells that somebody says something, or opens a sentence about somebody named before, in any language."""
    house = house_words()
    verbs = "|".join(words for name, words in house.items() if name.startswith("says_"))
    return re.compile(rf"^(?:{house['pronoun']})\b|\b(?:{verbs})\b|[\"”»“]\s?,")


@cache
def _writers() -> tuple[re.Pattern[str], ...]:
    """The forms of what names who wrote a story, or who sent it."""
    words = picture_words()
    return (
        re.compile(rf"(?i)(?:{either(words['writer_label'])})\s?:\s*\w+(?: [\w.'’-]+){{1,3}}\s*[/|,–-]?$"),
        re.compile(rf"(?i)(?:{either(words['source_label'])})\s?:\s*\w+(?: [\w.'’-]+){{0,3}}\W*$"),
        re.compile(rf"(?:{either(words['byline_opener'])})\s+[A-ZÀ-Þ][\w.'’-]*(?: [\w.'’-]+){{1,8}}\s*[/|,;·–-]?$"),
    )


@cache
def _wrote_too() -> re.Pattern[str]:
    words = picture_words()
    return re.compile(rf"(?i)(?:{either(words['written'])})\s+(?:{either(words['joint'])})$")


@cache
def _signed() -> re.Pattern[str]:
    return re.compile(rf"(?i)(?:{either(picture_words()['signed'])})\b")


def fits(text: str, *most: tuple[int, int]) -> bool:
    """Whether a text has at most so many words in so many sentences, by one of the measures."""
    size, stops = words(text), len(_STOP.findall(text))
    return any(
        size <= most_words and (stops < most_sentences or len(sentences(text)) <= most_sentences)
        for most_words, most_sentences in most
    )


def names_writer(text: str) -> bool:
    """Whether words beside a credit name who wrote the story, or who sent it: "Text: Ada Quill  Photo: Ben Marsh"."""
    return any(form.match(text.strip()) for form in _writers())


def wrote_too(text: str) -> bool:
    """Whether who took the picture wrote the story as well, by the words before the label: "Text and photos: ..."."""
    return _wrote_too().match(text.strip()) is not None


def opens_byline(text: str) -> bool:
    """Whether a line of the head opens as a byline does."""
    return _signed().match(text) is not None


def has_words(text: str) -> bool:
    """Whether there is anything but marks and blanks."""
    return any(map(str.isalnum, text))


def opens_text(text: str) -> bool:
    """Whether a text begins as a sentence does, and is no mere word or two."""
    first = next((char for char in text if char.isalnum()), "")
    return not first.islower() and words(text) > 4


def plain(text: str) -> str:
    """The words of a caption, without its number in a gallery and the strokes that part it from its credit."""
    return _NUMBER.sub("", " ".join(text.split())).strip(" |–—-/,;•")


def is_captionlike(text: str) -> bool:
    """Whether a block could be a caption at all.

    Short, and no question, item of a list, clock time or speech, nor the title of another story, nor a Japanese or
    Chinese sentence with its stop: captions have none.
    """
    if words(text) < 4 or not fits(text, *BESIDE) or text.endswith((":", "?", "!", "。")):
        return False
    return not (_ITEM.match(text) or _CLOCK.search(text) or _tells().search(text))


def is_sure_caption(text: str) -> bool:
    """Whether a block tells who stands where in the picture, or that it is one."""
    return _SIGNS.search(text) is not None and fits(text, SHORT)


def is_dek(text: str, above: str) -> bool:
    """Whether a sentence under a headline is about the same: they share a word."""
    return _is_headline(above) and not _long_words(text).isdisjoint(_long_words(above))


def names_what_is_seen(text: str, earlier: Sequence[str]) -> bool:
    """Whether a block without a stop is a caption and no heading.

    A caption names somebody behind its first word, is not set as a title, and the headline stands before it already.
    """
    names = [word for word in text.split() if word[:1].isalpha()]
    capitals = sum(word[:1].isupper() for word in names)
    if capitals > 0.7 * len(names) or not any(word[:1].isupper() for word in text.split()[1:]):
        return False
    return any(map(_is_headline, earlier)) and not any(_is_again(text, other) for other in earlier)


def _is_headline(text: str) -> bool:
    return 4 <= words(text) <= 25 and not ends_sentence(text)


def _is_again(text: str, other: str) -> bool:
    one, two = plain(text), plain(other)
    return words(other) > 2 and (one in two or (two in one and 2 * len(two) > len(one)))


def _long_words(text: str) -> set[str]:
    return set(_LONG_WORD.findall(text.casefold()))
