"""One referral prompt with what was recorded behind it, who else knows, and its history; for one Scope."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.holders import of_family
from models.db.scope import Scope
from models.domain.ids import HouseholdId
from models.domain.words import PromptBasis, PromptDecision, PromptState, Urgency


class RecordedLine(NamedTuple):
    """One recorded indicator of the person, newest first; `verdict` is None until the rules have looked."""

    id: int
    instrument: str
    total: int | None
    self_harm_item: int | None
    answers: Mapping[str, str] | None
    note: str | None
    recorded_on: date
    recorded_by: str
    person_role: str | None
    phase: str | None
    language: str | None
    mode: str | None
    interpreter: str
    low_literacy: str
    verdict: str | None


class Happening(NamedTuple):
    """One event of the prompt's history."""

    at: datetime
    event: str
    actor: str
    reason: str | None
    told_name: str | None
    detail: Mapping[str, Any] | None


class Contacted(NamedTuple):
    """The newest appointment with one service: what shows that it knows them."""

    service_of: str  # a contact code
    starts_at: datetime
    status: str


class SentTo(NamedTuple):
    """A referral of the same person."""

    id: int
    service: str
    state: str
    sent_at: datetime


class Colleague(NamedTuple):
    """Somebody who can be asked to look again."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class PromptPage:
    """A prompt in values; `follow_up_id` is a live follow-up of the same household, if there is one."""

    id: int
    rule_id: str
    urgency: Urgency
    basis: PromptBasis
    state: PromptState
    raised_at: datetime
    round: int
    times_asked: int
    next_due_at: datetime | None
    seen_by: str | None
    seen_at: datetime | None
    acknowledged_by: str | None
    acknowledged_until: datetime | None
    decision: PromptDecision | None
    reason: str | None
    decided_by: str | None
    decided_at: datetime | None
    answered_with: int | None
    told: list[str] | None
    review_due_at: datetime | None
    reviewer_name: str | None
    team_id: int | None
    team_code: str | None
    household_id: HouseholdId | None
    person_id: int
    person_name: str | None
    person_role: str | None
    gp_practice: str | None
    holder_id: int | None
    holder_name: str | None
    owner_name: str | None
    owner_team_name: str | None
    indicator_id: int
    referral_id: int | None
    follow_up_id: int | None
    recorded: tuple[RecordedLine, ...] = ()
    history: tuple[Happening, ...] = ()
    contacted: tuple[Contacted, ...] = ()
    referrals: tuple[SentTo, ...] = ()
    colleagues: tuple[Colleague, ...] = ()

    @property
    def about(self) -> RecordedLine | None:
        """What raised it."""
        return next((line for line in self.recorded if line.id == self.indicator_id), None)


def find(session: Session, scope: Scope, prompt_id: int) -> PromptPage | None:
    """The prompt, or None if there is none that `scope` covers."""
    row = session.execute(_FIND, {"id": prompt_id}).mappings().one_or_none()
    if row is None or not scope.covers(row["team_id"]):
        return None
    decision = None if row["decision"] is None else PromptDecision(row["decision"])
    words = {
        "urgency": Urgency(row["urgency"]),
        "basis": PromptBasis(row["basis"]),
        "state": PromptState(row["state"]),
        "decision": decision,
    }
    asked = {"person": row["person_id"], "id": prompt_id, "team": row["team_id"], "indicator": row["indicator_id"]}
    return PromptPage(
        **{**row, **words},
        recorded=tuple(RecordedLine._make(line) for line in session.execute(_RECORDED, asked)),
        history=tuple(Happening._make(line) for line in session.execute(_HISTORY, asked)),
        contacted=tuple(Contacted._make(line) for line in session.execute(_CONTACTED, asked)),
        referrals=tuple(SentTo._make(line) for line in session.execute(_REFERRALS, asked)),
        colleagues=tuple(Colleague._make(line) for line in session.execute(_COLLEAGUES, asked)),
    )


_FIND = text(
    f"""
    SELECT p.id, p.rule_id, p.urgency, p.basis, p.state, p.raised_at, p.round, p.times_asked, p.next_due_at, p.seen_by,
           p.seen_at, p.acknowledged_by, p.acknowledged_until, p.decision, p.reason, p.decided_by, p.decided_at,
           p.answered_with, p.told, p.review_due_at, reviewer.name AS reviewer_name, p.team_id, team.code AS team_code,
           p.household_id, p.person_id, person.name AS person_name, person.gp_practice, holder.id AS holder_id,
           holder.name AS holder_name, owner.name AS owner_name, pool.name AS owner_team_name, p.indicator_id,
           coalesce(i.person_role, (SELECT m.role FROM household_member m
                                    WHERE m.person_id = p.person_id AND m.valid_until IS NULL
                                    ORDER BY m.id LIMIT 1)) AS person_role,
           (SELECT r.id FROM referral r WHERE r.prompt_id = coalesce(p.answered_with, p.id)) AS referral_id,
           (SELECT f.id FROM follow_up f WHERE f.household_id = p.household_id AND f.team_id = p.team_id
              AND f.state IN ('open', 'backlog', 'seen', 'closing') ORDER BY f.breach_at LIMIT 1) AS follow_up_id
    FROM referral_prompt p
    JOIN indicator i ON i.id = p.indicator_id
    JOIN person ON person.id = p.person_id
    LEFT JOIN team ON team.id = p.team_id
    LEFT JOIN practitioner reviewer ON reviewer.id = p.reviewer_id
    LEFT JOIN practitioner owner ON owner.id = p.owner_practitioner_id
    LEFT JOIN team pool ON pool.id = p.owner_team_id
    LEFT JOIN practitioner holder
        ON holder.id = {of_family(own="person.caseload_holder_id", household="p.household_id")}
    WHERE p.id = :id
    """
)
_RECORDED = text(
    """
    SELECT i.id, i.instrument, i.total, i.self_harm_item, i.answers, i.note, i.recorded_on,
           -- A record system sends the code of whoever recorded it: a name says more to the reader.
           coalesce((SELECT r.name FROM practitioner r WHERE r.code = i.recorded_by), i.recorded_by) AS recorded_by,
           i.person_role, i.phase, i.language, i.mode, i.interpreter, i.low_literacy, i.verdict
    FROM indicator i WHERE i.person_id = :person
    ORDER BY i.id = :indicator DESC, i.recorded_on DESC, i.id DESC LIMIT 20
    """
)
_HISTORY = text(
    """
    SELECT e.at, e.event, e.actor, e.reason,
           (SELECT name FROM practitioner WHERE id = CAST(e.detail ->> 'practitioner_id' AS bigint)), e.detail
    FROM prompt_event e WHERE e.prompt_id = :id ORDER BY e.id DESC LIMIT 50
    """
)
_CONTACTED = text(
    """
    SELECT DISTINCT ON (split_part(a.contact_code, '-', 1)) a.contact_code, a.starts_at, a.status
    FROM appointment a WHERE a.person_id = :person AND a.status NOT IN ('void')
    ORDER BY split_part(a.contact_code, '-', 1), a.starts_at DESC
    """
)
_REFERRALS = text(
    "SELECT id, service, state, sent_at FROM referral WHERE person_id = :person ORDER BY id DESC LIMIT 20"
)
_COLLEAGUES = text(
    """
    SELECT id, name FROM practitioner
    WHERE team_id = :team AND role IN ('health_visitor', 'midwife', 'pmh_clinician', 'team_lead', 'nursery_nurse')
    ORDER BY name, id LIMIT 60
    """
)
