"""The tables, by subject. What must never happen is forbidden here, by the database."""

from models.db.tables.accounts import Account, AccountTeam, LoginTry, WebSession
from models.db.tables.appointments import Appointment, AppointmentEvent, ExpectedContact
from models.db.tables.challenges import Challenge, ChallengeEvent, PlannedAction, PlannedActionEvent
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
from models.db.tables.messages import Attempt, InboundMessage, Message, MessageSubject, Receipt, TextsStop
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
from models.db.tables.sources import ImportRejection, ImportRun, Source
from models.db.tables.staff import Absence, Practitioner, Team

HISTORY_TABLES = (
    "appointment_event",
    "follow_up_event",
    "audit_entry",
    "audit_seal",
    "receipt",
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
    "Alert",
    "Appointment",
    "AppointmentEvent",
    "Attempt",
    "AuditEntry",
    "AuditSeal",
    "Challenge",
    "ChallengeEvent",
    "ContactPoint",
    "ExpectedContact",
    "Flag",
    "FollowUp",
    "FollowUpEvent",
    "Household",
    "HouseholdMember",
    "ImportRejection",
    "ImportRun",
    "InboundMessage",
    "Indicator",
    "IndicatorReview",
    "Lease",
    "LoginTry",
    "Message",
    "MessageSubject",
    "PathwayVersion",
    "Person",
    "PersonIdentifier",
    "PlannedAction",
    "PlannedActionEvent",
    "Practitioner",
    "Pregnancy",
    "PromptEvent",
    "Receipt",
    "Referral",
    "ReferralEvent",
    "ReferralPrompt",
    "Source",
    "Team",
    "TextsStop",
    "ThresholdSignature",
    "Tick",
    "WebSession",
]
