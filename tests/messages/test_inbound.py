"""Texts from families: stored once, a wish to stop obeyed in any shape, everything else brought to a person."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.db import inbound
from models.db.inbound import InboundText, Received
from models.domain.replies import ReplyMeaning, meaning
from tests.messages.builders import NOON, a_contact_point, a_person
from tests.messages.scenario import Family, a_family, alerts, an_after_miss_text, channels, drain, rules

REPLIES = rules().replies


def receive(session: Session, number: str, body: str, *, sid: str = "SM1", minutes: int = 0) -> Received:
    now = NOON + timedelta(minutes=minutes)
    return inbound.receive(
        session,
        InboundText(provider_sid=sid, from_number=number, to_number="+447700900999", body=body),
        words=REPLIES.words,
        answer_by=now + timedelta(hours=4),
        answer_at_most_every=REPLIES.answer_at_most_every,
        now=now,
    )


@pytest.fixture
def family(engine: Engine, session: Session) -> Family:
    made = a_family(session)
    an_after_miss_text(session, made)
    session.commit()
    drain(engine, channels())
    return made


class TestMeaning:
    @pytest.mark.parametrize(
        "body",
        ["STOP", "stop", " Stop. ", "Stop please", "please STOP texting me", "opt-out", "OPT OUT!", "Cancel", "QUIT",
         "unsubscribe me", "dont text me", "don't text again"],
    )  # fmt: skip
    def test_a_wish_to_stop_counts_in_any_shape(self, body: str) -> None:
        """'Stop please' does not opt out at the provider, so we do it; CANCEL and QUIT do, so we mirror it."""
        assert meaning(body, REPLIES.words) is ReplyMeaning.STOP

    @pytest.mark.parametrize(
        ("body", "expected"),
        [("1", ReplyMeaning.COMING), (" 2. ", ReplyMeaning.CHANGE), ("3", ReplyMeaning.CALL_ME),
         ("12", ReplyMeaning.OTHER), ("", ReplyMeaning.OTHER), ("can I cancel it", ReplyMeaning.OTHER),
         ("I can't go on", ReplyMeaning.OTHER), ("YES", ReplyMeaning.OTHER)],
    )  # fmt: skip
    def test_digits_are_read_and_all_else_is_for_a_person(self, body: str, expected: ReplyMeaning) -> None:
        assert meaning(body, REPLIES.words) is expected


class TestReply:
    @pytest.mark.parametrize("body", ["2", "3", "can I come on Friday?", "", "I want to die", "\x00", "🙂" * 9000])
    def test_reaches_the_follow_up_s_owner(self, session: Session, family: Family, body: str) -> None:
        assert receive(session, family.number, body).answer
        found = session.execute(text("SELECT follow_up_id, practitioner_id, next_due_at FROM alert")).one()
        assert tuple(found) == (family.follow_up, family.owner, NOON + timedelta(hours=4))

    def test_coming_raises_nothing_and_lowers_nothing(self, session: Session, family: Family) -> None:
        assert receive(session, family.number, "1").answer
        assert session.execute(text("SELECT count(*) FROM alert")).scalar_one() == 0
        assert session.execute(text("SELECT state FROM follow_up")).scalar_one() == "open"

    def test_delivered_twice_is_stored_and_told_once(self, session: Session, family: Family) -> None:
        """A slow handler gets the same MessageSid again."""
        receive(session, family.number, "2")
        again = receive(session, family.number, "2")
        assert (again.is_new, again.answer) == (False, False)
        assert session.execute(text("SELECT count(*) FROM inbound_message")).scalar_one() == 1
        assert session.execute(text("SELECT count(*) FROM alert")).scalar_one() == 1

    def test_from_a_number_nobody_knows_reaches_the_last_resort(self, engine: Engine, session: Session) -> None:
        receive(session, "+447700900555", "who is this?")
        session.commit()
        owner = session.execute(text("SELECT id FROM practitioner WHERE last_resort")).scalar_one()
        assert [(practitioner, state) for _, practitioner, state in alerts(engine, "family_reply")] == [(owner, "open")]

    def test_loops_with_another_machine_are_not_answered(self, session: Session, family: Family) -> None:
        receive(session, family.number, "hello", sid="SM1")
        assert not receive(session, family.number, "hello", sid="SM2", minutes=1).answer
        assert receive(session, family.number, "hello", sid="SM3", minutes=120).answer

    def test_matches_the_person_texted_last(self, session: Session, family: Family) -> None:
        other = a_person(session)
        a_contact_point(session, other, number=family.number)
        receive(session, family.number, "2")
        assert session.execute(text("SELECT person_id FROM alert")).scalar_one() == family.mother


class TestStop:
    def test_opts_the_number_out_everywhere_and_opens_a_task(self, session: Session, family: Family) -> None:
        """Hazard 10: it stops texts on that number only; a person rings or visits; the follow-up goes on."""
        other = a_contact_point(session, a_person(session), number=family.number)
        assert not receive(session, family.number, "Stop please").answer
        opted_out = session.scalars(text("SELECT id FROM contact_point WHERE opted_out_at IS NOT NULL ORDER BY id"))
        assert list(opted_out) == [family.contact_point, other]
        assert session.execute(text("SELECT detail->>'meaning' FROM alert")).scalar_one() == "stop"
        assert session.execute(text("SELECT state FROM follow_up")).scalar_one() == "open"
