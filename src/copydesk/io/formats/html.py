"""Pages: the text that trafilatura finds in them, a block a line, and what they say of themselves.

The document's raw text is that text, not the HTML: `restore` gives it back, and the page stays where it was. Reader
comments are left out. The page's own facts stand in the record's `page`, as the page has them.
"""

from __future__ import annotations

import codecs
import logging
import re
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import msgspec

from copydesk.decoding import Decoded, decode
from copydesk.document import Document
from copydesk.errors import ConfigError, InputError
from copydesk.intake import turned_away
from copydesk.io.formats import head
from copydesk.io.items import Item, refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from copydesk.io.items import Reading
    from copydesk.io.sources import Source

PAGE = 10_000_000
"""Bytes of a page. Common Crawl cuts pages at 5 MiB; what is longer than this is no article."""

_ELEMENTS = 20_000
"""Elements of a page. Extraction costs up to 100 microseconds an element, so 2 s in all. Of 288 news pages and blogs
the median has 877, the largest 4,098."""

_QUICK = 5_000
"""From so many elements on trafilatura goes without its second opinions: justext's time grows with their square."""

_BRIEF = 500
"""Characters. trafilatura wants 250 of an article; one that has a few more may be menu and byline for the rest."""

_DEEP = "boolean(" + "/*" * 250 + ")"
"""XPath: whether elements stand so deep. At 256 libxml2 stops, and what stands deeper is lost without a word."""

_TAG = re.compile(r"""<([A-Za-z][\w:-]*+)((?:[^<>"']++|"[^"]*+"|'[^']*+')*+)>""")
_QUOTED = re.compile(r""""[^"]*+"|'[^']*+'""")
_LONG, _ATTRIBUTES = 2_000, 250
"""Characters of a tag that may have more attributes than that. libxml2's time grows with their square."""

_CHARSET = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_HEAD = 4096
"""Bytes in which a page names its charset. Browsers look at 1,024; pages with long comments on top need more."""

_WIDER = {
    **dict.fromkeys(("ascii", "iso8859-1"), "cp1252"),
    **dict.fromkeys(("gb2312", "gbk"), "gb18030"),
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "iso8859-9": "cp1254",
    **dict.fromkeys(("tis-620", "iso8859-11"), "cp874"),
}
"""What browsers read where a page names the narrower one."""

_KNOWN = re.compile(r"cp(?:125\d|874|866|932|949)|iso8859-\d+|koi8-[ru]|gb18030|big5hkscs|euc_jp|iso2022_jp|mac-\w+")
"""The codecs that a page may ask for: those of browsers. Python has others, which are no charsets (`punycode`)."""


class Given(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an archive knows of a page: where it was found and when (ISO 8601), what its server said that it is."""

    url: str = ""
    archived: str = ""
    charset: str = ""
    plain: bool = False

    def note(self) -> str:
        """As an item's note."""
        return msgspec.json.encode(self).decode()


def items(stream: BinaryIO, source: Source, reading: Reading) -> Iterator[Item]:
    """One item: the file is a page. One over 10 MB (or over `--max-chars`, where that is more) is refused."""
    check_extra()
    most = largest(reading)
    data = stream.read(most + 1)
    if len(data) > most:
        yield refused(source.id, source.address, f"the page has more than {most:,} bytes; see --max-chars.")
    else:
        yield Item(source.id, source.address, "html", data)


def check_extra() -> None:
    """Raises ConfigError where what reads pages is missing: for all of them, so it is said before the first."""
    if find_spec("trafilatura") is None:
        raise ConfigError("pages need trafilatura: pip install 'copydesk[html]'.")


def largest(reading: Reading) -> int:
    """The most bytes that a page may have."""
    return max(PAGE, reading.max_chars)


def document(item: Item) -> Document:
    """The document of a page. Raises InputError where no text is found in it, or trafilatura cannot read it."""
    given = msgspec.json.decode(item.note, type=Given) if item.note else Given()
    decoded = _decoded(item.data, given.charset)
    if given.plain:
        return _document(decoded.text, {"url": given.url}, given, decoded)
    tree = _tree(decoded.text)
    elements = int(tree.xpath("count(//*)")) if tree is not None else 0
    if elements > _ELEMENTS:
        reason = f"{item.place}: the page has {elements:,} elements; {_ELEMENTS:,} are the most."
        return turned_away(Document(""), reason)
    if elements and tree.getroottree().xpath(_DEEP):
        raise InputError("the page's elements are nested more than 250 deep; what stands deeper cannot be read.")
    text = _text(tree, quick=elements > _QUICK) if elements else ""
    if not text:
        raise InputError("no text is found on the page: it is not HTML, or has no article in it.")
    return _document(text, head.page(tree, given.url), given, decoded)


def _document(text: str, page: dict[str, Any], given: Given, decoded: Decoded) -> Document:
    page = {name: value for name, value in {**page, "archived": given.archived}.items() if value}
    doc = Document(text, extra={"page": page} if page else None)
    for flag in decoded.flags:
        doc.flag(flag)
    return doc


def _decoded(data: bytes, charset: str) -> Decoded:
    """The page's characters: UTF-8 where its bytes are, else the charset that the server or the page names.

    A page that is valid UTF-8 is that, whatever it says; a name that does not fit its bytes is not believed.
    """
    found = _CHARSET.search(data, 0, _HEAD)
    for name in (charset, found.group(1).decode("ascii") if found else ""):
        codec = _codec(name)
        if codec and (codec.startswith("iso2022") or not _is_utf8(data)):
            try:
                return Decoded(data.decode(codec), codec, (), exact=False)
            except UnicodeDecodeError:
                continue
    return decode(data)


def _codec(name: str) -> str:
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""
    codec = _WIDER.get(codec, codec)
    return codec if _KNOWN.fullmatch(codec) else ""


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _tree(html: str) -> Any:
    """The page as an lxml tree, or None."""
    trafilatura = _trafilatura()
    return trafilatura.load_html(_TAG.sub(_bounded, html))


def _bounded(tag: re.Match[str]) -> str:
    """A tag; one with more attributes than anybody writes has none."""
    attributes = tag[2]
    many = len(attributes) > _LONG and len(_QUOTED.sub("", attributes).split()) > _ATTRIBUTES
    return f"<{tag[1]}>" if many else tag[0]


def _text(tree: Any, *, quick: bool) -> str:
    """The page's text. What trafilatura takes for too little comes from its last resort as one line, byline and all:
    it is asked again, for a brief, and believed if that is about as much.
    """
    text = _extracted(tree, quick=quick)
    if text and len(text) < _BRIEF and "\n" not in text:
        lines = _extracted(tree, quick=quick, least="1")
        return lines if len(lines) * 4 >= len(text) * 3 else text
    return text


def _extracted(tree: Any, *, quick: bool, least: str = "") -> str:
    trafilatura = _trafilatura()
    config = _config(least)
    try:
        found = trafilatura.bare_extraction(tree, favor_recall=True, include_comments=False, fast=quick, config=config)
    except Exception as error:  # whatever a parser of wild pages raises costs this page
        raise InputError(f"trafilatura cannot read the page: {type(error).__name__}: {error}.") from error
    return (found.text or "").strip() if found else ""


@cache
def _config(least: str) -> Any:
    """The library's settings, with the fewest characters that it takes for an article."""
    config = _trafilatura().settings.use_config()
    if least:
        config.set("DEFAULT", "MIN_EXTRACTED_SIZE", least)
    return config


def _trafilatura() -> Any:
    """The library. It tells of each page it gives up; we do that ourselves, once and with its place."""
    import trafilatura  # noqa: PLC0415 (an extra, and 0.3 s to load)

    logger = logging.getLogger("trafilatura")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    return trafilatura
