"""Decide how a contact that should happen stands, when to look at it again, and whether somebody has to follow it up.

Pure. Never booked is as visible as missed (design 3.1). A look ends in a follow-up, a later look, or a reason why
neither. Source: domain.md 1.2, 3.2.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from models.domain.words import ExpectedState, FollowUpTrigger
from models.domain.working_time import WorkingCalendar, after_working_days, staff_moment


@dataclass(frozen=True, slots=True)
class ExpectedFacts:
    """What is known of one contact when it is looked at.

    `ended`: why it is no longer wanted, if so. `booked_until`: the end of a booking still to come. `over_since`: the
    end of a booking that is over and whose outcome no source has told yet. `followed`: somebody has it in hand.
    """

    unbooked_on: date | None
    overdue_on: date
    met: bool = False
    ended: ExpectedState | None = None
    booked_until: datetime | None = None
    over_since: datetime | None = None
    followed: bool = False


@dataclass(frozen=True)
class LookRules:
    """What a look needs of the rules: the calendar, and how long an outcome is waited for."""

    calendar: WorkingCalendar
    outcome_allowance: timedelta  # after the end of an appointment
    outcome_wait_days: int  # working days after it, for data that come overnight


@dataclass(frozen=True, slots=True)
class Look:
    """What a look leaves: the state, when to look again, and the follow-up to open with its start, if any."""

    state: ExpectedState
    next_due_at: datetime | None = None
    opens: FollowUpTrigger | None = None
    happened_at: datetime | None = None


def look(facts: ExpectedFacts, *, now: datetime, rules: LookRules) -> Look:
    """Return how the contact stands at `now`. Days off bring a look forward, never back (domain.md 3.2)."""
    if facts.met:
        return Look(ExpectedState.MET)
    if facts.ended is not None:
        return Look(facts.ended)
    booked = facts.booked_until is not None or facts.over_since is not None
    overdue_at = overdue_look(facts, rules=rules)
    if booked and now < overdue_at:
        return Look(ExpectedState.BOOKED, overdue_at)
    unbooked_at = first_look(facts.unbooked_on, facts.overdue_on, calendar=rules.calendar)
    if not booked and now < unbooked_at:
        return Look(ExpectedState.PLANNED, unbooked_at)
    if facts.followed:
        return Look(ExpectedState.OVERDUE)
    if booked or facts.unbooked_on is None:
        return Look(ExpectedState.OVERDUE, None, FollowUpTrigger.OVERDUE, overdue_at)
    return Look(ExpectedState.OVERDUE, None, FollowUpTrigger.NEVER_BOOKED, unbooked_at)


def first_look(unbooked_on: date | None, overdue_on: date, *, calendar: WorkingCalendar) -> datetime:
    """Return when a contact with no booking has to be looked at: at the start of that day or the working day before."""
    day = overdue_on if unbooked_on is None else min(unbooked_on, overdue_on)
    return staff_moment(day, calendar.day_starts, calendar=calendar)


def overdue_look(facts: ExpectedFacts, *, rules: LookRules) -> datetime:
    """Return when a booked contact is overdue: on its day, but not before a booking on or before that day is over.

    An outcome that is on its way is waited for until the next working day and no longer: a feed that has stopped must
    not hide a child whom nobody has seen.
    """
    calendar = rules.calendar
    at = staff_moment(facts.overdue_on, calendar.day_starts, calendar=calendar)
    if facts.booked_until is not None and calendar.civil_date(facts.booked_until) <= facts.overdue_on:
        at = max(at, facts.booked_until + rules.outcome_allowance)
    if facts.over_since is not None:
        at = max(
            at, after_working_days(facts.over_since, rules.outcome_wait_days, calendar=calendar, at=calendar.day_starts)
        )
    return at
