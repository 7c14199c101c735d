"""A follow-up as a person's act needs it: locked, checked against what the page showed, changed, told. No commits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import disclosure_receipts, history
from models.db.scope import Scope
from models.domain import transitions
from models.domain.follow_up_states import FollowUpEvent, advance
from models.domain.ids import FollowUpId, HouseholdId
from models.domain.words import AlertState, FollowUpState, FollowUpTrigger


class ActionRefused(Exception):
    """A person's act was not done; nothing has changed."""


class ChangedMeanwhile(ActionRefused):
    """Somebody or the engine changed the row since the page was drawn: show it again and ask anew."""


class NotAllowed(ActionRefused):
    """This person, or anybody, may not do this here; the message says what is missing."""


class IllegalTransition(ActionRefused):
    """The follow-up is in a state that this act doesn't apply to."""


@dataclass(frozen=True, slots=True)
class Locked:
    """A follow-up's row as locked for one act."""

    id: FollowUpId
    state: FollowUpState
    trigger: FollowUpTrigger
    household_id: HouseholdId | None
    contact_code: str
    pathway_code: str
    pathway_version: int
    high_risk: bool
    miss_count: int
    cycle: int
    opened_at: datetime
    anchor_at: datetime
    step_id: str | None
    seen_at: datetime | None
    closing_by: str | None
    closing_reason: str | None
    row_version: int


def lock(session: Session, follow_up_id: FollowUpId, row_version: int) -> Locked:
    """Lock a follow-up for a person's act. Raises ChangedMeanwhile unless it is as the person saw it."""
    found = session.execute(_LOCK, {"id": follow_up_id}).mappings().one_or_none()
    if found is None or found["row_version"] != row_version:
        raise ChangedMeanwhile(f"follow-up {follow_up_id} has changed since it was shown")
    return Locked(
        **{
            **found,
            "state": FollowUpState(found["state"]),
            "trigger": FollowUpTrigger(found["trigger"]),
        }
    )


def state_after(row: Locked, event: FollowUpEvent) -> FollowUpState:
    """Return the state that a person's act leads to. Raises IllegalTransition where it can't happen."""
    try:
        return advance(row.state, event)
    except transitions.IllegalTransition as error:
        raise IllegalTransition(f"follow-up {row.id}: {error}") from error


def change(session: Session, row: Locked, assignments: str, params: Mapping[str, object]) -> None:
    """Apply `assignments`, constants of this module, to the locked row."""
    statement = f"UPDATE follow_up SET {assignments}, row_version = row_version + 1 WHERE id = :id"
    session.execute(text(statement), {**params, "id": row.id})


def tell(
    session: Session,
    row: Locked,
    event: str,
    to_state: FollowUpState,
    account: Scope,
    now: datetime,
    *,
    reason: str | None = None,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Append to the story and to the audit trail. What a person does shows that what they were told has arrived."""
    disclosure_receipts.heard(session, row.id, by=account.actor, now=now)
    history.follow_up_changed(
        session,
        follow_up_id=row.id,
        event=event,
        from_state=row.state,
        to_state=to_state,
        step_id=row.step_id,
        actor=account,
        now=now,
        reason=reason,
        detail=detail,
    )
    audit(session, row, event, account, now)


def audit(session: Session, row: Locked, action: str, account: Scope, now: datetime) -> None:
    """Append to the audit trail."""
    history.audited(
        session,
        action=action,
        subject="follow_up",
        subject_id=row.id,
        household_id=row.household_id,
        actor=account,
        now=now,
    )


def end_alerts(
    session: Session, row: Locked, account: Scope, now: datetime, *, state: AlertState, outcome: str
) -> None:
    """End the open alerts of the follow-up's steps, and what asked who had cancelled."""
    params = {"id": row.id, "by": account.actor, "now": now, "state": state, "outcome": outcome}
    session.execute(_END_ALERTS, params)


_LOCK = text(
    """
    SELECT id, state, trigger, household_id, contact_code, pathway_code, pathway_version, high_risk, miss_count, cycle,
           opened_at, anchor_at, step_id, seen_at, closing_by, closing_reason, row_version
    FROM follow_up WHERE id = :id FOR UPDATE
    """
)
_END_ALERTS = text(
    """
    UPDATE alert SET state = :state, ended_at = :now, ended_by = :by, outcome = :outcome
    WHERE follow_up_id = :id AND state = 'open'
      AND kind IN ('step', 'confirm_seen', 'second_signature', 'cancellation_unexplained')
    """
)
