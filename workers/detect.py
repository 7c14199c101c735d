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
    declines,
    detection,
    expected,
    follow_ups,
    messages,
    pathway_versions,
    pattern_looks,
    threads,
)
from models.db.alerts import NewAlert
from models.db.cases import Case
from models.db.detection import Candidate
from models.db.people_resolution import Whose, directory
from models.domain import dedupe
from models.domain.words import AlertKind, AppointmentStatus, OwnerRole, Urgency
from models.domain.working_time import after_working_days
from workers.advance import harmless_flags
from workers.attendance import opening_pairs, seen_by_contact
from workers.backlog import triage_alerts
from workers.carers import consider_contacts
from workers.case_book import CaseBook
from workers.casework import Casework, people_and_teams
from workers.expect import look_at_expected
from workers.family_events import open_events
from workers.holds import apply_holds, settle_plans
from workers.opening import Opener
from workers.patterns import look_at_patterns, people_of_patterns
from workers.planning import follow_rules, look_at_pregnancies, plan_marked
from workers.prompting import raise_prompts
from workers.sharing import consider_misses
from workers.turner import Turner

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
    threads: int

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
            + self.threads
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
    in_order = drain(threads_in_order)
    drain(follow_rules)
    planned = drain(plan_marked) + drain(look_at_pregnancies)
    looked = drain(look_at_expected)
    planned += drain(plan_marked)
    # A plan made just now may find appointments that were here before it.
    reconsidered += drain(reconsider)
    looked += drain(look_at_expected)
    # One found unbooked may stand beside an earlier miss of the same contact.
    in_order += drain(threads_in_order)
    indicators = drain(raise_prompts)
    # Holds turn plans, and record events. Patterns last: they raise what the others opened; and an event that one
    # recorded is opened before the next look.
    holds = drain(apply_holds)
    events = drain(open_events)
    patterns = drain(look_at_patterns)
    events += drain(open_events) if patterns else 0
    return Detected(flipped, reconsidered, looked, indicators, holds, events, patterns, planned, in_order)


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


def threads_in_order(session: Session, rules: Rules, now: datetime) -> int:
    """Put one set of people's threads in order: records joined or parted, a decline recorded. The caller commits."""
    people = threads.take_due(session, now=now, limit=SET_SIZE)
    if people:
        work = casework_on(
            session,
            rules,
            people=set(people),
            appointments=set(),
            expected_contacts=set(),
            households=[],
            staff=set(),
            teams=set(),
            now=now,
        )
        work.turner.seen = seen_by_contact(detection.visits(session, work.turner.book.pairs()), rules)
        work.turner.declines = declines.load(session, people)
        work.look_at_declines()
        work.look_for_visits()
        work.turner.touched |= work.turner.book.pairs()
        finish(session, work, now=now)
    return len(people)


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
    book = CaseBook(cases.load(session, people=people, appointments=appointments, expected=expected_contacts))
    refused = cases.refused_evidence(session, book.known) if book.known else set()
    return Casework(Turner(opener, book, refused=refused))


def finish(session: Session, work: Casework, *, now: datetime) -> None:
    """Store what was decided: follow-ups with their stories, declines, triage tasks, contacts met or not, questions."""
    work.settle()
    cases.save(session, work.cases, now=now)
    settle_plans(session, work.opener.rules, [case.id for case in work.cases if case.is_live], now)
    declines.store(session, work.turner.declines, now=now)
    raised = triage_alerts(session, work.opener.triage, now=now)
    raised += alerts.raise_many(session, [_unexplained(work.opener, *one) for one in work.unexplained], now=now)
    expected.mark_not_met(session, work.not_met, now=now)
    expected.ask_anew(session, work.look_again, now=now)
    expected.mark_met(session, work.met, now=now)
    messages.alert_emails(session, raised, now=now)


def _work_on(session: Session, rules: Rules, rows: Sequence[Candidate], *, now: datetime) -> None:
    staff, teams = people_and_teams(rows)
    people = {row.person_id for row in rows}
    work = casework_on(
        session,
        rules,
        people=people,
        appointments={row.id for row in rows},
        expected_contacts={row.expected_contact_id for row in rows if row.expected_contact_id is not None},
        households=[(row.person_id, row.household_id) for row in rows],
        staff=staff,
        teams=teams,
        now=now,
    )
    pairs = opening_pairs(rows, rules) | work.turner.book.pairs()
    work.turner.seen = seen_by_contact(detection.visits(session, pairs), rules)
    if any(row.status == AppointmentStatus.DECLINED for row in rows):
        work.turner.declines = declines.load(session, people)
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


def _unexplained(opener: Opener, row: Candidate, case: Case) -> NewAlert:
    """A cancellation that doesn't say by whom: a person finds out and records it, which ends this (domain.md 2.3)."""
    pathway = opener.current(opener.rules.contacts.outcome_pathway)
    whose = Whose(row.booked_with, row.caseload_holder, row.team_id)
    owner = opener.owner(whose, pathway.chain(OwnerRole.PRACTITIONER))
    step = pathway.steps[0].routine
    return NewAlert(
        kind=AlertKind.CANCELLATION_UNEXPLAINED,
        urgency=Urgency.ROUTINE,
        dedupe_key=dedupe.follow_up_alert(AlertKind.CANCELLATION_UNEXPLAINED, int(case.id or 0), cycle=case.cycle),
        follow_up_id=case.id,
        practitioner_id=owner.practitioner_id,
        owner_team_id=owner.owner_team_id,
        household_id=row.household_id,
        person_id=row.person_id,
        team_id=row.team_id,
        audience_role=owner.role,
        next_due_at=step.lease.after(opener.now, calendar=opener.rules.calendar),
    )
