"""The story of a follow-up: what happened, in order, from its own history and its appointment's."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import follow_ups
from models.db.follow_ups import Claimed
from models.domain.ids import FollowUpId


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened. `about`: follow_up or appointment. `what`: that history's own word."""

    at: datetime
    about: str
    what: str
    event_id: int
    step_id: str | None
    actor: str | None
    reason: str | None
    told_name: str | None  # the practitioner it went to
    detail: dict[str, Any]


def story(session: Session, follow_up_id: FollowUpId, *, limit: int) -> list[Happening]:
    """The newest `limit` happenings, oldest first. The caller has checked that the scope covers the follow-up."""
    found = session.execute(_STORY, {"id": follow_up_id, "limit": limit}).mappings()
    return [Happening(**{**row, "detail": row["detail"] or {}}) for row in reversed(found.all())]


def since(session: Session, follow_up_id: FollowUpId, *, event_id: int) -> list[Happening]:
    """What the follow-up's own history holds after `event_id`: what changed since a page was drawn."""
    found = session.execute(_SINCE, {"id": follow_up_id, "event_id": event_id}).mappings()
    return [Happening(**{**row, "detail": row["detail"] or {}}) for row in found]


def facts_row(session: Session, follow_up_id: FollowUpId) -> Claimed | None:
    """The row with what its plan depends on, read and not locked, to say what comes next."""
    row = session.execute(_FACTS, {"id": follow_up_id}).one_or_none()
    return None if row is None else Claimed._make(row)


_OWN = """
    SELECT at, 'follow_up' AS about, event AS what, id AS event_id, step_id, actor, reason,
           (SELECT name FROM practitioner WHERE id = CAST(detail ->> 'practitioner_id' AS bigint)) AS told_name, detail
    FROM follow_up_event WHERE follow_up_id = :id
"""
_STORY = text(
    f"""
    SELECT * FROM (
        ({_OWN})
        UNION ALL
        (SELECT e.at, 'appointment', e.to_status, e.id, NULL, e.actor, NULL, NULL, e.detail
         FROM appointment_event e JOIN follow_up f ON f.appointment_id = e.appointment_id
         WHERE f.id = :id AND e.event NOT IN ('records_joined', 'records_parted'))  -- its own story tells those
    ) happenings
    ORDER BY at DESC, about DESC, event_id DESC LIMIT :limit
    """
)
_SINCE = text(_OWN + " AND id > :event_id ORDER BY id")
_FACTS = text(follow_ups._FACTS.format(due="SELECT f.* FROM follow_up f WHERE f.id = :id"))
