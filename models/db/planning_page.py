"""What a family's page says of its plan beside the list: what can be recorded, births, handovers, who was asked.

The caller has checked the scope. Never commits.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.domain.ids import HouseholdId, PersonId
from models.domain.recording_points import Point
from models.domain.words import ExpectedState, Known, PregnancyOutcome


class Recordable(NamedTuple):
    """A contact that a person may record as held."""

    id: int
    person_name: str | None
    contact_code: str
    window_start: date
    window_end: date
    state: ExpectedState


class Recorded(NamedTuple):
    """One that somebody recorded: by whom it was done, and where it is written."""

    contact_code: str
    on: str
    by_whom: str
    reference: str
    recorded_by: str
    recorded_at: datetime


class Expecting(NamedTuple):
    """A pregnancy that goes on."""

    id: int
    mother_name: str | None
    edd: date
    outcome: PregnancyOutcome
    nulliparous: Known


class Handover(NamedTuple):
    """School nursing's acceptance of a child."""

    person_id: PersonId
    accepted_on: date
    accepted_by: str


@dataclass(frozen=True, slots=True)
class MoodRecords:
    """The contacts at which parents should have been asked how they are, and the days on which each was."""

    points: tuple[Point, ...]
    asked_on: dict[int, list[date]]


@dataclass(frozen=True, slots=True)
class FamilyPlan:
    """The plan's part of a family's page."""

    recordable: tuple[Recordable, ...]
    recorded: tuple[Recorded, ...]
    expecting: tuple[Expecting, ...]
    handovers: tuple[Handover, ...]
    due_dates: dict[int, date]  # of children born in a pregnancy we know: child to EDD


def family_plan(
    session: Session, household_id: HouseholdId, *, recorded_codes: Collection[str], twins_within: timedelta
) -> FamilyPlan:
    """Read it, in one statement for each part."""
    params = {"household": household_id, "recorded": sorted(recorded_codes)}
    return FamilyPlan(
        recordable=tuple(
            Recordable(**{**row, "state": ExpectedState(row["state"])})
            for row in session.execute(_RECORDABLE, params).mappings()
        ),
        recorded=tuple(Recorded._make(row) for row in session.execute(_RECORDED, params)),
        expecting=tuple(
            Expecting(row.id, row.name, row.edd, PregnancyOutcome(row.outcome), Known(row.nulliparous))
            for row in session.execute(_EXPECTING, params)
        ),
        handovers=tuple(Handover._make(row) for row in session.execute(_HANDOVERS, params)),
        due_dates=due_dates(session, household_id, twins_within=twins_within),
    )


def mood_records(
    session: Session,
    household_id: HouseholdId,
    *,
    point_codes: Collection[str],
    instruments: Collection[str],
    since: date,
    today: date,
) -> MoodRecords:
    """The household's recording points that began between `since` and `today`, and when each member was asked."""
    params = {
        "household": household_id,
        "points": sorted(point_codes),
        "instruments": sorted(instruments),
        "since": since,
        "today": today,
    }
    asked: dict[int, list[date]] = {}
    for row in session.execute(_ASKED, params):
        asked.setdefault(row.person_id, []).append(row.recorded_on)
    points = (Point(row.contact_code, row.opens_on, row.closes_on) for row in session.execute(_POINTS, params))
    return MoodRecords(tuple(points), asked)


def due_dates(session: Session, household_id: HouseholdId | None, *, twins_within: timedelta) -> dict[int, date]:
    """The EDD of each child of the household whose birth ended a pregnancy that we know."""
    if household_id is None:
        return {}
    params = {"household": household_id, "twins": twins_within.days}
    return {row.person_id: row.edd for row in session.execute(_DUE_DATES, params)}


_MEMBERS = "SELECT m.person_id FROM household_member m WHERE m.household_id = :household AND m.valid_until IS NULL"
_RECORDABLE = text(
    f"""
    SELECT e.id, p.name AS person_name, e.contact_code, e.window_start, e.window_end, e.state
    FROM expected_contact e JOIN person p ON p.id = e.person_id
    WHERE e.person_id IN ({_MEMBERS}) AND e.contact_code = ANY(CAST(:recorded AS text[])) AND e.met_at IS NULL
      AND e.state IN ('planned', 'booked', 'overdue') ORDER BY e.window_end, e.id
    """
)
_RECORDED = text(
    f"""
    SELECT e.contact_code, v.detail ->> 'on', v.detail ->> 'by_whom', v.detail ->> 'reference', v.actor, v.at
    FROM expected_contact e JOIN expected_contact_event v ON v.expected_contact_id = e.id AND v.event = 'recorded_held'
    WHERE e.person_id IN ({_MEMBERS}) ORDER BY v.id DESC LIMIT 10
    """
)
_EXPECTING = text(
    f"""
    SELECT g.id, p.name, g.edd, g.outcome, g.nulliparous FROM pregnancy g JOIN person p ON p.id = g.mother_id
    WHERE g.mother_id IN ({_MEMBERS}) AND g.outcome IN ('unknown', 'continuing') ORDER BY g.edd, g.id
    """
)
_HANDOVERS = text(
    f"""
    SELECT person_id, accepted_on, accepted_by FROM school_handover
    WHERE person_id IN ({_MEMBERS}) AND withdrawn_at IS NULL ORDER BY person_id
    """
)
# Twins may be born on two days; the pregnancy ended with the first.
_DUE_DATES = text(
    f"""
    SELECT DISTINCT ON (c.id) c.id AS person_id, g.edd
    FROM household_member b JOIN person c ON c.id = b.person_id
    JOIN pregnancy g ON g.mother_id IN ({_MEMBERS}) AND g.outcome = 'live_birth'
         AND c.date_of_birth BETWEEN g.ended_on AND g.ended_on + CAST(:twins AS int)
    WHERE b.household_id = :household AND b.role = 'child' AND b.valid_until IS NULL ORDER BY c.id, g.id DESC
    """
)
_POINTS = text(
    f"""
    SELECT DISTINCT e.contact_code, least(e.window_start, CAST(e.met_at AS date)) AS opens_on,
           greatest(coalesce(e.late_until, e.window_end), CAST(e.met_at AS date)) AS closes_on
    FROM expected_contact e
    WHERE e.person_id IN ({_MEMBERS}) AND e.contact_code = ANY(CAST(:points AS text[]))
      AND e.state NOT IN ('not_applicable', 'superseded') AND e.window_start BETWEEN :since AND :today
    """
)
_ASKED = text(
    f"""
    SELECT i.person_id, i.recorded_on FROM indicator i
    WHERE i.person_id IN ({_MEMBERS}) AND upper(i.instrument) = ANY(CAST(:instruments AS text[]))
    """
)
