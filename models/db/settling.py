"""Find messages whose fate is open: an attempt that nobody finished, a text no final report came for. Never commits."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.domain.ids import MessageId
from models.domain.words import Audience, Channel, MessageState


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFate:
    """A message to settle, with its last attempt."""

    id: MessageId
    state: MessageState
    channel: Channel
    audience: Audience
    attempt_id: UUID
    started_at: datetime
    provider_sid: str | None
    body: str
    number: str | None


def claim(session: Session, *, now: datetime, until: datetime, limit: int) -> list[OpenFate]:
    """Take up to `limit` messages whose fate is due to be settled; nobody else takes them before `until`."""
    rows = session.execute(_CLAIM, {"now": now, "until": until, "limit": limit})
    return [
        OpenFate(
            id=MessageId(row.id),
            state=MessageState(row.state),
            channel=Channel(row.channel),
            audience=Audience(row.audience),
            attempt_id=row.attempt_id,
            started_at=row.started_at,
            provider_sid=row.provider_sid,
            body=row.body,
            number=row.number,
        )
        for row in rows
    ]


_CLAIM = text("""
WITH due AS MATERIALIZED (
  SELECT id FROM message WHERE state IN ('sending', 'sent') AND settle_due_at <= :now
  ORDER BY settle_due_at LIMIT :limit FOR UPDATE SKIP LOCKED
), taken AS (
  UPDATE message SET settle_due_at = :until WHERE id IN (SELECT id FROM due)
  RETURNING id, state, channel, audience, provider_sid, COALESCE(body, '') AS body, contact_point_id
)
SELECT taken.*, last.id AS attempt_id, last.started_at, c.number
FROM taken
JOIN LATERAL (
  SELECT a.id, a.started_at FROM attempt a WHERE a.message_id = taken.id ORDER BY a.number DESC LIMIT 1) last ON true
LEFT JOIN contact_point c ON c.id = taken.contact_point_id
""")


def look_again_at(session: Session, message_id: int, *, at: datetime) -> None:
    """Note when to look at a message of open fate again."""
    session.execute(_LOOK_AGAIN, {"id": message_id, "at": at})


_LOOK_AGAIN = text("UPDATE message SET settle_due_at = :at WHERE id = :id AND state IN ('sending', 'sent')")


def of_other_attempts(session: Session, sids: Iterable[str], *, attempt_id: UUID) -> set[str]:
    """Return those of a provider's ids that are known to belong to another attempt."""
    params = {"sids": list(sids), "attempt": attempt_id}
    return set(session.scalars(_OF_OTHERS, params))


_OF_OTHERS = text("SELECT provider_sid FROM attempt WHERE provider_sid = ANY(:sids) AND id <> :attempt")


def expire_held(session: Session, *, now: datetime, limit: int) -> list[MessageId]:
    """Expire family texts that waited for a release past their useful time; return their ids. Their ladders go on."""
    return [MessageId(found) for found in session.scalars(_EXPIRE_HELD, {"now": now, "limit": limit})]


_EXPIRE_HELD = text("""
UPDATE message SET state = 'expired', block_reason = 'too_late', ended_at = :now, ended_by = 'settle'
WHERE id IN (SELECT id FROM message WHERE state = 'held' AND not_after <= :now ORDER BY not_after LIMIT :limit
             FOR UPDATE SKIP LOCKED)
RETURNING id
""")
