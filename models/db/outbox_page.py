"""The message log: which texts there are, how they stand, to which masked number. Newest first, a page at a time."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.db.scope import Scope
from models.db.tables import ContactPoint, Message, MessageSubject, Team
from models.domain.ids import MessageId
from models.domain.sending import OUTBOX_SID
from models.domain.words import Audience, Channel, MessageState, Purpose

SHOWN_END = 3  # the digits of a number that a log shows


@dataclass(frozen=True, slots=True)
class LoggedText:
    """One text to a family. `body` is set once it was rendered for sending."""

    id: MessageId
    state: MessageState
    kept: bool  # in our own outbox: it has not left
    purpose: Purpose
    created_at: datetime
    send_after: datetime | None
    sent_at: datetime | None
    ended_at: datetime | None
    block_reason: str | None
    error_code: str | None
    body: str | None
    number: str
    team_name: str | None
    follow_up_id: int | None


def texts(
    session: Session, scope: Scope, *, state: MessageState | None, before: MessageId | None, size: int
) -> tuple[list[LoggedText], bool]:
    """The `size` newest texts to families before `before` that `scope` covers, and whether there are more."""
    follow_up = (
        select(MessageSubject.follow_up_id)
        .where(MessageSubject.message_id == Message.id, MessageSubject.follow_up_id.is_not(None))
        .limit(1)
        .scalar_subquery()
    )
    wanted = (
        select(Message, ContactPoint.number, Team.name.label("team"), follow_up.label("follow_up_id"))
        .outerjoin(ContactPoint, ContactPoint.id == Message.contact_point_id)
        .outerjoin(Team, Team.id == Message.team_id)
        .where(Message.channel == Channel.SMS, Message.audience == Audience.FAMILY, scope.condition(Message.team_id))
        .order_by(Message.id.desc())
        .limit(size + 1)
    )
    if state is not None:
        wanted = wanted.where(Message.state == state)
    if before is not None:
        wanted = wanted.where(Message.id < before)
    found = session.execute(wanted).all()
    return [_logged(*row) for row in found[:size]], len(found) > size


def masked(number: str | None) -> str:
    """A number of which only the last digits show: enough to recognise, not to ring."""
    return "not known" if not number else "•" * 6 + number[-SHOWN_END:]


def _logged(message: Message, number: str | None, team: str | None, follow_up_id: int | None) -> LoggedText:
    return LoggedText(
        id=MessageId(message.id),
        state=MessageState(message.state),
        kept=(message.provider_sid or "").startswith(OUTBOX_SID),
        purpose=Purpose(message.purpose),
        created_at=message.created_at,
        send_after=message.send_after,
        sent_at=message.sent_at,
        ended_at=message.ended_at,
        block_reason=message.block_reason,
        error_code=message.error_code,
        body=message.body,
        number=masked(number),
        team_name=team,
        follow_up_id=follow_up_id,
    )
