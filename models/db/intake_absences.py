"""Absences of an import: whose they are, new or changed, called off, gone from a full list. Names nobody by a guess.

Works on `staging`, sorted out by `source_ref`. Whoever is touched is looked at by the engine next
(models/db/staff_looks.py).
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

# The staff file's id, else an e-mail address that one person alone has. Never a name.
_WHO = """
    CREATE TEMP TABLE who ON COMMIT DROP AS
    SELECT t.told, coalesce(
        (SELECT p.id FROM practitioner p WHERE p.code = t.told),
        (SELECT min(p.id) FROM practitioner p WHERE lower(p.email) = lower(t.told) HAVING count(*) = 1)) AS id
    FROM (SELECT practitioner AS told FROM staging WHERE verdict = 'r'
          UNION SELECT cover FROM staging WHERE verdict = 'r' AND cover IS NOT NULL) AS t
"""
_UNKNOWN = """
    CREATE TEMP TABLE unknown_staff ON COMMIT DROP AS
    SELECT s.line, s.practitioner AS value FROM staging s JOIN who w ON w.told = s.practitioner
    WHERE s.verdict = 'r' AND w.id IS NULL
"""
_LEFT_OUT = """
    INSERT INTO import_rejection (import_run_id, line, "column", value, reason)
    SELECT :run, s.line, :column, s.cover,
           'left out: expected the id or the only e-mail address of a colleague; the absence is stored without cover'
    FROM staging s JOIN who p ON p.told = s.practitioner LEFT JOIN who c ON c.told = s.cover
    WHERE s.verdict = 'r' AND s.cover IS NOT NULL AND (c.id IS NULL OR c.id = p.id)
    ON CONFLICT DO NOTHING
"""
_FILE = """
    SELECT s.source_ref, p.id AS practitioner_id, nullif(c.id, p.id) AS cover_id, s.starts_at, s.ends_at, s.status
    FROM staging s JOIN who p ON p.told = s.practitioner LEFT JOIN who c ON c.told = s.cover
    WHERE s.verdict = 'r'
"""
# One a person called off stays off; one that a file had called off and has again is on again.
_STORE = f"""
    WITH stored AS (
        INSERT INTO absence AS held (practitioner_id, starts_at, ends_at, cover_practitioner_id, recorded_by,
                                     recorded_at, source_id, source_ref)
        SELECT f.practitioner_id, f.starts_at, f.ends_at, f.cover_id, :by, :now, :source, f.source_ref
        FROM ({_FILE}) AS f WHERE f.status = 'confirmed' ORDER BY f.source_ref
        ON CONFLICT (source_id, source_ref) DO UPDATE SET
            practitioner_id = excluded.practitioner_id, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
            cover_practitioner_id = excluded.cover_practitioner_id, called_off_at = NULL, called_off_by = NULL
        WHERE coalesce(held.called_off_by, '') NOT LIKE 'person:%'
          AND (held.practitioner_id, held.starts_at, held.ends_at, held.cover_practitioner_id, held.called_off_at)
              IS DISTINCT FROM (excluded.practitioner_id, excluded.starts_at, excluded.ends_at,
                                excluded.cover_practitioner_id, NULL)
        RETURNING id, practitioner_id, ends_at, (xmax = 0) AS is_new
    ), noted AS (
        INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, why)
        SELECT :now, 'import', :by, CASE WHEN is_new THEN 'absence.recorded' ELSE 'absence.changed' END, 'absence', id,
               'absences file' FROM stored
    ), looked AS (
        UPDATE practitioner SET look_at = :now
        WHERE id IN (SELECT practitioner_id FROM stored WHERE ends_at > CAST(:now AS timestamptz))
    )
    SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM stored
"""
_OFF = """
    WITH over AS MATERIALIZED ({over}), off AS (
        UPDATE absence a SET called_off_at = :now, called_off_by = :by FROM over WHERE a.id = over.id
        RETURNING a.id, a.practitioner_id
    ), noted AS (
        INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, why)
        SELECT :now, 'import', :by, 'absence.called_off', 'absence', id, '{why}' FROM off
    ), looked AS (
        UPDATE practitioner SET look_at = :now WHERE id IN (SELECT practitioner_id FROM off)
    )
    SELECT count(*) FROM off
"""
_STANDS = "a.source_id = :source AND a.called_off_at IS NULL AND a.ends_at > CAST(:now AS timestamptz)"
_TOLD_OFF = f"""
    SELECT a.id FROM absence a JOIN ({_FILE}) AS f ON f.source_ref = a.source_ref
    WHERE {_STANDS} AND f.status <> 'confirmed'
"""
# An instance of a repeated event is 'UID#20260608' or 'UID#20260608T080000Z': with its UID in the file and itself not,
# it was taken out of the series.
_OUT_OF_SERIES = f"""
    SELECT a.id FROM absence a
    JOIN (SELECT DISTINCT series_ref FROM staging WHERE verdict = 'r' AND series_ref IS NOT NULL) AS s
      ON s.series_ref = regexp_replace(a.source_ref, '#[0-9]{{8}}(T[0-9]{{6}}Z)?$', '')
    WHERE {_STANDS} AND NOT EXISTS (SELECT FROM staging f WHERE f.source_ref = a.source_ref)
"""
# A row that was rejected is still there: only an id that the whole file doesn't hold is gone.
_LACKED = f"""
    SELECT a.id FROM absence a
    WHERE {_STANDS} AND NOT EXISTS (SELECT FROM staging f WHERE f.source_ref = a.source_ref)
"""


def find_staff(session: Session) -> None:
    """Make `who` (what the file calls people, and who that is) and `unknown_staff` (rows that name nobody known)."""
    session.execute(text(_WHO))
    session.execute(text(_UNKNOWN))


def list_unknown_covers(session: Session, *, run_id: int, column: str) -> None:
    """List the covers that are left out: nobody known, or the one who is away. `column` is the sender's heading."""
    session.execute(text(_LEFT_OUT), {"run": run_id, "column": column})


def store(session: Session, *, source_id: int, by: str, now: datetime) -> tuple[int, int]:
    """Store the absences that the file confirms; return how many are new and changed."""
    created, updated = session.execute(text(_STORE), {"source": source_id, "by": by, "now": now}).one()
    return int(created), int(updated)


def call_off(session: Session, *, source_id: int, by: str, now: datetime) -> int:
    """Call off what the file says is cancelled or not agreed yet, and what left a repeated event; return how many."""
    given = {"source": source_id, "by": by, "now": now}
    count = 0
    for over, why in ((_TOLD_OFF, "absences file"), (_OUT_OF_SERIES, "taken out of its series")):
        count += int(session.execute(text(_OFF.format(over=over, why=why)), given).scalar_one())
    return count


def call_off_lacked(session: Session, *, source_id: int, by: str, now: datetime) -> int:
    """Call off what this source had told and its full list no longer has; return how many. What is over stays."""
    statement = text(_OFF.format(over=_LACKED, why="gone from the full list"))
    return int(session.execute(statement, {"source": source_id, "by": by, "now": now}).scalar_one())
