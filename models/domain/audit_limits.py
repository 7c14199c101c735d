"""How late is too late for the auditor; the values are a trust's own (config/audit.yaml)."""

from dataclasses import dataclass
from datetime import date, timedelta

from models.domain.planning import FamilyReviewRule, PlanningRules
from models.domain.routes import Routes


@dataclass(frozen=True, slots=True)
class PlanningLimits:
    """By which rules plans are made, for the auditor's own look at them."""

    planning: PlanningRules
    family_review: FamilyReviewRule


@dataclass(frozen=True, slots=True)
class AuditLimits:
    """Spans after which waiting is a violation."""

    settling: timedelta
    late: timedelta
    message_late: timedelta
    sending: timedelta
    staffing_silent: timedelta  # the weekly check of staffing must have run within this
    untold: timedelta  # a routine alert must be in somebody's e-mail within this
    holiday_horizon: timedelta  # the checked bank holidays must reach this far ahead
    holidays_checked_until: date
    planning: PlanningLimits
    routes: Routes  # whom a red-flag card says to phone
    chain_entries: int  # of the sealed audit trail, about so many are looked at in one scheduled audit
    told_contacts: frozenset[str] = frozenset()  # contact codes whose miss by an adult has to be decided about

    def holidays_end_soon(self, today: date) -> bool:
        """Whether the list of bank holidays that somebody has checked ends too near `today`."""
        return self.holidays_checked_until - today < self.holiday_horizon
