"""What a hold does to a plan: a stay in hospital keeps routine steps waiting, never past its ceiling."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.holds import StandingHold, pauses, remind_at, review_at
from models.domain.ladder import decide
from models.domain.ladder_facts import FollowUpFacts, Pause, after
from models.domain.words import FollowUpTrigger, HoldKind
from tests.domain.builders import a_miss, acknowledged, at, local, rules, story, the

REVIEW = the("universal-review")
HOLDS, CALENDAR = rules().holds, rules().calendar


def a_stay(since: str, until: str) -> StandingHold:
    return StandingHold(HoldKind.IN_HOSPITAL, at(since), at(until))


def held(facts: FollowUpFacts, *holds: StandingHold) -> FollowUpFacts:
    """The facts with what these holds let wait."""
    waits = pauses(holds, HOLDS, pathway_code=REVIEW.code, high_risk=facts.high_risk, calendar=CALENDAR)
    return replace(facts, pauses=waits)


class TestStayInHospitalOverAWeekend:
    def test_keeps_the_second_call_waiting_until_it_is_over(self):
        """Missed on Thursday, in hospital from Friday to Tuesday: the call due on Monday comes after it."""
        missed = a_miss("2026-11-05 10:00")
        in_time = story(missed, REVIEW, days=6)
        waiting = story(held(missed, a_stay("2026-11-06 16:00", "2026-11-10 17:00")), REVIEW, days=6)
        assert "Mon 9 Nov 09:00 practitioner: second-call" in in_time
        assert "Tue 10 Nov 17:00 practitioner: second-call" in waiting
        assert not [line for line in waiting if line.startswith("Mon 9 Nov 09:00") and "second-call" in line]

    def test_keeps_nothing_waiting_that_the_data_does_not_name(self):
        """The call of the same day, the team lead's and the named nurse's steps go on."""
        missed = replace(a_miss("2026-11-05 10:00", miss_count=2), unseen_since=at("2026-10-01 10:00"))
        stay = a_stay("2026-11-05 09:00", "2026-11-19 17:00")
        assert story(held(missed, stay), REVIEW, days=8) == story(missed, REVIEW, days=8)

    def test_over_without_a_persons_word_lets_the_plan_go_on(self):
        """Nobody said how it went: the staff's plan resumes at the review's time."""
        stay = a_stay("2026-11-06 16:00", "2026-11-10 17:00")
        facts = held(a_miss("2026-11-05 10:00"), stay)
        assert facts.pauses == (Pause(at("2026-11-10 17:00"), facts.pauses[0].steps),)

    def test_never_lasts_longer_than_its_ceiling(self):
        """Ten working days for a routine step, a day for a high-risk one, whatever a person writes as its end."""
        stay = a_stay("2026-11-02 09:00", "2027-01-31 17:00")
        (routine,) = held(a_miss("2026-11-02 10:00"), stay).pauses
        (high_risk,) = held(a_miss("2026-11-02 10:00", high_risk=True), stay).pauses
        assert (local(routine.until), local(high_risk.until)) == ("Mon 16 Nov 17:00", "Tue 3 Nov 09:00")

    def test_of_another_ladder_is_left_alone(self):
        """The new birth visit keeps its clock."""
        stay = a_stay("2026-11-02 09:00", "2026-11-30 17:00")
        assert pauses([stay], HOLDS, pathway_code="new-birth-visit", high_risk=False, calendar=CALENDAR) == ()


class TestOtherHolds:
    @pytest.mark.parametrize("kind", [kind for kind in HoldKind if kind is not HoldKind.IN_HOSPITAL])
    def test_slow_no_plan(self, kind: HoldKind):
        """Brothers and sisters, and a family that nobody else has yet, are followed up as before."""
        hold = StandingHold(kind, at("2026-11-02 09:00"), at("2027-11-02 09:00"))
        assert held(a_miss("2026-11-02 10:00"), hold).pauses == ()


class TestPause:
    @given(
        since=st.integers(0, 60 * 24 * 40),
        length=st.integers(1, 60 * 24 * 90),
        high_risk=st.booleans(),
        misses=st.integers(1, 4),
        trigger=st.sampled_from([t for t in FollowUpTrigger if t in {s for x in REVIEW.steps for s in x.triggers}]),
    )
    def test_never_loses_the_next_due_time(self, since, length, high_risk, misses, trigger):
        """A live follow-up always has a later one (design 3.2), and none waits past the ceiling for a held step."""
        opened = at("2026-11-02 10:00")
        begins = opened + timedelta(minutes=since - 60 * 24 * 20)
        stay = StandingHold(HoldKind.IN_HOSPITAL, begins, begins + timedelta(minutes=length))
        facts = held(a_miss("2026-11-02 10:00", high_risk=high_risk, miss_count=misses, trigger=trigger), stay)
        now = opened
        for _ in range(12):
            decision = decide(facts, REVIEW, now=now, calendar=CALENDAR)
            assert decision.next_due_at is not None
            assert decision.next_due_at > now
            facts = after(facts, decision)
            if decision.actions:
                facts = acknowledged(facts, REVIEW, now)
                decision = decide(facts, REVIEW, now=now, calendar=CALENDAR)
                assert decision.next_due_at is not None
            now = decision.next_due_at


class TestReviewOfAHold:
    RULE = HOLDS.rules[HoldKind.MOVED_OUT]

    def test_is_at_the_end_of_the_day_that_a_person_names(self):
        day = review_at(self.RULE, now=at("2026-11-02 10:00"), until=date(2026, 11, 6), calendar=CALENDAR)
        assert local(day) == "Fri 6 Nov 17:00"

    def test_comes_by_itself_where_nobody_names_one(self):
        """Every hold has a time by which a person decides."""
        day = review_at(self.RULE, now=at("2026-11-02 10:00"), until=None, calendar=CALENDAR)
        assert local(day) == "Mon 30 Nov 17:00"

    @pytest.mark.parametrize("until", [date(2026, 11, 1), date(2026, 12, 29)])
    def test_is_no_day_that_is_over_or_too_far_off(self, until: date):
        with pytest.raises(ValueError, match="is not from 2026-11-02 to 2026-12-28"):
            review_at(self.RULE, now=at("2026-11-02 10:00"), until=until, calendar=CALENDAR)

    def test_is_announced_before_on_a_working_day(self):
        """A week before 30 November is a Monday; of a review on a Sunday's day it is the Friday before."""
        told = remind_at(self.RULE, at("2026-11-30 17:00"), now=at("2026-11-02 10:00"), calendar=CALENDAR)
        assert local(told) == "Mon 23 Nov 09:00"
        told = remind_at(self.RULE, at("2026-11-29 17:00"), now=at("2026-11-02 10:00"), calendar=CALENDAR)
        assert local(told) == "Fri 20 Nov 09:00"

    def test_that_is_near_is_announced_when_it_comes(self):
        told = remind_at(self.RULE, at("2026-11-05 17:00"), now=at("2026-11-02 10:00"), calendar=CALENDAR)
        assert told == at("2026-11-05 17:00")
