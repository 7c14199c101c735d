"""Build the working calendar of a nation: the `holidays` library, a trust's extra days, the hours that are worked."""

from collections.abc import Iterable
from datetime import date, time
from typing import Final
from zoneinfo import ZoneInfo

import holidays

from models.domain.working_time import WorkingCalendar

NATIONS: Final = {"england": "ENG", "wales": "WLS", "scotland": "SCT", "northern-ireland": "NIR"}
CIVIL_ZONE: Final = ZoneInfo("Europe/London")
WORKING_DAY: Final = (time(9), time(17))
YEARS_AHEAD: Final = 6  # the longest ladder ends at school entry
YEARS_BACK: Final = 12  # history that a trust loads


def working_calendar(
    nation: str,
    *,
    today: date,
    known_until: date,
    extra: Iterable[date] = (),
    day_starts: time = WORKING_DAY[0],
    day_ends: time = WORKING_DAY[1],
) -> WorkingCalendar:
    """Return the calendar of `nation`; a person has checked its holidays up to `known_until`.

    Raises ValueError naming the nations known.
    """
    if nation not in NATIONS:
        raise ValueError(f"nation is {nation!r}; expected one of {', '.join(NATIONS)}")
    years = range(today.year - YEARS_BACK, today.year + YEARS_AHEAD + 1)
    days = holidays.country_holidays("GB", subdiv=NATIONS[nation], years=years)
    return WorkingCalendar(
        zone=CIVIL_ZONE,
        holidays=frozenset(days) | frozenset(extra),
        day_starts=day_starts,
        day_ends=day_ends,
        known_until=known_until,
    )
