"""What is known of a follow-up's decline, as its page shows it. The caller has checked the scope. Never commits."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.declines import answers_of
from models.domain.declines import DeclineAnswers
from models.domain.ids import FollowUpId


@dataclass(frozen=True, slots=True)
class DeclinePage:
    """The standing decline; `recorded_by` None: none is recorded yet. `again`: another contact was declined too."""

    answers: DeclineAnswers = field(default_factory=DeclineAnswers)
    again: bool = False
    recorded_at: datetime | None = None
    recorded_by: str | None = None


def of_follow_up(session: Session, follow_up_id: FollowUpId) -> DeclinePage:
    """The follow-up's standing decline, or an empty one."""
    row = session.execute(_STANDING, {"id": follow_up_id}).mappings().one_or_none()
    if row is None:
        return DeclinePage()
    return DeclinePage(answers_of(row), row["again"], row["recorded_at"], row["recorded_by"])


_STANDING = text(
    """
    SELECT declined_by, informed, why, capacity, seen_by_anybody, last_seen_on, last_seen_by, recorded_at, recorded_by,
           EXISTS (SELECT FROM decline o
                   WHERE o.person_id = d.person_id AND o.withdrawn_at IS NULL AND o.id <> d.id) AS again
    FROM decline d WHERE follow_up_id = :id AND withdrawn_at IS NULL
    """
)
