"""Read when a route is staffed, as people write it: "mon-fri 17:00-09:00", "sat,sun 00:00-24:00"."""

import re

from models.domain.out_of_hours import MINUTES_A_DAY

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"(?P<days>[a-z,-]+) (?P<from>\d{1,2}:\d{2})-(?P<until>\d{1,2}:\d{2})")
Hours = list[tuple[int, int, int]]


class HoursError(ValueError):
    """The text is no hours; the message says what was expected."""


def read_hours(text: str) -> Hours:
    """Return ISO weekdays with minutes; hours past midnight go on with the next day. Raises HoursError."""
    found = _HOURS.fullmatch(text.strip().lower())
    if found is None:
        raise HoursError(f"{text!r}: expected days and hours such as 'mon-fri 17:00-09:00' or 'sat,sun 00:00-24:00'")
    since, until = _minute(found["from"], text), _minute(found["until"], text)
    spans: Hours = []
    for day in _weekdays(found["days"], text):
        if since < until:
            spans.append((day, since, until))
        else:
            spans.append((day, since, MINUTES_A_DAY))
            if until:
                spans.append((day % 7 + 1, 0, until))
    return spans


def _weekdays(text: str, whole: str) -> list[int]:
    days = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        names = [name[:3] for name in (first, last or first)]
        if any(name not in _DAYS for name in names):
            raise HoursError(f"{whole!r}: {part!r} is no day; expected {', '.join(_DAYS)}")
        start, end = (_DAYS.index(name) for name in names)
        days += [(start + step) % 7 + 1 for step in range((end - start) % 7 + 1)]
    return days


def _minute(text: str, whole: str) -> int:
    hour, minute = map(int, text.split(":"))
    if hour * 60 + minute > MINUTES_A_DAY or minute > 59:
        raise HoursError(f"{whole!r}: {text} is no time; expected 00:00 to 24:00")
    return hour * 60 + minute
