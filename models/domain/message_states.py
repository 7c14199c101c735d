"""How a message's state changes, as one table of state and event. Sources: design.md 3.5, 3.6, 5.5.

What a provider says of an attempt is true whatever became of the message since: a text that was refused for now, and
has left after all, must not be let go a second time. Only a person's dropping and a final word end that.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from models.domain import transitions
from models.domain.words import MessageState as S


class MessageEvent(StrEnum):
    """What happens to a message."""

    RELEASED = "released"  # a person lets it go
    DROPPED = "dropped"  # for good: by a person, or with what it spoke of
    CLAIMED = "claimed"  # leased by a sender; a lease that ended is simply taken again
    BEGUN = "begun"  # through the gate, its attempt written: from here the provider may have it
    PUT_OFF = "put_off"  # the gate said wait, or our own code failed on it
    BLOCKED = "blocked"  # the gate said no
    TOO_LATE = "too_late"  # past its useful time
    NO_ANSWER = "no_answer"  # of the call: its fate is looked up
    TRY_AGAIN = "try_again"  # it did not leave; or a staff alert of unknown fate
    REFUSED = "refused"
    FATE_UNKNOWN = "fate_unknown"  # looked up in vain, for as long as we look
    NO_REPORT = "no_report"  # it has left, and no final word came in time
    ACCEPTED = "accepted"  # the provider has it: its answer, its report or a look-up
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


E = MessageEvent
# Nobody is sending these. What ends a family's contact drops them; one that is claimed meets the gate.
WAITING = (S.HELD, S.QUEUED, S.BLOCKED)
# After an attempt, what the provider says of it still counts in these.
_REPORTED_ON = (S.HELD, S.QUEUED, S.CLAIMED, S.SENDING, S.SENT, S.UNDELIVERED, S.UNKNOWN, S.BLOCKED, S.EXPIRED)

TRANSITIONS: Mapping[tuple[S, MessageEvent], S] = MappingProxyType(
    {
        (S.HELD, E.RELEASED): S.QUEUED,
        (S.BLOCKED, E.RELEASED): S.QUEUED,
        (S.EXPIRED, E.RELEASED): S.QUEUED,
        (S.HELD, E.DROPPED): S.DROPPED,
        (S.QUEUED, E.DROPPED): S.DROPPED,
        (S.CLAIMED, E.DROPPED): S.DROPPED,  # nothing has left: a loss takes the lease away
        (S.BLOCKED, E.DROPPED): S.DROPPED,
        (S.EXPIRED, E.DROPPED): S.DROPPED,
        (S.QUEUED, E.CLAIMED): S.CLAIMED,
        (S.CLAIMED, E.CLAIMED): S.CLAIMED,
        (S.CLAIMED, E.BEGUN): S.SENDING,
        (S.CLAIMED, E.PUT_OFF): S.QUEUED,
        (S.CLAIMED, E.BLOCKED): S.BLOCKED,
        (S.CLAIMED, E.TOO_LATE): S.EXPIRED,
        (S.HELD, E.TOO_LATE): S.EXPIRED,
        (S.SENDING, E.NO_ANSWER): S.SENDING,
        (S.SENDING, E.TRY_AGAIN): S.QUEUED,
        (S.SENDING, E.REFUSED): S.REFUSED,
        (S.SENDING, E.FATE_UNKNOWN): S.UNKNOWN,
        (S.SENT, E.NO_REPORT): S.UNDELIVERED,
        **{(state, E.ACCEPTED): S.SENT for state in _REPORTED_ON},
        **{(state, E.DELIVERED): S.DELIVERED for state in _REPORTED_ON},
        **{(state, E.UNDELIVERED): S.UNDELIVERED for state in _REPORTED_ON},
    }
)


def advance(state: S, event: MessageEvent) -> S:
    """Return the state after `event`. Raises IllegalTransition."""
    return transitions.advance(TRANSITIONS, state, event)


def before(event: MessageEvent) -> tuple[S, ...]:
    """Return the states in which `event` can happen."""
    return transitions.before(TRANSITIONS, event)


def takes_report(state: S, *, error_code: str | None) -> bool:
    """Whether a provider's report still counts. The first final word stands; that none came in time is not one."""
    if state is S.UNDELIVERED:
        return error_code == E.NO_REPORT
    return state in _REPORTED_ON
