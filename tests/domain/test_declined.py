"""What has to be known of a declined contact, and whose it is to review. Source: domain.md 1.2; decision 0050."""

from dataclasses import replace
from datetime import date

import pytest

from models.domain.declines import DeclineAnswers, how_declined
from models.domain.words import DeclinedBy, How, Informed, Known

WHOLE = DeclineAnswers(
    declined_by=DeclinedBy.MOTHER,
    informed=Informed.PHONE,
    why="Seen privately",
    capacity=Known.YES,
    seen_by_anybody=Known.YES,
    last_seen_on=date(2026, 6, 3),
    last_seen_by="Dr Hill, GP",
)


class TestComplete:
    def test_has_every_answer(self):
        """Who, how they were told, why, capacity, when and by whom the child was last seen."""
        assert WHOLE.missing == ()

    @pytest.mark.parametrize(
        "name", ["declined_by", "informed", "why", "capacity", "seen_by_anybody", "last_seen_on", "last_seen_by"]
    )
    def test_lacks_nothing_that_can_be_asked(self, name):
        """Each answer that is taken away is missed by its name."""
        assert name in replace(WHOLE, **{name: None}).missing

    def test_takes_unknown_for_no_answer_about_capacity(self):
        """Unknown is not yes."""
        assert replace(WHOLE, capacity=Known.UNKNOWN).missing == ("capacity",)

    @pytest.mark.parametrize("seen", [Known.NO, Known.UNKNOWN])
    def test_needs_no_day_where_nobody_has_seen_the_child(self, seen):
        """That nobody has, or nobody can say, is an answer, and a worse one."""
        assert replace(WHOLE, seen_by_anybody=seen, last_seen_on=None, last_seen_by=None).missing == ()


class TestReview:
    def test_is_the_practitioner_s_where_the_choice_was_informed_and_the_child_is_seen(self):
        """The first decline, whole."""
        assert how_declined(WHOLE, again=False) is How.DECLINE_COMPLETE

    @pytest.mark.parametrize(
        "answers",
        [
            replace(WHOLE, seen_by_anybody=Known.NO),
            replace(WHOLE, seen_by_anybody=Known.UNKNOWN),
            replace(WHOLE, capacity=Known.NO),
            replace(WHOLE, informed=Informed.NOT_INFORMED),
        ],
    )
    def test_is_the_team_lead_s_where_it_was_no_choice_or_nobody_sees_the_child(self, answers):
        """Whatever the flags."""
        assert how_declined(answers, again=False) is How.DECLINE_COMPLETE_LEAD

    def test_is_the_team_lead_s_the_second_time_also_while_it_is_incomplete(self):
        """A pattern is looked at at once."""
        assert how_declined(DeclineAnswers(), again=True) is How.DECLINE_INCOMPLETE_LEAD
        assert how_declined(WHOLE, again=True) is How.DECLINE_COMPLETE_LEAD
