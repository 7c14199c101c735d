"""The one alert per missed contact or discharge that asks a person about sharing: raised, timed, ended by the deciding.

Never commits.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import alerts, messages
from models.db.alerts import NewAlert
from models.db.people_resolution import Directory, Whose
from models.domain import dedupe
from models.domain.words import AlertKind, OwnerRole, Urgency

_WHO_DECIDES = (
    OwnerRole.PRACTITIONER,
    OwnerRole.TEAM_POOL,
    OwnerRole.TEAM_LEAD,
    OwnerRole.HEAD_OF_SERVICE,
    OwnerRole.LAST_RESORT,
)
_WHO_LEADS = (OwnerRole.TEAM_LEAD, OwnerRole.HEAD_OF_SERVICE, OwnerRole.LAST_RESORT)
Cause = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the alert of one cause needs. `disclosure_id`: where its page begins."""

    cause: Cause
    disclosure_id: int
    person_id: int
    household_id: int | None
    practitioner_id: int | None
    team_id: int | None
    high_risk: bool
    next_due_at: datetime


def ask(session: Session, asked: Sequence[Asked], *, staff: Directory, now: datetime) -> None:
    """Ask whoever sees the adult, else their lead; one alert a cause. One that is open keeps its due time."""
    by_cause = {one.cause: one for one in reversed(asked)}
    new = [_alert(one, staff) for one in by_cause.values()]
    messages.alert_emails(session, alerts.raise_or_renew(session, new, now=now), now=now)


def tell_of_hold(
    session: Session, asked: Asked, *, hold: int, not_to: int | None, staff: Directory, now: datetime
) -> None:
    """Tell the lead that it is held; where the lead holds it, the role above. `not_to`: who holds it."""
    whose = Whose(None, None, asked.team_id)
    reached = staff.resolve(whose, _WHO_LEADS)
    if reached.practitioner_id is not None and reached.practitioner_id == not_to:
        reached = staff.resolve(whose, _WHO_LEADS[1:])
    alert = NewAlert(
        kind=AlertKind.DISCLOSURE_DUE,
        urgency=Urgency.URGENT if asked.high_risk else Urgency.ROUTINE,
        dedupe_key=hold_key(asked.disclosure_id, hold),
        practitioner_id=reached.practitioner_id,
        owner_team_id=reached.owner_team_id,
        household_id=asked.household_id,
        person_id=asked.person_id,
        team_id=asked.team_id,
        audience_role=reached.role,
        next_due_at=asked.next_due_at,
        detail=json.dumps({"disclosure_id": asked.disclosure_id, "hold": True}),
    )
    messages.alert_emails(session, alerts.raise_many(session, [alert], now=now), now=now)


def keep_in_time(session: Session, causes: Collection[Cause], *, by: str, now: datetime, today: date) -> None:
    """Time the alerts of these causes by what is undecided there; end those with nothing left, and of holds that ended.

    What an agreement will tell by itself needs nobody.
    """
    if causes:
        ordered = sorted(set(causes))
        params = {
            "tables": [cause for cause, _ in ordered],
            "ids": [row_id for _, row_id in ordered],
            "keys": [key(cause) for cause in ordered],
            "by": by,
            "now": now,
            "today": today,
        }
        session.execute(_TIME, params)
        session.execute(_END_HOLDS, params)


def end_hold(session: Session, disclosure_id: int, hold: int, *, by: str, now: datetime) -> bool:
    """The lead has looked at a hold; return whether the alert was open."""
    params = {"key": hold_key(disclosure_id, hold), "by": by, "now": now}
    return session.execute(_END_ONE, params).one_or_none() is not None


def key(cause: Cause) -> str:
    """Return the key of the alert of one cause."""
    return dedupe.subject_alert(AlertKind.DISCLOSURE_DUE, *cause)


def hold_key(disclosure_id: int, hold: int) -> str:
    """Return the key of the alert of one hold of a question."""
    return dedupe.subject_alert(AlertKind.DISCLOSURE_DUE, "hold", disclosure_id, since=str(hold))


def _alert(one: Asked, staff: Directory) -> NewAlert:
    reached = staff.resolve(Whose(one.practitioner_id, None, one.team_id), _WHO_DECIDES)
    return NewAlert(
        kind=AlertKind.DISCLOSURE_DUE,
        urgency=Urgency.URGENT if one.high_risk else Urgency.ROUTINE,
        dedupe_key=key(one.cause),
        practitioner_id=reached.practitioner_id,
        owner_team_id=reached.owner_team_id,
        household_id=one.household_id,
        person_id=one.person_id,
        team_id=one.team_id,
        audience_role=reached.role,
        next_due_at=one.next_due_at,
        detail=json.dumps({"disclosure_id": one.disclosure_id}),
    )


_OF_CAUSE = """
    (u.cause = 'appointment' AND d.appointment_id = u.id OR u.cause = 'discharge' AND d.discharge_id = u.id)
"""
_CAUSES = "unnest(CAST(:tables AS text[]), CAST(:ids AS bigint[]), CAST(:keys AS text[])) AS u (cause, id, key)"
_TIME = text(
    f"""
    WITH left_over AS (
        SELECT u.key, min(d.next_due_at) AS due
        FROM {_CAUSES} LEFT JOIN disclosure d ON {_OF_CAUSE} AND d.next_due_at IS NOT NULL
          AND NOT (d.state = 'waiting' AND d.may_be_automatic AND EXISTS (
              SELECT FROM sharing_agreement s WHERE s.from_service = d.from_service AND s.to_service = d.to_service
                AND s.ended_at IS NULL AND s.valid_until >= :today))
        GROUP BY u.key
    )
    UPDATE alert SET next_due_at = coalesce(left_over.due, alert.next_due_at),
        state = CASE WHEN left_over.due IS NULL THEN 'done' ELSE 'open' END,
        ended_at = CASE WHEN left_over.due IS NULL THEN CAST(:now AS timestamptz) END,
        ended_by = CASE WHEN left_over.due IS NULL THEN CAST(:by AS text) END,
        outcome = CASE WHEN left_over.due IS NULL THEN 'decided' END
    FROM left_over WHERE alert.dedupe_key = left_over.key AND alert.state = 'open'
    """
)
_ENDED = "state = 'done', ended_at = :now, ended_by = :by, outcome = 'decided'"
_END_HOLDS = text(
    f"""
    UPDATE alert SET {_ENDED}
    FROM {_CAUSES} JOIN disclosure d ON {_OF_CAUSE}
    WHERE alert.dedupe_key = 'alert:disclosure_due:hold:' || d.id || ':' || d.times_held
      AND alert.state = 'open' AND d.state <> 'held'
    """
)
_END_ONE = text(f"UPDATE alert SET {_ENDED} WHERE dedupe_key = :key AND state = 'open' RETURNING id")
