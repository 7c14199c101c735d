"""What a pattern does to a ladder: the team lead at once, one rung faster; and the ladder where nothing is live."""

from dataclasses import replace
from datetime import date

from models.domain.ladder import carried_over
from models.domain.ladder_facts import RaiseAlert
from models.domain.words import FollowUpTrigger, OwnerRole
from tests.domain.builders import a_miss, acknowledged, at, local, rules, step, story, the

REVIEW, PATTERN = the("universal-review"), the("pattern")
LADDERS_OF_A_MISS = (
    "new-birth-visit", "universal-review", "antenatal-midwifery", "postnatal-midwifery", "pmh-missed", "pre-birth",
    "general-missed",
)  # fmt: skip
EVENT = FollowUpTrigger.FAMILY_EVENT
RAISED = (
    FollowUpTrigger.MISSED, FollowUpTrigger.CANCELLED, FollowUpTrigger.NEVER_BOOKED, FollowUpTrigger.OVERDUE, EVENT,
)  # fmt: skip


class TestPatternOnALiveFollowUp:
    def test_tells_the_team_lead_at_once_and_moves_the_ladder_one_rung_faster(self):
        """Missed on Monday, the pattern is found on Tuesday at noon: the team lead hears then, and the second call, due
        on Wednesday, has been due since Tuesday morning.
        """
        _, facts = step(a_miss("2026-11-09 10:00"), REVIEW, at("2026-11-09 10:00"))
        facts = acknowledged(facts, REVIEW, at("2026-11-09 10:30"))
        found = at("2026-11-10 12:00")
        decision, _ = step(replace(facts, pattern_at=found, faster=True), REVIEW, found)
        assert [(one.step_id, one.role_chain[0], local(one.was_due_at)) for one in decision.actions] == [
            ("pattern-found", OwnerRole.TEAM_LEAD, "Tue 10 Nov 12:00"),
            ("second-call", OwnerRole.PRACTITIONER, "Tue 10 Nov 09:00"),
        ]

    def test_is_the_team_leads_to_answer_and_goes_up_unless_somebody_does(self):
        """It is in hand even where the practitioner's step stands higher: four working hours, then the named nurse."""
        _, facts = step(a_miss("2026-11-09 10:00"), REVIEW, at("2026-11-09 10:00"))
        facts = acknowledged(facts, REVIEW, at("2026-11-09 10:30"))
        decision, facts = step(replace(facts, pattern_at=at("2026-11-09 11:00")), REVIEW, at("2026-11-09 11:00"))
        assert (decision.step_id, local(decision.next_due_at)) == ("pattern-found", "Mon 9 Nov 15:00")
        decision, _ = step(facts, REVIEW, at("2026-11-09 15:00"))
        assert [(one.step_id, one.role_chain[0]) for one in decision.actions] == [
            ("pattern-found", OwnerRole.NAMED_NURSE)
        ]

    def test_is_told_once_and_again_only_for_another_pattern(self):
        """Once per occasion; each telling has a number of its own, from which its key is built."""
        first, second = at("2026-11-09 11:00"), at("2026-11-12 11:00")
        _, facts = step(replace(a_miss("2026-11-09 10:00"), pattern_at=first), REVIEW, first)
        again, facts = step(facts, REVIEW, at("2026-11-09 11:30"))
        assert again.actions == ()
        decision, _ = step(replace(facts, pattern_at=second), REVIEW, second)
        told = [one for one in decision.actions if isinstance(one, RaiseAlert) and one.step_id == "pattern-found"]
        assert [one.occurrence for one in told] == [2]

    def test_is_not_told_anew_when_the_thread_goes_on_in_a_later_miss(self):
        """A second miss carries what was said of the pattern over."""
        found = at("2026-11-09 11:00")
        _, facts = step(replace(a_miss("2026-11-09 10:00"), pattern_at=found), REVIEW, found)
        later = replace(a_miss("2026-11-16 10:00"), pattern_at=found, done=carried_over(facts.done, REVIEW))
        decision, _ = step(later, REVIEW, at("2026-11-16 10:00"))
        assert [one.step_id for one in decision.actions if isinstance(one, RaiseAlert)] == ["phone-same-day"]

    def test_reaches_the_team_lead_on_every_ladder_of_a_miss_at_every_pace(self):
        """domain.md 3.4: whichever follow-up is live."""
        found = at("2026-11-09 11:00")
        for code in LADDERS_OF_A_MISS:
            for high_risk in (False, True):
                facts = a_miss("2026-11-09 10:00", high_risk=high_risk, date_of_birth=date(2026, 11, 1))
                _, facts = step(facts, the(code), at("2026-11-09 10:00"))
                decision, _ = step(replace(facts, pattern_at=found), the(code), found)
                told = [one for one in decision.actions if isinstance(one, RaiseAlert)]
                assert ("pattern-found", OwnerRole.TEAM_LEAD) in [(one.step_id, one.role_chain[0]) for one in told]

    def test_has_a_step_on_every_shipped_ladder_that_may_be_raised(self):
        """Or the ladder is never raised: the engine asks each version for such a step, trigger by trigger."""
        without = {
            (pathway.code, trigger)
            for pathway in rules().pathways.values()
            for trigger in RAISED
            if any(trigger in one.triggers for one in pathway.steps)
            if not any(one.of_pattern and trigger in one.triggers for one in pathway.steps)
        }
        assert without == {("after-a-loss", trigger) for trigger in RAISED} | {("bereavement-care", EVENT)}

    def test_has_one_on_the_ladder_that_a_pattern_opens(self):
        """Else each later pattern of the family would open another."""
        assert any(one.of_pattern and EVENT in one.triggers for one in PATTERN.steps)


class TestPatternWithNothingLive:
    def test_is_followed_over_easter_and_the_change_to_summer_time(self):
        """The team lead at once, each child seen from WD2, supervision on WD10, until a person has settled it."""
        facts = a_miss("2027-03-25 14:00", trigger=FollowUpTrigger.FAMILY_EVENT)
        assert story(facts, PATTERN, days=20) == [
            "Thu 25 Mar 14:00 team_lead: look-at-the-whole",
            "Wed 31 Mar 09:00 practitioner: see-each-child",
            "Wed 7 Apr 17:00 practitioner: see-each-child (lease_ended)",
            "Mon 12 Apr 09:00 named_nurse: pattern-supervision",
        ]

    def test_is_followed_over_the_change_to_winter_time(self):
        """The clocks go back on 25 October 2026."""
        facts = a_miss("2026-10-23 14:00", trigger=FollowUpTrigger.FAMILY_EVENT)
        assert story(facts, PATTERN, days=6) == [
            "Fri 23 Oct 14:00 team_lead: look-at-the-whole",
            "Tue 27 Oct 09:00 practitioner: see-each-child",
        ]

    def test_that_is_high_risk_is_in_elapsed_hours(self):
        """24 and 48 hours, also over Easter, then every day."""
        facts = a_miss("2027-03-25 14:00", trigger=FollowUpTrigger.FAMILY_EVENT, high_risk=True)
        assert story(facts, PATTERN, days=4) == [
            "Thu 25 Mar 14:00 team_lead: look-at-the-whole",
            "Fri 26 Mar 14:00 practitioner: see-each-child",
            "Sat 27 Mar 14:00 named_nurse: pattern-supervision",
            "Sun 28 Mar 15:00 team_lead: pattern-still-open",
        ]
