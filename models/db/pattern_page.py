"""The patterns that a follow-up's page shows: those that raised it, its thread, or opened it. Never commits."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.domain.ids import FollowUpId


class Behind(NamedTuple):
    """One contact that a pattern is made of, as it stands now."""

    appointment_id: int
    person_name: str | None
    contact_code: str
    starts_at: datetime
    status: str


@dataclass(frozen=True, slots=True)
class ShownPattern:
    """A pattern in the words it was found with, and the contacts behind it, oldest first."""

    says: str
    rule: str
    rule_version: int
    found_at: datetime
    behind: tuple[Behind, ...]


def of_follow_up(session: Session, follow_up_id: FollowUpId) -> tuple[ShownPattern, ...]:
    """Return the patterns, newest first. The caller has checked that the scope covers the follow-up."""
    found = session.execute(_PATTERNS, {"id": follow_up_id}).all()
    wanted = sorted({event for row in found for event in row.detail["events"]})
    behind = {row.id: Behind(*row) for row in session.execute(_BEHIND, {"ids": wanted})} if wanted else {}
    return tuple(
        ShownPattern(
            row.says,
            row.rule,
            row.rule_version,
            row.found_at,
            tuple(behind[event] for event in dict.fromkeys(row.detail["events"]) if event in behind),
        )
        for row in found
    )


_PATTERNS = text(
    """
    WITH RECURSIVE thread AS (
        SELECT id, family_event_id FROM follow_up WHERE id = :id
        UNION ALL
        SELECT f.id, f.family_event_id FROM thread t JOIN follow_up f ON f.continued_in = t.id
    )
    SELECT p.says, p.rule, p.rule_version, p.found_at, p.detail FROM pattern_found p
    WHERE p.follow_up_id IN (SELECT id FROM thread)
       OR p.family_event_id IN (SELECT family_event_id FROM thread)
    ORDER BY p.found_at DESC, p.id LIMIT 20
    """
)
_BEHIND = text(
    """
    SELECT a.id, p.name, a.contact_code, a.starts_at, a.status FROM appointment a JOIN person p ON p.id = a.person_id
    WHERE a.id = ANY(CAST(:ids AS bigint[]))
    """
)
