"""Indicators of an import: totals, yes or no (domain.md 4.4). A new or changed one is looked at at once."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

_WORK = """
    CREATE TEMP TABLE work ON COMMIT DROP AS
    SELECT line, subject_key, NULL::text AS contact_key, household_ref,
           coalesce(subject_role, 'carer') AS subject_role,
           NULL::text AS contact_relation, NULL::bigint AS person_id, NULL::bigint AS contact_person_id,
           NULL::bigint AS household_id
    FROM staging WHERE verdict = 'r'
"""

_TOLD = (
    "person_id", "instrument", "total", "self_harm_item", "answers", "note", "recorded_on", "recorded_by", "phase",
    "person_role", "language", "mode", "interpreter", "low_literacy",
)  # fmt: skip
_NAMES = ", ".join(_TOLD)
_STORE = f"""
    WITH stored AS (
        INSERT INTO indicator AS held ({_NAMES}, source_id, source_ref, examine_at, received_at)
        SELECT w.person_id, upper(s.instrument), s.total, s.self_harm_item, s.answers, s.note, s.recorded_on,
               coalesce(s.recorded_by, :by), s.phase, s.subject_role, s.language, s.mode,
               coalesce(s.interpreter, 'unknown'), coalesce(s.low_literacy, 'unknown'), :source, s.source_ref, :now,
               :now
        FROM work w JOIN staging s USING (line)
        ON CONFLICT (source_id, source_ref) DO UPDATE SET
            {", ".join(f"{name} = excluded.{name}" for name in _TOLD)}, examine_at = excluded.examine_at
        WHERE ({", ".join(f"held.{name}" for name in _TOLD)}) IS DISTINCT FROM
              ({", ".join(f"excluded.{name}" for name in _TOLD)})
        RETURNING id, person_id, (xmax = 0) AS is_new
    ), noted AS (
        INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, why)
        SELECT :now, 'import', :by, 'indicator.changed', 'indicator', id, 'import' FROM stored WHERE NOT is_new
    )
    SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM stored
"""


def choose_work(session: Session) -> None:
    """Make `work` from every staged record."""
    session.execute(text(_WORK))
    session.execute(text("ANALYZE work"))


def store(session: Session, *, source_id: int, by: str, now: datetime) -> tuple[int, int]:
    """Store the scores of `work`; return how many are new and changed."""
    created, updated = session.execute(text(_STORE), {"source": source_id, "by": by, "now": now}).one()
    return int(created), int(updated)
