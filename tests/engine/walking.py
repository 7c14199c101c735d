"""Walking acts over states, on rows: one act tried in a transaction of its own, then undone."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.follow_up_rows import ActionRefused
from tests.engine.world import World

REFUSED = "refused"
WEEK = timedelta(days=7)


def tried(world: World, act: Callable[[Session], object], *tables: str) -> str | None:
    """Do one act in a transaction of its own. Refused: nothing of these tables has changed. Then undo it."""
    with Session(world.engine) as session:
        before = rows(session, tables)
        undo = session.begin_nested()
        try:
            act(session)
        except ActionRefused:
            undo.rollback()
            return REFUSED
        after = rows(session, tables)
        return None if after == before else state_of(session, tables[0])


def rows(session: Session, tables: tuple[str, ...]) -> list[str]:
    """All of these tables."""
    return [str(session.execute(text(f"SELECT * FROM {table} ORDER BY id")).all()) for table in tables]


def state_of(session: Session, table: str) -> str:
    """The state of the one row that is walked: the first."""
    found = session.execute(text(f"SELECT * FROM {table} ORDER BY id LIMIT 1")).mappings().one()
    if "state" in found:
        return str(found["state"])
    return "ended" if found["ended_at"] else "handed over" if found["handover_id"] else "standing"
