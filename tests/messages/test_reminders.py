"""Families are reminded before an appointment: when, of what, and in one text."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from config import messages_loader
from models.db.detection import lock_detection
from models.domain.reminders import Booking, due_reminders
from models.domain.words import ContactMode, Purpose
from tests.messages.builders import an_appointment, at
from tests.messages.scenario import Family, a_family, rules
from workers import reminders

PLAN = messages_loader.load().reminders


def planned(
    starts_at: str, *, heard_at: str, now: str, mode: ContactMode = ContactMode.CLINIC
) -> list[tuple[str, datetime]]:
    booking = Booking(starts_at=at(starts_at), heard_at=at(heard_at), mode=mode)
    return [(each.rule.purpose, each.due_at) for each in due_reminders(booking, PLAN, now=at(now))]


class TestPlan:
    """Source: domain.md 6.3."""

    def test_booked_long_ahead_is_reminded_a_week_and_two_days_before(self) -> None:
        assert planned("2026-06-24 14:00", heard_at="2026-06-08 12:00", now="2026-06-08 12:00") == [
            (Purpose.REMINDER_WEEK, at("2026-06-17 10:00")),
            (Purpose.REMINDER_TWO_DAYS, at("2026-06-22 10:00")),
        ]

    def test_booked_within_ten_days_has_no_week_reminder(self) -> None:
        assert planned("2026-06-17 14:00", heard_at="2026-06-08 12:00", now="2026-06-08 12:00") == [
            (Purpose.REMINDER_TWO_DAYS, at("2026-06-15 10:00"))
        ]

    def test_home_visit_is_reminded_on_the_day_too(self) -> None:
        assert planned(
            "2026-06-17 14:00", heard_at="2026-06-08 12:00", now="2026-06-16 12:00", mode=ContactMode.HOME
        ) == [
            (Purpose.REMINDER_TWO_DAYS, at("2026-06-15 10:00")),
            (Purpose.REMINDER_SAME_DAY, at("2026-06-17 08:30")),
        ]

    def test_nothing_within_two_hours_of_the_start(self) -> None:
        assert planned("2026-06-17 10:30", heard_at="2026-06-08 12:00", now="2026-06-17 08:30") == []
        assert (
            planned("2026-06-17 10:00", heard_at="2026-06-17 07:00", now="2026-06-17 07:00", mode=ContactMode.HOME)
            == []
        )

    def test_of_several_already_due_only_the_latest_is_left(self) -> None:
        late = planned("2026-06-24 14:00", heard_at="2026-06-01 12:00", now="2026-06-23 09:00")
        assert late == [(Purpose.REMINDER_TWO_DAYS, at("2026-06-22 10:00"))]

    @pytest.mark.parametrize(
        ("starts_at", "due_at"),
        [("2026-03-30 14:00", "2026-03-28 10:00"), ("2026-03-31 09:00", "2026-03-29 10:00"),
         ("2026-10-26 14:00", "2026-10-24 10:00"), ("2026-10-27 09:00", "2026-10-25 10:00")],
    )  # fmt: skip
    def test_hour_is_the_family_s_also_when_the_clocks_change(self, starts_at: str, due_at: str) -> None:
        heard_at = (at(due_at) - timedelta(days=3)).isoformat()[:16].replace("T", " ")
        assert planned(starts_at, heard_at=heard_at, now=heard_at) == [(Purpose.REMINDER_TWO_DAYS, at(due_at))]


class TestPlanner:
    now = at("2026-06-15 10:00")

    def booked(self, session: Session, starts_at: datetime, **appointment: object) -> Family:
        row = {
            "status": "booked",
            "starts_at": starts_at,
            "outcome_due_at": starts_at,
            "reminders_due_at": self.now - timedelta(days=1),
            "first_received_at": at("2026-06-10 12:00"),
        }
        return a_family(session, appointment=row | appointment)

    def run(self, engine: Engine, session: Session) -> list[tuple[str, datetime]]:
        session.commit()
        reminders.drain(engine, rules(), clock=lambda _: self.now)
        rows = session.execute(text("SELECT purpose, not_after FROM message ORDER BY id"))
        return [tuple(row) for row in rows]  # type: ignore[misc]

    def test_queues_what_is_due_and_moves_on_to_the_next(self, engine: Engine, session: Session) -> None:
        self.booked(session, at("2026-06-17 14:00"), mode="home")
        assert self.run(engine, session) == [("reminder_two_days", at("2026-06-17 12:00"))]
        due = session.execute(text("SELECT reminders_due_at FROM appointment")).scalar_one()
        assert due == at("2026-06-17 08:30")

    def test_does_not_wait_for_a_long_detection(self, engine: Engine, session: Session) -> None:
        """A first load of years is detected for minutes: reminders leave all the same."""
        self.booked(session, at("2026-06-17 14:00"))
        with Session(engine) as other:
            assert lock_detection(other)
            assert len(self.run(engine, session)) == 1

    def test_run_again_queues_nothing_again(self, engine: Engine, session: Session) -> None:
        self.booked(session, at("2026-06-17 14:00"))
        self.run(engine, session)
        session.execute(text("UPDATE appointment SET reminders_due_at = :now"), {"now": self.now})
        assert len(self.run(engine, session)) == 1

    def test_moved_appointment_is_reminded_of_again(self, engine: Engine, session: Session) -> None:
        """Its key holds its booked start; the gate blocks the one that was queued for the old start."""
        self.booked(session, at("2026-06-17 14:00"))
        self.run(engine, session)
        session.execute(
            text("UPDATE appointment SET reminders_due_at = :now, starts_at = :start, ends_at = :start"),
            {"now": self.now, "start": at("2026-06-17 16:00")},
        )
        assert len(self.run(engine, session)) == 2

    def test_one_text_speaks_for_a_household_s_appointments_of_one_day(self, engine: Engine, session: Session) -> None:
        family = self.booked(session, at("2026-06-17 14:00"))
        twin = at("2026-06-17 14:30")
        row = {"status": "booked", "starts_at": twin, "outcome_due_at": twin, "reminders_due_at": self.now}
        an_appointment(
            session,
            source=family.source,
            person=family.child,
            household_id=family.household,
            team_id=family.team,
            contact_person_id=family.mother,
            **row,
        )
        assert len(self.run(engine, session)) == 1
        assert session.execute(text("SELECT count(*) FROM message_subject")).scalar_one() == 2

    @pytest.mark.parametrize(
        "given",
        [{"contact_code": "PMH-ASSESS"}, {"status": "cancelled_by_family"}, {"vanished_at": at("2026-06-11 12:00")}],
    )
    def test_nothing_for_what_must_not_be_reminded_of(
        self, engine: Engine, session: Session, given: dict[str, object]
    ) -> None:
        """A mental-health appointment discloses by itself (domain.md 1.6)."""
        self.booked(session, at("2026-06-17 14:00"), **given)
        assert self.run(engine, session) == []
        assert session.execute(text("SELECT reminders_due_at FROM appointment")).scalar_one() is None

    def test_nothing_where_the_record_system_reminds_by_itself(self, engine: Engine, session: Session) -> None:
        self.booked(session, at("2026-06-17 14:00"))
        session.execute(text("UPDATE source SET sends_own_reminders = true"))
        assert self.run(engine, session) == []
