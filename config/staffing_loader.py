"""Turn the checked staffing file into its rules, and say where it makes no sense."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from config.bounds import ceilings
from config.pathways_loader import span_from
from config.working_calendar import WORKING_DAY
from config.yaml_files import Finding, RuleFile
from models.domain.pathway import Span, Unit
from models.domain.staffing_rules import EmergencyRoute, StaffingRules, StepCeilings, WeeklyCheck


def staffing_from(content: Mapping[str, Any]) -> StaffingRules:
    """Build the rules of a file that has passed its schema."""
    hours, weekly, calendar = content["out_of_hours"], content["weekly_check"], content["calendar"]
    return StaffingRules(
        version=content["version"],
        source=content["source"],
        working_day=WORKING_DAY,
        emergency_routes=tuple(EmergencyRoute(**route) for route in hours["emergency_routes"]),
        route_test_valid=timedelta(days=hours["route_test_valid_days"]),
        longest_gap=timedelta(days=hours["longest_gap_days"]),
        weekly=WeeklyCheck(
            every=timedelta(days=weekly["every_days"]),
            silent_after=timedelta(days=weekly["silent_after_days"]),
            cover_horizon=timedelta(days=weekly["cover_horizon_days"]),
            unanswered_alerts=weekly["never_answers"]["alerts"],
            unanswered_for=timedelta(weeks=weekly["never_answers"]["weeks"]),
            settle_within=span_from(weekly["settle_within"]),
        ),
        calendar_back=timedelta(days=calendar["days_back"]),
        calendar_ahead=timedelta(days=calendar["days_ahead"]),
        step_ceilings=step_ceilings(),
    )


def step_ceilings() -> StepCeilings:
    """Return how much later a person may make a step, for each level of risk."""
    top = ceilings()
    return StepCeilings(
        routine=Span(Unit.WORKING_DAYS, top["routine"]["later_working_days"]),
        high_risk=Span(Unit.HOURS, top["high_risk"]["later_hours"]),
    )


def staffing_findings(file: RuleFile) -> Iterator[Finding]:
    """Yield faults: a check called silent before it is due again, a gap signed for longer than the ceiling."""
    weekly = file.content["weekly_check"]
    if weekly["silent_after_days"] <= weekly["every_days"]:
        yield file.finding(("weekly_check", "silent_after_days"), f"more than every_days ({weekly['every_days']})")
    most = ceilings()["staffing"]
    for where, limit in (
        (("weekly_check", "every_days"), most["check_every_days"]),
        (("out_of_hours", "longest_gap_days"), most["gap_days"]),
        (("out_of_hours", "route_test_valid_days"), most["route_test_days"]),
    ):
        if file.at(where) > limit:
            yield file.finding(where, f"at most {limit}")
