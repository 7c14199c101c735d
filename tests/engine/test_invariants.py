"""What must always hold (design 3): tries to break each in the database itself, past the code that keeps it."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from tests.engine.world import World


@pytest.fixture
def found(world: World) -> int:
    """The appointment of one live follow-up."""
    appointment = world.appointment(world.child(), status="missed")
    world.detect()
    return appointment


class TestFollowUp:
    def test_cannot_be_two_for_one_appointment(self, world: World, found: int):
        """Exactly one, by a unique index."""
        with pytest.raises(IntegrityError, match="uq_follow_up_appointment"):
            world.run(
                "INSERT INTO follow_up (appointment_id, trigger, person_id, contact_code, pathway_code,"
                " pathway_version,"
                " anchor_at, breach_at, opened_at, next_due_at, owner_practitioner_id)"
                " SELECT appointment_id, trigger, person_id, contact_code, pathway_code, pathway_version, anchor_at,"
                " breach_at, opened_at, next_due_at, owner_practitioner_id FROM follow_up"
            )

    @pytest.mark.parametrize(
        "change",
        [
            "next_due_at = NULL",
            "owner_practitioner_id = NULL, owner_team_id = NULL",
            "state = 'closed', next_due_at = NULL",
            "state = 'closed', next_due_at = NULL, closed_by = 'person:ann', closed_at = now()",
            "state = 'continued', next_due_at = NULL",
            "state = 'continued', next_due_at = NULL, continued_in = id",
            "state = 'closing'",
            "state = 'dropped'",
            "appointment_id = NULL",
            "cycle = 0",
            "pathway_version = 99",
        ],
    )
    def test_cannot_be_live_without_what_keeps_it_alive_or_end_without_a_reason(
        self, world: World, found: int, change: str
    ):
        """A due time, an owner, a known ladder; an end has a person, a time and a reason."""
        with pytest.raises(IntegrityError):
            world.run(f"UPDATE follow_up SET {change}")

    def test_of_high_risk_cannot_be_closed_by_one_person(self, world: World, found: int):
        """Two different people, also past the page."""
        closed = "state = 'closed', next_due_at = NULL, closed_at = now(), closed_reason = 'seen'"
        with pytest.raises(IntegrityError, match="second_person"):
            world.run(f"UPDATE follow_up SET high_risk = true, {closed}, closed_by = 'person:ann'")
        with pytest.raises(IntegrityError, match="second_person"):
            world.run(
                f"UPDATE follow_up SET high_risk = true, {closed}, closed_by = 'person:ann', closing_by = 'person:ann'"
            )


class TestHistories:
    @pytest.mark.parametrize("table", ["follow_up_event", "appointment_event", "audit_entry", "receipt", "audit_seal"])
    @pytest.mark.parametrize("change", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
    def test_cannot_be_changed_by_the_application_or_the_owner(
        self, world: World, owner_engine, table: str, change: str
    ):
        """By what the role may do and by trigger."""
        for engine in (world.engine, owner_engine):
            with Session(engine) as session, pytest.raises(DBAPIError):
                session.execute(text(change.format(table)))


class TestMessage:
    def test_of_one_step_cannot_be_two(self, world: World, found: int):
        """The key is unique and never null."""
        person = world.add("person", life_status="alive")
        point = world.add("contact_point", person_id=person, number="+447700900123")
        row = {
            "channel": "sms", "audience": "family", "purpose": "after_miss", "urgency": "routine", "state": "held",
            "dedupe_key": "step:1:1:phone:family:sms", "contact_point_id": point, "template_code": "after_miss",
            "template_version": 1, "created_at": world.now, "send_after": world.now,
        }  # fmt: skip
        world.add("message", **row)
        with pytest.raises(IntegrityError, match="uq_message_dedupe_key"):
            world.add("message", **row)
        with pytest.raises(IntegrityError):
            world.add("message", **(row | {"dedupe_key": None}))


class TestOwed:
    def test_waiting_appointment_cannot_be_without_a_time_to_look_at_it(self, world: World):
        """What waits is found."""
        with pytest.raises(IntegrityError, match="waiting_has_due"):
            world.appointment(world.child(), outcome_due_at=None)

    def test_open_task_cannot_be_without_a_due_time_or_an_owner(self, world: World):
        """A task nobody drives has its own clock, and somebody has it."""
        row = {"kind": "feed_late", "urgency": "urgent", "dedupe_key": "x", "raised_at": world.now}
        with pytest.raises(IntegrityError, match="waiting_has_due"):
            world.add("alert", **row, practitioner_id=world.lead)
        with pytest.raises(IntegrityError, match="has_owner"):
            world.add("alert", **row, next_due_at=world.now)
