"""What no rule of a trust may exceed (config/ceilings.yaml), and how spans of different clocks compare."""

from functools import cache
from typing import Any

from config.rule_files import SHIPPED
from config.yaml_files import read_rule_file
from models.domain.pathway import Span, Unit

_HOURS_A_WORKING_DAY = 8


@cache
def ceilings() -> Any:
    """Return the bounds. A trust's folder can't change them."""
    return read_rule_file(SHIPPED / "ceilings.yaml").content


def working_days(span: Span) -> float:
    """Return a span's length in working days: hours of any kind by eight."""
    if span.unit in (Unit.HOURS, Unit.WORKING_HOURS):
        return span.count / _HOURS_A_WORKING_DAY
    return float(span.count)
