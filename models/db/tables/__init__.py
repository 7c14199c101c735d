"""The tables, by subject. What must never happen is forbidden here, by the database."""

from models.db.tables.accounts import Account, AccountTeam, LoginTry, WebSession
from models.db.tables.adults import AdultRecord, CarersAnswer, CarersQuestion
from models.db.tables.appointments import Appointment, AppointmentEvent, ExpectedContact
from models.db.tables.declines import Decline, DeclineEvent
from models.db.tables.families import (
    ContactPoint,
    Flag,
    Household,
    HouseholdMember,
    Indicator,
    Person,
    PersonIdentifier,
    Pregnancy,
)
from models.db.tables.follow_ups import Alert, FollowUp, FollowUpEvent, PathwayVersion, Referral, ReferralPrompt
from models.db.tables.holds import Handover, Hold, HoldEvent, HouseholdSplit, SplitMember
from models.db.tables.merges import MergeItem, MergeProposal, RecordMerge
from models.db.tables.messages import Attempt, InboundMessage, Message, MessageSubject, Receipt, TextsStop
from models.db.tables.patterns import PatternFound, PatternLook
from models.db.tables.planning import ExpectedContactEvent, PlanMark, PlannedRule, SchoolHandover
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
    "PlannedRule",
    "Practitioner",
    "Pregnancy",
    "Receipt",
    "RecordMerge",
    "Referral",
    "ReferralPrompt",
    "SchoolHandover",
    "SharingAgreement",
    "Source",
    "SplitMember",
    "StaffedHours",
    "StepTime",
    "Team",
    "TextsStop",
    "Tick",
    "WebSession",
]
