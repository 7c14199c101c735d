"""Absences coming in, as tables and as calendars: days, times, series, zones, cancelled ones, every sort of dirt."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

import config
from intake.calendar_file import open_calendar
from intake.errors import UnusableFile, UnusableInput
from intake.formats import Format
from models.db import sources
from models.domain.words import ImportKind
from tests.intake.conftest import NOW

SAMPLES = Path(config.__file__).parent / "samples"
LATER = NOW + timedelta(days=1)


def utc(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


def leave(**fields: str) -> dict[str, str]:
    """One row: a week off, last day included."""
    return {
        "source_id": "B1", "practitioner": "HV1", "starts_at": "2026-06-15", "ends_at": "2026-06-19", "cover": "HV2",
        **fields,
    }  # fmt: skip


@pytest.fixture
def staff(load):
    """Three health visitors, of whom two share an address."""
    load(
        [
            {"staff_id": f"HV{n}", "name": f"Hana Vale {n}", "role": "health_visitor", "team": "T1", "email": mail}
            for n, mail in ((1, "one@example.nhs.uk"), (2, "shared@example.nhs.uk"), (3, "shared@example.nhs.uk"))
        ],
        kind=ImportKind.STAFF,
    )


@pytest.fixture
def absences(load, staff):
    """Import rows of absences, after the staff."""

    def absences(*rows, **more):
        return load(rows or [leave()], kind=ImportKind.ABSENCES, **more)

    return absences


@pytest.fixture
def calendar(load, staff, tmp_path):
    """Import events, given as their lines, as a calendar of the roster."""

    def calendar(*events: str, mapping=None, **more):
        path = tmp_path / "leave.ics"
        path.write_text(ics(*events), newline="")
        return load(path, kind=ImportKind.ABSENCES, format=Format.ICS, mapping=mapping, **more)

    return calendar


@pytest.fixture
def away(rows_of):
    """Who is away when, as stored: staff id, start, end, cover."""

    def away() -> list[tuple[object, ...]]:
        return [
            tuple(row)
            for row in rows_of(
                "SELECT p.code, a.starts_at, a.ends_at, c.code FROM absence a"
                " JOIN practitioner p ON p.id = a.practitioner_id"
                " LEFT JOIN practitioner c ON c.id = a.cover_practitioner_id"
                " WHERE a.called_off_at IS NULL ORDER BY a.starts_at, p.code"
            )
        ]

    return away


def ics(*events: str) -> str:
    """A calendar of these events, lines ended as the standard wants."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x"]
    for event in events:
        lines += ["BEGIN:VEVENT", *event.split("\n"), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def event(**properties: str) -> str:
    """One event's lines: a day off, of whom X-STAFF-ID says; names are written with `_` for `-`."""
    given = {"UID": "u1", "DTSTART;VALUE=DATE": "20260615", "X_STAFF_ID": "HV1", **properties}
    return "\n".join(f"{name.replace('_', '-')}:{value}" for name, value in given.items() if value)


class TestTable:
    def test_a_last_day_is_away_to_its_end(self, absences, away):
        """By the local clock, in summer time; an absence is stored once."""
        report = absences()
        assert (report.read, report.created, list(report.rejected)) == (1, 1, [])
        assert away() == [("HV1", utc("2026-06-14 23:00"), utc("2026-06-19 23:00"), "HV2")]

    def test_has_the_engine_look_at_whoever_is_away(self, absences, rows_of):
        """What they hold is handed over when it begins, or at once where it has begun."""
        absences()
        assert rows_of("SELECT code FROM practitioner WHERE look_at <= :now", now=NOW) == [("HV1",)]

    def test_twice_changes_nothing(self, absences, rows_of):
        """No second absence, nobody looked at again."""
        absences()
        with_look = rows_of("SELECT look_at FROM practitioner WHERE code = 'HV1'")
        again = absences(now=LATER)
        assert (again.created, again.updated, again.unchanged) == (0, 0, 1)
        assert rows_of("SELECT look_at FROM practitioner WHERE code = 'HV1'") == with_look

    @pytest.mark.parametrize(
        ("row", "expected"),
        [
            ({"ends_at": ""}, ("2026-06-14 23:00", "2026-06-15 23:00")),
            (
                {"starts_at": "2026-06-15 13:00", "ends_at": "2026-06-15 17:00"},
                ("2026-06-15 12:00", "2026-06-15 16:00"),
            ),
            ({"starts_at": "2026-10-24", "ends_at": "2026-10-25"}, ("2026-10-23 23:00", "2026-10-26 00:00")),
        ],
    )
    def test_days_and_times_are_local(self, absences, away, row, expected):
        """One day; an afternoon; the weekend on which the clocks go back."""
        absences(leave(cover="", **row))
        assert away() == [("HV1", *map(utc, expected), None)]

    @pytest.mark.parametrize(
        ("row", "column", "value", "expected"),
        [
            ({"practitioner": "Hana Vale 1"}, "practitioner", "Hana Vale 1", "a name is never guessed"),
            ({"practitioner": "shared@example.nhs.uk"}, "practitioner", "shared@example.nhs.uk", "one person's alone"),
            ({"ends_at": "2026-06-14"}, "ends_at", "2026-06-14", "expected an end after the start"),
            ({"starts_at": "2026-06-15T09:00", "ends_at": ""}, "ends_at", "", "expected an end, or a start that is a"),
            ({"ends_at": "2036-06-14"}, "ends_at", "2036-06-14", "within two years"),
            ({"starts_at": "2026-03-29T01:30"}, "starts_at", "2026-03-29T01:30", "expected a time that exists"),
            ({"status": "maybe"}, "status", "maybe", "expected one of confirmed, tentative, cancelled"),
        ],
    )
    def test_names_line_column_value_and_what_was_expected(self, absences, away, row, column, value, expected):
        """A bad row beside a good one: the good one counts."""
        report = absences(leave(), leave(source_id="B2", **row))
        (fault,) = report.rejected
        assert (fault.line, fault.column, fault.value) == (3, column, value)
        assert expected in fault.reason
        assert len(away()) == 1

    def test_takes_an_address_for_an_id_where_it_is_one_person_s(self, absences, away):
        """An e-mail address in the staff file names somebody; in any case of letters."""
        absences(leave(practitioner="One@Example.nhs.uk", cover=""))
        assert [row[0] for row in away()] == ["HV1"]

    @pytest.mark.parametrize("cover", ["HV9", "HV1"])
    def test_leaves_out_a_cover_who_is_nobody_or_the_same_person(self, absences, away, cover):
        """The absence counts all the same: duty or the lead has the work. It is a warning."""
        report = absences(leave(cover=cover))
        assert [(row[0], row[3]) for row in away()] == [("HV1", None)]
        (warning,) = report.warnings
        assert (warning.line, warning.column, warning.value) == (2, "cover", cover)

    def test_makes_nobody_known_whom_the_staff_file_does_not_have(self, load, rows_of):
        """Unlike an appointment's practitioner: an absence of nobody covers nothing."""
        report = load([leave()], kind=ImportKind.ABSENCES)
        assert len(report.rejected) == 1
        assert rows_of("SELECT count(*) FROM practitioner WHERE NOT last_resort") == [(0,)]

    @pytest.mark.parametrize("status", ["cancelled", "tentative"])
    def test_calls_off_what_is_cancelled_or_not_agreed_yet(self, absences, away, rows_of, status):
        """The row stays, with who called it off; agreed again, it is on again."""
        absences()
        assert absences(leave(status=status), now=LATER).updated == 1
        assert away() == []
        assert rows_of("SELECT called_off_by FROM absence") == [("import:systmone",)]
        assert absences(now=LATER).updated == 1
        assert len(away()) == 1

    def test_never_revives_what_a_person_called_off(self, absences, engine, away):
        """The file says it is on, every night."""
        absences()
        with Session(engine) as session, session.begin():
            session.execute(text("UPDATE absence SET called_off_at = :now, called_off_by = 'person:ann'"), {"now": NOW})
        assert absences(leave(ends_at="2026-06-20"), now=LATER).updated == 0
        assert away() == []

    def test_keeps_no_reason(self, absences, rows_of):
        """Why somebody is away is nobody's business here: a column of that name is stored nowhere."""
        absences(leave(reason="Migraine"))
        assert rows_of("SELECT count(*) FROM absence WHERE absence::text ILIKE '%migraine%'") == [(0,)]

    def test_full_calls_off_what_it_no_longer_has(self, absences, engine, away):
        """Declared full and the last word; what a person entered, and what is over, stays."""
        with Session(engine) as session, session.begin():
            sources.set_(
                session, name="systmone", values={"extent": "full", "authoritative_for": "absences"}, by="A", now=NOW
            )
        absences(leave(), leave(source_id="B2", practitioner="HV2", cover=""))
        with Session(engine) as session, session.begin():
            session.execute(
                text(
                    "INSERT INTO absence (practitioner_id, starts_at, ends_at, recorded_by)"
                    " SELECT id, :now, :now + interval '9 days', 'person:ann' FROM practitioner WHERE code = 'HV3'"
                ),
                {"now": NOW},
            )
        report = absences(now=LATER)
        assert (report.vanished, [row[0] for row in away()]) == (1, ["HV3", "HV1"])

    def test_full_of_a_source_that_is_no_authority_only_adds(self, absences, engine, away):
        """Nobody has said that it is the last word."""
        with Session(engine) as session, session.begin():
            sources.set_(session, name="systmone", values={"extent": "full"}, by="A", now=NOW)
        absences(leave(), leave(source_id="B2", practitioner="HV2", cover=""))
        assert absences(now=LATER).vanished == 0
        assert len(away()) == 2


class TestCalendar:
    def test_ends_on_the_day_before_its_end(self, calendar, away):
        """RFC 5545: the end of a day-long event is the first day after it."""
        report = calendar(event(**{"DTEND;VALUE=DATE": "20260620", "X_COVER_ID": "HV2"}))
        assert (report.read, report.created) == (1, 1)
        assert away() == [("HV1", utc("2026-06-14 23:00"), utc("2026-06-19 23:00"), "HV2")]

    @pytest.mark.parametrize(
        ("times", "expected"),
        [
            ({}, ("2026-06-14 23:00", "2026-06-15 23:00")),
            ({"DURATION": "P2D"}, ("2026-06-14 23:00", "2026-06-16 23:00")),
            (
                {"DTSTART;VALUE=DATE": "", "DTSTART": "20260615T090000", "DTEND": "20260615T170000"},
                ("2026-06-15 08:00", "2026-06-15 16:00"),
            ),
            (
                {"DTSTART;VALUE=DATE": "", "DTSTART": "20260615T090000Z", "DURATION": "PT4H"},
                ("2026-06-15 09:00", "2026-06-15 13:00"),
            ),
            (
                {
                    "DTSTART;VALUE=DATE": "",
                    "DTSTART;TZID=America/Toronto": "20260615T090000",
                    "DTEND;TZID=America/Toronto": "20260615T170000",
                },
                ("2026-06-15 13:00", "2026-06-15 21:00"),
            ),
            (
                {
                    "DTSTART;VALUE=DATE": "",
                    "DTSTART;TZID=GMT Standard Time": "20260615T090000",
                    "DTEND;TZID=GMT Standard Time": "20260615T170000",
                },
                ("2026-06-15 08:00", "2026-06-15 16:00"),
            ),
        ],
        ids=["a day", "two days", "civil time", "UTC", "another zone", "a zone by Windows' name"],
    )
    def test_times_are_read_in_their_zone(self, calendar, away, times, expected):
        """Without a zone, the clock on the wall where the work is done."""
        assert list(calendar(event(**times)).rejected) == []
        assert away() == [("HV1", *map(utc, expected), None)]

    def test_repeats_are_written_out(self, calendar, away):
        """Every Wednesday, but not the 24th, and on the 17th only the morning: also over the change to winter time."""
        clock = ";TZID=Europe/London"
        report = calendar(
            event(
                **{
                    "DTSTART;VALUE=DATE": "", f"DTSTART{clock}": "20260603T090000", f"DTEND{clock}": "20260603T170000",
                    "RRULE": "FREQ=WEEKLY;BYDAY=WE;UNTIL=20261104T235959Z", f"EXDATE{clock}": "20260624T090000",
                }
            ),
            event(
                **{
                    "DTSTART;VALUE=DATE": "", f"DTSTART{clock}": "20260617T090000", f"DTEND{clock}": "20260617T120000",
                    f"RECURRENCE_ID{clock}": "20260617T090000",
                }
            ),
        )  # fmt: skip
        assert list(report.rejected) == []
        starts = [row[1] for row in away()]
        assert utc("2026-06-24 08:00") not in starts
        assert (utc("2026-10-21 08:00") in starts, utc("2026-10-28 09:00") in starts) == (True, True)
        assert [row[2] for row in away() if row[1] == utc("2026-06-17 08:00")] == [utc("2026-06-17 11:00")]
        assert len(starts) == report.created == 22

    def test_an_endless_one_is_written_out_for_a_year(self, calendar, away):
        """And the next import goes on from there, changing nothing it had said before."""
        series = event(RRULE="FREQ=WEEKLY")
        created = calendar(series).created
        assert 52 <= created <= 60
        again = calendar(series, now=NOW + timedelta(days=28))
        assert (again.created, again.updated) == (4, 0)

    def test_an_instance_taken_out_or_cancelled_is_called_off(self, calendar, away):
        """By an EXDATE, and by a changed instance that says CANCELLED: nobody is away then."""
        series = {"RRULE": "FREQ=DAILY;COUNT=4"}
        calendar(event(**series))
        assert len(away()) == 4
        report = calendar(
            event(**series, **{"EXDATE;VALUE=DATE": "20260616"}),
            event(**{"RECURRENCE_ID;VALUE=DATE": "20260617", "DTSTART;VALUE=DATE": "20260617", "STATUS": "CANCELLED"}),
            now=LATER,
        )
        assert (report.created, report.updated) == (0, 2)
        assert [row[1] for row in away()] == [utc("2026-06-14 23:00"), utc("2026-06-17 23:00")]

    def test_cancelled_ones_are_called_off(self, calendar, away):
        """STATUS says so; one that was never stored is not stored now."""
        calendar(event())
        report = calendar(event(STATUS="CANCELLED"), event(UID="u2", STATUS="CANCELLED"), now=LATER)
        assert (report.created, report.updated, report.unchanged) == (0, 1, 1)
        assert away() == []

    def test_of_one_uid_the_highest_sequence_wins(self, calendar, away):
        """Wherever it stands in the file; the other is named by its line."""
        report = calendar(
            event(SEQUENCE="2", **{"DTSTART;VALUE=DATE": "20260616"}),
            event(SEQUENCE="1", **{"DTSTART;VALUE=DATE": "20260615"}),
        )
        (fault,) = report.rejected
        assert (fault.line, fault.column, fault.value) == (10, "UID", "u1")
        assert "line 4 has it too and wins" in fault.reason
        assert [row[1] for row in away()] == [utc("2026-06-15 23:00")]

    def test_a_mapping_says_who_it_is_by_another_property(self, calendar, away, tmp_path):
        """The organiser's address; the words of the entry say whether it is leave; a meeting is none."""
        mapping = Path(config.__file__).parent / "mappings" / "roster-calendar.yaml"
        report = calendar(
            event(X_STAFF_ID="", ORGANIZER="mailto:one@example.nhs.uk", SUMMARY="Annual leave"),
            event(UID="u2", X_STAFF_ID="", ORGANIZER="mailto:one@example.nhs.uk", SUMMARY="Team meeting"),
            mapping=mapping,
        )
        assert (report.created, report.unchanged, list(report.rejected)) == (1, 1, [])
        assert [row[0] for row in away()] == ["HV1"]

    def test_a_calendar_of_one_person_names_them_in_the_mapping(self, calendar, away, tmp_path):
        """A constant instead of a property."""
        mapping = tmp_path / "mine.yaml"
        mapping.write_text("constants: {practitioner: HV3}\n")
        calendar(event(X_STAFF_ID=""), mapping=mapping)
        assert [row[0] for row in away()] == ["HV3"]

    @pytest.mark.parametrize(
        ("properties", "column", "expected"),
        [
            ({"X_STAFF_ID": ""}, "X-STAFF-ID", "expected a value: practitioner is required"),
            ({"X_STAFF_ID": "Hana Vale 1"}, "X-STAFF-ID", "a name is never guessed"),
            ({"UID": ""}, "UID", "expected a UID"),
            ({"DTSTART;VALUE=DATE": ""}, "DTSTART", "expected a DTSTART"),
            ({"DTSTART;VALUE=DATE": "15/06/2026"}, "DTSTART", "expected a line that can be read"),
            ({"DTEND;VALUE=DATE": "20260601"}, "DTEND", "expected an end after the start"),
            ({"DTEND": "20260616T090000Z"}, "DTEND", "both days or both times"),
            ({"DTSTART;VALUE=DATE": "", "DTSTART": "20260615T090000Z"}, "DTEND", "expected DTEND or DURATION"),
            ({"RRULE": "FREQ=SECONDLY"}, "RRULE", "by day, week, month or year"),
            ({"RRULE": "FREQ=SOMETIMES"}, "RRULE", "expected a line that can be read"),
            ({"RRULE": "FREQ=DAILY;COUNT=99999999999999999999"}, "RRULE", "expected a line that can be read"),
            (
                {"EXDATE;VALUE=DATE": "soon", "RRULE": "FREQ=DAILY;COUNT=2"},
                "EXDATE",
                "expected a line that can be read",
            ),
            (
                {"DTSTART;VALUE=DATE": "", "DTSTART;TZID=Nowhere/Land": "20260615T090000", "DURATION": "PT1H"},
                "DTSTART",
                "expected a time zone that is known",
            ),
            ({"STATUS": "PERHAPS"}, "STATUS", "expected one of confirmed, tentative, cancelled"),
        ],
    )
    def test_an_event_that_can_t_be_used_costs_itself_alone(self, calendar, away, properties, column, expected):
        """Named by the line it begins on; the good one beside it counts."""
        report = calendar(event(UID="good"), event(**properties))
        (fault,) = report.rejected
        assert (fault.line, fault.column) == (9, column)
        assert expected in fault.reason
        assert len(away()) == 1

    def test_a_broken_line_in_an_event_costs_the_event(self, calendar, away):
        """It may have been the end."""
        report = calendar(event() + "\nDTEND 20260620", event(UID="good"))
        assert [fault.line for fault in report.rejected] == [4]
        assert len(away()) == 1

    def test_what_it_says_beside_is_no_matter(self, calendar, away):
        """Folded lines, alarms, odd properties, quoted names: read over."""
        noise = 'ATTENDEE;CN="Bell, Amira";ROLE=X:mailto:a@example.nhs.uk\nDESCRIPTION:one\n  two\nGEO:nowhere'
        alarm = "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT15M\nDESCRIPTION:x\nEND:VALARM"
        assert list(calendar(event() + "\n" + noise + "\n" + alarm).rejected) == []
        assert len(away()) == 1

    def test_twice_changes_nothing(self, calendar):
        """The same calendar again."""
        calendar(event(), event(UID="u2", RRULE="FREQ=DAILY;COUNT=3"))
        again = calendar(event(), event(UID="u2", RRULE="FREQ=DAILY;COUNT=3"), now=LATER)
        assert (again.read, again.created, again.updated) == (4, 0, 0)

    def test_the_sample_is_read_whole(self, load, staff, away):
        """Leave with cover, a Wednesday off in a zone of its own with one taken out, leave that was cancelled."""
        load(
            [{"staff_id": f"HV01{n}", "name": f"Ida {n}", "role": "health_visitor"} for n in (1, 2, 3)],
            kind=ImportKind.STAFF,
        )
        report = load(SAMPLES / "absences.ics", kind=ImportKind.ABSENCES, format=Format.ICS)
        assert (list(report.rejected), list(report.warnings)) == ([], [])
        found = away()
        assert ("HV011", utc("2026-06-14 23:00"), utc("2026-06-19 23:00"), "HV012") in found
        assert ("HV013", utc("2026-06-10 08:00"), utc("2026-06-10 16:00"), None) in found
        assert utc("2026-06-24 08:00") not in {row[1] for row in found}
        assert not [row for row in found if row[0] == "HV012"]


class TestUnusable:
    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            ("", "is empty"),
            ("NHS number,Alert\n1,cpp\n", "is no calendar"),
            (ics(event())[:-40], "ends in the middle of the VEVENT that begins on line 4"),
        ],
    )
    def test_file_stores_nothing(self, load, staff, tmp_path, rows_of, content, expected):
        """Cut off, empty, or something else."""
        path = tmp_path / "leave.ics"
        path.write_text(content, newline="")
        with pytest.raises(UnusableFile, match=expected):
            load(path, kind=ImportKind.ABSENCES, format=Format.ICS)
        assert rows_of("SELECT count(*) FROM absence") == [(0,)]

    def test_calendar_of_another_kind_is_refused(self, load, tmp_path):
        """A calendar holds absences."""
        path = tmp_path / "leave.ics"
        path.write_text(ics(event()), newline="")
        with pytest.raises(UnusableFile, match="a calendar holds absences"):
            load(path, kind=ImportKind.APPOINTMENTS, format=Format.ICS)

    @given(
        st.lists(
            st.sampled_from(
                ["BEGIN:VEVENT", "END:VEVENT", "BEGIN:VTIMEZONE", "END:VTIMEZONE", "UID:a", "UID:b", "DTSTART:20260615",
                 "DTSTART;VALUE=DATE:20260615", "DTEND;VALUE=DATE:20260617", "DTSTART;TZID=X:20260615T090000",
                 "RRULE:FREQ=DAILY;COUNT=3", "RRULE:FREQ=YEARLY;BYEASTER=1", "RDATE;VALUE=PERIOD:20260615T090000Z/PT1H",
                 "EXDATE:", "RECURRENCE-ID:20260615", "SEQUENCE:x", "STATUS:", "DURATION:-P1D", "DURATION:P9999999999D",
                 "X-STAFF-ID:HV1", " folded", "\t", "garbage", "TZID:X", "END:VCALENDAR", "BEGIN:VCALENDAR"]
            ),
            max_size=24,
        )
    )  # fmt: skip
    @example(lines=["BEGIN:VEVENT", "TZID:X", "END:VTIMEZONE", "END:VEVENT"])
    @example(lines=["BEGIN:VEVENT", "UID:a", "DTSTART:20260615", "DTSTART:20260615", "END:VEVENT"])
    @settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    def test_any_lines_are_read_or_refused_by_name(self, tmp_path, lines):
        """Whatever somebody's calendar holds: rows, faults with a line, or an error that says what was expected."""
        path = tmp_path / "any.ics"
        path.write_text("\r\n".join(["BEGIN:VCALENDAR", *lines, "END:VCALENDAR"]), newline="")
        try:
            rows = list(open_calendar(path, encoding=None, since=NOW.date(), until=NOW.date() + timedelta(60)).rows())
        except UnusableInput:
            return
        assert all(line > 0 for line, _ in rows)
