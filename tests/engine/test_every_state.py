"""Each act on each state: holds, proposals that records are one, more time asked for, discharges, caseload moves,
contacts that should happen, declines.

Their states are few and their acts stand in models/db; so the acts are walked, on rows. What is refused leaves the row
and its history as they were.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.db import (
    caseloads,
    discharges,
    expected,
    handovers,
    hold_acts,
    hold_reviews,
    merge_proposals,
    step_time_rows,
)
from models.db.follow_up_rows import ActionRefused, IllegalTransition, NotAllowed
from models.db.handovers import Acceptance
from models.db.merge_proposals import ASKED, JOINED_PEOPLE, Pair
from models.domain.words import (
    LIVE_FOLLOW_UP_STATES,
    CaseloadMoveState,
    DischargeState,
    ExpectedState,
    FollowUpState,
    HandoverWay,
    HoldEnd,
    HoldKind,
    ProposalState,
    StepChangeState,
)
from tests.engine.adult_services import Services
from tests.engine.adult_services import decide as decide_there
from tests.engine.test_declines import WHOLE, a_decline, write_down
from tests.engine.test_detection import an_expected
from tests.engine.test_discharges import agreed, propose
from tests.engine.test_holds import acting, end, hold
from tests.engine.test_step_times import a_miss, decide, move
from tests.engine.world import World, at

REFUSED = "refused"
WEEK = timedelta(days=7)


def tried(world: World, act: Callable[[Session], object], *tables: str) -> str | None:
    """Do one act in a transaction of its own. Refused: nothing of these tables has changed. Then undo it."""
    with Session(world.engine) as session:
        before = rows(session, tables)
        undo = session.begin_nested()
        try:
            act(session)
        except ActionRefused:
            undo.rollback()
            return REFUSED
        after = rows(session, tables)
        return None if after == before else state_of(session, tables[0])


def rows(session: Session, tables: tuple[str, ...]) -> list[str]:
    """All of these tables."""
    return [str(session.execute(text(f"SELECT * FROM {table} ORDER BY id")).all()) for table in tables]


def state_of(session: Session, table: str) -> str:
    """The state of the one row that is walked: the first."""
    found = session.execute(text(f"SELECT * FROM {table} ORDER BY id LIMIT 1")).mappings().one()
    if "state" in found:
        return str(found["state"])
    return "ended" if found["ended_at"] else "handed over" if found["handover_id"] else "standing"


class TestHold:
    """A family that has moved out: only a person ends a hold, once; no act finds an ended one."""

    ALLOWED: Mapping[str, Mapping[str, str]] = {
        "standing": {"end": "ended", "keep on": "standing", "accept": "handed over", "remind": "standing"},
        "handed over": {"end": "ended", "keep on": "handed over", "give back": "standing"},
        "ended": {"set": "ended"},  # as another hold: the ended one stays
    }

    @pytest.mark.parametrize("state", ALLOWED)
    def test_of_every_state_answers_each_act_or_is_refused(self, world: World, state: str):
        household, hold_id, handover = self.a_hold(world, state)
        by = acting(world, household)
        moved = HoldKind.MOVED_OUT
        acts: Mapping[str, Callable[[Session], object]] = {
            "set": lambda db: hold_acts.hold_person(db, moved, None, until=None, note="They rang", acting=by),
            "end": lambda db: hold_acts.end_hold(db, hold_id, how=HoldEnd.OVER, note="They are back", acting=by),
            "keep on": lambda db: hold_acts.keep_on(db, hold_id, until=date(2026, 6, 19), note="Not yet", acting=by),
            "accept": lambda db: handovers.accept(
                db, self.acceptance(world, household, hold_id), account=by.account, now=world.now
            ),
            "give back": lambda db: handovers.withdraw(
                db, handover, reason="Not theirs", review=world.now + WEEK, account=by.account, now=world.now
            ),
            "remind": lambda db: hold_reviews.look_again(
                db,
                [
                    (due.id, world.now + WEEK * 60)
                    for due in hold_reviews.take_due(db, now=at("2027-06-08 12:00"), limit=9)
                ],
            ),
        }
        for name, act in acts.items():
            found = tried(world, act, "hold", "hold_event", "handover", "audit_entry")
            unchanged = None if name == "remind" else REFUSED
            assert found == self.ALLOWED[state].get(name, unchanged), name

    def test_that_stands_has_a_due_time(self, world: World):
        """Unless the family was handed over, and nothing waits any more; and an ended one has none."""
        self.a_hold(world, "standing")
        with pytest.raises(IntegrityError, match="standing_has_due"):
            world.run("UPDATE hold SET next_due_at = NULL")
        with pytest.raises(IntegrityError, match="ended_has_no_due"):
            world.run(
                "UPDATE hold SET ended_at = now(), ended_by = 'person:ann', ended_how = 'over', ended_reason = 'x'"
            )

    def acceptance(self, world: World, household: int, hold_id: int) -> Acceptance:
        return Acceptance(
            holds=frozenset({hold_id}), household_id=household, receiver="Hill", accepted_by="A nurse there",
            accepted_at=world.now, way=HandoverWay.PHONE, note="",
        )  # fmt: skip

    def a_hold(self, world: World, state: str) -> tuple[int, int, int]:
        household = world.household((world.toddler(), "child"))
        hold_id = hold(world, household, HoldKind.MOVED_OUT)
        handover = 0
        if state == "ended":
            end(world, household, hold_id)
        if state == "handed over":
            with Session(world.engine) as session, session.begin():
                handover = handovers.accept(
                    session, self.acceptance(world, household, hold_id), account=world.person_at_page(), now=world.now
                )
        return household, hold_id, handover


class TestMergeProposal:
    """A person decides, once; a machine asks once, and a person may ask anew."""

    S = ProposalState
    ALLOWED: Mapping[ProposalState, Mapping[str, str]] = {
        S.OPEN: {"joined": S.JOINED, "not one": S.NOT_ONE},
        S.JOINED: {"asked by a person": S.OPEN},
        S.NOT_ONE: {"asked by a person": S.OPEN},
    }

    @pytest.mark.parametrize("state", ProposalState)
    def test_of_every_state_answers_each_act_or_is_refused(self, world: World, state: ProposalState):
        proposal, pair = self.a_proposal(world, state)
        account = world.person_at_page()

        def decided(to: ProposalState) -> Callable[[Session], object]:
            return lambda db: merge_proposals.decide(
                db, proposal, state=to, reason="Twins", account=account, now=world.now
            )

        def asked(why: str) -> Callable[[Session], object]:
            return lambda db: merge_proposals.propose(
                db, pair, why=why, by="person:ann", now=world.now, answer_within=WEEK
            )

        acts = {
            "joined": decided(ProposalState.JOINED),
            "not one": decided(ProposalState.NOT_ONE),
            "asked by a person": asked(ASKED),
            "asked by the engine": asked(JOINED_PEOPLE),
        }
        for name, act in acts.items():
            found = tried(world, act, "merge_proposal", "audit_entry")
            unchanged = REFUSED if name in ("joined", "not one") else None
            assert found == self.ALLOWED[state].get(name, unchanged), name

    def test_that_is_open_is_asked_about_by_an_alert_with_a_due_time(self, world: World):
        """The one that asks is the alert; asked anew, it is open again and nobody's in hand."""
        proposal, pair = self.a_proposal(world, ProposalState.NOT_ONE)
        assert world.told(kind="merge_proposed") == []
        with Session(world.engine) as session, session.begin():
            merge_proposals.propose(session, pair, why=ASKED, by="person:ann", now=world.now, answer_within=WEEK)
        (alert,) = world.told(kind="merge_proposed")
        assert (alert.detail, alert.next_due_at) == ({"proposal": proposal}, world.now + WEEK)
        assert (alert.acknowledged_by, alert.times_raised) == (None, 2)

    def a_proposal(self, world: World, state: ProposalState) -> tuple[int, Pair]:
        pair = Pair("person", world.toddler(), world.toddler())
        with Session(world.engine) as session, session.begin():
            made = merge_proposals.propose(session, pair, why=ASKED, by="x", now=world.now, answer_within=WEEK)
            if state is not ProposalState.OPEN:
                account = world.person_at_page()
                merge_proposals.decide(session, made, state=state, reason="Twins", account=account, now=world.now)
        return made, pair


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


class TestExpectedContact:
    """What is done to a contact that should happen: a seen one stays seen; what waits always has a due time."""

    S = ExpectedState
    EVERY = frozenset(ExpectedState)
    ALLOWED: Mapping[str, tuple[frozenset[ExpectedState], ExpectedState]] = {
        "look finds it overdue": (EVERY - {S.MET}, S.OVERDUE),
        "took place": (EVERY - {S.MET}, S.MET),
        "did not take place": (frozenset({S.MET}), S.PLANNED),
        "ask anew": (frozenset({S.BOOKED, S.OVERDUE}), S.PLANNED),
        "booking called off": (frozenset({S.BOOKED}), S.BOOKED),
        "later contact": (frozenset({S.OVERDUE}), S.SUPERSEDED),
    }

    @pytest.mark.parametrize("state", ExpectedState)
    def test_of_every_state_answers_each_act_or_stays_as_it_was(self, world: World, state: ExpectedState):
        one = self.an_expected(world, state)
        now, soon = world.now, world.now + timedelta(hours=1)
        acts: Mapping[str, Callable[[Session], object]] = {
            "look finds it overdue": lambda db: expected.settle(db, [(one, ExpectedState.OVERDUE, None)]),
            "took place": lambda db: expected.mark_met(db, [(one, now)], now=now),
            "did not take place": lambda db: expected.mark_not_met(db, [one], now=now),
            "ask anew": lambda db: expected.ask_anew(db, [one], now=now),
            "booking called off": lambda db: expected.look_again(db, [(one, soon)]),
            "later contact": lambda db: expected.mark_superseded(db, [one]),
        }
        for name, act in acts.items():
            found = tried(world, act, "expected_contact")
            finds, after = self.ALLOWED[name]
            # One that is overdue already has no more to find; one with something due is not looked at in vain.
            unchanged = name == "look finds it overdue" and state in (ExpectedState.OVERDUE, ExpectedState.MET)
            assert found == (after if state in finds and not unchanged else None), name

    @pytest.mark.parametrize("state", [ExpectedState.PLANNED, ExpectedState.BOOKED])
    def test_that_waits_has_a_due_time(self, world: World, state: ExpectedState):
        """What must never happen is forbidden by the database."""
        self.an_expected(world, state)
        with pytest.raises(IntegrityError, match="waiting_has_due"):
            world.run("UPDATE expected_contact SET next_due_at = NULL")

    def an_expected(self, world: World, state: ExpectedState) -> int:
        waits = state in (ExpectedState.PLANNED, ExpectedState.BOOKED)
        due = world.now + WEEK if waits else None
        met = world.now if state is ExpectedState.MET else None
        one = an_expected(world, world.toddler())
        statement = "UPDATE expected_contact SET state = :state, next_due_at = :due, met_at = :met"
        world.run(statement, state=state, due=due, met=met)
        return one


class TestDecline:
    """Written down while its follow-up lives; what is said of one that has ended is refused."""

    @pytest.mark.parametrize("state", FollowUpState)
    def test_is_written_down_for_a_live_follow_up_alone(self, world: World, state: FollowUpState):
        a_decline(world)
        follow_up = world.one("SELECT id FROM follow_up")
        live = state in LIVE_FOLLOW_UP_STATES
        other = world.follow_up(a_miss(world)).id
        world.run(
            "UPDATE follow_up SET state = :state, closing_by = 'person:a', closing_reason = 'seen',"
            " closed_by = 'person:b', closed_reason = 'seen', closed_at = :now,"
            " next_due_at = CASE WHEN :live THEN next_due_at END,"
            " continued_in = CASE WHEN :state = 'continued' THEN CAST(:other AS bigint) END WHERE id = :id",
            state=state, now=world.now, live=live, other=other, id=follow_up,
        )  # fmt: skip
        look = "SELECT * FROM decline ORDER BY id", "SELECT * FROM decline_event ORDER BY id"
        before = [world.rows(query) for query in look]
        if live:
            assert write_down(world, follow_up, **WHOLE) == ()
            assert len(world.rows(look[1])) == len(before[1]) + 1
        else:
            with pytest.raises(IllegalTransition, match=f"follow-up {follow_up} is {state}"):
                write_down(world, follow_up, **WHOLE)
            assert [world.rows(query) for query in look] == before

    def test_that_was_withdrawn_is_completed_by_nobody(self, world: World):
        """It is kept as it was; said again, it is another one."""
        a_decline(world)
        follow_up = world.one("SELECT id FROM follow_up")
        write_down(world, follow_up, **{**WHOLE, "why": None})
        world.run("UPDATE decline SET withdrawn_at = :now, withdrawn_by = 'import:epr'", now=world.now)
        (gone,) = world.rows("SELECT * FROM decline")
        write_down(world, follow_up, **WHOLE)
        assert world.rows("SELECT * FROM decline WHERE withdrawn_at IS NOT NULL") == [gone]
        assert world.one("SELECT count(*) FROM decline WHERE withdrawn_at IS NULL AND completed_at IS NOT NULL") == 1
