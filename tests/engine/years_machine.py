"""A trust that random years happen to: time, its workers and their deaths, the families it begins with.

What happens is in years_records.py and test_random_years.py, as rules of a Hypothesis state machine.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from cli.embedded import Servers
from models.domain.words import ImportKind
from tests.conftest import fresh_database, url_of
from tests.engine.register import a_child, a_visit, an_adult
from tests.engine.world import at
from tests.engine.years_always import Always
from tests.engine.years_services import ServiceActs
from tests.engine.years_world import Died, Years, years
from tests.spare_database import SpareDatabase

RINGS = 3  # what one job wakes, another may have passed by: it is taken at the next ring, two seconds later
# Before clocks go back, before Christmas, before clocks go forward and Easter, in plain summer.
STARTS = ("2026-10-23 09:00", "2026-12-22 15:00", "2027-03-25 16:30", "2027-06-07 12:00", "2028-02-28 08:00")
NUMBER = st.integers(0, 2000)
WHO = st.sampled_from(["ann", "bob", "nan"])
HOURS = st.sampled_from([0, 0, 0, 1, 3, 9, 24, 24, 72, 168, 168, 400, 800, 2200])
Fate = tuple[int, Died] | None  # the how-manieth statement of a pass, and how the worker ends there
total: Counter[str] = Counter()


def happening(**given: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Any]:
    """A rule after which time passes, or none does before the next one: what comes together is looked at together.

    In the first pass of that time a worker may die, at any statement or commit, and two may run side by side.
    """

    def happens(what: Callable[..., None]) -> Any:
        def then(self: "RandomTime", after: int, stops: int, fate: Fate, beside: bool, **values: Any) -> None:
            total["steps"] += 1
            self.world.until(self.world.now + timedelta(minutes=1))  # no two things happen at one moment
            what(self, **values)
            self.fate, self.together = fate, beside
            if after:
                self.time_passes(after, stops)

        then.__name__, then.__doc__ = what.__name__, what.__doc__
        fates = st.none() | st.none() | st.tuples(NUMBER, st.sampled_from(Died))
        beside = st.sampled_from([False, False, False, True])
        return rule(after=HOURS, stops=st.integers(1, 6), fate=fates, beside=beside, **given)(then)

    return happens


class RandomTime(RuleBasedStateMachine):
    """One trust from its first family on."""

    server: Servers  # set by the test
    spares: list[SpareDatabase]
    most_stops = 6  # the short run makes do with fewer

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        name = self.stack.enter_context(fresh_database(self.server, self.spares))
        self.url = url_of(self.server.database_url, name)
        self.families: list[dict[str, Any]] = []
        self.visits: list[dict[str, str]] = []
        self.statements = 1
        self.fate: Fate = None
        self.together = False

    @initialize(start=st.sampled_from(STARTS))
    def opens(self, start: str) -> None:
        """A trust opens its doors: two families, whose children were not brought yesterday."""
        self.world: Years = self.stack.enter_context(years(self.url, now=at(start)))
        self.acts = ServiceActs(self.world)
        self.always = Always(self.world)
        for weeks in (6, 110):
            self.add_family(weeks, father=True, twins=False, number=True)
        for local, contact in (("C0a", "HV-6W"), ("C1a", "HV-2Y"), ("M1", "PMH-REVIEW")):
            self.add_visit(local, contact, -1, "missed", "")
        self.engine(self.world.now)

    def teardown(self) -> None:
        """Count what was done, and let the database go."""
        if hasattr(self, "world"):
            total.update(self.acts.done)
            total["days"] += (self.world.now - self.world.started).days
            total["histories"] += 1
        self.stack.close()

    # -- time and the engine

    def time_passes(self, hours: int, stops: int) -> None:
        """Each moment at which something falls due is met; after so many the workers are down until the end."""
        end = self.world.now + timedelta(hours=hours)
        for _ in range(min(stops, self.most_stops)):
            due = self.world.next_due()
            if due is None or due >= end:
                break
            self.engine(max(due, self.world.now) + timedelta(seconds=1))
        self.engine(end)

    def engine(self, moment: datetime) -> None:
        world = self.world
        world.until(moment)
        total["passes"] += 1
        if self.fate is not None:
            number, how = self.fate
            self.fate = None
            total[str(how)] += world.drain_until_it_dies(1 + number % self.statements, how)
        if self.together:
            self.together = False
            total["side by side"] += 1
            world.drain_side_by_side()
            world.until(world.now + timedelta(minutes=1))
        before = world.mortal.count
        for _ in range(RINGS):
            assert world.drain() == ()
            due = world.next_due()
            if due is None or due > world.now:
                break
            world.until(world.now + timedelta(seconds=2))
        self.statements = max(1, world.mortal.count - before)
        self.always.check()

    # -- who there is

    def add_family(self, weeks: int, *, father: bool, twins: bool, number: bool) -> None:
        n = len(self.families)
        home, born = f"H{n}", str(self.world.now.date() - timedelta(weeks=weeks))
        text = {"contact_mobile": f"+447700900{n % 1000:03}", "contact_relation": "mother", "contact_name": "Rosa",
                "contact_safe_to_text": "yes", "contact_confirmed_on": str(self.world.now.date())}  # fmt: skip
        holder = self.world.one("SELECT code FROM practitioner WHERE id = :id", id=self.world.visitor)
        children = [f"C{n}a", f"C{n}b"][: 1 + twins]
        self.world.brings(
            ImportKind.PEOPLE,
            an_adult(f"M{n}", "mother", family=home),
            *([an_adult(f"F{n}", "father", family=home)] if father else []),
            *(
                a_child(child, born, family=home, caseload_holder=holder, **(text if number else {}))
                for child in children
            ),
        )
        self.families.append({"home": home, "mother": f"M{n}", "children": children, "father": f"F{n}" * father})

    def add_visit(self, local: str, contact: str, days: int, status: str, subtype: str, **more: str) -> None:
        day = self.world.now.date() + timedelta(days=days)
        ref = f"A{len(self.visits)}"
        row = a_visit(ref, local, contact, f"{day}T{9 + len(self.visits) % 8:02}:30", status=status, outcome=subtype)
        self.visits.append(row | {"team": "N"} | more)
        self.world.brings(ImportKind.APPOINTMENTS, self.visits[-1])

    def people(self) -> list[str]:
        return [
            local
            for family in self.families
            for local in (family["mother"], family["father"], *family["children"])
            if local
        ]

    def staff(self) -> list[int]:
        world = self.world
        return [world.visitor, world.second, world.lead, world.nurse, world.duty]

    def member(self, number: int) -> tuple[int, int] | None:
        """Somebody and a household they belong to now."""
        found = self.world.rows(
            "SELECT person_id, household_id FROM household_member WHERE valid_until IS NULL ORDER BY id"
        )
        return tuple(found[number % len(found)]) if found else None  # type: ignore[return-value]
