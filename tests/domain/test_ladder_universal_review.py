"""The universal review's ladder, day by day (domain.md 3.3 iii), over Easter and both clock changes."""

from dataclasses import replace
from datetime import date

import pytest

from models.domain.ladder_facts import OfferText, RecordPassed
from models.domain.words import FollowUpTrigger, OwnerRole
from tests.domain.builders import a_miss, at, local, step, story, the

REVIEW = the("universal-review")


def supervised(facts):
    """When supervision is first told."""
    return next(line for line in story(facts, REVIEW, days=30) if line.endswith("supervision"))


class TestReviewNotBrought:
    def test_is_followed_over_easter_and_the_change_to_summer_time(self):
        """Same day phone; WD2 second call; WD5 another way; 28 days unseen supervision. Good Friday is 26 March 2027,
        the clocks go forward on the 28th, Easter Monday is the 29th. What is in hand comes back when its lease ends.
        """
        assert story(a_miss("2027-03-25 14:00"), REVIEW, days=30) == [
            "Thu 25 Mar 14:00 practitioner: phone-same-day",
            "Wed 31 Mar 09:00 practitioner: second-call",
            "Fri 2 Apr 17:00 practitioner: second-call (lease_ended)",
            "Mon 5 Apr 09:00 practitioner: other-channel",
            "Mon 12 Apr 17:00 practitioner: other-channel (lease_ended)",
            "Mon 19 Apr 17:00 practitioner: other-channel (lease_ended)",
            "Thu 22 Apr 09:00 team_lead: supervision",
        ]

    def test_is_followed_over_the_change_to_winter_time(self):
        """Missed on the Friday before 25 October 2026; the steps keep their time on the wall."""
        assert story(a_miss("2026-10-23 16:30"), REVIEW, days=8) == [
            "Fri 23 Oct 16:30 practitioner: phone-same-day",
            "Tue 27 Oct 09:00 practitioner: second-call",
            "Thu 29 Oct 17:00 practitioner: second-call (lease_ended)",
            "Fri 30 Oct 09:00 practitioner: other-channel",
        ]

    def test_goes_up_when_nobody_answers_and_never_comes_down_by_itself(self):
        """Four working hours to acknowledge; then the team lead, who is told of the next step too."""
        assert story(a_miss("2027-03-25 14:00"), REVIEW, days=14, acknowledging=False) == [
            "Thu 25 Mar 14:00 practitioner: phone-same-day",
            "Tue 30 Mar 10:00 team_lead: phone-same-day (not_acknowledged)",
            "Wed 31 Mar 09:00 team_lead: second-call",
            "Fri 2 Apr 17:00 named_nurse: second-call (not_acknowledged)",
            "Mon 5 Apr 09:00 named_nurse: other-channel",
            "Wed 7 Apr 17:00 head_of_service: other-channel (not_acknowledged)",
        ]

    def test_tells_the_steps_own_person_when_another_step_carried_it_up(self):
        """The practitioner's next step is still the practitioner's work."""
        facts = a_miss("2027-03-25 14:00")
        for moment in ("2027-03-25 14:00", "2027-03-30 10:00"):
            _, facts = step(facts, REVIEW, at(moment))
        decision, _ = step(facts, REVIEW, at("2027-03-31 09:00"))
        assert decision.actions[0].role_chain[0] is OwnerRole.TEAM_LEAD
        assert decision.actions[0].also_tell == (OwnerRole.PRACTITIONER,)

    def test_offers_one_neutral_text_with_the_first_call(self):
        """Only offered: a person verifies and releases it."""
        decision, facts = step(a_miss("2026-11-02 10:00"), REVIEW, at("2026-11-02 10:00"))
        assert decision.actions[1:] == (OfferText("phone-same-day"),)
        later, _ = step(facts, REVIEW, at("2026-11-04 09:00"))
        assert not [action for action in later.actions if isinstance(action, OfferText)]

    def test_of_a_baby_heard_of_the_next_afternoon_offers_it_with_the_second_call(self):
        """One rung faster the second call has taken the first one's place by then; the text is not lost with it."""
        facts = replace(a_miss("2026-11-02 10:00", date_of_birth=date(2026, 6, 1)), opened_at=at("2026-11-03 14:00"))
        decision, facts = step(facts, REVIEW, facts.opened_at)
        assert [action for action in decision.actions if isinstance(action, OfferText)] == [OfferText("second-call")]
        later, _ = step(facts, REVIEW, at("2026-11-04 09:00"))
        assert not [action for action in later.actions if isinstance(action, OfferText)]

    def test_brought_late_to_us_fires_only_its_highest_step(self):
        """Recorded six working days after: the lower steps are recorded as passed, and no stale text is offered."""
        decision, _ = step(a_miss("2026-11-02 10:00"), REVIEW, at("2026-11-10 08:00"))
        *passed, fired = decision.actions
        assert fired.step_id == "other-channel"
        assert passed == [
            RecordPassed("second-call", at("2026-11-04 09:00")),
            RecordPassed("phone-same-day", at("2026-11-02 10:00")),
        ]

    def test_a_second_time_has_a_risk_review_and_a_visit_checked_by_the_team_lead(self):
        """Risk review in two working days, GP told, home visit within five."""
        assert story(a_miss("2026-11-02 10:00", miss_count=2), REVIEW, days=7) == [
            "Mon 2 Nov 10:00 practitioner: second-miss",
            "Wed 4 Nov 09:00 team_lead: second-miss-review",
            "Fri 6 Nov 17:00 team_lead: second-miss-review (lease_ended)",
            "Mon 9 Nov 09:00 team_lead: second-miss-visit",
        ]

    def test_a_third_time_goes_to_supervision_at_once(self):
        """Third miss: team lead and named nurse; no discharge."""
        decision, _ = step(a_miss("2026-11-02 10:00", miss_count=3), REVIEW, at("2026-11-02 10:00"))
        alert = decision.actions[-1]
        assert (alert.step_id, alert.role_chain[0]) == ("supervision", OwnerRole.TEAM_LEAD)
        assert alert.also_tell == (OwnerRole.NAMED_NURSE, OwnerRole.PRACTITIONER)

    def test_heard_of_the_next_morning_is_rung_up_although_its_window_is_nearly_over(self):
        """A 6-8 week review's last two weeks are its whole window: a nightly extract must not hide the phone call."""
        facts = a_miss("2026-11-02 10:00", contact_code="HV-6W", window_end=date(2026, 11, 10))
        facts = replace(facts, opened_at=at("2026-11-03 03:30"))
        decision, _ = step(facts, REVIEW, facts.opened_at)
        assert decision.step_id == "phone-same-day"

    def test_lists_the_child_before_the_window_ends_on_the_working_day_before(self):
        """Fourteen days before the latest date, 25 May 2027, is a Tuesday; before 17 May is the bank holiday, 3 May."""
        for window_end, expected in ((date(2027, 5, 25), "Tue 11 May 09:00"), (date(2027, 5, 17), "Fri 30 Apr 09:00")):
            told = story(a_miss("2027-04-26 10:00", window_end=window_end), REVIEW, days=20)
            assert f"{expected} team_lead: window-ending" in told

    def test_that_is_high_risk_climbs_in_elapsed_hours_over_the_holiday(self):
        """A miss before Good Friday is not first looked at on the Tuesday: 4, 24, 48 and 72 real hours; then the head
        of service reports every day, also on the bank holiday.
        """
        assert story(a_miss("2027-03-25 14:00", high_risk=True), REVIEW, days=6) == [
            "Thu 25 Mar 14:00 practitioner: phone-same-day",
            "Thu 25 Mar 18:00 team_lead: high-risk-team-lead",
            "Fri 26 Mar 14:00 practitioner: high-risk-sighting",
            "Sat 27 Mar 14:00 named_nurse: high-risk-social-care",
            "Sun 28 Mar 15:00 head_of_service: high-risk-exception",
            "Mon 29 Mar 15:00 head_of_service: high-risk-exception",
            "Tue 30 Mar 15:00 head_of_service: high-risk-exception",
        ]

    def test_of_a_baby_under_one_goes_one_rung_faster(self):
        """domain.md 3.3 (vi): without any flag. The second call a day sooner, the letter on WD2, supervision after 14
        days; whoever was under one at the miss stays on that pace after the birthday.
        """
        baby = a_miss("2027-03-25 14:00", date_of_birth=date(2026, 3, 26))
        assert story(baby, REVIEW, days=15) == [
            "Thu 25 Mar 14:00 practitioner: phone-same-day",
            "Tue 30 Mar 09:00 practitioner: second-call",
            "Wed 31 Mar 09:00 practitioner: other-channel",
            "Wed 7 Apr 17:00 practitioner: other-channel (lease_ended)",
            "Thu 8 Apr 09:00 team_lead: supervision",
        ]
        assert "Wed 31 Mar 09:00 practitioner: second-call" in story(
            a_miss("2027-03-25 14:00", date_of_birth=date(2026, 3, 25)), REVIEW, days=15
        )

    def test_of_six_to_eight_weeks_rests_only_for_a_date_within_five_working_days(self):
        """New date within 10 working days, for a 6-8 week review within 5."""
        booked = at("2026-11-10 11:00")  # six working days after the miss
        for code, first in (("HV-1Y", "Thu 12 Nov 17:00"), ("HV-6W", "Mon 2 Nov 09:00")):
            facts = a_miss(
                "2026-11-02 09:00",
                contact_code=code,
                trigger=FollowUpTrigger.NEVER_BOOKED,
                unseen_since=None,
                booked_until=booked,
            )
            decision, _ = step(facts, REVIEW, at("2026-11-02 09:00"))
            moment = decision.actions[0].was_due_at if decision.actions else decision.next_due_at
            assert local(moment) == first


class TestReviewNeverBooked:
    def test_is_booked_by_the_office_and_goes_on_until_seen(self):
        """Never booked is as visible as missed."""
        facts = a_miss("2026-11-02 09:00", trigger=FollowUpTrigger.NEVER_BOOKED, unseen_since=None)
        assert story(facts, REVIEW, days=8) == [
            "Mon 2 Nov 09:00 admin: book-review",
            "Wed 4 Nov 17:00 admin: book-review (lease_ended)",
            "Fri 6 Nov 17:00 admin: book-review (lease_ended)",
            "Mon 9 Nov 09:00 practitioner: other-channel",
        ]

    @pytest.mark.parametrize("trigger", [FollowUpTrigger.NEVER_BOOKED, FollowUpTrigger.OVERDUE])
    def test_goes_to_supervision_28_days_after_it_was_found(self, trigger):
        """28 d unseen; of a baby, or where a pattern hastened it, and at high risk 14. A high-risk child's overdue
        review has the overlay's hours before that.
        """
        facts = a_miss("2026-11-02 09:00", trigger=trigger)
        assert supervised(facts) == "Mon 30 Nov 09:00 team_lead: supervision"
        fourteen_days = "Mon 16 Nov 09:00 team_lead: supervision"
        assert supervised(replace(facts, date_of_birth=date(2026, 1, 1))) == fourteen_days
        assert supervised(replace(facts, faster=True)) == fourteen_days
        assert supervised(replace(facts, high_risk=True)) == fourteen_days.replace("team_lead", "named_nurse")

    def test_rests_while_a_near_date_is_booked_and_goes_on_after_it(self):
        """Rebooking pauses, it never closes: two working days after the date it speaks again."""
        facts = a_miss(
            "2026-11-02 09:00",
            trigger=FollowUpTrigger.NEVER_BOOKED,
            unseen_since=None,
            booked_until=at("2026-11-06 11:00"),
        )
        decision, _ = step(facts, REVIEW, at("2026-11-02 09:00"))
        assert decision.actions == ()
        assert local(decision.next_due_at) == "Tue 10 Nov 17:00"

    def test_does_not_rest_for_a_date_far_off(self):
        """A new date has to be within ten working days to count as a plan."""
        facts = a_miss(
            "2026-11-02 09:00",
            trigger=FollowUpTrigger.NEVER_BOOKED,
            unseen_since=None,
            booked_until=at("2026-11-17 11:00"),
        )
        decision, _ = step(facts, REVIEW, at("2026-11-02 09:00"))
        assert decision.actions[0].step_id == "book-review"
