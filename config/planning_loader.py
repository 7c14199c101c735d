"""Turn the checked planning files into domain values: what is planned, and when the next family review is due."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from models.domain.planning import (
    DischargeRule,
    FamilyReviewRule,
    PlanningRules,
    PregnancyRules,
    PrematureRule,
    RecordingPoints,
    ScoreThreshold,
)
from models.domain.schedule import MatchRules, Offset

Content = Mapping[str, Any]


def planning_from(content: Content) -> PlanningRules:
    """Build the planning rules."""
    pregnancy, discharge, points = content["pregnancy"], content["discharge"], content["recording_points"]
    spans = {name: timedelta(days=span["days"]) for name, span in pregnancy.items() if "days" in span}
    return PlanningRules(
        version=content["version"],
        source=content["source"],
        services=frozenset(name for name, on in content["services"].items() if on),
        oldest_child_months=content["oldest_child"]["months"],
        pregnancy=PregnancyRules(**spans, dates_checked_within_days=pregnancy["dates_checked_within"]["working_days"]),
        match=MatchRules(_before(content["matching"]["early"]), pregnancy["born_until"]["days"]),
        rebooked_within_days=content["rebooked_within"]["working_days"],
        outcome_wait_days=content["outcome_waited_for"]["working_days"],
        discharge=DischargeRule(
            service=discharge["service"],
            flag=discharge["flag"],
            contact_code=discharge["contact"],
            booked_within=discharge["booked_within"]["working_days"],
            seen_within=discharge["seen_within"]["working_days"],
            seen_within_high_risk=discharge["seen_within_high_risk"]["working_days"],
            recall_days=discharge["recall_until"]["days"],
        ),
        premature=PrematureRule(
            content["premature"]["before_weeks"], content["premature"]["corrected_until"]["months"]
        ),
        recording=RecordingPoints(
            tuple(points["contacts"]),
            frozenset(points["instruments"]),
            points["days_around"],
            points["shown_for"]["months"],
        ),
    )


def family_review_from(content: Content) -> FamilyReviewRule:
    """Build the rule of the family review."""
    return FamilyReviewRule(
        version=content["version"],
        source=content["source"],
        service=content["service"],
        contact_code=content["contact"],
        window_start=Offset(**content["window"]["from"]),
        window_end=Offset(**content["window"]["until"]),
        unbooked_on=Offset(**content["unbooked_on"]),
        overdue_on=Offset(**content["overdue_on"]),
        preschool_until_months=content["preschool_until"]["months"],
        flags=frozenset(content["flags"]),
        scores=tuple(
            ScoreThreshold(score["instrument"], score.get("total_at_least"), score.get("self_harm_item_at_least"))
            for score in content["scores"]
        ),
    )


def _before(span: Content) -> Offset:
    """A span written as a length, as the offset that far back."""
    return Offset(**{unit: -count for unit, count in span.items()})
