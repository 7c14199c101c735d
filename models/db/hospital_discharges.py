"""Babies who left hospital, among the people of `planning`; visits that wait while one is back in. Never commits."""

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session


class Discharged(NamedTuple):
    """A child whose flag "in hospital" ended, and the civil day it did."""

    person_id: int
    household_id: int | None
    team_id: int | None
    left_on: date


def discharged(session: Session, *, flag: str, zone: str) -> list[Discharged]:
    """The children of `planning` who left hospital, with their last stay. Nobody who has died, or is in again."""
    return [Discharged._make(row) for row in session.execute(_DISCHARGED, {"flag": flag, "zone": zone})]


def back_in_hospital(session: Session, *, flag: str, contact_code: str, now: datetime) -> None:
    """Give up the planned visits of children of `planning` who are in hospital again: the next discharge plans anew."""
    session.execute(_BACK, {"flag": flag, "code": contact_code, "now": now})


_DISCHARGED = text(
    """
    SELECT DISTINCT ON (p.id) p.id, home.household_id, p.team_id, CAST(f.ended_at AT TIME ZONE :zone AS date)
    FROM planning x JOIN flag f ON f.person_id = x.person_id AND f.code = :flag AND f.ended_at IS NOT NULL
    JOIN person p ON p.id = x.person_id
    LEFT JOIN LATERAL (SELECT (array_agg(m.household_id ORDER BY m.id))[1] AS household_id FROM household_member m
                       WHERE m.person_id = p.id AND m.valid_until IS NULL) AS home ON true
    WHERE p.life_status <> 'deceased' AND NOT EXISTS (
        SELECT FROM flag again WHERE again.person_id = p.id AND again.code = :flag AND again.ended_at IS NULL)
    ORDER BY p.id, f.ended_at DESC
    """
)
_BACK = text(
    """
    WITH gone AS (
        SELECT e.id, e.state FROM planning x
        JOIN flag f ON f.person_id = x.person_id AND f.code = :flag AND f.ended_at IS NULL
        JOIN expected_contact e ON e.person_id = x.person_id AND e.contact_code = :code
             AND e.state IN ('planned', 'booked')
    ), done AS (
        UPDATE expected_contact e SET state = 'not_applicable', next_due_at = NULL FROM gone WHERE e.id = gone.id
    )
    INSERT INTO expected_contact_event (expected_contact_id, at, event, from_state, to_state, actor_kind, actor)
    SELECT id, :now, 'in_hospital_again', state, 'not_applicable', 'engine', 'engine' FROM gone
    """
)
