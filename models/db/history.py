"""Append to the histories: a follow-up's story, an appointment's changes, the audit trail. Never changes a row."""

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.scope import Scope
from models.domain.ids import AppointmentId, FollowUpId, HouseholdId
from models.domain.words import ActorKind

_FOLLOW_UP_EVENT = text(
    """
    INSERT INTO follow_up_event (follow_up_id, at, event, from_state, to_state, step_id, actor_kind, actor,
                                 reason, detail)
    VALUES (:follow_up_id, :at, :event, :from_state, :to_state, :step_id, :actor_kind, :actor, :reason,
            CAST(:detail AS jsonb))
    """
)
_APPOINTMENT_EVENT = text(
    """
    INSERT INTO appointment_event (appointment_id, at, event, from_status, to_status, actor_kind, actor, detail)
    VALUES (:appointment_id, :at, :event, :from_status, :to_status, :actor_kind, :actor, CAST(:detail AS jsonb))
    """
)
_AUDIT_ENTRY = text(
    """
    INSERT INTO audit_entry (at, actor_kind, actor, account_id, action, subject, subject_id, household_id, why, detail)
    VALUES (:at, :actor_kind, :actor, :account_id, :action, :subject, :subject_id, :household_id, :why,
            CAST(:detail AS jsonb))
    """
)


def follow_up_changed(
    session: Session,
    *,
    follow_up_id: FollowUpId,
    event: str,
    from_state: str,
    to_state: str,
    step_id: str | None,
    actor: Scope,
    now: datetime,
    reason: str | None = None,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Append one event by a person to a follow-up's story."""
    session.execute(
        _FOLLOW_UP_EVENT,
        {
            "follow_up_id": follow_up_id,
            "at": now,
            "event": event,
            "from_state": from_state,
            "to_state": to_state,
            "step_id": step_id,
            "actor_kind": ActorKind.PERSON,
            "actor": actor.actor,
            "reason": reason,
            "detail": as_json(detail),
        },
    )


def appointment_changed(
    session: Session,
    *,
    appointment_id: AppointmentId,
    event: str,
    from_status: str,
    to_status: str,
    actor: Scope,
    now: datetime,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Append one event by a person to an appointment's history."""
    session.execute(
        _APPOINTMENT_EVENT,
        {
            "appointment_id": appointment_id,
            "at": now,
            "event": event,
            "from_status": from_status,
            "to_status": to_status,
            "actor_kind": ActorKind.PERSON,
            "actor": actor.actor,
            "detail": as_json(detail),
        },
    )


def audited(
    session: Session,
    *,
    action: str,
    subject: str,
    subject_id: int | None,
    actor: Scope,
    now: datetime,
    household_id: HouseholdId | None = None,
    why: str | None = None,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Append who did or read what, when and why. `subject` is a table's name; `detail` names no family."""
    session.execute(
        _AUDIT_ENTRY,
        {
            "at": now,
            "actor_kind": ActorKind.PERSON,
            "actor": actor.actor,
            "account_id": actor.account_id,
            "action": action,
            "subject": subject,
            "subject_id": subject_id,
            "household_id": household_id,
            "why": why,
            "detail": as_json(detail),
        },
    )


def as_json(detail: Mapping[str, object] | None) -> str | None:
    """Return a detail as its column takes it."""
    return None if detail is None else json.dumps(detail)
