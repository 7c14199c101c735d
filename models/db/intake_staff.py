"""Teams and practitioners of a staff file. Stages and absences are not this file's affair."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

_ADOPT_TEAMS = """
    UPDATE team t SET code = s.team FROM staging s
    WHERE s.verdict = 'r' AND t.code = s.team_name AND t.name = s.team_name
      AND NOT EXISTS (SELECT FROM team o WHERE o.code = s.team)
"""
_NEW_TEAMS = """
    INSERT INTO team (code, name, call_back_number, created_at)
    SELECT DISTINCT ON (team) team, coalesce(team_name, team), team_phone, CAST(:now AS timestamptz) FROM staging
    WHERE verdict = 'r' AND team IS NOT NULL ORDER BY team, team_name NULLS LAST, team_phone NULLS LAST
    ON CONFLICT (code) DO NOTHING
"""
_TEAMS = """
    UPDATE team t SET name = coalesce(s.name, t.name), call_back_number = coalesce(s.phone, t.call_back_number)
    FROM (SELECT team, max(team_name) AS name, max(team_phone) AS phone
          FROM staging WHERE verdict = 'r' GROUP BY 1) AS s
    WHERE t.code = s.team AND (t.name, t.call_back_number) IS DISTINCT FROM
          (coalesce(s.name, t.name), coalesce(s.phone, t.call_back_number))
"""
# Whoever an appointment named before any staff file did was made under that name: now they have a code.
_ADOPT = """
    UPDATE practitioner p SET code = s.staff_id FROM staging s
    WHERE s.verdict = 'r' AND p.code = s.name AND p.name = s.name AND NOT p.last_resort
      AND NOT EXISTS (SELECT FROM practitioner o WHERE o.code = s.staff_id)
      AND 1 = (SELECT count(*) FROM staging n WHERE n.verdict = 'r' AND n.name = s.name)
"""
# Whoever has a last day, or another one, is looked at: what they hold goes to others when it is over.
_STORE = """
    WITH stored AS (
        INSERT INTO practitioner AS held (code, name, role, team_id, email, phone, active_from, active_until,
                                          look_at, created_at)
        SELECT s.staff_id, s.name, s.role, t.id, s.email, s.phone, s.active_from, s.active_until,
               CASE WHEN s.active_until IS NOT NULL THEN CAST(:now AS timestamptz) END, CAST(:now AS timestamptz)
        FROM staging s LEFT JOIN team t ON t.code = s.team WHERE s.verdict = 'r' ORDER BY s.staff_id
        ON CONFLICT (code) DO UPDATE SET
            name = excluded.name, role = excluded.role, team_id = coalesce(excluded.team_id, held.team_id),
            email = coalesce(excluded.email, held.email), phone = coalesce(excluded.phone, held.phone),
            active_from = coalesce(excluded.active_from, held.active_from), active_until = excluded.active_until,
            look_at = CASE WHEN excluded.active_until IS DISTINCT FROM held.active_until
                           THEN CAST(:now AS timestamptz) ELSE held.look_at END
        WHERE (held.name, held.role, held.team_id, held.email, held.phone, held.active_from, held.active_until)
              IS DISTINCT FROM
              (excluded.name, excluded.role, coalesce(excluded.team_id, held.team_id),
               coalesce(excluded.email, held.email), coalesce(excluded.phone, held.phone),
               coalesce(excluded.active_from, held.active_from), excluded.active_until)
        RETURNING id, (xmax = 0) AS is_new
    ), noted AS (
        INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, why)
        SELECT :now, 'import', :by, CASE WHEN is_new THEN 'practitioner.added' ELSE 'practitioner.changed' END,
               'practitioner', id, 'staff file' FROM stored
    )
    SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM stored
"""
_LEADS = """
    UPDATE team t SET lead_practitioner_id = p.id
    FROM (SELECT DISTINCT ON (team) team, staff_id FROM staging
          WHERE verdict = 'r' AND leads_team = 'yes' AND team IS NOT NULL ORDER BY team, line DESC) AS s
    JOIN practitioner p ON p.code = s.staff_id
    WHERE t.code = s.team AND t.lead_practitioner_id IS DISTINCT FROM p.id
"""


def apply(session: Session, *, by: str, now: datetime) -> tuple[int, int]:
    """Store teams, practitioners and leads from staging; return how many practitioners are new and changed."""
    given = {"by": by, "now": now}
    session.execute(text(_ADOPT_TEAMS))
    session.execute(text(_NEW_TEAMS), given)
    session.execute(text(_TEAMS))
    session.execute(text(_ADOPT))
    created, updated = session.execute(text(_STORE), given).one()
    session.execute(text(_LEADS))
    return int(created), int(updated)
