"""Hours in words: when nobody of a team can be reached, and when a route is staffed. Pure."""

from collections.abc import Sequence

from models.domain.out_of_hours import MINUTES_A_DAY

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
Hours = Sequence[tuple[int, int, int]]


def hours_words(hours: Hours) -> str:
    """Such as "Mon to Fri 00:00 to 09:00 and 17:00 to 24:00; Sat, Sun all day"; days with the same hours together."""
    by_day = {day: tuple((since, until) for each, since, until in hours if each == day) for day in range(1, 8)}
    groups: list[tuple[list[int], tuple[tuple[int, int], ...]]] = []
    for day, spans in by_day.items():
        if spans and groups and groups[-1][1] == spans and groups[-1][0][-1] == day - 1:
            groups[-1][0].append(day)
        elif spans:
            groups.append(([day], spans))
    return "; ".join(f"{_days(days)} {_spans(spans)}" for days, spans in groups) or "never"


def _days(days: list[int]) -> str:
    first, last = _DAYS[days[0] - 1], _DAYS[days[-1] - 1]
    return first if len(days) == 1 else f"{first} to {last}"


def _spans(spans: tuple[tuple[int, int], ...]) -> str:
    if spans == ((0, MINUTES_A_DAY),):
        return "all day"
    return " and ".join(f"{_clock(since)} to {_clock(until)}" for since, until in spans)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
