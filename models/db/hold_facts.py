"""What the holds that stand mean for follow-ups and appointments: what waits, whose texts are blocked, what is shown.

Reads only.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.follow_ups import Claimed
from models.domain.holds import HoldRules, StandingHold, pauses
from models.domain.ladder_facts import Pause
from models.domain.words import HoldKind
from models.domain.working_time import WorkingCalendar


def blocks(person: str, household: str) -> str:
    """Return the SQL condition that a hold blocks texts about `person` of `household`, both column names.

    With the parameters of `blocking`. The gate asks the same of each text when it leaves, by its own query.
    """
    standing = "k.ended_at IS NULL AND k.kind = ANY(CAST(:blocking AS text[]))"
    member = f"""household_member w ON w.person_id = {{column}} AND w.household_id = {household}
        AND w.valid_until IS NULL"""
    return f"""(
        EXISTS (SELECT FROM hold k WHERE k.person_id = {person} AND {standing})
        OR EXISTS (SELECT FROM hold k WHERE k.household_id = {household} AND {standing})
        OR EXISTS (SELECT FROM household_member w JOIN hold k ON k.person_id = w.person_id
                   WHERE w.household_id = {household} AND w.valid_until IS NULL AND {standing}
                     AND k.kind = ANY(CAST(:reaching AS text[])))
        OR EXISTS (SELECT FROM pregnancy g JOIN hold k ON k.pregnancy_id = g.id
                   WHERE g.mother_id = {person} AND {standing})
        OR EXISTS (SELECT FROM pregnancy g JOIN {member.format(column="g.mother_id")}
                   JOIN hold k ON k.pregnancy_id = g.id WHERE {standing}))"""


def blocking(rules: HoldRules) -> dict[str, list[str]]:
    """Return the parameters of `blocks`."""
    return {"blocking": sorted(rules.blocking), "reaching": sorted(rules.reaching_households)}


def blocked(session: Session, follow_ups: Collection[int], rules: HoldRules) -> set[int]:
    """Return those of these follow-ups whose families a hold lets no text go to."""
    return set(session.scalars(_BLOCKED, {"ids": list(follow_ups), **blocking(rules)}))


def pausing(session: Session, follow_ups: Collection[int], rules: HoldRules) -> Mapping[int, list[StandingHold]]:
    """Return, for these follow-ups, the holds that keep steps of their plans waiting: on their subject or household."""
    found: dict[int, list[StandingHold]] = {}
    if rules.pausing:
        params = {"ids": list(follow_ups), "kinds": sorted(rules.pausing)}
        for row in session.execute(_PAUSING, params):
            found.setdefault(row.id, []).append(StandingHold(HoldKind(row.kind), row.starts_at, row.review_at))
    return found


def rests(session: Session, row: Claimed, rules: HoldRules, *, calendar: WorkingCalendar) -> tuple[Pause, ...]:
    """Return what holds keep waiting of one follow-up's plan, to say what comes next."""
    standing = pausing(session, [row.id], rules).get(row.id, ())
    return pauses(standing, rules, pathway_code=row.pathway_code, high_risk=row.high_risk, calendar=calendar)


class ShownHold(NamedTuple):
    """A hold as a page shows it. `on_name`: the person it is set on, if it is on one; `about_name`: who has died."""

    id: int
    kind: HoldKind
    on_name: str | None
    about_name: str | None
    reason: str
    set_by: str
    starts_at: datetime
    review_at: datetime
    handover_id: int | None
    moved_to: str | None


def of_household(session: Session, household_id: int) -> list[ShownHold]:
    """Return the holds that stand on a household, on its people or on their pregnancies, the oldest first."""
    rows = session.execute(_OF_HOUSEHOLD, {"household": household_id})
    return [ShownHold(row[0], HoldKind(row[1]), *row[2:]) for row in rows]


_BLOCKED = text(
    f"SELECT f.id FROM follow_up f WHERE f.id = ANY(CAST(:ids AS bigint[]))"
    f" AND {blocks('f.person_id', 'f.household_id')}"
)
_PAUSING = text(
    """
    SELECT f.id, h.kind, h.starts_at, h.review_at FROM follow_up f JOIN hold h ON h.person_id = f.person_id
    WHERE f.id = ANY(CAST(:ids AS bigint[])) AND h.ended_at IS NULL AND h.kind = ANY(CAST(:kinds AS text[]))
    UNION ALL
    SELECT f.id, h.kind, h.starts_at, h.review_at FROM follow_up f JOIN hold h ON h.household_id = f.household_id
    WHERE f.id = ANY(CAST(:ids AS bigint[])) AND h.ended_at IS NULL AND h.kind = ANY(CAST(:kinds AS text[]))
    """
)
_OF_HOUSEHOLD = text(
    """
    WITH member AS (
        SELECT person_id FROM household_member WHERE household_id = :household AND valid_until IS NULL
    ), found AS (
        SELECT h.* FROM hold h WHERE h.household_id = :household AND h.ended_at IS NULL
        UNION ALL SELECT h.* FROM member JOIN hold h ON h.person_id = member.person_id WHERE h.ended_at IS NULL
        UNION ALL SELECT h.* FROM member JOIN pregnancy g ON g.mother_id = member.person_id
            JOIN hold h ON h.pregnancy_id = g.id WHERE h.ended_at IS NULL
    )
    SELECT h.id, h.kind, person.name, about.name, h.reason, h.set_by, h.starts_at, h.review_at, h.handover_id,
           h.detail ->> 'moved_to'
    FROM found h
    LEFT JOIN pregnancy g ON g.id = h.pregnancy_id
    LEFT JOIN person ON person.id = coalesce(h.person_id, g.mother_id)
    LEFT JOIN person about ON about.id = h.about_person_id
    ORDER BY h.starts_at, h.id
    """
)
