"""The ladder of contacts without one of their own, day by day, over Easter and both clock changes."""

from datetime import date

from tests.domain.builders import a_miss, at, step, story, the

GENERAL = the("general-missed")


class TestContactMissed:
    def test_of_an_adult_is_followed_over_the_change_to_winter_time(self):
        """Same day; a second try on WD2; the team lead on WD5 and until seen."""
        facts = a_miss("2026-10-23 14:00", contact_code="GP-6W", date_of_birth=date(1995, 3, 20))
        assert story(facts, GENERAL, days=8) == [
            "Fri 23 Oct 14:00 practitioner: practitioner-contacts",
            "Tue 27 Oct 09:00 practitioner: practitioner-tries-again",
            "Thu 29 Oct 17:00 practitioner: practitioner-tries-again (lease_ended)",
            "Fri 30 Oct 09:00 team_lead: team-lead-decides",
        ]

    def test_of_a_baby_goes_one_rung_faster_over_easter(self):
        """domain.md 3.3 (vi): WD1 and WD2 instead of WD2 and WD5."""
        facts = a_miss("2027-03-25 14:00", contact_code="GP-6W-BABY", date_of_birth=date(2027, 2, 1))
        assert story(facts, GENERAL, days=7) == [
            "Thu 25 Mar 14:00 practitioner: practitioner-contacts",
            "Tue 30 Mar 09:00 practitioner: practitioner-tries-again",
            "Wed 31 Mar 09:00 team_lead: team-lead-decides",
        ]

    def test_that_is_high_risk_climbs_over_easter(self):
        """The overlay, and the team lead's decision after 48 hours."""
        assert story(a_miss("2027-03-25 14:00", contact_code="HV-AN", high_risk=True), GENERAL, days=4) == [
            "Thu 25 Mar 14:00 practitioner: practitioner-contacts",
            "Thu 25 Mar 18:00 team_lead: high-risk-team-lead",
            "Fri 26 Mar 14:00 practitioner: high-risk-sighting",
            "Sat 27 Mar 14:00 team_lead: team-lead-decides",
            "Sat 27 Mar 14:00 named_nurse: high-risk-social-care",
            "Sun 28 Mar 15:00 head_of_service: high-risk-exception",
        ]

    def test_a_second_time_goes_to_the_team_lead_at_once(self):
        """Beside the practitioner's call."""
        decision, _ = step(a_miss("2026-11-09 10:00", miss_count=2), GENERAL, at("2026-11-09 10:00"))
        assert [one.step_id for one in decision.actions] == ["practitioner-contacts", "team-lead-decides"]
