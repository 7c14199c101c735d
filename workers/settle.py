"""Settle: find out what became of a message whose sender died, or whose provider gave no clear answer.

A family text is looked up at the provider, or settled by its callback; what stays unknown goes to a person and never
out twice, for "not found" proves nothing. A staff alert of unknown fate is sent again. Source: design 3.6.
"""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.messages_loader import MessageRules
from models.db import receipts, sending, settling
from models.db.sending import Change
from models.db.settling import OpenFate
from models.domain.message_states import MessageEvent
from models.domain.words import AlertKind, AttemptOutcome, Audience, MessageState
from workers.channels.base import Channels, FoundText, LookupFailed, SendResult, SentText
from workers.send_one import store_result

log = structlog.get_logger(__name__)
Clock = Callable[[Session], datetime]
BATCH = 50


def drain(engine: Engine, rules: MessageRules, channels: Channels, *, clock: Clock) -> int:
    """Settle what is due; return how many messages were looked at. Safe to run side by side."""
    looked_at = 0
    while True:
        with Session(engine) as session:
            now = clock(session)
            fates = settling.claim(session, now=now, until=now + 2 * rules.sending.answer_within, limit=BATCH)
            expired = settling.expire_held(session, now=now, limit=BATCH)
            session.commit()
        for fate in fates:
            _settle(engine, rules, channels, fate, clock)
        looked_at += len(fates) + len(expired)
        if len(fates) < BATCH and len(expired) < BATCH:
            return looked_at


def _settle(engine: Engine, rules: MessageRules, channels: Channels, fate: OpenFate, clock: Clock) -> None:
    """Settle one message: the provider is asked between two transactions, never within one."""
    if fate.audience is Audience.STAFF:
        found = None
    elif fate.provider_sid is not None:
        found = _ask(lambda: channels.sender(fate.channel).status(fate.provider_sid or ""))
    else:
        found = _ask(lambda: _look_up(engine, channels, fate))
    with Session(engine) as session:
        now = clock(session)
        if fate.audience is Audience.STAFF:
            unknown = SendResult(outcome=AttemptOutcome.UNKNOWN, code="no_answer")
            store_result(session, rules, fate.attempt_id, unknown, now=now, chance=random.random())
        elif found is not None:
            _apply(session, rules, fate, found, now)
        else:
            _wait_or_give_up(session, rules, fate, now)
        session.commit()


def _ask(question: Callable[[], FoundText | None]) -> FoundText | None:
    try:
        return question()
    except LookupFailed as error:
        log.info("provider could not be asked", reason=str(error))
        return None


def _look_up(engine: Engine, channels: Channels, fate: OpenFate) -> FoundText | None:
    """Return the one text that can only be this attempt's; two that look alike stay unknown."""
    asked = SentText(attempt_id=fate.attempt_id, to=fate.number or "", body=fate.body, started_at=fate.started_at)
    matches = channels.sender(fate.channel).find(asked)
    with Session(engine) as session:
        others = settling.of_other_attempts(
            session, (match.provider_sid for match in matches), attempt_id=fate.attempt_id
        )
    left = [match for match in matches if match.provider_sid not in others]
    return left[0] if len(left) == 1 else None


def _apply(session: Session, rules: MessageRules, fate: OpenFate, found: FoundText, now: datetime) -> None:
    """Store what the provider has; one that has not arrived yet is looked at again."""
    if fate.state is MessageState.SENDING:
        accepted = SendResult(outcome=AttemptOutcome.ACCEPTED, provider_sid=found.provider_sid)
        store_result(session, rules, fate.attempt_id, accepted, now=now, chance=0)
    receipts.apply_status(
        session,
        attempt=fate.attempt_id,
        status=found.status,
        code=found.code,
        sid=found.provider_sid,
        now=now,
        codes=rules.codes,
        answer_by=now + rules.sending.answer_alerts_within,
    )
    if found.status not in receipts.DELIVERED_WORDS | receipts.UNDELIVERED_WORDS:
        _wait_or_give_up(session, rules, fate, now, has_left=True)


def _wait_or_give_up(
    session: Session, rules: MessageRules, fate: OpenFate, now: datetime, *, has_left: bool = False
) -> None:
    """Look again later; past the limit tell a person. A text that has left but is not reported on is told of too."""
    has_left = has_left or fate.state is MessageState.SENT
    limit = rules.sending.report_within if has_left else rules.sending.give_up_after
    age = now - fate.started_at
    if age < limit:
        pause = max(rules.sending.look_again, age / 2) if has_left else rules.sending.look_again
        settling.look_again_at(session, fate.id, at=now + min(pause, limit - age + timedelta(seconds=1)))
        return
    found = sending.lock_of_attempt(session, fate.attempt_id)
    if found is None or found.state != (MessageState.SENT if has_left else MessageState.SENDING):
        return  # a report was quicker than the look-up
    event = MessageEvent.NO_REPORT if has_left else MessageEvent.FATE_UNKNOWN
    kind = AlertKind.TEXT_UNDELIVERED if has_left else AlertKind.TEXT_FATE_UNKNOWN
    if not has_left:
        sending.end_attempt(session, fate.attempt_id, AttemptOutcome.UNKNOWN, sid=None, code=event, now=now)
    sending.change(session, found, Change(event=event, code=event, ended_by="settle"), now=now)
    sending.tell_story(session, fate.id, f"text_{event}", now=now, reason=event)
    answer_by = now + rules.sending.answer_alerts_within
    receipts.tell_person(session, found, kind, code=event, answer_by=answer_by, now=now)
