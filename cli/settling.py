"""Run detection over what an import touched, so that `status` and `audit` are right with no engine running."""

from sqlalchemy import Engine

from config.rules import Rules
from workers.detect import detect_all


def settle(engine: Engine, rules: Rules) -> None:
    """Detect until nothing is left to detect. Safe beside running workers: one detector works at a time."""
    detect_all(engine, rules)
