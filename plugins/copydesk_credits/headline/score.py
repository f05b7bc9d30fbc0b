"""Where the headline stands: the head of a page read as a sequence, from the lines' form, place and neighbours.

Kicker, headline, dek, byline, time, picture and first paragraph stand in about this order, whichever are there. So a
line is weighed by what it is made of and by what stands below it: a time or byline within a few lines, a paragraph
that says the same words. The stage for bylines asks here first, and looks for names around the headline.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from functools import cached_property
from itertools import accumulate, islice
from typing import TYPE_CHECKING, NamedTuple

from copydesk.prose import ends_sentence, kept, words
from copydesk_credits.headline.address import agreement
from copydesk_credits.layout import FIRST_PERSON, is_entry, is_filed

if TYPE_CHECKING:
    from copydesk_credits.layout import Layout

_WEIGHTS = {
    "dateline next": 30,
    "said in the address": 30,
    "said below": 17,
    "quote first": 15,
    "signed next": 14,
    "signed after one": 13,
    "the story's topic": 13,
    "few lines to a paragraph": 12,
    "below a crumb": 11,
    "signed above": 11,
    "title above repeats it": 11,
    "signed further below": 10,
    "a title's capitals": 9,
    "colon inside": 9,
    "said in the first paragraph": 8,
    "figure first": 8,
    "near the top": 8,
    "title repeats it": 7,
    "first": 6,
    "paragraph next": 6,
    "usual length": 2,
    "in the story": -7,
    "below the first paragraph": -7,
    "three or four words": -8,
    "hardly common": -8,
    "good lines above": -8,
    "colon": -10,
    "good line above": -10,
    "long": -12,
    "page marks": -17,
    "two words": -20,
    "two sentences": -20,
    "full stop": -25,
    "deep in the story": -26,
}
"""What speaks for a line as the headline, and against it, in tenths. Fitted by a logistic choice among the lines of
each dev page (fundus, wcxb, the hand-labelled roles, some wire copy: 1 750 pages), then rounded; of pages by other
publishers than it was fitted on it finds as many. Set by hand are the dateline, for wire copy, the address (of 15, 30
and 45 tenths the best on one half of the publishers) and the quote, which a longer dek below it outweighed."""

_TOLD = ("said below", "the story's topic", "said in the first paragraph", "title repeats it", "title above repeats it")

_TWO = 14
_SENTENCE_WITHIN = re.compile(r"\w{3}[.?!][”»“\"]? [^\W\d_a-zß-ÿ]")
"""In a line of more words another sentence begins: it is a dek."""

LEAST, _CLEAR = 37, 48
"""The score that a headline needs: "none of the lines", fitted as one more choice. With the higher one nothing beside
its words need say that it is one."""

_BELOW = 120
"""So many blocks below the start of the weightiest stretch a headline may stand: a story of many short lines weighs
less than the teasers above it."""
_MOST_TOLD = sum(_WEIGHTS[name] for name in _TOLD)
_NOWHERE, _FINALISTS = 1_000, 12
"""So many lines, the best by form and place, are compared with the paragraphs below them."""
_TOPIC, _OFTEN = 20_000, 3
"""What the story, in so many characters, says so many times is its topic."""
_SIGNED = 2
"""So few lines below what stands under a paragraph a time or byline says that it is a headline."""
_PARAGRAPHS, _REACH, _READ = 6, 60, 600
"""A line is compared with so many paragraphs below it, not further than so many blocks, so many characters of each."""
_CRUMBS = 4
"""So many lines above the headline a page's path stands, in one line or in several."""
_NAMED, _TEASERS = 0.6, 1
"""A line with so much in common with the address is a headline even below so many paragraphs. On the dev pages those
are teasers; below more stand cross-heads that match, of a story whose headline is not in the text."""
_LONG = 300
"""Characters: no headline is so long, and its words need not be looked at."""
_TELLING = 15
"""Characters: what is shorter stands in other lines by chance."""
_EAST = re.compile("[\u2e80-\U0010ffff]")
_WORD = re.compile(r"\w+")
_STEM = re.compile(r"\b\w{4,6}")
_CRUMB = re.compile(
    r"(?:home|startseite|accueil|inicio|blog|news|articles|resources|breadcrumb)\W*$|.{0,80}[>›]|.* / ", re.IGNORECASE
)
_PAGE_MARKS = re.compile(r"[|»•]|(?:^|\s)>|\s{3}")
_YOU = re.compile(r"\b(?:[Yy]ou|[Yy]our|Sie|Ihre?[nmrs]?|du|dein\w*|[Vv]ous|[Vv]otre|tu|usted|tú|Lei)\b")
_NEVER = re.compile(
    r"(?i:that['’]s (?:it|all) (?:from|for)\b|dear [\w .'’-]{2,30}[:,]|eds?:\s|[a-z]{2}-[^\s]+--)"
    r"|(?:Par|Por) [A-ZÀ-Þ][\w'’-]+ [A-ZÀ-Þ][\w'’-]+(?:$|,| ?\()"
    r"|(?:Fuente de la imagen|Pie de foto|Image source|Image caption|Crédito|Legenda da foto|Légende image)[,:] ?"
    r"|(?:[来來]源|作者|[时時][间間]|[编編][辑輯]|[记記]者)\s*[:：]"
)
"""What no title opens with: a live blog's last words, a salutation, a wire's slug, its notes to editors, a byline, a
picture's label, the labels of who wrote it and where it comes from."""
_CREDIT_ENDS = re.compile(
    r"(?:\((?:foto|photo|bild|imagen|image)[:s ][^()]*\)|\b(?:afp|ap|efe|epa|reuters|getty|dpa) ?/ ?\w[^/]{0,40})$",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"“„«»‹「『]\s?(?:[^\s\"”“»«›」』]+\s){2,30}[^\s\"”“»«›」』]+\s?[\"”“»«›」』]")
"""Three words or more in quotes: not a page's arrow (« Older posts), nor a single name."""
_POST = re.compile(r"[^,.!?:]{3,60}, (?:da )?BBC News(?: \w+)?")
"""What a reporter is, on a line of its own: "Harbour correspondent, BBC News"."""
_OUTER = "\"'“”‘’«»„‚‹›「」『』 \N{NO-BREAK SPACE}\N{ZERO WIDTH SPACE}"


def headline(layout: Layout) -> int | None:
    """The number of the block that is the headline, if one earns its place; the layout keeps it."""
    if not layout.weighed:
        layout.headline, layout.weighed = _best(layout), True
    return layout.headline


def _best(layout: Layout) -> int | None:
    if layout.start >= len(layout.blocks):
        return None
    head = Head(layout)
    ranked = sorted(((head.at_first_sight(number), -number) for number in head.candidates()), reverse=True)
    best, place = 0, 0
    for score, number in ranked[:_FINALISTS]:
        if score + _MOST_TOLD < max(best, LEAST):
            break
        best, place = max((best, place), (score + head.told_below(-number), number))
    earned = best >= _CLEAR or (best >= LEAST and head.sure(-place))
    return head.upper(-place) if earned else None


class _Said(NamedTuple):
    """How many lines say exactly this, how often lines say it and more, and whether the first that does says more.

    Those that say more are the page's title, or a path that ends on it.
    """

    exact: int
    longer: int
    more_first: bool


class Head:
    """How much each line around the start of the story looks like its headline."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.texts = [segment.text.strip() for segment in layout.blocks[: layout.start + _BELOW + _REACH]]
        lines = (kept and not prose for kept, prose in zip(layout.open, layout.prose, strict=True))
        self.lines = list(accumulate(islice(lines, len(self.texts)), initial=0))
        self._signed = layout.signatures(len(self.texts))

    def candidates(self) -> list[int]:
        """The lines that may be it: of a dispatch those above its dateline alone.

        Of a text without a page around it those above its first paragraph, or signed above its second: further down
        stand cross-heads.
        """
        start, told = self.layout.start, self._paragraphs
        filed = (number for number in told if number <= start and is_filed(self.texts[number]))
        first = last = next(filed, min(len(self.texts), start + _BELOW))
        if all(self.layout.open):
            first, last = min([last, *told[:1]]), min([last, *told[1:2]])
        below = (number for number in range(first, last) if self._signature(number) <= _SIGNED)
        return [number for number in (*range(first), *below) if self._may_be(number)]

    def _may_be(self, number: int) -> bool:
        layout, text = self.layout, self.texts[number]
        segment = layout.blocks[number]
        decided = segment.by is not None or not layout.open[number]
        if (decided and segment.role != "duplicate") or not 4 <= len(text) <= 260 or not 2 <= words(text) <= 30:
            return False
        if (layout.prose[number] or _stops(text)) and not (self._credited(number) or self._calls(number)):
            return False
        if never_a_title(text) or number in self._questions:
            return False
        return number <= layout.start or self._signature(number) <= 4 or self._filed(number) or self._named(number)

    def _named(self, number: int) -> bool:
        """Whether the address says what a line says: it may stand below a teaser that looks like the story's start."""
        return self._depth(number) <= _TEASERS and self._addressed(number) >= _NAMED

    def _calls(self, number: int) -> bool:
        """Whether a line as long as a paragraph is a title that asks or calls."""
        return not _stops(self.texts[number]) and self._named(number)

    @cached_property
    def _questions(self) -> frozenset[int]:
        """The questions of an interview, two or more: lines that ask "you", right above one who answers as "I"."""
        asked = [n for n, text in enumerate(self.texts[:-1]) if text.endswith("?") and _YOU.search(text)]
        answered = [n for n in asked if self.layout.prose[n + 1] and FIRST_PERSON.search(self.texts[n + 1], 0, _READ)]
        return frozenset(answered if len(answered) > 1 else ())

    def _credited(self, number: int) -> bool:
        """Whether a stage before found a byline or time right below, or a dispatch opens below the first short line."""
        below = self.layout.blocks[number + 1].role if number + 1 < len(self.texts) else ""
        return below in ("byline", "time") or (number == 0 and not self.layout.prose[0] and self._filed(0))

    def _filed(self, number: int) -> bool:
        """Whether the next block, or the one after a byline, opens with a dateline."""
        for below in range(number + 1, min(number + 4, len(self.texts))):
            if self.layout.open[below]:
                return is_filed(self.texts[below])
        return False

    def _signature(self, number: int) -> int:
        """How far below a byline or time stands; so far that nothing counts it where there is none."""
        at = bisect_right(self._signed, number)
        return self._signed[at] - number if at < len(self._signed) else _NOWHERE

    def sure(self, number: int) -> bool:
        """Whether something beside the line's words says headline: a signature below, a twin, or its place on top."""
        layout = self.layout
        if self._signature(number) <= 4 or self._filed(number):
            return True
        said = self._said(number)
        if said.longer or said.exact == 2:
            return True
        between = self.lines[max(number, layout.start)] - self.lines[number]
        if not all(layout.open[number + 1 : layout.start + 1]):
            return number < layout.start and between <= 4
        return number < layout.start and (not any(layout.open[:number]) or between <= 3)

    def upper(self, number: int) -> int:
        """The headline of a run of titles that opens the text: its first; the others are a dek, or a first question."""
        said = self._said(number) if number and all(self.layout.open[:number]) else None
        if said is None or said.longer or said.exact > 1 or self._named(number):
            return number
        titles = [above for above in range(number) if self._is_title(above, number)]
        return titles[0] if titles == list(range(number - len(titles), number)) and titles else number

    def _is_title(self, number: int, below: int) -> bool:
        """Whether a line above a headline is a title itself: it says what the story says.

        Something of it is enough right above a longer line, which is its dek.
        """
        text, own = self.texts[number], stems(self.texts[number])
        if not self._may_be(number) or not _is_clause(text) or text.endswith(":") or _PAGE_MARKS.search(text):
            return False
        common = len(own & self._story(number)[0])
        short = number == below - 1 and words(text) < words(self.texts[below])
        return not self.layout.signed(number) and common > 0 and (short or len(own) <= 2 * common)

    def at_first_sight(self, number: int) -> int:
        """What a line's form and place say for it."""
        place = sum(_WEIGHTS[name] for name, holds in self._place(number) if holds)
        return by_form(self.texts[number]) + place + round(_WEIGHTS["said in the address"] * self._addressed(number))

    def _addressed(self, number: int) -> float:
        return agreement(self.texts[number], self.layout.title)

    def _place(self, number: int) -> list[tuple[str, bool]]:
        signature = self._signature(number)
        gap = self._gap(number)
        inside = self._depth(number)
        above = self.lines[number]
        return [
            ("signed next", signature == 1),
            ("signed after one", signature == 2),
            ("signed further below", signature <= 8),
            ("signed above", number > 0 and self.layout.signed(number - 1)),
            ("dateline next", self._filed(number)),
            ("below a crumb", any(map(_is_crumb, self.texts[max(0, number - _CRUMBS) : number]))),
            ("first", above == 0),
            ("near the top", above <= 8),
            ("paragraph next", gap <= 3),
            ("few lines to a paragraph", gap <= 10),
            ("below the first paragraph", number > self.layout.start),
            ("in the story", inside >= 1),
            ("deep in the story", inside >= 3),
        ]

    @cached_property
    def _paragraphs(self) -> list[int]:
        return [number for number in range(len(self.texts)) if self.layout.prose[number]]

    def _gap(self, number: int) -> int:
        """How many lines stand between a line and the next paragraph."""
        at = bisect_right(self._paragraphs, number)
        end = self._paragraphs[at] if at < len(self._paragraphs) else len(self.texts) - 1
        return self.lines[max(number + 1, end)] - self.lines[number + 1]

    def _depth(self, number: int) -> int:
        """How many paragraphs of the weightiest stretch stand above a line."""
        return max(0, bisect_left(self._paragraphs, number) - bisect_left(self._paragraphs, self.layout.start))

    def told_below(self, number: int) -> int:
        """What the paragraphs below a line and the lines around it say for it."""
        own, story, first = stems(self.texts[number]), *self._story(number)
        said = self._said(number)
        marks = [
            ("hardly common", len(own & story) <= 1),
            ("title repeats it", said.longer > 0),
            ("title above repeats it", said.longer > 0 and said.exact == 1 and said.more_first),
            ("good line above", self._good(number - 1, story)),
            ("good lines above", any(self._good(n, story) for n in range(number - 4, number - 1))),
        ]
        shares = _WEIGHTS["said below"] * len(own & story) / max(1, len(own))
        shares += _WEIGHTS["the story's topic"] * sum(map(self._is_topic, own)) / max(1, len(own))
        shares += _WEIGHTS["said in the first paragraph"] * min(3, len(own & first)) / 3
        return round(shares) + sum(_WEIGHTS[name] for name, holds in marks if holds)

    def _story(self, number: int) -> tuple[frozenset[str], frozenset[str]]:
        """The stems of the first paragraphs below a line, and those of the very first."""
        at = bisect_right(self._paragraphs, number)
        near = [n for n in self._paragraphs[at : at + _PARAGRAPHS] if n <= number + _REACH]
        told = [stems(self.texts[n][:_READ]) for n in near]
        return frozenset().union(*told), told[0] if told else frozenset()

    @cached_property
    def _told(self) -> str:
        """The paragraphs of the weightiest stretch, in small letters."""
        layout = self.layout
        told = [layout.blocks[number].text for number in range(layout.start, layout.end) if layout.prose[number]]
        return " ".join(told)[:_TOPIC].casefold()

    def _is_topic(self, stem: str) -> bool:
        return self._told.count(stem) >= _OFTEN

    @cached_property
    def _cased(self) -> list[tuple[str, str]]:
        """The shorter lines, each with its letters small."""
        return [(text, text.casefold()) for text in self.texts if len(text) < _LONG]

    def _said(self, number: int) -> _Said:
        """How often the lines say what a line says. Most are told apart by the longest word of it."""
        said = fold(self.texts[number])
        longest = max(said.split(), key=len, default="")
        lines = [line for text, cased in self._cased if longest in cased and said in (line := fold(text))]
        longer = sum(line.count(said) for line in lines if line != said) if len(said) > _TELLING else 0
        return _Said(lines.count(said), longer, bool(lines) and lines[0] != said)

    def _good(self, number: int, story: frozenset[str]) -> bool:
        """Whether a line could be a headline by its own words: one below it is its dek, then, or a cross-head."""
        if number < 0 or not self.layout.line(number) or self.layout.blocks[number].by is not None:
            return False
        text, own = self.texts[number], stems(self.texts[number])
        if not 4 <= words(text) <= 30 or text.endswith(".") or self.layout.signed(number):
            return False
        common = len(own & story)
        return common >= 2 and common * 2 >= len(own)


def never_a_title(text: str) -> bool:
    """Whether a line has the form of something else: a live blog's entry, a letter's salutation, a slug, a caption."""
    credited = ("/" in text or text.endswith(")")) and _CREDIT_ENDS.search(text)
    return bool(credited) or _NEVER.match(text) is not None or _POST.fullmatch(text) is not None or is_entry(text)


def _stops(text: str) -> bool:
    """Whether a line ends as a sentence does that neither asks nor calls."""
    return ends_sentence(text) and text.rstrip(_OUTER)[-1:] in ".。"


@kept
def _is_crumb(text: str) -> bool:
    """Whether a line is of a page's path: "Home", or "Home / News / Ports"."""
    return len(text) < _LONG and _CRUMB.match(text) is not None


def _is_clause(text: str) -> bool:
    """Whether a line says something: five words, or of fewer two long ones that are small, "Mill opens again"."""
    return words(text) >= 5 or sum(word[0].islower() and len(word) > 3 for word in text.split()) >= 2


def _is_titled(text: str) -> bool:
    """Whether nearly all of a line's words have a capital, as English prints its titles."""
    words_of_it = [word for word in text.split() if word[0].isalpha()]
    return len(words_of_it) > 3 and sum(word[0].isupper() for word in words_of_it) > len(words_of_it) * 0.7


@kept
def by_form(text: str) -> int:
    """What a line's own form says for it as a headline, or against it."""
    count = words(text)
    marks = [
        ("two words", count == 2),
        ("three or four words", count in (3, 4)),
        ("usual length", 7 <= count <= 20),
        ("long", count >= 22),
        ("full stop", _stops(text)),
        ("two sentences", count > _TWO and _SENTENCE_WITHIN.search(text) is not None),
        ("colon", text.endswith(":")),
        ("colon inside", ": " in text),
        ("page marks", _PAGE_MARKS.search(text) is not None),
        ("figure first", text[:1].isdigit()),
        ("quote first", _QUOTED.match(text) is not None),
        ("a title's capitals", _is_titled(text)),
    ]
    return sum(_WEIGHTS[name] for name, holds in marks if holds)


@kept
def stems(text: str) -> frozenset[str]:
    """The longer words of a text, cut to six letters so that its forms agree; of Chinese each pair of signs."""
    if text.isascii() or not _EAST.search(text):
        return frozenset(_STEM.findall(text.casefold()))
    found = set(_WORD.findall(text.casefold()))
    east = {word for word in found if _EAST.match(word)}
    pairs = {word[n : n + 2] for word in east for n in range(len(word) - 1)}
    return frozenset(pairs | {word[:6] for word in found - east if len(word) > 3})


@kept
def fold(text: str) -> str:
    """The words of a text alone, in small letters."""
    return " ".join(_WORD.findall(text.casefold()))
