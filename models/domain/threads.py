"""How many misses in a row a thread holds, and since when nobody has been seen. Pure.

A thread is one contact of one person: its misses, the later ones going on from the earlier (docs/decisions/0003, 0051).
Being seen in between begins it anew; a cancellation, a decline and what is only unproven belong to it, uncounted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from models.domain.words import FollowUpTrigger, How

# What belongs to the thread of a contact, from its first miss until somebody is seen.
THREAD_TRIGGERS = frozenset(
    {
        FollowUpTrigger.MISSED,
        FollowUpTrigger.CANCELLED,
        FollowUpTrigger.NEVER_BOOKED,
        FollowUpTrigger.OVERDUE,
        FollowUpTrigger.DECLINED,
    }
)


@dataclass(frozen=True, slots=True)
class Member:
    """One follow-up of a thread as its row has it. `earlier`: misses of the same appointment before it was rebooked."""

    trigger: FollowUpTrigger
    how: How | None
    at: datetime
    earlier: int = 0

    @property
    def misses(self) -> int:
        """How many contacts it stands for at which the right person was not seen."""
        own = self.trigger is FollowUpTrigger.MISSED and self.how is not How.UNPROVEN
        return self.earlier + own


@dataclass(frozen=True, slots=True)
class Counted:
    """What a thread's latest follow-up says: misses in a row, at least one; since when they are unseen; seen before."""

    misses: int
    unseen_since: datetime
    seen_before: datetime | None


def count(head: Member, others: Iterable[Member], *, seen: Iterable[datetime]) -> Counted:
    """Count the thread that `head` leads. `seen`: when somebody was seen at this contact, in any order."""
    begun = max((moment for moment in seen if moment <= head.at), default=None)
    counting = [head, *(other for other in others if begun is None or other.at > begun)]
    return Counted(
        misses=max(sum(member.misses for member in counting), 1),
        unseen_since=min(member.at for member in counting),
        seen_before=begun,
    )
