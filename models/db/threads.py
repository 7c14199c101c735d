"""People whose threads have to be put in order: joined or parted records, a contact found late. Never commits."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.tables.follow_ups import LISTED, THREAD


def take_due(session: Session, *, now: datetime, limit: int) -> list[int]:
    """Take up to `limit` people off the list, longest due first; the caller puts the threads of each in order."""
    return list(session.scalars(_TAKE, {"now": now, "limit": limit}))


def put_in_order(session: Session, opened: Collection[int], *, now: datetime) -> None:
    """Have the threads put in order in which one of these follow-ups opened beside another live one."""
    session.execute(_BESIDE_ANOTHER, {"opened": list(opened), "now": now})


_BESIDE_ANOTHER = text(
    f"""
    UPDATE person SET threads_due_at = :now FROM follow_up f
    WHERE f.id = ANY(CAST(:opened AS bigint[])) AND person.id = f.person_id AND EXISTS (
        SELECT FROM follow_up o WHERE o.person_id = f.person_id AND o.contact_code = f.contact_code AND o.id <> f.id
          AND o.{LISTED} AND o.trigger IN {THREAD})
    """
)
_TAKE = text(
    """
    WITH due AS MATERIALIZED (
        SELECT id FROM person WHERE threads_due_at <= :now ORDER BY threads_due_at, id LIMIT :limit
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE person SET threads_due_at = NULL FROM due WHERE person.id = due.id RETURNING person.id
    """
)
