"""Plan the contacts that a child, a pregnancy or a mother should have, from schedules kept as data. Pure.

Dates are civil; months are calendar months, held to the month's last day; gestation is reckoned back from the EDD.
Source: domain.md 1.1 to 1.7.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from models.domain.words import ExpectedState, Known
from models.domain.working_time import add_months

GESTATION = timedelta(days=280)  # from the reckoned beginning of a pregnancy to its EDD, by definition


class ScheduleAnchor(StrEnum):
    """The date a contact's window is reckoned from."""

    DATE_OF_BIRTH = "date_of_birth"
    EDD = "edd"
    LEFT_BIRTH_PLACE = "left_birth_place"  # the day the baby left the place of birth, where a source tells it


class ContactOf(StrEnum):
    """Whose contact a line of a schedule is."""

    CHILD = "child"
    MOTHER = "mother"  # of a pregnancy that goes on, or after a birth


@dataclass(frozen=True, slots=True)
class Offset:
    """Calendar months, then days, from the anchor; either may be negative."""

    months: int = 0
    days: int = 0

    def from_date(self, anchor: date) -> date:
        """Return the date this far from `anchor`."""
        return add_months(anchor, self.months) + timedelta(days=self.days)


def at_gestation(weeks: int, days: int) -> Offset:
    """Return how far `weeks`+`days` of gestation is from the EDD: 28+0 is EDD-84."""
    return Offset(days=7 * weeks + days - GESTATION.days)


@dataclass(frozen=True, slots=True)
class ScheduledContact:
    """One line of a schedule. Days named `_until` are the last day that counts."""

    contact_code: str
    of: ContactOf
    anchor: ScheduleAnchor
    window_start: Offset
    window_end: Offset
    late_until: Offset | None
    unbooked_on: Offset | None  # nothing booked by then: a follow-up; None where nothing is ever booked
    overdue_on: Offset  # not seen by then, booked or not: a follow-up
    recall_until: Offset | None  # first heard of after it: a later contact takes its place
    superseded_by: str | None
    nulliparous_only: bool = False
    first_heard_days: int = 0  # nobody is asked for it sooner than so many days after we first heard


@dataclass(frozen=True, slots=True)
class Schedule:
    """A version of a service's schedule. `flags`: only for families that carry one of these; empty: for everybody."""

    code: str
    version: int
    effective_from: date
    source: str
    service: str
    nations: frozenset[str]
    flags: frozenset[str]
    contacts: tuple[ScheduledContact, ...]

    @property
    def key(self) -> tuple[str, int]:
        """What a planned contact keeps of it."""
        return self.code, self.version


@dataclass(frozen=True, slots=True)
class PlanSubject:
    """Somebody to plan for: a child by birth, a pregnancy that goes on by its EDD, or a mother by her child's birth."""

    of: ContactOf
    date_of_birth: date | None = None
    edd: date | None = None
    left_birth_place_on: date | None = None
    nulliparous: Known = Known.UNKNOWN
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class MatchRules:
    """How far from its window an appointment of the same code still is this contact (config/planning.yaml)."""

    early: Offset  # before the window begins, and never before the anchor itself
    after_edd_days: int  # a pregnancy's contacts end so long after its EDD


@dataclass(frozen=True, slots=True)
class PlannedContact:
    """A contact that one person should have. `already_past`: over before we first heard of the person.

    `matches_from`, `matches_until`: the civil days between which an appointment of its code may be this contact.
    """

    contact_code: str
    anchor_on: date
    window_start: date
    window_end: date
    late_until: date | None
    unbooked_on: date | None
    overdue_on: date
    superseded_by: str | None
    matches_from: date
    matches_until: date | None
    initial_state: ExpectedState
    already_past: bool


def plan_contacts(
    schedule: Schedule, subject: PlanSubject, *, received_on: date, match: MatchRules
) -> tuple[PlannedContact, ...]:
    """Return every contact that the schedule has for `subject`, in its order.

    Birth ends the antenatal plan: pass the EDD only of a pregnancy that goes on. What was past recall at `received_on`
    is planned as superseded: a child who moves in at two is not chased for a birth visit. Contacts for nulliparous
    women alone are planned only for those known to be (docs/decisions/0047).
    """
    if schedule.flags and not schedule.flags & subject.flags:
        return ()
    anchors = {
        ScheduleAnchor.DATE_OF_BIRTH: subject.date_of_birth,
        ScheduleAnchor.EDD: subject.edd,
        ScheduleAnchor.LEFT_BIRTH_PLACE: subject.left_birth_place_on,
    }
    return tuple(
        _planned(line, anchor, received_on, match)
        for line in schedule.contacts
        if line.of is subject.of
        and (anchor := anchors[line.anchor]) is not None
        and (not line.nulliparous_only or subject.nulliparous is Known.YES)
    )


def in_force(
    schedules: tuple[Schedule, ...], *, nation: str, services: frozenset[str], on: date
) -> tuple[Schedule, ...]:
    """Return, of the services that are planned, the nation's schedules as of a date: of each code the newest in force.

    A date before every version takes the newest there is: a plan is always better than none.
    """
    mine: dict[str, list[Schedule]] = {}
    for schedule in schedules:
        if schedule.service in services and nation in schedule.nations:
            mine.setdefault(schedule.code, []).append(schedule)
    return tuple(
        max(
            [one for one in versions if one.effective_from <= on] or versions,
            key=lambda one: (one.effective_from, one.version),
        )
        for versions in mine.values()
    )


def schedules_for(
    subject_has: frozenset[tuple[str, int]], current: tuple[Schedule, ...], known: Mapping[tuple[str, int], Schedule]
) -> tuple[Schedule, ...]:
    """Return by which schedules somebody is planned who has contacts planned by those of `subject_has` already.

    A plan keeps the version it began with, also where the nation's schedule was replaced by another; a service nobody
    has planned for them yet begins with the one in force.
    """
    keep = {known[key].service: known[key] for key in sorted(subject_has) if key in known}
    lost = {code for code, version in subject_has if (code, version) not in known}
    chosen = [schedule for schedule in current if schedule.service not in keep and schedule.code not in lost]
    return (*keep.values(), *chosen)


def _planned(line: ScheduledContact, anchor: date, received_on: date, match: MatchRules) -> PlannedContact:
    overdue_on = line.overdue_on.from_date(anchor)
    grace = received_on + timedelta(days=line.first_heard_days) - overdue_on if line.first_heard_days else timedelta()
    late = max(grace, timedelta())
    window_start = line.window_start.from_date(anchor)
    window_end = line.window_end.from_date(anchor) + late
    late_until = None if line.late_until is None else line.late_until.from_date(anchor) + late
    beyond_recall = line.recall_until is not None and received_on > line.recall_until.from_date(anchor)
    matches_from, matches_until = _matches(line, anchor, window_start, match)
    return PlannedContact(
        contact_code=line.contact_code,
        anchor_on=anchor,
        window_start=window_start,
        window_end=window_end,
        late_until=late_until,
        unbooked_on=None if line.unbooked_on is None else line.unbooked_on.from_date(anchor) + late,
        overdue_on=overdue_on + late,
        superseded_by=line.superseded_by,
        matches_from=matches_from,
        matches_until=matches_until,
        initial_state=ExpectedState.SUPERSEDED if beyond_recall else ExpectedState.PLANNED,
        already_past=received_on > (late_until or window_end),
    )


def _matches(line: ScheduledContact, anchor: date, window_start: date, match: MatchRules) -> tuple[date, date | None]:
    """A pregnancy's contacts lie within it; a child's from a while before the window on, for good: late counts too."""
    if line.anchor is ScheduleAnchor.EDD:
        return anchor - GESTATION, anchor + timedelta(days=match.after_edd_days)
    return max(anchor, match.early.from_date(window_start)), None
