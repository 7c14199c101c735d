"""The plan's part of a family's page, reckoned from what is stored: what can be recorded, what nobody has asked yet."""

from dataclasses import dataclass
from datetime import date, timedelta

from models.db import planning_page
from models.db.case import Member
from models.db.family_page import Family
from models.db.planning_page import FamilyPlan
from models.domain.gestation import corrected_from, gestation
from models.domain.recording_points import Gap, gaps
from models.domain.words import PersonRole
from web.visits import Visit

_PARENTS = (PersonRole.MOTHER, PersonRole.FATHER, PersonRole.PARTNER)
Corrected = dict[int, tuple[date, str]]  # child to the day the corrected age runs from, and the weeks at birth


@dataclass(frozen=True, slots=True)
class PlanView:
    """What the page draws. `gaps`: each parent with the points at which nothing was recorded of them."""

    plan: FamilyPlan
    gaps: tuple[tuple[Member, date | None, tuple[Gap, ...]], ...]
    gestations: dict[int, str]  # of the pregnancies that go on
    corrected: Corrected


def view(visit: Visit, found: Family) -> PlanView:
    """Read and reckon the plan's part of the page."""
    rules, today = visit.site.rules, visit.site.rules.calendar.civil_date(visit.now)
    recording = rules.planning.recording
    plan = planning_page.family_plan(
        visit.db,
        found.household_id,
        recorded_codes=rules.contacts.recorded,
        point_codes=recording.contacts,
        instruments=recording.instruments,
        today=today,
    )
    around = timedelta(days=recording.days_around)
    parents = [member for member in found.members if member.role in _PARENTS]
    asked = [(member, plan.asked_on.get(member.person_id, [])) for member in parents]
    return PlanView(
        plan=plan,
        gaps=tuple(
            (member, max(days, default=None), gaps(plan.points, days, around=around, today=today))
            for member, days in asked
        ),
        gestations={one.id: str(gestation(one.edd, on=today)) for one in plan.expecting},
        corrected=corrected_ages(visit, found.members, plan.due_dates),
    )


def corrected_ages(visit: Visit, members: tuple[Member, ...], due_dates: dict[int, date]) -> Corrected:
    """For children born early: from which day the corrected age runs, and how far the pregnancy was at birth."""
    rules, today = visit.site.rules, visit.site.rules.calendar.civil_date(visit.now)
    found: Corrected = {}
    for member in members:
        edd, born = due_dates.get(member.person_id), member.date_of_birth
        if born is None or edd is None:
            continue
        runs_from = corrected_from(born, edd=edd, today=today, rule=rules.planning.premature)
        if runs_from is not None:
            found[int(member.person_id)] = (runs_from, str(gestation(edd, on=born)))
    return found
