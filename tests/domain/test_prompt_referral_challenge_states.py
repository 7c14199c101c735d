"""Prompts, referrals, challenges, actions: every state and every event; and the clocks of hops and stages."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain import action_plan, challenge, prompt_states, referral_states
from models.domain.action_plan import ActionEvent
from models.domain.challenge import STAGES, ChallengeEvent, stage_due
from models.domain.prompt_states import PromptEvent
from models.domain.referral_states import NEXT_HOP, ReferralEvent, hop_due
from models.domain.words import (
    ChallengeState,
    OwnerRole,
    PlannedActionState,
    PromptState,
    ReferralState,
    Urgency,
)
from tests.domain.builders import at, local, rules
from tests.domain.state_walks import Allowed, every_pair, is_answered_or_refused

RULES = rules()
P, PE = PromptState, PromptEvent
R, RE = ReferralState, ReferralEvent
C, CE = ChallengeState, ChallengeEvent
A, AE = PlannedActionState, ActionEvent

PROMPTS: Mapping[PromptState, Mapping[PromptEvent, PromptState]] = {
    P.RAISED: {
        **dict.fromkeys((PE.ASKED, PE.MERGED), P.RAISED),
        **dict.fromkeys((PE.VIEWED, PE.ACKNOWLEDGED), P.SEEN),
        PE.DECIDED: P.DECIDED,
    },
    P.SEEN: {
        **dict.fromkeys((PE.ASKED, PE.VIEWED, PE.ACKNOWLEDGED, PE.MERGED), P.SEEN),
        PE.DECIDED: P.DECIDED,
    },
    P.DECIDED: {PE.VIEWED: P.DECIDED, PE.MERGED: P.DECIDED, PE.REVIEW_DUE: P.RAISED},
}
_EARLY = {RE.ACCEPTED: R.ACCEPTED, RE.DECLINED: R.DECLINED, RE.APPOINTED: R.APPOINTED, RE.ATTENDED: R.ATTENDED,
          RE.WITHDRAWN: R.WITHDRAWN}  # fmt: skip
REFERRALS: Mapping[ReferralState, Mapping[ReferralEvent, ReferralState]] = {
    R.SENT: {**_EARLY, RE.ARRIVED: R.RECEIVED},
    R.RECEIVED: _EARLY,
    R.ACCEPTED: {event: state for event, state in _EARLY.items() if event is not RE.ACCEPTED},
    R.APPOINTED: {
        RE.DECLINED: R.DECLINED, RE.APPOINTED: R.APPOINTED, RE.ATTENDED: R.ATTENDED, RE.NOT_ATTENDED: R.ACCEPTED,
        RE.WITHDRAWN: R.WITHDRAWN,
    },
    R.ATTENDED: {
        RE.DECLINED: R.DECLINED, RE.NOT_ATTENDED: R.ACCEPTED, RE.TREATMENT_BEGAN: R.IN_TREATMENT,
        RE.NO_TREATMENT_NEEDED: R.NOT_NEEDED, RE.WITHDRAWN: R.WITHDRAWN,
    },
    R.DECLINED: {
        RE.ACCEPTED: R.ACCEPTED, RE.APPOINTED: R.APPOINTED, RE.ATTENDED: R.ATTENDED,
        RE.OTHER_WAY_FOUND: R.REDIRECTED, RE.WITHDRAWN: R.WITHDRAWN,
    },
}  # fmt: skip
CHALLENGES: Mapping[ChallengeState, Mapping[ChallengeEvent, ChallengeState]] = {
    stage: {CE.ASKED: stage, CE.REPLIED: stage, CE.RESOLVED: C.RESOLVED}
    | ({CE.RAISED: STAGES[place + 1]} if place + 1 < len(STAGES) else {})
    for place, stage in enumerate(STAGES)
}
ACTIONS: Mapping[PlannedActionState, Mapping[ActionEvent, PlannedActionState]] = {
    A.OPEN: {AE.ASKED: A.OPEN, AE.MOVED: A.OPEN, AE.DONE: A.DONE, AE.CANCELLED: A.CANCELLED}
}
TABLES = [
    (prompt_states, P, PE, PROMPTS),
    (referral_states, R, RE, REFERRALS),
    (challenge, C, CE, CHALLENGES),
    (action_plan, A, AE, ACTIONS),
]
EVERY = every_pair(TABLES)


class TestEveryPair:
    @pytest.mark.parametrize(("module", "state", "event", "allowed"), EVERY)
    def test_is_answered_or_refused_by_name(self, module: ModuleType, state: StrEnum, event: StrEnum, allowed: Allowed):
        """The tables list what is allowed; everything else is refused, nothing is dropped."""
        is_answered_or_refused(module, state, event, allowed)

    def test_of_a_prompt_is_decided_by_nothing_but_a_decision(self):
        """No timer decides, and reading is no answer."""
        ends = {event for (_, event), state in prompt_states.TRANSITIONS.items() if state is P.DECIDED}
        assert ends == {PE.DECIDED, PE.VIEWED, PE.MERGED}
        into = {(before, event) for (before, event), after in prompt_states.TRANSITIONS.items() if after is P.DECIDED}
        assert {event for before, event in into if before is not P.DECIDED} == {PE.DECIDED}


class TestHopClock:
    """Received within 1 working day urgent and 3 routine; QS115: assessed in 2 weeks, treated in 6; emergency 4 h."""

    def due(self, urgency: Urgency, state: ReferralState, *, sent: str, known: str | None = None) -> str:
        found = hop_due(
            state,
            RULES.referrals.clocks[urgency],
            sent_at=at(sent),
            known_at=at(known or sent),
            calendar=RULES.calendar,
        )
        return local(found)

    def test_over_the_easter_weekend_runs_in_working_days(self):
        """Sent on the Thursday before Good Friday 2027: routine by Thursday after, urgent by Tuesday."""
        assert self.due(Urgency.ROUTINE, R.SENT, sent="2027-03-25 15:00") == "Thu 1 Apr 17:00"
        assert self.due(Urgency.URGENT, R.SENT, sent="2027-03-25 15:00") == "Tue 30 Mar 17:00"

    def test_of_an_emergency_runs_in_hours_through_the_holiday_and_the_clock_change(self):
        """Saturday night before the clocks go forward: four real hours are five on the wall."""
        assert self.due(Urgency.RED_FLAG, R.APPOINTED, sent="2027-03-27 22:00") == "Sun 28 Mar 03:00"
        assert self.due(Urgency.RED_FLAG, R.SENT, sent="2027-03-26 09:00") == "Fri 26 Mar 09:30"

    def test_is_two_weeks_to_the_assessment_and_six_to_treatment(self):
        """From the sending, whatever the hops before took; the last day's close, never after a day off."""
        assert self.due(Urgency.ROUTINE, R.APPOINTED, sent="2026-11-02 10:00") == "Mon 16 Nov 17:00"
        assert self.due(Urgency.ROUTINE, R.ATTENDED, sent="2026-11-02 10:00") == "Mon 14 Dec 17:00"

    def test_gives_the_next_hop_a_little_time_after_a_late_one(self):
        """Accepted on day 20: the first appointment is asked about the next working day, not in the same breath."""
        assert self.due(Urgency.ROUTINE, R.ACCEPTED, sent="2026-11-02 10:00", known="2026-11-20 11:00") == (
            "Mon 23 Nov 17:00"
        )

    def test_after_a_refusal_begins_with_the_refusal(self):
        """Another way, or a challenge, within two working days."""
        assert self.due(Urgency.ROUTINE, R.DECLINED, sent="2026-11-02 10:00", known="2026-11-13 11:00") == (
            "Tue 17 Nov 17:00"
        )

    @given(state=st.sampled_from(R), urgency=st.sampled_from(Urgency), hours=st.integers(0, 2000))
    def test_is_set_while_the_referral_lives_and_never_behind_what_is_known(self, state, urgency, hours):
        """A live referral always has a due time to come."""
        sent = at("2026-11-02 10:00")
        known = sent if state is R.SENT else sent + timedelta(hours=hours)
        found = hop_due(state, RULES.referrals.clocks[urgency], sent_at=sent, known_at=known, calendar=RULES.calendar)
        assert (found is None) is (state not in NEXT_HOP)
        assert found is None or found > known


class TestChallengeStage:
    def test_takes_about_eight_working_days_in_all(self):
        """24 h, 2, 2 and 3 working days from a Monday morning; each begins when a person raises the one before."""
        began, ends = at("2026-11-02 10:00"), []
        for stage in STAGES[:-1]:
            began = stage_due(RULES.challenge.stages[stage], urgent=False, began_at=began, calendar=RULES.calendar)
            ends.append(local(began))
        assert ends == ["Tue 3 Nov 10:00", "Thu 5 Nov 17:00", "Mon 9 Nov 17:00", "Thu 12 Nov 17:00"]

    def test_of_an_urgent_one_is_the_same_day(self):
        stage = RULES.challenge.stages[C.PRACTITIONER]
        due = stage_due(stage, urgent=True, began_at=at("2026-11-02 10:00"), calendar=RULES.calendar)
        assert local(due) == "Mon 2 Nov 14:00"

    def test_tells_its_owner_then_the_next_stages_owner_then_up_for_ever(self):
        """Nothing is raised by a timer: the next stage's owner is told that it is due."""
        told = [RULES.challenge.owner_chain(C.PRACTITIONER, times_asked=times)[0] for times in range(6)]
        assert told == [
            OwnerRole.PRACTITIONER,
            OwnerRole.TEAM_LEAD,
            OwnerRole.NAMED_NURSE,
            OwnerRole.HEAD_OF_SERVICE,
            OwnerRole.HEAD_OF_SERVICE,
            OwnerRole.HEAD_OF_SERVICE,
        ]

    def test_outside_is_brought_there_by_our_head_of_service(self):
        """The safeguarding partners have no login; a ladder may not depend on one."""
        assert RULES.challenge.owner_chain(C.SAFEGUARDING_PARTNERS, times_asked=0)[0] is OwnerRole.HEAD_OF_SERVICE


class TestActionOverdue:
    def test_is_for_its_owner_then_the_team_lead_then_the_named_nurse(self):
        told = [RULES.actions.chain(times_asked=times)[0] for times in range(4)]
        assert told == [
            OwnerRole.PRACTITIONER,
            OwnerRole.TEAM_LEAD,
            OwnerRole.NAMED_NURSE,
            OwnerRole.NAMED_NURSE,
        ]
