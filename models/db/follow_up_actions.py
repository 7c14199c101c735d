"""What a person does to a follow-up: acknowledge, release its text, close it, take it up, open it again. Never commits.

Each locks the row, checks the version the person looked at, changes the row, and appends to its story and to the audit
trail. The caller has checked that the account's scope covers the follow-up.
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import decline_actions, messages
from models.db.base import words_in
from models.db.follow_up_rows import (
    ActionRefused,
    ChangedMeanwhile,
    IllegalTransition,
    Locked,
    NotAllowed,
    audit,
    change,
    end_alerts,
    lock,
    state_after,
    tell,
)
from models.db.pathway_shelf import PathwayShelf
from models.db.scope import Scope
from models.domain.follow_up_states import FollowUpEvent, advance
from models.domain.ids import FollowUpId, MessageId
from models.domain.ladder import lease_end
from models.domain.ladder_facts import FollowUpFacts
from models.domain.message_states import WAITING
from models.domain.words import AlertState, ClosedReason, FollowUpState, FollowUpTrigger
from models.domain.working_time import WorkingCalendar

__all__ = [
    "ActionRefused",
    "ChangedMeanwhile",
    "IllegalTransition",
    "NotAllowed",
    "acknowledge",
    "close",
    "not_seen_after_all",
    "refuse_closing",
    "release_text",
    "reopen",
    "take_up",
]

# Reasons that mean "this never needed following up or no longer can": an unrecorded outcome may end by them too.
_WITHOUT_OUTCOME = frozenset(
    {ClosedReason.ENTERED_IN_ERROR, ClosedReason.DIED, ClosedReason.PREGNANCY_ENDED, ClosedReason.TRANSFER_ACCEPTED}
)


def acknowledge(
    session: Session,
    *,
    follow_up_id: FollowUpId,
    row_version: int,
    account: Scope,
    pathways: PathwayShelf,
    calendar: WorkingCalendar,
    now: datetime,
    until: datetime | None = None,
) -> datetime:
    """Take the current step on, for as long as its lease; return when it comes back if nothing ends it.

    Whoever takes it on has it now, also where it was a pool's or a colleague's: "I take it" is the same act. `until`
    may shorten the lease, never lengthen it. Raises ChangedMeanwhile, IllegalTransition where no step has fired,
    NotAllowed for a longer lease.
    """
    row = lock(session, follow_up_id, row_version)
    state_after(row, FollowUpEvent.ACKNOWLEDGED)
    if row.state is FollowUpState.BACKLOG or row.step_id is None:
        raise IllegalTransition(f"follow-up {row.id} has no step to acknowledge; expected one that has fired")
    pathway = pathways.get(session, row.pathway_code, row.pathway_version)
    end = lease_end(_lease_facts(row), pathway, acknowledged_at=now, calendar=calendar)
    if until is not None:
        if not now < until <= end:
            raise NotAllowed(f"acknowledged until {until:%d.%m.%Y %H:%M}; expected a time up to {end:%d.%m.%Y %H:%M}")
        end = until
    who = {"by": account.actor, "now": now, "me": account.practitioner_id}
    change(
        session,
        row,
        "acknowledged_by = :by, acknowledged_at = :now, acknowledged_until = :end,"
        " next_due_at = least(next_due_at, :end),"
        " owner_practitioner_id = coalesce(CAST(:me AS bigint), owner_practitioner_id),"
        " owner_team_id = CASE WHEN CAST(:me AS bigint) IS NULL THEN owner_team_id END",
        {**who, "end": end},
    )
    session.execute(_ACKNOWLEDGE_ALERTS, {**who, "id": row.id})
    tell(session, row, "acknowledged", row.state, account, now, detail={"until": end.isoformat()})
    return end


def release_text(
    session: Session,
    *,
    follow_up_id: FollowUpId,
    row_version: int,
    account: Scope,
    now: datetime,
    not_after: datetime | None = None,
) -> list[MessageId]:
    """Let the follow-up's held family text go; the gate still decides when it is sent. Return the ids let go.

    Raises ChangedMeanwhile; IllegalTransition once the child was seen or it has ended; NotAllowed where no text waits.
    """
    row = lock(session, follow_up_id, row_version)
    if row.state is not FollowUpState.OPEN or row.trigger is FollowUpTrigger.OUTCOME_NOT_RECORDED:
        raise IllegalTransition(f"follow-up {row.id} is {row.state} ({row.trigger}); texts go only while it is open")
    released = messages.release_texts(session, row.id, by=account.actor, now=now, not_after=not_after)
    if not released:
        raise NotAllowed(f"follow-up {row.id} has no text waiting for a release")
    change(session, row, "text_released_by = :by", {"by": account.actor})
    audit(session, row, "text_released", account, now)
    return released


def close(
    session: Session,
    *,
    follow_up_id: FollowUpId,
    row_version: int,
    account: Scope,
    reason: ClosedReason,
    note: str,
    now: datetime,
) -> FollowUpState:
    """Close with a reason; for high risk, ask a second person, or be that second person. Return the state it is in now.

    A note is always wanted. Raises ChangedMeanwhile, IllegalTransition for one that has ended, NotAllowed for the same
    person twice, an empty note, an unrecorded outcome, which ends by recording the outcome, a decline that is not
    complete, or whose review is a team lead's, a transfer that nobody has accepted, or a family that moved out while
    nobody has.
    """
    row = lock(session, follow_up_id, row_version)
    if not note.strip():
        raise NotAllowed("closing needs a note: who was seen, when and by whom, or why this ends")
    if row.trigger is FollowUpTrigger.OUTCOME_NOT_RECORDED and reason not in _WITHOUT_OUTCOME:
        raise NotAllowed(f"follow-up {row.id} waits for an outcome; record it instead of closing")
    _check_transfer(session, row, reason)
    decline_actions.check_closing(session, row, reason, account)
    if row.state is FollowUpState.CLOSING:
        if row.closing_by == account.actor:
            raise NotAllowed("a second person has to agree; you are the one who asked")
        agreed = ClosedReason(str(row.closing_reason))
        return _end(session, row, account, FollowUpEvent.CLOSE_AGREED, reason=agreed, note=note, now=now)
    if row.high_risk:
        state_after(row, FollowUpEvent.CLOSE_ASKED)
        change(
            session,
            row,
            "state = 'closing', closing_by = :by, closing_reason = :reason, closing_note = :note, next_due_at = :now",
            {"by": account.actor, "reason": reason, "note": note, "now": now},
        )
        tell(session, row, "closing_asked", FollowUpState.CLOSING, account, now, reason=reason)
        return FollowUpState.CLOSING
    return _end(session, row, account, FollowUpEvent.CLOSE, reason=reason, note=note, now=now)


def refuse_closing(
    session: Session, *, follow_up_id: FollowUpId, row_version: int, account: Scope, note: str, now: datetime
) -> FollowUpState:
    """The second person says no: back to where it was, with what is missing. Return the state it is in now."""
    row = lock(session, follow_up_id, row_version)
    back = state_after(row, FollowUpEvent.CLOSE_REFUSED)
    if not note.strip():
        raise NotAllowed("sending it back needs a note that says what is missing")
    if row.seen_at is not None:
        back = advance(back, FollowUpEvent.SEEN_EVIDENCE)  # the evidence that was there before still is
    change(
        session,
        row,
        "state = :state, closing_by = NULL, closing_reason = NULL, closing_note = NULL, next_due_at = :now,"
        " step_id = NULL, step_fired_at = NULL, acknowledged_until = NULL",
        {"state": back, "now": now},
    )
    end_alerts(session, row, account, now, state=AlertState.OVERTAKEN, outcome="closing_refused")
    tell(session, row, "closing_refused", back, account, now, reason=note)
    return back


def take_up(session: Session, *, follow_up_id: FollowUpId, row_version: int, account: Scope, now: datetime) -> None:
    """Take a backlog follow-up up: it is open from now on and climbs its ladder. Raises IllegalTransition otherwise."""
    row = lock(session, follow_up_id, row_version)
    state_after(row, FollowUpEvent.TAKEN_UP)
    change(session, row, "state = 'open', steps_done = '{}', next_due_at = :now", {"now": now})
    tell(session, row, "taken_up", FollowUpState.OPEN, account, now)


def not_seen_after_all(
    session: Session, *, follow_up_id: FollowUpId, row_version: int, account: Scope, note: str, now: datetime
) -> None:
    """The evidence was wrong: the ladder goes on where it was. Raises IllegalTransition unless it is in SEEN."""
    row = lock(session, follow_up_id, row_version)
    if row.state is not FollowUpState.SEEN:  # a closed one is opened again, which is another act
        raise IllegalTransition(f"follow-up {row.id} is {row.state}; expected one with evidence of being seen")
    state_after(row, FollowUpEvent.SEEN_WITHDRAWN)
    change(
        session,
        row,
        "state = 'open', seen_at = NULL, seen_evidence = NULL, step_id = NULL, step_fired_at = NULL,"
        " acknowledged_until = NULL, next_due_at = :now",
        {"now": now},
    )
    end_alerts(session, row, account, now, state=AlertState.OVERTAKEN, outcome="not_seen_after_all")
    tell(session, row, "not_seen_after_all", FollowUpState.OPEN, account, now, reason=note)


def reopen(
    session: Session, *, follow_up_id: FollowUpId, row_version: int, account: Scope, note: str, now: datetime
) -> None:
    """Open a closed follow-up again, on the same row, in a new cycle. Its story keeps the closure."""
    row = lock(session, follow_up_id, row_version)
    state_after(row, FollowUpEvent.REOPENED)
    if not note.strip():
        raise NotAllowed("opening it again needs a note that says why")
    change(session, row, REOPENED, {"now": now})
    tell(session, row, "reopened", FollowUpState.OPEN, account, now, reason=note)


# What opening again sets, wherever it happens: a fresh climb of the same ladder; who owned it owns it.
REOPENED = (
    "state = 'open', cycle = cycle + 1, step_id = NULL, step_fired_at = NULL, step_raised_to = 0, steps_done = '{}',"
    " acknowledged_by = NULL, acknowledged_at = NULL, acknowledged_until = NULL, text_released_at = NULL,"
    " text_released_by = NULL, seen_at = NULL, seen_evidence = NULL, closing_by = NULL, closing_reason = NULL,"
    " closing_note = NULL, closed_by = NULL, closed_at = NULL, closed_reason = NULL, closed_note = NULL,"
    " next_due_at = :now"
)


def _check_transfer(session: Session, row: Locked, reason: ClosedReason) -> None:
    """A family that moved is closed as such only by the receiver's acceptance, which the row then names (hazard 17)."""
    agreed = ClosedReason(row.closing_reason) if row.closing_reason else reason
    found = session.execute(_TRANSFER, {"id": row.id}).one()
    if found.still_ours:
        raise NotAllowed(
            "the family has moved out and nobody has accepted it; record the acceptance, or end the hold if it stayed"
        )
    if agreed is ClosedReason.TRANSFER_ACCEPTED:
        if found.handover_id is None:
            raise NotAllowed("nobody has accepted the family yet; record the acceptance on the family's page first")
        change(session, row, "handover_id = :handover", {"handover": found.handover_id})


def _end(
    session: Session,
    row: Locked,
    account: Scope,
    event: FollowUpEvent,
    *,
    reason: ClosedReason,
    note: str,
    now: datetime,
) -> FollowUpState:
    state_after(row, event)
    change(
        session,
        row,
        "state = 'closed', closed_by = :by, closed_at = :now, closed_reason = :reason, closed_note = :note,"
        " next_due_at = NULL, next_step_id = NULL, acknowledged_until = NULL",
        {"by": account.actor, "reason": reason, "note": note, "now": now},
    )
    end_alerts(session, row, account, now, state=AlertState.DONE, outcome=reason)
    session.execute(_DROP_TEXTS, {"id": row.id, "by": account.actor, "now": now})
    tell(session, row, "closed", FollowUpState.CLOSED, account, now, reason=reason)
    return FollowUpState.CLOSED


def _lease_facts(row: Locked) -> FollowUpFacts:
    return FollowUpFacts(
        state=row.state,
        trigger=row.trigger,
        contact_code=row.contact_code,
        high_risk=row.high_risk,
        miss_count=row.miss_count,
        opened_at=row.opened_at,
        started_at=row.anchor_at,
        step_id=row.step_id,
    )


# `still_ours`: it is about a move itself, and somebody of the family moved out whom nobody has accepted.
_TRANSFER = text(
    """
    SELECT max(h.handover_id) AS handover_id, coalesce(bool_or(v.kind = 'moved_out' AND h.handover_id IS NULL), false)
        AS still_ours
    FROM follow_up f
    LEFT JOIN family_event v ON v.id = f.family_event_id
    LEFT JOIN hold h ON h.kind = 'moved_out' AND h.ended_at IS NULL
      AND (h.person_id = f.person_id OR h.household_id = f.household_id
           OR (v.kind = 'moved_out' AND h.person_id IN (
               SELECT m.person_id FROM household_member m
               WHERE m.household_id = f.household_id AND m.valid_until IS NULL)))
    WHERE f.id = :id
    """
)
_ACKNOWLEDGE_ALERTS = text(
    """
    UPDATE alert SET acknowledged_by = :by, acknowledged_at = :now,
        -- The one who takes it from a pool is the one whose list it stands on.
        practitioner_id = CASE WHEN practitioner_id IS NULL THEN CAST(:me AS bigint) ELSE practitioner_id END,
        owner_team_id = CASE WHEN CAST(:me AS bigint) IS NULL OR practitioner_id IS NOT NULL THEN owner_team_id END
    WHERE follow_up_id = :id AND state = 'open' AND kind IN ('step', 'confirm_seen', 'second_signature')
    """
)
# A text that has not left when its follow-up ends must not leave later; one being sent can't be called back.
_DROP_TEXTS = text(
    f"""
    UPDATE message SET state = 'dropped', ended_at = :now, ended_by = :by
    WHERE audience = 'family' AND state IN {words_in(WAITING)}
      AND id IN (SELECT message_id FROM message_subject WHERE follow_up_id = :id)
    """
)
