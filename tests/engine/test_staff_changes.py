"""Somebody goes on leave, leaves, or hands a family on: the work goes to others at once, day by day."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from models.db import absences, caseloads, follow_up_actions
from models.db.follow_up_rows import NotAllowed
from models.domain.ids import PractitionerId
from models.domain.words import ClosedReason, ImportKind
from tests.engine.register import Register
from tests.engine.world import World, at


def a_miss(world: World, **given: object) -> int:
    """A two-year-old's review missed this morning, detected, and told to whoever it falls to."""
    person = given.pop("person", None) or world.toddler()
    booked = {"contact_code": "HV-2Y", "status": "missed"} | given
    appointment = world.appointment(person, **booked)  # type: ignore[arg-type]
    world.detect()
    world.advance()
    return appointment


def acknowledge(world: World, appointment: int, *, practitioner: int | None = None) -> None:
    found = world.follow_up(appointment)
    with Session(world.engine) as session, session.begin():
        follow_up_actions.acknowledge(
            session,
            follow_up_id=found.id,
            row_version=found.row_version,
            account=world.person_at_page("pat", practitioner=practitioner),
            pathways=world.pathways,
            calendar=world.rules.calendar,
            now=world.now,
        )


def holder(world: World, appointment: int) -> int | None:
    return world.follow_up(appointment).owner_practitioner_id


def told(world: World, appointment: int) -> list[int | None]:
    """Whom the open alert of the step in hand is for."""
    found = world.follow_up(appointment)
    return [alert.practitioner_id for alert in world.told(follow_up_id=found.id) if alert.detail is None]


class TestLeaveInTheMiddleOfAStep:
    def test_hands_an_acknowledged_step_to_the_cover_at_once(self, world: World):
        """Acknowledged on Monday for two days; the leave that begins on Tuesday ends that, and the cover is told."""
        cover = world.staff("health_visitor")
        appointment = a_miss(world)
        acknowledge(world, appointment)
        world.away(world.visitor, since=at("2026-06-09 09:00"), until=at("2026-06-19 17:00"), cover=cover)
        world.follow_staff()
        assert (holder(world, appointment), world.follow_up(appointment).acknowledged_by) == (
            world.visitor,
            "person:pat",
        )
        world.until(at("2026-06-09 09:00"))
        world.follow_staff()
        found = world.follow_up(appointment)
        assert (found.owner_practitioner_id, found.acknowledged_by, found.step_id) == (cover, None, "phone-same-day")
        assert told(world, appointment) == [cover]
        assert world.story(found.id)[-1] == "step_handed_over"

    def test_hands_an_unanswered_step_to_the_cover_who_has_their_own_time_to_answer(self, world: World):
        """The step does not wait for the return, and goes up from the cover as it would have from the owner."""
        cover = world.staff("health_visitor")
        appointment = a_miss(world)
        world.later(hours=1)
        world.away(world.visitor, since=world.now, until=at("2026-06-19 17:00"), cover=cover)
        world.follow_staff()
        assert told(world, appointment) == [cover]
        assert world.follow_up(appointment).next_due_at == at("2026-06-08 17:00")  # four working hours, from 13:00
        world.until(at("2026-06-08 17:00"))
        world.advance()
        assert told(world, appointment) == [world.lead]

    def test_told_of_late_is_acted_on_when_it_is_told(self, world: World):
        """An absence that began last week and is entered today: today, not at the next step."""
        cover = world.staff("health_visitor")
        appointment = a_miss(world)
        acknowledge(world, appointment)
        world.later(minutes=5)
        world.away(world.visitor, since=at("2026-06-01 09:00"), until=at("2026-06-12 17:00"), cover=cover)
        world.follow_staff()
        assert told(world, appointment) == [cover]

    def test_without_a_cover_goes_to_duty_then_to_the_team_lead(self, world: World):
        """Nobody is named: whoever is on duty; where nobody is, the lead."""
        duty = world.staff("duty")
        appointment = a_miss(world)
        world.later(minutes=5)
        world.away(world.visitor, since=world.now, until=at("2026-06-12 17:00"))
        world.follow_staff()
        assert told(world, appointment) == [duty]
        world.later(minutes=5)
        world.away(duty, since=world.now, until=at("2026-06-12 17:00"))
        world.follow_staff()
        assert told(world, appointment) == [world.lead]

    def test_asks_twice_about_nothing(self, world: World):
        """Looked at again, or by a second worker, nobody is told anything new."""
        cover = world.staff("health_visitor")
        appointment = a_miss(world)
        world.later(minutes=5)
        world.away(world.visitor, since=world.now, until=at("2026-06-12 17:00"), cover=cover)
        world.follow_staff()
        before = world.story(world.follow_up(appointment).id)
        world.run("UPDATE practitioner SET look_at = :now WHERE id = :id", now=world.now, id=world.visitor)
        world.follow_staff()
        assert world.story(world.follow_up(appointment).id) == before

    def test_wakes_only_whom_it_concerns(self, world: World):
        """Cost follows what is due: a colleague's follow-ups are not looked at."""
        other = world.staff("health_visitor")
        a_miss(world, practitioner_id=other)
        appointment = a_miss(world)
        world.later(minutes=5)
        world.away(world.visitor, since=world.now, until=at("2026-06-12 17:00"), cover=other)
        assert world.follow_staff() == 1
        assert holder(world, appointment) == other

    def test_hands_over_what_waits_for_a_second_signature_too(self, world: World):
        """The lead who was to agree goes on leave: her cover is asked."""
        cover = world.staff("team_lead")
        child = world.toddler()
        world.add("flag", person_id=child, code="CPP", set_at=world.now, set_by="import:epr")
        appointment = a_miss(world, person=child)
        close(world, appointment)
        world.advance()
        assert told(world, appointment) == [world.lead]
        world.later(minutes=5)
        world.away(world.lead, since=world.now, until=at("2026-06-12 17:00"), cover=cover)
        world.follow_staff()
        assert told(world, appointment) == [cover]


class TestLeaveOverABankHolidayWeekend:
    def test_is_covered_from_friday_evening_to_tuesday(self, world: World):
        """Easter 2026: leave from Thursday evening to Tuesday after; a high-risk miss on Thursday does not wait."""
        world.until(at("2026-04-02 15:00"))  # Maundy Thursday
        cover = world.staff("health_visitor")
        child = world.toddler()
        world.add("flag", person_id=child, code="CPP", set_at=world.now, set_by="import:epr")
        world.away(world.visitor, since=at("2026-04-02 17:00"), until=at("2026-04-07 00:00"), cover=cover)
        appointment = a_miss(world, person=child)
        assert told(world, appointment) == [world.visitor]
        acknowledge(world, appointment)
        held = {}
        for moment in ("2026-04-02 17:00", "2026-04-03 12:00", "2026-04-05 12:00", "2026-04-07 09:00"):
            world.until(at(moment))
            world.follow_staff()
            held[moment] = world.follow_up(appointment)
        assert held["2026-04-02 17:00"].owner_practitioner_id == cover
        # Nobody answers over the weekend: hours are real hours, so it has climbed, and never back to who is away.
        assert all(found.next_due_at > found.step_fired_at for found in held.values())
        owners = world.rows(
            "SELECT DISTINCT practitioner_id FROM alert WHERE raised_at >= :since AND raised_at < :until",
            since=at("2026-04-02 17:00"), until=at("2026-04-07 00:00"),
        )  # fmt: skip
        assert world.visitor not in {row.practitioner_id for row in owners}


class TestCoverOfCover:
    def test_is_followed_to_whoever_is_there(self, world: World):
        """She covers for me, he covers for her."""
        first, second = world.staff("health_visitor"), world.staff("health_visitor")
        span = {"since": world.now, "until": at("2026-06-12 17:00")}
        world.away(world.visitor, cover=first, **span)  # type: ignore[arg-type]
        world.away(first, cover=second, **span)  # type: ignore[arg-type]
        assert told(world, a_miss(world)) == [second]

    def test_that_goes_in_a_circle_reaches_duty_or_the_lead(self, world: World):
        """Two who cover for each other are both away: nobody is asked for ever."""
        first = world.staff("health_visitor")
        span = {"since": world.now, "until": at("2026-06-12 17:00")}
        world.away(world.visitor, cover=first, **span)  # type: ignore[arg-type]
        world.away(first, cover=world.visitor, **span)  # type: ignore[arg-type]
        assert told(world, a_miss(world)) == [world.lead]

    def test_passes_over_a_cover_who_has_left(self, world: World):
        """Of two absences at one time, with two covers, the one who is there is found."""
        gone, there = world.staff("health_visitor", active_until="2026-05-01"), world.staff("health_visitor")
        span = {"since": world.now, "until": at("2026-06-12 17:00")}
        world.away(world.visitor, cover=gone, **span)  # type: ignore[arg-type]
        world.away(world.visitor, cover=there, **span)  # type: ignore[arg-type]
        assert told(world, a_miss(world)) == [there]

    def test_hands_on_when_the_cover_goes_away(self, world: World):
        """The cover took the step on; her own leave begins."""
        first, second = world.staff("health_visitor"), world.staff("health_visitor")
        world.away(world.visitor, since=world.now, until=at("2026-06-19 17:00"), cover=first)
        appointment = a_miss(world)
        acknowledge(world, appointment)
        world.later(hours=2)
        world.away(first, since=world.now, until=at("2026-06-19 17:00"), cover=second)
        world.follow_staff()
        assert told(world, appointment) == [second]


class TestReturn:
    def test_leaves_what_the_cover_took_on_until_its_time_is_over(self, world: World):
        """Work does not jump to and fro by the calendar; when the lease ends, it is the practitioner's again."""
        cover = world.staff("health_visitor")
        world.away(world.visitor, since=world.now, until=at("2026-06-09 09:00"), cover=cover)
        appointment = a_miss(world)
        acknowledge(world, appointment, practitioner=cover)
        world.until(at("2026-06-09 10:00"))
        world.follow_staff()
        assert holder(world, appointment) == cover
        lease_end = world.follow_up(appointment).acknowledged_until
        world.until(lease_end)
        world.advance()
        assert holder(world, appointment) == world.visitor

    def test_gives_the_next_step_to_the_practitioner(self, world: World):
        """Steps find their people when they fire."""
        cover = world.staff("health_visitor")
        world.away(world.visitor, since=world.now, until=at("2026-06-09 09:00"), cover=cover)
        appointment = a_miss(world)
        acknowledge(world, appointment, practitioner=cover)
        world.until(at("2026-06-10 09:00"))
        world.advance()
        found = world.follow_up(appointment)
        assert (found.step_id, found.owner_practitioner_id) == ("second-call", world.visitor)

    def test_called_off_leave_never_began(self, world: World):
        """What was not handed over yet stays."""
        appointment = a_miss(world)
        absence = world.away(world.visitor, since=at("2026-06-09 09:00"), until=at("2026-06-12 17:00"))
        with Session(world.engine) as session, session.begin():
            assert absences.call_off(session, absence_id=absence, account=world.person_at_page(), now=world.now)
            assert not absences.call_off(session, absence_id=absence, account=world.person_at_page(), now=world.now)
        acknowledge(world, appointment)
        world.until(at("2026-06-09 09:00"))
        world.follow_staff()
        assert holder(world, appointment) == world.visitor
        assert world.one("SELECT look_at FROM practitioner WHERE id = :id", id=world.visitor) is None


class TestBeforeTheFirstStep:
    """A review was cancelled and booked again: the plan rests, no step is due."""

    def rests(self, world: World, child: int) -> int:
        appointment = world.appointment(child, status="cancelled_by_family", reason="ill")
        world.detect()
        world.appointment(
            child, starts_at=world.now + timedelta(days=3), ends_at=world.now + timedelta(days=3, hours=1)
        )
        world.advance()
        assert world.follow_up(appointment).step_id is None
        return appointment

    def test_leave_shows_who_has_it_and_tells_nobody(self, world: World):
        """Nothing is due, so nobody is alerted; the list must not name somebody who is away."""
        cover = world.staff("health_visitor")
        appointment = self.rests(world, world.toddler())
        assert holder(world, appointment) == world.visitor
        world.away(world.visitor, since=world.now, until=at("2026-06-19 17:00"), cover=cover)
        world.follow_staff()
        found = world.follow_up(appointment)
        assert (found.owner_practitioner_id, told(world, appointment)) == (cover, [])
        assert world.story(found.id)[-1] == "waits_with"
        world.later(minutes=5)
        world.follow_staff()
        assert world.story(found.id).count("waits_with") == 1

    def test_a_moved_caseload_takes_it_along(self, world: World):
        """It waits with the new holder, not with whoever handed the family on."""
        child, new = world.toddler(), world.staff("health_visitor")
        appointment = self.rests(world, child)
        world.later(minutes=5)
        TestMovedCaseload().move(world, child, new)
        world.follow_staff()
        assert (holder(world, appointment), told(world, appointment)) == (new, [])


class TestLeaver:
    def test_hands_on_at_midnight_after_the_last_day(self, world: World):
        """Acknowledged or not; by the local clock, in summer time."""
        world.staff("duty")
        appointment = a_miss(world)
        acknowledge(world, appointment)
        world.run("UPDATE practitioner SET active_until = '2026-06-08', look_at = :now WHERE id = :id",
                  now=world.now, id=world.visitor)  # fmt: skip
        world.follow_staff()
        assert holder(world, appointment) == world.visitor
        assert world.one("SELECT look_at FROM practitioner WHERE id = :id", id=world.visitor) == at("2026-06-09 00:00")
        world.until(at("2026-06-09 00:00"))
        world.follow_staff()
        assert holder(world, appointment) != world.visitor
        (event,) = world.rows("SELECT detail FROM follow_up_event WHERE event = 'step_handed_over'")
        assert event.detail["because"] == "left"

    def test_hands_on_where_it_is_the_staff_file_that_names_the_last_day(self, engine: Engine):
        """The file says on Monday that it is her last day; nobody has to tell the engine to look."""
        register = Register(engine, now=at("2026-06-08 12:00"))
        appointment = a_miss(register)
        acknowledge(register, appointment)
        (visitor,) = register.rows("SELECT code, name FROM practitioner WHERE id = :id", id=register.visitor)
        row = {"staff_id": visitor.code, "name": visitor.name, "role": "health_visitor", "team": "N"}
        register.brings(ImportKind.STAFF, row | {"active_until": "2026-06-08"})
        register.until(at("2026-06-08 18:00"))
        register.follow_staff()
        assert holder(register, appointment) == register.visitor
        register.until(at("2026-06-09 00:00"))
        register.follow_staff()
        assert holder(register, appointment) == register.lead

    def test_hands_on_alerts_that_no_follow_up_drives(self, world: World):
        """A task for somebody who is gone goes to whoever stands in, with the due time it had."""
        due = world.now + timedelta(hours=3)
        alert = world.add(
            "alert", kind="family_reply", urgency="routine", dedupe_key="k", practitioner_id=world.visitor,
            team_id=world.team, raised_at=world.now, next_due_at=due,
        )  # fmt: skip
        world.later(minutes=5)
        world.away(world.visitor, since=world.now, until=at("2026-06-12 17:00"))
        world.follow_staff()
        assert world.rows("SELECT practitioner_id, next_due_at FROM alert WHERE id = :id", id=alert) == [
            (world.lead, due)
        ]

    def test_keeps_what_is_the_last_resorts(self, world: World):
        """There is nobody behind the last resort: it stays there, and is not woken for ever."""
        child = world.child(caseload_holder_id=None, team_id=None)
        appointment = a_miss(world, person=child, practitioner_id=None, team_id=None)
        world.later(minutes=5)
        world.away(world.last_resort, since=world.now, until=at("2026-06-12 17:00"))
        world.follow_staff()
        assert holder(world, appointment) == world.last_resort


class TestMovedCaseload:
    def move(self, world: World, person: int, to: int, *, at_once: bool = True) -> None:
        world.add(
            "caseload_move", person_id=person, to_practitioner_id=to, state="planned", effective_at=world.now,
            due_at=world.now if at_once else world.now + timedelta(days=2), recorded_at=world.now,
            recorded_by="import:epr",
        )  # fmt: skip

    def test_takes_the_step_in_hand_with_it(self, world: World):
        """Booked with her, whose caseload it was; now it is his: he is told at once, acknowledged or not."""
        child, new = world.toddler(), world.staff("health_visitor")
        appointment = a_miss(world, person=child)
        acknowledge(world, appointment)
        world.later(minutes=5)
        self.move(world, child, new)
        world.follow_staff()
        assert told(world, appointment) == [new]
        assert world.follow_up(appointment).acknowledged_by is None
        assert world.one("SELECT caseload_holder_id FROM person WHERE id = :id", id=child) == new
        assert ("import:epr", "caseload.moved", child) in world.rows(
            "SELECT actor, action, subject_id FROM audit_entry"
        )

    def test_takes_later_steps_with_it(self, world: World):
        """Resolved when a step fires."""
        child, new = world.toddler(), world.staff("health_visitor")
        appointment = a_miss(world, person=child)
        world.later(minutes=5)
        self.move(world, child, new)
        world.follow_staff()
        world.until(at("2026-06-10 09:00"))
        world.advance()
        found = world.follow_up(appointment)
        assert (found.step_id, new in [alert.practitioner_id for alert in world.told(follow_up_id=found.id)]) == (
            "second-call",
            True,
        )

    def test_leaves_a_colleague_who_was_booked_and_never_held_it(self, world: World):
        """The nursery nurse was booked; who holds the caseload has changed; she still has the step."""
        child, nurse, new = world.toddler(), world.staff("nursery_nurse"), world.staff("health_visitor")
        appointment = a_miss(world, person=child, practitioner_id=nurse)
        world.later(minutes=5)
        self.move(world, child, new)
        world.follow_staff()
        assert told(world, appointment) == [nurse]

    def test_leaves_what_has_gone_up_to_the_lead(self, world: World):
        """The lead has it, whosever caseload it is."""
        child, new = world.toddler(), world.staff("health_visitor")
        appointment = a_miss(world, person=child)
        world.until(at("2026-06-09 16:00"))
        world.advance()
        assert told(world, appointment) == [world.lead]
        world.later(minutes=5)
        self.move(world, child, new)
        world.follow_staff()
        assert told(world, appointment) == [world.lead]

    def test_still_to_come_waits_for_its_day(self, world: World):
        """From when: the file says the day after tomorrow."""
        child, new = world.toddler(), world.staff("health_visitor")
        appointment = a_miss(world, person=child)
        self.move(world, child, new, at_once=False)
        acknowledge(world, appointment)
        world.later(days=1)
        world.follow_staff()
        assert holder(world, appointment) == world.visitor
        world.later(days=1)
        world.follow_staff()
        assert world.one("SELECT caseload_holder_id FROM person WHERE id = :id", id=child) == new

    def test_applied_half_way_leaves_it_due(self, world: World):
        """The move, the holder and what it wakes are one transaction."""
        child, new = world.toddler(), world.staff("health_visitor")
        a_miss(world, person=child)
        self.move(world, child, new)
        with Session(world.engine) as session:
            assert caseloads.apply_due(session, now=world.now, limit=10) == 1
            session.rollback()
        assert world.one("SELECT caseload_holder_id FROM person WHERE id = :id", id=child) == world.visitor
        assert world.one("SELECT state FROM caseload_move") == "planned"


class TestAbsenceByHand:
    @pytest.mark.parametrize(
        ("since", "until", "cover"),
        [
            ("2026-06-10 09:00", "2026-06-09 09:00", "other"),
            ("2026-06-01 09:00", "2026-06-02 09:00", "other"),
            ("2026-06-10 09:00", "2026-06-12 09:00", "self"),
        ],
    )
    def test_that_makes_no_sense_is_refused(self, world: World, since: str, until: str, cover: str):
        """The wrong way round, over already, or covered by the one who is away."""
        with pytest.raises(NotAllowed), Session(world.engine) as session:
            absences.record(
                session,
                practitioner_id=PractitionerId(world.visitor),
                starts_at=at(since),
                ends_at=at(until),
                cover_id=PractitionerId(world.visitor if cover == "self" else world.lead),
                account=world.person_at_page(),
                now=world.now,
            )


def close(world: World, appointment: int) -> None:
    found = world.follow_up(appointment)
    with Session(world.engine) as session, session.begin():
        follow_up_actions.close(
            session,
            follow_up_id=found.id,
            row_version=found.row_version,
            account=world.person_at_page(),
            reason=ClosedReason.SEEN,
            note="Seen at home, awake",
            now=world.now,
        )
