"""The appointments that the staff of a replay make, until they have taken place: rows as a record system sends them."""

from datetime import datetime, timedelta

from models.db.replay import Work
from models.domain.words import AppointmentStatus

SOURCE = "replay"
LENGTH = timedelta(minutes=30)
Row = dict[str, str]


class Diary:
    """One for all staff; every appointment made in it takes place."""

    def __init__(self) -> None:
        self._made: set[tuple[int, datetime]] = set()
        self._new: list[Row] = []
        self._ahead: list[tuple[datetime, Row]] = []

    def book(self, row: Work, *, at: datetime) -> bool:
        """Make one for a follow-up; False where it has one already. Missed again, it may have another."""
        key = (row.id, row.anchor_at)
        if key in self._made:
            return False
        self._made.add(key)
        made = {
            "source_id": f"{SOURCE}-made-{len(self._made)}",
            "subject_nhs_number": row.nhs_number or "",
            "subject_local_id": row.local_id or "",
            "kind": row.contact_code,
            "practitioner": row.practitioner or "",
            "team": row.team or "",
            "starts_at": at.isoformat(),
            "minutes": f"{LENGTH.total_seconds() / 60:.0f}",
            "status": AppointmentStatus.BOOKED.value,
        }
        self._new.append(made)
        self._ahead.append((at + LENGTH, made))
        return True

    def next_end(self, now: datetime) -> list[datetime]:
        """When the next of them is over; empty without any."""
        return sorted(end for end, _ in self._ahead if end > now)[:1]

    def rows(self, now: datetime) -> list[Row]:
        """What the record system sends of them now: the new ones, and those that are over as attended."""
        held = [row | {"status": AppointmentStatus.ATTENDED.value} for end, row in self._ahead if end <= now]
        self._ahead = [(end, row) for end, row in self._ahead if end > now]
        found, self._new = [*self._new, *held], []
        return found
