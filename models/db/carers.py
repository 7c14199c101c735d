"""Who else cares for the baby: the question of each household, its answers, and when it is put again. Never commits."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import history
from models.db.scope import Scope
from models.domain import dedupe
from models.domain.ids import HouseholdId
from models.domain.words import AlertKind, Known, ToldBy


@dataclass(frozen=True, slots=True)
class Standing:
    """How the question stands in one household; NOT ASKED where nobody ever wrote an answer down."""

    answer: Known
    told_by: ToldBy | None
    answered_by: str | None
    answered_at: datetime | None
    occasion: str | None  # why it is put again; None: it rests
    next_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why a household is asked: the word, what tells it from another of its kind, and from when."""

    household_id: int
    word: str
    key: str
    due_at: datetime


class Due(NamedTuple):
    """A household whose question is due, locked; `holder`: of the youngest child there."""

    household_id: int
    answer: str
    occasion: str | None
    occasion_key: str | None
    times_asked: int | None
    team_id: int | None
    holder: int | None


NOBODY_ASKED = Standing(Known.NOT_ASKED, None, None, None, None, None)


def standing(session: Session, household_id: int) -> Standing:
    """Return how the question stands in a household."""
    row = session.execute(_STANDING, {"household": household_id}).one_or_none()
    if row is None:
        return NOBODY_ASKED
    told_by = None if row.told_by is None else ToldBy(row.told_by)
    return Standing(Known(row.answer), told_by, row.answered_by, row.answered_at, row.occasion, row.next_due_at)


def put(session: Session, occasions: Sequence[Occasion], *, even_if_answered: bool) -> None:
    """Put the question to these households, where no occasion stands; `even_if_answered`: also where it has an answer.

    An occasion that was put once is not put again.
    """
    if occasions:
        distinct = sorted({one.household_id: one for one in reversed(occasions)}.values(), key=lambda o: o.household_id)
        columns = {
            "households": [one.household_id for one in distinct],
            "words": [one.word for one in distinct],
            "keys": [one.key for one in distinct],
            "due": [one.due_at for one in distinct],
        }
        session.execute(_PUT, {**columns, "answered_too": even_if_answered})


def changed_since(session: Session, *, since: datetime, now: datetime) -> list[tuple[int, str]]:
    """Return the answered households that an adult joined or left after the answer, each with what tells it apart.

    Looks at those who joined or left after `since`, up to `now`.
    """
    rows = session.execute(_CHANGED, {"since": since, "now": now})
    return [(row.household_id, f"{row.what} {row.id}") for row in rows]


def claim_due(session: Session, *, now: datetime, limit: int) -> list[Due]:
    """Lock up to `limit` households whose question is due, longest due first."""
    return [Due._make(row) for row in session.execute(_CLAIM, {"now": now, "limit": limit})]


def asked(session: Session, rows: Sequence[tuple[int, str, str, datetime]]) -> None:
    """The question was put: household, occasion, its key, when it is put again."""
    if rows:
        households, words, keys, due = zip(*rows, strict=True)
        params = {"households": list(households), "words": list(words), "keys": list(keys), "due": list(due)}
        session.execute(_ASKED, params)


def open_alerts(session: Session, keys: Collection[str]) -> Mapping[str, int]:
    """Return the open alerts of these keys, by key."""
    return {row.dedupe_key: row.id for row in session.execute(_OPEN_ALERTS, {"keys": list(keys)})}


def alert_key(household_id: int, occasion: str, key: str) -> str:
    """Return the key of the one alert of a household and occasion."""
    return dedupe.subject_alert(AlertKind.FATHER_NOT_ASKED, "household", household_id, since=f"{occasion} {key}")


def answer(
    session: Session,
    household_id: HouseholdId,
    given: Known,
    *,
    told_by: ToldBy,
    note: str | None,
    review_at: datetime | None,
    account: Scope,
    now: datetime,
) -> None:
    """Keep an answer, and end what asked for it. NOT ASKED is no answer. `review_at`: when "no" is looked at again."""
    params = {
        "household": household_id, "answer": given, "told_by": told_by, "note": note, "review": review_at,
        "by": account.actor, "now": now,
    }  # fmt: skip
    open_one = session.execute(_OCCASION, params).one_or_none()
    session.execute(_KEEP, params)
    session.execute(_ANSWER, params)
    if open_one is not None and open_one.occasion is not None:
        key = alert_key(household_id, open_one.occasion, open_one.occasion_key)
        session.execute(_END_ALERT, {**params, "key": key})
    history.audited(
        session,
        action="carers_answered",
        subject="household",
        subject_id=household_id,
        household_id=household_id,
        actor=account,
        now=now,
        detail={"answer": given},
    )


_STANDING = text(
    """
    SELECT answer, told_by, answered_by, answered_at, occasion, next_due_at FROM carers_question
    WHERE household_id = :household
    """
)
_PUT = text(
    """
    INSERT INTO carers_question (household_id, occasion, occasion_key, times_asked, next_due_at)
    SELECT household, word, key, 0, due
    FROM unnest(CAST(:households AS bigint[]), CAST(:words AS text[]), CAST(:keys AS text[]),
                CAST(:due AS timestamptz[])) AS u (household, word, key, due)
    ON CONFLICT (household_id) DO UPDATE SET occasion = EXCLUDED.occasion, occasion_key = EXCLUDED.occasion_key,
        times_asked = 0, next_due_at = EXCLUDED.next_due_at
    WHERE carers_question.occasion IS NULL AND (:answered_too OR carers_question.answer IN ('not_asked', 'unknown'))
      AND carers_question.occasion_key IS DISTINCT FROM EXCLUDED.occasion_key
    """
)
_CHANGED = text(
    """
    SELECT DISTINCT ON (m.household_id) m.household_id, m.id, m.what
    FROM (SELECT id, household_id, role, valid_from AS at, 'joined' AS what FROM household_member
          WHERE valid_from > :since AND valid_from <= :now
          UNION ALL
          SELECT id, household_id, role, valid_until, 'left' FROM household_member
          WHERE valid_until > :since AND valid_until <= :now) AS m
    JOIN carers_question q ON q.household_id = m.household_id
    WHERE m.role NOT IN ('child', 'unborn') AND m.at > q.answered_at AND q.answer <> 'not_asked'
    ORDER BY m.household_id, m.at DESC, m.id DESC
    """
)
_CLAIM = text(
    """
    SELECT q.household_id, q.answer, q.occasion, q.occasion_key, q.times_asked, coalesce(h.team_id, youngest.team_id),
           youngest.caseload_holder_id
    FROM carers_question q JOIN household h ON h.id = q.household_id
    LEFT JOIN LATERAL (
        SELECT p.caseload_holder_id, p.team_id FROM household_member m JOIN person p ON p.id = m.person_id
        WHERE m.household_id = q.household_id AND m.valid_until IS NULL AND m.role = 'child'
          AND p.life_status <> 'deceased'
        ORDER BY p.date_of_birth DESC NULLS LAST, p.id LIMIT 1) AS youngest ON true
    WHERE q.next_due_at <= :now AND h.merged_into IS NULL ORDER BY q.next_due_at, q.household_id LIMIT :limit
    FOR NO KEY UPDATE OF q SKIP LOCKED
    """
)
_ASKED = text(
    """
    UPDATE carers_question q SET occasion = u.word, occasion_key = u.key, times_asked = coalesce(q.times_asked, 0) + 1,
        next_due_at = u.due
    FROM unnest(CAST(:households AS bigint[]), CAST(:words AS text[]), CAST(:keys AS text[]),
                CAST(:due AS timestamptz[])) AS u (household, word, key, due)
    WHERE q.household_id = u.household
    """
)
_OPEN_ALERTS = text("SELECT id, dedupe_key FROM alert WHERE dedupe_key = ANY(:keys) AND state = 'open'")
_KEEP = text(
    """
    INSERT INTO carers_answer (household_id, answer, told_by, note, occasion, answered_by, answered_at)
    VALUES (:household, :answer, :told_by, :note,
            (SELECT occasion FROM carers_question WHERE household_id = :household), :by, :now)
    """
)
_ANSWER = text(
    """
    INSERT INTO carers_question (household_id, answer, told_by, answered_by, answered_at, next_due_at)
    VALUES (:household, :answer, :told_by, :by, :now, CAST(:review AS timestamptz))
    ON CONFLICT (household_id) DO UPDATE SET answer = EXCLUDED.answer, told_by = EXCLUDED.told_by,
        answered_by = EXCLUDED.answered_by, answered_at = EXCLUDED.answered_at, occasion = NULL, times_asked = NULL,
        next_due_at = EXCLUDED.next_due_at
    """
)
_OCCASION = text("SELECT occasion, occasion_key FROM carers_question WHERE household_id = :household FOR UPDATE")
_END_ALERT = text(
    """
    UPDATE alert SET state = 'done', ended_at = :now, ended_by = :by, outcome = 'answered'
    WHERE dedupe_key = :key AND state = 'open'
    """
)
