"""An agency outside that a step asks to contact: ours does it, with evidence; silence is challenged, not waited for."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from models.db import agency_contacts
from models.db.follow_up_rows import IllegalTransition, NotAllowed
from tests.engine.test_step_times import a_miss
from tests.engine.world import World, at


@pytest.fixture
def at_day_21(world: World) -> int:
    """A baby not seen by day 21: the named nurse is to contact children's social care."""
    child = world.child(date_of_birth="2026-05-18")
    appointment = a_miss(world, person=child, contact_code="HV-NBV")
    world.run("UPDATE follow_up SET step_id = 'day-21' WHERE appointment_id = :id", id=appointment)
    return appointment


def contact(world: World, appointment: int, *, evidence: str = "Sam at the front door, ref 12"):
    found = world.follow_up(appointment)
    with Session(world.engine) as session, session.begin():
        return agency_contacts.record(
            session, follow_up_id=found.id, row_version=found.row_version, evidence=evidence,
            account=world.person_at_page(), pathways=world.pathways, calendar=world.rules.calendar, now=world.now,
        )  # fmt: skip


class TestContact:
    def test_starts_the_clock_that_the_ladder_gives(self, world: World, at_day_21: int):
        """One working day for children's social care; the story says who, whom and by when."""
        assert contact(world, at_day_21) == at("2026-06-09 17:00")
        (event,) = world.rows("SELECT actor, reason, detail FROM follow_up_event WHERE event = 'agency_contacted'")
        assert (event.actor, event.detail["agency"]) == ("person:ann", "childrens_social_care")

    def test_without_evidence_or_for_another_step_is_refused(self, world: World, at_day_21: int):
        """A click is no contact; a step that names no agency has none."""
        with pytest.raises(NotAllowed, match="whom you spoke to"):
            contact(world, at_day_21, evidence=" ")
        world.run("UPDATE follow_up SET step_id = 'day-30'")
        with pytest.raises(IllegalTransition):
            contact(world, at_day_21)

    def test_changes_nothing_of_the_ladder(self, world: World, at_day_21: int):
        """Waiting for an agency is no reason to wait for the child."""
        due = world.follow_up(at_day_21).next_due_at
        contact(world, at_day_21)
        assert world.follow_up(at_day_21).next_due_at == due


class TestSilence:
    def test_becomes_a_challenge_for_whoever_has_the_follow_up(self, world: World, at_day_21: int):
        """Once; with a due time of its own, and up from there if nobody does it."""
        contact(world, at_day_21)
        world.until(at("2026-06-09 17:01"))
        world.reconcile()
        world.reconcile()
        (alert,) = world.told(kind="challenge")
        assert alert.practitioner_id == world.follow_up(at_day_21).owner_practitioner_id
        assert alert.next_due_at > world.now
        assert alert.detail == {"agency": "childrens_social_care", "step": "day-21"}

    def test_that_nobody_challenges_goes_up(self, world: World, at_day_21: int):
        """To the team's lead, told again, with a due time again: a challenge to be made is nobody's to forget."""
        contact(world, at_day_21)
        world.until(at("2026-06-09 17:01"))
        world.reconcile()
        (alert,) = world.told(kind="challenge")
        world.until(alert.next_due_at + timedelta(minutes=1))
        world.reconcile()
        (raised,) = world.told(kind="challenge")
        assert (raised.id, raised.times_raised, raised.practitioner_id) == (alert.id, 2, world.lead)
        assert raised.next_due_at > world.now

    def test_that_was_broken_in_time_is_none(self, world: World, at_day_21: int):
        """Their answer is recorded: nobody is told to challenge; a second answer is refused."""
        contact(world, at_day_21)
        found = world.follow_up(at_day_21)

        def reply() -> None:
            with Session(world.engine) as session, session.begin():
                agency_contacts.record_reply(
                    session, follow_up_id=found.id, row_version=world.follow_up(at_day_21).row_version,
                    contact_id=world.one("SELECT id FROM agency_contact"), reply="Assessment begins on Monday",
                    account=world.person_at_page(), now=world.now,
                )  # fmt: skip

        reply()
        world.later(days=3)
        world.reconcile()
        assert world.told(kind="challenge") == []
        with pytest.raises(NotAllowed, match="recorded already"):
            reply()

    def test_side_by_side_is_told_once(self, world: World, at_day_21: int):
        """Two workers: what one has locked the other leaves."""
        contact(world, at_day_21)
        world.until(world.now + timedelta(days=2))
        with Session(world.engine) as one, Session(world.engine) as other:
            assert len(agency_contacts.take_silent(one, now=world.now, limit=10)) == 1
            assert agency_contacts.take_silent(other, now=world.now, limit=10) == []
