"""Families that moved out: the receiver's acceptance, recorded by a person, and taken back. Never commits.

Until it is recorded the family is the sender's: its follow-ups climb, and none closes as a transfer (hazard 17).
"""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.follow_up_actions import REOPENED
from models.db.follow_up_rows import ChangedMeanwhile, NotAllowed
from models.db.scope import Scope
from models.domain import dedupe
from models.domain.words import AlertKind, HandoverWay


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Who accepted the people of these holds, for which service, when and how. `accepted_at` is aware, not to come."""

    holds: frozenset[int]
    household_id: int
    receiver: str
    accepted_by: str
    accepted_at: datetime
    way: HandoverWay
    note: str


def accept(session: Session, acceptance: Acceptance, *, account: Scope, now: datetime) -> int:
    """Record an acceptance; return its id. Its people's contacts are the receiver's from now on; texts stay blocked.

    Follow-ups are closed by a person, each with its note. Raises ChangedMeanwhile where one of the holds has ended or
    was accepted already, NotAllowed where the act does not say who accepted and where, or lies in the future.
    """
    if not acceptance.receiver.strip() or not acceptance.accepted_by.strip():
        raise NotAllowed("write which service accepted the family, and who there said so")
    if acceptance.accepted_at > now:
        raise NotAllowed("the acceptance lies in the future; record it once they have accepted")
    found = session.scalars(_LOCK, {"ids": sorted(acceptance.holds), "household": acceptance.household_id}).all()
    if not acceptance.holds or set(found) != acceptance.holds:
        raise ChangedMeanwhile("who has moved out has changed since it was shown; look at it again")
    params = {
        "receiver": acceptance.receiver, "accepted_by": acceptance.accepted_by, "at": acceptance.accepted_at,
        "way": acceptance.way, "note": acceptance.note, "by": account.actor, "account": account.account_id,
        "ids": sorted(acceptance.holds), "household": acceptance.household_id, "now": now,
    }  # fmt: skip
    handover_id: int = session.execute(_ACCEPT, params).scalar_one()
    keys = [dedupe.subject_alert(AlertKind.HOLD_ENDING, "hold", hold) for hold in sorted(acceptance.holds)]
    session.execute(_SETTLE_HOLDS, {**params, "handover": handover_id, "keys": keys})
    session.execute(_CONTACTS_END, {**params, "handover": handover_id})
    _told(session, "handover.accepted", handover_id, params, detail={"way": acceptance.way})
    return handover_id


def withdraw(
    session: Session, handover_id: int, *, reason: str, review: datetime, account: Scope, now: datetime
) -> int:
    """The receiver does not have the family after all: it is ours again, and what was closed by it is open again.

    Return how many follow-ups were opened. `review`: by when a person looks at the holds again.
    """
    if not reason.strip():
        raise NotAllowed("taking an acceptance back needs a reason; write why")
    params = {"handover": handover_id, "reason": reason, "by": account.actor, "account": account.account_id,
              "household": None, "review": review, "now": now}  # fmt: skip
    if session.scalar(_WITHDRAW, params) is None:
        raise ChangedMeanwhile(f"acceptance {handover_id} was taken back already")
    session.execute(_CONTACTS_BACK, params)
    session.execute(_OURS_AGAIN, params)
    _told(session, "handover.withdrawn", handover_id, params, detail={})
    return int(session.execute(_OPEN_AGAIN, params).scalar_one())


def _told(session: Session, action: str, handover_id: int, params: dict[str, object], *, detail: object) -> None:
    session.execute(_AUDIT, {**params, "handover": handover_id, "action": action, "detail": json.dumps(detail)})


_LOCK = text(
    """
    SELECT h.id FROM hold h
    WHERE h.id = ANY(CAST(:ids AS bigint[])) AND h.kind = 'moved_out' AND h.ended_at IS NULL AND h.handover_id IS NULL
      AND (h.household_id = :household OR EXISTS (
          SELECT FROM household_member m WHERE m.household_id = :household AND m.person_id = h.person_id
            AND m.valid_until IS NULL))
    ORDER BY h.id FOR UPDATE OF h
    """
)
_ACCEPT = text(
    """
    INSERT INTO handover (receiver, accepted_by, accepted_at, way, note, recorded_by, recorded_at)
    VALUES (:receiver, :accepted_by, :at, :way, nullif(:note, ''), :by, :now) RETURNING id
    """
)
# Nothing waits any more: the receiver has them. The hold goes on standing, so that nobody here texts them.
_SETTLE_HOLDS = text(
    """
    WITH settled AS (
        UPDATE hold SET handover_id = :handover, next_due_at = NULL WHERE id = ANY(CAST(:ids AS bigint[])) RETURNING id
    ), over AS (
        UPDATE alert SET state = 'done', ended_at = :now, ended_by = :by, outcome = 'handed_over'
        WHERE alert.dedupe_key = ANY(CAST(:keys AS text[])) AND alert.state = 'open'
    )
    INSERT INTO hold_event (hold_id, at, event, actor_kind, actor, detail)
    SELECT id, :now, 'handed_over', 'person', :by, jsonb_build_object('handover', CAST(:handover AS bigint))
    FROM settled
    """
)
_PEOPLE = """
    SELECT h.person_id FROM hold h WHERE h.handover_id = :handover AND h.person_id IS NOT NULL
    UNION SELECT m.person_id FROM hold h JOIN household_member m ON m.household_id = h.household_id
          WHERE h.handover_id = :handover AND m.valid_until IS NULL
"""
_CONTACTS_END = text(
    f"""
    UPDATE expected_contact SET state = 'not_applicable', next_due_at = NULL
    WHERE state IN ('planned', 'booked') AND person_id IN ({_PEOPLE})
    """
)
_CONTACTS_BACK = text(
    f"""
    UPDATE expected_contact SET state = 'planned', next_due_at = :now
    WHERE state = 'not_applicable' AND person_id IN ({_PEOPLE})
    """
)
_WITHDRAW = text(
    """
    UPDATE handover SET withdrawn_at = :now, withdrawn_by = :by, withdrawn_reason = :reason
    WHERE id = :handover AND withdrawn_at IS NULL RETURNING id
    """
)
_OURS_AGAIN = text(
    """
    WITH ours AS (
        UPDATE hold SET handover_id = NULL, next_due_at = :review, review_at = :review
        WHERE handover_id = :handover AND ended_at IS NULL RETURNING id
    )
    INSERT INTO hold_event (hold_id, at, event, actor_kind, actor, reason)
    SELECT id, :now, 'handover_withdrawn', 'person', :by, :reason FROM ours
    """
)
_OPEN_AGAIN = text(
    f"""
    WITH reopened AS (
        UPDATE follow_up SET {REOPENED}, handover_id = NULL, row_version = row_version + 1
        WHERE handover_id = :handover AND state = 'closed' RETURNING id
    ), asked AS (
        UPDATE follow_up SET handover_id = NULL,
            state = CASE WHEN seen_at IS NULL THEN 'open' ELSE 'seen' END, closing_by = NULL, closing_reason = NULL,
            closing_note = NULL, next_due_at = :now, row_version = row_version + 1
        WHERE handover_id = :handover AND state = 'closing' RETURNING id, state
    ), told AS (
        INSERT INTO follow_up_event (follow_up_id, at, event, from_state, to_state, actor_kind, actor, reason)
        SELECT id, :now, 'reopened', 'closed', 'open', 'person', :by, :reason FROM reopened
        UNION ALL SELECT id, :now, 'closing_refused', 'closing', state, 'person', :by, :reason FROM asked
    )
    SELECT (SELECT count(*) FROM reopened) + (SELECT count(*) FROM asked)
    """
)
_AUDIT = text(
    """
    INSERT INTO audit_entry (at, actor_kind, actor, account_id, action, subject, subject_id, household_id, detail)
    SELECT :now, 'person', :by, :account, :action, 'handover', :handover, coalesce(CAST(:household AS bigint), (
        SELECT coalesce(h.household_id, (SELECT min(m.household_id) FROM household_member m
                                         WHERE m.person_id = h.person_id AND m.valid_until IS NULL))
        FROM hold h WHERE h.handover_id = :handover ORDER BY h.id LIMIT 1)), CAST(:detail AS jsonb)
    """
)
