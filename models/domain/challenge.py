"""Professional challenge in stages (domain.md 4.5): who owns each, by when it is due, and how it moves. Pure.

A person raises it to the next stage and a person resolves it; a stage's due time only tells the next stage's owner.
It never pauses a family's follow-up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType

from models.domain import transitions
from models.domain.pathway import FRONT_LINE, Span
from models.domain.words import ChallengeState as S
from models.domain.words import OwnerRole
from models.domain.working_time import WorkingCalendar

STAGES = tuple(state for state in S if state is not S.RESOLVED)


class ChallengeEvent(StrEnum):
    """What happens to a challenge; also the words of its history."""

    OPENED = "opened"
    ASKED = "asked"  # its owner, or the next stage's, was told
    REPLIED = "replied"
    RAISED = "raised"
    RESOLVED = "resolved"


E = ChallengeEvent

TRANSITIONS: Mapping[tuple[S, ChallengeEvent], S] = MappingProxyType(
    {
        **{(stage, E.ASKED): stage for stage in STAGES},
        **{(stage, E.REPLIED): stage for stage in STAGES},  # a reply alone settles nothing
        **{(stage, E.RAISED): later for stage, later in pairwise(STAGES)},
        **{(stage, E.RESOLVED): S.RESOLVED for stage in STAGES},
    }
)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage as the trust has it: ours to act, by when, and what has to be on record to go on to the next."""

    state: S
    title: str
    owner: OwnerRole
    due_within: Span
    urgent_within: Span
    action: str
    to_move_on: str


@dataclass(frozen=True)
class ChallengeRules:
    """All stages, lowest first, and how often an unanswered one is said again."""

    version: int
    stages: Mapping[S, Stage]
    ask_again: Span
    goes_up: tuple[OwnerRole, ...]
    immediate_danger: str
    source: str

    def owner_chain(self, state: S, *, times_asked: int) -> tuple[OwnerRole, ...]:
        """Whom to tell: the stage's owner, once its time is over the next stage's, then further up for ever."""
        later = [self.stages[stage].owner for stage in STAGES[STAGES.index(state) :]]
        ladder = tuple(dict.fromkeys((*later, *self.goes_up)))
        rest = ladder[min(times_asked, len(ladder) - 1) :]
        pool = (OwnerRole.TEAM_POOL,) if rest[0] in FRONT_LINE else ()
        return (rest[0], *pool, *rest[1:], OwnerRole.LAST_RESORT)


def advance(state: S, event: ChallengeEvent) -> S:
    """Return the state after `event`. Raises IllegalTransition: the caller tells whoever tried."""
    return transitions.advance(TRANSITIONS, state, event)


def stage_due(stage: Stage, *, urgent: bool, began_at: datetime, calendar: WorkingCalendar) -> datetime:
    """Return by when a stage should have its answer, as UTC."""
    return (stage.urgent_within if urgent else stage.due_within).after(began_at, calendar=calendar)
