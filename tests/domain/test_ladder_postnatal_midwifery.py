"""The postnatal midwife's ladder, day by day (domain.md 1.5, 3.3 ii), over Easter and the change to winter time."""

from datetime import date

from models.domain.words import FollowUpTrigger
from tests.domain.builders import a_miss, at, story, the

POSTNATAL = the("postnatal-midwifery")


def no_access(when: str, **changes):
    return a_miss(when, contact_code="MW-PN5", **changes)


class TestPostnatalVisitNotAchieved:
    def test_is_followed_every_day_over_easter(self):
        """Five days old on Maundy Thursday: these visits run every day, so the next is on Good Friday, the team lead
        hears on Saturday, the named nurse on Easter Monday; real hours, so 15:00 from the new clock on.
        """
        assert story(no_access("2027-03-25 14:00", date_of_birth=date(2027, 3, 20)), POSTNATAL, days=6) == [
            "Thu 25 Mar 14:00 practitioner: postnatal-doorstep",
            "Fri 26 Mar 14:00 practitioner: postnatal-second-visit",
            "Sat 27 Mar 14:00 team_lead: postnatal-team-lead",
            "Sun 28 Mar 15:00 team_lead: postnatal-team-lead (lease_ended)",
            "Mon 29 Mar 15:00 named_nurse: postnatal-safeguarding",
            "Tue 30 Mar 15:00 team_lead: newborn-still-not-seen",
        ]

    def test_is_followed_over_the_change_to_winter_time(self):
        """48 real hours from Friday 10:00 are Sunday 09:00 on the new clock."""
        assert story(no_access("2026-10-23 10:00"), POSTNATAL, days=3)[:3] == [
            "Fri 23 Oct 10:00 practitioner: postnatal-doorstep",
            "Sat 24 Oct 10:00 practitioner: postnatal-second-visit",
            "Sun 25 Oct 09:00 team_lead: postnatal-team-lead",
        ]

    def test_a_second_time_goes_to_the_team_lead_at_once(self):
        """A second visit without seeing the baby is not only the midwife's."""
        facts = no_access("2026-11-09 14:00", miss_count=2, unseen_since=at("2026-11-08 14:00"))
        assert story(facts, POSTNATAL, days=0) == [
            "Mon 9 Nov 14:00 practitioner: postnatal-doorstep",
            "Mon 9 Nov 14:00 team_lead: postnatal-team-lead",
        ]

    def test_that_is_high_risk_reaches_social_care_in_two_days(self):
        """The overlay."""
        told = story(no_access("2027-03-25 14:00", high_risk=True), POSTNATAL, days=2)
        assert told == [
            "Thu 25 Mar 14:00 practitioner: postnatal-doorstep",
            "Thu 25 Mar 18:00 team_lead: high-risk-team-lead",
            "Fri 26 Mar 14:00 practitioner: high-risk-sighting",
            "Sat 27 Mar 14:00 team_lead: postnatal-team-lead",
            "Sat 27 Mar 14:00 named_nurse: high-risk-social-care",
        ]

    def test_cancelled_rests_for_a_visit_the_next_day_only(self):
        """Booked for tomorrow: the booking step rests, the second visit does not."""
        facts = no_access("2026-11-09 14:00", trigger=FollowUpTrigger.CANCELLED, booked_until=at("2026-11-10 11:00"))
        assert story(facts, POSTNATAL, days=1) == [
            "Tue 10 Nov 14:00 practitioner: postnatal-second-visit",
        ]
