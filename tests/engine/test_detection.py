"""Detection: what is asked for, what is missed, and what is one thread."""

from datetime import timedelta

from tests.engine.world import World, at


class TestOutcomeNotRecorded:
    def test_opens_when_fresh_data_still_say_nothing(self, world: World):
        """Two hours past the end, with data as of now: the staff-side ladder, owned by who was booked."""
        appointment = world.appointment(world.child(), ends_at=at("2026-06-08 09:30"))
        world.detect()
        found = world.follow_up(appointment)
        assert (found.trigger, found.state, found.pathway_code) == (
            "outcome_not_recorded",
            "open",
            "outcome-not-recorded",
        )
        assert found.owner_practitioner_id == world.visitor
        assert found.next_due_at == world.now
        assert world.rows("SELECT from_status, to_status FROM appointment_event") == [("booked", "outcome_due")]

    def test_waits_for_data_from_after_the_end(self, world: World):
        """A nightly feed that stopped before the appointment raises no false alarm, however late it is."""
        world.appointment(world.child(), ends_at=at("2026-06-08 09:30"))
        world.run("UPDATE source SET as_of = :t", t=at("2026-06-08 09:00"))
        world.now += timedelta(days=3)
        assert world.detect().total == 0
        world.run("UPDATE source SET as_of = :t", t=at("2026-06-09 03:00"))
        assert world.detect().outcome_due == 1

    def test_waits_for_the_allowance(self, world: World):
        """An appointment that ended an hour ago has another hour."""
        world.appointment(world.child(), ends_at=at("2026-06-08 11:00"))
        assert world.detect().outcome_due == 0

    def test_ends_by_the_outcome_itself(self, world: World):
        """Attended, by whoever recorded it: closed with that reason, and its alerts are over."""
        appointment = world.appointment(world.child(), ends_at=at("2026-06-08 09:30"))
        world.detect()
        world.advance()
        assert len(world.told(kind="step")) == 1
        world.records(appointment, "attended", by="person:ann")
        world.detect()
        found = world.follow_up(appointment)
        assert (found.state, found.closed_reason, found.closed_by) == ("closed", "outcome_recorded", "person:ann")
        assert world.told() == []

    def test_turns_into_the_missed_ladder_on_the_same_row(self, world: World):
        """Recorded as missed: the same follow-up, another ladder, the next cycle."""
        appointment = world.appointment(world.child(), ends_at=at("2026-06-08 09:30"))
        world.detect()
        world.advance()
        world.records(appointment, "missed", subtype="wnb")
        world.detect()
        found = world.follow_up(appointment)
        assert (found.trigger, found.pathway_code, found.cycle, found.step_id) == (
            "missed",
            "universal-review",
            2,
            None,
        )
        assert world.told() == []
        world.advance()
        assert [alert.step_id for alert in world.told()] == ["phone-same-day"]

    def test_never_offers_a_text(self, world: World):
        """Nobody is told "you missed" because nobody wrote down what happened."""
        child = world.child()
        mother = world.add("person", life_status="alive")
        world.household((child, "child"), (mother, "mother"))
        world.add("contact_point", person_id=mother, number="+447700900123", safe_to_text="yes")
        world.appointment(child, ends_at=at("2026-06-08 09:30"), contact_person_id=mother)
        world.detect()
        for _ in range(10):
            world.advance()
            world.later(days=1)
        assert world.rows("SELECT id FROM message WHERE audience = 'family'") == []


class TestMiss:
    def test_is_followed_up_once_however_often_it_comes(self, world: World):
        """Detection may run twice, and the same row may come again: one follow-up."""
        appointment = world.appointment(world.child(), status="missed")
        world.detect()
        world.run("UPDATE appointment SET reconsider_at = :now", now=world.now)
        world.detect()
        found = world.follow_up(appointment)
        assert (found.miss_count, found.cycle, found.trigger) == (1, 1, "missed")

    def test_goes_on_in_the_second_miss(self, world: World):
        """Two misses of one contact climb one ladder: the earlier row says in which the thread goes on."""
        child = world.child()
        first = world.appointment(child, status="missed", ends_at=at("2026-06-01 10:00"))
        world.detect()
        world.advance()
        second = world.appointment(child, status="missed", ends_at=at("2026-06-08 10:00"))
        world.detect()
        earlier, later = world.follow_up(first), world.follow_up(second)
        assert (earlier.state, earlier.continued_in, earlier.next_due_at) == ("continued", later.id, None)
        assert (later.miss_count, later.breach_at) == (2, at("2026-06-01 10:00"))
        assert world.told(follow_up_id=earlier.id) == []

    def test_of_a_contact_never_booked_takes_its_follow_up_over(self, world: World):
        """Booked at last and then missed: the same row, its key moved to the appointment, the next cycle."""
        child = world.child()
        expected = an_expected(world, child)
        world.detect()
        world.advance()
        (before,) = world.rows("SELECT * FROM follow_up")
        assert before.expected_contact_id == expected
        appointment = world.appointment(child, status="missed", expected_contact_id=expected)
        world.detect()
        after = world.follow_up(appointment)
        assert (after.id, after.expected_contact_id, after.cycle, after.trigger) == (before.id, None, 2, "missed")
        assert "taken_over" in world.story(after.id)

    def test_of_two_rows_in_any_order_is_one_thread(self, world: World):
        """One file may hold both misses, the later one first."""
        child = world.child()
        second = world.appointment(child, status="missed", ends_at=at("2026-06-08 10:00"))
        first = world.appointment(child, status="missed", ends_at=at("2026-06-05 10:00"))
        world.detect()
        assert world.follow_up(first).state == "continued"
        assert world.follow_up(first).continued_in == world.follow_up(second).id
        assert world.follow_up(second).miss_count == 2

    def test_with_no_team_or_practitioner_belongs_to_the_last_resort(self, world: World):
        """Somebody always has it."""
        child = world.child(team_id=None, caseload_holder_id=None)
        appointment = world.appointment(child, status="missed", practitioner_id=None, team_id=None)
        world.detect()
        assert world.follow_up(appointment).owner_practitioner_id == world.last_resort


class TestBeingSeen:
    def test_moves_a_miss_to_seen_and_asks_its_owner_to_confirm(self, world: World):
        """Evidence stops the climb and the texts; a person still confirms and closes."""
        child = world.child()
        missed = world.appointment(child, status="missed", ends_at=at("2026-06-05 10:00"))
        world.detect()
        world.advance()
        world.appointment(child, status="attended", ends_at=at("2026-06-08 10:00"))
        world.detect()
        world.advance()
        found = world.follow_up(missed)
        assert (found.state, found.seen_at) == ("seen", at("2026-06-08 10:00"))
        assert [(alert.kind, alert.practitioner_id) for alert in world.told()] == [("confirm_seen", world.visitor)]

    def test_before_the_miss_is_no_evidence(self, world: World):
        """Seen last week says nothing of today's miss."""
        child = world.child()
        world.appointment(child, status="attended", ends_at=at("2026-06-01 10:00"))
        missed = world.appointment(child, status="missed", ends_at=at("2026-06-08 10:00"))
        world.detect()
        assert world.follow_up(missed).state == "open"

    def test_later_counts_though_the_miss_is_heard_of_last(self, world: World):
        """Files come in any order."""
        child = world.child()
        world.appointment(child, status="attended", ends_at=at("2026-06-08 10:00"))
        world.detect()
        missed = world.appointment(child, status="missed", ends_at=at("2026-06-05 10:00"))
        world.detect()
        assert world.follow_up(missed).state == "seen"

    def test_by_a_source_that_is_no_authority_changes_nothing(self, world: World):
        """Some systems write "attended" before anybody knows."""
        world.run("UPDATE source SET authoritative_for = '{}'")
        child = world.child()
        missed = world.appointment(child, status="missed", ends_at=at("2026-06-05 10:00"))
        world.appointment(child, status="attended", ends_at=at("2026-06-08 10:00"))
        world.detect()
        assert world.follow_up(missed).state == "open"

    def test_on_a_video_call_is_not_face_to_face(self, world: World):
        """A review of a child needs the child in the room."""
        child = world.child()
        missed = world.appointment(child, status="missed", ends_at=at("2026-06-05 10:00"))
        world.appointment(child, status="attended", ends_at=at("2026-06-08 10:00"), mode="video")
        world.detect()
        assert world.follow_up(missed).state == "open"

    def test_corrected_away_puts_it_back_on_its_ladder(self, world: World):
        """Attended, then corrected to missed: history is kept, and the same row climbs."""
        appointment = world.appointment(world.child(), status="missed")
        world.detect()
        world.records(appointment, "attended")
        world.later(minutes=1)
        world.detect()
        assert world.follow_up(appointment).state == "seen"
        world.records(appointment, "missed")
        world.detect()
        found = world.follow_up(appointment)
        assert (found.state, found.seen_at) == ("open", None)
        assert "seen_withdrawn" in world.story(found.id)

    def test_meets_the_expected_contact(self, world: World):
        """What was planned has taken place, with its time."""
        child = world.child()
        expected = an_expected(world, child)
        world.appointment(child, status="attended", ends_at=at("2026-06-08 10:00"), expected_contact_id=expected)
        world.detect()
        assert world.rows("SELECT state, met_at FROM expected_contact") == [("met", at("2026-06-08 10:00"))]
        assert world.rows("SELECT id FROM follow_up") == []


class TestNeverBooked:
    def test_is_as_visible_as_missed(self, world: World):
        """Nothing booked by the day the schedule names: a follow-up of its own."""
        expected = an_expected(world, world.child())
        world.detect()
        (found,) = world.rows("SELECT * FROM follow_up")
        assert (found.expected_contact_id, found.trigger, found.pathway_code) == (
            expected,
            "never_booked",
            "universal-review",
        )
        assert world.rows("SELECT state, next_due_at FROM expected_contact") == [("overdue", None)]

    def test_waits_while_it_is_booked_in_time(self, world: World):
        """A booking within the window is looked at again when the contact should be over."""
        child = world.child()
        an_expected(world, child)
        world.appointment(child, ends_at=world.now + timedelta(days=3))
        world.detect()
        ((state, due),) = world.rows("SELECT state, next_due_at FROM expected_contact")
        assert state == "booked"
        assert due > world.now
        assert world.rows("SELECT id FROM follow_up") == []

    def test_ends_for_a_child_who_has_died(self, world: World):
        """Nobody is asked to book for a child who has died."""
        an_expected(world, world.child(life_status="deceased"))
        world.detect()
        assert world.rows("SELECT state FROM expected_contact") == [("not_applicable",)]


class TestBacklog:
    def test_is_one_task_per_team_and_owner_and_no_alert_each(self, world: World):
        """What was older than its ladder when it first came is listed and owned; one person gets one task."""
        for _ in range(30):
            world.appointment(
                world.child(), status="missed", ends_at=at("2024-03-05 10:00"), first_received_at=world.now
            )
        world.detect()
        world.advance()
        assert world.rows("SELECT state, count(*) FROM follow_up GROUP BY 1") == [("backlog", 30)]
        assert world.rows("SELECT count(*) FROM follow_up WHERE next_due_at > :now", now=world.now) == [(30,)]
        assert [(alert.kind, alert.practitioner_id) for alert in world.told()] == [("backlog_triage", world.lead)]
        assert world.rows("SELECT id FROM message WHERE audience = 'family'") == []

    def test_never_takes_in_high_risk(self, world: World):
        """A child on a protection plan climbs at once, however old the miss."""
        child = world.child()
        world.add("flag", person_id=child, code="CPP", set_at=world.now, set_by="import:epr")
        appointment = world.appointment(
            child, status="missed", ends_at=at("2024-03-05 10:00"), first_received_at=world.now
        )
        world.detect()
        assert (world.follow_up(appointment).state, world.follow_up(appointment).high_risk) == ("open", True)

    def test_lets_go_of_a_family_that_becomes_high_risk(self, world: World):
        """A flag set afterwards takes the child out of the list and onto the ladder at once."""
        child = world.child()
        appointment = world.appointment(
            child, status="missed", ends_at=at("2024-03-05 10:00"), first_received_at=world.now
        )
        world.detect()
        world.add("flag", person_id=child, code="CPP", set_at=world.now, set_by="person:ann")
        world.later(minutes=5)
        world.reconcile()
        world.advance()
        found = world.follow_up(appointment)
        assert (found.state, found.high_risk) == ("open", True)
        assert [alert.kind for alert in world.told(follow_up_id=found.id)] != []

    def test_before_go_live_is_backlog_too(self, world: World):
        """The trust began with this source yesterday."""
        world.run("UPDATE source SET go_live_on = '2026-06-07'")
        appointment = world.appointment(world.child(), status="missed", ends_at=at("2026-06-05 10:00"))
        world.detect()
        assert world.follow_up(appointment).state == "backlog"


class TestCancellation:
    def test_that_says_neither_by_whom_nor_why_is_a_persons_task(self, world: World):
        """Unknown is not "by the family" (domain.md 2.3)."""
        world.appointment(world.child(), status="cancelled", reason=None)
        world.detect()
        assert "cancellation_unexplained" in [alert.kind for alert in world.told()]

    def test_by_the_family_opens_a_follow_up_to_rebook(self, world: World):
        """Rebooking never closes, and a cancellation is not forgotten."""
        appointment = world.appointment(world.child(), status="cancelled_by_family", reason="ill")
        world.detect()
        assert world.follow_up(appointment).trigger == "cancelled"


class TestClosed:
    def test_by_a_person_stays_closed_when_the_same_miss_comes_again(self, world: World):
        """The extract repeats itself every night; a closure is not undone by it."""
        appointment = world.appointment(world.child(), status="missed")
        world.detect()
        close(world, appointment)
        world.later(days=1)
        world.run("UPDATE appointment SET reconsider_at = :now", now=world.now)
        world.detect()
        assert world.follow_up(appointment).state == "closed"

    def test_opens_again_in_a_new_cycle_when_the_outcome_becomes_a_miss_afterwards(self, world: World):
        """Closed as seen; then the record is corrected to missed: the same row climbs again."""
        appointment = world.appointment(world.child(), status="missed")
        world.detect()
        world.records(appointment, "attended")
        world.detect()
        close(world, appointment)
        world.later(days=1)
        world.records(appointment, "missed")
        world.detect()
        found = world.follow_up(appointment)
        assert (found.state, found.closed_by, found.cycle) == ("open", None, 2)
        assert "reopened" in world.story(found.id)


def close(world: World, appointment: int) -> None:
    world.run(
        "UPDATE follow_up SET state = 'closed', closed_by = 'person:ann', closed_at = :now, closed_reason = 'seen',"
        " next_due_at = NULL WHERE appointment_id = :id",
        now=world.now,
        id=appointment,
    )


def an_expected(world: World, child: int) -> int:
    """A 6 to 8 week review that should be booked by now."""
    born = world.one("SELECT date_of_birth FROM person WHERE id = :id", id=child)
    return world.add(
        "expected_contact",
        person_id=child,
        team_id=world.team,
        contact_code="HV-6W",
        schedule_code="england",
        schedule_version=1,
        anchor_on=born,
        window_start=born + timedelta(days=42),
        window_end=born + timedelta(days=56),
        unbooked_on=born + timedelta(days=45),
        overdue_on=born + timedelta(days=56),
        next_due_at=world.now - timedelta(hours=1),
        first_received_at=world.now - timedelta(days=20),
    )
