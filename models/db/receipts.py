"""A provider's word on an attempt: kept as it came, applied in any order. Never commits.

Reports come late, twice, out of order, and before our own record. Final states stick; a status nobody knows is kept and
changes nothing (a person is told when no final one comes in time).
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from models.db import message_alerts, sending
from models.db.sending import Change
from models.domain.message_states import MessageEvent, takes_report
from models.domain.sending import CodeMeaning
from models.domain.words import AlertKind, AttemptOutcome, Audience, MessageState, Purpose

SENT_WORDS = frozenset({"accepted", "scheduled", "queued", "sending", "sent"})
DELIVERED_WORDS = frozenset({"delivered", "read", "partially_delivered"})
UNDELIVERED_WORDS = frozenset({"undelivered", "failed", "canceled"})
# Kept as they came. Others may hold a number or a text, so only their names are kept.
_KEPT = (
    "MessageStatus",
    "SmsStatus",
    "ErrorCode",
    "MessageSid",
    "SmsSid",
    "MessagingServiceSid",
    "RawDlrDoneDate",
    "ApiVersion",
    "EventType",
    "ChannelPrefix",
    "ChannelInstallSid",
)
_LONGEST = 200


def record_status(
    session: Session,
    *,
    attempt: UUID,
    fields: Mapping[str, str],
    now: datetime,
    codes: Mapping[str, CodeMeaning],
    answer_by: datetime,
) -> None:
    """Store a status report and apply it. Safe for any fields, any order, any repetition and unknown attempts.

    `codes`: what error codes mean (config/messages/codes.yaml). `answer_by`: when a person must have looked, should one
    be told.
    """
    status, code = _clean(fields.get("MessageStatus", "")).lower(), _clean(fields.get("ErrorCode", "")) or None
    sid = _clean(fields.get("MessageSid", "")) or None
    kept = {name: _clean(fields[name]) for name in _KEPT if name in fields}
    kept["other_fields"] = " ".join(sorted(_clean(name) for name in fields if name not in _KEPT))[:_LONGEST]
    params = {"attempt": attempt, "sid": sid, "status": status, "code": code, "now": now, "fields": json.dumps(kept)}
    session.execute(_KEEP, params)
    apply_status(session, attempt=attempt, status=status, code=code, sid=sid, now=now, codes=codes, answer_by=answer_by)


def apply_status(
    session: Session,
    *,
    attempt: UUID,
    status: str,
    code: str | None,
    sid: str | None,
    now: datetime,
    codes: Mapping[str, CodeMeaning],
    answer_by: datetime,
) -> None:
    """Bring a message to where the provider says it is, unless it has had its final word."""
    found = sending.lock_of_attempt(session, attempt)
    if found is None or status not in SENT_WORDS | DELIVERED_WORDS | UNDELIVERED_WORDS:
        return
    sending.end_attempt(session, attempt, AttemptOutcome.ACCEPTED, sid=sid, code=code, now=now)
    if not takes_report(MessageState(found.state), error_code=found.error_code):
        return
    if status in SENT_WORDS:
        _sent(session, found, sid, now)
    elif status in DELIVERED_WORDS:
        sending.change(session, found, Change(event=MessageEvent.DELIVERED, sid=sid, ended_by="provider"), now=now)
        sending.tell_story(session, found.id, "text_delivered", now=now, actor="provider")
    else:
        _undelivered(
            session,
            found,
            Change(event=MessageEvent.UNDELIVERED, sid=sid, code=code, ended_by="provider"),
            codes.get(code or "", CodeMeaning.REFUSED),
            answer_by,
            now,
        )
    message_alerts.overtake(session, found.id, AlertKind.TEXT_FATE_UNKNOWN, outcome=status, now=now)


def apply_kept(
    session: Session, *, attempt: UUID, now: datetime, codes: Mapping[str, CodeMeaning], answer_by: datetime
) -> None:
    """Apply the reports of an attempt that came before its result was stored."""
    for row in session.execute(_KEPT_OF, {"attempt": attempt}).all():
        apply_status(
            session,
            attempt=attempt,
            status=row.status,
            code=row.error_code,
            sid=row.provider_sid,
            now=now,
            codes=codes,
            answer_by=answer_by,
        )


_KEEP = text("""
INSERT INTO receipt (attempt_id, provider_sid, status, error_code, received_at, fields)
VALUES (:attempt, :sid, :status, :code, :now, CAST(:fields AS jsonb))
""")
_KEPT_OF = text("SELECT status, error_code, provider_sid FROM receipt WHERE attempt_id = :attempt ORDER BY id")


def tell_person(
    session: Session, message: Row[Any], kind: AlertKind, *, code: str, answer_by: datetime, now: datetime
) -> None:
    """Tell whoever must act: the follow-up's owner; for a reminder once a number. Staff e-mails climb by themselves."""
    if message.audience == Audience.STAFF:
        return
    if message.purpose == Purpose.AFTER_MISS or kind is not AlertKind.TEXT_UNDELIVERED:
        message_alerts.raise_for_message(
            session, message.id, kind, code=code, answer_by=answer_by, now=now, attempt=message.number
        )
    else:
        message_alerts.raise_for_number(session, message.id, code=code, answer_by=answer_by, now=now)


def _sent(session: Session, found: Row[Any], sid: str | None, now: datetime) -> None:
    """A text that was of unknown fate has left after all; its delivery is still to come."""
    if found.state != MessageState.SENT:
        sending.change(session, found, Change(event=MessageEvent.ACCEPTED, sid=sid, settle_due_at=now), now=now)


def _undelivered(
    session: Session, found: Row[Any], to: Change, meaning: CodeMeaning, answer_by: datetime, now: datetime
) -> None:
    sending.change(session, found, to, now=now)
    reason = to.code or "undelivered"
    sending.tell_story(session, found.id, "text_undelivered", now=now, reason=reason, actor="provider")
    if found.contact_point_id is not None and meaning in (CodeMeaning.NUMBER, CodeMeaning.OPTED_OUT):
        out = meaning is CodeMeaning.OPTED_OUT
        sending.mark_number(session, found.contact_point_id, opted_out=out, code=reason, now=now)
    tell_person(session, found, AlertKind.TEXT_UNDELIVERED, code=reason, answer_by=answer_by, now=now)


def _clean(value: str) -> str:
    return value.replace("\x00", "")[:_LONGEST].encode("utf-8", "replace").decode("utf-8")
