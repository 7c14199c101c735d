"""A declined contact is no miss: one follow-up carries it until it is written down whole and a person reviewed it."""

import json
from datetime import date

import pytest
from sqlalchemy.orm import Session

from models.db import decline_actions, follow_up_actions
from models.db.follow_up_rows import NotAllowed
from models.domain.ids import FollowUpId
from models.domain.words import ClosedReason
from tests.engine.test_corrections import is_clean
from tests.engine.test_detection import an_expected
from tests.engine.world import World, at

WHOLE = {
    "declined_by": "mother",
    "informed": "phone",
    "why": "No reason she wants to give",
    "capacity": "yes",
    "seen_by_anybody": "yes",
    "last_seen_on": date(2026, 6, 3),
    "last_seen_by": "Dr Hill, GP",
}
TOLD = {
    "declined_by": "mother",
    "informed": "phone",
    "capacity": "yes",
    "last_seen_on": "2026-06-03",
    "last_seen_by": "GP",
}


def a_decline(world: World, child: int | None = None, **given: object) -> int:
    """An appointment of this morning that a source says was declined, looked at."""
    row = {"status": "declined", "ends_at": at("2026-06-08 10:00")} | given
    appointment = world.appointment(child or world.child(), **row)
    world.detect()
    world.advance()
    return appointment


def write_down(world: World, follow_up: int, **answers: object) -> tuple[str, ...]:
    """A person writes down what is known, and the engine looks."""
    row = world.rows("SELECT row_version FROM follow_up WHERE id = :id", id=follow_up)[0]
    with Session(world.engine) as session, session.begin():
        missing = decline_actions.record(
            session,
            follow_up_id=FollowUpId(follow_up),
            row_version=row.row_version,
            seen_status=None,
            answers=decline_actions.answers(**{**dict.fromkeys(WHOLE), **answers}),
            account=world.person_at_page(),
            now=world.now,
            today=world.now.date(),
        )
    world.detect()
    world.advance()
    return missing


class TestDecline:
    def test_opens_a_follow_up_of_its_own_kind_and_asks_what_is_missing(self, world: World):
        """Not the ladder of a miss: the practitioner writes down what a source left out."""
        found = world.follow_up(a_decline(world, reason="Not wanted"))
        assert (found.trigger, found.how, found.pathway_code) == ("declined", "decline_incomplete", "declined")
        assert [(alert.step_id, alert.practitioner_id) for alert in world.told()] == [
            ("complete-decline", world.visitor)
        ]
        assert world.rows("SELECT why, declined_by, completed_at, recorded_by FROM decline") == [
            ("Not wanted", None, None, "import:epr")
        ]
        is_clean(world)

    def test_that_nobody_writes_down_goes_up_and_never_closes(self, world: World):
        """Day by day: asked again, the team lead on the second working day, the named nurse after that, for ever."""
        appointment = a_decline(world)
        told = set()
        for _ in range(12):
            told |= {(alert.step_id, alert.practitioner_id) for alert in world.told()}
            world.later(days=1)
            world.advance()
        assert {("decline-still-incomplete", world.lead), ("decline-still-open", world.nurse)} <= told
        assert world.follow_up(appointment).state == "open"

    def test_told_whole_by_its_source_waits_for_its_review(self, world: World):
        """All answers came with the file: the practitioner reviews and closes."""
        found = world.follow_up(a_decline(world, reason="Seen privately", decline_told=json.dumps(TOLD)))
        assert found.how == "decline_complete"
        assert [alert.step_id for alert in world.told()] == ["review-decline"]
        assert world.rows("SELECT completed_by, seen_by_anybody FROM decline") == [("import:epr", "yes")]

    def test_written_down_by_a_person_moves_on_to_its_review(self, world: World):
        """The question for what is missing ends by the answer."""
        found = world.follow_up(a_decline(world))
        assert write_down(world, found.id, **WHOLE) == ()
        assert [alert.step_id for alert in world.told()] == ["review-decline"]
        is_clean(world)

    def test_answered_by_a_person_is_not_answered_anew_by_a_file(self, world: World):
        """An import fills gaps; what a person wrote stays (design 3.11)."""
        appointment = a_decline(world, reason="file says no")
        write_down(world, world.follow_up(appointment).id, **{**WHOLE, "capacity": None})
        world.run(
            "UPDATE appointment SET decline_told = CAST(:told AS jsonb), reconsider_at = :now",
            told=json.dumps({**TOLD, "declined_by": "father"}),
            now=world.now,
        )
        world.detect()
        assert world.rows("SELECT declined_by, why, capacity, last_seen_by FROM decline") == [
            ("mother", "No reason she wants to give", "yes", "Dr Hill, GP")
        ]

    def test_of_a_high_risk_family_goes_to_the_team_lead_within_the_hour(self, world: World):
        """Elapsed hours, with the practitioner told as well (domain.md 3.3 vi)."""
        child = world.child()
        world.add("flag", person_id=child, code="CPP", set_at=world.now, set_by="import:epr")
        a_decline(world, child, decline_told=json.dumps(TOLD), reason="Not wanted", recorded_at=at("2026-06-08 11:00"))
        assert ("high-risk-decline", world.lead) in {(alert.step_id, alert.practitioner_id) for alert in world.told()}

    def test_a_second_time_goes_to_the_team_lead_and_can_be_counted(self, world: World):
        """Any contact of the child counts; both rows stand for the pattern rules to read."""
        child = world.child()
        a_decline(world, child, contact_code="HV-3M")
        second = world.follow_up(a_decline(world, child))
        assert second.how == "decline_incomplete_lead"
        told = {(alert.step_id, alert.practitioner_id) for alert in world.told(follow_up_id=second.id)}
        assert told == {("lead-reviews-decline", world.lead), ("complete-decline", world.visitor),
                        ("lead-reviews-decline", world.visitor)}  # fmt: skip
        assert world.rows(
            "SELECT contact_code FROM decline WHERE person_id = :id AND withdrawn_at IS NULL ORDER BY id", id=child
        ) == [("HV-3M",), ("HV-6W",)]

    def test_twice_in_one_file_is_a_second_time_too(self, world: World):
        """A first load may bring both at once."""
        child = world.child()
        first = world.appointment(child, status="declined", contact_code="HV-3M", ends_at=at("2026-06-05 10:00"))
        second = a_decline(world, child)
        assert sorted(str(world.follow_up(one).how) for one in (first, second)) == [
            "decline_incomplete",
            "decline_incomplete_lead",
        ]

    def test_after_a_miss_is_the_same_thread_and_counts_for_none(self, world: World):
        """Missed, declined on the phone, booked all the same and missed: that is the second miss, in one thread."""
        child = world.child()
        first = world.appointment(child, status="missed", ends_at=at("2026-06-01 10:00"))
        world.detect()
        declined = a_decline(world, child)
        assert (world.follow_up(first).state, world.follow_up(declined).miss_count) == ("continued", 1)
        world.until(at("2026-06-12 12:00"))
        again = world.appointment(child, status="missed", ends_at=at("2026-06-12 10:00"))
        world.detect()
        assert (world.follow_up(declined).state, world.follow_up(again).miss_count) == ("continued", 2)

    def test_corrected_away_is_withdrawn_and_kept(self, world: World):
        """Recorded for the wrong family: it was never declined, and its row says by whom that was put right."""
        appointment = a_decline(world)
        world.later(hours=1)
        world.records(appointment, "missed", by="person:ann")
        world.detect()
        found = world.follow_up(appointment)
        assert (found.trigger, found.pathway_code) == ("missed", "universal-review")
        assert world.rows("SELECT withdrawn_by FROM decline") == [("person:ann",)]
        assert [row.event for row in world.rows("SELECT event FROM decline_event ORDER BY id")] == ["told", "withdrawn"]
        is_clean(world)

    def test_of_a_contact_never_booked_puts_its_follow_up_on_the_ladder_of_declines(self, world: World):
        """A family may decline what was never booked: the same row, reviewed instead of chased."""
        expected = an_expected(world, world.child())
        world.detect()
        world.advance()
        (row,) = world.rows("SELECT id FROM follow_up")
        write_down(world, row.id, **WHOLE)
        (found,) = world.rows("SELECT expected_contact_id, trigger, how, cycle FROM follow_up")
        assert found == (expected, "declined", "decline_complete", 2)
        assert [alert.step_id for alert in world.told()] == ["review-decline"]
        is_clean(world)

    def test_and_seen_after_all_asks_to_confirm_and_close(self, world: World):
        """They came later: nothing is left to decline."""
        child = world.child()
        appointment = a_decline(world, child)
        world.until(at("2026-06-12 12:00"))
        world.appointment(child, status="attended", ends_at=at("2026-06-12 10:00"))
        world.detect()
        assert world.follow_up(appointment).state == "seen"

    @pytest.mark.parametrize("reason", [ClosedReason.DECLINED_REVIEWED, ClosedReason.CLINICIAN_DECISION])
    def test_cannot_be_closed_before_it_is_whole(self, world: World, reason: ClosedReason):
        """Whoever asks, whatever the note."""
        row = world.follow_up(a_decline(world))
        with Session(world.engine) as session, pytest.raises(NotAllowed):
            follow_up_actions.close(
                session,
                follow_up_id=FollowUpId(row.id),
                row_version=row.row_version,
                account=world.person_at_page(),
                reason=reason,
                note="They don't want it",
                now=world.now,
            )
