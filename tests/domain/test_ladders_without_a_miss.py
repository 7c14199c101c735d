"""Ladders that no missed appointment began, day by day: over Easter and the change to summer time, and the change back.

Sources: domain.md 1.1 (an outcome nobody knows), 1.2 (declines), 3.3 (iv) (discharge), 4.1 (family review), design 3.3.
"""

import pytest

from models.domain.words import FollowUpTrigger, How
from tests.domain.builders import a_miss, story, the

MAUNDY_THURSDAY = "2027-03-25 14:00"  # Good Friday follows, the clocks go forward on Sunday, Monday is a holiday
BEFORE_WINTER_TIME = "2026-10-23 14:00"  # a Friday; the clocks go back on Sunday


def told(code: str, start: str, trigger: FollowUpTrigger, *, how: How | None = None, days: int = 14) -> list[str]:
    """The steps of a ladder as they are told; everybody acknowledges, nobody does anything."""
    lines = story(a_miss(start, trigger=trigger, how=how), the(code), days=days)
    return [line for line in lines if "lease_ended" not in line]


class TestDeclined:
    def test_with_something_missing_is_asked_for_and_then_the_team_leads(self):
        """Who, informed how, why, and last seen when: the practitioner at once, the team lead on WD2."""
        kind = {"trigger": FollowUpTrigger.DECLINED, "how": How.DECLINE_INCOMPLETE}
        assert told("declined", MAUNDY_THURSDAY, **kind, days=10) == [
            "Thu 25 Mar 14:00 practitioner: complete-decline",
            "Wed 31 Mar 09:00 team_lead: decline-still-incomplete",
        ]
        assert told("declined", BEFORE_WINTER_TIME, **kind) == [
            "Fri 23 Oct 14:00 practitioner: complete-decline",
            "Tue 27 Oct 09:00 team_lead: decline-still-incomplete",
            "Wed 4 Nov 17:00 team_lead: decline-still-open",
        ]

    def test_a_second_time_is_the_team_leads_from_the_start(self):
        """Or with a high-risk flag; and it comes back until it is reviewed."""
        kind = {"trigger": FollowUpTrigger.DECLINED, "how": How.DECLINE_COMPLETE_LEAD}
        assert told("declined", MAUNDY_THURSDAY, **kind) == [
            "Thu 25 Mar 14:00 team_lead: lead-reviews-decline",
            "Tue 6 Apr 17:00 team_lead: decline-still-open",
        ]
        assert told("declined", BEFORE_WINTER_TIME, **kind, days=12) == [
            "Fri 23 Oct 14:00 team_lead: lead-reviews-decline",
            "Mon 2 Nov 17:00 team_lead: decline-still-open",
        ]


class TestDischarge:
    def test_proposed_asks_the_practitioner_and_on_the_second_working_day_the_team_lead(self):
        """The other service waits for the view of those who see the child."""
        assert told("discharge-proposed", MAUNDY_THURSDAY, FollowUpTrigger.FAMILY_EVENT) == [
            "Thu 25 Mar 14:00 practitioner: give-your-view",
            "Wed 31 Mar 09:00 team_lead: team-lead-gives-view",
        ]
        assert told("discharge-proposed", BEFORE_WINTER_TIME, FollowUpTrigger.FAMILY_EVENT) == [
            "Fri 23 Oct 14:00 practitioner: give-your-view",
            "Tue 27 Oct 09:00 team_lead: team-lead-gives-view",
            "Wed 4 Nov 17:00 team_lead: discharge-still-open",
        ]

    def test_settled_has_the_family_looked_at_within_two_weeks(self):
        """Support thins out after care has ended."""
        assert told("discharge-followed-up", BEFORE_WINTER_TIME, FollowUpTrigger.FAMILY_EVENT) == [
            "Fri 23 Oct 14:00 practitioner: look-at-the-family",
            "Fri 6 Nov 09:00 team_lead: team-lead-looks",
        ]
        assert told("discharge-followed-up", MAUNDY_THURSDAY, FollowUpTrigger.FAMILY_EVENT, days=19) == [
            "Thu 25 Mar 14:00 practitioner: look-at-the-family",
            "Mon 12 Apr 09:00 team_lead: team-lead-looks",
        ]


class TestFamilyReview:
    def test_that_nobody_booked_is_arranged_then_asked_about_then_decided_on(self):
        """WD0 the practitioner, WD5 who has seen them, WD10 the team lead, WD20 supervision."""
        assert told("family-review", MAUNDY_THURSDAY, FollowUpTrigger.NEVER_BOOKED, days=34) == [
            "Thu 25 Mar 14:00 practitioner: book-the-review",
            "Mon 5 Apr 09:00 practitioner: ask-who-has-seen-them",
            "Mon 12 Apr 09:00 team_lead: team-lead-decides",
            "Mon 26 Apr 09:00 named_nurse: named-nurse-reviews",
        ]
        assert told("family-review", BEFORE_WINTER_TIME, FollowUpTrigger.NEVER_BOOKED, days=29) == [
            "Fri 23 Oct 14:00 practitioner: book-the-review",
            "Fri 30 Oct 09:00 practitioner: ask-who-has-seen-them",
            "Fri 6 Nov 09:00 team_lead: team-lead-decides",
            "Fri 20 Nov 09:00 named_nurse: named-nurse-reviews",
        ]


class TestOutcomeCorrected:
    def test_is_confirmed_by_a_person_and_comes_back_until_it_is(self):
        """Nobody is rung about it; it never closes by itself."""
        assert told("outcome-corrected", MAUNDY_THURSDAY, FollowUpTrigger.CORRECTED) == [
            "Thu 25 Mar 14:00 practitioner: confirm-correction",
            "Tue 6 Apr 17:00 team_lead: correction-not-confirmed",
        ]
        assert told("outcome-corrected", BEFORE_WINTER_TIME, FollowUpTrigger.CORRECTED) == [
            "Fri 23 Oct 14:00 practitioner: confirm-correction",
            "Mon 2 Nov 17:00 team_lead: correction-not-confirmed",
        ]


class TestOutcomeOfAPregnancyNobodyKnows:
    @pytest.mark.parametrize(
        ("start", "expected"),
        [
            (
                MAUNDY_THURSDAY,
                [
                    "Thu 25 Mar 14:00 practitioner: find-out-from-records",
                    "Wed 31 Mar 09:00 team_lead: team-lead-asks-maternity",
                    "Mon 5 Apr 09:00 named_nurse: named-nurse-decides",
                    "Wed 7 Apr 17:00 team_lead: outcome-still-unknown",
                ],
            ),
            (
                BEFORE_WINTER_TIME,
                [
                    "Fri 23 Oct 14:00 practitioner: find-out-from-records",
                    "Tue 27 Oct 09:00 team_lead: team-lead-asks-maternity",
                    "Fri 30 Oct 09:00 named_nurse: named-nurse-decides",
                    "Tue 3 Nov 17:00 team_lead: outcome-still-unknown",
                ],
            ),
        ],
    )
    def test_is_looked_up_first_and_on_the_fifth_working_day_a_missing_family(self, start, expected):
        """Records, then maternity on WD2, then the named nurse: no text, and nobody rings about a baby."""
        assert told("pregnancy-outcome-unknown", start, FollowUpTrigger.FAMILY_EVENT)[:4] == expected
