"""Which reminders an appointment gets, and when. Pure; the plan is data (config/messages/reminders.yaml).

Source: domain.md 6.3, default timing; 6.2: a reminder whose appointment has passed is dropped, not delayed.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from models.domain.texting_hours import TextingHours, next_allowed
from models.domain.words import ContactMode, Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderRule:
    """One reminder. `at_once`: when the booking is heard of; else `days_before` the appointment's civil day, `at`."""

    purpose: Purpose
    template: str
    at_once: bool = False
    days_before: int = 0
    at: time = time(10)
    booked_more_than_days_ahead: int = 0
    modes: frozenset[ContactMode] = frozenset()  # empty: any


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderPlan:
    """The reminders in force. Reminders of one appointment end `none_within` before its start."""

    rules: tuple[ReminderRule, ...]
    none_within: timedelta
    hours: TextingHours


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """What is known of one appointment. `heard_at`: when we first heard of it, from which "days ahead" is reckoned."""

    starts_at: datetime
    heard_at: datetime
    mode: ContactMode | None


@dataclass(frozen=True, slots=True)
class DueReminder:
    """A reminder and the moment for it; `not_after` is the end of its use."""

    rule: ReminderRule
    due_at: datetime
    not_after: datetime


def due_reminders(booking: Booking, plan: ReminderPlan, *, now: datetime) -> tuple[DueReminder, ...]:
    """Return the reminders still of use at `now`, soonest first: those due and the one that is late take one place.

    Of several already due only the latest remains, so that a booking heard of late is reminded of once.
    """
    last = booking.starts_at - plan.none_within
    found = [DueReminder(rule, due, last) for rule in plan.rules if (due := _due(rule, booking, plan)) is not None]
    ordered = sorted((each for each in found if each.due_at < last), key=lambda each: each.due_at)
    past = [each for each in ordered if each.due_at <= now]
    return tuple(past[-1:] + [each for each in ordered if each.due_at > now]) if now < last else ()


def _due(rule: ReminderRule, booking: Booking, plan: ReminderPlan) -> datetime | None:
    """When a rule's reminder is due; None where it isn't for this booking."""
    if rule.modes and booking.mode not in rule.modes:
        return None
    if rule.at_once:
        return next_allowed(booking.heard_at, plan.hours)
    zone = plan.hours.zone
    day = booking.starts_at.astimezone(zone).date() - timedelta(days=rule.days_before)
    if (booking.starts_at - booking.heard_at).days < rule.booked_more_than_days_ahead:
        return None
    due = next_allowed(datetime.combine(day, rule.at, tzinfo=zone), plan.hours)
    # A reminder whose day was over before the booking was heard of is not made up for.
    return due if due.astimezone(zone).date() >= booking.heard_at.astimezone(zone).date() else None
