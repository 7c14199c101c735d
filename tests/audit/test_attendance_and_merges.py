"""The auditor finds a correction, a decline or a joined record that the engine would have to lose. One fault a test."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.audit.test_auditor import a_follow_up, an_appointment, codes, quiet  # noqa: F401  (quiet is a fixture)


def run(session: Session, statement: str) -> None:
    session.execute(text(statement))


class TestAttendance:
    @pytest.mark.parametrize("status", ["cancelled_by_family", "cancelled_by_service", "cancelled", "declined"])
    def test_cancelled_or_declined_is_owed_a_follow_up(self, quiet: Session, status: str):  # noqa: F811
        """Whoever cancelled: somebody books again, or reviews."""
        an_appointment(quiet, status=status)
        assert codes(quiet) == {"appointment_without_follow_up"}

    def test_cancelled_for_a_death_is_not(self, quiet: Session):  # noqa: F811
        """No family is chased for it."""
        an_appointment(quiet, status="cancelled", subtype="'person_died'")
        assert codes(quiet) == set()

    def test_of_one_contact_climbs_once(self, quiet: Session):  # noqa: F811
        """Two open misses of one contact of one person are two people told of one thread."""
        for number in (1, 2):
            an_appointment(quiet, id=number)
            a_follow_up(quiet, appointment=number)
        assert codes(quiet) == {"two_ladders_for_one_contact"}

    def test_counts_no_more_misses_than_there_are(self, quiet: Session):  # noqa: F811
        """Three in a row, says a thread that holds one."""
        an_appointment(quiet)
        a_follow_up(quiet, miss_count="3")
        assert codes(quiet) == {"counts_more_misses_than_there_are"}

    def test_put_right_to_another_person_takes_its_follow_up_along(self, quiet: Session):  # noqa: F811
        """The wrong family would be rung."""
        run(quiet, "INSERT INTO person (id, name) VALUES (2, 'The right child')")
        an_appointment(quiet)
        a_follow_up(quiet)
        run(quiet, "UPDATE appointment SET person_id = 2")
        run(
            quiet,
            "INSERT INTO appointment_event (appointment_id, at, event, to_status, actor_kind, actor, detail)"
            " VALUES (1, '2026-11-19Z', 'corrected', 'missed', 'import', 'import:s', '{\"person_was\": 1}')",
        )
        assert codes(quiet) == {"follow_up_of_another_person"}

    def test_that_shows_nobody_seen_is_no_ground_for_closing(self, quiet: Session):  # noqa: F811
        """The visit was entered in error."""
        an_appointment(quiet)
        an_appointment(quiet, id=2, status="void")
        a_follow_up(quiet, state="'seen'", seen_at="'2026-11-18Z'", seen_evidence="'appointment 2'")
        assert codes(quiet) == {"seen_by_what_was_no_visit"}

    def test_left_in_disorder_is_found(self, quiet: Session):  # noqa: F811
        """Records were joined and no engine has looked since."""
        run(quiet, "UPDATE person SET threads_due_at = '2026-11-01Z'")
        assert codes(quiet) == {"threads_not_looked_at"}

    def test_cancelled_by_nobody_knows_whom_is_asked_about(self, quiet: Session):  # noqa: F811
        """Somebody has to find out, or a pattern stays hidden."""
        an_appointment(quiet, status="cancelled")
        a_follow_up(quiet, trigger_is="cancelled", how="'by_unknown'")
        assert codes(quiet) == {"cancellation_nobody_asks_about"}


class TestDecline:
    def declined(self, session: Session, **columns: str) -> None:
        an_appointment(session, status="declined")
        a_follow_up(session, trigger_is="declined", how="'decline_incomplete'", **columns)

    def row(self, session: Session) -> None:
        run(
            session,
            "INSERT INTO decline (follow_up_id, person_id, contact_code, declined_at, recorded_at, recorded_by)"
            " SELECT id, 1, 'HV-1Y', '2026-11-18Z', '2026-11-18Z', 'import:s' FROM follow_up",
        )

    def test_has_its_answers_somewhere(self, quiet: Session):  # noqa: F811
        """Who, why, and who last saw the child: a row, even if it is still empty."""
        self.declined(quiet)
        assert codes(quiet) == {"decline_without_its_answers"}

    def test_is_not_closed_incomplete(self, quiet: Session):  # noqa: F811
        """Past the page."""
        end = {"next_due_at": "NULL", "closed_by": "'person:a'", "closed_at": "'2026-11-19Z'"}
        self.declined(quiet, state="'closed'", closed_reason="'declined_reviewed'", **end)
        self.row(quiet)
        assert codes(quiet) == {"decline_closed_incomplete"}


class TestJoinedRecords:
    def gone(self, session: Session) -> None:
        """Child 1 has gone into child 2, by an act that is kept."""
        run(session, "INSERT INTO person (id, name) VALUES (2, 'Child')")
        run(session, "UPDATE person SET merged_into = 2 WHERE id = 1")
        run(
            session,
            "INSERT INTO record_merge (kind, kept_person_id, gone_person_id, reason, ids_before, made_at, made_by)"
            " VALUES ('people', 2, 1, 'one child', '{}', '2026-11-19Z', 'person:a')",
        )

    def test_hold_nothing_once_they_are_gone(self, quiet: Session):  # noqa: F811
        """A visit on the record that nobody opens any more."""
        self.gone(quiet)
        an_appointment(quiet, status="attended")
        assert codes(quiet) == {"work_on_a_record_that_is_gone"}

    def test_lead_to_one_that_is_there(self, quiet: Session):  # noqa: F811
        """One hop, never a chain."""
        self.gone(quiet)
        run(quiet, "INSERT INTO person (id, name, merged_into) VALUES (3, 'Child', 1)")
        assert codes(quiet) == {"joined_records_in_a_chain", "record_gone_without_an_act"}

    def test_that_may_be_one_are_asked_about(self, quiet: Session):  # noqa: F811
        """A question without anybody to answer it."""
        run(quiet, "INSERT INTO person (id, name) VALUES (2, 'Child')")
        run(
            quiet,
            "INSERT INTO merge_proposal (person_id, other_person_id, why, raised_at, raised_by)"
            " VALUES (1, 2, 'asked', '2026-11-19Z', 'person:a')",
        )
        assert codes(quiet) == {"merge_proposal_nobody_decides"}
