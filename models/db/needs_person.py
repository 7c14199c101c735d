"""What waits for a person beside the follow-ups: late feeds, backlog to go through, texts of unknown fate, conflicts.

These are the open alerts with a due time of their own; a follow-up drives the rest, and its list shows them.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select, true
from sqlalchemy.orm import Session

from models.db.scope import Scope
from models.db.tables import Alert, InboundMessage, Message, Person, Practitioner, Source, Team
from models.domain.ids import AlertId
from models.domain.words import AccountRole, AlertKind, AlertState, Urgency

PAGE = 100  # the page shows this many, the most urgent first, and says so when there are more

# Alerts that only the system's keepers and the trust-wide roles can act on.
_OF_THE_SYSTEM = (AlertKind.FEED_LATE, AlertKind.FEED_SMALL, AlertKind.REJECTED_ROWS, AlertKind.AUDIT_VIOLATION)


@dataclass(frozen=True, slots=True)
class WaitingAlert:
    """One alert with the names beside it; `detail` holds counts and codes only."""

    id: AlertId
    kind: AlertKind
    urgency: Urgency
    raised_at: datetime
    next_due_at: datetime | None
    times_raised: int
    acknowledged_by: str | None
    follow_up_id: int | None
    referral_prompt_id: int | None
    message_id: int | None
    household_id: int | None
    person_name: str | None
    source_name: str | None
    team_name: str | None
    owner_name: str | None
    owner_team_name: str | None
    block_reason: str | None
    reply: str | None  # what a family wrote
    detail: dict[str, Any]


def waiting(session: Session, scope: Scope) -> list[WaitingAlert]:
    """The open alerts that `scope` may act on, red flags first, then by due time; at most PAGE."""
    owner_team = Team.__table__.alias("owner_team")
    urgency = case({Urgency.RED_FLAG.value: 0, Urgency.URGENT.value: 1}, value=Alert.urgency, else_=2)
    found = (
        select(
            Alert,
            Person.name.label("person"),
            Source.name.label("source"),
            Team.name.label("team"),
            Practitioner.name.label("owner"),
            owner_team.c.name.label("owner_team"),
            Message.block_reason,
            InboundMessage.body,
        )
        .outerjoin(Person, Person.id == Alert.person_id)
        .outerjoin(Source, Source.id == Alert.source_id)
        .outerjoin(Team, Team.id == Alert.team_id)
        .outerjoin(Practitioner, Practitioner.id == Alert.practitioner_id)
        .outerjoin(owner_team, owner_team.c.id == Alert.owner_team_id)
        .outerjoin(Message, Message.id == Alert.message_id)
        .outerjoin(InboundMessage, InboundMessage.alert_id == Alert.id)
        .where(_waits(scope))
        .order_by(urgency, Alert.next_due_at, Alert.id)
        .limit(PAGE)
    )
    return [_waiting(row) for row in session.execute(found)]


def count(session: Session, scope: Scope) -> int:
    """How many wait, but never more than PAGE + 1: the count stops there."""
    few = select(Alert.id).where(_waits(scope)).limit(PAGE + 1).subquery()
    return session.scalar(select(func.count()).select_from(few)) or 0


class OpenAlert(NamedTuple):
    """What an open alert asks for, how urgently, and what it says besides."""

    kind: AlertKind
    urgency: Urgency
    detail: dict[str, object]


def open_alert(session: Session, scope: Scope, alert_id: AlertId) -> OpenAlert | None:
    """The alert, for whoever takes it on or ends it; None if `scope` may not."""
    wanted = select(Alert.kind, Alert.urgency, Alert.detail).where(Alert.id == alert_id, _waits(scope))
    found = session.execute(wanted).one_or_none()
    return None if found is None else OpenAlert(AlertKind(found.kind), Urgency(found.urgency), found.detail or {})


def _waits(scope: Scope) -> ColumnElement[bool]:
    return and_(Alert.state == AlertState.OPEN, Alert.next_due_at.is_not(None), _reach(scope))


def _reach(scope: Scope) -> ColumnElement[bool]:
    """A team's alerts for its people; what is no family's for whoever owns it and the roles that keep the system."""
    keeps_system = scope.role in (AccountRole.ADMINISTRATOR, AccountRole.TEAM_LEAD, AccountRole.NAMED_NURSE)
    no_family = and_(Alert.household_id.is_(None), Alert.person_id.is_(None))
    of_system = and_(Alert.kind.in_(_OF_THE_SYSTEM), no_family)
    mine = false() if scope.practitioner_id is None else Alert.practitioner_id == scope.practitioner_id
    return or_(
        scope.condition(func.coalesce(Alert.team_id, Alert.owner_team_id)),
        and_(no_family, mine),
        and_(mine, true() if scope.sees_families else false()),
        of_system if keeps_system else false(),
    )


def _waiting(row: Any) -> WaitingAlert:
    alert: Alert = row.Alert
    return WaitingAlert(
        id=AlertId(alert.id),
        kind=AlertKind(alert.kind),
        urgency=Urgency(alert.urgency),
        raised_at=alert.raised_at,
        next_due_at=alert.next_due_at,
        times_raised=alert.times_raised,
        acknowledged_by=alert.acknowledged_by,
        follow_up_id=alert.follow_up_id,
        referral_prompt_id=alert.referral_prompt_id,
        message_id=alert.message_id,
        household_id=alert.household_id,
        person_name=row.person,
        source_name=row.source,
        team_name=row.team,
        owner_name=row.owner,
        owner_team_name=row.owner_team,
        block_reason=row.block_reason,
        reply=row.body,
        detail=alert.detail or {},
    )
