"""A person gives follow-ups to somebody: one, or all that a practitioner holds. Never commits.

What is given is told to its new holder by the engine, at once (workers/hand_over.py), and stays theirs before whoever
was booked or holds the caseload. No import takes it back.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import history, people_resolution
from models.db.follow_up_rows import IllegalTransition, NotAllowed, change, lock, tell
from models.db.scope import Scope
from models.domain.ids import FollowUpId, PractitionerId
from models.domain.words import FollowUpState
from models.domain.working_time import WorkingCalendar

_CLIMBING = (FollowUpState.OPEN, FollowUpState.SEEN, FollowUpState.CLOSING)


def assign(
    session: Session,
    *,
    follow_up_id: FollowUpId,
    row_version: int,
    to: PractitionerId,
    reason: str,
    account: Scope,
    calendar: WorkingCalendar,
    now: datetime,
) -> None:
    """Give one follow-up to a practitioner, with a reason. Raises ChangedMeanwhile, IllegalTransition, NotAllowed."""
    row = lock(session, follow_up_id, row_version)
    if row.state not in _CLIMBING:
        raise IllegalTransition(f"follow-up {row.id} is {row.state}; expected one that somebody works on")
    _check(session, to, reason, calendar, now)
    change(
        session,
        row,
        "assigned_practitioner_id = :to, assigned_at = :now, owner_practitioner_id = :to, owner_team_id = NULL,"
        " acknowledged_by = NULL, acknowledged_at = NULL, acknowledged_until = NULL, next_due_at = :now",
        {"to": to, "now": now},
    )
    tell(session, row, "reassigned", row.state, account, now, reason=reason, detail={"practitioner_id": to})


def assign_all(
    session: Session,
    *,
    holder: PractitionerId,
    to: PractitionerId,
    reason: str,
    account: Scope,
    calendar: WorkingCalendar,
    now: datetime,
) -> int:
    """Give all that `holder` holds, within the account's scope, to a colleague; return how many. Raises NotAllowed.

    Backlog stays: it is the team's to triage. Each has its line in its story and in the audit trail.
    """
    if holder == to:
        raise NotAllowed("expected another person than the one who has them now")
    _check(session, to, reason, calendar, now)
    given = {
        "holder": holder,
        "to": to,
        "now": now,
        "by": account.actor,
        "account": account.account_id,
        "reason": reason.strip(),
        "all_teams": account.all_teams,
        "teams": sorted(account.team_ids),
    }
    count = int(session.execute(_ASSIGN_ALL, given).scalar_one()) if account.sees_families else 0
    history.audited(
        session,
        action="reassigned_all",
        subject="practitioner",
        subject_id=holder,
        actor=account,
        now=now,
        why=reason.strip(),
        detail={"to": to, "follow_ups": count},
    )
    return count


def colleagues(
    session: Session, team_ids: Collection[int], *, calendar: WorkingCalendar, now: datetime
) -> list[tuple[PractitionerId, str, str, bool]]:
    """The people of these teams who are at work these days: id, name, role, and whether they are away now."""
    found = session.execute(_COLLEAGUES, {"teams": sorted(team_ids), "now": now, "today": calendar.civil_date(now)})
    return [(PractitionerId(row.id), row.name, row.role, row.away) for row in found]


def _check(session: Session, to: PractitionerId, reason: str, calendar: WorkingCalendar, now: datetime) -> None:
    if not reason.strip():
        raise NotAllowed("giving it to somebody needs a reason")
    today = calendar.civil_date(now)
    staff = people_resolution.directory(session, now=now, today=today, team_ids=set(), practitioner_ids={to})
    if not staff.is_there(to):
        raise NotAllowed("expected somebody who is at work now: neither away nor gone")


# Named columns only; a follow-up that somebody else has locked is waited for.
_ASSIGN_ALL = text(
    """
    WITH held AS MATERIALIZED (
        SELECT id, state, step_id, household_id FROM follow_up
        WHERE owner_practitioner_id = :holder AND state IN ('open', 'backlog', 'seen', 'closing') AND state <> 'backlog'
          AND (:all_teams OR team_id = ANY(CAST(:teams AS bigint[])))
        ORDER BY id FOR NO KEY UPDATE
    ), given AS (
        UPDATE follow_up f SET assigned_practitioner_id = :to, assigned_at = :now, owner_practitioner_id = :to,
            owner_team_id = NULL, acknowledged_by = NULL, acknowledged_at = NULL, acknowledged_until = NULL,
            next_due_at = :now, row_version = f.row_version + 1
        FROM held WHERE f.id = held.id
    ), told AS (
        INSERT INTO follow_up_event (follow_up_id, at, event, from_state, to_state, step_id, actor_kind, actor, reason,
                                     detail)
        SELECT id, :now, 'reassigned', state, state, step_id, 'person', :by, :reason,
               jsonb_build_object('practitioner_id', CAST(:to AS bigint)) FROM held
    ), noted AS (
        INSERT INTO audit_entry (at, actor_kind, actor, account_id, action, subject, subject_id, household_id, why)
        SELECT :now, 'person', :by, :account, 'reassigned', 'follow_up', id, household_id, :reason FROM held
    )
    SELECT count(*) FROM held
    """
)
_COLLEAGUES = text(
    """
    SELECT p.id, p.name, p.role, EXISTS (
        SELECT FROM absence a WHERE a.practitioner_id = p.id AND a.starts_at <= :now AND a.ends_at > :now
          AND a.called_off_at IS NULL) AS away
    FROM practitioner p
    WHERE p.team_id = ANY(CAST(:teams AS bigint[])) AND NOT p.last_resort
      AND coalesce(p.active_from <= :today, true) AND coalesce(p.active_until >= :today, true)
    ORDER BY p.name, p.id
    """
)
