"""How a contact that should happen stands when it is looked at, and when it is looked at again."""

import itertools
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from models.domain.expected import ExpectedFacts, Look, LookRules, look
from models.domain.words import ExpectedState, FollowUpTrigger
from tests.domain.builders import at, rules

RULES = LookRules(rules().calendar, rules().contacts.outcome_allowance, rules().planning.outcome_wait_days)
# Born Saturday 13 March 2027: day 7 is a Saturday too, looked at on Friday the 19th; day 12 is Maundy Thursday.
VISIT = ExpectedFacts(unbooked_on=date(2027, 3, 20), overdue_on=date(2027, 3, 25))
S, T = ExpectedState, FollowUpTrigger


def looked(when: str, **facts: object) -> Look:
    return look(replace(VISIT, **facts), now=at(when), rules=RULES)


class TestNotBooked:
    def test_waits_until_it_should_be(self):
        """The day before a day off."""
        assert looked("2027-03-18 09:00") == Look(S.PLANNED, at("2027-03-19 09:00"))

    def test_in_time_opens_a_follow_up_from_that_day(self):
        """Never booked is as visible as missed."""
        assert looked("2027-03-19 09:00") == Look(S.OVERDUE, None, T.NEVER_BOOKED, at("2027-03-19 09:00"))

    def test_and_followed_up_already_opens_no_second_one(self):
        """One follow-up a contact."""
        assert looked("2027-03-25 09:00", followed=True) == Look(S.OVERDUE)


class TestBooked:
    def test_is_looked_at_again_when_it_should_be_over(self):
        """Booked for day 13, after the day by which somebody asks: asked on day 12 all the same."""
        assert looked("2027-03-20 09:00", booked_until=at("2027-03-26 11:00")) == Look(S.BOOKED, at("2027-03-25 09:00"))
        assert looked("2027-03-25 09:00", booked_until=at("2027-03-26 11:00")).opens is T.OVERDUE

    def test_for_the_last_day_itself_is_awaited(self):
        """A visit at ten on day 12 is not overdue at nine."""
        booked = at("2027-03-25 11:00")
        assert looked("2027-03-25 09:00", booked_until=booked) == Look(S.BOOKED, at("2027-03-25 13:00"))

    def test_for_the_weekend_is_awaited_though_the_look_came_on_friday(self):
        """A midwife's visit on day 4, a Saturday."""
        visit = ExpectedFacts(date(2027, 3, 5), date(2027, 3, 6), booked_until=at("2027-03-06 10:30"))
        assert look(visit, now=at("2027-03-05 09:00"), rules=RULES) == Look(S.BOOKED, at("2027-03-06 12:30"))

    def test_and_over_waits_for_the_outcome_until_the_next_working_day(self):
        """Data come overnight; the day after Maundy Thursday that is worked is Tuesday."""
        over = at("2027-03-25 11:00")
        assert looked("2027-03-25 13:00", over_since=over) == Look(S.BOOKED, at("2027-03-30 09:00"))

    def test_and_over_is_not_waited_for_for_ever(self):
        """A feed that has stopped must not hide a child whom nobody has seen."""
        over = at("2027-03-25 11:00")
        assert looked("2027-03-30 09:00", over_since=over) == Look(S.OVERDUE, None, T.OVERDUE, at("2027-03-30 09:00"))


class TestRecordedByAPerson:
    def test_is_overdue_when_nobody_has_recorded_it(self):
        """Nothing is booked, so nothing is unbooked."""
        facts = ExpectedFacts(unbooked_on=None, overdue_on=date(2026, 9, 14))
        assert look(facts, now=at("2026-09-11 09:00"), rules=RULES) == Look(S.PLANNED, at("2026-09-14 09:00"))
        assert look(facts, now=at("2026-09-14 09:00"), rules=RULES) == Look(
            S.OVERDUE, None, T.OVERDUE, at("2026-09-14 09:00")
        )


class TestOver:
    @pytest.mark.parametrize("ended", [S.NOT_APPLICABLE, S.SUPERSEDED])
    def test_asks_nobody(self, ended):
        """Death, a loss, a birth: said by what it is."""
        assert looked("2027-03-25 09:00", ended=ended) == Look(ended)

    def test_met_is_met_whatever_else_is_known(self):
        """Also of a contact that had a follow-up."""
        assert looked("2027-03-25 09:00", met=True, followed=True) == Look(S.MET)


FIRST_DAY, LAST_DAY = at("2027-03-19 09:00"), at("2027-03-25 09:00")  # not booked; overdue


def in_every_way() -> list[ExpectedFacts]:
    """Every mixture of what can be known of a contact when it is looked at."""
    coming, over = at("2027-03-24 11:00"), at("2027-03-17 11:00")
    ways = itertools.product(
        (True, False), (S.NOT_APPLICABLE, S.SUPERSEDED, None), (coming, None), (over, None), (True, False)
    )
    return [
        replace(VISIT, met=met, ended=ended, booked_until=until, over_since=since, followed=followed)
        for met, ended, until, since, followed in ways
    ]


class TestEveryMixtureOfFacts:
    """A contact's state is a function of facts: so the facts are walked, before and after each day that counts."""

    @pytest.mark.parametrize("facts", in_every_way())
    @pytest.mark.parametrize(
        "now", [FIRST_DAY - timedelta(days=7), FIRST_DAY, LAST_DAY, LAST_DAY + timedelta(days=400)], ids=str
    )
    def test_waits_for_a_time_to_come_or_is_followed_up_or_has_ended(self, facts: ExpectedFacts, now: datetime):
        """Design 3.1: no mixture leaves a contact with nobody and without a due time."""
        found = look(facts, now=now, rules=RULES)
        if facts.met or facts.ended is not None:
            assert found == Look(S.MET if facts.met else facts.ended or S.MET)
        elif found.state is S.OVERDUE:
            opened = {T.OVERDUE, T.NEVER_BOOKED} if not facts.followed else {None}
            assert (found.next_due_at, found.opens in opened) == (None, True)
        else:
            booked = facts.booked_until is not None or facts.over_since is not None
            assert (found.state, found.opens) == (S.BOOKED if booked else S.PLANNED, None)
            assert found.next_due_at is not None
            assert found.next_due_at > now
