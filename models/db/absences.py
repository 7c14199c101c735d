"""Absences that people enter: who is away, until when, who covers; and calling one off. Never commits.

The caller has checked that the account may speak for the practitioner's team. Each act is kept in the audit trail.
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import history, staff_looks
from models.db.follow_up_rows import NotAllowed
from models.db.scope import Scope
from models.domain.ids import PractitionerId


def record(
    session: Session,
    *,
    practitioner_id: PractitionerId,
    starts_at: datetime,
    ends_at: datetime,
    cover_id: PractitionerId | None,
    account: Scope,
    now: datetime,
) -> int:
    """Note that somebody is away and who covers; what they hold is handed over when it begins. Return its id.

    Raises NotAllowed for an end that is not after the start or lies behind us, or a cover who is the same person.
    """
    if not starts_at < ends_at or ends_at <= now:
        raise NotAllowed("expected a last day that is not before the first, nor over already")
    if cover_id == practitioner_id:
        raise NotAllowed("nobody covers for themselves; expected a colleague, or nobody")
    row = {
        "practitioner": practitioner_id,
        "starts": starts_at,
        "ends": ends_at,
        "cover": cover_id,
        "by": account.actor,
        "now": now,
    }
    absence_id = int(session.execute(_RECORD, row).scalar_one())
    staff_looks.look_now(session, [practitioner_id], now=now)
    detail = {"practitioner": practitioner_id, "cover": cover_id}
    history.audited(
        session, action="absence.recorded", subject="absence", subject_id=absence_id, actor=account, now=now,
        detail=detail,
    )  # fmt: skip
    return absence_id


def call_off(session: Session, *, absence_id: int, account: Scope, now: datetime) -> bool:
    """Take an absence back; False where it was over or called off already. What was handed over stays handed over."""
    row = session.execute(_CALL_OFF, {"id": absence_id, "by": account.actor, "now": now}).one_or_none()
    if row is None:
        return False
    staff_looks.look_now(session, [row.practitioner_id], now=now)
    history.audited(
        session, action="absence.called_off", subject="absence", subject_id=absence_id, actor=account, now=now
    )
    return True


_RECORD = text(
    """
    INSERT INTO absence (practitioner_id, starts_at, ends_at, cover_practitioner_id, recorded_by, recorded_at)
    VALUES (:practitioner, :starts, :ends, :cover, :by, :now) RETURNING id
    """
)
_CALL_OFF = text(
    """
    UPDATE absence SET called_off_at = :now, called_off_by = :by
    WHERE id = :id AND called_off_at IS NULL AND ends_at > :now RETURNING practitioner_id
    """
)
