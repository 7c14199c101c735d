"""Holds: set in sets, ended or kept on by a person, each change with its history. Never commits.

What a hold means for texts is drawn at once, in the same transaction; what it means for plans is drawn by `detect`
(`apply_at`): nudge `engine` after the commit.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from models.db import hold_texts
from models.db.follow_up_rows import ChangedMeanwhile, NotAllowed
from models.db.scope import Scope
from models.domain import dedupe
from models.domain.holds import HoldRule, HoldRules, remind_at, review_at
from models.domain.words import ActorKind, AlertKind, HoldEnd, HoldKind, HoldScope
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
    people = hold_texts.people_of(
        session,
        people=[hold.person_id for hold in holds if hold.person_id is not None],
        households=[hold.household_id for hold in holds if hold.household_id is not None],
    )
    people = sorted({*people, *_reached(session, holds, rules)})
    hold_texts.lock(session, people)
    ids = [int(found) for found in session.scalars(_INSERT, {**_columns(holds), "by": by, "now": now})]
    if ids:
        kind = _actor_kind(by)
        session.execute(_SET_HISTORY, {"ids": ids, "by": by, "actor_kind": kind, "now": now})
        if {hold.kind for hold in holds} & rules.blocking:
            hold_texts.drop_waiting(session, people, by=by, reason="hold", now=now)
            answer_by = rules.text_left_within.after(now, calendar=calendar)
            hold_texts.tell_of_leaving(session, people, answer_by=answer_by, now=now)
    return ids


@dataclass(frozen=True, slots=True)
class Ended:
    """A hold that a person has ended, as its consequences need it."""

    id: int
    kind: HoldKind
    person_id: int | None
    household_id: int | None
    pregnancy_id: int | None
    about_person_id: int | None


def end(
    session: Session, hold_id: int, *, how: HoldEnd, reason: str, account: Scope, rules: HoldRules, now: datetime
) -> Ended:
    """End a hold: its flags with it, reminders are planned again, waiting steps looked at. Texts were dropped for good.

    Raises ChangedMeanwhile for one that has ended, NotAllowed for a role its kind does not name, or without a reason.
    """
    row = _locked(session, hold_id)
    rule = rules.rules[HoldKind(row["kind"])]
    _check(account, rule, reason)
    params = {"id": hold_id, "by": account.actor, "how": how, "reason": reason, "now": now}
    session.execute(_END, params)
    _tell(session, hold_id, "ended", account, now, reason=reason, detail={"how": how})
    _end_alert(session, hold_id, outcome=how, account=account, now=now)
    wake(session, row, rule, by=account.actor, now=now)
    return Ended(
        id=hold_id,
        kind=rule.kind,
        person_id=row["person_id"],
        household_id=row["household_id"],
        pregnancy_id=row["pregnancy_id"],
        about_person_id=row["about_person_id"],
    )


def keep_on(
    session: Session,
    hold_id: int,
    *,
    review: datetime,
    reason: str,
    account: Scope,
    rules: HoldRules,
    calendar: WorkingCalendar,
    now: datetime,
) -> None:
    """Decide that a hold goes on: a person has to decide again by `review`. Raises as `end` does."""
    row = _locked(session, hold_id)
    rule = rules.rules[HoldKind(row["kind"])]
    _check(account, rule, reason)
    due = remind_at(rule, review, now=now, calendar=calendar)
    session.execute(_KEEP_ON, {"id": hold_id, "review": review, "due": due})
    _tell(session, hold_id, "kept_on", account, now, reason=reason, detail={"until": review.isoformat()})
    _end_alert(session, hold_id, outcome="kept_on", account=account, now=now)
    wake(session, row, rule, by=account.actor, now=now)


def wake(session: Session, row: RowMapping | Mapping[str, object], rule: HoldRule, *, by: str, now: datetime) -> None:
    """A hold has ended or has another end: look at waiting steps and reminders now, and end the flags that said it."""
    scope = {"person": row["person_id"], "household": row["household_id"], "pregnancy": row["pregnancy_id"]}
    people = list(session.scalars(_ON, scope))
    reached = list(session.scalars(_BESIDE, {"people": people})) if rule.texts_reach is HoldScope.HOUSEHOLD else people
    params = {"id": row["id"], "people": people, "flags": sorted(rule.flags), "by": by, "now": now}
    session.execute(_END_FLAGS, params)
    session.execute(_WAKE_FOLLOW_UPS, {"people": people, "now": now})
    session.execute(_WAKE_REMINDERS, {"people": reached, "now": now})


def _locked(session: Session, hold_id: int) -> RowMapping:
    row = session.execute(_LOCK, {"id": hold_id}).mappings().one_or_none()
    if row is None:
        raise ChangedMeanwhile(f"hold {hold_id} has ended since it was shown")
    return row


def _check(account: Scope, rule: HoldRule, reason: str) -> None:
    if account.role not in rule.may_end:
        allowed = ", ".join(sorted(role.replace("_", " ") for role in rule.may_end))
        raise NotAllowed(f"this kind of hold is decided on by: {allowed}")
    if not reason.strip():
        raise NotAllowed("a hold is changed with a reason; write why")


def _end_alert(session: Session, hold_id: int, *, outcome: str, account: Scope, now: datetime) -> None:
    key = dedupe.subject_alert(AlertKind.HOLD_ENDING, "hold", hold_id)
    session.execute(_END_ALERT, {"key": key, "by": account.actor, "how": outcome, "now": now})


def _reached(session: Session, holds: Sequence[NewHold], rules: HoldRules) -> list[int]:
    """Whom else these holds reach: the household of whoever is held by a kind that reaches it, the mother's too."""
    people = [hold.person_id for hold in holds if hold.kind in rules.reaching_households and hold.person_id]
    pregnancies = [hold.pregnancy_id for hold in holds if hold.pregnancy_id]
    mothers = session.scalars(_MOTHERS, {"pregnancies": pregnancies}).all()
    return list(session.scalars(_BESIDE, {"people": [*people, *mothers]}))


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


def _tell(
    session: Session,
    hold_id: int,
    event: str,
    account: Scope,
    now: datetime,
    *,
    reason: str,
    detail: Mapping[str, object],
) -> None:
    params = {
        "id": hold_id, "event": event, "actor": account.actor, "account": account.account_id, "reason": reason,
        "detail": json.dumps(dict(detail)), "now": now,
    }  # fmt: skip
    session.execute(_TELL, params)


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
_HOUSEHOLD = """coalesce(h.household_id, (SELECT g.household_id FROM pregnancy g WHERE g.id = h.pregnancy_id),
    (SELECT min(m.household_id) FROM household_member m WHERE m.person_id = h.person_id AND m.valid_until IS NULL))"""
_SET_HISTORY = text(
    f"""
    WITH fresh AS (SELECT * FROM hold WHERE id = ANY(CAST(:ids AS bigint[]))), told AS (
        INSERT INTO hold_event (hold_id, at, event, actor_kind, actor, reason)
        SELECT id, :now, 'set', :actor_kind, :by, reason FROM fresh
    )
    INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, household_id, why, detail)
    SELECT :now, :actor_kind, :by, 'hold.set', 'hold', h.id, {_HOUSEHOLD}, h.reason, jsonb_build_object('kind', h.kind)
    FROM fresh h
    """
)
_MOTHERS = text("SELECT mother_id FROM pregnancy WHERE id = ANY(CAST(:pregnancies AS bigint[]))")
_LOCK = text("SELECT * FROM hold WHERE id = :id AND ended_at IS NULL FOR UPDATE")
_END = text(
    """
    UPDATE hold SET ended_at = :now, ended_by = :by, ended_how = :how, ended_reason = :reason, next_due_at = NULL,
        apply_at = NULL
    WHERE id = :id
    """
)
_KEEP_ON = text("UPDATE hold SET review_at = :review, next_due_at = :due WHERE id = :id")
_TELL = text(
    f"""
    WITH told AS (
        INSERT INTO hold_event (hold_id, at, event, actor_kind, actor, reason, detail)
        VALUES (:id, :now, :event, 'person', :actor, :reason, CAST(:detail AS jsonb))
    )
    INSERT INTO audit_entry (at, actor_kind, actor, account_id, action, subject, subject_id, household_id, why, detail)
    SELECT :now, 'person', :actor, :account, 'hold.' || CAST(:event AS text), 'hold', h.id, {_HOUSEHOLD}, :reason,
           CAST(:detail AS jsonb)
    FROM hold h WHERE h.id = :id
    """
)
_END_ALERT = text(
    """
    UPDATE alert SET state = 'done', ended_at = :now, ended_by = :by, outcome = :how
    WHERE dedupe_key = :key AND state = 'open'
    """
)
# Whom a hold is on: the person, everybody in the household, or the mother.
_ON = text(
    """
    SELECT CAST(:person AS bigint) AS person_id WHERE CAST(:person AS bigint) IS NOT NULL
    UNION SELECT person_id FROM household_member
          WHERE household_id = CAST(:household AS bigint) AND valid_until IS NULL
    UNION SELECT mother_id FROM pregnancy WHERE id = CAST(:pregnancy AS bigint)
    """
)
_BESIDE = text(
    """
    SELECT unnest(CAST(:people AS bigint[])) AS person_id
    UNION SELECT o.person_id FROM household_member m JOIN household_member o ON o.household_id = m.household_id
          WHERE m.person_id = ANY(CAST(:people AS bigint[])) AND m.valid_until IS NULL AND o.valid_until IS NULL
    """
)
_END_FLAGS = text(
    """
    WITH over AS (
        UPDATE flag SET ended_at = :now, ended_by = :by
        WHERE person_id = ANY(CAST(:people AS bigint[])) AND ended_at IS NULL AND code = ANY(CAST(:flags AS text[]))
          AND NOT EXISTS (SELECT FROM hold WHERE id = :id AND ended_at IS NULL)
        RETURNING id, code
    )
    INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, why, detail)
    SELECT :now, 'person', :by, 'flag.ended', 'flag', id, 'its hold ended', jsonb_build_object('code', code) FROM over
    """
)
_WAKE_FOLLOW_UPS = text(
    """
    UPDATE follow_up SET next_due_at = :now
    WHERE person_id = ANY(CAST(:people AS bigint[])) AND state = 'open' AND next_due_at > :now
    """
)
_WAKE_REMINDERS = text(
    """
    UPDATE appointment SET reminders_due_at = :now
    WHERE person_id = ANY(CAST(:people AS bigint[])) AND status = 'booked' AND starts_at > :now
      AND vanished_at IS NULL
    """
)
