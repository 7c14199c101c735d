"""One question to the database whose answer should be empty; what the lists of checks are made of."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """`query` yields the ids of rows that break the rule; its parameters are those of `models.db.auditor`."""

    code: str
    rule: str  # the number in design section 3
    says: str
    query: str
    warns_only: bool = False
    broken_row: str = ""  # if the query reads every follow-up `f`: the same as a condition on one, for a single reading


def of_each_follow_up(code: str, rule: str, says: str, broken_row: str) -> Check:
    """A check of every follow-up by itself, whatever its age; all of these are read together (`models.db.auditor`).

    `broken_row`: a condition on `follow_up f`; what it looks up elsewhere stands last, so that few rows look it up.
    """
    return Check(code, rule, says, f"SELECT f.id FROM follow_up f WHERE {broken_row}", broken_row=broken_row)
