"""Appointments whose reminders are to be planned. Never commits; when and whether to remind is for models/domain.

`appointment.reminders_due_at` is set by whoever writes a booked appointment still to come; the planner moves it to the
moment of the next reminder and clears it when none is left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.hold_facts import blocking, blocks
from models.domain.holds import HoldRules
from models.domain.ids import AppointmentId, HouseholdId, TeamId
from models.domain.reminders import Booking
from models.domain.words import ContactMode

PLANNER_LOCK = 7_215_540_304  # one planner of reminders at a time; no other lock has this key


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedAppointment:
    """A booked appointment whose row is locked by this transaction.

    `wanted`: its source and kind allow reminders, and no hold stands.
    """

    id: AppointmentId
    household_id: HouseholdId | None
    team_id: TeamId | None
    contact_code: str
    booking: Booking
    wanted: bool


def claim_due(session: Session, holds: HoldRules, *, now: datetime, limit: int) -> list[BookedAppointment]:
    """Lock about `limit` appointments whose reminders are due to be planned; none while another planner is at work.

    Whole households come together, so that one text can speak for several appointments; hence one planner at a time.
    """
    if not session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": PLANNER_LOCK}):
        return []
    rows = session.execute(_CLAIM, {"now": now, "limit": limit, **blocking(holds)})
    return [
        BookedAppointment(
            id=row.id,
            household_id=row.household_id,
            team_id=row.team_id,
            contact_code=row.contact_code,
            booking=Booking(
                starts_at=row.starts_at,
                heard_at=row.heard_at,
                mode=None if row.mode is None else ContactMode(row.mode),
            ),
            wanted=row.wanted,
        )
        for row in rows
    ]


_CLAIM = text(f"""
WITH first AS MATERIALIZED (
  SELECT id, household_id FROM appointment WHERE reminders_due_at <= :now ORDER BY reminders_due_at LIMIT :limit
), due AS MATERIALIZED (
  SELECT id FROM appointment WHERE reminders_due_at <= :now
    AND (id IN (SELECT id FROM first) OR household_id IN (SELECT household_id FROM first))
  FOR UPDATE SKIP LOCKED
)
SELECT a.id, a.household_id, a.team_id, a.contact_code, a.starts_at, a.mode, a.first_received_at AS heard_at,
  a.status = 'booked' AND a.vanished_at IS NULL AND NOT s.sends_own_reminders AND a.starts_at > :now
    AND NOT {blocks("a.person_id", "a.household_id")} AS wanted
FROM due JOIN appointment a ON a.id = due.id JOIN source s ON s.id = a.source_id
ORDER BY a.household_id, a.starts_at, a.id
""")


def set_next(session: Session, planned: Sequence[tuple[AppointmentId, datetime | None]]) -> None:
    """Store when each appointment's reminders are to be planned next; None: no more."""
    params = {"ids": [each[0] for each in planned], "due": [each[1] for each in planned]}
    session.execute(_SET_NEXT, params)


_SET_NEXT = text("""
UPDATE appointment SET reminders_due_at = next.due
FROM unnest(CAST(:ids AS bigint[]), CAST(:due AS timestamptz[])) AS next (id, due)
WHERE appointment.id = next.id
""")


def plan_again(session: Session, message_id: int, *, now: datetime) -> None:
    """Have the reminders planned again of those appointments of a blocked reminder that are still booked.

    One of several may have moved or been cancelled: the others must not lose their reminder with it.
    """
    session.execute(_PLAN_AGAIN, {"id": message_id, "now": now})


_PLAN_AGAIN = text("""
UPDATE appointment SET reminders_due_at = :now
WHERE id IN (SELECT appointment_id FROM message_subject WHERE message_id = :id)
  AND status = 'booked' AND vanished_at IS NULL AND starts_at > :now AND COALESCE(reminders_due_at > :now, true)
""")
