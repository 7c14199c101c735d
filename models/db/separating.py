"""What any separation of people does to rows: texts stopped, numbers unconfirmed, each side filed by itself.

Never commits. Used by splits (models/db/splits.py) and by closing a record (models/db/protection.py).
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import adult_records, filed, hold_texts, pattern_looks
from models.db.scope import Scope
from models.domain.holds import HoldRules
from models.domain.working_time import WorkingCalendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who separates or puts together, when, by which rules. `harmless_flags`: those that make nobody high risk."""

    account: Scope
    rules: HoldRules
    harmless_flags: Collection[str]
    calendar: WorkingCalendar
    now: datetime


def separate(
    session: Session, old: int, new: int, *, people: Collection[int], everybody: Collection[int], act: Act
) -> None:
    """Do what any separation does: stop texts, unconfirm numbers, move the rows, copy what must hold on both sides.

    Two sources may have put both sides into another household as well: they leave that one too.
    """
    stop_texts(session, everybody, act)
    unconfirm(session, everybody, act)
    staying = sorted(set(everybody) - set(people))
    for shared in [old, *session.scalars(_SHARED, {"old": old, "people": list(people), "staying": staying})]:
        move(session, shared, new, people=people, act=act)
    params = {"old": old, "new": new, "by": act.account.actor, "now": act.now}
    session.execute(_COPY_HOLDS, params)
    for household in (old, new):
        kept = {"household": household, "other": new if household == old else old, "by": act.account.actor}
        flags = {"code": act.rules.after_split_flag, "harmless": sorted(act.harmless_flags), "now": act.now}
        session.execute(_KEEP_HIGH_RISK, {**kept, **flags})


def stop_texts(session: Session, people: Collection[int], act: Act) -> None:
    """Drop what waits for these people, and tell a person of what is leaving just now."""
    hold_texts.lock(session, people)
    hold_texts.drop_waiting(session, people, by=act.account.actor, reason="split", now=act.now)
    answer_by = act.rules.text_left_within.after(act.now, calendar=act.calendar)
    hold_texts.tell_of_leaving(session, people, answer_by=answer_by, now=act.now)


def unconfirm(session: Session, people: Collection[int], act: Act) -> None:
    """Nobody knows any more which number is safe: a person has to confirm each again. A NO stays a NO."""
    session.execute(_UNCONFIRM, {"people": list(people), "by": act.account.actor, "now": act.now})


def move(session: Session, old: int, new: int, *, people: Collection[int], act: Act) -> None:
    """File these people, and every row of theirs, under another household."""
    params = {"old": old, "new": new, "people": list(people), "now": act.now, "alerts": open_alerts(session, people)}
    session.execute(_MOVE_MEMBERS, params)
    for table in filed.under_household():
        session.execute(text(_MOVE.format(table=table)), params)
    for statement in (_MOVE_PREGNANCIES, _MOVE_MESSAGES, _MOVE_ALERTS, _PART_REPLIES):
        session.execute(statement, params)
    adult_records.take_along(session, people, old=old, new=new)
    # The day on which somebody looks for a child that nobody sees stood with the household they left.
    pattern_looks.mark_people(session, people, now=act.now)


def open_alerts(session: Session, people: Collection[int]) -> list[int]:
    """Return the open alerts about these people or their follow-ups."""
    return list(session.scalars(_OPEN_ALERTS, {"people": list(people)}))


def audit(
    session: Session, action: str, household_id: int, act: Act, *, why: str, detail: Mapping[str, object]
) -> None:
    """Append to the trail of one household; nothing in it tells of the other."""
    params = {
        "action": action, "household": household_id, "by": act.account.actor, "account": act.account.account_id,
        "why": why, "detail": json.dumps(dict(detail)), "now": act.now,
    }  # fmt: skip
    session.execute(_AUDIT, params)


_SHARED = text(
    """
    SELECT DISTINCT mine.household_id FROM household_member mine JOIN household_member theirs USING (household_id)
    WHERE mine.household_id <> :old AND mine.person_id = ANY(CAST(:people AS bigint[])) AND mine.valid_until IS NULL
      AND theirs.person_id = ANY(CAST(:staying AS bigint[])) AND theirs.valid_until IS NULL
    """
)
_UNCONFIRM = text(
    """
    WITH unsure AS (
        UPDATE contact_point SET
            safe_to_text = CASE safe_to_text WHEN 'no' THEN 'no' ELSE 'unknown' END,
            safe_to_text_by = CASE safe_to_text WHEN 'no' THEN safe_to_text_by ELSE :by END,
            confirmed_on = NULL, confirmed_by = :by
        WHERE person_id = ANY(CAST(:people AS bigint[])) RETURNING id, person_id
    )
    INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, household_id, why)
    SELECT :now, 'person', :by, 'contact_point.unconfirmed', 'contact_point', u.id,
           (SELECT min(m.household_id) FROM household_member m
            WHERE m.person_id = u.person_id AND m.valid_until IS NULL),
           'the household was separated or put together again'
    FROM unsure u
    """
)
_MOVE_MEMBERS = text(
    """
    WITH gone AS (
        UPDATE household_member SET valid_until = :now
        WHERE household_id = :old AND person_id = ANY(CAST(:people AS bigint[])) AND valid_until IS NULL
        RETURNING person_id, role, lives_with, parental_responsibility
    )
    INSERT INTO household_member (household_id, person_id, role, lives_with, parental_responsibility, valid_from)
    SELECT :new, person_id, role, lives_with, parental_responsibility, :now FROM gone ORDER BY person_id
    ON CONFLICT (household_id, person_id) WHERE valid_until IS NULL DO NOTHING
    """
)
_MOVE = """
    UPDATE {table} SET household_id = :new WHERE household_id = :old AND person_id = ANY(CAST(:people AS bigint[]))
"""
_MOVE_PREGNANCIES = text(
    """
    UPDATE pregnancy SET household_id = :new
    WHERE household_id = :old AND mother_id = ANY(CAST(:people AS bigint[]))
    """
)
# A text that spoke for people of both sides stays where it went.
_MOVE_MESSAGES = text(
    """
    WITH about AS (
        SELECT s.message_id, bool_and(coalesce(f.person_id, a.person_id) = ANY(CAST(:people AS bigint[]))) AS all_leave
        FROM message_subject s
        LEFT JOIN follow_up f ON f.id = s.follow_up_id LEFT JOIN appointment a ON a.id = s.appointment_id
        WHERE s.message_id IN (
            SELECT t.message_id FROM follow_up g JOIN message_subject t ON t.follow_up_id = g.id
            WHERE g.person_id = ANY(CAST(:people AS bigint[]))
            UNION SELECT t.message_id FROM appointment b JOIN message_subject t ON t.appointment_id = b.id
            WHERE b.person_id = ANY(CAST(:people AS bigint[])))
        GROUP BY 1
    )
    UPDATE message SET household_id = :new FROM about
    WHERE message.id = about.message_id AND about.all_leave AND message.household_id = :old
    """
)
_MOVE_ALERTS = text(
    """
    UPDATE alert SET household_id = :new
    WHERE state = 'open' AND household_id = :old AND id = ANY(CAST(:alerts AS bigint[]))
    """
)
# By follow-up, and by every team that an alert about these people may be filed under: no index holds their people.
_OPEN_ALERTS = text(
    """
    WITH mine AS (
        SELECT id, team_id FROM follow_up WHERE person_id = ANY(CAST(:people AS bigint[]))
    ), teams AS (
        SELECT team_id FROM mine
        UNION SELECT team_id FROM appointment WHERE person_id = ANY(CAST(:people AS bigint[]))
        UNION SELECT team_id FROM person WHERE id = ANY(CAST(:people AS bigint[]))
        UNION SELECT h.team_id FROM household_member m JOIN household h ON h.id = m.household_id
              WHERE m.person_id = ANY(CAST(:people AS bigint[]))
    )
    SELECT l.id FROM mine JOIN alert l ON l.follow_up_id = mine.id AND l.state = 'open'
    UNION SELECT l.id FROM teams JOIN alert l ON l.team_id = teams.team_id
          WHERE l.state = 'open' AND l.person_id = ANY(CAST(:people AS bigint[]))
    UNION SELECT l.id FROM alert l
          WHERE l.state = 'open' AND l.team_id IS NULL AND l.person_id = ANY(CAST(:people AS bigint[]))
    """
)
# What one side wrote about a follow-up of the other: it stays with its own side, as a task by itself.
_PART_REPLIES = text(
    """
    UPDATE alert SET follow_up_id = NULL, step_id = NULL, household_id = (
        SELECT min(m.household_id) FROM household_member m
        WHERE m.person_id = alert.person_id AND m.valid_until IS NULL)
    FROM follow_up f, split_member mine, split_member theirs, household_split s
    WHERE alert.follow_up_id = f.id AND alert.state = 'open' AND alert.next_due_at IS NOT NULL
      AND f.household_id IN (:old, :new)
      AND mine.person_id = alert.person_id AND theirs.person_id = f.person_id AND theirs.split_id = mine.split_id
      AND theirs.side <> mine.side AND s.id = mine.split_id AND s.undone_at IS NULL
    """
)
# A hold on the household holds for both; what followed from it has been drawn.
_COPY_HOLDS = text(
    """
    WITH copied AS (
        INSERT INTO hold (kind, household_id, about_person_id, reason, set_by, starts_at, review_at, next_due_at,
                          handover_id, detail)
        SELECT kind, :new, about_person_id, reason, set_by, starts_at, review_at, next_due_at, handover_id,
               coalesce(detail, '{}') || jsonb_build_object('copied', true)
        FROM hold WHERE household_id = :old AND ended_at IS NULL
        ON CONFLICT DO NOTHING RETURNING id, reason
    )
    INSERT INTO hold_event (hold_id, at, event, actor_kind, actor, reason)
    SELECT id, :now, 'copied', 'person', :by, reason FROM copied
    """
)
_KEEP_HIGH_RISK = text(
    """
    WITH risk AS (
        SELECT m.household_id FROM household_member m
        JOIN flag f ON f.person_id = m.person_id AND f.ended_at IS NULL AND f.code <> ALL(CAST(:harmless AS text[]))
        WHERE m.household_id IN (:household, :other) AND m.valid_until IS NULL
    ), flagged AS (
        INSERT INTO flag (person_id, code, set_at, set_by)
        SELECT m.person_id, :code, :now, :by FROM household_member m
        WHERE m.household_id = :household AND m.valid_until IS NULL AND m.role IN ('child', 'unborn')
          AND EXISTS (SELECT FROM risk WHERE household_id = :other)
          AND NOT EXISTS (SELECT FROM risk WHERE household_id = :household)
        ON CONFLICT (person_id, code) WHERE ended_at IS NULL DO NOTHING RETURNING id
    )
    INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, household_id, why)
    SELECT :now, 'person', :by, 'flag.set', 'flag', id, :household, 'high risk kept' FROM flagged
    """
)
_AUDIT = text(
    """
    INSERT INTO audit_entry (at, actor_kind, actor, account_id, action, subject, subject_id, household_id, why, detail)
    VALUES (:now, 'person', :by, :account, :action, 'household', :household, :household, :why, CAST(:detail AS jsonb))
    """
)
