"""What each household of `planning` needs to have its next family review decided; and giving up a planned one.

Never commits.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.packing import packed_tuples, unpacked
from models.domain.family_review import FamilyFacts
from models.domain.planning import FamilyReviewRule, ScoreThreshold


@dataclass(frozen=True, slots=True)
class Home:
    """One household, with the facts of its decision and the id of the review that is coming, if one is."""

    household_id: int
    team_id: int | None  # the youngest child's
    facts: FamilyFacts
    coming_id: int | None


def homes(session: Session, *, rule: FamilyReviewRule, zone: str) -> list[Home]:
    """The households of `planning` that need a review or have had one; in one statement."""
    params = {
        "code": rule.contact_code,
        "zone": zone,
        "flags": sorted(rule.flags),
        "scores": scores_json(rule.scores),
    }
    return [_home(row) for row in session.execute(_HOMES, params)]


def follow_children(session: Session, *, now: datetime) -> None:
    """Reviews of children of `planning` who live elsewhere now go with them; a second one there gives way."""
    moved = session.execute(_MOVED).all()
    going = [row for row in moved if row.state == "overdue" or (row.place == 1 and not row.taken)]
    if going:
        session.execute(_MOVE, packed_tuples([(row.id, row.household_id) for row in going], _HOMES_OF))
    give_up(session, [row.id for row in moved if row not in going], now=now)


def scores_json(scores: Iterable[ScoreThreshold]) -> str:
    """The thresholds as the JSON that SQL reads: instrument, total, item."""
    rows = [
        {"instrument": one.instrument, "total": one.total_at_least, "item": one.self_harm_item_at_least}
        for one in scores
    ]
    return json.dumps(rows)


def give_up(session: Session, reviews: Sequence[int], *, now: datetime) -> None:
    """Planned reviews that nobody needs any more, or that go on about another child, with their history."""
    if reviews:
        session.execute(_GIVE_UP, {"ids": list(reviews), "now": now})


def _home(row: Any) -> Home:
    children = tuple(zip(row.child_ids, row.births, strict=True))
    return Home(
        household_id=row.household_id,
        team_id=row.team_id,
        facts=FamilyFacts(
            needed=row.needed,
            children=children,
            begun=row.begun,
            coming=None if row.coming_id is None else (row.coming_about, row.coming_from),
            in_hand=row.in_hand,
            last_anchor=row.last_anchor,
            last_ended=row.last_ended,
        ),
        coming_id=row.coming_id,
    )


_HOMES = text(
    """
    WITH home AS (
        SELECT DISTINCT household_id FROM planning_member
    ), threshold AS (
        SELECT * FROM jsonb_to_recordset(CAST(:scores AS jsonb)) AS t (instrument text, total int, item int)
    ), needing AS (
        SELECT DISTINCT m.household_id FROM planning_member m
        JOIN person p ON p.id = m.person_id AND p.life_status <> 'deceased'
        WHERE m.lives_with <> 'no' AND (
            EXISTS (SELECT FROM flag f WHERE f.person_id = m.person_id AND f.code = ANY(CAST(:flags AS text[])))
            OR m.role NOT IN ('child', 'unborn') AND EXISTS (
                SELECT FROM indicator i JOIN threshold t ON t.instrument = upper(i.instrument)
                WHERE i.person_id = m.person_id AND (i.total >= t.total OR i.self_harm_item >= t.item)))
    ), review AS (
        SELECT e.*, f.live, f.closed_on
        FROM home h JOIN expected_contact e ON e.household_id = h.household_id AND e.whole_family
             AND e.contact_code = :code
        LEFT JOIN LATERAL (
            SELECT bool_or(f.state IN ('open', 'backlog', 'seen', 'closing')) AS live,
                   max(CAST(f.closed_at AT TIME ZONE :zone AS date)) AS closed_on
            FROM (SELECT f.state, f.closed_at FROM follow_up f WHERE f.expected_contact_id = e.id
                  UNION ALL
                  SELECT f.state, f.closed_at FROM appointment a JOIN follow_up f ON f.appointment_id = a.id
                  WHERE a.expected_contact_id = e.id) AS f
        ) AS f ON true
    ), reviews AS (
        SELECT household_id, max(anchor_on) AS last_anchor,
               max(CASE WHEN state = 'met' THEN CAST(met_at AT TIME ZONE :zone AS date)
                        WHEN state = 'overdue' AND live IS NOT TRUE THEN closed_on END) AS last_ended,
               bool_or(state = 'overdue' AND live IS TRUE) AS in_hand,
               max(id) FILTER (WHERE state IN ('planned', 'booked')) AS coming_id,
               bool_or(state <> 'not_applicable') AS begun
        FROM review GROUP BY 1
    )
    SELECT h.household_id, n.household_id IS NOT NULL AS needed, coalesce(r.begun, false) AS begun, r.last_anchor,
           r.last_ended, coalesce(r.in_hand, false) AS in_hand, r.coming_id, c.person_id AS coming_about,
           c.anchor_on AS coming_from, kids.child_ids, kids.births, kids.team_id
    FROM home h LEFT JOIN needing n USING (household_id) LEFT JOIN reviews r USING (household_id)
    LEFT JOIN expected_contact c ON c.id = r.coming_id
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(p.id ORDER BY p.date_of_birth DESC, p.id), '{}') AS child_ids,
               coalesce(array_agg(p.date_of_birth ORDER BY p.date_of_birth DESC, p.id), '{}') AS births,
               (array_agg(p.team_id ORDER BY p.date_of_birth DESC, p.id))[1] AS team_id
        FROM planning_member m JOIN person p ON p.id = m.person_id
        WHERE m.household_id = h.household_id AND m.role = 'child'
          AND p.life_status <> 'deceased' AND p.date_of_birth IS NOT NULL
          AND NOT EXISTS (SELECT FROM school_handover s WHERE s.person_id = p.id AND s.withdrawn_at IS NULL)
    ) AS kids
    WHERE n.household_id IS NOT NULL OR r.household_id IS NOT NULL
    """
)
_HOMES_OF = (("id", "bigint"), ("household_id", "bigint"))
_MOVED = text(
    """
    SELECT e.id, e.state, home.household_id,
           row_number() OVER (PARTITION BY home.household_id, e.contact_code, e.state = 'overdue'
                              ORDER BY e.overdue_on, e.id) AS place,
           EXISTS (SELECT FROM expected_contact o WHERE o.household_id = home.household_id AND o.whole_family
                   AND o.contact_code = e.contact_code AND o.state IN ('planned', 'booked')) AS taken
    FROM planning x JOIN expected_contact e ON e.person_id = x.person_id AND e.whole_family
         AND e.state IN ('planned', 'booked', 'overdue')
    JOIN LATERAL (SELECT (array_agg(m.household_id ORDER BY m.id))[1] AS household_id FROM household_member m
                  WHERE m.person_id = e.person_id AND m.valid_until IS NULL) AS home ON home.household_id IS NOT NULL
    WHERE NOT EXISTS (SELECT FROM household_member s WHERE s.person_id = e.person_id
                      AND s.household_id = e.household_id AND s.valid_until IS NULL)
    """
)
_MOVE = text(
    f"""
    UPDATE expected_contact e SET household_id = u.household_id
    FROM {unpacked(_HOMES_OF, alias="u")} WHERE e.id = u.id
    """
)
_GIVE_UP = text(
    """
    WITH gone AS (
        SELECT id, state FROM expected_contact
        WHERE id = ANY(CAST(:ids AS bigint[])) AND state IN ('planned', 'booked') FOR NO KEY UPDATE
    ), done AS (
        UPDATE expected_contact e SET state = 'not_applicable', next_due_at = NULL FROM gone WHERE e.id = gone.id
    )
    INSERT INTO expected_contact_event (expected_contact_id, at, event, from_state, to_state, actor_kind, actor)
    SELECT id, :now, 'no_longer_planned', state, 'not_applicable', 'engine', 'engine' FROM gone
    """
)
