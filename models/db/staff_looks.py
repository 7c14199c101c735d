"""Practitioners who go away or have left: what they hold is woken, so that it finds other people. Never commits.

One due time a practitioner (`look_at`): when an absence begins, when the last day at work is over, when either was told
of late. Cost follows what is due.
"""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


def look_now(session: Session, practitioner_ids: Sequence[int], *, now: datetime) -> None:
    """Have these practitioners looked at next: something about their being at work has changed."""
    if practitioner_ids:
        session.execute(_LOOK_NOW, {"ids": list(practitioner_ids), "now": now})


def claim_due(session: Session, *, now: datetime, limit: int) -> list[int]:
    """Lock up to `limit` practitioners who are due to be looked at; return their ids, longest due first."""
    return list(session.scalars(_DUE, {"now": now, "limit": limit}))


def gone(session: Session, practitioner_ids: Sequence[int], *, now: datetime, today: date) -> list[int]:
    """Return those of these who are away at `now` or have left by `today`, the last resort excepted."""
    return list(session.scalars(_GONE, {"ids": list(practitioner_ids), "now": now, "today": today}))


def wake(session: Session, practitioner_ids: Sequence[int], *, now: datetime) -> int:
    """Make due what these hold: live follow-ups and undecided prompts; return how many. What others lock is left."""
    params = {"ids": list(practitioner_ids), "now": now}
    return len(session.execute(_WAKE, params).all()) + len(session.execute(_WAKE_PROMPTS, params).all())


def still_held(session: Session, practitioner_ids: Sequence[int], *, now: datetime) -> set[int]:
    """Return those of these who hold live follow-ups that are not due: what could not be woken."""
    return set(session.scalars(_HELD, {"ids": list(practitioner_ids), "now": now}))


def held_alerts(session: Session, practitioner_ids: Sequence[int]) -> list[tuple[int, int, int | None]]:
    """Lock the open alerts of these that no follow-up or prompt drives: id, practitioner, team."""
    rows = session.execute(_ALERTS, {"ids": list(practitioner_ids)})
    return [(row.id, row.practitioner_id, row.team_id) for row in rows]


def plan_next(session: Session, practitioner_ids: Sequence[int], *, now: datetime, zone: str) -> None:
    """Note when to look at these next: their next absence, or the midnight (of `zone`) after their last day."""
    session.execute(_NEXT, {"ids": list(practitioner_ids), "now": now, "zone": zone})


_LOOK_NOW = text(
    """
    UPDATE practitioner SET look_at = :now FROM (
        SELECT id FROM practitioner WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR NO KEY UPDATE) AS due
    WHERE practitioner.id = due.id
    """
)
_DUE = text(
    """
    SELECT id FROM practitioner WHERE look_at <= :now ORDER BY look_at, id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    """
)
_GONE = text(
    """
    SELECT p.id FROM practitioner p
    WHERE p.id = ANY(CAST(:ids AS bigint[])) AND NOT p.last_resort AND (
        p.active_until < :today OR EXISTS (
            SELECT FROM absence a WHERE a.practitioner_id = p.id AND a.starts_at <= :now AND a.ends_at > :now
              AND a.called_off_at IS NULL))
    ORDER BY p.id
    """
)
_WAKE = text(
    """
    UPDATE follow_up SET next_due_at = :now FROM (
        SELECT id FROM follow_up
        WHERE owner_practitioner_id = ANY(CAST(:ids AS bigint[])) AND state IN ('open', 'backlog', 'seen', 'closing')
          AND next_due_at > :now
        FOR NO KEY UPDATE SKIP LOCKED) AS held
    WHERE follow_up.id = held.id RETURNING follow_up.id
    """
)
_WAKE_PROMPTS = text(
    """
    UPDATE referral_prompt SET next_due_at = :now FROM (
        SELECT id FROM referral_prompt
        WHERE owner_practitioner_id = ANY(CAST(:ids AS bigint[])) AND next_due_at > :now
        FOR NO KEY UPDATE SKIP LOCKED) AS held
    WHERE referral_prompt.id = held.id RETURNING referral_prompt.id
    """
)
_HELD = text(
    """
    SELECT DISTINCT owner_practitioner_id FROM follow_up
    WHERE owner_practitioner_id = ANY(CAST(:ids AS bigint[])) AND state IN ('open', 'backlog', 'seen', 'closing')
      AND next_due_at > :now
    """
)
_ALERTS = text(
    """
    SELECT id, practitioner_id, team_id FROM alert
    WHERE practitioner_id = ANY(CAST(:ids AS bigint[])) AND state = 'open' AND next_due_at IS NOT NULL
      AND referral_prompt_id IS NULL
    ORDER BY id FOR NO KEY UPDATE
    """
)
_NEXT = text(
    """
    UPDATE practitioner p SET look_at = least(
        (SELECT min(a.starts_at) FROM absence a
         WHERE a.practitioner_id = p.id AND a.starts_at > :now AND a.called_off_at IS NULL),
        CASE WHEN (p.active_until + 1)::timestamp AT TIME ZONE :zone > :now
             THEN (p.active_until + 1)::timestamp AT TIME ZONE :zone END)
    WHERE p.id = ANY(CAST(:ids AS bigint[]))
    """
)
