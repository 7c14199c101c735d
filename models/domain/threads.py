"""How many misses in a row a thread holds, since when nobody has been seen, and from when its ladder counts. Pure.

A thread is one contact of one person: its misses, the later ones going on from the earlier (docs/decisions/0003, 0051).
Being seen in between begins it anew; a cancellation, a decline and what is only unproven belong to it, uncounted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

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

# Of these nobody has missed anything: until the follow-up opened there was nothing that anybody could have tried.
_FOUND = frozenset({FollowUpTrigger.NEVER_BOOKED, FollowUpTrigger.OVERDUE})


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


class Clocks(NamedTuple):
    """From when a ladder counts: T0 of domain.md 3.2, and since when nobody has been seen though it was tried."""

    started_at: datetime
    unseen_since: datetime


def clocks(
    trigger: FollowUpTrigger, *, misses: int, anchor_at: datetime, breach_at: datetime, opened_at: datetime
) -> Clocks:
    """Return the clocks of a follow-up from what its row keeps (docs/decisions/0093).

    A miss counts from when it was, however late anybody heard of it. What was never booked, or is overdue, counts from
    when it was found: `anchor_at` and `breach_at` are days of the plan, on which nobody had it to do. The first miss of
    a contact that was followed up before it counts from there too; a later one, and one found after a miss, from as
    far back as the row tells.
    """
    if trigger in _FOUND:
        missed_before = breach_at < anchor_at  # an earlier member of its thread has set it
        return Clocks(max(anchor_at, opened_at), breach_at if missed_before else max(breach_at, opened_at))
    found_before = opened_at < anchor_at and misses <= 1
    return Clocks(anchor_at, max(breach_at, opened_at) if found_before else breach_at)


def count(head: Member, others: Iterable[Member], *, seen: Iterable[datetime]) -> Counted:
    """Count the thread that `head` leads. `seen`: when somebody was seen at this contact, in any order."""
    begun = max((moment for moment in seen if moment <= head.at), default=None)
    counting = [head, *(other for other in others if begun is None or other.at > begun)]
    return Counted(
        misses=max(sum(member.misses for member in counting), 1),
        unseen_since=min(member.at for member in counting),
        seen_before=begun,
    )
