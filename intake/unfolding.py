"""Cut a file into the deliveries in which it would have come: each row as much as was known of it at the time.

A row's cells are left as they stand; those of facts not known yet are emptied. What a delivery means is for the
ordinary import. When something became known is the file's own word, else the assumption of config/replay.yaml.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from config.replay_rules import Unfolding
from config.rules import Rules
from intake.columns import Plan, plan_columns
from intake.mapping import NO_MAPPING, Mapping, load_mapping
from intake.reading import Fault, open_sheet
from intake.records import KINDS, Shape
from intake.rows import Rejected, RowParser
from intake.run import parsing_settings
from models.domain.words import AppointmentStatus, ImportKind

# Facts of a row that may come after the row: the fields that tell them, by the field that says when.
_OUTCOME = ("status", "outcome", "reason", "recorded_at", "cancelled_at")
_DATED = {
    "subject_edd": ("subject_edd",),
    "subject_deceased_on": ("subject_deceased_on", "subject_life_status"),
    "pregnancy_ended_on": ("pregnancy_ended_on", "pregnancy_outcome"),
    "contact_confirmed_on": ("contact_confirmed_on",),
}
_WAITING = frozenset({AppointmentStatus.PLANNED, AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED})
_CALLED_OFF = frozenset(
    {
        AppointmentStatus.CANCELLED,
        AppointmentStatus.CANCELLED_BY_FAMILY,
        AppointmentStatus.CANCELLED_BY_SERVICE,
        AppointmentStatus.DECLINED,
        AppointmentStatus.VOID,
    }
)
_SEEN = frozenset({AppointmentStatus.ATTENDED, AppointmentStatus.ATTENDED_LATE})


@dataclass(frozen=True, slots=True)
class Extract:
    """One file of a replay."""

    kind: ImportKind
    path: Path
    mapping: Path | None = None


@dataclass(slots=True)
class _Row:
    """One good row: when it is first known, and its later facts as (when, cells to leave empty until then)."""

    cells: list[str]
    known_at: datetime
    later: list[tuple[datetime, frozenset[int]]] = field(default_factory=list)

    def versions(self) -> Iterator[tuple[datetime, frozenset[int]]]:
        """When something of it becomes known, and the cells that are still empty then."""
        for moment in sorted({self.known_at, *(at for at, _ in self.later if at > self.known_at)}):
            yield moment, frozenset().union(*(cells for at, cells in self.later if at > moment))


@dataclass(slots=True)
class _Visit:
    """What of an appointment bears on when it was known."""

    row: _Row
    person: str
    code: str
    starts_at: datetime
    status: str
    outcome_at: datetime | None


@dataclass
class Unfolded:
    """A file cut by time. `outcomes`: the sender's id of an appointment to its final status and sub-type, if any.

    `first` and `last`: when the first appointment began and the last outcome became known; None without any.
    """

    extract: Extract
    encoding: str
    headers: tuple[str, ...]
    delimiter: str
    rows: list[_Row] = field(default_factory=list)
    outcomes: dict[str, tuple[str, str]] = field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None

    def deliveries(self, *, start: datetime, end: datetime, every: timedelta) -> dict[datetime, list[list[str]]]:
        """Delivery time to its rows, in the file's order: all that was known at `start` first, then by the grid."""
        found: dict[datetime, dict[int, list[str]]] = {}
        for number, row in enumerate(self.rows):
            for known_at, empty in row.versions():
                moment = start if known_at <= start else start + -((start - known_at) // every) * every
                if moment <= end:
                    cells = ["" if at in empty else cell for at, cell in enumerate(row.cells)]
                    found.setdefault(moment, {})[number] = cells  # a later version of the same moment says more
        return {moment: list(rows.values()) for moment, rows in found.items()}

    def write(self, path: Path, rows: Iterable[Sequence[str]]) -> Path:
        """Write one delivery as its sender would."""
        with path.open("w", newline="", encoding=self.encoding) as stream:
            writer = csv.writer(stream, delimiter=self.delimiter)
            writer.writerow(self.headers)
            writer.writerows(rows)
        return path


def unfold(extract: Extract, *, rules: Rules, assumed: Unfolding, now: datetime) -> Unfolded:
    """Read a file as of `now` and say when each row became known. Rows that can't be used are left out.

    Raises UnusableInput where the file or its mapping can't be used at all.
    """
    mapping = load_mapping(extract.mapping, kind=extract.kind) if extract.mapping else NO_MAPPING
    sheet = open_sheet(extract.path, encoding=mapping.encoding, delimiter=mapping.delimiter)
    plan = plan_columns(sheet.headers, mapping, KINDS[extract.kind], file_name=extract.path.name)
    reader = _Reader(extract.kind, plan, mapping, rules, assumed, now, len(sheet.headers))
    unfolded = Unfolded(extract, mapping.encoding or "utf-8", sheet.headers, sheet.delimiter)
    visits: dict[str, _Visit] = {}
    for _, cells in sheet.rows():
        if isinstance(cells, Fault) or (read := reader.read(cells)) is None:
            continue
        row, values = read
        if extract.kind is ImportKind.APPOINTMENTS:
            visits[values["source_id"]] = reader.visit(row, values)  # of two rows of one id the later counts
            unfolded.outcomes[values["source_id"]] = (values["status"], values["outcome"])
        else:
            unfolded.rows.append(row)
    if visits:
        _not_before_the_miss(visits.values())
        unfolded.rows = [visit.row for visit in visits.values()]
        unfolded.first = min(visit.starts_at for visit in visits.values())
        unfolded.last = max((visit.outcome_at for visit in visits.values() if visit.outcome_at), default=unfolded.first)
        unfolded.outcomes = {ref: told for ref, told in unfolded.outcomes.items() if told[0] not in _WAITING}
    return unfolded


def _not_before_the_miss(visits: Iterable[_Visit]) -> None:
    """An appointment after one that did not take place was booked for that reason: it is known no earlier.

    One that began before the other's outcome was known was booked for reasons of its own.
    """
    before: dict[tuple[str, str], _Visit] = {}
    for visit in sorted(visits, key=lambda one: one.starts_at):
        earlier = before.get((visit.person, visit.code))
        why = None if earlier is None or earlier.status in _SEEN else earlier.outcome_at
        if why is not None and why <= visit.starts_at:
            visit.row.known_at = max(visit.row.known_at, min(why, visit.outcome_at or visit.starts_at))
        before[visit.person, visit.code] = visit


class _Reader:
    """Reads rows of one file and finds when each of their facts became known."""

    def __init__(
        self,
        kind: ImportKind,
        plan: Plan,
        mapping: Mapping,
        rules: Rules,
        assumed: Unfolding,
        now: datetime,
        width: int,
    ) -> None:
        self._parser = RowParser(kind, plan, mapping, parsing_settings(rules, mapping, now=now, version_kind=None))
        self._slots = self._parser.slots
        self._calendar, self._assumed, self._zone = rules.calendar, assumed, mapping.zone or rules.calendar.zone
        self._kind = kind
        cells = {read.name: frozenset({at} if at < width else plan.joined[at - width]) for at, _, read in plan.read}
        later = {*_OUTCOME, *(name for names in _DATED.values() for name in names)}
        kept = frozenset().union(*(at for name, at in cells.items() if name not in later))
        self._cells = {name: at - kept for name, at in cells.items()}
        self._base_dates = [
            each.name
            for each in KINDS[kind].content
            if each.shape is Shape.PAST_DATE and not each.keeps_row and each.name not in later
        ]

    def read(self, cells: list[str]) -> tuple[_Row, dict[str, str]] | None:
        """The row and its values by field; None where the import would refuse it."""
        raw = list(cells)
        try:
            "".join(raw).encode()
            values = self._values(cells)
        except (Rejected, UnicodeEncodeError):
            return None
        row = _Row(raw, self._base(values))
        for name, fields in _DATED.items():
            empty = self._group(fields)
            if values.get(name) and empty:
                row.later.append((self._dated(name, values[name]), empty))
        return row, values

    def visit(self, row: _Row, values: dict[str, str]) -> _Visit:
        """The appointment, with when it was booked and when its outcome was in."""
        starts_at, ends_at = (datetime.fromisoformat(values[name]) for name in ("starts_at", "ends_at"))
        outcome_at = None if values["status"] in _WAITING else self._outcome_at(values, starts_at, ends_at)
        row.known_at = max(row.known_at, min(starts_at - self._assumed.booked_ahead, outcome_at or starts_at))
        if outcome_at is not None:
            empty = self._group(_OUTCOME)
            if self._says_outcome(row.cells, empty):
                row.known_at = max(row.known_at, outcome_at)  # a list of misses alone: nothing is known before
            else:
                row.later.append((outcome_at, empty))
        person = values["subject_nhs_number"] or values["subject_local_id"]
        return _Visit(row, person, values["kind"], starts_at, values["status"], outcome_at)

    def _values(self, cells: list[str]) -> dict[str, str]:
        found = self._parser.values(cells)
        return {name: found[slot] for name, slot in self._slots.items()}

    def _group(self, fields: Iterable[str]) -> frozenset[int]:
        return frozenset().union(*(self._cells.get(name, frozenset()) for name in fields))

    def _says_outcome(self, cells: list[str], empty: frozenset[int]) -> bool:
        """Whether a row says what happened even with these cells empty."""
        try:
            return (
                self._values(["" if at in empty else cell for at, cell in enumerate(cells)])["status"] not in _WAITING
            )
        except Rejected:
            return True

    def _base(self, values: dict[str, str]) -> datetime:
        days = [self._dated(name, values[name]) for name in self._base_dates if values.get(name)]
        return max(days, default=self._at(date.min.replace(year=1900)))

    def _dated(self, name: str, day: str) -> datetime:
        after = {"subject_dob": self._assumed.birth_known_after, "subject_edd": -self._assumed.pregnancy_known_before}
        return self._at(date.fromisoformat(day) + after.get(name, timedelta()))

    def _at(self, day: date) -> datetime:
        return self._calendar.at(day, self._assumed.outcome_known_at)

    def _outcome_at(self, values: dict[str, str], starts_at: datetime, ends_at: datetime) -> datetime:
        """When the outcome was recorded, by the file or by assumption; what takes place not before it begins."""
        called_off = values["status"] in _CALLED_OFF
        told = (values["cancelled_at"] if called_off else "") or values["recorded_at"]
        if told:
            at = datetime.fromisoformat(told)
            return at if called_off else max(at, starts_at)
        assumed = self._at(starts_at.astimezone(self._zone).date())
        return assumed if called_off else max(assumed, ends_at)
