"""What monitors and Twilio ask, and what they are told."""

import pytest
from sqlalchemy import text
from starlette.datastructures import MultiDict
from starlette.testclient import TestClient
from twilio.request_validator import RequestValidator

from config.settings import Settings
from tests.web.conftest import SECRET
from web.app import create_app

ATTEMPT = "3f0c3c5e-5a5e-4b77-9a55-b7ad1a1c2d11"
STATUS = f"/webhooks/twilio/status/{ATTEMPT}"
INBOUND = "/webhooks/twilio/inbound"


@pytest.fixture
def client(app, world) -> TestClient:
    world.session.commit()
    return TestClient(app)


@pytest.fixture
def signed(client):
    """Post as Twilio does: form fields in order, signed over the public address."""

    def post(path: str, fields: dict[str, object], *, token: str = "token", host: str = "http://testserver"):
        repeated = [
            (name, one) for name, value in fields.items() for one in (value if isinstance(value, list) else [value])
        ]
        signature = RequestValidator(token).compute_signature(f"{host}{path}", MultiDict(repeated))
        return client.post(path, data=fields, headers={"X-Twilio-Signature": signature})

    return post


class TestHealth:
    def test_is_good_only_after_a_full_cycle(self, client, session):
        """200 only if every part ended well lately; else 503 naming the late parts."""
        assert client.get("/health").status_code == 200
        session.execute(text("UPDATE tick SET succeeded_at = now() - interval '30 days' WHERE name = 'reconcile'"))
        session.commit()
        answer = client.get("/health")
        assert answer.status_code == 503
        assert answer.json()["late"] == ["reconcile"]

    def test_is_bad_where_nothing_has_ever_run(self, client, session):
        """No tick is no good news."""
        session.execute(text("DELETE FROM tick"))
        session.commit()
        assert client.get("/health").status_code == 503
        assert client.get("/livez").status_code == 200

    def test_warns_on_every_page(self, world, browser, session):
        """Nobody relies on a page whose engine stands still."""
        world.account()
        world.session.execute(text("UPDATE tick SET succeeded_at = now() - interval '1 day' WHERE name = 'advance'"))
        world.session.execute(text("UPDATE source SET health = 'late'"))
        page = browser("grace").get("/texts").text
        assert "Do not rely on this page alone." in page
        assert "Data from SystmOne are late." in page
        assert "moving plans on" in page

    def test_metrics_name_no_person(self, client, world):
        """Counts and ages only."""
        answer = client.get("/metrics").text
        assert "steadfast_part_age_seconds" in answer
        assert "Amira" not in answer


class TestTheStatusHook:
    def test_keeps_a_signed_report(self, signed, session):
        """In any order, also for an attempt we don't know yet."""
        fields = {"MessageSid": "SM1", "MessageStatus": "delivered", "ErrorCode": "", "To": "+447700900001"}
        assert signed(STATUS, fields).status_code == 204
        assert session.execute(text("SELECT status, provider_sid FROM receipt")).one() == ("delivered", "SM1")

    @pytest.mark.parametrize("change", [{"token": "wrong"}, {"host": "http://elsewhere"}])
    def test_refuses_a_signature_that_does_not_fit_and_keeps_nothing(self, signed, session, change):
        """Checked against the configured address, never the Host header's."""
        answer = signed(STATUS, {"MessageSid": "SM1", "MessageStatus": "delivered"}, **change)
        assert answer.status_code == 403
        assert session.scalar(text("SELECT count(*) FROM receipt")) == 0

    def test_refuses_a_changed_field(self, client, session):
        """One letter is enough."""
        signature = RequestValidator("token").compute_signature(f"http://testserver{STATUS}", {"MessageStatus": "sent"})
        answer = client.post(STATUS, data={"MessageStatus": "delivered"}, headers={"X-Twilio-Signature": signature})
        assert answer.status_code == 403

    def test_does_not_exist_without_a_token(self, engine, rules, world):
        """404, as design 6 says."""
        world.session.commit()
        bare = TestClient(create_app(Settings(secret_key=SECRET, data_dir="/nonexistent"), engine, rules))
        for path in (STATUS, INBOUND):
            assert bare.post(path, data={"MessageSid": "SM1"}).status_code == 404

    def test_refuses_too_large_a_body(self, client):
        """Bounded before it is read into memory."""
        assert client.post(STATUS, content=b"a=" + b"x" * 70_000).status_code == 413


FIELDS = {"MessageSid": "SM2", "From": "+447700900123", "To": "+441632960001", "Body": "2", "MediaUrl0": ""}


class TestTheInboundHook:
    def test_keeps_a_text_once_and_answers_in_twiml(self, signed, session):
        """Twilio repeats itself; the text is stored once."""
        first = signed(INBOUND, FIELDS)
        second = signed(INBOUND, FIELDS)
        assert first.status_code == second.status_code == 200
        assert first.headers["content-type"].startswith("text/xml")
        assert "<Response>" in first.text
        assert session.scalar(text("SELECT count(*) FROM inbound_message")) == 1

    def test_checks_blank_and_repeated_fields_too(self, signed, session):
        """A parser that drops them would refuse what is genuine."""
        fields = {**FIELDS, "NumMedia": "", "AddOns": ["a", "b"]}
        assert signed(INBOUND, fields).status_code == 200

    def test_refuses_what_is_not_signed(self, client, session):
        """Nothing stored."""
        assert client.post(INBOUND, data=FIELDS).status_code == 403
        assert session.scalar(text("SELECT count(*) FROM inbound_message")) == 0
