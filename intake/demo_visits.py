"""The appointments of a made-up family, past and to come, with outcomes in the shares of domain.md 8."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from intake.demo_families import Child, Family

# Code, first and last day after the birth, whether a home visit, how often it is booked at all.
REVIEWS = (
    ("HV-NBV", 10, 14, "home", 0.995),
    ("HV-6W", 42, 56, "home", 0.96),
    ("HV-3M", 95, 120, "clinic", 0.6),
    ("HV-6M", 170, 210, "clinic", 0.6),  # suggested like the one before: no rate is published of either
    ("HV-1Y", 275, 360, "clinic", 0.93),
    ("HV-2Y", 735, 900, "clinic", 0.88),
)
ANTENATAL = (("MW-16W", -168), ("MW-ANOMALY", -140), ("MW-28W", -84), ("MW-34W", -42), ("MW-36W", -28), ("MW-38W", -14))
# The health visitor's own before birth; how often it is booked is published nowhere (domain.md 1.2: a count, no share).
HEALTH_VISITOR_ANTENATAL, HEALTH_VISITOR_ANTENATAL_BOOKED = ("HV-AN", -56), 0.6
MISSED, UNRECORDED, CANCELLED_FAMILY, CANCELLED_SERVICE = 0.10, 0.02, 0.02, 0.01
MENTAL_HEALTH_MISSED = 0.24  # domain.md 6.3: 22 and 29.6 % in two services
# With what is missed and booked again about 84 in 100 are seen within 14 days and 96 within 30: of domain.md 8, 85.2
# and 98.0, less those whose outcome is never recorded.
LATE_BIRTH_VISIT = 0.04
REBOOKED, REBOOKED_AFTER = 0.75, (3, 14)
BIRTH_VISIT_REBOOKED, BIRTH_VISIT_REBOOKED_AFTER = 0.96, (1, 5)  # days
BOOKED_AHEAD = timedelta(days=42)
# A trust's health visitors hold about 3.3 appointments a year for each child under five (domain.md 8: 10m for 3m); the
# reviews above are a third of them. The others are targeted contacts, half of them with families at high risk.
TARGETED_A_YEAR = {True: 11.0, False: 1.1}
TARGETED_BACK = timedelta(days=365)


@dataclass(frozen=True)
class Visit:
    """One appointment. `child` is None for the mother's own."""

    number: int
    kind: str
    starts_at: datetime
    minutes: int
    mode: str
    status: str
    outcome: str
    recorded_at: datetime | None
    child: Child | None


def visits(family: Family, *, chance: Random, today: date, targeted: bool = False) -> Iterator[Visit]:
    """Yield the family's appointments, in no order of time; `today`'s have no outcome yet.

    `targeted`: with the targeted contacts of the last year, as a whole trust has them.
    """
    count = 0
    extra = _targeted(family, chance, today) if targeted else ()
    for planned in (*_planned(family, chance, today), *extra):
        for visit in _held(*planned, chance=chance, today=today):
            count += 1
            yield Visit(count, *visit)


def _planned(family: Family, chance: Random, today: date) -> Iterator[tuple[str, date, str, Child | None, float]]:
    """Code, day, mode, child and the chance of a miss of each contact that was booked."""
    for child in family.children:
        alive_until = child.died_on or date.max
        for code, first, last, mode, booked in REVIEWS:
            late = code == "HV-NBV" and chance.random() < LATE_BIRTH_VISIT
            day = child.born + timedelta(days=chance.randrange(last + 1, 30) if late else chance.randint(first, last))
            if day <= min(alive_until, today + BOOKED_AHEAD) and chance.random() < booked:
                yield code, day, mode, child, MISSED
        if (day := child.born + timedelta(days=chance.randint(42, 56))) <= today + BOOKED_AHEAD:
            yield "GP-6W", day, "clinic", None, MISSED
    if family.edd:
        until = family.pregnancy_ended_on or date.max
        for code, offset in ANTENATAL:
            day = family.edd + timedelta(days=offset + chance.randint(-4, 4))
            if day <= min(until, today + BOOKED_AHEAD):
                yield code, day, "clinic", None, MISSED
        code, offset = HEALTH_VISITOR_ANTENATAL
        day = family.edd + timedelta(days=offset + chance.randint(-14, 14))
        if day <= min(until, today + BOOKED_AHEAD) and chance.random() < HEALTH_VISITOR_ANTENATAL_BOOKED:
            yield code, day, "home", None, MISSED
    if family.in_mental_health_care:
        for week in range(-6, 3, 2):
            day = today + timedelta(days=7 * week + chance.randrange(5))
            yield "PMH-REVIEW" if week > -6 else "PMH-ASSESS", day, "clinic", None, MENTAL_HEALTH_MISSED


def _targeted(family: Family, chance: Random, today: date) -> Iterator[tuple[str, date, str, Child | None, float]]:
    """Contacts beside the reviews, at even chances over the last year and the weeks that are booked ahead."""
    between = 365 / TARGETED_A_YEAR[bool(family.flags)]
    for child in family.children:
        day = max(child.born, today - TARGETED_BACK) + timedelta(days=chance.expovariate(1 / between))
        while day <= min(child.died_on or date.max, today + BOOKED_AHEAD):
            yield "HV-TARGETED", day, "home", child, MISSED
            day += timedelta(days=max(1, round(chance.expovariate(1 / between))))


def _held(
    code: str, day: date, mode: str, child: Child | None, miss_share: float, *, chance: Random, today: date
) -> Iterator[tuple[str, datetime, int, str, str, str, datetime | None, Child | None]]:
    """What became of one contact: held, missed and booked again, called off, or nobody has said."""
    minutes = 45 if mode == "home" else 30
    birth_visit = code == "HV-NBV"
    share = BIRTH_VISIT_REBOOKED if birth_visit else REBOOKED
    soon, late = BIRTH_VISIT_REBOOKED_AFTER if birth_visit else REBOOKED_AFTER
    for _ in range(4):
        at = datetime.combine(_weekday(day), time(9 + chance.randrange(7), chance.choice((0, 15, 30, 45))))
        status, outcome = _outcome(code, mode, at.date(), miss_share, chance, today)
        recorded = at + timedelta(hours=chance.randint(1, 8)) if status and at.date() < today else None
        yield code, at, minutes, mode, status, outcome, recorded, child
        day = at.date() + timedelta(days=chance.randint(soon, late))
        again = status in ("missed", "cancelled_by_family", "cancelled_by_service") and chance.random() < share
        if not again or day > today + BOOKED_AHEAD:
            return


def _outcome(code: str, mode: str, day: date, miss_share: float, chance: Random, today: date) -> tuple[str, str]:
    if day >= today:
        return ("booked" if day > today else ""), ""
    throw = chance.random()
    if throw < miss_share:
        if code.startswith(("MW", "GP-6W", "PMH")):
            return "missed", "dna_adult"
        return "missed", "nav_no_answer" if mode == "home" else "wnb"
    for share, status in ((UNRECORDED, ""), (CANCELLED_FAMILY, "cancelled_by_family")):
        miss_share += share
        if throw < miss_share:
            return status, ""
    if throw < miss_share + CANCELLED_SERVICE:
        return "cancelled_by_service", ""
    return ("attended_late" if chance.random() < 0.05 else "attended"), ""


def _weekday(day: date) -> date:
    """The day itself; of a weekend the nearest working day."""
    return day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0))
