"""Who has to be looked at again once records were joined or taken apart: their plans, their patterns, who cares there.

Never commits.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import carers, pattern_looks, plan_marks
from models.db.carers import Occasion
from models.domain.carers import HOUSEHOLD_CHANGED


def at_people(session: Session, people: Collection[int], *, now: datetime) -> None:
    """Plan these people again, and look for patterns where they are: what was two people's is one's, or was one's."""
    plan_marks.mark(session, people)
    pattern_looks.mark_people(session, people, now=now)


def at_households(session: Session, households: Collection[int], *, now: datetime) -> None:
    """The same for everybody of these households."""
    at_people(session, session.scalars(_MEMBERS, {"households": list(households)}).all(), now=now)


def ask_who_cares(session: Session, kept: int, gone: int, merge_id: int, *, now: datetime) -> None:
    """Whoever was asked in one of two households was not asked about the other's adults: it is put again, at once."""
    if session.scalar(_ASKED_BEFORE, {"households": [kept, gone]}):
        occasion = Occasion(kept, HOUSEHOLD_CHANGED, f"merge {merge_id}", now)
        carers.put(session, [occasion], even_if_answered=True)


_MEMBERS = text(
    """
    SELECT DISTINCT person_id FROM household_member
    WHERE household_id = ANY(CAST(:households AS bigint[])) AND valid_until IS NULL
    """
)
_ASKED_BEFORE = text(
    "SELECT EXISTS (SELECT FROM carers_question WHERE household_id = ANY(CAST(:households AS bigint[])))"
)
