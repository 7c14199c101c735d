"""How fresh the data are and when the engine last did its work: what stands on top of every page."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.db.tables import Source, Tick
from models.domain.words import FeedHealth


@dataclass(frozen=True, slots=True)
class SourceFreshness:
    """One sender of data: up to when its data are known to be complete, and how the last look found it."""

    name: str
    as_of: datetime | None
    last_received_at: datetime | None
    health: FeedHealth


def sources(session: Session) -> list[SourceFreshness]:
    """Every source, by name. No family is in it, so it needs no scope."""
    found = select(Source.name, Source.as_of, Source.last_received_at, Source.health).order_by(Source.name)
    return [
        SourceFreshness(name, as_of, received, FeedHealth(health))
        for name, as_of, received, health in session.execute(found)
    ]


def ticks(session: Session) -> dict[str, datetime | None]:
    """When each kind of work last ended well; None for one that never has."""
    return {row.name: row.succeeded_at for row in session.execute(select(Tick.name, Tick.succeeded_at))}
