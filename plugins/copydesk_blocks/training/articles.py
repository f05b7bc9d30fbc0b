"""The articles to learn from, as the rules leave them."""

from __future__ import annotations

import importlib.util
import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import copydesk
from copydesk.document import Document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from copydesk.document import Segment

SETS = (
    *("pages_fundus", "extracted_fundus", "pages_wcxb", "extracted_wcxb"),
    *("roles", "stories_abc", "wire_reuters"),
)
RULES = "by_rules"
"""The house pipeline up to the model: the whole one cannot be built before the model knows its features."""

PUBLISHERS = {"stories_abc": "abc.net.au", "wire_reuters": "reuters.com"}
"""Of the sets whose articles have no address."""

_SECOND_LEVEL = frozenset(["ac", "co", "com", "edu", "go", "gob", "gov", "ne", "net", "or", "org"])


class Article(NamedTuple):
    """An article behind the rules."""

    set: str
    id: str
    publisher: str
    raw: str
    gold: dict[str, Any]
    dek: str
    segments: tuple[Segment, ...]


def articles(data: Path, pipelines: Path) -> Iterator[Article]:
    """All articles of the sets, run through the rules."""
    stages = copydesk.load(pipelines)[RULES].stages
    for name in SETS:
        with (data / f"{name}.jsonl").open(encoding="utf-8") as file:
            for line in file:
                yield _article(name, json.loads(line), stages)


def _article(name: str, entry: dict[str, Any], stages: list[tuple[str, Any]]) -> Article:
    doc = Document(entry["text"], id=entry["id"])
    doc.keep = ("body",)
    for stage_name, stage in stages:
        doc.signed_by(stage_name)
        stage(doc)
    dek = doc.record().get("dek") or ""
    publisher = PUBLISHERS.get(name) or registered(entry.get("url") or entry["id"])
    return Article(name, entry["id"], publisher, doc.raw, entry["gold"], dek, doc.segments)


def registered(url: str) -> str:
    """The name that a publisher has registered: `example.co.uk` of `https://news.example.co.uk/a`."""
    host = (urlsplit(url).hostname or url.split("/", maxsplit=1)[0]).lower()
    parts = host.split(".")
    is_second = len(parts) > 2 and len(parts[-1]) == 2 and parts[-2] in _SECOND_LEVEL
    return ".".join(parts[-3:] if is_second else parts[-2:])


def scorer(path: Path) -> Any:
    """The scorer as a module: its measures are the ones to reach."""
    spec = importlib.util.spec_from_file_location("score", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
