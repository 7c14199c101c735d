"""What people record of a parent's mental health: totals, yes or no, no instrument text (domain.md 4.4). No commits.

The prompt rules look at it at once; nudge the urgent lane and `engine` after the commit.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import history
from models.db.scope import Scope
from models.domain.ids import HouseholdId
from models.domain.words import ContactMode, Known


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIndicator:
    """One indicator as a person recorded it. The caller has checked its bounds and the scope."""

    person_id: int
    household_id: HouseholdId | None
    instrument: str
    recorded_on: date
    total: int | None = None
    self_harm_item: int | None = None
    answers: Mapping[str, Known] | None = None
    note: str = ""
    language: str | None = None
    mode: ContactMode | None = None
    interpreter: Known = Known.UNKNOWN
    low_literacy: Known = Known.UNKNOWN


def record(session: Session, new: NewIndicator, *, account: Scope, now: datetime) -> int:
    """Store it for the prompt rules to look at; return its id."""
    row = {name: getattr(new, name) for name in new.__slots__}
    row |= {
        "answers": None if new.answers is None else json.dumps(dict(new.answers)),
        "note": new.note or None,
        "by": account.actor,
        "now": now,
    }
    indicator_id: int = session.execute(_RECORD, row).scalar_one()
    history.audited(
        session,
        action="indicator_recorded",
        subject="indicator",
        subject_id=indicator_id,
        household_id=new.household_id,
        actor=account,
        now=now,
    )
    return indicator_id


_RECORD = text(
    """
    INSERT INTO indicator (person_id, instrument, total, self_harm_item, answers, note, recorded_on, recorded_by,
        language, mode, interpreter, low_literacy, examine_at, received_at)
    VALUES (:person_id, :instrument, :total, :self_harm_item, CAST(:answers AS jsonb), :note, :recorded_on, :by,
        :language, :mode, :interpreter, :low_literacy, :now, :now)
    RETURNING id
    """
)
