"""Indicators that were already old when they first reached us: a list, one task per team and owner. Never commits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import history
from models.db.follow_up_rows import ChangedMeanwhile
from models.db.packing import packed, unpacked
from models.db.scope import Scope
from models.domain import dedupe
from models.domain.words import AlertKind

PAGE = 100


@dataclass(frozen=True, slots=True)
class NewReview:
    """One old indicator and who has to read it."""

    indicator_id: int
    team_id: int | None
    owner_practitioner_id: int | None
    owner_team_id: int | None


@dataclass(frozen=True, slots=True)
class OldIndicator:
    """One line of the list."""

    indicator_id: int
    person_name: str | None
    household_id: int | None
    instrument: str
    total: int | None
    self_harm_item: int | None
    answers: dict[str, str] | None
    recorded_on: date
    recorded_by: str
    owner_name: str | None
    owner_team_name: str | None


def add_many(session: Session, rows: Sequence[NewReview], *, now: datetime) -> None:
    """Put indicators on the list, each once for ever."""
    if rows:
        session.execute(_ADD, {**packed(rows, _NEW), "now": now})


def task_key(row: NewReview) -> str:
    """Return the key of the one task that a team and owner have for all their old indicators."""
    to = "practitioner" if row.owner_practitioner_id is not None else "team"
    owner = row.owner_practitioner_id or row.owner_team_id or 0
    return dedupe.subject_alert(AlertKind.INDICATOR_REVIEW, to, owner, since=str(row.team_id or "none"))


def listed(session: Session, scope: Scope) -> list[OldIndicator]:
    """The old indicators that `scope` may read and nobody has, oldest on the list first; at most PAGE."""
    found = session.execute(
        _LISTED, {"all": scope.all_teams and scope.sees_families, "teams": _teams(scope), "limit": PAGE}
    )
    return [OldIndicator(**row) for row in found.mappings()]


def mark_read(session: Session, *, indicator_id: int, raised: bool, account: Scope, now: datetime) -> None:
    """A person has read an old indicator; with `raised` it is looked at as though it were new, and makes a prompt.

    The task ends with the last one of its list. Raises ChangedMeanwhile where somebody was there before.
    """
    given: dict[str, Any] = {"id": indicator_id, "by": account.actor, "raised": raised, "now": now}
    row = session.execute(_READ, given | {"all": account.all_teams, "teams": _teams(account)}).one_or_none()
    if row is None or not account.covers(row.team_id):
        raise ChangedMeanwhile(f"indicator {indicator_id} is on no list, or somebody has read it already")
    if raised:
        session.execute(_LOOK_AGAIN, given)
    held = NewReview(indicator_id, row.team_id, row.owner_practitioner_id, row.owner_team_id)
    session.execute(_END_TASK, given | {"key": task_key(held)} | _owner(held))
    history.audited(
        session,
        action="indicator_reviewed",
        subject="indicator",
        subject_id=indicator_id,
        household_id=row.household_id,
        actor=account,
        now=now,
        detail={"raised": raised},
    )


def _teams(scope: Scope) -> list[int]:
    return sorted(scope.team_ids) if scope.sees_families else []


def _owner(row: NewReview) -> dict[str, object]:
    return {"team": row.team_id, "practitioner": row.owner_practitioner_id, "pool": row.owner_team_id}


_NEW = (
    ("indicator_id", "bigint"),
    ("team_id", "bigint"),
    ("owner_practitioner_id", "bigint"),
    ("owner_team_id", "bigint"),
)
_ADD = text(
    f"""
    INSERT INTO indicator_review (indicator_id, team_id, owner_practitioner_id, owner_team_id, listed_at)
    SELECT indicator_id, team_id, owner_practitioner_id, owner_team_id, CAST(:now AS timestamptz)
    FROM {unpacked(_NEW, alias="u")} ON CONFLICT (indicator_id) DO NOTHING
    """
)
_LISTED = text(
    """
    SELECT r.indicator_id, p.name AS person_name, m.household_id, i.instrument, i.total, i.self_harm_item, i.answers,
           i.recorded_on, i.recorded_by, owner.name AS owner_name, pool.name AS owner_team_name
    FROM indicator_review r
    JOIN indicator i ON i.id = r.indicator_id
    JOIN person p ON p.id = i.person_id
    LEFT JOIN practitioner owner ON owner.id = r.owner_practitioner_id
    LEFT JOIN team pool ON pool.id = r.owner_team_id
    LEFT JOIN LATERAL (SELECT household_id FROM household_member
                       WHERE person_id = p.id AND valid_until IS NULL ORDER BY id LIMIT 1) m ON true
    WHERE r.reviewed_at IS NULL AND (:all OR r.team_id = ANY(CAST(:teams AS bigint[])))
    ORDER BY r.listed_at, r.indicator_id LIMIT :limit
    """
)
_READ = text(
    """
    UPDATE indicator_review r SET reviewed_at = :now, reviewed_by = :by, raised = :raised
    FROM indicator i
    WHERE r.indicator_id = :id AND i.id = r.indicator_id AND r.reviewed_at IS NULL
      AND (:all OR r.team_id = ANY(CAST(:teams AS bigint[])))
    RETURNING r.team_id, r.owner_practitioner_id, r.owner_team_id,
        (SELECT min(m.household_id) FROM household_member m
         WHERE m.person_id = i.person_id AND m.valid_until IS NULL) AS household_id
    """
)
_LOOK_AGAIN = text("UPDATE indicator SET examine_at = :now WHERE id = :id")
_END_TASK = text(
    """
    UPDATE alert SET state = 'done', ended_at = :now, ended_by = :by, outcome = 'all_read'
    WHERE dedupe_key = :key AND state = 'open' AND NOT EXISTS (
        SELECT FROM indicator_review r
        WHERE r.reviewed_at IS NULL AND r.team_id IS NOT DISTINCT FROM :team
          AND r.owner_practitioner_id IS NOT DISTINCT FROM :practitioner
          AND r.owner_team_id IS NOT DISTINCT FROM :pool)
    """
)
