"""One message: what the gate says, its words, its attempt, what its result makes of it. Never commits, never calls."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from config.messages_loader import MessageRules, Template
from models.db import gate, message_alerts, out_of_hours, receipts, reminders, sending
from models.db.gate import LoadedText
from models.db.sending import Beginning, Change, Claimed
from models.domain.gate import QUIET_REASONS, Gate, GateVerdict, Reason, check
from models.domain.ids import MessageId
from models.domain.message_states import MessageEvent
from models.domain.sending import CodeMeaning, after_call
from models.domain.staffing_rules import EmergencyRoute
from models.domain.words import AlertKind, Audience, Channel, MessageState, Purpose
from workers.channels.base import OutgoingText, SendResult
from workers.message_words import family_words, staff_words, template_for

NO_ADDRESS, OVERTAKEN, IN_SHADOW = "no_address", "overtaken", "team_not_live"
OWN_FAULT = "own_fault"  # our own code failed on it


def prepare(
    session: Session,
    rules: MessageRules,
    message_id: MessageId,
    *,
    token: UUID,
    attempt_id: UUID,
    now: datetime,
    public_url: str,
) -> tuple[Channel, OutgoingText] | None:
    """Bring a claimed message to `sending` and return what to hand over; None where it may not leave now.

    The caller commits before it calls the provider.
    """
    message = sending.lock_claimed(session, message_id, token=token, now=now)
    if message is None:
        return None
    if message.audience is Audience.STAFF:
        return _prepare_staff(session, rules, message, attempt_id=attempt_id, now=now, public_url=public_url)
    return _prepare_family(session, rules, message, attempt_id=attempt_id, now=now)


def store_result(
    session: Session, rules: MessageRules, attempt_id: UUID, result: SendResult, *, now: datetime, chance: float
) -> None:
    """Store what came of a call. A callback or a settler that was quicker keeps its word."""
    found = sending.lock_of_attempt(session, attempt_id)
    if found is None:
        raise LookupError(f"attempt {attempt_id} has no row; it was written before the call")
    sending.end_attempt(session, attempt_id, result.outcome, sid=result.provider_sid, code=result.code, now=now)
    if found.state != MessageState.SENDING:
        return
    then = after_call(
        result.outcome,
        audience=Audience(found.audience),
        tries=found.attempts,
        delivered=result.delivered,
        meaning=result.meaning,
        rules=rules.sending,
        chance=chance,
    )
    ended = then.event in (MessageEvent.DELIVERED, MessageEvent.REFUSED)
    queued = then.event is MessageEvent.TRY_AGAIN
    due = None if then.wait is None else now + then.wait
    change = Change(
        event=then.event,
        send_after=due if queued else None,
        settle_due_at=None if queued else due,
        sid=result.provider_sid,
        code=result.code,
        ended_by="provider" if ended else None,
    )
    sending.change(session, found, change, now=now)
    answer_by = now + rules.sending.answer_alerts_within
    if then.event in (MessageEvent.ACCEPTED, MessageEvent.DELIVERED):
        what = "text" if found.channel == Channel.SMS else "email"
        sending.tell_story(session, found.id, f"{what}_kept" if result.kept else f"{what}_sent", now=now)
        receipts.apply_kept(session, attempt=attempt_id, now=now, codes=rules.codes, answer_by=answer_by)
    if result.meaning is CodeMeaning.ACCOUNT:
        day = now.astimezone(rules.gate.hours.zone).date()
        code = f"account {result.code}"
        message_alerts.raise_for_team(
            session, None, AlertKind.TEXT_UNDELIVERED, day=day, code=code, answer_by=answer_by, now=now
        )
    if then.tell is not None:
        reason = result.code or "refused"
        sending.tell_story(session, found.id, "text_refused", now=now, reason=reason, actor="provider")
        if then.number_out is not None and found.contact_point_id is not None:
            out = then.number_out is CodeMeaning.OPTED_OUT
            sending.mark_number(session, found.contact_point_id, opted_out=out, code=reason, now=now)
        receipts.tell_person(session, found, then.tell, code=reason, answer_by=answer_by, now=now)


def put_off_faulty(
    session: Session, rules: MessageRules, message_id: MessageId, *, token: UUID, now: datetime, chance: float
) -> None:
    """Put off a claimed message that our own code failed on; when its tries are used up, give it to a person.

    One that is already `sending` is left to be settled.
    """
    message = sending.lock_claimed(session, message_id, token=token, now=now)
    if message is None:
        return
    tries = sending.count_fault(session, message.id)
    if tries < rules.sending.tries[message.audience]:
        until = now + rules.sending.backoff(tries, chance=chance)
        sending.put_off(session, message.id, until=until, reason=OWN_FAULT)
        return
    sending.stop(session, message.id, MessageEvent.BLOCKED, reason=OWN_FAULT, now=now)
    if message.audience is Audience.FAMILY:
        answer_by = now + rules.sending.answer_alerts_within
        kind = AlertKind.TEXT_BLOCKED
        message_alerts.raise_for_message(session, message.id, kind, code=OWN_FAULT, answer_by=answer_by, now=now)


def _prepare_family(
    session: Session, rules: MessageRules, message: Claimed, *, attempt_id: UUID, now: datetime
) -> tuple[Channel, OutgoingText] | None:
    loaded = gate.load(session, [message.id], rules.gate, now=now)[message.id]
    words = rules.words(template_for(loaded), loaded.language)
    language = "en" if words is None else words.language
    contact = replace(loaded.facts.contact, language=language)
    facts = replace(loaded.facts, contact=contact, has_words=words is not None)
    verdict = check(facts, rules.gate, now=now)
    if verdict.gate is not Gate.PASS or words is None:
        _stop(session, rules, message, loaded, verdict, now)
        return None
    body = family_words(words, loaded, call_back_number=facts.call_back_number or "", zone=rules.gate.hours.zone)
    _begin(session, rules, message, attempt_id, words, body, now)
    left = None if facts.not_after is None else facts.not_after - now
    return message.channel, OutgoingText(attempt_id=attempt_id, to=contact.number, body=body, useful_for=left)


def _begin(
    session: Session,
    rules: MessageRules,
    message: Claimed,
    attempt_id: UUID,
    words: Template | None,
    body: str,
    now: datetime,
) -> None:
    """Past `settle_due_at` the call is over, whatever came of it: a process that died in it is found then."""
    beginning = Beginning(
        attempt_id=attempt_id,
        body=body,
        template_version=rules.staff_alert.version if words is None else words.version,
        language="en" if words is None else words.language,
        settle_due_at=now + 2 * rules.sending.answer_within,
    )
    sending.begin(session, message, beginning, now=now)


def _stop(
    session: Session, rules: MessageRules, message: Claimed, loaded: LoadedText, verdict: GateVerdict, now: datetime
) -> None:
    """Store a verdict other than pass. What was released and can't go is told to the follow-up's owner at once."""
    if verdict.gate is Gate.WAIT and verdict.until is not None:
        sending.put_off(session, message.id, until=verdict.until, reason=verdict.reason or "")
        return
    assert verdict.reason is not None
    expired = verdict.gate is Gate.EXPIRE
    event = MessageEvent.TOO_LATE if expired else MessageEvent.BLOCKED
    sending.stop(session, message.id, event, reason=verdict.reason, now=now)
    sending.tell_story(session, message.id, "text_held_back", now=now, reason=verdict.reason)
    if verdict.reason is Reason.COVERED and loaded.covered_by is not None:
        sending.speak_also_for(session, loaded.covered_by, covered_id=message.id)
    if verdict.reason is Reason.APPOINTMENT_CHANGED:
        reminders.plan_again(session, message.id, now=now)
    if verdict.reason in QUIET_REASONS:
        return
    kind = AlertKind.TEXT_STALE if expired else AlertKind.TEXT_BLOCKED
    answer_by = now + rules.sending.answer_alerts_within
    if message.purpose is Purpose.AFTER_MISS:
        message_alerts.raise_for_message(
            session, message.id, kind, code=verdict.reason, answer_by=answer_by, now=now, attempt=message.attempts
        )
    elif expired:
        day = now.astimezone(rules.gate.hours.zone).date()
        message_alerts.raise_for_team(
            session, message.team_id, kind, day=day, code="reminders", answer_by=answer_by, now=now
        )


def _emergency_routes(
    session: Session, rules: MessageRules, team_id: int | None, *, now: datetime
) -> tuple[EmergencyRoute, ...]:
    """Whom a notice about a high-risk family of this team names for the hours in which the team has nobody."""
    if team_id is None:
        return ()
    today = now.astimezone(rules.gate.hours.zone).date()
    stands = out_of_hours.standings(session, {team_id}, rules=rules.staffing, today=today, now=now)[team_id]
    return () if stands.is_covered else rules.staffing.emergency_routes


def _prepare_staff(
    session: Session, rules: MessageRules, message: Claimed, *, attempt_id: UUID, now: datetime, public_url: str
) -> tuple[Channel, OutgoingText] | None:
    """A staff alert leaves unless it is overtaken, its team is in shadow or there is no address."""
    facts = sending.staff_facts(session, message.id)
    reason = None
    if facts.alert_ids and not facts.open_alerts:
        reason = OVERTAKEN
    elif facts.in_shadow:
        reason = IN_SHADOW
    elif not facts.email:
        reason = NO_ADDRESS
    if reason is not None or facts.email is None:
        sending.stop(session, message.id, MessageEvent.BLOCKED, reason=reason or NO_ADDRESS, now=now)
        return None
    subject, body = staff_words(
        rules.staff_alert,
        urgency=message.urgency,
        follow_up_id=facts.follow_up_id,
        several=facts.several,
        public_url=public_url,
        emergency_routes=_emergency_routes(session, rules, facts.high_risk_team, now=now),
    )
    _begin(session, rules, message, attempt_id, None, body, now)
    return message.channel, OutgoingText(attempt_id=attempt_id, to=facts.email, body=body, subject=subject)
