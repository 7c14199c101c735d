"""Messages are handed over once, tried again only where nothing has left, and told to a person in doubt."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.db import out_of_hours
from models.domain.words import RouteKind
from tests.messages.builders import NOON
from tests.messages.fake_smtp import FakeSmtp
from tests.messages.fake_twilio import Behaviour, FakeTwilio
from tests.messages.scenario import (
    Family,
    a_family,
    a_staff_alert,
    alerts,
    an_after_miss_text,
    channels,
    drain,
    settle_at,
    state_of,
)
from workers import send_one

HALF_AN_HOUR = timedelta(minutes=31)


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with FakeTwilio(now=NOON) as fake:
        yield fake


@pytest.fixture
def mail() -> Iterator[FakeSmtp]:
    with FakeSmtp() as fake:
        yield fake


def a_text(engine: Engine) -> tuple[Family, int]:
    with Session(engine) as session:
        family = a_family(session)
        message_id = an_after_miss_text(session, family)
        session.commit()
    return family, message_id


def an_email(engine: Engine) -> tuple[Family, int]:
    with Session(engine) as session:
        family = a_family(session)
        message_id = a_staff_alert(session, family)
        session.commit()
    return family, message_id


class TestFamilyText:
    def test_leaves_once_with_neutral_words_and_our_attempt_in_the_callback_path(
        self, engine: Engine, twilio: FakeTwilio
    ) -> None:
        family, message_id = a_text(engine)
        assert drain(engine, channels(twilio_base=twilio.base)) == 1
        assert drain(engine, channels(twilio_base=twilio.base)) == 0
        [sent] = twilio.texts_to(family.number)
        assert sent["body"] == (
            "NHS: sorry we could not meet on Mon 8 Jun. To arrange another time that suits you,"
            " please call 01632 960123."
        )
        assert state_of(engine, message_id) == "sent"
        with Session(engine) as session:
            attempt = session.execute(text("SELECT id, outcome, provider_sid FROM attempt")).one()
        assert (attempt.outcome, attempt.provider_sid) == ("accepted", sent["sid"])
        assert twilio.callbacks[sent["sid"]].endswith(f"/webhooks/twilio/status/{attempt.id}")

    def test_has_no_callback_where_twilio_cannot_reach_us(self, engine: Engine, twilio: FakeTwilio) -> None:
        """Twilio refuses a text whose callback address it can't reach; how it stands is then asked for."""
        family, message_id = a_text(engine)
        here = channels(twilio_base=twilio.base, public_url="http://127.0.0.1:8000")
        assert drain(engine, here) == 1
        [sent] = twilio.texts_to(family.number)
        assert "StatusCallback" not in sent
        twilio.report(sent["sid"], "delivered")
        settle_at(engine, here, NOON + timedelta(hours=1))
        assert state_of(engine, message_id) == "delivered"

    def test_in_the_outbox_ends_there_and_its_story_does_not_say_that_it_left(self, engine: Engine) -> None:
        """Nobody may believe that a family was told where nothing is sent."""
        _, message_id = a_text(engine)
        drain(engine, channels())
        assert state_of(engine, message_id) == "delivered"
        with Session(engine) as session:
            told = session.scalars(text("SELECT event FROM follow_up_event WHERE event LIKE 'text%' ORDER BY id")).all()
        assert told[-1] == "text_kept"

    @pytest.mark.parametrize("behaviour", [Behaviour.TOO_MANY, Behaviour.NO_ACCOUNT])
    def test_that_was_refused_for_now_is_tried_again_later(
        self, engine: Engine, twilio: FakeTwilio, behaviour: Behaviour
    ) -> None:
        """A 429 and a fault of our account say nothing of the number: the row waits, with backoff and jitter."""
        family, message_id = a_text(engine)
        twilio.behave(family.number, behaviour)
        drain(engine, channels(twilio_base=twilio.base))
        assert state_of(engine, message_id) == "queued"
        assert drain(engine, channels(twilio_base=twilio.base), now=NOON + timedelta(seconds=10)) == 0
        drain(engine, channels(twilio_base=twilio.base), now=NOON + timedelta(minutes=1))
        assert len(twilio.texts_to(family.number)) == 1

    def test_refused_for_our_account_s_sake_tells_the_last_resort_once(
        self, engine: Engine, twilio: FakeTwilio
    ) -> None:
        """A wrong token or an unpaid account stops every text: one alert, not one for each."""
        for _ in range(3):
            family, _ = a_text(engine)
            twilio.behave(family.number, Behaviour.NO_ACCOUNT)
        drain(engine, channels(twilio_base=twilio.base))
        with Session(engine) as session:
            last_resort = session.execute(text("SELECT id FROM practitioner WHERE last_resort")).scalar_one()
        assert alerts(engine, "text_undelivered") == [(None, last_resort, "open")]

    def test_is_tried_again_where_the_connection_was_refused(self, engine: Engine, twilio: FakeTwilio) -> None:
        family, message_id = a_text(engine)
        drain(engine, channels(twilio_base="http://127.0.0.1:9"))
        assert state_of(engine, message_id) == "queued"
        drain(engine, channels(twilio_base=twilio.base), now=NOON + timedelta(minutes=1))
        assert len(twilio.texts_to(family.number)) == 1

    def test_goes_to_a_person_when_its_tries_are_used_up(self, engine: Engine, twilio: FakeTwilio) -> None:
        family, message_id = a_text(engine)
        twilio.behave(family.number, *[Behaviour.TOO_MANY] * 9)
        for minutes in range(0, 120, 8):
            drain(engine, channels(twilio_base=twilio.base), now=NOON + timedelta(minutes=minutes))
        assert (state_of(engine, message_id), twilio.requests) == ("refused", 5)
        assert alerts(engine, "text_undelivered") == [(message_id, family.owner, "open")]

    def test_refused_because_opted_out_marks_the_number_and_tells_the_owner(
        self, engine: Engine, twilio: FakeTwilio
    ) -> None:
        """21610 mirrors an opt-out at the provider (hazard 10: it stops texts only, a person rings or visits)."""
        family, message_id = a_text(engine)
        twilio.behave(family.number, Behaviour.OPTED_OUT)
        drain(engine, channels(twilio_base=twilio.base))
        assert state_of(engine, message_id) == "refused"
        with Session(engine) as session:
            assert session.execute(text("SELECT opted_out_at IS NOT NULL FROM contact_point")).scalar_one()
        assert alerts(engine, "text_undelivered") == [(message_id, family.owner, "open")]

    @pytest.mark.parametrize("behaviour", [Behaviour.BAD_NUMBER, Behaviour.STRANGE])
    def test_refused_for_any_other_code_tells_the_owner(
        self, engine: Engine, twilio: FakeTwilio, behaviour: Behaviour
    ) -> None:
        """Codes get split and changed: one that nobody knows falls to a person, never to a crash."""
        family, message_id = a_text(engine)
        twilio.behave(family.number, behaviour)
        drain(engine, channels(twilio_base=twilio.base))
        assert state_of(engine, message_id) == "refused"
        assert alerts(engine, "text_undelivered") == [(message_id, family.owner, "open")]


class TestUnknownFate:
    @pytest.mark.parametrize("behaviour", [Behaviour.DROP_AFTER, Behaviour.ERROR_AFTER])
    def test_of_a_text_that_went_is_settled_by_looking_it_up(
        self, engine: Engine, twilio: FakeTwilio, behaviour: Behaviour
    ) -> None:
        """Design 3.6: after a 5xx or a lost connection the text may have gone."""
        family, message_id = a_text(engine)
        twilio.behave(family.number, behaviour)
        ways = channels(twilio_base=twilio.base)
        drain(engine, ways)
        assert state_of(engine, message_id) == "sending"
        settle_at(engine, ways, NOON + timedelta(minutes=2))
        assert state_of(engine, message_id) == "sent"
        assert len(twilio.texts_to(family.number)) == 1

    @pytest.mark.parametrize("behaviour", [Behaviour.DROP_BEFORE, Behaviour.ERROR_BEFORE, Behaviour.HTML])
    def test_of_a_text_nobody_finds_goes_to_a_person_and_never_out_again(
        self, engine: Engine, twilio: FakeTwilio, behaviour: Behaviour
    ) -> None:
        """Not found proves nothing, so it is not sent again by itself."""
        family, message_id = a_text(engine)
        twilio.behave(family.number, behaviour)
        ways = channels(twilio_base=twilio.base)
        for minutes in (0, 2, 10, 32, 60):
            now = NOON + timedelta(minutes=minutes)
            drain(engine, ways, now=now)
            settle_at(engine, ways, now)
        assert (state_of(engine, message_id), twilio.requests) == ("unknown", 1)
        assert alerts(engine, "text_fate_unknown") == [(message_id, family.owner, "open")]

    def test_stays_unknown_where_two_texts_look_alike(self, engine: Engine, twilio: FakeTwilio) -> None:
        family, message_id = a_text(engine)
        twilio.behave(family.number, Behaviour.DROP_AFTER)
        ways = channels(twilio_base=twilio.base)
        drain(engine, ways)
        twilio.take({"To": family.number, "From": "+447700900999", "Body": twilio.taken[0]["body"]})
        settle_at(engine, ways, NOON + timedelta(minutes=2))
        settle_at(engine, ways, NOON + HALF_AN_HOUR)
        assert state_of(engine, message_id) == "unknown"

    def test_of_a_slow_answer_is_not_guessed(self, engine: Engine, twilio: FakeTwilio) -> None:
        family, message_id = a_text(engine)
        twilio.behave(family.number, Behaviour.HOLD)
        drain(engine, channels(twilio_base=twilio.base, seconds=0.3))
        twilio.let_go()
        assert (state_of(engine, message_id), len(twilio.taken)) == ("sending", 1)


class SenderProcess:
    """A real process that sends, to be killed with -9."""

    def __init__(self, database_url: str, *, twilio: str = "", smtp: str = "") -> None:
        root = Path(__file__).parents[2]
        command = [sys.executable, "-m", "tests.messages.sender_process", database_url, NOON.isoformat(), twilio, smtp]
        environment = {**os.environ, "PYTHONPATH": str(root)}
        self._process = subprocess.Popen(command, cwd=root, env=environment)

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


class TestKilledSender:
    def test_family_text_that_went_never_goes_twice(
        self, engine: Engine, database_url: str, twilio: FakeTwilio
    ) -> None:
        """Killed between the commit of `sending` and the result: the provider has it, we don't know."""
        family, message_id = a_text(engine)
        twilio.behave(family.number, Behaviour.HOLD)
        process = SenderProcess(database_url, twilio=twilio.base)
        twilio.wait_for_request()
        process.kill()
        assert state_of(engine, message_id) == "sending"
        ways = channels(twilio_base=twilio.base)
        for minutes in (3, 10, 40):
            drain(engine, ways, now=NOON + timedelta(minutes=minutes))
            settle_at(engine, ways, NOON + timedelta(minutes=minutes))
        assert (state_of(engine, message_id), len(twilio.texts_to(family.number))) == ("sent", 1)

    def test_family_text_of_unknown_fate_ends_with_a_person(
        self, engine: Engine, database_url: str, twilio: FakeTwilio
    ) -> None:
        family, message_id = a_text(engine)
        twilio.behave(family.number, Behaviour.HOLD_BEFORE)
        process = SenderProcess(database_url, twilio=twilio.base)
        twilio.wait_for_request()
        process.kill()
        ways = channels(twilio_base=twilio.base)
        for minutes in (3, 10, 40):
            drain(engine, ways, now=NOON + timedelta(minutes=minutes))
            settle_at(engine, ways, NOON + timedelta(minutes=minutes))
        assert (state_of(engine, message_id), twilio.requests) == ("unknown", 1)
        assert alerts(engine, "text_fate_unknown") == [(message_id, family.owner, "open")]

    def test_staff_alert_goes_again(self, engine: Engine, database_url: str, mail: FakeSmtp) -> None:
        """Design 3.6: a staff alert of unknown fate is sent again; twice is better than never."""
        _, message_id = an_email(engine)
        mail.hold_next = True
        process = SenderProcess(database_url, smtp=mail.url)
        mail.wait_for_letter()
        process.kill()
        ways = channels(smtp_url=mail.url)
        settle_at(engine, ways, NOON + timedelta(minutes=3))
        drain(engine, ways, now=NOON + timedelta(minutes=5))
        assert (state_of(engine, message_id), len(mail.letters)) == ("delivered", 2)


class TestLease:
    def claim(self, engine: Engine, *, minutes: int) -> None:
        """As a sender that claimed and died before it began."""
        with Session(engine) as session:
            session.execute(
                text("UPDATE message SET state = 'claimed', claim_token = gen_random_uuid(), lease_until = :until"),
                {"until": NOON + timedelta(minutes=minutes)},
            )
            session.commit()

    def test_that_has_ended_is_taken_again(self, engine: Engine, twilio: FakeTwilio) -> None:
        """A claimed message has not left, so it is simply claimed again."""
        family, _ = a_text(engine)
        self.claim(engine, minutes=-1)
        drain(engine, channels(twilio_base=twilio.base))
        assert len(twilio.texts_to(family.number)) == 1

    def test_that_runs_is_left_alone(self, engine: Engine, twilio: FakeTwilio) -> None:
        a_text(engine)
        self.claim(engine, minutes=1)
        assert drain(engine, channels(twilio_base=twilio.base)) == 0
        assert twilio.requests == 0

    def test_two_senders_racing_never_double(self, engine: Engine, twilio: FakeTwilio) -> None:
        with Session(engine) as session:
            families = [a_family(session) for _ in range(40)]
            for family in families:
                an_after_miss_text(session, family)
            session.commit()
        ways = channels(twilio_base=twilio.base)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: drain(engine, ways, threads=4), range(2)))
        assert sorted(each["to"] for each in twilio.taken) == sorted(family.number for family in families)

    def test_urgent_messages_are_claimed_first(self, engine: Engine, mail: FakeSmtp) -> None:
        with Session(engine) as session:
            for urgency in ("routine", "urgent", "red_flag"):
                a_staff_alert(session, a_family(session), urgency=urgency)
            session.commit()
        drain(engine, channels(smtp_url=mail.url), threads=1)
        subjects = [line for letter in mail.letters for line in letter.splitlines() if line.startswith("Subject:")]
        assert [("red flag" in line, "urgent" in line) for line in subjects] == [
            (True, False),
            (False, True),
            (False, False),
        ]


class TestStaffAlert:
    def test_names_nobody_and_links_to_the_login(self, engine: Engine, mail: FakeSmtp) -> None:
        """Nothing identifying goes by e-mail: no name, number, contact or reason."""
        _, message_id = an_email(engine)
        drain(engine, channels(smtp_url=mail.url))
        [letter] = mail.letters
        assert "https://steadfast.example.nhs.uk/follow-ups/" in letter
        assert not [word for word in ("Robin", "Example\n", "HV-1Y", "review", "+44") if word in letter]
        assert state_of(engine, message_id) == "delivered"

    def test_of_high_risk_says_whom_to_ring_where_nobody_is_on_duty_at_night(
        self, engine: Engine, mail: FakeSmtp
    ) -> None:
        """Numbers from configuration, nothing of the family; not for routine, nor where a tested route covers it."""
        for high_risk, covered, expected in ((True, False, True), (False, False, False), (True, True, False)):
            an_email(engine)
            with Session(engine) as session:
                session.execute(text("UPDATE follow_up SET high_risk = :risk"), {"risk": high_risk})
                if covered:
                    hours = [(day, 0, 1440) for day in range(1, 8)]
                    route = out_of_hours.add_route(
                        session, team_id=None, label="x", kind=RouteKind.PHONE, reaches="+441632960999", hours=hours,
                        by="person:a", now=NOON,
                    )  # fmt: skip
                    out_of_hours.record_test(session, route_id=route, by="person:a", on=NOON.date(), now=NOON)
                session.commit()
            drain(engine, channels(smtp_url=mail.url))
            assert ("NHS 111 option 2, 111" in mail.letters[-1]) is expected

    def test_is_not_sent_once_acknowledged(self, engine: Engine, mail: FakeSmtp) -> None:
        _, message_id = an_email(engine)
        with Session(engine) as session:
            session.execute(
                text("UPDATE alert SET acknowledged_at = :now, acknowledged_by = 'person:1'"), {"now": NOON}
            )
            session.commit()
        drain(engine, channels(smtp_url=mail.url))
        assert (state_of(engine, message_id), mail.letters) == ("blocked", [])

    def test_is_tried_again_where_the_mail_server_is_down(self, engine: Engine, mail: FakeSmtp) -> None:
        _, message_id = an_email(engine)
        drain(engine, channels(smtp_url="smtp://127.0.0.1:9"))
        assert state_of(engine, message_id) == "queued"
        drain(engine, channels(smtp_url=mail.url), now=NOON + timedelta(minutes=1))
        assert (state_of(engine, message_id), len(mail.letters)) == ("delivered", 1)


class TestOwnFault:
    def test_on_one_message_holds_up_no_other_and_ends_with_a_person(
        self, engine: Engine, twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A defect of ours in the words of one text must not stop the lane, nor lose that text."""
        family, message_id = a_text(engine)
        other, _ = a_text(engine)
        words = send_one.family_words

        def faulty(*args: Any, **kwargs: Any) -> str:
            if args[1].facts.contact.number == family.number:
                raise KeyError("a defect")
            return words(*args, **kwargs)

        monkeypatch.setattr(send_one, "family_words", faulty)
        for minutes in range(0, 120, 8):
            with suppress(KeyError):
                drain(engine, channels(twilio_base=twilio.base), now=NOON + timedelta(minutes=minutes))
        assert len(twilio.texts_to(other.number)) == 1
        assert (state_of(engine, message_id), twilio.texts_to(family.number)) == ("blocked", [])
        assert alerts(engine, "text_blocked") == [(message_id, family.owner, "open")]


class TestMixedWeather:
    def test_every_text_is_accounted_for_and_none_goes_twice(self, engine: Engine, twilio: FakeTwilio) -> None:
        """Two senders, a provider that fails in every way it can, an hour of tries and look-ups."""
        with Session(engine) as session:
            families = [a_family(session) for _ in range(60)]
            ids = [an_after_miss_text(session, family) for family in families]
            session.commit()
        kinds = [each for each in Behaviour if each not in (Behaviour.HOLD, Behaviour.HOLD_BEFORE)]
        for number, family in enumerate(families):
            twilio.behave(family.number, kinds[number % len(kinds)])
        ways = channels(twilio_base=twilio.base)
        for minutes in (0, 2, 5, 15, 40):
            now = NOON + timedelta(minutes=minutes)
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(lambda _, now=now: drain(engine, ways, now=now, threads=4), range(2)))
            settle_at(engine, ways, now)
        assert max(len(twilio.texts_to(family.number)) for family in families) == 1
        ends = {message_id: state_of(engine, message_id) for message_id in ids}
        assert set(ends.values()) == {"sent", "refused", "unknown"}
        told = {told_of for kind in ("text_undelivered", "text_fate_unknown") for told_of, _, _ in alerts(engine, kind)}
        assert told - {None} == {message_id for message_id, state in ends.items() if state != "sent"}
