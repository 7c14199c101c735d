"""The auditor on who has the work: each test plants one broken rule and asks."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import messages
from models.db.auditor import audit
from tests.audit.test_auditor import LIMITS, NOW, a_follow_up, an_appointment, codes, quiet

__all__ = ["quiet"]
AWAY = (
    "INSERT INTO absence (practitioner_id, starts_at, ends_at, recorded_by, recorded_at)"
    " VALUES (50, '2026-11-19Z', '2026-11-30Z', 't', '2026-11-19Z')"
)


@pytest.fixture
def pat(quiet: Session) -> Session:
    """A health visitor who holds a follow-up."""
    quiet.execute(
        text("INSERT INTO practitioner (id, code, name, role, team_id, email)"
             " SELECT 50, 'p', 'Pat', 'health_visitor', id, 'p@example.org' FROM team")
    )  # fmt: skip
    an_appointment(quiet)
    a_follow_up(quiet, owner_practitioner_id="50")
    return quiet


def run(session: Session, statement: str) -> None:
    session.execute(text(statement))


class TestWorkInHand:
    def test_of_somebody_at_work_is_fine(self, pat: Session):
        """Nothing to report."""
        assert codes(pat) == set()

    def test_that_waits_for_somebody_away_is_found(self, pat: Session):
        """Also where the engine believes that it has looked."""
        run(pat, AWAY)
        assert codes(pat) == {"work_waits_for_somebody_away"}

    def test_of_an_absence_called_off_or_entered_just_now_is_fine(self, pat: Session):
        """The engine has its time to look."""
        run(pat, AWAY)
        run(pat, "UPDATE absence SET called_off_at = '2026-11-19Z', called_off_by = 'person:a'")
        assert codes(pat) == set()
        run(pat, "UPDATE absence SET called_off_at = NULL, called_off_by = NULL, recorded_at = '2026-11-20 11:59Z'")
        assert codes(pat) == set()

    def test_of_a_leaver_is_found(self, pat: Session):
        """Days after the last day."""
        run(pat, "UPDATE practitioner SET active_until = '2026-11-10' WHERE id = 50")
        assert codes(pat) == {"work_waits_for_somebody_away"}


class TestWhatWaits:
    @pytest.mark.parametrize(
        ("statement", "code"),
        [
            ("UPDATE practitioner SET look_at = '2026-11-20 11:00Z' WHERE id = 50", "staff_change_not_looked_at"),
            (
                "INSERT INTO absence (practitioner_id, starts_at, ends_at, recorded_by)"
                " VALUES (50, '2026-12-01Z', '2026-12-05Z', 't')",
                "absence_nobody_will_look_at",
            ),
            (
                "INSERT INTO caseload_move (person_id, to_practitioner_id, state, effective_at, due_at, recorded_at,"
                " recorded_by) VALUES (1, 50, 'planned', '2026-11-20 11:00Z', '2026-11-20 11:00Z', '2026-11-01Z', 't')",
                "caseload_move_not_applied",
            ),
            (
                "INSERT INTO step_time (follow_up_id, cycle, step_id, of_lease, change, state, due_at, planned_for,"
                " high_risk, reason, asked_by, asked_at) SELECT id, 1, 's', false, 'later', 'asked', '2026-11-25Z',"
                " '2026-11-24Z', true, 'x', 'person:a', '2026-11-20 11:00Z' FROM follow_up",
                "more_time_asked_of_nobody",
            ),
            (
                "INSERT INTO agency_contact (follow_up_id, cycle, step_id, agency, evidence, contacted_at,"
                " contacted_by, reply_due_at) SELECT id, 1, 's', 'police', 'x', '2026-11-19Z', 'person:a',"
                " '2026-11-20 11:00Z' FROM follow_up",
                "agency_silent_unchallenged",
            ),
            (
                "INSERT INTO agency_contact (follow_up_id, cycle, step_id, agency, evidence, contacted_at,"
                " contacted_by, challenge_raised_at) SELECT id, 1, 's', 'police', 'x', '2026-11-19Z', 'person:a',"
                " '2026-11-20 11:00Z' FROM follow_up",
                "agency_silent_unchallenged",
            ),
        ],
    )
    def test_past_its_time_is_found(self, pat: Session, statement: str, code: str):
        """Each row that can wait has a check that would miss it."""
        assert codes(pat) == set()
        run(pat, statement)
        assert codes(pat) == {code}

    def test_live_team_without_a_tested_route_is_a_warning_until_somebody_signs(self, pat: Session):
        """A team in shadow alerts nobody yet."""

        def warned() -> bool:
            found = audit(pat, NOW, limits=LIMITS).warnings
            return "untested_route_without_signature" in {one.code for one in found}

        assert not warned()
        run(pat, "UPDATE team SET stage = 'staff'")
        assert warned()
        run(pat, "INSERT INTO duty_gap (team_id, signed_by, signed_at, until_at, reason)"
                 " SELECT id, 'person:a', '2026-11-19Z', '2026-12-01Z', 'x' FROM team")  # fmt: skip
        assert not warned()


class TestRoutineAlert:
    def test_that_was_in_no_email_is_found_once_digests_should_have_come(self, pat: Session):
        """Whatever kept it out; not where nobody is alerted yet, nor where somebody has taken it on."""
        run(
            pat,
            "INSERT INTO alert (kind, urgency, dedupe_key, practitioner_id, raised_at, next_due_at)"
            " VALUES ('cancellation_unexplained', 'routine', 'x', 50, '2026-11-14 11:00Z', '2026-11-30Z')",
        )
        run(pat, "UPDATE team SET stage = 'staff', stage_set_by = 't', stage_set_at = '2026-11-01Z'")
        assert codes(pat) == {"routine_alert_untold"}
        for spared in (
            "UPDATE alert SET raised_at = '2026-11-16Z'",
            "UPDATE alert SET acknowledged_at = '2026-11-15Z'",
            "UPDATE team SET stage = 'shadow'",
            "UPDATE team SET stage_set_at = '2026-11-19Z'",
            "UPDATE practitioner SET email = NULL WHERE id = 50",
        ):
            with pat.begin_nested() as saved:
                run(pat, spared)
                assert codes(pat) == set()
                saved.rollback()
        messages.digests(pat, at=NOW, now=NOW)
        assert codes(pat) == set()
