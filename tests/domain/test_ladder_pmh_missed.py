"""The perinatal mental health team's ladder for a parent, day by day (domain.md 3.3 iv), over Easter and the clocks."""

from models.domain.ladder_facts import OfferText
from models.domain.words import FollowUpTrigger, OwnerRole
from tests.domain.builders import a_miss, at, step, story, the

PMH = the("pmh-missed")


def not_seen(when: str, **changes):
    return a_miss(when, contact_code="PMH-ASSESS", **changes)


class TestParentsAppointmentMissed:
    def test_is_followed_over_easter_and_the_change_to_summer_time(self):
        """Same day call and risk check; WD2 a second offer; the team lead after a week, and again until seen."""
        assert story(not_seen("2027-03-25 14:00"), PMH, days=20) == [
            "Thu 25 Mar 14:00 practitioner: phone-and-risk-check",
            "Wed 31 Mar 09:00 practitioner: second-offer",
            "Fri 2 Apr 17:00 practitioner: second-offer (lease_ended)",
            "Mon 5 Apr 09:00 team_lead: not-reached-in-a-week",
            "Wed 7 Apr 17:00 team_lead: not-reached-in-a-week (lease_ended)",
            "Fri 9 Apr 17:00 team_lead: not-reached-in-a-week (lease_ended)",
            "Tue 13 Apr 17:00 team_lead: parent-still-not-seen",
        ]

    def test_is_followed_over_the_change_to_winter_time(self):
        """The clocks go back on 25 October 2026; the steps keep their time on the wall."""
        assert story(not_seen("2026-10-23 10:00"), PMH, days=8) == [
            "Fri 23 Oct 10:00 practitioner: phone-and-risk-check",
            "Tue 27 Oct 09:00 practitioner: second-offer",
            "Thu 29 Oct 17:00 practitioner: second-offer (lease_ended)",
            "Fri 30 Oct 09:00 team_lead: not-reached-in-a-week",
        ]

    def test_goes_to_the_team_lead_the_same_day_when_nobody_answers(self):
        """Four working hours for the risk check."""
        told = story(not_seen("2026-11-09 10:00"), PMH, days=1, acknowledging=False)
        assert told[:2] == [
            "Mon 9 Nov 10:00 practitioner: phone-and-risk-check",
            "Mon 9 Nov 14:00 team_lead: phone-and-risk-check (not_acknowledged)",
        ]

    def test_a_second_time_is_discussed_jointly_within_two_working_days(self):
        """PMH, health visitor and GP; on the second working day the team lead makes sure of it."""
        told = story(not_seen("2026-11-09 10:00", miss_count=2), PMH, days=3)
        assert told == [
            "Mon 9 Nov 10:00 practitioner: joint-discussion",
            "Wed 11 Nov 09:00 practitioner: second-offer",
            "Wed 11 Nov 09:00 team_lead: joint-discussion-held",
        ]
        decision, _ = step(not_seen("2026-11-09 10:00", miss_count=2), PMH, at("2026-11-09 10:00"))
        assert decision.actions[-1].also_tell == (OwnerRole.TEAM_LEAD,)

    def test_rests_for_an_appointment_within_five_working_days(self):
        """The second offer, not the first call: that one is about how she is today."""
        facts = not_seen("2026-11-09 10:00", booked_until=at("2026-11-13 11:00"))
        assert [line for line in story(facts, PMH, days=9) if "lease" not in line] == [
            "Mon 9 Nov 10:00 practitioner: phone-and-risk-check",
            "Mon 16 Nov 09:00 team_lead: not-reached-in-a-week",
            "Mon 16 Nov 17:00 practitioner: second-offer",
        ]

    def test_never_offers_a_text(self):
        """Appointments here are highly disclosive (domain.md 1.6): a person rings."""
        facts = not_seen("2026-11-09 10:00")
        now = facts.opened_at
        for _ in range(15):
            decision, facts = step(facts, PMH, now)
            assert not [one for one in decision.actions if isinstance(one, OfferText)]
            now = decision.next_due_at

    def test_with_a_red_flag_or_high_risk_is_in_elapsed_hours(self):
        """Missed appointment and a red flag in the last 30 days: the overlay at once (domain.md 4.1)."""
        told = story(not_seen("2027-03-25 14:00", high_risk=True), PMH, days=4)
        assert told == [
            "Thu 25 Mar 14:00 practitioner: phone-and-risk-check",
            "Thu 25 Mar 18:00 team_lead: high-risk-team-lead",
            "Fri 26 Mar 14:00 practitioner: high-risk-sighting",
            "Sat 27 Mar 14:00 team_lead: not-reached-in-a-week",
            "Sat 27 Mar 14:00 named_nurse: high-risk-social-care",
            "Sun 28 Mar 15:00 head_of_service: high-risk-exception",
        ]


class TestParentsAppointmentCancelled:
    def test_is_offered_again(self):
        """A cancelled appointment is offered again, without the alarm of a missed one."""
        facts = not_seen("2026-11-09 10:00", trigger=FollowUpTrigger.CANCELLED)
        assert story(facts, PMH, days=2) == [
            "Mon 9 Nov 10:00 practitioner: offer-again",
            "Wed 11 Nov 09:00 practitioner: second-offer",
        ]
