"""Reads of a family's record at the machine itself, by the command line: kept like every other read (design 3.12)."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.domain.ids import FollowUpId, HouseholdId
from models.domain.words import ActorKind


def keep_read(
    session: Session, follow_up_id: FollowUpId, *, household_id: HouseholdId | None, by: str, now: datetime
) -> None:
    """Keep that `by`, a user of this machine, read a follow-up. The caller commits."""
    session.execute(
        text(
            "INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, household_id, why)"
            " VALUES (:now, :kind, :by, 'read', 'follow_up', :id, :household, 'steadfast explain')"
        ),
        {
            "now": now, "kind": ActorKind.PERSON.value, "by": f"machine:{by}", "id": follow_up_id,
            "household": household_id,
        },
    )  # fmt: skip
