"""Whether a team's steps in elapsed hours have somebody out of hours: staffed hours, and a route that was tested. Pure.

It changes no ladder: the steps fire as they do. It decides what the card and every notice say, and what a manager
signs.
Source: domain.md 3.2 ("with an out-of-hours owner (duty HV/on-call MW/EDT)") and hazard 16.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from models.domain.staffing_rules import StaffingRules
from models.domain.words import RouteKind

MINUTES_A_DAY = 24 * 60
WORKING_WEEKDAYS = range(1, 6)  # ISO: Monday to Friday
WEEKDAYS = range(1, 8)


@dataclass(frozen=True, slots=True)
class Route:
    """A way to reach whoever is on duty; `tested_on` None: nobody has ever tried it."""

    id: int
    label: str
    kind: RouteKind
    tested_on: date | None
    hours: tuple[tuple[int, int, int], ...]  # ISO weekday, from and until minute of the local day

    def works(self, *, today: date, valid_for: timedelta) -> bool:
        """Whether somebody has tested it lately enough."""
        return self.tested_on is not None and today - self.tested_on <= valid_for


@dataclass(frozen=True, slots=True)
class Signature:
    """A named manager has signed that there is nobody, until when."""

    by: str
    until: datetime


@dataclass(frozen=True, slots=True)
class OutOfHours:
    """How a team stands. `open_minutes` are those of a week, outside working hours, in which nobody can be reached."""

    gaps: tuple[tuple[int, int, int], ...]  # ISO weekday, from and until minute
    untested: tuple[Route, ...]
    signed: Signature | None

    @property
    def is_covered(self) -> bool:
        """Whether somebody can be reached at every hour of the week."""
        return not self.gaps

    @property
    def open_minutes(self) -> int:
        """Minutes of a week without anybody."""
        return sum(until - since for _, since, until in self.gaps)


def stand(
    routes: Sequence[Route], signature: Signature | None, *, rules: StaffingRules, today: date, now: datetime
) -> OutOfHours:
    """Return how a team stands at `now`, by its routes and the last signature. A bank holiday counts as a Sunday.

    `today` is the civil date of `now`.
    """
    working = [route for route in routes if route.works(today=today, valid_for=rules.route_test_valid)]
    staffed = [hours for route in working for hours in route.hours]
    starts, ends = rules.working_day
    staffed += [(weekday, _minute(starts), _minute(ends)) for weekday in WORKING_WEEKDAYS]
    gaps = tuple(
        (weekday, since, until)
        for weekday in WEEKDAYS
        for since, until in _uncovered((since, until) for day, since, until in staffed if day == weekday)
    )
    untested = tuple(route for route in routes if route not in working)
    return OutOfHours(gaps, untested, signature if signature is not None and signature.until > now else None)


def _uncovered(spans: Iterable[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    """What of a day the spans leave out, in order."""
    reached = 0
    for since, until in sorted(spans):
        if since > reached:
            yield reached, since
        reached = max(reached, until)
    if reached < MINUTES_A_DAY:
        yield reached, MINUTES_A_DAY


def _minute(moment: time) -> int:
    return moment.hour * 60 + moment.minute
