"""Reads a pipelines.yaml: the plugins it names, its pipelines, their stages and options, and their examples.

Everything is checked before the first document is read, and every mistake is told at once, with its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from copydesk.document import misspelt
from copydesk.errors import ConfigError, did_you_mean
from copydesk.options import REQUIRED
from copydesk.pipeline import Example, Pipeline, Spec, Step, no_stage
from copydesk.plugins import Plugins
from copydesk.typed import LIST, MAP, MISSING, Reading
from copydesk.yamlfile import YamlFile

if TYPE_CHECKING:
    from copydesk.options import StageKind
    from copydesk.yamlfile import Node

FILE = "pipelines.yaml"
BODY = "body"
_TOP = {"plugins": tuple[Path, ...], "pipelines": MAP}
_PIPELINE = {"about": str, "stages": LIST, "keep": tuple[str, ...], "examples": LIST}
_EXAMPLE = {"label": str, "in": str, "out": str, "facts": dict[str, Any], "rejected": str}


class Pipelines(Mapping[str, Pipeline]):
    """The pipelines of a file by name, and the plugins that their stages come from."""

    def __init__(self, path: Path, pipelines: dict[str, Pipeline], plugins: Plugins) -> None:
        self.path = path
        self.plugins = plugins
        self._pipelines = pipelines

    def __getitem__(self, name: str) -> Pipeline:
        if name not in self._pipelines:
            known = ", ".join(self._pipelines)
            hint = did_you_mean(name, self._pipelines) or f" It has {known}."
            raise ConfigError(f"{self.path}: there is no pipeline `{name}`.{hint}")
        return self._pipelines[name]

    def __contains__(self, name: object) -> bool:
        return name in self._pipelines

    def __iter__(self) -> Iterator[str]:
        return iter(self._pipelines)

    def __len__(self) -> int:
        return len(self._pipelines)


def house_file() -> Path:
    """The pipelines that come with copydesk: in the package, or at the top of a checkout."""
    packaged = Path(__file__).parent / FILE
    return packaged if packaged.exists() else Path(__file__).parents[2] / FILE


def _of_the_house(name: str) -> str:
    """What to say of a name that only copydesk's own file has."""
    pipelines = YamlFile.open(house_file()).root
    nodes = pipelines and pipelines.get("pipelines")
    if nodes is None or nodes.get(name) is None:
        return ""
    return f"`{name}` is a pipeline of copydesk's own file. `copydesk init --house` writes that file, to begin with."


def load(path: str | Path | None = None) -> Pipelines:
    """The pipelines of a file; of ./pipelines.yaml, or else of copydesk's own, where none is named.

    Raises ConfigError with every mistake in the file, each as file:line:column. Where there is one, the stages are
    built as well, so that what is wrong with these and their rule files is told in the same go.
    """
    if path is None:
        path = Path(FILE) if Path(FILE).exists() else house_file()
    path = Path(path)
    file = YamlFile.open(path)
    reading = File(file, path)
    pipelines = reading.pipelines()
    try:
        file.close()
    except ConfigError as error:
        unbuilt = [problem for pipeline in pipelines.values() for problem in pipeline.problems]
        raise ConfigError([*error.problems, *unbuilt]) from None
    return Pipelines(path, pipelines, reading.plugins)


def plugins_named_in(path: Path) -> Plugins:
    """The installed plugins and those that a pipelines.yaml names, whatever else is wrong with it."""
    return File(YamlFile.open(path), path).plugins


class File:
    """One reading of a pipelines.yaml."""

    def __init__(self, file: YamlFile, path: Path) -> None:
        self.file = file
        self.reading = Reading(file, path.parent)
        self.top: dict[str, Any] = {}
        self.circles: set[frozenset[str]] = set()
        if file.root is not None:
            self.top = self.reading.fields(file.root, _TOP, of="a pipelines.yaml", required=["pipelines"])
        elif not file.problems:
            file.problem(None, "is empty. `copydesk init` writes one to start from.")
        self.paths: tuple[Path, ...] = self.top.get("plugins", ())
        self.plugins = Plugins.found(self.paths)
        self._named_faults()
        node = self.top.get("pipelines")
        self.nodes = {name: (key, value) for name, key, value in node.items()} if node else {}

    def _named_faults(self) -> None:
        """A drop-in that this file names and that does not load is this file's mistake."""
        node = self.file.root.get("plugins") if self.file.root else None
        for fault in self.plugins.faults:
            if fault.plugin in self.plugins.drop_ins:
                self.file.problem(node, str(fault))

    def pipelines(self) -> dict[str, Pipeline]:
        specs = {name: self._spec(name, node) for name, (_, node) in self.nodes.items()}
        if any("there is no stage" in problem.message for problem in self.file.problems):
            for fault in self.plugins.faults:  # the usual cause of a missing stage; those of drop-ins were told
                if fault.plugin not in self.plugins.drop_ins:
                    self.file.problem(None, str(fault))
        for name, (key, _) in self.nodes.items():
            if name in self.plugins.stages:
                owner = self.plugins.stages[name].plugin
                self.file.problem(key, f"`{name}` is a stage of the plugin `{owner}`. Give the pipeline another name.")
        return {name: Pipeline(spec, self.plugins) for name, spec in specs.items() if spec}

    def _spec(self, name: str, node: Node) -> Spec | None:
        fields = self.reading.fields(node, _PIPELINE, of=f"the pipeline `{name}`", required=["stages"])
        listed = fields.get("stages")
        if listed is None:
            return None
        if not listed.value:
            self.file.problem(listed, f"the pipeline `{name}` has no stages. `copydesk stages` lists what there is.")
        self._check_kept(node.get("keep"))
        return Spec(
            name=name,
            steps=tuple(self._steps(listed, (name,))),
            keep=fields.get("keep", (BODY,)),
            about=fields.get("about", ""),
            plugins=self.paths,
            examples=tuple(self._examples(fields.get("examples"))),
        )

    def _check_kept(self, listed: Node | None) -> None:
        """Roles are free, for plugins have their own. But nobody means a clean text without the body by `boddy`."""
        for role in listed.value if listed and listed.kind == "list" else ():
            if hint := misspelt(str(role.value)):
                self.file.problem(role, f"`keep` names the role `{role.value}`.{hint}")

    def _steps(self, listed: Node, within: tuple[str, ...]) -> Iterator[Step]:
        """The steps of a list of stages. A pipeline's name stands for its own steps."""
        for node in listed.value:
            stage, options = self._named(node)
            if stage is None:
                continue
            name = stage.value
            if name in self.nodes and name not in self.plugins.stages:
                yield from self._nested(stage, options, within)
            elif name in self.plugins.stages:
                yield from self._step(stage, options, self.plugins.stages[name])
            elif len(within) == 1:
                self.file.problem(stage, _of_the_house(name) or no_stage(name, self.plugins, self.nodes))

    def _named(self, node: Node) -> tuple[Node | None, Node | None]:
        """The name and the options of one entry in a list of stages."""
        if node.kind == "text":
            return node, None
        if node.kind == "map" and len(node.value) == 1:
            stage, options = node.value[0]
            return stage, options
        self.file.problem(
            node, "a stage is a name, or one name with its options: `- remove_promos: {without: [en/advert]}`."
        )
        return None, None

    def _nested(self, stage: Node, options: Node | None, within: tuple[str, ...]) -> Iterator[Step]:
        name = stage.value
        if options is not None:
            self.file.problem(stage, f"`{name}` is a pipeline here, and a pipeline takes no options.")
        if name in within:
            circle = within[within.index(name) :]
            if frozenset(circle) not in self.circles:  # it is met again from each pipeline in it
                self.circles.add(frozenset(circle))
                self.file.problem(stage, f"the pipeline `{name}` would run itself: {' -> '.join([*circle, name])}.")
            return
        listed = self.nodes[name][1].get("stages")
        if listed and listed.kind == "list":
            known = len(self.file.problems)
            steps = list(self._steps(listed, (*within, name)))
            self.file.problems[known:] = [p for p in self.file.problems[known:] if "would run itself" in p.message]
            yield from steps

    def _step(self, stage: Node, options: Node | None, kind: StageKind) -> Iterator[Step]:
        """The step of a stage, unless there is a mistake in it."""
        known = len(self.file.problems)
        values = self._values(stage, options, kind)
        if len(self.file.problems) == known:
            yield Step(kind.name, values, self.file.name, stage.line, stage.column)

    def _values(self, stage: Node, options: Node | None, kind: StageKind) -> dict[str, Any]:
        of = f"the stage `{kind.name}`"
        required = [option.name for option in kind.options.values() if option.default is REQUIRED]
        if options is None:
            for name in required:
                self.file.problem(stage, f"{of} lacks `{name}`.")
            return {}
        types = {option.name: option.type for option in kind.options.values()}
        values = self.reading.fields(options, types, of=of, required=required)
        for option in kind.options.values():
            if option.offered and option.name in values:
                self._offered(options.get(option.name), option.offered, values[option.name])
        return values

    def _offered(self, node: Node | None, hook: str, name: str) -> None:
        offers = self.plugins.offers[hook]
        if name not in offers:
            what = hook.replace("_", " ").removesuffix("s")
            hint = did_you_mean(name, offers) or f" There are {', '.join(sorted(offers))}."
            self.file.problem(node, f"no plugin offers the {what} `{name}`.{hint}")

    def _examples(self, node: Node | None) -> Iterator[Example]:
        for item in node.value if node else ():
            fields = self.reading.fields(item, _EXAMPLE, of="an example", required=["label", "in"])
            text = fields.pop("in", MISSING)
            if text is not MISSING and "label" in fields:
                if not (fields.keys() & {"out", "rejected"} or fields.get("facts")):
                    self.file.problem(item, "an example says what comes out: `out`, `facts` or `rejected`.")
                if "rejected" in fields and fields.keys() & {"out", "facts"}:
                    self.file.problem(item, "what is `rejected` has no `out` and no `facts`.")
                yield Example(text=text, line=item.line, **fields)
