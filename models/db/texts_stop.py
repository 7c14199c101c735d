"""The kill switches of family texts: one household, one team, or all of the deployment. Never commits.

A stop holds from the next text on; what the gate blocked because of it goes out again only by a person's release.
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session


def stop_household(session: Session, household_id: int, *, by: str, now: datetime) -> None:
    """Stop all texts to a household; one already stopped keeps who stopped it first."""
    session.execute(text(_STOP.format(table="household")), {"id": household_id, "by": by, "now": now})


def stop_team(session: Session, team_id: int, *, by: str, now: datetime) -> None:
    """Stop all texts of a team."""
    session.execute(text(_STOP.format(table="team")), {"id": team_id, "by": by, "now": now})


def stop_everywhere(session: Session, *, by: str, now: datetime) -> None:
    """Stop all texts to families; a second stop while one stands changes nothing."""
    session.execute(_STOP_ALL, {"by": by, "now": now})


def lift_household(session: Session, household_id: int) -> None:
    """Let texts to a household go again."""
    session.execute(text(_LIFT.format(table="household")), {"id": household_id})


def lift_team(session: Session, team_id: int) -> None:
    """Let texts of a team go again."""
    session.execute(text(_LIFT.format(table="team")), {"id": team_id})


def lift_everywhere(session: Session, *, by: str, now: datetime) -> None:
    """Let texts to families go again; the stop that stood keeps its row."""
    lift = text("UPDATE texts_stop SET lifted_at = :now, lifted_by = :by WHERE lifted_at IS NULL")
    session.execute(lift, {"by": by, "now": now})


_STOP = "UPDATE {table} SET texts_stopped_at = :now, texts_stopped_by = :by WHERE id = :id AND texts_stopped_at IS NULL"
_LIFT = "UPDATE {table} SET texts_stopped_at = NULL, texts_stopped_by = NULL WHERE id = :id"
_STOP_ALL = text("""
INSERT INTO texts_stop (stopped_at, stopped_by) VALUES (:now, :by)
ON CONFLICT ((true)) WHERE lifted_at IS NULL DO NOTHING
""")
