"""Professional challenges: opened, answered, raised and resolved by people; asked about in sets. Never commits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from models.db import history, standing_alerts
from models.db.follow_up_rows import ChangedMeanwhile, IllegalTransition, NotAllowed
from models.db.packing import packed, unpacked
from models.db.scope import Scope
from models.domain import dedupe, transitions
from models.domain.challenge import ChallengeEvent, advance
from models.domain.ids import HouseholdId
from models.domain.words import ActorKind, AlertKind, AlertState, ChallengeOutcome, ChallengeState


class Due(NamedTuple):
    """A challenge whose owner, or whose next stage's owner, has to be told now; locked."""

    id: int
    person_id: int
    household_id: int | None
    team_id: int | None
    opened_by_practitioner: int | None
    state: str
    urgent: bool
    stage_due_at: datetime
    times_asked: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What an asking leaves on a challenge."""

    id: int
    state: str
    times_asked: int
    next_due_at: datetime
    practitioner_id: int | None
    pool: int | None


@dataclass(frozen=True, slots=True)
class NewChallenge:
    """A challenge as a person opens it; all four texts are wanted (domain.md 4.5)."""

    person_id: int
    household_id: HouseholdId | None
    team_id: int | None
    referral_id: int | None
    service: str
    urgent: bool
    issue: str
    child_impact: str
    view_sought: str
    safety_plan: str
    stage_due_at: datetime
    owner_practitioner_id: int | None
    owner_team_id: int | None


def open_(session: Session, new: NewChallenge, *, account: Scope, now: datetime) -> int:
    """Open a challenge at its first stage, its owner to be told at once; return its id.

    Raises NotAllowed where one of its four texts is missing, ChangedMeanwhile where one about the referral is open.
    """
    if not all(part.strip() for part in (new.issue, new.child_impact, new.view_sought, new.safety_plan, new.service)):
        raise NotAllowed(
            "a challenge says what the issue is, what it means for the child, which view is sought, and what keeps the"
            " child safe meanwhile"
        )
    given = {**_values(new), "now": now, "by": account.actor}
    found = session.execute(_OPEN, given).scalar_one_or_none()
    if found is None:
        raise ChangedMeanwhile(f"referral {new.referral_id} has an open challenge already")
    _tell(session, found, ChallengeEvent.OPENED, ChallengeState.PRACTITIONER, account, now, note=new.issue)
    _audit(session, found, "challenge_opened", new.household_id, account, now)
    return int(found)


def reply(session: Session, *, challenge_id: int, row_version: int, note: str, account: Scope, now: datetime) -> None:
    """Keep what the other side answered; it settles nothing by itself. Raises ChangedMeanwhile, NotAllowed."""
    row = _lock(session, challenge_id, row_version)
    state = _after(row, ChallengeEvent.REPLIED)
    _need(note, "a reply needs what was said, by whom and when")
    session.execute(_TOUCH, {"id": challenge_id})
    _tell(session, challenge_id, ChallengeEvent.REPLIED, state, account, now, note=note)
    _audit(session, challenge_id, "challenge_replied", row["household_id"], account, now)


def raise_(
    session: Session,
    *,
    challenge_id: int,
    row_version: int,
    evidence: str,
    stage_due_at: datetime,
    account: Scope,
    now: datetime,
) -> ChallengeState:
    """A person takes it to the next stage, with the evidence that the present one asks for; its owner is told at once.

    Raises ChangedMeanwhile, IllegalTransition at the last stage or once resolved, NotAllowed without the evidence.
    """
    row = _lock(session, challenge_id, row_version)
    state = _after(row, ChallengeEvent.RAISED)
    _need(evidence, "raising it needs what was tried at this stage, and the answer or that there was none")
    session.execute(_RAISE, {"id": challenge_id, "state": state, "due": stage_due_at, "now": now})
    _end_alert(session, row, account, now, outcome="raised")
    _tell(session, challenge_id, ChallengeEvent.RAISED, state, account, now, note=evidence)
    _audit(session, challenge_id, "challenge_raised", row["household_id"], account, now)
    return state


def resolve(
    session: Session,
    *,
    challenge_id: int,
    row_version: int,
    outcome: ChallengeOutcome,
    note: str,
    account: Scope,
    now: datetime,
) -> None:
    """A person resolves it, with its outcome. Raises ChangedMeanwhile, IllegalTransition, NotAllowed without a note."""
    row = _lock(session, challenge_id, row_version)
    state = _after(row, ChallengeEvent.RESOLVED)
    _need(note, "resolving it needs a note: what was agreed, with whom, and what happens next")
    given = {"id": challenge_id, "by": account.actor, "now": now, "outcome": outcome, "note": note}
    session.execute(_RESOLVE, given)
    _end_alert(session, row, account, now, outcome=outcome)
    _tell(session, challenge_id, ChallengeEvent.RESOLVED, state, account, now, note=note)
    _audit(session, challenge_id, "challenge_resolved", row["household_id"], account, now)


def due(session: Session, *, now: datetime, limit: int) -> list[Due]:
    """Lock up to `limit` challenges about which somebody has to be told now."""
    return [Due._make(row) for row in session.execute(_DUE, {"now": now, "limit": limit})]


def asked(session: Session, rows: Sequence[Asked], *, now: datetime) -> None:
    """Store that challenges were asked about, with their histories."""
    if rows:
        given = {**packed(rows, _ASKS), "now": now}
        session.execute(_ASKED, given)
        session.execute(_TELL_ASKED, given)


def ask_key(challenge_id: int, state: str, times: int) -> str:
    """Return the key of one asking at one stage."""
    return dedupe.ask(AlertKind.CHALLENGE, "challenge", challenge_id, occasion=state, times=times)


def _lock(session: Session, challenge_id: int, row_version: int) -> RowMapping:
    row = session.execute(_LOCK, {"id": challenge_id}).mappings().one_or_none()
    if row is None or row["row_version"] != row_version:
        raise ChangedMeanwhile(f"challenge {challenge_id} has changed since it was shown")
    return row


def _after(row: RowMapping, event: ChallengeEvent) -> ChallengeState:
    try:
        return advance(ChallengeState(row["state"]), event)
    except transitions.IllegalTransition as error:
        raise IllegalTransition(f"challenge {row['id']}: {error}") from error


def _need(written: str, why: str) -> None:
    if not written.strip():
        raise NotAllowed(why)


def _end_alert(session: Session, row: RowMapping, account: Scope, now: datetime, *, outcome: str) -> None:
    key = ask_key(row["id"], row["state"], row["times_asked"])
    standing_alerts.end_by_key(session, [key], state=AlertState.DONE, outcome=outcome, by=account.actor, now=now)


def _tell(
    session: Session,
    challenge_id: int,
    event: ChallengeEvent,
    stage: ChallengeState,
    account: Scope,
    now: datetime,
    *,
    note: str,
) -> None:
    given = {"id": challenge_id, "now": now, "event": event, "stage": stage, "by": account.actor, "note": note}
    session.execute(_TELL, given | {"kind": ActorKind.PERSON})


def _audit(
    session: Session, challenge_id: int, action: str, household: HouseholdId | None, account: Scope, now: datetime
) -> None:
    history.audited(
        session,
        action=action,
        subject="challenge",
        subject_id=challenge_id,
        household_id=household,
        actor=account,
        now=now,
    )


def _values(new: NewChallenge) -> dict[str, object]:
    return {name: getattr(new, name) for name in new.__slots__}


_OPEN = text(
    """
    INSERT INTO challenge (referral_id, person_id, household_id, team_id, service, urgent, issue, child_impact,
        view_sought, safety_plan, stage_began_at, stage_due_at, next_due_at, owner_practitioner_id, owner_team_id,
        opened_by, opened_at)
    VALUES (:referral_id, :person_id, :household_id, :team_id, :service, :urgent, :issue, :child_impact, :view_sought,
        :safety_plan, :now, :stage_due_at, :now, :owner_practitioner_id, :owner_team_id, :by, :now)
    ON CONFLICT (referral_id) WHERE state <> 'resolved' DO NOTHING RETURNING id
    """
)
_LOCK = text("SELECT id, state, times_asked, household_id, row_version FROM challenge WHERE id = :id FOR UPDATE")
_TOUCH = text("UPDATE challenge SET row_version = row_version + 1 WHERE id = :id")
_RAISE = text(
    """
    UPDATE challenge SET state = :state, stage_began_at = :now, stage_due_at = :due, times_asked = 0,
        next_due_at = :now, row_version = row_version + 1
    WHERE id = :id
    """
)
_RESOLVE = text(
    """
    UPDATE challenge SET state = 'resolved', resolved_by = :by, resolved_at = :now, outcome = :outcome,
        outcome_note = :note, next_due_at = NULL, row_version = row_version + 1
    WHERE id = :id
    """
)
_TELL = text(
    """
    INSERT INTO challenge_event (challenge_id, at, event, stage, actor_kind, actor, note)
    VALUES (:id, :now, :event, :stage, :kind, :by, :note)
    """
)
# The practitioner's stage is that of whoever opened it; a person without a practitioner leaves it to the caseload.
_DUE = text(
    """
    SELECT c.id, c.person_id, c.household_id, coalesce(c.team_id, p.team_id),
           coalesce((SELECT a.practitioner_id FROM account a WHERE 'person:' || a.username = c.opened_by),
                    p.caseload_holder_id), c.state, c.urgent, c.stage_due_at, c.times_asked
    FROM challenge c JOIN person p ON p.id = c.person_id
    WHERE c.next_due_at <= :now ORDER BY c.next_due_at, c.id LIMIT :limit FOR NO KEY UPDATE OF c SKIP LOCKED
    """
)
_ASKS = (
    ("id", "bigint"),
    ("state", "text"),
    ("times_asked", "bigint"),
    ("next_due_at", "timestamptz"),
    ("practitioner_id", "bigint"),
    ("pool", "bigint"),
)
_ASKED = text(
    f"""
    UPDATE challenge c SET times_asked = u.times_asked, next_due_at = u.next_due_at,
        owner_practitioner_id = u.practitioner_id, owner_team_id = u.pool, row_version = c.row_version + 1
    FROM {unpacked(_ASKS, alias="u")} WHERE c.id = u.id
    """
)
_TELL_ASKED = text(
    f"""
    INSERT INTO challenge_event (challenge_id, at, event, stage, actor_kind, actor, detail)
    SELECT id, :now, 'asked', state, 'engine', 'engine',
           jsonb_build_object('times', times_asked, 'practitioner_id', practitioner_id, 'team_id', pool)
    FROM {unpacked(_ASKS, alias="u")} ORDER BY u.place
    """
)
