"""The rows of steps whose time a person changed: read, added, decided, lapsed. Never commits; for step_times.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.base import words_in
from models.domain import dedupe
from models.domain.ids import FollowUpId
from models.domain.step_change_states import StepChangeEvent, before
from models.domain.words import AlertKind, StepChange, StepChangeState


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One change of a step's time as the page shows it: in force, or waiting for a team lead."""

    id: int
    step_id: str
    of_lease: bool
    change: StepChange
    state: StepChangeState
    due_at: datetime
    planned_for: datetime
    reason: str | None
    asked_by: str
    agreed_by: str | None


def standing(session: Session, follow_up_id: FollowUpId) -> list[Standing]:
    """The changes of this cycle that are in force or waiting, the latest first."""
    words = {"change": StepChange, "state": StepChangeState}
    found = session.execute(_STANDING, {"id": follow_up_id}).mappings()
    return [Standing(**{**row, **{name: kind(row[name]) for name, kind in words.items()}}) for row in found]


def lease(session: Session, follow_up_id: FollowUpId) -> tuple[str | None, datetime | None, datetime | None]:
    """The step in hand, and from when to when it is acknowledged."""
    row = session.execute(_LEASE, {"id": follow_up_id}).one()
    return row.step_id, row.acknowledged_at, row.acknowledged_until


def insert(session: Session, **values: Any) -> int:
    """Add one change; `values` are its columns. Return its id."""
    return int(session.execute(_INSERT, values).scalar_one())


def replace_earlier(
    session: Session, *, follow_up_id: FollowUpId, step_id: str, of_lease: bool, state: StepChangeState, now: datetime
) -> None:
    """A later word on a step replaces the one in force, where it is in force itself; a question is asked anew."""
    given = {"follow_up": follow_up_id, "step": step_id, "lease": of_lease, "state": state, "now": now}
    end_alerts(session, list(session.scalars(_REPLACE, given)), by="engine", outcome="asked_again", now=now)


def lock(session: Session, *, step_time_id: int, follow_up_id: FollowUpId) -> Any | None:
    """Lock a change of this follow-up: state, step_id, due_at, of_lease, asked_by; None where it has no such."""
    return session.execute(_LOCK, {"id": step_time_id, "follow_up": follow_up_id}).one_or_none()


def decide(session: Session, *, step_time_id: int, state: StepChangeState, by: str, now: datetime) -> None:
    """Note what somebody decided on a change that waited; one agreed to takes the place of what was in force."""
    agrees = state is StepChangeState.IN_FORCE
    if agrees:
        session.execute(_LAPSE_OLDER, {"id": step_time_id})
    session.execute(_DECIDE, {"id": step_time_id, "state": state, "by": by, "agrees": agrees, "now": now})
    end_alerts(session, [step_time_id], by=by, outcome=state, now=now)


def alert_key(step_time_id: int) -> str:
    """The key of the one alert that asks a team lead about this change."""
    return dedupe.subject_alert(AlertKind.STEP_EXTENSION, "step_time", step_time_id)


def end_alerts(session: Session, step_time_ids: Sequence[int], *, by: str, outcome: str, now: datetime) -> None:
    """End the open alerts that ask about these changes."""
    if step_time_ids:
        keys = [alert_key(each) for each in step_time_ids]
        session.execute(_END_ALERTS, {"keys": keys, "by": by, "outcome": outcome, "now": now})


def lapse_moot(session: Session, *, now: datetime) -> int:
    """End what was asked for and is of no use any more: its step fired, its follow-up went on; return how many."""
    lapsed = list(session.scalars(_LAPSE_MOOT, {"now": now}))
    end_alerts(session, lapsed, by="engine", outcome="moot", now=now)
    return len(lapsed)


def lapse_all(session: Session, follow_up_ids: Sequence[int], *, now: datetime) -> None:
    """End every change, in force or asked for, of these follow-ups: their plan is another one now."""
    lapsed = list(session.scalars(_LAPSE_ALL, {"ids": list(follow_up_ids), "now": now}))
    end_alerts(session, lapsed, by="engine", outcome="plan_changed", now=now)


_LAPSE_ALL = text(
    f"""
    UPDATE step_time SET state = 'lapsed', decided_by = coalesce(decided_by, 'engine'),
        decided_at = coalesce(decided_at, :now)
    WHERE follow_up_id = ANY(CAST(:ids AS bigint[])) AND state IN {words_in(before(StepChangeEvent.LAPSED))}
    RETURNING id
    """
)
_STANDING = text(
    """
    SELECT t.id, t.step_id, t.of_lease, t.change, t.state, t.due_at, t.planned_for, t.reason, t.asked_by, t.agreed_by
    FROM step_time t JOIN follow_up f ON f.id = t.follow_up_id AND f.cycle = t.cycle
    WHERE t.follow_up_id = :id AND t.state IN ('in_force', 'asked') ORDER BY t.id DESC
    """
)
_LEASE = text("SELECT step_id, acknowledged_at, acknowledged_until FROM follow_up WHERE id = :id")
_INSERT = text(
    """
    INSERT INTO step_time (follow_up_id, cycle, step_id, of_lease, change, state, due_at, planned_for, high_risk,
                           reason, asked_by, asked_at, agreed_by, decided_by, decided_at)
    VALUES (:follow_up_id, :cycle, :step_id, :of_lease, :change, :state, :due_at, :planned_for, :high_risk, :reason,
            :asked_by, :asked_at, :agreed_by, :decided_by, :decided_at)
    RETURNING id
    """
)
_REPLACE = text(
    """
    UPDATE step_time SET state = 'lapsed', decided_by = coalesce(decided_by, 'engine'),
        decided_at = coalesce(decided_at, :now)
    WHERE follow_up_id = :follow_up AND step_id = :step AND of_lease = :lease
      AND (state = 'asked' OR (state = 'in_force' AND :state = 'in_force'))
    RETURNING id
    """
)
_LOCK = text(
    """
    SELECT state, step_id, due_at, of_lease, asked_by FROM step_time
    WHERE id = :id AND follow_up_id = :follow_up FOR UPDATE
    """
)
_LAPSE_OLDER = text(
    """
    UPDATE step_time o SET state = 'lapsed' FROM step_time n
    WHERE n.id = :id AND o.follow_up_id = n.follow_up_id AND o.cycle = n.cycle AND o.step_id = n.step_id
      AND o.of_lease = n.of_lease AND o.state = 'in_force'
    """
)
_DECIDE = text(
    """
    UPDATE step_time SET state = :state, decided_by = :by, decided_at = :now,
        agreed_by = CASE WHEN :agrees THEN CAST(:by AS text) END
    WHERE id = :id
    """
)
_END_ALERTS = text(
    """
    UPDATE alert SET state = CASE WHEN :by = 'engine' THEN 'overtaken' ELSE 'done' END, ended_at = :now, ended_by = :by,
        outcome = :outcome
    WHERE dedupe_key = ANY(CAST(:keys AS text[])) AND state = 'open'
    """
)
# Few wait at any time, and an index has them alone.
_LAPSE_MOOT = text(
    """
    WITH moot AS MATERIALIZED (
        SELECT t.id, t.follow_up_id, t.step_id, f.state FROM step_time t JOIN follow_up f ON f.id = t.follow_up_id
        WHERE t.state = 'asked' AND (
            f.state <> 'open' OR f.cycle <> t.cycle OR t.due_at <= :now
            OR (t.of_lease AND (f.acknowledged_until IS NULL OR f.step_id <> t.step_id))
            OR (NOT t.of_lease AND CAST(f.steps_done -> t.step_id ->> 0 AS timestamptz) > t.asked_at))
        FOR UPDATE OF t SKIP LOCKED
    ), told AS (
        INSERT INTO follow_up_event (follow_up_id, at, event, from_state, to_state, step_id, actor, actor_kind)
        SELECT follow_up_id, :now, 'step_extension_lapsed', state, state, step_id, 'engine', 'engine' FROM moot
    )
    UPDATE step_time t SET state = 'lapsed', decided_by = 'engine', decided_at = :now FROM moot WHERE t.id = moot.id
    RETURNING t.id
    """
)
