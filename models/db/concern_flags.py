"""Flags that follow from what was recorded: a red flag, a worry, a severe illness. Set at once, ended by a person.

A red flag stands on every live follow-up of its family (`follow_up.red_flag`): it is first on the list and runs on
high-risk terms. It never lowers itself: after its time somebody is asked whether it still holds. Never commits.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import history
from models.db.follow_up_rows import NotAllowed
from models.db.holders import of_family
from models.db.packing import packed_tuples, unpacked
from models.db.scope import Scope
from models.domain import dedupe
from models.domain.ids import HouseholdId
from models.domain.words import AlertKind

RED_FLAG = "red_flag"
BY_A_PERSON = (RED_FLAG, "worried")  # which a person may end here; others end where they came from


class ToConfirm(NamedTuple):
    """A red flag whose time is over, locked: somebody is asked whether it still holds."""

    id: int
    person_id: int
    household_id: int | None
    team_id: int | None
    caseload_holder: int | None
    set_at: datetime
    review_at: datetime


def set_many(session: Session, flags: Collection[tuple[int, str]], *, now: datetime) -> int:
    """Set flags (person, code) that are not set; return how many are new."""
    if not flags:
        return 0
    return len(session.execute(_SET, {**packed_tuples(sorted(set(flags)), _FLAGS), "now": now}).all())


def mark_red(session: Session, *, now: datetime) -> int:
    """Put the red flag on every live follow-up of a family that carries one, due at once; return how many.

    Looks from the red flags, which are few, to their families. A follow-up that another worker holds is marked at the
    next look.
    """
    return len(session.execute(_MARK, {"now": now}).all())


def plan_confirmations(session: Session, *, days: int) -> None:
    """Give every red flag that has none the time at which somebody is asked whether it still holds."""
    session.execute(_PLAN, {"days": days})


def to_confirm(session: Session, *, now: datetime, limit: int) -> list[ToConfirm]:
    """Lock up to `limit` red flags whose time to be confirmed has come; each must get its next one."""
    return [ToConfirm._make(row) for row in session.execute(_TO_CONFIRM, {"now": now, "limit": limit})]


def ask_again_at(session: Session, rows: Sequence[tuple[int, datetime]]) -> None:
    """Store when red flags are asked about again: id, when."""
    if rows:
        session.execute(_ASK_AGAIN, packed_tuples(rows, _AGAIN))


def end(
    session: Session,
    *,
    person_id: int,
    household_id: HouseholdId | None,
    code: str,
    reason: str,
    account: Scope,
    now: datetime,
) -> bool:
    """A person ends a flag, with the reason; return whether it was set. High risk once known stays on what runs.

    Raises NotAllowed without a reason, or for a flag that doesn't end here.
    """
    if code not in BY_A_PERSON:
        raise NotAllowed(f"flag {code} ends where it was recorded, not here")
    if not reason.strip():
        raise NotAllowed("ending this needs the reason: what has changed, and who agrees")
    params = {"person": person_id, "household": household_id, "code": code, "by": account.actor, "now": now}
    flag_id = session.scalar(_END, params)
    if flag_id is None:
        return False
    if code == RED_FLAG:
        session.execute(_UNMARK, {**params, "reason": reason})
        _end_task(session, flag_id, outcome="ended", account=account, now=now)
    history.audited(
        session,
        action="flag_ended",
        subject="flag",
        subject_id=flag_id,
        household_id=household_id,
        actor=account,
        now=now,
        why=reason,
        detail={"code": code},
    )
    return True


def keep_red(
    session: Session,
    *,
    person_id: int,
    household_id: HouseholdId | None,
    until: datetime,
    reason: str,
    account: Scope,
    now: datetime,
) -> bool:
    """A person confirms that a red flag still holds; asked again at `until`. Return whether there is one.

    Raises NotAllowed without a reason.
    """
    if not reason.strip():
        raise NotAllowed("saying that it still holds needs a reason")
    flag_id = session.scalar(_KEEP, {"person": person_id, "until": until})
    if flag_id is None:
        return False
    _end_task(session, flag_id, outcome="still_holds", account=account, now=now)
    history.audited(
        session,
        action="flag_confirmed",
        subject="flag",
        subject_id=flag_id,
        household_id=household_id,
        actor=account,
        now=now,
        why=reason,
        detail={"code": RED_FLAG},
    )
    return True


def confirmation_key(flag_id: int) -> str:
    """Return the key of the one task that asks whether a red flag still holds."""
    return dedupe.subject_alert(AlertKind.RED_FLAG, "flag", flag_id)


def _end_task(session: Session, flag_id: int, *, outcome: str, account: Scope, now: datetime) -> None:
    given = {"key": confirmation_key(flag_id), "outcome": outcome, "by": account.actor, "now": now}
    session.execute(_END_TASK, given)


_FLAGS = (("person_id", "bigint"), ("code", "text"))
_SET = text(
    f"""
    WITH made AS (
        INSERT INTO flag (person_id, code, set_at, set_by)
        SELECT person_id, code, CAST(:now AS timestamptz), 'engine' FROM {unpacked(_FLAGS, alias="u")} ORDER BY u.place
        ON CONFLICT (person_id, code) WHERE ended_at IS NULL DO NOTHING RETURNING id, person_id, code
    )
    INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id, household_id, why, detail)
    SELECT :now, 'engine', 'engine', 'flag.set', 'flag', made.id,
           (SELECT min(m.household_id) FROM household_member m
            WHERE m.person_id = made.person_id AND m.valid_until IS NULL),
           'recorded indicator', jsonb_build_object('code', made.code)
    FROM made RETURNING subject_id
    """
)
_UNAWARE = "NOT f.red_flag AND f.state IN ('open', 'backlog', 'seen', 'closing')"
_MARK = text(
    f"""
    WITH red AS MATERIALIZED (
        SELECT DISTINCT person_id FROM flag WHERE code = 'red_flag' AND ended_at IS NULL
    ), due AS MATERIALIZED (
        SELECT id FROM follow_up WHERE id IN (
            SELECT f.id FROM red JOIN follow_up f USING (person_id) WHERE {_UNAWARE}
            UNION SELECT f.id FROM red JOIN household_member m USING (person_id)
                JOIN follow_up f ON f.household_id = m.household_id WHERE m.valid_until IS NULL AND {_UNAWARE})
        FOR NO KEY UPDATE SKIP LOCKED
    ), marked AS (
        UPDATE follow_up f SET red_flag = true, next_due_at = least(f.next_due_at, CAST(:now AS timestamptz)),
            row_version = f.row_version + 1
        FROM due WHERE f.id = due.id RETURNING f.id, f.state, f.step_id
    )
    INSERT INTO follow_up_event (follow_up_id, at, event, from_state, to_state, step_id, actor_kind, actor)
    SELECT id, :now, 'red_flag_found', state, state, step_id, 'engine', 'engine' FROM marked RETURNING follow_up_id
    """
)
_KEEP = text(
    """
    UPDATE flag SET review_at = :until WHERE person_id = :person AND code = 'red_flag' AND ended_at IS NULL RETURNING id
    """
)
_END_TASK = text(
    """
    UPDATE alert SET state = 'done', ended_at = :now, ended_by = :by, outcome = :outcome
    WHERE dedupe_key = :key AND state = 'open'
    """
)
_PLAN = text(
    """
    UPDATE flag SET review_at = set_at + make_interval(days => :days)
    WHERE code = 'red_flag' AND ended_at IS NULL AND review_at IS NULL
    """
)
_TO_CONFIRM = text(
    f"""
    SELECT g.id, g.person_id, m.household_id, coalesce(p.team_id, m.team_id),
           {of_family(own="p.caseload_holder_id", household="m.household_id")}, g.set_at, g.review_at
    FROM flag g JOIN person p ON p.id = g.person_id
    LEFT JOIN LATERAL (
        SELECT m.household_id, h.team_id FROM household_member m JOIN household h ON h.id = m.household_id
        WHERE m.person_id = p.id AND m.valid_until IS NULL ORDER BY m.id LIMIT 1) AS m ON true
    WHERE g.code = 'red_flag' AND g.ended_at IS NULL AND g.review_at <= :now
    ORDER BY g.review_at, g.id LIMIT :limit FOR NO KEY UPDATE OF g SKIP LOCKED
    """
)
_AGAIN = (("id", "bigint"), ("review_at", "timestamptz"))
_ASK_AGAIN = text(f"UPDATE flag SET review_at = u.review_at FROM {unpacked(_AGAIN, alias='u')} WHERE flag.id = u.id")
_END = text(
    """
    UPDATE flag SET ended_at = :now, ended_by = :by
    WHERE person_id = :person AND code = :code AND ended_at IS NULL RETURNING id
    """
)
# Only where nobody else of that family still carries one.
_UNMARK = text(
    """
    WITH over AS (
        SELECT f.id FROM follow_up f
        WHERE f.red_flag AND f.state IN ('open', 'backlog', 'seen', 'closing')
          AND (f.person_id = :person OR f.household_id = :household)
          AND NOT EXISTS (SELECT FROM flag g WHERE g.code = 'red_flag' AND g.ended_at IS NULL
                          AND (g.person_id = f.person_id OR g.person_id IN (
                              SELECT m.person_id FROM household_member m
                              WHERE m.household_id = f.household_id AND m.valid_until IS NULL)))
        FOR NO KEY UPDATE
    ), unmarked AS (
        UPDATE follow_up f SET red_flag = false, row_version = f.row_version + 1
        FROM over WHERE f.id = over.id RETURNING f.id, f.state, f.step_id
    )
    INSERT INTO follow_up_event (follow_up_id, at, event, from_state, to_state, step_id, actor_kind, actor, reason)
    SELECT id, :now, 'red_flag_ended', state, state, step_id, 'person', :by, :reason FROM unmarked
    """
)
