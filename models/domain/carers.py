"""Who else cares for the baby? When the question is put to a practitioner again, and to whom. Pure.

NOT ASKED, UNKNOWN (asked, and nobody could say), NO (by somebody's account, to be reviewed) and YES are four answers,
never folded. The rules are data: config/adults.yaml. Source: domain.md section 5.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from models.domain.pathway import Span
from models.domain.words import Known, OwnerRole
from models.domain.working_time import WorkingCalendar, add_months

HOUSEHOLD_CHANGED = "household_changed"  # an occasion beside the contact codes: somebody joined or left
REVIEW = "review"  # "no man involved" is an answer that is looked at again
UNANSWERED = frozenset({Known.NOT_ASKED, Known.UNKNOWN})


@dataclass(frozen=True)
class CarersRules:
    """Everything of config/adults.yaml."""

    version: int
    source: str
    question: str
    occasions: Mapping[str, bool]  # contact code to whether an unanswered question raises a task there
    not_older_than: timedelta  # a contact that is older when we hear of it is no occasion
    raise_after: Span  # after the contact: whoever was there has so long to write the answer down
    goes_up_after: Span
    review_after_months: int
    bases: Mapping[str, str]

    def raises(self, contact_code: str) -> bool:
        """Whether this contact, once it took place, is an occasion for a task."""
        return self.occasions.get(contact_code, False)


@dataclass(frozen=True, slots=True)
class NextAsk:
    """Whom the open question goes to now, and when it is put again."""

    role_chain: tuple[OwnerRole, ...]
    next_due_at: datetime


def next_ask(*, times_asked: int, now: datetime, rules: CarersRules, calendar: WorkingCalendar) -> NextAsk:
    """Return whom to ask: the practitioner first, then softly the team lead, and never further up than must be."""
    chain = (OwnerRole.TEAM_LEAD, OwnerRole.LAST_RESORT)
    first = (OwnerRole.PRACTITIONER, OwnerRole.TEAM_POOL, *chain)
    return NextAsk(first if times_asked == 0 else chain, rules.goes_up_after.after(now, calendar=calendar))


def review_on(answer: Known, *, answered_on: date, rules: CarersRules) -> date | None:
    """Return when an answer has to be looked at again; None where the next named contact is soon enough."""
    return add_months(answered_on, rules.review_after_months) if answer is Known.NO else None
