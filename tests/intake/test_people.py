"""The register, staff and scores coming in: what is planned, what a death or a birth changes, what stays a person's."""

from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

import pytest
from sqlalchemy import text

from models.domain.words import ImportKind
from tests.intake.conftest import NOW, an_appointment

BORN = "2026-06-05"


def a_child(**fields: str) -> dict[str, str]:
    """One row of the register: a baby of five days with its mother to reach."""
    return {
        "subject_nhs_number": "9990000018",
        "subject_local_id": "P1",
        "subject_name": "Sam Test",
        "subject_dob": BORN,
        "subject_role": "child",
        "household_id": "H1",
        "team": "T1",
        "caseload_holder": "HV1",
        "contact_name": "Alex Test",
        "contact_relation": "mother",
        "contact_nhs_number": "9990000026",
        "contact_mobile": "07700 900123",
        **fields,
    }


def a_mother(**fields: str) -> dict[str, str]:
    """One row of the register: an expectant mother."""
    return {
        "subject_nhs_number": "9990000026",
        "subject_local_id": "P2",
        "subject_dob": "1995-01-01",
        "subject_role": "mother",
        "subject_edd": "2026-09-01",
        "household_id": "H1",
        "pregnancy_outcome": "continuing",
        **fields,
    }


@pytest.fixture
def register(load):
    """Import rows of the register."""

    def register(*rows, **more):
        return load(rows, kind=ImportKind.PEOPLE, **more)

    return register


class TestTheRegister:
    def test_a_child_with_no_appointment_is_planned_the_same_day(self, register, rows_of):
        """Never booked is as visible as missed: each contact has a time at which somebody looks."""
        assert register(a_child()).created == 1
        planned = rows_of(
            "SELECT contact_code, state, next_due_at, window_start FROM expected_contact ORDER BY window_start"
        )
        codes = [row.contact_code for row in planned]
        assert {"HV-NBV", "HV-6W", "HV-1Y", "HV-2Y"} <= set(codes)
        assert {row.state for row in planned} == {"planned"}
        assert all(row.next_due_at is not None for row in planned)
        assert planned[0].window_start == date(2026, 6, 15)

    def test_the_same_register_twice_changes_nothing(self, register, rows_of):
        """No second plan, no audit entry of a change."""
        register(a_child(), a_mother())
        again = register(a_child(), a_mother(), now=NOW + timedelta(days=1))
        assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
        entries = rows_of("SELECT action FROM audit_entry WHERE action <> 'import.done'")
        assert entries == [("pregnancy.ended",)]  # by the first of the two: the child is this pregnancy's

    def test_a_mother_to_be_is_planned_from_her_due_date(self, register, rows_of):
        """The antenatal review hangs on the pregnancy."""
        register(a_mother())
        row = rows_of("SELECT contact_code, anchor_on, pregnancy_id FROM expected_contact")[0]
        assert (row.contact_code, row.anchor_on) == ("HV-AN", date(2026, 9, 1))
        assert row.pregnancy_id is not None

    def test_a_moved_due_date_plans_again_what_is_unfulfilled(self, register, rows_of):
        """The old window gives way, its row is kept."""
        register(a_mother())
        register(a_mother(subject_edd="2026-09-15"))
        assert rows_of("SELECT anchor_on, state FROM expected_contact ORDER BY anchor_on") == [
            (date(2026, 9, 1), "not_applicable"),
            (date(2026, 9, 15), "planned"),
        ]

    def test_a_birth_in_the_household_ends_the_pregnancy(self, register, rows_of):
        """The child's row is the news of the birth; the antenatal review gives way to the child's own plan."""
        register(a_mother(subject_edd="2026-06-10"))
        register(a_child())
        assert rows_of("SELECT outcome, ended_on FROM pregnancy") == [("live_birth", date(2026, 6, 5))]
        assert rows_of("SELECT state FROM expected_contact WHERE contact_code = 'HV-AN'") == [("superseded",)]

    def test_a_loss_is_never_taken_back_by_a_later_file(self, register, rows_of):
        """A register that still says 'continuing' must not bring texts back."""
        register(a_mother())
        register(a_mother(pregnancy_outcome="miscarriage", pregnancy_ended_on="2026-06-08"))
        register(a_mother())
        assert rows_of("SELECT outcome FROM pregnancy") == [("miscarriage",)]
        assert rows_of("SELECT DISTINCT state FROM expected_contact") == [("not_applicable",)]

    def test_a_death_ends_the_plan_and_stays_told(self, register, rows_of):
        """Nothing more is expected; a later row without the date of death changes nothing back."""
        register(a_child())
        register(a_child(subject_deceased_on="2026-06-09"), now=NOW + timedelta(hours=1))
        register(a_child(postcode="ZZ1 1ZZ"), now=NOW + timedelta(hours=2))
        row = rows_of("SELECT life_status, deceased_on FROM person WHERE nhs_number = '9990000018'")[0]
        assert tuple(row) == ("deceased", date(2026, 6, 9))
        assert rows_of("SELECT DISTINCT state, next_due_at FROM expected_contact") == [("not_applicable", None)]
        assert rows_of("SELECT count(*) FROM audit_entry WHERE action = 'person.deceased'")[0][0] >= 1

    def test_an_empty_life_status_is_unknown_not_alive(self, register, rows_of):
        """What no source has told us is unknown."""
        register(a_child())
        assert rows_of("SELECT DISTINCT life_status FROM person") == [("unknown",)]

    def test_a_persons_correction_outlives_the_next_extract(self, register, rows_of, engine):
        """What somebody entered on the page is filled, never overwritten."""
        register(a_child(postcode=""))
        with engine.begin() as connection:
            connection.execute(
                text("UPDATE person SET name = 'Right Name', details_by = 'person:7' WHERE nhs_number = '9990000018'")
            )
        register(a_child(postcode="ZZ1 1ZZ"))
        row = rows_of("SELECT name, postcode FROM person WHERE nhs_number = '9990000018'")[0]
        assert tuple(row) == ("Right Name", "ZZ1 1ZZ")

    def test_flags_are_set_once_and_unknown_ones_are_kept(self, register, rows_of):
        """A code nobody configured is held for high risk by the rules, so it must not be lost."""
        register(a_child(flags="CPP | local-marker"))
        register(a_child(flags="cpp", postcode="ZZ1 1ZZ"))
        assert rows_of("SELECT code FROM flag WHERE ended_at IS NULL ORDER BY code") == [("cpp",), ("local-marker",)]

    def test_an_older_version_of_a_register_row_does_not_win(self, register, rows_of):
        """It counts as unchanged."""
        register(a_child(source_version="5", postcode="ZZ5 5ZZ"))
        assert register(a_child(source_version="4", postcode="ZZ4 4ZZ")).unchanged == 1
        assert rows_of("SELECT postcode FROM person WHERE nhs_number = '9990000018'") == [("ZZ5 5ZZ",)]

    def test_two_rows_of_one_person_the_later_line_wins_and_the_earlier_is_named(self, register, rows_of):
        """As with appointments."""
        report = register(a_child(postcode="ZZ1 1ZZ"), a_child(postcode="ZZ2 2ZZ"))
        assert [each.line for each in report.rejected] == [2]
        assert rows_of("SELECT postcode FROM person WHERE nhs_number = '9990000018'") == [("ZZ2 2ZZ",)]

    def test_a_mover_leaves_the_old_household_of_that_source(self, register, rows_of):
        """One current place; the former one keeps its dates."""
        register(a_child())
        register(a_child(household_id="H2", contact_nhs_number="", contact_name=""))
        rows = rows_of(
            "SELECT h.source_household_id, m.valid_until IS NULL AS current FROM household_member m"
            " JOIN household h ON h.id = m.household_id JOIN person p ON p.id = m.person_id"
            " WHERE p.nhs_number = '9990000018' ORDER BY 1"
        )
        assert rows == [("H1", False), ("H2", True)]


class TestRowsInAnyOrder:
    @pytest.mark.parametrize("register_first", [True, False])
    def test_an_appointment_finds_its_contact_whichever_came_first(self, load, register, rows_of, register_first):
        """Booked is booked, and the contact is no longer chased as unbooked."""
        steps = [
            lambda: register(a_child()),
            lambda: load([an_appointment(subject_dob=BORN, starts_at="2026-06-16T10:00")]),
        ]
        for step in steps if register_first else reversed(steps):
            step()
        row = rows_of(
            "SELECT e.contact_code, e.state FROM appointment a JOIN expected_contact e ON e.id = a.expected_contact_id"
        )
        assert row == [("HV-NBV", "booked")]

    def test_an_attended_visit_found_later_is_looked_at_again(self, load, register, rows_of):
        """Detection must learn that the planned contact took place."""
        load([an_appointment(subject_dob="2026-05-20", starts_at="2026-06-01T10:00", status="attended")])
        register(a_child(subject_dob="2026-05-20"), now=NOW + timedelta(hours=1))
        assert rows_of("SELECT reconsider_at FROM appointment") == [(NOW + timedelta(hours=1),)]


class TestStaff:
    def test_teams_practitioners_and_leads_are_known_by_their_codes(self, load, rows_of):
        """A team is in shadow until a named person raises it."""
        staff = [
            {
                "staff_id": "L1",
                "name": "Lee Lead",
                "role": "team_lead",
                "team": "T1",
                "team_name": "North",
                "leads_team": "yes",
            },
            {
                "staff_id": "HV1",
                "name": "Viv Visitor",
                "role": "health_visitor",
                "team": "T1",
                "email": "v@example.nhs.uk",
            },
        ]
        assert load(staff, kind=ImportKind.STAFF, source="esr").created == 2
        row = rows_of(
            "SELECT t.name, t.stage, p.code FROM team t JOIN practitioner p ON p.id = t.lead_practitioner_id"
        )[0]
        assert tuple(row) == ("North", "shadow", "L1")
        again = load(staff, kind=ImportKind.STAFF, source="esr")
        assert (again.created, again.updated, again.unchanged) == (0, 0, 2)

    def test_whoever_an_appointment_named_first_is_filled_not_doubled(self, load, rows_of):
        """A name without a code becomes the person of the staff file."""
        load([an_appointment(practitioner="Viv Visitor", team="North")])
        load(
            [{"staff_id": "HV1", "name": "Viv Visitor", "role": "nursery_nurse", "team": "T1", "team_name": "North"}],
            kind=ImportKind.STAFF,
            source="esr",
        )
        assert rows_of("SELECT code, role FROM practitioner WHERE NOT last_resort") == [("HV1", "nursery_nurse")]
        assert rows_of("SELECT code, name FROM team") == [("T1", "North")]

    def test_an_unknown_practitioner_gets_the_role_of_the_service(self, load, rows_of):
        """A midwife's appointment is not given to a health visitor."""
        load([an_appointment(kind="MW-16W", practitioner="MW7", subject_role="mother")])
        assert rows_of("SELECT code, role FROM practitioner WHERE NOT last_resort") == [("MW7", "midwife")]


class TestFreshness:
    def test_a_file_sent_again_makes_nothing_fresher(self, load, rows_of):
        """The as-of time is that of the first time these bytes came: yesterday's file today is yesterday's data."""
        load([an_appointment()])
        report = load([an_appointment()], now=NOW + timedelta(days=1))
        assert report.as_of == NOW
        assert rows_of("SELECT as_of, last_received_at FROM source") == [(NOW, NOW + timedelta(days=1))]

    def test_the_as_of_time_may_be_told_and_is_never_in_the_future(self, load):
        """A nightly extract is complete up to when it was written, not up to when it is imported."""
        told = datetime(2026, 6, 10, 2, 0, tzinfo=UTC)
        assert load([an_appointment()], as_of=told).as_of == told
        assert load([an_appointment(location="x")], as_of=NOW + timedelta(days=3)).as_of == NOW

    def test_a_register_does_not_make_appointments_look_fresh(self, load, register, rows_of):
        """Else every clinic since the last appointments file would look unrecorded."""
        load([an_appointment()])
        register(a_child(), now=NOW + timedelta(days=1))
        assert rows_of("SELECT as_of FROM source") == [(NOW,)]


class TestSomebodyWhoMovedOut:
    MOVED: ClassVar = {"moved_out_on": "2026-06-08", "moved_to": "Leeds"}

    def test_is_held_until_somebody_has_accepted_them(self, register, rows_of):
        """Hazard 17: by the row that says so, for whom it says it; nothing is closed."""
        register(a_child(), a_mother())
        register(a_child(**self.MOVED), now=NOW + timedelta(hours=1))
        (row,) = rows_of(
            "SELECT kind, set_by, detail, ended_at, p.nhs_number FROM hold JOIN person p ON p.id = person_id"
        )
        told = {"moved_out_on": "2026-06-08", "moved_to": "Leeds"}
        assert tuple(row) == ("moved_out", "import:systmone", told, None, "9990000018")

    def test_told_again_after_a_person_decided_is_no_news(self, register, rows_of, engine):
        """A person's word stands against the same row; another move is another."""
        register(a_child(**self.MOVED))
        end = ("UPDATE hold SET ended_at = now(), ended_by = 'person:a', ended_how = 'over', ended_reason = 'stayed',"
               " next_due_at = NULL, apply_at = NULL")  # fmt: skip
        with engine.begin() as connection:
            connection.execute(text(end))
        register(a_child(**self.MOVED, gp_practice="Hill Surgery"), now=NOW + timedelta(hours=1))
        assert rows_of("SELECT count(*) FROM hold")[0][0] == 1
        register(a_child(**self.MOVED | {"moved_out_on": "2026-06-10"}), now=NOW + timedelta(hours=2))
        assert rows_of("SELECT count(*) FROM hold WHERE ended_at IS NULL")[0][0] == 1

    def test_is_not_told_by_a_new_practice_or_address(self, register, rows_of):
        register(a_child(gp_practice="Hill Surgery", postcode="ZZ1 1ZZ"))
        register(a_child(gp_practice="Leeds Surgery", postcode="ZZ9 9ZZ"), now=NOW + timedelta(hours=1))
        assert rows_of("SELECT count(*) FROM hold")[0][0] == 0


class TestALossInTheRegister:
    def test_of_a_pregnancy_sets_its_hold(self, register, rows_of):
        """In the import's own transaction, with no engine running."""
        register(a_mother())
        register(a_mother(pregnancy_outcome="stillbirth", pregnancy_ended_on="2026-06-08"))
        (row,) = rows_of("SELECT h.kind, h.set_by, g.outcome FROM hold h JOIN pregnancy g ON g.id = h.pregnancy_id")
        assert tuple(row) == ("pregnancy_ended", "import:systmone", "stillbirth")

    def test_of_one_twin_leaves_the_other_planned(self, register, rows_of):
        """A hold for the household, about the one who died; the other's contacts stay."""
        twin = {"subject_nhs_number": "9990000034", "subject_local_id": "P9"}
        register(a_child(), a_child(**twin))
        register(a_child(subject_deceased_on="2026-06-09"), a_child(**twin), now=NOW + timedelta(hours=1))
        held = rows_of("SELECT h.kind, p.nhs_number, h.household_id IS NOT NULL FROM hold h"
                       " JOIN person p ON p.id = about_person_id")  # fmt: skip
        assert held == [("bereavement", "9990000018", True)]
        planned = rows_of("SELECT DISTINCT e.state FROM expected_contact e JOIN person p ON p.id = e.person_id"
                          " WHERE p.nhs_number = '9990000034'")  # fmt: skip
        assert planned == [("planned",)]

    def test_of_long_ago_with_nothing_live_is_no_news(self, register, rows_of):
        """A first load of years of registers begins no care for each death in it."""
        register(a_child(subject_dob="2022-01-01", subject_deceased_on="2022-03-01"))
        assert rows_of("SELECT count(*) FROM hold")[0][0] == 0
