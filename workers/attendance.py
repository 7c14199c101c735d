"""What an appointment's row says of attendance: whether somebody was seen, and when at which contact. No I/O."""

from collections.abc import Iterable

from config.rules import Rules
from models.db.detection import Candidate, Visit
from models.domain.contacts import ContactKind, opened_by, shows_seen
from models.domain.words import AppointmentStatus, ContactMode, OutcomeSubtype, PersonRole
from workers.case_book import Pair
from workers.threads import Seen


def is_seen(kind: ContactKind, row: Candidate | Visit) -> bool:
    """Whether it shows that the required person was seen; whether its source is relied on is another question."""
    return shows_seen(
        kind,
        status=AppointmentStatus(row.status),
        mode=None if row.mode is None else ContactMode(row.mode),
        subtype=subtype_of(row),
        subject_role=None if row.subject_role is None else PersonRole(row.subject_role),
    )


def seen_by_contact(visits: Iterable[Visit], rules: Rules) -> dict[Pair, list[Seen]]:
    """Return when somebody was seen, by person and contact, in order of time."""
    found: dict[Pair, list[Seen]] = {}
    for visit in visits:
        kind = rules.contacts.get(visit.contact_code)
        if kind is not None and is_seen(kind, visit):
            found.setdefault((visit.person_id, visit.contact_code), []).append(
                Seen(visit.ends_at, visit.starts_at, visit.id)
            )
    return found


def opening_pairs(rows: Iterable[Candidate], rules: Rules) -> set[Pair]:
    """Return the contacts of those whose status opens a follow-up: when they were seen matters to them."""
    found = set()
    for row in rows:
        kind = rules.contacts.get(row.contact_code)
        status = AppointmentStatus(row.status)
        if kind is not None and opened_by(kind, status=status, subtype=subtype_of(row)) is not None:
            found.add((row.person_id, row.contact_code))
    return found


def subtype_of(row: Candidate | Visit) -> OutcomeSubtype | None:
    """The row's sub-type as a word."""
    return None if row.subtype is None else OutcomeSubtype(row.subtype)
