"""Finds plugins and collects what they offer.

A plugin is found by its entry point (group `copydesk`) or in the files and folders that a pipelines.yaml names. pluggy
asks each once what it offers; from then on it is out of the way. Each stands in a manager of its own, so that one that
raises, or exits, takes nothing with it: it is a fault with its name, and the rest loads.
"""

from __future__ import annotations

import importlib.util
import re
import sys
import traceback
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pluggy

from copydesk import hooks
from copydesk.errors import PluginError, did_you_mean
from copydesk.options import StageKind, stage_kind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

GROUP = "copydesk"
DROP_IN = "copydesk_dropin_"
"""What the names of the modules of drop-in files begin with."""

HOOKS = ("register_stages", "register_language_engines")


class Plugins:
    """All that the plugins offer: stages by name, language engines by name, and the plugins that are broken."""

    def __init__(self) -> None:
        self.stages: dict[str, StageKind] = {}
        self.offers: dict[str, dict[str, Any]] = {"language_engines": {}}
        self.names: list[str] = []
        self.drop_ins: list[str] = []
        self.faults: list[PluginError] = []
        self._owners: dict[tuple[str, str], str] = {}
        self._files: set[Path] = set()

    @classmethod
    def found(cls, paths: Iterable[Path] = ()) -> Plugins:
        """Every installed plugin, then the drop-in ones: files, and folders with files and packages in them."""
        plugins = cls()
        for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
            plugins._guarded(point.name, lambda point=point: point.load())
        for path in paths:
            for file in _drop_ins(path, plugins):
                if file.resolve() not in plugins._files:
                    plugins.drop_ins.append(_name(file))
                    plugins._guarded(_name(file), lambda file=file: _imported(file))
        return plugins

    def _guarded(self, name: str, load: Any) -> None:
        try:
            self._add(name, load())
        except PluginError as error:
            self.faults.append(error)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (whatever a stranger's module raises is its fault alone)
            self.faults.append(
                PluginError(name, f"cannot be loaded: {type(error).__name__}: {error}{_line_of(error)}.")
            )

    def _add(self, name: str, module: ModuleType) -> None:
        if getattr(module, "__file__", None):
            self._files.add(Path(str(module.__file__)).resolve())
        manager = _manager(name, module)
        stages: list[Any] = []
        engines: list[Any] = []
        manager.hook.register_stages(register=stages.append)
        manager.hook.register_language_engines(register=engines.append)
        if not stages and not engines:
            hint = "Mark its functions with `@copydesk.hookimpl`, and call `register` in them."
            raise PluginError(name, f"offers nothing. {hint}")
        kinds = [stage_kind(offer, name) for offer in stages]
        self.names.append(name)
        for kind in kinds:
            self._keep("stage", self.stages, kind.name, kind, name)
        for engine in engines:
            self._keep("language engine", self.offers["language_engines"], engine.__name__, engine, name)

    def _keep(self, what: str, shelf: dict[str, Any], name: str, offer: Any, plugin: str) -> None:
        first = self._owners.setdefault((what, name), plugin)
        if name in shelf:
            message = f"offers the {what} `{name}`, which `{first}` offers already. Rename one of the two."
            self.faults.append(PluginError(plugin, message))
        else:
            shelf[name] = offer


def _manager(name: str, module: ModuleType) -> pluggy.PluginManager:
    """A manager with this one plugin in it. Raises PluginError for a hook that is misspelt or does not fit."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hooks)
    try:
        manager.register(module, name=name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        for hook in re.findall(r"\bregister_\w+", str(error)):
            if hook not in HOOKS:
                raise PluginError(name, f"there is no hook `{hook}`.{did_you_mean(hook, HOOKS)}") from None
        detail = " ".join(str(error).split())
        raise PluginError(name, f"its hook does not fit: {detail}. A hook takes one parameter, `register`.") from None
    return manager


def _line_of(error: BaseException) -> str:
    """Where a module stopped, where that is a line of its own."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename != __file__ and "importlib" not in frame.filename]
    return f" ({Path(own[-1].filename).name}:{own[-1].lineno})" if own else ""


def _name(file: Path) -> str:
    return file.parent.name if file.name == "__init__.py" else file.stem


def _drop_ins(path: Path, plugins: Plugins) -> list[Path]:
    """The plugin files that a path stands for, sorted: load order must not depend on the disk."""
    if path.is_dir():
        entries = sorted(entry for entry in path.iterdir() if not entry.name.startswith(("_", ".", "test_")))
        packages = [entry / "__init__.py" for entry in entries if (entry / "__init__.py").is_file()]
        return [entry for entry in entries if entry.suffix == ".py"] + packages
    if path.is_file():
        return [path]
    plugins.drop_ins.append(path.name)
    plugins.faults.append(PluginError(path.name, f"there is no file or folder {path}."))
    return []


def _imported(file: Path) -> ModuleType:
    """Run a plugin file as a module. It stands in sys.modules first, as dataclasses in it need."""
    name = f"{DROP_IN}{_name(file)}_{crc32(str(file.resolve()).encode()):08x}"
    folder = [str(file.parent)] if file.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=folder)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
