"""Close a record for protection: adoption, special guardianship, a changed NHS number, witness protection. No commits.

The person leaves the household as in any split; the record is filed under a team that only the named nurse sees, and
whoever the person is from now on begins with a clean record. That the two are one is kept here alone, so that no feed
joins the new record to the old family (models/db/intake_apart.py); no page says it.
"""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import filed
from models.db.alerts import GIVEN_ON
from models.db.follow_up_rows import ChangedMeanwhile, NotAllowed
from models.db.hold_ends import end
from models.db.holds import new_hold, set_many
from models.db.separating import Act, audit, open_alerts
from models.db.splits import Leaving, add_members, begin, undo
from models.domain.holds import review_at
from models.domain.words import AccountRole, HoldEnd, HoldKind, SplitReason, SplitSide

MAY_CLOSE = frozenset({AccountRole.TEAM_LEAD, AccountRole.NAMED_NURSE})
TEAM_CODE, TEAM_NAME = "(protected)", "Protected records"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Whose record is to be closed. `seen`: everybody in the household when the person looked.

    `new_nhs_number`: who they are from now on, checked (modulus 11); None where it is not known yet.
    """

    household_id: int
    person_id: int
    seen: frozenset[int]
    new_nhs_number: str | None
    note: str


def close_record(session: Session, closing: Closing, act: Act) -> int:
    """Close a record to all but the named nurse, in one transaction with what any split does; return the split's id.

    Raises NotAllowed for a role that may not, without a note, or for a new number that is the old one or belongs to
    somebody of this household; ChangedMeanwhile where the household has other people by now.
    """
    if act.account.role not in MAY_CLOSE:
        raise NotAllowed("a record is closed for protection by a team lead or the named nurse")
    _check_number(session, closing)
    leaving = Leaving(
        household_id=closing.household_id,
        people=frozenset({closing.person_id}),
        seen=closing.seen,
        reason=SplitReason.PROTECTED_IDENTITY,
        note=closing.note,
    )
    split_id, own = begin(session, leaving, act, protected=closing.person_id)
    team = _team(session, act)
    params = {"split": split_id, "person": closing.person_id, "household": own, "team": team, "now": act.now,
              "by": act.account.actor, "alerts": open_alerts(session, [closing.person_id])}  # fmt: skip
    session.execute(_REMEMBER, params)
    session.execute(_CLOSE_PERSON, params)
    _file_under(session, closing.person_id, team)
    session.execute(_CLOSE_HOUSEHOLD, params)
    for statement in (_STAY_WITH_NURSE, _HAND_FOLLOW_UPS_ON, _DROP_EMAILS, _END_STEPS, _HAND_ALERTS_ON, _HIDE_TEXTS):
        session.execute(statement, params)
    _hold(session, closing, act)
    if closing.new_nhs_number is not None:
        _begin_clean(session, split_id, closing.new_nhs_number, act)
    audit(session, "record.closed", own, act, why=closing.note, detail={"split": split_id})
    audit(session, "household.split", closing.household_id, act, why="a record was closed", detail={})
    return split_id


def find(session: Session, household_id: int) -> int | None:
    """Return the split of a closed record by its own household; None for any other household."""
    found: int | None = session.scalar(_FIND, {"household": household_id})
    return found


def open_again(session: Session, split_id: int, *, reason: str, act: Act) -> int:
    """Undo the closing of a record, by the named nurse alone: it is where it was. Return its household.

    Whoever begins with a clean record under the new number stays a person of their own.
    """
    if act.account.role is not AccountRole.NAMED_NURSE:
        raise NotAllowed("only the named nurse may open a closed record")
    row = session.execute(_BEFORE, {"split": split_id}).mappings().one_or_none()
    if row is None:
        raise ChangedMeanwhile(f"split {split_id} has been undone since it was shown")
    household = undo(session, split_id, reason=reason, act=act)
    params = {
        "person": row["protected_person_id"],
        **row["before"],
        "by": act.account.actor,
        "reason": reason,
        "now": act.now,
    }
    session.execute(_OPEN_PERSON, params)
    _file_under(session, row["protected_person_id"], row["before"]["team"])
    session.execute(_WAKE, params)
    for hold_id in session.scalars(_PROTECTING, params).all():
        end(session, hold_id, how=HoldEnd.IN_ERROR, reason=reason, account=act.account, rules=act.rules, now=act.now)
    return household


def _check_number(session: Session, closing: Closing) -> None:
    if closing.new_nhs_number is None:
        return
    known = session.execute(_NUMBER_OF, {"number": closing.new_nhs_number}).scalar_one_or_none()
    if known == closing.person_id:
        raise NotAllowed("this is the number they have now; write the new one, or leave it empty")
    if known in closing.seen:
        raise NotAllowed("this number belongs to somebody else of this household")


def _team(session: Session, act: Act) -> int:
    session.execute(_MAKE_TEAM, {"code": TEAM_CODE, "name": TEAM_NAME, "by": act.account.actor, "now": act.now})
    found: int = session.execute(text("SELECT id FROM team WHERE restricted ORDER BY id LIMIT 1")).scalar_one()
    return found


def _file_under(session: Session, person: int, team: int | None) -> None:
    for table in filed.under_team():
        session.execute(text(_FILE.format(table=table)), {"person": person, "team": team})


def _hold(session: Session, closing: Closing, act: Act) -> None:
    rule = act.rules.rules[HoldKind.PROTECTED_IDENTITY]
    furthest = act.calendar.civil_date(act.now) + rule.longest
    review = review_at(rule, now=act.now, until=furthest, calendar=act.calendar)
    hold = new_hold(
        rule, reason=closing.note, now=act.now, calendar=act.calendar, review=review, person_id=closing.person_id
    )
    set_many(session, [hold], act.rules, by=act.account.actor, now=act.now, calendar=act.calendar)


def _begin_clean(session: Session, split_id: int, number: str, act: Act) -> None:
    """The new record has its number and nothing else; it lives apart from the old household like the closed one."""
    params = {"number": number, "by": act.account.actor, "now": act.now}
    person = session.execute(_NEW_PERSON, params).scalar_one()
    add_members(session, split_id, {person: SplitSide.LEAVES})


_NUMBER_OF = text("SELECT id FROM person WHERE nhs_number = :number")
_MAKE_TEAM = text(
    """
    INSERT INTO team (code, name, stage, stage_set_by, stage_set_at, restricted, created_at)
    SELECT :code, :name, 'staff', :by, :now, true, :now WHERE NOT EXISTS (SELECT FROM team WHERE restricted)
    ON CONFLICT DO NOTHING
    """
)
_REMEMBER = text(
    """
    UPDATE household_split s
    SET before = jsonb_build_object('team', coalesce(p.team_id, h.team_id), 'holder', p.caseload_holder_id)
    FROM person p, household h WHERE s.id = :split AND p.id = :person AND h.id = s.from_household_id
    """
)
_CLOSE_PERSON = text(
    "UPDATE person SET protected_at = :now, team_id = :team, caseload_holder_id = NULL WHERE id = :person"
)
# A caseload that was to change hands later would bring somebody new to it.
_STAY_WITH_NURSE = text(
    "UPDATE caseload_move SET state = 'withdrawn', due_at = NULL WHERE person_id = :person AND state = 'planned'"
)
_CLOSE_HOUSEHOLD = text("UPDATE household SET team_id = :team WHERE id = :household")
_FILE = "UPDATE {table} SET team_id = :team WHERE person_id = :person"
_NURSE = """coalesce(
    (SELECT id FROM practitioner WHERE role = 'named_nurse' AND coalesce(active_until >= CAST(:now AS date), true)
     ORDER BY id LIMIT 1), (SELECT id FROM practitioner WHERE last_resort))"""
# Whoever had it must not go on hearing of it.
_HAND_FOLLOW_UPS_ON = text(
    f"""
    WITH handed AS (
        UPDATE follow_up SET owner_practitioner_id = {_NURSE}, owner_team_id = NULL, row_version = row_version + 1,
            assigned_practitioner_id = NULL, assigned_at = NULL,
            acknowledged_by = NULL, acknowledged_at = NULL, acknowledged_until = NULL, step_id = NULL,
            step_fired_at = NULL, step_raised_to = 0, steps_done = '{{}}', cycle = cycle + 1,
            next_due_at = CASE WHEN state = 'backlog' THEN next_due_at ELSE CAST(:now AS timestamptz) END
        WHERE person_id = :person AND state IN ('open', 'backlog', 'seen', 'closing') RETURNING id, state
    )
    INSERT INTO follow_up_event (follow_up_id, at, event, from_state, to_state, actor_kind, actor)
    SELECT id, :now, 'record_closed', state, state, 'person', :by FROM handed
    """
)
_DROP_EMAILS = text(
    """
    UPDATE message SET state = 'dropped', ended_at = :now, ended_by = :by
    WHERE audience = 'staff' AND state = 'queued'
      AND id IN (SELECT message_id FROM message_subject WHERE alert_id = ANY(CAST(:alerts AS bigint[])))
    """
)
_END_STEPS = text(
    """
    UPDATE alert SET state = 'overtaken', ended_at = :now, ended_by = :by, outcome = 'record_closed'
    WHERE state = 'open' AND kind IN ('step', 'confirm_seen', 'second_signature')
      AND id = ANY(CAST(:alerts AS bigint[]))
    """
)
_HAND_ALERTS_ON = text(
    f"""
    UPDATE alert SET team_id = :team, owner_team_id = NULL, {GIVEN_ON}, practitioner_id = {_NURSE}
    WHERE state = 'open' AND id = ANY(CAST(:alerts AS bigint[]))
    """
)
_HIDE_TEXTS = text(
    """
    UPDATE message SET team_id = :team WHERE household_id = :household AND audience = 'family' AND id IN (
        SELECT s.message_id FROM follow_up f JOIN message_subject s ON s.follow_up_id = f.id
        WHERE f.person_id = :person
        UNION SELECT s.message_id FROM appointment a JOIN message_subject s ON s.appointment_id = a.id
        WHERE a.person_id = :person)
    """
)
_NEW_PERSON = text(
    """
    WITH clean AS (
        INSERT INTO person (nhs_number, details_by, first_received_at) VALUES (:number, :by, :now)
        ON CONFLICT (nhs_number) DO UPDATE SET nhs_number = excluded.nhs_number RETURNING id
    ), noted AS (
        INSERT INTO audit_entry (at, actor_kind, actor, action, subject, subject_id)
        SELECT :now, 'person', :by, 'person.made', 'person', id FROM clean
    )
    SELECT id FROM clean
    """
)
_FIND = text(
    """
    SELECT id FROM household_split
    WHERE to_household_id = :household AND undone_at IS NULL AND protected_person_id IS NOT NULL
    """
)
_BEFORE = text(
    """
    SELECT protected_person_id, before FROM household_split
    WHERE id = :split AND undone_at IS NULL AND protected_person_id IS NOT NULL
    """
)
_OPEN_PERSON = text(
    "UPDATE person SET protected_at = NULL, team_id = :team, caseload_holder_id = :holder WHERE id = :person"
)
_PROTECTING = text("SELECT id FROM hold WHERE person_id = :person AND kind = 'protected_identity' AND ended_at IS NULL")
_WAKE = text(
    """
    WITH woken AS (
        UPDATE follow_up SET next_due_at = :now, row_version = row_version + 1
        WHERE person_id = :person AND state IN ('open', 'seen', 'closing') RETURNING id, state
    )
    INSERT INTO follow_up_event (follow_up_id, at, event, from_state, to_state, actor_kind, actor, reason)
    SELECT id, :now, 'record_opened', state, state, 'person', :by, :reason FROM woken
    """
)
