"""What a person records of a family's plan: a contact that was held, school nursing's acceptance, a pregnancy's facts.

Each leaves its history and a row in the audit trail. The caller has checked that the scope covers the household and
that the person belongs to it, and commits; detection draws the consequences (nudge `engine`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import history, plan_marks
from models.db.follow_up_rows import ChangedMeanwhile, NotAllowed
from models.db.scope import Scope
from models.domain.ids import HouseholdId
from models.domain.words import ExpectedState, Known, PregnancyOutcome

RECORDABLE_STATES = (ExpectedState.PLANNED, ExpectedState.BOOKED, ExpectedState.OVERDUE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """That a planned contact took place: when, who did it, where it is written, and what was asked.

    `at`: the instant it counts as held, within `on`.
    """

    contact_id: int
    on: date
    at: datetime
    by_whom: str
    reference: str
    asked: Mapping[str, object]


def record_held(
    session: Session,
    held: Held,
    *,
    household_id: HouseholdId,
    codes: Collection[str],
    account: Scope,
    now: datetime,
) -> str:
    """Record that a contact of `codes` took place; return its code. It stays one that a person said.

    Raises NotAllowed where it isn't this household's or can't be recorded, ChangedMeanwhile where it has ended already.
    """
    row = session.execute(_LOCK, {"id": held.contact_id, "household": household_id}).one_or_none()
    if row is None or row.contact_code not in codes:
        raise NotAllowed("This contact can't be recorded here. Load the page again.")
    if row.state not in RECORDABLE_STATES or row.met_at is not None:
        raise ChangedMeanwhile("Somebody has recorded this already, or it is no longer planned. Look again.")
    session.execute(_HELD, {"id": held.contact_id, "at": held.at, "now": now})
    detail = {"on": held.on.isoformat(), "by_whom": held.by_whom, "reference": held.reference, **held.asked}
    session.execute(
        _EVENT,
        {
            "id": held.contact_id,
            "now": now,
            "state": row.state,
            "actor": account.actor,
            "detail": history.as_json(detail),
        },
    )
    history.audited(
        session,
        action="contact_held",
        subject="expected_contact",
        subject_id=held.contact_id,
        household_id=household_id,
        actor=account,
        now=now,
        detail={"contact": row.contact_code},
    )
    return str(row.contact_code)


def record_handover(
    session: Session,
    *,
    person_id: int,
    household_id: HouseholdId,
    accepted_on: date,
    accepted_by: str,
    reference: str,
    account: Scope,
    now: datetime,
) -> None:
    """School nursing has accepted a child: what is still planned for it here is no longer ours.

    Live follow-ups stay until a person closes them. Raises ChangedMeanwhile where it was recorded already.
    """
    given = {"id": person_id, "on": accepted_on, "by": accepted_by, "reference": reference or None}
    made = session.execute(_HANDOVER, {**given, "actor": account.actor, "now": now}).rowcount  # type: ignore[attr-defined]
    if not made:
        raise ChangedMeanwhile("Somebody has recorded this already. Look at the page again.")
    session.execute(_HANDED_OVER, {"id": person_id, "now": now, "actor": account.actor})
    _handover_told(session, "school_handover", person_id, household_id, account, now)


def withdraw_handover(
    session: Session, *, person_id: int, household_id: HouseholdId, account: Scope, now: datetime
) -> None:
    """It was recorded in error: the child is planned for again. Raises ChangedMeanwhile where there is none."""
    gone = session.execute(_WITHDRAW, {"id": person_id, "actor": account.actor, "now": now}).rowcount  # type: ignore[attr-defined]
    if not gone:
        raise ChangedMeanwhile("Nothing is recorded any more that could be taken back. Look at the page again.")
    _handover_told(session, "school_handover_withdrawn", person_id, household_id, account, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class PregnancyFacts:
    """What a person knows of a pregnancy that goes on; None leaves a fact as it is."""

    edd: date | None = None
    nulliparous: Known | None = None
    outcome: PregnancyOutcome | None = None
    ended_on: date | None = None


def record_pregnancy(
    session: Session,
    facts: PregnancyFacts,
    *,
    pregnancy_id: int,
    household_id: HouseholdId,
    account: Scope,
    now: datetime,
) -> None:
    """Record a pregnancy's facts; no import overwrites them. Raises ChangedMeanwhile where it no longer goes on."""
    before = session.execute(_PREGNANCY, {"id": pregnancy_id, "household": household_id}).one_or_none()
    if before is None:
        raise ChangedMeanwhile("This pregnancy's outcome has been recorded meanwhile. Look at the page again.")
    params = {
        "id": pregnancy_id,
        "by": account.actor,
        "edd": facts.edd,
        "nulliparous": facts.nulliparous,
        "outcome": facts.outcome,
        "ended_on": facts.ended_on,
    }
    session.execute(_RECORD_PREGNANCY, params)
    changed = facts.edd is not None and facts.edd != before.edd
    history.audited(
        session,
        action="pregnancy_recorded",
        subject="pregnancy",
        subject_id=pregnancy_id,
        household_id=household_id,
        actor=account,
        now=now,
        detail={
            **({"edd_was": before.edd.isoformat(), "edd_is": str(facts.edd)} if changed else {}),
            **({"nulliparous": facts.nulliparous} if facts.nulliparous else {}),
            **({"outcome": facts.outcome} if facts.outcome else {}),
        },
    )


def _handover_told(
    session: Session, action: str, person_id: int, household_id: HouseholdId, account: Scope, now: datetime
) -> None:
    plan_marks.mark(session, [person_id])
    history.audited(
        session,
        action=action,
        subject="person",
        subject_id=person_id,
        household_id=household_id,
        actor=account,
        now=now,
    )


_LOCK = text(
    """
    SELECT e.state, e.met_at, e.contact_code FROM expected_contact e
    WHERE e.id = :id AND (e.household_id = :household OR EXISTS (
        SELECT FROM household_member m
        WHERE m.person_id = e.person_id AND m.household_id = :household AND m.valid_until IS NULL))
    FOR NO KEY UPDATE OF e
    """
)
_HELD = text("UPDATE expected_contact SET met_at = :at, next_due_at = :now WHERE id = :id")
_EVENT = text(
    """
    INSERT INTO expected_contact_event (expected_contact_id, at, event, from_state, to_state, actor_kind, actor, detail)
    VALUES (:id, :now, 'recorded_held', :state, 'met', 'person', :actor, CAST(:detail AS jsonb))
    """
)
_HANDOVER = text(
    """
    INSERT INTO school_handover (person_id, accepted_on, accepted_by, reference, recorded_at, recorded_by)
    VALUES (:id, :on, :by, :reference, :now, :actor)
    ON CONFLICT (person_id) WHERE withdrawn_at IS NULL DO NOTHING
    """
)
_HANDED_OVER = text(
    """
    WITH gone AS (
        SELECT id, state FROM expected_contact
        WHERE person_id = :id AND state IN ('planned', 'booked') AND NOT whole_family FOR NO KEY UPDATE
    ), done AS (
        UPDATE expected_contact e SET state = 'not_applicable', next_due_at = NULL FROM gone WHERE e.id = gone.id
    )
    INSERT INTO expected_contact_event (expected_contact_id, at, event, from_state, to_state, actor_kind, actor)
    SELECT id, :now, 'handed_over', state, 'not_applicable', 'person', :actor FROM gone
    """
)
_WITHDRAW = text(
    "UPDATE school_handover SET withdrawn_at = :now, withdrawn_by = :actor"
    " WHERE person_id = :id AND withdrawn_at IS NULL"
)
_PREGNANCY = text(
    """
    SELECT g.edd FROM pregnancy g JOIN household_member m ON m.person_id = g.mother_id AND m.valid_until IS NULL
    WHERE g.id = :id AND m.household_id = :household AND g.outcome IN ('unknown', 'continuing')
    FOR NO KEY UPDATE OF g
    """
)
_RECORD_PREGNANCY = text(
    """
    UPDATE pregnancy SET
        edd = coalesce(:edd, edd), edd_by = CASE WHEN CAST(:edd AS date) IS NULL THEN edd_by ELSE :by END,
        nulliparous = coalesce(:nulliparous, nulliparous),
        nulliparous_by = CASE WHEN CAST(:nulliparous AS text) IS NULL THEN nulliparous_by ELSE :by END,
        outcome = coalesce(:outcome, outcome),
        outcome_by = CASE WHEN CAST(:outcome AS text) IS NULL THEN outcome_by ELSE :by END,
        ended_on = coalesce(:ended_on, ended_on)
    WHERE id = :id
    """
)
