"""Advance: the ladder through the database, day by day; who is told; what is late; what a person's acts do to it."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from models.db import follow_up_actions, follow_ups
from models.db.follow_up_actions import ChangedMeanwhile, IllegalTransition, NotAllowed
from models.domain.words import ClosedReason
from tests.engine.world import World, at
from workers.advance import advance_due


def a_miss(world: World, **given: object) -> int:
    """An appointment missed this morning, detected and with its first step fired."""
    person = given.pop("person", None) or world.child()
    appointment = world.appointment(person, status="missed", **given)  # type: ignore[arg-type]
    world.detect()
    return appointment


def days(world: World, appointment: int, count: int) -> list[tuple[str, str]]:
    """Let days pass hour by hour; return the step and event of what happened, in order."""
    for _ in range(count * 24):
        world.advance()
        world.later(hours=1)
    found = world.follow_up(appointment)
    rows = world.rows("SELECT step_id, event FROM follow_up_event WHERE follow_up_id = :id ORDER BY id", id=found.id)
    return [(row.step_id, row.event) for row in rows]


class TestLadder:
    def test_first_step_fires_at_once_for_whoever_was_booked(self, world: World):
        """The health visitor is told; the follow-up is hers; the next look is when she should have answered."""
        appointment = a_miss(world)
        assert world.advance() == 1
        found = world.follow_up(appointment)
        assert (found.step_id, found.owner_practitioner_id) == ("phone-same-day", world.visitor)
        assert found.next_due_at == at("2026-06-08 16:00")
        ((kind, step, who),) = world.rows("SELECT kind, step_id, practitioner_id FROM alert")
        assert (kind, step, who) == ("step", "phone-same-day", world.visitor)

    def test_asked_again_at_the_same_moment_has_no_more_to_say(self, world: World):
        """Nothing fires twice."""
        a_miss(world)
        world.advance()
        assert world.advance() == 0
        assert world.one("SELECT count(*) FROM alert") == 1

    def test_climbs_day_by_day_until_somebody_answers(self, world: World):
        """Four weeks of silence: every step of the plan, each once, and never an end."""
        appointment = a_miss(world)
        happened = days(world, appointment, 30)
        fired = [step for step, event in happened if event == "step_fired"]
        for step in ("phone-same-day", "second-call", "other-channel", "supervision"):
            assert step in fired
        assert fired.index("second-call") < fired.index("other-channel") < fired.index("supervision")
        found = world.follow_up(appointment)
        assert found.state == "open"
        assert found.next_due_at > world.now - timedelta(hours=2)

    def test_unanswered_step_goes_up_to_the_team_lead(self, world: World):
        """One person is silent, the next one up is told, and only one alert is open."""
        appointment = a_miss(world)
        world.advance()
        world.until(at("2026-06-09 16:00"))
        world.advance()
        found = world.follow_up(appointment)
        assert found.owner_practitioner_id == world.lead
        assert [alert.practitioner_id for alert in world.told(follow_up_id=found.id) if alert.detail is None] == [
            world.lead
        ]

    def test_late_steps_collapse_into_the_highest(self, world: World):
        """The engine was down for a week: one step fires, the lower ones are recorded as passed."""
        appointment = a_miss(world)
        world.until(at("2026-06-15 18:00"))
        world.advance()
        found = world.follow_up(appointment)
        story = world.story(found.id)
        assert story.count("step_fired") == 1
        assert "step_passed" in story
        assert found.step_id == "other-channel"

    def test_text_is_held_until_a_person_lets_it_go(self, world: World):
        """One neutral text is offered to the mother; it waits."""
        child, mother = world.child(), world.add("person", life_status="alive")
        household = world.household((child, "child"), (mother, "mother"))
        world.add("contact_point", person_id=mother, number="+447700900123", safe_to_text="yes")
        appointment = a_miss(world, person=child, household_id=household, contact_person_id=mother)
        world.advance()
        ((state, audience, key),) = world.rows("SELECT state, audience, dedupe_key FROM message")
        assert (state, audience) == ("held", "family")
        assert key.startswith("step:")
        found = world.follow_up(appointment)
        with Session(world.engine) as session, session.begin():
            follow_up_actions.release_text(
                session,
                follow_up_id=found.id,
                row_version=found.row_version,
                account=world.person_at_page(),
                now=world.now,
            )
        assert world.rows("SELECT state FROM message") == [("queued",)]


class TestWhoIsTold:
    def test_cover_is_told_for_somebody_on_leave(self, world: World):
        """People are found when the step fires."""
        cover = world.staff("health_visitor")
        appointment = a_miss(world)
        leave = {"starts_at": world.now - timedelta(days=1), "ends_at": world.now + timedelta(days=5)}
        world.add("absence", practitioner_id=world.visitor, cover_practitioner_id=cover, recorded_by="t", **leave)
        world.advance()
        assert world.follow_up(appointment).owner_practitioner_id == cover

    def test_step_that_reaches_nobody_goes_up_at_once(self, world: World):
        """On leave without cover and nobody else in the team but the lead: no waiting for an answer that can't come."""
        world.add(
            "absence",
            practitioner_id=world.visitor,
            recorded_by="t",
            starts_at=world.now - timedelta(days=1),
            ends_at=world.now + timedelta(days=5),
        )
        appointment = a_miss(world)
        world.run("UPDATE practitioner SET active_until = '2026-06-01' WHERE id = :id", id=world.visitor)
        world.run("DELETE FROM absence")
        world.advance()
        found = world.follow_up(appointment)
        assert found.owner_team_id == world.team or found.owner_practitioner_id == world.lead

    def test_last_resort_has_what_nobody_has(self, world: World):
        """No team, no practitioner, no caseload."""
        child = world.child(team_id=None, caseload_holder_id=None)
        appointment = a_miss(world, person=child, practitioner_id=None, team_id=None)
        world.advance()
        assert world.follow_up(appointment).owner_practitioner_id == world.last_resort

    def test_high_risk_is_found_when_it_fires(self, world: World):
        """A flag on the mother makes the child's follow-up high risk, on its faster terms."""
        child, mother = world.child(), world.add("person", life_status="alive")
        household = world.household((child, "child"), (mother, "mother"))
        appointment = a_miss(world, person=child, household_id=household)
        world.add("flag", person_id=mother, code="MARAC", set_at=world.now, set_by="person:ann")
        world.advance()
        found = world.follow_up(appointment)
        assert found.high_risk
        assert found.next_due_at <= world.now + timedelta(hours=4)

    def test_urgent_lane_takes_high_risk_alone(self, world: World):
        """A burst of routine work is no queue before a child on a plan."""
        routine = a_miss(world)
        risky = world.child()
        world.add("flag", person_id=risky, code="CPP", set_at=world.now, set_by="import:epr")
        urgent = a_miss(world, person=risky)
        assert world.advance(urgent_only=True) == 1
        assert world.follow_up(urgent).step_id is not None
        assert world.follow_up(routine).step_id is None


class TestAcknowledging:
    def test_is_a_lease_that_ends(self, world: World):
        """Acknowledged until; then the step comes back to the same person."""
        appointment = a_miss(world)
        world.advance()
        found = world.follow_up(appointment)
        end = acknowledge(world, found)
        assert end > world.now
        world.until(end + timedelta(minutes=1))
        world.advance()
        after = world.follow_up(appointment)
        assert (after.acknowledged_until, after.acknowledged_by) == (None, None)
        assert {"step_came_back", "step_fired"} & set(world.story(found.id)[-3:])

    def test_of_a_page_that_is_old_is_refused(self, world: World):
        """Two people at once: the later one is told."""
        appointment = a_miss(world)
        world.advance()
        found = world.follow_up(appointment)
        acknowledge(world, found)
        with pytest.raises(ChangedMeanwhile):
            acknowledge(world, found)

    def test_leaves_a_row_in_the_audit_trail(self, world: World):
        """Who, what, when."""
        appointment = a_miss(world)
        world.advance()
        acknowledge(world, world.follow_up(appointment))
        assert ("person:ann", "acknowledged") in world.rows("SELECT actor, action FROM audit_entry")


class TestClosing:
    def test_routine_closes_with_a_reason_and_a_note(self, world: World):
        """By a person; its alerts and texts are over."""
        appointment = a_miss(world)
        world.advance()
        close(world, appointment, "ann")
        found = world.follow_up(appointment)
        assert (found.state, found.closed_reason, found.next_due_at) == ("closed", "seen", None)
        assert world.told() == []

    def test_without_a_note_is_refused(self, world: World):
        """Who was seen, when and by whom."""
        appointment = a_miss(world)
        with pytest.raises(NotAllowed):
            close(world, appointment, "ann", note=" ")

    def test_of_high_risk_needs_two_people(self, world: World):
        """The first asks, the same one can't agree, the second can."""
        child = world.child()
        world.add("flag", person_id=child, code="CPP", set_at=world.now, set_by="import:epr")
        appointment = a_miss(world, person=child)
        world.advance()
        close(world, appointment, "ann")
        assert world.follow_up(appointment).state == "closing"
        world.advance()
        assert [alert.practitioner_id for alert in world.told(kind="second_signature")] == [world.lead]
        with pytest.raises(NotAllowed):
            close(world, appointment, "ann")
        close(world, appointment, "bob")
        assert world.follow_up(appointment).state == "closed"

    def test_an_unrecorded_outcome_is_refused(self, world: World):
        """It ends by recording the outcome."""
        appointment = world.appointment(world.child(), ends_at=at("2026-06-08 09:00"))
        world.detect()
        with pytest.raises(NotAllowed):
            close(world, appointment, "ann")

    def test_twice_is_refused(self, world: World):
        """Late and double acts are refused by name."""
        appointment = a_miss(world)
        close(world, appointment, "ann")
        with pytest.raises(IllegalTransition):
            close(world, appointment, "bob")


class TestClaims:
    def test_two_workers_never_advance_one_row(self, world: World):
        """SKIP LOCKED: what one holds the other passes over."""
        for _ in range(20):
            world.appointment(world.child(), status="missed")
        world.detect()
        with Session(world.engine) as one, Session(world.engine) as other:
            first = follow_ups.claim_due(one, now=world.now, limit=12)
            second = follow_ups.claim_due(other, now=world.now, limit=12)
        assert (len(first), len(second)) == (12, 8)
        assert not {row.id for row in first} & {row.id for row in second}

    def test_side_by_side_tell_everybody_once(self, world: World):
        """Four workers in a hurry on sixty follow-ups."""
        for _ in range(60):
            world.appointment(world.child(), status="missed")
        world.detect()
        workers = [threading.Thread(target=lambda: world.advance(limit=7)) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        world.advance()
        assert world.one("SELECT count(*) FROM alert") == 60
        assert world.one("SELECT count(*) FROM follow_up_event WHERE event = 'step_fired'") == 60

    def test_a_worker_that_dies_half_way_leaves_everything_due(self, world: World):
        """One transaction a set: alerts, history and due time stand or fall together."""
        appointment = a_miss(world)
        with Session(world.engine) as session:
            assert advance_due(session, rules=world.rules, pathways=world.pathways, now=world.now, limit=10) == 1
            session.rollback()
        assert world.one("SELECT count(*) FROM alert") == 0
        assert world.follow_up(appointment).step_id is None
        assert world.advance() == 1

    def test_detectors_side_by_side_open_one_follow_up_each(self, world: World):
        """Two detectors on the same appointments."""
        for _ in range(40):
            world.appointment(world.child(), ends_at=at("2026-06-08 09:00"))
        detectors = [threading.Thread(target=world.detect) for _ in range(3)]
        for detector in detectors:
            detector.start()
        for detector in detectors:
            detector.join()
        assert world.one("SELECT count(*) FROM follow_up") == 40


def acknowledge(world: World, found: object) -> object:
    with Session(world.engine) as session, session.begin():
        return follow_up_actions.acknowledge(
            session,
            follow_up_id=found.id,  # type: ignore[attr-defined]
            row_version=found.row_version,  # type: ignore[attr-defined]
            account=world.person_at_page(),
            pathways=world.pathways,
            calendar=world.rules.calendar,
            now=world.now,
        )


def close(world: World, appointment: int, who: str, *, note: str = "Seen at home, awake, by Pat") -> None:
    found = world.follow_up(appointment)
    with Session(world.engine) as session, session.begin():
        follow_up_actions.close(
            session,
            follow_up_id=found.id,
            row_version=found.row_version,
            account=world.person_at_page(who),
            reason=ClosedReason.SEEN,
            note=note,
            now=world.now,
        )
