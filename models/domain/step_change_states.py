"""How a person's change of a step's time stands, as one table of state and event (domain.md 3.2)."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from models.domain import transitions
from models.domain.words import StepChangeState as S


class StepChangeEvent(StrEnum):
    """What happens to a change of a step's time."""

    AGREED = "agreed"  # by a team lead
    REFUSED = "refused"
    LAPSED = "lapsed"  # replaced by a later word, or what it was about is over


E = StepChangeEvent

TRANSITIONS: Mapping[tuple[S, StepChangeEvent], S] = MappingProxyType(
    {
        (S.ASKED, E.AGREED): S.IN_FORCE,
        (S.ASKED, E.REFUSED): S.REFUSED,
        (S.ASKED, E.LAPSED): S.LAPSED,
        (S.IN_FORCE, E.LAPSED): S.LAPSED,
    }
)


def advance(state: S, event: StepChangeEvent) -> S:
    """Return the state after `event`. Raises IllegalTransition: the caller tells whoever tried."""
    return transitions.advance(TRANSITIONS, state, event)


def before(event: StepChangeEvent) -> tuple[S, ...]:
    """Return the states in which `event` can happen."""
    return transitions.before(TRANSITIONS, event)
