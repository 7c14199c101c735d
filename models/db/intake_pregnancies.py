"""Pregnancies as imports tell them: due dates, outcomes, births. A loss or death, once told, is never taken back."""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

# Whose pregnancy a row with a due date speaks of: the mother's own row, or the unborn's, which bears her number or
# names her as its contact. Of several rows the newest speaks: by its appointment's time, else the later line.
_TOLD = """
    CREATE TEMP TABLE expecting ON COMMIT DROP AS
    SELECT DISTINCT ON (mother_id) * FROM (
        SELECT w.line, w.household_id, s.subject_edd AS edd, {outcome} AS outcome, {ended_on} AS ended_on,
               {newest} AS newest, nullif(s.subject_nulliparous, 'unknown') AS nulliparous,
               CASE WHEN s.subject_role = 'mother' OR s.subject_key NOT LIKE '|%' OR w.contact_person_id IS NULL
                    THEN w.person_id ELSE w.contact_person_id END AS mother_id
        FROM work w JOIN staging s USING (line)
        WHERE s.subject_role IN ('mother', 'unborn')
          AND (s.subject_edd IS NOT NULL OR {outcome} IS NOT NULL OR s.subject_nulliparous IN ('yes', 'no'))
    ) AS told WHERE mother_id IS NOT NULL
    ORDER BY mother_id, (edd IS NULL AND outcome IS NULL), newest DESC NULLS LAST, line DESC
"""

# A due date long before that of a pregnancy that goes on tells an earlier one: old appointments change nothing.
_CHANGE = """
    WITH told AS (
        SELECT p.id, p.edd AS edd_was, e.line, e.household_id, e.ended_on,
               CASE WHEN e.edd IS NULL OR p.edd_by LIKE 'person:%' OR e.edd < p.edd - CAST(:same_within AS int)
                    THEN p.edd ELSE e.edd END AS edd,
               CASE WHEN coalesce(e.outcome, 'unknown') = 'unknown'
                         OR (p.outcome_by LIKE 'person:%' AND e.outcome = 'continuing')
                    THEN p.outcome ELSE e.outcome END AS outcome,
               CASE WHEN e.nulliparous IS NULL OR p.nulliparous_by LIKE 'person:%'
                    THEN p.nulliparous ELSE e.nulliparous END AS nulliparous
        FROM expecting e JOIN pregnancy p ON p.mother_id = e.mother_id AND p.outcome IN ('unknown', 'continuing')
    ), changed AS (
        UPDATE pregnancy p SET
            edd = t.edd, edd_by = CASE WHEN t.edd <> p.edd THEN :by ELSE p.edd_by END,
            outcome = t.outcome, outcome_by = CASE WHEN t.outcome <> p.outcome THEN :by ELSE p.outcome_by END,
            nulliparous = t.nulliparous,
            nulliparous_by = CASE WHEN t.nulliparous <> p.nulliparous THEN :by ELSE p.nulliparous_by END,
            ended_on = coalesce(t.ended_on, p.ended_on)
        FROM told t
        WHERE p.id = t.id AND (t.edd <> p.edd OR t.outcome <> p.outcome OR t.nulliparous <> p.nulliparous
                               OR (t.ended_on IS NOT NULL AND t.ended_on IS DISTINCT FROM p.ended_on))
        RETURNING p.id, t.household_id, t.line, t.edd_was, p.edd
    ), noted AS (
        INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, household_id, why, detail)
        SELECT :now, 'import', :by, 'pregnancy.changed', 'pregnancy', id, household_id, 'import',
               CASE WHEN edd_was <> edd THEN jsonb_build_object('edd_was', edd_was, 'edd_is', edd) END
        FROM changed
    )
    SELECT count(*) FROM changed
"""

# One that ended with this very due date is the same pregnancy told again, not a new one.
_NEW = """
    INSERT INTO pregnancy (mother_id, household_id, edd, edd_by, outcome, outcome_by, ended_on, nulliparous,
                           nulliparous_by, created_at)
    SELECT e.mother_id, e.household_id, e.edd, :by, coalesce(e.outcome, 'unknown'),
           CASE WHEN e.outcome IS NOT NULL THEN :by END, e.ended_on, coalesce(e.nulliparous, 'unknown'),
           CASE WHEN e.nulliparous IS NOT NULL THEN :by END, :now
    FROM expecting e
    WHERE e.edd IS NOT NULL AND NOT EXISTS (
        SELECT FROM pregnancy p WHERE p.mother_id = e.mother_id
          AND (p.outcome IN ('unknown', 'continuing') OR abs(p.edd - e.edd) < CAST(:same_within AS int)))
    ON CONFLICT DO NOTHING
"""

# A history is looked at again with each pregnancy: some are referred in pregnancy even when well (domain.md 4.1).
_HISTORIES = """
    UPDATE indicator i SET examine_at = :now
    FROM expecting e JOIN pregnancy p ON p.mother_id = e.mother_id AND p.outcome IN ('unknown', 'continuing')
    WHERE i.person_id = e.mother_id AND i.standing AND i.examine_at IS NULL AND i.examined_at < p.created_at
"""


def keep_pregnancies(
    session: Session, *, by: str, now: datetime, with_outcomes: bool, same_within: timedelta
) -> tuple[int, int]:
    """Store new pregnancies and changed ones from `work`; return how many of each.

    `same_within`: a due date nearer than this to one that has ended tells the same pregnancy again. Leaves the
    temporary table `expecting` of the mothers spoken of.
    """
    given = {"by": by, "now": now, "same_within": same_within.days}
    outcome = "s.pregnancy_outcome" if with_outcomes else "NULL::text"
    ended_on = "s.pregnancy_ended_on" if with_outcomes else "NULL::date"
    newest = "NULL::timestamptz" if with_outcomes else "s.starts_at"
    session.execute(text(_TOLD.format(outcome=outcome, ended_on=ended_on, newest=newest)))
    if not session.execute(text("SELECT EXISTS (SELECT FROM expecting)")).scalar():
        return 0, 0
    changed = session.execute(text(_CHANGE), given).scalar_one()
    made = session.execute(text(_NEW), given).rowcount  # type: ignore[attr-defined]
    session.execute(text(_HISTORIES), given)
    return int(made), int(changed)
