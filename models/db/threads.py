"""People whose threads have to be put in order, because their records were joined or taken apart. Never commits."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


def take_due(session: Session, *, now: datetime, limit: int) -> list[int]:
    """Take up to `limit` people off the list, longest due first; the caller puts the threads of each in order."""
    return list(session.scalars(_TAKE, {"now": now, "limit": limit}))


_TAKE = text(
    """
    WITH due AS MATERIALIZED (
        SELECT id FROM person WHERE threads_due_at <= :now ORDER BY threads_due_at, id LIMIT :limit
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE person SET threads_due_at = NULL FROM due WHERE person.id = due.id RETURNING person.id
    """
)
