"""Store what was planned for the people of `planning`, and bring what was planned before in line with it. No commits.

A plan's rows are told apart by person, contact and anchor. A corrected birth or due date makes new rows; the old ones
stay as history, what hangs on them (appointments, a live follow-up) goes on with the new ones, and what was met under
the old date is not asked for again.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.plan_subjects import ToPlan
from models.domain.schedule import PlannedContact

LIVE = "('open', 'backlog', 'seen', 'closing')"


class Line(NamedTuple):
    """One contact to store: by which schedule, its days, when it is looked at first (None: it is not)."""

    schedule_code: str
    schedule_version: int
    contact: PlannedContact
    next_due_at: datetime | None
    repeats: bool = False  # one met before is no reason against the next
    whole_family: bool = False


_TABLES = """
    CREATE TEMP TABLE plan (
        person_id bigint, pregnancy_id bigint, household_id bigint, team_id bigint, contact_code text,
        schedule_code text, schedule_version bigint, anchor_on date, window_start date, window_end date,
        late_until date, unbooked_on date, overdue_on date, superseded_by text, matches_from date, matches_until date,
        state text, next_due_at timestamptz, already_past boolean, whole_family boolean,
        repeats boolean) ON COMMIT DROP;
    CREATE TEMP TABLE plan_subject (
        person_id bigint, pregnancy_id bigint, schedule_code text, schedule_version bigint) ON COMMIT DROP;
    CREATE TEMP TABLE fresh (id bigint, person_id bigint, household_id bigint, whole_family boolean) ON COMMIT DROP
"""


def create(session: Session) -> None:
    """Make the temporary tables of one planning: `plan`, `plan_subject`, `fresh`."""
    for statement in _TABLES.split(";"):
        session.execute(text(statement))


def fill(session: Session, planned: Iterable[tuple[ToPlan, Line]], replanned: Iterable[Sequence[object]]) -> None:
    """COPY the planned contacts, and of the subjects planned before each schedule that was gone through again."""
    connection = session.connection().connection.driver_connection
    assert connection is not None
    with connection.cursor() as cursor:
        with cursor.copy("COPY plan FROM STDIN") as copy:
            for of, line in planned:
                copy.write_row(_row(of, line))
        with cursor.copy("COPY plan_subject FROM STDIN") as copy:
            for row in replanned:
                copy.write_row(row)
    session.execute(text("ANALYZE plan"))
    session.execute(text("ANALYZE plan_subject"))


def store(session: Session, *, zone: str, near: timedelta, now: datetime) -> None:
    """Store new rows, hand over what hangs on the old ones, retire those, match appointments. Call after `fill`.

    `near`: two anchors of one mother's contact that are nearer than this are one birth.
    """
    given = {"now": now, "zone": zone, "near": near.days}
    fresh = session.execute(_STORE, given).rowcount  # type: ignore[attr-defined]
    if session.execute(text("SELECT EXISTS (SELECT FROM plan_subject)")).scalar():
        session.execute(_CARRY, given)
        session.execute(_RETIRE, given)
    if fresh:
        session.execute(text("ANALYZE fresh"))
        session.execute(_MATCH, given)


def end(session: Session, *, now: datetime) -> None:
    """End what is planned for the dead, and for pregnancies that are over: a birth turns to the child's own plan."""
    session.execute(_DIED, {"now": now})
    session.execute(_OVER, {"now": now})


def _row(of: ToPlan, line: Line) -> tuple[object, ...]:
    each = line.contact
    return (
        *(of.person_id, of.pregnancy_id, of.household_id, of.team_id, each.contact_code),
        *(line.schedule_code, line.schedule_version, each.anchor_on, each.window_start, each.window_end),
        *(each.late_until, each.unbooked_on, each.overdue_on, each.superseded_by, each.matches_from),
        *(each.matches_until, each.initial_state.value, line.next_due_at, each.already_past, line.whole_family),
        line.repeats,
    )


# An appointment `a` of a contact `e`: whether it can be this one, and which fits best: one not met before it, then the
# nearest window. Civil days, as the schedule has them.
_DAY = "CAST({a}.starts_at AT TIME ZONE :zone AS date)"


def fits(a: str, e: str) -> str:
    """SQL: appointment `a` may be contact `e`, whose person and code have been compared already."""
    day = _DAY.format(a=a)
    return (
        f"{e}.state <> 'not_applicable' AND coalesce({day} >= {e}.matches_from, true)"
        f" AND coalesce({day} <= {e}.matches_until, true)"
    )


def best(a: str, e: str) -> str:
    """SQL: the order in which contacts that fit appointment `a` are taken."""
    day = _DAY.format(a=a)
    return (
        f"coalesce({e}.state = 'met' AND {a}.starts_at > {e}.met_at, false),"
        f" greatest({e}.window_start - {day}, {day} - {e}.window_end, 0), {e}.id"
    )


# Met, or closed by a person as seen.
_FULFILLED = """
    (m.state = 'met' OR EXISTS (
        SELECT FROM follow_up f LEFT JOIN appointment a ON a.id = f.appointment_id
        WHERE coalesce(f.expected_contact_id, a.expected_contact_id) = m.id AND f.closed_reason = 'seen'
          AND f.person_id = m.person_id))
"""
_COLUMNS = """person_id, pregnancy_id, household_id, team_id, contact_code, schedule_code, schedule_version, anchor_on,
    window_start, window_end, late_until, unbooked_on, overdue_on, superseded_by, matches_from, matches_until, state,
    next_due_at, already_past, whole_family"""
_STORE = text(
    f"""
    WITH made AS (
        INSERT INTO expected_contact AS e ({_COLUMNS}, first_received_at)
        SELECT {_COLUMNS}, :now FROM plan n
        WHERE NOT EXISTS (
            SELECT FROM expected_contact m
            WHERE NOT n.repeats AND m.person_id = n.person_id AND m.contact_code = n.contact_code
              AND m.anchor_on <> n.anchor_on
              AND m.schedule_code = n.schedule_code AND m.pregnancy_id IS NOT DISTINCT FROM n.pregnancy_id
              AND (n.pregnancy_id IS NOT NULL OR abs(m.anchor_on - n.anchor_on) < :near) AND {_FULFILLED})
        -- One that gave way and is wanted again: the date was put back, the service switched on again.
        ON CONFLICT (person_id, contact_code, anchor_on) DO UPDATE SET
            state = EXCLUDED.state, next_due_at = EXCLUDED.next_due_at, schedule_code = EXCLUDED.schedule_code,
            schedule_version = EXCLUDED.schedule_version, window_start = EXCLUDED.window_start,
            window_end = EXCLUDED.window_end, late_until = EXCLUDED.late_until, unbooked_on = EXCLUDED.unbooked_on,
            overdue_on = EXCLUDED.overdue_on, superseded_by = EXCLUDED.superseded_by,
            matches_from = EXCLUDED.matches_from, matches_until = EXCLUDED.matches_until
        WHERE e.state = 'not_applicable'
        RETURNING e.id, e.person_id, e.household_id, e.whole_family
    )
    INSERT INTO fresh SELECT id, person_id, household_id, whole_family FROM made
    """
)
# A live follow-up about a contact whose date was put right goes on with the contact as it is now.
_CARRY = text(
    f"""
    WITH moved AS (
        SELECT f.id AS follow_up_id, f.state, e.id AS old_id, n.id AS new_id, e.anchor_on AS was, n.anchor_on AS is_now
        FROM plan_subject s
        JOIN expected_contact e ON e.person_id = s.person_id AND e.pregnancy_id IS NOT DISTINCT FROM s.pregnancy_id
             AND e.schedule_code = s.schedule_code AND e.schedule_version = s.schedule_version AND e.state = 'overdue'
        JOIN follow_up f ON f.expected_contact_id = e.id AND f.state IN {LIVE}
        JOIN plan p ON p.person_id = e.person_id AND p.contact_code = e.contact_code AND p.anchor_on <> e.anchor_on
             AND p.pregnancy_id IS NOT DISTINCT FROM e.pregnancy_id
        JOIN expected_contact n ON n.person_id = p.person_id AND n.contact_code = p.contact_code
             AND n.anchor_on = p.anchor_on AND n.state IN ('planned', 'booked')
        WHERE NOT EXISTS (SELECT FROM follow_up o WHERE o.expected_contact_id = n.id)
          AND NOT EXISTS (SELECT FROM plan q WHERE q.person_id = e.person_id AND q.contact_code = e.contact_code
                          AND q.anchor_on = e.anchor_on)
    ), gone_on AS (
        UPDATE follow_up f SET expected_contact_id = m.new_id, row_version = f.row_version + 1,
            next_due_at = CASE WHEN f.state = 'backlog' THEN f.next_due_at ELSE CAST(:now AS timestamptz) END
        FROM moved m WHERE f.id = m.follow_up_id
    ), followed AS (
        UPDATE expected_contact n SET state = 'overdue', next_due_at = NULL FROM moved m WHERE n.id = m.new_id
    )
    INSERT INTO follow_up_event (follow_up_id, at, event, from_state, to_state, actor_kind, actor, detail)
    SELECT follow_up_id, :now, 'dates_changed', state, state, 'engine', 'engine',
           jsonb_build_object('anchor_was', was, 'anchor_is', is_now)
    FROM moved
    """
)
# What the plan as it is now doesn't have gives way; an overdue one only to its successor.
_RETIRE = text(
    f"""
    WITH gone AS (
        SELECT m.id, m.state, m.pregnancy_id, m.anchor_on, n.anchor_on AS is_now
        FROM plan_subject s
        JOIN expected_contact m ON m.person_id = s.person_id AND m.pregnancy_id IS NOT DISTINCT FROM s.pregnancy_id
             AND m.schedule_code = s.schedule_code AND m.schedule_version = s.schedule_version
             AND m.state IN ('planned', 'booked', 'overdue')
        LEFT JOIN LATERAL (
            SELECT p.anchor_on FROM plan p
            WHERE p.person_id = m.person_id AND p.contact_code = m.contact_code
              AND p.pregnancy_id IS NOT DISTINCT FROM m.pregnancy_id ORDER BY abs(p.anchor_on - m.anchor_on) LIMIT 1
        ) AS n ON true
        WHERE NOT EXISTS (SELECT FROM plan q WHERE q.person_id = m.person_id AND q.contact_code = m.contact_code
                          AND q.anchor_on = m.anchor_on)
          AND (m.state <> 'overdue' OR (n.anchor_on IS NOT NULL AND NOT {_FULFILLED}))
    ), done AS (
        UPDATE expected_contact e SET state = 'not_applicable', next_due_at = NULL FROM gone WHERE e.id = gone.id
        RETURNING e.id
    ), moved AS (
        UPDATE pregnancy g SET edd_was = coalesce(g.edd_was, gone.anchor_on), next_due_at = :now
        FROM gone WHERE g.id = gone.pregnancy_id AND gone.is_now IS NOT NULL AND gone.anchor_on <> g.edd
    )
    INSERT INTO expected_contact_event (expected_contact_id, at, event, from_state, to_state, actor_kind, actor, detail)
    SELECT gone.id, :now, CASE WHEN is_now IS NULL THEN 'no_longer_planned' ELSE 'dates_changed' END, gone.state,
           'not_applicable', 'engine', 'engine', jsonb_strip_nulls(jsonb_build_object('anchor_is', is_now))
    FROM gone
    """
)
# Rows come in any order: appointments that were here before their contact was planned find it now.
_MATCH = text(
    f"""
    WITH candidate AS (
        SELECT a.id, e.id AS expected_id FROM (SELECT DISTINCT person_id FROM fresh) AS w
        JOIN appointment a ON a.person_id = w.person_id
        JOIN expected_contact e ON e.person_id = a.person_id AND e.contact_code = a.contact_code
        UNION
        SELECT a.id, e.id FROM fresh w
        JOIN expected_contact e ON e.id = w.id
        JOIN household_member m ON m.household_id = w.household_id AND m.valid_until IS NULL
        JOIN appointment a ON a.person_id = m.person_id AND a.contact_code = e.contact_code
        WHERE w.whole_family
    ), nearest AS (
        SELECT DISTINCT ON (a.id) a.id, e.id AS expected_id
        FROM candidate c JOIN appointment a ON a.id = c.id JOIN expected_contact e ON e.id = c.expected_id
        LEFT JOIN expected_contact held ON held.id = a.expected_contact_id
        WHERE (a.expected_contact_id IS NULL OR held.state = 'not_applicable') AND {fits("a", "e")}
        ORDER BY a.id, {best("a", "e")}
    ), matched AS (
        UPDATE appointment a SET expected_contact_id = n.expected_id,
            reconsider_at = CASE WHEN a.status IN ('planned', 'booked') THEN a.reconsider_at
                                 ELSE CAST(:now AS timestamptz) END
        FROM nearest n WHERE n.id = a.id RETURNING a.expected_contact_id, a.status
    )
    UPDATE expected_contact e SET state = 'booked' FROM matched m
    WHERE e.id = m.expected_contact_id AND e.state = 'planned' AND m.status IN ('planned', 'booked', 'arrived')
    """
)
_DIED = text(
    """
    WITH gone AS (
        SELECT e.id, e.state FROM planning x JOIN person p ON p.id = x.person_id AND p.life_status = 'deceased'
        JOIN expected_contact e ON e.person_id = p.id AND e.state IN ('planned', 'booked')
    ), done AS (
        UPDATE expected_contact e SET state = 'not_applicable', next_due_at = NULL FROM gone WHERE e.id = gone.id
    )
    INSERT INTO expected_contact_event (expected_contact_id, at, event, from_state, to_state, actor_kind, actor)
    SELECT id, :now, 'died', state, 'not_applicable', 'engine', 'engine' FROM gone
    """
)
# Birth turns what was open before it to the contact that takes its place: a live follow-up is looked at for that.
_OVER = text(
    f"""
    WITH gone AS (
        SELECT e.id, e.state, g.outcome = 'live_birth' AS born,
               CASE WHEN g.outcome = 'live_birth' THEN 'superseded' ELSE 'not_applicable' END AS now_state,
               EXISTS (SELECT FROM follow_up f LEFT JOIN appointment a ON a.id = f.appointment_id
                       WHERE f.person_id = e.person_id AND f.state IN {LIVE}
                         AND coalesce(f.expected_contact_id, a.expected_contact_id) = e.id) AS followed
        FROM planning x JOIN pregnancy g ON g.mother_id = x.person_id AND g.outcome NOT IN ('unknown', 'continuing')
        JOIN expected_contact e ON e.person_id = g.mother_id AND e.pregnancy_id = g.id
        WHERE e.state IN ('planned', 'booked')
           OR (e.state = 'overdue' AND g.outcome = 'live_birth' AND e.superseded_by IS NOT NULL)
    ), done AS (
        UPDATE expected_contact e SET state = gone.now_state,
            next_due_at = CASE WHEN gone.born AND gone.followed AND e.superseded_by IS NOT NULL
                               THEN CAST(:now AS timestamptz) END
        FROM gone WHERE e.id = gone.id
    )
    INSERT INTO expected_contact_event (expected_contact_id, at, event, from_state, to_state, actor_kind, actor)
    SELECT id, :now, CASE WHEN born THEN 'birth' ELSE 'pregnancy_ended' END, state, now_state, 'engine', 'engine'
    FROM gone
    """
)
