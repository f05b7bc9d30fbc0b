"""Where documents come from: the inputs named on a command line, as sources in a fixed order.

An input is a file, a folder, a pattern (`news/*.txt`), an address that fsspec knows (`s3://bucket/news/`), or `-` for
standard input. A folder is walked in the order of its names, and gives the files whose ending says what they hold.
What cannot be read is a source as well, one with a `fault`: it comes out as a document that failed, never as nothing.
"""

from __future__ import annotations

import errno
import glob
import heapq
import os
import re
import stat
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

from copydesk.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

STDIN = "-"
_FORMS = {
    "text": ".txt .text",
    "jsonl": ".jsonl .ndjson",
    "csv": ".csv",
    "tsv": ".tsv .tab",
    "parquet": ".parquet .pq",
    "arrow": ".arrow .feather .ipc",
    "html": ".html .htm .xhtml",
    "warc": ".warc",
}
ENDINGS = {ending: form for form, endings in _FORMS.items() for ending in endings.split()}
"""What a file's name says of its form."""
PACKED = (".gz", ".zst", ".bz2", ".xz")
"""What a name may end in beside. How a file is packed is told by its content alone."""

_LEFT_AWAY = (".txt", ".text", ".jsonl", ".ndjson")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
_WORD = re.compile(r"\.[a-z][a-z0-9]{0,7}")
_TOLD = 5  # endings of files that are not read that a message names
_AT_ONCE = 50_000  # names of a folder: ten million of them would fill the memory, and the order must be fixed


class Source(NamedTuple):
    """One file, wherever it lies.

    `name` is relative to the input and makes the ids of its documents; `address` is for messages; `path` opens it.
    `size` is in bytes, None where nobody knows. `stamp` changes when the content does; it is empty for standard input,
    which cannot be read twice. `fault` is why it cannot be read at all.
    """

    name: str
    address: str
    path: str
    size: int | None = None
    stamp: str = ""
    fault: str = ""
    files: Any = None  # fsspec's file system, where it is not this computer's

    @property
    def id(self) -> str:
        """The id of its documents: the name without `.txt` or `.jsonl`; with other endings, for `a.html` has a twin."""
        return _without(unpacked(self.name), _LEFT_AWAY)

    def open(self) -> BinaryIO:
        """Its bytes as they lie there. Raises OSError, and whatever fsspec's file systems raise."""
        if self.path == STDIN:
            if sys.stdin is None:  # as `<&-` leaves it
                raise OSError(errno.EBADF, "it is closed")
            return open(sys.stdin.fileno(), "rb", closefd=False)
        if self.files:
            return cast("BinaryIO", self.files.open(self.path, "rb"))
        return open(self.path, "rb")  # noqa: PTH123 (see _status)

    def changed(self) -> str:
        """What became of a file of this computer since it was listed: nothing, mostly."""
        if self.files or self.path == STDIN:
            return ""
        try:
            now = _status(self.path)
        except OSError as error:
            return f"went away while it was read ({error.strerror}). What came out of it may not be all."
        if _stamp(now) == self.stamp:
            return ""
        return f"changed while it was read, from {self.size:,} bytes to {now.st_size:,}. Run it again when it is whole."


def sources(inputs: Iterable[str], form: str | None = None, skipped: Counter[str] | None = None) -> Iterator[Source]:
    """The sources of all inputs, one by one; what is named twice is read once.

    A folder gives the files with an ending of `ENDINGS`, or all files where the form is named; hidden ones are left
    alone, others are counted in `skipped` by their ending. One that gives none is a fault: whoever named it meant some.
    Raises InputError for an input that is not there, before the first source.
    """
    skipped = Counter() if skipped is None else skipped
    paths = list({_whole(path): path for name in inputs for path in _paths(name)}.values())
    for path, label in zip(paths, _labels(paths), strict=True):
        if path == STDIN:
            yield Source("stdin", "stdin", STDIN)
        elif _remote(path):
            left: Counter[str] = Counter()
            yield from _some(path, label, _remote_sources(path, label, form, left, alone=len(paths) == 1), left)
            skipped += left
        elif stat.S_ISDIR(_mode(path)):
            left = Counter()
            yield from _some(path, label, _folder(path, "" if len(paths) == 1 else f"{label}/", form, left), left)
            skipped += left
        else:
            yield _local(path, label)


def _some(path: str, label: str, found: Iterator[Source], skipped: Counter[str]) -> Iterator[Source]:
    """What a folder gives, and a fault where that is nothing."""
    first = next(found, None)
    if first:
        yield first
        yield from found
        return
    why = "holds no file that can be read."
    if skipped:
        why = f"holds no file of a known ending, but {endings_told(skipped)}. --from names the form of such files."
    yield Source(printable(label), printable(path), path, fault=why)


def endings_told(skipped: Counter[str]) -> str:
    """Files that are not read, in words: `3 others (.pdf 2, .doc 1)`."""
    told = ", ".join(f"{ending} {times:,}" for ending, times in skipped.most_common(_TOLD))
    more = ", ..." if len(skipped) > _TOLD else ""
    return f"{skipped.total():,} other{'s'[: skipped.total() != 1]} ({told}{more})"


def _ending(name: str) -> str:
    """What a name ends in, where that is an ending: `minutes.2024-05-01` has none."""
    ending = Path(name).suffix.lower()
    return ending if _WORD.fullmatch(ending) else "without an ending"


def unpacked(name: str) -> str:
    """The name without the ending that tells how the file is packed."""
    return _without(name, PACKED)


def _without(name: str, endings: tuple[str, ...]) -> str:
    if not name.lower().endswith(endings):
        return name
    return name.rpartition(".")[0] or name


def form_of(name: str) -> str | None:
    """The form that a name tells of by its ending."""
    _, dot, ending = unpacked(name).rpartition(".")
    return ENDINGS.get(f"{dot}{ending.lower()}")


def _paths(name: str) -> list[str]:
    """What an input names: itself, or what its pattern finds."""
    if name == STDIN or _remote(name) or os.path.lexists(name):
        return [name]
    if not glob.has_magic(name):
        raise InputError(f"{printable(name)}: there is no such file or folder.")
    found = _outermost(sorted(glob.glob(name, recursive=True)))  # noqa: PTH207 (the pattern may start anywhere)
    if not found:
        raise InputError(f"{printable(name)}: no file or folder is named so.")
    return found


def _outermost(found: Iterable[str]) -> list[str]:
    """Without what lies in a folder that was found as well: `news/**` finds both, and each is read once."""
    kept: dict[Path, str] = {}
    for path in found:
        if not any(parent in kept for parent in Path(path).parents):
            kept[Path(path)] = path
    return list(kept.values())


def _remote(name: str) -> bool:
    return "://" in name


def _whole(path: str) -> str:
    return path if path == STDIN or _remote(path) else os.path.normpath(Path(path).absolute())


def _labels(paths: Sequence[str]) -> list[str]:
    """The ends of the paths, as short as tells one from the other: `x.txt`, but `a/x.txt` and `b/x.txt`."""
    parts = [_whole(path).rstrip("/").split("/") for path in paths]
    lengths = [0] * len(parts)
    longer = [1] * len(parts)
    while longer != lengths:
        lengths = longer
        labels = ["/".join(part[-length:]) for part, length in zip(parts, lengths, strict=True)]
        ids = [Source(label, "", "").id for label in labels]
        times = Counter(ids)
        longer = [min(len(part), n + (times[id_] > 1)) for part, n, id_ in zip(parts, lengths, ids, strict=True)]
    return ["/".join(part[-length:]) for part, length in zip(parts, lengths, strict=True)]


def printable(name: str) -> str:
    r"""A file's name as text: a byte that is not UTF-8 as `\xe9`, a line break as `\n`."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return _CONTROLS.sub(lambda match: match.group().encode("unicode_escape").decode(), text)


# This computer's files.

_KINDS = {
    stat.S_IFIFO: "a named pipe. Hand it in as standard input: `copydesk run - < PIPE`",
    stat.S_IFSOCK: "a socket, not a file",
    stat.S_IFCHR: "a device, not a file",
    stat.S_IFBLK: "a device, not a file",
}


def _stamp(status: os.stat_result) -> str:
    return f"{status.st_size}-{status.st_mtime_ns}"


def _status(path: str) -> os.stat_result:
    return os.stat(path)  # noqa: PTH116 (to make a Path costs four times as much as to ask for a file's status)


def _mode(path: str) -> int:
    """What kind of file a path leads to, none where it leads nowhere."""
    try:
        return _status(path).st_mode
    except OSError:
        return 0


def fault(path: Path) -> str:
    """Why a file cannot be read, or nothing."""
    return _local(str(path), str(path)).fault


def _local(path: str, name: str) -> Source:
    """The source of one file. A pipe or a device, which could keep us waiting for ever, is never opened."""
    name, address = printable(name), printable(path)
    try:
        status = _status(path)
    except OSError as error:
        why = "it leads in a circle" if error.errno == errno.ELOOP else error.strerror
        return Source(name, address, path, fault=f"cannot be read: {why}.")
    kind = _KINDS.get(stat.S_IFMT(status.st_mode))
    return Source(name, address, path, status.st_size, _stamp(status), f"is {kind}." if kind else "")


def _folder(root: str, label: str, form: str | None, skipped: Counter[str]) -> Iterator[Source]:
    """The files of a folder and of the folders in it, by an own stack: they may lie deeper than Python recurses."""
    stack = [_names(root, "")]
    while stack:
        try:
            relative = next(stack[-1], None)
        except OSError as error:
            place = printable(error.filename)
            stack[-1] = iter([])
            yield Source(place, place, error.filename, fault=f"cannot be listed: {error.strerror}.")
            continue
        path = f"{root.rstrip('/')}/{relative}"
        mode = _mode(path)
        if relative is None:
            stack.pop()
        elif stat.S_ISDIR(mode) and Path(path).is_symlink():
            yield from _linked(Path(path), label + relative, root)
        elif stat.S_ISDIR(mode):
            stack.append(_names(path, f"{relative}/"))
        elif form or form_of(relative) or not mode:
            yield _local(path, label + relative)
        else:
            skipped[_ending(relative)] += 1


def _names(folder: str, before: str) -> Iterator[str]:
    """The names in a folder, sorted, hidden ones left out. A large folder is listed again for every 50,000 names."""
    last, full = "", True
    while full:
        with os.scandir(folder) as entries:
            seen = (entry.name for entry in entries if entry.name > last and not entry.name.startswith("."))
            names = heapq.nsmallest(_AT_ONCE, seen)
        yield from (before + name for name in names)
        full = len(names) == _AT_ONCE
        last = names[-1] if names else last


def _linked(path: Path, name: str, root: str) -> Iterator[Source]:
    """A link to a folder is never followed: it may lead above the root. One that stays inside leads to what is read."""
    target, above = path.resolve(), Path(root).resolve()
    if target == above or not target.is_relative_to(above):
        why = f"is a link to the folder {printable(str(target))}: not followed. Name that folder to have it read."
        yield Source(printable(name), printable(str(path)), str(path), fault=why)


# Files elsewhere.

_STAMPS = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "updated", "created")
"""What fsspec's file systems tell of a file that changes with it; the first one there counts."""


def _remote_sources(
    address: str, label: str, form: str | None, skipped: Counter[str], *, alone: bool
) -> Iterator[Source]:
    """The files of a remote address. A remote folder's list is held in memory: object stores give it in one piece."""
    try:
        files, path, listed = _listed(address)
    except Exception as error:
        raise InputError(f"{address}: cannot be read: {_told(error)}") from error
    single = list(listed) == [path]
    for found, info in sorted(listed.items(), key=lambda item: item[0].split("/")):
        relative = found.removeprefix(path.rstrip("/")).lstrip("/")
        name = label if single else relative if alone else f"{label}/{relative}"
        if info["type"] != "file" or (_hidden(relative) and not single):
            continue
        if not (single or form or form_of(relative)):
            skipped[_ending(relative)] += 1
        else:
            stamp = next((str(info[key]) for key in _STAMPS if info.get(key) is not None), "")
            place = files.unstrip_protocol(found)
            yield Source(printable(name), printable(place), found, info.get("size"), stamp, "", files)


def _hidden(relative: str) -> bool:
    return relative.startswith(".") or "/." in relative


def _listed(address: str) -> tuple[Any, str, dict[str, Any]]:
    """The file system that fsspec has for an address, the path in it, and what is there."""
    try:
        import fsspec  # type: ignore[import-untyped]  # noqa: PLC0415 (an extra)
    except ImportError:
        raise InputError("fsspec is not here: pip install 'copydesk[remote]'") from None
    files, path = fsspec.core.url_to_fs(address)
    if glob.has_magic(path):
        listed = files.glob(path, detail=True)
        path = re.split(r"[*?\[]", path)[0].rpartition("/")[0]
    else:
        info = files.info(path)
        listed = {path: info} if info["type"] == "file" else files.find(path, detail=True)
    if not listed:
        raise InputError("there is nothing.")
    return files, path, listed


def _told(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file or folder."
    return f"{type(error).__name__}: {error}" if not isinstance(error, InputError) else str(error)
