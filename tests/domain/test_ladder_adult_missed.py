"""The child's practitioner, told that an adult missed a health contact: day by day (domain.md 3.3 iv), over Easter."""

from datetime import date

from models.domain.words import FollowUpTrigger
from tests.domain.builders import a_miss, story, the

ADULT = the("adult-missed-contact")
TOLD = {"trigger": FollowUpTrigger.FAMILY_EVENT, "contact_code": "EVENT-ADULT-MISSED"}


class TestToldOfAMissedContact:
    def test_the_family_is_contacted_within_two_working_days(self):
        """Told on Maundy Thursday at 17:00; WD1 is Tuesday; the team lead asks at the end of WD2."""
        facts = a_miss("2027-03-25 17:00", **TOLD, date_of_birth=date(2025, 1, 1))
        assert story(facts, ADULT, days=7) == [
            "Thu 25 Mar 17:00 practitioner: look-at-the-child",
            "Tue 30 Mar 09:00 practitioner: contact-the-family",
            "Wed 31 Mar 17:00 team_lead: contact-made",
        ]

    def test_of_a_baby_under_one_the_next_working_day(self):
        facts = a_miss("2027-03-25 17:00", **TOLD, date_of_birth=date(2026, 3, 26))
        assert story(facts, ADULT, days=7)[:3] == [
            "Thu 25 Mar 17:00 practitioner: look-at-the-child",
            "Tue 30 Mar 09:00 practitioner: contact-the-family",
            "Tue 30 Mar 17:00 team_lead: contact-made",
        ]

    def test_a_child_whose_age_nobody_knows_counts_as_a_baby(self):
        assert "Tue 30 Mar 17:00 team_lead: contact-made" in story(a_miss("2027-03-25 17:00", **TOLD), ADULT, days=7)

    def test_on_the_first_birthday_two_days_again(self):
        facts = a_miss("2027-03-25 17:00", **TOLD, date_of_birth=date(2026, 3, 25))
        assert "Wed 31 Mar 17:00 team_lead: contact-made" in story(facts, ADULT, days=7)

    def test_nobody_who_acknowledges_by_the_next_working_day_means_the_team_lead(self):
        facts = a_miss("2027-03-25 17:00", **TOLD, date_of_birth=date(2025, 1, 1))
        told = story(facts, ADULT, days=6, acknowledging=False)
        assert told[:3] == [
            "Thu 25 Mar 17:00 practitioner: look-at-the-child",
            "Tue 30 Mar 09:00 practitioner: contact-the-family",
            "Tue 30 Mar 17:00 team_lead: contact-the-family (not_acknowledged)",
        ]

    def test_a_second_miss_is_talked_through_within_two_working_days(self):
        """With the other service and the GP; the team lead sees to it."""
        facts = a_miss("2027-03-25 17:00", **TOLD, miss_count=2, date_of_birth=date(2025, 1, 1))
        assert story(facts, ADULT, days=7) == [
            "Thu 25 Mar 17:00 practitioner: joint-discussion",
            "Tue 30 Mar 09:00 practitioner: contact-the-family",
            "Wed 31 Mar 17:00 team_lead: joint-discussion-held",
        ]

    def test_high_risk_runs_in_hours(self):
        facts = a_miss("2027-03-25 17:00", **TOLD, high_risk=True, date_of_birth=date(2025, 1, 1))
        assert story(facts, ADULT, days=3)[:3] == [
            "Thu 25 Mar 17:00 practitioner: look-at-the-child",
            "Thu 25 Mar 21:00 practitioner: contact-the-family",
            "Fri 26 Mar 17:00 team_lead: contact-made",
        ]
