"""Agencies outside that a step's owner has contacted: with evidence, with a clock, and what they answered. No commits.

They have no login here: contacting them is our own owner's task. Their silence becomes a challenge to be made; it never
pauses the follow-up's ladder (domain.md 4.5).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db.follow_up_rows import IllegalTransition, NotAllowed, change, lock, tell
from models.db.pathway_shelf import PathwayShelf
from models.db.scope import Scope
from models.domain.ids import FollowUpId
from models.domain.words import LIVE_FOLLOW_UP_STATES, Agency
from models.domain.working_time import WorkingCalendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One contact as the page shows it."""

    id: int
    step_id: str
    agency: Agency
    evidence: str
    contacted_at: datetime
    contacted_by: str
    reply_due_at: datetime | None
    challenge_raised_at: datetime | None
    replied_at: datetime | None
    replied_by: str | None
    reply: str | None


@dataclass(frozen=True, slots=True)
class Silent:
    """A contact that nobody answered in time, locked."""

    id: int
    follow_up_id: int
    person_id: int
    household_id: int | None
    team_id: int | None
    caseload_holder: int | None
    owner_practitioner_id: int | None
    agency: str
    step_id: str


def of(session: Session, follow_up_id: FollowUpId) -> list[Contact]:
    """The contacts of a follow-up, the latest first."""
    found = session.execute(_OF, {"id": follow_up_id}).mappings()
    return [Contact(**{**row, "agency": Agency(row["agency"])}) for row in found]


def record(
    session: Session,
    *,
    follow_up_id: FollowUpId,
    row_version: int,
    evidence: str,
    account: Scope,
    pathways: PathwayShelf,
    calendar: WorkingCalendar,
    now: datetime,
) -> datetime:
    """Note that the agency of the step in hand was contacted; return by when its answer is due.

    Raises ChangedMeanwhile; IllegalTransition where the step in hand asks for no agency; NotAllowed without evidence.
    """
    row = lock(session, follow_up_id, row_version)
    pathway = pathways.get(session, row.pathway_code, row.pathway_version)
    step = None if row.step_id is None else pathway.step(row.step_id)
    if row.state not in LIVE_FOLLOW_UP_STATES or step is None or step.contacts_agency is None:
        raise IllegalTransition(f"follow-up {row.id} has no step in hand that asks to contact an agency")
    if not evidence.strip():
        raise NotAllowed("write whom you spoke to, when, and their reference")
    due = step.contacts_agency.reply_within.after(now, calendar=calendar)
    agency = step.contacts_agency.agency
    values = {"follow_up": row.id, "cycle": row.cycle, "step": step.id, "agency": agency, "due": due}
    session.execute(_RECORD, {**values, "evidence": evidence.strip(), "by": account.actor, "now": now})
    change(session, row, "next_due_at = next_due_at", {})
    detail = {"agency": agency, "reply_due": due.isoformat()}
    tell(session, row, "agency_contacted", row.state, account, now, reason=evidence.strip(), detail=detail)
    return due


def record_reply(
    session: Session, *, follow_up_id: FollowUpId, row_version: int, contact_id: int, reply: str, account: Scope,
    now: datetime,
) -> None:  # fmt: skip
    """Note what the agency answered. Raises ChangedMeanwhile; NotAllowed without words, or where it is answered."""
    row = lock(session, follow_up_id, row_version)
    if not reply.strip():
        raise NotAllowed("write what they answered, and who did")
    given = {"id": contact_id, "follow_up": row.id, "reply": reply.strip(), "by": account.actor, "now": now}
    answered = session.execute(_REPLY, given).one_or_none()
    if answered is None:
        raise NotAllowed("an answer to this is recorded already")
    change(session, row, "next_due_at = next_due_at", {})
    tell(
        session,
        row,
        "agency_replied",
        row.state,
        account,
        now,
        reason=reply.strip(),
        detail={"agency": answered.agency},
    )


def take_silent(session: Session, *, now: datetime, limit: int) -> list[Silent]:
    """Lock up to `limit` contacts past their clock, oldest first, and note that each is challenged now."""
    return [Silent(*row) for row in session.execute(_SILENT, {"now": now, "limit": limit})]


_OF = text(
    """
    SELECT id, step_id, agency, evidence, contacted_at, contacted_by, reply_due_at, challenge_raised_at, replied_at,
           replied_by, reply
    FROM agency_contact WHERE follow_up_id = :id ORDER BY id DESC
    """
)
_RECORD = text(
    """
    INSERT INTO agency_contact (follow_up_id, cycle, step_id, agency, evidence, contacted_at, contacted_by,
                                reply_due_at)
    VALUES (:follow_up, :cycle, :step, :agency, :evidence, :now, :by, :due)
    """
)
_REPLY = text(
    """
    UPDATE agency_contact SET replied_at = :now, replied_by = :by, reply = :reply, reply_due_at = NULL
    WHERE id = :id AND follow_up_id = :follow_up AND replied_at IS NULL RETURNING agency
    """
)
_SILENT = text(
    """
    WITH due AS MATERIALIZED (
        SELECT id FROM agency_contact WHERE reply_due_at <= :now ORDER BY reply_due_at, id LIMIT :limit
        FOR UPDATE SKIP LOCKED
    ), c AS (
        UPDATE agency_contact SET reply_due_at = NULL, challenge_raised_at = :now FROM due
        WHERE agency_contact.id = due.id RETURNING agency_contact.*
    )
    SELECT c.id, c.follow_up_id, f.person_id, f.household_id, f.team_id, p.caseload_holder_id, f.owner_practitioner_id,
           c.agency, c.step_id
    FROM c JOIN follow_up f ON f.id = c.follow_up_id JOIN person p ON p.id = f.person_id ORDER BY c.id
    """
)
