"""Compile a mapping into one fast function from a row's cells to a line of staging. The hot path of every import.

Every row gives exactly one line of verdict RECORD or REJECTED, and a WARNING line for each value it had to leave out.
"""

import json
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Table
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from intake.bad_value import BadValue
from intake.columns import Plan
from intake.errors import MappingError
from intake.finishing import FINISHERS, FieldFault
from intake.mapping import ANY_OTHER, Mapping
from intake.parsing import MEMO_SIZE, Parse, Settings, parser_of
from intake.reading import Fault, Row
from intake.records import KINDS, SQL_TYPES, VERSION_COLUMNS, Field, RecordKind
from models.domain.words import ImportKind

RECORD, REJECTED, WARNING = "r", "x", "w"
LONGEST_KEPT = 500
_HEAD: tuple[tuple[str, str], ...] = (
    ("line", "bigint"),
    ("verdict", "text"),
    ("fault_column", "text"),
    ("fault_value", "text"),
    ("fault_reason", "text"),
    ("content_hash", "text"),
    *VERSION_COLUMNS,
)


class Step(NamedTuple):
    """Read one cell into one slot."""

    at: int
    slot: int
    parse: Parse
    header: str
    keeps_row: bool


class Rejected(Exception):
    """A row can't be used: in which column, which value, and what was expected."""

    def __init__(self, column: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.value, self.reason = column, value, reason


def staging_columns(kind: ImportKind) -> list[tuple[str, str]]:
    """Names and types of the staging table's columns, in the order of the lines."""
    record = KINDS[kind]
    body = [(field.staged_as, SQL_TYPES.get(field.shape, "text")) for field in record.content]
    return [*_HEAD, *body, *record.derived, ("extras", "jsonb")]


def staging_lines(
    rows: Iterable[Row], *, kind: ImportKind, plan: Plan, mapping: Mapping, settings: Settings, headers: tuple[str, ...]
) -> Iterator[bytes]:
    """Lines for COPY in text format, NULL as the empty text."""
    parser = RowParser(kind, plan, mapping, settings)
    for line, cells in rows:
        if isinstance(cells, Fault):
            yield _line(line, REJECTED, cells.column, cells.value, cells.reason, parser.blank)
            continue
        try:
            yield parser.record(line, cells)
        except Rejected as fault:
            yield parser.rejection(line, cells, fault, headers)
        if parser.warnings:
            for column, value, reason in parser.warnings:
                # Below zero: no statement that joins on the line of a record may meet its warnings.
                yield _line(-line, WARNING, column, value, f"left out: {reason}", parser.blank)
            parser.warnings.clear()


class RowParser:
    """The compiled mapping. `warnings` holds what the last record had to leave out; `slots` where each field stands."""

    def __init__(self, kind: ImportKind, plan: Plan, mapping: Mapping, settings: Settings) -> None:
        record = KINDS[kind]
        names = [name for name, _ in VERSION_COLUMNS] + [field.name for field in record.content]
        self.slots = {name: slot for slot, name in enumerate([*names, *(name for name, _ in record.derived)])}
        self.blank = [""] * (len(self.slots) + 1)
        self.warnings: list[tuple[str, str, str]] = []
        self.required = [(self.slots[field.name], field.name) for field in record.fields if field.required]
        self.headers = {field.name: header for _, header, field in plan.read}
        self.extras = plan.extras
        self.joined = plan.joined
        self.template, self.steps = self._steps(record, plan, mapping, settings)
        self.finish = FINISHERS[kind](self.slots, settings, mapping)
        self.tabs = len(self.blank) - 1

    def _steps(
        self, record: RecordKind, plan: Plan, mapping: Mapping, settings: Settings
    ) -> tuple[list[str], list[Step]]:
        """Constants parsed once into the template; one step a column."""
        template = list(self.blank)
        steps = []
        for field in record.fields:
            if field.name in plan.constants:
                constant = self._constant(field, plan.constants[field.name], settings, mapping)
                template[self.slots[field.name]] = constant
        for at, header, field in plan.read:
            values = mapping.values.get(field.name, {})
            parse = _translated(values, parser_of(field, settings, mapping.formats.get(field.name, ())))
            if values.get(""):
                template[self.slots[field.name]] = parse("")
            steps.append(Step(at, self.slots[field.name], parse, header, field.keeps_row))
        return template, steps

    def _constant(self, field: Field, text: str, settings: Settings, mapping: Mapping) -> str:
        try:
            return parser_of(field, settings, mapping.formats.get(field.name, ()))(text)
        except BadValue as error:
            raise MappingError(mapping.name, [f"constants.{field.name} is {text!r}: {error}"]) from error

    def record(self, line: int, cells: list[str]) -> bytes:
        """The staging line of a good row; raises Rejected."""
        return self._encoded(line, self.values(cells))

    def values(self, cells: list[str]) -> list[str]:
        """The fields of a good row as they are staged, by slot; raises Rejected. Joined cells are added to `cells`."""
        out = self.template.copy()
        for group in self.joined:
            cells.append(" ".join(filter(None, [cells[at].strip() for at in group])))
        for at, slot, parse, header, keeps_row in self.steps:
            text = cells[at].strip()
            if text:
                try:
                    out[slot] = parse(text)
                except BadValue as error:
                    if not keeps_row:
                        raise Rejected(header, text, str(error)) from None
                    self.warnings.append((header, text, str(error)))
        for slot, name in self.required:
            if not out[slot]:
                raise Rejected(self.headers.get(name, name), "", f"expected a value: {name} is required")
        try:
            self.finish(out)
        except FieldFault as fault:
            raise Rejected(self.headers.get(fault.field, fault.field), fault.value, fault.reason) from None
        if self.extras:
            out[-1] = self._extras(cells)
        return out

    def _extras(self, cells: list[str]) -> str:
        kept = {name: cells[at][:LONGEST_KEPT] for at, name in self.extras if cells[at]}
        return _json(kept) if kept else ""

    def _encoded(self, line: int, out: list[str]) -> bytes:
        body = "\t".join(out)
        if "\0" in body:
            raise Rejected(self._column_of("\0", out), "", "expected text; this row holds a NUL byte")
        if "\\" in body or "\n" in body or "\r" in body or body.count("\t") != self.tabs:
            body = "\t".join(map(_escaped, out))
        try:
            encoded = body.encode()
        except UnicodeEncodeError as error:
            column = self._column_of(body[error.start], out)
            raise Rejected(column, "", "expected text in the file's encoding; this row holds stray bytes") from None
        # A new version of the same content is no change: the hash leaves the version out.
        content = encoded.split(b"\t", len(VERSION_COLUMNS))[-1]
        return b"%d\tr\t\t\t\t%b\t%b\n" % (line, blake2b(content, digest_size=16).hexdigest().encode(), encoded)

    def _column_of(self, character: str, out: list[str]) -> str:
        """The header whose value holds `character`; empty where that is a column kept as an extra."""
        return next((step.header for step in self.steps if character in out[step.slot]), "")

    def rejection(self, line: int, cells: list[str], fault: Rejected, headers: tuple[str, ...]) -> bytes:
        """The staging line of a bad row, kept whole, and with its id where that can be read."""
        self.warnings.clear()
        body = list(self.blank)
        ref = next((step for step in self.steps if step.slot == self.slots.get("source_id")), None)
        if ref is not None:
            body[ref.slot] = _storable(cells[ref.at].strip()[:LONGEST_KEPT])
        body[-1] = _json(dict(zip(headers, (_storable(cell[:LONGEST_KEPT]) for cell in cells), strict=False)))
        return _line(line, REJECTED, fault.column, fault.value, fault.reason, body)


def _translated(pairs: Table[str, str], parse: Parse) -> Parse:
    """Put the sender's words into ours before parsing; memoised, for the words are few."""
    if not pairs:
        return parse
    folded = {theirs.casefold(): ours for theirs, ours in pairs.items()}
    any_other = pairs.get(ANY_OTHER)

    def translated(text: str) -> str:
        ours = pairs.get(text)
        if ours is None:
            ours = folded.get(text.casefold(), any_other)
        if ours is not None:
            return parse(ours) if ours else ""
        try:
            return parse(text)
        except BadValue as error:
            known = ", ".join(repr(theirs) for theirs in pairs)
            raise BadValue(f"{error}; or, by the mapping, one of {known}") from None

    return lru_cache(MEMO_SIZE)(translated)


def _line(line: int, verdict: str, column: str, value: str, reason: str, body: list[str]) -> bytes:
    """A line that isn't a record, with no content hash."""
    head = [str(line), verdict, column, value[:LONGEST_KEPT], reason, ""]
    return ("\t".join(_escaped(_storable(cell)) for cell in [*head, *body]) + "\n").encode()


def _json(kept: dict[str, str]) -> str:
    """As JSON; a NUL, which PostgreSQL stores in no text, is shown as the replacement mark."""
    text = json.dumps(kept, ensure_ascii=False)
    if "\\u0000" not in text:
        return text
    return json.dumps({name: value.replace("\0", "\ufffd") for name, value in kept.items()}, ensure_ascii=False)


def _storable(text: str) -> str:
    """What PostgreSQL can't store is shown as the replacement mark."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
