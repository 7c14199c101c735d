"""Challenges as their pages show them, for one Scope."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.scope import Scope, covered
from models.domain.ids import HouseholdId
from models.domain.words import ChallengeOutcome, ChallengeState

PAGE = 100


class Listed(NamedTuple):
    """One challenge of the list."""

    id: int
    state: str
    urgent: bool
    service: str
    person_name: str | None
    stage_due_at: datetime
    owner_name: str | None
    owner_team_name: str | None
    opened_at: datetime
    resolved_at: datetime | None


class Happening(NamedTuple):
    """One event of a challenge's history."""

    at: datetime
    event: str
    stage: str
    actor: str
    note: str | None
    told_name: str | None
    detail: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class ChallengePage:
    """A challenge in values."""

    id: int
    state: ChallengeState
    urgent: bool
    service: str
    issue: str
    child_impact: str
    view_sought: str
    safety_plan: str
    stage_began_at: datetime
    stage_due_at: datetime
    next_due_at: datetime | None
    times_asked: int
    opened_by: str
    opened_at: datetime
    resolved_by: str | None
    resolved_at: datetime | None
    outcome: ChallengeOutcome | None
    outcome_note: str | None
    row_version: int
    referral_id: int | None
    person_name: str | None
    household_id: HouseholdId | None
    team_id: int | None
    owner_name: str | None
    owner_team_name: str | None
    history: tuple[Happening, ...] = ()


def listed(session: Session, scope: Scope) -> list[Listed]:
    """Open challenges within `scope`, longest due first, then those resolved lately; at most PAGE."""
    given = {"limit": PAGE, **scope.params()}
    return [Listed._make(row) for row in session.execute(_LISTED, given)]


def find(session: Session, scope: Scope, challenge_id: int) -> ChallengePage | None:
    """The challenge, or None if there is none that `scope` covers."""
    row = session.execute(_FIND, {"id": challenge_id}).mappings().one_or_none()
    if row is None or not scope.covers(row["team_id"]):
        return None
    outcome = None if row["outcome"] is None else ChallengeOutcome(row["outcome"])
    words = {"state": ChallengeState(row["state"]), "outcome": outcome}
    history = tuple(Happening._make(line) for line in session.execute(_HISTORY, {"id": challenge_id}))
    return ChallengePage(**{**row, **words}, history=history)


def of_household(session: Session, scope: Scope, household_id: HouseholdId) -> list[Listed]:
    """The household's open challenges within `scope`."""
    return [Listed._make(row) for row in session.execute(_OF_HOUSEHOLD, {"household": household_id, **scope.params()})]


_LINE = """
    SELECT c.id, c.state, c.urgent, c.service, p.name, c.stage_due_at, owner.name, pool.name, c.opened_at, c.resolved_at
    FROM challenge c
    JOIN person p ON p.id = c.person_id
    LEFT JOIN practitioner owner ON owner.id = c.owner_practitioner_id
    LEFT JOIN team pool ON pool.id = c.owner_team_id
"""
_LISTED = text(
    _LINE
    + f"""
    WHERE {covered("coalesce(c.team_id, p.team_id)")}
    ORDER BY c.state = 'resolved', CASE WHEN c.state <> 'resolved' THEN c.stage_due_at END, c.resolved_at DESC, c.id
    LIMIT :limit
    """
)
_OF_HOUSEHOLD = text(
    _LINE
    + f"""
    WHERE c.household_id = :household AND c.state <> 'resolved' AND {covered("coalesce(c.team_id, p.team_id)")}
    ORDER BY c.stage_due_at, c.id LIMIT 20
    """
)
_FIND = text(
    """
    SELECT c.id, c.state, c.urgent, c.service, c.issue, c.child_impact, c.view_sought, c.safety_plan, c.stage_began_at,
           c.stage_due_at, c.next_due_at, c.times_asked, c.opened_by, c.opened_at, c.resolved_by, c.resolved_at,
           c.outcome, c.outcome_note, c.row_version, c.referral_id, p.name AS person_name, c.household_id,
           coalesce(c.team_id, p.team_id) AS team_id, owner.name AS owner_name, pool.name AS owner_team_name
    FROM challenge c
    JOIN person p ON p.id = c.person_id
    LEFT JOIN practitioner owner ON owner.id = c.owner_practitioner_id
    LEFT JOIN team pool ON pool.id = c.owner_team_id
    WHERE c.id = :id
    """
)
_HISTORY = text(
    """
    SELECT e.at, e.event, e.stage, e.actor, e.note,
           (SELECT name FROM practitioner WHERE id = CAST(e.detail ->> 'practitioner_id' AS bigint)), e.detail
    FROM challenge_event e WHERE e.challenge_id = :id ORDER BY e.id DESC LIMIT 100
    """
)
