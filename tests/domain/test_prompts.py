"""Referral prompts: published thresholds on recorded scores, asked again until decided (domain.md 4.1, 4.2)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.prompts import Score, merges_into, next_ask, prompt_for
from models.domain.words import OwnerRole, Urgency
from tests.domain.builders import at, local, rules

RULES = rules().prompts
CALENDAR = rules().calendar


class TestThreshold:
    @pytest.mark.parametrize(
        ("total", "item_10", "expected"),
        [
            (9, 0, None),
            (10, 0, "epds-10"),
            (12, 0, "epds-10"),
            (13, 0, "epds-13"),
            (30, None, "epds-13"),
            (3, 1, "epds-self-harm"),
            (20, 2, "epds-self-harm"),
            (None, 1, "epds-self-harm"),
            (None, None, None),
        ],
    )
    def test_of_the_epds(self, total, item_10, expected):
        """10 to 12 possible, 13 and more probable; item 10 above zero the same day, whatever the total."""
        found = prompt_for(Score("EPDS", total, item_10), RULES.rules)
        assert (found and found.id) == expected

    def test_is_none_for_an_instrument_without_a_rule(self):
        """Nothing is made up."""
        assert prompt_for(Score("ASQ-3", 99, None), RULES.rules) is None

    def test_is_found_however_the_instrument_is_written(self):
        """Sources differ in case."""
        assert prompt_for(Score("epds", 13, 0), RULES.rules).id == "epds-13"

    @given(total=st.integers(0, 30), higher=st.integers(0, 30))
    def test_never_weighs_less_for_a_higher_score(self, total, higher):
        """Transparent look-ups: more is never less urgent."""
        weights = {None: 0, Urgency.ROUTINE: 1, Urgency.URGENT: 2}
        low, high = (
            prompt_for(Score("EPDS", score, 0), RULES.rules) for score in (min(total, higher), max(total, higher))
        )
        assert weights[low and low.urgency] <= weights[high and high.urgency]


class TestAskingAgain:
    def test_goes_on_until_there_is_a_decision_and_up_to_the_team_lead(self):
        """Twice to the practitioner, twice to the team lead, then to the head of service for ever."""
        rule, now, asked = RULES.rule("epds-13"), at("2026-11-02 10:00"), []
        for times in range(6):
            ask = next_ask(rule, times_asked=times, now=now, calendar=CALENDAR)
            asked.append((local(now), ask.role_chain[0]))
            now = ask.next_due_at
        assert asked == [
            ("Mon 2 Nov 10:00", OwnerRole.PRACTITIONER),
            ("Tue 3 Nov 17:00", OwnerRole.PRACTITIONER),
            ("Wed 4 Nov 17:00", OwnerRole.TEAM_LEAD),
            ("Thu 5 Nov 17:00", OwnerRole.TEAM_LEAD),
            ("Fri 6 Nov 17:00", OwnerRole.HEAD_OF_SERVICE),
            ("Mon 9 Nov 17:00", OwnerRole.HEAD_OF_SERVICE),
        ]

    def test_about_self_harm_runs_in_hours_also_on_a_bank_holiday(self):
        """Same-day assessment: unanswered it is with the team lead two hours later."""
        rule = RULES.rule("epds-self-harm")
        first = next_ask(rule, times_asked=0, now=at("2027-03-26 10:00"), calendar=CALENDAR)
        assert local(first.next_due_at) == "Fri 26 Mar 12:00"
        second = next_ask(rule, times_asked=1, now=first.next_due_at, calendar=CALENDAR)
        assert second.role_chain[0] is OwnerRole.TEAM_LEAD

    @given(times=st.integers(0, 500))
    def test_always_has_a_next_time_and_somebody(self, times):
        """A prompt never falls silent."""
        for rule in RULES.rules:
            now = at("2026-11-02 10:00")
            ask = next_ask(rule, times_asked=times, now=now, calendar=CALENDAR)
            assert ask.next_due_at > now
            assert ask.role_chain[-1] is OwnerRole.LAST_RESORT


class TestMerging:
    @pytest.mark.parametrize(
        ("new", "day", "expected"),
        [
            (Urgency.ROUTINE, 10, True),
            (Urgency.ROUTINE, 16, True),
            (Urgency.ROUTINE, 17, False),
            (Urgency.URGENT, 3, False),
        ],
    )
    def test_joins_what_says_nothing_new_within_14_days(self, new, day, expected):
        """A graver score always cuts through."""
        found = merges_into(
            new=new,
            new_on=date(2026, 11, day),
            open_urgency=Urgency.ROUTINE,
            open_on=date(2026, 11, 2),
            merge_days=RULES.merge_days,
        )
        assert found is expected
