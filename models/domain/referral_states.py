"""How a referral gets from hop to hop (domain.md 4.2), and by when the next hop should be known. Pure.

Only what a person or the record says moves it; no timer does. A late hop opens its follow-up, and stays late until it
is reached.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from models.domain import transitions
from models.domain.pathway import Span
from models.domain.words import ReferralHop as Hop
from models.domain.words import ReferralState as S
from models.domain.working_time import WorkingCalendar


class ReferralEvent(StrEnum):
    """What becomes known of a referral; also the words of its history."""

    ARRIVED = "arrived"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    APPOINTED = "appointed"
    ATTENDED = "attended"
    NOT_ATTENDED = "not_attended"  # the first appointment did not take place: a new one is needed
    TREATMENT_BEGAN = "treatment_began"
    NO_TREATMENT_NEEDED = "no_treatment_needed"
    OTHER_WAY_FOUND = "other_way_found"
    WITHDRAWN = "withdrawn"


E = ReferralEvent

TRANSITIONS: Mapping[tuple[S, ReferralEvent], S] = MappingProxyType(
    {
        (S.SENT, E.ARRIVED): S.RECEIVED,
        (S.SENT, E.ACCEPTED): S.ACCEPTED,
        (S.SENT, E.DECLINED): S.DECLINED,
        (S.SENT, E.APPOINTED): S.APPOINTED,
        (S.SENT, E.ATTENDED): S.ATTENDED,
        (S.SENT, E.WITHDRAWN): S.WITHDRAWN,
        (S.RECEIVED, E.ACCEPTED): S.ACCEPTED,
        (S.RECEIVED, E.DECLINED): S.DECLINED,
        (S.RECEIVED, E.APPOINTED): S.APPOINTED,
        (S.RECEIVED, E.ATTENDED): S.ATTENDED,
        (S.RECEIVED, E.WITHDRAWN): S.WITHDRAWN,
        (S.ACCEPTED, E.DECLINED): S.DECLINED,  # services change their minds
        (S.ACCEPTED, E.APPOINTED): S.APPOINTED,
        (S.ACCEPTED, E.ATTENDED): S.ATTENDED,
        (S.ACCEPTED, E.WITHDRAWN): S.WITHDRAWN,
        (S.APPOINTED, E.DECLINED): S.DECLINED,
        (S.APPOINTED, E.APPOINTED): S.APPOINTED,  # another date
        (S.APPOINTED, E.ATTENDED): S.ATTENDED,
        (S.APPOINTED, E.NOT_ATTENDED): S.ACCEPTED,
        (S.APPOINTED, E.WITHDRAWN): S.WITHDRAWN,
        (S.ATTENDED, E.DECLINED): S.DECLINED,
        (S.ATTENDED, E.NOT_ATTENDED): S.ACCEPTED,  # recorded by mistake
        (S.ATTENDED, E.TREATMENT_BEGAN): S.IN_TREATMENT,
        (S.ATTENDED, E.NO_TREATMENT_NEEDED): S.NOT_NEEDED,
        (S.ATTENDED, E.WITHDRAWN): S.WITHDRAWN,
        (S.DECLINED, E.ACCEPTED): S.ACCEPTED,  # after a challenge
        (S.DECLINED, E.APPOINTED): S.APPOINTED,
        (S.DECLINED, E.ATTENDED): S.ATTENDED,
        (S.DECLINED, E.OTHER_WAY_FOUND): S.REDIRECTED,
        (S.DECLINED, E.WITHDRAWN): S.WITHDRAWN,
    }
)
NEXT_HOP: Mapping[S, Hop] = MappingProxyType(
    {
        S.SENT: Hop.RECEIVED,
        S.RECEIVED: Hop.ACCEPTED,
        S.ACCEPTED: Hop.APPOINTED,
        S.APPOINTED: Hop.ATTENDED,
        S.ATTENDED: Hop.TREATMENT,
        S.DECLINED: Hop.OTHER_WAY,
    }
)
LIVE_REFERRAL_STATES = tuple(NEXT_HOP)


@dataclass(frozen=True, slots=True)
class HopClocks:
    """By when each hop should be known, for one urgency: all from the sending, OTHER_WAY from the refusal.

    `grace`: what a hop is given at least once the one before is known, so that a late answer isn't late again at once.
    """

    within: Mapping[Hop, Span]
    grace: Span


def advance(state: S, event: ReferralEvent) -> S:
    """Return the state after `event`. Raises IllegalTransition: the caller tells whoever tried."""
    return transitions.advance(TRANSITIONS, state, event)


def hop_due(
    state: S, clocks: HopClocks, *, sent_at: datetime, known_at: datetime, calendar: WorkingCalendar
) -> datetime | None:
    """Return by when the next hop should be known, as UTC; None once the referral has ended.

    `known_at`: when the hop before became known; for one just sent, the sending.
    """
    hop = NEXT_HOP.get(state)
    if hop is None:
        return None
    start = known_at if hop is Hop.OTHER_WAY else sent_at
    due = clocks.within[hop].after(start, calendar=calendar)
    if state is S.SENT:
        return due
    return max(due, clocks.grace.after(known_at, calendar=calendar))
