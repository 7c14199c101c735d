"""Planning by the engine: people who were marked, services switched on, pregnancies whose time to be looked at came."""

from datetime import datetime

from sqlalchemy.orm import Session

from config.rules import Rules
from intake.planning import outcome_asked_at, plan
from models.db import alerts, cases, expected, family_events, messages, plan_marks, plan_pregnancies
from models.db.alerts import NewAlert
from models.db.family_events import NewFamilyEvent
from models.db.people_resolution import Directory, Whose, directory
from models.db.plan_pregnancies import DuePregnancy
from models.domain import dedupe
from models.domain.words import AlertKind, FamilyEventKind, OwnerRole, PregnancyOutcome, Urgency
from models.domain.working_time import add_months, after_working_days
from workers.case_changes import evidence_came

SET_SIZE = 2_000
ENGINE = "engine"
_GOES_ON = (PregnancyOutcome.UNKNOWN, PregnancyOutcome.CONTINUING)
# Whoever has her on their caseload; nobody, or nobody at work: up.
_CHAIN = (OwnerRole.PRACTITIONER, OwnerRole.TEAM_LEAD, OwnerRole.HEAD_OF_SERVICE, OwnerRole.LAST_RESORT)


def follow_rules(session: Session, rules: Rules, now: datetime) -> int:
    """Mark everybody when the rules came to plan for more; return 0: the marks are the work. The caller commits."""
    today = rules.calendar.civil_date(now)
    born_after = add_months(today, -rules.planning.oldest_child_months)
    plan_marks.follow_rules(session, keys=_keys(rules), born_after=born_after, now=now)
    return 0


def _keys(rules: Rules) -> frozenset[str]:
    """Names of what everybody's plan depends on: services, flags that ask for a schedule, what makes a review due."""
    review = rules.family_review
    return frozenset(
        {
            *(f"service {service}" for service in rules.planning.services),
            *(f"flag {flag} {one.code}" for one in rules.schedules for flag in one.flags),
            *(f"family review for flag {flag}" for flag in review.flags),
            *(
                f"family review for {one.instrument} {one.total_at_least} {one.self_harm_item_at_least}"
                for one in review.scores
            ),
        }
    )


def plan_marked(session: Session, rules: Rules, now: datetime) -> int:
    """Plan the people of one set of marks anew; return how many marks there were. The caller commits."""
    taken = plan_marks.take(session, limit=SET_SIZE)
    if taken:
        expected.close_seen(session)
        plan(session, rules, now=now, by=ENGINE)
    return taken


def look_at_pregnancies(session: Session, rules: Rules, now: datetime) -> int:
    """Ask a person for outcomes nobody has told, and tell one of dates that moved far. The caller commits."""
    due = plan_pregnancies.take_due(session, now=now, limit=SET_SIZE)
    if not due:
        return 0
    going_on = [one for one in due if one.outcome in _GOES_ON and one.mother_lives]
    unknown = [one for one in going_on if outcome_asked_at(rules, one.edd) <= now]
    asked = plan_pregnancies.asked_about(session, [one.mother_id for one in due])
    events = [_event(rules, one, opens=one.mother_id not in asked) for one in unknown]
    family_events.record_many(session, events, now=now)
    _tell_of_dates(session, rules, [one for one in going_on if _moved_far(rules, one)], now=now)
    _settle_follow_ups(session, rules, [one for one in due if one.outcome not in _GOES_ON], asked, now=now)
    waiting = {one.id for one in going_on} - {one.id for one in unknown}
    plan_pregnancies.settle(
        session, [(one.id, outcome_asked_at(rules, one.edd) if one.id in waiting else None) for one in due]
    )
    return len(due)


def _event(rules: Rules, one: DuePregnancy, *, opens: bool) -> NewFamilyEvent:
    kind = FamilyEventKind.PREGNANCY_OUTCOME_UNKNOWN
    return NewFamilyEvent(
        kind=kind,
        # The EDD it was asked for: put right later, the outcome is asked for again two weeks after the new one.
        dedupe_key=dedupe.family_event(kind, one.mother_id, one.id, one.edd),
        person_id=one.mother_id,
        household_id=one.household_id,
        team_id=one.team_id,
        happened_at=outcome_asked_at(rules, one.edd),
        recorded_by=ENGINE,
        opens_follow_up=opens,
        detail={"pregnancy_id": one.id},
    )


def _moved_far(rules: Rules, one: DuePregnancy) -> bool:
    return one.edd_was is not None and abs(one.edd - one.edd_was) > rules.planning.pregnancy.dates_changed_over


def _tell_of_dates(session: Session, rules: Rules, moved: list[DuePregnancy], *, now: datetime) -> None:
    """One task for each new EDD that lies far from the one open contacts were planned by (hazard 28)."""
    if not moved:
        return
    staff = directory(
        session,
        now=now,
        today=rules.calendar.civil_date(now),
        team_ids={one.team_id for one in moved if one.team_id is not None},
        practitioner_ids={one.caseload_holder for one in moved if one.caseload_holder is not None},
    )
    raised = alerts.raise_many(session, [_alert(rules, staff, one, now=now) for one in moved], now=now)
    messages.alert_emails(session, raised, now=now)


def _alert(rules: Rules, staff: Directory, one: DuePregnancy, *, now: datetime) -> NewAlert:
    kind = AlertKind.PREGNANCY_DATES_CHANGED
    reached = staff.resolve(Whose(None, one.caseload_holder, one.team_id), _CHAIN)
    days = rules.planning.pregnancy.dates_checked_within_days
    return NewAlert(
        kind=kind,
        urgency=Urgency.ROUTINE,
        dedupe_key=dedupe.subject_alert(kind, "pregnancy", one.id, since=one.edd),
        practitioner_id=reached.practitioner_id,
        owner_team_id=reached.owner_team_id,
        household_id=one.household_id,
        person_id=one.mother_id,
        team_id=one.team_id,
        audience_role=reached.role,
        next_due_at=after_working_days(now, days, calendar=rules.calendar),
    )


def _settle_follow_ups(
    session: Session, rules: Rules, ended: list[DuePregnancy], asked: dict[int, int], *, now: datetime
) -> None:
    """A birth that is known answers the question: whoever asked confirms and closes. A loss is left to its own care."""
    born = {
        asked[one.mother_id]: one
        for one in ended
        if one.outcome is PregnancyOutcome.LIVE_BIRTH and one.mother_id in asked
    }
    known = cases.load_by_id(session, set(born))
    calendar = rules.calendar
    for follow_up, case in known.items():
        one = born[follow_up]
        # The day of the birth, which never moves: told again, it is no second piece of news.
        at = now if one.ended_on is None else min(calendar.at(one.ended_on, calendar.day_ends), now)
        evidence_came(case, at=at, evidence=f"pregnancy {one.id}", now=now)
    cases.save(session, list(known.values()), now=now)
