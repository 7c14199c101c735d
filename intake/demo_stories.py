"""The demo's scripted families: one thing each to see, round the present moment."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from intake.demo_families import Child, Family, Numbers, families
from intake.demo_visits import Visit

# Families of the script have numbers of their own, far from those of the crowd.
NUMBERED_FROM = 800
NHS_NUMBERS_FROM = 500_000
_DONE_DAYS = {"HV-NBV": 12, "HV-6W": 49, "HV-3M": 105}


@dataclass(frozen=True)
class Story:
    """A family, its appointments, its EPDS totals with their item 10, and what its health visitor saw today."""

    family: Family
    visits: list[Visit]
    scores: tuple[tuple[int, int], ...] = ()
    red_flag: str = ""  # in the health visitor's words


class Stories:
    """Tells them all; `local` is the present moment in civil time."""

    def __init__(self, local: datetime, *, seed: int, teams: tuple[tuple[str, tuple[str, ...]], ...]) -> None:
        self._now = local.replace(second=0, microsecond=0, tzinfo=None)
        self._today = local.date()
        self._crowd = families(count=40, seed=seed, today=self._today, teams=teams)
        self._numbers = Numbers(NHS_NUMBERS_FROM)

    def tell(self) -> Iterator[Story]:
        """Every story once."""
        yield from self._outcomes_falling_due()
        yield from self._missed_yesterday()
        yield from self._backlog()
        yield from self._to_come()
        yield from self._birth_visits()
        yield self._mother_missed_her_own()
        yield from self._red_flag()
        for scores in ((16, 0), (11, 2)):
            each = self._family(born_days_ago=52)
            yield Story(each, self._done(each, "HV-NBV", "HV-6W"), (scores,))

    def _red_flag(self) -> Iterator[Story]:
        """Not brought yesterday, and today something at the door: first on the list, and a card that says to phone."""
        each = self._family(born_days_ago=51)
        missed = _visit(each, "HV-6W", self._at(-1, 15), "missed", "wnb")
        saw = "Hardly spoke, did not look at the baby. Her partner says she has not been herself since Friday."
        yield Story(each, [*self._done(each, "HV-NBV"), missed], red_flag=saw)

    def _outcomes_falling_due(self) -> Iterator[Story]:
        """Clinics that ended two hours ago, less a few minutes: one after the other falls due while you watch."""
        for step in range(1, 9):
            each = self._family(born_days_ago=48)
            starts_at = self._now - timedelta(hours=2, minutes=30 - 2 * step)
            yield Story(each, [*self._done(each, "HV-NBV"), _visit(each, "HV-6W", starts_at, "")])

    def _missed_yesterday(self) -> Iterator[Story]:
        """The plan begins, a text may be released; the first is high risk, the last's number not known to be safe."""
        for step in range(7):
            each = self._family(born_days_ago=50, flags=("cpp",) if step == 0 else (), safe="" if step == 6 else "yes")
            missed = _visit(each, "HV-6W", self._at(-1, 9 + step), "missed", "wnb")
            yield Story(each, [*self._done(each, "HV-NBV"), missed])

    def _backlog(self) -> Iterator[Story]:
        """Missed long before Steadfast came."""
        for step in range(3):
            each = self._family(born_days_ago=130 + step)
            missed = _visit(each, "HV-6W", self._at(-75 - step, 11), "missed", "wnb")
            yield Story(each, [*self._done(each, "HV-NBV", "HV-3M"), missed])

    def _to_come(self) -> Iterator[Story]:
        """Booked: reminders are planned and leave."""
        for step, days in enumerate((1, 2, 2, 3, 7, 10)):
            each = self._family(born_days_ago=44)
            booked = _visit(each, "HV-6W", self._at(days, 10 + step % 5), "booked")
            yield Story(each, [*self._done(each, "HV-NBV"), booked])

    def _birth_visits(self) -> Iterator[Story]:
        """One that nobody has booked, one with no access yesterday."""
        yield Story(self._family(born_days_ago=9), [])
        each = self._family(born_days_ago=12)
        yield Story(each, [_visit(each, "HV-NBV", self._at(-1, 14), "missed", "nav_no_answer", mode="home")])

    def _mother_missed_her_own(self) -> Story:
        """Who is told of it, and what they read: a person of the mental health team decides."""
        each = self._family(born_days_ago=80)
        starts_at = self._now - timedelta(hours=3)
        missed = replace(_visit(each, "PMH-REVIEW", starts_at, "missed", "dna_adult"), child=None, minutes=45)
        return Story(each, [*self._done(each, "HV-NBV", "HV-6W"), missed])

    def _family(self, *, born_days_ago: int, flags: tuple[str, ...] = (), safe: str = "yes") -> Family:
        made = next(self._crowd)
        number = NUMBERED_FROM + made.number
        born = self._today - timedelta(days=born_days_ago)
        baby = Child(self._numbers.take(), f"C{number:06d}0", f"Baby {made.mother.name.split()[-1]}", born)
        mobile = f"07700 900{number % 1000:03d}"
        mother = replace(made.mother, nhs_number=self._numbers.take(), local_id=f"M{number:06d}", mobile=mobile)
        return replace(
            made, number=number, mother=mother, father=None, children=(baby,), edd=None, pregnancy_outcome="",
            pregnancy_ended_on=None, flags=flags, language="en", safe_to_text=safe,
            confirmed_on=self._today - timedelta(days=5), in_mental_health_care=False,
        )  # fmt: skip

    def _done(self, of: Family, *kinds: str) -> list[Visit]:
        """Earlier reviews that went well, so that only the story stands out."""
        days = [(kind, of.children[0].born + timedelta(days=_DONE_DAYS[kind])) for kind in kinds]
        return [
            _visit(of, kind, datetime.combine(day, time(10)), "attended", mode="home", number=9 + index)
            for index, (kind, day) in enumerate(days)
        ]

    def _at(self, days: int, hour: int) -> datetime:
        day: date = self._today + timedelta(days=days)
        return datetime.combine(day, time(hour))


def _visit(
    of: Family, kind: str, at: datetime, status: str, outcome: str = "", *, mode: str = "clinic", number: int = 1
) -> Visit:
    recorded = at + timedelta(minutes=40) if status not in ("", "booked") else None
    return Visit(number, kind, at, 30, mode, status, outcome, recorded, of.children[0])
