"""Texts by Twilio. Sending is not idempotent there, so a call is made once and a doubt is reported as a doubt.

Source: data/twilio FACTS. After a time-out, a connection lost once the request may have been written, or a 5xx, the
text may have gone; after a 4xx, a 429 or a refused connection it has not.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from models.domain.sending import CodeMeaning
from models.domain.words import AttemptOutcome
from workers.channels.base import FoundText, LookupFailed, OutgoingText, SendResult, SentText

OWN_API = "https://api.twilio.com"
_TOO_MANY = 429
_UNCLEAR = {408, 425}  # a proxy gave up waiting; the request may have gone on
_LOOKUP_LIMIT = 200
_LONGEST_IN_QUEUE = 36_000  # seconds; Twilio's own limit
# Twilio refuses a text whose callback it can't reach; without one, how a text stands is asked for (workers/settle.py).
_THIS_MACHINE_ALONE = ("127.", "localhost", "::1", "0.0.0.0")
# What requests wraps where no connection came about, so that nothing can have been written.
_NEVER_CONNECTED = ("NewConnectionError", "CERTIFICATE_VERIFY_FAILED", "ConnectTimeoutError")


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioAccount:
    """Whose account, from which number or messaging service, and where callbacks go."""

    account_sid: str
    auth_token: str
    sender: str | None
    messaging_service_sid: str | None
    api_base: str
    public_url: str
    timeout: timedelta
    clock_skew: timedelta
    codes: dict[str, CodeMeaning]


class Twilio:
    """One thread's client: the SDK's, with its address replaced, its answers' statuses kept and no retry of its own."""

    def __init__(self, account: TwilioAccount) -> None:
        self._account = account
        self._http = _Http(account.api_base, timeout_seconds=account.timeout.total_seconds())
        self._client = Client(account.account_sid, account.auth_token, http_client=self._http)

    def send(self, text: OutgoingText) -> SendResult:
        self._http.last_status = None
        try:
            options = self._from() | self._callback(text) | _validity(text)
            made = self._client.messages.create(to=text.to, body=text.body, **options)
        except TwilioException as error:
            return self._refused(getattr(error, "code", None))
        except requests.exceptions.ConnectionError as error:
            refused = any(sign in repr(error) for sign in _NEVER_CONNECTED)
            outcome = AttemptOutcome.RETRY if refused else AttemptOutcome.UNKNOWN
            return SendResult(outcome=outcome, code="connection")
        except requests.exceptions.RequestException as error:
            return SendResult(outcome=AttemptOutcome.UNKNOWN, code=type(error).__name__)
        except (ValueError, KeyError, TypeError):  # accepted, but the answer can't be read
            return SendResult(outcome=AttemptOutcome.UNKNOWN, code="unreadable_answer")
        if not made.sid:
            return SendResult(outcome=AttemptOutcome.UNKNOWN, code="unreadable_answer")
        return SendResult(outcome=AttemptOutcome.ACCEPTED, provider_sid=made.sid)

    def find(self, text: SentText) -> list[FoundText]:
        skew, account = self._account.clock_skew, self._account
        earliest, latest = text.started_at - skew, text.started_at + account.timeout + skew
        try:
            listed = self._client.messages.list(to=text.to, date_sent_after=earliest, limit=_LOOKUP_LIMIT)
        except (TwilioException, requests.exceptions.RequestException, ValueError) as error:
            raise LookupFailed(type(error).__name__) from error
        return [
            _found(each)
            for each in listed
            if each.to == text.to
            and each.body == text.body
            and self._is_ours(each)
            and each.date_created is not None
            and earliest <= _aware(each.date_created) <= latest
        ]

    def status(self, provider_sid: str) -> FoundText | None:
        try:
            return _found(self._client.messages(provider_sid).fetch())
        except (TwilioException, requests.exceptions.RequestException, ValueError) as error:
            raise LookupFailed(type(error).__name__) from error

    def _refused(self, raw_code: object) -> SendResult:
        status = self._http.last_status
        code = str(raw_code or status or "unknown")
        if status is None or status >= 500 or status in _UNCLEAR or status < 400:
            return SendResult(outcome=AttemptOutcome.UNKNOWN, code=code)
        meaning = self._account.codes.get(code, CodeMeaning.REFUSED)
        later = status == _TOO_MANY or meaning in (CodeMeaning.TRY_LATER, CodeMeaning.ACCOUNT)
        outcome = AttemptOutcome.RETRY if later else AttemptOutcome.REFUSED
        return SendResult(outcome=outcome, code=code, meaning=meaning)

    def _from(self) -> dict[str, Any]:
        if self._account.messaging_service_sid:
            return {"messaging_service_sid": self._account.messaging_service_sid}
        return {"from_": self._account.sender or ""}

    def _callback(self, text: OutgoingText) -> dict[str, str]:
        if (urlsplit(self._account.public_url).hostname or "localhost").startswith(_THIS_MACHINE_ALONE):
            return {}
        return {"status_callback": f"{self._account.public_url}/webhooks/twilio/status/{text.attempt_id}"}

    def _is_ours(self, listed: Any) -> bool:
        if self._account.messaging_service_sid:
            return bool(listed.messaging_service_sid == self._account.messaging_service_sid)
        return bool(listed.from_ == self._account.sender)


class _Http:
    """The SDK's client with another base address, one pool per thread, and no hidden retry of a POST."""

    def __init__(self, api_base: str, *, timeout_seconds: float) -> None:
        self._client = TwilioHttpClient(pool_connections=True, timeout=timeout_seconds, max_retries=0)
        self._api_base = api_base.rstrip("/")
        self.last_status: int | None = None
        self._client.session.mount("http://", HTTPAdapter(pool_maxsize=2, max_retries=0))

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        answer = self._client.request(method, url.replace(OWN_API, self._api_base, 1), *args, **kwargs)
        self.last_status = answer.status_code
        return answer


def _validity(text: OutgoingText) -> dict[str, int]:
    """How long Twilio may keep a text in its queue before it fails it instead of delivering it late."""
    if text.useful_for is None:
        return {}
    return {"validity_period": min(max(int(text.useful_for.total_seconds()), 1), _LONGEST_IN_QUEUE)}


def _found(listed: Any) -> FoundText:
    code = None if listed.error_code is None else str(listed.error_code)
    return FoundText(provider_sid=listed.sid, status=str(listed.status), code=code)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
