"""The users' words for prompts, referrals, challenges and agreed actions: one list for each sort of code."""

from collections.abc import Mapping
from typing import Any, Final

from models.domain.action_plan import ActionEvent
from models.domain.challenge import ChallengeEvent
from models.domain.prompt_states import PromptEvent
from models.domain.referral_states import ReferralEvent
from models.domain.words import (
    ChallengeOutcome,
    ChallengeState,
    ContactMode,
    IndicatorVerdict,
    PerinatalPhase,
    PlannedActionState,
    PromptBasis,
    ReferralHop,
    ReferralState,
)

BASES: Final[Mapping[PromptBasis, str]] = {
    PromptBasis.THRESHOLD: "By a published rule that your trust has signed",
    PromptBasis.UNSIGNED: "No band: nobody in your trust has signed a threshold for it yet",
    PromptBasis.NO_THRESHOLD: "No band: no threshold is valid for this person, time or language",
}
VERDICTS: Final[Mapping[IndicatorVerdict, str]] = {
    IndicatorVerdict.PROMPT: "asked for a decision",
    IndicatorVerdict.MERGED: "joined a question that was there already",
    IndicatorVerdict.REVIEW: "was old when it came: on the list to read",
    IndicatorVerdict.SILENT: "asked for nothing; that closes no concern",
}
PHASES: Final[Mapping[PerinatalPhase, str]] = {
    PerinatalPhase.ANTENATAL: "in pregnancy",
    PerinatalPhase.POSTNATAL: "after birth",
}
MODES: Final[Mapping[ContactMode, str]] = {
    ContactMode.HOME: "at home",
    ContactMode.CLINIC: "in a clinic",
    ContactMode.VIDEO: "by video",
    ContactMode.PHONE: "by phone",
}
REFERRALS: Final[Mapping[ReferralState, str]] = {
    ReferralState.SENT: "sent",
    ReferralState.RECEIVED: "received",
    ReferralState.ACCEPTED: "accepted",
    ReferralState.APPOINTED: "first appointment booked",
    ReferralState.ATTENDED: "first appointment kept",
    ReferralState.DECLINED: "declined",
    ReferralState.IN_TREATMENT: "treatment has begun",
    ReferralState.NOT_NEEDED: "assessed, no treatment needed",
    ReferralState.REDIRECTED: "declined, another way was found",
    ReferralState.WITHDRAWN: "withdrawn",
}
# "Not known by …: …": what a late hop lacks.
HOPS: Final[Mapping[ReferralHop, str]] = {
    ReferralHop.RECEIVED: "whether it arrived",
    ReferralHop.ACCEPTED: "whether it is accepted",
    ReferralHop.APPOINTED: "when the first appointment is",
    ReferralHop.ATTENDED: "whether the first appointment took place",
    ReferralHop.TREATMENT: "whether treatment has begun or is not needed",
    ReferralHop.OTHER_WAY: "which other way was found after the refusal",
}
REFERRAL_EVENTS: Final[Mapping[ReferralEvent, str]] = {
    ReferralEvent.ARRIVED: "The service has received it",
    ReferralEvent.ACCEPTED: "The service accepts it",
    ReferralEvent.DECLINED: "The service declines it",
    ReferralEvent.APPOINTED: "The first appointment has a date",
    ReferralEvent.ATTENDED: "The first appointment took place",
    ReferralEvent.NOT_ATTENDED: "The first appointment did not take place: a new one is needed",
    ReferralEvent.TREATMENT_BEGAN: "Treatment has begun",
    ReferralEvent.NO_TREATMENT_NEEDED: "Assessed: no treatment is needed",
    ReferralEvent.OTHER_WAY_FOUND: "Another way was found",
    ReferralEvent.WITHDRAWN: "We withdraw it",
}
PROMPT_EVENTS: Final[Mapping[PromptEvent, str]] = {
    PromptEvent.ASKED: "Asked",
    PromptEvent.VIEWED: "Read",
    PromptEvent.ACKNOWLEDGED: "Taken on",
    PromptEvent.MERGED: "A further score joined it",
    PromptEvent.DECIDED: "Decided",
    PromptEvent.REVIEW_DUE: "The day to look again has come",
}
STAGES: Final[Mapping[ChallengeState, str]] = {
    ChallengeState.PRACTITIONER: "practitioner to practitioner",
    ChallengeState.LINE_MANAGERS: "line managers",
    ChallengeState.NAMED_PROFESSIONALS: "named or designated professionals",
    ChallengeState.HEADS_OF_SERVICE: "heads of service",
    ChallengeState.SAFEGUARDING_PARTNERS: "safeguarding partners",
    ChallengeState.RESOLVED: "resolved",
}
CHALLENGE_OUTCOMES: Final[Mapping[ChallengeOutcome, str]] = {
    ChallengeOutcome.AGREED: "They do what was asked",
    ChallengeOutcome.COMPROMISE: "We met half-way",
    ChallengeOutcome.OTHER_WAY: "Help was found another way",
    ChallengeOutcome.VIEW_CHANGED: "We no longer ask for it",
    ChallengeOutcome.IMMEDIATE_ROUTE: "The danger was immediate: 999, duty team or strategy discussion",
}
CHALLENGE_EVENTS: Final[Mapping[ChallengeEvent, str]] = {
    ChallengeEvent.OPENED: "Opened",
    ChallengeEvent.ASKED: "Told whose turn it is",
    ChallengeEvent.REPLIED: "They replied",
    ChallengeEvent.RAISED: "Raised to the next stage",
    ChallengeEvent.RESOLVED: "Resolved",
}
ACTIONS: Final[Mapping[PlannedActionState, str]] = {
    PlannedActionState.OPEN: "open",
    PlannedActionState.DONE: "done",
    PlannedActionState.CANCELLED: "no longer needed",
}
ACTION_EVENTS: Final[Mapping[ActionEvent, str]] = {
    ActionEvent.AGREED: "Agreed",
    ActionEvent.ASKED: "Overdue: somebody was told",
    ActionEvent.MOVED: "Another date",
    ActionEvent.DONE: "Done",
    ActionEvent.CANCELLED: "No longer needed",
}
# Who else should know; kept with the decision as recorded.
TOLD: Final[Mapping[str, str]] = {
    "gp": "GP",
    "health_visitor": "Health visitor",
    "midwife": "Midwife",
    "pmh": "Perinatal mental health",
}
LISTS: Final[Mapping[str, Mapping[Any, str]]] = {
    "basis": BASES,
    "verdict": VERDICTS,
    "phase": PHASES,
    "mode": MODES,
    "referral": REFERRALS,
    "hop": HOPS,
    "referral_event": REFERRAL_EVENTS,
    "prompt_event": PROMPT_EVENTS,
    "stage": STAGES,
    "challenge_outcome": CHALLENGE_OUTCOMES,
    "challenge_event": CHALLENGE_EVENTS,
    "action": ACTIONS,
    "action_event": ACTION_EVENTS,
}
