"""One follow-up that our own code fails on must not hold up the others: find it, put it off, tell the last resort.

It stays live and owned and comes back in a while, for as long as it takes; nobody's silence ends the task about it.
"""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from config.rules import Rules
from models.db import alerts, follow_ups, messages
from models.db.alerts import NewAlert
from models.db.follow_ups import Told
from models.db.people_resolution import Whose, directory
from models.domain import dedupe
from models.domain.words import AlertKind, OwnerRole, Urgency

log = structlog.get_logger(__name__)
AGAIN_AFTER = timedelta(minutes=10)  # below the auditor's bound for late work: it is put off, not forgotten
SMALLER = 8
MOST_ASIDE = 20  # in one drain; more means that the fault is not in the rows, and must not alert once for each

_PUT_OFF = text(
    """
    UPDATE follow_up SET next_due_at = :until WHERE id = (
        SELECT id FROM follow_up WHERE next_due_at <= :now AND (:every OR red_flag OR high_risk)
        ORDER BY next_due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, state, team_id, household_id, step_id
    """
)


def next_limit(limit: int, error: Exception) -> int:
    """Return how many to try after a set failed with `error`: fewer, down to one. A database that is gone is raised."""
    if isinstance(error, OperationalError | InterfaceError):
        raise error
    log.exception("a set of follow-ups failed", action="set_failed", tried=limit, error=type(error).__name__)
    return max(1, limit // SMALLER)


def put_off_first(session: Session, rules: Rules, *, now: datetime, urgent_only: bool, error: Exception) -> int:
    """Put off the follow-up that is due first, which failed alone; return how many that were. The caller commits."""
    row = session.execute(_PUT_OFF, {"now": now, "until": now + AGAIN_AFTER, "every": not urgent_only}).one_or_none()
    if row is None:
        return 0
    kind = type(error).__name__
    follow_ups.tell(session, [Told(row.id, "engine_fault", row.state, row.state, row.step_id, reason=kind)], now=now)
    today = rules.calendar.civil_date(now)
    staff = directory(session, now=now, today=today, team_ids=set(), practitioner_ids=set())
    reached = staff.resolve(Whose(None, None, None), (OwnerRole.LAST_RESORT,))
    alert = NewAlert(
        kind=AlertKind.AUDIT_VIOLATION,
        urgency=Urgency.URGENT,
        dedupe_key=dedupe.subject_alert(AlertKind.AUDIT_VIOLATION, "follow_up", row.id, since=today),
        practitioner_id=reached.practitioner_id,
        owner_team_id=reached.owner_team_id,
        household_id=row.household_id,
        team_id=row.team_id,
        audience_role=reached.role,
        next_due_at=now + AGAIN_AFTER * SMALLER,
        detail=f'{{"follow_up": {row.id}, "error": "{kind}"}}',
    )
    messages.alert_emails(session, alerts.raise_many(session, [alert], now=now), now=now)
    return 1
