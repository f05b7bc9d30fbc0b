"""copydesk stages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

import msgspec

from copydesk.cli.show import console
from copydesk.config import FILE, plugins_named_in
from copydesk.errors import ConfigError, did_you_mean
from copydesk.options import REQUIRED
from copydesk.plugins import Plugins
from copydesk.typed import described

if TYPE_CHECKING:
    from copydesk.options import Option


def plugins_of(config: Path | None) -> Plugins:
    """The installed plugins, and those that the pipelines.yaml names, if there is one."""
    path = config or Path(FILE)
    return plugins_named_in(path) if config or path.exists() else Plugins.found()


def show_stages(config: Path | None) -> None:
    """Every stage by plugin, with the first line of its help, and the plugins that are broken."""
    out = console()
    plugins = plugins_of(config)
    width = max(map(len, plugins.stages), default=0)
    for plugin in plugins.names:
        kinds = [kind for kind in plugins.stages.values() if kind.plugin == plugin]
        if kinds:
            out.print(plugin, style="bold")
        for kind in kinds:
            out.print(f"  {kind.name:<{width}}  ", style="cyan", end="")
            out.print(kind.about)
    for hook, offers in plugins.offers.items():
        out.print(f"{hook.replace('_', ' ')}: {', '.join(sorted(offers))}")
    for fault in plugins.faults:
        console(err=True).print(str(fault), style="yellow")


def show_stage(name: str, config: Path | None) -> None:
    """One stage: its help, and each option with its type and default. Raises ConfigError for an unknown one."""
    plugins = plugins_of(config)
    kind = plugins.stages.get(name)
    if kind is None:
        raise ConfigError(
            f"there is no stage `{name}`.{did_you_mean(name, plugins.stages)} `copydesk stages` lists them."
        )
    out = console()
    out.print(f"{kind.name}", style="bold cyan", end="")
    out.print(f"  (plugin {kind.plugin})", style="dim")
    out.print(kind.help + "\n")
    if not kind.options:
        out.print("It has no options.")
    for option in kind.options.values():
        out.print(f"  {option.name}", style="cyan", end="")
        out.print(f": {type_of(option, plugins)}{default_of(option)}")


def type_of(option: Option, plugins: Plugins) -> str:
    """What an option takes, in words."""
    if option.offered:
        return "one of " + ", ".join(sorted(plugins.offers[option.offered]))
    return described(option.type) + bounds_of(option)


_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than", "multiple_of": "a multiple of"}
_BOUNDS |= {"min_length": "of a length of at least", "max_length": "of a length of at most", "pattern": "matching"}


def bounds_of(option: Option) -> str:
    """The bounds of an option's type, in words: `, at least 1, at most 9`."""
    marks = get_args(option.type)[1:] if get_origin(option.type) is Annotated else ()
    return "".join(
        f", {words} {getattr(mark, name)}"
        for mark in marks
        if isinstance(mark, msgspec.Meta)
        for name, words in _BOUNDS.items()
        if getattr(mark, name) is not None
    )


def default_of(option: Option) -> str:
    """An option's default, in words, as it would stand in YAML."""
    if option.default is REQUIRED:
        return ", required"
    value: Any = list(option.default) if isinstance(option.default, tuple) else option.default
    words = {"True": "true", "False": "false", "None": "null"}
    return f" (default: {words.get(str(value), value)})"
