"""What the gate is told: the rules as data, and the facts of one family text as they are when it is sent. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from models.domain.holds import HoldRules
from models.domain.texting_hours import TextingHours
from models.domain.words import (
    AppointmentStatus,
    ContentLevel,
    FollowUpState,
    FollowUpTrigger,
    HoldKind,
    Known,
    LifeStatus,
    PregnancyOutcome,
    Purpose,
    TeamStage,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRules:
    """The field's rules as data (config/messages/gate.yaml, config/flags.yaml, config/holds.yaml)."""

    hours: TextingHours
    per_person_a_day: int
    per_household_a_day: int
    reconfirm_after: timedelta
    pregnancy_unknown_after_edd: timedelta
    useful_after_due: timedelta
    look_again_after: timedelta
    mobile_prefixes: tuple[str, ...]
    not_mobile_prefixes: tuple[str, ...]
    home_prefix: str
    flags_allowing_texts: frozenset[str]
    holds: HoldRules


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactFacts:
    """The number and what is known of it. `confirmed_on` is None where nobody confirmed it."""

    number: str
    safe_to_text: Known
    content_level: ContentLevel
    confirmed_on: date | None
    opted_out: bool = False
    failed: bool = False
    shared: bool = False  # on another person too, and not confirmed since
    interpreter: Known = Known.UNKNOWN
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class PregnancyFacts:
    """The pregnancy that an antenatal contact is about."""

    outcome: PregnancyOutcome
    edd: date


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpText:
    """The follow-up that a text after a miss speaks for."""

    state: FollowUpState
    trigger: FollowUpTrigger
    released: bool
    same_cycle: bool
    pathway_signed: bool
    rebooked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedText:
    """An appointment that a text speaks for."""

    status: AppointmentStatus
    starts_at: datetime
    vanished: bool = False
    source_sends_reminders: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFacts:
    """All the gate needs to know of one family text, as loaded at the moment of sending."""

    purpose: Purpose
    due_at: datetime
    not_after: datetime | None
    contact: ContactFacts
    recipient_life: LifeStatus
    subject_lives: tuple[LifeStatus, ...]
    contact_codes: frozenset[str]
    about_unborn: bool = False
    pregnancy: PregnancyFacts | None = None
    bereaved: bool = False
    holds: frozenset[HoldKind] = frozenset()  # those that stand and reach this text
    lives_apart: bool = False  # whom it goes to and whom it is about
    flags: frozenset[str] = frozenset()
    household_stopped: bool = False
    team_stopped: bool = False
    all_stopped: bool = False
    team_stage: TeamStage | None = None
    call_back_number: str | None = None
    follow_ups: tuple[FollowUpText, ...] = ()
    appointments: tuple[BookedText, ...] = ()
    same_key: bool = True  # its key, made again from the appointments as they are now
    feed_late: bool = False
    covered: bool = False
    sent_today_to_person: int = 0
    sent_today_to_household: int = 0
    has_words: bool = True
