"""Who has to hear of an adult's missed contact, by when; and how such a question changes, pair by pair."""

from dataclasses import replace
from itertools import product

import pytest

from models.domain import sharing_states
from models.domain.sharing import Around, Tell, next_look, tell_by, whom_to_tell
from models.domain.sharing_states import DisclosureEvent as E
from models.domain.sharing_states import may_hold
from models.domain.transitions import IllegalTransition
from models.domain.words import AccountRole, WhyNotNeeded
from models.domain.words import DisclosureState as S
from tests.domain.builders import at, rules

HV, MW, GP = "health_visiting", "midwifery", "general_practice"
DECIDED = {E.SHARED: S.SHARED, E.REFUSED: S.NOT_SHARED, E.CORRECTED: S.WITHDRAWN, E.PERSON_DIED: S.NOT_NEEDED}
ALLOWED = {
    S.WAITING: {E.ASKED: S.ASKED, E.HELD: S.HELD, E.LEFT_HOME: S.WAITING, **DECIDED},
    S.ASKED: {E.ASKED: S.ASKED, E.HELD: S.HELD, E.LEFT_HOME: S.ASKED, **DECIDED},
    S.HELD: {E.HELD: S.HELD, E.LEFT_HOME: S.HELD, E.HOLD_ENDED: S.WAITING, **DECIDED},
    S.SHARED: {E.CORRECTED: S.SHARED, E.RECEIVED: S.SHARED},
    S.NOT_SHARED: {E.SHARED: S.SHARED},
    S.NOT_NEEDED: {E.SHARED: S.SHARED, E.RAISED: S.WAITING, E.CORRECTED: S.WITHDRAWN},
    S.WITHDRAWN: {E.RAISED: S.WAITING},
}
ONE_CHILD = Around(
    children=1, pre_school=1, pre_school_at_home=1, pregnant=False, lost=False, midwife_known=False, asked_already=False
)
NOBODY = replace(ONE_CHILD, children=0, pre_school=0, pre_school_at_home=0)


class TestQuestion:
    @pytest.mark.parametrize(("state", "event"), list(product(S, E)))
    def test_answers_every_pair_or_refuses_it_by_name(self, state, event):
        """What was told can't be held, refused or told again; what was refused can still be told."""
        if event in ALLOWED[state]:
            assert sharing_states.advance(state, event) is ALLOWED[state][event]
        else:
            with pytest.raises(IllegalTransition, match=f"{event} can't happen in state {state}"):
                sharing_states.advance(state, event)


class TestWhoHearsOfIt:
    @pytest.mark.parametrize(
        ("around", "told"),
        [
            pytest.param(ONE_CHILD, (Tell(HV, True), Tell(GP, False)), id="a child: the health visitor, and the GP"),
            pytest.param(
                replace(ONE_CHILD, pre_school_at_home=0),
                (Tell(HV, False), Tell(GP, False)),
                id="lives elsewhere: a person decides",
            ),
            pytest.param(
                replace(ONE_CHILD, pregnant=True, midwife_known=True),
                (Tell(HV, True), Tell(MW, True), Tell(GP, False)),
                id="pregnant with a child: midwife too",
            ),
            pytest.param(
                replace(NOBODY, pregnant=True, midwife_known=True),
                (Tell(MW, True), Tell(GP, False)),
                id="pregnant: the midwife",
            ),
            pytest.param(
                replace(NOBODY, pregnant=True),
                (Tell(HV, False), Tell(GP, False)),
                id="pregnant, no midwife known: a person decides",
            ),
            pytest.param(NOBODY, (Tell(HV, False), Tell(GP, False)), id="nobody known: a person is asked"),
            pytest.param(
                replace(NOBODY, asked_already=True), (Tell(HV, False, WhyNotNeeded.ASKED_ALREADY),), id="asked lately"
            ),
            pytest.param(
                replace(ONE_CHILD, pre_school=0, pre_school_at_home=0),
                (Tell(HV, False, WhyNotNeeded.NO_PRE_SCHOOL_CHILD),),
                id="a child at school",
            ),
            pytest.param(
                replace(NOBODY, lost=True), (Tell(HV, False, WhyNotNeeded.NO_PRE_SCHOOL_CHILD),), id="after a loss"
            ),
        ],
    )
    def test_is_always_decided_or_asked(self, around, told):
        """There is no case that leaves nothing behind."""
        assert whom_to_tell(around, old=False, died=False, rules=rules().sharing) == told

    def test_of_one_that_was_old_when_it_came_is_nobody_by_itself(self):
        (tell,) = whom_to_tell(ONE_CHILD, old=True, died=False, rules=rules().sharing)
        assert tell == Tell(HV, False, WhyNotNeeded.OLD_WHEN_RECEIVED)

    def test_of_somebody_who_has_died_is_nobody_whatever_else_is_known(self):
        told = whom_to_tell(ONE_CHILD, old=True, died=True, rules=rules().sharing)
        assert told == (Tell(HV, False, WhyNotNeeded.PERSON_DIED),)


class TestDeadline:
    @pytest.mark.parametrize(
        ("missed", "known", "high_risk", "by"),
        [
            ("2026-06-08 11:00", "2026-06-08 12:00", False, "2026-06-08 17:00"),
            ("2026-06-08 16:50", "2026-06-08 16:55", False, "2026-06-08 17:00"),
            ("2026-06-12 16:30", "2026-06-12 18:30", False, "2026-06-15 11:00"),  # Friday evening: two working hours
            ("2026-06-13 11:00", "2026-06-13 11:30", False, "2026-06-15 17:00"),  # a Saturday clinic
            ("2026-06-12 16:30", "2026-06-12 17:00", True, "2026-06-12 20:30"),  # four real hours
            ("2026-06-12 16:30", "2026-06-13 06:00", True, "2026-06-13 07:00"),  # known in the morning: one hour
            ("2026-08-28 17:30", "2026-08-28 18:00", False, "2026-09-01 11:00"),  # over the August bank holiday
            ("2026-10-24 23:30", "2026-10-25 00:00", True, "2026-10-25 02:30"),  # the clocks go back in that night
        ],
    )
    def test_is_five_the_same_day_or_four_hours(self, missed, known, high_risk, by):
        found = tell_by(
            at(missed),
            to_gp=False,
            high_risk=high_risk,
            now=at(known),
            rules=rules().sharing,
            calendar=rules().calendar,
        )
        assert found == at(by)

    def test_of_the_copy_to_the_gp_is_a_working_day(self):
        found = tell_by(
            at("2026-06-08 11:00"), to_gp=True, high_risk=True, now=at("2026-06-12 12:00"), rules=rules().sharing,
            calendar=rules().calendar,
        )  # fmt: skip
        assert found == at("2026-06-15 17:00")


class TestHold:
    def test_a_second_time_is_for_a_lead(self):
        roles = [role for role in AccountRole if may_hold(times_held=1, role=role)]
        assert roles == [AccountRole.TEAM_LEAD, AccountRole.NAMED_NURSE]
        assert all(may_hold(times_held=0, role=role) for role in AccountRole)


class TestLooksAfterADischarge:
    def test_are_spread_over_a_year(self):
        """31 August plus months is held to the month's last day; after the twelfth there is none."""
        discharged = at("2026-08-31 12:00").date()
        days = [next_look(discharged, looks_done=done, rules=rules().sharing) for done in range(6)]
        assert [day and day.isoformat() for day in days] == [
            "2026-09-30",
            "2026-11-30",
            "2027-02-28",
            "2027-05-31",
            "2027-08-31",
            None,
        ]
