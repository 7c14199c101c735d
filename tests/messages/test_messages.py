"""Messages are added in sets, once each, with what they speak of."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import messages
from models.db.messages import NewMessage
from models.domain import dedupe
from models.domain.ids import FollowUpId, PractitionerId
from models.domain.words import Audience, Channel, MessageState, Purpose
from tests.messages.builders import (
    NOON,
    a_contact_point,
    a_follow_up,
    a_household,
    a_member,
    a_person,
    a_practitioner,
    a_source,
    a_team,
    an_appointment,
    insert,
)


def a_message(**given: object) -> NewMessage:
    base = NewMessage(
        channel=Channel.EMAIL,
        audience=Audience.STAFF,
        purpose=Purpose.STAFF_ALERT,
        dedupe_key="k",
        template_code="staff_alert",
        send_after=NOON,
    )
    return replace(base, **given)  # type: ignore[arg-type]


class TestAddMany:
    def test_returns_ids_in_the_order_asked_and_none_for_a_key_that_was_there(self, session: Session) -> None:
        """Design 3.4: a key is used once, also twice within one set."""
        practitioner = PractitionerId(a_practitioner(session))
        first = messages.add_many(session, [a_message(dedupe_key="b", practitioner_id=practitioner)], now=NOON)
        keys = ["c", "b", "a", "a"]
        rows = [a_message(dedupe_key=key, practitioner_id=practitioner) for key in keys]
        ids = messages.add_many(session, rows, now=NOON)
        assert ids[1] is None
        assert ids[3] is None
        assert None not in (first[0], ids[0], ids[2])
        stored = dict(session.execute(text("SELECT id, dedupe_key FROM message")).all())  # type: ignore[arg-type]
        assert [stored[ids[0]], stored[ids[2]]] == ["c", "a"]

    def test_links_each_message_to_all_it_speaks_for(self, session: Session) -> None:
        """`message_subject` rows come with the message, in one statement."""
        child = a_person(session)
        follow_ups = tuple(
            FollowUpId(
                a_follow_up(
                    session,
                    person=child,
                    owner_practitioner_id=a_practitioner(session),
                    appointment_id=an_appointment(session, source=a_source(session), person=child, reconsider_at=NOON),
                )
            )
            for _ in range(2)
        )
        practitioner = PractitionerId(a_practitioner(session))
        [message_id] = messages.add_many(
            session, [a_message(practitioner_id=practitioner, follow_up_ids=follow_ups)], now=NOON
        )
        linked = session.scalars(
            text("SELECT follow_up_id FROM message_subject WHERE message_id = :id ORDER BY 1"), {"id": message_id}
        )
        assert tuple(linked) == follow_ups

    def test_takes_a_thousand_at_once(self, session: Session) -> None:
        practitioner = PractitionerId(a_practitioner(session))
        rows = [a_message(dedupe_key=f"k{n}", practitioner_id=practitioner) for n in range(1000)]
        assert None not in messages.add_many(session, rows, now=NOON)

    def test_nothing_to_add_is_nothing_done(self, session: Session) -> None:
        assert messages.add_many(session, [], now=NOON) == []


class TestAlertEmails:
    @pytest.fixture
    def alert(self, session: Session) -> int:
        return insert(session, "alert", self.row(session))

    def row(self, session: Session, *, stage: str = "staff", **practitioner: object) -> dict[str, object]:
        return {
            "kind": "step",
            "urgency": "urgent",
            "dedupe_key": f"alert{NOON}{stage}{practitioner}",
            "practitioner_id": a_practitioner(session, **practitioner),
            "team_id": a_team(session, stage=stage),
            "raised_at": NOON,
            "next_due_at": NOON,
        }

    def test_one_alert_one_email_however_often_asked(self, session: Session, alert: int) -> None:
        assert len(messages.alert_emails(session, [alert], now=NOON)) == 1
        assert messages.alert_emails(session, [alert], now=NOON) == []

    def test_an_alert_raised_again_mails_again(self, session: Session, alert: int) -> None:
        messages.alert_emails(session, [alert], now=NOON)
        session.execute(text("UPDATE alert SET times_raised = 2"))
        assert len(messages.alert_emails(session, [alert], now=NOON)) == 1

    def test_a_team_in_shadow_mails_nobody(self, session: Session) -> None:
        """Design section 4: in shadow everything is computed and nobody is alerted."""
        alert = insert(session, "alert", self.row(session, stage="shadow"))
        assert messages.alert_emails(session, [alert], now=NOON) == []

    def test_without_an_address_there_is_no_email(self, session: Session) -> None:
        alert = insert(session, "alert", self.row(session, email=None))
        assert messages.alert_emails(session, [alert], now=NOON) == []


class TestRelease:
    def a_held_text(self, session: Session) -> tuple[int, int]:
        household = a_household(session)
        child, mother = a_person(session), a_person(session)
        a_member(session, household, mother, "mother")
        source = a_source(session)
        follow_up = a_follow_up(
            session,
            person=child,
            owner_practitioner_id=a_practitioner(session),
            appointment_id=an_appointment(session, source=source, person=child),
            text_released_at=None,
            text_released_by=None,
        )
        row = a_message(
            channel=Channel.SMS,
            audience=Audience.FAMILY,
            purpose=Purpose.AFTER_MISS,
            state=MessageState.HELD,
            dedupe_key=dedupe.step_message(
                follow_up, cycle=1, step_id="same-day", audience=Audience.FAMILY, channel=Channel.SMS
            ),
            contact_point_id=a_contact_point(session, mother),
            follow_up_ids=(FollowUpId(follow_up),),
        )
        [message_id] = messages.add_many(session, [row], now=NOON)
        assert message_id is not None
        return follow_up, message_id

    def test_lets_a_held_text_go_and_writes_the_story(self, session: Session) -> None:
        """Design 5.4: one neutral text goes only when a person lets it."""
        follow_up, message_id = self.a_held_text(session)
        later = NOON + timedelta(minutes=1)
        assert messages.release_texts(session, follow_up, by="person:7", now=later) == [message_id]
        state = session.execute(text("SELECT state, send_after FROM message")).one()
        assert (state.state, state.send_after) == ("queued", later)
        released = session.execute(text("SELECT text_released_at, text_released_by FROM follow_up")).one()
        assert tuple(released) == (later, "person:7")
        event = session.execute(text("SELECT event, actor FROM follow_up_event")).one()
        assert tuple(event) == ("text_released", "person:7")

    def test_a_second_tap_lets_nothing_go_again(self, session: Session) -> None:
        follow_up, _ = self.a_held_text(session)
        messages.release_texts(session, follow_up, by="person:7", now=NOON)
        assert messages.release_texts(session, follow_up, by="person:7", now=NOON) == []

    def test_a_text_that_is_being_sent_cannot_be_dropped(self, session: Session) -> None:
        follow_up, message_id = self.a_held_text(session)
        messages.release_texts(session, follow_up, by="person:7", now=NOON)
        session.execute(text("UPDATE message SET state = 'sending', settle_due_at = now()"))
        assert messages.drop(session, [message_id], by="person:7", now=NOON) == []
