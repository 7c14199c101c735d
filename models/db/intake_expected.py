"""The contacts that the people of an import should have: whom to plan for, the planned rows, and what ends them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.domain.words import ExpectedState


@dataclass(frozen=True, slots=True)
class ToPlan:
    """A child, by birth date, or a mother-to-be, by due date, with where its contacts belong."""

    person_id: int
    household_id: int | None
    team_id: int | None
    pregnancy_id: int | None
    date_of_birth: date | None
    edd: date | None


@dataclass(frozen=True, slots=True)
class Planned:
    """One contact, the same for everybody with the same anchor."""

    contact_code: str
    schedule_code: str
    schedule_version: int
    anchor_on: date
    window_start: date
    window_end: date
    late_until: date | None
    state: ExpectedState
    next_due_at: datetime | None
    already_past: bool


_CHILDREN = """
    SELECT DISTINCT p.id AS person_id, w.household_id, p.team_id, NULL::bigint AS pregnancy_id, p.date_of_birth,
           NULL::date AS edd
    FROM work w JOIN person p ON p.id = w.person_id
    WHERE w.subject_role = 'child' AND p.date_of_birth > :born_after AND p.life_status <> 'deceased'
"""
_MOTHERS = """
    SELECT DISTINCT p.id AS person_id, g.household_id, p.team_id, g.id AS pregnancy_id, NULL::date AS date_of_birth,
           g.edd
    FROM expecting e JOIN pregnancy g ON g.mother_id = e.mother_id AND g.outcome IN ('unknown', 'continuing')
    JOIN person p ON p.id = g.mother_id WHERE p.life_status <> 'deceased'
"""

_PLAN_TABLE = """
    CREATE TEMP TABLE plan (
        person_id bigint, pregnancy_id bigint, household_id bigint, team_id bigint, contact_code text,
        schedule_code text, schedule_version bigint, anchor_on date, window_start date, window_end date,
        late_until date, state text, next_due_at timestamptz, already_past boolean) ON COMMIT DROP
"""
_STORE = """
    INSERT INTO expected_contact (person_id, pregnancy_id, household_id, team_id, contact_code, schedule_code,
        schedule_version, anchor_on, window_start, window_end, late_until, state, next_due_at, already_past,
        first_received_at)
    SELECT plan.*, :now FROM plan ON CONFLICT (person_id, contact_code, anchor_on) DO NOTHING
"""

# A corrected birth or due date: what was reckoned from the old one and is still unfulfilled gives way to the new.
_REPLACED = f"""
    UPDATE expected_contact e SET state = '{ExpectedState.NOT_APPLICABLE}', next_due_at = NULL
    WHERE e.person_id = ANY(:people) AND e.state IN ('{ExpectedState.PLANNED}', '{ExpectedState.BOOKED}')
      AND EXISTS (SELECT FROM expected_contact n WHERE n.person_id = e.person_id AND n.contact_code = e.contact_code
                  AND n.id > e.id AND n.anchor_on <> e.anchor_on AND n.pregnancy_id IS NOT DISTINCT FROM e.pregnancy_id)
"""

# Rows come in any order: appointments that were here before their contact was planned find it now.
_MATCH = f"""
    WITH nearest AS (
        SELECT DISTINCT ON (a.id) a.id, e.id AS expected_id
        FROM appointment a JOIN expected_contact e ON e.person_id = a.person_id AND e.contact_code = a.contact_code
        LEFT JOIN expected_contact held ON held.id = a.expected_contact_id
        WHERE a.person_id = ANY(:people) AND e.state <> '{ExpectedState.NOT_APPLICABLE}'
          AND (a.expected_contact_id IS NULL OR held.state = '{ExpectedState.NOT_APPLICABLE}')
        ORDER BY a.id, greatest(e.window_start - a.starts_at::date, a.starts_at::date - e.window_end, 0), e.id
    ), matched AS (
        UPDATE appointment a SET expected_contact_id = n.expected_id,
            reconsider_at = CASE WHEN a.status IN ('planned', 'booked') THEN a.reconsider_at
                                 ELSE CAST(:now AS timestamptz) END
        FROM nearest n WHERE n.id = a.id RETURNING a.expected_contact_id, a.status
    )
    UPDATE expected_contact e SET state = '{ExpectedState.BOOKED}' FROM matched m
    WHERE e.id = m.expected_contact_id AND e.state = '{ExpectedState.PLANNED}'
      AND m.status IN ('planned', 'booked', 'arrived')
"""

_ENDED = f"""
    UPDATE expected_contact e SET next_due_at = NULL,
        state = CASE WHEN p.life_status = 'deceased' OR g.outcome NOT IN ('live_birth')
                     THEN '{ExpectedState.NOT_APPLICABLE}' ELSE '{ExpectedState.SUPERSEDED}' END
    FROM (SELECT person_id FROM work UNION SELECT contact_person_id FROM work) AS w JOIN person p ON p.id = w.person_id
    LEFT JOIN pregnancy g ON g.mother_id = p.id AND g.outcome NOT IN ('unknown', 'continuing')
    WHERE e.person_id = p.id AND e.state IN ('{ExpectedState.PLANNED}', '{ExpectedState.BOOKED}')
      AND (p.life_status = 'deceased' OR g.id = e.pregnancy_id)
"""


def to_plan(session: Session, *, born_after: date) -> list[ToPlan]:
    """The children of `work` and the mothers with a pregnancy that goes on; nobody who has died."""
    children = session.execute(text(_CHILDREN), {"born_after": born_after}).all()
    mothers = session.execute(text(_MOTHERS)).all()
    return [ToPlan(*row) for row in (*children, *mothers)]


def store(session: Session, planned: Iterable[tuple[ToPlan, Planned]], *, now: datetime) -> None:
    """Store planned contacts; one that a person already has, from the same date, stays as it is."""
    session.execute(text(_PLAN_TABLE))
    connection = session.connection().connection.driver_connection
    assert connection is not None
    with connection.cursor() as cursor, cursor.copy("COPY plan FROM STDIN") as copy:
        for of, each in planned:
            copy.write_row(
                (
                    *(of.person_id, of.pregnancy_id, of.household_id, of.team_id, each.contact_code),
                    *(each.schedule_code, each.schedule_version, each.anchor_on, each.window_start, each.window_end),
                    *(each.late_until, each.state.value, each.next_due_at, each.already_past),
                )
            )
    session.execute(text(_STORE), {"now": now})


def settle(session: Session, *, people: Sequence[int], now: datetime) -> None:
    """Retire contacts of a corrected date, match waiting appointments to the new ones, end those of the dead."""
    session.execute(text(_REPLACED), {"people": list(people)})
    session.execute(text(_MATCH), {"people": list(people), "now": now})
    session.execute(text(_ENDED))
