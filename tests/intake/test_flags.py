"""Flags, caseloads coming in: who may end what, from when, and what a person said stays said."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import alerts, sources
from models.db.scope import Scope
from models.domain.ids import AccountId, AlertId
from models.domain.words import AccountRole, ImportKind
from tests.intake.conftest import NOW

LATER = NOW + timedelta(days=1)


def a_flag(**fields: str) -> dict[str, str]:
    """One row: a child protection plan of a child known by number."""
    return {"subject_nhs_number": "9990000018", "flag": "cpp", "set_on": "2026-05-01", **fields}


def numbers(count: int) -> list[str]:
    """Local ids of so many children."""
    return [f"C{n:03d}" for n in range(count)]


@pytest.fixture
def flags(load):
    """Import rows of flags."""

    def flags(*rows, **more):
        return load(rows or [a_flag()], kind=ImportKind.FLAGS, **more)

    return flags


@pytest.fixture
def declare(engine):
    """Declare what the source's flags mean."""

    def declare(**values: str) -> None:
        with Session(engine) as session, session.begin():
            sources.set_(session, name="systmone", values=values, by="Ann Lead", now=NOW)

    return declare


@pytest.fixture
def current(rows_of):
    """The flags that nobody has ended: code and who set it."""

    def current() -> list[tuple[str, str]]:
        return [tuple(row) for row in rows_of("SELECT code, set_by FROM flag WHERE ended_at IS NULL ORDER BY code")]

    return current


class TestFlags:
    def test_set_what_nobody_had_set(self, flags, rows_of):
        """On the day the file says, with a row in the audit trail."""
        report = flags()
        assert (report.read, report.created, report.updated, list(report.rejected)) == (1, 1, 0, [])
        assert rows_of("SELECT code, set_at, set_by, ended_at FROM flag") == [
            ("cpp", datetime(2026, 4, 30, 23, 0, tzinfo=UTC), "import:systmone", None)
        ]
        assert rows_of("SELECT action, actor FROM audit_entry WHERE subject = 'flag'") == [
            ("flag.set", "import:systmone")
        ]

    def test_twice_change_nothing(self, flags, current):
        """The same file again, the next day."""
        flags()
        again = flags(now=LATER)
        assert (again.created, again.updated, again.unchanged) == (0, 0, 1)
        assert current() == [("cpp", "import:systmone")]

    def test_keep_a_code_nobody_has_configured(self, flags, current):
        """Unknown is not safe: the rules hold it for high risk."""
        flags(a_flag(flag="LOCAL-ALERT-7"))
        assert current() == [("LOCAL-ALERT-7", "import:systmone")]

    @pytest.mark.parametrize(
        ("row", "column", "value", "expected"),
        [
            ({"flag": "cpp|cin"}, "flag", "cpp|cin", "expected one code"),
            ({"flag": ""}, "flag", "", "expected a value: flag is required"),
            ({"ended_on": "2026-04-01"}, "ended_on", "2026-04-01", "expected a date not before the flag was set"),
            ({"ended_on": "soon"}, "ended_on", "soon", "expected a date such as 2026-03-25"),
            ({"subject_nhs_number": "9990000019"}, "subject_nhs_number", "9990000019", "check digit"),
        ],
    )
    def test_name_line_column_value_and_what_was_expected(self, flags, current, row, column, value, expected):
        """A bad row beside a good one: the good one counts."""
        report = flags(a_flag(), a_flag(**{"subject_nhs_number": "9990000026", **row}))
        (fault,) = report.rejected
        assert (fault.line, fault.column, fault.value) == (3, column, value)
        assert expected in fault.reason
        assert current() == [("cpp", "import:systmone")]

    def test_of_a_source_that_is_no_authority_only_add(self, flags, declare, current):
        """Full or not, with or without an end in the row: nothing is ended, and the row says so."""
        declare(extent="full")
        flags(a_flag(), a_flag(flag="cin"))
        report = flags(a_flag(ended_on="2026-06-01"), now=LATER)
        assert (report.updated, report.vanished) == (0, 0)
        assert current() == [("cin", "import:systmone"), ("cpp", "import:systmone")]
        (warning,) = report.warnings
        assert (warning.line, warning.column, warning.value) == (2, "flag", "cpp")
        assert warning.reason.startswith("left out: set by import:systmone")

    def test_are_ended_by_a_row_of_their_own_source(self, flags, declare, rows_of):
        """Where the trust has declared it the last word on flags."""
        declare(authoritative_for="flags")
        flags()
        report = flags(a_flag(ended_on="2026-06-10"), now=LATER)
        assert (report.created, report.updated) == (0, 1)
        assert rows_of("SELECT ended_at, ended_by FROM flag") == [(LATER, "import:systmone")]

    def test_ended_once_and_current_again_are_current(self, flags, declare, current):
        """An earlier plan that ended and today's are two rows of one code."""
        declare(authoritative_for="flags")
        flags(a_flag(set_on="2024-01-01", ended_on="2024-06-01"), a_flag(set_on="2026-05-01"))
        assert current() == [("cpp", "import:systmone")]

    def test_of_another_source_are_not_this_ones_to_end(self, flags, declare, current):
        """The hospital's flag stays though the record system says it is over."""
        declare(authoritative_for="flags")
        flags(source="hospital")
        report = flags(a_flag(ended_on="2026-06-01"))
        assert report.warnings[0].reason.startswith("left out: set by import:hospital")
        assert current() == [("cpp", "import:hospital")]


class TestFullList:
    @pytest.fixture(autouse=True)
    def full(self, declare):
        """The source sends all its flags each time, and is the last word on them."""
        declare(extent="full", authoritative_for="attendance,flags")

    def test_ends_what_it_no_longer_has_and_had_itself_set(self, flags, current):
        """By whom and when stays told; another source's flag is none of its business."""
        flags(a_flag(flag="cin"), source="hospital")
        flags(a_flag(), a_flag(flag="worried"))
        report = flags(a_flag(), now=LATER)
        assert (report.vanished, report.rejected) == (1, ())
        assert current() == [("cin", "import:hospital"), ("cpp", "import:systmone")]

    def test_never_ends_what_a_person_set(self, flags, engine, current):
        """Whether the list has it or not."""
        flags(a_flag(), a_flag(flag="worried"))
        with Session(engine) as session, session.begin():
            session.execute(text("UPDATE flag SET set_by = 'person:ann' WHERE code = 'cpp'"))
        report = flags(a_flag(flag="worried"), now=LATER)
        assert report.vanished == 0
        assert current() == [("cpp", "person:ann"), ("worried", "import:systmone")]
        flags(a_flag(ended_on="2026-06-01"), a_flag(flag="worried"), now=LATER)
        assert current() == [("cpp", "person:ann"), ("worried", "import:systmone")]

    def test_with_a_row_that_can_t_be_used_ends_nothing(self, flags, current):
        """Whose flag the bad row was nobody knows: maybe the one that seems gone."""
        flags(a_flag(), a_flag(flag="worried"))
        report = flags(a_flag(), a_flag(subject_nhs_number="1", flag="worried"), now=LATER)
        assert (report.vanished, len(report.rejected)) == (0, 1)
        assert report.notes == ("no flag was ended for being absent, because 1 rows could not be used",)
        assert len(current()) == 2

    @pytest.mark.parametrize("kept", [0, 1, 4])
    def test_that_is_empty_or_suddenly_small_ends_nothing_and_raises_the_alarm(self, flags, rows_of, current, kept):
        """Ten children on plans, and then a file cut off: the last resort is told, the flags stand."""
        everybody = [{"subject_local_id": each, "flag": "cpp"} for each in numbers(10)]
        flags(*everybody)
        report = flags(*(everybody[:kept] or [{"subject_local_id": "", "flag": ""}]), now=LATER)
        assert report.vanished == 0
        assert report.notes[-1].startswith(f"{kept} rows where 10 are usual: nothing was ended")
        assert len(current()) == 10
        alarms = rows_of("SELECT kind, detail FROM alert WHERE kind = 'feed_small' AND state = 'open'")
        assert [(row.kind, row.detail["usual_rows"]) for row in alarms] == [("feed_small", 10)]

    def test_with_headers_only_ends_nothing_and_raises_the_alarm(self, flags, load, tmp_path, current, rows_of):
        """No row at all is not "no flags"."""
        flags()
        empty = tmp_path / "empty.csv"
        empty.write_text("subject_local_id,flag\n")
        assert load(empty, kind=ImportKind.FLAGS, now=LATER).vanished == 0
        assert current() == [("cpp", "import:systmone")]
        assert rows_of("SELECT count(*) FROM alert WHERE kind = 'feed_small'")[0][0] == 1

    def test_stays_held_back_until_a_person_has_settled_the_alarm(self, flags, engine, rows_of, current):
        """A list that is really shorter now: small again is no proof, a person's word is."""
        everybody = [{"subject_local_id": each, "flag": "cpp"} for each in numbers(10)]
        flags(*everybody)
        for days in (1, 2, 3):
            assert flags(*everybody[:2], now=NOW + timedelta(days=days)).vanished == 0
        ((alert,),) = rows_of("SELECT id FROM alert WHERE kind = 'feed_small' AND state = 'open'")
        with Session(engine) as session, session.begin():
            account = session.execute(
                text(
                    "INSERT INTO account (username, password_hash, role, created_at, created_by)"
                    " VALUES ('ann', 'x', 'team_lead', :now, 't') RETURNING id"
                ),
                {"now": NOW},
            ).scalar_one()
            ann = Scope(AccountId(account), "ann", AccountRole.TEAM_LEAD, True, frozenset(), None)
            assert alerts.end(session, alert_id=AlertId(alert), outcome="nothing_needed", account=ann, now=LATER)
        assert flags(*everybody[:2], now=NOW + timedelta(days=4)).vanished == 8
        assert len(current()) == 2

    def test_does_not_set_again_what_a_person_has_ended(self, flags, engine, current):
        """The person's word stands against the same old entry; it is listed. A new plan, later, is a new flag."""
        flags()
        with Session(engine) as session, session.begin():
            session.execute(text("UPDATE flag SET ended_at = :now, ended_by = 'person:ann'"), {"now": LATER})
        report = flags(now=LATER + timedelta(hours=1))
        assert (report.created, current()) == (0, [])
        assert "a person has ended this flag" in report.warnings[0].reason
        again = flags(a_flag(set_on="2026-06-12"), now=LATER + timedelta(days=2))
        assert (again.created, current()) == (1, [("cpp", "import:systmone")])


class TestFlagsInTheRegister:
    def test_are_ended_by_the_list_of_the_same_source(self, load, flags, declare, current):
        """What the register's own column set, its full list of flags ends."""
        declare(extent="full", authoritative_for="flags")
        load(
            [{"subject_nhs_number": "9990000018", "subject_dob": "2026-01-01", "flags": "cpp|worried"}],
            kind=ImportKind.PEOPLE,
        )
        flags()
        assert current() == [("cpp", "import:systmone")]


class TestCaseloads:
    @pytest.fixture
    def caseloads(self, load):
        def caseloads(*rows, **more):
            return load(rows, kind=ImportKind.CASELOADS, **more)

        return caseloads

    @pytest.fixture
    def holders(self, rows_of):
        def holders() -> dict[str, str | None]:
            found = rows_of(
                "SELECT i.local_id, p.code FROM person_identifier i JOIN person o ON o.id = i.person_id"
                " LEFT JOIN practitioner p ON p.id = o.caseload_holder_id"
            )
            return {row.local_id: row.code for row in found}

        return holders

    def test_say_who_holds_whom(self, caseloads, holders):
        """Known and not yet known people alike; the staff file fills the practitioner."""
        report = caseloads({"subject_local_id": "C1", "practitioner": "HV1", "team": "T1"})
        assert (report.read, report.created, report.updated) == (1, 1, 0)
        assert holders() == {"C1": "HV1"}

    def test_twice_change_nothing(self, caseloads, rows_of):
        """No second move."""
        row = {"subject_local_id": "C1", "practitioner": "HV1", "held_from": "2026-06-01"}
        caseloads(row)
        assert caseloads(row, now=LATER).unchanged == 1
        assert rows_of("SELECT count(*) FROM caseload_move")[0][0] == 1

    def test_that_move_leave_who_had_it_on_record(self, caseloads, holders, rows_of):
        """From whom, to whom, since when, by which source."""
        caseloads({"subject_local_id": "C1", "practitioner": "HV1"})
        report = caseloads({"subject_local_id": "C1", "practitioner": "HV2", "held_from": "2026-06-11"}, now=LATER)
        assert (report.created, report.updated) == (0, 1)
        assert holders() == {"C1": "HV2"}
        assert rows_of(
            "SELECT f.code, t.code, m.state, m.recorded_by FROM caseload_move m"
            " JOIN practitioner f ON f.id = m.from_practitioner_id JOIN practitioner t ON t.id = m.to_practitioner_id"
        ) == [("HV1", "HV2", "applied", "import:systmone")]

    def test_from_a_day_to_come_wait_for_it(self, caseloads, holders, rows_of):
        """At its first moment, local time; a file that says otherwise before then withdraws it."""
        caseloads({"subject_local_id": "C1", "practitioner": "HV1"})
        caseloads({"subject_local_id": "C1", "practitioner": "HV2", "held_from": "2026-07-01"}, now=LATER)
        assert holders() == {"C1": "HV1"}
        assert rows_of("SELECT due_at FROM caseload_move WHERE state = 'planned'") == [
            (datetime(2026, 6, 30, 23, 0, tzinfo=UTC),)
        ]
        caseloads({"subject_local_id": "C1", "practitioner": "HV1", "held_from": "2026-06-12"}, now=LATER)
        assert rows_of("SELECT state FROM caseload_move WHERE state <> 'applied'") == [("withdrawn",)]

    def test_older_than_the_last_move_change_nothing(self, caseloads, holders):
        """A file that comes late does not take the family back."""
        caseloads({"subject_local_id": "C1", "practitioner": "HV2", "held_from": "2026-06-09"})
        caseloads({"subject_local_id": "C1", "practitioner": "HV1", "held_from": "2026-05-01"}, now=LATER)
        assert holders() == {"C1": "HV2"}

    def test_with_one_person_twice_take_the_later_day_and_name_the_line(self, caseloads, holders):
        """Nobody is held by two."""
        report = caseloads(
            {"subject_local_id": "C1", "practitioner": "HV2", "held_from": "2026-06-09"},
            {"subject_local_id": "C1", "practitioner": "HV1", "held_from": "2026-05-01"},
        )
        (fault,) = report.rejected
        assert (fault.line, "line 2 is about the same one and wins" in fault.reason) == (3, True)
        assert holders() == {"C1": "HV2"}

    def test_of_the_register_are_moves_too(self, load, holders, rows_of):
        """Another holder in the register takes the family's work along as well."""
        child = {"subject_local_id": "C1", "subject_dob": "2026-05-01"}
        load([{**child, "caseload_holder": "HV1"}], kind=ImportKind.PEOPLE)
        load([{**child, "caseload_holder": "HV2"}], kind=ImportKind.PEOPLE, now=LATER)
        assert holders() == {"C1": "HV2"}
        assert rows_of("SELECT state FROM caseload_move") == [("applied",)]
