"""One person as an act needs them: who they are to their family, and whether a Scope covers them. Never commits."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.prompt_page import RecordedLine
from models.db.scope import Scope
from models.domain.ids import HouseholdId


@dataclass(frozen=True, slots=True)
class PersonSeen:
    """A person within a Scope; `prompt_id` is the heaviest undecided prompt about them, if there is one."""

    person_id: int
    name: str | None
    role: str | None
    household_id: HouseholdId | None
    team_id: int | None
    team_code: str | None
    language: str | None
    prompt_id: int | None


def find(session: Session, scope: Scope, person_id: int) -> PersonSeen | None:
    """The person, or None if there is none whose team, or whose household's, `scope` covers."""
    row = session.execute(_FIND, {"id": person_id}).mappings().one_or_none()
    if row is None:
        return None
    seen = PersonSeen(**{name: row[name] for name in PersonSeen.__slots__})
    return seen if scope.covers(seen.team_id) or scope.covers(row["household_team_id"]) else None


def newest_recorded(session: Session, person_id: int, *, by: str, since: datetime) -> RecordedLine | None:
    """What `by` recorded last of this person, if that was after `since`."""
    row = session.execute(_NEWEST, {"id": person_id, "by": by, "since": since}).one_or_none()
    return None if row is None else RecordedLine._make(row)


_FIND = text(
    """
    SELECT p.id AS person_id, p.name, m.role, m.household_id, coalesce(p.team_id, m.team_id) AS team_id,
           team.code AS team_code, m.team_id AS household_team_id,
           (SELECT c.language FROM contact_point c WHERE c.person_id = p.id AND c.language IS NOT NULL
            ORDER BY c.id LIMIT 1) AS language,
           (SELECT r.id FROM referral_prompt r WHERE r.person_id = p.id AND r.state <> 'decided'
            ORDER BY r.weight DESC, r.id DESC LIMIT 1) AS prompt_id
    FROM person p
    LEFT JOIN LATERAL (
        SELECT m.household_id, m.role, h.team_id FROM household_member m JOIN household h ON h.id = m.household_id
        WHERE m.person_id = p.id AND m.valid_until IS NULL ORDER BY m.id LIMIT 1) AS m ON true
    LEFT JOIN team ON team.id = coalesce(p.team_id, m.team_id)
    WHERE p.id = :id
    """
)
_NEWEST = text(
    """
    SELECT id, instrument, total, self_harm_item, answers, note, recorded_on, recorded_by, person_role, phase, language,
           mode, interpreter, low_literacy, verdict
    FROM indicator WHERE person_id = :id AND recorded_by = :by AND received_at >= :since ORDER BY id DESC LIMIT 1
    """
)
