"""Appointments coming in: new, again, changed, older, twice in one file; who they are about; what a person entered."""

from datetime import UTC, datetime, timedelta

import pytest

from models.domain.words import ImportKind
from tests.intake.conftest import NOW, an_appointment


class TestIdempotence:
    def test_the_same_file_twice_changes_nothing(self, load, rows_of):
        """A second import of the same rows counts them all as unchanged and leaves no history."""
        assert load([an_appointment()]).created == 1
        again = load([an_appointment()], now=NOW + timedelta(hours=1))
        assert (again.created, again.updated, again.unchanged) == (0, 0, 1)
        assert rows_of("SELECT count(*) FROM appointment_event")[0][0] == 0
        assert rows_of("SELECT count(*) FROM person")[0][0] == 2

    def test_a_changed_row_updates_and_keeps_history(self, load, rows_of):
        """The new time is taken; the old one is in the history; reminders are due again."""
        load([an_appointment()])
        report = load([an_appointment(starts_at="2026-06-12T10:00")], now=NOW + timedelta(hours=1))
        assert (report.created, report.updated) == (0, 1)
        event = rows_of("SELECT event, from_status, to_status, detail->>'starts_at_was' AS was FROM appointment_event")
        assert [(e.event, e.from_status, e.to_status) for e in event] == [("moved", "booked", "booked")]
        assert event[0].was.startswith("2026-06-11T09:00")
        row = rows_of("SELECT starts_at, reconsider_at, reminders_due_at FROM appointment")[0]
        assert row.starts_at == datetime(2026, 6, 12, 9, tzinfo=UTC)
        assert row.reconsider_at == row.reminders_due_at == NOW + timedelta(hours=1)

    def test_rows_that_end_each_way_add_up_to_those_read(self, load):
        """read = created + updated + unchanged + rejected."""
        load([an_appointment(), an_appointment(source_id="A2")])
        report = load(
            [
                an_appointment(),
                an_appointment(source_id="A2", status="missed", starts_at="2026-06-09T10:00"),
                an_appointment(source_id="A3"),
                an_appointment(source_id="A4", kind="NOPE"),
            ]
        )
        assert (report.read, report.created, report.updated, report.unchanged) == (4, 1, 1, 1)
        assert [each.line for each in report.rejected] == [5]

    def test_a_dry_run_reports_and_stores_nothing(self, load, rows_of):
        """Everything is done and taken back, the source included."""
        report = load([an_appointment(), an_appointment(source_id="A2", kind="NOPE")], dry_run=True)
        assert (report.created, len(report.rejected)) == (1, 1)
        for table in ("appointment", "person", "source", "import_run", "import_rejection"):
            assert rows_of(f"SELECT count(*) FROM {table}")[0][0] == 0


class TestVersions:
    @pytest.mark.parametrize(
        ("stored", "comes", "status"),
        [
            ("9", "10", "missed"),  # as numbers, not as text
            ("10", "9", "booked"),
            ("10", "10", "missed"),
            ("10", "", "missed"),
        ],
    )
    def test_an_older_version_never_overwrites_a_newer_one(self, load, rows_of, stored, comes, status):
        """Higher wins; equal or absent with other content updates; older counts as unchanged."""
        past = {"starts_at": "2026-06-09T10:00"}
        load([an_appointment(source_version=stored, **past)])
        report = load([an_appointment(source_version=comes, status="missed", **past)])
        assert rows_of("SELECT status FROM appointment")[0].status == status
        assert (report.updated, report.unchanged) == ((1, 0) if status == "missed" else (0, 1))

    def test_a_later_version_of_the_same_content_still_shuts_out_older_ones(self, load, rows_of):
        """Version 3 says nothing new; version 2, arriving last, must not win over it."""
        past = {"starts_at": "2026-06-09T10:00"}
        load([an_appointment(source_version="1", **past)])
        assert load([an_appointment(source_version="3", **past)]).unchanged == 1
        assert load([an_appointment(source_version="2", status="missed", **past)]).unchanged == 1
        assert rows_of("SELECT status FROM appointment")[0].status == "booked"

    def test_times_order_versions_too(self, load, rows_of):
        """A later time wins, whatever its text looks like."""
        load([an_appointment(source_version="02/06/2026 10:00")])
        report = load([an_appointment(source_version="2026-06-01T23:00", status="cancelled")])
        assert report.unchanged == 1
        assert rows_of("SELECT status FROM appointment")[0].status == "booked"

    def test_one_source_keeps_to_one_kind_of_version(self, load):
        """Numbers first, then a time: the row is rejected, naming what was expected."""
        load([an_appointment(source_version="7")])
        (rejected,) = load([an_appointment(source_version="2026-06-02T10:00")]).rejected
        assert (rejected.column, rejected.value) == ("source_version", "2026-06-02T10:00")
        assert "number" in rejected.reason

    def test_of_two_rows_of_one_version_the_later_line_wins_and_the_earlier_is_named(self, load, rows_of):
        """The earlier line is rejected with the number of the line that won."""
        report = load([an_appointment(), an_appointment(status="cancelled")])
        assert rows_of("SELECT status FROM appointment")[0].status == "cancelled"
        assert [(each.line, each.value) for each in report.rejected] == [(2, "A1")]
        assert "line 3" in report.rejected[0].reason
        assert report.read == report.created + len(report.rejected) == 2

    def test_of_two_versions_in_one_file_the_higher_wins_in_any_order(self, load, rows_of):
        """The lower counts as unchanged."""
        report = load([an_appointment(source_version="2", status="cancelled"), an_appointment(source_version="1")])
        assert (report.created, report.unchanged, report.rejected) == (1, 1, ())
        assert rows_of("SELECT status FROM appointment")[0].status == "cancelled"


class TestIdentity:
    def test_an_nhs_number_and_a_local_id_of_two_people_are_never_merged(self, load, rows_of):
        """The row is rejected, the source's owner and whoever may compare them are asked; both stay as they are."""
        load([an_appointment(), an_appointment(source_id="A2", subject_local_id="P2", subject_nhs_number="9990000034")])
        report = load([an_appointment(source_id="A3", subject_local_id="P2")])
        assert report.created == 0
        assert "different people" in report.rejected[0].reason
        assert rows_of("SELECT kind FROM alert ORDER BY kind") == [("identity_conflict",), ("merge_proposed",)]
        assert rows_of("SELECT count(*) FROM person_identifier")[0][0] == 2

    def test_a_local_id_with_two_numbers_in_one_file_is_a_conflict_in_any_order(self, load):
        """Nobody can say which of the two is right: both rows go to a person."""
        report = load([an_appointment(), an_appointment(source_id="A2", subject_nhs_number="9990000034")])
        assert [each.line for each in report.rejected] == [2, 3]

    def test_a_number_learnt_later_joins_what_the_local_id_began(self, load, rows_of):
        """First only the local id, then both: one person, now with a number."""
        load([an_appointment(subject_nhs_number="", contact_nhs_number="")])
        load([an_appointment(source_id="A2")])
        people = rows_of("SELECT DISTINCT person_id FROM appointment")
        assert len(people) == 1
        assert rows_of("SELECT nhs_number FROM person WHERE id = :id", id=people[0][0])[0][0] == "9990000018"

    def test_one_household_id_joins_siblings_and_their_mother(self, load, rows_of):
        """Two children and their mother, on two rows in any order, are one household."""
        load([an_appointment(source_id="A2", subject_nhs_number="9990000034", subject_local_id="P2"), an_appointment()])
        assert rows_of("SELECT count(DISTINCT household_id), count(*) FROM household_member") == [(1, 3)]

    def test_an_equal_contact_number_joins_where_no_household_id_is_given(self, load, rows_of):
        """Two children of one mother's NHS number stand together; a third with only the same mobile doesn't."""
        load(
            [
                an_appointment(household_id=""),
                an_appointment(household_id="", source_id="A2", subject_nhs_number="9990000034", subject_local_id="P2"),
                an_appointment(
                    household_id="",
                    source_id="A3",
                    subject_nhs_number="9990000042",
                    subject_local_id="P3",
                    contact_nhs_number="",
                ),
            ]
        )
        households = dict(map(tuple, rows_of("SELECT source_ref, household_id FROM appointment")))
        assert households["A1"] == households["A2"] != households["A3"]

    def test_a_second_source_with_its_own_household_id_reaches_the_same_household(self, load, rows_of):
        """The mother's mental-health appointment from another system belongs to the household her child is in."""
        load([an_appointment()])
        load(
            [
                an_appointment(
                    source_id="X9",
                    subject_nhs_number="9990000026",
                    subject_local_id="77",
                    subject_dob="1995-02-03",
                    subject_role="mother",
                    household_id="PMH-5",
                    kind="PMH-ASSESS",
                )
            ],
            source="rio",
        )
        assert rows_of("SELECT count(DISTINCT household_id) FROM appointment")[0][0] == 1


class TestWhatIsDueNext:
    def test_an_empty_outcome_is_booked_and_waits_for_one(self, load, rows_of):
        """Empty is 'nobody has said', due two hours after the end; never missed, never attended."""
        load([an_appointment(status="", starts_at="2026-06-10T09:00", minutes="60")])
        row = rows_of("SELECT status, outcome_due_at, reconsider_at, reminders_due_at FROM appointment")[0]
        assert (row.status, row.reconsider_at, row.reminders_due_at) == ("booked", None, None)
        assert row.outcome_due_at == datetime(2026, 6, 10, 11, tzinfo=UTC)

    def test_a_visit_finished_by_the_record_system_itself_is_no_evidence(self, load, rows_of):
        """'Automatically marked as finished' is unrecorded, whatever status came with it."""
        load([an_appointment(status="attended", outcome="auto_finished", starts_at="2026-06-10T09:00")])
        row = rows_of("SELECT status, subtype, outcome_due_at FROM appointment")[0]
        assert (row.status, row.subtype) == ("booked", "auto_finished")
        assert row.outcome_due_at is not None

    def test_a_miss_is_reconsidered_at_once(self, load, rows_of):
        """A row that comes with an outcome is looked at by detection from the time of writing."""
        load([an_appointment(status="missed", starts_at="2026-06-09T09:00")])
        row = rows_of("SELECT reconsider_at, outcome_due_at, first_received_at FROM appointment")[0]
        assert (row.reconsider_at, row.outcome_due_at, row.first_received_at) == (NOW, None, NOW)

    def test_a_visit_called_off_because_of_a_death_makes_the_person_known_as_dead(self, load, rows_of):
        """No text may follow: the gate reads the person's life status."""
        load([an_appointment(status="cancelled", outcome="person_died", starts_at="2026-06-09T09:00")])
        assert rows_of("SELECT life_status FROM person WHERE nhs_number = '9990000018'")[0][0] == "deceased"


class TestAPersonsEntry:
    @pytest.fixture
    def entered(self, load, rows_of, engine):
        """Somebody recorded on the page that the child was not brought."""
        from sqlalchemy import text

        load([an_appointment(status="", starts_at="2026-06-09T09:00")])
        with engine.begin() as connection:
            connection.execute(
                text("UPDATE appointment SET status = 'missed', status_by = 'person:7', outcome_due_at = NULL")
            )

    def test_an_emptier_import_leaves_it(self, load, rows_of, entered):
        """The extract still has no outcome; the person's stays."""
        load([an_appointment(status="", starts_at="2026-06-09T09:00", location="Room 2")])
        assert tuple(rows_of("SELECT status, status_by, location FROM appointment")[0]) == (
            "missed",
            "person:7",
            "Room 2",
        )

    def test_another_outcome_is_listed_not_taken(self, load, rows_of, entered):
        """The file says attended: the miss stays, the contradiction is in the warnings and in the history."""
        report = load([an_appointment(status="attended", starts_at="2026-06-09T09:00")])
        assert rows_of("SELECT status FROM appointment")[0][0] == "missed"
        assert "a person recorded missed" in report.warnings[0].reason
        assert rows_of("SELECT event FROM appointment_event")[0][0] == "contradicted"

    def test_a_new_time_still_to_come_is_a_new_booking(self, load, rows_of, entered):
        """The same appointment id moved to next week waits for an outcome again."""
        load([an_appointment(status="booked", starts_at="2026-06-17T09:00")])
        row = rows_of("SELECT status, outcome_due_at, reminders_due_at FROM appointment")[0]
        assert row.status == "booked"
        assert row.outcome_due_at is not None
        assert row.reminders_due_at == NOW


class TestSafeContact:
    @pytest.mark.parametrize(
        ("first", "then", "kept"),
        [("no", "yes", "no"), ("yes", "no", "no"), ("yes", "", "yes"), ("", "yes", "yes"), ("", "", "unknown")],
    )
    def test_an_import_makes_a_number_less_safe_never_more(self, load, rows_of, first, then, kept):
        """NO stays NO; silence takes nothing back; UNKNOWN that nobody told is filled by the first who tells."""
        load([an_appointment(contact_safe_to_text=first)])
        load([an_appointment(contact_safe_to_text=then, location="x")])
        assert rows_of("SELECT number, safe_to_text FROM contact_point") == [("+447700900123", kept)]

    def test_a_persons_unknown_is_not_lifted_by_a_file(self, load, rows_of, engine):
        """Somebody looked and could not tell: a file's yes does not make it safe."""
        from sqlalchemy import text

        load([an_appointment(contact_safe_to_text="")])
        with engine.begin() as connection:
            connection.execute(text("UPDATE contact_point SET safe_to_text_by = 'person:7'"))
        load([an_appointment(location="x")])
        assert rows_of("SELECT safe_to_text FROM contact_point")[0][0] == "unknown"


class TestVanishing:
    @pytest.fixture
    def full(self, load, engine):
        """A source declared to send everything each time, with three appointments."""
        from sqlalchemy import text

        load([an_appointment(source_id=f"A{n}") for n in range(3)])
        with engine.begin() as connection:
            connection.execute(text("UPDATE source SET extent = 'full'"))

    def test_a_row_gone_from_a_full_extract_has_vanished_and_may_return(self, load, rows_of, full):
        """Listed with one task, nothing deleted; when it is back, so is the appointment."""
        report = load([an_appointment(source_id="A0"), an_appointment(source_id="A1", kind="NOPE")])
        assert report.vanished == 1
        assert rows_of("SELECT source_ref FROM appointment WHERE vanished_at IS NOT NULL") == [("A2",)]
        assert "vanished" in {row.kind for row in rows_of("SELECT kind FROM alert")}
        load([an_appointment(source_id=f"A{n}") for n in range(3)])
        assert rows_of("SELECT count(*) FROM appointment WHERE vanished_at IS NOT NULL")[0][0] == 0
        assert [row.event for row in rows_of("SELECT event FROM appointment_event ORDER BY id")] == [
            "vanished",
            "returned",
        ]

    def test_headers_only_make_nothing_vanish(self, load, rows_of, full, tmp_path):
        """An empty extract is a broken feed, not a day without appointments."""
        path = tmp_path / "empty.csv"
        path.write_text(",".join(an_appointment()) + "\n")
        report = load(path)
        assert (report.read, report.vanished) == (0, 0)

    def test_a_suddenly_small_extract_makes_nothing_vanish_and_says_so(self, load, rows_of, engine):
        """Less than half the usual rows: the source is marked small instead."""
        from sqlalchemy import text

        load([an_appointment(source_id=f"A{n}") for n in range(40)])
        with engine.begin() as connection:
            connection.execute(text("UPDATE source SET extent = 'full'"))
        assert load([an_appointment(source_id="A1")]).vanished == 0
        assert rows_of("SELECT health, usual_row_count FROM source") == [("small", 40)]

    def test_what_is_usual_is_learnt_from_appointments_alone(self, load, rows_of, engine):
        """A short staff list sent first must not make half a day's extract look whole."""
        from sqlalchemy import text

        with engine.begin() as connection:
            connection.execute(text("INSERT INTO source (name, extent, created_at) VALUES ('epr', 'full', now())"))
        load([{"staff_id": "HV1", "name": "Viv", "role": "health_visitor"}], kind=ImportKind.STAFF, source="epr")
        load([an_appointment(source_id=f"A{n}") for n in range(60)], source="epr")
        assert rows_of("SELECT health, usual_row_count FROM source") == [("fresh", 60)]
        assert load([an_appointment(source_id=f"A{n}") for n in range(20)], source="epr").vanished == 0
        assert rows_of("SELECT health FROM source") == [("small",)]
