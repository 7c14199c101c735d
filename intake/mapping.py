"""A mapping file: how one sender's columns, words and dates become canonical fields. Its faults are listed together."""

import codecs
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from intake.errors import MappingError
from intake.records import KINDS, RecordKind
from models.domain.words import ImportKind

_KEYS = ("kind", "description", "delimiter", "encoding", "columns", "values", "constants", "formats", "zone", "as_of")
ANY_OTHER = "*"


@dataclass(frozen=True)
class Mapping:
    """What a mapping file says. `columns` is None where there is no mapping: the headers are the canonical names."""

    name: str
    columns: Table[str, tuple[str, ...]] | None = None  # several headers are joined by a space, such as date and time
    values: Table[str, Table[str, str]] = field(default_factory=dict)
    constants: Table[str, str] = field(default_factory=dict)
    formats: Table[str, tuple[str, ...]] = field(default_factory=dict)
    zone: ZoneInfo | None = None
    delimiter: str | None = None
    encoding: str | None = None
    as_of_file_time: bool = False


NO_MAPPING = Mapping("none")


def load_mapping(path: Path, *, kind: ImportKind) -> Mapping:
    """Read and check the mapping at `path` for a file of `kind`; raise MappingError with every fault."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MappingError(path.name, [f"can't be opened: {error.strerror or error}"]) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise MappingError(path.name, [f"is not YAML: {error}"]) from error
    if not isinstance(content, dict):
        raise MappingError(path.name, ["expected keys such as columns, values, constants, formats, zone"])
    return read_mapping(path.name, content, kind=kind)


def read_mapping(name: str, content: dict[str, Any], *, kind: ImportKind) -> Mapping:
    """Check the parsed content of a mapping; raise MappingError with every fault."""
    checker = _Checker(KINDS[kind])
    faults = [f"unknown key {key!r}; known: {', '.join(_KEYS)}" for key in content if key not in _KEYS]
    if content.get("kind") not in (None, kind.value):
        faults.append(f"kind is {content['kind']!r}, but the file is imported as {kind.value!r}")
    mapping = Mapping(
        name,
        columns=checker.columns(content) if "columns" in content else None,
        values=checker.values(content),
        constants=checker.texts(content, "constants"),
        formats=checker.formats(content),
        zone=checker.zone(content.get("zone")),
        delimiter=checker.delimiter(content.get("delimiter")),
        encoding=checker.encoding(content.get("encoding")),
        as_of_file_time=checker.as_of(content.get("as_of")),
    )
    both = sorted(set(mapping.columns or ()) & set(mapping.constants))
    faults += checker.faults + [f"{name!r} is both a column and a constant" for name in both]
    if faults:
        raise MappingError(name, faults)
    return mapping


class _Checker:
    """Collects faults while it reads the parts."""

    def __init__(self, kind: RecordKind) -> None:
        self.kind = kind
        self.faults: list[str] = []

    def section(self, content: dict[str, Any], key: str) -> dict[str, Any]:
        """A part that names fields; names of no field are faults."""
        part = content.get(key) or {}
        if not isinstance(part, dict):
            self.faults.append(f"{key} must name fields, such as `{key}: {{status: …}}`")
            return {}
        known = [name for name in part if self.kind.field(str(name))]
        for name in part:
            if name not in known:
                allowed = ", ".join(each.name for each in self.kind.fields)
                self.faults.append(f"{key} names the unknown field {name!r}; known: {allowed}")
        return {name: part[name] for name in known}

    def columns(self, content: dict[str, Any]) -> dict[str, tuple[str, ...]]:
        """Field to one header, or to several whose cells are read together."""
        found = {}
        for name, headers in self.section(content, "columns").items():
            each = headers if isinstance(headers, list) else [headers]
            if not each or any(header is None or isinstance(header, (dict, list)) for header in each):
                self.faults.append(f"columns.{name} is {headers!r}; a header or a list of headers was expected")
                continue
            found[name] = tuple(_as_text(header) for header in each)
        return found

    def texts(self, content: dict[str, Any], key: str) -> dict[str, str]:
        """Field to one text; numbers and YAML's yes/no are taken as written."""
        found = {}
        for name, value in self.section(content, key).items():
            if value is None or isinstance(value, (dict, list)):
                self.faults.append(f"{key}.{name} is {value!r}; one text was expected")
            else:
                found[name] = _as_text(value)
        return found

    def values(self, content: dict[str, Any]) -> dict[str, dict[str, str]]:
        """Field to (theirs to ours); null or an empty text of ours means empty."""
        found = {}
        for name, pairs in self.section(content, "values").items():
            if not isinstance(pairs, dict):
                self.faults.append(f"values.{name} must pair their words with ours")
                continue
            found[name] = {_as_text(theirs): _as_text(ours) for theirs, ours in pairs.items()}
            self.words_of(name, found[name])
        return found

    def words_of(self, name: str, pairs: dict[str, str]) -> None:
        """Our side of the pairs must be words that the field knows; contact codes are the trust's, checked by row."""
        field = self.kind.field(name)
        for ours in pairs.values() if field and field.words else ():
            if ours and field and ours not in field.words:
                self.faults.append(f"values.{name} gives {ours!r}; expected one of {', '.join(field.words)}")

    def formats(self, content: dict[str, Any]) -> dict[str, tuple[str, ...]]:
        """Field to one or several strptime patterns."""
        found = {}
        for name, patterns in self.section(content, "formats").items():
            each = patterns if isinstance(patterns, list) else [patterns]
            if not each or not all(isinstance(pattern, str) and "%" in pattern for pattern in each):
                self.faults.append(f"formats.{name} is {patterns!r}; a pattern such as '%d/%m/%Y %H:%M' was expected")
                continue
            found[name] = tuple(each)
        return found

    def zone(self, name: object) -> ZoneInfo | None:
        if name is None:
            return None
        try:
            return ZoneInfo(str(name))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.faults.append(f"zone is {name!r}; a name such as Europe/London was expected")
            return None

    def delimiter(self, mark: object) -> str | None:
        names = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
        text = names.get(str(mark), mark)
        if text is None or (isinstance(text, str) and len(text) == 1):
            return text
        self.faults.append(f"delimiter is {mark!r}; one character or `tab` was expected")
        return None

    def encoding(self, name: object) -> str | None:
        try:
            return None if name is None else codecs.lookup(str(name)).name
        except LookupError:
            self.faults.append(f"encoding is {name!r}; a name such as utf-8 or windows-1252 was expected")
            return None

    def as_of(self, word: object) -> bool:
        if word not in (None, "import", "file_time"):
            self.faults.append(f"as_of is {word!r}; `import` or `file_time` was expected")
        return word == "file_time"


def _as_text(value: object) -> str:
    """YAML reads yes/no as booleans and bare numbers as numbers; senders mean the letters they wrote."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).strip()
