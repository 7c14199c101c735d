"""What stands on a family's page beside its people: red flags, open questions, colleagues to ask. For a covered family.

The caller has checked the scope. Never commits.
"""

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.scope import Scope, covered
from models.domain.ids import HouseholdId


class Concern(NamedTuple):
    """A red flag or a colleague's worry about somebody of the household, until a person ends it."""

    person_id: int
    person_name: str | None
    code: str
    set_at: datetime
    review_at: datetime | None


class OpenPrompt(NamedTuple):
    """An undecided prompt about somebody of the household."""

    id: int
    person_name: str | None
    urgency: str
    raised_at: datetime
    next_due_at: datetime


class Colleague(NamedTuple):
    """Somebody of the family's teams who can answer for an action."""

    id: int
    name: str


def concerns(session: Session, household_id: HouseholdId | None, person_id: int | None = None) -> list[Concern]:
    """Red flags first, then worries, of the household or of the person alone."""
    given = {"household": household_id, "person": person_id}
    return [Concern._make(row) for row in session.execute(_CONCERNS, given)]


def open_prompts(session: Session, scope: Scope, household_id: HouseholdId) -> list[OpenPrompt]:
    """The household's undecided prompts within `scope`, the heaviest first: another service's questions are its own."""
    return [OpenPrompt._make(row) for row in session.execute(_PROMPTS, {"household": household_id, **scope.params()})]


def colleagues(session: Session, household_id: HouseholdId, *, today: date) -> list[Colleague]:
    """The people at work in the teams that have this family, by name."""
    given = {"household": household_id, "today": today}
    return [Colleague._make(row) for row in session.execute(_COLLEAGUES, given)]


def team_code(session: Session, team_id: int) -> str | None:
    """The code of a team, by which local numbers are entered."""
    return session.execute(text("SELECT code FROM team WHERE id = :id"), {"id": team_id}).scalar_one_or_none()


_CONCERNS = text(
    """
    SELECT p.id, p.name, g.code, g.set_at, g.review_at
    FROM flag g JOIN person p ON p.id = g.person_id
    WHERE g.ended_at IS NULL AND g.code IN ('red_flag', 'worried')
      AND (p.id = :person OR p.id IN (SELECT person_id FROM household_member
                                      WHERE household_id = :household AND valid_until IS NULL))
    ORDER BY g.code = 'red_flag' DESC, g.set_at, g.id LIMIT 20
    """
)
_PROMPTS = text(
    f"""
    SELECT r.id, p.name, r.urgency, r.raised_at, r.next_due_at
    FROM referral_prompt r JOIN person p ON p.id = r.person_id
    WHERE r.household_id = :household AND r.state <> 'decided' AND {covered("coalesce(r.team_id, p.team_id)")}
    ORDER BY r.weight DESC, r.next_due_at, r.id LIMIT 20
    """
)
_COLLEAGUES = text(
    """
    SELECT q.id, q.name FROM practitioner q
    WHERE NOT q.last_resort AND coalesce(q.active_until >= :today, true) AND q.team_id IN (
        SELECT team_id FROM household WHERE id = :household
        UNION SELECT p.team_id FROM household_member m JOIN person p ON p.id = m.person_id
        WHERE m.household_id = :household AND m.valid_until IS NULL)
    ORDER BY q.name, q.id LIMIT 200
    """
)
