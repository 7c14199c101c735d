"""Which team and practitioner the rows in hand name, by code or name; unknown ones are made, for staff files to fill.

A team made here is in `shadow`, a practitioner made here has no address: both show as warnings until somebody fills
them, and work still has an owner by name.
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import intake_apart

_NEW_TEAMS = """
    INSERT INTO team (code, name, created_at)
    SELECT w.team, w.team, CAST(:now AS timestamptz)
    FROM (SELECT DISTINCT team FROM work WHERE team IS NOT NULL) AS w
    WHERE NOT EXISTS (SELECT FROM team t WHERE t.code = w.team OR lower(t.name) = lower(w.team))
    ORDER BY 1 ON CONFLICT DO NOTHING
"""
_NEW_PRACTITIONERS = """
    INSERT INTO practitioner (code, name, role, team_id, created_at)
    SELECT w.practitioner, w.practitioner, coalesce(:roles ->> w.code, :role), t.id, :now
    FROM (SELECT DISTINCT ON (practitioner) practitioner, team, {code} AS code
          FROM work WHERE practitioner IS NOT NULL ORDER BY practitioner, line) AS w
    LEFT JOIN team t ON t.code = w.team
    WHERE NOT EXISTS (
        SELECT FROM practitioner p WHERE p.code = w.practitioner OR lower(p.name) = lower(w.practitioner))
    ORDER BY w.practitioner ON CONFLICT DO NOTHING
"""
# A code wins over a name, and a name that two people bear names nobody.
_NAMED = """
    SELECT DISTINCT ON (w.{column}) w.{column} AS told, coalesce(c.id, n.id) AS id
    FROM (SELECT DISTINCT {column} FROM work WHERE {column} IS NOT NULL) AS w
    LEFT JOIN {table} c ON c.code = w.{column}
    LEFT JOIN (SELECT lower(name) AS name, min(id) AS id FROM {table} GROUP BY 1 HAVING count(*) = 1) AS n
           ON n.name = lower(w.{column})
"""

# Where rows tell several teams, one and the same is taken in whatever order they come.
_BELONG = """
    UPDATE {table} t SET team_id = w.team_id
    FROM (SELECT {column}, min(team_id) AS team_id FROM work WHERE team_id IS NOT NULL GROUP BY 1) AS w
    WHERE w.{column} = t.id AND t.team_id IS NULL
"""


def resolve(session: Session, *, roles: str, fallback_role: str, by_contact: bool, now: datetime) -> None:
    """Fill team_id and practitioner_id of `work`. `roles` is JSON: contact code to the role that sees it."""
    told = session.execute(text("SELECT bool_or(team IS NOT NULL), bool_or(practitioner IS NOT NULL) FROM work")).one()
    if not any(told):
        return
    session.execute(text(_NEW_TEAMS), {"now": now})
    code = "contact_code" if by_contact else "''"
    people = text(_NEW_PRACTITIONERS.format(code=code).replace(":roles", "CAST(:roles AS jsonb)"))
    session.execute(people, {"now": now, "roles": roles, "role": fallback_role})
    team = _NAMED.format(column="team", table="team")
    practitioner = _NAMED.format(column="practitioner", table="practitioner")
    session.execute(
        text(
            f"""
            UPDATE work w SET team_id = t.id, practitioner_id = p.id
            FROM work v LEFT JOIN ({team}) t ON t.told = v.team LEFT JOIN ({practitioner}) p ON p.told = v.practitioner
            WHERE v.line = w.line
            """
        )
    )
    # What it says of `work` by now is stale: without this the next two join millions of rows one by one.
    session.execute(text("ANALYZE work"))
    for table, column in (("person", "person_id"), ("household", "household_id")):
        session.execute(text(_BELONG.format(table=table, column=column)))
    intake_apart.close_protected(session)
