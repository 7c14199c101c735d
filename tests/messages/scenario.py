"""A family with a released text after a miss, and a staff alert: ready to be sent, unless a test changes that."""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from config import messages_loader
from config.messages_loader import MessageRules
from models.db import messages
from models.db.messages import NewMessage
from models.domain import dedupe
from models.domain.ids import AppointmentId, ContactPointId, FollowUpId, HouseholdId, MessageId, TeamId
from models.domain.words import Audience, Channel, MessageState, Purpose, Urgency
from tests.messages.builders import (
    NOON,
    a_contact_point,
    a_follow_up,
    a_household,
    a_member,
    a_person,
    a_practitioner,
    a_source,
    a_team,
    an_appointment,
    insert,
)
from workers import send, settle
from workers.channels.base import Channels
from workers.channels.outbox import Outbox
from workers.channels.smtp import Smtp
from workers.channels.twilio import Twilio, TwilioAccount

PUBLIC_URL = "https://steadfast.example.nhs.uk"


def rules() -> MessageRules:
    """The shipped rules, at any time of day: the tests of hours are those of the gate."""
    shipped = messages_loader.load()
    hours = replace(shipped.gate.hours, opens=time(0), closes=time(23, 59, 59))
    return replace(shipped, gate=replace(shipped.gate, hours=hours))


@dataclass(frozen=True)
class Family:
    """The ids of one family's rows."""

    household: int
    child: int
    mother: int
    contact_point: int
    number: str
    team: int
    owner: int
    source: int
    appointment: int
    follow_up: int


def a_family(session: Session, *, now: datetime = NOON, **given: dict[str, object]) -> Family:
    """A missed review of a child, its follow-up released. `given`: columns by table, such as contact_point={...}."""
    team = a_team(session, **given.get("team", {}))
    owner = a_practitioner(session, team_id=team)
    household = a_household(session, team_id=team, **given.get("household", {}))
    child, mother = a_person(session, **given.get("child", {})), a_person(session, **given.get("mother", {}))
    a_member(session, household, child, "child")
    a_member(session, household, mother, "mother")
    confirmed: dict[str, object] = {"confirmed_on": now.date()}
    contact_point = a_contact_point(session, mother, **confirmed | given.get("contact_point", {}))
    source = a_source(session, **given.get("source", {}))
    booked: dict[str, object] = {
        "household_id": household,
        "team_id": team,
        "contact_person_id": mother,
        "practitioner_id": owner,
        "starts_at": now - timedelta(hours=3),
    }
    appointment = an_appointment(session, source=source, person=child, **booked | given.get("appointment", {}))
    followed: dict[str, object] = {
        "household_id": household,
        "team_id": team,
        "appointment_id": appointment,
        "owner_practitioner_id": owner,
    }
    follow_up = a_follow_up(session, person=child, **followed | given.get("follow_up", {}))
    number = session.execute(
        text("SELECT number FROM contact_point WHERE id = :id"), {"id": contact_point}
    ).scalar_one()
    return Family(household, child, mother, contact_point, number, team, owner, source, appointment, follow_up)


def an_after_miss_text(session: Session, family: Family, *, now: datetime = NOON, **given: object) -> MessageId:
    """The one neutral text after the miss, queued."""
    key = dedupe.step_message(
        family.follow_up, cycle=1, step_id="same-day", audience=Audience.FAMILY, channel=Channel.SMS
    )
    row = NewMessage(
        channel=Channel.SMS,
        audience=Audience.FAMILY,
        purpose=Purpose.AFTER_MISS,
        dedupe_key=key,
        template_code="after_miss",
        send_after=now,
        state=MessageState.QUEUED,
        team_id=TeamId(family.team),
        household_id=HouseholdId(family.household),
        contact_point_id=ContactPointId(family.contact_point),
        follow_up_ids=(FollowUpId(family.follow_up),),
    )
    [message_id] = messages.add_many(session, [replace(row, **given)], now=now)  # type: ignore[arg-type]
    assert message_id is not None
    return message_id


def a_reminder(session: Session, family: Family, *, starts_at: datetime, now: datetime = NOON) -> MessageId:
    """A reminder of the family's appointment as if booked for `starts_at`, queued."""
    row = NewMessage(
        channel=Channel.SMS,
        audience=Audience.FAMILY,
        purpose=Purpose.REMINDER_TWO_DAYS,
        dedupe_key=dedupe.reminder(family.appointment, booked_start=starts_at, purpose=Purpose.REMINDER_TWO_DAYS),
        template_code="reminder",
        send_after=now,
        not_after=starts_at - timedelta(hours=2),
        team_id=TeamId(family.team),
        household_id=HouseholdId(family.household),
        contact_point_id=ContactPointId(family.contact_point),
        appointment_ids=(AppointmentId(family.appointment),),
    )
    [message_id] = messages.add_many(session, [row], now=now)
    assert message_id is not None
    return message_id


def a_staff_alert(session: Session, family: Family, *, now: datetime = NOON, urgency: str = "urgent") -> MessageId:
    """An alert of the follow-up to its owner, with its e-mail queued."""
    alert = insert(
        session,
        "alert",
        {
            "kind": "step",
            "urgency": urgency,
            "dedupe_key": f"alert-of-{family.follow_up}",
            "follow_up_id": family.follow_up,
            "team_id": family.team,
            "practitioner_id": family.owner,
            "raised_at": now,
        },
    )
    now_or_later = messages.alert_emails(session, [alert], now=now) or messages.digests(session, at=now, now=now)
    [message_id] = now_or_later
    return message_id


def channels(
    *,
    twilio_base: str | None = None,
    smtp_url: str | None = None,
    seconds: float = 5,
    public_url: str = PUBLIC_URL,
) -> Channels:
    """Texts to a fake Twilio and e-mail to a fake mail server, or both to the outbox."""
    account = TwilioAccount(
        account_sid="AC" + "0" * 32,
        auth_token="0" * 32,
        sender="+447700900999",
        messaging_service_sid=None,
        api_base=twilio_base or "",
        public_url=public_url,
        timeout=timedelta(seconds=seconds),
        clock_skew=timedelta(minutes=2),
        codes=dict(rules().codes),
    )
    return Channels(
        {
            Channel.SMS: Outbox if twilio_base is None else lambda: Twilio(account),
            Channel.EMAIL: Outbox
            if smtp_url is None
            else lambda: Smtp(smtp_url, sender="steadfast@example.nhs.uk", timeout_seconds=seconds),
        }
    )


def drain(
    engine: Engine, ways: Channels, *, now: datetime = NOON, threads: int = 4, urgencies: tuple[Urgency, ...] = ()
) -> int:
    """Send what is due at `now`."""
    return send.drain(
        engine,
        rules(),
        ways,
        clock=lambda _: now,
        public_url=PUBLIC_URL,
        threads=threads,
        urgencies=urgencies or tuple(Urgency),
    )


def settle_at(engine: Engine, ways: Channels, now: datetime) -> int:
    """Settle what is due at `now`."""
    return settle.drain(engine, rules(), ways, clock=lambda _: now)


def state_of(engine: Engine, message_id: int) -> str:
    with Session(engine) as session:
        found: str = session.execute(text("SELECT state FROM message WHERE id = :id"), {"id": message_id}).scalar_one()
        return found


def reason_of(engine: Engine, message_id: int) -> str | None:
    with Session(engine) as session:
        query = text("SELECT block_reason FROM message WHERE id = :id")
        found: str | None = session.execute(query, {"id": message_id}).scalar_one()
        return found


def alerts(engine: Engine, kind: str) -> list[tuple[int | None, int | None, str]]:
    """The alerts of a kind: (message, practitioner, state)."""
    with Session(engine) as session:
        query = text("SELECT message_id, practitioner_id, state FROM alert WHERE kind = :kind ORDER BY id")
        return [tuple(row) for row in session.execute(query, {"kind": kind})]  # type: ignore[misc]
