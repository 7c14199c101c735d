"""Whose families a login may see. Every query of the pages demands a Scope; none works without (design 5)."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, false, or_, true
from sqlalchemy.orm import QueryableAttribute

from models.domain.ids import AccountId, PractitionerId, TeamId
from models.domain.words import AccountRole

FAMILY_ROLES = frozenset({AccountRole.HEALTH_VISITOR, AccountRole.TEAM_LEAD, AccountRole.NAMED_NURSE})
LEAD_ROLES = frozenset({AccountRole.TEAM_LEAD, AccountRole.NAMED_NURSE})


@dataclass(frozen=True, slots=True)
class Scope:
    """One login's reach: its teams, or all of them for trust-wide roles. Administrators see no family at all.

    `hidden_team_ids`: where records closed for protection are kept; the named nurse's own are among `team_ids` instead.
    """

    account_id: AccountId
    username: str
    role: AccountRole
    all_teams: bool
    team_ids: frozenset[TeamId]
    practitioner_id: PractitionerId | None
    hidden_team_ids: frozenset[TeamId] = frozenset()

    @property
    def actor(self) -> str:
        """How this login stands in histories."""
        return f"person:{self.username}"

    @property
    def sees_families(self) -> bool:
        """Whether this role may read families' records."""
        return self.role in FAMILY_ROLES

    def covers(self, team_id: int | None) -> bool:
        """Whether a family's row of this team may be read; a row without a team is for trust-wide roles only."""
        if not self.sees_families or team_id in self.hidden_team_ids:
            return False
        return self.all_teams or (team_id is not None and team_id in self.team_ids)

    def params(self) -> dict[str, object]:
        """What `covered` binds."""
        return {
            "scope_all": self.sees_families and self.all_teams,
            "scope_teams": sorted(self.team_ids - self.hidden_team_ids) if self.sees_families else [],
            "scope_hidden": sorted(self.hidden_team_ids),
        }

    def condition(self, team_column: QueryableAttribute[Any] | ColumnElement[Any]) -> ColumnElement[bool]:
        """The same as a condition on a column of team ids."""
        if not self.sees_families:
            return false()
        if not self.all_teams:
            return team_column.in_(sorted(self.team_ids - self.hidden_team_ids))
        hidden = sorted(self.hidden_team_ids)
        return or_(team_column.is_(None), team_column.not_in(hidden)) if hidden else true()


def covered(column: str) -> str:
    """Return SQL that holds for rows of a team within the scope whose `params` are bound; `column` is no input."""
    return (
        f"(:scope_all AND coalesce({column}, 0) <> ALL(CAST(:scope_hidden AS bigint[]))"
        f" OR {column} = ANY(CAST(:scope_teams AS bigint[])))"
    )
