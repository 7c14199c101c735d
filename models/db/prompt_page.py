"""One referral prompt with the score behind it, for one Scope."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.scope import Scope
from models.domain.ids import HouseholdId
from models.domain.words import PromptDecision, PromptState, Urgency


@dataclass(frozen=True, slots=True)
class PromptPage:
    """A prompt in values; `follow_up_id` is a live follow-up of the same household, if there is one."""

    id: int
    rule_id: str
    urgency: Urgency
    state: PromptState
    raised_at: datetime
    times_asked: int
    next_due_at: datetime | None
    decision: PromptDecision | None
    reason: str | None
    decided_by: str | None
    decided_at: datetime | None
    team_id: int | None
    household_id: HouseholdId | None
    person_name: str | None
    owner_name: str | None
    owner_team_name: str | None
    instrument: str
    total: int | None
    self_harm_item: int | None
    recorded_on: date
    recorded_by: str
    reply_due_at: datetime | None
    follow_up_id: int | None


def find(session: Session, scope: Scope, prompt_id: int) -> PromptPage | None:
    """The prompt, or None if there is none that `scope` covers."""
    row = session.execute(_FIND, {"id": prompt_id}).mappings().one_or_none()
    if row is None or not scope.covers(row["team_id"]):
        return None
    decision = None if row["decision"] is None else PromptDecision(row["decision"])
    words = {"urgency": Urgency(row["urgency"]), "state": PromptState(row["state"]), "decision": decision}
    return PromptPage(**{**row, **words})


_FIND = text(
    """
    SELECT p.id, p.rule_id, p.urgency, p.state, p.raised_at, p.times_asked, p.next_due_at, p.decision, p.reason,
           p.decided_by, p.decided_at, p.team_id, p.household_id, person.name AS person_name, owner.name AS owner_name,
           pool.name AS owner_team_name, i.instrument, i.total, i.self_harm_item, i.recorded_on,
           -- A record system sends the code of whoever recorded it: a name says more to the reader.
           coalesce((SELECT r.name FROM practitioner r WHERE r.code = i.recorded_by), i.recorded_by) AS recorded_by,
           referral.reply_due_at,
           (SELECT f.id FROM follow_up f WHERE f.household_id = p.household_id AND f.team_id = p.team_id
              AND f.state IN ('open', 'backlog', 'seen', 'closing') ORDER BY f.breach_at LIMIT 1) AS follow_up_id
    FROM referral_prompt p
    JOIN indicator i ON i.id = p.indicator_id
    JOIN person ON person.id = p.person_id
    LEFT JOIN practitioner owner ON owner.id = p.owner_practitioner_id
    LEFT JOIN team pool ON pool.id = p.owner_team_id
    LEFT JOIN referral ON referral.prompt_id = p.id
    WHERE p.id = :id
    """
)
