"""HTML in: what is extracted, what a page says of itself, pages that are hostile; and the stage that uses the facts."""

from __future__ import annotations

import copy
import io
import json
import logging
from pathlib import Path

import msgspec
import pytest
import yaml
from conftest import plugins

from copydesk.document import Document
from copydesk.io.documents import document
from copydesk.io.formats import head, html
from copydesk.io.items import Item, Reading
from copydesk.io.sources import Source
from copydesk.ledger import restore
from copydesk.pipeline import Pipeline, Spec, Step
from copydesk.testing import check_partition, check_stage, differences
from copydesk_pages import fill_from_page

SOURCE = Source("bridge.html", "dir/bridge.html", "")
STORY = "The old bridge at Marlow opened again on Monday after nine months of repairs, the council said."


def item(page: str | bytes, note="") -> Item:
    return Item("bridge.html", "dir/bridge.html", "html", page.encode() if isinstance(page, str) else page, note)


def read(page: str | bytes, note="") -> Document:
    return document(item(page, note), Reading())


def page(body=f"<p>{STORY}</p>", head="") -> str:
    return f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>"


# Real extractions, of pages written for the purpose.

FRAME = """<!DOCTYPE html>
<html lang="{lang}"><head><meta charset="{charset}"><title>{title} | {site}</title>
<meta property="og:site_name" content="{site}"><meta name="author" content="{author}">
<meta property="article:published_time" content="2024-03-04T10:15:00+01:00">
<link rel="canonical" href="https://echo.example/{lang}"></head>
<body><nav><ul><li><a href="/">{menu}</a></li><li><a href="/a">{menu}</a></li></ul></nav>
<main><article><h1>{title}</h1><div class="byline">{author}</div>
{paragraphs}
</article></main>
<div id="comments"><h3>2</h3><div class="comment"><p>{comment}</p></div></div>
<footer><p>© 2024 {site}</p></footer></body></html>"""

PAGES = {
    "en": {
        "title": "Old bridge opens again",
        "site": "The Marlow Echo",
        "author": "Ada Quill",
        "menu": "Home",
        "comment": "I like this bridge very much, thank you for the report.",
        "text": [
            "The old bridge at Marlow opened again on Monday after nine months of repairs, the council said.",
            "About forty people stood in the rain on the north bank, and some had walked from the next village.",
        ],
    },
    "de": {
        "title": "Alte Brücke wieder offen",
        "site": "Marloher Bote",
        "author": "Jörg Klein",
        "menu": "Startseite",
        "comment": "Ich mag diese Brücke sehr, vielen Dank für den Bericht.",
        "text": [
            "Die alte Brücke in Marloh ist seit Montag wieder für den Verkehr geöffnet, teilte die Stadt mit.",
            "Rund vierzig Menschen standen im Regen am Nordufer, einige waren aus dem Nachbardorf gekommen.",
        ],
    },
    "ru": {
        "title": "Старый мост снова открыт",
        "site": "Вестник Марлова",
        "author": "Анна Петрова",
        "menu": "Главная",
        "comment": "Мне очень нравится этот мост, спасибо за репортаж.",
        "text": [
            "Старый мост в Марлове снова открыт для движения, сообщила в понедельник администрация города.",
            "Около сорока человек стояли под дождём на северном берегу, некоторые пришли из соседней деревни.",
        ],
    },
    "zh": {
        "title": "大桥重新开放",
        "site": "马洛日报",
        "author": "王小明",
        "menu": "首页",
        "comment": "我很喜欢这座桥，谢谢报道，希望以后多写一些。",
        "text": [
            "经过九个月的维修，马洛的老桥星期一重新开放，市议会在一份声明中说，第一辆过桥的是一辆送奶车。",
            "大约四十人冒雨站在北岸，有些人是从邻近的村庄步行而来的，他们都想亲眼看看大桥重新开放的情景。",
        ],
    },
    "ar": {
        "title": "إعادة فتح الجسر القديم",
        "site": "صدى مارلو",
        "author": "أحمد حسن",
        "menu": "الرئيسية",
        "comment": "أحب هذا الجسر كثيرا، شكرا على التقرير الجميل.",
        "text": [
            "أُعيد فتح الجسر القديم في مارلو يوم الاثنين بعد تسعة أشهر من أعمال الإصلاح، كما قال المجلس البلدي.",
            "وقف نحو أربعين شخصا تحت المطر على الضفة الشمالية، وجاء بعضهم سيرا على الأقدام من القرية المجاورة.",
        ],
    },
}
CHARSETS = [*((lang, "utf-8") for lang in PAGES), ("de", "iso-8859-1"), ("ru", "windows-1251"), ("zh", "gb2312")]


def written(lang: str, charset: str) -> bytes:
    told = PAGES[lang]
    paragraphs = "\n".join(f"<p>{text}</p>" for text in told["text"])
    return (
        FRAME.format(lang=lang, charset=charset, paragraphs=paragraphs, **told).replace("©", "&copy;").encode(charset)
    )


@pytest.mark.parametrize(("lang", "charset"), CHARSETS)
def test_a_page_gives_its_story_a_block_a_line(lang, charset):
    told, doc = PAGES[lang], read(written(lang, charset))
    assert doc.outcome == "clean", doc.reason
    lines = doc.raw.split("\n")
    assert lines[-2:] == told["text"]
    assert set(lines[:-2]) <= {told["title"], told["author"]}
    assert not doc.flags


@pytest.mark.parametrize(("lang", "charset"), CHARSETS)
def test_a_page_gives_what_it_says_of_itself(lang, charset):
    told = PAGES[lang]
    assert read(written(lang, charset)).extra["page"] == {
        "title": f"{told['title']} | {told['site']}",
        "authors": [told["author"]],
        "published": "2024-03-04T10:15:00+01:00",
        "site": told["site"],
        "url": f"https://echo.example/{lang}",
    }


@pytest.mark.parametrize("lang", PAGES)
def test_the_stage_takes_the_facts_of_a_page(lang):
    told, doc = PAGES[lang], read(written(lang, "utf-8"))
    steps = tuple(map(Step, ("extract_byline", "find_headline", "fill_from_page")))
    Pipeline(Spec(name="pages", steps=steps), plugins()).batch([doc])
    record = doc.record()
    assert doc.outcome == "clean", doc.reason
    assert record["headline"] == told["title"]
    assert [author["name"] for author in record["authors"]] == [told["author"]]
    assert record["published"]["iso"] == "2024-03-04T10:15:00+01:00"
    assert {fact.stage for fact in doc.facts if fact.kind == "published"} == {"fill_from_page"}
    assert not [flag for flag in doc.flags if flag.startswith("differs")]
    assert restore(doc.text, doc.ledger) == doc.raw


# What a page says of itself.


def ld(value) -> str:
    return f'<script type="application/ld+json">{value if isinstance(value, str) else json.dumps(value)}</script>'


ARTICLE = {
    "@type": "NewsArticle",
    "headline": "Bridge &amp; mill",
    "author": [{"@type": "Person", "name": "Ada Quill"}, {"name": "Ben Marsh"}],
    "datePublished": "2024-03-04",
    "publisher": {"name": "The Echo"},
    "license": "https://licence.example/by",
}
FOUND = {
    "title": "Bridge & mill",
    "authors": ["Ada Quill", "Ben Marsh"],
    "published": "2024-03-04",
    "site": "The Echo",
    "licence": "https://licence.example/by",
}
HEADS = {
    "JSON-LD": (ld(ARTICLE), FOUND),
    "JSON-LD in a graph": (
        ld({"@graph": [{"@type": "WebSite", "name": "x"}, {**ARTICLE, "@type": ["Article", "Thing"]}]}),
        FOUND,
    ),
    "JSON-LD in a list, after a broken one": (ld("{not json") + ld([{"@type": "Organization"}, ARTICLE]), FOUND),
    "JSON-LD before meta": ('<meta property="og:title" content="Other">' + ld(ARTICLE), FOUND),
    "JSON-LD of a job": (ld({**ARTICLE, "@type": "JobPosting"}), {}),
    "JSON-LD of odd types": (
        ld({**ARTICLE, "headline": 3, "author": [1, None, {"name": 2}], "publisher": []}),
        {"published": "2024-03-04", "licence": FOUND["licence"]},
    ),
    "JSON-LD nested deep": (ld("[" * 100_000), {}),
    "title": ("<title> Old\n bridge </title>", {"title": "Old bridge"}),
    "og before title": ('<title>T</title><meta property="og:title" content="Old bridge">', {"title": "Old bridge"}),
    "two authors": (
        '<meta name="author" content="Ada Quill"><meta name="AUTHOR" content="Ben Marsh">',
        {"authors": ["Ada Quill", "Ben Marsh"]},
    ),
    "an author's address": ('<meta property="article:author" content="https://social.example/ada">', {}),
    "markup": (
        '<meta name="description" content="&lt;p&gt;It&amp;#x27;s open.&lt;/p&gt;">',
        {"description": "It's open."},
    ),
    "blank words": ('<meta name="author" content="null"><meta name="description" content=" undefined ">', {}),
    "too long": (f'<meta name="description" content="{"x" * 2001}">', {}),
    "a time element": (
        '<time itemprop="datePublished" datetime="2024-03-04T10:15Z">today</time>',
        {"published": "2024-03-04T10:15Z"},
    ),
    "a time that tells of something else": ('<time datetime="2024-03-04">then</time>', {}),
    "a licence's link": (
        '<a rel="license noopener" href="https://licence.example/by-sa">x</a>',
        {"licence": "https://licence.example/by-sa"},
    ),
    "a canonical address without a host": ('<link rel="canonical" href="/a">', {}),
    "nothing": ("", {}),
}


@pytest.mark.parametrize("name", HEADS)
def test_the_head_is_read_and_nothing_is_guessed(name):
    markup, expected = HEADS[name]
    assert read(page(head=markup)).extra.get("page", {}) == expected


def test_an_archive_gives_the_address_and_the_day():
    note = html.Given(url="https://echo.example/a", archived="2024-03-05T00:00:00Z").note()
    assert read(page(), note).extra == {"page": {"url": "https://echo.example/a", "archived": "2024-03-05T00:00:00Z"}}
    canonical = page(head='<link rel="canonical" href="https://echo.example/b">')
    assert read(canonical, note).extra["page"]["url"] == "https://echo.example/b"


GERMAN = page("<p>Die alte Brücke ist wieder offen, sagt die Behörde für Straßen und Plätze.</p>", head="{}")
CHARSET = {
    "named by the page": (GERMAN.format('<meta charset="iso-8859-1">').encode("cp1252"), ""),
    "named the old way": (
        GERMAN.format('<meta http-equiv="Content-Type" content="text/html; charset=windows-1252">').encode("cp1252"),
        "",
    ),
    "named by the server": (GERMAN.format("").encode("utf-16-le"), "utf-16-le"),
    "the server before the page": (GERMAN.format('<meta charset="koi8-r">').encode("cp1252"), "windows-1252"),
    "UTF-8 that says otherwise": (GERMAN.format('<meta charset="iso-8859-1">').encode(), "iso-8859-1"),
    "a byte order mark": (GERMAN.format('<meta charset="iso-8859-1">').encode("utf-8-sig"), ""),
    "a codec that is no charset": (GERMAN.format('<meta charset="punycode">').encode(), "unicode_escape"),
    "no name": (GERMAN.format("").encode("cp1252"), ""),
}


@pytest.mark.parametrize("name", CHARSET)
def test_the_charset_is_what_the_bytes_bear_out(name):
    data, server = CHARSET[name]
    doc = read(data, html.Given(charset=server).note())
    assert doc.raw == "Die alte Brücke ist wieder offen, sagt die Behörde für Straßen und Plätze."


def test_bytes_that_do_not_decode_are_flagged():
    assert read(page(f"<p>Die Brücke für Fußgänger. {STORY}</p>").encode() + b"<!-- \xff -->").flags == ["lost-bytes"]


# Pages that give nothing, or would cost too much.


def test_a_file_is_one_item():
    assert list(html.items(io.BytesIO(b"<html>"), SOURCE, Reading())) == [item(b"<html>")._replace(id=SOURCE.id)]


def test_a_page_over_the_limit_is_refused():
    (only,) = html.items(io.BytesIO(b"a" * 10_000_001), SOURCE, Reading(max_chars=1000))
    assert (only.kind, only.data) == ("refused", b"")
    assert only.note == "dir/bridge.html: the page has more than 10,000,000 bytes; see --max-chars."
    (only,) = html.items(io.BytesIO(b"a" * 10_000_001), SOURCE, Reading(max_chars=20_000_000))
    assert only.kind == "html"


NOTHING = {
    "nothing": b"",
    "a zero": b"\0",
    "text": b"hello",
    "no body": b"<html></html>",
    "a script": b"<html><body><script>alert(1)</script></body></html>",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
}


@pytest.mark.parametrize("name", NOTHING)
def test_a_page_without_text_fails_with_the_reason(name, capfd):
    doc = read(NOTHING[name])
    assert doc.outcome == "failed"
    assert doc.reason == "dir/bridge.html: no text is found on the page: it is not HTML, or has no article in it."
    assert capfd.readouterr() == ("", "")


def test_a_page_of_too_many_elements_is_rejected():
    doc = read(page("<p>x" * 30_000))
    assert doc.outcome == "rejected"
    assert doc.reason == "dir/bridge.html: the page has 30,003 elements; 20,000 are the most."


def test_a_page_nested_too_deep_fails_and_loses_nothing_in_silence():
    data = page("<div>" * 400 + f"<p>{STORY}</p>" + "</div>" * 400)
    doc = read(data)
    assert (
        doc.reason
        == "dir/bridge.html: the page's elements are nested more than 250 deep; what stands deeper cannot be read."
    )
    assert doc.raw == data


def test_a_large_page_is_read_without_second_opinions(monkeypatch):
    import trafilatura

    asked = []
    extract = trafilatura.bare_extraction
    monkeypatch.setattr(
        trafilatura, "bare_extraction", lambda *a, **options: asked.append(options["fast"]) or extract(*a, **options)
    )
    for count in (2_000, 6_000):
        doc = read(page("<article>" + "".join(f"<p>{n}. {STORY}</p>" for n in range(count)) + "</article>"))
        assert doc.raw.count("\n") == count - 1
    assert asked == [False, True]


@pytest.mark.parametrize("attribute", ["a{}", "a{}=1", "a{}='>'", 'a{}="<b>"'])
def test_a_tag_of_too_many_attributes_has_none(attribute):
    tag = f"<div {' '.join(attribute.format(n) for n in range(1000))}>"
    assert html._TAG.sub(html._bounded, tag) == "<div>"


@pytest.mark.parametrize("tag", ['<img src="{}">', "<div data-state='{}' class=story>", "<p>{}</p>", "<a {}"])
def test_a_tag_that_is_only_long_stays_as_it_is(tag):
    tag = tag.format("word " * 5_000)
    assert html._TAG.sub(html._bounded, tag) == tag


HOSTILE = {
    "quotes": '<a "' * 200_000,
    "mixed quotes": "<a \"x'y" * 150_000,
    "angles": "<" * 1_000_000,
    "entities": "&amp;" * 200_000,
    "one word": "a" * 1_000_000,
    "spaces": "<p>a" + " " * 1_000_000 + "b",
    "a huge attribute": f'<p class="{"x " * 500_000}">{STORY}',
    "comments": "<!-- x -->" * 100_000,
    "unclosed comment": "<!--" * 250_000,
    "processing": "<?" * 500_000,
    "cdata": "<![CDATA[" * 100_000,
    "controls": "".join(map(chr, range(32))) * 30_000,
    "script": "<script>" * 120_000,
    "tables": "<table><tr><td>" * 60_000,
    "meta": '<meta name="author" content="Ada Quill">' * 19_000,
    "authors": ld({**ARTICLE, "author": ["Ada Quill"] * 100_000}),
    "graph": ld([[ARTICLE] * 100] * 100),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_page_comes_out_somehow(name):
    doc = read(page(HOSTILE[name]))
    assert doc.outcome in ("clean", "rejected", "failed")
    assert len(doc.extra.get("page", {}).get("authors", ())) <= 50


def test_the_library_tells_nobody_else_of_what_it_gives_up():
    read(b"")
    assert logging.getLogger("trafilatura").handlers


# The stage.

FILE = Path(__file__).parent / "cases/pages/fill_from_page.yaml"


class Case(msgspec.Struct, forbid_unknown_fields=True, rename={"text": "in"}):
    """A case of tests/cases, with what the page says of itself."""

    label: str
    text: str
    why: str
    page: object
    facts: dict
    flags: list[str]
    stages: tuple[str, ...] = ("fill_from_page",)
    kind: str = "wild"

    def run(self) -> Document:
        doc = Document(self.text, extra={"page": copy.deepcopy(self.page)})
        return Pipeline(Spec(name="case", steps=tuple(map(Step, self.stages))), plugins())(doc)


CASES = [msgspec.convert(entry, Case) for entry in yaml.safe_load(FILE.read_text("utf-8"))]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_a_case_comes_out_as_it_says(case):
    doc = case.run()
    assert doc.flags == case.flags
    assert not differences(case.facts, doc.record())
    if case.stages == ("fill_from_page",):
        assert doc.text == case.text


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_a_case_keeps_what_always_holds(case):
    doc = case.run()
    check_partition(doc)
    assert restore(doc.text, doc.ledger) == doc.raw
    assert doc.extra == {"page": case.page}
    assert case.run().record() == doc.record()


def test_labels_are_unique():
    assert len({case.label for case in CASES}) == len(CASES)


def test_the_stage_conforms_and_does_nothing_without_a_page():
    check_stage(fill_from_page)
    doc = Document(STORY)
    fill_from_page(doc)
    assert not doc.facts
    assert not doc.flags


def test_a_page_of_a_hostile_record_costs_little():
    """Nothing here is longer than a fact may be; were it looked at whole, this would not end."""
    page = {
        "title": "a - " * 10**6,
        "site": "- " * 10**6,
        "authors": ["Ada Quill " * 30] * 10**6,
        "description": "x" * 10**7,
    }
    doc = Document(STORY, extra={"page": page})
    fill_from_page(doc)
    assert not doc.flags


def test_the_head_of_a_tree_without_a_head():
    from lxml.html import fromstring

    assert head.page(fromstring("<p>x</p>")) == {}
