"""One contact, one thread: what a correction of any miss in it does to the one that leads it. Decisions 0003, 0051."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from models.db import follow_up_actions
from models.domain.ids import FollowUpId
from models.domain.words import ClosedReason
from tests.engine.test_corrections import OUTCOMES, is_clean
from tests.engine.test_detection import an_expected
from tests.engine.test_holds import audited
from tests.engine.world import World, at

DAYS = (at("2026-05-18 10:00"), at("2026-05-27 10:00"), at("2026-06-05 10:00"))


def three_misses(world: World) -> list[int]:
    """Not brought three times, each heard of on its day; the third leads."""
    child, appointments = world.toddler(), []
    for day in DAYS:
        world.until(day + timedelta(hours=2))
        appointments.append(world.appointment(child, status="missed", subtype="wnb", ends_at=day))
        world.detect()
        world.advance()
    world.until(at("2026-06-08 12:00"))
    world.advance()
    return appointments


def record(world: World, appointment: int, name: str) -> None:
    """The outcome is put right, and the engine looks."""
    outcome = OUTCOMES[name]
    if outcome.means == "waiting":
        world.moves(appointment, world.now + timedelta(days=7))
    else:
        world.records(appointment, outcome.status, subtype=outcome.subtype, mode=outcome.mode)
    world.detect()
    world.advance()


def standing(world: World, appointments: list[int]) -> list[tuple[str, int | None]]:
    """Of each appointment's follow-up its state and, by place, where its thread goes on."""
    rows = [world.follow_up(appointment) for appointment in appointments]
    places = {row.id: place for place, row in enumerate(rows)}
    return [(row.state, places.get(row.continued_in)) for row in rows]


def leader(world: World, appointments: list[int]):
    """The one follow-up of a miss that is live."""
    rows = [world.follow_up(appointment) for appointment in appointments]
    (found,) = [row for row in rows if row.state in ("open", "seen") and row.trigger != "outcome_not_recorded"]
    return found


class TestThreeMisses:
    def test_are_one_thread_that_is_at_supervision(self, world: World):
        """The third miss leads, counts three, and its team lead is asked for supervision (domain.md 3.3 iii)."""
        appointments = three_misses(world)
        assert standing(world, appointments) == [("continued", 1), ("continued", 2), ("open", None)]
        found = leader(world, appointments)
        assert (found.miss_count, found.breach_at, found.step_id) == (3, DAYS[0], "supervision")

    @pytest.mark.parametrize(
        "name", [name for name, one in OUTCOMES.items() if one.means in ("", "unproven", "nothing")]
    )
    @pytest.mark.parametrize("place", [0, 1])
    def test_count_what_an_earlier_one_turns_out_to_be(self, world: World, name: str, place: int):
        """Still a miss, of any kind, it counts; cancelled, declined, void or unproven it doesn't; the step follows."""
        appointments = three_misses(world)
        record(world, appointments[place], name)
        opens = OUTCOMES[name].opens
        counts = opens is not None and opens[0] == "missed"
        assert standing(world, appointments) == [("continued", 1), ("continued", 2), ("open", None)]
        found = leader(world, appointments)
        assert (found.miss_count, found.step_id) == (3 if counts else 2, "supervision")
        is_clean(world)

    @pytest.mark.parametrize(("place", "count", "since"), [(0, 2, 1), (1, 1, 2)])
    def test_begin_anew_after_one_at_which_the_child_was_seen(self, world: World, place: int, count: int, since: int):
        """The second was attended after all: the third is a first miss, rung up like one, and told from its own day."""
        appointments = three_misses(world)
        record(world, appointments[place], "attended")
        found = leader(world, appointments)
        assert (found.state, found.miss_count, found.breach_at) == ("open", count, DAYS[since])
        assert found.step_id == ("second-call" if count == 1 else "supervision")
        assert "count_corrected" in world.story(found.id)
        is_clean(world)

    @pytest.mark.parametrize("name", ["void", "died"])
    def test_go_on_in_the_second_when_the_third_was_none(self, world: World, name: str):
        """The second leads again, with its own count; the third's row goes on in it: nobody confirms it apart."""
        appointments = three_misses(world)
        record(world, appointments[2], name)
        assert standing(world, appointments) == [("continued", 1), ("open", None), ("continued", 1)]
        found = leader(world, appointments)
        assert (found.miss_count, found.breach_at, found.step_id) == (2, DAYS[0], "supervision")
        assert (found.owner_practitioner_id, world.told()[0].follow_up_id) == (world.lead, found.id)
        is_clean(world)

    @pytest.mark.parametrize("place", [0, 1, 2])
    def test_go_on_without_one_whose_outcome_is_taken_back(self, world: World, place: int):
        """Nobody knows any more what happened that day: it is asked, and the others keep their thread."""
        appointments = three_misses(world)
        record(world, appointments[place], "unrecorded")
        asked = world.follow_up(appointments[place])
        assert (asked.state, asked.trigger) == ("open", "outcome_not_recorded")
        assert leader(world, appointments).miss_count == 2
        record(world, appointments[place], "not brought")
        assert standing(world, appointments) == [("continued", 1), ("continued", 2), ("open", None)] or place < 2
        assert leader(world, appointments).miss_count == 3
        is_clean(world)

    def test_are_seen_when_the_third_took_place(self, world: World):
        """The child was there: one question to confirm and close for all three."""
        appointments = three_misses(world)
        record(world, appointments[2], "attended")
        assert [state for state, _ in standing(world, appointments)] == ["continued", "continued", "seen"]
        assert [alert.kind for alert in world.told()] == ["confirm_seen"]
        is_clean(world)

    def test_count_three_again_when_the_correction_is_corrected(self, world: World):
        """There and back: nothing is lost on the way."""
        appointments = three_misses(world)
        for name in ("attended", "not brought"):
            record(world, appointments[1], name)
        found = leader(world, appointments)
        assert (found.miss_count, found.breach_at, found.step_id) == (3, DAYS[0], "supervision")
        is_clean(world)

    def test_closed_by_a_person_stay_closed_and_are_counted_anew(self, world: World):
        """A correction after closing changes the record, not the decision."""
        appointments = three_misses(world)
        close(world, appointments[2])
        world.later(days=1)
        record(world, appointments[0], "void")
        found = world.follow_up(appointments[2])
        assert (found.state, found.miss_count) == ("closed", 2)
        is_clean(world)

    def test_closed_as_if_one_had_been_attended_are_opened_by_its_correction(self, world: World):
        """The second was recorded as attended when the thread was closed; that it was not is news."""
        appointments = three_misses(world)
        record(world, appointments[1], "attended")
        close(world, appointments[2])
        world.later(days=1)
        record(world, appointments[1], "not brought")
        assert world.follow_up(appointments[1]).state == "open"
        assert world.follow_up(appointments[2]).state == "closed"
        is_clean(world)


class TestAMissHeardOfLate:
    def test_joins_the_thread_of_a_later_one(self, world: World):
        """Tuesday's miss comes after Friday's: one ladder, and the later one leads it."""
        child = world.toddler()
        later = world.appointment(child, status="missed", ends_at=at("2026-06-05 10:00"))
        world.detect()
        world.advance()
        earlier = world.appointment(child, status="missed", ends_at=at("2026-06-02 10:00"))
        world.detect()
        world.advance()
        assert world.follow_up(earlier).continued_in == world.follow_up(later).id
        found = world.follow_up(later)
        assert (found.miss_count, found.breach_at) == (2, at("2026-06-02 10:00"))
        assert "supervision" in [alert.step_id for alert in world.told()]


class TestBeingSeenInBetween:
    def test_begins_the_count_anew(self, world: World):
        """Missed, seen, missed: the second is a first miss, and the first needs no confirming apart."""
        child = world.toddler()
        first = world.appointment(child, status="missed", ends_at=at("2026-05-20 10:00"))
        world.appointment(child, status="attended", ends_at=at("2026-05-27 10:00"))
        world.detect()
        second = world.appointment(child, status="missed", ends_at=at("2026-06-05 10:00"))
        world.detect()
        found = world.follow_up(second)
        assert (world.follow_up(first).state, found.miss_count) == ("continued", 1)
        assert found.breach_at == at("2026-06-05 10:00")

    @pytest.mark.parametrize("name", ["void", "by video", "unrecorded", "cancelled by us"])
    def test_and_taken_back_is_no_ground_for_having_closed(self, world: World, name: str):
        """A colleague closed on a visit that turns out not to have been one: open again, and told why."""
        child = world.toddler()
        missed = world.appointment(child, status="missed", ends_at=at("2026-05-20 10:00"))
        visit = world.appointment(child, status="attended", ends_at=at("2026-05-27 10:00"))
        world.detect()
        close(world, missed, reason=ClosedReason.SEEN)
        world.later(days=1)
        record(world, visit, name)
        found = world.follow_up(missed)
        live = found.state == "open" or world.follow_up(visit).state == "open"
        assert live
        assert "seen_withdrawn" in world.story(found.id)
        is_clean(world)

    def test_stands_on_another_visit_when_one_is_taken_back(self, world: World):
        """Seen twice; one of the two was an error."""
        child = world.toddler()
        missed = world.appointment(child, status="missed", ends_at=at("2026-05-20 10:00"))
        world.appointment(child, status="attended", ends_at=at("2026-05-25 10:00"))
        last = world.appointment(child, status="attended", ends_at=at("2026-05-27 10:00"))
        world.detect()
        record(world, last, "void")
        found = world.follow_up(missed)
        assert (found.state, found.seen_at) == ("seen", at("2026-05-25 10:00"))


class TestTwoMissesAtOneMoment:
    def test_count_as_two_until_a_person_says_that_one_never_was(self, world: World):
        """A double booking looks like two contacts; the void takes the count back."""
        child = world.toddler()
        pair = [world.appointment(child, status="missed", ends_at=DAYS[2]) for _ in range(2)]
        world.detect()
        world.advance()
        first, second = (world.follow_up(one) for one in pair)
        assert [(row.state, row.miss_count) for row in (first, second)] == [("continued", 1), ("open", 2)]
        record(world, pair[0], "void")
        assert world.follow_up(pair[1]).miss_count == 1


class TestAppointmentOfAnotherPerson:
    def test_takes_its_follow_up_along(self, world: World):
        """Entered for the wrong twin: the miss, its alerts and its count go to the right one; the wrong one is free."""
        wrong, right = world.toddler(), world.toddler()
        first = world.appointment(wrong, status="missed", ends_at=at("2026-06-01 10:00"))
        mixed = world.appointment(wrong, status="missed", ends_at=at("2026-06-05 10:00"))
        world.detect()
        world.advance()
        assert world.follow_up(mixed).miss_count == 2
        world.run("UPDATE appointment SET person_id = :p, reconsider_at = :now WHERE id = :id",
                  p=right, now=world.now, id=mixed)  # fmt: skip
        world.detect()
        world.advance()
        moved, stays = world.follow_up(mixed), world.follow_up(first)
        assert (moved.person_id, moved.state, moved.miss_count, moved.step_id) == (right, "open", 1, "second-call")
        assert (stays.person_id, stays.state, stays.miss_count) == (wrong, "open", 1)
        assert "person_corrected" in world.story(moved.id)
        assert {(alert.follow_up_id, alert.person_id) for alert in world.told()} == {
            (moved.id, right),
            (stays.id, wrong),
        }
        is_clean(world)

    def test_takes_its_evidence_away(self, world: World):
        """The visit was the twin's: this child has not been seen, and the planned contact is open again."""
        wrong, right = world.toddler(), world.toddler()
        expected = an_expected(world, wrong)
        missed = world.appointment(wrong, status="missed", ends_at=at("2026-06-01 10:00"))
        visit = world.appointment(
            wrong, status="attended", ends_at=at("2026-06-05 10:00"), expected_contact_id=expected
        )
        world.detect()
        assert world.follow_up(missed).state == "seen"
        world.run(
            "UPDATE appointment SET person_id = :p, expected_contact_id = NULL, reconsider_at = :now WHERE id = :id",
            p=right, now=world.now, id=visit,
        )  # fmt: skip
        world.detect()
        assert world.follow_up(missed).state == "open"


class TestAnotherDate:
    def test_of_a_miss_is_no_second_miss(self, world: World):
        """Missed on Monday, put right to Wednesday: one miss, reckoned from Wednesday."""
        appointment = world.appointment(world.toddler(), status="missed", ends_at=at("2026-06-01 10:00"))
        world.detect()
        world.moves(appointment, at("2026-06-03 10:00"), status="missed")
        world.detect()
        found = world.follow_up(appointment)
        assert (found.miss_count, found.anchor_at) == (1, at("2026-06-03 10:00"))

    def test_missed_again_under_the_same_id_is_one(self, world: World):
        """Rebooked by moving it, and missed again: that is twice, however the sender keeps its ids."""
        appointment = world.appointment(world.toddler(), status="missed", ends_at=at("2026-06-01 10:00"))
        world.detect()
        world.later(minutes=1)
        world.moves(appointment, at("2026-06-12 10:00"))
        world.detect()
        world.until(at("2026-06-12 12:00"))
        world.records(appointment, "missed", subtype="wnb")
        world.detect()
        found = world.follow_up(appointment)
        assert (found.miss_count, found.anchor_at) == (2, at("2026-06-12 10:00"))
        assert "missed_again" in world.story(found.id)

    def test_looked_at_again_before_its_end_is_no_second_miss(self, world: World):
        """A miss recorded during the visit's slot comes with the next extract: same cycle, same count."""
        appointment = world.appointment(world.toddler(), status="missed", ends_at=world.now + timedelta(hours=1))
        world.detect()
        world.later(minutes=30)
        world.run("UPDATE appointment SET reconsider_at = :now", now=world.now)
        world.detect()
        found = world.follow_up(appointment)
        assert (found.miss_count, found.cycle) == (1, 1)


class TestPlannedContact:
    def test_is_open_again_when_the_visit_that_met_it_is_taken_back(self, world: World):
        """Met by a visit that was entered in error: never booked is as visible as before."""
        child = world.child()
        expected = an_expected(world, child)
        visit = world.appointment(child, status="attended", expected_contact_id=expected)
        world.detect()
        record(world, visit, "void")
        ((state, met_at),) = world.rows("SELECT state, met_at FROM expected_contact")
        (found,) = world.rows("SELECT expected_contact_id, trigger, state FROM follow_up")
        assert (state, met_at, found) == ("overdue", None, (expected, "never_booked", "open"))
        is_clean(world)

    def test_stays_met_by_another_visit(self, world: World):
        """Two visits for one contact; one of them was an error."""
        child = world.child()
        expected = an_expected(world, child)
        world.appointment(child, status="attended", ends_at=at("2026-06-01 10:00"), expected_contact_id=expected)
        second = world.appointment(
            child, status="attended", ends_at=at("2026-06-05 10:00"), expected_contact_id=expected
        )
        world.detect()
        record(world, second, "void")
        assert world.rows("SELECT state, met_at FROM expected_contact") == [("met", at("2026-06-01 10:00"))]

    def test_is_followed_by_itself_when_its_missed_appointment_never_was(self, world: World):
        """The miss was an error, the baby is still unseen: a person confirms the one, and the other is chased."""
        child = world.child()
        expected = an_expected(world, child)
        missed = world.appointment(child, status="missed", expected_contact_id=expected)
        world.detect()
        record(world, missed, "void")
        rows = world.rows("SELECT appointment_id, expected_contact_id, trigger, state FROM follow_up ORDER BY id")
        assert rows == [(missed, None, "corrected", "open"), (None, expected, "never_booked", "open")]
        is_clean(world)


class TestCancellationOfUnknownOrigin:
    @pytest.mark.parametrize(
        ("name", "step"), [("cancelled by family", "rebook-review"), ("cancelled by us", "rebook-review-ours")]
    )
    def test_once_a_person_says_who_cancelled_is_followed_as_that(self, world: World, name: str, step: str):
        """The question ends by the answer, and the steps are those of whoever cancelled."""
        appointment = world.appointment(world.child(), status="cancelled", reason="see letter")
        world.detect()
        world.advance()
        assert "cancellation_unexplained" in [alert.kind for alert in world.told()]
        record(world, appointment, name)
        assert [alert.step_id for alert in world.told()] == [step]

    def test_closed_needs_no_answer(self, world: World):
        """A person closed the follow-up: nobody is asked any more."""
        appointment = world.appointment(world.child(), status="cancelled")
        world.detect()
        world.advance()
        close(world, appointment)
        assert world.told() == []

    def test_of_years_ago_asks_nobody(self, world: World):
        """What is triaged in bulk raises no question each."""
        world.appointment(
            world.child(), status="cancelled", ends_at=at("2024-03-05 10:00"), first_received_at=world.now
        )
        world.detect()
        world.advance()
        assert [alert.kind for alert in world.told()] == ["backlog_triage"]


class TestCancellationByUs:
    def test_never_counts_as_the_familys_miss(self, world: World):
        """We cancelled, then they missed: that is their first."""
        child, monday = world.child(), at("2026-06-08 10:00")
        ours = world.appointment(child, status="cancelled_by_service", ends_at=monday)
        world.detect()
        world.advance()
        assert [alert.step_id for alert in world.told()] == ["rebook-review-ours"]
        world.until(at("2026-06-12 12:00"))
        missed = world.appointment(child, status="missed", ends_at=at("2026-06-12 10:00"))
        world.detect()
        found = world.follow_up(missed)
        assert (world.follow_up(ours).state, found.miss_count) == ("continued", 1)
        assert found.breach_at == monday  # nobody has been seen since we cancelled


def close(world: World, appointment: int, *, reason: ClosedReason = ClosedReason.CLINICIAN_DECISION) -> None:
    """A person closes it."""
    row = world.follow_up(appointment)
    with Session(world.engine) as session, session.begin():
        follow_up_actions.close(
            session,
            follow_up_id=FollowUpId(row.id),
            row_version=row.row_version,
            account=world.person_at_page(),
            reason=reason,
            note="Talked through with the team lead",
            now=world.now,
        )


class TestAContactFoundUnbookedBesideAnEarlierMiss:
    def test_is_one_ladder_with_it(self, world: World):
        """A miss that fitted no plan, then the contact nobody booked: one thread, unseen since the miss."""
        child = world.child(date_of_birth=world.now.date() - timedelta(days=60))
        early = world.appointment(child, status="missed", ends_at=world.now - timedelta(days=40))
        world.detect()
        miss = world.follow_up(early)
        an_expected(world, child)
        world.detect()
        live = world.rows("SELECT id, trigger, breach_at FROM follow_up WHERE state = 'open'")
        assert [(row.trigger, row.breach_at) for row in live] == [("never_booked", miss.breach_at)]
        assert world.follow_up(early).continued_in == live[0].id
        world.later(hours=1)
        assert "two_ladders_for_one_contact" not in audited(world)
