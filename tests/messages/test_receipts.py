"""A provider's reports come late, twice, out of order and before our own record; final words stick."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.db import messages, receipts
from tests.messages.builders import NOON
from tests.messages.fake_twilio import Behaviour, FakeTwilio
from tests.messages.scenario import (
    Family,
    a_family,
    a_staff_alert,
    alerts,
    an_after_miss_text,
    channels,
    drain,
    rules,
    settle_at,
    state_of,
)

CODES = rules().codes
LATER = NOON + timedelta(minutes=1)


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with FakeTwilio(now=NOON) as fake:
        yield fake


def a_sent_text(engine: Engine, twilio: FakeTwilio, *behaviour: Behaviour) -> tuple[Family, int]:
    with Session(engine) as session:
        family = a_family(session)
        message_id = an_after_miss_text(session, family)
        session.commit()
    twilio.behave(family.number, *behaviour)
    drain(engine, channels(twilio_base=twilio.base))
    return family, message_id


def attempt_of(engine: Engine, message_id: int) -> UUID:
    with Session(engine) as session:
        query = text("SELECT id FROM attempt WHERE message_id = :id")
        found: UUID = session.execute(query, {"id": message_id}).scalar_one()
        return found


def report(engine: Engine, attempt: UUID, status: str, **fields: str) -> None:
    with Session(engine) as session:
        receipts.record_status(
            session,
            attempt=attempt,
            fields={"MessageStatus": status, "MessageSid": "SM1", **fields},
            now=LATER,
            codes=CODES,
            answer_by=LATER,
        )
        session.commit()


class TestStatus:
    @pytest.mark.parametrize("order", sorted(set(permutations(["sent", "delivered", "delivered", "queued"])))[::4])
    def test_ends_as_delivered_in_any_order_and_twice(
        self, engine: Engine, twilio: FakeTwilio, order: tuple[str, ...]
    ) -> None:
        """'sent' after 'delivered' must not take the final word back."""
        _, message_id = a_sent_text(engine, twilio)
        for status in order:
            report(engine, attempt_of(engine, message_id), status)
        assert state_of(engine, message_id) == "delivered"
        with Session(engine) as session:
            assert session.execute(text("SELECT count(*) FROM receipt")).scalar_one() == 4

    def test_first_final_word_stands(self, engine: Engine, twilio: FakeTwilio) -> None:
        _, message_id = a_sent_text(engine, twilio)
        attempt = attempt_of(engine, message_id)
        report(engine, attempt, "undelivered", ErrorCode="30003")
        report(engine, attempt, "delivered")
        assert state_of(engine, message_id) == "undelivered"

    @pytest.mark.parametrize("status", ["", "a new word", "received", "x" * 5000, "nul\x00byte"])
    def test_nobody_knows_is_kept_and_changes_nothing(self, engine: Engine, twilio: FakeTwilio, status: str) -> None:
        _, message_id = a_sent_text(engine, twilio)
        report(engine, attempt_of(engine, message_id), status, NewField="\x00" * 9, To="+447700900001")
        assert state_of(engine, message_id) == "sent"
        with Session(engine) as session:
            fields = session.execute(text("SELECT fields FROM receipt")).scalar_one()
        assert "+447700900001" not in str(fields)

    def test_of_an_attempt_nobody_knows_is_kept(self, engine: Engine) -> None:
        report(engine, uuid4(), "delivered")
        with Session(engine) as session:
            assert session.execute(text("SELECT status FROM receipt")).scalar_one() == "delivered"

    def test_before_our_own_record_settles_the_text(self, engine: Engine, twilio: FakeTwilio) -> None:
        """The callback of a text whose sender got no answer is the answer."""
        _, message_id = a_sent_text(engine, twilio, Behaviour.DROP_AFTER)
        assert state_of(engine, message_id) == "sending"
        report(engine, attempt_of(engine, message_id), "delivered")
        assert state_of(engine, message_id) == "delivered"

    def test_settles_a_text_that_a_person_was_told_of(self, engine: Engine, twilio: FakeTwilio) -> None:
        _, message_id = a_sent_text(engine, twilio, Behaviour.DROP_BEFORE)
        settle_at(engine, channels(twilio_base=twilio.base), NOON + timedelta(minutes=40))
        assert state_of(engine, message_id) == "unknown"
        report(engine, attempt_of(engine, message_id), "delivered")
        assert state_of(engine, message_id) == "delivered"
        assert [state for _, _, state in alerts(engine, "text_fate_unknown")] == ["overtaken"]


class TestUndelivered:
    @pytest.mark.parametrize("code", ["30003", "30008", "99999", ""])
    def test_is_told_to_the_follow_up_s_owner(self, engine: Engine, twilio: FakeTwilio, code: str) -> None:
        family, message_id = a_sent_text(engine, twilio)
        for _ in range(2):
            report(engine, attempt_of(engine, message_id), "undelivered", ErrorCode=code)
        assert alerts(engine, "text_undelivered") == [(message_id, family.owner, "open")]

    @pytest.mark.parametrize("code", ["30005", "30006"])
    def test_for_the_number_s_sake_marks_the_number(self, engine: Engine, twilio: FakeTwilio, code: str) -> None:
        _, message_id = a_sent_text(engine, twilio)
        report(engine, attempt_of(engine, message_id), "undelivered", ErrorCode=code)
        with Session(engine) as session:
            assert session.execute(text("SELECT failed_code FROM contact_point")).scalar_one() == code

    def test_alert_s_own_email_goes_to_the_owner(self, engine: Engine, twilio: FakeTwilio) -> None:
        """With the next of the day's e-mails about what is routine."""
        _, message_id = a_sent_text(engine, twilio)
        report(engine, attempt_of(engine, message_id), "failed", ErrorCode="30003")
        with Session(engine) as session:
            messages.digests(session, at=NOON, now=NOON)
            query = text("SELECT count(*) FROM message WHERE channel = 'email' AND state = 'queued'")
            assert session.execute(query).scalar_one() == 1


class TestNoReport:
    def test_is_asked_for_and_then_told_to_a_person(self, engine: Engine, twilio: FakeTwilio) -> None:
        """Where callbacks can't reach us, the provider is asked; without a final word a person is told."""
        _, message_id = a_sent_text(engine, twilio)
        ways = channels(twilio_base=twilio.base)
        settle_at(engine, ways, NOON + timedelta(hours=36))
        settle_at(engine, ways, NOON + timedelta(hours=36, minutes=1))
        assert state_of(engine, message_id) == "undelivered"
        assert len(alerts(engine, "text_undelivered")) == 1

    def test_that_the_provider_has_is_taken(self, engine: Engine, twilio: FakeTwilio) -> None:
        _, message_id = a_sent_text(engine, twilio)
        twilio.report(twilio.taken[0]["sid"], "delivered")
        settle_at(engine, channels(twilio_base=twilio.base), NOON + timedelta(hours=36))
        assert state_of(engine, message_id) == "delivered"


class TestStaffAlertReport:
    def test_of_a_resent_alert_stops_the_second_letter(self, engine: Engine) -> None:
        with Session(engine) as session:
            message_id = a_staff_alert(session, a_family(session))
            session.commit()
        drain(engine, channels(smtp_url="smtp://127.0.0.1:9"))
        report(engine, attempt_of(engine, message_id), "delivered")
        assert state_of(engine, message_id) == "delivered"
