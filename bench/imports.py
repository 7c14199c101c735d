"""Import: rows a second from a CSV file to committed rows, beside the same rows through one ORM insert each."""

import csv
import hashlib
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from config.rules import Rules
from intake.run import import_file
from models.db.tables import Appointment, ContactPoint, Household, HouseholdMember, Person, PersonIdentifier, Source
from models.domain.words import ImportKind

HEADERS = (
    *("source_id", "source_version", "subject_local_id", "subject_name", "subject_dob", "subject_role", "household_id"),
    *("kind", "mode", "starts_at", "minutes", "status"),
    *("contact_name", "contact_relation", "contact_mobile", "contact_safe_to_text"),
)
KINDS = ("HV-NBV", "HV-6W", "HV-1Y", "HV-2Y")
STATUSES = ("attended", "attended", "attended", "attended", "attended", "booked", "missed", "cancelled_by_family")


def write_file(path: Path, *, rows: int, tag: str) -> None:
    """A canonical extract of made-up children, four appointments each, a parent to reach for each child."""
    start = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADERS)
        for row in range(rows):
            child = row // 4
            born = datetime(2024, 10, 1, tzinfo=UTC) + timedelta(days=child % 700)
            starts = start + timedelta(minutes=15 * (row % 4_000))
            writer.writerow(
                (
                    f"{tag}-{row}",
                    "1",
                    f"{tag}-c{child}",
                    f"Child {child}",
                    f"{born:%Y-%m-%d}",
                    "child",
                    f"{tag}-h{child}",
                    KINDS[row % 4],
                    "home",
                    f"{starts:%Y-%m-%d %H:%M}",
                    "60",
                    STATUSES[row % 8],
                    f"Parent {child}",
                    "mother",
                    f"07700 900{child % 1000:03d}",
                    "yes",
                )
            )


def ours(engine: Engine, path: Path, *, rules: Rules, source: str) -> float:
    """Import the file and return rows a second, commit included. Raises AssertionError if any row was not created."""
    started = time.perf_counter()
    report = import_file(
        engine,
        path,
        kind=ImportKind.APPOINTMENTS,
        source=source,
        mapping_path=None,
        dry_run=False,
        progress=lambda done, of: None,
        rules=rules,
        now=datetime.now(UTC),
    )
    seconds = time.perf_counter() - started
    assert report.created == report.read, report
    return report.read / seconds


def one_by_one(engine: Engine, path: Path, *, source: str) -> float:
    """The same columns of the same rows through the ORM, one flush each, committed every thousand."""
    started = time.perf_counter()
    rows = 0
    with Session(engine) as session, path.open(newline="") as file:
        origin = Source(name=source)
        session.add(origin)
        session.flush()
        for rows, row in enumerate(csv.DictReader(file), start=1):
            _add(session, origin.id, row)
            session.flush()
            if rows % 1_000 == 0:
                session.commit()
        session.commit()
    return rows / (time.perf_counter() - started)


def _add(session: Session, source_id: int, row: dict[str, str]) -> None:
    found = session.get(PersonIdentifier, (source_id, row["subject_local_id"]))
    if found is None:
        household = Household(source_id=source_id, source_household_id=row["household_id"])
        child = Person(name=row["subject_name"], date_of_birth=datetime.fromisoformat(row["subject_dob"]).date())
        parent = Person(name=row["contact_name"])
        session.add_all([household, child, parent])
        session.flush()
        session.add_all(
            [
                PersonIdentifier(source_id=source_id, local_id=row["subject_local_id"], person_id=child.id),
                HouseholdMember(household_id=household.id, person_id=child.id, role="child"),
                HouseholdMember(household_id=household.id, person_id=parent.id, role="mother"),
                ContactPoint(person_id=parent.id, number="+44" + row["contact_mobile"].replace(" ", "")[1:]),
            ]
        )
        person_id, household_id = child.id, household.id
    else:
        person_id = found.person_id
        household_id = session.scalars(
            select(HouseholdMember.household_id).where(HouseholdMember.person_id == person_id)
        ).one()
    starts = datetime.fromisoformat(row["starts_at"]).replace(tzinfo=UTC)
    session.add(
        Appointment(
            source_id=source_id,
            source_ref=row["source_id"],
            content_hash=hashlib.sha256(repr(row).encode()).digest(),
            person_id=person_id,
            household_id=household_id,
            contact_code=row["kind"],
            mode=row["mode"],
            starts_at=starts,
            ends_at=starts + timedelta(minutes=60),
            status=row["status"],
            status_by=f"import:{source_id}",
            outcome_due_at=starts + timedelta(hours=3) if row["status"] == "booked" else None,
            first_received_at=datetime.now(UTC),
        )
    )
