"""How far a pregnancy is, and the corrected age of a child born early. Pure. Source: domain.md 1.1, 1.3.

Windows run by the real age; the corrected one is only shown beside it, where the due date is known.
"""

from dataclasses import dataclass
from datetime import date

from models.domain.planning import PrematureRule
from models.domain.schedule import GESTATION
from models.domain.working_time import add_months


@dataclass(frozen=True, slots=True)
class Gestation:
    """Completed weeks and days of pregnancy; written 28+0."""

    weeks: int
    days: int

    def __str__(self) -> str:
        return f"{self.weeks}+{self.days}"


def gestation(edd: date, *, on: date) -> Gestation:
    """Return how far a pregnancy with that EDD is on a day; never less than 0+0."""
    return Gestation(*divmod(max((on - (edd - GESTATION)).days, 0), 7))


def corrected_from(born: date, *, edd: date | None, today: date, rule: PrematureRule) -> date | None:
    """Return from which day the corrected age runs: the EDD; None where it isn't shown or nobody knows it."""
    if edd is None or gestation(edd, on=born).weeks >= rule.before_weeks:
        return None
    return edd if today < add_months(born, rule.corrected_until_months) else None
