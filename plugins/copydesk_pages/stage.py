"""The stage `fill_from_page`: what an HTML page says of itself in its head, beside what its text says."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from copydesk.facts import Published
from copydesk_credits.byline import people
from copydesk_credits.headline.stage import printed
from copydesk_credits.published import iso_8601

if TYPE_CHECKING:
    from copydesk.document import Document
    from copydesk.facts import Author

_LONGEST = 2_000
"""Characters of a fact of a page. What is longer is none."""

_BY = re.compile(r"\s*(?:by|von|par|por|door|oleh)\s+(?=[^\W\d_])", re.IGNORECASE)
_AROUND = r"(?:\s*(?:\||//|::|»|«|·|•)\s*|\s+[-–—]\s+|\s*:\s+)"
"""What parts a title from a site's name, before it or after it."""

_MOST_AUTHORS = 50

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2}|[^\W\d_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{4,}")
"""A word that tells of something: four letters, or two signs of a script that writes no spaces."""

_ZONES = (timedelta(hours=-12), timedelta(hours=14))
"""How far local time lies from UTC at most, behind and ahead."""


def fill_from_page(doc: Document) -> None:
    """Take headline, dek, authors and time from the page's own head where its text gives none, and say so.

    An HTML page says in its head, to machines, what extraction may have lost with the byline's box. Each fact that
    comes from there is flagged: `from-page-headline`, `from-page-dek`, `from-page-authors`, `from-page-agencies`,
    `from-page-published`. Where the text has the fact as well, the text's stands; where the two differ in more than
    capitals, spaces, marks and the site's name, that is flagged too: `differs-from-page-headline`,
    `differs-from-page-authors`, `differs-from-page-published` (another day; clock times are not compared).
    Left alone: a title that is only the site's name, a description that repeats the text or tells of something else,
    an author who is the site itself or an account ("admin"). The site is never the source: it is who reprints.
    """
    page = doc.extra.get("page")
    if isinstance(page, dict):
        site = _told(page.get("site"))
        _headline(doc, _without_site(_told(page.get("title")), site), site)
        _dek(doc, _told(page.get("description")))
        _authors(doc, page.get("authors"), site)
        _published(doc, _told(page.get("published")))


def _told(value: Any) -> str:
    return value.strip() if isinstance(value, str) and len(value) <= _LONGEST else ""


def fold(text: str) -> str:
    """The letters and figures of a text, to compare it by: no capitals, no spaces, no marks."""
    return "".join(letter for letter in normalize("NFKC", text[:_LONGEST]).casefold() if letter.isalnum())


def _without_site(title: str, site: str) -> str:
    """A title without the site's name at its end or its start."""
    if site:
        name = re.escape(site)
        title = re.sub(rf"{_AROUND}{name}\s*$|^\s*{name}{_AROUND}", "", title, flags=re.IGNORECASE)
    return printed(title)


def _headline(doc: Document, title: str, site: str) -> None:
    found = doc.found("headline")
    if not fold(title) or fold(title) == fold(site):
        return
    if not found:
        _from_page(doc, "headline", title)
    elif fold(title) not in {fold(text) for headline in found for text in (headline, _without_site(headline, site))}:
        doc.flag("differs-from-page-headline")


def _dek(doc: Document, description: str) -> None:
    """The description as the dek. Sites that have none take the text's beginning, or a line about themselves."""
    if description and not doc.found("dek"):
        start = fold(description.rstrip(" .…[]"))
        story = " ".join(segment.text for segment in doc.segments)
        if start and start not in _folded(story) and _tells_of(description, story):
            _from_page(doc, "dek", description)


def _folded(story: str) -> str:
    """As `fold`, for a text of any length: no marks are put in order, which takes long where there are many."""
    return "".join(filter(str.isalnum, story.casefold()))


def _tells_of(description: str, story: str) -> bool:
    """Whether a third of the description's words stand in the story."""
    said = set(_WORD.findall(description.casefold()))
    folded = story.casefold()
    return sum(word in folded for word in said) * 3 >= len(said) > 0


def _authors(doc: Document, names: Any, site: str) -> None:
    """The page's authors, and agencies that stand for one: an agency is the story's, as in a byline."""
    authors, agencies = _named(names, site)
    found = {fold(author.name) for author in doc.found("author")}
    if authors and not found:
        for author in authors:
            doc.fact("author", author)
        doc.flag("from-page-authors")
    elif authors and found != {fold(author.name) for author in authors}:
        doc.flag("differs-from-page-authors")
    elif agencies and not found and not doc.found("agency"):
        for agency in agencies:
            doc.fact("agency", agency)
        doc.flag("from-page-agencies")
    elif agencies and not authors and not set(agencies) & set(doc.found("agency")):
        doc.flag("differs-from-page-authors")


def _named(names: Any, site: str) -> tuple[list[Author], list[str]]:
    """People and agencies, each once, read as in a byline: what is neither, an account or the site, is nobody."""
    authors: dict[str, Author] = {}
    agencies: dict[str, None] = {}
    for name in map(_told, names[:_MOST_AUTHORS] if isinstance(names, list) else [names]):
        by = _BY.match(name)
        read = people.read(name[by.end() :] if by else name) if name else None
        if read:
            authors.update({fold(author.name): author for author in read.people if not people.is_desk(author.name)})
            agencies.update(dict.fromkeys(read.agencies))
    authors.pop(fold(site), None)
    return list(authors.values()), list(agencies)


def _published(doc: Document, told: str) -> None:
    found = [value for value in doc.found("published") if isinstance(value, Published)]
    iso = iso_8601(told)
    days = _days(iso) if iso else set()
    if iso and days and not found:
        _from_page(doc, "published", Published(text=told, iso=iso))
    elif days and found[0].iso and found[0].iso[:10] not in days:
        doc.flag("differs-from-page-published")


def _days(iso: str) -> set[str]:
    """The days that a moment falls on: the one it names, and with a zone those of other places on earth.

    None where the zone is one that nobody has.
    """
    try:
        moment = datetime.fromisoformat(iso)
    except ValueError:
        return set()
    zones = _ZONES if moment.tzinfo else ()
    return {iso[:10], *((moment.replace(tzinfo=None) - _ahead(moment) + zone).date().isoformat() for zone in zones)}


def _ahead(moment: datetime) -> timedelta:
    return moment.utcoffset() or timedelta()


def _from_page(doc: Document, kind: str, value: Any) -> None:
    doc.fact(kind, value)
    doc.flag(f"from-page-{kind}")
