"""A pipeline's spec packed for another process or machine: the spec, and by content the files that it names.

The files are the drop-in plugins, the rule files with their word lists, and whatever else an option names. A folder
travels with all that is in it. Where the same files stand at the same places they are used there, and else they are
laid out in a folder of this process, in the same places to each other. What is too large to travel must stand on the
other machine already.
"""

from __future__ import annotations

import atexit
import hashlib
import io
import os
import pickle
import re
import shutil
import tempfile
import zlib
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from copydesk.errors import ConfigError
from copydesk.plugins import DROP_IN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LARGE = 1_000_000
"""Bytes. A larger file (a learned model) travels as its digest: an engine packs a pipeline again for each task."""

_HIDDEN = ("__pycache__", ".")
_WORDS_FROM = re.compile(rb"^words_from:\s*[\"']?([^\"'#\n]+)", re.MULTILINE)


class Parcel(msgspec.Struct, frozen=True, array_like=True):
    """What travels: the version that packed it, the named places, the files (their content or digest), the spec."""

    version: str
    named: list[str]
    files: dict[str, bytes]
    large: dict[str, str]
    spec: bytes


def packed(spec: Any) -> bytes:
    """A spec with the files that it names. The same spec and files give the same bytes."""
    buffer = io.BytesIO()
    pickler = _Pickler(buffer, protocol=5)
    pickler.dump(spec)
    named = sorted(pickler.named)
    files, large = _contents(named)
    parcel = Parcel(metadata.version("copydesk"), named, files, large, buffer.getvalue())
    return zlib.compress(msgspec.msgpack.encode(parcel), 9)


def unpacked(data: bytes) -> Any:
    """The spec again, with its files in place.

    Raises ConfigError for a parcel of another version of copydesk, and for a large file that is not here.
    """
    parcel = msgspec.msgpack.decode(zlib.decompress(data), type=Parcel)
    here = metadata.version("copydesk")
    if parcel.version != here:
        raise ConfigError(
            f"this pipeline was packed by copydesk {parcel.version}, and here is {here}. "
            "Install one version on every machine: another would clean in another way."
        )
    return _Unpickler(io.BytesIO(parcel.spec), _root(parcel)).load()


def _root(parcel: Parcel) -> Path | None:
    """The folder that the files are laid out in; None where they stand at their own places. Raises ConfigError."""
    files, large = _contents(parcel.named)
    if (files, large) == (parcel.files, parcel.large):
        return None
    for name, digest in parcel.large.items():
        if large.get(name) != digest:
            state = "is another file here" if name in large.keys() | files.keys() else "is not here"
            raise ConfigError(
                f"{name}: {state}, and has more than {LARGE:,} bytes, so it does not travel with the pipeline. "
                "Put it there on every machine."
            )
    return _laid_out(parcel)


def _laid_out(parcel: Parcel) -> Path:
    root = Path(tempfile.mkdtemp(prefix="copydesk-"))
    atexit.register(_removed, root, os.getpid())
    for name, content in parcel.files.items():
        place = _below(root, name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    for name in parcel.large:
        place = _below(root, name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(name)
    return root


def _below(root: Path, name: str) -> Path:
    """Where a file of this absolute name is laid out."""
    return root.joinpath(*Path(name).parts[1:])


def _removed(root: Path, process: int) -> None:
    """Take the folder away again, but not in a fork of the process that made it."""
    if os.getpid() == process:
        shutil.rmtree(root, ignore_errors=True)


def _contents(named: Iterable[str]) -> tuple[dict[str, bytes], dict[str, str]]:
    """The files at the named places: the content of each, and the digests of those that are large."""
    files: dict[str, bytes] = {}
    large: dict[str, str] = {}
    for path in dict.fromkeys(file for name in named for file in _files(Path(name))):
        data = path.read_bytes()
        if len(data) > LARGE:
            large[str(path)] = hashlib.sha256(data).hexdigest()
        else:
            files[str(path)] = data
    return files, large


def _files(path: Path) -> Iterator[Path]:
    """A file, and the word list that it names; or the files below a folder, each with its own."""
    if path.is_dir():
        for file in files_below(path):
            yield from _files(file)
    elif path.is_file():
        yield path
        words = word_list(path, path.read_bytes())
        if words and words.is_file():
            yield Path(_absolute(words))


def files_below(folder: Path) -> list[Path]:
    """The files below a folder, sorted; not what Python and others leave there."""
    return sorted(
        file
        for file in folder.rglob("*")
        if file.is_file() and not any(name.startswith(_HIDDEN) for name in file.relative_to(folder).parts)
    )


def word_list(path: Path, data: bytes) -> Path | None:
    """The word list that a rule file of this content names, if it is one that does."""
    words = _WORDS_FROM.search(data) if path.suffix == ".yaml" else None
    return path.parent / words[1].decode("utf-8", "replace").strip() if words else None


def _absolute(path: Path) -> str:
    """The whole name without `..`, and with links left as they are."""
    return os.path.abspath(path)  # noqa: PTH100 (`resolve` follows links)


class _Pickler(pickle.Pickler):
    """Notes each path of a spec, for the other side to say where that is. A drop-in's own type goes as a mapping: its
    module is not there yet when the spec is read.
    """

    def __init__(self, file: io.BytesIO, protocol: int) -> None:
        super().__init__(file, protocol)
        self.named: set[str] = set()

    def persistent_id(self, obj: Any) -> str | dict[str, Any] | None:
        if isinstance(obj, msgspec.Struct) and type(obj).__module__.startswith(DROP_IN):
            return msgspec.structs.asdict(obj)
        if not isinstance(obj, Path):
            return None
        name = _absolute(obj)
        self.named.add(name)
        return name


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, root: Path | None) -> None:
        super().__init__(file)
        self.root = root

    def persistent_load(self, pid: str | dict[str, Any]) -> Path | dict[str, Any]:
        if isinstance(pid, dict):
            return pid
        return Path(pid) if self.root is None else _below(self.root, pid)
