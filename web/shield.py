"""What every response carries against misuse, and the bound on what a request may bring. Plain ASGI, no framework."""

import logging
import traceback
from collections.abc import Callable, Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

LARGEST_BODY = 64 * 1024  # bytes; forms and callbacks are far smaller
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Sequence[tuple[str, str]] = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)


class Shield:
    """Adds the headers to every response and refuses bodies above the bound, counted as they come in."""

    def __init__(self, app: ASGIApp, *, is_https: bool, broken: Callable[[Request], Response]) -> None:
        self._app = app
        self._broken = broken
        https = (("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),) if is_https else ()
        self._headers = (*HEADERS, *https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_asset = scope["path"].startswith("/static/")

        async def send_shielded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers:
                    headers[name] = value
                headers.setdefault("Cache-Control", "public, max-age=3600" if is_asset else "no-store")
            await send(message)

        await self._answer(scope, receive, send_shielded)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; what it brings too much of, or breaks on, is answered here, with the headers too."""
        bounded = _Bounded(receive)
        try:
            announced = Headers(scope=scope).get("content-length", "0")
            if announced.isdigit() and int(announced) > LARGEST_BODY:
                raise TooLarge
            await self._app(scope, bounded, send)
        except TooLarge:
            await PlainTextResponse("too large", status_code=413)(scope, receive, send)
        except Exception as error:
            await self._tell_broken(error, scope, receive, send)

    async def _tell_broken(self, error: Exception, scope: Scope, receive: Receive, send: Send) -> None:
        """Log where it broke, never the error's words: a database's error repeats the values, which name people."""
        frames = traceback.extract_tb(error.__traceback__)
        where = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames[-4:]]
        log.error("a request broke", extra={"action": "request_broke", "error": type(error).__name__, "where": where})
        await self._broken(Request(scope))(scope, receive, send)


class TooLarge(Exception):
    """A request brought more than LARGEST_BODY bytes."""


class _Bounded:
    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._seen = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self._seen > LARGEST_BODY:
            raise TooLarge
        return message
