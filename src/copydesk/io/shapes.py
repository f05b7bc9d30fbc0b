"""Records in the shapes that others read: schema.org NewsArticle as JSON-LD, and IPTC ninjs 3.2.

What a record does not know is left out, never guessed; all that a shape has a place for is there. The ledger, the flags
and how sure the language is have no place in either, nor have the input's own fields, but for the address and the site
of the page (docs/shapes.md).

ninjs 3.2 (November 2025) is the last version that IPTC has announced. The fields that are written here are the same in
3.0 and 3.1. A date with no time zone, which most pages print, is none to ninjs, so it stands among the `descriptions`.
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from copydesk.facts import FIELDS, Author, Credit, Dateline, Language, Published, Rights, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

NINJS = {"name": "ninjs", "version": "3.2", "schema": "http://www.iptc.org/std/ninjs/ninjs-schema_3.2.json#"}

_IDS = uuid.UUID("d9ad9908-3710-468b-863e-b00ed83b962e")
"""The name space of ids that are no URI: drawn once, and not to be changed, or no URN would stay what it is."""

_URI = re.compile(
    r"(?:(?:https?|ftp)://(?=[^/:])|(?:urn|tag|info):)(?:[\w\-.~:/?@!$&'()*+,;=]|%[0-9a-f]{2})+(?:#[\w\-.~:/?@!$&'()*+,;=%]*)?",
    re.IGNORECASE | re.ASCII,
)
"""An id that is a URI. `news:12`, a file's name and a line, has the form of one, so the scheme must be a known one."""

_MANY = {field.name for field in FIELDS.values() if field.many}
_ADDRESS = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?")

_DESK = re.compile(
    r"\b(?:board|contributors|desk|editors|newsroom|staff|team|writers)\Z"
    r"|(?:redactie|redazione|redaktion|编辑部|編集部|편집국)\Z|\A(?:la )?rédaction\b|\Aредакция\b",
    re.IGNORECASE,
)
"""What a name is that is no person's."""

_NONE = {
    "source": Source(),
    "rights": Rights(),
    "dateline": Dateline(),
    "published": Published(""),
    "language": Language("und", 0.0),
}


def as_news_article(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as a NewsArticle of schema.org, in JSON-LD."""
    facts = _facts(record)
    source, rights, published = facts["source"], facts["rights"], facts["published"]
    pictures, page = facts["credits"], _page(record)
    return _filled(
        {
            "@context": "https://schema.org",
            "@type": "NewsArticle",
            "@id": _uri(record),
            "identifier": _id(record),
            "url": _address(page["url"]),
            "headline": facts["headline"],
            "alternativeHeadline": [line for line in (facts["dek"], facts["kicker"]) if line],
            "articleBody": record.get("text") or "",
            "inLanguage": _language(facts),
            **_people(facts),
            "sourceOrganization": [_organization(name) for name in _agencies(facts)],
            "publisher": _organization(page["site"]),
            "dateline": facts["dateline"].text,
            "locationCreated": _place(facts["dateline"].place),
            "datePublished": _iso(published.iso, _DAY),
            "dateModified": _iso(published.updated, _DAY),
            "copyrightHolder": _holder(rights.holder, facts),
            "copyrightYear": rights.year,
            "copyrightNotice": rights.notice,
            "license": _licence(source.licence),
            "creditText": source.notice,
            **_original(source),
            "correction": facts["notes"],
            "image": [_picture(credit, facts) for credit in pictures if credit.kind != "video"],
            "video": [_picture(credit, facts) for credit in pictures if credit.kind == "video"],
        }
    )


def as_ninjs(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as a news object of IPTC ninjs 3.2."""
    facts = _facts(record)
    source, rights, published = facts["source"], facts["rights"], facts["published"]
    uri, id_, page = _uri(record), _id(record), _page(record)
    authors, address = facts["authors"], _address(page["url"])
    return _filled(
        {
            "uri": uri,
            "type": "text",
            "standard": NINJS,
            "altIds": [{"role": "id", "value": id_}] if id_ and id_ != uri else None,
            "language": _language(facts),
            "headlines": _roles(main=facts["headline"], subhead=facts["dek"], kicker=facts["kicker"]),
            "bodies": [{"role": "main", "contentType": "text/plain", "value": record.get("text") or ""}],
            "by": ", ".join(author.name for author in authors if author.role == "author"),
            "people": [_contact(author) for author in authors if not _is_desk(author.name, facts)],
            "organisations": [
                *[_contact(author) for author in authors if _is_desk(author.name, facts)],
                *[{"name": name, "rel": "affiliation"} for name in _once(author.affiliation for author in authors)],
            ],
            "located": facts["dateline"].place,
            "contentCreated": _iso(published.iso, _MOMENT),
            "versionCreated": _iso(published.updated, _MOMENT),
            "descriptions": _descriptions(facts),
            "copyrightHolder": rights.holder,
            "copyrightNotice": rights.notice,
            "usageTerms": _terms(source),
            "rightsInfo": _filled({"linkedRights": _address(source.licence)}),
            "infoSources": _sources(facts, page["site"]),
            "edNote": "\n\n".join(facts["notes"]),
            "renditions": [{"name": "web", "href": address}] if address else None,
            "associations": [*_originals(source), *_pictures(facts["credits"], uri)],
        }
    )


SHAPES: dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
    "record": lambda record: record,
    "schema.org": as_news_article,
    "ninjs": as_ninjs,
}
"""The shapes of `copydesk run --as`."""

SIGNS = {"schema.org": "@context", "ninjs": "standard"}
"""A field by which a record of a shape is known: no plain one has it."""


# What is read of a record.


def _facts(record: Mapping[str, Any]) -> dict[str, Any]:
    """The facts by the record's names, typed; what is not of its type, as a plugin may note it, is not there."""
    return {field.name: _fact(record.get(field.name), field.name, field.type) for field in FIELDS.values()}


def _fact(value: Any, name: str, type_: Any) -> Any:
    if name in _MANY:
        values = value if isinstance(value, list) else []
        return [fact for item in values if (fact := _typed(item, type_)) is not None]
    return _typed(value, type_) or _NONE.get(name)


def _typed(value: Any, type_: Any) -> Any:
    try:
        return msgspec.convert(value, type_)
    except msgspec.ValidationError:
        return None


def _page(record: Mapping[str, Any]) -> dict[str, Any]:
    """The page's address and site, which stand among the input's own fields."""
    page = record.get("page")
    page = page if isinstance(page, dict) else {}
    return {"url": record.get("url") or page.get("url"), "site": page.get("site")}


def _id(record: Mapping[str, Any]) -> str:
    return str(record.get("id", "")).encode("utf-8", "replace").decode()


def _uri(record: Mapping[str, Any]) -> str:
    """The id where it is a URI; else a URN made of it, the same for the same id (RFC 9562, version 5)."""
    id_ = _id(record)
    return id_ if _URI.fullmatch(id_) else uuid.uuid5(_IDS, id_).urn


def _address(value: Any) -> str | None:
    """A web address as a URI: letters that a URI does not have are percent-encoded."""
    if not isinstance(value, str) or not _ADDRESS.match(value):
        return None
    return quote(_PERCENT.sub("%25", value.strip()), safe="-._~:/?#@!$&'()*+,;=%", errors="replace")


def _iso(value: str | None, form: re.Pattern[str]) -> str | None:
    return value if value and form.fullmatch(value) else None


def _language(facts: Mapping[str, Any]) -> str | None:
    code: str = facts["language"].code
    return None if code == "und" else code


def _agencies(facts: Mapping[str, Any]) -> list[str]:
    """The agencies of the text, and those that only the dateline names."""
    return _once([*facts["agencies"], *facts["dateline"].agencies])


def _is_desk(name: str, facts: Mapping[str, Any]) -> bool:
    """Whether a name is a desk's, an agency's or the source's own."""
    others = (*_agencies(facts), facts["source"].name or "")
    return bool(_DESK.search(name)) or name.casefold() in {other.casefold() for other in others}


def _once(names: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name))


def _filled(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that have something in them. A story without a text keeps the empty one."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {}) or name == "articleBody"}


# schema.org


def _people(facts: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Authors, contributors, editors and translators. An editor is a person there, so a desk that edits contributes."""
    people: dict[str, list[dict[str, Any]]] = {}
    for author in facts["authors"]:
        desk = _is_desk(author.name, facts)
        role = "contributor" if desk and author.role == "editor" else author.role
        people.setdefault(role, []).append(_party(author, desk=desk))
    return people


def _party(author: Author, *, desk: bool) -> dict[str, Any]:
    return _filled(
        {
            "@type": "Organization" if desk else "Person",
            "name": author.name,
            "alternateName": author.handle,
            "email": author.email,
            "parentOrganization" if desk else "affiliation": _organization(author.affiliation),
            "location" if desk else "workLocation": _place(author.place),
        }
    )


def _holder(name: str | None, facts: Mapping[str, Any]) -> dict[str, Any] | None:
    """Who holds the copyright: a person where an author has that name, else, as nearly always, a house."""
    person = any(author.name == name for author in facts["authors"])
    return {"@type": "Person", "name": name} if person else _organization(name)


def _organization(name: Any) -> dict[str, Any] | None:
    return {"@type": "Organization", "name": name} if name and isinstance(name, str) else None


def _place(name: str | None) -> dict[str, Any] | None:
    return {"@type": "Place", "name": name} if name else None


def _licence(licence: str | None) -> Any:
    """A licence is an address there, or a work, which has a name."""
    return _address(licence) or (licence and {"@type": "CreativeWork", "name": licence})


def _original(source: Source) -> dict[str, Any]:
    """The article that this one was made of. There is no word for a reprint; a translation and an excerpt have one."""
    address = _address(source.url)
    work = _filled(
        {
            "url": address,
            "identifier": None if address else source.url,
            "publisher": _organization(source.name),
        }
    )
    if not work:
        return {}
    work = {"@type": "NewsArticle", **work}
    closer = {"translation": "translationOfWork", "excerpt": "isPartOf"}.get(source.relation)
    return {"isBasedOn": work, **({closer: work} if closer else {})}


def _picture(credit: Credit, facts: Mapping[str, Any]) -> dict[str, Any]:
    names = _once([credit.name, credit.agency])
    creator = Author(credit.name) if credit.name else None
    return _filled(
        {
            "@type": "VideoObject" if credit.kind == "video" else "ImageObject",
            "caption": credit.caption,
            "creditText": " / ".join(names),
            "creator": _party(creator, desk=_is_desk(creator.name, facts)) if creator else None,
            "sourceOrganization": _organization(credit.agency),
            "license": _licence(credit.licence),
        }
    )


# ninjs


def _roles(**values: str | None) -> list[dict[str, str]]:
    """Values with their roles. They are plain text, and ninjs has to be told so."""
    return [{"role": role, "contentType": "text/plain", "value": value} for role, value in values.items() if value]


def _contact(author: Author) -> dict[str, Any]:
    """A credited person or desk: what they did, and where they can be found."""
    place = {"type": "address", "role": "work", "address": {"locality": author.place}} if author.place else None
    ways = [
        {"type": "email", "value": author.email} if author.email else None,
        {"type": "handle", "value": author.handle} if author.handle else None,
        place,
    ]
    return _filled({"name": author.name, "rel": author.role, "contactInfo": [way for way in ways if way]})


def _descriptions(facts: Mapping[str, Any]) -> list[dict[str, str]]:
    """What was printed, and has no field: the dateline, the time line, and times that are not complete."""
    published = facts["published"]
    partial = None if _iso(published.iso, _MOMENT) else published.iso
    return _roles(dateline=facts["dateline"].text, published=published.text, date=partial, updated=published.updated)


def _terms(source: Source) -> str:
    """What may be done with the text: the notice as printed, with the licence where it does not name it."""
    licence = source.licence if source.licence and source.licence not in source.notice else None
    return "\n".join(_once([source.notice, licence]))


def _sources(facts: Mapping[str, Any], site: Any) -> list[dict[str, Any]]:
    """Who had the news: the agencies, the first publisher with what was made of its text, and the page's site."""
    source = facts["source"]
    web = None if _address(source.url) else source.url  # `www.example.org`; a whole address is an association's
    first = _filled({"name": source.name, "contactInfo": [{"type": "web", "value": web}] if web else None})
    return [
        *[{"name": name, "role": "agency"} for name in _agencies(facts)],
        *([{**first, "role": source.relation}] if first else []),
        *([{"name": site, "role": "publisher"}] if site and isinstance(site, str) else []),
    ]


def _originals(source: Source) -> list[dict[str, Any]]:
    """The article that this one was made of, where its address was printed."""
    address = _address(source.url)
    name = source.name or address
    return [{"uri": address, "type": "text", "name": name, "rel": source.relation}] if address else []


_PICTURES = {"photo": "picture", "video": "video", "graphic": "graphic"}


def _pictures(credits_: Iterable[Credit], uri: str) -> list[dict[str, Any]]:
    """The pictures, each a news object. Nobody prints their ids, so each gets a URN of the story's and its number."""
    return [
        _filled(
            {
                "uri": uuid.uuid5(_IDS, f"{uri} {number}").urn,
                "type": _PICTURES[credit.kind],
                "name": f"{credit.kind} {number}",
                "by": credit.name,
                "descriptions": _roles(caption=credit.caption),
                "infoSources": [{"name": name, "role": "agency"} for name in _once([credit.agency])],
                "usageTerms": credit.licence,
                "rightsInfo": _filled({"linkedRights": _address(credit.licence)}),
            }
        )
        for number, credit in enumerate(credits_, 1)
    ]
