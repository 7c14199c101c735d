"""The users' words for what columns hold. Never DNA for a child, never "failed" or "non-compliant" (design 7)."""

from collections.abc import Mapping
from typing import Final

from models.domain.gate import Reason
from models.domain.replies import ReplyMeaning
from models.domain.words import (
    AccountRole,
    Agency,
    AlertKind,
    AppointmentStatus,
    ClosedReason,
    ExpectedState,
    FollowUpState,
    FollowUpTrigger,
    HandoverWay,
    Known,
    LifeStatus,
    MessageState,
    OutcomeSubtype,
    PersonRole,
    PregnancyOutcome,
    PromptDecision,
    Purpose,
    RouteKind,
    SplitReason,
    StaffingGap,
    StaffRole,
    Urgency,
)

TRIGGERS: Final[Mapping[FollowUpTrigger, str]] = {
    FollowUpTrigger.OUTCOME_NOT_RECORDED: "Outcome not recorded",
    FollowUpTrigger.MISSED: "Missed",
    FollowUpTrigger.CANCELLED: "Cancelled, not booked again",
    FollowUpTrigger.NEVER_BOOKED: "Not booked",
    FollowUpTrigger.OVERDUE: "Not seen or held in time",
    FollowUpTrigger.REFERRAL_UNANSWERED: "Referral unanswered",
    FollowUpTrigger.FAMILY_EVENT: "Something in the family to follow up",
    FollowUpTrigger.DECLINED: "Declined, to be reviewed",
    FollowUpTrigger.CORRECTED: "The record was put right",
}
STATES: Final[Mapping[FollowUpState, str]] = {
    FollowUpState.OPEN: "Open",
    FollowUpState.BACKLOG: "Backlog",
    FollowUpState.SEEN: "Seen: please confirm and close",
    FollowUpState.CLOSING: "Waits for a second person to agree to close",
    FollowUpState.CLOSED: "Closed",
    FollowUpState.CONTINUED: "Goes on in a later follow-up",
}
STATUSES: Final[Mapping[AppointmentStatus, str]] = {
    AppointmentStatus.PLANNED: "planned",
    AppointmentStatus.BOOKED: "booked",
    AppointmentStatus.ARRIVED: "arrived",
    AppointmentStatus.ATTENDED: "took place",
    AppointmentStatus.ATTENDED_LATE: "took place, began late",
    AppointmentStatus.ARRIVED_NOT_SEEN: "came, but was not seen",
    AppointmentStatus.MISSED: "missed",
    AppointmentStatus.CANCELLED_BY_FAMILY: "cancelled by the family",
    AppointmentStatus.CANCELLED_BY_SERVICE: "cancelled by the service",
    AppointmentStatus.CANCELLED: "cancelled, by whom is not known",
    AppointmentStatus.DECLINED: "declined by the family",
    AppointmentStatus.VOID: "entered in error",
    AppointmentStatus.OUTCOME_DUE: "outcome not recorded",
}
MISSED: Final[Mapping[OutcomeSubtype, str]] = {
    OutcomeSubtype.WNB: "was not brought",
    OutcomeSubtype.DNA_ADULT: "did not attend",
    OutcomeSubtype.NAV_NO_ANSWER: "nobody answered the door",
    OutcomeSubtype.NAV_REFUSED_ENTRY: "the visitor was not let in",
    OutcomeSubtype.CHILD_NOT_SEEN: "the child was not seen",
    OutcomeSubtype.REPEAT_LATE_CANCEL: "cancelled late, again",
    OutcomeSubtype.LEFT_BEFORE_SEEN: "left before being seen",
    OutcomeSubtype.ADDRESS_UNKNOWN: "nobody knew the family at this address",
    OutcomeSubtype.TRAVELLING: "the family travels and was not there",
}
# What a person may record, with the status and the sub-type it stands for.
OUTCOMES: Final[Mapping[str, tuple[str, AppointmentStatus, OutcomeSubtype | None]]] = {
    "attended": ("It took place and the right person was seen", AppointmentStatus.ATTENDED, None),
    "child_not_seen": (
        "It took place, but the child was not seen",
        AppointmentStatus.ATTENDED,
        OutcomeSubtype.CHILD_NOT_SEEN,
    ),
    "wnb": ("The child was not brought", AppointmentStatus.MISSED, OutcomeSubtype.WNB),
    "no_answer": ("Nobody answered the door", AppointmentStatus.MISSED, OutcomeSubtype.NAV_NO_ANSWER),
    "not_let_in": ("The visitor was not let in", AppointmentStatus.MISSED, OutcomeSubtype.NAV_REFUSED_ENTRY),
    "did_not_attend": ("The adult did not attend", AppointmentStatus.MISSED, OutcomeSubtype.DNA_ADULT),
    "address_unknown": (
        "Nobody knew the family at this address",
        AppointmentStatus.MISSED,
        OutcomeSubtype.ADDRESS_UNKNOWN,
    ),
    "travelling": ("The family travels and was not there", AppointmentStatus.MISSED, OutcomeSubtype.TRAVELLING),
    "late_again": (
        "Cancelled late, not for the first time",
        AppointmentStatus.MISSED,
        OutcomeSubtype.REPEAT_LATE_CANCEL,
    ),
    "attended_late": ("It began late, and the right person was seen", AppointmentStatus.ATTENDED_LATE, None),
    "came_late": ("They came, too late to be seen", AppointmentStatus.ARRIVED_NOT_SEEN, None),
    "left": ("They left before being seen", AppointmentStatus.ARRIVED_NOT_SEEN, OutcomeSubtype.LEFT_BEFORE_SEEN),
    "cancelled_by_family": ("The family cancelled", AppointmentStatus.CANCELLED_BY_FAMILY, None),
    "cancelled_by_service": ("We cancelled", AppointmentStatus.CANCELLED_BY_SERVICE, None),
    "declined": ("The family declined this contact", AppointmentStatus.DECLINED, None),
    "void": ("It was entered in error: twice, or for the wrong person or day", AppointmentStatus.VOID, None),
}
CLOSING: Final[Mapping[ClosedReason, str]] = {
    ClosedReason.SEEN: "The person who had to be seen was seen",
    ClosedReason.TRANSFER_ACCEPTED: "Another service has accepted the family",
    ClosedReason.DECLINED_REVIEWED: "The family declined, and this was reviewed",
    ClosedReason.CLINICIAN_DECISION: "A clinician decided so",
    ClosedReason.DIED: "The person has died",
    ClosedReason.PREGNANCY_ENDED: "The pregnancy has ended",
    ClosedReason.ENTERED_IN_ERROR: "The appointment was entered in error",
    ClosedReason.BACKLOG_REVIEWED: "Old entry, reviewed: nothing is left to do",
}
CLOSED: Final[Mapping[ClosedReason, str]] = {**CLOSING, ClosedReason.OUTCOME_RECORDED: "The outcome was recorded"}
TEXTS: Final[Mapping[MessageState, str]] = {
    MessageState.HELD: "Text held because a person has to check and release it",
    MessageState.QUEUED: "Text waits for its time to leave",
    MessageState.CLAIMED: "Text is being sent",
    MessageState.SENDING: "Text is being sent",
    MessageState.SENT: "Text sent, not yet confirmed",
    MessageState.DELIVERED: "Text delivered",
    MessageState.UNDELIVERED: "Text did not arrive",
    MessageState.REFUSED: "Text could not be sent",
    MessageState.UNKNOWN: "Nobody knows whether the text left: please find out",
    MessageState.BLOCKED: "Text held",
    MessageState.EXPIRED: "Text not sent: its time had passed",
    MessageState.DROPPED: "Text dropped",
}
PURPOSES: Final[Mapping[Purpose, str]] = {
    Purpose.REMINDER_CONFIRMATION: "Confirmation of a booking",
    Purpose.REMINDER_WEEK: "Reminder, a week before",
    Purpose.REMINDER_TWO_DAYS: "Reminder, two days before",
    Purpose.REMINDER_SAME_DAY: "Reminder, the same day",
    Purpose.AFTER_MISS: "After a missed appointment",
    Purpose.STAFF_ALERT: "Alert to staff",
}
ALERTS: Final[Mapping[AlertKind, str]] = {
    AlertKind.STEP: "A step of a plan is due",
    AlertKind.CONFIRM_SEEN: "Seen: please confirm and close",
    AlertKind.SECOND_SIGNATURE: "A second person has to agree to close",
    AlertKind.BACKLOG_TRIAGE: "Old follow-ups to go through",
    AlertKind.FEED_LATE: "Data are late",
    AlertKind.FEED_SMALL: "Far less data came than usual",
    AlertKind.REJECTED_ROWS: "Rows of an import could not be read",
    AlertKind.VANISHED: "An appointment has gone from the extract",
    AlertKind.IDENTITY_CONFLICT: "Two records may be one person, or one record two",
    AlertKind.TEXT_BLOCKED: "A text was held back",
    AlertKind.TEXT_UNDELIVERED: "A text did not arrive",
    AlertKind.TEXT_FATE_UNKNOWN: "Nobody knows whether a text left",
    AlertKind.TEXT_STALE: "A text is too old to send",
    AlertKind.FAMILY_REPLY: "The family has replied",
    AlertKind.CANCELLATION_UNEXPLAINED: "Cancelled, by whom is not known",
    AlertKind.REFERRAL_PROMPT: "What was recorded asks for a decision",
    AlertKind.RED_FLAG: "Red flag: act now",
    AlertKind.AUDIT_VIOLATION: "The system's own check found a fault",
    AlertKind.DECLINE_INCOMPLETE: "A contact was declined: who, why or who last saw the child is missing",
    AlertKind.PREGNANCY_DATES_CHANGED: "The expected date of delivery moved: please check what is booked",
    AlertKind.DISCLOSURE_DUE: "An adult's care: decide who is told",
    AlertKind.REFERRAL_HOP: "A referral has not moved on in time",
    AlertKind.CHALLENGE: "A challenge to another service needs its next step",
    AlertKind.ACTION_OVERDUE: "An agreed action is overdue",
    AlertKind.FATHER_NOT_ASKED: "Nobody has asked about the father or partner yet",
    AlertKind.INDICATOR_REVIEW: "An older score came in: please review it",
    AlertKind.HOLD_ENDING: "Decide: does this still hold for the family?",
    AlertKind.MERGE_PROPOSED: "Two records may be one person",
    AlertKind.STEP_EXTENSION: "A colleague asks for more time for a step",
    AlertKind.POOL_UNCLAIMED: "Nobody in the team has taken this up",
    AlertKind.STAFFING_GAP: "People who can't be reached, or gaps in cover",
}
# What a person did about an alert that is not part of a follow-up's plan.
ALERT_OUTCOMES: Final[Mapping[str, str]] = {
    "dealt_with": "Dealt with",
    "rang_family": "Rang the family",
    "put_right_in_record": "Put right in the record system",
    "nothing_needed": "Looked at; nothing more is needed",
}
REPLIES: Final[Mapping[ReplyMeaning, str]] = {
    ReplyMeaning.COMING: "They say that they will come.",
    ReplyMeaning.CHANGE: "They want another time.",
    ReplyMeaning.CALL_ME: "They ask to be rung.",
    ReplyMeaning.STOP: "They ask not to be texted.",
    ReplyMeaning.OTHER: "Please read what they wrote.",
}
EXPECTED: Final[Mapping[ExpectedState, str]] = {
    ExpectedState.PLANNED: "not booked yet",
    ExpectedState.BOOKED: "booked",
    ExpectedState.MET: "took place",
    ExpectedState.OVERDUE: "overdue",
    ExpectedState.SUPERSEDED: "a later contact took its place",
    ExpectedState.NOT_APPLICABLE: "no longer applies",
}

KNOWN: Final[Mapping[Known, str]] = {
    Known.UNKNOWN: "not known",
    Known.NOT_ASKED: "not asked yet",
    Known.NO: "no",
    Known.YES: "yes",
}
ROLES: Final[Mapping[PersonRole, str]] = {
    PersonRole.CHILD: "child",
    PersonRole.UNBORN: "unborn child",
    PersonRole.MOTHER: "mother",
    PersonRole.FATHER: "father",
    PersonRole.PARTNER: "partner",
    PersonRole.CARER: "carer",
}
LIFE: Final[Mapping[LifeStatus, str]] = {
    LifeStatus.UNKNOWN: "not confirmed",
    LifeStatus.ALIVE: "alive",
    LifeStatus.DECEASED: "has died",
}
PREGNANCY: Final[Mapping[PregnancyOutcome, str]] = {
    PregnancyOutcome.UNKNOWN: "how it goes is not known",
    PregnancyOutcome.CONTINUING: "continuing",
    PregnancyOutcome.LIVE_BIRTH: "ended in a live birth",
    PregnancyOutcome.MISCARRIAGE: "ended in miscarriage",
    PregnancyOutcome.STILLBIRTH: "ended in stillbirth",
    PregnancyOutcome.TERMINATION: "was ended",
    PregnancyOutcome.NEONATAL_DEATH: "the baby died soon after birth",
    PregnancyOutcome.OTHER_END: "has ended",
}
URGENCY: Final[Mapping[Urgency, str]] = {
    Urgency.ROUTINE: "Routine",
    Urgency.URGENT: "Urgent",
    Urgency.RED_FLAG: "Red flag",
}
DECISIONS: Final[Mapping[PromptDecision, str]] = {
    PromptDecision.REFER: "Refer",
    PromptDecision.ALREADY_KNOWN: "Already known to the service",
    PromptDecision.NOT_INDICATED: "Not indicated",
}
ACCOUNT_ROLES: Final[Mapping[AccountRole, str]] = {
    AccountRole.HEALTH_VISITOR: "Health visitor",
    AccountRole.TEAM_LEAD: "Team lead",
    AccountRole.NAMED_NURSE: "Named nurse",
    AccountRole.ADMINISTRATOR: "Administrator",
}
TEXT_KEPT: Final = "Text in the outbox, not sent"
# "Text held because …", for every reason the gate can give.
HELD_BECAUSE: Final[Mapping[str, str]] = {
    Reason.RECIPIENT_DIED: "the person it would go to has died",
    Reason.CHILD_DIED: "the child has died",
    Reason.BEREAVED: "there was a loss in the family",
    Reason.PROTECTED_IDENTITY: "whom to contact may have changed; the named nurse decides",
    Reason.MOVED_OUT: "the family has moved out",
    Reason.IN_HOSPITAL: "mother or baby is in hospital",
    Reason.LIVES_APART: "the household was separated since",
    Reason.LIFE_UNKNOWN: "nobody has confirmed that child and parent are alive",
    Reason.PREGNANCY_ENDED: "the pregnancy has ended",
    Reason.PREGNANCY_UNKNOWN: "nobody has confirmed that the pregnancy goes on",
    Reason.FLAG: "a flag in this household allows no texts",
    Reason.STOPPED_HOUSEHOLD: "all texts to this family are stopped",
    Reason.STOPPED_TEAM: "all texts of this team are stopped",
    Reason.STOPPED_EVERYWHERE: "all texts are stopped",
    Reason.NOT_SAFE: "this number is not safe to text",
    Reason.SAFETY_UNKNOWN: "nobody has confirmed that this number is safe to text",
    Reason.SHARED_NUMBER: "this number belongs to more than one adult",
    Reason.NO_CONTENT_ALLOWED: "nothing may be written to this number",
    Reason.NOT_CONFIRMED: "nobody has confirmed that the number is right",
    Reason.CONFIRMED_LONG_AGO: "the number was last confirmed too long ago",
    Reason.OPTED_OUT: "the family asked not to be texted",
    Reason.NUMBER_FAILED: "an earlier text to this number did not arrive",
    Reason.LANDLINE: "the number is a landline",
    Reason.FOREIGN_NUMBER: "the number is from abroad",
    Reason.INTERPRETER_NEEDED: "the family needs an interpreter: please ring instead",
    Reason.OUTCOME_NOT_RECORDED: "nobody has recorded what happened yet",
    Reason.FOLLOW_UP_ENDED: "the follow-up has ended",
    Reason.FOLLOW_UP_CHANGED: "the follow-up has changed since",
    Reason.BACKLOG: "the appointment is too long ago",
    Reason.CHILD_SEEN: "the child has been seen",
    Reason.NOT_RELEASED: "a person has to check and release it",
    Reason.REBOOKED: "a new appointment is booked",
    Reason.APPOINTMENT_CHANGED: "the appointment was moved, cancelled or is over",
    Reason.VANISHED: "the appointment has gone from the extract",
    Reason.SOURCE_SENDS_REMINDERS: "the record system sends its own reminders",
    Reason.COVERED: "another text to this family today says the same",
    Reason.TEAM_NOT_LIVE: "this team does not send texts yet",
    Reason.PATHWAY_NOT_SIGNED: "nobody has signed this plan yet",
    Reason.NO_CALL_BACK_NUMBER: "the team has no number that a family could ring",
    Reason.NO_APPROVED_WORDS: "there are no approved words in this language",
    Reason.OUTSIDE_HOURS: "it is outside the hours for texts",
    Reason.DAILY_LIMIT: "this family has had its texts for today",
    Reason.FEED_LATE: "the data are late",
    Reason.TOO_LATE: "its time had passed",
    "hold": "something stands in its way: see the family's page",
    "split": "the household was separated, or put together again",
    "own_fault": "of a fault of Steadfast itself; support has been told",
}

# -- who has the work ---------------------------------------------------------------------------------------------
AGENCIES: Final[Mapping[str, str]] = {
    Agency.CHILDRENS_SOCIAL_CARE: "children's social care",
    Agency.EMERGENCY_DUTY_TEAM: "the emergency duty team",
    Agency.MATERNITY: "maternity",
    Agency.GP_PRACTICE: "the GP practice",
    Agency.PERINATAL_MENTAL_HEALTH: "perinatal mental health",
    Agency.ADULT_MENTAL_HEALTH: "adult mental health",
    Agency.SUBSTANCE_MISUSE_SERVICE: "the substance misuse service",
    Agency.POLICE: "the police",
    Agency.PROBATION: "probation",
    Agency.EARLY_YEARS_SETTING: "the nursery or early years setting",
    Agency.HOUSING: "housing",
}
STAFF_ROLES: Final[Mapping[StaffRole, str]] = {
    StaffRole.HEALTH_VISITOR: "health visitor",
    StaffRole.NURSERY_NURSE: "nursery nurse",
    StaffRole.MIDWIFE: "midwife",
    StaffRole.PMH_CLINICIAN: "perinatal mental health",
    StaffRole.GP: "GP",
    StaffRole.ADMIN: "office",
    StaffRole.DUTY: "duty",
    StaffRole.TEAM_LEAD: "team lead",
    StaffRole.NAMED_NURSE: "named nurse",
    StaffRole.HEAD_OF_SERVICE: "head of service",
}
GAPS: Final[Mapping[StaffingGap, str]] = {
    StaffingGap.UNREACHABLE: "Can't be reached: no login and no e-mail address",
    StaffingGap.NEVER_ANSWERS: "Has acknowledged no alert of late",
    StaffingGap.NO_COVER: "Away, and nobody covers: no cover, no duty, no lead at work",
    StaffingGap.EMPTY_ROLE: "Plans have steps for a role that nobody has",
    StaffingGap.LEAVER_HOLDS_WORK: "Has left and still holds work or a caseload",
    StaffingGap.NO_LEAD: "The team has no lead at work",
    StaffingGap.OUT_OF_HOURS: "Nobody can be reached at every hour, and no manager has signed for it",
}
ROUTES: Final[Mapping[RouteKind, str]] = {
    RouteKind.ACCOUNT: "login",
    RouteKind.EMAIL: "e-mail",
    RouteKind.PHONE: "telephone",
}
HANDED_OVER: Final = "Moved out, accepted by another service"
WAYS: Final[Mapping[HandoverWay, str]] = {
    HandoverWay.PHONE: "By phone",
    HandoverWay.MEETING: "In a meeting",
    HandoverWay.SECURE_EMAIL: "By secure e-mail",
    HandoverWay.RECORD_SYSTEM: "In the record system",
    HandoverWay.LETTER: "By letter",
}
LOSSES: Final[Mapping[PregnancyOutcome, str]] = {
    PregnancyOutcome.MISCARRIAGE: "Miscarriage",
    PregnancyOutcome.STILLBIRTH: "Stillbirth",
    PregnancyOutcome.TERMINATION: "It was ended",
    PregnancyOutcome.NEONATAL_DEATH: "The baby died soon after birth",
    PregnancyOutcome.OTHER_END: "It ended in another way",
}
SEPARATED: Final[Mapping[SplitReason, str]] = {
    SplitReason.RELATIONSHIP_ENDED: "The relationship has ended",
    SplitReason.FLED: "Somebody has fled",
    SplitReason.PLACED_IN_CARE: "A child was placed in care",
}
