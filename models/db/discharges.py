"""Proposed discharges from an adult's service: propose, settle, withdraw. Health visitor and GP hear of it first.

What may not be is refused by the database too: a discharge that is settled points at two questions that were received.
Never commits.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import adult_misses, disclosure_alerts, disclosures, follow_ups, history, sharing_deeds
from models.db.disclosure_actions import Decider
from models.db.disclosure_alerts import Asked
from models.db.disclosures import NewDisclosure, Question
from models.db.follow_up_rows import IllegalTransition, NotAllowed
from models.db.people_resolution import directory
from models.db.scope import Scope
from models.db.sharing_deeds import Deed
from models.domain.ids import HouseholdId
from models.domain.words import DischargeState


class InCare(NamedTuple):
    """An adult of a household whom a service within the scope sees, by their latest appointment there."""

    person_id: int
    name: str | None
    contact_code: str
    team_id: int | None
    practitioner_id: int | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A discharge to propose."""

    adult: InCare
    household_id: int
    service: str
    reason: str


def in_care(session: Session, scope: Scope, household_id: int, *, guarded: Collection[str]) -> list[InCare]:
    """Return the adults of this household whom a guarded service of `scope` sees, by id."""
    rows = session.execute(_IN_CARE, {"household": household_id, "guarded": list(guarded)})
    return [InCare(*row) for row in rows if scope.covers(row.team_id)]


def propose(session: Session, proposal: Proposal, who: Decider, *, harmless_flags: Collection[str]) -> int:
    """Propose a discharge; each child's health visitor is asked at once, a task asks to tell the GP. Return its id.

    Raises NotAllowed without a reason, or where one is proposed already.
    """
    if not proposal.reason:
        raise NotAllowed("Write why you propose it.")
    adult = proposal.adult
    known = adult_misses.around(session, [adult.person_id], rules=who.rules, today=who.today)[adult.person_id]
    needed = bool(known.pre_school or known.pregnant or not (known.children or known.lost))
    made: int | None = session.scalar(_PROPOSE, _proposed(proposal, who, needed=needed))
    if made is None:
        raise NotAllowed("A discharge of this adult is proposed already.")
    home = (adult.person_id, proposal.household_id)
    high_risk = bool(follow_ups.flagged(session, [home], harmless_flags=harmless_flags))
    services = ([who.rules.for_children] if needed else []) + [who.rules.gp]
    new = [_question(proposal, made, to, who, high_risk=high_risk) for to in services]
    questions = disclosures.lock(session, disclosures.raise_many(session, new, now=who.now), today=who.today)
    basis = who.rules.bases[who.rules.basis_of_agreement]
    deeds = [Deed(one, who.account.actor, basis) for one in questions if one.to_service == who.rules.for_children]
    told = sharing_deeds.tell(session, deeds, rules=who.rules, calendar=who.calendar, now=who.now)
    _ask_for_the_rest(session, [one for one in questions if one.id not in told], who)
    _audit(session, made, proposal.household_id, who, "discharge_proposed", why=proposal.reason)
    return made


def settle(session: Session, discharge_id: int, who: Decider, *, letter_copied: str, note: str) -> None:
    """The discharge goes ahead: both have received the question, the letter is copied, the family is looked at again.

    Raises NotAllowed naming who has not received it, or what is missing; IllegalTransition where it is settled already.
    """
    found = _lock(session, discharge_id)
    asked = {row.to_service: row for row in session.execute(_ASKED, {"id": discharge_id})}
    missing = _not_received(found, asked)
    if missing:
        raise NotAllowed(f"Not yet: {' and '.join(missing)}. Tell them and note that they received it.")
    if not letter_copied:
        raise NotAllowed("Write to whom the discharge letter was copied, and how.")
    visitor = asked.get(found.visitor_service)
    params = {
        "id": discharge_id, "by": who.account.actor, "now": who.now, "letter": letter_copied, "note": note or None,
        "visitor": None if visitor is None or not visitor.received else visitor.id, "gp": asked[found.gp_service].id,
    }  # fmt: skip
    session.execute(_SETTLE, params)
    _close_alert(session, discharge_id, who)
    _audit(session, discharge_id, found.household_id, who, "discharge_settled", why=note or None)


def withdraw(session: Session, discharge_id: int, who: Decider, *, note: str) -> None:
    """Care goes on. Raises NotAllowed without a note; IllegalTransition where it is settled already."""
    found = _lock(session, discharge_id)
    if not note:
        raise NotAllowed("Write why care goes on.")
    session.execute(_WITHDRAW, {"id": discharge_id, "by": who.account.actor, "now": who.now, "note": note})
    disclosures.withdraw_of_discharge(session, discharge_id, by=who.account.actor, now=who.now)
    _close_alert(session, discharge_id, who)
    _audit(session, discharge_id, found.household_id, who, "discharge_withdrawn", why=note)


class Due(NamedTuple):
    """A discharge at which something is due, locked."""

    id: int
    state: str
    person_id: int
    household_id: int
    team_id: int | None
    practitioner_id: int | None
    settled_at: datetime | None
    settled_told: bool
    looks_done: int
    visitor_needed: bool
    visitor_disclosure_id: int | None
    first_disclosure_id: int


def claim_due(session: Session, *, now: datetime, limit: int) -> list[Due]:
    """Lock up to `limit` discharges that are due, longest due first; those that others hold are passed over."""
    return [Due._make(row) for row in session.execute(_CLAIM, {"now": now, "limit": limit})]


def next_due(session: Session, rows: Sequence[tuple[int, datetime | None, int]]) -> None:
    """Store when each is due next (None: never again) and how many looks are done; what was settled counts as told."""
    if rows:
        ids, due, looks = zip(*rows, strict=True)
        session.execute(_NEXT, {"ids": list(ids), "due": list(due), "looks": list(looks)})


def events_asked(session: Session, discharge_ids: Collection[int]) -> list[int]:
    """Return the family events by which somebody was asked about these discharges."""
    return list(session.scalars(_EVENTS, {"ids": list(discharge_ids)}))


class _Found(NamedTuple):
    state: str
    household_id: int
    visitor_needed: bool
    visitor_service: str
    gp_service: str


def _lock(session: Session, discharge_id: int) -> _Found:
    row = session.execute(_LOCK, {"id": discharge_id}).one()
    if row.state != DischargeState.PROPOSED:
        raise IllegalTransition(f"discharge {discharge_id} is {row.state}; expected one that is proposed")
    return _Found._make(row)


def _not_received(found: _Found, asked: Mapping[str, object]) -> list[str]:
    def received(service: str) -> bool:
        return bool(getattr(asked.get(service), "received", False))

    waits = [] if received(found.gp_service) else ["the GP has not received the question"]
    if found.visitor_needed and not received(found.visitor_service):
        waits.insert(0, "the health visitor has not received the question")
    return waits


def _proposed(proposal: Proposal, who: Decider, *, needed: bool) -> dict[str, object]:
    return {
        "person": proposal.adult.person_id,
        "household": proposal.household_id,
        "service": proposal.service,
        "team": proposal.adult.team_id,
        "practitioner": proposal.adult.practitioner_id,
        "by": who.account.actor,
        "now": who.now,
        "reason": proposal.reason,
        "due": who.rules.discharge.settle_within.after(who.now, calendar=who.calendar),
        "needed": needed,
        "visitor": who.rules.for_children,
        "gp": who.rules.gp,
    }


def _question(
    proposal: Proposal, discharge_id: int, to_service: str, who: Decider, *, high_risk: bool
) -> NewDisclosure:
    return NewDisclosure(
        appointment_id=None,
        discharge_id=discharge_id,
        person_id=proposal.adult.person_id,
        household_id=proposal.household_id,
        from_service=proposal.service,
        from_team_id=proposal.adult.team_id,
        practitioner_id=proposal.adult.practitioner_id,
        to_service=to_service,
        why_not=None,
        high_risk=high_risk,
        may_be_automatic=False,
        happened_at=who.now,
        last_seen_on=None,
        misses=1,
        next_due_at=who.rules.gp_within.after(who.now, calendar=who.calendar),
    )


def _ask_for_the_rest(session: Session, questions: Sequence[Question], who: Decider) -> None:
    asked = [
        Asked(
            cause=one.cause,
            disclosure_id=one.id,
            person_id=one.person_id,
            household_id=one.household_id,
            practitioner_id=one.practitioner_id,
            team_id=one.from_team_id,
            high_risk=one.high_risk,
            next_due_at=one.next_due_at,
        )
        for one in questions
        if one.next_due_at is not None
    ]
    staff = directory(
        session,
        now=who.now,
        today=who.today,
        team_ids={one.team_id for one in asked if one.team_id is not None},
        practitioner_ids={one.practitioner_id for one in asked if one.practitioner_id is not None},
    )
    disclosure_alerts.ask(session, asked, staff=staff, now=who.now)


def _close_alert(session: Session, discharge_id: int, who: Decider) -> None:
    causes = [("discharge", discharge_id)]
    disclosure_alerts.keep_in_time(session, causes, by=who.account.actor, now=who.now, today=who.today)


def _audit(
    session: Session, discharge_id: int, household_id: int, who: Decider, action: str, *, why: str | None
) -> None:
    history.audited(
        session,
        action=action,
        subject="discharge",
        subject_id=discharge_id,
        household_id=HouseholdId(household_id),
        actor=who.account,
        now=who.now,
        why=why,
    )


_IN_CARE = text(
    """
    SELECT DISTINCT ON (p.id) p.id, p.name, a.contact_code, coalesce(a.team_id, w.team_id) AS team_id, a.practitioner_id
    FROM household_member m
    JOIN person p ON p.id = m.person_id
    JOIN appointment a ON a.person_id = p.id AND a.contact_code = ANY(:guarded) AND a.status <> 'void'
    LEFT JOIN practitioner w ON w.id = a.practitioner_id
    WHERE m.household_id = :household AND m.valid_until IS NULL AND m.role <> 'child'
    ORDER BY p.id, a.starts_at DESC, a.id DESC
    """
)
_PROPOSE = text(
    """
    INSERT INTO discharge (person_id, household_id, service, team_id, practitioner_id, proposed_by, proposed_at, reason,
                           next_due_at, visitor_needed, visitor_service, gp_service)
    VALUES (:person, :household, :service, :team, :practitioner, :by, :now, :reason, :due, :needed, :visitor, :gp)
    ON CONFLICT (person_id, service) WHERE state = 'proposed' DO NOTHING RETURNING id
    """
)
_LOCK = text(
    "SELECT state, household_id, visitor_needed, visitor_service, gp_service FROM discharge WHERE id = :id FOR UPDATE"
)
_ASKED = text("SELECT id, to_service, received FROM disclosure WHERE discharge_id = :id")
_SETTLE = text(
    """
    UPDATE discharge SET state = 'discharged', settled_by = :by, settled_at = :now, settled_note = :note,
        letter_copied = :letter, next_due_at = :now,
        visitor_disclosure_id = CAST(:visitor AS bigint),
        visitor_received = CASE WHEN CAST(:visitor AS bigint) IS NOT NULL THEN true END,
        gp_disclosure_id = :gp, gp_received = true
    WHERE id = :id
    """
)
_WITHDRAW = text(
    """
    UPDATE discharge SET state = 'withdrawn', settled_by = :by, settled_at = :now, settled_note = :note,
        next_due_at = :now
    WHERE id = :id
    """
)
_CLAIM = text(
    """
    SELECT x.id, x.state, x.person_id, x.household_id, x.team_id, x.practitioner_id, x.settled_at, x.settled_told,
           x.looks_done, x.visitor_needed,
           (SELECT min(d.id) FROM disclosure d WHERE d.discharge_id = x.id AND d.to_service = x.visitor_service),
           (SELECT min(d.id) FROM disclosure d WHERE d.discharge_id = x.id)
    FROM discharge x WHERE x.next_due_at <= :now
    ORDER BY x.next_due_at, x.id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    """
)
_NEXT = text(
    """
    UPDATE discharge SET next_due_at = u.due, looks_done = u.looks, settled_told = discharge.state <> 'proposed'
    FROM unnest(CAST(:ids AS bigint[]), CAST(:due AS timestamptz[]), CAST(:looks AS bigint[])) AS u (id, due, looks)
    WHERE discharge.id = u.id
    """
)
_EVENTS = text(
    """
    SELECT r.family_event_id FROM disclosure d JOIN disclosure_recipient r ON r.disclosure_id = d.id
    WHERE d.discharge_id = ANY(:ids) AND r.family_event_id IS NOT NULL ORDER BY r.id
    """
)
