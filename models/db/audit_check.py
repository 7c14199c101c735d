"""One question of the auditor."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """`query` yields the ids of rows that break the rule; its parameters are those of `models.db.auditor`."""

    code: str
    rule: str  # the number in design section 3
    says: str
    query: str
    warns_only: bool = False
