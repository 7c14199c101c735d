"""The rules of planning as values: what is planned, which spans hold, who is asked what (config/planning.yaml)."""

from dataclasses import dataclass
from datetime import timedelta

from models.domain.schedule import MatchRules, Offset


@dataclass(frozen=True, slots=True)
class PregnancyRules:
    """The spans round an EDD."""

    outcome_asked_after: timedelta
    outcome_recall_until: timedelta  # first heard of later than this after the EDD: history
    dates_changed_over: timedelta
    dates_checked_within_days: int  # working days
    parity_needed_by: timedelta  # before the EDD: negative
    born_from: timedelta  # before the EDD: negative
    born_until: timedelta
    same_within: timedelta
    twins_within: timedelta
    mother_planned_until: timedelta


@dataclass(frozen=True, slots=True)
class DischargeRule:
    """The visit that a baby gets who leaves hospital. Spans are working days after the day it left."""

    service: str
    flag: str
    contact_code: str
    booked_within: int
    seen_within: int
    seen_within_high_risk: int
    recall_days: int  # a discharge first heard of later than this is history


@dataclass(frozen=True, slots=True)
class PrematureRule:
    """For whom, and until which age, the corrected age is shown."""

    before_weeks: int
    corrected_until_months: int


@dataclass(frozen=True, slots=True)
class RecordingPoints:
    """At which contacts both parents should be asked how they are, and what counts as having asked."""

    contacts: tuple[str, ...]
    instruments: frozenset[str]
    days_around: int
    shown_months: int  # gaps older than this are not listed


@dataclass(frozen=True, slots=True)
class PlanningRules:
    """What a deployment plans, and how."""

    version: int
    source: str
    services: frozenset[str]
    oldest_child_months: int
    pregnancy: PregnancyRules
    match: MatchRules
    rebooked_within_days: int  # working days
    outcome_wait_days: int  # working days
    discharge: DischargeRule
    premature: PrematureRule
    recording: RecordingPoints


@dataclass(frozen=True, slots=True)
class ScoreThreshold:
    """A score that counts as an indicator: the total, or the self-harm item, at least this."""

    instrument: str
    total_at_least: int | None
    self_harm_item_at_least: int | None


@dataclass(frozen=True, slots=True)
class FamilyReviewRule:
    """When the next family review of a household is due, and what makes one due (config/family-review.yaml)."""

    version: int
    source: str
    service: str  # planned only where this service is
    contact_code: str
    window_start: Offset
    window_end: Offset
    unbooked_on: Offset
    overdue_on: Offset
    preschool_until_months: int
    flags: frozenset[str]
    scores: tuple[ScoreThreshold, ...]
