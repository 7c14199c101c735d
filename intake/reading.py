"""Stream the rows of a CSV with their line numbers. Knows files, not fields: what a value means is for `parsing`.

A row is never guessed into shape: a ragged one is handed on as a fault with its line, and a missing closing quote costs
the line it stands on, not the rows that follow it.
"""

import csv
import io
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from intake.errors import UnusableFile
from intake.survey import Survey, open_bytes, survey

FIELD_LIMIT_BYTES = 1 << 20
LINE_LIMIT = 4 << 20  # characters; a file without line ends must not be read into memory as one line
ROW_LIMIT_LINES = 400
DELIMITERS = (",", "\t", ";", "|")


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that can't be taken as a row at all."""

    reason: str
    value: str
    column: str = ""


Row = tuple[int, list[str] | Fault]


@dataclass(frozen=True)
class Sheet:
    """An opened file: its headers as written (stripped), and how to walk its rows, once."""

    headers: tuple[str, ...]
    delimiter: str
    survey: Survey
    path: Path

    def rows(self) -> Iterator[Row]:
        """Each row that isn't blank with the number of its first physical line; the header is line 1.

        Raises UnusableFile where the bytes stop being text of the file's encoding, as in UTF-16 that was cut off.
        """
        try:
            with open_bytes(self.path) as stream:
                text = io.TextIOWrapper(stream, encoding=self.survey.encoding, errors=_errors(self.survey), newline="")
                yield from _records(_Lines(text), self.delimiter, width=len(self.headers))
        except UnicodeError as error:
            raise UnusableFile(f"{self.path.name} is not {self.survey.encoding} to its end: {error}") from error


def open_sheet(path: Path, *, encoding: str | None = None, delimiter: str | None = None) -> Sheet:
    """Survey the file and read its header; raise UnusableFile where it is not a table."""
    csv.field_size_limit(FIELD_LIMIT_BYTES)
    found = survey(path, encoding=encoding)
    first = _header_line(path, found)
    try:
        chosen = delimiter or _delimiter_of(first)
        headers = tuple(name.strip() for name in next(csv.reader([first], delimiter=chosen)))
    except csv.Error as error:
        raise UnusableFile(f"{path.name} has no header row that can be read: {error}") from error
    while headers and not headers[-1]:
        headers = headers[:-1]
    if not headers:
        raise UnusableFile(f"{path.name} has no header row")
    return Sheet(headers, chosen, found, path)


def _header_line(path: Path, found: Survey) -> str:
    """The first record that isn't blank, as text, whatever newlines its quotes hold."""
    try:
        with open_bytes(path) as stream:
            text = io.TextIOWrapper(stream, encoding=found.encoding, errors=_errors(found), newline="")
            first = ""
            for _ in range(ROW_LIMIT_LINES):
                line = text.readline(FIELD_LIMIT_BYTES)
                if len(line) == FIELD_LIMIT_BYTES and not line.endswith(_LINE_ENDS):
                    break
                first = (first + line).lstrip("\r\n")
                if first.strip() and first.count('"') % 2 == 0:
                    return first.rstrip("\r\n")
    except (UnicodeError, LookupError) as error:
        raise UnusableFile(f"{path.name} is not {found.encoding}: {error}") from error
    raise UnusableFile(f"{path.name} has no header row that ends")


def _delimiter_of(header: str) -> str:
    """The candidate that cuts the header into most fields; a comma where none does."""
    return max(DELIMITERS, key=lambda candidate: len(next(csv.reader([header], delimiter=candidate))))


def _errors(found: Survey) -> str:
    """Bytes that don't decode become lone surrogates, so that their row alone is rejected."""
    return "strict" if found.encoding == "utf-16" else "surrogateescape"


class _RowTooLong(Exception):
    """A quoted value goes on for more lines than any real one."""


class _Lines:
    """Physical lines, with those of the row in hand kept so that they can be read again.

    A line longer than any real row is cut, and the row that holds it is a fault: a gigabyte without a line end must not
    be read into memory.
    """

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._again: deque[str] = deque()
        self._cut: set[int] = set()
        self.row: list[str] = []
        self.line = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.row) >= ROW_LIMIT_LINES:
            raise _RowTooLong
        line = self._again.popleft() if self._again else self._next_line()
        self.line += 1
        self.row.append(line)
        return line

    @property
    def first_line(self) -> int:
        """The number of the first line of the row in hand."""
        return self.line - len(self.row) + 1

    @property
    def is_cut(self) -> bool:
        """Whether a line of the row in hand was longer than any real one."""
        return bool(self._cut) and not self._cut.isdisjoint(range(self.first_line, self.line + 1))

    def _next_line(self) -> str:
        line = self._text.readline(LINE_LIMIT)
        if not line:
            raise StopIteration
        if len(line) == LINE_LIMIT and not line.endswith(_LINE_ENDS):
            self._cut.add(self.line + 1)
            while (rest := self._text.readline(LINE_LIMIT)) and not rest.endswith(_LINE_ENDS):
                pass
        return line

    def rewind_to_second(self) -> int:
        """Give back all lines of the row in hand but its first, whose number is returned."""
        self._again.extendleft(reversed(self.row[1:]))
        self.line -= len(self.row) - 1
        return self.line


def _records(lines: _Lines, delimiter: str, *, width: int) -> Iterator[Row]:
    """Walk the records after the header."""
    reader = csv.reader(lines, delimiter=delimiter)
    header_seen = False
    while True:
        lines.row.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _RowTooLong) as error:
            fault = _TOO_LONG if lines.is_cut or isinstance(error, csv.Error) else _UNCLOSED
            yield lines.rewind_to_second(), fault
            reader = csv.reader(lines, delimiter=delimiter)
            continue
        if not header_seen:
            header_seen = any(map(str.strip, cells))
        elif lines.is_cut:
            yield lines.rewind_to_second(), _TOO_LONG
        elif len(lines.row) > 1 and (len(cells) != width or "".join(lines.row).count('"') % 2):
            yield lines.rewind_to_second(), _UNCLOSED
        elif len(cells) == width:
            if any(map(str.strip, cells)):
                yield lines.first_line, cells
        elif fitted := _fitted(cells, width):
            yield lines.line, fitted


_UNCLOSED = Fault("expected a closing quote on this row; none was found", "")
_TOO_LONG = Fault(f"expected values of at most {FIELD_LIMIT_BYTES:,} characters; perhaps a quote is not closed", "")
_LINE_ENDS = ("\n", "\r")


def _fitted(cells: list[str], width: int) -> list[str] | Fault:
    """A row of another length: empty cells past the header are dropped, a blank row is nothing, the rest is a fault."""
    if not any(map(str.strip, cells)):
        return []
    if len(cells) > width and not any(map(str.strip, cells[width:])):
        return cells[:width]
    return Fault(f"expected {width} columns as in the header; this row has {len(cells)}", "")
