"""Detect: find appointments without an outcome, misses, contacts never booked, scores to ask about. In claimed sets.

One detector works at a time (a family's misses are one thread); each set is one transaction. An import calls
`detect_all` before it ends, so that `status` and `audit` are right with no engine running.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.rules import Rules
from models.db import (
    alerts,
    cases,
    clock,
    detection,
    expected,
    follow_ups,
    messages,
    pathway_versions,
    pattern_looks,
)
from models.db.alerts import NewAlert
from models.db.detection import Candidate
from models.db.people_resolution import Whose, directory
from models.domain import dedupe
from models.domain.words import AlertKind, OwnerRole, Urgency
from models.domain.working_time import after_working_days
from workers.advance import harmless_flags
from workers.backlog import triage_alerts
from workers.carers import consider_contacts
from workers.casework import Casework, opening_statuses, people_and_teams
from workers.expect import look_at_expected
from workers.family_events import open_events
from workers.holds import apply_holds, settle_plans
from workers.opening import Opener
from workers.patterns import look_at_patterns, people_of_patterns
from workers.planning import follow_rules, look_at_pregnancies, plan_marked
from workers.prompting import raise_prompts
from workers.sharing import consider_misses

SET_SIZE = 5_000
Now = Callable[[Session], datetime]
Step = Callable[[Session, Rules, datetime], int]


@dataclass(frozen=True, slots=True)
class Detected:
    """How many rows each kind of look handled."""

    outcome_due: int
    reconsidered: int
    expected: int
    indicators: int
    holds: int
    events: int
    patterns: int
    planned: int

    @property
    def total(self) -> int:
        """All of them."""
        return (
            self.outcome_due
            + self.reconsidered
            + self.expected
            + self.indicators
            + self.events
            + self.patterns
            + self.planned
            + self.holds
        )


def detect_all(engine: Engine, rules: Rules, *, now: Now = clock.now, wait: bool = True) -> Detected:
    """Look at everything that waits for detection, set by set, until nothing does; return what was handled.

    `now` is asked once per set. With `wait` it waits for another detector instead of leaving the work to it, and stores
    the versions of `rules` first; a worker has stored them when it read them.
    """
    if wait:
        with Session(engine) as session, session.begin():
            pathway_versions.load(session, rules.pathway_contents.values(), now=now(session))

    def drain(step: Step) -> int:
        return _drain(engine, rules, step, now=now, wait=wait)

    # Changes first: a recorded outcome spares a row the question for it. Plans before what is looked at by them; a
    # review that took place plans the next.
    reconsidered = drain(reconsider)
    flipped = drain(outcomes_due)
    drain(follow_rules)
    planned = drain(plan_marked) + drain(look_at_pregnancies)
    looked = drain(look_at_expected)
    planned += drain(plan_marked)
    # A plan made just now may find appointments that were here before it.
    reconsidered += drain(reconsider)
    looked += drain(look_at_expected)
    indicators = drain(raise_prompts)
    # Holds turn plans, and record events. Patterns last: they raise what the others opened; and an event that one
    # recorded is opened before the next look.
    holds = drain(apply_holds)
    events = drain(open_events)
    patterns = drain(look_at_patterns)
    events += drain(open_events) if patterns else 0
    return Detected(flipped, reconsidered, looked, indicators, holds, events, patterns, planned)


def _drain(engine: Engine, rules: Rules, step: Step, *, now: Now, wait: bool) -> int:
    handled = 0
    while True:
        with Session(engine) as session, session.begin():
            if wait:
                detection.wait_for_detection(session)
            elif not detection.lock_detection(session):
                return handled
            count = step(session, rules, now(session))
        if count == 0:
            return handled
        handled += count


def outcomes_due(session: Session, rules: Rules, now: datetime) -> int:
    """Ask for the outcomes that are missing by fresh data: one set of one source. The caller commits."""
    allowance = rules.contacts.outcome_allowance
    for source in detection.outcome_ranges(session, now=now, allowance=allowance):
        rows = detection.flip_outcome_due(
            session, source=source, guarded=rules.sharing.guarded, now=now, limit=SET_SIZE
        )
        if rows:
            _work_on(session, rules, rows, now=now)
            return len(rows)
    return 0


def reconsider(session: Session, rules: Rules, now: datetime) -> int:
    """Draw the consequences of one set of appointments that came or changed. The caller commits."""
    rows = detection.take_changed(session, guarded=rules.sharing.guarded, now=now, limit=SET_SIZE)
    if rows:
        _work_on(session, rules, rows, now=now)
    return len(rows)


def casework_on(
    session: Session,
    rules: Rules,
    *,
    people: set[int],
    appointments: set[int],
    expected_contacts: set[int],
    households: Sequence[tuple[int, int | None]],
    staff: set[int],
    teams: set[int],
    now: datetime,
) -> Casework:
    """Load what a set of causes touches: its families' follow-ups, their flags, the staff. Shared by all looks."""
    risky = follow_ups.flagged(session, households, harmless_flags=harmless_flags(rules))
    today = rules.calendar.civil_date(now)
    opener = Opener(
        rules=rules,
        staff=directory(session, now=now, today=today, team_ids=teams, practitioner_ids=staff),
        now=now,
        high_risk=lambda person_id, household_id: (person_id, household_id) in risky,
    )
    return Casework(
        opener=opener, known=cases.load(session, people=people, appointments=appointments, expected=expected_contacts)
    )


def finish(session: Session, work: Casework, *, now: datetime) -> None:
    """Store what was decided: follow-ups with their stories, triage tasks, contacts met, cancellations to explain."""
    cases.save(session, work.cases, now=now)
    settle_plans(session, work.opener.rules, [case.id for case in work.cases if case.is_live], now)
    raised = triage_alerts(session, work.opener.triage, now=now)
    raised += alerts.raise_many(session, [_unexplained(work.opener, row) for row in work.unexplained], now=now)
    expected.mark_met(session, work.met, now=now)
    messages.alert_emails(session, raised, now=now)


def _work_on(session: Session, rules: Rules, rows: Sequence[Candidate], *, now: datetime) -> None:
    staff, teams = people_and_teams(rows)
    work = casework_on(
        session,
        rules,
        people={row.person_id for row in rows},
        appointments={row.id for row in rows},
        expected_contacts={row.expected_contact_id for row in rows if row.expected_contact_id is not None},
        households=[(row.person_id, row.household_id) for row in rows],
        staff=staff,
        teams=teams,
        now=now,
    )
    opening = opening_statuses(rows, rules)
    work.later = {visit.before_id: visit for visit in detection.later_visits(session, opening)} if opening else {}
    for row in rows:
        work.consider(row)
    finish(session, work, now=now)
    pattern_looks.mark_people(session, people_of_patterns(rows, rules, now=now), now=now)
    # The booking of a planned contact is gone: it is looked at again before its time.
    again = after_working_days(now, rules.planning.rebooked_within_days, calendar=rules.calendar)
    gone = {row.expected_contact_id for row in rows if row.status.startswith("cancelled") or row.status == "void"}
    expected.look_again(session, [(contact, again) for contact in gone if contact is not None])
    consider_misses(session, rules, rows, now=now)
    consider_contacts(session, rules, rows, now=now)


def _unexplained(opener: Opener, row: Candidate) -> NewAlert:
    """A cancellation that says neither by whom nor why: a person finds out (domain.md 2.3)."""
    pathway = opener.current(opener.rules.contacts.outcome_pathway)
    whose = Whose(row.booked_with, row.caseload_holder, row.team_id)
    owner = opener.owner(whose, pathway.chain(OwnerRole.PRACTITIONER))
    step = pathway.steps[0].routine
    return NewAlert(
        kind=AlertKind.CANCELLATION_UNEXPLAINED,
        urgency=Urgency.ROUTINE,
        dedupe_key=dedupe.subject_alert(
            AlertKind.CANCELLATION_UNEXPLAINED, "appointment", row.id, since=row.cancelled_at or row.starts_at
        ),
        practitioner_id=owner.practitioner_id,
        owner_team_id=owner.owner_team_id,
        household_id=row.household_id,
        person_id=row.person_id,
        team_id=row.team_id,
        audience_role=owner.role,
        next_due_at=step.lease.after(opener.now, calendar=opener.rules.calendar),
    )
