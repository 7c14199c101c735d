"""A person records what happened at an appointment, or corrects it. Never commits; `detect` draws the consequences.

A person's entry stands: no later import overwrites it (design 3.11). A correction goes both ways and keeps history.
"""

from datetime import datetime

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from models.db import history
from models.db.follow_up_rows import ChangedMeanwhile, NotAllowed
from models.db.scope import Scope
from models.domain.ids import AppointmentId
from models.domain.words import AppointmentStatus, ContactMode, OutcomeSubtype

RECORDABLE = frozenset(
    {
        AppointmentStatus.ATTENDED,
        AppointmentStatus.ATTENDED_LATE,
        AppointmentStatus.ARRIVED_NOT_SEEN,
        AppointmentStatus.MISSED,
        AppointmentStatus.CANCELLED_BY_FAMILY,
        AppointmentStatus.CANCELLED_BY_SERVICE,
        AppointmentStatus.DECLINED,
        AppointmentStatus.VOID,
    }
)


# What may be said before it begins.
_BEFOREHAND = frozenset(
    {
        AppointmentStatus.CANCELLED_BY_FAMILY,
        AppointmentStatus.CANCELLED_BY_SERVICE,
        AppointmentStatus.DECLINED,
        AppointmentStatus.VOID,
    }
)


def record_outcome(
    session: Session,
    *,
    appointment_id: AppointmentId,
    seen_status: AppointmentStatus,
    status: AppointmentStatus,
    subtype: OutcomeSubtype | None,
    mode: ContactMode | None,
    reason: str | None,
    account: Scope,
    now: datetime,
) -> None:
    """Set the outcome and leave the rest to `detect`: nudge `engine` after the commit.

    `seen_status` is the status that the page showed. `mode`: how it took place, where that differs from the booking.
    Raises ChangedMeanwhile if the appointment has another status by now, NotAllowed for a status that is no outcome.
    """
    if status not in RECORDABLE:
        raise NotAllowed(f"{status} is no outcome; expected one of {', '.join(sorted(RECORDABLE))}")
    found = session.execute(_LOCK, {"id": appointment_id}).mappings().one_or_none()
    if found is None or found["status"] != seen_status:
        raise ChangedMeanwhile(f"appointment {appointment_id} has changed since it was shown")
    if status not in _BEFOREHAND and found["starts_at"] > now:
        raise NotAllowed(f"appointment {appointment_id} has not begun; expected a cancellation or a decline")
    _store(session, found, status, subtype, mode, reason, account, now)


def _store(
    session: Session,
    found: RowMapping,
    status: AppointmentStatus,
    subtype: OutcomeSubtype | None,
    mode: ContactMode | None,
    reason: str | None,
    account: Scope,
    now: datetime,
) -> None:
    appointment_id = AppointmentId(found["id"])
    params = {"id": appointment_id, "status": status, "subtype": subtype, "mode": mode, "reason": reason}
    session.execute(_RECORD, {**params, "by": account.actor, "now": now})
    history.appointment_changed(
        session,
        appointment_id=appointment_id,
        event="outcome_recorded",
        from_status=found["status"],
        to_status=status,
        actor=account,
        now=now,
        detail={"subtype": subtype, "from_subtype": found["subtype"]},
    )
    history.audited(
        session,
        action="outcome_recorded",
        subject="appointment",
        subject_id=appointment_id,
        household_id=found["household_id"],
        actor=account,
        now=now,
        detail={"status": status},
    )


_LOCK = text("SELECT id, status, subtype, household_id, starts_at FROM appointment WHERE id = :id FOR UPDATE")
_RECORD = text(
    """
    UPDATE appointment
    SET status = :status, subtype = :subtype, mode = coalesce(:mode, mode), reason = coalesce(:reason, reason),
        status_by = :by, recorded_at = :now, reconsider_at = :now, outcome_due_at = NULL, reminders_due_at = NULL
    WHERE id = :id
    """
)
