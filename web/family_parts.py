"""What stands on a family's page beside its people and plans: the adults as we know them, and what may be recorded."""

from typing import Any

from models.db import adult_records, carers, discharges, disclosure_page
from models.db.family_page import Family
from models.domain.words import PersonRole, PregnancyOutcome
from web import adult_words
from web.visits import Visit

GOES_ON = (PregnancyOutcome.UNKNOWN, PregnancyOutcome.CONTINUING)


def parts(visit: Visit, found: Family) -> dict[str, Any]:
    """The values of the partial templates of a family's page."""
    rules, household = visit.site.rules, found.household_id
    standing = carers.standing(visit.db, household)
    return {
        "carers": standing,
        "carers_question": rules.carers.question,
        "records": adult_records.newest(visit.db, household),
        "in_care": discharges.in_care(visit.db, visit.scope, household, guarded=rules.sharing.guarded),
        "telling": disclosure_page.of_household(visit.db, visit.scope, household),
        "expected": [one for one in found.members if one.role is PersonRole.UNBORN or one.pregnancy in GOES_ON],
        "told_by": adult_words.TOLD_BY,
        "relationships": adult_words.RELATIONSHIPS,
        "missed_by": adult_words.MISSED_BY,
    }
