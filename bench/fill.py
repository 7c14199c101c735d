"""Filling a benchmark's database with appointments and follow-ups, by set statements. Made-up rows only."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

TEAMS = 100
PRACTITIONERS = 1_000
PEOPLE = 200_000


@dataclass(frozen=True)
class Crowd:
    """Which contact the appointments are, and how many people they go round."""

    contact: str = "HV-1Y"
    people: int = PEOPLE


EVERYBODY = Crowd()


def people(connection: Connection, *, count: int = PEOPLE) -> None:
    """One source, teams at stage `staff` with leads and addresses, and people; does nothing the second time."""
    if connection.execute(text("SELECT count(*) FROM source WHERE name = 'bench'")).scalar_one():
        return
    for statement in (
        "INSERT INTO source (name, as_of, last_received_at, health) VALUES ('bench', now(), now(), 'fresh')",
        f"""
        INSERT INTO team (code, name, stage) SELECT 't' || g, 'Team ' || g, 'staff' FROM generate_series(1, {TEAMS}) g
        """,
        f"""
        INSERT INTO practitioner (code, name, role, team_id, email)
        SELECT 'p' || g, 'Practitioner ' || g,
               CASE g % 10 WHEN 0 THEN 'team_lead' WHEN 1 THEN 'named_nurse' WHEN 2 THEN 'admin'
                           ELSE 'health_visitor' END,
               (SELECT min(id) FROM team) + (g / 10) % {TEAMS}, 'p' || g || '@example.org'
        FROM generate_series(0, {PRACTITIONERS - 1}) g
        """,
        """
        UPDATE team SET lead_practitioner_id = p.id FROM practitioner p
        WHERE p.team_id = team.id AND p.role = 'team_lead'
        """,
        f"""
        INSERT INTO household (team_id)
        SELECT (SELECT min(id) FROM team) + g % {TEAMS} FROM generate_series(1, {count}) g
        """,
        f"""
        INSERT INTO person (name, date_of_birth, life_status, team_id, caseload_holder_id)
        SELECT 'Child ' || g, date '2024-11-01' + (g % 700), 'alive', (SELECT min(id) FROM team) + g % {TEAMS},
               (SELECT min(id) FROM practitioner WHERE code = 'p0') + ((g % {TEAMS}) * 10 + 3 + g % 7)
        FROM generate_series(1, {count}) g
        """,
    ):
        connection.execute(text(statement))
    connection.commit()


def appointments(
    connection: Connection,
    *,
    prefix: str,
    rows: int,
    status: str,
    ended: datetime,
    crowd: Crowd = EVERYBODY,
) -> None:
    """`rows` appointments that ended around `ended`; booked ones get the due time that detection looks for."""
    connection.execute(
        text(
            f"""
            INSERT INTO appointment (source_id, source_ref, content_hash, person_id, household_id, contact_code, mode,
                practitioner_id, team_id, starts_at, ends_at, status, status_by, outcome_due_at, first_received_at)
            SELECT s.id, :prefix || g, '\\x00', p.first + g % {crowd.people}, h.first + g % {crowd.people}, :contact,
                   'clinic',
                   d.first + g % {PRACTITIONERS}, t.first + g % {TEAMS}, e.at - interval '30 minutes', e.at,
                   CAST(:status AS text), 'import:bench',
                   CASE WHEN :status = 'booked' THEN e.at + interval '2 hours' END, e.at - interval '14 days'
            FROM generate_series(1, :rows) g
            CROSS JOIN (SELECT id FROM source WHERE name = 'bench') s
            CROSS JOIN (SELECT min(id) AS first FROM person WHERE name = 'Child 1') p
            CROSS JOIN (SELECT min(id) AS first FROM household) h
            CROSS JOIN (SELECT min(id) AS first FROM practitioner WHERE code = 'p0') d
            CROSS JOIN (SELECT min(id) AS first FROM team) t
            CROSS JOIN LATERAL (SELECT CAST(:ended AS timestamptz) - (g % 600) * interval '1 second' AS at) e
            """
        ),
        {"prefix": prefix, "rows": rows, "status": status, "ended": ended, "contact": crowd.contact},
    )
    connection.commit()


def follow_ups(
    connection: Connection,
    *,
    prefix: str,
    rows: int,
    due: datetime,
    ended: datetime | None = None,
    crowd: Crowd = EVERYBODY,
) -> None:
    """`rows` missed contacts with an open follow-up each, no step fired, due at `due`; missed then or `ended`."""
    missed = due if ended is None else ended
    appointments(connection, prefix=prefix, rows=rows, status="missed", ended=missed, crowd=crowd)
    connection.execute(
        text(
            """
            INSERT INTO follow_up (appointment_id, trigger, state, person_id, household_id, team_id, contact_code,
                pathway_code, pathway_version, anchor_at, breach_at, opened_at, next_due_at, owner_practitioner_id)
            SELECT a.id, 'missed', 'open', a.person_id, a.household_id, a.team_id, a.contact_code, v.code, v.version,
                   CAST(:due AS timestamptz) - interval '1 day', a.ends_at, a.ends_at, :due, a.practitioner_id
            FROM appointment a CROSS JOIN (
                SELECT code, version FROM pathway_version WHERE code = 'universal-review' ORDER BY version DESC LIMIT 1
            ) v
            WHERE a.source_ref LIKE :prefix || '%' AND a.status = 'missed'
            """
        ),
        {"prefix": prefix, "due": due},
    )
    connection.commit()


def settle(connection: Connection) -> None:
    """VACUUM (ANALYZE) so that no run pays for an earlier one's rows."""
    connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM (ANALYZE)"))
