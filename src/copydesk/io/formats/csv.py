"""Tables as text: CSV, and TSV with tabs. A row is a document, and the first row names its fields.

Python's reader is asked to be strict: what spreadsheets quote comes out as it was, and a quote where none may stand is
told, where the lenient reader would drop it and go on. A quote that is never closed takes in line after line, up to the
end of the file or to the longest row there may be. If those lines make good rows by themselves it was a stray one and
costs its own line; else what it took in is one row that failed, and reading goes on behind it.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from copydesk.decoding import decode
from copydesk.io.items import Item, fault, refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from copydesk.io.compression import Stream
    from copydesk.io.items import Reading
    from copydesk.io.sources import Source

_REST = 1_048_576  # characters that a row may have beside its text
_SAMPLE = 65_536  # bytes by which the encoding is told
_DELIMITERS = ",;\t|"  # Excel writes semicolons where the comma is the decimal sign
_ESCAPE = "surrogateescape"  # a byte that does not decode is kept, to be told and given back
_ENDS = ("\n", "\r")
_STRAY = 5  # lines that must all be good rows before a quote is called a stray one: two or three may be by chance


def items(stream: Stream, source: Source, reading: Reading, delimiters: str = _DELIMITERS) -> Iterator[Item]:
    """A row each. The whole file is a fault where two fields have one name, or none is the text's."""
    encoding = _encoding(stream.head[:_SAMPLE])
    delimiter = _delimiter(stream.head[:_SAMPLE].decode(encoding, "replace"), delimiters, reading.text_field)
    rows = _Rows(stream, encoding, delimiter, reading.max_chars + _REST)
    for names in islice(rows, 1):
        wrong = rows.wrong or _wrong_header(names, reading.text_field)
        if wrong:
            yield fault(source.id, f"{source.address}:1", wrong, rows.raw()[:_SAMPLE])
            return
        rows.names = names
    for cells in rows:
        yield _item(rows, cells, source, cut=bool(stream.fault or rows.fault))
    if rows.fault:
        yield fault(source.id, source.address, rows.fault)


def tabbed(stream: Stream, source: Source, reading: Reading) -> Iterator[Item]:
    """The same, parted by tabs."""
    return items(stream, source, reading, "\t")


class _Rows:
    """The rows of a table. `line` is where the last one starts, `wrong` what is the matter with it.

    Lines end at LF, CR or both: an old Mac wrote CR alone. Blank ones are left out.
    """

    def __init__(self, stream: Stream, encoding: str, delimiter: str, most: int) -> None:
        # A limit of the whole process, 131,072 at first, which long articles pass. Ours is on the row.
        csv.field_size_limit(sys.maxsize)
        self.lines = io.TextIOWrapper(stream, encoding, _ESCAPE, newline="")
        self.delimiter = delimiter
        self.most = most
        self.names: Sequence[str] = ()
        self.line = 0
        self.wrong = ""
        self.fault = ""  # what is the matter with the rest of the file
        self.taken: list[str] = []  # the lines of the last row
        self._again: list[str] = []  # lines to read once more, the last one first
        self.size = 0  # characters of it
        self._ended = False
        self._reader = self._parsed(self._feed())

    def raw(self) -> bytes:
        """The last row as it stands in the file, in UTF-8."""
        return "".join(self.taken).encode("utf-8", _ESCAPE)

    @property
    def extent(self) -> str:
        """In how many lines it stands, where that is worth a word."""
        return f" in the {len(self.taken):,} lines from here" if len(self.taken) > 1 else ""

    def __iter__(self) -> Iterator[list[str]]:
        while not self._ended:
            self.line += len(self.taken) or 1
            self.taken, self.wrong, self.size = [], "", 0
            cells = self._cells()
            if cells or self.wrong:
                yield cells

    def _cells(self) -> list[str]:
        try:
            cells = next(self._reader, [])
        except csv.Error as error:
            self._reader = self._parsed(self._feed())
            cells, self.wrong = [], f"is no row{self.extent}: {error}. A quote within quotes is written twice."
            if str(error) == "unexpected end of data":
                self._unclosed()
        if self.size > self.most and not self.taken[-1].endswith(_ENDS):
            self._skip_line()
        return cells

    def _unclosed(self) -> None:
        """A quote that opens and is not closed: where the lines behind it are good rows, it costs one line."""
        self.wrong = f"opens a quote that is not closed{self.extent}."
        first, *others = self.taken
        if len(others) >= _STRAY and self._good(others):
            self._again += reversed(others)
            self.taken, self.size, self._ended = [first], len(first), False

    def _good(self, lines: Sequence[str]) -> bool:
        try:
            return all(len(row) == len(self.names) for row in self._parsed(iter(lines)) if row)
        except csv.Error:
            return False

    def _skip_line(self) -> None:
        while piece := self.lines.readline(_REST):
            if piece.endswith(_ENDS):
                break

    def _parsed(self, lines: Iterator[str]) -> Iterator[list[str]]:
        return csv.reader(lines, delimiter=self.delimiter, strict=True)

    def _read(self) -> str:
        try:
            return self.lines.readline(self.most + 1)
        except UnicodeDecodeError as error:  # in UTF-16 a broken byte moves all that follow
            self.fault = f"cannot be read from line {self.line} on: it is not {self.lines.encoding}, {error.reason}."
            return ""

    def _feed(self) -> Iterator[str]:
        while self.size <= self.most:
            line = self._again.pop() if self._again else self._read()
            if not line:
                self._ended = True
                return
            self.taken.append(line)
            self.size += len(line)
            yield line


def _item(rows: _Rows, cells: Sequence[str], source: Source, *, cut: bool) -> Item:
    """The item of one row. A row before a cut counts only if its line is whole: half an article looks like one."""
    id_, place = f"{source.id}:{rows.line}", f"{source.address}:{rows.line}"
    wrong = rows.wrong
    if not wrong and rows.size > rows.most:
        return refused(id_, place, f"a row of more than {rows.most:,} characters; see --max-chars.")
    if not wrong and len(cells) != len(rows.names):
        wrong = f"fields{rows.extent}: {len(cells)}, where the first row names {len(rows.names)}."
    if not wrong and cut and not rows.taken[-1].endswith(_ENDS):
        wrong = "is cut off."
    if wrong:
        return fault(id_, place, wrong, rows.raw())
    try:
        return Item(id_, place, "row", msgspec.msgpack.encode(dict(zip(rows.names, cells, strict=True))))
    except UnicodeEncodeError:
        return fault(id_, place, f"holds bytes that are not {rows.lines.encoding}.", rows.raw())


def _wrong_header(names: Sequence[str], text_field: str) -> str:
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        return f"two fields are named `{twice[0]}`. The first row names the fields: each must have its own name."
    if text_field not in names:
        return f"no field is named `{text_field}`. There are: {', '.join(names)}. Name the text's with --text-field."
    return ""


def _encoding(head: bytes) -> str:
    """The encoding by the first whole lines. Excel writes UTF-8 with a mark, UTF-16, or the computer's code page."""
    encoding = decode(head.rpartition(b"\n")[0] or head).encoding
    if encoding.startswith(("utf-16", "utf-32")):
        return encoding.removesuffix("-sig").rpartition("-")[0] if encoding.endswith("-sig") else encoding
    return "utf-8" if encoding == "cesu-8" else encoding


def _delimiter(head: str, delimiters: str, text_field: str) -> str:
    """The sign that parts a field with the text's name from the others in the first line."""
    first = re.split("[\r\n]", head, maxsplit=1)[0]
    named = (sign for sign in delimiters if text_field in next(csv.reader([first], delimiter=sign), []))
    return next(named, delimiters[0])
