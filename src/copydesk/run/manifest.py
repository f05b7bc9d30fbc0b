"""The manifest of a run's folder: what the run is made of, and which parts are done.

What makes the run is its identity: a digest or a value for each thing that the output's bytes depend on. A run goes on
only where all of it is the same. There is no time in a manifest, no host and no number of workers: that of a run that
was killed and resumed is that of one that was not.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import sys
import unicodedata
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from copydesk.errors import ConfigError, ResumeError
from copydesk.io.writers import put_anew
from copydesk.parcel import files_below, word_list
from copydesk.run.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from copydesk.pipeline import Pipeline

FILE = "manifest.json"
_FORMAT = 1
_SHA = "sha256:"
_LISTED = 100  # things of a kind that a manifest lists one by one; a million input files would fill it
_TOLD = 5  # differences that a message tells
_FACES = ("pluggy", "rich", "typer")  # libraries that no byte of the output depends on
_SHOWN = 60  # characters of a value that stands in a manifest as it is; of a longer one the digest does


class Part(msgspec.Struct, kw_only=True):
    """A part that is done: its file, the documents that came in and what became of them, and its share of the rejects.

    A `short` one was closed by an interrupt; a resumed run goes on in it.
    """

    file: str
    sha256: str
    bytes: int
    documents: int
    clean: int
    rejected: int
    failed: int
    rejects_bytes: int = 0
    rejects_sha256: str = ""
    short: bool = False


class Manifest(msgspec.Struct, kw_only=True):
    """What is known of a run. `summary` is that of all parts, less the times."""

    format: int = _FORMAT
    identity: dict[str, str]
    finished: bool = False
    parts: list[Part] = []
    summary: dict[str, Any] = {}

    @property
    def documents(self) -> int:
        return sum(part.documents for part in self.parts)

    @property
    def rejects_bytes(self) -> int:
        return sum(part.rejects_bytes for part in self.parts)

    def save(self, folder: Path) -> None:
        """Put it in the place of the one before, in one step. Raises OutputError."""
        put_anew(folder / FILE, msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n")


def read(folder: Path) -> Manifest | None:
    """The manifest of a folder, if there is one. Raises ResumeError for what is none of ours."""
    try:
        data = (folder / FILE).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ResumeError(f"{folder / FILE}: cannot be read: {error.strerror}.") from error
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
        Summary.unpacked(manifest.summary)
    except (msgspec.MsgspecError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ResumeError(f"{folder / FILE}: is not a run's manifest: {error}. Name another folder.") from None
    if manifest.format != _FORMAT:
        raise ResumeError(f"{folder / FILE}: was written by another version of copydesk. Name another folder.")
    return manifest


def listed(kind: str, things: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Things of a kind as part of an identity, by name (`input: a.jsonl`): the first hundred, and a digest of the rest.

    `things` are names and values in an order that is always the same; a value is a digest, a stamp or the thing.
    """
    left = iter(things)
    found = {f"{kind}: {name}": value for name, value in islice(left, _LISTED)}
    more = 0
    whole = hashlib.sha256()
    for name, value in left:
        more += 1
        whole.update(f"{len(name)}:{name}{len(value)}:{value}".encode("utf-8", "replace"))
    return {**found, f"{kind}: and {more:,} more": f"{_SHA}{whole.hexdigest()}"} if more else found


def short(identity: Mapping[str, str]) -> dict[str, str]:
    """An identity in which no value is long, sorted."""
    return {
        name: value if value.startswith(_SHA) or len(value) <= _SHOWN else digest([value.encode()])
        for name, value in sorted(identity.items())
    }


def differences(was: Mapping[str, str], now: Mapping[str, str]) -> str:
    """What differs between two identities, in words; nothing where they are the same."""
    told = [
        *(f"`{name}` is gone" for name in was.keys() - now.keys()),
        *(f"`{name}` is new" for name in now.keys() - was.keys()),
        *(f"`{name}` {_change(was[name], now[name])}" for name in was.keys() & now.keys() if was[name] != now[name]),
    ]
    more = [f"{len(told) - _TOLD:,} more"] if len(told) > _TOLD else []
    return ", ".join([*sorted(told)[:_TOLD], *more])


def _change(was: str, now: str) -> str:
    return "has changed" if _SHA in was + now else f"was {was or 'empty'} and is {now or 'empty'}"


def digest(pieces: Iterable[bytes]) -> str:
    """One sha256 of some pieces, each with its length: no two lists of pieces have the same."""
    whole = hashlib.sha256()
    for piece in pieces:
        whole.update(b"%d:" % len(piece) + piece)
    return f"{_SHA}{whole.hexdigest()}"


def pipeline_identity(pipeline: Pipeline) -> dict[str, str]:
    """What a pipeline's results depend on: its stages and options, the plugins' and rule files' content, and versions.

    Where a file stands is not part of it: a project may move. Raises ConfigError for a file that cannot be read.
    """
    spec = pipeline.spec
    identity = {"pipeline": spec.name, "keep": " ".join(spec.keep), **_versions()}
    for number, step in enumerate(spec.steps, 1):
        options = msgspec.to_builtins(step.options, enc_hook=_content)
        identity[f"stage: {number} {step.name}"] = msgspec.json.encode(options, order="sorted").decode()
    for name in sorted({make.__module__.partition(".")[0] for make in _makers(pipeline)}):
        package = _package(name)
        if not any(package.is_relative_to(path.resolve()) for path in spec.plugins):
            identity[f"plugin: {name}"] = _content(package)
    for number, path in enumerate(spec.plugins, 1):
        folder = path if path.is_dir() else path.parent
        files = ((f"{number} {_name(file, folder)}", _content(file)) for file in _drop_ins(path))
        identity |= listed("drop-in", files)
    return identity


def _makers(pipeline: Pipeline) -> Iterator[Any]:
    """What makes the stages of a pipeline, and the engines that their options name."""
    plugins = pipeline.plugins
    for step in pipeline.spec.steps:
        kind = plugins.stages[step.name]
        yield kind.make
        for option in kind.options.values():
            if option.offered:
                yield plugins.offers[option.offered][step.options.get(option.name, option.default)]


def _package(module: str) -> Path:
    """The folder of a package with all that it ships, or a module's file."""
    file = Path(str(sys.modules[module].__file__)).resolve()
    return file.parent if file.name == "__init__.py" else file


def _drop_ins(path: Path) -> Iterator[Path]:
    """The files of a drop-in, or of a folder of them: packages whole, else Python and YAML, one folder deep.

    Where somebody names the project's own folder, the articles and the output lie in it too.
    """
    if not path.is_dir():
        yield path
        return
    for entry in sorted(path.iterdir()):
        if (entry / "__init__.py").is_file():
            yield from files_below(entry)
        elif not entry.name.startswith((".", "__pycache__")):
            beside = sorted(entry.iterdir()) if entry.is_dir() else [entry]
            yield from (file for file in beside if file.suffix in (".py", ".yaml"))


def _content(path: Any) -> str:
    """The digest of a file's content, and of the word list that a rule file names; or of a folder's files."""
    if not isinstance(path, Path):
        raise NotImplementedError(f"an option of type {type(path).__name__}")
    if path.is_dir():
        return digest(piece for file in files_below(path) for piece in (_name(file, path).encode(), _read(file)))
    data = _read(path)
    words = word_list(path, data)
    return digest([data, _read(words)] if words else [data])


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}.") from error


def _name(file: Path, folder: Path) -> str:
    """A file's name below a folder, the same on every system; a byte of it that is not UTF-8 is written out."""
    return file.relative_to(folder).as_posix().encode("utf-8", "backslashreplace").decode()


def _versions() -> dict[str, str]:
    """Ours, and those of what we stand on: another ftfy repairs in another way, another Unicode knows other letters."""
    versions = {"copydesk": metadata.version("copydesk"), "unicode": unicodedata.unidata_version}
    for needed in metadata.requires("copydesk") or ():
        name = re.split(r"[^\w.-]", needed, maxsplit=1)[0]
        if "extra ==" not in needed and name not in _FACES:
            with contextlib.suppress(metadata.PackageNotFoundError):  # some Python needs it, and not this one
                versions[f"library: {name}"] = metadata.version(name)
    return versions
