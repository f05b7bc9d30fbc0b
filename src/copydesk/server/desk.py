"""What the service's workers do: clean documents, show what was done to one, check a pipelines.yaml.

A worker holds every pipeline of the service. Which one is meant, and how the documents are read, stands in the `note`
of each item: all items of a batch come from one request, so the first one's counts. A pipeline that comes with the
request, as YAML, is checked and built here too, where what hangs or crashes costs the request and nobody else.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from copydesk.config import FILE
from copydesk.document import Document
from copydesk.errors import ConfigError, Problem
from copydesk.io.documents import document
from copydesk.io.items import Item, Reading
from copydesk.run.page import family
from copydesk.run.sample import Piece, pieces
from copydesk.run.summary import Summary
from copydesk.run.work import Done, Line, Work, encoded
from copydesk.server.outside import from_outside, paths_of, problems

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from copydesk.config import Pipelines
    from copydesk.pipeline import Pipeline
    from copydesk.plugins import Plugins

BUILD = "build"
"""What a worker stands at while it builds a pipeline that came with a request, where a stage would be named."""

REFUSED = "refused"
"""The outcome of a request whose pipeline cannot be had. Its record is the problems."""

CHECKED = "checked"


class Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a request wants: which act, by which pipeline (`yaml`: one that comes with it), and how items are read.

    `refusal`: why one item is not taken in. It stands in that item's own note.
    """

    pipeline: str = ""
    act: Literal["clean", "explain", "check"] = "clean"
    yaml: str = ""
    reading: Reading = Reading()
    segments: bool = False
    refusal: str = ""

    def note(self, refusal: str = "") -> str:
        return msgspec.json.encode(msgspec.structs.replace(self, refusal=refusal)).decode()


class Desk(Work, frozen=True):
    """The work of the service: a Work that holds every pipeline, and takes from its items what shall be done.

    `folder`: where paths in a pipeline from outside are meant from.
    """

    pipelines: dict[str, Any] = {}  # name -> Pipeline
    folder: str = "."

    def __call__(self, items: Sequence[Item], watch: Callable[[int, str], Any] | None = None) -> Done:
        note = items[0].note
        if not note:
            return self._rehearsal(items, watch)
        order = _order(note)
        if watch and order.yaml:
            watch(0, BUILD)
        try:
            pipeline = self._wanted(order)
        except ConfigError as error:
            return _done([Line(REFUSED, msgspec.json.encode(problems(error)))] * len(items))
        if order.act == "check":
            return _done([Line(CHECKED, b"[]")] * len(items))
        if order.act == "explain":
            return _done([_explained(item, pipeline, order.reading, watch) for item in items])
        return Work(pipeline, order.reading, order.segments)([*map(_plain, items)], watch)

    def of(self, order: Order) -> Desk:
        """The same, with what the parent must know where a worker is lost: how the documents are read."""
        return msgspec.structs.replace(self, reading=order.reading, segments=order.segments)

    def _rehearsal(self, items: Sequence[Item], watch: Callable[[int, str], Any] | None) -> Done:
        """A sample through every pipeline: all is built before the first request comes, and before the first stage."""
        for pipeline in self.pipelines.values():
            _ = pipeline.stages
        done = [Work(pipeline, self.reading)(items, watch) for pipeline in self.pipelines.values()]
        return done[-1]

    def _wanted(self, order: Order) -> Pipeline:
        if not order.yaml:
            wanted: Pipeline = self.pipelines[order.pipeline]
            return wanted
        own = self.pipelines.values()
        pipelines = _built(order.yaml, Path(self.folder), paths_of(own), next(iter(own)).plugins)
        name = order.pipeline or next(iter(pipelines), "")
        if name not in pipelines:
            has = f"There is {', '.join(pipelines)}." if pipelines else "There is none."
            raise ConfigError([Problem(FILE, 1, 1, f"there is no pipeline `{name}` here. {has}")])
        return pipelines[name]


def _order(note: str) -> Order:
    return msgspec.json.decode(note, type=Order)


def _plain(item: Item) -> Item:
    """An item as readers give it: with the reason of its refusal in its note, where it has one."""
    return item._replace(note=f"{item.place}: {_order(item.note).refusal}") if item.kind == "refused" else item


@lru_cache(maxsize=4)  # who edits one and tries it out again is alone, or nearly
def _built(text: str, folder: Path, known: frozenset[Path], plugins: Plugins) -> Pipelines:
    pipelines = from_outside(text, folder, known, plugins)
    for pipeline in pipelines.values():
        _ = pipeline.stages
    return pipelines


def _done(lines: list[Line]) -> Done:
    return Done(lines, Summary().packed())


def _explained(item: Item, pipeline: Pipeline, reading: Reading, watch: Callable[[int, str], Any] | None) -> Line:
    """A document with its raw text in pieces: what left it and what changed in it, each with who did it."""
    doc = document(item, reading)
    pipeline.batch([doc], watch)
    record = encoded(doc, Document.json)
    raw = pieces(doc.text, doc.ledger) if doc.outcome == "clean" else [Piece(doc.raw)]
    told = {
        "outcome": doc.outcome,
        "pieces": [_piece(piece) for piece in raw if piece.text or piece.now],
        "stages": [_stage(name, doc, raw) for name in dict.fromkeys(name for name, _ in pipeline.stages)],
        "characters": len(doc.raw),
        "removed": sum(len(piece.text) for piece in raw if piece.role),
        "record": msgspec.Raw(record),
    }
    return Line(doc.outcome, msgspec.json.encode(told))


def _piece(piece: Piece) -> dict[str, Any]:
    if not piece.stage:
        return {"text": piece.text}
    told = {"text": piece.text, "stages": piece.stage.split("+"), "rule": piece.rule}
    return told | ({"role": piece.role, "family": family(piece.role)} if piece.role else {"now": piece.now})


def _stage(name: str, doc: Document, raw: Sequence[Piece]) -> dict[str, Any]:
    """What one stage did: characters that it took out, places that it changed, facts that it found."""
    own = [piece for piece in raw if name in piece.stage.split("+")]
    return {
        "name": name,
        "removed": sum(len(piece.text) for piece in own if piece.role),
        "changed": sum(piece.changed for piece in own),
        "facts": [
            {"kind": fact.kind, "value": msgspec.to_builtins(fact.value, enc_hook=str)}
            for fact in doc.facts
            if fact.stage == name
        ],
    }
