"""What people record of a referral: that it was sent, and each hop (domain.md 4.2). Never commits.

By when each hop is due is worked out by the caller, from config/referrals.yaml.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import history, referrals
from models.db.follow_up_rows import ChangedMeanwhile, IllegalTransition, NotAllowed
from models.db.holders import of_family
from models.db.referrals import Moved
from models.db.scope import Scope
from models.domain import transitions
from models.domain.ids import HouseholdId
from models.domain.referral_states import ReferralEvent, advance
from models.domain.words import ActorKind, ReferralState, Urgency

E = ReferralEvent
# What has to be written for an event, and how it is asked for.
_WRITTEN: Mapping[ReferralEvent, str] = {
    E.DECLINED: "a refusal needs the service's reason",
    E.OTHER_WAY_FOUND: "say which other way was found",
    E.NOT_ATTENDED: "say what happened to the appointment",
    E.NO_TREATMENT_NEEDED: "say who found that no treatment is needed",
    E.WITHDRAWN: "say why it is withdrawn",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReferral:
    """A referral as sent. `hop_due_at`: by when the service should say that it arrived."""

    person_id: int
    household_id: HouseholdId | None
    team_id: int | None
    service: str
    urgency: Urgency
    sent_at: datetime
    hop_due_at: datetime
    reference: str | None = None
    prompt_id: int | None = None


@dataclass(frozen=True, slots=True)
class HeldReferral:
    """A referral as locked for one act."""

    id: int
    state: ReferralState
    urgency: Urgency
    sent_at: datetime
    household_id: HouseholdId | None
    first_appointment_at: datetime | None
    appointment_id: int | None


def send(session: Session, new: NewReferral, *, account: Scope, now: datetime) -> int:
    """Store a referral that was sent, chased from now on; return its id. Raises ChangedMeanwhile if its prompt has one.

    Raises NotAllowed for one sent in the future.
    """
    if new.sent_at > now:
        raise NotAllowed("a referral is recorded once it has been sent")
    given = {**{name: getattr(new, name) for name in new.__slots__}, "by": account.actor, "now": now}
    given |= {"practitioner": account.practitioner_id}
    found = session.execute(_SEND, given).scalar_one_or_none()
    if found is None:
        raise ChangedMeanwhile(f"prompt {new.prompt_id} has its referral already")
    session.execute(_TELL_SENT, {"id": found, "now": now, "by": account.actor, "kind": ActorKind.PERSON})
    _audit(session, int(found), "referral_sent", new.household_id, account, now)
    return int(found)


def lock(session: Session, referral_id: int, row_version: int) -> HeldReferral:
    """Lock a referral for a person's act. Raises ChangedMeanwhile unless it is as the person saw it."""
    row = session.execute(_LOCK, {"id": referral_id}).mappings().one_or_none()
    if row is None or row["row_version"] != row_version:
        raise ChangedMeanwhile(f"referral {referral_id} has changed since it was shown")
    return HeldReferral(
        row["id"],
        ReferralState(row["state"]),
        Urgency(row["urgency"]),
        row["sent_at"],
        row["household_id"],
        row["first_appointment_at"],
        row["appointment_id"],
    )


def state_after(held: HeldReferral, event: ReferralEvent) -> ReferralState:
    """Return the state that an event leads to. Raises IllegalTransition where it can't happen."""
    try:
        return advance(held.state, event)
    except transitions.IllegalTransition as error:
        raise IllegalTransition(f"referral {held.id}: {error}") from error


def record(
    session: Session,
    held: HeldReferral,
    event: ReferralEvent,
    *,
    hop_due_at: datetime | None,
    account: Scope,
    now: datetime,
    note: str = "",
    advice: str = "",
    first_appointment_at: datetime | None = None,
) -> ReferralState:
    """Store a hop as a person knows it; return the state it has got to. Its follow-up is set to the next hop.

    `advice`: what the service advised instead. Raises IllegalTransition, NotAllowed where the note or date is missing.
    """
    state = state_after(held, event)
    if event in _WRITTEN and not note.strip():
        raise NotAllowed(_WRITTEN[event])
    if event is E.APPOINTED and first_appointment_at is None:
        raise NotAllowed("an appointment needs its date and time")
    kept = event not in (E.NOT_ATTENDED, E.APPOINTED)
    written = {"id": held.id, "note": note, "advice": advice or None}
    if event is E.DECLINED:
        session.execute(_DECLINED, written)
    elif event is E.OTHER_WAY_FOUND:
        session.execute(_OTHER_WAY, written)
    moved = Moved(
        id=held.id,
        event=event,
        from_state=held.state,
        to_state=state,
        hop_due_at=hop_due_at,
        first_appointment_at=held.first_appointment_at if kept else first_appointment_at,
        appointment_id=held.appointment_id if kept else None,
        actor_kind=ActorKind.PERSON,
        actor=account.actor,
        reason=note or None,
    )
    referrals.move(session, [moved], now=now)
    _audit(session, held.id, f"referral_{event}", held.household_id, account, now)
    return state


def _audit(
    session: Session, referral_id: int, action: str, household: HouseholdId | None, account: Scope, now: datetime
) -> None:
    history.audited(
        session,
        action=action,
        subject="referral",
        subject_id=referral_id,
        household_id=household,
        actor=account,
        now=now,
    )


# Chased by the family's own practitioner, else by whoever sent it.
_SEND = text(
    f"""
    INSERT INTO referral (prompt_id, person_id, household_id, team_id, practitioner_id, service, urgency, reference,
        sent_at, sent_by, hop_known_at, hop_due_at)
    SELECT CAST(:prompt_id AS bigint), p.id, CAST(:household_id AS bigint), CAST(:team_id AS bigint),
           coalesce({of_family(own="p.caseload_holder_id", household=":household_id")}, CAST(:practitioner AS bigint)),
           :service, :urgency, :reference, CAST(:sent_at AS timestamptz), :by, CAST(:sent_at AS timestamptz),
           CAST(:hop_due_at AS timestamptz)
    FROM person p WHERE p.id = :person_id
    ON CONFLICT (prompt_id) DO NOTHING RETURNING id
    """
)
_TELL_SENT = text(
    """
    INSERT INTO referral_event (referral_id, at, event, to_state, actor_kind, actor)
    VALUES (:id, :now, 'sent', 'sent', :kind, :by)
    """
)
_LOCK = text(
    """
    SELECT id, state, urgency, sent_at, household_id, first_appointment_at, appointment_id, row_version
    FROM referral WHERE id = :id FOR UPDATE
    """
)
_DECLINED = text("UPDATE referral SET declined_reason = :note, advice = :advice WHERE id = :id")
_OTHER_WAY = text("UPDATE referral SET other_way = :note WHERE id = :id")
