"""Steps made earlier or later by a person: who may, by how much, and what the ladder then does."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from config.staffing_loader import step_ceilings
from models.domain.ladder import coming_steps, decide
from models.domain.ladder_facts import Decision, HandOver, MovedTime, RaiseAlert, Why
from models.domain.step_times import StepTimes, TimeRefused, Verdict, judge
from models.domain.words import OwnerRole, StepChange
from tests.domain.builders import a_miss, at, rules, step, the

ENGLAND = rules().calendar
REVIEW = the("universal-review")
CEILINGS = step_ceilings()
MONDAY = at("2026-06-08 12:00")
PLANNED = at("2026-06-10 09:00")


def asked(
    wanted: datetime,
    *,
    stands_at: datetime = PLANNED,
    high_risk: bool = False,
    reason: str = "Family away",
    is_lead: bool = False,
) -> Verdict:
    """What asking on Monday at noon for another time of a step planned for Wednesday comes to."""
    return judge(
        StepTimes(PLANNED, stands_at, high_risk), wanted, reason=reason, is_lead=is_lead, ceilings=CEILINGS, now=MONDAY,
        calendar=ENGLAND,
    )  # fmt: skip


def alerts(decision: Decision) -> list[RaiseAlert]:
    return [action for action in decision.actions if isinstance(action, RaiseAlert)]


class TestJudging:
    @pytest.mark.parametrize("high_risk", [False, True])
    def test_earlier_is_anybodys_without_a_reason(self, high_risk: bool):
        """Domain.md 3.2: a clinician may shorten any rung."""
        earlier = at("2026-06-09 09:00")
        assert asked(earlier, high_risk=high_risk, reason="") == Verdict(StepChange.EARLIER, needs_agreement=False)

    def test_later_of_routine_is_anybodys_with_a_reason(self):
        """No team lead is needed."""
        assert asked(at("2026-06-15 09:00")) == Verdict(StepChange.LATER, needs_agreement=False)

    def test_later_of_high_risk_needs_a_team_lead(self):
        """Who gives it where they ask themselves."""
        wanted = at("2026-06-11 09:00")
        assert asked(wanted, high_risk=True) == Verdict(StepChange.LATER, needs_agreement=True)
        assert asked(wanted, high_risk=True, is_lead=True) == Verdict(StepChange.LATER, needs_agreement=False)

    def test_back_to_the_time_of_the_plan_is_no_lengthening(self):
        """A colleague's shortening taken back gives no more time than the ladder does."""
        verdict = asked(PLANNED, stands_at=at("2026-06-09 09:00"), high_risk=True, reason="")
        assert verdict == Verdict(StepChange.EARLIER, needs_agreement=False)

    @pytest.mark.parametrize(
        ("wanted", "given", "expected"),
        [
            ("2026-06-08 12:00", {}, "still to come"),
            ("2026-06-10 09:00", {}, "another time"),
            ("2026-06-15 09:00", {"reason": "  "}, "needs a reason"),
            ("2026-06-24 17:01", {}, "up to 24.06.2026 17:00"),
            ("2026-06-12 09:01", {"high_risk": True, "is_lead": True}, "up to 12.06.2026 09:00"),
        ],
    )
    def test_refuses_what_goes_too_far(self, wanted, given, expected):
        """Ten working days for routine, 48 hours for high risk, whoever asks: config/ceilings.yaml."""
        with pytest.raises(TimeRefused, match=expected):
            asked(at(wanted), **given)

    def test_counts_the_ceiling_from_the_plan_and_not_from_the_last_time_given(self):
        """Asking twice gives no more than asking once."""
        with pytest.raises(TimeRefused, match=r"up to 24\.06\.2026"):
            asked(at("2026-06-25 09:00"), stands_at=at("2026-06-24 09:00"))


class TestLadder:
    def moved(
        self, due_at: str, *, step_id: str = "second-call", later: bool = False, high_risk: bool = False
    ) -> dict[str, MovedTime]:
        return {step_id: MovedTime(at(due_at), MONDAY, later, high_risk)}

    def first(self, **given):
        """A review missed on Monday at noon and told at once."""
        _, facts = step(a_miss("2026-06-08 12:00"), REVIEW, MONDAY)
        return replace(facts, **given)

    def test_fires_a_step_when_a_person_wants_it(self):
        """The second call on Tuesday instead of Wednesday; then not again on Wednesday."""
        facts = self.first(moved=self.moved("2026-06-09 10:00"), acknowledged_until=at("2026-06-16 12:00"))
        decision, facts = step(facts, REVIEW, at("2026-06-09 10:00"))
        assert [alert.step_id for alert in alerts(decision)] == ["second-call"]
        assert "second-call" not in [coming.id for _, coming in self.coming(facts, "2026-06-09 11:00")]

    def test_waits_as_long_as_was_agreed(self):
        """The second call on Friday: nothing of it on Wednesday, and the letter on its own day, before or after."""
        facts = self.first(moved=self.moved("2026-06-12 10:00", later=True))
        times = {coming.id: due for due, coming in self.coming(facts, "2026-06-08 13:00")}
        assert times["second-call"] == at("2026-06-12 10:00")
        assert times["other-channel"] == at("2026-06-15 09:00")

    def test_gives_no_more_time_once_the_family_is_high_risk(self):
        """What was agreed for routine does not hold; a time agreed for high risk does, and an earlier one always."""
        for later, agreed_high, expected in (
            (True, False, at("2026-06-09 12:00")),
            (True, True, at("2026-06-12 10:00")),
            (False, False, at("2026-06-12 10:00")),
        ):
            visit = "high-risk-sighting"
            moved = self.moved("2026-06-12 10:00", step_id=visit, later=later, high_risk=agreed_high)
            facts = self.first(moved=moved, high_risk=True)
            times = {coming.id: due for due, coming in self.coming(facts, "2026-06-08 13:00")}
            assert times[visit] == expected

    def test_always_leaves_a_later_due_time(self):
        """Moved into the past by a slow hand, the step fires at once: a live follow-up never stands still."""
        facts = self.first(moved=self.moved("2026-06-08 11:00"))
        decision = decide(facts, REVIEW, now=MONDAY, calendar=ENGLAND)
        assert decision.next_due_at is not None
        assert decision.next_due_at > MONDAY

    def coming(self, facts, now: str):
        return coming_steps(facts, REVIEW, now=at(now), calendar=ENGLAND)


class TestHandingOver:
    def test_tells_the_same_step_to_the_same_place_with_time_to_answer(self):
        """Whoever had it is gone: the step comes to whoever its role means now, as if it fired anew."""
        _, facts = step(a_miss("2026-06-08 12:00"), REVIEW, MONDAY)
        gone = replace(facts, hand_over=HandOver.GONE)
        decision = decide(gone, REVIEW, now=MONDAY + timedelta(hours=1), calendar=ENGLAND)
        (alert,) = alerts(decision)
        assert (alert.why, alert.step_id, alert.raised_to) == (Why.HANDED_OVER, "phone-same-day", 0)
        assert decision.next_due_at == alert.needs_ack_by == at("2026-06-08 17:00")

    def test_ends_an_acknowledgement(self):
        """Whoever acknowledged it is the one who is gone."""
        _, facts = step(a_miss("2026-06-08 12:00"), REVIEW, MONDAY)
        held = replace(facts, acknowledged_until=at("2026-06-10 12:00"), hand_over=HandOver.GONE)
        decision = decide(held, REVIEW, now=MONDAY + timedelta(hours=1), calendar=ENGLAND)
        assert decision.acknowledged_until is None

    @pytest.mark.parametrize(
        ("why", "place", "expected"),
        [(HandOver.GONE, 1, 0), (HandOver.GONE, 2, 2), (HandOver.GIVEN, 2, 0)],
        ids=["a stand-in's is found anew", "what went up stays up", "what a person gave begins there"],
    )
    def test_begins_at_the_place_it_had_reached(self, why, place, expected):
        """It never goes down unanswered, unless a person gives it to somebody."""
        _, facts = step(a_miss("2026-06-08 12:00"), REVIEW, MONDAY)
        facts = replace(facts, step_raised_to=place, hand_over=why)
        (alert,) = alerts(decide(facts, REVIEW, now=MONDAY + timedelta(hours=1), calendar=ENGLAND))
        assert alert.raised_to == expected
        assert alert.role_chain[0] is (OwnerRole.PRACTITIONER if expected == 0 else OwnerRole.TEAM_LEAD)
