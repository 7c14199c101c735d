"""Working-day, elapsed and calendar-month clocks. Pure: the civil zone and the bank holidays are arguments.

Source of the conventions: domain.md 3.2. "WD n" ends at the close of the nth working day after the anchor; a step tied
to a date of birth or a due date that falls on a day off happens on the working day before, never after; hours are
real, elapsed hours, also over a clock change.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
_SATURDAY = 5
_LONGEST_CLOSURE_DAYS = 60  # more consecutive days off than this is a broken calendar, not a holiday


class CalendarError(ValueError):
    """The calendar can't answer; the configuration's holidays need correcting."""


@dataclass(frozen=True, eq=False)
class WorkingCalendar:
    """Bank holidays of one nation and the hours a working day has. Compared by identity, so that caches are cheap.

    `known_until` is the last date the holidays are known for; the audit warns before it is reached.
    """

    zone: ZoneInfo
    holidays: frozenset[date]
    day_starts: time
    day_ends: time
    known_until: date

    def is_working_day(self, day: date) -> bool:
        """Monday to Friday and no bank holiday."""
        return day.weekday() < _SATURDAY and day not in self.holidays

    def civil_date(self, moment: datetime) -> date:
        """Return the date on the wall where the work is done."""
        return _civil_date(moment, self.zone)

    def at(self, day: date, local_time: time) -> datetime:
        """Return a civil time as UTC. One shown twice is the later; one the clocks skip is read as already changed."""
        return datetime.combine(day, local_time, tzinfo=self.zone).replace(fold=1).astimezone(UTC)


@lru_cache(maxsize=65_536)
def working_day_after(day: date, count: int, *, calendar: WorkingCalendar) -> date:
    """Return the `count`-th working day after `day`, which itself never counts; `day` where count is 0."""
    found = day
    for _ in range(count):
        found = _next_working_day(found, step=ONE_DAY, calendar=calendar)
    return found


@lru_cache(maxsize=65_536)
def working_day_on_or_before(day: date, *, calendar: WorkingCalendar) -> date:
    """Return `day`, or the last working day before it where it is a day off."""
    return day if calendar.is_working_day(day) else _next_working_day(day, step=-ONE_DAY, calendar=calendar)


@lru_cache(maxsize=65_536)
def working_day_on_or_after(day: date, *, calendar: WorkingCalendar) -> date:
    """Return `day`, or the first working day after it where it is a day off."""
    return day if calendar.is_working_day(day) else _next_working_day(day, step=ONE_DAY, calendar=calendar)


def after_working_days(anchor: datetime, count: int, *, calendar: WorkingCalendar, at: time | None = None) -> datetime:
    """Return when the `count`-th working day after `anchor` reaches `at`, by default its close, as UTC.

    Count 0 is the anchor's own day; never before the anchor itself.
    """
    instant = _nth_working_instant(_civil_date(anchor, calendar.zone), count, at or calendar.day_ends, calendar)
    return instant if instant > anchor else anchor.astimezone(UTC)


def after_hours(anchor: datetime, hours: float) -> datetime:
    """Return `anchor` plus real hours, as UTC: a night in which the clocks change is no shorter or longer for it."""
    return anchor.astimezone(UTC) + timedelta(hours=hours)


def after_working_hours(anchor: datetime, hours: float, *, calendar: WorkingCalendar) -> datetime:
    """Return when `hours` of opening time have passed since `anchor`, as UTC."""
    left = timedelta(hours=hours)
    day = working_day_on_or_after(calendar.civil_date(anchor), calendar=calendar)
    opening = _civil_instant(day, calendar.day_starts, calendar)
    start = opening if opening > anchor else anchor.astimezone(UTC)
    while start + left > (close := _civil_instant(day, calendar.day_ends, calendar)):
        left -= max(close - start, timedelta(0))
        day = working_day_after(day, 1, calendar=calendar)
        start = _civil_instant(day, calendar.day_starts, calendar)
    return start + left


def staff_moment(day: date, at: time, *, calendar: WorkingCalendar) -> datetime:
    """Return when a staff step tied to a birth or due date happens: on `day`, or the working day before; UTC."""
    return _staff_instant(day, at, calendar)


def working_days_between(earlier: date, later: date, *, calendar: WorkingCalendar) -> int:
    """Count working days d with earlier < d <= later; 0 where `later` is not after `earlier`."""
    return sum(calendar.is_working_day(earlier + ONE_DAY * n) for n in range(1, (later - earlier).days + 1))


def add_months(day: date, months: int) -> date:
    """Return the same day `months` calendar months on, held to the month's last day: 31 August + 6 is 28 February."""
    count = day.year * 12 + day.month - 1 + months
    year, month = divmod(count, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _next_working_day(day: date, *, step: timedelta, calendar: WorkingCalendar) -> date:
    found = day
    for _ in range(_LONGEST_CLOSURE_DAYS):
        found += step
        if calendar.is_working_day(found):
            return found
    raise CalendarError(f"no working day within {_LONGEST_CLOSURE_DAYS} days of {day}; the holidays are wrong")


# One decision asks the same moment's date several times over; a burst asks about the same few days.
@lru_cache(maxsize=4_096)
def _civil_date(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


@lru_cache(maxsize=65_536)
def _nth_working_instant(day: date, count: int, at: time, calendar: WorkingCalendar) -> datetime:
    return _civil_instant(working_day_after(day, count, calendar=calendar), at, calendar)


@lru_cache(maxsize=65_536)
def _staff_instant(day: date, at: time, calendar: WorkingCalendar) -> datetime:
    return _civil_instant(working_day_on_or_before(day, calendar=calendar), at, calendar)


@lru_cache(maxsize=65_536)
def _civil_instant(day: date, local_time: time, calendar: WorkingCalendar) -> datetime:
    return calendar.at(day, local_time)
