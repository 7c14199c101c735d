"""What a follow-up does besides climbing: leases, being seen, waiting for a second person, backlog, going on."""

from dataclasses import replace
from datetime import date

from models.domain.ladder import carried_over, coming_steps, decide
from models.domain.ladder_facts import RaiseAlert, RequestTriage, StepDone, Why
from models.domain.words import AlertKind, FollowUpState, FollowUpTrigger, OwnerRole, Urgency
from tests.domain.builders import a_miss, acknowledged, at, local, rules, step, story, the

REVIEW, VISIT = the("universal-review"), the("new-birth-visit")


def alerts(decision):
    return [action for action in decision.actions if isinstance(action, RaiseAlert)]


class TestAcknowledging:
    def test_is_a_lease_after_which_the_step_comes_back_to_the_same_person(self):
        """Design 3.9: acknowledging is not doing."""
        _, facts = step(a_miss("2026-11-02 10:00"), REVIEW, at("2026-11-02 10:00"))
        facts = acknowledged(facts, REVIEW, at("2026-11-02 11:00"))
        assert local(facts.acknowledged_until) == "Wed 4 Nov 17:00"
        _, facts = step(facts, REVIEW, at("2026-11-04 09:00"))
        facts = acknowledged(facts, REVIEW, at("2026-11-04 09:30"))
        decision, facts = step(facts, REVIEW, at("2026-11-06 17:00"))
        assert [(alert.step_id, alert.why, alert.role_chain[0], alert.occurrence) for alert in alerts(decision)] == [
            ("second-call", Why.LEASE_ENDED, OwnerRole.PRACTITIONER, 2)
        ]
        assert facts.acknowledged_until is None

    def test_does_not_hold_back_the_next_step(self):
        """The ladder's own times go on."""
        _, facts = step(a_miss("2026-11-02 10:00"), REVIEW, at("2026-11-02 10:00"))
        decision, _ = step(acknowledged(facts, REVIEW, at("2026-11-02 11:00")), REVIEW, at("2026-11-02 11:00"))
        assert (local(decision.next_due_at), decision.next_step_id) == ("Wed 4 Nov 09:00", "second-call")

    def test_that_does_not_come_lets_the_step_go_up_from_whoever_it_reached(self):
        """The shell stores how far along the chain it had to go; the next climb starts there."""
        decision, facts = step(a_miss("2026-11-02 10:00"), REVIEW, at("2026-11-02 10:00"))
        chain = alerts(decision)[0].role_chain
        assert chain == (
            OwnerRole.PRACTITIONER,
            OwnerRole.DUTY,
            OwnerRole.TEAM_LEAD,
            OwnerRole.NAMED_NURSE,
            OwnerRole.HEAD_OF_SERVICE,
            OwnerRole.LAST_RESORT,
        )
        reached_the_pool = replace(facts, step_raised_to=1)
        decision, _ = step(reached_the_pool, REVIEW, at("2026-11-02 14:00"))
        assert alerts(decision)[0].role_chain[0] is OwnerRole.TEAM_LEAD

    def test_is_asked_for_at_the_top_for_ever(self):
        """After the last role the same person is told again, every interval, with no end."""
        facts = replace(a_miss("2026-11-02 10:00"), step_id="supervision", step_fired_at=at("2026-11-30 09:00"))
        facts = replace(facts, step_raised_to=2, done={step.id: StepDone(facts.opened_at, 1) for step in REVIEW.steps})
        told = story(facts, REVIEW, days=60, acknowledging=False, start=at("2026-12-07 09:00"))
        assert len(told) >= 8
        assert all("head_of_service" in line for line in told)


class TestSeen:
    def test_gives_its_owner_one_task_to_confirm_and_close(self):
        """Evidence stops the ladder and closes nothing: design 3.3."""
        _, facts = step(a_miss("2026-11-02 10:00"), REVIEW, at("2026-11-02 10:00"))
        seen = replace(facts, state=FollowUpState.SEEN)
        decision, facts = step(seen, REVIEW, at("2026-11-03 10:00"))
        assert [(alert.kind, alert.role_chain[0]) for alert in alerts(decision)] == [
            (AlertKind.CONFIRM_SEEN, OwnerRole.PRACTITIONER)
        ]
        assert decision.state is FollowUpState.SEEN
        assert local(decision.next_due_at) == "Thu 5 Nov 17:00"

    def test_goes_up_when_nobody_confirms_and_never_closes(self):
        """Two working days, then the team lead, and on."""
        facts = replace(a_miss("2026-11-02 10:00"), state=FollowUpState.SEEN)
        assert story(facts, REVIEW, days=14, acknowledging=False) == [
            "Mon 2 Nov 10:00 practitioner: confirm-seen",
            "Wed 4 Nov 17:00 team_lead: confirm-seen (not_acknowledged)",
            "Fri 6 Nov 17:00 named_nurse: confirm-seen (not_acknowledged)",
            "Tue 10 Nov 17:00 head_of_service: confirm-seen (not_acknowledged)",
        ]

    def test_takes_up_its_ladder_again_when_the_evidence_is_withdrawn(self):
        """The source corrected itself: the steps that are due by now fire."""
        _, facts = step(a_miss("2026-11-02 10:00"), REVIEW, at("2026-11-02 10:00"))
        _, facts = step(replace(facts, state=FollowUpState.SEEN), REVIEW, at("2026-11-03 10:00"))
        decision, _ = step(replace(facts, state=FollowUpState.OPEN), REVIEW, at("2026-11-04 10:00"))
        assert [alert.step_id for alert in alerts(decision)] == ["second-call"]


class TestClosing:
    def test_waits_for_a_second_person_who_is_chased(self):
        """High risk needs two; the wait has its own due time and goes up, in real hours."""
        facts = replace(a_miss("2027-03-25 14:00", high_risk=True), state=FollowUpState.CLOSING)
        decision, _ = step(facts, REVIEW, at("2027-03-25 14:00"))
        assert [alert.kind for alert in alerts(decision)] == [AlertKind.SECOND_SIGNATURE]
        assert story(facts, REVIEW, days=3, acknowledging=False) == [
            "Thu 25 Mar 14:00 team_lead: second-person",
            "Fri 26 Mar 14:00 named_nurse: second-person (not_acknowledged)",
            "Fri 26 Mar 18:00 head_of_service: second-person (not_acknowledged)",
            "Sat 27 Mar 18:00 head_of_service: second-person (not_acknowledged)",
        ]


class TestBacklog:
    def test_asks_for_triage_and_for_nothing_else(self):
        """Years of history raise no step and no text; each has a due time and is asked about again."""
        facts = a_miss("2016-05-02 10:00", state=FollowUpState.BACKLOG, opened_at=at("2026-11-02 10:00"))
        decision, facts = step(facts, REVIEW, at("2026-11-02 10:00"))
        assert [type(action) for action in decision.actions] == [RequestTriage]
        assert decision.actions[0].role_chain[0] is OwnerRole.TEAM_LEAD
        assert local(decision.next_due_at) == "Mon 9 Nov 09:00"
        again, _ = step(facts, REVIEW, at("2026-11-09 09:00"))
        assert again.actions[0].occurrence == 2


class TestTurningHighRisk:
    def test_shortens_what_is_running_at_once(self):
        """A flag set on Tuesday: what was not due until Wednesday has been due since the 24 hours were over."""
        _, facts = step(a_miss("2026-11-02 10:00"), REVIEW, at("2026-11-02 10:00"))
        facts = acknowledged(facts, REVIEW, at("2026-11-02 10:30"))
        decision, _ = step(replace(facts, high_risk=True), REVIEW, at("2026-11-03 11:00"))
        assert [(alert.step_id, alert.urgency) for alert in alerts(decision)] == [
            ("high-risk-sighting", Urgency.URGENT)
        ]


class TestGoingOnInALaterMiss:
    def test_keeps_what_the_babys_age_has_fired_and_starts_the_rest_anew(self):
        """A second no-access is rung up again from the doorstep; day 12 is not said a second time."""
        done = {"doorstep-same-day": StepDone(at("2026-11-11 10:00"), 1), "day-12": StepDone(at("2026-11-11 10:00"), 1)}
        assert carried_over(done, VISIT) == {"day-12": done["day-12"]}


class TestFollowUpThatNoStepFits:
    def test_goes_to_the_last_step_at_once(self):
        """A hole in a ladder is told to somebody instead of being waited out."""
        facts = a_miss("2026-11-02 10:00", trigger=FollowUpTrigger.REFERRAL_UNANSWERED)
        decision, _ = step(facts, REVIEW, at("2026-11-02 10:00"))
        assert [alert.step_id for alert in alerts(decision)] == ["child-still-not-seen"]


class TestComingSteps:
    def test_are_listed_for_the_page_soonest_first(self):
        """What happens next and when, on every page."""
        facts = a_miss("2026-11-02 10:00", window_end=date(2026, 11, 20))
        coming = coming_steps(facts, REVIEW, now=at("2026-11-02 09:00"), calendar=rules().calendar)
        assert [(local(when), step.id) for when, step in coming] == [
            ("Mon 2 Nov 10:00", "phone-same-day"),
            ("Wed 4 Nov 09:00", "second-call"),
            ("Fri 6 Nov 09:00", "window-ending"),
            ("Mon 9 Nov 09:00", "other-channel"),
            ("Mon 30 Nov 09:00", "supervision"),
        ]

    def test_change_nothing_by_being_asked_for(self):
        """Looking is free."""
        facts = a_miss("2026-11-02 10:00")
        coming_steps(facts, REVIEW, now=at("2026-11-05 09:00"), calendar=rules().calendar)
        decision = decide(facts, REVIEW, now=at("2026-11-02 10:00"), calendar=rules().calendar)
        assert alerts(decision)[0].step_id == "phone-same-day"
