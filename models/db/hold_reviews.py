"""Holds that are due for review: found by their due time, told of again and again, ended by nobody here. No commits."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.domain.words import HoldKind


class ReviewDue(NamedTuple):
    """A hold of which somebody is to be told now, locked, with whose it is."""

    id: int
    kind: HoldKind
    person_id: int
    household_id: int | None
    team_id: int | None
    caseload_holder_id: int | None


def take_due(session: Session, *, now: datetime, limit: int) -> list[ReviewDue]:
    """Lock up to `limit` holds that are due to be told of; the caller must say when each is next."""
    rows = session.execute(_DUE, {"now": now, "limit": limit})
    return [ReviewDue(row[0], HoldKind(row[1]), *row[2:]) for row in rows]


def look_again(session: Session, rows: Sequence[tuple[int, datetime]]) -> None:
    """Note when to tell of these holds again: id, when."""
    params = {"ids": [row[0] for row in rows], "dues": [row[1] for row in rows]}
    session.execute(_LOOK_AGAIN, params)


_DUE = text(
    """
    WITH due AS MATERIALIZED (
        SELECT * FROM hold WHERE next_due_at <= :now AND ended_at IS NULL ORDER BY next_due_at, id LIMIT :limit
        FOR NO KEY UPDATE SKIP LOCKED
    )
    SELECT h.id, h.kind, whom.person_id, place.household_id,
           coalesce(p.team_id, home.team_id) AS team_id, p.caseload_holder_id
    FROM due h
    LEFT JOIN pregnancy g ON g.id = h.pregnancy_id
    CROSS JOIN LATERAL (
        SELECT coalesce(h.household_id, g.household_id, (
            SELECT min(m.household_id) FROM household_member m
            WHERE m.person_id = coalesce(h.person_id, g.mother_id) AND m.valid_until IS NULL)) AS household_id) AS place
    CROSS JOIN LATERAL (
        SELECT coalesce(h.person_id, g.mother_id, (
            SELECT m.person_id FROM household_member m JOIN person c ON c.id = m.person_id
            WHERE m.household_id = h.household_id AND m.valid_until IS NULL
            ORDER BY (c.life_status = 'deceased'), c.caseload_holder_id IS NULL, m.role = 'child' DESC, m.person_id
            LIMIT 1)) AS person_id) AS whom
    LEFT JOIN person p ON p.id = whom.person_id
    LEFT JOIN household home ON home.id = place.household_id
    ORDER BY h.id
    """
)
_LOOK_AGAIN = text(
    """
    UPDATE hold SET next_due_at = u.due FROM unnest(CAST(:ids AS bigint[]), CAST(:dues AS timestamptz[])) AS u (id, due)
    WHERE hold.id = u.id
    """
)
