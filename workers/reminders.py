"""Remind: turn booked appointments into queued reminders, one text per household, moment and day.

Claims appointments by their due time, so that nothing is scheduled ahead: a moved, cancelled or closed one is simply
seen as it is. Whether a reminder may leave is asked again at the gate.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.messages_loader import MessageRules
from models.db import messages, recipients, reminders
from models.db.messages import NewMessage
from models.db.recipients import Recipient
from models.db.reminders import BookedAppointment
from models.domain import dedupe
from models.domain.ids import AppointmentId
from models.domain.reminders import DueReminder, due_reminders
from models.domain.words import Audience, Channel, Purpose

Clock = Callable[[Session], datetime]
BATCH = 500
_Moment = tuple[int, int, Purpose, date]  # household (or minus the appointment), number, kind, civil day


def drain(engine: Engine, rules: MessageRules, *, clock: Clock, limit: int = BATCH) -> int:
    """Plan what is due, a set and a commit at a time; return how many appointments were looked at."""
    looked_at = 0
    while True:
        with Session(engine) as session:
            found = plan_due(session, rules, now=clock(session), limit=limit)
            session.commit()
        looked_at += found
        if found == 0:
            return looked_at


def plan_due(session: Session, rules: MessageRules, *, now: datetime, limit: int) -> int:
    """Queue the reminders now due of up to `limit` appointments; return how many were looked at. The caller commits."""
    claimed = reminders.claim_due(session, rules.gate.holds, now=now, limit=limit)
    if not claimed:
        return 0
    due: list[tuple[BookedAppointment, DueReminder]] = []
    later: list[tuple[AppointmentId, datetime | None]] = []
    for each in claimed:
        remind = each.wanted and each.contact_code in rules.reminded_contacts
        coming = due_reminders(each.booking, rules.reminders, now=now) if remind else ()
        due += [(each, reminder) for reminder in coming if reminder.due_at <= now]
        later.append((each.id, next((reminder.due_at for reminder in coming if reminder.due_at > now), None)))
    whom = recipients.for_appointments(session, [each.id for each, _ in due])
    messages.add_many(session, _texts(due, whom, rules, now), now=now)
    reminders.set_next(session, later)
    return len(claimed)


def _texts(
    due: Sequence[tuple[BookedAppointment, DueReminder]],
    whom: dict[int, Recipient],
    rules: MessageRules,
    now: datetime,
) -> list[NewMessage]:
    """One text for each household, number, kind and day. Without a number there is none; the list shows that."""
    moments: dict[_Moment, list[tuple[BookedAppointment, DueReminder]]] = defaultdict(list)
    for each, reminder in due:
        recipient = whom.get(each.id)
        if recipient is not None and recipient.contact_point_id is not None:
            day = each.booking.starts_at.astimezone(rules.reminders.hours.zone).date()
            household = each.household_id if each.household_id is not None else -each.id
            moments[household, recipient.contact_point_id, reminder.rule.purpose, day].append((each, reminder))
    return [_text(moment, group, whom, now) for moment, group in moments.items()]


def _text(
    moment: _Moment, group: Sequence[tuple[BookedAppointment, DueReminder]], whom: dict[int, Recipient], now: datetime
) -> NewMessage:
    first, reminder = min(group, key=lambda pair: pair[0].booking.starts_at)
    recipient = whom[first.id]
    return NewMessage(
        channel=Channel.SMS,
        audience=Audience.FAMILY,
        purpose=reminder.rule.purpose,
        dedupe_key=_key(moment, [each for each, _ in group], reminder.rule.purpose),
        template_code=reminder.rule.template,
        send_after=now,
        not_after=min(each.not_after for _, each in group),
        language=recipient.language or "en",
        team_id=first.team_id,
        household_id=first.household_id,
        contact_point_id=recipient.contact_point_id,
        appointment_ids=tuple(each.id for each, _ in group),
    )


def _key(moment: _Moment, group: Sequence[BookedAppointment], purpose: Purpose) -> str:
    household, _, _, day = moment
    starts = [each.booking.starts_at for each in group]
    if len(group) == 1:
        return dedupe.reminder(group[0].id, booked_start=starts[0], purpose=purpose)
    return dedupe.bundle(household, purpose=purpose, civil_day=day, starts=starts)
