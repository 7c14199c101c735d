"""Appointments to look at: ended without an outcome though the data are fresh, or come or changed. No commits."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.packing import packed_tuples, unpacked

# One detector at a time: a family's misses are one thread, whichever worker finds them. Means nothing else.
DETECTION_LOCK = 7_215_540_302


class Candidate(NamedTuple):
    """One appointment to look at, taken off the list, with what its consequences depend on.

    `from_status` is its status before this look. `earlier_misses`: how often it was missed before it was booked anew
    under the same id.
    """

    id: int
    from_status: str
    status: str
    status_by: str
    subtype: str | None
    mode: str | None
    subject_role: str | None
    person_id: int
    household_id: int | None
    team_id: int | None
    contact_code: str
    booked_with: int | None
    caseload_holder: int | None
    starts_at: datetime
    ends_at: datetime
    reason: str | None
    recorded_at: datetime | None
    cancelled_at: datetime | None
    expected_contact_id: int | None
    first_received_at: datetime
    go_live_on: date | None
    authoritative: bool
    decline_told: dict[str, object] | None
    changed_at: datetime | None  # the last time its status changed
    moved_at: datetime | None  # the last time it got another time
    earlier_misses: int


class Visit(NamedTuple):
    """An attendance by an authoritative word."""

    id: int
    person_id: int
    contact_code: str
    status: str
    subtype: str | None
    mode: str | None
    subject_role: str | None
    starts_at: datetime
    ends_at: datetime


class SourceRange(NamedTuple):
    """Up to which due time a source's data say that an outcome is missing."""

    source_id: int
    up_to: datetime


def lock_detection(session: Session) -> bool:
    """Become the only detector until the transaction ends; False where another one is at it."""
    found = session.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": DETECTION_LOCK}).scalar_one()
    return bool(found)


def wait_for_detection(session: Session) -> None:
    """The same, waiting for the other: for an import, which must not end before its rows are looked at."""
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": DETECTION_LOCK})


def outcome_ranges(session: Session, *, now: datetime, allowance: timedelta) -> list[SourceRange]:
    """Return the sources with appointments whose outcome is missing by data fresher than their end (design 3.8)."""
    rows = session.execute(_RANGES, {"now": now, "allowance": allowance})
    return [SourceRange(row.id, row.up_to) for row in rows]


def flip_outcome_due(
    session: Session, *, source: SourceRange, guarded: Collection[str], now: datetime, limit: int
) -> list[Candidate]:
    """Turn up to `limit` appointments of a source to OUTCOME_DUE, with their history; return them in no order.

    `guarded`: contact codes whose appointments are their own service's affair. One of these never falls to the team or
    the caseload holder of the family: its team is its own, else that of whom it is booked with, else none.
    """
    params = {"source": source.source_id, "up_to": source.up_to, "guarded": list(guarded), "now": now, "limit": limit}
    return [Candidate._make(row) for row in session.execute(_FLIP, params)]


def take_changed(session: Session, *, guarded: Collection[str], now: datetime, limit: int) -> list[Candidate]:
    """Take about `limit` appointments that came or changed off the list: all of each person's, in order of time.

    `guarded` as for `flip_outcome_due`.
    """
    params = {"guarded": list(guarded), "now": now, "limit": limit}
    return [Candidate._make(row) for row in session.execute(_TAKE, params)]


def visits(session: Session, contacts: Collection[tuple[int, str]]) -> list[Visit]:
    """Return all attendances of these people's contacts (person, code) by an authoritative word, in order of time."""
    if not contacts:
        return []
    return [Visit._make(row) for row in session.execute(_VISITS, packed_tuples(sorted(contacts), _CONTACTS))]


_RANGES = text(
    """
    SELECT s.id, least(:now, s.as_of + CAST(:allowance AS interval)) AS up_to
    FROM source s
    WHERE s.as_of IS NOT NULL AND EXISTS (
        SELECT FROM appointment a WHERE a.source_id = s.id
          AND a.outcome_due_at <= least(:now, s.as_of + CAST(:allowance AS interval)))
    """
)
_GUARDED = "a.contact_code = ANY(CAST(:guarded AS text[]))"
_FIELDS = f"""
    a.id, {{from_status}}, a.status, a.status_by, a.subtype, a.mode, a.subject_role, a.person_id, a.household_id,
    CASE WHEN {_GUARDED} THEN coalesce(a.team_id, w.team_id) ELSE coalesce(a.team_id, p.team_id, h.team_id) END,
    a.contact_code, CASE WHEN p.protected_at IS NULL THEN a.practitioner_id END,
    CASE WHEN NOT {_GUARDED} THEN p.caseload_holder_id END, a.starts_at, a.ends_at,
    a.reason, a.recorded_at, a.cancelled_at, a.expected_contact_id, a.first_received_at, s.go_live_on,
    a.status_by LIKE 'person:%' OR 'attendance' = ANY(s.authoritative_for), a.decline_told, {{history}}
"""
_AROUND = """
    JOIN source s ON s.id = a.source_id JOIN person p ON p.id = a.person_id
    LEFT JOIN household h ON h.id = a.household_id LEFT JOIN practitioner w ON w.id = a.practitioner_id
"""
_FLIP = text(
    f"""
    WITH due AS MATERIALIZED (
        SELECT id, status FROM appointment WHERE source_id = :source AND outcome_due_at <= :up_to
        ORDER BY outcome_due_at LIMIT :limit FOR NO KEY UPDATE
    ), a AS (
        UPDATE appointment SET status = 'outcome_due', status_by = 'engine', outcome_due_at = NULL,
            reminders_due_at = NULL
        FROM due WHERE appointment.id = due.id
        RETURNING appointment.*, due.status AS from_status
    ), told AS (
        INSERT INTO appointment_event (appointment_id, at, event, from_status, to_status, actor_kind, actor)
        SELECT id, :now, 'outcome_due', from_status, status, 'engine', 'engine' FROM a
    )
    SELECT {_FIELDS.format(from_status="a.from_status", history="CAST(:now AS timestamptz), NULL::timestamptz, 0")}
    FROM a {_AROUND}
    """
)
_TAKE = text(
    f"""
    WITH edge AS MATERIALIZED (
        SELECT max(person_id) AS person_id FROM (
            SELECT person_id FROM appointment WHERE reconsider_at IS NOT NULL ORDER BY person_id LIMIT :limit) AS first
    ), due AS MATERIALIZED (
        SELECT id FROM appointment
        WHERE reconsider_at IS NOT NULL AND person_id <= (SELECT person_id FROM edge) AND reconsider_at <= :now
        ORDER BY person_id, id FOR NO KEY UPDATE
    ), a AS (
        UPDATE appointment SET reconsider_at = NULL FROM due WHERE appointment.id = due.id RETURNING appointment.*
    )
    SELECT {_FIELDS.format(from_status="a.status", history="past.changed_at, past.moved_at, past.earlier_misses")}
    FROM a {_AROUND}
    -- A miss that became a booking at another time was a miss all the same: the id is the sender's, not the visit's.
    CROSS JOIN LATERAL (
        SELECT max(c.at) FILTER (WHERE c.from_status IS DISTINCT FROM c.to_status) AS changed_at,
               max(c.at) FILTER (WHERE c.detail ? 'starts_at_was') AS moved_at,
               count(*) FILTER (WHERE c.detail ? 'starts_at_was' AND c.to_status IN ('planned', 'booked')
                   AND (c.from_status IN ('missed', 'arrived_not_seen')
                        OR c.detail ->> 'subtype_was' IN ('child_not_seen', 'left_before_seen'))) AS earlier_misses
        FROM appointment_event c WHERE c.appointment_id = a.id) past
    ORDER BY a.person_id, a.contact_code, a.ends_at, a.id
    """
)
_CONTACTS = (("person_id", "bigint"), ("contact_code", "text"))
_VISITS = text(
    f"""
    SELECT b.id, b.person_id, b.contact_code, b.status, b.subtype, b.mode, b.subject_role, b.starts_at, b.ends_at
    FROM {unpacked(_CONTACTS, alias="c")}
    JOIN appointment b ON b.person_id = c.person_id AND b.contact_code = c.contact_code
    JOIN source s ON s.id = b.source_id
    WHERE b.status IN ('attended', 'attended_late') AND b.reconsider_at IS NULL
      AND (b.status_by LIKE 'person:%' OR 'attendance' = ANY(s.authoritative_for))
    ORDER BY b.ends_at, b.id
    """
)
