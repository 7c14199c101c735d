"""Scores that people record: totals only, no instrument text (domain.md 4.4). Never commits; `detect` examines them."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import insert
from sqlalchemy.orm import Session

from models.db import history
from models.db.scope import Scope
from models.db.tables import Indicator
from models.domain.ids import HouseholdId

HIGHEST_TOTAL = 100  # beyond any scale that is used: a slip of the finger
HIGHEST_ITEM = 10


@dataclass(frozen=True, slots=True)
class Score:
    """A score as a person wrote it down. The caller has checked that the scope covers the person."""

    person_id: int
    instrument: str
    total: int
    self_harm_item: int | None
    household_id: HouseholdId | None


def record(session: Session, score: Score, *, account: Scope, now: datetime, today: date) -> int:
    """Store the score for the prompt rules to look at; return its id. Nudge `engine` after the commit."""
    row = {
        "person_id": score.person_id,
        "instrument": score.instrument,
        "total": score.total,
        "self_harm_item": score.self_harm_item,
        "recorded_on": today,
        "recorded_by": account.actor,
        "examine_at": now,
    }
    indicator_id: int = session.execute(insert(Indicator).values(row).returning(Indicator.id)).scalar_one()
    history.audited(
        session,
        action="indicator_recorded",
        subject="indicator",
        subject_id=indicator_id,
        household_id=score.household_id,
        actor=account,
        now=now,
    )
    return indicator_id
