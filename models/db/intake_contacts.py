"""Numbers to reach people at, as imports tell them. An import can make a number less safe, never more (design 3.11)."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

# After a split a person confirms each number to reach either side at: no file does.
_SEPARATED = """bool_or(EXISTS (
    SELECT FROM split_member JOIN household_split ON household_split.id = split_member.split_id
    WHERE split_member.person_id IN (w.contact_person_id, w.person_id) AND household_split.undone_at IS NULL))"""

# Where two rows tell one number differently, NO wins over YES and YES over silence. A stored NO stays; a stored UNKNOWN
# that nobody entered is filled, for then no source had told us yet.
_UPSERT = f"""
    INSERT INTO contact_point AS held (person_id, number, language, interpreter, safe_to_text, safe_to_text_by,
                                       confirmed_on, confirmed_by, created_at)
    SELECT w.contact_person_id, s.contact_mobile, max(s.contact_language),
           coalesce(max(s.contact_interpreter), 'unknown'),
           CASE WHEN bool_or(s.contact_safe_to_text = 'no') THEN 'no' WHEN {_SEPARATED} THEN 'unknown'
                WHEN bool_or(s.contact_safe_to_text = 'yes') THEN 'yes' ELSE 'unknown' END,
           CASE WHEN count(s.contact_safe_to_text) > 0 OR {_SEPARATED} THEN :by END,
           CASE WHEN NOT {_SEPARATED} THEN max(s.contact_confirmed_on) END,
           CASE WHEN count(s.contact_confirmed_on) > 0 OR {_SEPARATED} THEN :by END, :now
    FROM work w JOIN staging s USING (line)
    WHERE w.contact_person_id IS NOT NULL AND s.contact_mobile IS NOT NULL
    GROUP BY 1, 2
    ON CONFLICT (person_id, number) DO UPDATE SET
        language = coalesce(excluded.language, held.language),
        interpreter = CASE WHEN excluded.interpreter = 'unknown' THEN held.interpreter ELSE excluded.interpreter END,
        safe_to_text = CASE
            WHEN excluded.safe_to_text = 'no' THEN 'no'
            WHEN held.safe_to_text = 'unknown' AND held.safe_to_text_by IS NULL THEN excluded.safe_to_text
            ELSE held.safe_to_text END,
        safe_to_text_by = CASE
            WHEN excluded.safe_to_text = 'no' AND held.safe_to_text <> 'no' THEN excluded.safe_to_text_by
            ELSE coalesce(held.safe_to_text_by, excluded.safe_to_text_by) END,
        confirmed_on = greatest(held.confirmed_on, excluded.confirmed_on),
        confirmed_by = CASE WHEN excluded.confirmed_on > coalesce(held.confirmed_on, '-infinity')
                            THEN excluded.confirmed_by ELSE held.confirmed_by END
    WHERE (held.language, held.interpreter, held.confirmed_on) IS DISTINCT FROM
              (coalesce(excluded.language, held.language),
               CASE WHEN excluded.interpreter = 'unknown' THEN held.interpreter ELSE excluded.interpreter END,
               greatest(held.confirmed_on, excluded.confirmed_on))
       OR (excluded.safe_to_text = 'no' AND held.safe_to_text <> 'no')
       OR (excluded.safe_to_text <> 'unknown' AND held.safe_to_text = 'unknown' AND held.safe_to_text_by IS NULL)
    RETURNING held.id, held.person_id, (xmax <> 0) AS changed
"""


def keep_numbers(session: Session, *, by: str, now: datetime) -> None:
    """Store the numbers that `work` tells, each change of a known one with its audit entry."""
    session.execute(
        text(
            f"""
            WITH stored AS ({_UPSERT})
            INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, household_id, why)
            SELECT :now, 'import', :by, 'contact_point.changed', 'contact_point', stored.id,
                   (SELECT min(household_id) FROM household_member m
                    WHERE m.person_id = stored.person_id AND m.valid_until IS NULL), 'import'
            FROM stored WHERE stored.changed
            """
        ),
        {"by": by, "now": now},
    )
