"""The pipeline: a named list of stages, and the loop that runs a document through them."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from copydesk.document import Document
from copydesk.errors import ConfigError, InputError, Problem, StageError, did_you_mean
from copydesk.intake import as_document, unread
from copydesk.ledger import restore, settle
from copydesk.options import REQUIRED
from copydesk.parcel import packed, unpacked
from copydesk.plugins import Plugins
from copydesk.rows import Rows
from copydesk.rules import Rules, asked_together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pyarrow as pa

    from copydesk.options import StageKind

    Stage = Callable[[Document], Any]
    Watch = Callable[[int, str], Any]
    """Told before each act: the document's number in its batch, and the stage."""


LEDGER = "ledger"
"""The name that the last act of every pipeline has where a stage would be named."""


class Step(msgspec.Struct, frozen=True):
    """One stage of a pipeline as written: its name, its options, and where it stands."""

    name: str
    options: dict[str, Any] = {}
    file: str = ""
    line: int = 1
    column: int = 1

    def problem(self, message: str) -> Problem:
        """A mistake that stands in this place."""
        return Problem(self.file, self.line, self.column, message)


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One example of a pipeline: what comes `in`, and what must come out of it. It is a test."""

    label: str
    text: str
    out: str | None = None
    facts: dict[str, Any] = {}
    rejected: str | None = None
    line: int = 0


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """All that makes a pipeline, and all that is pickled of it. `plugins` are the drop-in files and folders."""

    name: str
    steps: tuple[Step, ...]
    keep: tuple[str, ...] = ("body",)
    about: str = ""
    plugins: tuple[Path, ...] = ()
    examples: tuple[Example, ...] = ()


class Pipeline:
    """A named list of stages. Call it with a text, a mapping with a `text`, bytes or a Document.

        pipeline = copydesk.load("pipelines.yaml")["reprints"]
        doc = pipeline(raw)               # raises StageError where a stage fails
        for doc in pipeline.stream(raws): # one out for each in, in order; doc.outcome tells how it went
            ...

    What is heavy is built once, on first use. It is safe to share among threads, and pickles as its spec and the files
    that it names (copydesk.parcel).
    """

    def __init__(self, spec: Spec, plugins: Plugins | None = None) -> None:
        self.spec = spec
        self._plugins = plugins
        self._stages: list[tuple[str, Stage]] | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Pipeline {self.spec.name}: {', '.join(step.name for step in self.spec.steps)}>"

    def __reduce__(self) -> tuple[Callable[[bytes], Pipeline], tuple[bytes]]:
        """Its spec, with the files that it names; not its examples, which are for `copydesk test`."""
        return arrived, (packed(msgspec.structs.replace(self.spec, examples=())),)

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def plugins(self) -> Plugins:
        """The plugins that offer its stages. Drop-in code runs when they are first asked for."""
        if self._plugins is None:
            self._plugins = Plugins.found(self.spec.plugins)
        return self._plugins

    @property
    def stages(self) -> list[tuple[str, Stage]]:
        """The built stages with their names. Building them loads tables and rules: once, under a lock."""
        if self._stages is None:
            with self._lock:
                if self._stages is None:
                    self._stages = self._built()
        return self._stages

    def _built(self) -> list[tuple[str, Stage]]:
        stages: list[tuple[str, Stage]] = []
        faults: list[ConfigError] = []
        for step in self.spec.steps:
            try:
                stages.append((step.name, built(step, self.plugins)))
            except ConfigError as error:
                faults.append(error)
        if faults:
            raise ConfigError(problem for fault in faults for problem in fault.problems) from faults[0]
        asked_together(rules_of(stage for _, stage in stages))
        return stages

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What keeps its stages from being built, mistakes in their rule files among it. Most often nothing."""
        try:
            _ = self.stages
        except ConfigError as error:
            return error.problems
        return ()

    @property
    def rules(self) -> list[Rules]:
        """The rules of the stages that have some."""
        return rules_of(stage for _, stage in self.stages)

    def __call__(self, item: str | bytes | Mapping[str, Any] | Document) -> Document:
        """Run one document. Raises StageError where a stage fails, InputError where the item holds no text."""
        doc = as_document(item)
        for error in self._run([doc]):
            raise error
        return doc

    def stream(self, items: Iterable[str | bytes | Mapping[str, Any] | Document]) -> Iterator[Document]:
        """Run many, one by one, as they are asked for. A document that fails comes out too, with `outcome` failed."""
        if isinstance(items, str | bytes | Mapping | Document):
            raise InputError(
                "`stream` takes many documents, and this is one. Call the pipeline with it, or put it in a list."
            )
        for item in items:
            try:
                doc = as_document(item)
            except InputError as error:
                doc = unread(str(error), str(item), item.get("id") if isinstance(item, Mapping) else None)
            self.batch([doc])
            yield doc

    def batch(self, docs: Sequence[Document], watch: Watch | None = None) -> None:
        """Run documents side by side, a stage at a time; a failure is noted on its document instead of raised.

        What a stage needs stays in the processor's cache from one document to the next, so thirty-two at a time are a
        third quicker than one by one. Those that are no longer clean are left alone. `watch` is told before each act.
        """
        self._run(docs, watch)

    def arrow_schema(
        self, others: pa.Schema | None = None, *, text: str = "text", id: str = "id", into: str | None = None
    ) -> pa.Schema:
        """The columns that `arrow` gives, known before the first row; with the schema of its input, that one's too.

        Raises ConfigError where pyarrow is missing, as `arrow` does.
        """
        return Rows(self, text, id, into).schema(others)

    def arrow(self, data: Any, *, text: str = "text", id: str = "id", into: str | None = None) -> Any:
        """A RecordBatch for a RecordBatch, a Table for whatever else speaks Arrow: the same rows, in order.

        First the record's columns (docs/record.md), then `error`, null for a clean document, then the input's others.
        `into`: one column that holds the record, beside all of the input's. No document raises; InputError is for an
        input without that text column, with two columns of one name, or with one that the record's would replace.
        """
        return Rows(self, text, id, into)(data)

    def records(
        self, rows: Iterable[Mapping[str, Any] | str], *, text: str = "text", id: str = "id", into: str | None = None
    ) -> Iterator[dict[str, Any]]:
        """The same for mappings, or texts alone, as they are asked for. No row raises, not even one without a text."""
        return Rows(self, text, id, into).records(rows)

    def _run(self, docs: Sequence[Document], watch: Watch | None = None) -> list[StageError]:
        """The loop: hand the pens to each stage in turn; who fails or is turned away leaves it."""
        for doc in docs:
            doc.keep = self.spec.keep
        faults = []
        for position, (name, stage) in enumerate([*self.stages, (LEDGER, _settled)], 1):
            ahead = _rules_everywhere(stage)
            for number, doc in enumerate(docs):
                if doc.outcome == "clean":
                    if watch:
                        watch(number, name)
                    if ahead:
                        _ask(ahead, docs)
                        ahead = None
                    try:
                        _act(doc, stage, name, f"{self.name}[{position}] {name}")
                    except StageError as error:
                        doc.fail(error.stage, str(error))
                        faults.append(error)
        return faults


_CORE = Path(__file__).parent
_ARRIVING = threading.Lock()


def arrived(parcel: bytes) -> Pipeline:
    """The pipeline of a parcel, and for the same parcel always the same one: a process builds it once."""
    with _ARRIVING:
        return _arrived(parcel)


@lru_cache(maxsize=8)  # an engine unpickles it for each task, and it holds all that it has built
def _arrived(parcel: bytes) -> Pipeline:
    return Pipeline(unpacked(parcel))


def _act(doc: Document, stage: Stage, name: str, place: str) -> None:
    """One stage, one document. Raises StageError, whatever the stage raises."""
    doc.signed_by(name)
    try:
        result = stage(doc)
    except (Exception, SystemExit) as error:
        message = f"{place} ({_own_line(error)}) failed on document `{doc.id}`"
        raise StageError(name, f"{message}: {type(error).__name__}: {_told(error)}") from error
    if result is not None and result is not doc:
        message = f"{place} returned {type(result).__name__} for document `{doc.id}`"
        raise StageError(name, f"{message}. A stage marks the document and returns nothing.")


def _own_line(error: BaseException) -> str:
    """The line of the stage's own code: where it did something wrong, not the line in here that says so."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not Path(frame.filename).is_relative_to(_CORE)]
    where = (own or frames)[-1]
    return f"{where.filename}:{where.lineno}"


def _told(error: BaseException) -> str:
    """What an error says of itself. A plugin's may raise another when it is asked."""
    try:
        return str(error)
    except Exception as another:  # noqa: BLE001 (see above)
        return f"({type(another).__name__} while its text was made)"


def _settled(doc: Document) -> None:
    """The last act of every pipeline: the clean text and the ledger; the raw text restored from them is compared."""
    doc.text, doc.ledger = settle(doc)
    try:
        is_whole = restore(doc.text, doc.ledger) == doc.raw
    except InputError:
        is_whole = False
    if not is_whole:
        raise ValueError("the ledger does not give the raw text back; a stage set a segment's text by itself.")


def built(step: Step, plugins: Plugins) -> Stage:
    """The callable of one step. Raises ConfigError where the stage cannot be built with its options."""
    kind = plugins.stages.get(step.name)
    if kind is None:
        faults = "".join(f"\n{fault}" for fault in plugins.faults)
        raise ConfigError([step.problem(f"{no_stage(step.name, plugins)}{faults}")])
    try:
        return kind.built(**_options(step, kind, plugins))
    except ConfigError as error:
        raise ConfigError(error.problems or [step.problem(f"the stage `{step.name}`: {error}")]) from error
    except (Exception, SystemExit) as error:
        raise ConfigError([step.problem(f"the stage `{step.name}` cannot be built: {_why(error)}")]) from error


def _why(error: BaseException) -> str:
    """What went wrong, and in which line of the stage's code; with what to do where a library is missing."""
    lacking = error.name if isinstance(error, ModuleNotFoundError) else None
    hint = f" Install what has `{lacking}`: pip install {lacking.partition('.')[0]}." if lacking else ""
    return f"{type(error).__name__}: {_told(error)} ({_own_line(error)}).{hint}"


def _options(step: Step, kind: StageKind, plugins: Plugins) -> dict[str, Any]:
    """The options of a step as its stage takes them. Raises ConfigError for an offer that no plugin makes here."""
    options = dict(step.options)
    for option in kind.options.values():
        named = options.get(option.name, option.default)
        if option.offered and named is not REQUIRED:
            offers = plugins.offers[option.offered]
            if named not in offers:
                hint = did_you_mean(named, offers)
                raise ConfigError(f"no plugin offers the `{named}` that it asks for.{hint}")
            options[option.name] = offers[named]
        elif option.name in options and isinstance(named, dict | list | tuple):
            # A drop-in's own type that came in a parcel is a mapping.
            options[option.name] = msgspec.convert(named, option.type, dec_hook=_as_it_is, from_attributes=True)
    return options


def _as_it_is(_: type, value: Any) -> Any:
    return value


def no_stage(name: str, plugins: Plugins, others: Iterable[str] = ()) -> str:
    """What to say where no plugin offers a stage of this name."""
    hint = did_you_mean(name, [*plugins.stages, *others]) or " `copydesk stages` lists them."
    return f"there is no stage or pipeline `{name}`.{hint}"


def _rules_everywhere(stage: Any) -> Rules | None:
    """The rules of a stage that asks about every block."""
    rules = getattr(stage, "rules", None)
    return rules if isinstance(rules, Rules) and rules.everywhere else None


def _ask(rules: Rules, docs: Sequence[Document]) -> None:
    """Ask about a whole batch at once. What fails here fails again in the stage, on the document that is at fault."""
    with suppress(Exception):
        rules.look(doc for doc in docs if doc.outcome == "clean")


def rules_of(stages: Iterable[Any]) -> list[Rules]:
    """The rules of those stages that have some, under the name `rules`."""
    return [stage.rules for stage in stages if isinstance(getattr(stage, "rules", None), Rules)]
