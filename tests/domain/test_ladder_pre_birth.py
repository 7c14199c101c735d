"""The ladder of a missed pre-birth assessment, day by day (domain.md 3.3 v), over Easter and both clock changes."""

from datetime import date

from models.domain.words import FollowUpTrigger, OwnerRole
from tests.domain.builders import a_miss, at, step, story, the

PRE_BIRTH = the("pre-birth")
WEEK_26 = date(2027, 7, 1)


def not_held(when: str, **changes):
    return a_miss(when, contact_code="PB-ASSESS", edd=changes.pop("edd", WEEK_26), **changes)


class TestPreBirthAssessmentMissedByAParent:
    def test_is_followed_over_easter_and_the_change_to_summer_time(self):
        """Same day contact; joint review after 24 real hours, on Good Friday; held again within three working days."""
        assert story(not_held("2027-03-25 14:00"), PRE_BIRTH, days=8) == [
            "Thu 25 Mar 14:00 practitioner: contact-and-inform",
            "Fri 26 Mar 14:00 named_nurse: joint-review",
            "Wed 31 Mar 17:00 named_nurse: joint-review (lease_ended)",
            "Thu 1 Apr 09:00 team_lead: new-date-held",
        ]

    def test_is_followed_over_the_change_to_winter_time(self):
        """The clocks go back in the night to Sunday, 25 October 2026."""
        assert story(not_held("2026-10-23 10:00", edd=date(2027, 3, 1)), PRE_BIRTH, days=6) == [
            "Fri 23 Oct 10:00 practitioner: contact-and-inform",
            "Sat 24 Oct 10:00 named_nurse: joint-review",
            "Tue 27 Oct 17:00 named_nurse: joint-review (lease_ended)",
            "Wed 28 Oct 09:00 team_lead: new-date-held",
        ]

    def test_from_32_weeks_is_held_again_within_48_hours_and_by_34_weeks_discussed_at_strategy_level(self):
        """33 weeks on Maundy Thursday: 34 weeks are reached on Friday, 2 April."""
        told = story(not_held("2027-03-25 14:00", edd=date(2027, 5, 14)), PRE_BIRTH, days=9)
        assert told == [
            "Thu 25 Mar 14:00 practitioner: contact-and-inform",
            "Fri 26 Mar 14:00 named_nurse: joint-review",
            "Sat 27 Mar 14:00 team_lead: new-date-held",
            "Wed 31 Mar 17:00 team_lead: new-date-held (lease_ended)",
            "Fri 2 Apr 09:00 named_nurse: strategy-discussion",
        ]

    def test_a_second_time_is_discussed_at_strategy_level_at_once(self):
        """2nd miss: named nurse with the social care manager."""
        assert story(not_held("2027-03-25 14:00", miss_count=2), PRE_BIRTH, days=0) == [
            "Thu 25 Mar 14:00 practitioner: contact-and-inform",
            "Thu 25 Mar 14:00 named_nurse: strategy-discussion",
        ]

    def test_under_a_pre_birth_plan_is_in_elapsed_hours(self):
        """The plan is a high-risk flag: the overlay, and the ladder's own joint review beside it."""
        assert story(not_held("2027-03-25 14:00", high_risk=True), PRE_BIRTH, days=4) == [
            "Thu 25 Mar 14:00 practitioner: contact-and-inform",
            "Thu 25 Mar 18:00 team_lead: high-risk-team-lead",
            "Fri 26 Mar 14:00 named_nurse: joint-review",
            "Fri 26 Mar 14:00 practitioner: high-risk-sighting",
            "Sat 27 Mar 14:00 team_lead: new-date-held",
            "Sat 27 Mar 14:00 named_nurse: high-risk-social-care",
            "Sun 28 Mar 15:00 head_of_service: high-risk-exception",
        ]


class TestPreBirthAssessmentMissedByAnAgency:
    def test_is_challenged_at_once_and_never_blamed_on_the_family(self):
        """Our own side missed it: the named nurse challenges (domain.md 4.5); nobody rings the family to ask why."""
        for trigger in (FollowUpTrigger.OVERDUE, FollowUpTrigger.NEVER_BOOKED):
            assert story(not_held("2027-03-25 14:00", trigger=trigger), PRE_BIRTH, days=4) == [
                "Thu 25 Mar 14:00 named_nurse: agency-challenge",
                "Fri 26 Mar 14:00 named_nurse: joint-review",
            ]

    def test_challenge_goes_to_the_head_of_service_when_nobody_answers(self):
        """A challenge that nobody takes up is not one."""
        facts = not_held("2026-11-09 10:00", trigger=FollowUpTrigger.OVERDUE)
        told = story(facts, PRE_BIRTH, days=1, acknowledging=False)
        assert told == [
            "Mon 9 Nov 10:00 named_nurse: agency-challenge",
            "Tue 10 Nov 10:00 head_of_service: joint-review",
        ]

    def test_that_was_cancelled_asks_both(self):
        """By whom it was cancelled shows only afterwards."""
        decision, _ = step(
            not_held("2026-11-09 10:00", trigger=FollowUpTrigger.CANCELLED), PRE_BIRTH, at("2026-11-09 10:00")
        )
        assert [(one.step_id, one.role_chain[0]) for one in decision.actions] == [
            ("contact-and-inform", OwnerRole.PRACTITIONER),
            ("agency-challenge", OwnerRole.NAMED_NURSE),
        ]


class TestPreBirthEvent:
    def test_recorded_by_a_person_climbs_the_same_ladder(self):
        """A missed assessment that no appointment stands for."""
        facts = a_miss("2027-03-25 14:00", contact_code="EVENT-PRE-BIRTH", trigger=FollowUpTrigger.FAMILY_EVENT)
        assert story(facts, PRE_BIRTH, days=2) == [
            "Thu 25 Mar 14:00 practitioner: contact-and-inform",
            "Fri 26 Mar 14:00 named_nurse: joint-review",
        ]
