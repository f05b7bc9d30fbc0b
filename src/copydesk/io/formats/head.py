"""What a page says of itself to machines: JSON-LD, meta elements, links. Nothing is guessed from its text.

Publishers write the same facts several times over, for search engines, social networks and archives. The first of the
places in `_META` that has one counts; JSON-LD comes before them all, for it names the article and not the page.
"""

from __future__ import annotations

import json
import re
from html import unescape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_META = {
    "title": ("og:title", "twitter:title", "dc.title", "title"),
    "description": ("og:description", "description", "twitter:description", "dc.description"),
    "authors": ("author", "article:author", "dc.creator", "parsely-author", "sailthru.author", "citation_author"),
    "published": (
        *("article:published_time", "datepublished", "og:article:published_time", "dc.date.issued", "dcterms.created"),
        *("dcterms.date", "dc.date", "pubdate", "publishdate", "parsely-pub-date", "sailthru.date", "date"),
    ),
    "site": ("og:site_name", "application-name"),
    "url": ("og:url",),
}
"""Names of meta elements, the most telling first, whether they stand in `property`, `name` or `itemprop`."""

_LICENCE = "//*[self::link or self::a][contains(concat(' ', @rel, ' '), ' license ')]/@href"
_POSTS = ("BlogPosting", "LiveBlogPosting", "SocialMediaPosting")
_LONGEST = 2_000
"""Characters. What is longer is neither a title nor a name nor a description."""

_MOST_AUTHORS = 50
_MOST_SCRIPTS, _MOST_NODES = 20, 500
"""So much JSON-LD is looked at: a page has one to five scripts, with a few dozen nodes in all."""

_MARKUP = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_BLANK = {"", "null", "none", "undefined", "false"}
"""What templates print where they have nothing."""


def page(tree: Any, url: str = "") -> dict[str, Any]:
    """The facts in a page's head: title, description, authors, published, site, url, licence. Absent ones are left out.

    `tree` is an lxml tree; `url` is the address where the page was found, for one that names none itself.
    """
    meta = _meta(tree)
    article = next(_articles(tree), {})
    title = [article.get("headline"), *_of(meta, "title"), *tree.xpath("//head/title/text()")[:1]]
    links = [href for href in tree.xpath("//link[@rel='canonical']/@href") if href.startswith(("http://", "https://"))]
    found = {
        "title": _first(title),
        "description": _first([article.get("description"), *_of(meta, "description")]),
        "authors": _authors(article.get("author")) or _authors(_of(meta, "authors")),
        "published": _first([article.get("datePublished"), *_of(meta, "published"), *_times(tree)]),
        "site": _first([*_of(meta, "site"), _named(article.get("publisher"))]),
        "url": _first([*links, *_of(meta, "url"), article.get("url"), url]),
        "licence": _first([*tree.xpath(_LICENCE), article.get("license")]),
    }
    return {name: value for name, value in found.items() if value}


def _meta(tree: Any) -> dict[str, list[str]]:
    """The contents of the meta elements by name, in the order of the page."""
    meta: dict[str, list[str]] = {}
    for element in tree.iter("meta"):
        attributes = element.attrib
        name = attributes.get("property") or attributes.get("name") or attributes.get("itemprop") or ""
        meta.setdefault(name.strip().lower(), []).append(attributes.get("content") or "")
    return meta


def _of(meta: dict[str, list[str]], field: str) -> list[str]:
    """What the first of a field's names holds that holds anything."""
    return next((values for name in _META[field] if (values := [v for v in meta.get(name, ()) if _plain(v)])), [])


def _times(tree: Any) -> list[str]:
    marked = tree.xpath("//time[@pubdate or @itemprop='datePublished']/@datetime")
    return [str(value) for value in marked]


def _first(values: list[Any]) -> str:
    return next((text for value in values if (text := _plain(value))), "")


def _plain(value: Any) -> str:
    """A text without markup, with single spaces; nothing where it is no text, too long for a fact, or a blank word."""
    if not isinstance(value, str) or len(value) > _LONGEST:
        return ""
    text = " ".join(_MARKUP.sub(" ", unescape(value)).split())
    return "" if text.lower() in _BLANK else text


def _authors(value: Any) -> list[str]:
    """Names of authors: of a text, a mapping with a name, or a list of such. A web address is no name."""
    names: dict[str, None] = {}
    for one in (value if isinstance(value, list) else [value])[:_MOST_AUTHORS]:
        name = _named(one)
        if name and "://" not in name and "www." not in name:
            names[name] = None
    return list(names)


def _named(value: Any) -> str:
    if isinstance(value, list):
        value = value[0] if value else None
    return _plain(value.get("name") if isinstance(value, dict) else value)


def _articles(tree: Any) -> Iterator[dict[str, Any]]:
    """The JSON-LD nodes that are an article. What is not JSON is passed over: pages are not held to it."""
    for script in tree.xpath("//script[contains(@type, 'ld+json')]")[:_MOST_SCRIPTS]:
        try:
            value = json.loads(script.text or "", strict=False)
        except (ValueError, RecursionError):
            continue
        yield from filter(_is_article, _nodes(value))


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    """The mappings of a JSON-LD value: itself, those of a list, those of its `@graph`."""
    waiting = [value]
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        node = waiting.pop(0)
        if isinstance(node, list):
            waiting[:0] = node[:_MOST_NODES]
        elif isinstance(node, dict):
            yield node
            waiting.append(node.get("@graph"))


def _is_article(node: dict[str, Any]) -> bool:
    kinds = node.get("@type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return any(isinstance(kind, str) and (kind.endswith("Article") or kind in _POSTS) for kind in kinds)
