"""Whom a step reaches, resolved when it fires: leave, cover and moved patches as they are then (design 3.9).

One look at the staff per claimed set; a role that reaches nobody gives way to the next in the step's chain at once.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.domain.words import OwnerRole, StaffRole

_ROLE_IN_TEAM = {OwnerRole.ADMIN: StaffRole.ADMIN, OwnerRole.DUTY: StaffRole.DUTY}
_ROLE_IN_TRUST = {
    OwnerRole.NAMED_NURSE: StaffRole.NAMED_NURSE,
    OwnerRole.HEAD_OF_SERVICE: StaffRole.HEAD_OF_SERVICE,
}


class NobodyAtAll(LookupError):
    """Not even the last-resort owner exists; the database lacks the row that migrations make."""


@dataclass(frozen=True, slots=True)
class Whose:
    """What the people of a step are resolved from."""

    booked_with: int | None
    caseload_holder: int | None
    team_id: int | None
    assigned_to: int | None = None  # a person gave it to them


@dataclass(frozen=True, slots=True)
class Reached:
    """Who a step reached: a practitioner or a team's pool, by which role, at which place of the chain."""

    role: OwnerRole
    place: int
    practitioner_id: int | None
    owner_team_id: int | None


@dataclass(frozen=True, slots=True)
class _Member:
    id: int
    role: str
    team_id: int | None


class Directory:
    """The staff at one moment: who is there, who covers for whom, who leads."""

    def __init__(
        self, present: Collection[_Member], covers: dict[int, Sequence[int]], leads: dict[int, int], last_resort: int
    ) -> None:
        self._present = {member.id: member for member in present}
        self._covers = covers
        self._leads = leads
        self._last_resort = last_resort
        self._by_role: dict[tuple[int | None, str], list[int]] = {}
        self._anybody: set[int] = set()
        for member in sorted(present, key=lambda member: member.id):
            if member.id in covers or member.id == last_resort:
                continue
            self._by_role.setdefault((member.team_id, member.role), []).append(member.id)
            self._by_role.setdefault((None, member.role), []).append(member.id)
            if member.team_id is not None:
                self._anybody.add(member.team_id)

    def resolve(self, whose: Whose, chain: Sequence[OwnerRole]) -> Reached:
        """Return the first in `chain` that reaches somebody; the last resort always does.

        Work of no known team that nobody else has falls to the last resort, not to the trust's safeguarding people:
        those are reached for such a family only when a step is theirs.
        """
        for place, role in enumerate(chain):
            if place > 0 and whose.team_id is None and role in _ROLE_IN_TRUST:
                continue
            reached = self.reach(whose, role, place=place)
            if reached is not None:
                return reached
        return Reached(OwnerRole.LAST_RESORT, max(len(chain) - 1, 0), self._last_resort, None)

    def reach(self, whose: Whose, role: OwnerRole, *, place: int = 0) -> Reached | None:
        """Return whom `role` means for this family now; None where it reaches nobody."""
        person = self._person(whose, role)
        if person is not None:
            return Reached(role, place, person, None)
        if role in (OwnerRole.TEAM_POOL, OwnerRole.DUTY, OwnerRole.ADMIN) and self._has_pool(whose.team_id, role):
            return Reached(role, place, None, whose.team_id)
        return None

    def is_there(self, practitioner_id: int) -> bool:
        """Whether a practitioner this was asked about is at work: neither away nor gone."""
        return practitioner_id in self._present and practitioner_id not in self._covers

    def has_left(self, practitioner_id: int) -> bool:
        """Whether a practitioner this was asked about has left, or not begun yet."""
        return practitioner_id not in self._present

    def takers(self, team_id: int, role: OwnerRole) -> Sequence[int]:
        """Who is told of what a pool has: those on duty; of an office's pool the office. Anybody of it may take it."""
        return self._holders(team_id, _ROLE_IN_TEAM.get(role, StaffRole.DUTY))

    def _person(self, whose: Whose, role: OwnerRole) -> int | None:
        match role:
            case OwnerRole.PRACTITIONER:
                named = (whose.assigned_to, whose.booked_with, whose.caseload_holder)
                return next((there for one in named if (there := self._there(one)) is not None), None)
            case OwnerRole.TEAM_LEAD:
                if whose.team_id is None:  # not just any team's lead who happens to be in the directory
                    return None
                return self._there(self._leads.get(whose.team_id)) or self._only(whose.team_id, StaffRole.TEAM_LEAD)
            case OwnerRole.ADMIN | OwnerRole.DUTY:
                holders = [] if whose.team_id is None else self._holders(whose.team_id, _ROLE_IN_TEAM[role])
                return holders[0] if len(holders) == 1 else None
            case OwnerRole.NAMED_NURSE | OwnerRole.HEAD_OF_SERVICE:
                staff_role = _ROLE_IN_TRUST[role]
                return self._only(whose.team_id, staff_role) or self._only(None, staff_role)
            case OwnerRole.LAST_RESORT:
                return self._last_resort
            case OwnerRole.TEAM_POOL:
                return None

    def _there(self, practitioner_id: int | None) -> int | None:
        """The practitioner, whoever covers, or whoever covers the cover; None where nobody of them is at work."""
        asked = [] if practitioner_id is None else [practitioner_id]
        for one in asked:  # grows while it is walked; two who cover for each other are asked once each
            if self.is_there(one):
                return one
            asked += [cover for cover in self._covers.get(one, ()) if cover not in asked]
        return None

    def _only(self, team_id: int | None, role: StaffRole) -> int | None:
        """The first holder of a role that one named person must have, by id, so that everybody finds the same one."""
        holders = self._holders(team_id, role)
        return holders[0] if holders else None

    def _holders(self, team_id: int | None, role: StaffRole) -> list[int]:
        return self._by_role.get((team_id, role), [])

    def _has_pool(self, team_id: int | None, role: OwnerRole) -> bool:
        if team_id is None:
            return False
        if role is OwnerRole.TEAM_POOL:
            return team_id in self._anybody
        return bool(self._holders(team_id, _ROLE_IN_TEAM[role]))


def directory(
    session: Session, *, now: datetime, today: date, team_ids: Collection[int], practitioner_ids: Collection[int]
) -> Directory:
    """Read the staff that these teams and people can lead to. `today` is the civil date of `now`.

    Raises NobodyAtAll where the last-resort row is missing.
    """
    params = {"teams": sorted(team_ids), "ids": sorted(practitioner_ids), "now": now, "today": today}
    rows = session.execute(_STAFF, params).all()
    present = [_Member(row.id, row.role, row.team_id) for row in rows if row.at_work]
    covers = {row.id: row.covers or () for row in rows if row.away}
    leads = {row.id: row.lead_practitioner_id for row in session.execute(_LEADS, params)}
    last_resort = next((row.id for row in rows if row.last_resort), None)
    if last_resort is None:
        raise NobodyAtAll("no practitioner is marked last_resort; expected the row that `steadfast migrate` makes")
    return Directory(present, covers, leads, last_resort)


# A cover who is away has a cover too: all who may be reached are read, from the few that this is about.
_STAFF = text(
    """
    WITH RECURSIVE wanted (id) AS (
        SELECT p.id FROM practitioner p
        WHERE p.team_id = ANY(CAST(:teams AS bigint[])) OR p.id = ANY(CAST(:ids AS bigint[])) OR p.last_resort
           OR p.role IN ('named_nurse', 'head_of_service')
           OR p.id IN (SELECT lead_practitioner_id FROM team WHERE id = ANY(CAST(:teams AS bigint[])))
        UNION
        SELECT a.cover_practitioner_id FROM wanted w JOIN absence a ON a.practitioner_id = w.id
        WHERE a.starts_at <= :now AND a.ends_at > :now AND a.called_off_at IS NULL
          AND a.cover_practitioner_id IS NOT NULL
    )
    SELECT p.id, p.role, p.team_id, p.last_resort, away.covers IS NOT NULL AS away,
           array_remove(away.covers, NULL) AS covers,
           coalesce(p.active_from <= :today, true) AND coalesce(p.active_until >= :today, true) AS at_work
    FROM wanted w JOIN practitioner p USING (id)
    LEFT JOIN LATERAL (
        SELECT array_agg(a.cover_practitioner_id ORDER BY a.id) AS covers FROM absence a
        WHERE a.practitioner_id = p.id AND a.starts_at <= :now AND a.ends_at > :now AND a.called_off_at IS NULL
    ) away ON true
    """
)
_LEADS = text(
    """
    SELECT id, lead_practitioner_id FROM team
    WHERE id = ANY(CAST(:teams AS bigint[])) AND lead_practitioner_id IS NOT NULL
    """
)
