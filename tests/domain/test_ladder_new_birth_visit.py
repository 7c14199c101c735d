"""The new birth visit's ladder, day by day (domain.md 3.3 ii), over Easter and both clock changes."""

from datetime import date

from models.domain.ladder_facts import OfferText, RecordPassed
from models.domain.words import FollowUpTrigger, OwnerRole
from tests.domain.builders import a_miss, at, step, story, the

VISIT = the("new-birth-visit")


def no_access(when: str, **changes):
    return a_miss(when, contact_code="HV-NBV", **changes)


class TestBirthVisitNeverBooked:
    def test_climbs_by_the_babys_age_over_easter_and_the_change_to_summer_time(self):
        """Born Saturday 13 March 2027. Day 7 is a Saturday: the Friday before. Day 12 is Maundy Thursday; days 14 and
        15 fall on the Easter weekend, so their steps come on the Thursday too. Day 21 is a Saturday, day 30 a Monday.
        From day 15 on, every working day asks for an attempt. It never ends.
        """
        born = date(2027, 3, 13)
        facts = no_access(
            "2027-03-19 09:00", trigger=FollowUpTrigger.NEVER_BOOKED, date_of_birth=born, unseen_since=None
        )
        assert story(facts, VISIT, days=32) == [
            "Fri 19 Mar 09:00 admin: book-visit",
            "Mon 22 Mar 17:00 admin: book-visit (lease_ended)",
            "Tue 23 Mar 17:00 admin: book-visit (lease_ended)",
            "Wed 24 Mar 17:00 admin: book-visit (lease_ended)",
            "Thu 25 Mar 09:00 practitioner: daily-attempt",
            "Thu 25 Mar 09:00 team_lead: day-12",
            "Thu 25 Mar 09:00 named_nurse: safeguarding-discussion",
            "Thu 25 Mar 17:00 team_lead: day-14",
            "Tue 30 Mar 09:00 practitioner: daily-attempt",
            "Wed 31 Mar 09:00 practitioner: daily-attempt",
            "Thu 1 Apr 09:00 practitioner: daily-attempt",
            "Fri 2 Apr 09:00 practitioner: daily-attempt",
            "Fri 2 Apr 09:00 named_nurse: day-21",
            "Mon 5 Apr 09:00 practitioner: daily-attempt",
            "Tue 6 Apr 09:00 practitioner: daily-attempt",
            "Wed 7 Apr 09:00 practitioner: daily-attempt",
            "Thu 8 Apr 09:00 practitioner: daily-attempt",
            "Fri 9 Apr 09:00 practitioner: daily-attempt",
            "Mon 12 Apr 09:00 practitioner: daily-attempt",
            "Mon 12 Apr 09:00 head_of_service: day-30",
            "Tue 13 Apr 09:00 practitioner: daily-attempt",
            "Wed 14 Apr 09:00 practitioner: daily-attempt",
            "Thu 15 Apr 09:00 practitioner: daily-attempt",
            "Fri 16 Apr 09:00 practitioner: daily-attempt",
            "Mon 19 Apr 09:00 practitioner: daily-attempt",
            "Tue 20 Apr 09:00 practitioner: daily-attempt",
        ]


class TestNoAccessAtBirthVisit:
    def test_on_day_12_is_told_at_the_doorstep_and_to_the_team_lead(self):
        """Day 12 doesn't keep the same-day steps from the health visitor; next working day a second attempt; day 15
        the safeguarding discussion, told on Friday because day 14 is a Friday and day 15 a Saturday. The team lead has
        four working hours to hand the visit over, and is asked again after each four.
        """
        assert story(no_access("2026-11-11 10:00", date_of_birth=date(2026, 10, 30)), VISIT, days=6) == [
            "Wed 11 Nov 10:00 practitioner: doorstep-same-day",
            "Wed 11 Nov 10:00 team_lead: day-12",
            "Wed 11 Nov 14:00 team_lead: day-12 (lease_ended)",
            "Thu 12 Nov 09:00 practitioner: second-attempt",
            "Thu 12 Nov 13:00 team_lead: day-12 (lease_ended)",
            "Thu 12 Nov 17:00 team_lead: day-12 (lease_ended)",
            "Fri 13 Nov 09:00 practitioner: daily-attempt",
            "Fri 13 Nov 09:00 named_nurse: safeguarding-discussion",
            "Fri 13 Nov 17:00 team_lead: day-14",
            "Mon 16 Nov 09:00 practitioner: daily-attempt",
            "Tue 17 Nov 09:00 practitioner: daily-attempt",
        ]

    def test_keeps_its_hours_over_the_change_to_winter_time(self):
        """Missed on the Friday before 25 October 2026; day 14 ends at 17:00 on the wall on Monday the 26th."""
        assert story(no_access("2026-10-23 10:00", date_of_birth=date(2026, 10, 12)), VISIT, days=5) == [
            "Fri 23 Oct 10:00 practitioner: doorstep-same-day",
            "Fri 23 Oct 10:00 team_lead: day-12",
            "Fri 23 Oct 14:00 team_lead: day-12 (lease_ended)",
            "Mon 26 Oct 09:00 practitioner: second-attempt",
            "Mon 26 Oct 13:00 team_lead: day-12 (lease_ended)",
            "Mon 26 Oct 17:00 team_lead: day-14",
            "Tue 27 Oct 09:00 practitioner: daily-attempt",
            "Tue 27 Oct 09:00 named_nurse: safeguarding-discussion",
            "Wed 28 Oct 09:00 practitioner: daily-attempt",
        ]

    def test_a_second_time_goes_to_the_named_nurse_at_once(self):
        """Day 15 or two attempts without seeing the baby, whichever is sooner; attempts every working day from then."""
        facts = no_access("2026-11-11 10:00", miss_count=2, date_of_birth=date(2026, 10, 31))
        assert story(facts, VISIT, days=2) == [
            "Wed 11 Nov 10:00 practitioner: doorstep-same-day",
            "Wed 11 Nov 10:00 named_nurse: safeguarding-discussion",
            "Thu 12 Nov 09:00 team_lead: day-12",
            "Thu 12 Nov 09:00 practitioner: daily-attempt",
            "Fri 13 Nov 09:00 practitioner: daily-attempt",
        ]

    def test_offers_a_text_at_the_doorstep_only(self):
        """One neutral text, after a person has checked; never from the breach steps."""
        facts = no_access("2026-11-11 10:00", date_of_birth=date(2026, 10, 30))
        decision, _ = step(facts, VISIT, at("2026-11-11 10:00"))
        assert [action for action in decision.actions if isinstance(action, OfferText)] == [
            OfferText("doorstep-same-day")
        ]

    def test_heard_of_days_late_fires_the_highest_step_only(self):
        """The extract came on day 18: nobody is asked to ring from the doorstep of six days ago."""
        facts = no_access("2026-11-11 10:00", date_of_birth=date(2026, 10, 30))
        decision, _ = step(facts, VISIT, at("2026-11-17 12:00"))
        passed = [action.step_id for action in decision.actions if isinstance(action, RecordPassed)]
        assert sorted(passed) == ["daily-attempt", "day-12", "day-14", "doorstep-same-day", "second-attempt"]
        assert decision.actions[-1].step_id == "safeguarding-discussion"

    def test_that_is_high_risk_is_tried_again_on_the_holiday(self):
        """A visit or a sighting after 24 real hours, on Good Friday; social care on the Saturday, the head of service
        on Sunday and every day after. Day 12 is a Sunday: the team lead hears on the Thursday.
        """
        facts = no_access("2027-03-25 11:00", high_risk=True, date_of_birth=date(2027, 3, 16))
        assert story(facts, VISIT, days=5) == [
            "Thu 25 Mar 11:00 practitioner: doorstep-same-day",
            "Thu 25 Mar 11:00 team_lead: day-12",
            "Thu 25 Mar 15:00 team_lead: high-risk-team-lead",
            "Fri 26 Mar 11:00 practitioner: high-risk-sighting",
            "Sat 27 Mar 11:00 named_nurse: high-risk-social-care",
            "Sun 28 Mar 12:00 head_of_service: high-risk-exception",
            "Mon 29 Mar 12:00 head_of_service: high-risk-exception",
        ]

    def test_that_is_high_risk_goes_up_within_hours_when_nobody_answers(self):
        """Day and night, also on a bank holiday."""
        facts = no_access("2027-03-25 11:00", high_risk=True, date_of_birth=date(2027, 3, 15))
        assert story(facts, VISIT, days=2, acknowledging=False)[:3] == [
            "Thu 25 Mar 11:00 practitioner: doorstep-same-day",
            "Thu 25 Mar 11:00 team_lead: day-12",
            "Thu 25 Mar 13:00 named_nurse: day-12 (not_acknowledged)",
        ]

    def test_after_a_pattern_goes_one_rung_faster(self):
        """The second attempt four working hours on, the discussion and the daily attempts on day 14; what is named by a
        day keeps its day. Born on 27 October: day 14 is a Tuesday.
        """
        facts = no_access("2026-11-09 10:00", faster=True, date_of_birth=date(2026, 10, 27))
        told = [line for line in story(facts, VISIT, days=8) if "daily-attempt" not in line and "lease" not in line]
        assert told == [
            "Mon 9 Nov 10:00 practitioner: doorstep-same-day",
            "Mon 9 Nov 10:00 team_lead: day-12",
            "Mon 9 Nov 14:00 practitioner: second-attempt",
            "Tue 10 Nov 09:00 named_nurse: safeguarding-discussion",
            "Tue 10 Nov 17:00 team_lead: day-14",
            "Tue 17 Nov 09:00 named_nurse: day-21",
        ]


class TestBirthVisitCancelled:
    def test_is_booked_again_and_climbs_by_age_all_the_same(self):
        """Cancelling is one of the ways in which the visit isn't achieved."""
        facts = no_access("2026-11-09 09:00", trigger=FollowUpTrigger.CANCELLED, date_of_birth=date(2026, 10, 31))
        assert story(facts, VISIT, days=3)[:4] == [
            "Mon 9 Nov 09:00 practitioner: rebook-visit",
            "Tue 10 Nov 09:00 practitioner: second-attempt",
            "Wed 11 Nov 17:00 practitioner: second-attempt (lease_ended)",
            "Thu 12 Nov 09:00 team_lead: day-12",
        ]

    def test_rests_for_a_visit_the_next_day_but_not_past_day_12(self):
        """A booking pauses the rebooking step alone; the baby's age goes on counting."""
        facts = no_access(
            "2026-11-09 09:00",
            trigger=FollowUpTrigger.CANCELLED,
            date_of_birth=date(2026, 10, 31),
            booked_until=at("2026-11-10 11:00"),
        )
        assert story(facts, VISIT, days=3)[:2] == [
            "Tue 10 Nov 09:00 practitioner: second-attempt",
            "Tue 10 Nov 15:00 practitioner: rebook-visit",
        ]


class TestBirthVisitBookedTooLate:
    def test_goes_to_the_team_lead_on_day_12_without_blaming_a_doorstep(self):
        """Nobody was out: there is no no-access step."""
        facts = no_access("2026-11-12 09:00", trigger=FollowUpTrigger.OVERDUE, date_of_birth=date(2026, 10, 31))
        decision, _ = step(facts, VISIT, at("2026-11-12 09:00"))
        assert [action.step_id for action in decision.actions] == ["day-12"]
        assert decision.actions[0].role_chain[0] is OwnerRole.TEAM_LEAD
