"""The high-risk overlay over every ladder of a miss (domain.md 3.3 vi): in real hours, whatever the day."""

from dataclasses import replace
from datetime import UTC, date, timedelta
from itertools import pairwise

import pytest

from models.domain.ladder import carried_over
from models.domain.ladder_facts import RaiseAlert
from models.domain.pathway import WAYS
from models.domain.words import FollowUpTrigger, How, OwnerRole
from tests.domain.builders import a_miss, acknowledged, at, local, step, story, the
from tests.domain.test_ladder_patterns import LADDERS_OF_A_MISS

REVIEW = the("universal-review")
CAUSES = [
    (trigger, way)
    for trigger in (FollowUpTrigger.MISSED, FollowUpTrigger.CANCELLED, FollowUpTrigger.OVERDUE)
    for way in WAYS.get(trigger, (None,))
]


class TestOverlay:
    @pytest.mark.parametrize("code", LADDERS_OF_A_MISS)
    @pytest.mark.parametrize(("trigger", "way"), CAUSES)
    @pytest.mark.parametrize("misses", [1, 2, 3])
    def test_reaches_everybody_in_time_on_every_ladder(self, code, trigger, way, misses):
        """T0 practitioner, 4 h team lead, 24 h practitioner again, 48 h named nurse, 72 h head of service, daily: from
        Maundy Thursday over the whole of Easter, whoever acknowledges, however it was missed, and however often.
        """
        start = at("2027-03-25 14:00").astimezone(UTC)
        facts = a_miss(
            "2027-03-25 14:00", high_risk=True, trigger=trigger, how=way, miss_count=misses, contact_code="X"
        )
        heard = told_by_role(facts, the(code), days=6)
        assert heard[OwnerRole.PRACTITIONER][0] == start
        # A sighting is the practitioner's: asked for again within a day, on top of the call.
        assert any(start < moment <= start + timedelta(hours=24) for moment in heard[OwnerRole.PRACTITIONER])
        assert heard[OwnerRole.TEAM_LEAD][0] <= start + timedelta(hours=4)
        assert heard[OwnerRole.NAMED_NURSE][0] <= start + timedelta(hours=48)
        head = heard[OwnerRole.HEAD_OF_SERVICE]
        assert head[0] <= start + timedelta(hours=72)
        assert max(later - earlier for earlier, later in pairwise(head)) <= timedelta(hours=24)

    def test_does_not_hasten_what_nobody_has_missed_yet(self):
        """Not booked is no miss: the office books at high-risk pace; no head of service hears of it on day three."""
        facts = a_miss("2026-11-09 09:00", high_risk=True, trigger=FollowUpTrigger.NEVER_BOOKED)
        assert story(facts, REVIEW, days=2) == [
            "Mon 9 Nov 09:00 admin: book-review",
            "Tue 10 Nov 09:00 admin: book-review (lease_ended)",
            "Wed 11 Nov 09:00 practitioner: other-channel",
        ]

    def test_leaves_the_routine_steps_it_takes_the_place_of(self):
        """Nobody is asked for a second call on WD2 beside the visit of the same night."""
        told = story(a_miss("2026-11-09 10:00", high_risk=True), REVIEW, days=10)
        assert not [line for line in told if "second-call" in line or "other-channel" in line]

    def test_goes_on_daily_through_a_second_miss(self):
        """The 72 hours run from the first miss: a new appointment that is missed as well sets nothing back."""
        now, facts = at("2026-11-09 10:00"), a_miss("2026-11-09 10:00", high_risk=True)
        while now < at("2026-11-13 09:00"):
            _, facts = step(facts, REVIEW, now)
            facts = acknowledged(facts, REVIEW, now)
            now = step(facts, REVIEW, now)[0].next_due_at
        later = replace(
            a_miss("2026-11-13 09:00", high_risk=True, miss_count=2),
            unseen_since=at("2026-11-09 10:00"),
            done=carried_over(facts.done, REVIEW),
        )
        told = story(later, REVIEW, days=1)
        assert "Fri 13 Nov 10:00 head_of_service: high-risk-exception" in told
        assert "Fri 13 Nov 09:00 named_nurse: high-risk-social-care" in told

    def test_begins_at_once_where_the_flag_comes_later(self):
        """Flagged 30 hours after the miss: the sighting is asked for, and the team lead told with it."""
        _, facts = step(a_miss("2026-11-09 10:00"), REVIEW, at("2026-11-09 10:00"))
        decision, _ = step(replace(facts, high_risk=True), REVIEW, at("2026-11-10 16:00"))
        (alert,) = [one for one in decision.actions if isinstance(one, RaiseAlert)]
        assert (alert.step_id, alert.role_chain[0], alert.also_tell) == (
            "high-risk-sighting",
            OwnerRole.TEAM_LEAD,  # the routine call was unanswered for longer than its time: it never goes down
            (OwnerRole.TEAM_LEAD, OwnerRole.PRACTITIONER),
        )

    def test_heard_of_after_three_days_still_reaches_the_one_who_has_to_go(self):
        """Late steps collapse into the report of the 72 hours; the practitioner hears with it, not only those above."""
        facts = a_miss("2026-11-09 10:00", high_risk=True, opened_at=at("2026-11-13 10:00"))
        decision, _ = step(facts, REVIEW, facts.opened_at)
        (alert,) = [one for one in decision.actions if isinstance(one, RaiseAlert)]
        assert (alert.step_id, alert.role_chain[0], alert.also_tell) == (
            "high-risk-exception",
            OwnerRole.HEAD_OF_SERVICE,
            (OwnerRole.NAMED_NURSE, OwnerRole.TEAM_LEAD, OwnerRole.PRACTITIONER),
        )

    def test_tells_duty_and_wants_an_answer_within_the_hour(self):
        """T0+1h: the practitioner and the duty colleague; nobody answers, so the team lead at 11:00."""
        decision, _ = step(a_miss("2026-11-09 10:00", high_risk=True), REVIEW, at("2026-11-09 10:00"))
        alert = decision.actions[0]
        assert (alert.also_tell, local(alert.needs_ack_by)) == ((OwnerRole.DUTY,), "Mon 9 Nov 11:00")

    def test_keeps_the_words_and_the_text_of_the_ladders_own_call(self):
        """It stands for the overlay's call: same step, faster terms."""
        left = {How.CAME, How.UNPROVEN, How.BY_FAMILY, How.BY_SERVICE, How.BY_UNKNOWN}
        assert REVIEW.step("high-risk-call").how == left
        assert the("new-birth-visit").step("doorstep-same-day").offers_text

    def test_of_a_baby_outweighs_one_rung_faster(self):
        """High risk is faster than faster."""
        facts = a_miss("2026-11-09 10:00", high_risk=True, faster=True, date_of_birth=date(2026, 6, 1))
        assert story(facts, REVIEW, days=1) == story(replace(facts, faster=False, date_of_birth=None), REVIEW, days=1)


def told_by_role(facts, pathway, *, days):
    """Whom a ladder told as the one who must act, and when; everything is acknowledged at once."""
    now, end = facts.opened_at, facts.opened_at + timedelta(days=days)
    heard = {role: [] for role in OwnerRole}
    while now <= end:
        decision, facts = step(facts, pathway, now)
        for one in decision.actions:
            if isinstance(one, RaiseAlert) and one.why == "due":
                heard[one.role_chain[0]].append(now)
        facts = acknowledged(facts, pathway, now)
        now = step(facts, pathway, now)[0].next_due_at
    return heard
