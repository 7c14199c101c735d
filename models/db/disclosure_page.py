"""What pages say of sharing: to the service that tells, everything; to whoever was told, two dates and a count.

The two never meet in one query: what the receiving side reads comes from its own family event, which has no way back
to the appointment. Never commits.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.scope import Scope
from models.domain.words import DischargeState, DisclosureState, FamilyEventKind, WhyNotNeeded


class Recipient(NamedTuple):
    """One who was told. `name`: of the practitioner or team here, else to whom it went in another way."""

    name: str | None
    told_at: datetime
    received_at: datetime | None
    received_by: str | None
    received_how: str | None
    view: str | None


class Line(NamedTuple):
    """One line of a question's history."""

    at: datetime
    event: str
    actor: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Question:
    """One question as the telling side's page shows it."""

    id: int
    state: DisclosureState
    why_not: WhyNotNeeded | None
    to_service: str
    next_due_at: datetime | None
    may_be_automatic: bool
    agreed: bool
    times_held: int
    held_by: str | None
    held_reason: str | None
    held_until: datetime | None
    what: str | None
    purpose: str | None
    legal_basis: str | None
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    received_at: datetime | None
    recipients: tuple[Recipient, ...]
    history: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Discharge:
    """A proposed or settled discharge."""

    id: int
    state: DischargeState
    reason: str
    proposed_by: str
    proposed_at: datetime
    settled_by: str | None
    settled_at: datetime | None
    settled_note: str | None
    letter_copied: str | None
    next_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class SharingPage:
    """Everything about one missed contact or one discharge."""

    asked_for: int  # the question by which the page was reached
    person_name: str | None
    gp_practice: str | None
    household_id: int | None
    follow_up_id: int | None  # of the missed appointment
    contact_code: str | None
    happened_at: datetime
    last_seen_on: date | None
    misses: int
    high_risk: bool
    discharge: Discharge | None
    questions: tuple[Question, ...]


class Told(NamedTuple):
    """What a practitioner reads of an adult's missed contact, a discharge, or a pre-birth assessment not held."""

    kind: FamilyEventKind
    on: date | None
    last_seen: date | None
    misses: int
    look: int | None
    looks: int | None
    by: str | None  # on whose side a pre-birth assessment did not take place


class Standing(NamedTuple):
    """How a question stands, in one line."""

    id: int
    to_service: str
    state: DisclosureState
    next_due_at: datetime | None
    happened_at: datetime
    person_name: str | None
    is_discharge: bool


def find(session: Session, scope: Scope, disclosure_id: int, *, today: date) -> SharingPage | None:
    """The page of a question's cause, or None if there is none that a service within `scope` tells."""
    head = session.execute(_HEAD, {"id": disclosure_id}).mappings().one_or_none()
    if head is None or not scope.covers(head["from_team_id"]):
        return None
    cause = {"appointment": head["appointment_id"], "discharge": head["discharge_id"]}
    rows = session.execute(_QUESTIONS, {**cause, "today": today}).mappings().all()
    ids = [row["id"] for row in rows]
    told = session.execute(_RECIPIENTS, {"ids": ids}).all()
    history = session.execute(_HISTORY, {"ids": ids}).all()
    return SharingPage(
        asked_for=disclosure_id,
        person_name=head["name"],
        gp_practice=head["gp_practice"],
        household_id=head["household_id"],
        follow_up_id=head["follow_up_id"],
        contact_code=head["contact_code"],
        happened_at=head["happened_at"],
        last_seen_on=head["last_seen_on"],
        misses=head["misses"],
        high_risk=head["high_risk"],
        discharge=_discharge(session, head["discharge_id"]),
        questions=tuple(_question(row, told, history) for row in rows),
    )


def told(session: Session, scope: Scope, *, follow_up_id: int, team_id: int | None) -> Told | None:
    """What was told to whoever has this follow-up, within `scope`; None where it came of nothing told."""
    row = session.execute(_TOLD, {"id": follow_up_id}).one_or_none() if scope.covers(team_id) else None
    if row is None:
        return None
    detail: dict[str, Any] = row.detail or {}
    on, seen = detail.get("on"), detail.get("last_seen")
    return Told(
        FamilyEventKind(row.kind),
        None if on is None else date.fromisoformat(on),
        None if seen is None else date.fromisoformat(seen),
        int(detail.get("misses", 1)),
        detail.get("look"),
        detail.get("looks"),
        detail.get("by"),
    )


def of_appointment(session: Session, scope: Scope, appointment_id: int | None) -> list[Standing]:
    """How it stands with telling others of this appointment, for the service that tells."""
    return _standings(session, scope, {"appointment": appointment_id, "household": None})


def of_household(session: Session, scope: Scope, household_id: int) -> list[Standing]:
    """The newest questions about this household's adults, for the service that tells."""
    return _standings(session, scope, {"appointment": None, "household": household_id})


def _standings(session: Session, scope: Scope, params: dict[str, int | None]) -> list[Standing]:
    rows = session.execute(_STANDINGS, params)
    return [
        Standing(row.id, row.to_service, DisclosureState(row.state), *row[3:-1])
        for row in rows
        if scope.covers(row.from_team_id)
    ]


def _question(row: Any, told: Any, history: Any) -> Question:
    values = {name: row[name] for name in row if name != "id"}
    values["state"] = DisclosureState(values["state"])
    values["why_not"] = None if values["why_not"] is None else WhyNotNeeded(values["why_not"])
    return Question(
        id=row["id"],
        **values,
        recipients=tuple(Recipient(*one[1:]) for one in told if one.disclosure_id == row["id"]),
        history=tuple(Line(*one[1:]) for one in history if one.disclosure_id == row["id"]),
    )


def _discharge(session: Session, discharge_id: int | None) -> Discharge | None:
    row = session.execute(_DISCHARGE, {"id": discharge_id}).mappings().one_or_none()
    return None if row is None else Discharge(**{**row, "state": DischargeState(row["state"])})


_HEAD = text(
    """
    SELECT d.from_team_id, d.appointment_id, d.discharge_id, d.household_id, d.happened_at, d.last_seen_on, d.misses,
           d.high_risk, p.name, p.gp_practice, a.contact_code, f.id AS follow_up_id
    FROM disclosure d JOIN person p ON p.id = d.person_id
    LEFT JOIN appointment a ON a.id = d.appointment_id LEFT JOIN follow_up f ON f.appointment_id = d.appointment_id
    WHERE d.id = :id
    """
)
_QUESTIONS = text(
    """
    SELECT d.id, d.state, d.why_not, d.to_service, d.next_due_at, d.may_be_automatic, d.times_held, d.held_by,
           d.held_reason, d.held_until, d.what, d.purpose, d.legal_basis, d.decided_by, d.decided_at, d.reason,
           d.received_at,
           EXISTS (SELECT FROM sharing_agreement s WHERE s.from_service = d.from_service
                   AND s.to_service = d.to_service AND s.ended_at IS NULL AND s.valid_until >= :today) AS agreed
    FROM disclosure d WHERE d.appointment_id = :appointment OR d.discharge_id = :discharge ORDER BY d.to_service DESC
    """
)
_RECIPIENTS = text(
    """
    SELECT r.disclosure_id, coalesce(r.to_whom, owner.name, team.name), r.told_at, r.received_at, r.received_by,
           r.received_how, r.view
    FROM disclosure_recipient r
    LEFT JOIN family_event v ON v.id = r.family_event_id
    LEFT JOIN person p ON p.id = v.person_id
    LEFT JOIN practitioner owner ON owner.id = coalesce(v.practitioner_id, p.caseload_holder_id)
    LEFT JOIN team ON team.id = v.team_id
    WHERE r.disclosure_id = ANY(:ids) ORDER BY r.id
    """
)
_HISTORY = text(
    "SELECT disclosure_id, at, event, actor, reason FROM disclosure_history WHERE disclosure_id = ANY(:ids) ORDER BY id"
)
_DISCHARGE = text(
    """
    SELECT id, state, reason, proposed_by, proposed_at, settled_by, settled_at, settled_note, letter_copied, next_due_at
    FROM discharge WHERE id = :id
    """
)
# The receiving side: its own event, and nothing else.
_TOLD = text(
    """
    SELECT v.kind, v.detail FROM follow_up f JOIN family_event v ON v.id = f.family_event_id
    WHERE f.id = :id AND v.kind IN ('adult_missed_contact', 'discharge_proposed', 'discharged', 'pre_birth_missed')
    """
)
_STANDINGS = text(
    """
    SELECT d.id, d.to_service, d.state, d.next_due_at, d.happened_at, p.name, d.discharge_id IS NOT NULL, d.from_team_id
    FROM disclosure d JOIN person p ON p.id = d.person_id
    WHERE d.appointment_id = :appointment OR d.household_id = :household ORDER BY d.id DESC LIMIT 12
    """
)
