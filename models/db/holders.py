"""Whose caseload an adult of a family is: their own holder's, else that of the youngest child's. As SQL; no statement.

A mother seldom has a holder of her own: her baby's health visitor has the family.
"""

_OF_FAMILY = """
    coalesce({own}, (
        SELECT c.caseload_holder_id FROM household_member k JOIN person c ON c.id = k.person_id
        WHERE k.household_id = {household} AND k.valid_until IS NULL AND k.role IN ('child', 'unborn')
          AND c.caseload_holder_id IS NOT NULL
        ORDER BY c.date_of_birth DESC NULLS LAST, c.id LIMIT 1))
"""


def of_family(*, own: str, household: str) -> str:
    """Return the expression: `own` is the column with the person's own holder, `household` that of the family's id."""
    return _OF_FAMILY.format(own=own, household=household)
