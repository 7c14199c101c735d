"""What a person writes of a declined contact, and what closing one as reviewed asks for. Never commits.

The engine draws the consequences: `detect` puts the follow-up on the ladder of declines, or on to its next step.
"""

from dataclasses import asdict
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import decline_page, declines, history, outcomes
from models.db.follow_up_rows import IllegalTransition, Locked, NotAllowed, lock, tell
from models.db.scope import Scope
from models.domain.declines import DeclineAnswers
from models.domain.ids import AppointmentId, FollowUpId
from models.domain.threads import THREAD_TRIGGERS
from models.domain.words import (
    LIVE_FOLLOW_UP_STATES,
    AccountRole,
    AppointmentStatus,
    ClosedReason,
    FollowUpTrigger,
    Known,
)

# A decline ends when it was reviewed, or when there is nothing left to decline.
_ENDS_A_DECLINE = frozenset(
    {
        ClosedReason.DECLINED_REVIEWED,
        ClosedReason.SEEN,
        ClosedReason.DIED,
        ClosedReason.PREGNANCY_ENDED,
        ClosedReason.TRANSFER_ACCEPTED,
        ClosedReason.ENTERED_IN_ERROR,
    }
)
_LEADS = frozenset({AccountRole.TEAM_LEAD, AccountRole.NAMED_NURSE})
DECLINABLE = THREAD_TRIGGERS | {FollowUpTrigger.OUTCOME_NOT_RECORDED}


def record(
    session: Session,
    *,
    follow_up_id: FollowUpId,
    row_version: int,
    seen_status: AppointmentStatus | None,
    answers: DeclineAnswers,
    account: Scope,
    now: datetime,
    today: date,
) -> tuple[str, ...]:
    """Keep what a person says of a decline, whole or not yet; return what is still missing. Nudge `engine` afterwards.

    `seen_status`: how the page showed the appointment, where there is one. Raises ChangedMeanwhile, IllegalTransition
    for a follow-up that has ended or can't be declined, NotAllowed for a day to come.
    """
    row = lock(session, follow_up_id, row_version)
    if row.state not in LIVE_FOLLOW_UP_STATES or row.trigger not in DECLINABLE:
        raise IllegalTransition(f"follow-up {row.id} is {row.state} ({row.trigger}); expected an open one of a contact")
    if answers.last_seen_on is not None and answers.last_seen_on > today:
        raise NotAllowed("the day on which the child was last seen lies in the future")
    subject = session.execute(_SUBJECT, {"id": row.id}).one()
    if subject.appointment_id is not None and subject.status != AppointmentStatus.DECLINED:
        outcomes.record_outcome(
            session,
            appointment_id=AppointmentId(subject.appointment_id),
            seen_status=seen_status or AppointmentStatus(subject.status),
            status=AppointmentStatus.DECLINED,
            subtype=None,
            mode=None,
            reason=answers.why,
            account=account,
            now=now,
        )
    told = {name: value for name, value in asdict(answers).items() if value is not None}
    params = {**asdict(answers), "follow_up": row.id, "now": now, "by": account.actor}
    decline_id = session.execute(_UPSERT, params).scalar_one()
    session.execute(_TOLD, {"id": decline_id, "now": now, "by": account.actor, "told": history.as_json(_plain(told))})
    declines.complete(session, [row.id], now=now, by=account.actor)
    session.execute(_LOOK, {"id": row.id, "now": now})
    tell(session, row, "decline_recorded", row.state, account, now, detail={"missing": list(answers.missing)})
    return answers.missing


def check_closing(session: Session, row: Locked, reason: ClosedReason, account: Scope) -> None:
    """Raise NotAllowed where a decline is not written down whole, or its review is not this person's to make."""
    if row.trigger is not FollowUpTrigger.DECLINED:
        if reason is ClosedReason.DECLINED_REVIEWED:
            raise NotAllowed("nobody has recorded that this contact was declined; record it first")
        return
    if reason not in _ENDS_A_DECLINE:
        raise NotAllowed("a declined contact ends when it was reviewed, or when there is nothing left to decline")
    if reason is not ClosedReason.DECLINED_REVIEWED:
        return
    found = decline_page.of_follow_up(session, row.id)
    if found.answers.missing:
        raise NotAllowed("the decline is not complete: write down what is missing before it can count as reviewed")
    if found.answers.needs_lead(again=found.again) and account.role not in _LEADS:
        raise NotAllowed("a team lead or the named nurse has to review this decline")


def _plain(told: dict[str, object]) -> dict[str, object]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in told.items()}


def answers(
    *,
    declined_by: object,
    informed: object,
    why: str | None,
    capacity: object,
    seen_by_anybody: object,
    last_seen_on: date | None,
    last_seen_by: str | None,
) -> DeclineAnswers:
    """Return the answers of a form; a day and a name count only where somebody has seen the child."""
    row = {
        "declined_by": declined_by,
        "informed": informed,
        "why": why,
        "capacity": capacity,
        "seen_by_anybody": seen_by_anybody,
        "last_seen_on": last_seen_on if seen_by_anybody == Known.YES else None,
        "last_seen_by": last_seen_by if seen_by_anybody == Known.YES else None,
    }
    return declines.answers_of(row)


_NAMES = "declined_by, informed, why, capacity, seen_by_anybody, last_seen_on, last_seen_by"
_SET = ", ".join(f"{name} = excluded.{name}" for name in _NAMES.split(", "))
_SUBJECT = text(
    "SELECT f.appointment_id, a.status FROM follow_up f LEFT JOIN appointment a ON a.id = f.appointment_id"
    " WHERE f.id = :id"
)
# A completion whose answers were changed again is judged anew: the update that follows marks it.
_UPSERT = text(
    f"""
    INSERT INTO decline (follow_up_id, person_id, household_id, contact_code, declined_at, {_NAMES}, recorded_at,
                         recorded_by)
    SELECT id, person_id, household_id, contact_code, CAST(:now AS timestamptz), CAST(:declined_by AS text),
           CAST(:informed AS text), CAST(:why AS text), CAST(:capacity AS text), CAST(:seen_by_anybody AS text),
           CAST(:last_seen_on AS date), CAST(:last_seen_by AS text), CAST(:now AS timestamptz), :by
    FROM follow_up WHERE id = :follow_up
    ON CONFLICT (follow_up_id) WHERE withdrawn_at IS NULL DO UPDATE SET {_SET}, completed_at = NULL,
        completed_by = NULL
    RETURNING id
    """
)
_TOLD = text(
    "INSERT INTO decline_event (decline_id, at, event, actor_kind, actor, told)"
    " VALUES (:id, :now, 'told', 'person', :by, CAST(:told AS jsonb))"
)
_LOOK = text("UPDATE person SET threads_due_at = :now FROM follow_up f WHERE f.id = :id AND person.id = f.person_id")
