"""Pregnancies as imports tell them: due dates, outcomes, births. A loss or death, once told, is never taken back."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

# Whose pregnancy a row with a due date speaks of: the mother's own row, or the unborn's, which bears her number or
# names her as its contact.
_TOLD = """
    CREATE TEMP TABLE expecting ON COMMIT DROP AS
    SELECT DISTINCT ON (mother_id) * FROM (
        SELECT w.line, w.household_id, s.subject_edd AS edd, {outcome} AS outcome, {ended_on} AS ended_on,
               CASE WHEN s.subject_role = 'mother' OR s.subject_key NOT LIKE '|%' OR w.contact_person_id IS NULL
                    THEN w.person_id ELSE w.contact_person_id END AS mother_id
        FROM work w JOIN staging s USING (line)
        WHERE s.subject_role IN ('mother', 'unborn') AND (s.subject_edd IS NOT NULL OR {outcome} IS NOT NULL)
    ) AS told WHERE mother_id IS NOT NULL ORDER BY mother_id, line DESC
"""

_CHANGE = """
    WITH changed AS (
        UPDATE pregnancy p SET
            edd = CASE WHEN p.edd_by LIKE 'person:%' THEN p.edd ELSE coalesce(e.edd, p.edd) END,
            edd_by = CASE WHEN e.edd IS NULL OR p.edd_by LIKE 'person:%' THEN p.edd_by ELSE :by END,
            outcome = CASE WHEN p.outcome_by LIKE 'person:%' AND e.outcome IN ('unknown', 'continuing') THEN p.outcome
                           ELSE coalesce(nullif(e.outcome, 'unknown'), p.outcome) END,
            outcome_by = CASE WHEN coalesce(e.outcome, 'unknown') = 'unknown'
                                   OR (p.outcome_by LIKE 'person:%' AND e.outcome = 'continuing')
                              THEN p.outcome_by ELSE :by END,
            ended_on = coalesce(e.ended_on, p.ended_on)
        FROM expecting e
        WHERE p.mother_id = e.mother_id AND p.outcome IN ('unknown', 'continuing')
          AND ((e.edd IS NOT NULL AND e.edd <> p.edd AND p.edd_by IS DISTINCT FROM 'person')
               OR (coalesce(e.outcome, 'unknown') <> 'unknown' AND e.outcome <> p.outcome)
               OR (e.ended_on IS NOT NULL AND e.ended_on IS DISTINCT FROM p.ended_on))
        RETURNING p.id, e.household_id, e.line
    ), noted AS (
        INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, household_id, why)
        SELECT :now, 'import', :by, 'pregnancy.changed', 'pregnancy', id, household_id, 'import' FROM changed
    )
    SELECT count(*) FROM changed
"""

# One that ended with this very due date is the same pregnancy told again, not a new one.
_NEW = """
    INSERT INTO pregnancy (mother_id, household_id, edd, edd_by, outcome, outcome_by, ended_on, created_at)
    SELECT e.mother_id, e.household_id, e.edd, :by, coalesce(e.outcome, 'unknown'),
           CASE WHEN e.outcome IS NOT NULL THEN :by END, e.ended_on, :now
    FROM expecting e
    WHERE e.edd IS NOT NULL AND NOT EXISTS (
        SELECT FROM pregnancy p WHERE p.mother_id = e.mother_id
          AND (p.outcome IN ('unknown', 'continuing') OR abs(p.edd - e.edd) < :same_within))
    ON CONFLICT DO NOTHING
"""

# A history is looked at again with each pregnancy: some are referred in pregnancy even when well (domain.md 4.1).
_HISTORIES = """
    UPDATE indicator i SET examine_at = :now
    FROM expecting e JOIN pregnancy p ON p.mother_id = e.mother_id AND p.outcome IN ('unknown', 'continuing')
    WHERE i.person_id = e.mother_id AND i.standing AND i.examine_at IS NULL AND i.examined_at < p.created_at
"""

# A child of the household born near the due date is the birth that ended the pregnancy.
_BORN = """
    UPDATE pregnancy p SET outcome = 'live_birth', outcome_by = :by, ended_on = c.date_of_birth
    FROM household_member mother, household_member baby, person c, work w
    WHERE p.outcome IN ('unknown', 'continuing') AND mother.person_id = p.mother_id AND mother.valid_until IS NULL
      AND baby.household_id = mother.household_id AND baby.valid_until IS NULL AND baby.role = 'child'
      AND c.id = baby.person_id AND w.person_id = c.id
      AND c.date_of_birth BETWEEN p.edd - :earliest AND p.edd + :latest
"""

# Days round a due date: a birth from 22 weeks of gestation to two weeks past 42 belongs to that pregnancy.
BORN_EARLIEST_DAYS, BORN_LATEST_DAYS, SAME_WITHIN_DAYS = 126, 28, 150


def keep_pregnancies(session: Session, *, by: str, now: datetime, with_outcomes: bool) -> tuple[int, int]:
    """Store new pregnancies and changed ones from `work`; return how many of each."""
    given = {"by": by, "now": now}
    outcome = "s.pregnancy_outcome" if with_outcomes else "NULL::text"
    ended_on = "s.pregnancy_ended_on" if with_outcomes else "NULL::date"
    session.execute(text(_TOLD.format(outcome=outcome, ended_on=ended_on)))
    if not session.execute(text("SELECT EXISTS (SELECT FROM expecting)")).scalar():
        return 0, 0
    changed = session.execute(text(_CHANGE), given).scalar_one()
    made = session.execute(text(_NEW), {**given, "same_within": SAME_WITHIN_DAYS}).rowcount  # type: ignore[attr-defined]
    session.execute(text(_HISTORIES), given)
    return int(made), int(changed)


def end_by_births(session: Session, *, by: str) -> None:
    """End the pregnancies whose child is among the people of `work`."""
    session.execute(text(_BORN), {"by": by, "earliest": BORN_EARLIEST_DAYS, "latest": BORN_LATEST_DAYS})
