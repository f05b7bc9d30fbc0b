"""A stage's options, read from its signature: the signature is the schema, the docstring is the help."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

import msgspec

from copydesk.errors import PluginError
from copydesk.hooks import Offered
from copydesk.prose import sentences
from copydesk.typed import described

if TYPE_CHECKING:
    from collections.abc import Callable

REQUIRED = msgspec.NODEFAULT

# What options are annotated with. Linters move such imports under TYPE_CHECKING, where nobody finds them at run time.
_KNOWN = {"Annotated": Annotated, "Literal": Literal, "Meta": msgspec.Meta, "Offered": Offered, "Path": Path}
_KNOWN |= {"Sequence": Sequence, "msgspec": msgspec}


class Option(msgspec.Struct, frozen=True):
    """One option of a stage: its type as annotated, and its default (REQUIRED where it has none)."""

    name: str
    type: Any
    default: Any

    @property
    def offered(self) -> str | None:
        """The hook whose offers this option names, if it names one."""
        marks = get_args(self.type)[1:] if get_origin(self.type) is Annotated else ()
        return next((mark.hook for mark in marks if isinstance(mark, Offered)), None)


class StageKind(msgspec.Struct, frozen=True):
    """A stage that a plugin offers: a function, or a class that is built with its options."""

    name: str
    plugin: str
    make: Callable[..., Any]
    options: dict[str, Option]

    @property
    def about(self) -> str:
        """The first sentence of the docstring."""
        paragraph = " ".join(self.help.split("\n\n", 1)[0].split())
        return paragraph[: sentences(paragraph)[0][1]].rstrip() if paragraph else ""

    @property
    def help(self) -> str:
        """The whole docstring."""
        return inspect.getdoc(self.make) or ""

    def built(self, **options: Any) -> Callable[..., Any]:
        """The callable that takes a document."""
        make = self.make
        if isinstance(make, type):
            made: Callable[..., Any] = make(**options)
            return made
        return (lambda doc: make(doc, **options)) if options else make


def stage_kind(offer: Any, plugin: str) -> StageKind:
    """What a plugin handed to `register`, checked. Raises PluginError where it cannot be a stage."""
    name = getattr(offer, "__name__", None)
    if not callable(offer) or not isinstance(name, str) or not name.isidentifier():
        raise PluginError(
            plugin, f"{offer!r} has no name to call it by. Register a function or a class, not a partial."
        )
    parameters = _parameters(offer, name, plugin)
    options = {p.name: _option(offer, p, name, plugin) for p in parameters}
    return StageKind(name, plugin, offer, options)


def _parameters(offer: Any, name: str, plugin: str) -> list[inspect.Parameter]:
    """The options among the parameters; the document is what comes first."""
    is_class = inspect.isclass(offer)
    if is_class and "__call__" not in vars(offer):
        raise PluginError(plugin, f"the class `{name}` has no `__call__(self, doc)`, so it cannot take a document.")
    act = vars(offer)["__call__"] if is_class else offer
    _check_it_acts(act, name, plugin)
    first = list(inspect.signature(act).parameters.values())
    first = first[1:] if is_class else first  # less `self`
    positional = [p for p in first if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(positional) != 1:
        raise PluginError(
            plugin, f"the stage `{name}` takes {len(positional)} positional parameters; it takes one, `doc`."
        )
    own = inspect.signature(offer).parameters.values() if is_class else first[1:]
    for parameter in own:
        if parameter.kind is not parameter.KEYWORD_ONLY:
            message = f"`{parameter.name}` of the stage `{name}` is not keyword-only. Write `*,` before the options."
            raise PluginError(plugin, message)
    return list(own)


def _check_it_acts(act: Any, name: str, plugin: str) -> None:
    """Raises PluginError for what does nothing when it is called: it waits to be awaited, or to be asked for items."""
    if inspect.iscoroutinefunction(act):
        raise PluginError(plugin, f"the stage `{name}` is `async`, and nobody awaits it. Write `def`.")
    if inspect.isgeneratorfunction(act) or inspect.isasyncgenfunction(act):
        message = f"the stage `{name}` has a `yield` in it, so that a call runs none of it"
        raise PluginError(plugin, f"{message}. A stage marks the document and returns nothing.")


def _option(offer: Any, parameter: inspect.Parameter, name: str, plugin: str) -> Option:
    if parameter.annotation is parameter.empty:
        raise PluginError(plugin, f"the option `{parameter.name}` of the stage `{name}` has no type. Annotate it.")
    default = REQUIRED if parameter.default is parameter.empty else parameter.default
    type_ = _evaluated(offer, parameter, name, plugin)
    if isinstance(default, str | int | float) and not _fits(default, type_):
        takes = f"the option `{parameter.name}` of the stage `{name}` takes {described(type_)}"
        raise PluginError(plugin, f"{takes}, and its default is {default!r}.")
    return Option(parameter.name, type_, default)


def _fits(default: float | str, type_: Any) -> bool:
    """Whether a plain default is one that a pipelines.yaml could have named."""
    try:
        msgspec.convert(default, type_, strict=True)
    except msgspec.ValidationError:
        return False
    except TypeError:
        return True  # a type of the plugin's own
    return True


def _evaluated(offer: Any, parameter: inspect.Parameter, name: str, plugin: str) -> Any:
    """The annotation as a type. Only the options' are looked at: the document's may stand under TYPE_CHECKING."""
    annotation = parameter.annotation
    if not isinstance(annotation, str):
        return annotation
    function = offer.__init__ if inspect.isclass(offer) else offer
    names = {**_KNOWN, **inspect.unwrap(function).__globals__}
    try:
        return eval(annotation, names)  # noqa: S307 (the plugin's own source, already run)
    except Exception as error:
        message = (
            f"the type `{annotation}` of the option `{parameter.name}` of the stage `{name}` cannot be read: {error}. "
            "Import what it needs outside `if TYPE_CHECKING:`."
        )
        raise PluginError(plugin, message) from error
