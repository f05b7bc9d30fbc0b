"""datatrove: `Clean("reprints", exclusion_writer)` in its pipelines, and its filters and formatters in ours.

    LocalPipelineExecutor([JsonlReader("raw"), Clean("reprints", JsonlWriter("rejects")), JsonlWriter("clean")]).run()

The other way round, a drop-in of one line, `from copydesk.adapters.datatrove import register_stages`, makes stages of
its steps: `datatrove_filter: {step: C4ParagraphFilter}`.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec
from datatrove import data as trove
from datatrove.pipeline.filters.base_filter import BaseFilter, get_filter_result
from datatrove.pipeline.formatters.base import BaseFormatter

from copydesk.adapters.transform import SIDE_BY_SIDE, Transform
from copydesk.document import Document, Segment
from copydesk.errors import did_you_mean
from copydesk.hooks import hookimpl
from copydesk.ledger import PARAGRAPH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from datatrove.pipeline.writers.disk_base import DiskWriter

    from copydesk.pipeline import Pipeline


class Clean(BaseFilter):  # type: ignore[misc] # datatrove ships no types
    """Documents with a clean text, and the rest of the record in their metadata, or in one field `into` of it.

    Who is rejected or fails goes to the exclusion writer as it came, with an `error` beside its metadata: the outcome,
    the stage and the reason. The first two are the `filter_reason`, and the name under which datatrove counts it.
    """

    def __init__(
        self, pipeline: Pipeline | str, exclusion_writer: DiskWriter | None = None, *, into: str | None = None
    ) -> None:
        self.transform = Transform(pipeline, into="record")
        self.into = into
        self.name = f"copydesk {self.transform.pipeline.name}"
        super().__init__(exclusion_writer, batch_size=SIDE_BY_SIDE)

    def filter(self, doc: trove.Document) -> bool | tuple[bool, str]:
        """Clean one document in place. False, with the outcome and the stage, where it is to be dropped."""
        return self.filter_batch([doc])[0]

    def filter_batch(self, batch: list[trove.Document]) -> list[bool | tuple[bool, str]]:
        """Clean some side by side."""
        rows = self.transform.records({**doc.metadata, "text": doc.text, "id": doc.id} for doc in batch)
        return [self._kept(doc, row["record"]) for doc, row in zip(batch, rows, strict=True)]

    def _kept(self, doc: trove.Document, record: dict[str, Any]) -> bool | tuple[bool, str]:
        error, doc.text = record.pop("error"), record.pop("text")
        del record["id"]
        noted = {"error": error} if error else record
        doc.metadata |= {self.into: noted} if self.into else noted
        return (False, f"{error['outcome']}_{error['stage']}") if error else True


@hookimpl
def register_stages(register: Callable[[Any], None]) -> None:
    register(datatrove_filter)
    register(datatrove_formatter)


class datatrove_filter:
    """Turn away what a filter of datatrove turns away, with its reason.

    `step` is one of datatrove.pipeline.filters, or another one's whole name (`our_filters.TooAngry`), `options` what it
    is built with. What it does to the text (C4QualityFilter drops lines) is done; what it notes in the metadata is a
    fact under its name.
    """

    def __init__(self, *, step: str, options: dict[str, Any] | None = None) -> None:
        self.step = _built("filters", BaseFilter, step, options)

    def __call__(self, doc: Document) -> None:
        name = type(self.step).__name__
        seen = trove.Document(_text(doc.story), doc.id, metadata={**doc.extra})
        kept, reason = get_filter_result(self.step.filter(seen))
        if not kept:
            doc.reject(f"{name}: {reason}" if reason else f"{name} turned it away")
            return
        _rewrite(doc.story, seen.text, name)
        if noted := {key: value for key, value in seen.metadata.items() if doc.extra.get(key) is not value}:
            doc.fact(name, msgspec.to_builtins(noted, enc_hook=_plain))


class datatrove_formatter:
    """Let the story read as a formatter of datatrove writes it. Its repairs are edits; the lines that it drops leave.

    `step` and `options` as for `datatrove_filter`.
    """

    def __init__(self, *, step: str, options: dict[str, Any] | None = None) -> None:
        self.step = _built("formatters", BaseFormatter, step, options)

    def __call__(self, doc: Document) -> None:
        _rewrite(doc.story, self.step.format(_text(doc.story)), type(self.step).__name__)


def _built(folder: str, kind: type, step: str, options: dict[str, Any] | None) -> Any:
    """Raises LookupError where there is no such step."""
    module, _, name = step.rpartition(".")
    things = vars(import_module(module or f"datatrove.pipeline.{folder}"))
    offers = {name: thing for name, thing in things.items() if isinstance(thing, type) and issubclass(thing, kind)}
    if name not in offers:
        raise LookupError(f"there is no `{name}` among its {folder}.{did_you_mean(name, offers)}")
    return offers[name](**(options or {}))


def _plain(value: Any) -> Any:
    """What JSON has no form for: of a number or array of numpy its value, of anything else its text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def _text(story: Sequence[Segment]) -> str:
    """The story as datatrove sees it: each segment a paragraph."""
    return PARAGRAPH.join(segment.text for segment in story)


def _rewrite(story: Sequence[Segment], text: str, step: str) -> None:
    """Let the story read so. Lines alone count: the blank ones between them are the pipeline's. Raises ValueError."""
    if text == _text(story):
        return
    if not story:
        raise ValueError(f"{step} wrote a text where there was none, so that it has no place.")
    for segment, lines in zip(story, _parts([segment.text for segment in story], text), strict=True):
        segment.rewrite(PARAGRAPH.join(lines), rule=step)


def _parts(was: Sequence[str], text: str) -> list[list[str]]:
    """For each line that was, those that stand there now. Two that begin with the same letters are one line."""
    parts: list[list[str]] = [[] for _ in was]
    now = [line.text for line in Document(text).segments]
    for _, start, end, first, last in SequenceMatcher(None, _starts(was), _starts(now)).get_opcodes():
        for place, line in enumerate(now[first:last], start):
            parts[min(place, max(end - 1, 0))].append(line)
    return parts


def _starts(lines: Sequence[str]) -> list[str]:
    return ["".join(filter(str.isalpha, line[:40]))[:24].casefold() for line in lines]
