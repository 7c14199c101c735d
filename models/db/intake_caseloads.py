"""Caseloads of an import: which rows say something new, and the moves they plan. Works on `work` and `staging`."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

# Two rows about one person: the higher version wins, then the later day, then the later line.
_REPEATS = """
    WITH ranked AS (
        SELECT w.line, s.version_order, first_value(w.line) OVER v AS winner,
               first_value(s.version_order) OVER v AS winning_version
        FROM work w JOIN staging s USING (line)
        WINDOW v AS (PARTITION BY w.person_id
                     ORDER BY s.version_order DESC NULLS LAST, s.effective_at DESC, w.line DESC)
    ), sorted AS (
        UPDATE staging s SET verdict = CASE WHEN r.version_order < r.winning_version THEN 'o' ELSE 'x' END,
            fault_column = 'subject_nhs_number, subject_local_id', fault_value = '',
            fault_reason = 'expected one row a person: line ' || r.winner || ' is about the same one and wins'
        FROM ranked r WHERE s.line = r.line AND r.line <> r.winner RETURNING s.line
    )
    DELETE FROM work WHERE line IN (SELECT line FROM sorted)
"""
# New is what names another holder than now or than the move that waits, and is not older than the last move made.
_PLANNED = """
    CREATE TEMP TABLE planned ON COMMIT DROP AS
    SELECT w.person_id, w.practitioner_id AS holder, s.effective_at, p.caseload_holder_id AS was
    FROM work w JOIN staging s USING (line) JOIN person p ON p.id = w.person_id
    LEFT JOIN caseload_move c ON c.person_id = w.person_id AND c.state = 'planned'
    WHERE w.practitioner_id IS NOT NULL
      AND s.effective_at >= coalesce((SELECT max(a.effective_at) FROM caseload_move a
                                      WHERE a.person_id = w.person_id AND a.state = 'applied'), '-infinity')
      AND CASE WHEN c.id IS NULL THEN p.caseload_holder_id IS DISTINCT FROM w.practitioner_id
               ELSE (c.to_practitioner_id, c.effective_at) IS DISTINCT FROM (w.practitioner_id, s.effective_at) END
"""
_WITHDRAW = """
    UPDATE caseload_move c SET state = 'withdrawn', due_at = NULL FROM planned n
    WHERE c.person_id = n.person_id AND c.state = 'planned'
"""
_INSERT = """
    INSERT INTO caseload_move (person_id, to_practitioner_id, state, effective_at, due_at, recorded_at, recorded_by)
    SELECT person_id, holder, 'planned', effective_at, greatest(effective_at, CAST(:now AS timestamptz)), :now, :by
    FROM planned WHERE was IS DISTINCT FROM holder ORDER BY person_id
"""
_COUNT = "SELECT count(*) FILTER (WHERE was IS NULL), count(*) FILTER (WHERE was IS NOT NULL) FROM planned"


def drop_repeats(session: Session) -> None:
    """Keep one row a person in `work`; the others are rejected by name of the line that wins, or are older."""
    session.execute(text(_REPEATS))
    session.execute(text("ANALYZE work"))


def plan(session: Session, *, by: str, now: datetime) -> tuple[int, int]:
    """Plan the moves that the file asks for; return how many people had no holder before, and how many had one.

    A move that waited and is no longer what the file says is withdrawn.
    """
    session.execute(text(_PLANNED))
    session.execute(text(_WITHDRAW))
    session.execute(text(_INSERT), {"by": by, "now": now})
    created, updated = session.execute(text(_COUNT)).one()
    return int(created), int(updated)
