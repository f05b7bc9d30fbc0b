"""The stage `extract_notice`: where a reprint comes from, in its own words."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from copydesk.facts import Source
from copydesk.prose import sentences
from copydesk_credits.house import house_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from copydesk.document import Document, Segment
    from copydesk.rules import Hit, Rule

Relation = Literal["reprint", "excerpt", "translation", "adaptation"]

ROUNDS = 8
"""A rule reaches to the end of its block, so a block's next notice is seen when the first is out. Four are many."""

_MONTH = (
    r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mon|Tues|Wednes|Thurs|Fri|Satur|Sun|Januar|Februar|März|Mai"
    r"|Juni|Juli|Okt|Dez|janvier|février|mars|avril|mai|juin|juillet|août|ene|abr|ago|dic)"
)
_NAME_ENDS = re.compile(
    rf"""
    ,?\s+(?:and|but|et|y|e|und)\s+(?:is|was|has|it|are|can|appears|appeared|re\w+ed|est|fue|ist|wird|é|è)\b
    | ,?\s+(?:with|by|avec|mit|con)\s+(?:the\s+)?(?:kind\s+|l['’](?:aimable\s+)?)?
      (?:permission|autorisation|freundlicher|permiso)
    | \s+(?:under|sous|unter|bajo|sob)\s+(?:a|the|an|licence|einer|una|uma|Creative|CC)\b
    | ,?\s+(?:on|am|le|el|em|il)\s+(?=\d|{_MONTH})
    | ,\s+(?=\d|{_MONTH}[a-z]*\.?\s+\d) | ,?\s+in\s+(?=\d{{4}}|{_MONTH}) | \s+as\s+part\s+of\b
    | ,\s+(?:a|an|the|on|in|where|which|who|with|under|licensed|as|by|copyright|pp?\.|Copyright|please)\b
    | \s+(?:veröffentlicht|erschienen|publiziert|publicado|publié|collaboration|partnership|series|project)\b
    | \s+[–—-]\s+ | \s+\|\s+ | \s*[(\[;*<》】」』，；] | ,?\s+(?:at|here:?)\s+(?=https?:|www) | \s+here\b | \s+https?:
    | [,:]?\s*$ | \.\s
    """,
    re.VERBOSE,
)
_AUTHOR = re.compile(r",?\s+(?:by|von|de|di)\s+(?=[A-Z][\w.]+\s+[A-Z])|[.,]\s+(?=Copyright|©)")
_MARKUP = re.compile(r"\[([^\]\n]+)\]\(\s*<?(https?://[^)\s>]+)>?[^)]*\)")
_WEB = re.compile(r"https?://[^\s)\]>\"']+|\bwww\.[^\s)\]>\"']+")
_LICENCE = re.compile(
    r"\bCC[ -]BY(?:-(?:NC|ND|SA))*(?:[ -]\d\.\d)?"
    r"|\bCreative Commons(?: (?:Attribution|Namensnennung)(?:[^.,;)]*?\d\.\d)?)?(?=\b)"
)
_DATED = re.compile(rf"(?:the\s+)?(?:\d|{_MONTH}[a-z]*\.?,?\s+\w*\s*\d|(?:early|late|mid)[- ]|print\b)")
_MORE = re.compile(
    r"\W*(?:(?:Read|See|View|Find|Click here to read) (?:the|its|this) (?:original|full|entire)|Read it here"
    r"|Lire l['’]article original|Le[ae]r? el (?:artículo )?original"
    r"|(?:It|This (?:story|article|piece|post)) (?:is|was|has been|can be|may be) (?:here )?(?:re|cross-?|co-)"
    r"|(?:Re(?:printed|published|produced)|Used|Shared)(?: and/or modified)? (?:here )?(?:with|by|under)"
    r"|All rights reserved|Copyright\b|©|Die englische|The original (?:article|story|version) )"
)
_HEADLESS = re.compile(
    r"\W*(?:Originally|First|Previously|Initially|Adapted|Excerpt(?:ed)?|Extracted|(?i:re-?(?:print|publish|produc|post)ed)"
    r"|Zuerst|Ursprünglich|Erstmals|Initialement|Originellement|Publicad[oa]|Originalmente|Pubblicato|Apparso)\b"
)
_GOES_ON = re.compile(
    rf",\s+(?!(?:\d|{_MONTH}|(?:and|but|by|with|on|in|at|as|under|where|which|who|courtesy|copyright|licen[sc]ed|used|edited"
    r"|translated|updated|posted|published|re\w+ed|und|mit|am|auf|unter|et|avec|sous|y|e|con|com|bajo|sob|(?:le|il|el)(?=\s+\d))\b))"
    r"([^,.;()]+)"
)
"""What stands behind a comma and neither is a date nor goes on about the notice."""
_ANY_THING = re.compile(
    r"(?:an?|his|her|their)\s+(?!(?:[\w-]+\s+){0,3}(?:form|version|edition|issue|series|newsletter|book|column|blog)\b)[a-z]"
)
_SMALL_WORD = re.compile(r"(?<!\S)[^\W\d_A-ZÀ-Þ]\w*")
_CLAUSE = 4
"""Small words behind the comma that make a clause: `First published in London, his poems have sold eleven copies`."""
_EXCERPT = re.compile(r"\b(?:excerpt(?:ed)?|extrait|Auszug|extracto|fragmento)\b", re.IGNORECASE)
_OPENERS = " \N{NO-BREAK SPACE}([*_»>"
_EDGES = " \t\N{NO-BREAK SPACE}.,;:!|–—-\"'‘’“”«»„*_()[]《》「」『』"


class Notice(NamedTuple):
    """A notice, and where it stands in its block."""

    segment: Segment
    start: int
    end: int
    rule: Rule
    source: Source


class extract_notice:
    """Note where a reprint comes from, and take the notice that says so out.

    `This article was originally published by Harbour News and is reprinted with permission.` stands above the story,
    under it, between two paragraphs, or in one paragraph with the lede or with an appeal to subscribe: only its own
    sentences go. The first notice that names a source gives the fact: the name as printed, the address if one stands
    there, the licence of the text, the relation, the notice in its own words (no-break spaces made plain). All of them
    leave the text.

    Left alone: a book, an album, a law or a poem that was "originally published in 1962", a sentence that opens so
    (`First published in London, his poems …`), a figure or a list "reprinted with permission", how to republish,
    `Dieser Artikel behandelt …`, a page that only tells its date.
    """

    def __init__(self, *, rules: tuple[Path, ...] = (), without: tuple[str, ...] = ()) -> None:
        self.rules = house_rules("notices", rules=rules, without=without, everywhere=True)

    def __call__(self, doc: Document) -> None:
        taken: list[tuple[Segment, Source]] = []
        for _ in range(ROUNDS):
            blocks = groupby(self.rules.hits(doc), key=lambda hit: hit.segment.start)
            found = [notice for _, hits in blocks for notice in _notices(hits)]
            if not found:
                break
            for _, group in groupby(found, key=lambda notice: notice.segment.start):
                taken += _cut_out(doc, list(group))
        taken.sort(key=lambda each: each[0].start)
        telling = next((each for each in taken if each[1].name), next(iter(taken), None))
        if telling:
            doc.fact("source", telling[1], telling[0])


def _notices(hits: Iterable[Hit]) -> Iterator[Notice]:
    """The notices of one block, in order; of two that overlap the first."""
    reached = 0
    for hit in hits:
        if _only_dated(hit) or _opens_sentence(hit) or _names_nothing(hit):
            continue
        start, end = _taken(hit)
        if start >= reached:
            reached = end
            yield Notice(hit.segment, start, end, hit.rule, _source(hit, hit.segment.text[start:end]))


def _only_dated(hit: Hit) -> bool:
    """Whether the notice tells when, and not where: `originally published on May 9, 2024 and has been updated`."""
    source = hit.groups.get("source")
    return source is not None and _DATED.match(source.lstrip(_EDGES)) is not None


def _opens_sentence(hit: Hit) -> bool:
    """Whether what reads as a notice without a subject has one behind a comma, and is a sentence of the story."""
    notice = hit.segment.text[hit.start + hit.text.find(hit.groups.get("notice", hit.text)) :]
    if not _HEADLESS.match(notice):
        return False
    first, last = sentences(notice)[0]
    return any(len(_SMALL_WORD.findall(clause)) >= _CLAUSE for clause in _GOES_ON.findall(notice[first:last]))


def _names_nothing(hit: Hit) -> bool:
    """Whether it stood first on a thing of any kind: `This post first appeared on a wall in Port Quay`."""
    return _ANY_THING.match(hit.groups.get("source", "").lstrip(_EDGES)) is not None


def _taken(hit: Hit) -> tuple[int, int]:
    """From the notice's first word to the end of its sentence, and over the sentences that go on about it."""
    text = hit.segment.text
    if hit.rule.takes == "block":
        return 0, len(text)
    notice = hit.groups.get("notice", hit.text)
    start = hit.start + hit.text.find(notice)
    if hit.rule.takes == "match":
        return start, start + len(notice)
    named = start + max(0, notice.find(hit.groups.get("source", "")))
    start = len(text[:start].rstrip(_OPENERS)) + _blanks_behind(text, len(text[:start].rstrip(_OPENERS)))
    end = start
    for first, last in sentences(text[start:]):
        if start + first > named and not _MORE.match(text, start + first):
            break
        end = start + last
    return start, end


def _blanks_behind(text: str, at: int) -> int:
    return len(text) - at - len(text[at:].lstrip(" \N{NO-BREAK SPACE}"))


def _source(hit: Hit, notice: str) -> Source:
    words = " ".join(notice.split())
    printed = " ".join(hit.groups.get("source", "").split())
    linked = _MARKUP.match(printed)
    web = _WEB.search(words)
    url = linked[2] if linked else web.group().rstrip(".,;") if web else None
    licence = _LICENCE.search(words)
    name = linked[1] if linked else _name(printed)
    return Source(name, url, _relation(hit.rule, words), licence.group() if licence else None, words)


def _name(printed: str) -> str | None:
    """The source's name: what stands before a date, a permission, a licence, an apposition or the sentence's end."""
    end = _NAME_ENDS.search(printed)
    name = printed[: end.start()] if end else printed
    author = _AUTHOR.search(name)
    name = (name[: author.start()] if author else name).strip(_EDGES).removeprefix("the ")
    return None if name.islower() or not any(map(str.isalnum, name)) else name


def _relation(rule: Rule, notice: str) -> Relation:
    """What the rule's id begins with, or what the notice opens with."""
    kind = rule.id.rpartition("/")[2].partition("-")[0]
    for relation in get_args(Relation):
        if kind == relation:
            return relation  # type: ignore[no-any-return]
    return "excerpt" if _EXCERPT.search(notice[:60]) else "reprint"


def _cut_out(doc: Document, notices: list[Notice]) -> list[tuple[Segment, Source]]:
    """Mark a block's notices, from the right, so that places to the left stay true."""
    segment: Segment | None = notices[0].segment
    taken = []
    for notice in reversed(notices):
        assert segment is not None
        segment, middle, _ = doc.cut(segment, notice.start, notice.end)
        middle.mark(notice.rule.role, rule=notice.rule.id)
        taken.append((middle, notice.source))
    return taken
