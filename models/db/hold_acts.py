"""What people do about holds on a family's page: tell of a loss, a move, a stay in hospital; end one or go on with it.

Never commits. The caller has checked that the account's scope covers the household; nudge `engine` after the commit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import disclosures, history, hold_effects, hold_ends, holds, losses
from models.db.follow_up_rows import NotAllowed
from models.db.holds import new_hold
from models.db.scope import Scope
from models.domain.holds import HoldRules, review_at
from models.domain.ids import HouseholdId
from models.domain.words import HoldEnd, HoldKind, PregnancyOutcome
from models.domain.working_time import WorkingCalendar


@dataclass(frozen=True, slots=True)
class Acting:
    """Who does it, for which household, when, by which rules."""

    account: Scope
    household_id: HouseholdId
    rules: HoldRules
    calendar: WorkingCalendar
    now: datetime


def tell_death(session: Session, person_id: int, *, died_on: date | None, note: str, acting: Acting) -> None:
    """Somebody of this household has died: texts stop in this transaction, care and gentler plans follow at once."""
    _need(note, "write who told us of the death")
    if died_on is not None and died_on > acting.calendar.civil_date(acting.now):
        raise NotAllowed("the day of the death lies in the future")
    params = {"id": person_id, "on": died_on, "by": acting.account.actor}
    if session.scalar(_DIED, params) is None:
        raise NotAllowed("this person is known to have died already")
    _audited(session, acting, "person.deceased", "person", person_id, why=note)
    losses.hold_dead(
        session,
        acting.rules,
        by=acting.account.actor,
        now=acting.now,
        calendar=acting.calendar,
        people=[person_id],
        reason=note,
    )


def tell_pregnancy_end(
    session: Session, mother_id: int, *, outcome: PregnancyOutcome, ended_on: date | None, note: str, acting: Acting
) -> None:
    """Her pregnancy has ended in a loss. Raises NotAllowed where none is known to go on."""
    _need(note, "write who told us that the pregnancy has ended")
    if ended_on is not None and ended_on > acting.calendar.civil_date(acting.now):
        raise NotAllowed("the day the pregnancy ended lies in the future")
    params = {"mother": mother_id, "outcome": outcome, "on": ended_on, "by": acting.account.actor}
    pregnancy = session.scalar(_PREGNANCY_ENDED, params)
    if pregnancy is None:
        raise NotAllowed("no pregnancy is known to go on; look at the record")
    _audited(session, acting, "pregnancy.changed", "pregnancy", pregnancy, why=note)
    _set(session, acting, HoldKind.PREGNANCY_ENDED, note, pregnancy_id=pregnancy)


def hold_person(
    session: Session,
    kind: HoldKind,
    person_id: int | None,
    *,
    until: date | None,
    note: str,
    acting: Acting,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Set a hold on somebody of the household; `person_id` None: on the whole household.

    Raises NotAllowed without a note, for a day out of the kind's range, or where such a hold stands already.
    """
    _need(note, "write why, and who told us")
    try:
        review = review_at(acting.rules.rules[kind], now=acting.now, until=until, calendar=acting.calendar)
    except ValueError as error:
        raise NotAllowed(f"choose another day: {error}") from error
    scope = {"household_id": acting.household_id} if person_id is None else {"person_id": person_id}
    _set(session, acting, kind, note, review=review, detail=detail, **scope)


def end_hold(session: Session, hold_id: int, *, how: HoldEnd, note: str, acting: Acting) -> None:
    """End a hold. One set in error takes back what followed from it: the fact, the plans, the contacts called off.

    Raises ChangedMeanwhile, NotAllowed as `hold_ends.end` does; NotAllowed too where a later pregnancy goes on.
    """
    if how is HoldEnd.UNDONE:
        raise NotAllowed("say that it is over, or that it was set in error")
    ended = hold_ends.end(
        session, hold_id, how=how, reason=note, account=acting.account, rules=acting.rules, now=acting.now
    )
    if ended.kind is HoldKind.MOVED_OUT:
        hold_effects.contacts_back(session, hold_id, now=acting.now)
    if how is HoldEnd.IN_ERROR:
        _take_back(session, ended, note, acting)


def keep_on(session: Session, hold_id: int, *, until: date | None, note: str, acting: Acting) -> None:
    """Go on with a hold until a day, on which a person decides again. Raises as `hold_ends.keep_on` does."""
    kind = session.scalar(text("SELECT kind FROM hold WHERE id = :id"), {"id": hold_id})
    if kind is None or until is None:
        raise NotAllowed("choose the day on which somebody looks at this again")
    try:
        review = review_at(acting.rules.rules[HoldKind(kind)], now=acting.now, until=until, calendar=acting.calendar)
    except ValueError as error:
        raise NotAllowed(f"choose another day: {error}") from error
    hold_ends.keep_on(
        session,
        hold_id,
        review=review,
        reason=note,
        account=acting.account,
        rules=acting.rules,
        calendar=acting.calendar,
        now=acting.now,
    )


def _take_back(session: Session, ended: hold_ends.Ended, note: str, acting: Acting) -> None:
    params = {"by": acting.account.actor, "person": ended.about_person_id, "pregnancy": ended.pregnancy_id}
    by, now = acting.account.actor, acting.now
    for other in session.scalars(_SAME_DEATH, params).all():  # in a second household
        hold_ends.end(
            session, other, how=HoldEnd.IN_ERROR, reason=note, account=acting.account, rules=acting.rules, now=now
        )
        hold_effects.put_back(session, other, by=by, reason=note, now=now)
    if ended.about_person_id is not None and session.scalar(_ALIVE, params) is not None:
        _audited(session, acting, "person.changed", "person", ended.about_person_id, why=note)
        disclosures.look_again_at_the_living(session, [ended.about_person_id], now=now)
    if ended.pregnancy_id is not None:
        if session.scalar(_ANOTHER, params):
            raise NotAllowed("she is expecting again; correct the earlier pregnancy in the record system")
        session.execute(_GOES_ON, params)
        _audited(session, acting, "pregnancy.changed", "pregnancy", ended.pregnancy_id, why=note)
    hold_effects.contacts_back(session, ended.id, now=now)
    hold_effects.put_back(session, ended.id, by=by, reason=note, now=now)


def _set(session: Session, acting: Acting, kind: HoldKind, note: str, **given: object) -> None:
    hold = new_hold(acting.rules.rules[kind], reason=note, now=acting.now, calendar=acting.calendar, **given)  # type: ignore[arg-type]
    by, rules = acting.account.actor, acting.rules
    if not holds.set_many(session, [hold], rules, by=by, now=acting.now, calendar=acting.calendar):
        raise NotAllowed("this is known already, and stands")


def _need(note: str, asked: str) -> None:
    if not note.strip():
        raise NotAllowed(asked)


def _audited(session: Session, acting: Acting, action: str, subject: str, subject_id: int, *, why: str) -> None:
    history.audited(
        session,
        action=action,
        subject=subject,
        subject_id=subject_id,
        household_id=acting.household_id,
        actor=acting.account,
        now=acting.now,
        why=why,
    )


_DIED = text(
    """
    UPDATE person SET life_status = 'deceased', life_status_by = :by, deceased_on = CAST(:on AS date)
    WHERE id = :id AND life_status <> 'deceased' RETURNING id
    """
)
_PREGNANCY_ENDED = text(
    """
    UPDATE pregnancy SET outcome = :outcome, outcome_by = :by, ended_on = CAST(:on AS date)
    WHERE mother_id = :mother AND outcome IN ('unknown', 'continuing') RETURNING id
    """
)
_SAME_DEATH = text("SELECT id FROM hold WHERE about_person_id = :person AND ended_at IS NULL ORDER BY id")
# Unknown, not alive: texts stay blocked until a person confirms it.
_ALIVE = text(
    """
    UPDATE person SET life_status = 'unknown', life_status_by = :by, deceased_on = NULL
    WHERE id = :person AND life_status = 'deceased' RETURNING id
    """
)
_ANOTHER = text(
    """
    SELECT EXISTS (SELECT FROM pregnancy n JOIN pregnancy g ON g.mother_id = n.mother_id
                   WHERE g.id = :pregnancy AND n.outcome IN ('unknown', 'continuing'))
    """
)
_GOES_ON = text("UPDATE pregnancy SET outcome = 'unknown', outcome_by = :by, ended_on = NULL WHERE id = :pregnancy")
