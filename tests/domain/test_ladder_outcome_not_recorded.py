"""The ladder of an unrecorded outcome (domain.md 3.2, L0): on staff only, over a weekend, Easter and a clock change."""

from models.domain.ladder_facts import OfferText
from models.domain.words import FollowUpTrigger
from tests.domain.builders import a_miss, at, step, story, the

UNRECORDED = the("outcome-not-recorded")


def unrecorded(end: str, *, opened: str, **changes):
    return a_miss(end, trigger=FollowUpTrigger.OUTCOME_NOT_RECORDED, opened_at=at(opened), **changes)


class TestOutcomeNotRecorded:
    def test_asks_twice_and_then_the_team_lead_settles_it(self):
        """WD1 12:00 the second request; WD2 the team lead; then every working day. The clocks go back on 25 October."""
        facts = unrecorded("2026-10-23 16:30", opened="2026-10-23 18:30")
        assert story(facts, UNRECORDED, days=7, acknowledging=False) == [
            "Fri 23 Oct 18:30 practitioner: ask-practitioner",
            "Mon 26 Oct 12:00 practitioner: ask-again",
            "Mon 26 Oct 16:00 team_lead: ask-again (not_acknowledged)",
            "Tue 27 Oct 09:00 team_lead: settle",
            "Tue 27 Oct 17:00 head_of_service: settle (not_acknowledged)",
            "Wed 28 Oct 09:00 head_of_service: still-no-outcome",
            "Thu 29 Oct 09:00 head_of_service: still-no-outcome",
            "Fri 30 Oct 09:00 head_of_service: still-no-outcome",
        ]

    def test_counts_from_the_appointment_also_where_the_nightly_extract_opened_it(self):
        """Opened in the night to Good Friday; the working days are those after Maundy Thursday."""
        facts = unrecorded("2027-03-25 14:00", opened="2027-03-26 03:30")
        assert story(facts, UNRECORDED, days=6) == [
            "Fri 26 Mar 03:30 practitioner: ask-practitioner",
            "Tue 30 Mar 12:00 practitioner: ask-again",
            "Wed 31 Mar 09:00 team_lead: settle",
        ]

    def test_that_opened_late_begins_at_the_step_it_has_reached(self):
        """A feed two days late: one alert, not two."""
        facts = unrecorded("2026-11-02 14:00", opened="2026-11-04 06:00")
        assert story(facts, UNRECORDED, days=1)[:2] == [
            "Wed 4 Nov 06:00 practitioner: ask-again",
            "Wed 4 Nov 09:00 team_lead: settle",
        ]

    def test_of_a_birth_visit_goes_to_duty_after_four_hours_as_for_high_risk(self):
        """Treated as not known to be seen, in real hours, over the holiday."""
        expected = [
            "Thu 25 Mar 16:00 practitioner: ask-practitioner",
            "Thu 25 Mar 18:00 duty: not-known-to-be-seen",
            "Fri 26 Mar 06:00 duty: not-known-to-be-seen (lease_ended)",
            "Fri 26 Mar 14:00 team_lead: settle",
        ]
        for changes in ({"contact_code": "HV-NBV"}, {"high_risk": True}):
            facts = unrecorded("2027-03-25 14:00", opened="2027-03-25 16:00", **changes)
            assert story(facts, UNRECORDED, days=1) == expected

    def test_never_offers_a_text_to_the_family(self):
        """A family is never told "you missed" because nobody typed."""
        facts = unrecorded("2026-10-23 16:30", opened="2026-10-23 18:30")
        now = facts.opened_at
        for _ in range(20):
            decision, facts = step(facts, UNRECORDED, now)
            assert not [action for action in decision.actions if isinstance(action, OfferText)]
            now = decision.next_due_at
