"""Contacts that should happen: looked at when due, met or handed over to a follow-up. Never commits."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.packing import packed_tuples, unpacked
from models.domain.words import ExpectedState


class DueExpected(NamedTuple):
    """A contact whose time to be looked at has come, locked, with what is known of it.

    `booked_until`: the end of an appointment for it that is still to come. `followed`: it has a
    follow-up, of its own or of an appointment for it.
    """

    id: int
    state: str
    person_id: int
    pregnancy_id: int | None
    household_id: int | None
    team_id: int | None
    contact_code: str
    schedule_code: str
    schedule_version: int
    anchor_on: date
    first_received_at: datetime
    date_of_birth: date | None
    caseload_holder: int | None
    life_status: str
    pregnancy_outcome: str | None
    is_current: bool
    booked_until: datetime | None
    met_at: datetime | None
    followed: bool


def take_due(session: Session, *, now: datetime, limit: int) -> list[DueExpected]:
    """Lock up to `limit` contacts that are due to be looked at; the caller must settle each."""
    return [DueExpected._make(row) for row in session.execute(_TAKE, {"now": now, "limit": limit})]


def settle(session: Session, rows: Sequence[tuple[int, ExpectedState, datetime | None, datetime | None]]) -> None:
    """Store what was found: id, state, when to look again, when it was met."""
    if rows:
        session.execute(_SETTLE, packed_tuples(rows, _SETTLED))


def mark_met(session: Session, met: Sequence[tuple[int, datetime]]) -> None:
    """These contacts took place at these times."""
    if met:
        session.execute(_SETTLE, packed_tuples([(one, ExpectedState.MET, None, at) for one, at in met], _SETTLED))


def mark_not_met(session: Session, ids: Sequence[int], *, now: datetime) -> None:
    """An appointment for these shows nobody seen: one that was met by it is open again and looked at.

    Other attendances for it are considered anew, and meet it again where they show somebody seen.
    """
    if ids:
        session.execute(_NOT_MET, {"ids": list(set(ids)), "now": now})


def look_again(session: Session, ids: Sequence[int], *, now: datetime) -> None:
    """The appointment that these relied on is no miss any more: whether they are booked or overdue is asked anew."""
    if ids:
        session.execute(_LOOK_AGAIN, {"ids": list(set(ids)), "now": now})


_NOT_MET = text(
    """
    WITH open_again AS (
        UPDATE expected_contact SET state = 'planned', met_at = NULL, next_due_at = :now
        WHERE id = ANY(CAST(:ids AS bigint[])) AND state = 'met' RETURNING id
    )
    UPDATE appointment SET reconsider_at = :now FROM open_again
    WHERE expected_contact_id = open_again.id AND status IN ('attended', 'attended_late')
    """
)
_LOOK_AGAIN = text(
    """
    UPDATE expected_contact SET state = 'planned', next_due_at = :now
    WHERE id = ANY(CAST(:ids AS bigint[])) AND state IN ('booked', 'overdue')
    """
)
_TAKE = text(
    """
    WITH due AS MATERIALIZED (
        SELECT e.* FROM expected_contact e WHERE e.next_due_at <= :now
        ORDER BY e.next_due_at, e.id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    )
    SELECT e.id, e.state, e.person_id, e.pregnancy_id, e.household_id, coalesce(p.team_id, e.team_id),
           e.contact_code, e.schedule_code, e.schedule_version, e.anchor_on, e.first_received_at, p.date_of_birth,
           p.caseload_holder_id, p.life_status, g.outcome,
           e.anchor_on IS NOT DISTINCT FROM CASE WHEN e.pregnancy_id IS NULL THEN p.date_of_birth ELSE g.edd END,
           (SELECT min(a.ends_at) FROM appointment a
            WHERE a.person_id = e.person_id AND a.contact_code = e.contact_code AND a.ends_at > :now
              AND a.status IN ('planned', 'booked', 'arrived') AND a.vanished_at IS NULL),
           e.met_at,
           EXISTS (SELECT FROM follow_up f WHERE f.expected_contact_id = e.id)
           OR EXISTS (SELECT FROM appointment a JOIN follow_up f ON f.appointment_id = a.id
                      WHERE a.expected_contact_id = e.id AND f.trigger <> 'corrected'
                        AND coalesce(f.closed_reason, '') NOT IN ('outcome_recorded', 'entered_in_error'))
    FROM due e
    JOIN person p ON p.id = e.person_id
    LEFT JOIN pregnancy g ON g.id = e.pregnancy_id
    """
)
_SETTLED = (("id", "bigint"), ("state", "text"), ("next_due_at", "timestamptz"), ("met_at", "timestamptz"))
_SETTLE = text(
    f"""
    UPDATE expected_contact e SET state = u.state, next_due_at = u.next_due_at, met_at = coalesce(u.met_at, e.met_at)
    FROM {unpacked(_SETTLED, alias="u")} WHERE e.id = u.id AND e.state <> 'met'
    """
)
