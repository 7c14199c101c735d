"""How a contact did not take place chooses the words of its steps: a family that came is not told that it did not."""

from dataclasses import replace

import pytest

from models.domain.contacts import how_of
from models.domain.words import AppointmentStatus, FollowUpTrigger, How, OutcomeSubtype, OwnerRole
from tests.domain.builders import a_miss, at, step, story, the

REVIEW, BIRTH, GENERAL = the("universal-review"), the("new-birth-visit"), the("general-missed")
S, T = AppointmentStatus, FollowUpTrigger


class TestHow:
    @pytest.mark.parametrize(
        ("trigger", "status", "subtype", "how"),
        [
            (T.MISSED, S.MISSED, None, How.NOT_BROUGHT),
            (T.MISSED, S.MISSED, OutcomeSubtype.REPEAT_LATE_CANCEL, How.NOT_BROUGHT),
            (T.MISSED, S.MISSED, OutcomeSubtype.NAV_NO_ANSWER, How.NO_ACCESS),
            (T.MISSED, S.MISSED, OutcomeSubtype.NAV_REFUSED_ENTRY, How.NO_ACCESS),
            (T.MISSED, S.MISSED, OutcomeSubtype.ADDRESS_UNKNOWN, How.NOT_FOUND),
            (T.MISSED, S.MISSED, OutcomeSubtype.TRAVELLING, How.NOT_FOUND),
            (T.MISSED, S.ARRIVED_NOT_SEEN, None, How.CAME),
            (T.MISSED, S.ATTENDED, OutcomeSubtype.LEFT_BEFORE_SEEN, How.CAME),
            (T.MISSED, S.ATTENDED, OutcomeSubtype.CHILD_NOT_SEEN, How.CHILD_NOT_SEEN),
            (T.MISSED, S.ATTENDED, None, How.UNPROVEN),
            (T.CANCELLED, S.CANCELLED_BY_FAMILY, None, How.BY_FAMILY),
            (T.CANCELLED, S.CANCELLED_BY_SERVICE, None, How.BY_SERVICE),
            (T.CANCELLED, S.CANCELLED, None, How.BY_UNKNOWN),
            (T.NEVER_BOOKED, S.BOOKED, None, None),
        ],
    )
    def test_is_read_from_status_and_subtype(self, trigger, status, subtype, how):
        """Domain.md 2.1; nothing is guessed from a reason's text."""
        assert how_of(trigger, status=status, subtype=subtype) is how


class TestFirstStep:
    @pytest.mark.parametrize(
        ("pathway", "how", "first"),
        [
            (REVIEW, How.NOT_BROUGHT, "phone-same-day"),
            (REVIEW, How.NO_ACCESS, "no-access"),
            (REVIEW, How.CAME, "came-not-seen"),
            (REVIEW, How.CHILD_NOT_SEEN, "child-not-seen"),
            (REVIEW, How.NOT_FOUND, "find-family"),
            (REVIEW, How.UNPROVEN, "prove-seen"),
            (BIRTH, How.NO_ACCESS, "doorstep-same-day"),
            (BIRTH, How.CHILD_NOT_SEEN, "baby-not-seen-at-visit"),
            (BIRTH, How.UNPROVEN, "prove-seen"),
            (GENERAL, How.CAME, "came-not-seen"),
            (GENERAL, How.NOT_BROUGHT, "practitioner-contacts"),
        ],
    )
    def test_of_a_miss_fits_how_it_was(self, pathway, how, first):
        """One step, with the words for it, at once."""
        facts = a_miss("2026-11-02 10:00", how=how)
        decision, _ = step(facts, pathway, at("2026-11-02 10:00"))
        assert [action.step_id for action in decision.actions if hasattr(action, "role_chain")] == [first]

    @pytest.mark.parametrize(
        ("how", "first", "owner"),
        [
            (How.BY_FAMILY, "rebook-review", OwnerRole.ADMIN),
            (How.BY_UNKNOWN, "rebook-review", OwnerRole.ADMIN),
            (How.BY_SERVICE, "rebook-review-ours", OwnerRole.ADMIN),
        ],
    )
    def test_of_a_cancellation_says_whose_it_was(self, how, first, owner):
        """What we cancelled, we book again, and say sorry."""
        facts = replace(a_miss("2026-11-02 10:00", how=how), trigger=T.CANCELLED)
        decision, _ = step(facts, REVIEW, at("2026-11-02 10:00"))
        assert [(action.step_id, action.role_chain[0]) for action in decision.actions] == [(first, owner)]

    def test_of_nobody_knows_how_is_the_plainest(self):
        """Rows from before this was kept."""
        decision, _ = step(a_miss("2026-11-02 10:00"), REVIEW, at("2026-11-02 10:00"))
        assert decision.actions[0].step_id == "phone-same-day"


class TestFamilyThatCame:
    def test_is_offered_a_better_time_and_never_called_not_brought(self):
        """Low tone (domain.md 2.1): thanks and a date; five working days on we still owe one; 28 days stay 28 days."""
        assert story(a_miss("2026-11-02 10:00", how=How.CAME), REVIEW, days=29) == [
            "Mon 2 Nov 10:00 practitioner: came-not-seen",
            "Wed 4 Nov 17:00 practitioner: came-not-seen (lease_ended)",
            "Fri 6 Nov 17:00 practitioner: came-not-seen (lease_ended)",
            "Mon 9 Nov 09:00 team_lead: still-no-date",
            "Wed 11 Nov 17:00 team_lead: still-no-date (lease_ended)",
            "Fri 13 Nov 17:00 team_lead: still-no-date (lease_ended)",
            "Tue 17 Nov 17:00 team_lead: still-no-date (lease_ended)",
            "Thu 19 Nov 17:00 team_lead: still-no-date (lease_ended)",
            "Mon 23 Nov 17:00 team_lead: still-no-date (lease_ended)",
            "Wed 25 Nov 17:00 team_lead: still-no-date (lease_ended)",
            "Fri 27 Nov 17:00 team_lead: still-no-date (lease_ended)",
            "Mon 30 Nov 09:00 team_lead: supervision",
        ]

    def test_a_second_time_gets_a_visit_at_home_and_no_risk_review_by_the_book(self):
        """The child has not been seen twice: the team lead knows, and the words stay kind."""
        facts = a_miss("2026-11-02 10:00", how=How.CAME, miss_count=2)
        decision, _ = step(facts, REVIEW, at("2026-11-02 10:00"))
        (alert,) = decision.actions
        assert (alert.step_id, alert.also_tell) == ("came-again-not-seen", (OwnerRole.TEAM_LEAD,))


class TestBabyWhoseVisitWeCancelled:
    def test_is_chased_by_its_age_all_the_same(self):
        """The breach is ours: booked again at once, and day 12, day 14 and the discussion come as for any baby."""
        facts = a_miss("2026-11-02 10:00", how=How.BY_SERVICE, contact_code="HV-NBV")
        born = at("2026-10-23 12:00").date()
        assert story(replace(facts, trigger=T.CANCELLED, date_of_birth=born), BIRTH, days=5) == [
            "Mon 2 Nov 10:00 admin: rebook-visit-ours",
            "Tue 3 Nov 17:00 admin: rebook-visit-ours (lease_ended)",
            "Wed 4 Nov 09:00 team_lead: day-12",
            "Wed 4 Nov 13:00 team_lead: day-12 (lease_ended)",
            "Wed 4 Nov 17:00 team_lead: day-12 (lease_ended)",
            "Thu 5 Nov 13:00 team_lead: day-12 (lease_ended)",
            "Thu 5 Nov 17:00 team_lead: day-12 (lease_ended)",
            "Fri 6 Nov 09:00 practitioner: daily-attempt",
            "Fri 6 Nov 09:00 named_nurse: safeguarding-discussion",
            "Fri 6 Nov 17:00 team_lead: day-14",
        ]
