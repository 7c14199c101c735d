"""Every state and every event: the tables allow what the policy allows, and refuse the rest by name."""

import itertools

import pytest

from models.domain import appointment_states, follow_up_states
from models.domain.appointment_states import AppointmentEvent
from models.domain.follow_up_states import FollowUpEvent
from models.domain.transitions import IllegalTransition
from models.domain.words import AppointmentStatus, FollowUpState

S, E = FollowUpState, FollowUpEvent
CLOSERS = {E.CLOSE, E.CLOSE_AGREED, E.OUTCOME_ARRIVED}


def pairs(states, events):
    return list(itertools.product(states, events))


class TestAppointmentStatus:
    @pytest.mark.parametrize(("status", "event"), pairs(AppointmentStatus, AppointmentEvent))
    def test_answers_every_pair_or_refuses_it_by_name(self, status, event):
        """Only "no outcome in time" is ever refused: an outcome that is known is not missing."""
        refused = event is AppointmentEvent.NO_OUTCOME_IN_TIME and status in appointment_states.OUTCOMES
        if refused:
            with pytest.raises(IllegalTransition, match=f"{event} can't happen in state {status}"):
                appointment_states.advance(status, event)
        else:
            assert appointment_states.advance(status, event) in AppointmentStatus

    @pytest.mark.parametrize("status", [AppointmentStatus.PLANNED, AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED])
    def test_becomes_outcome_due_and_never_missed_by_silence(self, status):
        """Design 3.8: outcome not recorded is not missed."""
        after = appointment_states.advance(status, AppointmentEvent.NO_OUTCOME_IN_TIME)
        assert after is AppointmentStatus.OUTCOME_DUE

    @pytest.mark.parametrize("event", [AppointmentEvent.PLANNED, AppointmentEvent.BOOKED, AppointmentEvent.ARRIVED])
    def test_stays_outcome_due_when_the_next_extract_still_has_no_outcome(self, event):
        """The same row comes every night: an empty outcome settles nothing."""
        after = appointment_states.advance(AppointmentStatus.OUTCOME_DUE, event)
        assert after is AppointmentStatus.OUTCOME_DUE

    def test_is_booked_again_when_it_moves(self):
        """A new time asks for a new outcome."""
        after = appointment_states.advance(AppointmentStatus.OUTCOME_DUE, AppointmentEvent.MOVED)
        assert after is AppointmentStatus.BOOKED

    @pytest.mark.parametrize("status", sorted(appointment_states.CAME))
    def test_is_not_changed_by_an_arrival_that_comes_after_the_outcome(self, status):
        """Messages arrive out of order."""
        assert appointment_states.advance(status, AppointmentEvent.ARRIVED) is status

    @pytest.mark.parametrize(("status", "outcome"), pairs(AppointmentStatus, sorted(appointment_states.OUTCOMES)))
    def test_takes_a_late_or_corrected_outcome_in_any_state(self, status, outcome):
        """What a person records is never turned away for being late."""
        assert appointment_states.advance(status, AppointmentEvent(outcome.value)) is outcome


class TestFollowUpState:
    @pytest.mark.parametrize(("state", "event"), pairs(S, E))
    def test_answers_every_pair_or_refuses_it_by_name(self, state, event):
        """The table lists what is allowed; everything else is refused, nothing is dropped."""
        allowed = ALLOWED[state]
        if event in allowed:
            assert follow_up_states.advance(state, event) is allowed[event]
        else:
            with pytest.raises(IllegalTransition, match=f"{event} can't happen in state {state}"):
                follow_up_states.advance(state, event)

    @pytest.mark.parametrize(("state", "event"), pairs(sorted(set(S) - {S.CLOSED}), E))
    def test_closes_only_by_what_a_person_did(self, state, event):
        """Design 3.3: no timer closes anything."""
        if follow_up_states.TRANSITIONS.get((state, event)) is S.CLOSED:
            assert event in CLOSERS

    def test_waits_for_a_second_person_where_one_was_asked_for(self):
        """Design 3.3: nobody closes a high-risk follow-up alone, once it waits for agreement."""
        with pytest.raises(IllegalTransition):
            follow_up_states.advance(S.CLOSING, E.CLOSE)

    def test_that_goes_on_elsewhere_comes_back_by_a_correction_alone(self):
        """One ladder per thread: the row that took over is the live one, until it is no miss any more."""
        assert [pair for pair in follow_up_states.TRANSITIONS if pair[0] is S.CONTINUED] == [(S.CONTINUED, E.CAME_BACK)]


STAYS = (E.BOOKED_AGAIN,)
ALLOWED = {
    S.OPEN: {
        **dict.fromkeys((E.STEP_FIRED, E.ACKNOWLEDGED, E.LADDER_CHANGED, E.TURNED_HIGH_RISK, *STAYS), S.OPEN),
        E.SEEN_EVIDENCE: S.SEEN,
        E.CLOSE: S.CLOSED,
        E.CLOSE_ASKED: S.CLOSING,
        E.OUTCOME_ARRIVED: S.CLOSED,
        **dict.fromkeys((E.CONTINUED_IN_LATER_MISS, E.GAVE_BACK), S.CONTINUED),
    },
    S.BACKLOG: {
        **dict.fromkeys((E.ACKNOWLEDGED, E.LADDER_CHANGED, *STAYS), S.BACKLOG),
        **dict.fromkeys((E.TURNED_HIGH_RISK, E.TAKEN_UP), S.OPEN),
        E.SEEN_EVIDENCE: S.SEEN,
        E.CLOSE: S.CLOSED,
        E.CLOSE_ASKED: S.CLOSING,
        E.OUTCOME_ARRIVED: S.CLOSED,
        **dict.fromkeys((E.CONTINUED_IN_LATER_MISS, E.GAVE_BACK), S.CONTINUED),
    },
    S.SEEN: {
        **dict.fromkeys((E.STEP_FIRED, E.ACKNOWLEDGED, E.TURNED_HIGH_RISK, E.SEEN_EVIDENCE, *STAYS), S.SEEN),
        E.SEEN_WITHDRAWN: S.OPEN,
        E.CLOSE: S.CLOSED,
        E.CLOSE_ASKED: S.CLOSING,
        E.OUTCOME_ARRIVED: S.CLOSED,
        **dict.fromkeys((E.CONTINUED_IN_LATER_MISS, E.GAVE_BACK), S.CONTINUED),
    },
    S.CLOSING: {
        **dict.fromkeys((E.STEP_FIRED, E.ACKNOWLEDGED, E.TURNED_HIGH_RISK, E.SEEN_EVIDENCE, *STAYS), S.CLOSING),
        **dict.fromkeys((E.SEEN_WITHDRAWN, E.CLOSE_REFUSED), S.OPEN),
        **dict.fromkeys((E.CLOSE_AGREED, E.OUTCOME_ARRIVED), S.CLOSED),
        **dict.fromkeys((E.CONTINUED_IN_LATER_MISS, E.GAVE_BACK), S.CONTINUED),
    },
    S.CLOSED: {
        **dict.fromkeys((E.REOPENED, E.SEEN_WITHDRAWN), S.OPEN),
        **dict.fromkeys((E.SEEN_EVIDENCE, *STAYS), S.CLOSED),
    },
    S.CONTINUED: {E.CAME_BACK: S.OPEN},
}
