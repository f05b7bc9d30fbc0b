"""Records in others' shapes: valid by the published field lists, complete, and nothing in them that was not known."""

from __future__ import annotations

import copy
import json
import re

import jsonschema
import pytest
from conftest import ROOT, house
from hypothesis import given
from hypothesis import strategies as st

from copydesk.facts import FIELDS
from copydesk.io.items import Item
from copydesk.io.shapes import SHAPES, as_news_article, as_ninjs
from copydesk.run.work import Work

DATA = ROOT / "tests/data"
TYPES = json.loads((DATA / "schema_org_30.1.json").read_text("utf-8"))["types"]
NINJS = json.loads((DATA / "ninjs_3.2.json").read_text("utf-8"))
PAGE = (ROOT / "docs/shapes.md").read_text("utf-8")

URI = re.compile(
    r"[a-z][a-z0-9+.-]*:(?:[\w\-.~:/?\[\]@!$&'()*+,;=]|%[0-9a-f]{2})+(?:#\S*)?", re.IGNORECASE | re.ASCII
)  # RFC 3986
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")  # RFC 3339
DAY = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?")  # ISO 8601

FORMATS = jsonschema.FormatChecker(formats=())
FORMATS.checks("uri")(lambda value: URI.fullmatch(value) is not None)
FORMATS.checks("date-time")(lambda value: MOMENT.fullmatch(value) is not None)
NINJS_SCHEMA = jsonschema.Draft202012Validator(NINJS, format_checker=FORMATS)


def lineage(type_: str | None) -> list[str]:
    """A type of schema.org, and all that it is."""
    return [type_, *lineage(TYPES[type_]["is a"])] if type_ else []


def check_node(node: dict, at: str = "$") -> None:
    """Hold a node to the vocabulary: its type has the property, and the property takes the value."""
    allowed = {name: kinds for type_ in lineage(node["@type"]) for name, kinds in TYPES[type_]["has"].items()}
    for name, values in node.items():
        if name.startswith("@"):
            continue
        assert name in allowed, f"{at}: {node['@type']} has no {name}"
        for value in values if isinstance(values, list) else [values]:
            assert takes(allowed[name], value), f"{at}.{name}: {allowed[name]} takes no {value!r}"
            if isinstance(value, dict):
                check_node(value, f"{at}.{name}")


def takes(kinds: list[str], value) -> bool:
    if isinstance(value, dict):
        return bool(set(lineage(value["@type"])) & set(kinds))
    if isinstance(value, int):
        return bool({"Number", "Integer"} & set(kinds))
    forms = {"Text": re.compile(r".+", re.DOTALL), "URL": URI, "Date": DAY, "DateTime": DAY}
    return any(forms[kind].fullmatch(value) for kind in kinds if kind in forms)


def check(record: dict) -> tuple[dict, dict]:
    """Both shapes of a record, each held to its field list."""
    article, item = as_news_article(record), as_ninjs(record)
    assert article["@context"] == "https://schema.org"
    assert URI.fullmatch(article["@id"])
    check_node({name: value for name, value in article.items() if name != "articleBody"})
    assert isinstance(article["articleBody"], str)  # which may be empty
    NINJS_SCHEMA.validate(item)
    json.dumps([article, item], allow_nan=False).encode("utf-8")
    return article, item


FULL = {
    "id": "courier/2025-03-03:1",
    "url": "https://courier.example/brücke?a=1&b=%zz",
    "page": {"site": "The Mirror of Marlow", "url": "https://other.example/"},
    "text": "The old bridge reopened.\n\nTraffic was slow.",
    "headline": "Old bridge reopens",
    "dek": "After a winter of repairs",
    "kicker": "Roads",
    "authors": [
        {
            "name": "Ada Quill",
            "role": "author",
            "affiliation": "The Courier",
            "place": "Marlow",
            "email": "ada@courier.example",
            "handle": "@adaquill",
        },
        {
            "name": "Tom Ferris",
            "role": "author",
            "affiliation": "The Courier",
            "place": None,
            "email": None,
            "handle": None,
        },
        {
            "name": "Harbour News Desk",
            "role": "editor",
            "affiliation": "Harbour",
            "place": "Leeds",
            "email": None,
            "handle": None,
        },
        {"name": "Lena Marsh", "role": "editor", "affiliation": None, "place": None, "email": None, "handle": None},
        {"name": "Paul Venn", "role": "contributor", "affiliation": None, "place": None, "email": None, "handle": None},
        {"name": "Rosa Lind", "role": "translator", "affiliation": None, "place": None, "email": None, "handle": None},
        {"name": "DPA", "role": "author", "affiliation": None, "place": None, "email": None, "handle": None},
    ],
    "dateline": {
        "place": "MARLOW, England",
        "date": "March 3",
        "agencies": ["AP", "dpa"],
        "text": "MARLOW, England, March 3 (AP/dpa) —",
    },
    "agencies": ["AP", "Reuters"],
    "credits": [
        {"kind": "photo", "name": "Ines Moreau", "agency": "AFP", "licence": "CC BY 4.0", "caption": "The bridge."},
        {"kind": "video", "name": "Photo Desk", "agency": None, "licence": None, "caption": "The first car."},
        {
            "kind": "graphic",
            "name": None,
            "agency": "TT",
            "licence": "https://creativecommons.org/licenses/by/4.0/",
            "caption": None,
        },
    ],
    "source": {
        "name": "Le Courrier",
        "url": "https://courrier.example/pont",
        "relation": "translation",
        "licence": "CC BY-ND 4.0",
        "notice": "First published by Le Courrier.",
    },
    "rights": {"holder": "Ada Quill", "year": 2025, "notice": "© 2025 Ada Quill"},
    "published": {
        "text": "Published: March 3, 2025, 9:14 UTC",
        "iso": "2025-03-03T09:14:00+00:00",
        "updated": "2025-03-03T10:00:00Z",
    },
    "language": {"code": "en", "confidence": 0.95},
    "notes": ["Correction: it is the old bridge.", "Editor's note: it was closed."],
    "flags": ["truncated"],
    "ledger": [{"stage": "layout", "at": [3], "was": [" "]}],
}

BARE = {
    **{"id": "a", "text": "", **{field.name: [] if field.many else None for field in FIELDS.values()}},
    **{"flags": [], "ledger": []},
}


def leaves(value) -> list:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


def run(*items: Item) -> list[dict]:
    return [json.loads(line.record) for line in Work(house()["reprints"])(items).lines]


@pytest.fixture(scope="module")
def samples() -> list[dict]:
    texts = [Item(path.stem, path.name, "text", path.read_bytes()) for path in sorted(ROOT.glob("samples/*.txt"))]
    lines = (ROOT / "samples/records.jsonl").read_bytes().splitlines()
    return run(*texts, *(Item(f"records:{n}", f"records.jsonl:{n}", "json", line) for n, line in enumerate(lines, 1)))


def test_the_checks_of_these_tests_can_fail():
    article, item = check(FULL)
    for wrong in (
        {"headlines": ["x"]},
        {"publisher": "a text"},
        {"datePublished": "May 9"},
        {"image": {"@type": "Person"}},
    ):
        with pytest.raises(AssertionError):
            check_node({**article, **wrong})
    for wrong in (
        {"headline": "x"},
        {"uri": "no uri"},
        {"contentCreated": "2025-03-03"},
        {"associations": [{"uri": "a:b"}]},
    ):
        with pytest.raises(jsonschema.ValidationError):
            NINJS_SCHEMA.validate({**item, **wrong})


@pytest.mark.parametrize("record", [FULL, BARE, {}, {"id": "a", "text": "raw", "outcome": "failed"}])
def test_a_record_has_both_shapes(record):
    before = copy.deepcopy(record)
    check(record)
    assert record == before


def test_the_samples_have_both_shapes(samples):
    for record in samples:
        article, item = check(record)
        assert article["articleBody"] == item["bodies"][0]["value"] == record["text"]


# What the shapes have no place for: docs/shapes.md says so too.
NO_PLACE = {
    "schema.org": {("published", "text"), ("language", "confidence")},
    "ninjs": {("rights", "year"), ("language", "confidence")},
}
SAID_OTHERWISE = {("dateline", "date"), ("source", "relation"), ("credits", "kind"), ("authors", "role")}


@pytest.mark.parametrize("shape", ["schema.org", "ninjs"])
def test_nothing_that_the_shape_has_a_place_for_is_dropped(shape):
    there = set(map(str, leaves(SHAPES[shape](FULL))))
    for field in FIELDS.values():
        for value in FULL[field.name] if field.many else [FULL[field.name]]:
            for part, told in value.items() if isinstance(value, dict) else [("", value)]:
                if told is None or (field.name, part) in NO_PLACE[shape] | SAID_OTHERWISE:
                    continue
                missing = {str(leaf) for leaf in leaves(told)} - there
                assert not {leaf for leaf in missing if not any(leaf in text for text in there)}, (field.name, part)


@pytest.mark.parametrize("shape", ["schema.org", "ninjs"])
def test_what_is_not_known_is_not_there(shape):
    told = SHAPES[shape](BARE)
    assert not [leaf for leaf in leaves(told) if leaf is None]
    always = {
        "schema.org": {"@context", "@type", "@id", "identifier", "articleBody"},
        "ninjs": {"uri", "type", "standard", "altIds", "bodies"},
    }
    assert told.keys() == always[shape]


def test_the_text_and_the_people_of_an_article():
    article = as_news_article(FULL)
    assert article["articleBody"] == FULL["text"]
    assert article["alternativeHeadline"] == ["After a winter of repairs", "Roads"]
    assert article["author"][0] == {
        "@type": "Person",
        "name": "Ada Quill",
        "alternateName": "@adaquill",
        "email": "ada@courier.example",
        "affiliation": {"@type": "Organization", "name": "The Courier"},
        "workLocation": {"@type": "Place", "name": "Marlow"},
    }
    assert article["author"][2] == {"@type": "Organization", "name": "DPA"}
    assert [one["name"] for one in article["editor"]] == ["Lena Marsh"]
    assert [one["name"] for one in article["contributor"]] == ["Harbour News Desk", "Paul Venn"]
    assert article["contributor"][0]["parentOrganization"]["name"] == "Harbour"
    assert [one["name"] for one in article["translator"]] == ["Rosa Lind"]


def test_where_an_article_comes_from():
    article = as_news_article(FULL)
    work = {
        "@type": "NewsArticle",
        "url": "https://courrier.example/pont",
        "publisher": {"@type": "Organization", "name": "Le Courrier"},
    }
    assert article["isBasedOn"] == article["translationOfWork"] == work
    assert [one["name"] for one in article["sourceOrganization"]] == ["AP", "Reuters", "dpa"]
    assert article["publisher"]["name"] == "The Mirror of Marlow"
    assert article["copyrightHolder"] == {"@type": "Person", "name": "Ada Quill"}
    assert article["license"] == {"@type": "CreativeWork", "name": "CC BY-ND 4.0"}
    assert article["url"] == "https://courier.example/br%C3%BCcke?a=1&b=%25zz"


@pytest.mark.parametrize(
    ("relation", "closer"),
    [("reprint", None), ("adaptation", None), ("excerpt", "isPartOf"), ("translation", "translationOfWork")],
)
def test_what_was_made_of_the_source(relation, closer):
    record = {**FULL, "source": {**FULL["source"], "relation": relation}}
    article, item = check(record)
    assert [name for name in ("isPartOf", "translationOfWork") if name in article] == [closer] * bool(closer)
    assert item["associations"][0] == {
        "uri": "https://courrier.example/pont",
        "type": "text",
        "name": "Le Courrier",
        "rel": relation,
    }


def test_an_address_without_a_scheme_is_no_url():
    article, item = check({**FULL, "source": {**FULL["source"], "url": "www.courrier.example/pont"}, "url": "/a"})
    assert article["isBasedOn"]["identifier"] == "www.courrier.example/pont"
    assert "url" not in article
    assert "renditions" not in item
    web = {
        "name": "Le Courrier",
        "role": "translation",
        "contactInfo": [{"type": "web", "value": "www.courrier.example/pont"}],
    }
    assert web in item["infoSources"]
    assert [one["type"] for one in item["associations"]] == ["picture", "video", "graphic"]


def test_the_pictures():
    article, item = check(FULL)
    assert [(one["@type"], one.get("creditText")) for one in article["image"]] == [
        ("ImageObject", "Ines Moreau / AFP"),
        ("ImageObject", "TT"),
    ]
    assert article["video"] == [
        {
            "@type": "VideoObject",
            "caption": "The first car.",
            "creditText": "Photo Desk",
            "creator": {"@type": "Organization", "name": "Photo Desk"},
        }
    ]
    photo, _, graphic = item["associations"][1:]
    assert (photo["name"], photo["by"], photo["infoSources"]) == (
        "photo 1",
        "Ines Moreau",
        [{"name": "AFP", "role": "agency"}],
    )
    assert graphic["rightsInfo"] == {"linkedRights": "https://creativecommons.org/licenses/by/4.0/"}
    assert len({one["uri"] for one in item["associations"]}) == 4


@pytest.mark.parametrize(
    ("iso", "moment", "day"),
    [
        ("2025-03-03T09:14:00+00:00", True, True),
        ("2025-03-03T09:14:00Z", True, True),
        ("2025-03-03T09:14:00", False, True),
        ("2025-03-03", False, True),
        ("14.03.2025, 16:20 Uhr", False, False),
    ],
)
def test_a_time_stands_where_it_is_complete_enough_for(iso, moment, day):
    article, item = check({**FULL, "published": {"text": "printed", "iso": iso, "updated": iso}})
    assert ("contentCreated" in item) == ("versionCreated" in item) == moment
    assert ("datePublished" in article) == ("dateModified" in article) == day
    described = {one["role"]: one["value"] for one in item["descriptions"]}
    assert described["published"] == "printed"
    assert described.get("date") == (None if moment else iso)


@pytest.mark.parametrize(
    "id_",
    [
        "https://example.org/a?b=c#d",
        "urn:newsml:example.org:20250303:1",
        "tag:example.org,2025:1",
        "HTTP://EXAMPLE.ORG/%41",
    ],
)
def test_an_id_that_is_a_uri_stays(id_):
    article, item = check({**FULL, "id": id_})
    assert article["@id"] == item["uri"] == id_
    assert "altIds" not in item


@pytest.mark.parametrize(
    "id_",
    [
        "a",
        "",
        "news:12",
        "C:\\news",
        "a b",
        "https://example.org/a b",
        "https://exämple.org",
        "http://%zz",
        "größe",
        "a\ud800",
        "urn:",
    ],
)
def test_an_id_that_is_no_uri_makes_a_urn_and_is_kept(id_):
    article, item = check({**FULL, "id": id_})
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", item["uri"])
    assert article["@id"] == item["uri"] == as_ninjs({**BARE, "id": id_})["uri"]
    if id_:
        kept = id_.encode("utf-8", "replace").decode()
        assert item["altIds"] == [{"role": "id", "value": kept}]
        assert article["identifier"] == kept


def test_an_id_makes_the_same_urn_for_ever():
    assert as_ninjs({"id": "bridge"})["uri"] == "urn:uuid:99661fc6-2b5b-5b20-8ba7-20052c397b33"


@pytest.mark.parametrize(
    "name",
    [
        "Everfit Team",
        "Daily Editors",
        "dpa",
        "Le Courrier",
        "La Rédaction",
        "Lokalredaktion",
        "编辑部",
        "Редакция газеты",
    ],
)
def test_a_desk_is_no_person(name):
    article, item = check({**FULL, "authors": [{"name": name}]})
    assert article["author"] == [{"@type": "Organization", "name": name}]
    assert "people" not in item
    assert item["organisations"] == [{"name": name, "rel": "author"}]


@pytest.mark.parametrize(
    "name", ["Ada Quill", "Deskin Boardman", "Kate Wagstaff", "王芳", "Анна Белова", "Team Robinson"]
)
def test_a_person_is_no_desk(name):
    article, _ = check({**FULL, "authors": [{"name": name}]})
    assert article["author"] == [{"@type": "Person", "name": name}]


def test_an_undetermined_language_is_not_told():
    article, item = check({**FULL, "language": {"code": "und", "confidence": 0.0}})
    assert "inLanguage" not in article
    assert "language" not in item


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*(field.name for field in FIELDS.values()), "id", "url", "page"]), JSON))
def test_a_fact_that_is_not_of_its_type_is_not_there_and_harms_nobody(fields):
    check({**BARE, **fields, "text": "One."})


@given(st.text(), st.text())
def test_any_text_may_stand_for_an_address(id_, rest):
    check({**BARE, "id": id_, "url": "https://" + rest, "source": {"url": "http://a" + rest}})


def test_the_record_is_a_shape_too():
    assert SHAPES["record"](FULL) is FULL


@pytest.mark.parametrize("shape", ["schema.org", "ninjs"])
def test_the_example_in_the_docs_is_what_comes_out(shape):
    path = ROOT / "samples/bridge.txt"
    told = SHAPES[shape](run(Item("bridge", path.name, "text", path.read_bytes()))[0])
    section = PAGE.split(f"## {shape}\n")[1].split("\n## ")[0]
    example = json.loads(re.findall(r"^```json\n(.*?)^```", section, re.DOTALL | re.MULTILINE)[0])
    assert shortened(told) == example


def shortened(told: dict) -> dict:
    """As the page has it: the story's text breaks off."""
    text = json.dumps(told, ensure_ascii=False)
    return json.loads(re.sub(r'(The old bridge over the river reopened)(?:[^"\\]|\\.)*"', r'\1 ..."', text))


@pytest.mark.parametrize(
    "field",
    [*(field.name for field in FIELDS.values()), "id", "text", "flags", "ledger", "segments", "facts", "encoding"],
)
def test_the_docs_tell_of_every_field_of_the_record(field):
    assert f"`{field}" in PAGE


@pytest.mark.parametrize("name", sorted({*as_news_article(FULL), *as_ninjs(FULL)}))
def test_the_docs_tell_of_every_field_that_is_written(name):
    assert f"`{name}" in PAGE
