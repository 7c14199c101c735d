"""Appointments of one import: which are new, which changed, and what of the change is taken. Set statements only.

A person's entry is never overwritten by an emptier, vaguer or other outcome; only a new time still to come is a new
booking. What is due next is written with the row (see the table's comment).
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.plan_store import best, fits
from models.domain.words import ExpectedState

_WAITING = "('planned', 'booked', 'arrived')"

# What the row `s` says of a decline, under the names that `decline` has for it; null where it says nothing or is none.
DECLINE_TOLD = """
    CASE WHEN s.status = 'declined' THEN nullif(jsonb_strip_nulls(jsonb_build_object(
        'declined_by', s.declined_by, 'informed', s.decline_informed, 'capacity', s.decline_capacity,
        'last_seen_on', s.last_seen_on, 'last_seen_by', s.last_seen_by)), '{}') END
"""

_WORK = """
    CREATE TEMP TABLE work ON COMMIT DROP AS
    SELECT s.line, s.subject_key, s.contact_key, s.household_ref, s.subject_role, s.contact_relation, s.subject_edd,
           s.practitioner, s.team, s.contact_code, a.id AS appointment_id, NULL::bigint AS person_id,
           NULL::bigint AS contact_person_id, NULL::bigint AS household_id, NULL::bigint AS practitioner_id,
           NULL::bigint AS team_id, NULL::bigint AS expected_contact_id
    FROM staging s LEFT JOIN appointment a ON a.source_id = :source AND a.source_ref = s.source_ref
    WHERE s.verdict = 'r' AND (a.id IS NULL OR (
        a.content_hash <> decode(s.content_hash, 'hex') AND NOT coalesce(s.version_order < a.version_order, false)))
"""

# The same content under a later version: no change, but an older version must not overwrite it afterwards.
_LATER_VERSION = """
    UPDATE appointment a SET source_version = s.source_version, version_order = s.version_order FROM staging s
    WHERE s.verdict = 'r' AND a.source_id = :source AND a.source_ref = s.source_ref
      AND a.content_hash = decode(s.content_hash, 'hex') AND s.version_order > coalesce(a.version_order, '-infinity')
"""

# By person and code, or by household where the contact is the household's; never one that is outside its days.
_EXPECTED = f"""
    WITH candidate AS (
        SELECT w.line, e.id FROM work w
        JOIN expected_contact e ON e.person_id = w.person_id AND e.contact_code = w.contact_code
        UNION
        SELECT w.line, e.id FROM work w
        JOIN expected_contact e ON e.whole_family AND e.household_id = w.household_id
             AND e.contact_code = w.contact_code
    ), nearest AS (
        SELECT DISTINCT ON (c.line) c.line, e.id
        FROM candidate c JOIN staging s USING (line) JOIN expected_contact e ON e.id = c.id
        WHERE {fits("s", "e")} ORDER BY c.line, {best("s", "e")}
    )
    UPDATE work w SET expected_contact_id = n.id FROM nearest n WHERE n.line = w.line
"""

_INSERT = f"""
    INSERT INTO appointment (
        source_id, source_ref, source_version, version_order, content_hash, person_id, subject_role, household_id,
        contact_person_id, contact_code, mode, practitioner_id, team_id, location, starts_at, ends_at, length_assumed,
        whole_day, time_ambiguous, status, status_by, subtype, reason, recorded_at, cancelled_at, expected_contact_id,
        outcome_due_at, reconsider_at, reminders_due_at, first_received_at, created_by_run, last_seen_run,
        decline_told, extras)
    SELECT :source, s.source_ref, s.source_version, s.version_order, decode(s.content_hash, 'hex'), w.person_id,
        s.subject_role, w.household_id, w.contact_person_id, s.contact_code, s.mode, w.practitioner_id, w.team_id,
        s.location, s.starts_at, s.ends_at, s.length_assumed, s.whole_day, s.time_ambiguous, s.status, :by, s.subtype,
        s.reason, s.recorded_at, s.cancelled_at, w.expected_contact_id, s.outcome_due_at,
        CASE WHEN s.status NOT IN {_WAITING} THEN CAST(:now AS timestamptz) END,
        CASE WHEN s.status = 'booked' AND s.starts_at > :now THEN CAST(:now AS timestamptz) END,
        :now, :run, :run, {DECLINE_TOLD}, s.extras
    FROM work w JOIN staging s USING (line)
    WHERE w.appointment_id IS NULL
"""


def choose_work(session: Session, *, source_id: int) -> None:
    """Make `work`: the records that are new, or whose content differs and whose version isn't older."""
    session.execute(text(_LATER_VERSION), {"source": source_id})
    session.execute(text(_WORK), {"source": source_id})
    session.execute(text("ANALYZE work"))


def match_expected(session: Session, *, zone: str) -> None:
    """Point the rows of `work` at the contact of the schedule they are for: same person and code, nearest window."""
    session.execute(text(_EXPECTED), {"zone": zone})


def insert_new(session: Session, *, source_id: int, run_id: int, by: str, now: datetime) -> int:
    """Store the appointments not known before; return how many."""
    given = {"source": source_id, "run": run_id, "by": by, "now": now}
    return int(session.execute(text(_INSERT), given).rowcount)  # type: ignore[attr-defined]


def book_expected(session: Session) -> None:
    """A contact that now has an appointment to come is booked; the engine settles the rest when its time comes."""
    session.execute(
        text(
            f"""
            UPDATE expected_contact e SET state = '{ExpectedState.BOOKED}' FROM work w JOIN staging s USING (line)
            WHERE w.expected_contact_id = e.id AND e.state = '{ExpectedState.PLANNED}'
              AND s.status IN {_WAITING}
            """
        )
    )


def record_deaths(session: Session, *, by: str, now: datetime) -> None:
    """A visit called off because the person died makes the person known as deceased, whatever was known before."""
    session.execute(
        text(
            """
            -- The few first, by themselves: nothing is known yet of a large file's people, and a join guesses badly.
            WITH died AS MATERIALIZED (
                SELECT w.person_id FROM work w
                WHERE w.line IN (SELECT line FROM staging WHERE subtype = 'person_died')
            ), dead AS (
                UPDATE person p SET life_status = 'deceased', life_status_by = :by
                WHERE p.id = ANY(ARRAY(SELECT person_id FROM died)) AND p.life_status <> 'deceased' RETURNING p.id
            )
            INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, why)
            SELECT :now, 'import', :by, 'person.deceased', 'person', id, 'cancelled because of death' FROM dead
            """
        ),
        {"by": by, "now": now},
    )
