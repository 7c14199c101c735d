"""Claim messages, begin attempts, store what came of them. Never commits; calls no provider, decides nothing.

A message of state `claimed` has not left; one of `sending` may have. Each function changes a message only from the
state it expects, with the row locked, so that two senders, a sender and a settler, or a sender and a callback can't
undo each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from models.domain.ids import MessageId
from models.domain.message_states import MessageEvent, advance
from models.domain.words import AttemptOutcome, Audience, Channel, MessageState, Purpose, Urgency

URGENT_FIRST = (Urgency.RED_FLAG, Urgency.URGENT, Urgency.ROUTINE)
HOUSEHOLD_LOCK = 71  # first key of the advisory lock that lets one text of a household through the gate at a time
CONTACT_LOCK = 72  # of a text whose household is not known: one of its number


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A message whose row is locked by this transaction, claimed by this sender and not yet given to a provider."""

    id: MessageId
    channel: Channel
    audience: Audience
    purpose: Purpose
    urgency: Urgency
    team_id: int | None
    household_id: int | None
    contact_point_id: int | None
    practitioner_id: int | None
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffFacts:
    """What decides whether a staff message is still of use, and where it goes."""

    email: str | None
    alert_ids: tuple[int, ...]
    open_alerts: int
    in_shadow: bool
    several: bool  # it speaks for more than one alert
    follow_up_id: int | None
    high_risk_team: int | None  # of the follow-up's team, where it runs on high-risk terms


def claim(
    session: Session, *, now: datetime, lease_until: datetime, token: UUID, limit: int, urgencies: Sequence[Urgency]
) -> list[MessageId]:
    """Lease up to `limit` due messages, urgent first, oldest first; expired leases are simply taken again."""
    claimed: list[MessageId] = []
    for urgency in (each for each in URGENT_FIRST if each in urgencies):
        if len(claimed) < limit:
            params = {"now": now, "until": lease_until, "token": token, "urgency": urgency}
            found = session.scalars(_CLAIM, params | {"limit": limit - len(claimed)})
            claimed += [MessageId(message_id) for message_id in found]
    return claimed


_CLAIM = text("""
WITH expired AS MATERIALIZED (
  SELECT id FROM message WHERE state = 'claimed' AND lease_until <= :now AND urgency = :urgency
  ORDER BY lease_until LIMIT :limit FOR UPDATE SKIP LOCKED
), due AS MATERIALIZED (
  SELECT id FROM message WHERE state = 'queued' AND urgency = :urgency AND send_after <= :now
  ORDER BY send_after, id LIMIT :limit FOR UPDATE SKIP LOCKED
)
UPDATE message SET state = 'claimed', lease_until = :until, claim_token = :token
WHERE id IN (SELECT id FROM (SELECT id, 0 AS rank FROM expired UNION ALL SELECT id, 1 FROM due) found
             ORDER BY rank LIMIT :limit)
RETURNING id
""")


def lock_claimed(session: Session, message_id: int, *, token: UUID, now: datetime) -> Claimed | None:
    """Lock a message for its attempt; None where the lease has ended, or another sender or a person was quicker."""
    params = {"id": message_id, "token": token, "now": now}
    row = session.execute(_LOCK_CLAIMED, params).one_or_none()
    if row is None:
        return None
    if row.audience == Audience.FAMILY:
        kind, key = (HOUSEHOLD_LOCK, row.household_id) if row.household_id else (CONTACT_LOCK, row.contact_point_id)
        lock = text("SELECT pg_advisory_xact_lock(:kind, CAST(:key % 2147483647 AS int))")
        session.execute(lock, {"kind": kind, "key": key})
    return Claimed(
        id=MessageId(row.id),
        channel=Channel(row.channel),
        audience=Audience(row.audience),
        purpose=Purpose(row.purpose),
        urgency=Urgency(row.urgency),
        team_id=row.team_id,
        household_id=row.household_id,
        contact_point_id=row.contact_point_id,
        practitioner_id=row.practitioner_id,
        attempts=row.attempts,
    )


_LOCK_CLAIMED = text("""
SELECT id, channel, audience, purpose, urgency, team_id, household_id, contact_point_id, practitioner_id, attempts
FROM message WHERE id = :id AND state = 'claimed' AND claim_token = :token AND lease_until > :now FOR UPDATE
""")


def staff_facts(session: Session, message_id: int) -> StaffFacts:
    """Return what a staff message needs: the address, and whether any of its alerts still waits."""
    row = session.execute(_STAFF_FACTS, {"id": message_id}).one()
    return StaffFacts(
        email=row.email,
        alert_ids=tuple(row.alert_ids or ()),
        open_alerts=row.open_alerts,
        in_shadow=row.stage == "shadow",
        several=row.several,
        follow_up_id=row.follow_up_id,
        high_risk_team=row.high_risk_team,
    )


_STAFF_FACTS = text("""
SELECT p.email, team.stage, array_agg(a.id) FILTER (WHERE a.id IS NOT NULL) AS alert_ids,
  count(a.id) FILTER (WHERE a.state = 'open' AND a.acknowledged_at IS NULL) AS open_alerts,
  CASE WHEN count(DISTINCT a.id) = 1 THEN min(a.follow_up_id) END AS follow_up_id, count(DISTINCT a.id) > 1 AS several,
  min(f.team_id) FILTER (WHERE f.high_risk) AS high_risk_team
FROM message m JOIN practitioner p ON p.id = m.practitioner_id LEFT JOIN team ON team.id = m.team_id
LEFT JOIN message_subject s ON s.message_id = m.id LEFT JOIN alert a ON a.id = s.alert_id
LEFT JOIN follow_up f ON f.id = a.follow_up_id
WHERE m.id = :id GROUP BY p.email, team.stage
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """An attempt about to be made: its id goes into the callback's path, its words are kept as sent."""

    attempt_id: UUID
    body: str
    template_version: int
    language: str
    settle_due_at: datetime


def begin(session: Session, message: Claimed, beginning: Beginning, *, now: datetime) -> None:
    """Write the attempt and `sending`. Once this is committed, the provider may have the message."""
    params = {
        "id": message.id,
        "attempt": beginning.attempt_id,
        "number": message.attempts + 1,
        "body": beginning.body,
        "version": beginning.template_version,
        "language": beginning.language,
        "settle": beginning.settle_due_at,
        "now": now,
    }
    session.execute(_BEGIN, params)


# The number counts all attempts ever, since a person's release starts the count of tries anew.
_BEGIN = text("""
WITH started AS (
  INSERT INTO attempt (id, message_id, number, started_at, outcome)
  SELECT :attempt, :id, 1 + count(*), :now, 'started' FROM attempt WHERE message_id = :id
)
UPDATE message SET state = 'sending', attempts = :number, sent_at = :now, settle_due_at = :settle, body = :body,
  template_version = :version, language = :language, block_reason = NULL, lease_until = NULL, claim_token = NULL
WHERE id = :id
""")


def put_off(session: Session, message_id: int, *, until: datetime, reason: str) -> None:
    """Queue a claimed message again for `until`: the gate said wait. Nothing has left; the page shows why."""
    session.execute(_PUT_OFF, {"id": message_id, "until": until, "reason": reason})


_PUT_OFF = text("""
UPDATE message SET state = 'queued', send_after = :until, block_reason = :reason, lease_until = NULL, claim_token = NULL
WHERE id = :id AND state = 'claimed'
""")


def count_fault(session: Session, message_id: int) -> int:
    """Count one more try at a message that our own code failed on; return how many there were."""
    counted = text("UPDATE message SET attempts = attempts + 1 WHERE id = :id RETURNING attempts")
    tries: int = session.execute(counted, {"id": message_id}).scalar_one()
    return tries


def stop(session: Session, message_id: int, event: MessageEvent, *, reason: str, now: datetime) -> None:
    """End a claimed message that may not leave: BLOCKED or TOO_LATE, with the gate's reason."""
    state = advance(MessageState.CLAIMED, event)
    session.execute(_STOP, {"id": message_id, "state": state, "reason": reason, "now": now})


_STOP = text("""
UPDATE message SET state = :state, block_reason = :reason, ended_at = :now, ended_by = 'gate', lease_until = NULL,
  claim_token = NULL
WHERE id = :id AND state = 'claimed'
""")


def speak_also_for(session: Session, message_id: int, *, covered_id: int) -> None:
    """Let a text that went to this household today speak also for what a second one was about."""
    session.execute(_SPEAK_ALSO, {"id": message_id, "covered": covered_id})


_SPEAK_ALSO = text("""
INSERT INTO message_subject (message_id, follow_up_id, appointment_id)
SELECT :id, follow_up_id, appointment_id FROM message_subject WHERE message_id = :covered AND alert_id IS NULL
ON CONFLICT DO NOTHING
""")


def tell_story(
    session: Session, message_id: int, event: str, *, now: datetime, reason: str | None = None, actor: str = "engine"
) -> None:
    """Add an event to the story of each follow-up that a message speaks for."""
    kind = "provider" if actor == "provider" else "engine"
    params = {"id": message_id, "event": event, "now": now, "reason": reason, "actor": actor, "kind": kind}
    session.execute(_TELL, params)


_TELL = text("""
INSERT INTO follow_up_event (follow_up_id, at, event, from_state, to_state, step_id, actor_kind, actor, reason, detail)
SELECT f.id, :now, :event, f.state, f.state, f.step_id, :kind, :actor, :reason,
  jsonb_strip_nulls(jsonb_build_object('message', s.message_id, 'practitioner_id', m.practitioner_id))
FROM message_subject s
JOIN message m ON m.id = s.message_id
LEFT JOIN alert a ON a.id = s.alert_id
JOIN follow_up f ON f.id = COALESCE(s.follow_up_id, a.follow_up_id)
WHERE s.message_id = :id
""")


def lock_of_attempt(session: Session, attempt_id: UUID) -> Row[Any] | None:
    """Lock the message of an attempt; the row has both, or None where there is no such attempt."""
    return session.execute(_LOCK_OF_ATTEMPT, {"attempt": attempt_id}).one_or_none()


_LOCK_OF_ATTEMPT = text("""
SELECT m.id, m.state, m.audience, m.purpose, m.attempts, m.channel, m.team_id, m.contact_point_id, m.not_after,
  a.id AS attempt_id, a.number, a.outcome, a.started_at, m.provider_sid, m.error_code
FROM attempt a JOIN message m ON m.id = a.message_id WHERE a.id = :attempt FOR UPDATE OF m
""")


def end_attempt(
    session: Session, attempt_id: UUID, outcome: AttemptOutcome, *, sid: str | None, code: str | None, now: datetime
) -> None:
    """Store what became of one call. An answer that came before, by callback, is not made less certain."""
    params = {"attempt": attempt_id, "outcome": outcome, "sid": sid, "code": code, "now": now}
    session.execute(_END_ATTEMPT, params)


_END_ATTEMPT = text("""
UPDATE attempt SET outcome = :outcome, finished_at = :now, provider_sid = COALESCE(:sid, provider_sid),
  error_code = COALESCE(:code, error_code)
WHERE id = :attempt AND NOT (outcome = 'accepted' AND :outcome IN ('unknown', 'started'))
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happens to a message. Fields that are None stay as they are."""

    event: MessageEvent
    send_after: datetime | None = None
    settle_due_at: datetime | None = None
    sid: str | None = None
    code: str | None = None
    ended_by: str | None = None


def change(session: Session, message: Row[Any], to: Change, *, now: datetime) -> None:
    """Store a message's next state; `message` is locked. Raises IllegalTransition, which is a fault of the caller's."""
    ended = to.ended_by is not None
    params = {
        "id": message.id,
        "state": advance(MessageState(message.state), to.event),
        "send_after": to.send_after,
        "settle": to.settle_due_at,
        "sid": to.sid,
        "code": to.code,
        "ended_at": now if ended else None,
        "ended_by": to.ended_by,
    }
    session.execute(_CHANGE, params)


_CHANGE = text("""
UPDATE message SET state = :state, send_after = COALESCE(CAST(:send_after AS timestamptz), send_after),
  settle_due_at = COALESCE(CAST(:settle AS timestamptz), settle_due_at),
  provider_sid = COALESCE(CAST(:sid AS text), provider_sid), error_code = COALESCE(CAST(:code AS text), error_code),
  ended_at = CAST(:ended_at AS timestamptz), ended_by = CAST(:ended_by AS text), block_reason = NULL,
  lease_until = NULL, claim_token = NULL
WHERE id = :id
""")


def mark_number(session: Session, contact_point_id: int, *, opted_out: bool, code: str, now: datetime) -> None:
    """Mark a number as opted out (wherever it is on file: the phone opts out, not the person) or as not working."""
    statement = _OPT_OUT if opted_out else _FAILED
    session.execute(statement, {"id": contact_point_id, "code": code, "now": now})


_OPT_OUT = text("""
UPDATE contact_point SET opted_out_at = COALESCE(opted_out_at, :now)
WHERE number = (SELECT number FROM contact_point WHERE id = :id) AND CAST(:code AS text) IS NOT NULL
""")
_FAILED = text("""
UPDATE contact_point SET failed_at = COALESCE(failed_at, :now), failed_code = :code
WHERE number = (SELECT number FROM contact_point WHERE id = :id)
""")
