"""How an appointment's status changes, as one table. Sources: domain.md 2.1 to 2.4, design.md 3.8."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from models.domain import transitions
from models.domain.words import AppointmentStatus as S


class AppointmentEvent(StrEnum):
    """What is heard of an appointment. All but the last two are what a source or a person says its status is."""

    PLANNED = "planned"
    BOOKED = "booked"  # also: a row with an empty outcome, or one finished by the record system itself
    ARRIVED = "arrived"
    ATTENDED = "attended"
    ATTENDED_LATE = "attended_late"
    ARRIVED_NOT_SEEN = "arrived_not_seen"
    MISSED = "missed"
    CANCELLED_BY_FAMILY = "cancelled_by_family"
    CANCELLED_BY_SERVICE = "cancelled_by_service"
    CANCELLED = "cancelled"
    DECLINED = "declined"
    VOIDED = "void"
    MOVED = "moved"  # another time, nothing recorded yet
    NO_OUTCOME_IN_TIME = "no_outcome_in_time"  # ended, fresh data in hand, nobody has recorded what happened


# Nobody has said yet what happened.
UNSETTLED = frozenset({S.PLANNED, S.BOOKED, S.ARRIVED})
# The family came: a message "arrived" that overtakes these changes nothing.
CAME = frozenset({S.ATTENDED, S.ATTENDED_LATE, S.ARRIVED_NOT_SEEN})
OUTCOMES = frozenset(S) - UNSETTLED - {S.OUTCOME_DUE}


def _table() -> dict[tuple[S, AppointmentEvent], S]:
    table: dict[tuple[S, AppointmentEvent], S] = {}
    for status in S:
        # An outcome may be recorded late and corrected at any time, also one that was entered in error.
        for outcome in OUTCOMES:
            table[status, AppointmentEvent(outcome.value)] = outcome
        # Withdrawing an outcome makes it unsettled again: detection asks for one anew.
        for unsettled in UNSETTLED:
            table[status, AppointmentEvent(unsettled.value)] = unsettled
        table[status, AppointmentEvent.MOVED] = S.BOOKED
    for status in UNSETTLED:
        table[status, AppointmentEvent.NO_OUTCOME_IN_TIME] = S.OUTCOME_DUE
        # The next nightly extract says "booked" again: that is no outcome.
        table[S.OUTCOME_DUE, AppointmentEvent(status.value)] = S.OUTCOME_DUE
    for status in CAME:
        table[status, AppointmentEvent.ARRIVED] = status
    # Two detectors at once, or one that runs twice.
    table[S.OUTCOME_DUE, AppointmentEvent.NO_OUTCOME_IN_TIME] = S.OUTCOME_DUE
    return table


TRANSITIONS: Mapping[tuple[S, AppointmentEvent], S] = MappingProxyType(_table())


def advance(status: S, event: AppointmentEvent) -> S:
    """Return the status after `event`. Raises IllegalTransition where an outcome is known and none was missing."""
    return transitions.advance(TRANSITIONS, status, event)
