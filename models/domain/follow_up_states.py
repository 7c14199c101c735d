"""How a follow-up's state changes, as one table of state and event. No timer closes anything: design.md 3.3.

Acknowledging is a lease on the row, not a state: design.md 3.9.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from models.domain import transitions
from models.domain.words import FollowUpState as S


class FollowUpEvent(StrEnum):
    """What happens to a follow-up."""

    STEP_FIRED = "step_fired"
    ACKNOWLEDGED = "acknowledged"
    BOOKED_AGAIN = "booked_again"  # never closes
    LADDER_CHANGED = "ladder_changed"  # an unrecorded outcome became a miss; another version changes no state
    TURNED_HIGH_RISK = "turned_high_risk"
    TAKEN_UP = "taken_up"  # a person takes a backlog one onto its ladder
    SEEN_EVIDENCE = "seen_evidence"  # the required subject was seen
    SEEN_WITHDRAWN = "seen_withdrawn"  # the evidence was corrected away
    CLOSE = "close"  # one person, where risk is routine
    CLOSE_ASKED = "close_asked"  # high risk: the first of two persons
    CLOSE_AGREED = "close_agreed"  # the second
    CLOSE_REFUSED = "close_refused"
    OUTCOME_ARRIVED = "outcome_arrived"  # an unrecorded outcome was recorded by a person, and is no miss
    CONTINUED_IN_LATER_MISS = "continued_in_later_miss"
    CAME_BACK = "came_back"  # what it went on in is no miss any more, or another person's: the thread is here again
    GAVE_BACK = "gave_back"  # no miss any more: the thread goes on in an earlier one
    REOPENED = "reopened"


E = FollowUpEvent

TRANSITIONS: Mapping[tuple[S, FollowUpEvent], S] = MappingProxyType(
    {
        (S.OPEN, E.STEP_FIRED): S.OPEN,
        (S.OPEN, E.ACKNOWLEDGED): S.OPEN,
        (S.OPEN, E.BOOKED_AGAIN): S.OPEN,
        (S.OPEN, E.LADDER_CHANGED): S.OPEN,
        (S.OPEN, E.TURNED_HIGH_RISK): S.OPEN,
        (S.OPEN, E.SEEN_EVIDENCE): S.SEEN,
        (S.OPEN, E.CLOSE): S.CLOSED,
        (S.OPEN, E.CLOSE_ASKED): S.CLOSING,
        (S.OPEN, E.OUTCOME_ARRIVED): S.CLOSED,
        (S.OPEN, E.CONTINUED_IN_LATER_MISS): S.CONTINUED,
        (S.OPEN, E.GAVE_BACK): S.CONTINUED,
        (S.BACKLOG, E.ACKNOWLEDGED): S.BACKLOG,
        (S.BACKLOG, E.BOOKED_AGAIN): S.BACKLOG,
        (S.BACKLOG, E.LADDER_CHANGED): S.BACKLOG,
        (S.BACKLOG, E.TURNED_HIGH_RISK): S.OPEN,  # high risk is never folded in
        (S.BACKLOG, E.TAKEN_UP): S.OPEN,
        (S.BACKLOG, E.SEEN_EVIDENCE): S.SEEN,
        (S.BACKLOG, E.CLOSE): S.CLOSED,
        (S.BACKLOG, E.CLOSE_ASKED): S.CLOSING,
        (S.BACKLOG, E.OUTCOME_ARRIVED): S.CLOSED,
        (S.BACKLOG, E.CONTINUED_IN_LATER_MISS): S.CONTINUED,
        (S.BACKLOG, E.GAVE_BACK): S.CONTINUED,
        (S.SEEN, E.STEP_FIRED): S.SEEN,
        (S.SEEN, E.ACKNOWLEDGED): S.SEEN,
        (S.SEEN, E.BOOKED_AGAIN): S.SEEN,
        (S.SEEN, E.TURNED_HIGH_RISK): S.SEEN,
        (S.SEEN, E.SEEN_EVIDENCE): S.SEEN,
        (S.SEEN, E.SEEN_WITHDRAWN): S.OPEN,
        (S.SEEN, E.CLOSE): S.CLOSED,
        (S.SEEN, E.CLOSE_ASKED): S.CLOSING,
        (S.SEEN, E.OUTCOME_ARRIVED): S.CLOSED,
        (S.SEEN, E.CONTINUED_IN_LATER_MISS): S.CONTINUED,
        (S.SEEN, E.GAVE_BACK): S.CONTINUED,
        (S.CLOSING, E.STEP_FIRED): S.CLOSING,
        (S.CLOSING, E.ACKNOWLEDGED): S.CLOSING,
        (S.CLOSING, E.BOOKED_AGAIN): S.CLOSING,
        (S.CLOSING, E.TURNED_HIGH_RISK): S.CLOSING,
        (S.CLOSING, E.SEEN_EVIDENCE): S.CLOSING,
        (S.CLOSING, E.SEEN_WITHDRAWN): S.OPEN,  # the ground for closing is gone
        (S.CLOSING, E.CLOSE_AGREED): S.CLOSED,
        (S.CLOSING, E.CLOSE_REFUSED): S.OPEN,
        (S.CLOSING, E.OUTCOME_ARRIVED): S.CLOSED,
        (S.CLOSING, E.CONTINUED_IN_LATER_MISS): S.CONTINUED,
        (S.CLOSING, E.GAVE_BACK): S.CONTINUED,
        (S.CONTINUED, E.CAME_BACK): S.OPEN,
        (S.CLOSED, E.REOPENED): S.OPEN,
        (S.CLOSED, E.SEEN_WITHDRAWN): S.OPEN,  # closed on evidence that was wrong
        (S.CLOSED, E.SEEN_EVIDENCE): S.CLOSED,  # late and double news
        (S.CLOSED, E.BOOKED_AGAIN): S.CLOSED,
    }
)


def advance(state: S, event: FollowUpEvent) -> S:
    """Return the state after `event`. Raises IllegalTransition: the caller tells whoever tried."""
    return transitions.advance(TRANSITIONS, state, event)
