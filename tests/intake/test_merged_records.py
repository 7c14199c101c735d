"""Imports after a person has joined two records: what speaks of either goes to the one that is kept. Never a guess."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.db import merges
from models.db.scope import Scope
from models.domain.ids import AccountId
from models.domain.words import AccountRole, ImportKind
from tests.intake.conftest import NOW, an_appointment

LATER = NOW + timedelta(hours=1)
OTHER = {"subject_nhs_number": "9990000034", "subject_local_id": "P2", "household_id": "H2"}


@pytest.fixture
def join(engine: Engine, rows_of) -> Callable[..., int]:
    """A team lead joins the records of two local ids, or of two household ids."""

    def account(session: Session) -> Scope:
        made = "INSERT INTO account (username, password_hash, role, created_at, created_by) VALUES ('ann', 'x',"
        found = session.execute(text(f"{made} 'team_lead', now(), 'test') RETURNING id")).scalar_one()
        return Scope(AccountId(found), "ann", AccountRole.TEAM_LEAD, True, frozenset(), None)

    def join(kept: str, gone: str, *, what: str = "person") -> int:
        query = {
            "person": "SELECT person_id FROM person_identifier WHERE local_id = :id",
            "household": "SELECT id FROM household WHERE source_household_id = :id",
        }[what]
        ids = {"kept": rows_of(query, id=kept)[0][0], "gone": rows_of(query, id=gone)[0][0]}
        with Session(engine) as session, session.begin():
            given = {**ids, "reason": "Two registrations", "account": account(session), "now": NOW}
            if what == "household":
                return merges.join_households(session, **given)
            return merges.join_people(
                session, **given, agreed=(), answer_within=timedelta(hours=2), same_pregnancy=timedelta(days=150)
            )

    return join


class TestConflict:
    def test_of_two_known_people_is_proposed_to_a_person_once(self, load, rows_of):
        """A file gives one child's number to the other's id: compared on a page, not joined, not asked every night."""
        load([an_appointment(), an_appointment(source_id="A2", **OTHER)])
        for hour in range(3):
            load([an_appointment(source_id="A3", subject_local_id="P2")], now=NOW + timedelta(hours=hour))
        pair = rows_of("SELECT person_id, other_person_id, why, state, raised_by FROM merge_proposal")
        people = sorted(
            row[0] for row in rows_of("SELECT DISTINCT person_id FROM person_identifier WHERE local_id LIKE 'P_'")
        )
        assert pair == [(*people, "same_number", "open", "import:systmone")]
        assert rows_of("SELECT kind FROM alert ORDER BY kind") == [("identity_conflict",), ("merge_proposed",)]
        assert rows_of("SELECT count(*) FROM person WHERE merged_into IS NOT NULL") == [(0,)]

    def test_is_none_once_a_person_has_joined_them(self, load, rows_of, join):
        """The same row is taken in, for the record that is kept."""
        load([an_appointment(), an_appointment(source_id="A2", **OTHER)])
        join("P1", "P2")
        report = load([an_appointment(source_id="A3", subject_local_id="P2")], now=LATER)
        assert (report.created, report.rejected) == (1, ())
        assert len(rows_of("SELECT DISTINCT person_id FROM appointment")) == 1

    def test_that_a_person_has_called_two_stays_two(self, load, rows_of, engine):
        """Said once: the rows are still rejected, and nobody is asked again."""
        load([an_appointment(), an_appointment(source_id="A2", **OTHER)])
        load([an_appointment(source_id="A3", subject_local_id="P2")])
        with engine.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE merge_proposal SET state = 'not_one', reason = 'cousins', decided_by = 'person:ann',"
                " decided_at = now()"
            )
            connection.exec_driver_sql("UPDATE alert SET state = 'done', ended_at = now()")
        report = load([an_appointment(source_id="A3", subject_local_id="P2")], now=LATER)
        assert report.created == 0
        assert rows_of("SELECT state FROM merge_proposal") == [("not_one",)]
        assert rows_of("SELECT count(*) FROM alert WHERE kind = 'merge_proposed' AND state = 'open'") == [(0,)]


class TestARowOfTheRecordThatIsGone:
    @pytest.mark.parametrize("known_by", [{"subject_nhs_number": ""}, {"subject_local_id": ""}])
    def test_goes_to_the_one_that_is_kept(self, load, rows_of, join, known_by):
        """By its NHS number, which stays on its row, or by its source's id, which has moved."""
        load([an_appointment(), an_appointment(source_id="A2", **OTHER)])
        join("P1", "P2")
        load([an_appointment(source_id="A3", **{**OTHER, **known_by})], now=LATER)
        kept = rows_of("SELECT person_id FROM person_identifier WHERE local_id = 'P1'")[0][0]
        assert rows_of("SELECT DISTINCT person_id FROM appointment") == [(kept,)]
        assert rows_of("SELECT count(*) FROM person WHERE nhs_number IN ('9990000018', '9990000034')") == [(2,)]

    def test_comes_beside_the_other_in_the_register_every_night_without_a_fault(self, load, rows_of, join):
        """Both systems still list the child: one row tells, and nobody gets a task for the second."""
        rows = [
            {"subject_nhs_number": "9990000018", "subject_local_id": "P1", "subject_dob": "2026-06-01"},
            {"subject_nhs_number": "9990000034", "subject_local_id": "P2", "subject_dob": "2026-06-01"},
        ]
        load(rows, kind=ImportKind.PEOPLE)
        join("P1", "P2")
        for hour in (1, 2):
            report = load(rows, kind=ImportKind.PEOPLE, now=NOW + timedelta(hours=hour))
            assert report.rejected == ()
        assert (report.created, report.updated) == (0, 0)

    def test_of_a_household_goes_to_the_household_that_is_kept(self, load, rows_of, join):
        """The sender goes on using its own two ids."""
        load([an_appointment(), an_appointment(source_id="A2", contact_nhs_number="9990000042", **OTHER)])
        join("H1", "H2", what="household")
        load(
            [an_appointment(source_id="A3", contact_nhs_number="9990000042", starts_at="2026-06-20T10:00", **OTHER)],
            now=LATER,
        )
        kept = rows_of("SELECT id FROM household WHERE source_household_id = 'H1'")[0][0]
        assert rows_of("SELECT DISTINCT household_id FROM appointment") == [(kept,)]
        homes = rows_of("SELECT DISTINCT household_id FROM household_member WHERE valid_until IS NULL")
        assert homes == [(kept,)]


class TestAnotherSubject:
    def test_takes_nothing_of_the_first_one_s_along(self, load, rows_of, engine):
        """Entered for the wrong child: whom to reach, home and plan are the right one's, and no text goes out."""
        born = {"subject_dob": "2026-06-01"}
        load([{**OTHER, **born, "subject_local_id": "P2"}], kind=ImportKind.PEOPLE)
        load([{**born, "subject_nhs_number": "9990000018", "subject_local_id": "P1", "household_id": "H1"}],
             kind=ImportKind.PEOPLE)  # fmt: skip
        load([an_appointment()])
        first = rows_of("SELECT id, person_id, household_id, contact_person_id, expected_contact_id FROM appointment")[
            0
        ]
        with engine.begin() as connection:
            connection.exec_driver_sql(
                "INSERT INTO message (channel, audience, purpose, urgency, state, dedupe_key, contact_point_id,"
                " template_code, template_version, created_at, send_after) SELECT 'sms', 'family', 'reminder_week',"
                " 'routine', 'queued', 'k', id, 'x', 1, now(), now() FROM contact_point"
            )
            connection.exec_driver_sql(
                f"INSERT INTO message_subject (message_id, appointment_id) SELECT id, {first.id} FROM message"
            )
        right = an_appointment(**OTHER, contact_name="", contact_nhs_number="", contact_mobile="")
        load([right], now=LATER)
        after = rows_of("SELECT id, person_id, household_id, contact_person_id, expected_contact_id FROM appointment")[
            0
        ]
        assert after.person_id != first.person_id
        assert after.household_id != first.household_id
        assert after.contact_person_id is None
        planned = "SELECT person_id, state FROM expected_contact WHERE id = :id"
        assert rows_of(planned, id=after.expected_contact_id) == [(after.person_id, "booked")]
        assert rows_of(planned, id=first.expected_contact_id) == [(first.person_id, "planned")]
        assert rows_of("SELECT state FROM message") == [("dropped",)]
        assert rows_of("SELECT reconsider_at FROM appointment") == [(LATER,)]


class TestADecline:
    def test_brings_what_its_source_knows_of_it(self, load, rows_of):
        """Who, how they were told, whether they can decide it, and who has last seen the child; why is the reason."""
        told = {
            "status": "declined", "starts_at": "2026-06-09T10:00", "reason": "Seen privately", "declined_by": "mother",
            "decline_informed": "phone", "decline_capacity": "yes", "last_seen_on": "2026-06-03", "last_seen_by": "GP",
        }  # fmt: skip
        load([an_appointment(**told)])
        assert rows_of("SELECT decline_told, reason FROM appointment") == [
            (
                {"declined_by": "mother", "informed": "phone", "capacity": "yes", "last_seen_on": "2026-06-03",
                 "last_seen_by": "GP"},
                "Seen privately",
            )
        ]  # fmt: skip

    def test_that_says_more_the_next_night_is_looked_at_again(self, load, rows_of, engine):
        """The same status with one more answer; an emptier file takes none away."""
        past = {"status": "declined", "starts_at": "2026-06-09T10:00"}
        load([an_appointment(**past, declined_by="mother", decline_informed="")])
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE appointment SET reconsider_at = NULL")
        load([an_appointment(**past, declined_by="", decline_informed="phone")], now=LATER)
        assert rows_of("SELECT decline_told, reconsider_at FROM appointment") == [
            ({"declined_by": "mother", "informed": "phone"}, LATER)
        ]

    @pytest.mark.parametrize(("column", "value"), [("declined_by", "granny"), ("last_seen_on", "2999-01-01")])
    def test_with_a_word_nobody_knows_keeps_its_row_and_says_so(self, load, column, value):
        """What describes a decline never costs the row: the follow-up asks for what was left out."""
        report = load([an_appointment(status="declined", starts_at="2026-06-09T10:00", **{column: value})])
        assert report.created == 1
        assert [(one.column, one.value) for one in report.warnings] == [(column, value)]
