"""Ask about prompts until they are decided, and again on their review date; what happened to each. Never commits."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.holders import of_family
from models.db.packing import packed, packed_tuples, unpacked
from models.domain.prompt_states import PromptEvent


class Undecided(NamedTuple):
    """A prompt without a decision whose time to be asked about has come, locked."""

    id: int
    person_id: int
    household_id: int | None
    team_id: int | None
    caseload_holder: int | None
    reviewer_id: int | None
    rule_id: str
    urgency: str
    state: str
    round: int
    times_asked: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What an asking leaves on a prompt."""

    id: int
    times_asked: int
    next_due_at: datetime
    practitioner_id: int | None
    pool: int | None


def reopen_reviews(session: Session, *, now: datetime, limit: int) -> int:
    """Ask again about up to `limit` prompts whose review date has come: raised anew, due at once. Return how many."""
    return len(session.execute(_REVIEWS, {"now": now, "limit": limit}).all())


def undecided_due(session: Session, *, now: datetime, limit: int) -> list[Undecided]:
    """Lock up to `limit` undecided prompts that are due to be asked about."""
    return [Undecided._make(row) for row in session.execute(_DUE, {"now": now, "limit": limit})]


def asked(session: Session, rows: Sequence[Asked]) -> None:
    """Store that prompts were asked about."""
    if rows:
        session.execute(_ASKED, packed(rows, _ASKS))


@dataclass(frozen=True, slots=True)
class PromptTold:
    """One event of a prompt's history by the engine; `detail` names nobody."""

    prompt_id: int
    event: PromptEvent
    to_state: str
    detail: Mapping[str, object] | None = None


def tell(session: Session, events: Sequence[PromptTold], *, now: datetime) -> None:
    """Append events to the histories of prompts."""
    rows = [
        (one.prompt_id, one.event, one.to_state, None if one.detail is None else json.dumps(dict(one.detail)))
        for one in events
    ]
    if rows:
        session.execute(_TELL, {**packed_tuples(rows, _TOLD), "now": now})


_REVIEWS = text(
    """
    WITH due AS MATERIALIZED (
        SELECT id, round FROM referral_prompt WHERE review_due_at <= :now ORDER BY review_due_at, id LIMIT :limit
        FOR NO KEY UPDATE SKIP LOCKED
    ), again AS (
        UPDATE referral_prompt r SET state = 'raised', round = due.round + 1, times_asked = 0, next_due_at = :now,
            review_due_at = NULL, decision = NULL, reason = NULL, decided_by = NULL, decided_at = NULL,
            owner_practitioner_id = coalesce(r.reviewer_id, r.owner_practitioner_id)
        FROM due WHERE r.id = due.id RETURNING r.id, r.round
    )
    INSERT INTO prompt_event (prompt_id, at, event, to_state, actor_kind, actor, detail)
    SELECT id, :now, 'review_due', 'raised', 'engine', 'engine', jsonb_build_object('round', round) FROM again
    RETURNING prompt_id
    """
)
_DUE = text(
    f"""
    SELECT r.id, r.person_id, r.household_id, coalesce(p.team_id, r.team_id),
           {of_family(own="p.caseload_holder_id", household="r.household_id")}, r.reviewer_id, r.rule_id, r.urgency,
           r.state, r.round, r.times_asked
    FROM referral_prompt r JOIN person p ON p.id = r.person_id
    WHERE r.next_due_at <= :now AND r.state <> 'decided' ORDER BY r.next_due_at, r.id LIMIT :limit
    FOR NO KEY UPDATE OF r SKIP LOCKED
    """
)
_ASKS = (
    ("id", "bigint"),
    ("times_asked", "bigint"),
    ("next_due_at", "timestamptz"),
    ("practitioner_id", "bigint"),
    ("pool", "bigint"),
)
_ASKED = text(
    f"""
    UPDATE referral_prompt r SET times_asked = u.times_asked, next_due_at = u.next_due_at,
        owner_practitioner_id = u.practitioner_id, owner_team_id = u.pool, acknowledged_by = NULL,
        acknowledged_until = NULL
    FROM {unpacked(_ASKS, alias="u")} WHERE r.id = u.id
    """
)
_TOLD = (("prompt_id", "bigint"), ("event", "text"), ("to_state", "text"), ("detail", "jsonb"))
_TELL = text(
    f"""
    INSERT INTO prompt_event (prompt_id, at, event, to_state, actor_kind, actor, detail)
    SELECT prompt_id, :now, event, to_state, 'engine', 'engine', detail
    FROM {unpacked(_TOLD, alias="u")} ORDER BY u.place
    """
)
