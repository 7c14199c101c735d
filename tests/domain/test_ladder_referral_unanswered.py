"""The ladder of an unanswered referral, day by day (domain.md 4.2), over Easter and both clock changes."""

from models.domain.words import FollowUpTrigger
from tests.domain.builders import a_miss, story, the

REFERRAL = the("referral-unanswered")


def silent(when: str, **changes):
    return a_miss(when, contact_code="REFERRAL", trigger=FollowUpTrigger.REFERRAL_UNANSWERED, **changes)


class TestReferralUnanswered:
    def test_is_chased_over_easter_and_the_change_to_summer_time(self):
        """At once, by the team lead on WD2, by the head of service on WD5, and again until there is an answer."""
        told = [line for line in story(silent("2027-03-25 14:00"), REFERRAL, days=14) if "lease" not in line]
        assert told == [
            "Thu 25 Mar 14:00 practitioner: chase-service",
            "Wed 31 Mar 09:00 team_lead: team-lead-chases",
            "Mon 5 Apr 09:00 head_of_service: head-of-service-challenges",
            "Wed 7 Apr 17:00 team_lead: still-unanswered",
        ]

    def test_is_chased_over_the_change_to_winter_time(self):
        """The clocks go back on 25 October 2026."""
        assert story(silent("2026-10-23 10:00"), REFERRAL, days=5)[:2] == [
            "Fri 23 Oct 10:00 practitioner: chase-service",
            "Tue 27 Oct 09:00 team_lead: team-lead-chases",
        ]

    def test_that_is_high_risk_is_chased_in_elapsed_hours(self):
        """24 and 48 hours, also on a bank holiday."""
        assert story(silent("2027-03-25 14:00", high_risk=True), REFERRAL, days=2) == [
            "Thu 25 Mar 14:00 practitioner: chase-service",
            "Fri 26 Mar 14:00 team_lead: team-lead-chases",
            "Sat 27 Mar 14:00 head_of_service: head-of-service-challenges",
        ]
