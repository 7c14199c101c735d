"""What no ladder and no setting may exceed: config/ceilings.yaml. A trust's folder can't change it."""

from functools import cache
from typing import Any

from config.rule_files import SHIPPED
from config.yaml_files import read_rule_file
from models.domain.pathway import Span, Unit

_HOURS_A_WORKING_DAY = 8


@cache
def ceilings() -> Any:
    """Return the ceilings."""
    return read_rule_file(SHIPPED / "ceilings.yaml").content


def working_days(span: Span) -> float:
    """Return a span as working days, an hour being an eighth of one: to compare it with a ceiling."""
    if span.unit in (Unit.HOURS, Unit.WORKING_HOURS):
        return span.count / _HOURS_A_WORKING_DAY
    return float(span.count)
