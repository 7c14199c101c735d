"""Plan the people of `planning`: what each should have by the schedules, after hospital, and their household's review.

One pass for whoever asks: an import plans the people of its file the same day, the engine those who were marked. A
fixed number of statements for any number of people. The caller has detection to itself, and commits.
"""

from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import chain

from sqlalchemy.orm import Session

from config.rules import Rules
from intake.plan_lines import Lines
from models.db import (
    family_reviews,
    follow_ups,
    hospital_discharges,
    plan_marks,
    plan_pregnancies,
    plan_store,
    plan_subjects,
)
from models.db.plan_store import Line
from models.db.plan_subjects import ToPlan
from models.domain.family_review import next_review
from models.domain.schedule import ContactOf, PlanSubject, ScheduleAnchor
from models.domain.working_time import add_months, staff_moment

_NOBODY = PlanSubject(ContactOf.CHILD)  # whose contact no schedule has: nothing is reckoned from it


def plan(session: Session, rules: Rules, *, now: datetime, by: str) -> None:
    """Plan everybody of `planning`, and bring what was planned before in line with births, deaths and new dates.

    `by`: 'import:SOURCE' or 'engine', to whom a birth that ends a pregnancy is put down.
    """
    today = rules.calendar.civil_date(now)
    lines = Lines(rules, today)
    plan_marks.gather_homes(session)
    plan_pregnancies.end_by_births(session, by=by, rules=rules.planning.pregnancy, now=now)
    subjects = _subjects(session, rules, today)
    reviews = _reviews(session, rules, lines, now=now)
    visits = _after_hospital(session, rules, lines, now=now)
    by_schedules = ((each, line) for each in subjects for line in lines.by_schedules(each.subject, each.plans))
    again = (
        (each.person_id, each.pregnancy_id, *one.key)
        for each in subjects
        if each.plans
        for one in lines.schedules(each.plans)
    )
    plan_store.create(session)
    plan_store.fill(session, chain(reviews, visits, by_schedules), again)
    near = rules.planning.pregnancy.same_within
    plan_store.store(session, zone=rules.calendar.zone.key, near=near, now=now)
    plan_store.end(session, now=now)
    _look_at_pregnancies(session, rules, subjects, now=now)


def outcome_asked_at(rules: Rules, edd: date) -> datetime:
    """When a person is asked for the outcome of a pregnancy that nobody has told: days after its EDD, as UTC."""
    calendar = rules.calendar
    return staff_moment(edd + rules.planning.pregnancy.outcome_asked_after, calendar.day_starts, calendar=calendar)


def _subjects(session: Session, rules: Rules, today: date) -> list[ToPlan]:
    """Children, pregnancies, and mothers after a birth where a service that is planned has contacts for them."""
    found = plan_subjects.children(session, born_after=add_months(today, -rules.planning.oldest_child_months))
    found += plan_subjects.pregnancies(session, flags={flag for one in rules.schedules for flag in one.flags})
    lines = [line for one in rules.schedules_in_force(on=today) for line in one.contacts]
    if any(line.of is ContactOf.MOTHER and line.anchor is not ScheduleAnchor.EDD for line in lines):
        pregnancy = rules.planning.pregnancy
        found += plan_subjects.mothers(
            session, born_after=today - pregnancy.mother_planned_until, twins_within=pregnancy.twins_within
        )
    return found


def _reviews(session: Session, rules: Rules, lines: Lines, *, now: datetime) -> list[tuple[ToPlan, Line]]:
    """The next family review of each household that lacks one; those nobody needs any more are given up."""
    rule, today = rules.family_review, rules.calendar.civil_date(now)
    if rule.service not in rules.planning.services:
        return []
    family_reviews.follow_children(session, now=now)
    planned, given_up = [], []
    for home in family_reviews.homes(session, rule=rule, zone=rules.calendar.zone.key):
        found = next_review(home.facts, rule=rule, today=today)
        if found.give_up and home.coming_id is not None:
            given_up.append(home.coming_id)
        if found.child_id is not None and found.anchor_on is not None:
            of = ToPlan(found.child_id, home.household_id, home.team_id, None, _NOBODY, frozenset())
            planned.append((of, lines.family_review(found.anchor_on)))
    family_reviews.give_up(session, given_up, now=now)
    return planned


def _after_hospital(session: Session, rules: Rules, lines: Lines, *, now: datetime) -> list[tuple[ToPlan, Line]]:
    """A visit for each baby who left hospital; the birth visit keeps its own clock (domain.md 1.3)."""
    rule = rules.planning.discharge
    if rule.service not in rules.planning.services:
        return []
    hospital_discharges.back_in_hospital(session, flag=rule.flag, contact_code=rule.contact_code, now=now)
    since = rules.calendar.civil_date(now) - timedelta(days=rule.recall_days)
    left = [
        one
        for one in hospital_discharges.discharged(session, flag=rule.flag, zone=rules.calendar.zone.key)
        if one.left_on >= since
    ]
    risky = follow_ups.flagged(
        session, [(one.person_id, one.household_id) for one in left], harmless_flags=rules.flags.harmless_codes
    )
    return [
        (
            ToPlan(one.person_id, one.household_id, one.team_id, None, _NOBODY, frozenset()),
            lines.after_hospital(one.left_on, high_risk=(one.person_id, one.household_id) in risky),
        )
        for one in left
    ]


def _look_at_pregnancies(session: Session, rules: Rules, subjects: list[ToPlan], *, now: datetime) -> None:
    asked_at = lru_cache(maxsize=None)(lambda edd: outcome_asked_at(rules, edd))
    due = [
        (each.pregnancy_id, asked_at(each.subject.edd))
        for each in subjects
        if each.pregnancy_id is not None and each.subject.edd is not None
    ]
    plan_pregnancies.look_at(session, due, rules=rules.planning.pregnancy)
    plan_pregnancies.look_at_ended(session, now=now)
