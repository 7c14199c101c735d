"""A contact that nobody had booked, found weeks after it should have been: people try first (docs/decisions/0093)."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from tests.engine.register import Register, a_child, at

MONDAY = at("2026-09-07 09:00")
MOVED_IN = a_child("C1", "2024-06-15", caseload_holder="HV")  # the two-year review should have been booked 23 days ago


@pytest.fixture
def trust(engine: Engine) -> Register:
    """A health-visiting trust whose office has an administrator; HV is the health visitor of every child."""
    register = Register(engine, now=MONDAY)
    register.staff("admin")
    register.run("UPDATE practitioner SET code = 'HV' WHERE id = :id", id=register.visitor)
    return register


def first_told(trust: Register, *, days: int) -> dict[tuple[str, str], int]:
    """Advance every day at nine, all of it taken on; return on which day each step first reached each role."""
    begun, told = trust.now, {}
    for day in range(days + 1):
        trust.until(max(trust.now, at(f"{begun + timedelta(days=day):%Y-%m-%d} 09:00")))
        trust.detect()
        trust.advance()
        for row in trust.rows(
            "SELECT a.step_id, p.role FROM alert a JOIN practitioner p ON p.id = a.practitioner_id"
            " WHERE a.kind = 'step' ORDER BY a.id"
        ):
            told.setdefault((row.step_id, row.role), day)
        trust.run(
            "UPDATE follow_up SET acknowledged_until = CAST(:now AS timestamptz) + interval '1 day'", now=trust.now
        )
    return told


class TestReviewFoundUnbookedWeeksLate:
    def test_begins_with_those_who_can_book_it(self, trust: Register):
        """The office on the day, the health visitor after five working days, supervision after 28 days: from when it
        was found. Nobody hears that a family has not replied whom nobody has tried yet.
        """
        trust.people(MOVED_IN)
        assert first_told(trust, days=28) == {
            ("book-review", "admin"): 0,
            ("other-channel", "health_visitor"): 7,
            ("supervision", "team_lead"): 28,
            ("supervision", "named_nurse"): 28,
            ("supervision", "health_visitor"): 28,
        }

    def test_keeps_the_day_from_which_it_is_overdue(self, trust: Register):
        """Only the ladder counts from when it was found; the list still says how long the child has waited."""
        trust.people(MOVED_IN)
        (found,) = trust.rows("SELECT state, trigger, breach_at, opened_at FROM follow_up")
        assert tuple(found) == ("open", "never_booked", at("2026-08-14 09:00"), MONDAY)

    def test_of_a_child_unseen_for_long_does_not_hide(self, trust: Register):
        """At high risk and never in the backlog: the team lead hears of it by its pattern at once (R6), the named nurse
        in two weeks, and a practitioner is asked within two days.
        """
        trust.people(a_child("C1", "2022-01-10", flags="cpp", caseload_holder="HV"))
        told = first_told(trust, days=14)
        assert (told["book-review", "admin"], told["pattern-found", "team_lead"]) == (0, 0)
        assert (told["other-channel", "health_visitor"], told["supervision", "named_nurse"]) == (2, 14)

    def test_booked_at_last_and_missed_is_phoned_that_day_not_brought_to_supervision(self, trust: Register):
        """Its first miss is the family's first: the 28 days run from when somebody first had it to do."""
        trust.people(MOVED_IN)
        trust.advance()
        trust.until(at("2026-09-11 12:00"))
        trust.visits(
            {
                "source_id": "A1", "subject_local_id": "C1", "subject_role": "child", "kind": "HV-2Y",
                "starts_at": "2026-09-11T10:00", "minutes": "30", "status": "missed", "outcome": "wnb",
            }
        )  # fmt: skip
        trust.advance()
        (found,) = trust.rows("SELECT trigger, step_id, next_due_at FROM follow_up")
        assert (found.trigger, found.step_id) == ("missed", "phone-same-day")
