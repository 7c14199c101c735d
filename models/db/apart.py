"""Who lives apart: two people on different sides of a split that stands. Pieces of SQL for the queries that must know:
whom a text is for, what a follow-up's page shows, whom a feed may join to whom (models/db/intake_apart.py).
"""


def apart(one: str, other: str) -> str:
    """Return the SQL condition that two people, given as column names, live apart."""
    return f"""EXISTS (
        SELECT FROM split_member one_side
        JOIN split_member other_side ON other_side.split_id = one_side.split_id AND other_side.side <> one_side.side
        JOIN household_split ON household_split.id = one_side.split_id AND household_split.undone_at IS NULL
        WHERE one_side.person_id = {one} AND other_side.person_id = {other})"""


def barred(person: str, household: str) -> str:
    """Return the SQL condition that a person must not be put into a household: it is the other side's."""
    return f"""EXISTS (
        SELECT FROM split_member one_side
        JOIN household_split ON household_split.id = one_side.split_id AND household_split.undone_at IS NULL
        WHERE one_side.person_id = {person} AND {household} = CASE one_side.side
            WHEN 'leaves' THEN household_split.from_household_id ELSE household_split.to_household_id END)"""
