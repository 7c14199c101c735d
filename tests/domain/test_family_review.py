"""A household that needs a family review always has a next one, until school nursing has accepted the child."""

from datetime import date

from models.domain.family_review import FamilyFacts, NextReview, next_review
from tests.domain.builders import rules

TODAY = date(2026, 11, 22)
BABY, SISTER = (7, date(2026, 9, 1)), (5, date(2022, 3, 1))
NOTHING = NextReview()


def decided(**facts: object) -> NextReview:
    return next_review(
        FamilyFacts(**{"needed": True, "children": (BABY, SISTER), **facts}), rule=rules().family_review, today=TODAY
    )


class TestNextReview:
    def test_is_planned_from_the_day_the_need_is_known_about_the_youngest(self):
        """One for the household, not one a child."""
        assert decided() == NextReview(child_id=7, anchor_on=TODAY)

    def test_is_reckoned_from_the_last_one(self):
        """Held a week ago: the interval runs from then."""
        assert decided(begun=True, last_anchor=date(2026, 5, 1), last_ended=date(2026, 11, 15)) == NextReview(
            child_id=7, anchor_on=date(2026, 11, 15)
        )

    def test_is_reckoned_from_today_where_the_last_was_long_ago(self):
        """The need went away and came back: nobody is told of a review that was due in between."""
        assert decided(begun=True, last_anchor=date(2024, 1, 1), last_ended=date(2024, 6, 1)).anchor_on == TODAY

    def test_has_a_day_of_its_own_when_held_on_the_day_it_was_planned(self):
        """Two reviews of one child never share their first day."""
        assert decided(begun=True, last_anchor=TODAY, last_ended=TODAY).anchor_on == date(2026, 11, 23)

    def test_is_not_doubled_while_one_is_coming_or_in_hand(self):
        """One card per household."""
        assert decided(coming=(5, date(2026, 10, 1)), begun=True) == NOTHING
        assert decided(in_hand=True, begun=True) == NOTHING

    def test_goes_on_about_the_next_child_with_its_own_date(self):
        """The child it was about was handed over: what was due stays due."""
        assert decided(children=(BABY,), coming=(5, date(2026, 6, 1)), begun=True) == NextReview(
            give_up=True, child_id=7, anchor_on=date(2026, 6, 1)
        )


class TestNoReview:
    def test_is_begun_for_a_child_of_school_age(self):
        """Born more than five years ago, and never reviewed."""
        assert decided(children=((3, date(2021, 11, 22)),)) == NOTHING

    def test_is_dropped_for_age_alone_once_begun(self):
        """School nursing has to accept the child first."""
        assert decided(children=((3, date(2021, 11, 22)),), begun=True).child_id == 3

    def test_is_left_where_nobody_needs_one_any_more(self):
        """The adult has moved out, or every child was handed over."""
        assert decided(needed=False, coming=(7, date(2026, 10, 1))) == NextReview(give_up=True)
        assert decided(children=(), coming=(7, date(2026, 10, 1))) == NextReview(give_up=True)
        assert decided(needed=False) == NOTHING

    def test_lies_further_off_than_six_months(self):
        """The shipped interval: due four to six months on, unbooked from five."""
        rule, start = rules().family_review, date(2026, 8, 31)
        assert [span.from_date(start) for span in (rule.window_start, rule.unbooked_on, rule.overdue_on)] == [
            date(2026, 12, 31),
            date(2027, 1, 31),
            date(2027, 2, 28),
        ]
