"""What was written of an adult, once records are joined: histories are not moved, so what holds is written anew.

Where both records say something the newer one holds, but a danger that either tells of, and "not safe to contact", is
told of both. Undoing writes again what held before. Never commits.
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.adult_records import AdultFacts
from models.db.merge_rows import Mover

TABLE = "adult_record"
_COLUMNS = [field.name for field in fields(AdultFacts)]
_DANGERS = frozenset({"domestic_abuse", "violence", "substance_misuse"})  # a yes of either is the answer
_SETTINGS = frozenset({"safe_to_contact", "texts_about_child"})  # a no of either is the answer


def carry(mover: Mover, what: str, *, kept: int, gone: int) -> None:
    """Write what holds of `gone` under `kept`, two records of a 'person' or a 'household'."""
    mover.session.execute(text(_carry(what)), {"kept": kept, "gone": gone})


def restore(session: Session, what: str, params: Mapping[str, object]) -> None:
    """Write again what held of `kept` where nobody has written since; nothing held: nothing is known.

    `params`: kept, gone, before (the highest id by then), made_at, by and now.
    """
    session.execute(text(_restore(what)), params)


def came_later(session: Session, what: str, params: Mapping[str, object]) -> int:
    """How many records somebody has written under `kept` since; parameters as in `restore`."""
    query = f"SELECT count(*) FROM {TABLE} WHERE {what}_id = :kept AND id > :before AND recorded_at > :made_at"
    return int(session.execute(text(query), params).scalar_one())


def _newest(what: str, whose: str, other: str, also: str = "true") -> str:
    return f"""
        SELECT DISTINCT ON ({other}) * FROM {TABLE} WHERE {what}_id = :{whose} AND {also} ORDER BY {other}, id DESC
    """


def _other(what: str) -> str:
    return "household_id" if what == "person" else "person_id"


def _carry(what: str) -> str:
    other = _other(what)
    told = ", ".join(_told(name) for name in _COLUMNS)
    newer = "k.id IS NOT NULL AND k.recorded_at > g.recorded_at"
    return f"""
        INSERT INTO {TABLE} ({what}_id, {other}, {", ".join(_COLUMNS)}, recorded_by, recorded_at)
        SELECT :kept, g.{other}, {told}, CASE WHEN {newer} THEN k.recorded_by ELSE g.recorded_by END,
               CASE WHEN {newer} THEN k.recorded_at ELSE g.recorded_at END
        FROM ({_newest(what, "gone", other)}) AS g LEFT JOIN ({_newest(what, "kept", other)}) AS k USING ({other})
    """


def _told(name: str) -> str:
    told = f"CASE WHEN k.id IS NOT NULL AND k.recorded_at > g.recorded_at THEN k.{name} ELSE g.{name} END"
    word = "yes" if name in _DANGERS else "no" if name in _SETTINGS else None
    return told if word is None else f"CASE WHEN '{word}' IN (k.{name}, g.{name}) THEN '{word}' ELSE {told} END"


def _restore(what: str) -> str:
    other = _other(what)
    held = ", ".join(f"CASE WHEN was.id IS NULL THEN {_nothing(name)} ELSE was.{name} END" for name in _COLUMNS)
    return f"""
        INSERT INTO {TABLE} ({what}_id, {other}, {", ".join(_COLUMNS)}, recorded_by, recorded_at)
        SELECT :kept, {other}, {held}, coalesce(was.recorded_by, :by), coalesce(was.recorded_at, :now)
        FROM ({_newest(what, "kept", other)}) AS n
        LEFT JOIN ({_newest(what, "kept", other, "id <= :before")}) AS was USING ({other})
        WHERE n.id > :before AND n.recorded_at <= :made_at AND EXISTS (
            SELECT FROM {TABLE} g WHERE g.{what}_id = :gone AND g.{other} = n.{other} AND g.id <= :before)
    """


_DEFAULTS = {field.name: field.default for field in fields(AdultFacts)}


def _nothing(name: str) -> str:
    """SQL for what an empty record says: nothing is known; by whose word and on what ground, as the record before."""
    default = _DEFAULTS[name]
    if default is MISSING:
        return f"n.{name}"
    return "NULL" if default is None else f"'{default}'"
