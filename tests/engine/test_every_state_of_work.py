"""Each act on each state: more time asked for, discharges, caseload moves. What is refused leaves all as it was."""

from collections.abc import Mapping

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.db import (
    caseloads,
    discharges,
    step_time_rows,
)
from models.db.follow_up_rows import ActionRefused, NotAllowed
from models.domain.words import (
    CaseloadMoveState,
    DischargeState,
    StepChangeState,
)
from tests.engine.adult_services import Services
from tests.engine.adult_services import decide as decide_there
from tests.engine.test_discharges import agreed, propose
from tests.engine.test_step_times import a_miss, decide, move
from tests.engine.walking import tried
from tests.engine.world import World, at


class TestStepChange:
    """More time for a high-risk step, asked for: a lead answers once, while the follow-up still climbs."""

    S = StepChangeState
    ALLOWED: Mapping[StepChangeState, Mapping[str, str]] = {
        S.ASKED: {"agree": S.IN_FORCE, "refuse": S.REFUSED, "lapse": S.LAPSED},
        S.IN_FORCE: {"lapse": S.LAPSED},
        S.REFUSED: {},
        S.LAPSED: {},
    }

    @pytest.mark.parametrize("state", StepChangeState)
    def test_of_every_state_answers_each_act_or_is_refused(self, world: World, state: StepChangeState):
        appointment = self.asked(world, state)
        for agrees, name in ((True, "agree"), (False, "refuse")):
            if name not in self.ALLOWED[state]:
                before = world.rows("SELECT * FROM step_time"), world.rows("SELECT * FROM follow_up_event")
                with pytest.raises(NotAllowed, match="nobody waits for an answer to this any more"):
                    decide(world, appointment, agrees=agrees, note="No")
                assert (world.rows("SELECT * FROM step_time"), world.rows("SELECT * FROM follow_up_event")) == before
        follow_up = world.follow_up(appointment).id
        found = tried(world, lambda db: step_time_rows.lapse_all(db, [follow_up], now=world.now), "step_time")
        assert found == self.ALLOWED[state].get("lapse")

    @pytest.mark.parametrize(("agrees", "state"), [(True, "in_force"), (False, "refused")])
    def test_that_was_asked_for_is_answered(self, world: World, agrees: bool, state: str):
        appointment = self.asked(world, StepChangeState.ASKED)
        assert decide(world, appointment, agrees=agrees, note="No") == state
        assert world.one("SELECT state FROM step_time") == state

    @pytest.mark.parametrize("state", ["seen", "closing", "closed"])
    @pytest.mark.parametrize("agrees", [True, False])
    def test_of_a_follow_up_that_climbs_no_more_has_nobody_to_answer(self, world: World, state: str, agrees: bool):
        """It was seen or closed since the lead's page was shown: the answer is refused, and wakes nothing."""
        appointment = self.asked(world, StepChangeState.ASKED)
        world.run(
            "UPDATE follow_up SET state = :state, closing_by = 'person:a', closing_reason = 'seen',"
            " closed_by = CASE WHEN :state = 'closed' THEN 'person:b' END, closed_reason = 'seen', closed_at = :now,"
            " next_due_at = CASE WHEN :state <> 'closed' THEN next_due_at END",
            state=state,
            now=world.now,
        )
        before = world.rows("SELECT * FROM follow_up")
        with pytest.raises(NotAllowed, match="nobody waits for an answer to this any more"):
            decide(world, appointment, agrees=agrees, note="No")
        assert world.rows("SELECT * FROM follow_up") == before

    def test_that_waits_has_no_answer_and_an_answered_one_has_its_time(self, world: World):
        """Forbidden by the database; its own time is never null, and its alert has the time to answer."""
        self.asked(world, StepChangeState.ASKED)
        assert [alert.next_due_at is not None for alert in world.told(kind="step_extension")] == [True]
        with pytest.raises(IntegrityError, match="decided_or_asked"):
            world.run("UPDATE step_time SET state = 'refused'")

    def asked(self, world: World, state: StepChangeState) -> int:
        appointment = a_miss(world, high_risk=True)
        move(world, appointment, at("2026-06-10 12:00"), step="high-risk-sighting")
        if state is not StepChangeState.ASKED:
            world.run(
                "UPDATE step_time SET state = :state, decided_by = 'person:x', agreed_by = 'person:x',"
                " decided_at = :now",
                state=state,
                now=world.now,
            )
        return appointment


class TestDischarge:
    """Settled once, by a person: what has ended is neither settled nor withdrawn, and may be proposed anew."""

    S = DischargeState
    ALLOWED: Mapping[DischargeState, Mapping[str, str]] = {
        S.PROPOSED: {"withdraw": S.WITHDRAWN},  # to settle it, both must have received it: test_discharges
        S.DISCHARGED: {},
        S.WITHDRAWN: {},
    }

    @pytest.fixture
    def world(self, engine: Engine) -> Services:
        return Services(engine, now=at("2026-06-08 12:00"))

    @pytest.mark.parametrize("state", DischargeState)
    def test_of_every_state_answers_each_act_or_is_refused(self, world: Services, state: DischargeState):
        home = world.family()
        world.missed(home, status="attended")
        world.detect()
        if state is DischargeState.DISCHARGED:
            agreed(world, home)
        else:
            propose(world, home)
        one = world.one("SELECT id FROM discharge")
        if state is DischargeState.WITHDRAWN:
            decide_there(world, lambda db, who: discharges.withdraw(db, one, who, note="She asked to go on"))
        for name in ("withdraw", "settle"):
            before = world.rows("SELECT * FROM discharge"), world.rows("SELECT * FROM disclosure")
            if name in self.ALLOWED[state]:
                continue
            with pytest.raises(ActionRefused):
                decide_there(world, self.act(name, one))
            assert (world.rows("SELECT * FROM discharge"), world.rows("SELECT * FROM disclosure")) == before
        for name, after in self.ALLOWED[state].items():
            decide_there(world, self.act(name, one))
            assert world.one("SELECT state FROM discharge") == after
            assert world.one("SELECT next_due_at FROM discharge") == world.now  # whoever was asked is told

    def test_that_waits_or_was_not_told_of_yet_has_a_due_time(self, world: Services):
        """What must never happen is forbidden by the database."""
        home = world.family()
        world.missed(home, status="attended")
        world.detect()
        propose(world, home)
        with pytest.raises(IntegrityError, match="proposed_has_due"):
            world.run("UPDATE discharge SET next_due_at = NULL")
        with pytest.raises(IntegrityError, match="settled_is_told"):
            world.run(
                "UPDATE discharge SET state = 'withdrawn', settled_by = 'x', settled_at = now(), next_due_at = NULL"
            )

    def act(self, name: str, one: int):  # type: ignore[no-untyped-def]
        if name == "withdraw":
            return lambda db, who: discharges.withdraw(db, one, who, note="She asked to go on")
        return lambda db, who: discharges.settle(db, one, who, letter_copied="GP", note="")


class TestCaseloadMove:
    """A move takes effect once, at its time; one that was withdrawn never does."""

    @pytest.mark.parametrize("state", CaseloadMoveState)
    def test_of_every_state_is_applied_when_it_waits_and_else_left(self, world: World, state: CaseloadMoveState):
        child, to = world.toddler(), world.staff("health_visitor")
        waits = state is CaseloadMoveState.PLANNED
        world.add(
            "caseload_move", person_id=child, to_practitioner_id=to, state=state, effective_at=world.now,
            due_at=world.now if waits else None, recorded_at=world.now, recorded_by="import:staff",
            applied_at=world.now if state is CaseloadMoveState.APPLIED else None,
        )  # fmt: skip
        with Session(world.engine) as session, session.begin():
            assert caseloads.apply_due(session, now=world.now, limit=None) == int(waits)
            assert caseloads.apply_due(session, now=world.now, limit=None) == 0
        holder = to if waits else world.visitor
        assert world.one("SELECT caseload_holder_id FROM person WHERE id = :id", id=child) == holder
        assert world.one("SELECT state FROM caseload_move") == ("applied" if waits else state)
        assert world.one("SELECT count(*) FROM audit_entry WHERE action = 'caseload.moved'") == int(waits)
        with pytest.raises(IntegrityError, match="planned_has_due"):
            world.run("UPDATE caseload_move SET state = 'planned', applied_at = NULL, due_at = NULL")
