"""Care after a loss, what is ended after one, a family that moved: day by day, over Christmas and a clock change."""

import pytest

from models.domain.ladder_facts import OfferText
from models.domain.words import FollowUpState, FollowUpTrigger
from tests.domain.builders import a_miss, step, story, the

CARE, LOSS, MOVED = the("bereavement-care"), the("after-a-loss"), the("moved-out")


def an_event(when: str, **changes: object):
    return a_miss(when, trigger=FollowUpTrigger.FAMILY_EVENT, contact_code="EVENT", **changes)


class TestCareAfterALoss:
    def test_is_asked_for_at_once_offered_by_a_person_and_asked_about_again_weeks_later(self):
        """Told on the day before Christmas Eve; everybody acknowledges at once."""
        assert story(an_event("2026-12-23 15:00"), CARE, days=50) == [
            "Wed 23 Dec 15:00 practitioner: tell-everybody",
            "Tue 29 Dec 09:00 practitioner: offer-care",
            "Mon 4 Jan 09:00 team_lead: lead-reviews",
            "Mon 18 Jan 17:00 team_lead: lead-reviews (lease_ended)",
            "Mon 1 Feb 17:00 team_lead: lead-reviews (lease_ended)",
            "Mon 8 Feb 09:00 practitioner: later-contact",
        ]

    def test_that_nobody_answers_goes_up(self):
        """A loss told at three is with the team lead the next morning, with the named nurse after Christmas."""
        assert story(an_event("2026-12-23 15:00"), CARE, days=8, acknowledging=False) == [
            "Wed 23 Dec 15:00 practitioner: tell-everybody",
            "Thu 24 Dec 11:00 team_lead: tell-everybody (not_acknowledged)",
            "Tue 29 Dec 09:00 team_lead: offer-care",
            "Wed 30 Dec 17:00 named_nurse: offer-care (not_acknowledged)",
        ]

    def test_runs_in_hours_for_a_high_risk_family_also_over_christmas(self):
        assert story(an_event("2026-12-23 15:00", high_risk=True), CARE, days=3) == [
            "Wed 23 Dec 15:00 practitioner: tell-everybody",
            "Thu 24 Dec 15:00 practitioner: offer-care",
            "Fri 25 Dec 15:00 team_lead: lead-reviews",
        ]


class TestWhatIsEndedAfterALoss:
    def test_asks_to_call_it_off_and_close_it_and_comes_back_until_somebody_has(self):
        """No step asks anybody to ring or visit the family."""
        assert story(a_miss("2026-10-23 10:00"), LOSS, days=14) == [
            "Fri 23 Oct 10:00 practitioner: end-gently",
            "Tue 27 Oct 09:00 team_lead: lead-checks",
            "Tue 3 Nov 17:00 team_lead: still-to-be-ended",
        ]

    @pytest.mark.parametrize("trigger", FollowUpTrigger)
    @pytest.mark.parametrize("high_risk", [False, True])
    def test_takes_over_whatever_was_followed_up_and_offers_no_text(self, trigger, high_risk):
        """Each cause has its first step, at both levels of risk."""
        facts = a_miss("2026-11-02 10:00", trigger=trigger, high_risk=high_risk, miss_count=3)
        decision, _ = step(facts, LOSS, facts.opened_at)
        assert [action.step_id for action in decision.actions] == ["end-gently"]
        assert not [action for action in decision.actions if isinstance(action, OfferText)]

    def test_is_closed_by_nobody_but_a_person(self):
        facts = a_miss("2026-11-02 10:00")
        decision, _ = step(facts, LOSS, facts.opened_at)
        assert (decision.state, decision.next_due_at is not None) == (FollowUpState.OPEN, True)


class TestFamilyThatMovedOut:
    def test_stays_with_the_sender_and_goes_up_until_somebody_has_accepted_it(self):
        """Through the change to winter time; everybody acknowledges, nobody accepts."""
        assert story(an_event("2026-10-19 10:00"), MOVED, days=29) == [
            "Mon 19 Oct 10:00 practitioner: find-receiver",
            "Wed 21 Oct 09:00 practitioner: hand-over",
            "Fri 23 Oct 17:00 practitioner: hand-over (lease_ended)",
            "Mon 26 Oct 09:00 team_lead: team-lead-takes-up",
            "Mon 2 Nov 09:00 named_nurse: named-nurse-takes-up",
            "Mon 9 Nov 17:00 team_lead: not-accepted-yet",
            "Mon 16 Nov 17:00 team_lead: not-accepted-yet",
        ]

    def test_of_high_risk_is_with_the_named_nurse_in_three_days(self):
        """Also over a weekend."""
        assert story(an_event("2026-11-06 16:00", high_risk=True), MOVED, days=4) == [
            "Fri 6 Nov 16:00 practitioner: find-receiver",
            "Sat 7 Nov 16:00 practitioner: hand-over",
            "Sun 8 Nov 16:00 team_lead: team-lead-takes-up",
            "Mon 9 Nov 16:00 named_nurse: named-nurse-takes-up",
            "Tue 10 Nov 16:00 team_lead: not-accepted-yet",
        ]
