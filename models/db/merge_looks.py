"""Who has to be looked at again once records were joined or taken apart: their plans, their patterns, who cares there.

Never commits.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import carers, holds, pattern_looks, plan_marks
from models.db.carers import Occasion
from models.domain.carers import HOUSEHOLD_CHANGED


def at_people(session: Session, people: Collection[int], *, now: datetime) -> None:
    """Plan these people again, and look for patterns where they are: what was two people's is one's, or was one's."""
    plan_marks.mark(session, people)
    pattern_looks.mark_people(session, people, now=now)


def at_households(session: Session, households: Collection[int], *, now: datetime) -> None:
    """The same for everybody of these households."""
    at_people(session, members(session, households), now=now)


def members(session: Session, households: Collection[int]) -> Sequence[int]:
    """Return everybody who is in these households."""
    return session.scalars(_MEMBERS, {"households": list(households)}).all()


def at_holds(session: Session, people: Collection[int], *, now: datetime) -> None:
    """Draw again what follows from the holds that now reach these people: their texts keep still, their plans give way.

    Whoever is joined with somebody who has died, or with a family that is held, comes under that.
    """
    session.execute(_HOLDS, {"people": holds.beside(session, people), "now": now})


def ask_who_cares(session: Session, kept: int, gone: int, merge_id: int, *, now: datetime) -> None:
    """Whoever was asked in one of two households was not asked about the other's adults: it is put again, at once."""
    if session.scalar(_ASKED_BEFORE, {"households": [kept, gone]}):
        occasion = Occasion(kept, HOUSEHOLD_CHANGED, f"merge {merge_id}", now)
        carers.put(session, [occasion], even_if_answered=True)


def ask_no_more(session: Session, kept: int, merge_id: int, *, made_at: datetime, by: str, now: datetime) -> None:
    """Taken apart: what the join asked is asked no more, but an answer given since was about both, and is asked anew.
    So is an older answer of a household that an adult joined or left since: while the join's question stood, that was
    none of its own.

    "Nobody" as it was answered before is looked at at once: it was said of what was taken for another home.
    """
    params = {"kept": kept, "key": f"merge {merge_id}", "made_at": made_at, "by": by, "now": now}
    params["alert"] = carers.alert_key(kept, HOUSEHOLD_CHANGED, f"merge {merge_id}")
    for statement in (_END_ALERT, _FORGET, _REST):
        session.execute(statement, params)
    changed = kept in {household for household, _ in carers.changed_since(session, since=made_at, now=now)}
    if changed or session.scalar(_ANSWERED_SINCE, params):
        occasion = Occasion(kept, HOUSEHOLD_CHANGED, f"merge {merge_id} undone", now)
        carers.put(session, [occasion], even_if_answered=True)


_MEMBERS = text(
    """
    SELECT DISTINCT person_id FROM household_member
    WHERE household_id = ANY(CAST(:households AS bigint[])) AND valid_until IS NULL
    """
)
_HOLDS = text(
    """
    UPDATE hold SET apply_at = :now WHERE ended_at IS NULL AND (
        person_id = ANY(:people) OR about_person_id = ANY(:people)
        OR pregnancy_id IN (SELECT id FROM pregnancy WHERE mother_id = ANY(:people))
        OR household_id IN (SELECT household_id FROM household_member
                            WHERE person_id = ANY(:people) AND valid_until IS NULL))
    """
)
_ASKED_BEFORE = text(
    "SELECT EXISTS (SELECT FROM carers_question WHERE household_id = ANY(CAST(:households AS bigint[])))"
)
_END_ALERT = text(
    """
    UPDATE alert SET state = 'overtaken', ended_at = :now, ended_by = :by
    WHERE dedupe_key = :alert AND state = 'open'
    """
)
_ASKED_BY_IT = "household_id = :kept AND occasion IS NOT NULL AND occasion_key = :key"
# Nobody had asked before.
_FORGET = text(f"DELETE FROM carers_question WHERE {_ASKED_BY_IT} AND answer = 'not_asked'")
_REST = text(
    f"""
    UPDATE carers_question SET occasion = NULL, times_asked = NULL,
        next_due_at = CASE answer WHEN 'no' THEN CAST(:now AS timestamptz) END
    WHERE {_ASKED_BY_IT}
    """
)
_ANSWERED_SINCE = text(
    "SELECT EXISTS (SELECT FROM carers_answer WHERE household_id = :kept AND answered_at > :made_at)"
)
