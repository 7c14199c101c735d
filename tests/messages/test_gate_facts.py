"""What the gate is told comes from the rows as they are when a text is about to leave; its word reaches a person."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.domain import dedupe
from models.domain.words import Audience, Channel
from tests.messages.builders import (
    NOON,
    a_contact_point,
    a_follow_up,
    a_member,
    a_pathway,
    a_person,
    an_appointment,
    insert,
)
from tests.messages.fake_twilio import FakeTwilio
from tests.messages.scenario import (
    Family,
    a_family,
    a_reminder,
    alerts,
    an_after_miss_text,
    channels,
    drain,
    reason_of,
    rules,
    state_of,
)
from workers import reminders

Change = Callable[[Session, Family], object]


def run(session: Session, statement: str, **params: object) -> None:
    session.execute(text(statement), params)


def a_flag(session: Session, person: int, code: str) -> None:
    insert(session, "flag", {"person_id": person, "code": code, "set_at": NOON, "set_by": "person:1"})


def a_father(session: Session, family: Family) -> int:
    father = a_person(session)
    a_member(session, family.household, father, "father")
    return father


def a_stillbirth(session: Session, family: Family) -> None:
    row = {"mother_id": family.mother, "edd": date(2026, 3, 1), "outcome": "stillbirth", "ended_on": date(2026, 2, 20)}
    insert(session, "pregnancy", row)


def a_dead_twin(session: Session, family: Family) -> None:
    twin = a_person(session, life_status="deceased", deceased_on=date(2026, 1, 2))
    a_member(session, family.household, twin, "child")


def unsigned(session: Session, family: Family) -> None:
    a_pathway(session, signed=False, version=2)
    run(session, "UPDATE follow_up SET pathway_version = 2")


def a_hold(session: Session, kind: str, **scope: int) -> None:
    """A hold of any age, past the time at which somebody should have decided: it stands all the same."""
    row = {"kind": kind, "reason": "x", "set_by": "person:1", "starts_at": NOON - timedelta(days=500)}
    due = {"review_at": NOON - timedelta(days=100), "next_due_at": NOON + timedelta(days=1)}
    insert(session, "hold", row | due | scope)


def a_split(session: Session, family: Family) -> None:
    """Mother and child live apart; a person has confirmed her number since."""
    own = insert(session, "household", {"created_at": NOON})
    row = {"reason": "fled", "from_household_id": family.household, "to_household_id": own, "note": "x"}
    split = insert(session, "household_split", row | {"done_by": "person:1", "done_at": NOON})
    for person, side in ((family.child, "leaves"), (family.mother, "stays")):
        run(session, "INSERT INTO split_member VALUES (:split, :person, :side)", split=split, person=person, side=side)


BLOCKS: dict[str, Change] = {
    "moved_out": lambda s, f: a_hold(s, "moved_out", household_id=f.household),
    "in_hospital": lambda s, f: a_hold(s, "in_hospital", person_id=a_father(s, f)),
    "protected_identity": lambda s, f: a_hold(s, "protected_identity", person_id=f.child),
    "lives_apart": a_split,
    "recipient_died": lambda s, f: run(s, "UPDATE person SET life_status = 'deceased' WHERE id = :id", id=f.mother),
    "child_died": lambda s, f: run(s, "UPDATE person SET life_status = 'deceased' WHERE id = :id", id=f.child),
    "bereaved": a_stillbirth,
    "life_unknown": lambda s, f: run(s, "UPDATE person SET life_status = 'unknown' WHERE id = :id", id=f.child),
    "flag": lambda s, f: a_flag(s, a_father(s, f), "marac"),
    "stopped_household": lambda s, f: run(s, "UPDATE household SET texts_stopped_at = now(), texts_stopped_by = 'p'"),
    "stopped_team": lambda s, f: run(s, "UPDATE team SET texts_stopped_at = now(), texts_stopped_by = 'p'"),
    "stopped_everywhere": lambda s, f: run(s, "INSERT INTO texts_stop (stopped_at, stopped_by) VALUES (now(), 'p')"),
    "not_safe": lambda s, f: run(s, "UPDATE contact_point SET safe_to_text = 'no'"),
    "safety_unknown": lambda s, f: run(s, "UPDATE contact_point SET safe_to_text = 'unknown'"),
    "no_content_allowed": lambda s, f: run(s, "UPDATE contact_point SET content_level = 'none'"),
    "not_confirmed": lambda s, f: run(s, "UPDATE contact_point SET confirmed_on = NULL"),
    "confirmed_long_ago": lambda s, f: run(s, "UPDATE contact_point SET confirmed_on = '2025-01-01'"),
    "opted_out": lambda s, f: run(s, "UPDATE contact_point SET opted_out_at = now()"),
    "number_failed": lambda s, f: run(s, "UPDATE contact_point SET failed_at = now()"),
    "interpreter_needed": lambda s, f: run(s, "UPDATE contact_point SET interpreter = 'yes', language = 'pl'"),
    "outcome_not_recorded": lambda s, f: run(s, "UPDATE follow_up SET trigger = 'outcome_not_recorded'"),
    "follow_up_changed": lambda s, f: run(s, "UPDATE follow_up SET cycle = 2"),
    "not_released": lambda s, f: run(s, "UPDATE follow_up SET text_released_at = NULL"),
    "vanished": lambda s, f: run(s, "UPDATE appointment SET vanished_at = now()"),
    "team_not_live": lambda s, f: run(s, "UPDATE team SET stage = 'staff'"),
    "no_call_back_number": lambda s, f: run(s, "UPDATE team SET call_back_number = NULL"),
    "pathway_not_signed": unsigned,
}


class TestReleasedText:
    @pytest.mark.parametrize("reason", BLOCKS)
    def test_that_may_not_leave_is_told_to_the_follow_up_s_owner_at_once(
        self, engine: Engine, session: Session, reason: str
    ) -> None:
        """Design 3.5: a block has a reason code and feeds the ladder; nothing has left."""
        family = a_family(session)
        message_id = an_after_miss_text(session, family)
        BLOCKS[reason](session, family)
        session.commit()
        drain(engine, channels())
        assert (state_of(engine, message_id), reason_of(engine, message_id)) == ("blocked", reason)
        assert alerts(engine, "text_blocked") == [(message_id, family.owner, "open")]
        events = session.execute(text("SELECT event, reason FROM follow_up_event")).all()
        assert ("text_held_back", reason) in [tuple(event) for event in events]
        attempts = text("SELECT count(*) FROM attempt WHERE message_id = :id")
        assert session.execute(attempts, {"id": message_id}).scalar_one() == 0

    @pytest.mark.parametrize(
        "bereaved",
        [
            a_stillbirth,
            a_dead_twin,
            lambda s, f: a_hold(s, "bereavement", household_id=f.household),
            lambda s, f: a_hold(s, "bereavement", person_id=f.mother),
        ],
    )
    def test_is_held_back_after_a_loss_in_the_household(
        self, engine: Engine, session: Session, bereaved: Change
    ) -> None:
        family = a_family(session)
        message_id = an_after_miss_text(session, family)
        bereaved(session, family)
        session.commit()
        drain(engine, channels())
        assert reason_of(engine, message_id) == "bereaved"

    def test_of_a_follow_up_that_ended_is_held_back_without_bothering_anybody(
        self, engine: Engine, session: Session
    ) -> None:
        family = a_family(session)
        message_id = an_after_miss_text(session, family)
        run(session, "UPDATE follow_up SET state = 'seen'")
        session.commit()
        drain(engine, channels())
        assert (reason_of(engine, message_id), alerts(engine, "text_blocked")) == ("child_seen", [])

    def test_that_was_left_lying_goes_to_a_person(self, engine: Engine, session: Session) -> None:
        """Hazard 25: after a long stop or a restore nothing old goes out by itself."""
        family = a_family(session)
        message_id = an_after_miss_text(session, family)
        session.commit()
        drain(engine, channels(), now=NOON + timedelta(hours=3))
        assert state_of(engine, message_id) == "expired"
        assert alerts(engine, "text_stale") == [(message_id, family.owner, "open")]


class TestSharedNumber:
    def on_two_adults(self, session: Session, **contact_point: object) -> int:
        family = a_family(session, contact_point=dict(contact_point))
        father = a_father(session, family)
        a_contact_point(session, father, number=family.number, created_at=NOON - timedelta(days=10))
        return an_after_miss_text(session, family)

    def test_on_two_adults_is_unsafe(self, engine: Engine, session: Session) -> None:
        message_id = self.on_two_adults(session, safe_to_text_by="import:rio")
        session.commit()
        drain(engine, channels())
        assert reason_of(engine, message_id) == "shared_number"

    def test_is_safe_again_once_a_person_confirmed_it_since(self, engine: Engine, session: Session) -> None:
        message_id = self.on_two_adults(session, safe_to_text_by="person:1", confirmed_on=NOON.date())
        session.commit()
        drain(engine, channels())
        assert state_of(engine, message_id) == "delivered"

    def test_opted_out_on_one_person_is_opted_out_on_all(self, engine: Engine, session: Session) -> None:
        """The phone opts out, not the person."""
        message_id = self.on_two_adults(session, safe_to_text_by="person:1", confirmed_on=NOON.date())
        run(session, "UPDATE contact_point SET opted_out_at = now() WHERE id = (SELECT max(id) FROM contact_point)")
        session.commit()
        drain(engine, channels())
        assert reason_of(engine, message_id) == "opted_out"


class TestEmptyValues:
    def unknown_life(self, session: Session, **source: object) -> int:
        family = a_family(
            session, child={"life_status": "unknown"}, mother={"life_status": "unknown"}, source=dict(source)
        )
        return an_after_miss_text(session, family)

    def test_that_the_trust_has_signed_count_as_told(self, engine: Engine, session: Session) -> None:
        """Design 3.5: unknown blocks until the trust has signed what an empty value of that source means."""
        message_id = self.unknown_life(
            session, empty_values='{"subject_deceased_on": "alive"}', declared_by="Lee Lead", declared_at=NOON
        )
        session.commit()
        drain(engine, channels())
        assert state_of(engine, message_id) == "delivered"

    def test_that_nobody_signed_count_for_nothing(self, engine: Engine, session: Session) -> None:
        message_id = self.unknown_life(session, empty_values='{"subject_deceased_on": "alive"}')
        session.commit()
        drain(engine, channels())
        assert reason_of(engine, message_id) == "life_unknown"

    def test_count_for_nothing_against_a_person_who_unconfirmed_the_number(
        self, engine: Engine, session: Session
    ) -> None:
        """After a split a person's "not known" stands, whatever an empty value of the source means."""
        means = '{"contact_safe_to_text": "yes", "contact_confirmed_on": "received"}'
        source = {"empty_values": means, "declared_by": "Lee Lead", "declared_at": NOON}
        silent: dict[str, object] = {"safe_to_text": "unknown", "safe_to_text_by": None, "confirmed_on": None}
        told = [
            an_after_miss_text(session, a_family(session, contact_point=silent | by, source=source))
            for by in ({}, {"safe_to_text_by": "person:1"}, {"confirmed_by": "person:1"})
        ]
        session.commit()
        drain(engine, channels())
        assert [reason_of(engine, message_id) for message_id in told] == [None, "safety_unknown", "not_confirmed"]


class TestReminder:
    def booked(self, session: Session, **appointment: object) -> tuple[Family, int]:
        starts_at = NOON + timedelta(days=2)
        row = {"status": "booked", "starts_at": starts_at, "outcome_due_at": starts_at} | appointment
        family = a_family(session, appointment=row)
        return family, a_reminder(session, family, starts_at=starts_at)

    def test_of_a_booked_appointment_leaves(self, engine: Engine, session: Session) -> None:
        _, message_id = self.booked(session)
        session.commit()
        drain(engine, channels())
        body = session.execute(text("SELECT body FROM message WHERE id = :id"), {"id": message_id}).scalar_one()
        assert body == (
            "NHS: reminder of an appointment on Wed 10 Jun, 12:00. To change it or if you cannot come,"
            " please call 01632 960123."
        )

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ("UPDATE appointment SET starts_at = starts_at + interval '1 day', ends_at = ends_at + interval '1 day'",
             "appointment_changed"),
            ("UPDATE appointment SET status = 'cancelled_by_family'", "appointment_changed"),
            ("UPDATE source SET sends_own_reminders = true", "source_sends_reminders"),
        ],
    )  # fmt: skip
    def test_of_an_appointment_that_changed_is_blocked(
        self, engine: Engine, session: Session, change: str, reason: str
    ) -> None:
        _, message_id = self.booked(session)
        run(session, change)
        session.commit()
        drain(engine, channels())
        assert (state_of(engine, message_id), reason_of(engine, message_id)) == ("blocked", reason)

    @pytest.mark.parametrize(
        "change",
        ["UPDATE source SET health = 'late'", "UPDATE source SET health = 'small'",
         "UPDATE appointment SET vanished_at = '2026-06-08'"],
    )  # fmt: skip
    def test_that_depends_on_doubtful_data_waits(self, engine: Engine, session: Session, change: str) -> None:
        """Design 3.8: a late feed may hide a cancellation; a vanished appointment's texts are held."""
        _, message_id = self.booked(session)
        run(session, change)
        session.commit()
        drain(engine, channels())
        assert state_of(engine, message_id) == "queued"
        assert reason_of(engine, message_id) in ("feed_late", "vanished")

    def test_of_an_antenatal_contact_needs_to_know_how_the_pregnancy_goes(
        self, engine: Engine, session: Session
    ) -> None:
        _, message_id = self.booked(session, contact_code="MW-28W", subject_role="mother")
        session.commit()
        drain(engine, channels())
        assert reason_of(engine, message_id) == "pregnancy_unknown"

    def test_of_several_appointments_leaves_for_the_others_when_one_is_cancelled(
        self, engine: Engine, session: Session
    ) -> None:
        """The one text for both is blocked, and the reminder of the one still booked is planned again."""
        starts_at = NOON + timedelta(days=2)
        row: dict[str, object] = {"status": "booked", "starts_at": starts_at, "outcome_due_at": starts_at}
        family = a_family(session, appointment=row | {"reminders_due_at": NOON})
        twin = an_appointment(
            session,
            source=family.source,
            person=family.child,
            household_id=family.household,
            team_id=family.team,
            contact_person_id=family.mother,
            **row | {"reminders_due_at": NOON},
        )
        session.commit()
        reminders.drain(engine, rules(), clock=lambda _: NOON)
        run(session, "UPDATE appointment SET status = 'cancelled_by_family' WHERE id = :id", id=twin)
        session.commit()
        drain(engine, channels())
        reminders.drain(engine, rules(), clock=lambda _: NOON)
        drain(engine, channels())
        states = session.execute(text("SELECT state, block_reason FROM message ORDER BY id")).all()
        assert [tuple(row) for row in states] == [("blocked", "appointment_changed"), ("delivered", None)]

    def test_left_lying_tells_the_team_s_lead_once_not_for_each(self, engine: Engine, session: Session) -> None:
        for _ in range(3):
            family, _ = self.booked(session)
        run(session, "UPDATE message SET team_id = :team", team=family.team)
        session.commit()
        drain(engine, channels(), now=NOON + timedelta(hours=5))
        assert len(alerts(engine, "text_stale")) == 1


class TestHousehold:
    def test_two_children_s_misses_make_one_text_also_when_two_senders_race(
        self, engine: Engine, session: Session
    ) -> None:
        """One text per household and moment: the second is covered by the first, which then speaks for both."""
        family = a_family(session)
        first = an_after_miss_text(session, family)
        sibling = a_person(session)
        missed = an_appointment(session, source=family.source, person=sibling, household_id=family.household)
        other = a_follow_up(
            session,
            person=sibling,
            household_id=family.household,
            team_id=family.team,
            appointment_id=missed,
            owner_practitioner_id=family.owner,
        )
        key = dedupe.step_message(other, cycle=1, step_id="same-day", audience=Audience.FAMILY, channel=Channel.SMS)
        second = an_after_miss_text(session, family, dedupe_key=key, follow_up_ids=(other,))
        session.commit()
        with FakeTwilio(now=NOON) as twilio, ThreadPoolExecutor(2) as pool:
            ways = channels(twilio_base=twilio.base)
            list(pool.map(lambda _: drain(engine, ways, threads=2), range(2)))
            assert len(twilio.texts_to(family.number)) == 1
        states = {first: state_of(engine, first), second: state_of(engine, second)}
        assert sorted(states.values()) == ["blocked", "sent"]
        sent = next(message_id for message_id, state in states.items() if state == "sent")
        query = text("SELECT count(*) FROM message_subject WHERE message_id = :id")
        assert session.execute(query, {"id": sent}).scalar_one() == 2
        assert alerts(engine, "text_blocked") == []
