"""What the pages of a family and of a follow-up show of red flags, questions, referrals, challenges and actions."""

from collections.abc import Mapping
from typing import Any

from models.db import challenge_page, family_concerns, planned_actions, referral_page
from models.db.case import Case
from models.db.family_page import Family
from web.visits import Visit


def for_family(visit: Visit, found: Family) -> Mapping[str, Any]:
    """The values that a family's page draws these from."""
    household, rules = found.household_id, visit.site.rules
    return {
        "concerns": family_concerns.concerns(visit.db, household),
        "open_prompts": family_concerns.open_prompts(visit.db, visit.scope, household),
        "referrals": referral_page.of_household(visit.db, visit.scope, household),
        "challenges": challenge_page.of_household(visit.db, visit.scope, household),
        "actions": planned_actions.of_household(visit.db, household),
        "colleagues": family_concerns.colleagues(visit.db, household, today=rules.calendar.civil_date(visit.now)),
        **_numbers(visit, found.team_id),
    }


def for_case(visit: Visit, found: Case) -> Mapping[str, Any]:
    """The values that a follow-up's page draws its red-flag card from."""
    row = found.row
    return {
        "concerns": family_concerns.concerns(visit.db, row.household_id, row.person_id),
        **_numbers(visit, row.team_id),
    }


def _numbers(visit: Visit, team_id: int | None) -> Mapping[str, Any]:
    routes = visit.site.rules.routes
    code = None if team_id is None else family_concerns.team_code(visit.db, team_id)
    return {"routes": routes, "local": routes.of_team(code)}
