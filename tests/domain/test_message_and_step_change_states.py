"""Messages, and changes of a step's time: every state and every event."""

from collections.abc import Mapping
from enum import StrEnum
from types import ModuleType

import pytest

from models.domain import message_states, step_change_states
from models.domain.message_states import WAITING, MessageEvent, takes_report
from models.domain.step_change_states import StepChangeEvent
from models.domain.words import MessageState, StepChangeState
from tests.domain.state_walks import Allowed, every_pair, is_answered_or_refused

M, ME = MessageState, MessageEvent
C, CE = StepChangeState, StepChangeEvent
REPORTED = {ME.ACCEPTED: M.SENT, ME.DELIVERED: M.DELIVERED, ME.UNDELIVERED: M.UNDELIVERED}
MESSAGES: Mapping[MessageState, Mapping[MessageEvent, MessageState]] = {
    M.HELD: {ME.RELEASED: M.QUEUED, ME.DROPPED: M.DROPPED, ME.TOO_LATE: M.EXPIRED, **REPORTED},
    M.QUEUED: {ME.CLAIMED: M.CLAIMED, ME.DROPPED: M.DROPPED, **REPORTED},
    M.CLAIMED: {
        ME.CLAIMED: M.CLAIMED, ME.BEGUN: M.SENDING, ME.PUT_OFF: M.QUEUED, ME.BLOCKED: M.BLOCKED,
        ME.TOO_LATE: M.EXPIRED, ME.DROPPED: M.DROPPED, **REPORTED,
    },
    M.SENDING: {
        ME.NO_ANSWER: M.SENDING, ME.TRY_AGAIN: M.QUEUED, ME.REFUSED: M.REFUSED, ME.FATE_UNKNOWN: M.UNKNOWN, **REPORTED,
    },
    M.SENT: {ME.NO_REPORT: M.UNDELIVERED, **REPORTED},
    M.DELIVERED: {},
    M.UNDELIVERED: REPORTED,
    M.REFUSED: {},
    M.UNKNOWN: REPORTED,
    M.BLOCKED: {ME.RELEASED: M.QUEUED, ME.DROPPED: M.DROPPED, **REPORTED},
    M.EXPIRED: {ME.RELEASED: M.QUEUED, ME.DROPPED: M.DROPPED, **REPORTED},
    M.DROPPED: {},
}  # fmt: skip
STEP_CHANGES: Mapping[StepChangeState, Mapping[StepChangeEvent, StepChangeState]] = {
    C.ASKED: {CE.AGREED: C.IN_FORCE, CE.REFUSED: C.REFUSED, CE.LAPSED: C.LAPSED},
    C.IN_FORCE: {CE.LAPSED: C.LAPSED},
}
EVERY = every_pair(
    [
        (message_states, M, ME, MESSAGES),
        (step_change_states, C, CE, STEP_CHANGES),
    ]
)


class TestEveryPair:
    @pytest.mark.parametrize(("module", "state", "event", "allowed"), EVERY)
    def test_is_answered_or_refused_by_name(self, module: ModuleType, state: StrEnum, event: StrEnum, allowed: Allowed):
        """The tables list what is allowed; everything else is refused, nothing is dropped."""
        is_answered_or_refused(module, state, event, allowed)

    @pytest.mark.parametrize("event", ME)
    def test_of_a_set_names_the_states_it_may_find(self, event: MessageEvent):
        """Statements that change a set take their WHERE from the table."""
        assert set(message_states.before(event)) == {state for state in M if event in MESSAGES[state]}


class TestMessage:
    def test_of_unknown_fate_never_goes_out_again(self):
        """Design 3.6: by a report alone it becomes something else."""
        assert set(MESSAGES[M.UNKNOWN]) == set(REPORTED)

    def test_leaves_by_the_gate_alone(self):
        """Design 3.5: the one way to `sending` is from a lease."""
        ways = {pair for pair, after in message_states.TRANSITIONS.items() if after is M.SENDING}
        assert ways == {(M.CLAIMED, ME.BEGUN), (M.SENDING, ME.NO_ANSWER)}

    def test_that_waits_can_be_dropped(self):
        """What ends a family's contact finds them so."""
        assert {message_states.advance(state, ME.DROPPED) for state in WAITING} == {M.DROPPED}

    @pytest.mark.parametrize("state", M)
    @pytest.mark.parametrize("code", ["30003", "no_report", None])
    def test_takes_reports_until_its_first_final_word(self, state: MessageState, code: str | None):
        """That no report came in time is our own word, and not the final one."""
        final = {M.DELIVERED, M.REFUSED, M.DROPPED} | ({M.UNDELIVERED} if code != "no_report" else set())
        assert takes_report(state, error_code=code) is (state not in final)
