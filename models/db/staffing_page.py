"""What the staffing page lists for one's teams: who holds how much, who is away and who covers. No family is in it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.scope import Scope
from models.domain.ids import PractitionerId, TeamId
from models.domain.words import AccountRole, StaffRole

AHEAD = timedelta(days=42)  # absences that begin later are not listed yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One practitioner with what they hold. `away_until`: they are away now."""

    id: PractitionerId
    name: str
    role: StaffRole
    team_id: int
    reachable: bool
    has_left: bool
    away_until: datetime | None
    held: int
    unacknowledged: int
    children: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Away:
    """One absence, now or to come."""

    id: int
    team_id: int
    practitioner_id: PractitionerId
    name: str
    starts_at: datetime
    ends_at: datetime
    cover: str | None
    recorded_by: str


def teams(session: Session, scope: Scope) -> list[tuple[TeamId, str, str]]:
    """The teams whose staffing this login may see: its own, or all: id, name, stage. No family stands behind it."""
    every = scope.all_teams or scope.role is AccountRole.ADMINISTRATOR
    found = session.execute(_TEAMS, {"every": every, "ids": sorted(scope.team_ids)})
    return [(TeamId(row.id), row.name, row.stage) for row in found]


def people(session: Session, team_ids: Collection[int], *, now: datetime, today: date) -> list[Person]:
    """The people of these teams, and what each holds."""
    found = session.execute(_PEOPLE, {"teams": sorted(team_ids), "now": now, "today": today}).mappings()
    return [Person(**{**row, "id": PractitionerId(row["id"]), "role": StaffRole(row["role"])}) for row in found]


def absences(session: Session, team_ids: Collection[int], *, now: datetime) -> list[Away]:
    """Who of these teams is away now or soon, the soonest first."""
    found = session.execute(_ABSENCES, {"teams": sorted(team_ids), "now": now, "until": now + AHEAD}).mappings()
    return [Away(**{**row, "practitioner_id": PractitionerId(row["practitioner_id"])}) for row in found]


_TEAMS = text(
    "SELECT id, name, stage FROM team WHERE CAST(:every AS boolean) OR id = ANY(CAST(:ids AS bigint[]))"
    " ORDER BY name, id"
)
_PEOPLE = text(
    """
    SELECT p.id, p.name, p.role, p.team_id, coalesce(p.active_until < :today, false) AS has_left,
           p.email IS NOT NULL OR EXISTS (
               SELECT FROM account a WHERE a.practitioner_id = p.id AND a.disabled_at IS NULL) AS reachable,
           (SELECT max(b.ends_at) FROM absence b
            WHERE b.practitioner_id = p.id AND b.called_off_at IS NULL AND b.starts_at <= :now AND b.ends_at > :now)
               AS away_until,
           held.count AS held, held.waiting AS unacknowledged,
           (SELECT count(*) FROM person c WHERE c.caseload_holder_id = p.id) AS children
    FROM practitioner p CROSS JOIN LATERAL (
        SELECT count(*) AS count, count(*) FILTER (WHERE f.acknowledged_until IS NULL) AS waiting FROM follow_up f
        WHERE f.owner_practitioner_id = p.id AND f.state IN ('open', 'backlog', 'seen', 'closing')) held
    WHERE p.team_id = ANY(CAST(:teams AS bigint[])) AND NOT p.last_resort
      AND (coalesce(p.active_until >= :today, true) OR held.count > 0
           OR EXISTS (SELECT FROM person c WHERE c.caseload_holder_id = p.id))
    ORDER BY p.team_id, p.name, p.id
    """
)
_ABSENCES = text(
    """
    SELECT a.id, p.team_id, a.practitioner_id, p.name, a.starts_at, a.ends_at, c.name AS cover, a.recorded_by
    FROM practitioner p JOIN absence a ON a.practitioner_id = p.id AND a.ends_at > :now AND a.starts_at < :until
        AND a.called_off_at IS NULL
    LEFT JOIN practitioner c ON c.id = a.cover_practitioner_id
    WHERE p.team_id = ANY(CAST(:teams AS bigint[])) ORDER BY a.starts_at, p.name, a.id
    """
)
