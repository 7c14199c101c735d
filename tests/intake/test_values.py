"""Single values: dates, times, numbers and ids that can't be, and how a row says so."""

import pytest

from tests.intake.conftest import an_appointment


class TestTimes:
    @pytest.mark.parametrize(
        ("text", "utc"),
        [
            ("2026-06-09T09:30", "2026-06-09 08:30"),
            ("09/06/2026 09:30", "2026-06-09 08:30"),
            ("9 Jun 2026 09:30", "2026-06-09 08:30"),
            ("2026-06-09T09:30:00Z", "2026-06-09 09:30"),
            ("2026-06-09T09:30+02:00", "2026-06-09 07:30"),
            ("20260609T0930", "2026-06-09 08:30"),
            ("2026-01-09 09:30", "2026-01-09 09:30"),
        ],
    )
    def test_a_time_is_local_civil_time_unless_it_carries_a_zone(self, load, rows_of, text, utc):
        """Europe/London: an hour ahead of UTC in summer. Days come before months."""
        load([an_appointment(starts_at=text, status="")])
        found = rows_of("SELECT to_char(starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') FROM appointment")
        assert found[0][0] == utc

    def test_a_local_time_that_does_not_exist_is_rejected_by_line(self, load):
        """The clocks go forward over 01:30 on 29 March 2026."""
        (rejected,) = load([an_appointment(starts_at="2026-03-29T01:30", status="")]).rejected
        assert (rejected.line, rejected.column, rejected.value) == (2, "starts_at", "2026-03-29T01:30")
        assert "exists in Europe/London" in rejected.reason

    def test_one_that_exists_twice_is_the_later_and_marked(self, load, rows_of):
        """01:30 on 25 October 2026 is taken as GMT."""
        load([an_appointment(starts_at="2026-10-25T01:30")])
        row = rows_of("SELECT to_char(starts_at AT TIME ZONE 'UTC', 'HH24:MI'), time_ambiguous FROM appointment")[0]
        assert tuple(row) == ("01:30", True)

    def test_a_length_that_nobody_told_is_the_kinds_and_marked(self, load, rows_of):
        """A new birth visit lasts an hour by config/contacts.yaml."""
        load([an_appointment()])
        row = rows_of("SELECT extract(epoch FROM ends_at - starts_at) / 60, length_assumed FROM appointment")[0]
        assert (int(row[0]), row[1]) == (60, True)

    @pytest.mark.parametrize(
        "starts_at", ["31/02/2026 09:00", "06/25/2026 09:00", "1800-01-01T09:00", "soon", "2126-01-01"]
    )
    def test_a_time_that_cannot_be_is_rejected_saying_what_was_expected(self, load, starts_at):
        """Line, column, value, and what was expected."""
        (rejected,) = load([an_appointment(starts_at=starts_at)]).rejected
        assert (rejected.line, rejected.column, rejected.value) == (2, "starts_at", starts_at)
        assert "expected" in rejected.reason

    @pytest.mark.parametrize(
        ("fields", "column"),
        [
            ({"ends_at": "2026-06-11T09:00"}, "ends_at"),
            ({"minutes": "0"}, "minutes"),
            ({"status": "attended", "starts_at": "2026-06-13T10:00"}, "status"),
            ({"subject_dob": "2027-01-01"}, "subject_dob"),
            ({"subject_dob": "1800-01-01"}, "subject_dob"),
            ({"subject_edd": "2028-01-01"}, "subject_edd"),
        ],
    )
    def test_what_contradicts_the_calendar_is_rejected(self, load, fields, column):
        """An end before the start, an outcome of a visit to come, a birth to come."""
        (rejected,) = load([an_appointment(**fields)]).rejected
        assert rejected.column == column


class TestNumbersAndIds:
    @pytest.mark.parametrize("number", ["999 000 0018", "999-000-0018", "9990000018"])
    def test_an_nhs_number_may_have_spaces_or_dashes(self, load, rows_of, number):
        """Stored as ten digits."""
        load([an_appointment(subject_nhs_number=number)])
        assert rows_of("SELECT count(*) FROM person WHERE nhs_number = '9990000018'")[0][0] == 1

    @pytest.mark.parametrize("number", ["9990000019", "999000001", "9999999999", "9.99E+09", "99900000l8"])
    def test_a_wrong_nhs_number_rejects_the_row(self, load, number):
        """Modulus 11; a dummy of one digit repeated; a number a spreadsheet has spoilt."""
        (rejected,) = load([an_appointment(subject_nhs_number=number)]).rejected
        assert (rejected.column, rejected.value) == ("subject_nhs_number", number)

    def test_an_id_in_broken_float_form_is_kept_as_text(self, load, rows_of):
        """9377952927E-5 is somebody's id, not a number."""
        load([an_appointment(subject_local_id="9377952927E-5")])
        assert rows_of("SELECT local_id FROM person_identifier WHERE local_id LIKE '9%'") == [("9377952927E-5",)]

    def test_a_row_about_nobody_is_rejected(self, load):
        """An NHS number or a local id is required."""
        (rejected,) = load([an_appointment(subject_nhs_number="", subject_local_id="")]).rejected
        assert "NHS number or a local id" in rejected.reason

    def test_a_telephone_number_that_cannot_be_is_left_out_and_listed(self, load, rows_of):
        """The miss is kept: how to reach the family is worth less than knowing of it."""
        report = load([an_appointment(contact_mobile="12")])
        assert (report.created, report.rejected) == (1, ())
        assert [(each.line, each.column, each.value) for each in report.warnings] == [(2, "contact_mobile", "12")]
        assert rows_of("SELECT count(*) FROM contact_point")[0][0] == 0

    def test_a_drama_number_passes(self, load, rows_of):
        """Possible, not valid: Ofcom's numbers for fiction are possible."""
        load([an_appointment(contact_mobile="07700 900999")])
        assert rows_of("SELECT number FROM contact_point") == [("+447700900999",)]

    def test_an_unknown_contact_code_is_rejected_naming_those_allowed(self, load):
        """Never guessed from a similar one."""
        (rejected,) = load([an_appointment(kind="NBV")]).rejected
        assert rejected.column == "kind"
        assert "HV-NBV" in rejected.reason

    def test_overlong_ids_are_rejected_and_overlong_notes_shortened(self, load, rows_of):
        """A cut id could be somebody else's; a cut note is still a note."""
        report = load([an_appointment(source_id="x" * 300), an_appointment(source_id="A2", reason="y" * 9000)])
        assert [each.line for each in report.rejected] == [2]
        assert rows_of("SELECT length(reason) FROM appointment") == [(2000,)]

    def test_a_rejected_row_is_kept_whole(self, load, rows_of):
        """A person can put it right from what was kept."""
        load([an_appointment(kind="NBV")])
        assert rows_of('SELECT "row" FROM import_rejection')[0][0]["subject_local_id"] == "P1"

    def test_text_that_copy_would_take_for_its_own_marks_survives(self, load, rows_of):
        """Tabs, backslashes, newlines, and the null mark of COPY are only text."""
        reason = "a\tb\\N c\nd \\. e"
        load([an_appointment(reason=reason, Rota='q"\\x\t')])
        row = rows_of("SELECT reason, extras FROM appointment")[0]
        assert tuple(row) == (reason, {"Rota": 'q"\\x\t'})

    def test_a_nul_byte_rejects_its_row(self, load, tmp_path):
        """PostgreSQL stores it in no text. Wherever in the file it stands, the rows beside it count."""
        path = tmp_path / "f.csv"
        head = "source_id,subject_local_id,kind,starts_at,reason\n"
        path.write_text(head + "A0,P0,HV-6W,2026-06-01,x\nA1,P1,HV-6W,2026-06-01,a\0b\nA2,P2,HV-6W,2026-06-01,y\n")
        report = load(path)
        assert [(each.line, each.column, each.reason) for each in report.rejected] == [
            (3, "reason", "expected text; this row holds a NUL byte")
        ]
        assert report.created == 2
