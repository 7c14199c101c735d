"""Referrals that wait for an answer. Never commits."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session


class Silent(NamedTuple):
    """A referral that nobody answered in time, marked so."""

    id: int
    person_id: int
    household_id: int | None
    team_id: int | None
    caseload_holder: int | None
    reply_due_at: datetime
    sent_at: datetime


def take_silent(session: Session, *, now: datetime, limit: int) -> list[Silent]:
    """Mark up to `limit` referrals whose answer is overdue as unanswered; each must get its follow-up now."""
    return [Silent._make(row) for row in session.execute(_TAKE, {"now": now, "limit": limit})]


_TAKE = text(
    """
    WITH due AS MATERIALIZED (
        SELECT id FROM referral WHERE state = 'sent' AND reply_due_at <= :now ORDER BY reply_due_at, id LIMIT :limit
        FOR NO KEY UPDATE SKIP LOCKED
    ), r AS (
        UPDATE referral SET state = 'unanswered' FROM due WHERE referral.id = due.id RETURNING referral.*
    )
    SELECT r.id, r.person_id, r.household_id, coalesce(r.team_id, p.team_id), p.caseload_holder_id, r.reply_due_at,
           r.sent_at
    FROM r JOIN person p ON p.id = r.person_id
    """
)
