"""The rules of staffing as values: out of hours, the weekly check, how far a person may move a step. Data only."""

from dataclasses import dataclass
from datetime import time, timedelta

from models.domain.pathway import Span


@dataclass(frozen=True, slots=True)
class EmergencyRoute:
    """A number to ring when nobody of the team can be reached, and when to ring it."""

    name: str
    number: str
    use: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyCheck:
    """How often the check runs and what counts as a gap."""

    every: timedelta
    silent_after: timedelta
    cover_horizon: timedelta
    unanswered_alerts: int
    unanswered_for: timedelta
    settle_within: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCeilings:
    """How much later than its ladder says a step may be made: config/ceilings.yaml, which no trust can raise."""

    routine: Span
    high_risk: Span

    def of(self, *, high_risk: bool) -> Span:
        """Return the ceiling for one level of risk."""
        return self.high_risk if high_risk else self.routine


@dataclass(frozen=True, kw_only=True)
class StaffingRules:
    """Everything of config/staffing.yaml, with the ceilings beside it."""

    version: int
    source: str
    emergency_routes: tuple[EmergencyRoute, ...]
    working_day: tuple[time, time]  # local; what lies outside it, and weekends and holidays, is out of hours
    route_test_valid: timedelta
    longest_gap: timedelta
    weekly: WeeklyCheck
    calendar_back: timedelta
    calendar_ahead: timedelta
    step_ceilings: StepCeilings
