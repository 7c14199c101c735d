"""How a referral prompt's state changes (domain.md 4.2): it asks until somebody decides, and on the review date."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from models.domain import transitions
from models.domain.words import PromptState as S


class PromptEvent(StrEnum):
    """What happens to a prompt; also the words of its history."""

    ASKED = "asked"
    VIEWED = "viewed"  # somebody who may act on it has read it
    ACKNOWLEDGED = "acknowledged"  # "I am on it", until the lease ends
    MERGED = "merged"  # a further score that says no more
    DECIDED = "decided"
    REVIEW_DUE = "review_due"  # not referred, and the day to look again has come


E = PromptEvent

TRANSITIONS: Mapping[tuple[S, PromptEvent], S] = MappingProxyType(
    {
        (S.RAISED, E.ASKED): S.RAISED,
        (S.RAISED, E.VIEWED): S.SEEN,
        (S.RAISED, E.ACKNOWLEDGED): S.SEEN,
        (S.RAISED, E.MERGED): S.RAISED,
        (S.RAISED, E.DECIDED): S.DECIDED,
        (S.SEEN, E.ASKED): S.SEEN,
        (S.SEEN, E.VIEWED): S.SEEN,
        (S.SEEN, E.ACKNOWLEDGED): S.SEEN,
        (S.SEEN, E.MERGED): S.SEEN,
        (S.SEEN, E.DECIDED): S.DECIDED,
        (S.DECIDED, E.VIEWED): S.DECIDED,
        (S.DECIDED, E.MERGED): S.DECIDED,  # referred a few days ago: a further score adds nothing to decide
        (S.DECIDED, E.REVIEW_DUE): S.RAISED,
    }
)


def advance(state: S, event: PromptEvent) -> S:
    """Return the state after `event`. Raises IllegalTransition: the caller tells whoever tried."""
    return transitions.advance(TRANSITIONS, state, event)
