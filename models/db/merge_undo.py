"""Take a merge back, statement by statement from its end: what is still as the merge left it becomes as it was before.

Never commits; the caller holds the locks.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from models.db.base import Base
from models.db.merge_rows import column_type, places_of


def restore(session: Session, merge_id: int, *, now: datetime) -> int:
    """Restore the values of a merge; return how many rows had changed since and stay as they are."""
    left = 0
    for step in _steps(session, merge_id):
        restored = session.execute(
            text(_restore(step)), {"merge": merge_id, "step": step.step, "now": now}
        ).scalar_one()
        left += step.rows - int(restored)
    return left


def came_later(session: Session, what: str, kept: int, *, ids_before: Mapping[str, int]) -> dict[str, int]:
    """How many rows of each table came to the kept record after the merge: a person has to look whose they are."""
    found = {}
    for place in places_of(what):
        if place.table in ids_before and place.table not in _FOLLOWS and place.column != "contact_person_id":
            query = f"SELECT count(*) FROM {place.table} t WHERE t.{place.column} = :kept AND t.id > :before"
            count = session.execute(text(query), {"kept": kept, "before": ids_before[place.table]}).scalar_one()
            if count:
                found[place.table] = int(count)
    return found


# What goes where its appointment or its follow-up goes, by the engine.
_FOLLOWS = frozenset({"follow_up", "alert", "message", "decline"})


def _steps(session: Session, merge_id: int) -> Sequence[Row[Any]]:
    """The merge's statements, the last first: table, columns, and how many rows each changed."""
    return session.execute(_STEPS, {"merge": merge_id}).all()


def _restore(step: Row[Any]) -> str:
    """SQL that gives the rows of one statement their values back, and leaves an item for each."""
    table = Base.metadata.tables[step.table_name]
    key = " AND ".join(
        f"x.{column.name} = CAST(item.row_key ->> '{column.name}' AS {column_type(table.name, column.name)})"
        for column in table.primary_key.columns
    )
    before, after = "jsonb_populate_record(x, item.before)", "jsonb_populate_record(x, item.after)"
    assigned = ", ".join(f"{name} = ({before}).{name}" for name in step.columns)
    as_left = " AND ".join(f"x.{name} IS NOT DISTINCT FROM ({after}).{name}" for name in step.columns)
    return f"""
        WITH item AS (
            SELECT row_key, jsonb_object_agg(column_name, before) AS before,
                   jsonb_object_agg(column_name, after) AS after
            FROM merge_item WHERE merge_id = :merge AND step = :step AND undoes IS NULL GROUP BY row_key
        ), restored AS (
            UPDATE {table.name} x SET {assigned} FROM item WHERE {key} AND {as_left} RETURNING item.row_key
        ), kept AS (
            INSERT INTO merge_item (merge_id, at, step, table_name, row_key, column_name, before, after, undoes)
            SELECT i.merge_id, :now, i.step, i.table_name, i.row_key, i.column_name, i.after, i.before, i.id
            FROM merge_item i JOIN restored USING (row_key)
            WHERE i.merge_id = :merge AND i.step = :step AND i.undoes IS NULL
        )
        SELECT count(*) FROM restored
    """


_STEPS = text(
    """
    SELECT step, table_name, array_agg(DISTINCT column_name ORDER BY column_name) AS columns,
           count(DISTINCT row_key) AS rows
    FROM merge_item WHERE merge_id = :merge AND undoes IS NULL GROUP BY step, table_name ORDER BY step DESC
    """
)
