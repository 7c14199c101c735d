"""One referral with its hops, for one Scope."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.scope import Scope, covered
from models.domain.ids import HouseholdId
from models.domain.words import ReferralState, Urgency


class Hop(NamedTuple):
    """One event of the referral's history."""

    at: datetime
    event: str
    to_state: str
    actor: str
    reason: str | None
    detail: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class ReferralPage:
    """A referral in values; `challenge_id` is the open challenge about it, if there is one."""

    id: int
    state: ReferralState
    urgency: Urgency
    service: str
    reference: str | None
    sent_at: datetime
    sent_by: str
    hop_due_at: datetime | None
    hop_late_at: datetime | None
    first_appointment_at: datetime | None
    declined_reason: str | None
    advice: str | None
    other_way: str | None
    ended_at: datetime | None
    row_version: int
    prompt_id: int | None
    person_id: int
    person_name: str | None
    household_id: HouseholdId | None
    team_id: int | None
    follow_up_id: int | None
    challenge_id: int | None
    history: tuple[Hop, ...] = ()


def find(session: Session, scope: Scope, referral_id: int) -> ReferralPage | None:
    """The referral, or None if there is none that `scope` covers."""
    row = session.execute(_FIND, {"id": referral_id}).mappings().one_or_none()
    if row is None or not scope.covers(row["team_id"]):
        return None
    words = {"state": ReferralState(row["state"]), "urgency": Urgency(row["urgency"])}
    history = tuple(Hop._make(line) for line in session.execute(_HISTORY, {"id": referral_id}))
    return ReferralPage(**{**row, **words}, history=history)


class Listed(NamedTuple):
    """A referral as the family's page lists it."""

    id: int
    person_name: str | None
    service: str
    state: str
    sent_at: datetime
    hop_due_at: datetime | None


def of_household(session: Session, scope: Scope, household_id: HouseholdId) -> list[Listed]:
    """The household's referrals within `scope`, live ones first."""
    return [Listed._make(row) for row in session.execute(_LISTED, {"household": household_id, **scope.params()})]


_FIND = text(
    """
    SELECT r.id, r.state, r.urgency, r.service, r.reference, r.sent_at, r.sent_by, r.hop_due_at, r.hop_late_at,
           r.first_appointment_at, r.declined_reason, r.advice, r.other_way, r.ended_at, r.row_version, r.prompt_id,
           r.person_id, p.name AS person_name, r.household_id, coalesce(r.team_id, p.team_id) AS team_id,
           (SELECT f.id FROM follow_up f WHERE f.referral_id = r.id) AS follow_up_id,
           (SELECT c.id FROM challenge c WHERE c.referral_id = r.id AND c.state <> 'resolved') AS challenge_id
    FROM referral r JOIN person p ON p.id = r.person_id WHERE r.id = :id
    """
)
_HISTORY = text(
    "SELECT at, event, to_state, actor, reason, detail FROM referral_event WHERE referral_id = :id"
    " ORDER BY id DESC LIMIT 60"
)
_LISTED = text(
    f"""
    SELECT r.id, p.name, r.service, r.state, r.sent_at, r.hop_due_at
    FROM referral r JOIN person p ON p.id = r.person_id
    WHERE r.household_id = :household AND {covered("coalesce(r.team_id, p.team_id)")}
    ORDER BY r.hop_due_at NULLS LAST, r.id DESC LIMIT 30
    """
)
