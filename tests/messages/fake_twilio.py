"""A counting fake of Twilio's Messages resource over real HTTP, hand-written; a contract test keeps it honest.

It takes each text once per request, as Twilio does: nothing here makes sending idempotent. A test tells it how to
behave for a recipient: accept, hold the answer, accept and drop the connection, 429, 500 after accepting, opted out.
"""

import base64
import hashlib
import hmac
import json
import threading
import urllib.request
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

ACCOUNT, TOKEN, SENDER = "AC" + "0" * 32, "0" * 32, "+447700900999"


class Behaviour(StrEnum):
    """What the fake does with the next request for a recipient."""

    ACCEPT = "accept"
    HOLD = "hold"  # takes the text, answers when `let_go` is called
    HOLD_BEFORE = "hold_before"  # got the request, takes nothing until `let_go`
    DROP_AFTER = "drop_after"  # takes the text, closes the connection without an answer
    DROP_BEFORE = "drop_before"  # takes nothing, closes the connection
    TOO_MANY = "too_many"  # 429, 20429
    ERROR_BEFORE = "error_before"  # 500, took nothing
    ERROR_AFTER = "error_after"  # 500, and yet it went
    HTML = "html"  # 502 with a page of a proxy
    OPTED_OUT = "opted_out"  # 400, 21610
    BAD_NUMBER = "bad_number"  # 400, 21211
    NO_ACCOUNT = "no_account"  # 401, 20003
    STRANGE = "strange"  # 400, a code nobody knows


ERRORS = {
    Behaviour.TOO_MANY: (429, 20429),
    Behaviour.ERROR_BEFORE: (500, 20500),
    Behaviour.ERROR_AFTER: (500, 20500),
    Behaviour.OPTED_OUT: (400, 21610),
    Behaviour.BAD_NUMBER: (400, 21211),
    Behaviour.NO_ACCOUNT: (401, 20003),
    Behaviour.STRANGE: (400, 98765),
}
TAKES = {Behaviour.ACCEPT, Behaviour.HOLD, Behaviour.DROP_AFTER, Behaviour.ERROR_AFTER}


@dataclass
class FakeTwilio:
    """The fake; `base` is its address. `now` is its clock. Use as a context manager."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    requests: int = 0
    taken: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._behaviours: dict[str, deque[Behaviour]] = defaultdict(deque)
        self._lock = threading.Lock()
        self._gate = threading.Event()
        self._arrived = threading.Semaphore(0)
        self._serial = count(1)
        self.callbacks: dict[str, str] = {}

    def __enter__(self) -> "FakeTwilio":
        handler = type("Handler", (_Handler,), {"fake": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._gate.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def behave(self, to: str, *behaviours: Behaviour) -> None:
        """Do these, one after the other, with the next requests for a recipient; then accept again."""
        self._behaviours[to].extend(behaviours)

    def wait_for_request(self, seconds: float = 60) -> None:
        """Wait until one more request to send has arrived."""
        if not self._arrived.acquire(timeout=seconds):
            raise TimeoutError("no request arrived")

    def let_go(self) -> None:
        """Answer what is held."""
        self._gate.set()

    def texts_to(self, to: str) -> list[dict[str, Any]]:
        return [text for text in self.taken if text["to"] == to]

    def report(self, sid: str, status: str, *, code: int | None = None) -> None:
        """Note a text's status without calling anybody back."""
        text = next(text for text in self.taken if text["sid"] == sid)
        text["status"], text["error_code"] = status, code

    def callback(self, sid: str, status: str, *, code: int | None = None) -> tuple[str, dict[str, str], str]:
        """Return a status callback as Twilio would make it: address, form fields, signature."""
        fields = {
            "AccountSid": ACCOUNT,
            "ApiVersion": "2010-04-01",
            "MessageSid": sid,
            "SmsSid": sid,
            "MessageStatus": status,
            "SmsStatus": status,
            "From": SENDER,
            "To": next(text["to"] for text in self.taken if text["sid"] == sid),
        }
        if code is not None:
            fields["ErrorCode"] = str(code)
        url = self.callbacks[sid]
        return url, fields, sign(url, fields)

    def call_back(self, sid: str, status: str, *, code: int | None = None) -> int:
        """Make the callback over HTTP; return the answer's status."""
        url, fields, signature = self.callback(sid, status, code=code)
        request = urllib.request.Request(
            url, urlencode(fields).encode(), {"X-Twilio-Signature": signature}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            status_code: int = answer.status
        return status_code

    def next_behaviour(self, to: str) -> Behaviour:
        with self._lock:
            self.requests += 1
            waiting = self._behaviours[to]
            return waiting.popleft() if waiting else Behaviour.ACCEPT

    def take(self, form: dict[str, str]) -> dict[str, Any]:
        with self._lock:
            made = a_resource(f"SM{next(self._serial):032x}", form, self.now)
            self.taken.append(made)
            self.callbacks[made["sid"]] = form.get("StatusCallback", "")
        return made

    def note_arrival(self) -> None:
        self._arrived.release()

    def wait_gate(self) -> None:
        self._gate.wait(60)


def sign(url: str, fields: dict[str, str], token: str = TOKEN) -> str:
    """Return the X-Twilio-Signature of a form post."""
    text = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def a_resource(sid: str, form: dict[str, str], now: datetime) -> dict[str, Any]:
    """A Message resource as Twilio answers with after taking a text."""
    service = form.get("MessagingServiceSid")
    return {
        "account_sid": ACCOUNT,
        "api_version": "2010-04-01",
        "body": form["Body"],
        "date_created": format_datetime(now),
        "date_sent": None,
        "date_updated": format_datetime(now),
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": None if service else form.get("From"),
        "messaging_service_sid": service,
        "num_media": "0",
        "num_segments": "0" if service else "1",
        "price": None,
        "price_unit": "USD",
        "sid": sid,
        "status": "accepted" if service else "queued",
        "subresource_uris": {"media": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}/Media.json"},
        "to": form["To"],
        "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}.json",
    }


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed leaves a broken pipe; that is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    fake: FakeTwilio

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
        if not self._authorised():
            return
        behaviour = self.fake.next_behaviour(form["To"])
        if behaviour is Behaviour.HOLD_BEFORE:
            self.fake.note_arrival()
            self.fake.wait_gate()
        made = self.fake.take(form) if behaviour in TAKES else None
        if behaviour is not Behaviour.HOLD_BEFORE:
            self.fake.note_arrival()
        if behaviour is Behaviour.HOLD:
            self.fake.wait_gate()
        if behaviour in (Behaviour.DROP_AFTER, Behaviour.DROP_BEFORE):
            self.close_connection = True
            self.connection.close()
        elif behaviour is Behaviour.HTML:
            self._answer(502, b"<html>Bad gateway</html>", "text/html")
        elif behaviour in ERRORS:
            self._error(*ERRORS[behaviour])
        else:
            self._json(201, made or {})

    def do_GET(self) -> None:
        if not self._authorised():
            return
        parts = urlsplit(self.path)
        if not parts.path.endswith("/Messages.json"):
            sid = parts.path.rsplit("/", 1)[-1].removesuffix(".json")
            found = [text for text in self.fake.taken if text["sid"] == sid]
            self._json(200, found[0]) if found else self._error(404, 20404)
            return
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        listed = [text for text in self.fake.taken if query.get("To") in (None, text["to"])]
        listed = [text for text in listed if query.get("From") in (None, text["from"])]
        self._json(200, {"messages": listed, "page": 0, "page_size": 50, "next_page_uri": None, "uri": self.path})

    def _authorised(self) -> bool:
        expected = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if self.headers.get("Authorization") == f"Basic {expected}":
            return True
        self._error(401, 20003)
        return False

    def _error(self, status: int, code: int) -> None:
        more = f"https://www.twilio.com/docs/errors/{code}"
        self._json(status, {"code": code, "message": "as asked", "more_info": more, "status": status})

    def _json(self, status: int, content: dict[str, Any]) -> None:
        self._answer(status, json.dumps(content).encode(), "application/json")

    def _answer(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a test's output is its assertions."""
