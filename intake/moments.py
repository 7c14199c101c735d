"""Read dates and times as senders write them, in civil time of one zone, to instants. Pure; days come before months."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from intake.bad_value import BadValue

_UK = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[ T,]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_NAMED = re.compile(r"(\d{1,2})[ -]([A-Za-z]{3})[a-z]*[ -](\d{4})(?:[ T,]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_NAMES, start=1)}
_TIME_DIRECTIVE = re.compile(r"%-?[HIMSTXcfs]")

EXPECTED_DATE = "expected a date such as 2026-03-25 or 25/03/2026"
EXPECTED_MOMENT = "expected a date and time such as 2026-03-25T09:30 or 25/03/2026 09:30"


class Moment(NamedTuple):
    """An instant in UTC; `whole_day` where only a date was given, `ambiguous` where the local time exists twice."""

    at: datetime
    day: date
    whole_day: bool
    ambiguous: bool


def moment_parser(zone: ZoneInfo, patterns: Iterable[str]) -> Callable[[str], Moment]:
    """A function from text to Moment. `patterns` are strptime's; without, ISO 8601 and UK day-first are read."""
    tries = tuple((pattern, bool(_TIME_DIRECTIVE.search(pattern))) for pattern in patterns)

    def parse(text: str) -> Moment:
        for pattern, has_time in tries:
            try:
                found = datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone is added below
            except ValueError:
                continue
            return _moment(found if has_time else found.date(), zone)
        if tries:
            raise BadValue("expected a date written as " + " or ".join(pattern for pattern, _ in tries))
        return _moment(_without_pattern(text), zone)

    return parse


def date_parser(patterns: Iterable[str]) -> Callable[[str], date]:
    """A function from text to a civil date; a time of day beside it is left out."""
    tries = tuple(patterns)

    def parse(text: str) -> date:
        for pattern in tries:
            try:
                return datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a civil date has no zone
            except ValueError:
                continue
        if tries:
            raise BadValue("expected a date written as " + " or ".join(tries))
        try:
            found = _without_pattern(text)
        except BadValue as error:
            raise BadValue(EXPECTED_DATE) from error
        return found.date() if isinstance(found, datetime) else found

    return parse


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a civil day ends."""
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)


def _without_pattern(text: str) -> date | datetime:
    """ISO 8601 first, then day/month/year in digits or with the month's name."""
    try:
        if len(text) <= 10:
            return date.fromisoformat(text)
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    found = _UK.fullmatch(text) or _NAMED.fullmatch(text)
    if not found:
        raise BadValue(EXPECTED_MOMENT)
    day, month, year, hour, minute, second = found.groups()
    try:
        civil = date(int(year), _MONTHS.get(month[:3].lower()) or int(month), int(day))
        return civil if hour is None else datetime.combine(civil, time(int(hour), int(minute), int(second or 0)))
    except ValueError as error:
        raise BadValue(f"{EXPECTED_MOMENT}; days come before months") from error


def _moment(found: date | datetime, zone: ZoneInfo) -> Moment:
    """Put a civil time into its zone: one that doesn't exist is refused, one that exists twice is the later, marked."""
    if not isinstance(found, datetime):
        start = datetime.combine(found, time(), zone).astimezone(UTC)
        return Moment(start, found, whole_day=True, ambiguous=False)
    if found.tzinfo is not None:
        return Moment(found.astimezone(UTC), found.astimezone(zone).date(), whole_day=False, ambiguous=False)
    day = found.date()
    if (offset := _offset_all_day(day, zone)) is not None:
        return Moment(found.replace(tzinfo=UTC) - offset, day, whole_day=False, ambiguous=False)
    local = found.replace(tzinfo=zone, fold=1)
    at = local.astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) != found:
        raise BadValue(f"expected a time that exists in {zone.key}; the clocks go forward over this one")
    ambiguous = local.utcoffset() != local.replace(fold=0).utcoffset()
    return Moment(at, day, whole_day=False, ambiguous=ambiguous)


@lru_cache(maxsize=1 << 14)
def _offset_all_day(day: date, zone: ZoneInfo) -> timedelta | None:
    """The zone's distance from UTC on a day without a change of clocks, which are nearly all; else None."""
    first = datetime.combine(day, time(), zone).utcoffset()
    return first if first == datetime.combine(day + timedelta(days=1), time(), zone).utcoffset() else None
