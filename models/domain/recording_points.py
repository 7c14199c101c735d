"""At which contacts a parent should have been asked how they are, and was not as far as anybody recorded. Pure.

NOT ASKED is said as that, never as "well". Source: domain.md 1.6.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Point:
    """A contact at which both parents should be asked; from the first day it could be until the last."""

    contact_code: str
    opens_on: date
    closes_on: date


@dataclass(frozen=True, slots=True)
class Gap:
    """A point at which nothing was recorded of one parent. `still_open`: it can still be asked in time."""

    point: Point
    still_open: bool


def gaps(points: Sequence[Point], asked_on: Collection[date], *, around: timedelta, today: date) -> tuple[Gap, ...]:
    """Return the points that have begun and have no record of one parent within their days, the latest first."""
    begun = sorted((point for point in points if point.opens_on <= today), key=lambda point: point.opens_on)
    return tuple(
        Gap(point, still_open=today <= point.closes_on + around)
        for point in reversed(begun)
        if not any(point.opens_on - around <= day <= point.closes_on + around for day in asked_on)
    )
