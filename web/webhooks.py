"""What Twilio tells us: the fate of a text, and texts from families. Nothing is kept before the signature fits."""

from typing import Annotated
from urllib.parse import parse_qs
from uuid import UUID
from xml.sax.saxutils import escape

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from config.twilio_signature import validate_twilio_signature
from models.db import clock, inbound, receipts
from models.db.inbound import InboundText
from web.site import Site, site_of
from web.visits import ADb, NotFound

router = APIRouter(prefix="/webhooks/twilio")
Fields = dict[str, list[str]]


class BadSignature(Exception):
    """The call is not Twilio's, or PUBLIC_URL is not the address it was told."""


async def signed_fields(request: Request) -> Fields:
    """The form's fields with every value, once the signature fits. Raises NotFound without a token, BadSignature."""
    site = site_of(request)
    if site.twilio_auth_token is None:
        raise NotFound
    body = (await request.body()).decode("utf-8", "replace")
    fields = parse_qs(body, keep_blank_values=True, max_num_fields=200)
    query = f"?{request.url.query}" if request.url.query else ""
    url = f"{site.public_url or ''}{request.url.path}{query}"
    signature = request.headers.get("X-Twilio-Signature")
    fits = await run_in_threadpool(validate_twilio_signature, url, fields, signature, site.twilio_auth_token)
    if not fits:
        raise BadSignature
    return fields


SignedFields = Annotated[Fields, Depends(signed_fields)]


@router.post("/status/{attempt}")
def status(attempt: str, request: Request, fields: SignedFields, db: ADb) -> Response:
    """Keep a status report of one attempt, and apply it."""
    site, now = site_of(request), clock.now(db)
    try:
        attempt_id = UUID(attempt)
    except ValueError as error:
        raise NotFound from error
    receipts.record_status(
        db,
        attempt=attempt_id,
        fields=_last(fields),
        now=now,
        codes=site.messages.codes,
        answer_by=now + site.messages.sending.answer_alerts_within,
    )
    db.commit()
    return Response(status_code=204)


@router.post("/inbound")
def received(request: Request, fields: SignedFields, db: ADb) -> Response:
    """Keep a text from outside, and give the one neutral answer."""
    site, now = site_of(request), clock.now(db)
    values = _last(fields)
    sid = values.get("MessageSid") or values.get("SmsMessageSid") or values.get("SmsSid")
    if not sid or not values.get("From"):
        return PlainTextResponse("MessageSid and From are expected", status_code=400)
    found = inbound.receive(
        db,
        InboundText(
            provider_sid=sid, from_number=values["From"], to_number=values.get("To", ""), body=values.get("Body", "")
        ),
        words=site.messages.replies.words,
        answer_by=now + site.messages.sending.answer_alerts_within,
        answer_at_most_every=site.messages.replies.answer_at_most_every,
        now=now,
    )
    db.commit()
    site.ring("send")
    return _twiml(site, answer=found.answer)


def bad_signature(request: Request, error: Exception) -> Response:
    """Refused; nothing was kept."""
    return PlainTextResponse("signature does not fit", status_code=403)


def _last(fields: Fields) -> dict[str, str]:
    return {name: values[-1] for name, values in fields.items()}


def _twiml(site: Site, *, answer: bool) -> Response:
    inside = f"<Message>{escape(site.messages.replies.answer)}</Message>" if answer else ""
    xml = f'<?xml version="1.0" encoding="UTF-8"?><Response>{inside}</Response>'
    return Response(xml, media_type="text/xml")
