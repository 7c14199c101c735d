"""Build the working calendar of a nation from the `holidays` library and the hours that the trust works."""

from datetime import date, time
from typing import Final
from zoneinfo import ZoneInfo

import holidays

from models.domain.working_time import WorkingCalendar

NATIONS: Final = {"england": "ENG", "wales": "WLS", "scotland": "SCT", "northern-ireland": "NIR"}
CIVIL_ZONE: Final = ZoneInfo("Europe/London")
# Proclaimed days (a coronation, a jubilee) reach the library a year ahead at best: beyond this the calendar is a guess,
# and the audit asks for an update before it gets there.
YEARS_AHEAD: Final = 2
YEARS_BACK: Final = 12


def working_calendar(
    nation: str, *, today: date, day_starts: time = time(9), day_ends: time = time(17)
) -> WorkingCalendar:
    """Return the calendar of `nation`, good until the end of the second year after `today`'s.

    Raises ValueError naming the nations known. The year of `today` is part of the answer: build it again each day.
    """
    if nation not in NATIONS:
        raise ValueError(f"nation is {nation!r}; expected one of {', '.join(NATIONS)}")
    last = today.year + YEARS_AHEAD
    days = holidays.country_holidays("GB", subdiv=NATIONS[nation], years=range(today.year - YEARS_BACK, last + 1))
    return WorkingCalendar(
        zone=CIVIL_ZONE,
        holidays=frozenset(days),
        day_starts=day_starts,
        day_ends=day_ends,
        known_until=date(last, 12, 31),
    )
