"""Rows for the tests of messages: each builder defaults all but what the test is about. Made-up people only."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

LONDON = ZoneInfo("Europe/London")
NOON = datetime(2026, 6, 8, 12, 0, tzinfo=LONDON).astimezone(UTC)  # a Monday in summer time
_numbers = count(1)


def at(local: str) -> datetime:
    """A London time such as '2026-06-08 12:00' as UTC."""
    return datetime.fromisoformat(local).replace(tzinfo=LONDON).astimezone(UTC)


def insert(session: Session, table: str, row: Mapping[str, object]) -> int:
    """Insert one row; return its id."""
    names = ", ".join(f'"{name}"' for name in row)
    values = ", ".join(f":{name}" for name in row)
    return session.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values}) RETURNING id"), row).scalar_one()


def a_phone() -> str:
    return f"+447700900{next(_numbers) % 1000:03d}"


def a_team(session: Session, **given: object) -> int:
    code = f"T{next(_numbers)}"
    row = {"code": code, "name": "Team North", "stage": "texts", "call_back_number": "+441632960123"}
    return insert(session, "team", row | given)


def a_practitioner(session: Session, **given: object) -> int:
    row: dict[str, object] = {
        "code": f"P{next(_numbers)}",
        "name": "Pat Practitioner",
        "role": "health_visitor",
        "email": "pat@example.nhs.uk",
    }
    return insert(session, "practitioner", row | given)


def a_source(session: Session, **given: object) -> int:
    row = {"name": f"source{next(_numbers)}", "health": "fresh", "created_at": NOON - timedelta(days=30)}
    return insert(session, "source", row | given)


def a_household(session: Session, **given: object) -> int:
    return insert(session, "household", {"created_at": NOON - timedelta(days=30)} | given)


def a_person(session: Session, **given: object) -> int:
    row: dict[str, object] = {"name": "Robin Example", "life_status": "alive", "life_status_by": "person:1"}
    return insert(session, "person", row | given)


def a_member(session: Session, household: int, person: int, role: str, **given: object) -> int:
    row = {"household_id": household, "person_id": person, "role": role, "valid_from": NOON - timedelta(days=30)}
    return insert(session, "household_member", row | given)


def a_contact_point(session: Session, person: int, **given: object) -> int:
    row: dict[str, object] = {
        "person_id": person,
        "number": a_phone(),
        "safe_to_text": "yes",
        "safe_to_text_by": "person:1",
        "confirmed_on": date(2026, 6, 1),
    }
    return insert(session, "contact_point", row | given)


def an_appointment(session: Session, *, source: int, person: int, **given: object) -> int:
    starts = given.get("starts_at", NOON - timedelta(hours=3))
    assert isinstance(starts, datetime)
    row: dict[str, object] = {
        "source_id": source,
        "source_ref": f"A{next(_numbers)}",
        "content_hash": b"x",
        "person_id": person,
        "subject_role": "child",
        "contact_code": "HV-1Y",
        "starts_at": starts,
        "ends_at": starts + timedelta(minutes=30),
        "status": "missed",
        "status_by": "person:1",
        "first_received_at": starts - timedelta(days=14),
    }
    return insert(session, "appointment", row | given)


def a_pathway(session: Session, *, signed: bool = True, version: int = 1) -> tuple[str, int]:
    session.execute(
        text(
            "INSERT INTO pathway_version (code, version, content, content_sha256, effective_from, signed_by, signed_at,"
            " loaded_at) VALUES ('review', :v, '{}', 'x', '2026-01-01', :by, :at, :loaded) ON CONFLICT DO NOTHING"
        ),
        {"v": version, "by": "Lee Lead" if signed else None, "at": NOON if signed else None, "loaded": NOON},
    )
    return "review", version


def a_follow_up(session: Session, *, person: int, **given: object) -> int:
    if "pathway_code" not in given:
        a_pathway(session)
    row: dict[str, object] = {
        "trigger": "missed",
        "state": "open",
        "person_id": person,
        "contact_code": "HV-1Y",
        "pathway_code": "review",
        "pathway_version": 1,
        "anchor_at": NOON - timedelta(hours=2),
        "breach_at": NOON - timedelta(hours=2),
        "opened_at": NOON - timedelta(hours=2),
        "next_due_at": NOON + timedelta(days=1),
        "text_released_at": NOON - timedelta(minutes=5),
        "text_released_by": "person:1",
    }
    return insert(session, "follow_up", row | given)
