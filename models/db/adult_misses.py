"""What is known round an adult: the children and pregnancies of their households; and of a missed contact of theirs.

For the service that knows of the miss. Households are read as they are, never guessed. Never commits.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.domain.sharing import Around, SharingRules


@dataclass(frozen=True, slots=True)
class Missed:
    """One missed contact of an adult. `held_*`: a clinician's hold on an earlier miss of theirs that still stands."""

    appointment_id: int
    around: Around
    last_seen_at: datetime | None
    misses: int  # in a row, this one included
    held_until: datetime | None
    held_by: str | None
    held_reason: str | None
    died: bool  # the adult, by now


def missed(
    session: Session, appointment_ids: Collection[int], *, rules: SharingRules, today: date, now: datetime
) -> dict[int, Missed]:
    """Return what is known of each of these missed appointments, by appointment."""
    params = {
        **_params(rules, today),
        "ids": list(appointment_ids),
        "guarded": sorted(rules.guarded),
        "counted": sorted(rules.counted),
        "statuses": sorted(rules.statuses),
        "for_children": rules.for_children,
        "asked_days": rules.ask_about_children_again_days,
        "now": now,
    }
    return {row["id"]: _missed(row) for row in session.execute(_MISSED, params).mappings()}


def around(session: Session, adults: Collection[int], *, rules: SharingRules, today: date) -> dict[int, Around]:
    """Return what is known round these adults, by adult; `asked_already` is false throughout."""
    params = {**_params(rules, today), "adults": list(adults)}
    rows = session.execute(_AROUND_ADULTS, params).mappings()
    return {row["adult_id"]: _around(row, asked_already=False) for row in rows}


def _params(rules: SharingRules, today: date) -> dict[str, object]:
    return {"born_after": rules.born_after(today), "late_days": rules.after_due_date_days, "today": today}


def _missed(row: Any) -> Missed:
    return Missed(
        appointment_id=row["id"],
        around=_around(row, asked_already=row["asked_already"]),
        last_seen_at=row["last_seen_at"],
        misses=row["misses"],
        held_until=row["held_until"],
        held_by=row["held_by"],
        held_reason=row["held_reason"],
        died=row["died"],
    )


def _around(row: Any, *, asked_already: bool) -> Around:
    return Around(
        children=row["children"],
        pre_school=row["pre_school"],
        pre_school_at_home=row["pre_school_at_home"],
        pregnant=bool(row["pregnant"]),
        lost=bool(row["lost"]),
        midwife_known=bool(row["midwife_known"]),
        asked_already=asked_already,
    )


# Of a child or of a pregnancy; unknown counts (config/sharing.yaml says how far).
YOUNG = "(c.date_of_birth IS NULL OR c.date_of_birth > :born_after)"
EXPECTED = "g.outcome IN ('unknown', 'continuing') AND g.edd + CAST(:late_days AS int) >= CAST(:today AS date)"
# The midwife who holds the woman's caseload, else the one she was last booked with.
MIDWIFE = """
    coalesce((SELECT w.id FROM person q JOIN practitioner w ON w.id = q.caseload_holder_id AND w.role = 'midwife'
              WHERE q.id = g.mother_id),
             (SELECT w.id FROM appointment b JOIN practitioner w ON w.id = b.practitioner_id AND w.role = 'midwife'
              WHERE b.person_id = g.mother_id ORDER BY b.starts_at DESC LIMIT 1))
"""
_HOMES = f"""
    LEFT JOIN LATERAL (
        SELECT count(*) AS children, count(*) FILTER (WHERE young) AS pre_school,
               count(*) FILTER (WHERE young AND lives_with <> 'no') AS pre_school_at_home
        FROM (SELECT DISTINCT ON (c.id) {YOUNG} AS young, me.lives_with
              FROM household_member me
              JOIN household_member m ON m.household_id = me.household_id AND m.valid_until IS NULL AND m.role = 'child'
              JOIN person c ON c.id = m.person_id AND c.life_status <> 'deceased'
              WHERE me.person_id = x.adult_id AND me.valid_until IS NULL ORDER BY c.id, me.lives_with = 'no') AS child
    ) AS homes ON true
    LEFT JOIN LATERAL (
        SELECT bool_or({EXPECTED}) AS pregnant,
               bool_or(g.outcome NOT IN ('unknown', 'continuing', 'live_birth')) AS lost,
               bool_or({EXPECTED} AND {MIDWIFE} IS NOT NULL) AS midwife_known
        FROM pregnancy g WHERE g.mother_id IN (
            SELECT x.adult_id UNION
            SELECT m.person_id FROM household_member me
            JOIN household_member m ON m.household_id = me.household_id AND m.valid_until IS NULL
            WHERE me.person_id = x.adult_id AND me.valid_until IS NULL)
    ) AS pregnancies ON true
"""
_KNOWN = """homes.children, homes.pre_school, homes.pre_school_at_home, pregnancies.pregnant, pregnancies.lost,
    pregnancies.midwife_known"""
_MISSED = text(
    f"""
    SELECT x.id, {_KNOWN}, x.died, seen.at AS last_seen_at, held.held_until, held.held_by, held.held_reason,
           (SELECT count(*) FROM appointment b WHERE b.person_id = x.adult_id AND b.contact_code = ANY(:counted)
              AND b.status = ANY(:statuses) AND b.ends_at <= x.ends_at
              AND b.ends_at > coalesce(seen.at, '-infinity')) AS misses,
           EXISTS (SELECT FROM disclosure d WHERE d.person_id = x.adult_id AND d.to_service = :for_children
                   AND d.state = 'not_shared' AND d.decided_at > :now - make_interval(days => CAST(:asked_days AS int))
                  ) AS asked_already
    FROM (SELECT a.id, a.person_id AS adult_id, a.ends_at, p.life_status = 'deceased' AS died
          FROM appointment a JOIN person p ON p.id = a.person_id WHERE a.id = ANY(:ids)) AS x
    {_HOMES}
    LEFT JOIN LATERAL (
        SELECT max(b.ends_at) AS at FROM appointment b
        WHERE b.person_id = x.adult_id AND b.contact_code = ANY(:guarded)
          AND b.status IN ('attended', 'attended_late') AND b.ends_at < x.ends_at
    ) AS seen ON true
    LEFT JOIN LATERAL (
        SELECT d.held_until, d.held_by, d.held_reason FROM disclosure d
        WHERE d.person_id = x.adult_id AND d.state = 'held' AND d.held_until > :now AND d.appointment_id <> x.id
        ORDER BY d.held_until DESC LIMIT 1
    ) AS held ON true
    """
)
_AROUND_ADULTS = text(f"SELECT x.adult_id, {_KNOWN} FROM unnest(CAST(:adults AS bigint[])) AS x (adult_id) {_HOMES}")
