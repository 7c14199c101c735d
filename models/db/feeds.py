"""How sources stand: what a look at each needs, and what it found. Never commits."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.domain.words import AlertKind, FeedHealth


class Feed(NamedTuple):
    """One source as a look at its freshness needs it, locked."""

    id: int
    health: str
    extent: str
    next_expected_at: datetime | None
    last_received_at: datetime | None
    last_row_count: int | None
    usual_row_count: int | None
    owner_practitioner_id: int | None


def to_look_at(session: Session) -> list[Feed]:
    """Lock and return every source that nobody else is looking at or importing."""
    return [Feed._make(row) for row in session.execute(_FEEDS)]


def set_health(session: Session, source_id: int, health: FeedHealth) -> None:
    """Store what a look found."""
    session.execute(text("UPDATE source SET health = :health WHERE id = :id"), {"health": health, "id": source_id})


def end_alarm(session: Session, source_id: int, kind: AlertKind, *, now: datetime) -> None:
    """The data have come: the open alarm of this kind is over. The alarm of a list waits for a person."""
    session.execute(_END, {"id": source_id, "kind": kind, "now": now})


_FEEDS = text(
    """
    SELECT id, health, extent, next_expected_at, last_received_at, last_row_count, usual_row_count,
           owner_practitioner_id
    FROM source ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    """
)
_END = text(
    """
    UPDATE alert SET state = 'overtaken', ended_at = :now, ended_by = 'engine', outcome = 'data_came'
    WHERE source_id = :id AND kind = :kind AND state = 'open' AND import_run_id IS NULL
    """
)
