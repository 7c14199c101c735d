"""Years of random histories, absences, clock changes, corrections and deaths of workers: what must hold holds.

A short run is part of every test run; `make soak` runs it for long (docs/performance.md has what was measured).
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from cli.embedded import Servers
from models.domain.words import (
    AppointmentStatus,
    ClosedReason,
    HoldEnd,
    HoldKind,
    ImportKind,
    OutcomeSubtype,
    SplitReason,
)
from tests.conftest import fresh_database, url_of
from tests.engine.register import a_child, a_mother, a_visit, an_adult
from tests.engine.world import at
from tests.engine.years_acts import Acts
from tests.engine.years_always import Always
from tests.engine.years_world import Died, Years, years
from tests.spare_database import SpareDatabase

RINGS = 3  # what one job wakes, another may have passed by: it is taken at the next ring, two seconds later
SOAK_SECONDS = "STEADFAST_SOAK_SECONDS"  # how long to run; without it the short run of every test run
# Before clocks go back, before Christmas, before clocks go forward and Easter, in plain summer.
STARTS = ("2026-10-23 09:00", "2026-12-22 15:00", "2027-03-25 16:30", "2027-06-07 12:00", "2028-02-28 08:00")
NUMBER = st.integers(0, 2000)
WHO = st.sampled_from(["ann", "bob", "nan"])
HOURS = st.sampled_from([0, 0, 0, 1, 3, 9, 24, 24, 72, 168, 168, 400, 800, 2200])
CONTACTS = st.sampled_from(["HV-NBV", "HV-6W", "HV-1Y", "HV-2Y", "GP-6W-BABY", "HV-TARGETED", "MW-PN5", "HV-HOME"])
HERS = st.sampled_from(["PMH-REVIEW", "PMH-ASSESS", "GP-6W", "HV-AN", "MW-16W"])
STATUSES = st.sampled_from(
    ["missed", "missed", "attended", "attended_late", "arrived_not_seen", "cancelled_by_family", "cancelled_by_service",
     "cancelled", "declined", "void", "", "booked", "arrived"]
)  # fmt: skip
SUBTYPES = st.sampled_from([""] * 8 + [word.value for word in OutcomeSubtype])
RECORDED = st.sampled_from(
    ["missed", "attended", "attended_late", "arrived_not_seen", "cancelled_by_family", "cancelled_by_service",
     "declined", "void"]
).map(AppointmentStatus)  # fmt: skip
FLAGS = st.sampled_from(["cpp", "cin", "red_flag", "worried", "interpreter", "neonatal_inpatient", "no_sms", "odd"])
HOLDS = st.sampled_from([HoldKind.MOVED_OUT, HoldKind.MOVED_OUT, HoldKind.IN_HOSPITAL, HoldKind.BEREAVEMENT])
Fate = tuple[int, Died] | None  # the how-manieth statement of a pass, and how the worker ends there
total: Counter[str] = Counter()


def happening(**given: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Any]:
    """A rule after which time passes, or none does before the next one: what comes together is looked at together.

    In the first pass of that time a worker may die, at any statement or commit, and two may run side by side.
    """

    def happens(what: Callable[..., None]) -> Any:
        def then(self: "RandomYears", after: int, stops: int, fate: Fate, beside: bool, **values: Any) -> None:
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


class RandomYears(RuleBasedStateMachine):
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
        self.acts = Acts(self.world)
        self.always = Always(self.world)
        for weeks in (6, 110):
            self._family(weeks, father=True, twins=False, number=True)
        for local, contact in (("C0a", "HV-6W"), ("C1a", "HV-2Y"), ("M1", "PMH-REVIEW")):
            self._visit(local, contact, -1, "missed", "")
        self._engine(self.world.now)

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
            self._engine(max(due, self.world.now) + timedelta(seconds=1))
        self._engine(end)

    def _engine(self, moment: datetime) -> None:
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

    # -- families and what is recorded of them

    @happening(weeks=st.sampled_from([1, 5, 40, 100]), father=st.booleans(), twins=st.booleans(), number=st.booleans())
    def a_family_comes(self, weeks: int, father: bool, twins: bool, number: bool) -> None:
        """A mother and her children, with or without a father, with or without a number to text."""
        self._family(weeks, father=father, twins=twins, number=number)

    def _family(self, weeks: int, *, father: bool, twins: bool, number: bool) -> None:
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

    @happening(weeks=st.integers(-30, 20), number=NUMBER)
    def a_mother_expects(self, weeks: int, number: int) -> None:
        """Somebody new, or the mother of a family again; her due date may lie behind us."""
        n = len(self.families)
        due = str(self.world.now.date() + timedelta(weeks=weeks + 12))
        again = self.families[number % n] if n and number % 2 else None
        local, home = (again["mother"], again["home"]) if again else (f"M{n}", f"H{n}")
        self.world.brings(ImportKind.PEOPLE, a_mother(local, family=home, subject_edd=due))
        if again is None:
            self.families.append({"home": home, "mother": local, "children": [], "father": ""})

    @happening(number=NUMBER, contact=CONTACTS, days=st.integers(-40, 60), status=STATUSES, subtype=SUBTYPES)
    def a_child_has_an_appointment(self, number: int, contact: str, days: int, status: str, subtype: str) -> None:
        """Booked to come, or heard of long after it was."""
        children = [child for family in self.families for child in family["children"]]
        if children:
            self._visit(children[number % len(children)], contact, days, status if days < 0 else "booked", subtype)

    @happening(number=NUMBER, contact=HERS, days=st.integers(-20, 60), status=STATUSES)
    def an_adult_has_an_appointment(self, number: int, contact: str, days: int, status: str) -> None:
        """Her own, with perinatal mental health, midwife or GP."""
        if self.families:
            family = self.families[number % len(self.families)]
            more = {"team": "PMH"} if contact.startswith("PMH") else {}
            self._visit(family["mother"], contact, days, status if days < 0 else "booked", "", **more)

    def _visit(self, local: str, contact: str, days: int, status: str, subtype: str, **more: str) -> None:
        day = self.world.now.date() + timedelta(days=days)
        ref = f"A{len(self.visits)}"
        row = a_visit(ref, local, contact, f"{day}T{9 + len(self.visits) % 8:02}:30", status=status, outcome=subtype)
        self.visits.append(row | {"team": "N"} | more)
        self.world.brings(ImportKind.APPOINTMENTS, self.visits[-1])

    @happening(number=NUMBER, status=STATUSES, subtype=SUBTYPES)
    def the_record_says(self, number: int, status: str, subtype: str) -> None:
        """An outcome comes, or is put right, by the record system."""
        if self.visits:
            row = self.visits[number % len(self.visits)]
            row |= {"status": status, "outcome": subtype}
            self.world.brings(ImportKind.APPOINTMENTS, row)

    @happening(number=NUMBER, days=st.integers(-10, 40))
    def the_appointment_is_moved(self, number: int, days: int) -> None:
        """The same id comes with another time."""
        if self.visits:
            row = self.visits[number % len(self.visits)]
            row |= {"starts_at": f"{self.world.now.date() + timedelta(days=days)}T11:00", "status": "booked"}
            self.world.brings(ImportKind.APPOINTMENTS, row)

    @happening(number=NUMBER, other=NUMBER)
    def the_appointment_was_another_child_s(self, number: int, other: int) -> None:
        """Entered for the wrong child."""
        children = [child for family in self.families for child in family["children"]]
        if self.visits and children:
            row = self.visits[number % len(self.visits)]
            row |= {"subject_local_id": children[other % len(children)]}
            self.world.brings(ImportKind.APPOINTMENTS, row)

    @happening(number=NUMBER, by=WHO, status=RECORDED, subtype=st.sampled_from([None, None, *OutcomeSubtype]))
    def a_person_records(self, number: int, by: str, status: AppointmentStatus, subtype: OutcomeSubtype | None) -> None:
        """An outcome, or a correction of one."""
        self.acts.record(number, by, status, subtype)

    @happening(number=NUMBER, flag=FLAGS, ended=st.booleans())
    def a_flag_is_set_or_ended(self, number: int, flag: str, ended: bool) -> None:
        """By the record system, on anybody of a family."""
        people = self._people()
        if people:
            today = str(self.world.now.date())
            dates = {"set_on": today} | ({"ended_on": today} if ended else {})
            row = {"subject_local_id": people[number % len(people)], "flag": flag, **dates}
            self.world.brings(ImportKind.FLAGS, row)

    @happening(number=NUMBER, total_score=st.sampled_from(["8", "14", "22"]), item=st.sampled_from(["0", "2"]))
    def a_score_is_recorded(self, number: int, total_score: str, item: str) -> None:
        """An EPDS, of a mother."""
        if self.families:
            row = {
                "source_id": f"I{self.world.now:%y%m%d%H%M}", "instrument": "EPDS", "total": total_score,
                "self_harm_item": item, "recorded_on": str(self.world.now.date()), "language": "en",
                "subject_local_id": self.families[number % len(self.families)]["mother"],
            }  # fmt: skip
            self.world.brings(ImportKind.INDICATORS, row)

    # -- staff

    @happening(who=NUMBER, days=st.integers(0, 20), length=st.integers(1, 30), covered=st.booleans())
    def somebody_is_away(self, who: int, days: int, length: int, covered: bool) -> None:
        """With or without a cover."""
        staff = self._staff()
        since = self.world.now + timedelta(days=days)
        away, cover = staff[who % len(staff)], staff[(who + 1) % len(staff)] if covered else None
        self.world.away(away, since=since, until=since + timedelta(days=length), cover=cover)

    @happening(who=NUMBER, back=st.booleans())
    def somebody_leaves(self, who: int, back: bool) -> None:
        """Tomorrow is their last day; or they come back after all."""
        staff = self._staff()
        (row,) = self.world.rows("SELECT code, name, role FROM practitioner WHERE id = :id", id=staff[who % len(staff)])
        until = "" if back else str(self.world.now.date() + timedelta(days=1))
        told = {"staff_id": row.code, "name": row.name, "role": row.role, "team": "N", "active_until": until}
        self.world.brings(ImportKind.STAFF, told)

    @happening(number=NUMBER, second=st.booleans(), days=st.integers(-2, 20))
    def a_child_goes_to_another_caseload(self, number: int, second: bool, days: int) -> None:
        """Now, or on a day to come."""
        people = self._people()
        if people:
            to = self.world.second if second else self.world.visitor
            code = self.world.one("SELECT code FROM practitioner WHERE id = :id", id=to)
            row = {
                "subject_local_id": people[number % len(people)], "practitioner": code, "team": "N",
                "held_from": str(self.world.now.date() + timedelta(days=days)),
            }  # fmt: skip
            self.world.brings(ImportKind.CASELOADS, row)

    # -- what people do with follow-ups

    @happening(number=NUMBER, by=WHO, act=st.sampled_from(["acknowledge", "release", "take_up", "not_seen", "reopen"]))
    def a_person_acts(self, number: int, by: str, act: str) -> None:
        """On the page of a follow-up."""
        getattr(self.acts, act)(number, by)

    @happening(number=NUMBER, by=WHO, reason=st.sampled_from([ClosedReason.SEEN, *ClosedReason]))
    def a_person_closes(self, number: int, by: str, reason: ClosedReason) -> None:
        """Or asks for a second person."""
        self.acts.close(number, by, reason)

    @happening(number=NUMBER, first=WHO, second=WHO, agrees=st.booleans())
    def two_people_close(self, number: int, first: str, second: str, agrees: bool) -> None:
        """The second one may say no."""
        self.acts.close(number, first, ClosedReason.SEEN)
        if agrees:
            self.acts.close(number, second, ClosedReason.SEEN)
        else:
            self.acts.refuse_closing(number, second)

    @happening(number=NUMBER, by=WHO, to=NUMBER)
    def a_follow_up_is_given_to_a_colleague(self, number: int, by: str, to: int) -> None:
        """Whoever is there."""
        staff = self._staff()
        self.acts.give(number, by, staff[to % len(staff)])

    @happening(number=NUMBER, by=WHO, hours=st.integers(-200, 200), agrees=st.booleans())
    def a_step_is_moved(self, number: int, by: str, hours: int, agrees: bool) -> None:
        """And a team lead answers where one has to."""
        self.acts.move_step(number, by, hours)
        self.acts.decide_step(number, "bob", agrees=agrees)

    @happening(number=NUMBER, by=WHO, whole=st.booleans())
    def a_decline_is_written_down(self, number: int, by: str, whole: bool) -> None:
        """Whole, or not yet."""
        self.acts.decline(number, by, whole=whole)

    @happening(number=NUMBER, by=WHO)
    def a_task_is_done(self, number: int, by: str) -> None:
        """One that no follow-up drives."""
        self.acts.end_alert(number, by)

    # -- what happens to families

    @happening(number=NUMBER, by=WHO, kind=HOLDS, days=st.integers(1, 50), whole=st.booleans())
    def a_hold_is_set(self, number: int, by: str, kind: HoldKind, days: int, whole: bool) -> None:
        """On one person, or on all of the household."""
        found = self._member(number)
        if found:
            person, household = found
            self.acts.hold(household, None if whole else person, by, kind, days)

    @happening(
        number=NUMBER, by=WHO, how=st.sampled_from([HoldEnd.OVER, HoldEnd.IN_ERROR, None]), days=st.integers(1, 60)
    )
    def a_hold_is_decided_on(self, number: int, by: str, how: HoldEnd | None, days: int) -> None:
        """It ends, was an error, or goes on."""
        if how is None:
            self.acts.keep_hold(number, by, days)
        else:
            self.acts.end_hold(number, by, how)

    @happening(number=NUMBER, by=WHO)
    def somebody_dies(self, number: int, by: str) -> None:
        """A child or an adult."""
        found = self._member(number)
        if found and number % 3 == 0:
            self.acts.death(found[1], found[0], by)

    @happening(number=NUMBER, by=WHO, back=st.booleans())
    def a_family_is_accepted_elsewhere(self, number: int, by: str, back: bool) -> None:
        """Or given back."""
        if back:
            self.acts.withdraw(number, by)
        else:
            self.acts.accept(number, by)

    @happening(number=NUMBER, by=WHO, undo=st.booleans())
    def a_household_is_split(self, number: int, by: str, undo: bool) -> None:
        """Or put together again."""
        found = self._member(number)
        if undo:
            self.acts.undo_split(number, by)
        elif found:
            self.acts.split(found[1], {found[0]}, by, SplitReason.RELATIONSHIP_ENDED)

    # -- who there is

    def _people(self) -> list[str]:
        return [
            local
            for family in self.families
            for local in (family["mother"], family["father"], *family["children"])
            if local
        ]

    def _staff(self) -> list[int]:
        world = self.world
        return [world.visitor, world.second, world.lead, world.nurse, world.duty]

    def _member(self, number: int) -> tuple[int, int] | None:
        """Somebody and a household they belong to now."""
        found = self.world.rows(
            "SELECT person_id, household_id FROM household_member WHERE valid_until IS NULL ORDER BY id"
        )
        return tuple(found[number % len(found)]) if found else None  # type: ignore[return-value]


FREE: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}
SHORT: dict[str, Any] = {**FREE, "derandomize": True, "max_examples": 4, "stateful_step_count": 12}
LONG: dict[str, Any] = {**FREE, "max_examples": 20, "stateful_step_count": 100, "print_blob": True}


def test_nothing_is_ever_forgotten(
    pg_server: Servers, spares: list[SpareDatabase], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever happens, in whatever order, wherever a worker dies (design 3)."""
    RandomYears.server, RandomYears.spares = pg_server, spares
    seconds = float(os.environ.get(SOAK_SECONDS, "0"))
    if not seconds:
        RandomYears.most_stops = 1
        run_state_machine_as_test(RandomYears, settings=settings(**SHORT))
        return
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        run_state_machine_as_test(RandomYears, settings=settings(**LONG))
        with capsys.disabled():
            sys.stdout.write(f"\n{time.monotonic() - began:.0f} s, {total['days'] / 365:.1f} years: {dict(total)}\n")
