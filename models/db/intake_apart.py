"""What a feed may not join again: people of the two sides of a split, and a record closed for protection with anybody.

Works on `work`, `who` and `place`. A row that tries is applied all the same, to its own person in its own household;
what it said beyond that is left out and listed (`kept_apart`). Costs one question where no split stands.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.apart import apart, barred

# For the statement that makes members: not one that lives apart from the household's people.
UNLESS_APART = """
    AND NOT EXISTS (SELECT FROM clash
                    WHERE clash.person_id = each.person_id AND clash.household_id = each.household_id)"""


def any_split(session: Session) -> bool:
    """Whether a split stands at all."""
    found = session.execute(text("SELECT EXISTS (SELECT FROM household_split WHERE undone_at IS NULL)"))
    return bool(found.scalar())


def know_newcomers(session: Session, *, source_id: int) -> None:
    """Keep whoever a source calls by a closed record's id, under a new NHS number, apart from its former household.

    They are a person of their own; that the two may be one is said nowhere but here.
    """
    session.execute(text(_NEWCOMERS), {"source": source_id})


def drop_contacts(session: Session) -> None:
    """Leave out whom a row names to be reached where they live apart from whom it is about, or either is protected.

    So too somebody new without an NHS number about a person of a split: it may be the other side under another id.
    """
    session.execute(text(_KEPT_APART))
    session.execute(text(_DROP_CONTACTS))


def keep_apart(session: Session) -> None:
    """Give the rows of `work` that would join the two sides of a split their own person's household instead.

    Leaves the temporary table `clash`: people with the households they must not be put into.
    """
    session.execute(text(_CLASH))
    session.execute(text(_FILL_CLASH))
    session.execute(text(_OWN_HOUSEHOLD))
    session.execute(text("TRUNCATE clash"))
    session.execute(text(_FILL_CLASH))
    session.execute(text("INSERT INTO kept_apart SELECT line FROM clash ON CONFLICT DO NOTHING"))


def close_protected(session: Session) -> None:
    """What a feed tells of a record closed for protection belongs to the named nurse alone."""
    session.execute(text(_CLOSE))


def list_kept_apart(session: Session, *, run_id: int) -> int:
    """List what was left out of the rows that tried to join people who live apart; return how many."""
    if not session.execute(text("SELECT to_regclass('pg_temp.kept_apart') IS NOT NULL")).scalar():
        return 0
    return int(session.execute(text(_LIST), {"run": run_id}).rowcount)  # type: ignore[attr-defined]


_NEWCOMERS = """
    INSERT INTO split_member (split_id, person_id, side)
    SELECT DISTINCT s.id, w.person_id, 'leaves'
    FROM person closed
    JOIN person_identifier pi ON pi.person_id = closed.id AND pi.source_id = :source
    JOIN who w ON w.local_id = pi.local_id AND w.person_id <> closed.id
    JOIN household_split s ON s.protected_person_id = closed.id AND s.undone_at IS NULL
    WHERE closed.protected_at IS NOT NULL AND NOT w.conflict
    ON CONFLICT DO NOTHING
"""
_KEPT_APART = "CREATE TEMP TABLE kept_apart (line bigint PRIMARY KEY) ON COMMIT DROP"
_DROP_CONTACTS = f"""
    WITH dropped AS (
        UPDATE work w SET contact_person_id = NULL
        WHERE w.contact_person_id <> w.person_id
          AND ({apart("w.person_id", "w.contact_person_id")}
               OR EXISTS (SELECT FROM person p WHERE p.id IN (w.person_id, w.contact_person_id)
                          AND p.protected_at IS NOT NULL)
               OR (EXISTS (SELECT FROM who WHERE who.person_id = w.contact_person_id AND who.is_new AND who.nhs IS NULL)
                   AND EXISTS (SELECT FROM split_member m JOIN household_split s ON s.id = m.split_id
                               WHERE m.person_id = w.person_id AND s.undone_at IS NULL)))
        RETURNING w.line
    )
    INSERT INTO kept_apart SELECT line FROM dropped
"""
_CLASH = "CREATE TEMP TABLE clash (line bigint, person_id bigint, household_id bigint) ON COMMIT DROP"
# Into the household of the other side, into one where somebody of the other side is or is just being put, or into the
# household of a closed record.
_FILL_CLASH = f"""
    INSERT INTO clash
    WITH wanted AS (
        SELECT line, person_id, household_id FROM work WHERE household_id IS NOT NULL
        UNION ALL
        SELECT line, contact_person_id, household_id FROM work
        WHERE contact_person_id IS NOT NULL AND household_id IS NOT NULL
    ), there AS (
        SELECT household_id, person_id FROM wanted
        UNION SELECT household_id, person_id FROM household_member
              WHERE valid_until IS NULL AND household_id IN (SELECT household_id FROM wanted)
    )
    SELECT w.line, w.person_id, w.household_id FROM wanted w
    WHERE {barred("w.person_id", "w.household_id")}
       OR EXISTS (SELECT FROM household_split p WHERE p.to_household_id = w.household_id AND p.undone_at IS NULL
                  AND p.protected_person_id <> w.person_id)
    UNION
    SELECT w.line, w.person_id, w.household_id
    FROM wanted w
    JOIN split_member mine ON mine.person_id = w.person_id
    JOIN household_split s ON s.id = mine.split_id AND s.undone_at IS NULL
    JOIN split_member theirs ON theirs.split_id = mine.split_id AND theirs.side <> mine.side
    JOIN there ON there.household_id = w.household_id AND there.person_id = theirs.person_id
"""
# The person's own place; somebody new goes with whom the row names to be reached.
_OWN_HOUSEHOLD = """
    UPDATE work w SET household_id = coalesce(mine.household_id, theirs.household_id)
    FROM work v
    LEFT JOIN place mine ON mine.person_id = v.person_id
    LEFT JOIN place theirs ON theirs.person_id = v.contact_person_id
    WHERE v.line = w.line AND EXISTS (
        SELECT FROM clash c WHERE c.line = w.line
          AND (c.person_id = w.person_id OR (c.person_id = w.contact_person_id AND mine.household_id IS NULL)))
"""
_CLOSE = """
    UPDATE work w SET team_id = p.team_id, practitioner_id = NULL
    FROM person p WHERE p.id = w.person_id AND p.protected_at IS NOT NULL
"""
_LIST = """
    INSERT INTO import_rejection (import_run_id, line, "column", value, reason)
    SELECT :run, line, 'household_id', '',
           'left out: whom this row joins were separated by a person; no file joins them until a person does'
    FROM kept_apart ON CONFLICT DO NOTHING
"""
