"""The action plan of a household: how an action ends, and who is told when one is overdue. Pure.

An agency outside has no login: our named owner's task is to get it done or to record what the agency says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from types import MappingProxyType

from models.domain import transitions
from models.domain.pathway import FRONT_LINE, Span
from models.domain.words import OwnerRole
from models.domain.words import PlannedActionState as S
from models.domain.working_time import WorkingCalendar


class ActionEvent(StrEnum):
    """What happens to an action; also the words of its history."""

    AGREED = "agreed"
    ASKED = "asked"  # it is due, and somebody was told
    MOVED = "moved"  # another due date or owner, with the reason
    DONE = "done"
    CANCELLED = "cancelled"


E = ActionEvent

TRANSITIONS: Mapping[tuple[S, ActionEvent], S] = MappingProxyType(
    {
        (S.OPEN, E.ASKED): S.OPEN,
        (S.OPEN, E.MOVED): S.OPEN,
        (S.OPEN, E.DONE): S.DONE,
        (S.OPEN, E.CANCELLED): S.CANCELLED,
    }
)


@dataclass(frozen=True)
class ActionRules:
    """When on its day an action is due, and who is told in which order while it is overdue."""

    version: int
    due_at: time  # local, on the due date itself
    ask_again: Span
    role_chain: tuple[OwnerRole, ...]
    source: str

    def due(self, on: date, *, calendar: WorkingCalendar) -> datetime:
        """Return when an action of that due date is overdue, as UTC."""
        return calendar.at(on, self.due_at)

    def chain(self, *, times_asked: int) -> tuple[OwnerRole, ...]:
        """Whom to tell of an overdue action: its owner, then one further up each time, at the top for ever."""
        rest = self.role_chain[min(times_asked, len(self.role_chain) - 1) :]
        pool = (OwnerRole.TEAM_POOL,) if rest[0] in FRONT_LINE else ()
        return (rest[0], *pool, *rest[1:], OwnerRole.LAST_RESORT)


def advance(state: S, event: ActionEvent) -> S:
    """Return the state after `event`. Raises IllegalTransition: the caller tells whoever tried."""
    return transitions.advance(TRANSITIONS, state, event)
