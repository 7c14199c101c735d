"""Whom to plan for among the people of `planning`: children, pregnancies that go on, mothers after a birth.

Nobody who has died. `plans`: the schedules that somebody has contacts of already, as 'code version'. Never commits.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.domain.schedule import ContactOf, PlanSubject
from models.domain.words import Known


@dataclass(frozen=True, slots=True)
class ToPlan:
    """One subject with whom its contacts belong to. `plans`: code and version of what it is planned by already."""

    person_id: int
    household_id: int | None
    team_id: int | None
    pregnancy_id: int | None
    subject: PlanSubject
    plans: frozenset[tuple[str, int]]


def children(session: Session, *, born_after: date) -> list[ToPlan]:
    """The register's children born after that day whom school nursing has not accepted."""
    return [
        ToPlan(
            *(row.person_id, row.household_id, row.team_id, None),
            PlanSubject(ContactOf.CHILD, date_of_birth=row.date_of_birth, left_birth_place_on=row.left_birth_place_on),
            _plans(row.plans),
        )
        for row in session.execute(_CHILDREN, {"born_after": born_after})
    ]


def pregnancies(session: Session, *, flags: Collection[str]) -> list[ToPlan]:
    """The pregnancies that go on: of the people themselves, and those in whose household somebody is among them.

    `flags` are the codes that a schedule asks for; of these each subject has those live on the adults and the unborn.
    """
    return [
        ToPlan(
            *(row.mother_id, row.household_id, row.team_id, row.id),
            PlanSubject(ContactOf.MOTHER, edd=row.edd, nulliparous=Known(row.nulliparous), flags=frozenset(row.flags)),
            _plans(row.plans),
        )
        for row in session.execute(_PREGNANCIES, {"flags": sorted(flags)})
    ]


def mothers(session: Session, *, born_after: date, twins_within: timedelta) -> list[ToPlan]:
    """The mothers of the children born after that day, once for each birth: twins are one.

    Where a household has more than one mother, only whose own pregnancy ended that day.
    """
    return [
        ToPlan(
            *(row.mother_id, row.household_id, row.team_id, None),
            PlanSubject(ContactOf.MOTHER, date_of_birth=row.date_of_birth),
            _plans(row.plans),
        )
        for row in session.execute(_MOTHERS, {"born_after": born_after, "twins": twins_within.days})
    ]


def _plans(told: list[str] | None) -> frozenset[tuple[str, int]]:
    pairs = (one.rpartition(" ") for one in told or ())
    return frozenset((code, int(version)) for code, _, version in pairs)


# By which schedules somebody is planned already. Sets on both sides, so that a few people are looked up one by one and
# a whole register is read through once.
_HAS = """
    LEFT JOIN (
        SELECT e.person_id, e.pregnancy_id,
               array_agg(DISTINCT e.schedule_code || ' ' || e.schedule_version) AS plans
        FROM {of} AS of JOIN expected_contact e ON e.person_id = of.person_id GROUP BY 1, 2
    ) AS has ON has.person_id = {person} AND has.pregnancy_id IS NOT DISTINCT FROM {pregnancy}
"""
_CHILDREN = text(
    f"""
    SELECT p.id AS person_id, home.household_id, p.team_id, p.date_of_birth, p.left_birth_place_on, has.plans
    FROM planning x JOIN person p ON p.id = x.person_id
    JOIN (
        SELECT m.person_id, (array_agg(m.household_id ORDER BY m.id))[1] AS household_id
        FROM planning x JOIN household_member m ON m.person_id = x.person_id
        WHERE m.role = 'child' AND m.valid_until IS NULL GROUP BY 1
    ) AS home ON home.person_id = p.id
    {_HAS.format(of="planning", person="p.id", pregnancy="NULL::bigint")}
    WHERE p.content_hash IS NOT NULL AND p.date_of_birth > :born_after AND p.life_status <> 'deceased'
      AND NOT EXISTS (SELECT FROM school_handover s WHERE s.person_id = p.id AND s.withdrawn_at IS NULL)
    """
)
_PREGNANCIES = text(
    f"""
    WITH touched AS (
        SELECT g.id FROM planning x JOIN pregnancy g ON g.mother_id = x.person_id
        WHERE g.outcome IN ('unknown', 'continuing')
        UNION
        SELECT g.id FROM (SELECT DISTINCT household_id FROM planning_member) AS home
        JOIN pregnancy g ON g.household_id = home.household_id WHERE g.outcome IN ('unknown', 'continuing')
    ), expecting_now AS (
        SELECT DISTINCT g.mother_id AS person_id FROM touched t JOIN pregnancy g ON g.id = t.id
    )
    SELECT g.id, g.mother_id, g.household_id, p.team_id, g.edd, g.nulliparous, has.plans,
           array(SELECT DISTINCT f.code FROM flag f
                 WHERE f.ended_at IS NULL AND f.code = ANY(CAST(:flags AS text[]))
                   AND (f.person_id = g.mother_id OR f.person_id IN (
                        SELECT m.person_id FROM household_member m
                        WHERE m.household_id = g.household_id AND m.valid_until IS NULL AND m.role <> 'child'))
           ) AS flags
    FROM touched t JOIN pregnancy g ON g.id = t.id JOIN person p ON p.id = g.mother_id
    {_HAS.format(of="expecting_now", person="g.mother_id", pregnancy="g.id")}
    WHERE p.life_status <> 'deceased'
    """
)
_MOTHERS = text(
    f"""
    WITH birth AS (
        SELECT b.household_id, c.date_of_birth FROM planning_member b JOIN person c ON c.id = b.person_id
        WHERE b.role = 'child' AND c.content_hash IS NOT NULL AND c.date_of_birth > :born_after
        GROUP BY 1, 2
    ), mother AS (
        SELECT m.person_id, m.household_id, birth.date_of_birth FROM birth
        JOIN planning_member m ON m.household_id = birth.household_id AND m.role = 'mother'
    ), mothers AS (SELECT DISTINCT person_id FROM mother)
    SELECT mother.person_id AS mother_id, mother.household_id, p.team_id, mother.date_of_birth, has.plans
    FROM mother JOIN person p ON p.id = mother.person_id
    {_HAS.format(of="mothers", person="p.id", pregnancy="NULL::bigint")}
    WHERE p.life_status <> 'deceased'
      -- A twin born after midnight is the same birth.
      AND NOT EXISTS (SELECT FROM birth b WHERE b.household_id = mother.household_id
                      AND b.date_of_birth < mother.date_of_birth
                      AND b.date_of_birth >= mother.date_of_birth - CAST(:twins AS int))
      AND (EXISTS (SELECT FROM pregnancy g WHERE g.mother_id = p.id AND g.ended_on = mother.date_of_birth)
           OR NOT EXISTS (SELECT FROM planning_member o WHERE o.household_id = mother.household_id
                          AND o.role = 'mother' AND o.person_id <> p.id))
    """
)
