"""What stands in the way of texts to a family, or of its plan, and who lives apart: values for the family's page."""

from typing import Any

from models.db import hold_facts, protection, splits
from models.db.family_page import Family
from models.domain.words import AccountRole, HoldKind
from web import words
from web.visits import Visit


def view(visit: Visit, found: Family) -> dict[str, Any]:
    """Return what the page's part on holds shows and offers; each act checks again for itself."""
    rules, role = visit.site.rules.holds.rules, visit.scope.role
    standing = hold_facts.of_household(visit.db, found.household_id)
    moved = [hold for hold in standing if hold.kind is HoldKind.MOVED_OUT]
    return {
        "holds": [(hold, rules[hold.kind], role in rules[hold.kind].may_end) for hold in standing],
        "to_accept": [hold for hold in moved if hold.handover_id is None],
        "handovers": sorted({hold.handover_id for hold in moved if hold.handover_id is not None}),
        "splits": splits.standing(visit.db, found.household_id),
        "closed_record": protection.find(visit.db, found.household_id),
        "living": [member for member in found.members if member.life_status != "deceased"],
        "mothers": [member for member in found.members if member.edd is not None and not member.is_child],
        "losses": words.LOSSES,
        "ways": words.WAYS,
        "separated": words.SEPARATED,
        "may_close_record": role in protection.MAY_CLOSE,
        "may_open_record": role is AccountRole.NAMED_NURSE,
    }
