"""Flags of an import: set, ended by a row, ended by a full list that lacks them. A person's flag is a person's to end.

Works on `work` and `staging`. A code that one row of the file ends and another has current is current.
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

_TOLD = """
    CREATE TEMP TABLE told ON COMMIT DROP AS
    SELECT w.person_id, s.flag_code AS code, min(w.household_id) AS household_id, min(w.line) AS line,
           bool_or(s.ended_on IS NULL) AS is_current, min(s.set_on) FILTER (WHERE s.ended_on IS NULL) AS set_on
    FROM work w JOIN staging s USING (line) WHERE s.verdict = 'r' GROUP BY 1, 2
"""
# Ended by a person after the day the file gives: the file says nothing new.
_PERSON_ENDED = """
    EXISTS (SELECT FROM flag g WHERE g.person_id = t.person_id AND g.code = t.code AND g.ended_by LIKE 'person:%'
              AND coalesce(t.set_on::timestamp AT TIME ZONE :zone <= g.ended_at, true))
    AND NOT EXISTS (SELECT FROM flag g WHERE g.person_id = t.person_id AND g.code = t.code AND g.ended_at IS NULL)
"""
_SET = f"""
    WITH set_now AS (
        INSERT INTO flag (person_id, code, set_at, set_by)
        SELECT t.person_id, t.code, coalesce(t.set_on::timestamp AT TIME ZONE :zone, :now), :by
        FROM told t WHERE t.is_current AND NOT ({_PERSON_ENDED}) ORDER BY t.person_id, t.code
        ON CONFLICT (person_id, code) WHERE ended_at IS NULL DO NOTHING RETURNING id, person_id, code
    ), noted AS (
        INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, household_id, why, detail)
        SELECT :now, 'import', :by, 'flag.set', 'flag', f.id, t.household_id, 'flags file',
               jsonb_build_object('code', f.code)
        FROM set_now f JOIN told t USING (person_id, code)
    )
    SELECT count(*) FROM set_now
"""
_END = """
    WITH over AS MATERIALIZED ({over}), ended AS (
        UPDATE flag g SET ended_at = :now, ended_by = :by FROM over WHERE g.id = over.id
        RETURNING g.id, g.person_id, g.code
    ), noted AS (
        INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, household_id, why, detail)
        SELECT :now, 'import', :by, 'flag.ended', 'flag', e.id,
               (SELECT min(m.household_id) FROM household_member m
                WHERE m.person_id = e.person_id AND m.valid_until IS NULL), '{why}',
               jsonb_build_object('code', e.code)
        FROM ended e
    )
    SELECT count(*) FROM ended
"""
_TOLD_ENDED = """
    SELECT g.id FROM told t JOIN flag g ON g.person_id = t.person_id AND g.code = t.code AND g.ended_at IS NULL
    WHERE NOT t.is_current AND g.set_by = :by
"""
_LACKED = """
    SELECT g.id FROM flag g WHERE g.set_by = :by AND g.ended_at IS NULL
      AND NOT EXISTS (SELECT FROM told t WHERE t.person_id = g.person_id AND t.code = g.code)
"""
_LEFT_OUT = """
    WITH left_out AS (
        INSERT INTO import_rejection (import_run_id, line, "column", value, reason)
        SELECT :run, t.line, :column, t.code, {reason} FROM told t {condition}
        ON CONFLICT DO NOTHING RETURNING id
    ) SELECT count(*) FROM left_out
"""
_NOT_ITS_TO_END = """
    JOIN flag g ON g.person_id = t.person_id AND g.code = t.code AND g.ended_at IS NULL
    WHERE NOT t.is_current AND (g.set_by <> :by OR NOT CAST(:authoritative AS boolean))
"""


def gather(session: Session) -> None:
    """Make `told`: what the file says of each person and code."""
    session.execute(text(_TOLD))
    session.execute(text("ANALYZE told"))


def set_current(session: Session, *, by: str, now: datetime, zone: str) -> int:
    """Set the flags that the file has current and that nobody has; return how many."""
    return int(session.execute(text(_SET), {"by": by, "now": now, "zone": zone}).scalar_one())


def end_told(session: Session, *, by: str, now: datetime) -> int:
    """End the flags of this source that the file says are over; return how many."""
    statement = text(_END.format(over=_TOLD_ENDED, why="flags file"))
    return int(session.execute(statement, {"by": by, "now": now}).scalar_one())


def end_lacked(session: Session, *, by: str, now: datetime) -> int:
    """End the flags that this source had set and its full list no longer has; return how many."""
    statement = text(_END.format(over=_LACKED, why="gone from the full list"))
    return int(session.execute(statement, {"by": by, "now": now}).scalar_one())


def leave_out(session: Session, *, run_id: int, by: str, column: str, authoritative: bool, zone: str) -> int:
    """List what the file may not do: end a flag that is not its own, set one that a person ended. Return how many.

    `column` is the sender's heading of the code.
    """
    given = {"run": run_id, "by": by, "column": column, "authoritative": authoritative, "zone": zone}
    ends = _LEFT_OUT.format(
        reason="'left out: set by ' || g.set_by || ', and this source may not end it; a person can'",
        condition=_NOT_ITS_TO_END,
    )
    again = _LEFT_OUT.format(
        reason="'left out: a person has ended this flag; it stays ended until a person, or a later day, sets it again'",
        condition=f"WHERE t.is_current AND {_PERSON_ENDED}",
    )
    return int(session.execute(text(ends), given).scalar_one()) + int(session.execute(text(again), given).scalar_one())
