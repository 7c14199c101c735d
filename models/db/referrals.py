"""Referrals whose next hop is late, and what the record knows of first appointments. Never commits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.follow_up_actions import REOPENED
from models.db.packing import packed, unpacked


class Late(NamedTuple):
    """A referral whose next hop has just been found late, marked so. It has no follow-up yet."""

    id: int
    person_id: int
    household_id: int | None
    team_id: int | None
    practitioner_id: int | None
    urgency: str
    hop_due_at: datetime
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Moved:
    """A referral's next state, as somebody or the record told it. `detail` is JSON and names nobody.

    `reason`: what a person wrote; it stands in the referral's history alone.
    """

    id: int
    event: str
    from_state: str
    to_state: str
    hop_due_at: datetime | None
    first_appointment_at: datetime | None
    appointment_id: int | None
    actor_kind: str
    actor: str
    reason: str | None = None
    detail: str | None = None


class Known(NamedTuple):
    """A live referral with what the record now says of the first appointment, locked."""

    id: int
    state: str
    urgency: str
    sent_at: datetime
    appointment_id: int
    starts_at: datetime
    status: str
    told_by: str


def take_late(session: Session, *, now: datetime, limit: int) -> tuple[int, list[Late]]:
    """Mark up to `limit` referrals as late at their next hop; wake or open again the follow-ups that they have.

    Return how many, and those that have no follow-up: each must get it in this transaction.
    """
    rows = session.execute(_LATE, {"now": now, "limit": limit}).all()
    if not rows:
        return 0, []
    ids = {"ids": [row.id for row in rows], "now": now}
    session.execute(_AGAIN, ids)
    known = set(session.scalars(_HAVE, ids))
    return len(rows), [Late._make(row) for row in rows if row.id not in known]


def found_appointments(session: Session, *, codes: Mapping[str, str], limit: int) -> list[Known]:
    """Lock up to `limit` referrals that wait for a first appointment of which the record knows something new.

    `codes`: contact code to service.
    """
    given = {"codes": list(codes), "services": list(codes.values()), "limit": limit}
    return [Known._make(row) for row in session.execute(_FOUND, given)]


def move(session: Session, rows: Sequence[Moved], *, now: datetime) -> None:
    """Store where referrals have got to, with their histories; each one's follow-up is set to its next hop.

    The follow-up is never closed here: at the referral's end it asks for a person's confirmation.
    """
    if not rows:
        return
    given = {**packed(rows, _MOVED), "now": now, "reasons": [row.reason for row in rows]}
    session.execute(_MOVE, given)
    session.execute(_NEXT_HOP, given)
    session.execute(_OVER, given)
    session.execute(_OVERTAKE, given)


_LATE = text(
    """
    WITH due AS MATERIALIZED (
        SELECT id FROM referral WHERE hop_due_at <= :now AND hop_late_at IS NULL ORDER BY hop_due_at, id LIMIT :limit
        FOR NO KEY UPDATE SKIP LOCKED
    ), r AS (
        UPDATE referral SET hop_late_at = :now FROM due WHERE referral.id = due.id RETURNING referral.*
    )
    SELECT r.id, r.person_id, r.household_id, coalesce(r.team_id, p.team_id), r.practitioner_id, r.urgency,
           r.hop_due_at, r.sent_at
    FROM r JOIN person p ON p.id = r.person_id
    """
)
_HAVE = text("SELECT referral_id FROM follow_up WHERE referral_id = ANY(CAST(:ids AS bigint[]))")
# One that a person had closed at an earlier hop is opened again on the same row; a live one is due now.
_AGAIN = text(
    f"""
    WITH closed AS (
        UPDATE follow_up f SET {REOPENED}, anchor_at = r.hop_due_at, breach_at = r.hop_due_at,
            row_version = f.row_version + 1
        FROM referral r WHERE r.id = ANY(CAST(:ids AS bigint[])) AND f.referral_id = r.id AND f.state = 'closed'
        RETURNING f.id, f.state, r.state AS hop
    ), woken AS (
        UPDATE follow_up f SET next_due_at = least(f.next_due_at, CAST(:now AS timestamptz))
        WHERE f.referral_id = ANY(CAST(:ids AS bigint[])) AND f.state IN ('open', 'backlog')
    )
    INSERT INTO follow_up_event (follow_up_id, at, event, from_state, to_state, actor_kind, actor, detail)
    SELECT id, :now, 'hop_late', 'closed', state, 'engine', 'engine', jsonb_build_object('after', hop) FROM closed
    """
)
_FOUND = text(
    """
    SELECT r.id, r.state, r.urgency, r.sent_at, a.id, a.starts_at, a.status, a.status_by
    FROM referral r
    JOIN unnest(CAST(:codes AS text[]), CAST(:services AS text[])) AS c (code, service) ON c.service = r.service
    JOIN LATERAL (
        SELECT a.* FROM appointment a
        WHERE a.person_id = r.person_id AND a.contact_code = c.code AND a.starts_at >= r.sent_at
          AND a.vanished_at IS NULL AND a.status NOT IN ('void', 'planned')
        -- Kept once, or still to come; the earliest otherwise.
        ORDER BY a.status IN ('attended', 'attended_late') DESC,
                 a.status IN ('booked', 'arrived', 'outcome_due') DESC, a.starts_at, a.id LIMIT 1
    ) a ON true
    LEFT JOIN source s ON s.id = a.source_id
    WHERE r.state IN ('sent', 'received', 'accepted', 'appointed', 'declined')
      AND ((a.status IN ('attended', 'attended_late')
            AND (a.status_by LIKE 'person:%' OR 'attendance' = ANY(s.authoritative_for)))
        OR (a.status IN ('booked', 'arrived', 'outcome_due')
            -- A date that a person entered stays theirs, until the record has the same one.
            AND CASE WHEN r.state <> 'appointed' THEN true
                     WHEN r.appointment_id IS NULL THEN r.first_appointment_at = a.starts_at
                     ELSE r.appointment_id <> a.id OR r.first_appointment_at IS DISTINCT FROM a.starts_at END)
        OR (r.state = 'appointed' AND r.appointment_id = a.id AND a.status IN (
            'missed', 'arrived_not_seen', 'cancelled_by_family', 'cancelled_by_service', 'cancelled', 'declined')))
    ORDER BY r.id LIMIT :limit FOR NO KEY UPDATE OF r SKIP LOCKED
    """
)
_MOVED = (
    ("id", "bigint"),
    ("event", "text"),
    ("from_state", "text"),
    ("to_state", "text"),
    ("hop_due_at", "timestamptz"),
    ("first_appointment_at", "timestamptz"),
    ("appointment_id", "bigint"),
    ("actor_kind", "text"),
    ("actor", "text"),
    ("detail", "jsonb"),
)
_U = unpacked(_MOVED, alias="u")
_MOVE = text(
    f"""
    WITH moved AS (
        UPDATE referral r SET state = u.to_state, hop_due_at = u.hop_due_at, hop_late_at = NULL,
            hop_known_at = CAST(:now AS timestamptz), first_appointment_at = u.first_appointment_at,
            appointment_id = u.appointment_id, row_version = r.row_version + 1,
            ended_at = CASE WHEN u.hop_due_at IS NULL THEN CAST(:now AS timestamptz) END
        FROM {_U} WHERE r.id = u.id
    )
    INSERT INTO referral_event (referral_id, at, event, from_state, to_state, actor_kind, actor, reason, detail)
    SELECT id, :now, event, from_state, to_state, actor_kind, actor,
           (CAST(:reasons AS text[]))[CAST(place AS int)], detail
    FROM {_U} ORDER BY place
    """
)
# The ladder begins anew for the next hop, and rests until that is late.
_NEXT_HOP = text(
    f"""
    WITH told AS (
        UPDATE follow_up f SET cycle = f.cycle + 1, step_id = NULL, step_fired_at = NULL, step_raised_to = 0,
            steps_done = '{{}}', next_step_id = NULL, acknowledged_by = NULL, acknowledged_at = NULL,
            acknowledged_until = NULL, anchor_at = u.hop_due_at, breach_at = u.hop_due_at,
            next_due_at = greatest(u.hop_due_at, CAST(:now AS timestamptz)), row_version = f.row_version + 1
        FROM {_U}
        WHERE f.referral_id = u.id AND u.hop_due_at IS NOT NULL AND f.state IN ('open', 'backlog')
        RETURNING f.id, f.state, u.event, u.actor_kind, u.actor
    )
    INSERT INTO follow_up_event (follow_up_id, at, event, from_state, to_state, actor_kind, actor, detail)
    SELECT id, :now, 'hop_reached', state, state, actor_kind, actor, jsonb_build_object('hop', event) FROM told
    """
)
_OVER = text(
    f"""
    WITH told AS (
        UPDATE follow_up f SET state = 'seen', seen_at = CAST(:now AS timestamptz), seen_evidence = 'referral',
            next_due_at = CAST(:now AS timestamptz), row_version = f.row_version + 1
        FROM {_U}
        WHERE f.referral_id = u.id AND u.hop_due_at IS NULL AND f.state IN ('open', 'backlog')
        RETURNING f.id, u.event, u.actor_kind, u.actor
    )
    INSERT INTO follow_up_event (follow_up_id, at, event, from_state, to_state, actor_kind, actor, detail)
    SELECT id, :now, 'referral_over', 'open', 'seen', actor_kind, actor, jsonb_build_object('hop', event) FROM told
    """
)
_OVERTAKE = text(
    f"""
    UPDATE alert SET state = 'overtaken', ended_at = :now, ended_by = u.actor, outcome = 'referral_moved_on'
    FROM {_U} JOIN follow_up f ON f.referral_id = u.id
    WHERE alert.follow_up_id = f.id AND alert.state = 'open' AND f.state IN ('open', 'backlog', 'seen')
      AND alert.kind = 'step'
    """
)
