"""Years of random histories, absences, clock changes, corrections and deaths of workers: what must hold holds.

A short run is part of every test run; `make soak` runs it for long (docs/performance.md has what was measured).
"""

import os
import sys
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from cli.embedded import Servers
from models.domain.words import AppointmentStatus, ClosedReason, HoldEnd, HoldKind, OutcomeSubtype, SplitReason
from tests.engine.years_between import RandomBetween
from tests.engine.years_machine import NUMBER, WHO, happening, total
from tests.spare_database import SpareDatabase

SOAK_SECONDS = "STEADFAST_SOAK_SECONDS"  # how long to run; without it the short run of every test run
RECORDED = st.sampled_from(
    ["missed", "attended", "attended_late", "arrived_not_seen", "cancelled_by_family", "cancelled_by_service",
     "declined", "void"]
).map(AppointmentStatus)  # fmt: skip
HOLDS = st.sampled_from([HoldKind.MOVED_OUT, HoldKind.MOVED_OUT, HoldKind.IN_HOSPITAL, HoldKind.BEREAVEMENT])


class RandomYears(RandomBetween):
    """What people do with follow-ups, and what happens to families."""

    @happening(number=NUMBER, by=WHO, status=RECORDED, subtype=st.sampled_from([None, None, *OutcomeSubtype]))
    def a_person_records(self, number: int, by: str, status: AppointmentStatus, subtype: OutcomeSubtype | None) -> None:
        """An outcome, or a correction of one."""
        self.acts.record(number, by, status, subtype)

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
        staff = self.staff()
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
        found = self.member(number)
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
        found = self.member(number)
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
        found = self.member(number)
        if undo:
            self.acts.undo_split(number, by)
        elif found:
            self.acts.split(found[1], {found[0]}, by, SplitReason.RELATIONSHIP_ENDED)


FREE: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}
SHORT: dict[str, Any] = {**FREE, "derandomize": True, "max_examples": 4, "stateful_step_count": 12}
LONG: dict[str, Any] = {**FREE, "max_examples": 3, "stateful_step_count": 80, "print_blob": True}


class TestRandomYears:
    def test_nothing_is_ever_forgotten(
        self, pg_server: Servers, spares: list[SpareDatabase], capsys: pytest.CaptureFixture[str]
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
                sys.stdout.write(
                    f"\n{time.monotonic() - began:.0f} s, {total['days'] / 365:.1f} years: {dict(total)}\n"
                )
