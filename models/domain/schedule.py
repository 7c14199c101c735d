"""Plan the contacts that a child or a pregnancy should have, from the nation's schedule. Pure.

Dates are civil; months are calendar months, held to the month's last day. Source: domain.md 1.1, 1.2.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from models.domain.words import ExpectedState
from models.domain.working_time import WorkingCalendar, add_months, staff_moment


class ScheduleAnchor(StrEnum):
    """The date a contact's window is reckoned from."""

    DATE_OF_BIRTH = "date_of_birth"
    EDD = "edd"


@dataclass(frozen=True, slots=True)
class Offset:
    """Calendar months, then days, from the anchor; either may be negative."""

    months: int = 0
    days: int = 0

    def from_date(self, anchor: date) -> date:
        """Return the date this far from `anchor`."""
        return add_months(anchor, self.months) + timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class ScheduledContact:
    """One line of a nation's schedule. Days named `_until` are the last day that counts."""

    contact_code: str
    anchor: ScheduleAnchor
    window_start: Offset
    window_end: Offset
    late_until: Offset | None
    unbooked_on: Offset  # nothing booked by then: a follow-up
    overdue_on: Offset  # not seen by then, booked or not: a follow-up
    recall_until: Offset | None  # first heard of after it: a later contact takes its place
    superseded_by: str | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A version of a nation's schedule."""

    code: str
    version: int
    effective_from: date
    source: str
    contacts: tuple[ScheduledContact, ...]


@dataclass(frozen=True, slots=True)
class PlannedContact:
    """A contact that one person should have. `already_past`: over before we first heard of the person."""

    contact_code: str
    anchor_on: date
    window_start: date
    window_end: date
    late_until: date | None
    unbooked_on: date
    overdue_on: date
    superseded_by: str | None
    initial_state: ExpectedState
    already_past: bool


def plan_contacts(
    schedule: Schedule, *, date_of_birth: date | None, edd: date | None, received_on: date
) -> tuple[PlannedContact, ...]:
    """Return every contact due from birth, or from the EDD where the child is not born yet, in the schedule's order.

    Birth ends the antenatal plan: pass the EDD of a pregnancy that goes on, else the date of birth. What was past
    recall at `received_on` is planned as superseded: a child who moves in at two is not chased for a birth visit.
    """
    anchors = {ScheduleAnchor.DATE_OF_BIRTH: date_of_birth, ScheduleAnchor.EDD: None if date_of_birth else edd}
    return tuple(
        _planned(line, anchor, received_on)
        for line in schedule.contacts
        if (anchor := anchors[line.anchor]) is not None
    )


def next_look(contact: PlannedContact, *, is_booked: bool, at: time, calendar: WorkingCalendar) -> datetime:
    """Return when detection has to look at a contact not yet met, as UTC: on a working day, never after the date."""
    day = contact.overdue_on if is_booked else min(contact.unbooked_on, contact.overdue_on)
    return staff_moment(day, at, calendar=calendar)


def _planned(line: ScheduledContact, anchor: date, received_on: date) -> PlannedContact:
    window_end = line.window_end.from_date(anchor)
    late_until = None if line.late_until is None else line.late_until.from_date(anchor)
    beyond_recall = line.recall_until is not None and received_on > line.recall_until.from_date(anchor)
    return PlannedContact(
        contact_code=line.contact_code,
        anchor_on=anchor,
        window_start=line.window_start.from_date(anchor),
        window_end=window_end,
        late_until=late_until,
        unbooked_on=line.unbooked_on.from_date(anchor),
        overdue_on=line.overdue_on.from_date(anchor),
        superseded_by=line.superseded_by,
        initial_state=ExpectedState.SUPERSEDED if beyond_recall else ExpectedState.PLANNED,
        already_past=received_on > (late_until or window_end),
    )
