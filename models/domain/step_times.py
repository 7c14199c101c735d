"""Decide whether a person may make a step earlier or later, and whether a team lead has to agree. Pure.

Source: domain.md 3.2 ("clinician may shorten any rung; lengthening needs reason and, for high risk, TL sign-off"). The
ceilings count from the time the ladder gives, so that asking twice gives no more than asking once.
"""

from dataclasses import dataclass
from datetime import datetime

from models.domain.staffing_rules import StepCeilings
from models.domain.words import StepChange
from models.domain.working_time import WorkingCalendar


class TimeRefused(ValueError):
    """The time can't be given; the message says what was expected, for whoever asked."""


@dataclass(frozen=True, slots=True)
class StepTimes:
    """One step's times: as its ladder has it, and as it stands now. `high_risk`: it runs on high-risk terms."""

    planned_for: datetime
    stands_at: datetime
    high_risk: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What asking for a time comes to. `needs_agreement`: a team lead decides; the step keeps its time meanwhile."""

    change: StepChange
    needs_agreement: bool


def judge(
    step: StepTimes,
    wanted: datetime,
    *,
    reason: str,
    is_lead: bool,
    ceilings: StepCeilings,
    now: datetime,
    calendar: WorkingCalendar,
) -> Verdict:
    """Return what asking for `wanted` comes to. Raises TimeRefused.

    Up to the time the ladder gives it is anybody's, a colleague's shortening taken back included. Later wants a reason
    and stays under the ceiling; for high risk only a team lead gives it.
    """
    if wanted <= now:
        raise TimeRefused("expected a time that is still to come")
    if wanted == step.stands_at:
        raise TimeRefused("expected another time than the one it has")
    if wanted <= step.planned_for:
        return Verdict(StepChange.EARLIER, needs_agreement=False)
    latest = ceilings.of(high_risk=step.high_risk).after(step.planned_for, calendar=calendar)
    if wanted > latest:
        raise TimeRefused(f"expected a time up to {_local(latest, calendar)}: no step may wait longer than that")
    if not reason.strip():
        raise TimeRefused("more time needs a reason")
    return Verdict(StepChange.LATER, needs_agreement=step.high_risk and not is_lead)


def _local(moment: datetime, calendar: WorkingCalendar) -> str:
    return f"{moment.astimezone(calendar.zone):%d.%m.%Y %H:%M}"
