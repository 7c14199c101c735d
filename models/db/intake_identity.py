"""Who the rows in hand speak of: people by NHS number or the source's own id, never by a name or a phone number.

Works on the temporary table `work` (the records that are new or changed) and leaves `who`: one row for each key that
names somebody ('NHS number|local id'), with the person. Two pointers at different people are a conflict, never a merge.
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import intake_apart

_MENTIONS = """
    CREATE TEMP TABLE mention ON COMMIT DROP AS
    SELECT key, nullif(split_part(key, '|', 1), '') AS nhs, nullif(substr(key, strpos(key, '|') + 1), '') AS local_id,
           max(name) AS name, max(born) AS born
    FROM ({keys}) AS keys GROUP BY 1
"""
# Whose name and birth a row tells beside each key.
DETAILS = {"subject_key": "subject_name AS name, subject_dob AS born", "contact_key": "contact_name, NULL::date"}

# A local id told with one NHS number anywhere in the file has that number on all its rows, in any order.
_WHO = """
    CREATE TEMP TABLE who ON COMMIT DROP AS
    WITH told AS (
        SELECT local_id, min(nhs) AS nhs, count(DISTINCT nhs) AS numbers
        FROM mention WHERE local_id IS NOT NULL GROUP BY 1
    ), known AS (
        SELECT m.key, m.local_id, m.name, m.born, coalesce(m.nhs, t.nhs) AS nhs, t.numbers,
               own.id AS by_local, own.nhs_number AS local_nhs
        FROM mention m
        LEFT JOIN told t USING (local_id)
        LEFT JOIN person_identifier pi ON pi.source_id = :source AND pi.local_id = m.local_id
        LEFT JOIN person own ON own.id = pi.person_id
            -- A record closed for protection is nobody else's: its old id under another NHS number is another person.
            AND (own.protected_at IS NULL OR coalesce(m.nhs, t.nhs) IS NULL OR own.nhs_number = coalesce(m.nhs, t.nhs))
    )
    SELECT k.key, k.local_id, k.nhs, k.name, k.born, coalesce(n.by_number, k.by_local) AS person_id,
           CASE WHEN n.by_number IS NOT NULL THEN k.by_local END AS other_person_id,
           n.by_number IS NULL AND k.by_local IS NULL AS is_new,
           coalesce(CASE WHEN n.by_number IS NULL THEN k.nhs <> k.local_nhs ELSE n.by_number <> k.by_local END
                    OR (k.numbers > 1 AND k.local_nhs IS NULL), false) AS conflict
    FROM known k
    -- A record that a person has joined with another leads to the one that is kept.
    LEFT JOIN LATERAL (
        SELECT coalesce(p.merged_into, p.id) AS by_number FROM person p WHERE p.nhs_number = k.nhs) n ON true
"""

_NEWCOMERS = """
    WITH newcomer AS (
        SELECT identity, nhs, name, born, nextval(pg_get_serial_sequence('person', 'id')) AS id
        FROM (SELECT coalesce(nhs, '|' || local_id) AS identity, nhs, max(name) AS name, max(born) AS born
              FROM who WHERE is_new AND NOT conflict GROUP BY 1, 2 ORDER BY 1) AS each
    ), made AS (
        INSERT INTO person (id, nhs_number, name, date_of_birth, details_by, first_received_at)
        SELECT id, nhs, name, born, :by, :now FROM newcomer ORDER BY id
    )
    UPDATE who w SET person_id = n.id FROM newcomer n
    WHERE w.is_new AND NOT w.conflict AND n.identity = coalesce(w.nhs, '|' || w.local_id)
"""


def find(session: Session, *, source_id: int, key_columns: tuple[str, ...]) -> None:
    """Make `who` from the keys of `work`: known people found, newcomers and conflicts marked; nothing stored yet."""
    keys = " UNION ALL ".join(
        f"SELECT work.{column} AS key, {DETAILS[column]} FROM work JOIN staging USING (line)"
        f" WHERE work.{column} IS NOT NULL"
        for column in key_columns
    )
    session.execute(text(_MENTIONS.format(keys=keys)))
    session.execute(text("ANALYZE mention"))
    session.execute(text(_WHO), {"source": source_id})
    session.execute(text("ANALYZE who"))


def take_out_conflicts(session: Session, *, key_columns: tuple[str, ...]) -> int:
    """Move the rows of `work` that name somebody in conflict to the temporary table `conflicted`; return how many."""
    clause = " OR ".join(f"work.{column} = w.key" for column in key_columns)
    session.execute(
        text(
            f"""
            CREATE TEMP TABLE conflicted ON COMMIT DROP AS
            SELECT DISTINCT ON (work.line) work.line, w.key, w.key AS value
            FROM work JOIN who w ON w.conflict AND ({clause}) ORDER BY work.line
            """
        )
    )
    gone = session.execute(text("DELETE FROM work USING conflicted c WHERE work.line = c.line"))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def make_newcomers(session: Session, *, source_id: int, by: str, now: datetime) -> None:
    """Store the people nobody knew, the NHS numbers of those known by local id only, and the source's ids."""
    session.execute(text(_NEWCOMERS), {"now": now, "by": by})
    session.execute(text("ANALYZE who"))
    session.execute(
        text(
            """
            UPDATE person p SET nhs_number = w.nhs FROM who w
            WHERE w.person_id = p.id AND NOT w.conflict AND p.nhs_number IS NULL AND w.nhs IS NOT NULL
            """
        )
    )
    session.execute(
        text(
            """
            INSERT INTO person_identifier (source_id, local_id, person_id)
            SELECT DISTINCT ON (local_id) :source, local_id, person_id FROM who
            WHERE local_id IS NOT NULL AND person_id IS NOT NULL AND NOT conflict ORDER BY local_id
            ON CONFLICT DO NOTHING
            """
        ),
        {"source": source_id},
    )
    intake_apart.know_newcomers(session, source_id=source_id)


def point_work_at_people(session: Session, *, with_contacts: bool) -> None:
    """Fill person_id and contact_person_id of `work` from `who`."""
    contact = "c.person_id" if with_contacts else "NULL::bigint"
    join = "LEFT JOIN who c ON c.key = v.contact_key" if with_contacts else ""
    session.execute(
        text(
            f"""
            UPDATE work w SET person_id = s.person_id, contact_person_id = {contact}
            FROM work v JOIN who s ON s.key = v.subject_key {join} WHERE v.line = w.line
            """
        )
    )
    session.execute(text("ANALYZE work"))


def fill_gaps(session: Session) -> None:
    """Give known people the name and birth date that nobody had told; what is there stays."""
    session.execute(
        text(
            """
            UPDATE person p SET name = coalesce(p.name, w.name), date_of_birth = coalesce(p.date_of_birth, w.born)
            FROM who w
            WHERE w.person_id = p.id AND NOT w.is_new AND NOT w.conflict
              AND ((p.name IS NULL AND w.name IS NOT NULL) OR (p.date_of_birth IS NULL AND w.born IS NOT NULL))
            """
        )
    )
