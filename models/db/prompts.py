"""Scores to look at and the prompts they raise: taken in sets, raised, asked about again. Never commits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.packing import packed, packed_tuples, unpacked


class Scored(NamedTuple):
    """A recorded score that no rule has looked at yet, taken off the list. `open_*`: a prompt that waits already."""

    id: int
    person_id: int
    household_id: int | None
    team_id: int | None
    caseload_holder: int | None
    instrument: str
    total: int | None
    self_harm_item: int | None
    recorded_on: date
    open_urgency: str | None
    open_on: date | None


@dataclass(frozen=True, slots=True)
class NewPrompt:
    """A prompt to raise. `asked` at once: it owns a person or a pool, and a time to ask again."""

    indicator_id: int
    person_id: int
    household_id: int | None
    team_id: int | None
    rule_id: str
    rule_version: int
    urgency: str
    next_due_at: datetime
    owner_practitioner_id: int | None
    owner_team_id: int | None


class Undecided(NamedTuple):
    """A prompt without a decision whose time to be asked about has come, locked."""

    id: int
    person_id: int
    household_id: int | None
    team_id: int | None
    caseload_holder: int | None
    rule_id: str
    times_asked: int


def take_scores(session: Session, *, now: datetime, limit: int) -> list[Scored]:
    """Take up to `limit` scores off the list of those to look at."""
    return [Scored._make(row) for row in session.execute(_TAKE, {"now": now, "limit": limit})]


def raise_many(session: Session, prompts: Sequence[NewPrompt], *, now: datetime) -> int:
    """Raise prompts, one per score for ever; return how many are new. Each is due to be asked about at once."""
    if not prompts:
        return 0
    return len(session.execute(_RAISE, {**packed(prompts, _NEW), "now": now}).all())


def undecided_due(session: Session, *, now: datetime, limit: int) -> list[Undecided]:
    """Lock up to `limit` undecided prompts that are due to be asked about."""
    return [Undecided._make(row) for row in session.execute(_DUE, {"now": now, "limit": limit})]


def asked(session: Session, rows: Sequence[tuple[int, int, datetime, int | None, int | None]]) -> None:
    """Store that prompts were asked about: id, times asked, when to ask again, owner, owner's pool."""
    if rows:
        session.execute(_ASKED, packed_tuples(rows, _ASKS))


_TAKE = text(
    """
    WITH due AS MATERIALIZED (
        SELECT id FROM indicator WHERE examine_at <= :now ORDER BY examine_at, id LIMIT :limit
        FOR NO KEY UPDATE SKIP LOCKED
    ), i AS (
        UPDATE indicator SET examine_at = NULL FROM due WHERE indicator.id = due.id RETURNING indicator.*
    )
    SELECT i.id, i.person_id, m.household_id, coalesce(p.team_id, m.team_id), p.caseload_holder_id, i.instrument,
           i.total, i.self_harm_item, i.recorded_on, w.urgency, w.recorded_on
    FROM i JOIN person p ON p.id = i.person_id
    LEFT JOIN LATERAL (SELECT m.household_id, h.team_id
                       FROM household_member m JOIN household h ON h.id = m.household_id
                       WHERE m.person_id = p.id AND m.valid_until IS NULL ORDER BY m.id LIMIT 1) AS m ON true
    LEFT JOIN LATERAL (SELECT r.urgency, o.recorded_on FROM referral_prompt r JOIN indicator o ON o.id = r.indicator_id
                       WHERE r.person_id = i.person_id AND r.state <> 'decided'
                       ORDER BY o.recorded_on DESC LIMIT 1) AS w ON true
    ORDER BY i.person_id, i.recorded_on, i.id
    """
)
_NEW = (
    ("indicator_id", "bigint"),
    ("person_id", "bigint"),
    ("household_id", "bigint"),
    ("team_id", "bigint"),
    ("rule_id", "text"),
    ("rule_version", "bigint"),
    ("urgency", "text"),
    ("next_due_at", "timestamptz"),
    ("owner_practitioner_id", "bigint"),
    ("owner_team_id", "bigint"),
)
_NAMES = ", ".join(name for name, _ in _NEW)
_RAISE = text(
    f"""
    INSERT INTO referral_prompt ({_NAMES}, raised_at)
    SELECT {_NAMES}, CAST(:now AS timestamptz) FROM {unpacked(_NEW, alias="u")}
    ON CONFLICT (indicator_id) DO NOTHING RETURNING id
    """
)
_DUE = text(
    """
    SELECT r.id, r.person_id, r.household_id, coalesce(p.team_id, r.team_id), p.caseload_holder_id, r.rule_id,
           r.times_asked
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
        owner_practitioner_id = u.practitioner_id, owner_team_id = u.pool
    FROM {unpacked(_ASKS, alias="u")} WHERE r.id = u.id
    """
)
