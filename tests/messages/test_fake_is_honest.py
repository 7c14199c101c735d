"""The fake answers as Twilio's own description of its API says, where that description is at hand."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from config.twilio_signature import _Form, validate_twilio_signature
from tests.messages.fake_twilio import ACCOUNT, SENDER, TOKEN, Behaviour, FakeTwilio, sign
from workers.channels.twilio import _Http

SPEC = Path(__file__).parents[3] / "shared/data/twilio/twilio_messages_openapi.json"
TO = "+447700900111"
PATH = "/2010-04-01/Accounts/{AccountSid}/Messages.json"


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    if not SPEC.exists():
        pytest.skip("Twilio's description of its API is not at hand; the fake is not compared with it")
    found: dict[str, Any] = json.loads(SPEC.read_text())
    return found


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with FakeTwilio() as fake:
        yield fake


def client(fake: FakeTwilio) -> Client:
    return Client(ACCOUNT, TOKEN, http_client=_Http(fake.base, timeout_seconds=5))


def schema_of(spec: dict[str, Any]) -> dict[str, Any]:
    """The Message resource as a JSON Schema: OpenAPI's `nullable` spelled out, references resolved by hand."""
    return _plain({"$ref": "#/components/schemas/api.v2010.account.message"}, spec)


def _plain(node: Any, spec: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_plain(each, spec) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _plain(spec["components"]["schemas"][node["$ref"].rsplit("/", 1)[-1]], spec)
    plain = {key: _plain(value, spec) for key, value in node.items() if key not in ("nullable", "format")}
    if node.get("nullable") and isinstance(plain.get("type"), str):
        plain["type"] = [plain["type"], "null"]
    return plain


class TestFake:
    def test_takes_and_lists_texts_by_the_paths_and_fields_of_the_api(
        self, twilio: FakeTwilio, spec: dict[str, Any]
    ) -> None:
        made = client(twilio).messages.create(to=TO, from_=SENDER, body="hello", status_callback="https://x.test/1")
        [listed] = client(twilio).messages.list(to=TO)
        assert (listed.sid, listed.body, listed.to, listed.from_) == (made.sid, "hello", TO, SENDER)
        form = spec["paths"][PATH]["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
        assert {"To", "From", "Body", "StatusCallback", "MessagingServiceSid"} <= set(form["properties"])
        assert {"To", "DateSent>"} <= {each["name"] for each in spec["paths"][PATH]["get"]["parameters"]}

    @pytest.mark.parametrize("sender", [{"From": SENDER}, {"MessagingServiceSid": "MG" + "0" * 32}])
    def test_resource_has_the_shape_of_the_api(
        self, twilio: FakeTwilio, spec: dict[str, Any], sender: dict[str, str]
    ) -> None:
        made = twilio.take({"To": TO, "Body": "hello", **sender})
        schema = schema_of(spec)
        jsonschema.validate(made, schema)
        assert set(made) <= set(schema["properties"])

    def test_knows_no_way_to_make_sending_idempotent(self, twilio: FakeTwilio, spec: dict[str, Any]) -> None:
        """Neither does the API: two requests are two texts."""
        assert "dempoten" not in json.dumps(spec)
        for _ in range(2):
            client(twilio).messages.create(to=TO, from_=SENDER, body="hello")
        assert len(twilio.texts_to(TO)) == 2

    def test_error_looks_like_the_api_s(self, twilio: FakeTwilio) -> None:
        twilio.behave(TO, Behaviour.OPTED_OUT)
        with pytest.raises(TwilioRestException) as raised:
            client(twilio).messages.create(to=TO, from_=SENDER, body="hello")
        assert (raised.value.status, raised.value.code) == (400, 21610)

    def test_refuses_a_wrong_token(self, twilio: FakeTwilio) -> None:
        request = urllib.request.Request(f"{twilio.base}/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(request, timeout=5)


class TestSignature:
    url = "https://steadfast.example.nhs.uk/webhooks/twilio/inbound?bodyKind=x"
    fields: dict[str, list[str]] = {"From": [TO], "Body": [""], "MessageSid": ["SM1"]}  # noqa: RUF012

    def test_of_the_fake_is_twilio_s(self) -> None:
        plain = {"From": TO, "Body": "", "MessageSid": "SM1"}
        assert sign(self.url, plain) == RequestValidator(TOKEN).compute_signature(self.url, plain)

    def test_fits_with_blank_fields(self) -> None:
        signature = sign(self.url, {name: values[0] for name, values in self.fields.items()})
        assert validate_twilio_signature(self.url, self.fields, signature, TOKEN)

    def test_fits_with_repeated_keys(self) -> None:
        repeated = self.fields | {"MediaUrl0": ["b", "a"]}
        signature = RequestValidator(TOKEN).compute_signature(self.url, _Form(repeated))
        assert validate_twilio_signature(self.url, repeated, signature, TOKEN)

    @pytest.mark.parametrize(
        ("url", "fields", "signature", "token"),
        [
            (url, fields, None, TOKEN),
            (url, fields, "", TOKEN),
            (url, fields, "bm90IGl0", TOKEN),
            (url, fields | {"Body": ["x"]}, "right", TOKEN),
            (url, {"From": [TO], "MessageSid": ["SM1"]}, "right", "other"),
            (url.replace("inbound", "status/1"), fields, "right", TOKEN),
            (url, fields, "right", ""),
        ],
    )
    def test_that_does_not_fit_is_refused(
        self, url: str, fields: dict[str, list[str]], signature: str | None, token: str
    ) -> None:
        """One altered field, another address, another token, none: nothing is stored."""
        if signature == "right":
            signature = sign(self.url, {name: values[0] for name, values in self.fields.items()})
        assert not validate_twilio_signature(url, fields, signature, token)
