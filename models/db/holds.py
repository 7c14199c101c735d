"""Holds: set in sets, each with its history; how they end is in hold_ends.py. Never commits.

What a hold means for texts is drawn at once, in the same transaction; what it means for plans is drawn by `detect`
(`apply_at`): nudge `engine` after the commit.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import hold_texts
from models.domain.holds import HoldRule, HoldRules, remind_at, review_at
from models.domain.words import ActorKind, HoldKind
from models.domain.working_time import WorkingCalendar


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHold:
    """A hold to set, on exactly one person, household or pregnancy. `about_person_id`: who has died."""

    kind: HoldKind
    reason: str
    review_at: datetime
    next_due_at: datetime
    person_id: int | None = None
    household_id: int | None = None
    pregnancy_id: int | None = None
    about_person_id: int | None = None
    detail: Mapping[str, object] | None = None


def new_hold(
    rule: HoldRule,
    *,
    reason: str,
    now: datetime,
    calendar: WorkingCalendar,
    review: datetime | None = None,
    person_id: int | None = None,
    household_id: int | None = None,
    pregnancy_id: int | None = None,
    about_person_id: int | None = None,
    detail: Mapping[str, object] | None = None,
) -> NewHold:
    """Return a hold with the times that its kind's rule gives it; `review` where a person named the day."""
    review = review or review_at(rule, now=now, until=None, calendar=calendar)
    return NewHold(
        kind=rule.kind,
        reason=reason,
        review_at=review,
        next_due_at=remind_at(rule, review, now=now, calendar=calendar),
        person_id=person_id,
        household_id=household_id,
        pregnancy_id=pregnancy_id,
        about_person_id=about_person_id,
        detail=detail,
    )


def set_many(
    session: Session, holds: Sequence[NewHold], rules: HoldRules, *, by: str, now: datetime, calendar: WorkingCalendar
) -> list[int]:
    """Set the holds that do not stand yet; return the new ones' ids. `by`: 'person:…', 'import:…' or 'engine'.

    Texts that wait for these families are dropped in this transaction; one that is leaving just now is told to a
    person. Taking the families' locks first, it lets no sender slip through unseen.
    """
    if not holds:
        return []
    people = _people(session, holds, rules)
    hold_texts.lock(session, people)
    ids = [int(found) for found in session.scalars(_INSERT, {**_columns(holds), "by": by, "now": now})]
    if ids:
        kind = _actor_kind(by)
        session.execute(_SET_HISTORY, {"ids": ids, "by": by, "actor_kind": kind, "now": now})
        if {hold.kind for hold in holds} & rules.blocking:
            _drop_texts(session, people, rules, by=by, now=now, calendar=calendar)
    return ids


def keep_still(
    session: Session, ids: Collection[int], rules: HoldRules, *, by: str, now: datetime, calendar: WorkingCalendar
) -> None:
    """Drop the texts that wait under these holds, if they stand: whoever was joined with the held has come under them.

    One that is leaving just now is told to a person.
    """
    rows = session.execute(_STANDING, {"ids": list(ids)})
    standing = [_Held(HoldKind(kind), *whom) for kind, *whom in rows]
    people = _people(session, [hold for hold in standing if hold.kind in rules.blocking], rules)
    if people:
        hold_texts.lock(session, people)
        _drop_texts(session, people, rules, by=by, now=now, calendar=calendar)


def beside(session: Session, people: Collection[int]) -> list[int]:
    """Return these people and everybody who is in a household with one of them, in no order."""
    return list(session.scalars(_BESIDE, {"people": list(people)}))


class _Held(NamedTuple):
    kind: HoldKind
    person_id: int | None
    household_id: int | None
    pregnancy_id: int | None


def _people(session: Session, holds: Sequence[NewHold | _Held], rules: HoldRules) -> list[int]:
    """Whose texts these holds are about, in order."""
    people = hold_texts.people_of(
        session,
        people=[hold.person_id for hold in holds if hold.person_id is not None],
        households=[hold.household_id for hold in holds if hold.household_id is not None],
    )
    return sorted({*people, *_reached(session, holds, rules)})


def _drop_texts(
    session: Session, people: Collection[int], rules: HoldRules, *, by: str, now: datetime, calendar: WorkingCalendar
) -> None:
    hold_texts.drop_waiting(session, people, by=by, reason="hold", now=now)
    answer_by = rules.text_left_within.after(now, calendar=calendar)
    hold_texts.tell_of_leaving(session, people, answer_by=answer_by, now=now)


def _reached(session: Session, holds: Sequence[NewHold | _Held], rules: HoldRules) -> list[int]:
    """Whom else these holds reach: the household of whoever is held by a kind that reaches it, the mother's too."""
    people = [hold.person_id for hold in holds if hold.kind in rules.reaching_households and hold.person_id]
    pregnancies = [hold.pregnancy_id for hold in holds if hold.pregnancy_id]
    mothers = session.scalars(_MOTHERS, {"pregnancies": pregnancies}).all()
    return beside(session, [*people, *mothers])


def _columns(holds: Sequence[NewHold]) -> dict[str, list[object]]:
    return {
        "kinds": [hold.kind.value for hold in holds],
        "people": [hold.person_id for hold in holds],
        "households": [hold.household_id for hold in holds],
        "pregnancies": [hold.pregnancy_id for hold in holds],
        "about": [hold.about_person_id for hold in holds],
        "reasons": [hold.reason for hold in holds],
        "reviews": [hold.review_at for hold in holds],
        "dues": [hold.next_due_at for hold in holds],
        "details": [None if hold.detail is None else json.dumps(dict(hold.detail)) for hold in holds],
    }


def _actor_kind(by: str) -> ActorKind:
    return {"person": ActorKind.PERSON, "import": ActorKind.IMPORT}.get(by.partition(":")[0], ActorKind.ENGINE)


_INSERT = text(
    """
    INSERT INTO hold (kind, person_id, household_id, pregnancy_id, about_person_id, reason, set_by, starts_at,
                      review_at, next_due_at, apply_at, detail)
    SELECT kind, person_id, household_id, pregnancy_id, about, reason, :by, CAST(:now AS timestamptz), review, due,
           CAST(:now AS timestamptz), detail
    FROM unnest(CAST(:kinds AS text[]), CAST(:people AS bigint[]), CAST(:households AS bigint[]),
                CAST(:pregnancies AS bigint[]), CAST(:about AS bigint[]), CAST(:reasons AS text[]),
                CAST(:reviews AS timestamptz[]), CAST(:dues AS timestamptz[]), CAST(:details AS jsonb[]))
         AS u (kind, person_id, household_id, pregnancy_id, about, reason, review, due, detail)
    ORDER BY kind, household_id, person_id, pregnancy_id, about
    ON CONFLICT DO NOTHING RETURNING id
    """
)
HOUSEHOLD = """coalesce(h.household_id, (SELECT g.household_id FROM pregnancy g WHERE g.id = h.pregnancy_id),
    (SELECT min(m.household_id) FROM household_member m WHERE m.person_id = h.person_id AND m.valid_until IS NULL))"""
_SET_HISTORY = text(
    f"""
    WITH fresh AS (SELECT * FROM hold WHERE id = ANY(CAST(:ids AS bigint[]))), told AS (
        INSERT INTO hold_event (hold_id, at, event, actor_kind, actor, reason)
        SELECT id, :now, 'set', :actor_kind, :by, reason FROM fresh
    )
    INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, household_id, why, detail)
    SELECT :now, :actor_kind, :by, 'hold.set', 'hold', h.id, {HOUSEHOLD}, h.reason, jsonb_build_object('kind', h.kind)
    FROM fresh h
    """
)
_STANDING = text(
    "SELECT kind, person_id, household_id, pregnancy_id FROM hold WHERE id = ANY(:ids) AND ended_at IS NULL ORDER BY id"
)
_MOTHERS = text("SELECT mother_id FROM pregnancy WHERE id = ANY(CAST(:pregnancies AS bigint[]))")
_BESIDE = text(
    """
    SELECT unnest(CAST(:people AS bigint[])) AS person_id
    UNION SELECT o.person_id FROM household_member m JOIN household_member o ON o.household_id = m.household_id
          WHERE m.person_id = ANY(CAST(:people AS bigint[])) AND m.valid_until IS NULL AND o.valid_until IS NULL
    """
)
