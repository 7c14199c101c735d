"""How a question of sharing changes its state, as one table of state and event. Sources: domain.md 3.3 (iv), 6.1."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from models.domain import transitions
from models.domain.words import AccountRole
from models.domain.words import DisclosureState as S


class DisclosureEvent(StrEnum):
    """What happens to a question of sharing; also the words of its history."""

    RAISED = "raised"  # the first, and where a miss that had been corrected away is one after all
    ASKED = "asked"  # the deadline passed, or nobody has answered yet
    HELD = "held"
    LEFT_HOME = "left_home"  # the adult left the children it is about: from then on a person decides
    HOLD_ENDED = "hold_ended"
    SHARED = "shared"
    REFUSED = "refused"  # decided not to share
    CORRECTED = "corrected"  # the contact did take place
    PERSON_DIED = "person_died"  # told by a source or a person before anybody decided
    RECEIVED = "received"


E = DisclosureEvent
OPEN = (S.WAITING, S.ASKED, S.HELD)

TRANSITIONS: Mapping[tuple[S, DisclosureEvent], S] = MappingProxyType(
    {
        (S.WITHDRAWN, E.RAISED): S.WAITING,
        (S.NOT_NEEDED, E.RAISED): S.WAITING,  # the news of a death was wrong
        (S.WAITING, E.ASKED): S.ASKED,
        (S.ASKED, E.ASKED): S.ASKED,
        (S.WAITING, E.LEFT_HOME): S.WAITING,
        (S.ASKED, E.LEFT_HOME): S.ASKED,
        (S.HELD, E.LEFT_HOME): S.HELD,
        (S.WAITING, E.HELD): S.HELD,
        (S.ASKED, E.HELD): S.HELD,
        (S.HELD, E.HELD): S.HELD,  # held longer, by a lead
        (S.HELD, E.HOLD_ENDED): S.WAITING,
        (S.WAITING, E.SHARED): S.SHARED,
        (S.ASKED, E.SHARED): S.SHARED,
        (S.HELD, E.SHARED): S.SHARED,
        (S.NOT_SHARED, E.SHARED): S.SHARED,  # a person thinks again
        (S.NOT_NEEDED, E.SHARED): S.SHARED,
        (S.WAITING, E.REFUSED): S.NOT_SHARED,
        (S.ASKED, E.REFUSED): S.NOT_SHARED,
        (S.HELD, E.REFUSED): S.NOT_SHARED,
        (S.WAITING, E.PERSON_DIED): S.NOT_NEEDED,
        (S.ASKED, E.PERSON_DIED): S.NOT_NEEDED,
        (S.HELD, E.PERSON_DIED): S.NOT_NEEDED,
        (S.WAITING, E.CORRECTED): S.WITHDRAWN,
        (S.ASKED, E.CORRECTED): S.WITHDRAWN,
        (S.HELD, E.CORRECTED): S.WITHDRAWN,
        (S.NOT_NEEDED, E.CORRECTED): S.WITHDRAWN,  # of a death that was none, and nobody has to be asked any more
        (S.SHARED, E.CORRECTED): S.SHARED,  # told: whoever heard of it is told that too
        (S.SHARED, E.RECEIVED): S.SHARED,
    }
)


def advance(state: S, event: DisclosureEvent) -> S:
    """Return the state after `event`. Raises IllegalTransition: the caller tells whoever tried."""
    return transitions.advance(TRANSITIONS, state, event)


def may_hold(*, times_held: int, role: AccountRole) -> bool:
    """Whether this login may hold it: anybody of the service the first time; after that it is for the lead to say."""
    return times_held == 0 or role in (AccountRole.TEAM_LEAD, AccountRole.NAMED_NURSE)
