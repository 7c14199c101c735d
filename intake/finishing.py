"""The last step over a row's fields, per kind: what one field alone can't tell, such as an end before its start."""

import json
from collections.abc import Callable
from collections.abc import Mapping as Table
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

from intake.bad_value import BadValue
from intake.mapping import Mapping
from intake.moments import Moment, end_of_day, moment_parser
from intake.parsing import MEMO_SIZE, Settings, version_parser
from models.domain.words import AppointmentStatus, ImportKind, OutcomeSubtype, PersonRole

Finish = Callable[[list[str]], None]
Finisher = Callable[[Table[str, int], Settings, Mapping], Finish]

EARLIEST_START = datetime(1950, 1, 1, tzinfo=UTC)
LONGEST_AHEAD = timedelta(days=10 * 366)
LONGEST_APPOINTMENT = timedelta(days=2)
# A clinic seen a little early, or a sender's clock that is ahead, is no contradiction.
OUTCOME_AHEAD = timedelta(hours=24)
# A year's maternity leave with its holidays fits; a longer absence is a typing error or somebody who has left.
LONGEST_ABSENCE = timedelta(days=2 * 366)

# Plain texts: the member of an enum costs a call at every row.
_BOOKED, _AUTO_FINISHED = AppointmentStatus.BOOKED.value, OutcomeSubtype.AUTO_FINISHED.value
_NO_ADULTS = frozenset({"", PersonRole.CHILD.value, PersonRole.UNBORN.value})
_WAITING = frozenset({AppointmentStatus.PLANNED.value, AppointmentStatus.BOOKED.value, AppointmentStatus.ARRIVED.value})
_NOT_BEFOREHAND = frozenset(
    status.value
    for status in (
        AppointmentStatus.ARRIVED,
        AppointmentStatus.ATTENDED,
        AppointmentStatus.ATTENDED_LATE,
        AppointmentStatus.ARRIVED_NOT_SEEN,
        AppointmentStatus.MISSED,
    )
)


class FieldFault(Exception):
    """A field contradicts another; the row parser adds the line and the header."""

    def __init__(self, field: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.value, self.reason = field, value, reason


def _keys(slots: Table[str, int]) -> Finish:
    """Fill `subject_key` and `contact_key`, by which people are told apart in one file.

    A key is 'NHS number|local id'. A contact without an NHS number gets a local id made of what it belongs to, so that
    the same mother named on two rows of a household is one person and no name is ever matched across households.
    """
    nhs, local, role = slots["subject_nhs_number"], slots["subject_local_id"], slots["subject_role"]
    household, subject_key, contact_key = slots["household_id"], slots["subject_key"], slots["contact_key"]
    contact_nhs, name, relation = (slots.get(f"contact_{part}", -1) for part in ("nhs_number", "name", "relation"))
    mobile = slots.get("contact_mobile", -1)

    def finish(out: list[str]) -> None:
        if not out[nhs] and not out[local]:
            raise FieldFault("subject_nhs_number", "", "expected an NHS number or a local id of whom it is about")
        key = out[subject_key] = f"{out[nhs]}|{out[local]}"
        if contact_nhs < 0 or not (out[contact_nhs] or out[name] or out[mobile]):
            return
        told = out[relation]
        adult = out[role] not in _NO_ADULTS
        if (
            told == "self"
            or (out[contact_nhs] and out[contact_nhs] == out[nhs])
            or (adult and not told and not out[contact_nhs])
        ):
            out[contact_key] = key
        elif out[contact_nhs]:
            out[contact_key] = f"{out[contact_nhs]}|"
        else:
            anchor = f"household {out[household]}" if out[household] else f"person {key}"
            out[contact_key] = f"|contact of {anchor}: {told} {out[name].casefold()}"

    return finish


class Times(NamedTuple):
    """When an appointment is, as staging stores it, and from when an outcome is due if none is told."""

    starts: datetime
    starts_at: str
    ends_at: str
    length_assumed: str
    whole_day: str
    ambiguous: str
    due_at: str


def _appointment(slots: Table[str, int], settings: Settings, mapping: Mapping) -> Finish:
    """Start, end, status, version and the time from which an outcome is due."""
    keys, s = _keys(slots), slots
    kind, role, starts_at, ends_at = s["kind"], s["subject_role"], s["starts_at"], s["ends_at"]
    minutes, assumed, whole, twice = s["minutes"], s["length_assumed"], s["whole_day"], s["time_ambiguous"]
    version, due_at = s["source_version"], s["outcome_due_at"]
    read_times = _times_reader(settings, mapping.formats.get("starts_at", ()))
    read_version = version_parser(settings, mapping.formats.get("source_version", ()))

    def finish(out: list[str]) -> None:
        if not out[role]:
            out[role] = settings.contacts[out[kind]].subject_role or _likely_role(out, s, settings)
        keys(out)
        times = read_times(out[starts_at], out[ends_at], out[minutes], out[kind])
        _, out[starts_at], out[ends_at], out[assumed], out[whole], out[twice], due = times
        if out[version]:
            out[s["version_order"]] = _version(read_version, out[version])
        if _status(out, s, times.starts, settings) in _WAITING:
            out[due_at] = due

    return finish


def _times_reader(settings: Settings, patterns: tuple[str, ...]) -> Callable[[str, str, str, str], Times]:
    """Memoised: clinics repeat their slots, and arithmetic on times is what a row would else spend most on."""
    read = _start_parser(settings, patterns)

    @lru_cache(MEMO_SIZE)
    def times(start_text: str, told_end: str, minutes: str, kind: str) -> Times:
        start = _start(read, start_text)
        facts = settings.contacts[kind]
        ends_at, assumed = _end(told_end, minutes, start, facts.length, settings)
        due_at = ends_at + facts.outcome_allowance

        def mark(flag: bool) -> str:
            return "t" if flag else "f"

        return Times(
            start.at, start.at.isoformat(), ends_at.isoformat(), mark(assumed), mark(start.whole_day),
            mark(start.ambiguous), due_at.isoformat(),
        )  # fmt: skip

    return times


def _start_parser(settings: Settings, patterns: tuple[str, ...]) -> Callable[[str], Moment]:
    read = moment_parser(settings.zone, patterns)
    latest = settings.now + LONGEST_AHEAD

    def parse(text: str) -> Moment:
        found = read(text)
        if not EARLIEST_START <= found.at <= latest:
            raise BadValue(f"expected a time from {EARLIEST_START:%Y} to {latest:%Y}")
        return found

    return parse


def _start(read: Callable[[str], Moment], text: str) -> Moment:
    try:
        return read(text)
    except BadValue as error:
        raise FieldFault("starts_at", text, str(error)) from None


def _version(read: Callable[[str], tuple[str, str]], text: str) -> str:
    try:
        return read(text)[1]
    except BadValue as error:
        raise FieldFault("source_version", text, str(error)) from None


def _end(told: str, minutes: str, start: Moment, length: timedelta, settings: Settings) -> tuple[datetime, bool]:
    """The end and whether its length is assumed: a told end, told minutes, the whole day, the kind's default."""
    if told:
        ends_at = datetime.fromisoformat(told)
        if not start.at <= ends_at <= start.at + LONGEST_APPOINTMENT:
            raise FieldFault("ends_at", told, "expected an end after the start, within two days")
        return ends_at, False
    if minutes:
        return start.at + timedelta(minutes=int(minutes)), False
    if start.whole_day:
        return end_of_day(start.day, settings.zone), False
    return start.at + length, True


def _status(out: list[str], s: Table[str, int], start: datetime, settings: Settings) -> str:
    """An empty outcome and one that the record system filled in by itself are no outcome: the appointment is booked."""
    at = s["status"]
    if not out[at] or out[s["outcome"]] == _AUTO_FINISHED:
        out[at] = _BOOKED
    if out[at] in _NOT_BEFOREHAND and start > settings.now + OUTCOME_AHEAD:
        raise FieldFault("status", out[at], "expected no outcome yet: the appointment lies in the future")
    return out[at]


def _person(slots: Table[str, int], settings: Settings, mapping: Mapping) -> Finish:
    """A register row: keys and version; a death or an end of pregnancy told by its date alone is told."""
    keys = _keys(slots)
    s = slots
    read_version = version_parser(settings, mapping.formats.get("source_version", ()))

    def finish(out: list[str]) -> None:
        out[s["subject_role"]] = out[s["subject_role"]] or _likely_role(out, s, settings)
        keys(out)
        if out[s["source_version"]]:
            out[s["version_order"]] = _version(read_version, out[s["source_version"]])
        if out[s["subject_deceased_on"]]:
            out[s["subject_life_status"]] = "deceased"
            if out[s["subject_deceased_on"]] < out[s["subject_dob"]]:
                raise FieldFault(
                    "subject_deceased_on", out[s["subject_deceased_on"]], "expected a date after the birth"
                )

    return finish


def _likely_role(out: list[str], s: Table[str, int], settings: Settings) -> str:
    """Without a role: whoever has a due date is the mother, whoever was born in the last 18 years a child."""
    if out[s["subject_edd"]]:
        return PersonRole.MOTHER.value
    adult_since = settings.today.replace(year=settings.today.year - 18, day=1)
    young = out[s["subject_dob"]] > adult_since.isoformat()
    return PersonRole.CHILD.value if young else PersonRole.CARER.value


def _indicator(slots: Table[str, int], settings: Settings, _mapping: Mapping) -> Finish:
    """The instrument by its own spelling; totals, items and answers within what it has. An unknown one is kept."""
    keys, s = _keys(slots), slots
    by_spelling = {_letters(code): instrument for code, instrument in settings.instruments.items()}

    def finish(out: list[str]) -> None:
        keys(out)
        known = by_spelling.get(_letters(out[s["instrument"]]))
        out[s["instrument"]] = known.code if known is not None else out[s["instrument"]].upper()
        if not any(out[s[name]] for name in ("total", "self_harm_item", "answers")):
            raise FieldFault("total", "", "expected a total, a self_harm_item or answers")
        if known is not None:
            _within(out[s["total"]], "total", known.highest_total)
            _within(out[s["self_harm_item"]], "self_harm_item", known.highest_item if known.self_harm_item else None)
            _answered(out[s["answers"]], known.items)

    return finish


def _letters(code: str) -> str:
    return "".join(filter(str.isalnum, code.casefold()))


def _within(text: str, field: str, highest: int | None) -> None:
    if text and highest is None:
        raise FieldFault(field, text, "expected no value: this instrument has none")
    if text and highest is not None and int(text) > highest:
        raise FieldFault(field, text, f"expected at most {highest} for this instrument")


def _answered(text: str, items: Table[str, str]) -> None:
    if text and (unknown := sorted(set(json.loads(text)) - set(items))):
        expected = ", ".join(items) or "no answers: this instrument has no items"
        raise FieldFault("answers", ", ".join(unknown), f"expected items of this instrument: {expected}")


def _flag(slots: Table[str, int], settings: Settings, _mapping: Mapping) -> Finish:
    keys, role = _keys(slots), slots["subject_role"]
    set_on, ended_on = slots["set_on"], slots["ended_on"]

    def finish(out: list[str]) -> None:
        out[role] = out[role] or _likely_role(out, slots, settings)
        keys(out)
        if out[ended_on] and out[ended_on] < out[set_on]:
            raise FieldFault("ended_on", out[ended_on], "expected a date not before the flag was set")

    return finish


def _caseload(slots: Table[str, int], settings: Settings, mapping: Mapping) -> Finish:
    """From when: the day's first moment; without a day, the moment of the import."""
    keys, role, version = _keys(slots), slots["subject_role"], slots["source_version"]
    held_from, effective = slots["held_from"], slots["effective_at"]
    read_version = version_parser(settings, mapping.formats.get("source_version", ()))

    def finish(out: list[str]) -> None:
        out[role] = out[role] or _likely_role(out, slots, settings)
        keys(out)
        if out[version]:
            out[slots["version_order"]] = _version(read_version, out[version])
        day = date.fromisoformat(out[held_from]) if out[held_from] else None
        begins = settings.now if day is None else datetime.combine(day, time(), settings.zone).astimezone(UTC)
        out[effective] = begins.isoformat()

    return finish


def _absence(slots: Table[str, int], settings: Settings, mapping: Mapping) -> Finish:
    """Start and end; a last day is away to its end. No end: the one day, where the start is a day."""
    starts_at, ends_at, status = slots["starts_at"], slots["ends_at"], slots["status"]
    read_start = _start_parser(settings, mapping.formats.get("starts_at", ()))
    read_end = _start_parser(settings, mapping.formats.get("ends_at", ()))

    def finish(out: list[str]) -> None:
        start, told = _start(read_start, out[starts_at]), out[ends_at]
        if not told and not start.whole_day:
            raise FieldFault("ends_at", "", "expected an end, or a start that is a whole day")
        try:
            last = read_end(told) if told else start
        except BadValue as error:
            raise FieldFault("ends_at", told, str(error)) from None
        end = end_of_day(last.day, settings.zone) if last.whole_day else last.at
        if not start.at < end <= start.at + LONGEST_ABSENCE:
            raise FieldFault("ends_at", told, "expected an end after the start, within two years")
        out[starts_at], out[ends_at], out[status] = start.at.isoformat(), end.isoformat(), out[status] or "confirmed"

    return finish


def _staff(_slots: Table[str, int], _settings: Settings, _mapping: Mapping) -> Finish:
    return lambda out: None


FINISHERS: Table[ImportKind, Finisher] = {
    ImportKind.APPOINTMENTS: _appointment,
    ImportKind.PEOPLE: _person,
    ImportKind.INDICATORS: _indicator,
    ImportKind.STAFF: _staff,
    ImportKind.FLAGS: _flag,
    ImportKind.CASELOADS: _caseload,
    ImportKind.ABSENCES: _absence,
}
