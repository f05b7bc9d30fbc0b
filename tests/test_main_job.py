"""The main job on real input: the founding sample, our own samples, and the development sets where they are here."""

from __future__ import annotations

import itertools
import json
import re

import msgspec
import pytest
from conftest import ROOT, house

from copydesk.ledger import restore
from copydesk.testing import check_partition, differences

REPRINTS = house()["reprints"]

SAMPLES = {
    "bridge.txt": {
        "headline": "Old bridge at Marlow reopens after a winter of repairs",
        "authors": [
            {"name": "Ada Quill", "role": "author"},
            {"name": "Tom Ferris", "role": "author"},
            {"name": "Paul Venn", "role": "contributor"},
        ],
        "dateline": {"place": "MARLOW, England", "agencies": ["AP"]},
        "agencies": ["AP"],
        "credits": [{"name": "Ines Moreau", "agency": "Reuters", "kind": "photo"}],
        "source": {"name": "The Marlow Courier", "relation": "reprint"},
        "rights": {"holder": "The Marlow Courier", "year": 2025},
        "published": {"iso": "2025-03-03T09:14:00"},
        "language": {"code": "en"},
    },
    "harbour_mojibake.txt": {
        "headline": "Harbour pilots call off strike after night of talks",
        "authors": [{"name": "Lena Marsh", "role": "author"}, {"name": "Owen Hale", "role": "editor"}],
        "dateline": {"place": "ROTTERDAM", "date": "March 12", "agencies": ["Reuters"]},
        "agencies": ["Reuters"],
    },
    "wire_wrapped.txt": {
        "headline": "TIN COUNCIL TO MEET AGAIN ON FRIDAY",
        "authors": [{"name": "Harold Pym"}],
        "dateline": {"place": "LONDON", "date": "March 5"},
    },
    "museum_de.txt": {
        "headline": "Museum zeigt verschollen geglaubte Stadtansichten",
        "authors": [{"name": "Clara Winter"}],
        "credits": [{"name": "Jonas Reuß", "agency": "dpa"}],
        "agencies": ["dpa"],
        "language": {"code": "de"},
    },
    "fromage_fr_latin1.txt": {
        "headline": "Le prix du comté recule pour la première fois depuis dix ans",
        "authors": [{"name": "Élise Garnier"}],
        "credits": [{"name": "Marc Vidal", "agency": "AFP"}],
        "published": {"iso": "2025-03-06T18:05:00"},
        "language": {"code": "fr"},
    },
    "olivos_es.txt": {
        "headline": "La cosecha de aceituna se adelanta dos semanas en Jaén",
        "authors": [{"name": "Marta Olmedo"}],
        "credits": [{"name": "Andrés Ruiz", "agency": "EFE"}],
        "language": {"code": "es"},
    },
    "library_ru.txt": {
        "headline": "Библиотека в Вологде открылась после ремонта",
        "authors": [{"name": "Анна Белова"}],
        "language": {"code": "ru"},
    },
    "tea_zh.txt": {"headline": "云南春茶提前上市 茶农盼好价", "agencies": ["Xinhua"], "language": {"code": "zh"}},
    "orchard_ar.txt": {"headline": "مزارعو الزيتون يبدأون موسم القطاف مبكرا", "language": {"code": "ar"}},
}
CLUTTER = re.compile(
    r"WhatsApp|Telegram|Publicidad|Anzeige|ADVERTISEMENT|newsletter to get|Newsletter abonnieren|Inscrivez|Suscríbase"
    r"|Lesen Sie auch|À lire aussi|Le puede interesar|Читайте также|اقرأ أيضا|欢迎关注|©|â€|REUTER"
)


@pytest.mark.parametrize(("name", "facts"), SAMPLES.items(), ids=SAMPLES)
def test_a_sample_gives_its_facts(name, facts):
    doc = REPRINTS((ROOT / "samples" / name).read_bytes())
    assert not differences(facts, doc.record())


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_comes_out_clean_and_can_be_had_back(name):
    doc = REPRINTS((ROOT / "samples" / name).read_bytes())
    told = {"library_ru.txt": "Telegram-канале, добавила"}.get(name, "")  # a source of the story, not an invitation
    left = [
        match.group() for match in CLUTTER.finditer(doc.text) if doc.text[match.start() :].find(told) != 0 or not told
    ]
    assert not left
    assert restore(doc.text, doc.ledger) == doc.raw


def test_every_sample_is_held_to_something():
    assert {path.name for path in (ROOT / "samples").glob("*.txt")} == set(SAMPLES)


@pytest.fixture(scope="module")
def founding(shared):
    path = shared / "samples" / "000_5754c9ca353e8976.txt"
    return path.read_bytes(), REPRINTS(path.read_bytes())


def test_the_founding_sample_gives_its_facts(founding):
    raw, doc = founding
    record = doc.record()
    lines = [line for line in raw.decode().split("\n") if line]
    assert record["headline"] == lines[1]
    assert [(c["kind"], c["name"], c["agency"], c["caption"]) for c in record["credits"]] == [
        ("photo", "Bryn Jones", "Flickr", lines[2].split(" (")[0])
    ]
    assert record["source"]["name"] == "Radio Free Europe/Radio Liberty"
    assert record["source"]["relation"] == "reprint"
    assert record["source"]["notice"] == lines[3].replace("\u00a0", " ")
    assert record["language"]["code"] == "en"
    assert record["authors"] == []
    promo = [entry for entry in doc.ledger if entry.role == "promo"]
    assert [(entry.was, bool(entry.rule)) for entry in promo] == [([lines[0] + "\n\n"], True)]


def test_the_founding_samples_story_is_untouched_but_for_one_quote(founding):
    raw, doc = founding
    story = raw.decode().split("\n\n")[4:]
    story[-1] = story[-1].rstrip("\n")
    story[-2] = story[-2].replace("strategy, “ Waldhauser", "strategy,” Waldhauser")
    assert doc.text == "\n\n".join(story)
    assert len(doc.text.split("\n\n")) == 20
    assert "\u00a0" not in doc.text


def test_the_founding_sample_is_restored_and_its_record_is_small(founding):
    raw, doc = founding
    assert restore(doc.text, doc.ledger).encode() == raw
    whole = {key: value for key, value in doc.record().items() if value not in (None, [], "")}
    assert len(msgspec.json.encode(whole)) < 1.6 * len(raw)
    bare = {"text": doc.text, "ledger": doc.record()["ledger"]}
    assert len(msgspec.json.encode(bare)) < 1.4 * len(raw)


def records(shared, name: str, count: int):
    with (shared / "data" / f"{name}.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in itertools.islice(lines, count)]


@pytest.mark.parametrize(
    ("name", "count"), [("wire_reuters", 60), ("pages_fundus", 12), ("extracted_fundus", 30), ("roles", 15)]
)
def test_real_articles_are_restored(shared, name, count):
    for record in records(shared, name, count):
        doc = REPRINTS(record["text"])
        check_partition(doc)
        assert restore(doc.text, doc.ledger) == record["text"]


def test_clean_prose_is_left_alone(shared):
    exact = [REPRINTS(r["text"]).text == r["gold"]["body"] for r in records(shared, "stories_abc", 120)]
    assert sum(exact) / len(exact) >= 0.99


def test_wire_copy_gives_its_dateline_and_author(shared):
    found = [REPRINTS(r["text"]).record() for r in records(shared, "wire_reuters", 120)]
    gold = [r["gold"] for r in records(shared, "wire_reuters", 120)]
    places = [
        f["dateline"] is not None and f["dateline"]["place"] == g["dateline"]["place"]
        for f, g in zip(found, gold, strict=True)
        if g.get("dateline")
    ]
    assert sum(places) / len(places) >= 0.95


BRIEF = """Home
News
Sport
Log in
Stork stops traffic near Lasin
By Hanna Wrona
19 April 2025, 16:05
Share
A stork stood on the road for an hour.
Police stopped the cars.
More on this
New fines from May
The bird left when a vet arrived.
"It liked it here," said sergeant Olga Drab.
Nobody complained.
Comments
Privacy policy
"""


def test_a_brief_without_a_paragraph_has_a_headline_and_a_byline():
    record = REPRINTS(BRIEF).record()
    assert record["headline"] == "Stork stops traffic near Lasin"
    assert [author["name"] for author in record["authors"]] == ["Hanna Wrona"]
    assert record["published"]["iso"] == "2025-04-19T16:05:00"


def test_a_brief_without_a_paragraph_keeps_its_sentences():
    text = REPRINTS(BRIEF).text
    told = [line for line in BRIEF.splitlines() if line.endswith((".", '"'))]
    assert [line for line in told if line not in text] == []
