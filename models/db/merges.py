"""Join two records, take them apart again, part one record that mixed two people: each act in one transaction.

Whoever calls has compared the records on a page, may decide this, and commits. What the threads of the people make of
it is put in order by `detect`, which is told by `person.threads_due_at`: nudge `engine` afterwards.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from models.db import (
    alerts,
    disclosures,
    history,
    hold_effects,
    merge_adults,
    merge_holds,
    merge_households,
    merge_looks,
    merge_people,
    merge_refusals,
    merge_undo,
    messages,
)
from models.db.alerts import NewAlert
from models.db.follow_up_rows import NotAllowed
from models.db.merge_locks import lock_records
from models.db.merge_proposals import propose_households_of
from models.db.merge_rows import Mover, Place, highest_ids
from models.db.scope import Scope
from models.domain import dedupe
from models.domain.ids import HouseholdId
from models.domain.words import AlertKind, JoinKind, Urgency

# What may be handed to the second person where one record mixed two: by the keys that the page shows.
PARTS: Mapping[str, Place] = {
    "identifiers": Place("person_identifier", "person_id"),
    "appointments": Place("appointment", "person_id"),
    "numbers": Place("contact_point", "person_id"),
    "flags": Place("flag", "person_id"),
    "indicators": Place("indicator", "person_id"),
    "memberships": Place("household_member", "person_id"),
}


@dataclass(frozen=True, slots=True)
class Undone:
    """What taking apart left: values that had changed since, and rows that came afterwards, by table."""

    changed_since: int
    came_later: Mapping[str, int]

    @property
    def rows(self) -> int:
        """How many rows a person has to look at."""
        return self.changed_since + sum(self.came_later.values())


def join_people(
    session: Session,
    *,
    kept: int,
    gone: int,
    reason: str,
    agreed: Collection[str],
    account: Scope,
    now: datetime,
    answer_within: timedelta,
    same_pregnancy: timedelta,
) -> int:
    """Make two records of one person one; return the merge's id.

    Raises Busy; NotAllowed where one is joined already, is closed for protection, or they would bring people together
    who live apart.

    `same_pregnancy`: due dates nearer than this tell one pregnancy (config/planning.yaml).

    Somebody who then stands in two households makes a question whether those are one.
    """
    lock_records(session, "person", (kept, gone))
    _check_apart(session, "person", kept, gone)
    merge_refusals.check_people(session, kept, gone)
    merge_id = _begin(session, JoinKind.PEOPLE, "person", kept, gone, reason, agreed, account, now)
    mover = Mover(session, merge_id, account.actor, now)
    merge_people.join(mover, kept=kept, gone=gone, same_pregnancy=same_pregnancy)
    _after(session, merge_id, "records_joined", account, now)
    session.execute(_THREADS_DUE, {"people": [kept, gone], "now": now})
    merge_looks.at_people(session, [kept], now=now)
    merge_looks.at_holds(session, [kept], now=now)
    propose_households_of(session, kept, by=account.actor, now=now, answer_within=answer_within)
    return merge_id


def join_households(session: Session, *, kept: int, gone: int, reason: str, account: Scope, now: datetime) -> int:
    """Make two records of one household one; return the merge's id. Raises Busy, NotAllowed as `join_people`."""
    lock_records(session, "household", (kept, gone))
    _check_apart(session, "household", kept, gone)
    merge_refusals.check_households(session, kept, gone)
    merge_id = _begin(session, JoinKind.HOUSEHOLDS, "household", kept, gone, reason, (), account, now)
    merge_households.join(Mover(session, merge_id, account.actor, now), kept=kept, gone=gone)
    _after(session, merge_id, "records_joined", account, now)
    merge_looks.at_households(session, [kept], now=now)
    merge_looks.at_holds(session, merge_looks.members(session, [kept]), now=now)
    merge_looks.ask_who_cares(session, kept, gone, merge_id, now=now)
    return merge_id


def part(
    session: Session,
    *,
    mixed: int,
    parts: Mapping[str, Collection[str]],
    name: str | None,
    reason: str,
    account: Scope,
    now: datetime,
) -> int:
    """Give what belongs to the second of two people in one record to a new record; return the merge's id.

    `parts`: names of PARTS to the keys of the rows that go; what came of an appointment or a score goes with it. A hold
    stands on both afterwards, and whoever the record lives apart from both live apart from. Raises Busy, NotAllowed
    where nothing goes or the record is closed.
    """
    lock_records(session, "person", (mixed, mixed))
    merge_refusals.check_open(session, [mixed])
    if not any(parts.values()):
        raise NotAllowed("choose what belongs to the other person")
    new = int(
        session.execute(_NEW_PERSON, {"mixed": mixed, "name": name, "by": account.actor, "now": now}).scalar_one()
    )
    merge_id = _begin(session, JoinKind.APART, "person", mixed, new, reason, (), account, now)
    mover = Mover(session, merge_id, account.actor, now)
    for part_name, keys in parts.items():
        if keys:
            mover.move(PARTS[part_name], away_from=mixed, to=new, only=keys)
    for place in _COMES_OF_PARTS:
        mover.move(place, away_from=mixed, to=new)
    merge_holds.copy_to(session, old=mixed, new=new, by=account.actor, now=now)
    session.execute(_LIVES_APART_TOO, {"mixed": mixed, "new": new})
    gone = [int(key) for key in parts.get("appointments", ())]
    # The mixed person's planned contacts were never theirs; the next look finds what each of the two lacks.
    session.execute(_LOOK_AT_CONTACTS, {"ids": gone, "now": now})
    mover.clear(Place("appointment", "expected_contact_id"), gone)
    mover.clear(Place("appointment", "contact_person_id"), gone)
    session.execute(_LOOK_AT_APPOINTMENTS, {"merge": merge_id, "now": now, "undone": False})
    _after(session, merge_id, "records_parted", account, now)
    session.execute(_THREADS_DUE, {"people": [mixed, new], "now": now})
    merge_looks.at_people(session, [mixed, new], now=now)
    return merge_id


def undo(
    session: Session, *, merge_id: int, reason: str, account: Scope, now: datetime, answer_within: timedelta
) -> Undone:
    """Take two records apart again, or put what was parted together again: every value back as it was.

    What somebody has changed since stays and is counted; rows that came afterwards stay where they came to: a person is
    asked whose they are. Raises Busy; NotAllowed where it is undone already, has no reason, or the record that is kept
    has gone into another one or was closed for protection since.
    """
    if not reason.strip():
        raise NotAllowed("taking it back needs a reason")
    found = session.execute(_MERGE, {"id": merge_id}).mappings().one()
    table = "household" if found["kind"] == JoinKind.HOUSEHOLDS else "person"
    kept, gone = int(found[f"kept_{table}_id"]), int(found[f"gone_{table}_id"])
    lock_records(session, table, (kept, gone))
    found = session.execute(_MERGE, {"id": merge_id}).mappings().one()
    _check_undoable(found)
    if found["kind"] == JoinKind.APART:
        merge_refusals.check_people(session, kept, gone)
    elif table == "person":
        merge_refusals.check_open(session, [kept, gone])
    changed_since = merge_undo.restore(session, merge_id, now=now)
    session.execute(_LOOK_AT_APPOINTMENTS, {"merge": merge_id, "now": now, "undone": True})
    came_later = merge_undo.came_later(session, table, kept, ids_before=found["ids_before"])
    if found["kind"] == JoinKind.APART:
        session.execute(_LEAD_BACK, {"gone": gone, "kept": kept})
        merge_holds.end_copies(session, new=gone, by=account.actor, reason=reason, now=now)
    else:
        merge_holds.tell_undone(session, merge_id, by=account.actor, now=now)
        came_later |= _adults_back(session, found, table, kept, gone, account=account, now=now)
    given = {"id": merge_id, "now": now, "by": account.actor, "reason": reason}
    session.execute(_UNDONE, given)
    event = "records_joined" if found["kind"] == JoinKind.APART else "records_parted"
    _after(session, merge_id, event, account, now, undone=True)
    if table == "person":
        session.execute(_THREADS_DUE, {"people": [kept, gone], "now": now})
        merge_looks.at_people(session, [kept, gone], now=now)
        # A death or a loss may have been the other's.
        hold_effects.put_back_for_others(session, [kept, gone], by=account.actor, reason=reason, now=now)
        disclosures.look_again_at_the_living(session, [kept, gone], now=now)
    else:
        merge_looks.at_households(session, [kept, gone], now=now)
        merge_looks.ask_no_more(session, kept, merge_id, made_at=found["made_at"], by=account.actor, now=now)
    left = Undone(changed_since, came_later)
    if left.rows:
        _ask_whose(session, merge_id, table, kept, left, now=now, answer_by=now + answer_within)
    return left


def _adults_back(
    session: Session, found: RowMapping, table: str, kept: int, gone: int, *, account: Scope, now: datetime
) -> dict[str, int]:
    """What was written of adults holds as before; return how many records of theirs came since."""
    given = {
        "kept": kept, "gone": gone, "before": found["ids_before"].get(merge_adults.TABLE, 0),
        "made_at": found["made_at"], "by": account.actor, "now": now,
    }  # fmt: skip
    later = merge_adults.came_later(session, table, given)
    merge_adults.restore(session, table, given)
    return {merge_adults.TABLE: later} if later else {}


def _ask_whose(
    session: Session, merge_id: int, table: str, kept: int, left: Undone, *, now: datetime, answer_by: datetime
) -> None:
    """Ask the record's team lead, else the last resort, what belongs to whom of what could not be put back."""
    row = session.execute(text(_OWNER.format(table=table)), {"kept": kept}).one()
    asked = NewAlert(
        kind=AlertKind.IDENTITY_CONFLICT,
        urgency=Urgency.ROUTINE,
        dedupe_key=dedupe.subject_alert(AlertKind.IDENTITY_CONFLICT, "record_merge", merge_id),
        practitioner_id=row.owner,
        owner_team_id=None,
        person_id=kept if table == "person" else None,
        household_id=kept if table == "household" else None,
        team_id=row.team_id,
        next_due_at=answer_by,
        detail=json.dumps({"merge": merge_id, "left": left.rows}),
    )
    messages.alert_emails(session, alerts.raise_many(session, [asked], now=now), now=now)


def _begin(
    session: Session,
    kind: JoinKind,
    table: str,
    kept: int,
    gone: int,
    reason: str,
    agreed: Collection[str],
    account: Scope,
    now: datetime,
) -> int:
    given = {
        "kind": kind, "kept": kept, "gone": gone, "reason": reason, "agreed": sorted(agreed), "by": account.actor,
        "now": now, "ids": history.as_json(dict(highest_ids(session))),
    }  # fmt: skip
    return int(session.execute(text(_BEGIN.format(table=table)), given).scalar_one())


def _check_apart(session: Session, table: str, kept: int, gone: int) -> None:
    query = text(f"SELECT count(*) FROM {table} WHERE id IN (:kept, :gone) AND merged_into IS NULL")
    if session.execute(query, {"kept": kept, "gone": gone}).scalar_one() != 2:
        raise NotAllowed("one of these two records has been joined with another already; look at them again")


def _check_undoable(found: RowMapping) -> None:
    if found["undone_at"] is not None:
        raise NotAllowed("this was taken back already")
    if found["kept_is_gone"]:
        raise NotAllowed("the record that was kept has been joined with another one since; take that apart first")


def _after(session: Session, merge_id: int, event: str, account: Scope, now: datetime, *, undone: bool = False) -> None:
    """Tell the stories of the follow-ups and appointments concerned, and the audit trail."""
    given = {"merge": merge_id, "event": event, "by": account.actor, "now": now, "undone": undone}
    session.execute(_TELL_FOLLOW_UPS, given)
    session.execute(_TELL_APPOINTMENTS, given)
    household = session.execute(_HOUSEHOLD, {"merge": merge_id}).scalar_one()
    history.audited(
        session,
        action=event,
        subject="record_merge",
        subject_id=merge_id,
        household_id=None if household is None else HouseholdId(household),
        actor=account,
        now=now,
    )


_BEGIN = """
    INSERT INTO record_merge (kind, kept_{table}_id, gone_{table}_id, agreed, reason, ids_before, made_at, made_by)
    VALUES (:kind, :kept, :gone, :agreed, :reason, CAST(:ids AS jsonb), :now, :by) RETURNING id
"""
_NEW_PERSON = text(
    """
    INSERT INTO person (name, team_id, details_by, first_received_at)
    SELECT :name, team_id, :by, :now FROM person WHERE id = :mixed RETURNING id
    """
)
# Of what was chosen: questions to other services, prompts, referrals, challenges.
_COMES_OF_PARTS = (
    Place("disclosure", "person_id", "t.appointment_id IN (SELECT a.id FROM appointment a WHERE a.person_id = :to)"),
    Place("referral_prompt", "person_id", "t.indicator_id IN (SELECT i.id FROM indicator i WHERE i.person_id = :to)"),
    Place("referral", "person_id", "t.prompt_id IN (SELECT p.id FROM referral_prompt p WHERE p.person_id = :to)"),
    Place("challenge", "person_id", "t.referral_id IN (SELECT r.id FROM referral r WHERE r.person_id = :to)"),
)
_LIVES_APART_TOO = text(
    """
    INSERT INTO split_member (split_id, person_id, side)
    SELECT m.split_id, :new, m.side FROM split_member m JOIN household_split s ON s.id = m.split_id
    WHERE m.person_id = :mixed AND s.undone_at IS NULL
    """
)
_THREADS_DUE = text("UPDATE person SET threads_due_at = :now WHERE id = ANY(CAST(:people AS bigint[]))")
_LOOK_AT_CONTACTS = text(
    """
    WITH open_again AS (
        UPDATE expected_contact e SET state = 'planned', met_at = NULL, next_due_at = :now FROM appointment a
        WHERE a.id = ANY(CAST(:ids AS bigint[])) AND e.id = a.expected_contact_id
          AND e.state IN ('met', 'booked', 'overdue') RETURNING e.id
    )
    UPDATE appointment b SET reconsider_at = :now FROM open_again o
    WHERE b.expected_contact_id = o.id AND b.status IN ('attended', 'attended_late')
    """
)
_OF_MERGE = """
    SELECT DISTINCT CAST(row_key ->> 'id' AS bigint) FROM merge_item
    WHERE merge_id = :merge AND table_name = '{table}' AND (undoes IS NOT NULL) = :undone
      AND column_name IN ('person_id', 'household_id')
"""
_LOOK_AT_APPOINTMENTS = text(
    f"UPDATE appointment SET reconsider_at = :now WHERE id IN ({_OF_MERGE.format(table='appointment')})"
)
_TELL_FOLLOW_UPS = text(
    f"""
    INSERT INTO follow_up_event (follow_up_id, at, event, from_state, to_state, step_id, actor_kind, actor, detail)
    SELECT id, :now, :event, state, state, step_id, 'person', :by, jsonb_build_object('merge', CAST(:merge AS bigint))
    FROM follow_up WHERE id IN ({_OF_MERGE.format(table="follow_up")})
    """
)
_TELL_APPOINTMENTS = text(
    f"""
    INSERT INTO appointment_event (appointment_id, at, event, from_status, to_status, actor_kind, actor, detail)
    SELECT a.id, :now, :event, a.status, a.status, 'person', :by, jsonb_strip_nulls(jsonb_build_object(
        'merge', CAST(:merge AS bigint), 'person_was', (
            SELECT i.before FROM merge_item i WHERE i.merge_id = :merge AND (i.undoes IS NOT NULL) = :undone
              AND i.table_name = 'appointment' AND i.column_name = 'person_id'
              AND i.row_key = jsonb_build_object('id', a.id))))
    FROM appointment a WHERE a.id IN ({_OF_MERGE.format(table="appointment")})
    """
)
_HOUSEHOLD = text(
    """
    SELECT coalesce(r.kept_household_id, (
        SELECT min(m.household_id) FROM household_member m
        WHERE m.person_id = r.kept_person_id AND m.valid_until IS NULL))
    FROM record_merge r WHERE r.id = :merge
    """
)
_OWNER = """
    SELECT r.team_id, coalesce(t.lead_practitioner_id, (SELECT id FROM practitioner WHERE last_resort)) AS owner
    FROM {table} r LEFT JOIN team t ON t.id = r.team_id WHERE r.id = :kept
"""
_MERGE = text(
    """
    SELECT r.*, coalesce(p.merged_into, h.merged_into) IS NOT NULL AS kept_is_gone
    FROM record_merge r
    LEFT JOIN person p ON p.id = r.kept_person_id LEFT JOIN household h ON h.id = r.kept_household_id
    WHERE r.id = :id
    """
)
_UNDONE = text("UPDATE record_merge SET undone_at = :now, undone_by = :by, undone_reason = :reason WHERE id = :id")
_LEAD_BACK = text("UPDATE person SET merged_into = :kept WHERE id = :gone")
