"""The order of the team's list: red flags, high risk, overdue longest; and the reason in words (design 7)."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from models.domain.words import FollowUpState
from models.domain.worklist_order import WorklistRow, position, reason
from tests.domain.builders import at

NOW = at("2026-11-10 10:00")


def a_row(number: int, *, hours: int = 24, red_flag: bool = False, high_risk: bool = False, **changes) -> WorklistRow:
    return WorklistRow(number, FollowUpState.OPEN, red_flag, high_risk, NOW - timedelta(hours=hours), **changes)


class TestPosition:
    def test_puts_red_flags_first_then_high_risk_then_overdue_longest(self):
        """A day-old red flag outranks a month of routine lateness."""
        rows = [a_row(1, hours=700), a_row(2, high_risk=True), a_row(3, red_flag=True), a_row(4, hours=900)]
        assert [row.follow_up_id for row in sorted(rows, key=position)] == [3, 2, 4, 1]

    @given(st.permutations([a_row(number, hours=number % 3) for number in range(8)]))
    def test_never_depends_on_the_order_of_reading(self, rows):
        """Rows don't jump about between two looks."""
        assert [row.follow_up_id for row in sorted(rows, key=position)] == [2, 5, 1, 4, 7, 0, 3, 6]


class TestReason:
    def test_says_why_in_words(self):
        """The reason for the position is shown; never a score."""
        assert reason(a_row(1, hours=75, red_flag=True, high_risk=True), now=NOW) == (
            "red flag, high-risk flag, overdue for 3 days"
        )
        assert reason(a_row(1, hours=1), now=NOW) == "overdue for 1 hour"
        assert reason(a_row(1, hours=0), now=NOW) == "overdue for less than an hour"

    def test_says_that_a_backlog_one_came_in_late(self):
        """Old when first received is not the team's delay."""
        row = WorklistRow(1, FollowUpState.BACKLOG, False, False, NOW - timedelta(days=30))
        assert reason(row, now=NOW) == "overdue for 30 days, came in late"
