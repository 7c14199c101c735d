"""A person decides on a referral prompt (domain.md 4.2). Never commits; an undecided prompt asks again by itself."""

from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import history
from models.db.follow_up_rows import ChangedMeanwhile, IllegalTransition, NotAllowed
from models.db.scope import Scope
from models.domain.words import PromptDecision, PromptState


def decide_prompt(
    session: Session,
    *,
    prompt_id: int,
    decision: PromptDecision,
    reason: str,
    account: Scope,
    now: datetime,
    service: str | None = None,
    reply_due_at: datetime | None = None,
    review_on: date | None = None,
) -> int | None:
    """Store the decision; for REFER also the referral, which is chased from `reply_due_at` on. Return its id.

    Not referring needs a reason. Raises ChangedMeanwhile for an unknown prompt, IllegalTransition for one already
    decided, NotAllowed where the reason, the service or the time for its answer is missing.
    """
    found = session.execute(_LOCK, {"id": prompt_id}).mappings().one_or_none()
    if found is None:
        raise ChangedMeanwhile(f"prompt {prompt_id} is gone; expected one that was shown")
    if found["state"] == PromptState.DECIDED:
        raise IllegalTransition(f"prompt {prompt_id} has its decision already")
    if decision is not PromptDecision.REFER and not reason.strip():
        raise NotAllowed("not referring needs a reason")
    if decision is PromptDecision.REFER and (not service or reply_due_at is None):
        raise NotAllowed("a referral needs the service and the time by which it should answer")
    params = {"id": prompt_id, "now": now, "by": account.actor, "decision": decision, "reason": reason}
    session.execute(_DECIDE, {**params, "review_on": review_on})
    session.execute(_END_ALERTS, params)
    history.audited(
        session,
        action="prompt_decided",
        subject="referral_prompt",
        subject_id=prompt_id,
        household_id=found["household_id"],
        actor=account,
        now=now,
        why=reason,
        detail={"decision": decision},
    )
    if decision is not PromptDecision.REFER:
        return None
    refer = {**params, "service": service, "reply_due_at": reply_due_at}
    referral_id: int = session.execute(_REFER, refer).scalar_one()
    return referral_id


_LOCK = text("SELECT state, household_id FROM referral_prompt WHERE id = :id FOR UPDATE")
_DECIDE = text(
    """
    UPDATE referral_prompt
    SET state = 'decided', decision = :decision, reason = :reason, decided_by = :by, decided_at = :now,
        review_on = :review_on, next_due_at = NULL
    WHERE id = :id
    """
)
_END_ALERTS = text(
    """
    UPDATE alert SET state = 'done', ended_at = :now, ended_by = :by, outcome = :decision
    WHERE referral_prompt_id = :id AND state = 'open'
    """
)
_REFER = text(
    """
    INSERT INTO referral (prompt_id, person_id, household_id, team_id, service, urgency, sent_at, sent_by, reply_due_at)
    SELECT id, person_id, household_id, team_id, :service, urgency, :now, :by, :reply_due_at
    FROM referral_prompt WHERE id = :id
    RETURNING id
    """
)
