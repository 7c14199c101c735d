"""Who is told: the practitioner of each pre-school child, one per household and practitioner; the midwife in pregnancy.

Never commits.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.adult_misses import EXPECTED, MIDWIFE, YOUNG
from models.domain.sharing import SharingRules


@dataclass(frozen=True, slots=True)
class Recipient:
    """One card: the person it is about (a household's youngest child, or the woman), whose it is, in which team.

    `practitioner_id` None: the caseload holder of the person, whoever that is when a step fires.
    """

    disclosure_id: int
    household_id: int
    person_id: int
    practitioner_id: int | None
    holder_id: int | None
    team_id: int | None

    @property
    def to(self) -> str:
        """Whose card it is: tells one practitioner's from another's."""
        return (
            f"p{self.practitioner_id or self.holder_id}"
            if self.practitioner_id or self.holder_id
            else f"t{self.team_id}"
        )


def find(
    session: Session, disclosure_ids: Collection[int], *, rules: SharingRules, today: date, at_home_only: bool
) -> list[Recipient]:
    """Return whom to tell of each, in order. `at_home_only`: not where the adult is recorded as living elsewhere.

    What is not told yet is for the children whom the adult left since, too, where a household was separated; never
    where that closed a record.
    """
    params = {
        "ids": sorted(disclosure_ids),
        "for_children": rules.for_children,
        "for_pregnancy": rules.for_pregnancy,
        "born_after": rules.born_after(today),
        "late_days": rules.after_due_date_days,
        "today": today,
        "at_home_only": at_home_only,
    }
    found = [Recipient(*row) for row in session.execute(_FIND, params)]
    return [card for each in _by_household(found) for card in _cards(each)]


def _by_household(found: Sequence[Recipient]) -> list[list[Recipient]]:
    homes: dict[tuple[int, int], list[Recipient]] = {}
    for one in found:
        homes.setdefault((one.disclosure_id, one.household_id), []).append(one)
    return list(homes.values())


def _cards(home: list[Recipient]) -> list[Recipient]:
    """One card per practitioner, about their youngest; a child whom nobody holds goes with a sibling of the team."""
    held = {
        (one.holder_id or one.practitioner_id): one for one in reversed(home) if one.holder_id or one.practitioner_id
    }
    teams = {one.team_id for one in held.values()}
    loose = {one.team_id: one for one in reversed(home) if not (one.holder_id or one.practitioner_id)}
    return [*held.values(), *(one for team, one in loose.items() if team not in teams)]


# Children first; where a household has none, the woman expecting one, with whoever holds her caseload.
_FIND = text(
    f"""
    WITH asked AS (SELECT id, person_id, to_service, state, happened_at FROM disclosure WHERE id = ANY(:ids)),
    place AS (
        SELECT a.id, a.to_service, me.household_id FROM asked a
        JOIN household_member me ON me.person_id = a.person_id AND me.valid_until IS NULL
        WHERE NOT :at_home_only OR me.lives_with <> 'no'
        UNION
        SELECT a.id, a.to_service, s.from_household_id FROM asked a
        JOIN split_member m ON m.person_id = a.person_id AND m.side = 'leaves'
        JOIN household_split s ON s.id = m.split_id AND s.undone_at IS NULL AND s.reason <> 'protected_identity'
        WHERE NOT :at_home_only AND a.state <> 'shared' AND s.done_at > a.happened_at
    ),
    home AS (SELECT place.*, h.team_id FROM place JOIN household h ON h.id = place.household_id),
    child AS (
        SELECT home.id, home.household_id, c.id AS person_id, NULL::bigint AS practitioner_id,
               c.caseload_holder_id AS holder_id, coalesce(c.team_id, home.team_id, w.team_id) AS team_id,
               c.date_of_birth
        FROM home
        JOIN household_member m ON m.household_id = home.household_id AND m.valid_until IS NULL AND m.role = 'child'
        JOIN person c ON c.id = m.person_id AND c.life_status <> 'deceased'
        LEFT JOIN practitioner w ON w.id = c.caseload_holder_id
        WHERE home.to_service = :for_children AND {YOUNG}
    ),
    woman AS (
        SELECT DISTINCT home.id, home.household_id, g.mother_id AS person_id,
               CASE WHEN home.to_service = :for_pregnancy THEN {MIDWIFE} END AS practitioner_id,
               p.caseload_holder_id AS holder_id, p.team_id, home.team_id AS home_team_id, home.to_service
        FROM home
        JOIN household_member m ON m.household_id = home.household_id AND m.valid_until IS NULL
        JOIN pregnancy g ON g.mother_id = m.person_id AND {EXPECTED}
        JOIN person p ON p.id = g.mother_id AND p.life_status <> 'deceased'
    )
    SELECT id, household_id, person_id, practitioner_id, holder_id, team_id FROM (
        SELECT id, household_id, person_id, practitioner_id, holder_id, team_id, date_of_birth FROM child
        UNION ALL
        SELECT woman.id, household_id, person_id, practitioner_id,
               CASE WHEN to_service = :for_pregnancy THEN NULL ELSE holder_id END,
               CASE WHEN to_service = :for_pregnancy THEN w.team_id ELSE coalesce(woman.team_id, home_team_id) END, NULL
        FROM woman LEFT JOIN practitioner w ON w.id = woman.practitioner_id
        WHERE (to_service = :for_pregnancy AND practitioner_id IS NOT NULL)
           OR (to_service = :for_children
               AND NOT EXISTS (SELECT FROM child WHERE child.id = woman.id AND child.household_id = woman.household_id))
    ) AS found
    ORDER BY id, household_id, date_of_birth DESC NULLS LAST, person_id
    """
)
