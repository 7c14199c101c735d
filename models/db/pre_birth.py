"""A pre-birth assessment that did not take place, by the parent's side or by an agency's: recorded as a family event.

Never commits.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import family_events, history
from models.db.family_events import NewFamilyEvent
from models.db.scope import Scope
from models.domain import dedupe
from models.domain.ids import HouseholdId, PersonId
from models.domain.words import FamilyEventKind, MissedBy


@dataclass(frozen=True, slots=True)
class NotHeld:
    """Whose pre-birth assessment did not take place, when, and on whose side."""

    household_id: HouseholdId
    person_id: PersonId  # the unborn child's record, or the woman
    on: date
    by: MissedBy


def record(session: Session, missed: NotHeld, *, at: datetime, account: Scope, now: datetime) -> bool:
    """Record it, `at` its time; a follow-up is opened from it. Return whether it is new: the same one is one."""
    known = session.execute(_KNOWN, {"person": missed.person_id, "household": missed.household_id}).one()
    kind = FamilyEventKind.PRE_BIRTH_MISSED
    event = NewFamilyEvent(
        kind=kind,
        dedupe_key=dedupe.family_event(kind, missed.person_id, missed.on, missed.by),
        person_id=missed.person_id,
        household_id=missed.household_id,
        team_id=known.team_id,
        happened_at=at,
        recorded_by=account.actor,
        detail={"on": missed.on.isoformat(), "by": missed.by, "misses": known.earlier + 1},
    )
    if not family_events.record_many(session, [event], now=now):
        return False
    history.audited(
        session,
        action="pre_birth_missed",
        subject="person",
        subject_id=missed.person_id,
        household_id=missed.household_id,
        actor=account,
        now=now,
        detail={"by": missed.by},
    )
    return True


_KNOWN = text(
    """
    SELECT (SELECT count(*) FROM family_event v WHERE v.person_id = :person AND v.kind = 'pre_birth_missed') AS earlier,
           coalesce((SELECT team_id FROM person WHERE id = :person),
                    (SELECT team_id FROM household WHERE id = :household)) AS team_id
    """
)
