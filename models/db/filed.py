"""Which tables file a person's rows under a household or a team: read off the tables, so that none is missed.

When somebody leaves a household, or a record is closed to a team, every such row goes with them.
"""

import models.db.tables  # noqa: F401  (fills the metadata)
from models.db.base import Base

# Places of their own: memberships and holds are set, not filed; alerts are found by other keys; what was written of an
# adult and the patterns found are histories, which nobody changes, and a look for patterns is a household's own; two
# records are proposed as one person or as one household, never as both.
_NOT_FILED = frozenset(
    {"household_member", "hold", "alert", "adult_record", "pattern_found", "pattern_look", "merge_proposal"}
)


def under_household() -> list[str]:
    """Return the tables whose rows are a person's and name a household, in order."""
    return _with("household_id")


def under_team() -> list[str]:
    """Return the tables whose rows are a person's and name a team, in order."""
    return _with("team_id")


def _with(column: str) -> list[str]:
    tables = Base.metadata.tables
    filed = (name for name in tables if {"person_id", column} <= set(tables[name].columns.keys()))
    return sorted(name for name in filed if name not in _NOT_FILED)
