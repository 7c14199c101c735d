"""Each thing that is done to an alert, tried on one that is open, one that is done and one that was overtaken."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.db import alerts, message_alerts, standing_alerts
from models.db.alerts import NewAlert
from models.domain.words import AlertKind, AlertState, OwnerRole, Urgency
from tests.engine.world import World

S = AlertState
Act = Callable[[Session, World, int], object]
# What is done to a task, and the state it leaves one of each state in; what is not named is refused.
ALLOWED: Mapping[str, Mapping[AlertState, AlertState]] = {
    "end": {S.OPEN: S.DONE},
    "acknowledge": {S.OPEN: S.OPEN},
    "raise": {},  # the key is there already
    "renew": {S.OPEN: S.OPEN, S.DONE: S.OPEN, S.OVERTAKEN: S.OPEN},
    "raise up": {S.OPEN: S.OPEN},
    "hand over": {S.OPEN: S.OPEN},
    "end by key": {S.OPEN: S.OVERTAKEN},
    "overtake": {S.OPEN: S.OVERTAKEN},
}


def again(world: World, owner: int) -> NewAlert:
    """The same task, as it would be raised now."""
    return NewAlert(
        kind=AlertKind.TEXT_UNDELIVERED,
        urgency=Urgency.ROUTINE,
        dedupe_key="the one task",
        practitioner_id=owner,
        owner_team_id=None,
        team_id=world.team,
        audience_role=OwnerRole.TEAM_LEAD,
        next_due_at=world.now + timedelta(days=2),
        detail="{}",
    )


ACTS: Mapping[str, Act] = {
    "end": lambda db, w, one: alerts.end(db, alert_id=one, outcome="x", account=w.person_at_page(), now=w.now),
    "acknowledge": lambda db, w, one: alerts.acknowledge(
        db, alert_id=one, until=w.now + timedelta(hours=4), account=w.person_at_page(), now=w.now
    ),
    "raise": lambda db, w, one: bool(alerts.raise_many(db, [again(w, w.lead)], now=w.now)),
    "renew": lambda db, w, one: bool(
        alerts.raise_or_renew(db, [replace(again(w, w.lead), detail='{"n": 2}')], now=w.now)
    ),
    "raise up": lambda db, w, one: alerts.raise_up(
        db, [(one, w.lead, None, "team_lead", w.now + timedelta(days=1))], now=w.now
    ),
    "hand over": lambda db, w, one: alerts.hand_over(db, [(one, w.lead, None, "team_lead")]),
    "end by key": lambda db, w, one: standing_alerts.end_by_key(
        db, ["the one task"], state=S.OVERTAKEN, outcome="x", by="engine", now=w.now
    ),
    "overtake": lambda db, w, one: message_alerts.overtake(
        db, w.one("SELECT message_id FROM alert"), AlertKind.TEXT_UNDELIVERED, outcome="x", now=w.now
    ),
}  # fmt: skip
SAYS_SO = ("end", "acknowledge")  # those that a person does answer whether it was done


def a_task(world: World, state: AlertState) -> int:
    """A task of the health visitor's, acknowledged yesterday; in this state since this morning."""
    number = world.add("contact_point", person_id=world.child(), number="+447700900001")
    message = world.add(
        "message", channel="sms", audience="family", purpose="after_miss", urgency="routine", state="undelivered",
        dedupe_key="m", contact_point_id=number, template_code="x", template_version=1, created_at=world.now,
    )  # fmt: skip
    ended = (
        {}
        if state is S.OPEN
        else {"ended_at": world.now - timedelta(hours=3), "ended_by": "person:ann", "outcome": "done"}
    )
    return world.add(
        "alert", kind="text_undelivered", state=state, urgency="routine", dedupe_key="the one task",
        practitioner_id=world.visitor, team_id=world.team, raised_at=world.now - timedelta(days=2), message_id=message,
        next_due_at=world.now + timedelta(days=1), acknowledged_by="person:ann",
        acknowledged_at=world.now - timedelta(days=1), **ended,
    )  # fmt: skip


def look(session: Session) -> tuple[dict[str, object], int]:
    """The whole row, and how long the audit trail is."""
    row = session.execute(text("SELECT * FROM alert")).mappings().one()
    return dict(row), session.execute(text("SELECT count(*) FROM audit_entry")).scalar_one()


class TestAlert:
    @pytest.mark.parametrize("state", S)
    def test_of_every_state_answers_each_act_or_stays_as_it_was(self, world: World, state: AlertState):
        """One that has ended is opened again by its cause alone; the audit trail has only what happened."""
        one = a_task(world, state)
        world.person_at_page()
        for name, act in ACTS.items():
            with Session(world.engine) as session:
                before, trail = look(session)
                done = act(session, world, one)
                row, longer = look(session)
                expected = ALLOWED[name].get(state)
                if expected is None:
                    assert (row, longer, done or False) == (before, trail, False), name
                else:
                    assert (row["state"], row != before) == (expected, True), name
                    assert row["next_due_at"] is not None, name
                    assert (row["ended_at"] is None) is (expected is S.OPEN), name
                    assert (longer - trail, done) == ((1, True) if name in SAYS_SO else (0, done)), name

    @pytest.mark.parametrize("ended", [S.DONE, S.OVERTAKEN])
    def test_opened_again_is_nobodys_in_hand_and_goes_to_whoever_has_it_today(self, world: World, ended: AlertState):
        """An acknowledgement of its former life would keep its e-mail back, and its owner may have left."""
        a_task(world, ended)
        with Session(world.engine) as session:
            alerts.raise_or_renew(session, [again(world, world.lead)], now=world.now)
            row, _ = look(session)
        found = ("acknowledged_by", "acknowledged_at", "practitioner_id", "audience_role", "times_raised", "raised_at")
        assert [row[name] for name in found] == [None, None, world.lead, "team_lead", 2, world.now]

    def test_told_of_again_while_open_stays_with_whoever_has_it_in_hand(self, world: World):
        """Nobody is told twice of one task."""
        a_task(world, S.OPEN)
        with Session(world.engine) as session:
            before, _ = look(session)
            assert alerts.raise_or_renew(session, [again(world, world.lead)], now=world.now) == []
            row, _ = look(session)
        assert row == {**before, "detail": {}}

    def test_that_no_follow_up_drives_has_a_due_time_and_an_end_has_its_time(self, world: World):
        """What must never happen is forbidden by the database."""
        a_task(world, S.OPEN)
        with pytest.raises(IntegrityError, match="waiting_has_due"):
            world.run("UPDATE alert SET next_due_at = NULL")
        with pytest.raises(IntegrityError, match="ended_at_known"):
            world.run("UPDATE alert SET state = 'done'")
