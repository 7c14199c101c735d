"""Is one rung faster never slower, does a high-risk miss reach everybody it must, does a pattern reach the team lead?

What a ladder says of dates is tried out on sample follow-ups, with the clocks of the engine itself.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

from config.bounds import ceilings, working_days
from config.yaml_files import Finding, RuleFile, Where
from models.domain.ladder_clock import due_at
from models.domain.ladder_facts import FollowUpFacts
from models.domain.pathway import WAYS, Anchor, Due, Pathway, PlannedStep, Step, Unit
from models.domain.words import FollowUpState, FollowUpTrigger, OwnerRole
from models.domain.working_time import WorkingCalendar

_MISSES = (1, 2, 3)
# A week without holidays; a Thursday afternoon shows the weekend, a Monday morning shows none.
_CALENDAR = WorkingCalendar(ZoneInfo("Europe/London"), frozenset(), time(9), time(17), date(2030, 1, 1))
_STARTS = (datetime(2026, 11, 9, 10, tzinfo=UTC), datetime(2026, 11, 12, 15, tzinfo=UTC))


def pace_findings(file: RuleFile, pathway: Pathway, places: Sequence[tuple[Where, Step]]) -> Iterator[Finding]:
    """Yield the faults of one ladder, overlays laid over it, with the places of its steps in the file."""
    for where, step in places:
        if not all(_is_sooner(step, start, misses) for start in _STARTS for misses in _MISSES):
            yield file.finding((*where, "faster"), "no step later than at the routine pace")
    spared = pathway.code in ceilings()["high_risk_rungs"]["not_for"]
    if any(FollowUpTrigger.MISSED in step.triggers for step in pathway.steps) and not spared:
        yield from _rungs(file, pathway)
        yield from _patterns(file, pathway)


def _is_sooner(step: Step, start: datetime, misses: int) -> bool:
    facts = FollowUpFacts(
        state=FollowUpState.OPEN,
        trigger=FollowUpTrigger.MISSED,
        contact_code="",
        high_risk=False,
        miss_count=misses,
        opened_at=start,
        started_at=start,
        unseen_since=start,
        date_of_birth=start.date(),
        edd=start.date(),
        window_end=start.date(),
        pattern_at=start,
    )
    routine = due_at(step.routine, facts, None, calendar=_CALENDAR)
    faster = due_at(step.faster, facts, None, calendar=_CALENDAR)
    return routine is None or (faster is not None and faster <= routine)


def _rungs(file: RuleFile, pathway: Pathway) -> Iterator[Finding]:
    """domain.md 3.3 (vi): practitioner, team lead, a sighting, named nurse and head of service, each in time."""
    bounds = ceilings()["high_risk_rungs"]
    for trigger in map(FollowUpTrigger, bounds["triggers"]):
        for misses, way in product(_MISSES, WAYS.get(trigger, (None,))):
            steps = [
                planned
                for planned in pathway.plan(trigger, high_risk=True)
                if planned[1].fits(way)
                and planned[1].misses_at_least <= misses <= (planned[1].misses_at_most or misses)
            ]
            for rung, bound in bounds.items():
                if rung not in ("triggers", "not_for") and not _reached(steps, rung, bound, misses):
                    cause = trigger if way is None else f"{trigger}, {way}"
                    said = ", ".join(f"{name} {value}" for name, value in bound.items())
                    yield file.finding(
                        ("overlays",), f"a high-risk step for {cause} (miss {misses}) that tells the {rung}: {said}"
                    )


def _reached(steps: Sequence[PlannedStep], rung: str, bound: Any, misses: int) -> bool:
    role = OwnerRole(rung.removesuffix("_again"))
    later = rung.endswith("_again")
    for _, _, terms in steps:
        at = [_hours(due) for due in terms.due if due.misses_at_least <= misses and due.from_week is None]
        soonest = min((hours for hours in at if hours is not None and (hours > 0 or not later)), default=None)
        if terms.owner is not role or soonest is None or soonest > bound["within_hours"]:
            continue
        if "acknowledge_within_hours" in bound and terms.acknowledge_within.count > bound["acknowledge_within_hours"]:
            continue
        if "every_hours" in bound and (terms.repeat is None or terms.repeat.count > bound["every_hours"]):
            continue
        return True
    return False


def _hours(due: Due) -> float | None:
    """Elapsed hours after the miss; None for another clock or anchor."""
    anchored = due.anchor in (Anchor.START, Anchor.OPENED, Anchor.UNSEEN_SINCE)
    return due.span.count if anchored and due.span.unit is Unit.HOURS else None


def _patterns(file: RuleFile, pathway: Pathway) -> Iterator[Finding]:
    """A pattern that raises the follow-up is told to the team lead at once."""
    limit = ceilings()["pattern"]["team_lead_working_hours"]
    for high_risk in (False, True):
        steps = pathway.plan(FollowUpTrigger.MISSED, high_risk=high_risk)
        if not any(_tells_lead(planned, limit, high_risk=high_risk) for planned in steps):
            expected = f"a step for the team lead when a pattern is found, acknowledged within {limit} working hours"
            yield file.finding(("overlays",), expected)


def _tells_lead(planned: PlannedStep, limit: float, *, high_risk: bool) -> bool:
    _, step, terms = planned
    within = terms.acknowledge_within
    hours = within.count if high_risk else working_days(within) * 8
    at_once = all(due.anchor is Anchor.PATTERN_FOUND and due.span.count == 0 for due in terms.due)
    return step.of_pattern and at_once and terms.owner is OwnerRole.TEAM_LEAD and hours <= limit
