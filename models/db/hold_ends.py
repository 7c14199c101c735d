"""Holds ended or kept on, by a person alone, each with its history; and what waited under them looked at again.

Never commits; nudge `engine` after the commit.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from models.db.follow_up_rows import ChangedMeanwhile, NotAllowed
from models.db.holds import HOUSEHOLD, beside
from models.db.scope import Scope
from models.domain import dedupe
from models.domain.holds import HoldRule, HoldRules, remind_at
from models.domain.words import AlertKind, HoldEnd, HoldKind, HoldScope
from models.domain.working_time import WorkingCalendar


@dataclass(frozen=True, slots=True)
class Ended:
    """A hold that a person has ended, as its consequences need it."""

    id: int
    kind: HoldKind
    person_id: int | None
    household_id: int | None
    pregnancy_id: int | None
    about_person_id: int | None


def end(
    session: Session, hold_id: int, *, how: HoldEnd, reason: str, account: Scope, rules: HoldRules, now: datetime
) -> Ended:
    """End a hold: its flags with it, reminders are planned again, waiting steps looked at. Texts were dropped for good.

    Raises ChangedMeanwhile for one that has ended, NotAllowed for a role its kind does not name, or without a reason.
    """
    row = _locked(session, hold_id)
    rule = rules.rules[HoldKind(row["kind"])]
    _check(account, rule, reason)
    params = {"id": hold_id, "by": account.actor, "how": how, "reason": reason, "now": now}
    session.execute(_END, params)
    _tell(session, hold_id, "ended", account, now, reason=reason, detail={"how": how})
    _end_alert(session, hold_id, outcome=how, account=account, now=now)
    wake(session, row, rule, by=account.actor, now=now)
    return Ended(
        id=hold_id,
        kind=rule.kind,
        person_id=row["person_id"],
        household_id=row["household_id"],
        pregnancy_id=row["pregnancy_id"],
        about_person_id=row["about_person_id"],
    )


def keep_on(
    session: Session,
    hold_id: int,
    *,
    review: datetime,
    reason: str,
    account: Scope,
    rules: HoldRules,
    calendar: WorkingCalendar,
    now: datetime,
) -> None:
    """Decide that a hold goes on: a person has to decide again by `review`. Raises as `end` does."""
    row = _locked(session, hold_id)
    rule = rules.rules[HoldKind(row["kind"])]
    _check(account, rule, reason)
    due = remind_at(rule, review, now=now, calendar=calendar)
    session.execute(_KEEP_ON, {"id": hold_id, "review": review, "due": due})
    _tell(session, hold_id, "kept_on", account, now, reason=reason, detail={"until": review.isoformat()})
    _end_alert(session, hold_id, outcome="kept_on", account=account, now=now)
    wake(session, row, rule, by=account.actor, now=now)


def wake(session: Session, row: RowMapping | Mapping[str, object], rule: HoldRule, *, by: str, now: datetime) -> None:
    """A hold has ended or has another end: look at waiting steps and reminders now, and end the flags that said it."""
    scope = {"person": row["person_id"], "household": row["household_id"], "pregnancy": row["pregnancy_id"]}
    people = list(session.scalars(_ON, scope))
    reached = beside(session, people) if rule.texts_reach is HoldScope.HOUSEHOLD else people
    params = {"id": row["id"], "people": people, "flags": sorted(rule.flags), "by": by, "now": now}
    session.execute(_END_FLAGS, params)
    session.execute(_WAKE_FOLLOW_UPS, {"people": people, "now": now})
    session.execute(_WAKE_REMINDERS, {"people": reached, "now": now})


def _locked(session: Session, hold_id: int) -> RowMapping:
    row = session.execute(_LOCK, {"id": hold_id}).mappings().one_or_none()
    if row is None:
        raise ChangedMeanwhile(f"hold {hold_id} has ended since it was shown")
    return row


def _check(account: Scope, rule: HoldRule, reason: str) -> None:
    if account.role not in rule.may_end:
        allowed = ", ".join(sorted(role.replace("_", " ") for role in rule.may_end))
        raise NotAllowed(f"this kind of hold is decided on by: {allowed}")
    if not reason.strip():
        raise NotAllowed("a hold is changed with a reason; write why")


def _end_alert(session: Session, hold_id: int, *, outcome: str, account: Scope, now: datetime) -> None:
    key = dedupe.subject_alert(AlertKind.HOLD_ENDING, "hold", hold_id)
    session.execute(_END_ALERT, {"key": key, "by": account.actor, "how": outcome, "now": now})


def _tell(
    session: Session,
    hold_id: int,
    event: str,
    account: Scope,
    now: datetime,
    *,
    reason: str,
    detail: Mapping[str, object],
) -> None:
    params = {
        "id": hold_id, "event": event, "actor": account.actor, "account": account.account_id, "reason": reason,
        "detail": json.dumps(dict(detail)), "now": now,
    }  # fmt: skip
    session.execute(_TELL, params)


_LOCK = text("SELECT * FROM hold WHERE id = :id AND ended_at IS NULL FOR UPDATE")
_END = text(
    """
    UPDATE hold SET ended_at = :now, ended_by = :by, ended_how = :how, ended_reason = :reason, next_due_at = NULL,
        apply_at = CASE WHEN :how = 'over' AND kind IN ('bereavement', 'pregnancy_ended') THEN apply_at END
    WHERE id = :id
    """
)
_KEEP_ON = text("UPDATE hold SET review_at = :review, next_due_at = :due WHERE id = :id")
_TELL = text(
    f"""
    WITH told AS (
        INSERT INTO hold_event (hold_id, at, event, actor_kind, actor, reason, detail)
        VALUES (:id, :now, :event, 'person', :actor, :reason, CAST(:detail AS jsonb))
    )
    INSERT INTO audit_entry (at, actor_kind, actor, account_id, action, subject, subject_id, household_id, why, detail)
    SELECT :now, 'person', :actor, :account, 'hold.' || CAST(:event AS text), 'hold', h.id, {HOUSEHOLD}, :reason,
           CAST(:detail AS jsonb)
    FROM hold h WHERE h.id = :id
    """
)
_END_ALERT = text(
    """
    UPDATE alert SET state = 'done', ended_at = :now, ended_by = :by, outcome = :how
    WHERE dedupe_key = :key AND state = 'open'
    """
)
# Whom a hold is on: the person, everybody in the household, or the mother.
_ON = text(
    """
    SELECT CAST(:person AS bigint) AS person_id WHERE CAST(:person AS bigint) IS NOT NULL
    UNION SELECT person_id FROM household_member
          WHERE household_id = CAST(:household AS bigint) AND valid_until IS NULL
    UNION SELECT mother_id FROM pregnancy WHERE id = CAST(:pregnancy AS bigint)
    """
)
_END_FLAGS = text(
    """
    WITH over AS (
        UPDATE flag SET ended_at = :now, ended_by = :by
        WHERE person_id = ANY(CAST(:people AS bigint[])) AND ended_at IS NULL AND code = ANY(CAST(:flags AS text[]))
          AND NOT EXISTS (SELECT FROM hold WHERE id = :id AND ended_at IS NULL)
        RETURNING id, code
    )
    INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, why, detail)
    SELECT :now, 'person', :by, 'flag.ended', 'flag', id, 'its hold ended', jsonb_build_object('code', code) FROM over
    """
)
_WAKE_FOLLOW_UPS = text(
    """
    UPDATE follow_up SET next_due_at = :now
    WHERE person_id = ANY(CAST(:people AS bigint[])) AND state = 'open' AND next_due_at > :now
    """
)
_WAKE_REMINDERS = text(
    """
    UPDATE appointment SET reminders_due_at = :now
    WHERE person_id = ANY(CAST(:people AS bigint[])) AND status = 'booked' AND starts_at > :now
      AND vanished_at IS NULL
    """
)
