"""Referrals hop by hop: each late hop is followed up, by the one follow-up of the referral (domain.md 4.2)."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cli.explaining import explain
from config.audit_limits import load_audit_limits
from models.db.auditor import audit
from models.db.follow_up_actions import IllegalTransition, NotAllowed, close
from models.domain.ids import FollowUpId
from models.domain.referral_states import ReferralEvent as E
from models.domain.words import ClosedReason, Urgency
from tests.engine.parents import a_mother, hop, refer
from tests.engine.world import World, at


def referred(world: World, **given: object) -> tuple[int, int]:
    """A mother referred now; return the referral and her."""
    mother, household = a_mother(world)
    return refer(world, mother, household, **given), mother  # type: ignore[arg-type]


def follow_ups(world: World) -> list[object]:
    return list(world.rows("SELECT * FROM follow_up ORDER BY id"))


def state(world: World, referral: int) -> str:
    return str(world.one("SELECT state FROM referral WHERE id = :id", id=referral))


class TestLateHop:
    def test_gets_the_referral_its_follow_up_over_the_bank_holiday_weekend(self, world: World):
        """Sent on the Thursday before Easter 2027: to be received by the Thursday after; then chased, and up."""
        world.until(at("2027-03-25 15:00"))
        referral, mother = referred(world)
        world.until(at("2027-04-01 16:59"))
        world.reconcile()
        assert follow_ups(world) == []
        world.until(at("2027-04-01 17:00"))
        world.reconcile()
        (row,) = follow_ups(world)
        assert (row.referral_id, row.trigger, row.person_id, row.state) == (
            referral,
            "referral_unanswered",
            mother,
            "open",
        )
        assert (row.anchor_at, row.breach_at) == (at("2027-04-01 17:00"), at("2027-04-01 17:00"))
        world.advance()
        assert [(alert.step_id, alert.practitioner_id) for alert in world.told()] == [("chase-service", world.visitor)]
        world.until(at("2027-04-05 09:00"))  # the second working day after the Thursday
        world.advance()
        assert ("team-lead-chases", world.lead) in {(alert.step_id, alert.practitioner_id) for alert in world.told()}

    def test_of_an_emergency_is_followed_up_within_the_hour_in_the_night_as_high_risk(self, world: World):
        """Suspected postpartum psychosis: hours, not working days, and nobody has to set a flag first."""
        world.until(at("2026-12-25 02:00"))
        referred(world, urgency=Urgency.RED_FLAG)
        world.later(minutes=31)
        world.reconcile()
        (row,) = follow_ups(world)
        assert (row.high_risk, row.opened_at) == (True, at("2026-12-25 02:31"))
        assert world.advance(urgent_only=True) == 1

    def test_reached_lets_the_same_follow_up_rest_until_the_next_one_is_late(self, world: World):
        """One referral, one follow-up; its ladder begins anew for each hop, and it closes by nobody's clock."""
        referral, _ = referred(world)
        world.until(at("2026-06-11 17:00"))
        world.reconcile()
        world.advance()
        assert hop(world, referral, E.ARRIVED, note="Rang Sam in the office") == "received"
        (row,) = follow_ups(world)
        assert (row.state, row.cycle, row.step_id, row.next_due_at) == ("open", 2, None, at("2026-06-15 17:00"))
        assert world.told() == []
        world.until(at("2026-06-15 16:59"))
        world.reconcile()
        assert world.advance() == 0
        world.until(at("2026-06-15 17:00"))
        world.reconcile()
        world.advance()
        (row,) = follow_ups(world)
        assert (row.state, row.step_id, row.cycle) == ("open", "chase-service", 2)
        assert world.story(row.id) == ["opened", "step_fired", "hop_reached", "step_fired"]

    def test_in_time_opens_nothing(self, world: World):
        """A service that answers is not chased."""
        referral, _ = referred(world)
        for event, given in (
            (E.ARRIVED, {}),
            (E.ACCEPTED, {}),
            (E.APPOINTED, {"first_appointment_at": at("2026-06-18 10:00")}),
        ):
            world.later(hours=20)
            world.reconcile()
            hop(world, referral, event, **given)
        world.until(at("2026-06-18 12:00"))
        hop(world, referral, E.ATTENDED)
        hop(world, referral, E.TREATMENT_BEGAN)
        world.later(days=400)
        world.reconcile()
        assert follow_ups(world) == []
        assert state(world, referral) == "in_treatment"

    def test_after_a_person_closed_an_earlier_one_opens_the_same_row_again(self, world: World):
        """Reopening is a state change on the same row (design 3.1)."""
        referral, _ = referred(world)
        world.until(at("2026-06-11 17:00"))
        world.reconcile()
        hop(world, referral, E.ACCEPTED)
        self.closed(world)
        world.until(at("2026-06-17 17:00"))
        world.reconcile()
        (row,) = follow_ups(world)
        assert (row.state, row.cycle, row.closed_by) == ("open", 3, None)
        assert world.story(row.id)[-1] == "hop_late"

    def test_that_a_person_closed_all_the_same_is_a_warning(self, world: World):
        referred(world)
        world.until(at("2026-06-11 17:00"))
        world.reconcile()
        self.closed(world)
        with Session(world.engine) as session:
            found = audit(session, world.now, limits=load_audit_limits(config_dir=None))
        assert "referral_late_and_closed" in {one.code for one in found.warnings}
        assert found.violations == ()

    @staticmethod
    def closed(world: World) -> None:
        (row,) = follow_ups(world)
        with Session(world.engine) as session, session.begin():
            close(
                session,
                follow_up_id=FollowUpId(row.id),
                row_version=row.row_version,
                account=world.person_at_page(),
                reason=ClosedReason.CLINICIAN_DECISION,
                note="They rang back",
                now=world.now,
            )


class TestTheWholeWay:
    def test_is_two_weeks_to_the_assessment_and_six_to_treatment(self, world: World):
        """QS115: everything before in time, and still late on day 14, and again on day 42."""
        referral, _ = referred(world)
        hop(world, referral, E.ACCEPTED)
        hop(world, referral, E.APPOINTED, first_appointment_at=at("2026-07-20 10:00"))
        world.until(at("2026-06-22 17:00"))
        world.reconcile()
        assert len(follow_ups(world)) == 1  # the appointment has a date, but later than two weeks
        hop(world, referral, E.ATTENDED)
        assert world.one("SELECT hop_due_at FROM referral") == at("2026-07-20 17:00")

    def test_ends_by_a_persons_confirmation(self, world: World):
        """The referral has ended: its follow-up asks its owner to confirm and close, and never does so itself."""
        referral, _ = referred(world)
        world.until(at("2026-06-11 17:00"))
        world.reconcile()
        world.advance()
        hop(world, referral, E.ATTENDED)
        hop(world, referral, E.NO_TREATMENT_NEEDED, note="Dr Hill")
        (row,) = follow_ups(world)
        assert (row.state, row.seen_evidence) == ("seen", "referral")
        world.advance()
        assert [alert.kind for alert in world.told()] == ["confirm_seen"]

    def test_of_a_refusal_asks_for_another_way(self, world: World):
        """Advice kept; another way within two working days, or it is followed up; found, it has ended."""
        referral, _ = referred(world)
        with pytest.raises(NotAllowed, match="the service's reason"):
            hop(world, referral, E.DECLINED)
        hop(world, referral, E.DECLINED, note="Not severe enough", advice="Talking therapies")
        world.until(at("2026-06-10 17:00"))
        world.reconcile()
        assert len(follow_ups(world)) == 1
        with pytest.raises(NotAllowed, match="which other way"):
            hop(world, referral, E.OTHER_WAY_FOUND)
        hop(world, referral, E.OTHER_WAY_FOUND, note="Talking therapies, assessed on Friday")
        assert world.rows("SELECT state, declined_reason, advice, other_way, hop_due_at FROM referral") == [
            ("redirected", "Not severe enough", "Talking therapies", "Talking therapies, assessed on Friday", None)
        ]

    def test_refuses_what_cannot_happen(self, world: World):
        """By the table, and by the database behind it."""
        referral, _ = referred(world)
        with pytest.raises(IllegalTransition):
            hop(world, referral, E.TREATMENT_BEGAN)
        with pytest.raises(NotAllowed, match="date and time"):
            hop(world, referral, E.APPOINTED)
        for change in ("hop_due_at = NULL", "state = 'appointed'", "state = 'declined'", "state = 'redirected'"):
            with pytest.raises(IntegrityError):
                world.run(f"UPDATE referral SET {change}")

    def test_leaves_each_hop_in_a_history(self, world: World):
        referral, _ = referred(world)
        hop(world, referral, E.ARRIVED, note="Sam")
        hop(world, referral, E.ACCEPTED)
        assert world.rows("SELECT event, to_state, actor, reason FROM referral_event ORDER BY id") == [
            ("sent", "sent", "person:ann", None),
            ("arrived", "received", "person:ann", "Sam"),
            ("accepted", "accepted", "person:ann", None),
        ]


class TestAppointmentInTheData:
    def booked(self, world: World, mother: int, **given: object) -> int:
        row = {"contact_code": "PMH-ASSESS", "subject_role": "mother", "ends_at": world.now + timedelta(days=7)}
        return world.appointment(mother, **(row | given))

    def test_that_is_booked_moves_the_referral_on(self, world: World):
        """Nobody has to type what the record knows."""
        referral, mother = referred(world)
        appointment = self.booked(world, mother)
        world.reconcile()
        found = world.rows("SELECT state, appointment_id, first_appointment_at FROM referral")
        starts = world.one("SELECT starts_at FROM appointment WHERE id = :id", id=appointment)
        assert found == [("appointed", appointment, starts)]
        world.reconcile()
        assert len(world.rows("SELECT * FROM referral_event WHERE event = 'appointed'")) == 1
        assert state(world, referral) == "appointed"

    def test_kept_is_believed_of_an_authority_alone(self, world: World):
        """As with being seen: the source must be set as authoritative for attendance, or a person have said so."""
        referral, mother = referred(world)
        appointment = self.booked(world, mother)
        world.reconcile()
        world.later(days=8)
        world.run("UPDATE source SET authoritative_for = '{}'")
        world.records(appointment, "attended")
        world.reconcile()
        assert state(world, referral) == "appointed"
        world.run("UPDATE source SET authoritative_for = '{attendance}'")
        world.reconcile()
        assert state(world, referral) == "attended"

    def test_missed_sets_the_referral_back_to_needing_one(self, world: World):
        """The appointment is followed up by itself; the referral waits for a new one."""
        referral, mother = referred(world)
        appointment = self.booked(world, mother)
        world.reconcile()
        world.later(days=8)
        world.records(appointment, "missed")
        world.reconcile()
        assert state(world, referral) == "accepted"
        self.booked(world, mother)
        world.reconcile()
        assert state(world, referral) == "appointed"

    def test_of_another_date_leaves_a_persons_entry_alone(self, world: World):
        """What a person wrote is not overwritten by an import; the same date links the two."""
        referral, mother = referred(world)
        rang = at("2026-06-20 10:00")
        hop(world, referral, E.APPOINTED, first_appointment_at=rang)
        other = self.booked(world, mother)
        world.reconcile()
        kept = "SELECT state, first_appointment_at, appointment_id FROM referral"
        assert world.rows(kept) == [("appointed", rang, None)]
        world.run("UPDATE appointment SET starts_at = :at, ends_at = :at WHERE id = :id", at=rang, id=other)
        world.reconcile()
        assert world.rows(kept) == [("appointed", rang, other)]

    def test_moved_in_the_record_moves_the_date(self, world: World):
        _, mother = referred(world)
        first = self.booked(world, mother)
        world.reconcile()
        moved = at("2026-06-25 09:00")
        world.run("UPDATE appointment SET starts_at = :at, ends_at = :at WHERE id = :id", at=moved, id=first)
        world.reconcile()
        world.run("UPDATE appointment SET status = 'cancelled_by_service' WHERE id = :id", id=first)
        second = self.booked(world, mother, ends_at=world.now + timedelta(days=20))
        world.reconcile()
        assert world.rows("SELECT state, appointment_id FROM referral") == [("appointed", second)]
        assert [row.event for row in world.rows("SELECT event FROM referral_event ORDER BY id")] == [
            "sent",
            *["appointed"] * 3,
        ]

    def test_of_before_the_referral_or_of_another_service_says_nothing(self, world: World):
        referral, mother = referred(world)
        self.booked(world, mother, ends_at=world.now - timedelta(days=7))
        self.booked(world, mother, contact_code="PMH-MMHS")
        world.reconcile()
        assert state(world, referral) == "sent"


class TestExplain:
    def test_tells_the_hop_that_is_late_and_how_it_got_there(self, world: World):
        """`steadfast explain`, as it reads: which hop, by when, what is known, who has it, what comes next."""
        world.until(at("2026-06-08 12:00"))
        referral, _ = referred(world, urgency=Urgency.URGENT)
        hop(world, referral, E.ARRIVED, note="Sam in the office")
        world.until(at("2026-06-10 17:00"))
        world.reconcile()
        world.advance()
        (row,) = follow_ups(world)
        with Session(world.engine) as session:
            told = explain(session, row.id, rules=world.rules, now=world.now)
        visitor = world.one("SELECT name FROM practitioner WHERE id = :id", id=world.visitor)
        assert told.splitlines() == [
            f"Follow-up {row.id}: Referral to perinatal mental health: whether it is accepted is to be known by"
            " 10 Jun 2026",
            "Why in this place: Overdue for less than an hour",
            "Plan: referral-unanswered, version 2. State: open",
            f"Who has it now: {visitor}, since Wed 10 Jun 2026, 17:00",
            "Step: Ask the service what became of the referral",
            "Next: Comes back, or goes one up: Ask the service what became of the referral, Thu 11 Jun 2026, 17:00",
            f"Referral {referral}: to Perinatal mental health, urgent, sent Mon 8 Jun 2026, 12:00",
            "  It is now: received",
            "  Next to be known: whether it is accepted, by Wed 10 Jun 2026, 17:00, and is late",
            "  Mon 8 Jun 2026, 12:00  Sent (ann)",
            "  Mon 8 Jun 2026, 12:00  The service has received it (ann)",
            "Steps to come, if nobody does anything before:",
            "  Fri 12 Jun 2026, 09:00  Take the silence up with the service's lead",
            "  Wed 17 Jun 2026, 09:00  Challenge the service",
            "What happened:",
            "  Wed 10 Jun 2026, 17:00  Follow-up opened",
            "  Wed 10 Jun 2026, 17:00  Step due: Ask the service what became of the referral. Went to"
            f" {visitor} (the practitioner), to be acknowledged by Thu 11 Jun 2026, 17:00",
        ]


class TestTheAuditor:
    def test_misses_a_late_hop_that_nobody_noticed_at_any_age(self, world: World):
        referred(world)
        world.until(at("2026-06-11 17:14"))
        assert world.violations() == set()
        world.later(days=4000)
        assert world.violations() == {"referral_without_follow_up", "referral_hop_not_looked_at"}

    def test_misses_a_decision_to_refer_without_a_referral(self, world: World):
        from models.domain.words import PromptDecision
        from tests.engine.parents import decide, prompts, record

        mother, _ = a_mother(world)
        record(world, mother, "EPDS", total=14)
        world.detect()
        decide(world, prompts(world)[0].id, PromptDecision.REFER)
        world.later(hours=1)
        assert world.violations() == {"referred_without_referral"}
