"""Family events: what happened to a family and needs a follow-up of its own. Recorded here, opened by detection.

Never commits.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.domain.words import FamilyEventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFamilyEvent:
    """An event to record. `dedupe_key` comes from `dedupe.family_event`; `detail` names no person.

    `practitioner_id` None: the caseload holder of the person. `opens_follow_up` False: it is kept for the record
    alone, because a live follow-up took it in.
    """

    kind: FamilyEventKind
    dedupe_key: str
    person_id: int
    household_id: int | None
    team_id: int | None
    happened_at: datetime
    recorded_by: str
    practitioner_id: int | None = None
    opens_follow_up: bool = True
    detail: Mapping[str, object] | None = None


class ToOpen(NamedTuple):
    """An event whose follow-up is to be opened now."""

    id: int
    kind: str
    person_id: int
    household_id: int | None
    team_id: int | None
    practitioner_id: int | None
    caseload_holder: int | None
    happened_at: datetime
    recorded_at: datetime
    misses: int  # in a row, where such events are counted


def record_many(session: Session, events: Sequence[NewFamilyEvent], *, now: datetime) -> dict[str, int]:
    """Record the events that are new, in one statement; return the ids of the new ones by key."""
    if not events:
        return {}
    ordered = sorted(events, key=lambda event: event.dedupe_key)
    params = {
        "kinds": [event.kind.value for event in ordered],
        "keys": [event.dedupe_key for event in ordered],
        "people": [event.person_id for event in ordered],
        "households": [event.household_id for event in ordered],
        "teams": [event.team_id for event in ordered],
        "practitioners": [event.practitioner_id for event in ordered],
        "happened": [event.happened_at for event in ordered],
        "by": [event.recorded_by for event in ordered],
        "opens": [event.opens_follow_up for event in ordered],
        "details": [None if event.detail is None else json.dumps(dict(event.detail)) for event in ordered],
        "now": now,
    }
    return {row.dedupe_key: int(row.id) for row in session.execute(_RECORD, params)}


def take_to_open(session: Session, *, now: datetime, limit: int) -> list[ToOpen]:
    """Take up to `limit` events whose follow-up is due to be opened, oldest first; each must get it now."""
    return [ToOpen._make(row) for row in session.execute(_TAKE, {"now": now, "limit": limit})]


def holders(session: Session, households: Collection[int]) -> dict[int, int | None]:
    """Return the people of these households now, each with who holds their caseload."""
    return {row.person_id: row.caseload_holder_id for row in session.execute(_HOLDERS, {"ids": list(households)})}


_HOLDERS = text(
    """
    SELECT m.person_id, p.caseload_holder_id FROM household_member m JOIN person p ON p.id = m.person_id
    WHERE m.household_id = ANY(CAST(:ids AS bigint[])) AND m.valid_until IS NULL
    """
)
_RECORD = text(
    """
    INSERT INTO family_event (kind, dedupe_key, person_id, household_id, team_id, practitioner_id, happened_at,
                              recorded_at, recorded_by, opens_follow_up, open_at, detail)
    SELECT kind, key, person_id, household_id, team_id, practitioner_id, happened_at, CAST(:now AS timestamptz), by,
           opens, CASE WHEN opens THEN CAST(:now AS timestamptz) END, detail
    FROM unnest(CAST(:kinds AS text[]), CAST(:keys AS text[]), CAST(:people AS bigint[]), CAST(:households AS bigint[]),
                CAST(:teams AS bigint[]), CAST(:practitioners AS bigint[]), CAST(:happened AS timestamptz[]),
                CAST(:by AS text[]), CAST(:opens AS boolean[]), CAST(:details AS jsonb[]))
         AS u (kind, key, person_id, household_id, team_id, practitioner_id, happened_at, by, opens, detail)
    ON CONFLICT (dedupe_key) DO NOTHING RETURNING id, dedupe_key
    """
)
_TAKE = text(
    """
    WITH due AS MATERIALIZED (
        SELECT id FROM family_event WHERE open_at <= :now ORDER BY open_at, id LIMIT :limit
        FOR NO KEY UPDATE SKIP LOCKED
    ), e AS (
        UPDATE family_event SET open_at = NULL FROM due WHERE family_event.id = due.id RETURNING family_event.*
    )
    SELECT e.id, e.kind, e.person_id, e.household_id, coalesce(e.team_id, p.team_id) AS team_id, e.practitioner_id,
           p.caseload_holder_id, e.happened_at, e.recorded_at, coalesce(CAST(e.detail ->> 'misses' AS bigint), 1)
    FROM e JOIN person p ON p.id = e.person_id ORDER BY e.id
    """
)
