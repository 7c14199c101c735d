"""How many misses in a row a thread holds, and since when nobody has been seen. Decision 0051."""

import pytest

from models.domain.threads import Clocks, Counted, Member, clocks, count
from models.domain.words import FollowUpTrigger, How
from tests.domain.builders import at

MAY, JUNE, JULY = at("2026-05-04 10:00"), at("2026-06-08 10:00"), at("2026-07-06 10:00")


def a_miss(when, *, trigger=FollowUpTrigger.MISSED, how=How.NOT_BROUGHT, earlier: int = 0) -> Member:
    return Member(trigger, how, when, earlier)


class TestCount:
    def test_is_of_all_misses_since_the_first(self):
        """Three in a row, unseen since May."""
        found = count(a_miss(JULY), [a_miss(MAY), a_miss(JUNE)], seen=[])
        assert found == Counted(misses=3, unseen_since=MAY, seen_before=None)

    def test_begins_anew_with_being_seen(self):
        """Seen after May's miss: June's and July's are two in a row."""
        seen = at("2026-05-20 10:00")
        found = count(a_miss(JULY), [a_miss(MAY), a_miss(JUNE)], seen=[seen, at("2026-08-03 10:00")])
        assert found == Counted(misses=2, unseen_since=JUNE, seen_before=seen)

    @pytest.mark.parametrize(
        "other",
        [
            a_miss(MAY, trigger=FollowUpTrigger.CANCELLED, how=How.BY_FAMILY),
            a_miss(MAY, trigger=FollowUpTrigger.CANCELLED, how=How.BY_SERVICE),
            a_miss(MAY, trigger=FollowUpTrigger.DECLINED, how=How.DECLINE_COMPLETE),
            a_miss(MAY, trigger=FollowUpTrigger.NEVER_BOOKED, how=None),
            a_miss(MAY, how=How.UNPROVEN),
        ],
        ids=lambda member: f"{member.trigger}-{member.how}",
    )
    def test_leaves_out_what_is_no_miss_and_keeps_since_when_nobody_was_seen(self, other):
        """It belongs to the thread: the child has been unseen since then."""
        assert count(a_miss(JULY), [other], seen=[]) == Counted(misses=1, unseen_since=MAY, seen_before=None)

    def test_holds_misses_of_an_appointment_that_was_rebooked_under_its_id(self):
        """The sender's id is one; the misses were two."""
        assert count(a_miss(JULY, earlier=1), [], seen=[]).misses == 2

    def test_is_never_less_than_one(self):
        """A cancellation alone is one contact that did not take place."""
        alone = a_miss(JULY, trigger=FollowUpTrigger.CANCELLED, how=How.BY_SERVICE)
        assert count(alone, [], seen=[]).misses == 1


class TestClocks:
    """From when a ladder counts. Decision 0093."""

    @pytest.mark.parametrize("trigger", [FollowUpTrigger.NEVER_BOOKED, FollowUpTrigger.OVERDUE])
    def test_of_what_was_found_late_begin_when_it_was_found(self, trigger):
        """Nobody could try before; found on its day, nothing changes."""
        late = clocks(trigger, misses=1, anchor_at=MAY, breach_at=MAY, opened_at=JUNE)
        assert late == Clocks(started_at=JUNE, unseen_since=JUNE)
        assert clocks(trigger, misses=1, anchor_at=MAY, breach_at=MAY, opened_at=MAY) == Clocks(MAY, MAY)

    def test_of_what_was_found_after_a_miss_reach_back_to_the_miss(self):
        """Missed in May as a visit that was no planned one, found unbooked in June: unseen since May."""
        found = clocks(FollowUpTrigger.NEVER_BOOKED, misses=1, anchor_at=JUNE, breach_at=MAY, opened_at=JULY)
        assert found == Clocks(started_at=JULY, unseen_since=MAY)

    @pytest.mark.parametrize("trigger", [FollowUpTrigger.MISSED, FollowUpTrigger.CANCELLED])
    def test_of_a_miss_heard_of_late_begin_with_the_miss(self, trigger):
        """Somebody stood at the door that day, whoever heard of it when."""
        assert clocks(trigger, misses=1, anchor_at=MAY, breach_at=MAY, opened_at=JUNE) == Clocks(MAY, MAY)

    def test_of_a_second_miss_reach_back_to_the_first(self):
        """The thread keeps T0 of its first miss, or of the cancellation before it."""
        for misses in (1, 2):
            found = clocks(FollowUpTrigger.MISSED, misses=misses, anchor_at=JUNE, breach_at=MAY, opened_at=JUNE)
            assert found == Clocks(started_at=JUNE, unseen_since=MAY)

    def test_of_the_first_miss_of_what_had_been_found_unbooked_begin_when_that_was(self):
        """Planned for May, found in June, booked and missed in July: tried since June."""
        found = clocks(FollowUpTrigger.MISSED, misses=1, anchor_at=JULY, breach_at=MAY, opened_at=JUNE)
        assert found == Clocks(started_at=JULY, unseen_since=JUNE)
