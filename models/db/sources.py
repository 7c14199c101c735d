"""What each sender's data mean, as the trust has declared it; every declaration names who made it."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.domain.words import Extent

# What a source may be the last word on. `attendance`: that somebody was seen (design 3.3). `flags`, `absences`: that
# what its full list lacks has ended.
AUTHORITIES = ("attendance", "flags", "absences")
# What an empty value may mean, per field; the gate reads them (design 3.5).
EMPTY_MEANINGS: Mapping[str, tuple[str, ...]] = {
    "subject_deceased_on": ("alive", "unknown"),
    "pregnancy_outcome": ("continuing", "unknown"),
    "contact_safe_to_text": ("yes", "unknown"),
    "contact_confirmed_on": ("received", "unknown"),
}
_RHYTHM = re.compile(r"(\d+)\s*(min|minutes|m|h|hours|d|days)?")
_UNIT_MINUTES = {"min": 1, "minutes": 1, "m": 1, "h": 60, "hours": 60, "d": 1440, "days": 1440, None: 1}
_RHYTHM_WORDS = {"hourly": 60, "daily": 1440, "nightly": 1440, "weekly": 10080, "none": None, "irregular": None}


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One source as `steadfast sources list` shows it; None is not declared."""

    name: str
    rhythm_minutes: int | None
    extent: str
    authoritative_for: list[str]
    go_live_on: date | None
    empty_values: dict[str, object]
    sends_own_reminders: bool
    owner: str | None
    as_of: datetime | None
    last_received_at: datetime | None
    next_expected_at: datetime | None
    last_row_count: int | None
    health: str
    declared_by: str | None
    declared_at: datetime | None


_LIST = """
    SELECT s.name, s.rhythm_minutes, s.extent, s.authoritative_for, s.go_live_on, s.empty_values,
           s.sends_own_reminders, p.code AS owner, s.as_of, s.last_received_at, s.next_expected_at, s.last_row_count,
           s.health, s.declared_by, s.declared_at
    FROM source s LEFT JOIN practitioner p ON p.id = s.owner_practitioner_id ORDER BY s.name
"""


# Without a rhythm nothing is expected. A source that has sent nothing yet is expected from the day it is declared on:
# one that never sends anything must not go unnoticed.
_NEXT_EXPECTED = """
    CASE WHEN CAST(:rhythm AS int) IS NULL THEN NULL
         WHEN last_received_at IS NULL AND rhythm_minutes = :rhythm AND next_expected_at IS NOT NULL
         THEN next_expected_at
         ELSE coalesce(last_received_at, :now) + CAST(:rhythm AS int) * interval '1 minute' END
"""


def list_(session: Session) -> list[SourceLine]:
    """Every source with what is declared and how fresh it is, by name."""
    return [SourceLine(*row) for row in session.execute(text(_LIST))]


def set_(session: Session, *, name: str, values: Mapping[str, str], by: str, now: datetime) -> bool:
    """Declare what the data of `name` mean; return whether it is a source not seen yet. The caller commits.

    Raises ValueError with every fault, naming the keys and values allowed; LookupError for an unknown owner.
    """
    if not by.strip():
        raise ValueError("expected the name of whoever declares it (--by)")
    columns = _checked(session, values)
    made = session.execute(
        text("INSERT INTO source (name, created_at) VALUES (:name, :now) ON CONFLICT DO NOTHING RETURNING id"),
        {"name": name, "now": now},
    ).scalar()
    held = session.execute(text("SELECT * FROM source WHERE name = :name FOR UPDATE"), {"name": name})
    before = dict(held.mappings().one())
    assignments = ", ".join(f"{column} = {_placeholder(column)}" for column in columns)
    rhythm = columns.get("rhythm_minutes", before["rhythm_minutes"])
    session.execute(
        text(
            f"UPDATE source SET {assignments}, declared_by = :by, declared_at = :now,"
            f" next_expected_at = {_NEXT_EXPECTED} WHERE name = :name"
        ),
        {**columns, "by": by, "now": now, "name": name, "rhythm": rhythm},
    )
    detail = {"was": {column: _plain(before[column]) for column in columns}, "now": dict(values)}
    session.execute(
        text(
            "INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, detail)"
            " VALUES (:now, 'person', :by, 'source.declared', 'source', :id, CAST(:detail AS jsonb))"
        ),
        {"now": now, "by": by, "id": before["id"], "detail": json.dumps(detail)},
    )
    return made is not None


def _placeholder(column: str) -> str:
    return "CAST(:empty_values AS jsonb)" if column == "empty_values" else f":{column}"


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _checked(session: Session, values: Mapping[str, str]) -> dict[str, object]:
    """Column to value; all faults together."""
    faults: list[str] = []
    columns: dict[str, object] = {}
    for key, value in values.items():
        reader = _READERS.get(key)
        try:
            if key == "owner":
                columns["owner_practitioner_id"] = _owner(session, value)
            elif reader is None:
                faults.append(f"{key!r} is no setting; known: {', '.join((*_READERS, 'owner'))}")
            else:
                columns[_COLUMNS.get(key, key)] = reader(value.strip())
        except ValueError as error:
            faults.append(f"{key} is {value!r}; {error}")
    if not values:
        faults.append("expected at least one KEY=VALUE")
    if faults:
        raise ValueError("; ".join(faults))
    return columns


def _owner(session: Session, code: str) -> int:
    found = session.execute(text("SELECT id FROM practitioner WHERE code = :code"), {"code": code}).scalar()
    if found is None:
        raise LookupError(f"owner is {code!r}; expected the id of a practitioner, as in the staff file")
    return int(found)


def _rhythm(text_: str) -> int | None:
    if text_ in _RHYTHM_WORDS:
        return _RHYTHM_WORDS[text_]
    found = _RHYTHM.fullmatch(text_)
    if not found or not int(found[1]):
        raise ValueError("expected daily, hourly, weekly, none, or a time such as 90min, 4h, 1d")
    return int(found[1]) * _UNIT_MINUTES[found[2]]


def _one_of(*allowed: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"expected {' or '.join(allowed)}")
        return value

    return read


def _authorities(value: str) -> list[str]:
    told = [each.strip() for each in value.split(",") if each.strip() and each.strip() != "none"]
    if unknown := [each for each in told if each not in AUTHORITIES]:
        raise ValueError(f"{unknown[0]!r} is unknown; expected none, or of: {', '.join(AUTHORITIES)}")
    return told


def _date(value: str) -> date | None:
    if value == "none":
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("expected a date such as 2026-11-01, or none") from None


def _empty_values(value: str) -> str:
    """field:meaning pairs with commas between them, or `none`; as JSON."""
    pairs = {}
    for part in () if value == "none" else value.split(","):
        field, _, meaning = (piece.strip() for piece in part.partition(":"))
        allowed = EMPTY_MEANINGS.get(field)
        if allowed is None:
            raise ValueError(f"{field!r} is unknown; expected FIELD:MEANING of: {', '.join(EMPTY_MEANINGS)}")
        if meaning not in allowed:
            raise ValueError(f"{field} may mean {' or '.join(allowed)}")
        pairs[field] = meaning
    return json.dumps(pairs)


def _yes_no(value: str) -> bool:
    return _one_of("yes", "no")(value) == "yes"


_COLUMNS = {"rhythm": "rhythm_minutes"}
_READERS: Mapping[str, Callable[[str], object]] = {
    "rhythm": _rhythm,
    "extent": _one_of(*(word.value for word in Extent)),
    "authoritative_for": _authorities,
    "go_live_on": _date,
    "empty_values": _empty_values,
    "sends_own_reminders": _yes_no,
}
