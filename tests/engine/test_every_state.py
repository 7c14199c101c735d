"""Each act on each state: holds, proposals that records are one, contacts that should happen, declines.

Their states are few and their acts stand in models/db; so the acts are walked, on rows. What is refused leaves the row
and its history as they were.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.db import (
    expected,
    handovers,
    hold_acts,
    hold_reviews,
    merge_proposals,
)
from models.db.follow_up_rows import IllegalTransition
from models.db.handovers import Acceptance
from models.db.merge_proposals import ASKED, JOINED_PEOPLE, Pair
from models.domain.words import (
    LIVE_FOLLOW_UP_STATES,
    ExpectedState,
    FollowUpState,
    HandoverWay,
    HoldEnd,
    HoldKind,
    ProposalState,
)
from tests.engine.test_declines import WHOLE, a_decline, write_down
from tests.engine.test_detection import an_expected
from tests.engine.test_holds import acting, end, hold
from tests.engine.test_step_times import a_miss
from tests.engine.walking import REFUSED, WEEK, tried
from tests.engine.world import World, at


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
