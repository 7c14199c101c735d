"""From a record system's own word to the follow-up it leads to: each status of the shipped mappings, end to end."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from sqlalchemy import Engine

import config
from config.rules import Rules
from workers.detect import detect_all

CONFIG = Path(config.__file__).parent
NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
UNRECORDED = ("open", "outcome_not_recorded", None)

# What each word leads to; nothing at all for what took place, lies ahead, or was entered in error.
SYSTMONE = {
    "Pending": UNRECORDED,
    "Booked": UNRECORDED,
    "Waiting": UNRECORDED,
    "Arrived": UNRECORDED,
    "In Progress": UNRECORDED,
    "Finished": None,
    "Automatically marked as Finished": UNRECORDED,
    "No Access Visit": ("open", "missed", "no_access"),
    "Refused Entry": ("open", "missed", "no_access"),
    "Did Not Attend": ("open", "missed", "not_brought"),
    "Was Not Brought": ("open", "missed", "not_brought"),
    "Child Not Seen": ("open", "missed", "child_not_seen"),
    "Patient Walked Out": ("open", "missed", "came"),
    "Deferred": ("open", "cancelled", "by_unknown"),
    "Cancelled by Patient": ("open", "cancelled", "by_family"),
    "Cancelled by Unit": ("open", "cancelled", "by_service"),
    "Cancelled Due to Death": None,
    "Entered in Error": None,
}
RIO = {
    "Future Appointment": UNRECORDED,
    "Arrived": UNRECORDED,
    "Attended on Time": None,
    "Attended Late - Seen": None,
    "Attended Late - Not Seen": ("open", "missed", "came"),
    "Attended - Child Not Seen": ("open", "missed", "child_not_seen"),
    "Did Not Attend": ("open", "missed", "not_brought"),
    "Was Not Brought": ("open", "missed", "not_brought"),
    "No Access": ("open", "missed", "no_access"),
    "Access Refused": ("open", "missed", "no_access"),
    "Left Before Seen": ("open", "missed", "came"),
    "Cancelled by Client": ("open", "cancelled", "by_family"),
    "Cancelled by Trust": ("open", "cancelled", "by_service"),
    "Cancelled": ("open", "cancelled", "by_unknown"),
    "Deferred": ("open", "cancelled", "by_unknown"),
    "Client Deceased": None,
    "Declined": ("open", "declined", "decline_incomplete"),
    "Automatically Outcomed": UNRECORDED,
    "Not Outcomed": UNRECORDED,
    "Entered in Error": None,
}


def sample(name: str, path: Path, statuses: list[str], *, status: str, ids: dict[str, str]) -> Path:
    """The mapping's own sample row, once for each status, each about a child of its own, of the week before."""
    source = CONFIG / "samples" / f"{name}.csv"
    mark = ";" if name.startswith("rio") else ","
    with source.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter=mark))
    model = dict(rows[0])
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(model), delimiter=mark)
        writer.writeheader()
        for number, word in enumerate(statuses):
            own = {header: form.format(number) for header, form in ids.items()}
            writer.writerow({**model, **own, status: word})
    return path


class TestEveryStatus:
    @pytest.mark.parametrize(
        ("name", "expected", "status", "ids"),
        [
            (
                "systmone-appointments",
                SYSTMONE,
                "Visit Status",
                {"Appointment ID": "X{}", "NHS Number": "", "Patient ID": "C{}", "Household ID": "F{}",
                 "Carer NHS Number": "", "Carer Name": "", "Carer Mobile": ""},
            ),
            (
                "rio-appointments",
                RIO,
                "Outcome",
                {"AppointmentID": "X{}", "NHSNumber": "", "ClientID": "C{}", "FamilyID": "F{}",
                 "ContactNHSNumber": "", "ContactName": "", "ContactMobile": ""},
            ),
        ],
    )  # fmt: skip
    def test_leads_to_what_the_field_means_by_it(
        self, load, rows_of, engine: Engine, rules: Rules, tmp_path, name, expected, status, ids
    ):
        """A visit that the system finished by itself waits for its outcome; a death is chased by nobody; and so on."""
        mapping = CONFIG / "mappings" / f"{name}.yaml"
        known = yaml.safe_load(mapping.read_text(encoding="utf-8"))["values"]["status"]
        assert set(expected) == set(known)
        words = list(expected)
        report = load(sample(name, tmp_path / "all.csv", words, status=status, ids=ids), mapping=mapping, now=NOW)
        assert (report.created, report.rejected) == (len(words), ())
        detect_all(engine, rules, now=lambda _: NOW)
        found = rows_of(
            "SELECT a.source_ref, f.state, f.trigger, f.how FROM appointment a"
            " JOIN follow_up f ON f.appointment_id = a.id"
        )
        left = {words[int(row.source_ref[1:])]: (row.state, row.trigger, row.how) for row in found}
        assert {word: left.get(word) for word in words} == expected
        dead = "Cancelled Due to Death" if "Cancelled Due to Death" in words else "Client Deceased"
        lives = rows_of(
            "SELECT a.source_ref FROM appointment a JOIN person p ON p.id = a.person_id"
            " WHERE p.life_status = 'deceased'"
        )
        assert [words[int(row.source_ref[1:])] for row in lives] == [dead]
