"""Move rows from one record to another so that it can be undone: every value that changes leaves an item. No commits.

The tables are not listed here: whatever has a foreign key to a person or a household is moved, also what is added to
the schema later. What may exist only once for a person is settled by the callers before the rest is moved.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Table, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from models.db import tables
from models.db.base import Base, words_in
from models.domain.message_states import WAITING

# Histories say what was, and a merge's own rows say what it did: neither is moved. Nor are lists of what has to be
# looked at: the merge puts whoever is kept on them (models/db/merge_looks.py).
_LOOKS = frozenset({"plan_mark", "pattern_look", "carers_question"})
_STAYS = frozenset({"record_merge", "merge_item", "merge_proposal", *_LOOKS})
# Copies without a foreign key, of which only what still waits is moved.
_COPIES = {
    "person": (("alert", "person_id", "state = 'open'"),),
    "household": (
        ("alert", "household_id", "state = 'open'"),
        ("message", "household_id", f"state IN {words_in(WAITING)}"),
    ),
}

# Large tables have no index on these columns, which would cost every import: the family's own people find their rows.
_FAMILY = """
    t.person_id IN (SELECT m.person_id FROM household_member m WHERE m.household_id IN ({households}))
"""
_OF_HOUSEHOLDS = _FAMILY.format(households=":away, :to")
_OF_PEOPLE = _FAMILY.format(
    households="SELECT own.household_id FROM household_member own WHERE own.person_id IN (:away, :to)"
)
_NARROWED = {
    ("appointment", "contact_person_id"): f"(t.person_id IN (:away, :to) OR {_OF_PEOPLE})",
    ("appointment", "household_id"): _OF_HOUSEHOLDS,
    ("expected_contact", "household_id"): _OF_HOUSEHOLDS,
    # A split that was undone is history. Of one that stands, two who are one may not be on two sides.
    ("household_split", "protected_person_id"): "t.undone_at IS NULL",
    ("household_split", "from_household_id"): "t.undone_at IS NULL",
    ("household_split", "to_household_id"): "t.undone_at IS NULL",
    ("split_member", "person_id"): (
        "NOT EXISTS (SELECT FROM split_member o WHERE o.split_id = t.split_id AND o.person_id = :to)"
    ),
}


_ITEM = "INSERT INTO merge_item (merge_id, at, step, table_name, row_key, column_name, before, after)"


@dataclass(frozen=True, slots=True)
class Place:
    """A column that names a person or household; `where` narrows the rows to move."""

    table: str
    column: str
    where: str = "true"


@dataclass(slots=True)
class Mover:
    """One merge as it is made: its id, and the number of the statement, so that undoing runs from the end.

    `by`: who joins, as 'person:ACCOUNT'.
    """

    session: Session
    merge_id: int
    by: str
    now: datetime
    _step: int = field(default=0)

    def move(
        self,
        place: Place,
        *,
        away_from: int,
        to: int,
        keeping: Collection[int] = (),
        only: Collection[object] | None = None,
    ) -> int:
        """Point the rows of `place` that name `away_from` at `to`; return how many.

        Not the ids in `keeping`; only the keys in `only` where it is given: ids, or for a source's ids their texts.
        """
        name = "id" if "id" in _table(place.table).c else "source_id || ':' || t.local_id"
        keep = f"AND t.{name} <> ALL(CAST(:keeping AS bigint[]))" if keeping else ""
        chosen = f"AND CAST(t.{name} AS text) = ANY(CAST(:only AS text[]))" if only is not None else ""
        changed = f"""
            UPDATE {place.table} t SET {place.column} = :to
            WHERE t.{place.column} = :away AND {place.where} {keep} {chosen}
            RETURNING {key_of(place.table)} AS row_key
        """
        statement = f"""
            WITH changed AS ({changed})
            {_ITEM} SELECT :merge, :now, :step, :table, row_key, :column, to_jsonb(CAST(:away AS bigint)),
                           to_jsonb(CAST(:to AS bigint)) FROM changed
        """
        params = {"away": away_from, "to": to, "keeping": list(keeping), "column": place.column}
        return self._store(statement, place.table, {**params, "only": [str(key) for key in only or ()]})

    def set(self, table: str, row_id: int, **values: object) -> None:
        """Give columns of one row other values, together; those that are so already leave no item."""
        assigned = ", ".join(f"{name} = CAST(:{name} AS {column_type(table, name)})" for name in values)
        changed = f"""
            UPDATE {table} t SET {assigned} WHERE t.id = :row_id
            RETURNING jsonb_build_object('id', t.id) AS row_key, to_jsonb(t) AS is_row
        """
        statement = f"""
            WITH was AS (SELECT to_jsonb(w) AS was_row FROM {table} w WHERE w.id = :row_id), changed AS ({changed})
            {_ITEM} SELECT :merge, :now, :step, :table, row_key, name, was_row -> name, is_row -> name
            FROM changed, was, unnest(CAST(:names AS text[])) AS name
            WHERE was_row -> name IS DISTINCT FROM is_row -> name
        """
        self._store(statement, table, {**values, "row_id": row_id, "names": list(values)})

    def clear(self, place: Place, ids: Collection[int]) -> int:
        """Let the rows `ids` of `place` name nobody; return how many did."""
        changed = f"""
            UPDATE {place.table} t SET {place.column} = NULL FROM {place.table} was
            WHERE t.id = ANY(CAST(:ids AS bigint[])) AND was.id = t.id AND was.{place.column} IS NOT NULL
            RETURNING {key_of(place.table)} AS row_key, to_jsonb(was.{place.column}) AS was_value
        """
        statement = f"""
            WITH changed AS ({changed})
            {_ITEM} SELECT :merge, :now, :step, :table, row_key, :column, was_value, 'null' FROM changed
        """
        return self._store(statement, place.table, {"column": place.column, "ids": list(ids)})

    def _store(self, statement: str, table: str, params: dict[str, Any]) -> int:
        self._step += 1
        given = {"merge": self.merge_id, "now": self.now, "step": self._step, "table": table}
        return int(self.session.execute(text(statement), {**params, **given}).rowcount)  # type: ignore[attr-defined]


def places_of(what: str) -> Iterator[Place]:
    """Every column that names a 'person' or a 'household', of tables that are neither history nor the record itself."""
    for table in Base.metadata.sorted_tables:
        if table.name in (what, *_STAYS, *tables.HISTORY_TABLES):
            continue
        for column in table.columns:
            if any(key.column is Base.metadata.tables[what].c.id for key in column.foreign_keys):
                yield Place(table.name, column.name, _NARROWED.get((table.name, column.name), "true"))
    for name, column_name, where in _COPIES[what]:
        yield Place(name, column_name, where)


def key_of(table: str) -> str:
    """SQL for what names a row of the table `t`: its primary key as JSON."""
    parts = ", ".join(f"'{column.name}', t.{column.name}" for column in _table(table).primary_key.columns)
    return f"jsonb_build_object({parts})"


def column_type(table: str, column: str) -> str:
    """The SQL type of a column, for a cast."""
    found: Column[Any] = _table(table).c[column]
    return str(found.type.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]


def highest_ids(session: Session) -> dict[str, int]:
    """The highest id of every table by now, so that what comes afterwards can be told from what was there."""
    names = sorted({"adult_record", *(place.table for what in ("person", "household") for place in places_of(what))})
    with_ids = [name for name in names if "id" in _table(name).c]
    asked = ", ".join(f"'{name}', (SELECT coalesce(max(id), 0) FROM {name})" for name in with_ids)
    found: dict[str, int] = session.execute(text(f"SELECT jsonb_build_object({asked})")).scalar_one()
    return found


def _table(name: str) -> Table:
    return Base.metadata.tables[name]
