"""What people do about a prompt: read it, take it on, decide (domain.md 4.2). Never commits.

An undecided prompt asks again by itself; one that was not referred asks again on its review date.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from models.db import history
from models.db.follow_up_rows import ChangedMeanwhile, IllegalTransition, NotAllowed
from models.db.scope import Scope
from models.domain import transitions
from models.domain.prompt_states import PromptEvent, advance
from models.domain.words import ActorKind, PromptDecision, PromptState, Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A decision as a person makes it. Not referring needs a reason, a reviewer and the day to look again.

    A red flag needs its answer in words whatever was decided: whom they reached, and what was agreed.
    """

    decision: PromptDecision
    reason: str = ""
    told: Sequence[str] = ()  # who was told, by code
    reviewer_id: int | None = None
    review_due_at: datetime | None = None


def view(session: Session, *, prompt_id: int, account: Scope, now: datetime) -> None:
    """Note that somebody who may act on it has read a prompt; the first to do so is kept. Nothing is put off."""
    row = _lock(session, prompt_id)
    state = _after(row, PromptEvent.VIEWED)
    if row["seen_by"] is None and state is PromptState.SEEN:
        session.execute(_SEEN, {"id": prompt_id, "by": account.actor, "now": now})
        _tell(session, prompt_id, PromptEvent.VIEWED, state, account, now)


def acknowledge(session: Session, *, prompt_id: int, until: datetime, account: Scope, now: datetime) -> None:
    """ "I am on it", until the lease ends; then it asks again. Raises ChangedMeanwhile, IllegalTransition."""
    row = _lock(session, prompt_id)
    state = _after(row, PromptEvent.ACKNOWLEDGED)
    if state is PromptState.DECIDED:
        raise IllegalTransition(f"prompt {prompt_id} has its decision already")
    session.execute(_ACKNOWLEDGE, {"id": prompt_id, "by": account.actor, "now": now, "until": until})
    session.execute(_ACKNOWLEDGE_ALERTS, {"id": prompt_id, "by": account.actor, "now": now, "until": until})
    _tell(session, prompt_id, PromptEvent.ACKNOWLEDGED, state, account, now, detail={"until": until.isoformat()})
    _audit(session, row, "prompt_acknowledged", account, now)


def decide_prompt(session: Session, *, prompt_id: int, made: Decision, account: Scope, now: datetime) -> list[int]:
    """Store the decision; it also answers the lighter prompts that wait for the same person. Return the ids answered.

    Raises ChangedMeanwhile for an unknown prompt, IllegalTransition for one already decided, NotAllowed where the
    reason, the reviewer or the review date is missing.
    """
    row = _lock(session, prompt_id)
    _after(row, PromptEvent.DECIDED)
    referred = made.decision is PromptDecision.REFER
    if not made.reason.strip() and not referred:
        raise NotAllowed("not referring needs a reason")
    if not made.reason.strip() and row["urgency"] == Urgency.RED_FLAG:
        raise NotAllowed("a red flag needs its answer: whom you reached, and what was agreed")
    if not referred and (made.reviewer_id is None or made.review_due_at is None or made.review_due_at <= now):
        raise NotAllowed("not referring needs somebody who looks again, and a day to come on which they do")
    params = {
        "id": prompt_id,
        "now": now,
        "by": account.actor,
        "decision": made.decision,
        "reason": made.reason,
        "told": json.dumps(list(made.told)),
        "reviewer": None if referred else made.reviewer_id,
        "review": None if referred else made.review_due_at,
    }
    session.execute(_DECIDE, params)
    answered = [prompt_id, *session.scalars(_DECIDE_LIGHTER, params)]
    session.execute(_END_ALERTS, params | {"ids": answered})
    detail: dict[str, object] = {"decision": made.decision, "told": list(made.told), "review": _iso(params["review"])}
    for one in answered:
        also: dict[str, object] = {"answered_with": prompt_id} if one != prompt_id else {}
        _tell(
            session,
            one,
            PromptEvent.DECIDED,
            PromptState.DECIDED,
            account,
            now,
            reason=made.reason or None,
            detail=detail | also,
        )
    _audit(session, row, "prompt_decided", account, now, why=made.reason, detail={"decision": made.decision})
    return answered


def _lock(session: Session, prompt_id: int) -> RowMapping:
    row = session.execute(_LOCK, {"id": prompt_id}).mappings().one_or_none()
    if row is None:
        raise ChangedMeanwhile(f"prompt {prompt_id} is gone; expected one that was shown")
    return row


def _after(row: RowMapping, event: PromptEvent) -> PromptState:
    try:
        return advance(PromptState(row["state"]), event)
    except transitions.IllegalTransition as error:
        raise IllegalTransition(f"prompt {row['id']}: {error}") from error


def _tell(
    session: Session,
    prompt_id: int,
    event: PromptEvent,
    state: PromptState,
    account: Scope,
    now: datetime,
    *,
    reason: str | None = None,
    detail: Mapping[str, object] | None = None,
) -> None:
    given = {"id": prompt_id, "now": now, "event": event, "state": state, "by": account.actor, "reason": reason}
    given |= {"kind": ActorKind.PERSON, "detail": None if detail is None else json.dumps(dict(detail))}
    session.execute(_TELL, given)


def _audit(
    session: Session,
    row: RowMapping,
    action: str,
    account: Scope,
    now: datetime,
    *,
    why: str | None = None,
    detail: Mapping[str, object] | None = None,
) -> None:
    history.audited(
        session,
        action=action,
        subject="referral_prompt",
        subject_id=row["id"],
        household_id=row["household_id"],
        actor=account,
        now=now,
        why=why,
        detail=detail,
    )


def _iso(at: object) -> str | None:
    return at.isoformat() if isinstance(at, datetime) else None


_LOCK = text("SELECT id, state, urgency, household_id, seen_by FROM referral_prompt WHERE id = :id FOR UPDATE")
_SEEN = text("UPDATE referral_prompt SET state = 'seen', seen_by = :by, seen_at = :now WHERE id = :id")
_ACKNOWLEDGE = text(
    """
    UPDATE referral_prompt SET state = 'seen', seen_by = coalesce(seen_by, :by), seen_at = coalesce(seen_at, :now),
        acknowledged_by = :by, acknowledged_until = :until, next_due_at = :until
    WHERE id = :id
    """
)
_ACKNOWLEDGE_ALERTS = text(
    """
    UPDATE alert SET acknowledged_by = :by, acknowledged_at = :now, next_due_at = :until
    WHERE referral_prompt_id = :id AND state = 'open'
    """
)
_DECIDED = """
    state = 'decided', decision = :decision, reason = :reason, decided_by = :by, decided_at = :now,
    told = CAST(:told AS jsonb), next_due_at = NULL, acknowledged_by = NULL, acknowledged_until = NULL
"""
_DECIDE = text(
    f"""
    UPDATE referral_prompt SET {_DECIDED}, reviewer_id = :reviewer, review_due_at = :review WHERE id = :id
    """
)
# A heavier one, a same-day assessment beside what is none, and every red flag need an answer of their own.
_DECIDE_LIGHTER = text(
    f"""
    UPDATE referral_prompt AS lighter SET {_DECIDED}, answered_with = :id
    FROM referral_prompt main
    WHERE main.id = :id AND lighter.person_id = main.person_id AND lighter.id <> main.id
      AND lighter.state <> 'decided' AND lighter.weight <= main.weight AND lighter.urgency <> 'red_flag'
      AND (main.same_day OR main.urgency = 'red_flag' OR NOT lighter.same_day)
    RETURNING lighter.id
    """
)
_END_ALERTS = text(
    """
    UPDATE alert SET state = 'done', ended_at = :now, ended_by = :by, outcome = :decision
    WHERE referral_prompt_id = ANY(CAST(:ids AS bigint[])) AND state = 'open'
    """
)
_TELL = text(
    """
    INSERT INTO prompt_event (prompt_id, at, event, to_state, actor_kind, actor, reason, detail)
    VALUES (:id, :now, :event, :state, :kind, :by, :reason, CAST(:detail AS jsonb))
    """
)
