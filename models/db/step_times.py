"""A person makes a step of a follow-up earlier or later, asks a team lead for it, agrees or refuses. Never commits.

Each act locks the follow-up, checks the version the person looked at, and appends to its story and the audit trail. The
ladder reads what is in force (models/db/follow_ups.py); the caller has checked that the scope covers the follow-up.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from models.db import alerts, case_story, history, messages, step_time_rows
from models.db.alerts import NewAlert
from models.db.follow_up_rows import IllegalTransition, Locked, NotAllowed, audit, change, lock
from models.db.follow_ups import Claimed
from models.db.pathway_shelf import PathwayShelf
from models.db.people_resolution import Whose, directory
from models.db.scope import LEAD_ROLES, Scope
from models.domain import transitions
from models.domain.ids import FollowUpId
from models.domain.ladder import coming_steps, lease_end
from models.domain.ladder_facts import NOTHING_MOVED
from models.domain.pathway import Pathway
from models.domain.staffing_rules import StepCeilings
from models.domain.step_change_states import StepChangeEvent, advance
from models.domain.step_times import StepTimes, TimeRefused, Verdict, judge
from models.domain.words import AlertKind, FollowUpState, OwnerRole, StepChange, StepChangeState, Urgency
from models.domain.working_time import WorkingCalendar

_WAITS_NO_MORE = "nobody waits for an answer to this any more; look at the plan as it is now"
_UNTOUCHED = "next_due_at = next_due_at"  # only the version of the row moves, so that two people see each other


@dataclass(frozen=True, slots=True)
class Means:
    """What the decision works with."""

    pathways: PathwayShelf
    ceilings: StepCeilings
    calendar: WorkingCalendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The time a person wants. `of_lease`: until when the step in hand stays acknowledged, not when one falls due."""

    step_id: str
    at: datetime
    of_lease: bool
    reason: str


def movable(facts: Claimed, pathway: Pathway, *, now: datetime, calendar: WorkingCalendar) -> dict[str, StepTimes]:
    """The steps to come whose time a person may change, by id: as the ladder has them, and as they stand.

    As the ladder has them means without a booking's pause, which may be gone tomorrow.
    """
    high_risk = _high_risk(facts, pathway)
    given = facts.facts(high_risk=facts.high_risk)
    plain = replace(given, moved=NOTHING_MOVED, booked_until=None)
    planned = {step.id: at for at, step in coming_steps(plain, pathway, now=now, calendar=calendar)}
    stand = {step.id: at for at, step in coming_steps(given, pathway, now=now, calendar=calendar) if at > now}
    return {each: StepTimes(planned[each], at, high_risk) for each, at in stand.items() if each in planned}


def move(
    session: Session,
    *,
    follow_up_id: FollowUpId,
    row_version: int,
    account: Scope,
    wanted: Wanted,
    means: Means,
    now: datetime,
) -> StepChangeState:
    """Make a step earlier or later, or ask a team lead; return which: IN_FORCE or ASKED.

    Raises ChangedMeanwhile; IllegalTransition where nothing climbs; NotAllowed for a time beyond the ceiling, without a
    reason, or of a step that is not to come.
    """
    row = lock(session, follow_up_id, row_version)
    facts = case_story.facts_row(session, row.id)
    if row.state is not FollowUpState.OPEN or facts is None:
        raise IllegalTransition(f"follow-up {row.id} is {row.state}; only the steps of an open one have times")
    pathway = means.pathways.get(session, row.pathway_code, row.pathway_version)
    times = _times(session, facts, pathway, wanted, means, now)
    verdict = _judged(times, wanted, account, means, now)
    state = StepChangeState.ASKED if verdict.needs_agreement else StepChangeState.IN_FORCE
    step_time_rows.replace_earlier(
        session, follow_up_id=row.id, step_id=wanted.step_id, of_lease=wanted.of_lease, state=state, now=now
    )
    step_time = _insert(session, row, wanted, times, verdict, account, now)
    if verdict.needs_agreement:
        _ask(session, row, facts, pathway, step_time, means, now)
        change(session, row, _UNTOUCHED, {})
        _tell(session, row, "step_extension_asked", wanted, account, now)
    else:
        _put_in_force(session, row, wanted, now)
        _tell(session, row, f"step_made_{verdict.change}", wanted, account, now)
    return state


def decide(
    session: Session,
    *,
    follow_up_id: FollowUpId,
    row_version: int,
    step_time_id: int,
    agrees: bool,
    note: str,
    account: Scope,
    now: datetime,
) -> StepChangeState:
    """A team lead agrees to more time, or refuses with a note; return the state it is in now.

    Raises ChangedMeanwhile; NotAllowed for another role, for whoever asked, for one that waits no more, or without the
    note of a refusal.
    """
    row = lock(session, follow_up_id, row_version)
    asked = step_time_rows.lock(session, step_time_id=step_time_id, follow_up_id=row.id)
    if asked is None or row.state is not FollowUpState.OPEN:  # what climbs no longer has no times to give
        raise NotAllowed(_WAITS_NO_MORE)
    state = _answered(StepChangeState(asked.state), StepChangeEvent.AGREED if agrees else StepChangeEvent.REFUSED)
    if account.role not in LEAD_ROLES:
        raise NotAllowed("a team lead or the named nurse has to agree to this")
    if asked.asked_by == account.actor:
        raise NotAllowed("a second person has to agree; you are the one who asked")
    if not agrees and not note.strip():
        raise NotAllowed("refusing needs a note that says why")
    step_time_rows.decide(session, step_time_id=step_time_id, state=state, by=account.actor, now=now)
    wanted = Wanted(step_id=asked.step_id, at=asked.due_at, of_lease=asked.of_lease, reason=note)
    if agrees:
        _put_in_force(session, row, wanted, now)
    else:
        change(session, row, _UNTOUCHED, {})
    _tell(session, row, f"step_extension_{'agreed' if agrees else 'refused'}", wanted, account, now)
    return state


def _answered(state: StepChangeState, event: StepChangeEvent) -> StepChangeState:
    try:
        return advance(state, event)
    except transitions.IllegalTransition as error:
        raise NotAllowed(_WAITS_NO_MORE) from error


def _times(
    session: Session, facts: Claimed, pathway: Pathway, wanted: Wanted, means: Means, now: datetime
) -> StepTimes:
    if not wanted.of_lease:
        found = movable(facts, pathway, now=now, calendar=means.calendar).get(wanted.step_id)
        if found is None:
            raise NotAllowed("this step is not to come any more; look at the plan as it is now")
        return found
    step_id, since, until = step_time_rows.lease(session, FollowUpId(facts.id))
    if since is None or until is None or step_id != wanted.step_id:
        raise NotAllowed("nobody has acknowledged this step; acknowledge it first")
    given = facts.facts(high_risk=facts.high_risk)
    end = lease_end(given, pathway, acknowledged_at=since, calendar=means.calendar)
    return StepTimes(end, until, _high_risk(facts, pathway))


def _judged(times: StepTimes, wanted: Wanted, account: Scope, means: Means, now: datetime) -> Verdict:
    try:
        return judge(
            times,
            wanted.at,
            reason=wanted.reason,
            is_lead=account.role in LEAD_ROLES,
            ceilings=means.ceilings,
            now=now,
            calendar=means.calendar,
        )
    except TimeRefused as refusal:
        raise NotAllowed(str(refusal)) from refusal


def _high_risk(facts: Claimed, pathway: Pathway) -> bool:
    return pathway.runs_as_high_risk(high_risk=facts.high_risk, contact_code=facts.contact_code)


def _put_in_force(session: Session, row: Locked, wanted: Wanted, now: datetime) -> None:
    """Wake the follow-up: the ladder finds its next due time anew."""
    if wanted.of_lease:
        change(session, row, "next_due_at = :now, acknowledged_until = :at", {"now": now, "at": wanted.at})
    else:
        change(session, row, "next_due_at = :now", {"now": now})


def _insert(
    session: Session, row: Locked, wanted: Wanted, times: StepTimes, verdict: Verdict, account: Scope, now: datetime
) -> int:
    asks = verdict.needs_agreement
    signs = not asks and verdict.change is StepChange.LATER and account.role in LEAD_ROLES
    return step_time_rows.insert(
        session,
        follow_up_id=row.id,
        cycle=row.cycle,
        step_id=wanted.step_id,
        of_lease=wanted.of_lease,
        change=verdict.change,
        state=StepChangeState.ASKED if asks else StepChangeState.IN_FORCE,
        due_at=wanted.at,
        planned_for=times.planned_for,
        high_risk=times.high_risk,
        reason=wanted.reason.strip() or None,
        asked_by=account.actor,
        asked_at=now,
        agreed_by=account.actor if signs else None,
        decided_by=None if asks else account.actor,
        decided_at=None if asks else now,
    )


def _ask(
    session: Session, row: Locked, facts: Claimed, pathway: Pathway, step_time: int, means: Means, now: datetime
) -> None:
    """Tell the team lead, with a time to answer; nobody's silence gives more time: the step fires as planned."""
    staff = directory(
        session,
        now=now,
        today=means.calendar.civil_date(now),
        team_ids=set() if facts.team_id is None else {facts.team_id},
        practitioner_ids=set(),
    )
    reached = staff.resolve(Whose(None, None, facts.team_id), pathway.chain(OwnerRole.TEAM_LEAD))
    alert = NewAlert(
        kind=AlertKind.STEP_EXTENSION,
        urgency=Urgency.URGENT,
        dedupe_key=step_time_rows.alert_key(step_time),
        practitioner_id=reached.practitioner_id,
        owner_team_id=reached.owner_team_id,
        follow_up_id=row.id,
        household_id=facts.household_id,
        person_id=facts.person_id,
        team_id=facts.team_id,
        audience_role=reached.role,
        next_due_at=pathway.until_seen.high_risk.acknowledge_within.after(now, calendar=means.calendar),
    )
    messages.alert_emails(session, alerts.raise_many(session, [alert], now=now), now=now)


def _tell(session: Session, row: Locked, event: str, wanted: Wanted, account: Scope, now: datetime) -> None:
    history.follow_up_changed(
        session,
        follow_up_id=row.id,
        event=event,
        from_state=row.state,
        to_state=row.state,
        step_id=wanted.step_id,
        actor=account,
        now=now,
        reason=wanted.reason.strip() or None,
        detail={"to": wanted.at.isoformat(), "of_lease": wanted.of_lease},
    )
    audit(session, row, event, account, now)
