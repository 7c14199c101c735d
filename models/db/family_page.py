"""A household as its own page shows it: its people, what is followed up, and the contacts planned for them.

For one Scope; nothing is read that it does not cover. Never commits.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.case import Member, members
from models.db.scope import Scope
from models.db.worklist_rows import ListRow, rows
from models.domain.ids import FollowUpId, HouseholdId, PersonId
from models.domain.words import ExpectedState


class Planned(NamedTuple):
    """A contact that a member should have; `window_end` is the last day in time."""

    person_name: str | None
    contact_code: str
    window_start: date
    window_end: date
    state: ExpectedState


@dataclass(frozen=True, slots=True)
class Family:
    """One household's page in values."""

    household_id: HouseholdId
    team_id: int | None
    members: tuple[Member, ...]
    follow_ups: tuple[ListRow, ...]  # live ones, in the order of the list
    planned: tuple[Planned, ...]  # soonest first


def find(session: Session, scope: Scope, household_id: int, *, since: datetime) -> Family | None:
    """The household, or None if there is none that `scope` covers.

    It is covered by its own team, by those of its people, and by those who had an appointment with one of them since.
    """
    teams = session.execute(_TEAMS, {"household": household_id, "since": since}).all()
    covered = [team.team_id for team in teams if scope.covers(team.team_id)]
    if not covered:
        return None
    household = HouseholdId(household_id)
    live = session.scalars(_LIVE, {"household": household_id}).all()
    return Family(
        household_id=household,
        team_id=covered[0],
        members=members(session, household_id=household, person_id=None),
        follow_ups=tuple(rows(session, scope, [FollowUpId(one) for one in live])),
        planned=tuple(
            Planned(row.name, row.contact_code, row.window_start, row.window_end, ExpectedState(row.state))
            for row in session.execute(_PLANNED, {"household": household_id})
        ),
    )


def holds(family: Family, person_id: int | None) -> PersonId | None:
    """The person, if they belong to this household; None for anybody else: forms name people by number."""
    return next((member.person_id for member in family.members if member.person_id == person_id), None)


_TEAMS = text(
    """
    SELECT team_id FROM household WHERE id = :household
    UNION
    SELECT p.team_id FROM household_member m JOIN person p ON p.id = m.person_id
    WHERE m.household_id = :household AND m.valid_until IS NULL
    UNION
    SELECT coalesce(a.team_id, w.team_id) FROM household_member m JOIN appointment a ON a.person_id = m.person_id
    LEFT JOIN practitioner w ON w.id = a.practitioner_id
    WHERE m.household_id = :household AND m.valid_until IS NULL AND a.starts_at >= :since AND a.status <> 'void'
    """
)
_LIVE = text(
    """
    SELECT id FROM follow_up
    WHERE household_id = :household AND state IN ('open', 'backlog', 'seen', 'closing')
    ORDER BY red_flag DESC, high_risk DESC, breach_at, id LIMIT 50
    """
)
_PLANNED = text(
    """
    SELECT p.name, e.contact_code, e.window_start, e.window_end, e.state
    FROM household_member m
    JOIN person p ON p.id = m.person_id
    JOIN expected_contact e ON e.person_id = m.person_id
    WHERE m.household_id = :household AND m.valid_until IS NULL AND (
        e.state IN ('planned', 'booked')
        OR e.state = 'overdue' AND (
            EXISTS (SELECT FROM follow_up f WHERE f.expected_contact_id = e.id AND f.state <> 'closed')
            OR EXISTS (SELECT FROM appointment a JOIN follow_up f ON f.appointment_id = a.id
                       WHERE a.expected_contact_id = e.id AND f.state <> 'closed')))
    ORDER BY e.window_end, e.id LIMIT 50
    """
)
