"""The plan's part of a family's page, reckoned from what is stored: what can be recorded, what nobody has asked yet."""

from dataclasses import dataclass
from datetime import date, timedelta

from models.db import planning_page
from models.db.case import Member
from models.db.family_page import Family
from models.db.planning_page import FamilyPlan
from models.domain.gestation import corrected_from, gestation
from models.domain.ids import HouseholdId
from models.domain.recording_points import Gap, gaps
from models.domain.words import PersonRole, PlannedService
from models.domain.working_time import add_months
from web.visits import Visit

_PARENTS = (PersonRole.MOTHER, PersonRole.FATHER, PersonRole.PARTNER)
Corrected = dict[int, tuple[date, str]]  # child to the day the corrected age runs from, and the weeks at birth
MoodGaps = tuple[tuple[Member, date | None, tuple[Gap, ...]], ...]  # parent, when last asked, where not


@dataclass(frozen=True, slots=True)
class PlanView:
    """What the page draws."""

    plan: FamilyPlan
    mood: MoodGaps
    gestations: dict[int, str]  # of the pregnancies that go on
    corrected: Corrected
    reviews_can_be_recorded: bool
    parity_matters: bool  # some planned contact depends on it


def view(visit: Visit, found: Family) -> PlanView:
    """Read and reckon the plan's part of the page."""
    rules, today = visit.site.rules, visit.site.rules.calendar.civil_date(visit.now)
    plan = planning_page.family_plan(
        visit.db,
        found.household_id,
        recorded_codes=rules.contacts.recorded,
        twins_within=rules.planning.pregnancy.twins_within,
    )
    families = {code for code, kind in rules.contacts.kinds.items() if kind.whole_family}
    return PlanView(
        plan=plan,
        mood=mood_gaps(visit, found.household_id, found.members),
        gestations={one.id: str(gestation(one.edd, on=today)) for one in plan.expecting},
        corrected=corrected_ages(visit, found.members, plan.due_dates),
        reviews_can_be_recorded=any(one.contact_code in families for one in plan.recordable),
        parity_matters=PlannedService.MIDWIFERY in rules.planning.services,
    )


def mood_gaps(visit: Visit, household_id: HouseholdId | None, members: tuple[Member, ...]) -> MoodGaps:
    """Each parent, when they were last asked how they are, and at which contacts nobody recorded that they were.

    Empty where no contact at which to ask has begun.
    """
    if household_id is None:
        return ()
    rules, today = visit.site.rules, visit.site.rules.calendar.civil_date(visit.now)
    recording = rules.planning.recording
    found = planning_page.mood_records(
        visit.db,
        household_id,
        point_codes=recording.contacts,
        instruments=recording.instruments,
        since=add_months(today, -recording.shown_months),
        today=today,
    )
    around = timedelta(days=recording.days_around)
    asked = [(one, found.asked_on.get(one.person_id, [])) for one in members if one.role in _PARENTS]
    if not found.points:
        return ()
    return tuple(
        (member, max(days, default=None), gaps(found.points, days, around=around, today=today))
        for member, days in asked
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
