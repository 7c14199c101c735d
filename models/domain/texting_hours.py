"""When a family may be texted: civil hours, also in the night the clocks change. Pure; the zone is an argument.

Source: domain.md 6.2, quiet hours.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class TextingHours:
    """Civil times of day between which texts may leave: from `opens`, up to but not including `closes`."""

    zone: ZoneInfo
    opens: time
    closes: time

    def __post_init__(self) -> None:
        if not self.opens < self.closes:
            raise ValueError(f"texting hours run from {self.opens} to {self.closes}; expected opening before closing")


def next_allowed(moment: datetime, hours: TextingHours) -> datetime:
    """Return `moment` itself where texts may leave then, else the next opening, as UTC."""
    local = moment.astimezone(hours.zone)
    if hours.opens <= local.time() < hours.closes:
        return moment.astimezone(UTC)
    day = local.date() if local.time() < hours.opens else local.date() + timedelta(days=1)
    return opening(day, hours)


def opening(day: date, hours: TextingHours) -> datetime:
    """Return when texts may first leave on a civil day, as UTC."""
    return _instant(day, hours.opens, hours.zone)


def day_start(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant at which the civil day of `moment` began, as UTC."""
    return _instant(moment.astimezone(zone).date(), time(0), zone)


def _instant(day: date, local: time, zone: ZoneInfo) -> datetime:
    """A civil time as UTC; of a time shown twice the later, so that nothing leaves an hour early."""
    return datetime.combine(day, local, tzinfo=zone).replace(fold=1).astimezone(UTC)
