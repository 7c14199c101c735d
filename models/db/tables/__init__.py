"""The tables, by subject. What must never happen is forbidden here, by the database."""

from models.db.tables.accounts import Account, AccountTeam, LoginTry, WebSession
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
from models.db.tables.merges import MergeItem, MergeProposal, RecordMerge
from models.db.tables.messages import Attempt, InboundMessage, Message, MessageSubject, Receipt, TextsStop
from models.db.tables.running import AuditEntry, AuditSeal, Lease, Tick
from models.db.tables.sources import ImportRejection, ImportRun, Source
from models.db.tables.staff import Absence, Practitioner, Team

HISTORY_TABLES = (
    "appointment_event",
    "follow_up_event",
    "audit_entry",
    "audit_seal",
    "receipt",
    "decline_event",
    "merge_item",
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
    "ContactPoint",
    "Decline",
    "DeclineEvent",
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
    "Lease",
    "LoginTry",
    "MergeItem",
    "MergeProposal",
    "Message",
    "MessageSubject",
    "PathwayVersion",
    "Person",
    "PersonIdentifier",
    "Practitioner",
    "Pregnancy",
    "Receipt",
    "RecordMerge",
    "Referral",
    "ReferralPrompt",
    "Source",
    "Team",
    "TextsStop",
    "Tick",
    "WebSession",
]
