"""The action plan of a household: agreed, moved, done or cancelled by people; asked about in sets when overdue.

Never commits.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from models.db import history, standing_alerts
from models.db.follow_up_rows import ChangedMeanwhile, IllegalTransition, NotAllowed
from models.db.packing import packed, unpacked
from models.db.scope import Scope
from models.domain import dedupe, transitions
from models.domain.action_plan import ActionEvent, advance
from models.domain.ids import HouseholdId
from models.domain.words import ActorKind, AlertKind, AlertState, PlannedActionState


class Overdue(NamedTuple):
    """An open action past its due time, about which somebody has to be told now; locked."""

    id: int
    household_id: int
    team_id: int | None
    owner_practitioner_id: int
    due_on: date
    times_asked: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What an asking leaves on an action."""

    id: int
    times_asked: int
    next_due_at: datetime
    practitioner_id: int | None  # who was told
    pool: int | None


@dataclass(frozen=True, slots=True)
class NewAction:
    """An action as people agreed it. `agency`: who does it outside; our owner asks them for it."""

    household_id: HouseholdId
    team_id: int | None
    what: str
    owner_practitioner_id: int
    agency: str | None
    due_on: date
    due_at: datetime


class ActionRow(NamedTuple):
    """One action as the family's page shows it."""

    id: int
    what: str
    owner_name: str
    agency: str | None
    due_on: date
    state: str
    next_due_at: datetime | None
    times_asked: int
    agreed_by: str
    agreed_at: datetime
    ended_by: str | None
    ended_at: datetime | None
    ended_note: str | None
    row_version: int


def agree(session: Session, new: NewAction, *, account: Scope, now: datetime) -> int:
    """Add an action to a household's plan; return its id. Raises NotAllowed where it does not say what to do."""
    if not new.what.strip():
        raise NotAllowed("an action needs what is to be done")
    found = int(session.execute(_AGREE, {**_values(new), "by": account.actor, "now": now}).scalar_one())
    _tell(session, found, ActionEvent.AGREED, new.household_id, account, now, note=None)
    return found


def move(
    session: Session,
    *,
    action_id: int,
    row_version: int,
    due_on: date,
    due_at: datetime,
    reason: str,
    account: Scope,
    now: datetime,
) -> None:
    """Give an open action another due date, with the reason. Raises ChangedMeanwhile, IllegalTransition, NotAllowed."""
    row = _lock(session, action_id, row_version)
    _after(row, ActionEvent.MOVED)
    if not reason.strip():
        raise NotAllowed("moving an action needs the reason")
    session.execute(_MOVE, {"id": action_id, "on": due_on, "due": due_at})
    _end_alert(session, row, account, now, outcome="moved")
    detail = {"from": row["due_on"].isoformat(), "to": due_on.isoformat()}
    _tell(session, action_id, ActionEvent.MOVED, row["household_id"], account, now, note=reason, detail=detail)


def end(
    session: Session, *, action_id: int, row_version: int, event: ActionEvent, note: str, account: Scope, now: datetime
) -> PlannedActionState:
    """Say that an action is DONE, with what shows it, or CANCELLED, with the reason; return its state.

    Raises ChangedMeanwhile, IllegalTransition for one that has ended, NotAllowed without the note.
    """
    row = _lock(session, action_id, row_version)
    state = _after(row, event)
    if not note.strip():
        raise NotAllowed("ending an action needs what shows that it is done, or why it is no longer needed")
    session.execute(_END, {"id": action_id, "state": state, "by": account.actor, "now": now, "note": note})
    _end_alert(session, row, account, now, outcome=state)
    _tell(session, action_id, event, row["household_id"], account, now, note=note)
    return state


def of_household(session: Session, household_id: HouseholdId) -> list[ActionRow]:
    """The plan: open actions by due date, then those that ended lately. The caller has checked the scope."""
    return [ActionRow._make(row) for row in session.execute(_LIST, {"household": household_id})]


def belongs(session: Session, action_id: int, household_id: HouseholdId) -> bool:
    """Whether an action is of this household."""
    given = {"id": action_id, "household": household_id}
    return session.execute(_BELONGS, given).scalar_one_or_none() is not None


def overdue(session: Session, *, now: datetime, limit: int) -> list[Overdue]:
    """Lock up to `limit` actions about which somebody has to be told now."""
    return [Overdue._make(row) for row in session.execute(_OVERDUE, {"now": now, "limit": limit})]


def asked(session: Session, rows: Sequence[Asked], *, now: datetime) -> None:
    """Store that actions were asked about, with their histories."""
    if rows:
        given = {**packed(rows, _ASKS), "now": now}
        session.execute(_ASKED, given)
        session.execute(_TELL_ASKED, given)


def ask_key(action_id: int, *, due_on: date, times: int) -> str:
    """Return the key of one asking; a moved action has another due date, so its askings are new ones."""
    return dedupe.ask(AlertKind.ACTION_OVERDUE, "planned_action", action_id, occasion=str(due_on), times=times)


def _lock(session: Session, action_id: int, row_version: int) -> RowMapping:
    row = session.execute(_LOCK, {"id": action_id}).mappings().one_or_none()
    if row is None or row["row_version"] != row_version:
        raise ChangedMeanwhile(f"action {action_id} has changed since it was shown")
    return row


def _after(row: RowMapping, event: ActionEvent) -> PlannedActionState:
    try:
        return advance(PlannedActionState(row["state"]), event)
    except transitions.IllegalTransition as error:
        raise IllegalTransition(f"action {row['id']}: {error}") from error


def _end_alert(session: Session, row: RowMapping, account: Scope, now: datetime, *, outcome: str) -> None:
    key = ask_key(row["id"], due_on=row["due_on"], times=row["times_asked"])
    standing_alerts.end_by_key(session, [key], state=AlertState.DONE, outcome=outcome, by=account.actor, now=now)


def _tell(
    session: Session,
    action_id: int,
    event: ActionEvent,
    household_id: HouseholdId,
    account: Scope,
    now: datetime,
    *,
    note: str | None,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Append to the action's history and to the audit trail."""
    given = {"id": action_id, "now": now, "event": event, "by": account.actor, "note": note}
    session.execute(
        _TELL, given | {"kind": ActorKind.PERSON, "detail": None if detail is None else json.dumps(dict(detail))}
    )
    history.audited(
        session,
        action=f"action_{event}",
        subject="planned_action",
        subject_id=action_id,
        household_id=household_id,
        actor=account,
        now=now,
    )


def _values(new: NewAction) -> dict[str, object]:
    return {name: getattr(new, name) for name in new.__slots__}


_AGREE = text(
    """
    INSERT INTO planned_action (household_id, team_id, what, owner_practitioner_id, agency, due_on, next_due_at,
        agreed_by, agreed_at)
    VALUES (:household_id, :team_id, :what, :owner_practitioner_id, nullif(:agency, ''), :due_on, :due_at, :by, :now)
    RETURNING id
    """
)
_LOCK = text(
    "SELECT id, state, times_asked, due_on, household_id, row_version FROM planned_action WHERE id = :id FOR UPDATE"
)
_MOVE = text(
    """
    UPDATE planned_action SET due_on = :on, next_due_at = :due, times_asked = 0, row_version = row_version + 1
    WHERE id = :id
    """
)
_END = text(
    """
    UPDATE planned_action SET state = :state, next_due_at = NULL, ended_by = :by, ended_at = :now, ended_note = :note,
        row_version = row_version + 1
    WHERE id = :id
    """
)
_TELL = text(
    """
    INSERT INTO planned_action_event (action_id, at, event, actor_kind, actor, note, detail)
    VALUES (:id, :now, :event, :kind, :by, :note, CAST(:detail AS jsonb))
    """
)
_LIST = text(
    """
    SELECT a.id, a.what, p.name, a.agency, a.due_on, a.state, a.next_due_at, a.times_asked, a.agreed_by, a.agreed_at,
           a.ended_by, a.ended_at, a.ended_note, a.row_version
    FROM planned_action a JOIN practitioner p ON p.id = a.owner_practitioner_id
    WHERE a.household_id = :household
    ORDER BY (a.state = 'open') DESC, CASE WHEN a.state = 'open' THEN a.due_on END, a.ended_at DESC, a.id LIMIT 50
    """
)
_BELONGS = text("SELECT 1 FROM planned_action WHERE id = :id AND household_id = :household")
_OVERDUE = text(
    """
    SELECT a.id, a.household_id, coalesce(a.team_id, h.team_id), a.owner_practitioner_id, a.due_on, a.times_asked
    FROM planned_action a JOIN household h ON h.id = a.household_id
    WHERE a.next_due_at <= :now ORDER BY a.next_due_at, a.id LIMIT :limit FOR NO KEY UPDATE OF a SKIP LOCKED
    """
)
_ASKS = (
    ("id", "bigint"),
    ("times_asked", "bigint"),
    ("next_due_at", "timestamptz"),
    ("practitioner_id", "bigint"),
    ("pool", "bigint"),
)
_ASKED = text(
    f"""
    UPDATE planned_action a SET times_asked = u.times_asked, next_due_at = u.next_due_at
    FROM {unpacked(_ASKS, alias="u")} WHERE a.id = u.id
    """
)
_TELL_ASKED = text(
    f"""
    INSERT INTO planned_action_event (action_id, at, event, actor_kind, actor, detail)
    SELECT id, :now, 'asked', 'engine', 'engine',
           jsonb_build_object('times', times_asked, 'practitioner_id', practitioner_id, 'team_id', pool)
    FROM {unpacked(_ASKS, alias="u")} ORDER BY u.place
    """
)
