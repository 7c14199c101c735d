"""Match a file's headers to canonical fields: read from which column, constant, or kept as extra."""

from collections.abc import Mapping as Table
from dataclasses import dataclass

from intake.errors import UnusableFile
from intake.mapping import Mapping
from intake.records import Field, RecordKind


@dataclass(frozen=True)
class Plan:
    """Where each field comes from. `missing` are optional columns that the mapping names and the file lacks."""

    read: tuple[tuple[int, str, Field], ...]  # index of the cell, header as written, field
    joined: tuple[tuple[int, ...], ...]  # cells to append to each row, joined, before it is read
    constants: Table[str, str]
    extras: tuple[tuple[int, str], ...]  # index of the cell, the name it is kept under
    missing: tuple[str, ...]

    @property
    def supplied(self) -> frozenset[str]:
        """Names of the fields this file says anything about; the others must not be overwritten by it."""
        return frozenset(field.name for _, _, field in self.read) | frozenset(self.constants)


def plan_columns(headers: tuple[str, ...], mapping: Mapping, kind: RecordKind, *, file_name: str) -> Plan:
    """Match headers to fields; raise UnusableFile where a required one is missing or a mapped header stands twice."""
    wanted = mapping.columns if mapping.columns is not None else _identity(headers, kind)
    places = _places(headers)
    read: list[tuple[int, str, Field]] = []
    joined: list[tuple[int, ...]] = []
    missing: list[str] = []
    faults: list[str] = []
    used: set[int] = set()
    for name, names in wanted.items():
        found = [places.get(header) or places.get(header.casefold()) or [] for header in names]
        faults += [
            f"the column {header!r} stands {len(at)} times" for header, at in zip(names, found, strict=True) if at[1:]
        ]
        missing += [header for header, at in zip(names, found, strict=True) if not at]
        field, cells = kind.field(name), tuple(at[0] for at in found if at)
        used.update(cells)
        if field is None or not cells:
            continue
        if len(cells) > 1:
            read.append((len(headers) + len(joined), " ".join(headers[at] for at in cells), field))
            joined.append(cells)
        else:
            read.append((cells[0], headers[cells[0]], field))
    supplied = {field.name for _, _, field in read} | set(mapping.constants)
    faults += _what_is_missing(kind, supplied, wanted)
    if faults:
        raise UnusableFile(f"{file_name}: {'; '.join(faults)}. It has: {', '.join(headers)[:1000]}")
    return Plan(tuple(read), tuple(joined), mapping.constants, _extras(headers, used), tuple(missing))


def _identity(headers: tuple[str, ...], kind: RecordKind) -> dict[str, tuple[str, ...]]:
    """Without a mapping's columns the canonical names are the headers, in any case of letters."""
    found = {header.casefold(): header for header in headers}
    return {field.name: (found[field.name],) for field in kind.fields if field.name in found}


def _places(headers: tuple[str, ...]) -> dict[str, list[int]]:
    """Header to where it stands, as written and folded."""
    places: dict[str, list[int]] = {}
    for at, header in enumerate(headers):
        for name in {header, header.casefold()}:
            places.setdefault(name, []).append(at)
    return places


def _what_is_missing(kind: RecordKind, supplied: set[str], wanted: Table[str, tuple[str, ...]]) -> list[str]:
    faults = [
        f"no column {' + '.join(wanted.get(field.name, (field.name,)))!r} for the required field {field.name}"
        for field in kind.fields
        if field.required and field.name not in supplied
    ]
    if kind.subject_ids and not supplied & set(kind.subject_ids):
        faults.append("no column for " + " or ".join(kind.subject_ids) + ", one of which is required")
    return faults


def _extras(headers: tuple[str, ...], used: set[int]) -> tuple[tuple[int, str], ...]:
    """Headers not named are kept; one without a name or standing twice gets its place into its name."""
    kept: dict[str, int] = {}
    for at, header in enumerate(headers):
        if at not in used:
            name = header or f"column {at + 1}"
            kept[name if name not in kept else f"{name} (column {at + 1})"] = at
    return tuple((at, name) for name, at in kept.items())
