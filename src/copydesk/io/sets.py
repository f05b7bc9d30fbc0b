"""Sets of documents with gold answers, as JSONL: `{"id"?, "text", "url"?, "gold": {...}}`, one a line."""

from __future__ import annotations

import json
import re
import sys
from itertools import islice
from typing import TYPE_CHECKING, NoReturn

import msgspec

from copydesk.document import Document
from copydesk.errors import InputError, did_you_mean, json_fault
from copydesk.facts import FIELDS
from copydesk.io import sources
from copydesk.scoring import Gold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_TOLD = 10  # wrong lines that are told at once
_FORM = "docs/scoring.md has the form of a set."
_KNOWN = {*Gold.__struct_fields__, *(field.name for field in FIELDS.values())}
"""The fields of a gold: those that are measured, and those that only a record has so far."""
_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<field>.*)`)?$", re.DOTALL)


class Answered(msgspec.Struct, frozen=True):
    """A document and what should come out of it."""

    text: str
    gold: Gold
    id: str | int | None = None
    url: str | None = None

    def document(self) -> Document:
        """A new Document of it, with nothing of the gold in it."""
        return Document(self.text, id=str(self.id), extra={"url": self.url} if self.url is not None else {})


def read_set(path: Path, limit: int | None = None) -> Iterator[Answered]:
    """The documents of a set, one by one, at most `limit`. Raises InputError, with the line, for one that is wrong."""
    for number, line in _lines(path, limit):
        answered = _read(line, f"{path}:{number}")
        yield answered if answered.id is not None else msgspec.structs.replace(answered, id=f"{path.stem}:{number}")


def check_sets(paths: Iterable[Path], limit: int | None = None) -> None:
    """Read all lines of the sets. Raises InputError with what is wrong in them, the first ten."""
    faults = [fault for path in paths for fault in islice(_faults(path, limit), _TOLD)]
    if faults:
        raise InputError("\n".join(faults[:_TOLD]))


def _faults(path: Path, limit: int | None) -> Iterator[str]:
    for number, line in _lines(path, limit):
        try:
            _read(line, f"{path}:{number}")
        except InputError as error:
            yield str(error)


def _lines(path: Path, limit: int | None) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers."""
    if why := sources.fault(path):
        raise InputError(f"{path}: {why}")
    try:
        with path.open("rb") as lines:
            most = None if limit is None else min(limit, sys.maxsize)
            yield from islice(((number, line) for number, line in enumerate(lines, 1) if line.strip()), most)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}.") from None


def _read(line: bytes, place: str) -> Answered:
    try:
        value = json.loads(line.decode("utf-8-sig"), parse_constant=_refused)
        answered = msgspec.convert(value, Answered)
    except msgspec.ValidationError as error:
        raise InputError(f"{place}: {_what(str(error))} {_FORM}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{place}: is not UTF-8 at byte {error.start} of the line.") from None
    except RecursionError:
        raise InputError(f"{place}: is not JSON that can be read: it is nested too deep. {_FORM}") from None
    except ValueError as error:
        raise InputError(f"{place}: is not JSON: {json_fault(error)}. {_FORM}") from None
    for name in value["gold"]:
        if name not in _KNOWN:
            raise InputError(f"{place}: `gold` has no `{name}`.{did_you_mean(name, _KNOWN)} {_FORM}")
    return answered


def _what(message: str) -> str:
    """What msgspec says is wrong, the field first."""
    match = _AT.match(message)
    assert match is not None
    what = match["what"][:1].lower() + match["what"][1:]
    return f"`{match['field']}`: {what}." if match["field"] else f"{what}."


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")
