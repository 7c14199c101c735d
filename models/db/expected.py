"""Contacts that should happen: planned, looked at when due, met or handed over to a follow-up. Never commits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.packing import packed, packed_tuples, unpacked
from models.domain.words import ExpectedState


class ToPlan(NamedTuple):
    """A child, or a woman with a pregnancy that goes on, for whom nothing is planned from this date yet."""

    person_id: int
    pregnancy_id: int | None
    date_of_birth: date | None
    edd: date | None
    household_id: int | None
    team_id: int | None
    first_received_at: datetime


@dataclass(frozen=True, slots=True)
class NewExpected:
    """A contact to plan."""

    person_id: int
    pregnancy_id: int | None
    household_id: int | None
    team_id: int | None
    contact_code: str
    schedule_code: str
    schedule_version: int
    anchor_on: date
    window_start: date
    window_end: date
    late_until: date | None
    state: str
    next_due_at: datetime | None
    first_received_at: datetime
    already_past: bool


class DueExpected(NamedTuple):
    """A contact whose time to be looked at has come, locked, with what is known of it.

    `booked_until`: the end of an appointment for it that is still to come. `unsettled`: one that has ended and whose
    outcome the source's data can't tell yet. `followed`: another follow-up of this contact is live.
    """

    id: int
    state: str
    person_id: int
    pregnancy_id: int | None
    household_id: int | None
    team_id: int | None
    contact_code: str
    schedule_code: str
    schedule_version: int
    anchor_on: date
    first_received_at: datetime
    date_of_birth: date | None
    caseload_holder: int | None
    life_status: str
    pregnancy_outcome: str | None
    is_current: bool
    booked_until: datetime | None
    met_at: datetime | None
    followed: bool


def to_plan(session: Session, *, born_after: date, due_after: date, limit: int) -> list[ToPlan]:
    """Return up to `limit` children and pregnancies for whom nothing is planned by the date they have now."""
    rows = session.execute(_TO_PLAN, {"born_after": born_after, "due_after": due_after, "limit": limit})
    return [ToPlan._make(row) for row in rows]


def plan_many(session: Session, rows: Sequence[NewExpected]) -> int:
    """Plan contacts and let go of those reckoned from a date that was corrected since; return how many were new."""
    if not rows:
        return 0
    added = session.execute(_PLAN, packed(rows, _PLANNED)).all()
    anchors = {(row.person_id, row.pregnancy_id, row.anchor_on) for row in rows}
    session.execute(_LET_GO, packed_tuples(sorted(anchors, key=str), _ANCHORS))
    return len(added)


def take_due(session: Session, *, now: datetime, limit: int) -> list[DueExpected]:
    """Lock up to `limit` contacts that are due to be looked at; the caller must settle each."""
    return [DueExpected._make(row) for row in session.execute(_TAKE, {"now": now, "limit": limit})]


def settle(session: Session, rows: Sequence[tuple[int, ExpectedState, datetime | None, datetime | None]]) -> None:
    """Store what was found: id, state, when to look again, when it was met."""
    if rows:
        session.execute(_SETTLE, packed_tuples(rows, _SETTLED))


def mark_met(session: Session, met: Sequence[tuple[int, datetime]]) -> None:
    """These contacts took place at these times."""
    if met:
        session.execute(_SETTLE, packed_tuples([(one, ExpectedState.MET, None, at) for one, at in met], _SETTLED))


_TO_PLAN = text(
    """
    SELECT p.id, NULL::bigint, p.date_of_birth, NULL::date, m.household_id, coalesce(p.team_id, m.team_id),
           p.first_received_at
    FROM person p
    LEFT JOIN LATERAL (SELECT m.household_id, h.team_id FROM household_member m JOIN household h ON h.id = m.household_id
                       WHERE m.person_id = p.id AND m.valid_until IS NULL ORDER BY m.id LIMIT 1) AS m ON true
    WHERE p.date_of_birth >= :born_after AND p.life_status <> 'deceased'
      AND NOT EXISTS (SELECT FROM expected_contact e WHERE e.person_id = p.id AND e.anchor_on = p.date_of_birth)
    UNION ALL
    SELECT p.id, g.id, NULL, g.edd, coalesce(g.household_id, m.household_id), coalesce(p.team_id, m.team_id),
           g.created_at
    FROM pregnancy g JOIN person p ON p.id = g.mother_id
    LEFT JOIN LATERAL (SELECT m.household_id, h.team_id FROM household_member m JOIN household h ON h.id = m.household_id
                       WHERE m.person_id = p.id AND m.valid_until IS NULL ORDER BY m.id LIMIT 1) AS m ON true
    WHERE g.outcome IN ('unknown','continuing') AND g.edd >= :due_after AND p.life_status <> 'deceased'
      AND NOT EXISTS (SELECT FROM expected_contact e WHERE e.pregnancy_id = g.id AND e.anchor_on = g.edd)
    LIMIT :limit
    """
)
_PLANNED = (
    ("person_id", "bigint"),
    ("pregnancy_id", "bigint"),
    ("household_id", "bigint"),
    ("team_id", "bigint"),
    ("contact_code", "text"),
    ("schedule_code", "text"),
    ("schedule_version", "bigint"),
    ("anchor_on", "date"),
    ("window_start", "date"),
    ("window_end", "date"),
    ("late_until", "date"),
    ("state", "text"),
    ("next_due_at", "timestamptz"),
    ("first_received_at", "timestamptz"),
    ("already_past", "boolean"),
)
_NAMES = ", ".join(name for name, _ in _PLANNED)
_PLAN = text(
    f"""
    INSERT INTO expected_contact ({_NAMES})
    SELECT {_NAMES} FROM {unpacked(_PLANNED, alias="u")} ORDER BY person_id, contact_code
    ON CONFLICT (person_id, contact_code, anchor_on) DO NOTHING RETURNING id
    """
)
_ANCHORS = (("person_id", "bigint"), ("pregnancy_id", "bigint"), ("anchor_on", "date"))
_LET_GO = text(
    f"""
    UPDATE expected_contact e SET state = 'not_applicable', next_due_at = NULL
    FROM {unpacked(_ANCHORS, alias="u")}
    WHERE e.person_id = u.person_id AND e.pregnancy_id IS NOT DISTINCT FROM u.pregnancy_id
      AND e.anchor_on <> u.anchor_on AND e.state IN ('planned', 'booked')
    """
)
# An appointment for it: the one it was matched to on import, or any of the same person and code in its time.
_TAKE = text(
    """
    WITH due AS MATERIALIZED (
        SELECT e.* FROM expected_contact e WHERE e.next_due_at <= :now
        ORDER BY e.next_due_at, e.id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    )
    SELECT e.id, e.state, e.person_id, e.pregnancy_id, e.household_id, coalesce(p.team_id, e.team_id),
           e.contact_code, e.schedule_code, e.schedule_version, e.anchor_on, e.first_received_at, p.date_of_birth,
           p.caseload_holder_id, p.life_status, g.outcome,
           e.anchor_on IS NOT DISTINCT FROM CASE WHEN e.pregnancy_id IS NULL THEN p.date_of_birth ELSE g.edd END,
           (SELECT min(a.ends_at) FROM appointment a
            WHERE a.person_id = e.person_id AND a.contact_code = e.contact_code AND a.ends_at > :now
              AND a.status IN ('planned', 'booked', 'arrived') AND a.vanished_at IS NULL),
           e.met_at,
           EXISTS (SELECT FROM follow_up f WHERE f.person_id = e.person_id AND f.contact_code = e.contact_code
                   AND f.state IN ('open', 'backlog', 'seen', 'closing'))
    FROM due e
    JOIN person p ON p.id = e.person_id
    LEFT JOIN pregnancy g ON g.id = e.pregnancy_id
    """
)
_SETTLED = (("id", "bigint"), ("state", "text"), ("next_due_at", "timestamptz"), ("met_at", "timestamptz"))
_SETTLE = text(
    f"""
    UPDATE expected_contact e SET state = u.state, next_due_at = u.next_due_at, met_at = coalesce(u.met_at, e.met_at)
    FROM {unpacked(_SETTLED, alias="u")} WHERE e.id = u.id AND e.state <> 'met'
    """
)
