"""What stands beside a follow-up: what was told, or is to be; who else cares for the child; a question to think of."""

from typing import Any

from models.db import carers, disclosure_page
from models.db.case import Case
from models.domain.carers import UNANSWERED
from models.domain.reflections import Fit, Reflection, chosen
from models.domain.words import FamilyEventKind, FollowUpTrigger
from web.visits import Visit


def parts(visit: Visit, found: Case) -> dict[str, Any]:
    """The values of the partial templates of a follow-up's page."""
    row, db, scope = found.row, visit.db, visit.scope
    standing = carers.NOBODY_ASKED if row.household_id is None else carers.standing(db, row.household_id)
    return {
        "told": disclosure_page.told(db, scope, follow_up_id=row.id, team_id=row.team_id),
        "telling": disclosure_page.of_appointment(db, scope, row.appointment_id),
        "carers": standing,
        "carers_question": visit.site.rules.carers.question,
        "reflections": _reflections(visit, found, unanswered=standing.answer in UNANSWERED),
    }


def _reflections(visit: Visit, found: Case, *, unanswered: bool) -> tuple[Reflection, ...]:
    rules = visit.site.rules
    today = rules.calendar.civil_date(visit.now)
    row = found.row
    subject = next((one for one in found.members if one.person_id == row.person_id), None)
    adult_missed = rules.events.rules[FamilyEventKind.ADULT_MISSED_CONTACT].code
    fits = {
        Fit.MEN_UNKNOWN: unanswered,
        Fit.MISSED_AGAIN: row.miss_count > 1,
        Fit.SIBLING: sum(member.is_child for member in found.members) > 1,
        Fit.REFERRAL: row.trigger is FollowUpTrigger.REFERRAL_UNANSWERED,
        Fit.ADULT_MISSED: row.contact_code == adult_missed,
        Fit.AFTER_THE_EARLY_WEEKS: subject is not None
        and subject.is_child
        and subject.date_of_birth is not None
        and (today - subject.date_of_birth).days > rules.reflections.early_weeks_days,
    }
    case = [fit for fit, on in fits.items() if on]
    return chosen(rules.reflections, role=visit.scope.role, case=case, follow_up_id=row.id, day=today)
