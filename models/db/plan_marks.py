"""Whose plan has to be looked at again: the marks that triggers leave, and the set of people taken to be planned now.

The set is the temporary table `planning` (person_id), with `planning_member` for its households; both are gone when the
transaction ends. Never commits.
"""

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

_CREATE = "CREATE TEMP TABLE planning (person_id bigint PRIMARY KEY) ON COMMIT DROP"


def take(session: Session, *, limit: int) -> int:
    """Take up to `limit` marks off the list and make `planning` of their people; return how many marks, 0 for none.

    A mark that somebody's open transaction has written is seen once that commits: its row is new, never shared.
    """
    if not session.execute(text("SELECT EXISTS (SELECT FROM plan_mark)")).scalar():
        return 0
    session.execute(text(_CREATE))
    taken = session.execute(_TAKE, {"limit": limit}).scalar_one()
    session.execute(text("ANALYZE planning"))
    return int(taken)


def take_imported(session: Session) -> None:
    """Make `planning` of the people of an import's `work` and of the mothers it speaks of; their marks are used up."""
    session.execute(text(_CREATE))
    session.execute(
        text(
            """
            INSERT INTO planning (person_id)
            SELECT person_id FROM work WHERE person_id IS NOT NULL UNION SELECT mother_id FROM expecting
            """
        )
    )
    session.execute(text("ANALYZE planning"))
    session.execute(text("DELETE FROM plan_mark k USING planning x WHERE k.person_id = x.person_id"))


def gather_homes(session: Session) -> None:
    """Make `planning_member`: everybody who lives in a household of somebody of `planning`.

    A table with statistics of its own: of a register that was loaded a moment ago the planner of queries knows nothing,
    and joins it by looping over an index from end to end.
    """
    session.execute(text(_HOMES))
    session.execute(text("ANALYZE planning_member"))


def mark(session: Session, people: Collection[int]) -> None:
    """Have the plans of these people looked at again; for what no trigger sees, such as a contact that was met."""
    if people:
        session.execute(
            text("INSERT INTO plan_mark (person_id) SELECT DISTINCT unnest(CAST(:people AS bigint[]))"),
            {"people": list(people)},
        )


def follow_rules(session: Session, *, keys: frozenset[str], born_after: date, now: datetime) -> bool:
    """Mark everybody who may have contacts by a rule that came since the last time; return whether one did.

    `keys` name the rules in force. One that is gone is forgotten, so that it marks everybody again when it comes back.
    """
    params = {"keys": sorted(keys), "now": now}
    session.execute(text("DELETE FROM planned_rule WHERE key <> ALL(CAST(:keys AS text[]))"), params)
    new = session.execute(_CAME, params).all()
    if new:
        session.execute(_MARK_ALL, {"born_after": born_after})
    return bool(new)


_HOMES = """
    CREATE TEMP TABLE planning_member ON COMMIT DROP AS
    SELECT m.household_id, m.person_id, m.role, m.lives_with FROM household_member m
    WHERE m.valid_until IS NULL AND m.household_id IN (
        SELECT n.household_id FROM planning x
        JOIN household_member n ON n.person_id = x.person_id AND n.valid_until IS NULL)
"""
_TAKE = text(
    """
    WITH due AS MATERIALIZED (
        SELECT id FROM plan_mark ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED
    ), taken AS (
        DELETE FROM plan_mark k USING due WHERE k.id = due.id RETURNING k.person_id
    ), people AS (
        -- A record that was joined with another has no plan of its own.
        INSERT INTO planning (person_id)
        SELECT DISTINCT t.person_id FROM taken t JOIN person p ON p.id = t.person_id AND p.merged_into IS NULL
    )
    SELECT count(*) FROM taken
    """
)
_CAME = text(
    """
    INSERT INTO planned_rule (key, since)
    SELECT key, :now FROM unnest(CAST(:keys AS text[])) AS u (key) ORDER BY key
    ON CONFLICT (key) DO NOTHING RETURNING key
    """
)
# The register's children, and whoever is expecting.
_MARK_ALL = text(
    """
    INSERT INTO plan_mark (person_id)
    SELECT id FROM person WHERE content_hash IS NOT NULL AND date_of_birth > :born_after
    UNION SELECT mother_id FROM pregnancy WHERE outcome IN ('unknown', 'continuing')
    """
)
