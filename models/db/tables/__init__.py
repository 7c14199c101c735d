"""The tables, by subject. What must never happen is forbidden here, by the database."""

from models.db.tables.accounts import Account, AccountTeam, LoginTry, WebSession
from models.db.tables.adults import AdultRecord, CarersAnswer, CarersQuestion
from models.db.tables.appointments import Appointment, AppointmentEvent, ExpectedContact
from models.db.tables.challenges import Challenge, ChallengeEvent, PlannedAction, PlannedActionEvent
from models.db.tables.declines import Decline, DeclineEvent
from models.db.tables.families import (
    ContactPoint,
    Flag,
    Household,
    HouseholdMember,
    Person,
    PersonIdentifier,
    Pregnancy,
)
from models.db.tables.follow_ups import Alert, FollowUp, FollowUpEvent, PathwayVersion
from models.db.tables.holds import Handover, Hold, HoldEvent, HouseholdSplit, SplitMember
from models.db.tables.merges import MergeItem, MergeProposal, RecordMerge
from models.db.tables.messages import Attempt, InboundMessage, Message, MessageSubject, Receipt, TextsStop
from models.db.tables.patterns import PatternFound, PatternLook
from models.db.tables.planning import ExpectedContactEvent, PlanMark, PlannedRule, SchoolHandover
from models.db.tables.prompts import (
    Indicator,
    IndicatorReview,
    PromptEvent,
    Referral,
    ReferralEvent,
    ReferralPrompt,
    ThresholdSignature,
)
from models.db.tables.running import AuditEntry, AuditSeal, Lease, Tick
from models.db.tables.sharing import (
    Discharge,
    Disclosure,
    DisclosureHistory,
    DisclosureRecipient,
    SharingAgreement,
)
from models.db.tables.sources import ImportRejection, ImportRun, Source
from models.db.tables.staff import Absence, Practitioner, Team
from models.db.tables.staffing import AgencyContact, CaseloadMove, ContactRoute, DutyGap, StaffedHours, StepTime

HISTORY_TABLES = (
    "appointment_event",
    "expected_contact_event",
    "follow_up_event",
    "audit_entry",
    "audit_seal",
    "receipt",
    "pattern_found",
    "duty_gap",
    "disclosure_history",
    "adult_record",
    "carers_answer",
    "hold_event",
    "decline_event",
    "merge_item",
    "threshold_signature",
    "prompt_event",
    "referral_event",
    "challenge_event",
    "planned_action_event",
)

__all__ = [
    "HISTORY_TABLES",
    "Absence",
    "Account",
    "AccountTeam",
    "AdultRecord",
    "AgencyContact",
    "Alert",
    "Appointment",
    "AppointmentEvent",
    "Attempt",
    "AuditEntry",
    "AuditSeal",
    "CarersAnswer",
    "CarersQuestion",
    "CaseloadMove",
    "Challenge",
    "ChallengeEvent",
    "ContactPoint",
    "ContactRoute",
    "Decline",
    "DeclineEvent",
    "Discharge",
    "Disclosure",
    "DisclosureHistory",
    "DisclosureRecipient",
    "DutyGap",
    "ExpectedContact",
    "ExpectedContactEvent",
    "Flag",
    "FollowUp",
    "FollowUpEvent",
    "Handover",
    "Hold",
    "HoldEvent",
    "Household",
    "HouseholdMember",
    "HouseholdSplit",
    "ImportRejection",
    "ImportRun",
    "InboundMessage",
    "Indicator",
    "IndicatorReview",
    "Lease",
    "LoginTry",
    "MergeItem",
    "MergeProposal",
    "Message",
    "MessageSubject",
    "PathwayVersion",
    "PatternFound",
    "PatternLook",
    "Person",
    "PersonIdentifier",
    "PlanMark",
    "PlannedAction",
    "PlannedActionEvent",
    "PlannedRule",
    "Practitioner",
    "Pregnancy",
    "PromptEvent",
    "Receipt",
    "RecordMerge",
    "Referral",
    "ReferralEvent",
    "ReferralPrompt",
    "SchoolHandover",
    "SharingAgreement",
    "Source",
    "SplitMember",
    "StaffedHours",
    "StepTime",
    "Team",
    "TextsStop",
    "ThresholdSignature",
    "Tick",
    "WebSession",
]
