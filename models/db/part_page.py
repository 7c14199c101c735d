"""What a record holds that may belong to a second person: the rows of which somebody chooses. Never commits."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.case import Member, members
from models.domain.ids import PersonId

MOST = 100  # appointments shown, newest first; a mixed record is found early, or by its newest rows


@dataclass(frozen=True, slots=True)
class Parts:
    """A person's rows, each with the key that a form sends back."""

    person: Member
    identifiers: tuple[tuple[str, str, str], ...]  # key, source, its own id
    appointments: tuple[tuple[int, str, datetime, str], ...]  # id, contact code, start, status
    numbers: tuple[tuple[int, str], ...]
    flags: tuple[tuple[int, str], ...]
    indicators: tuple[tuple[int, str, date], ...]
    memberships: tuple[tuple[int, str, str], ...]  # id, role, who else is there


def parts(session: Session, person_id: PersonId) -> Parts:
    """The rows of a person. The caller has checked the scope."""
    (member,) = members(session, household_id=None, person_id=person_id)
    rows = {name: session.execute(query, {"id": person_id, "most": MOST}) for name, query in _QUERIES.items()}
    return Parts(member, **{name: tuple(tuple(row) for row in found) for name, found in rows.items()})


_QUERIES = {
    "identifiers": text(
        "SELECT i.source_id || ':' || i.local_id, s.name, i.local_id FROM person_identifier i"
        " JOIN source s ON s.id = i.source_id WHERE i.person_id = :id ORDER BY 2, 3"
    ),
    "appointments": text(
        "SELECT id, contact_code, starts_at, status FROM appointment WHERE person_id = :id"
        " ORDER BY starts_at DESC, id DESC LIMIT :most"
    ),
    "numbers": text("SELECT id, number FROM contact_point WHERE person_id = :id ORDER BY id"),
    "flags": text("SELECT id, code FROM flag WHERE person_id = :id AND ended_at IS NULL ORDER BY code"),
    "indicators": text(
        "SELECT id, instrument, recorded_on FROM indicator WHERE person_id = :id ORDER BY recorded_on DESC, id DESC"
    ),
    "memberships": text(
        """
        SELECT m.id, m.role, coalesce(string_agg(p.name, ', ' ORDER BY p.id), '') FROM household_member m
        LEFT JOIN household_member o ON o.household_id = m.household_id AND o.person_id <> m.person_id
             AND o.valid_until IS NULL
        LEFT JOIN person p ON p.id = o.person_id
        WHERE m.person_id = :id AND m.valid_until IS NULL GROUP BY m.id ORDER BY m.id
        """
    ),
}
