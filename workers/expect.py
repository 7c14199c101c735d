"""Expect: look at each planned contact when it should be booked or over, and at one that ended and left something open.

A look ends in a follow-up, a later look, or a reason why neither; what is decided is pure (models/domain/expected.py).
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from config.rules import Rules
from models.db import cases, expected, follow_ups, plan_marks, threads
from models.db.cases import Case
from models.db.expected import DueExpected, Successor
from models.db.people_resolution import Whose, directory
from models.domain.expected import ExpectedFacts, Look, LookRules, look
from models.domain.words import LOST_PREGNANCIES, ExpectedState, FollowUpTrigger, LifeStatus
from workers.advance import harmless_flags
from workers.backlog import triage_alerts
from workers.holds import settle_plans
from workers.opening import Opener, Opening
from workers.succession import Succession

SET_SIZE = 2_000


def look_rules(rules: Rules) -> LookRules:
    """What a look needs of the rules."""
    return LookRules(rules.calendar, rules.contacts.outcome_allowance, rules.planning.outcome_wait_days)


def look_at_expected(session: Session, rules: Rules, now: datetime) -> int:
    """Look at one set of contacts whose time has come. The caller commits."""
    twins = rules.planning.pregnancy.twins_within
    rows = expected.take_due(session, now=now, limit=SET_SIZE, twins_within=twins)
    if not rows:
        return 0
    successors = expected.successors(session, {row.born_child for row in rows if row.born_child is not None})
    work, how = _opener(session, rules, [*rows, *successors.values()], now=now), look_rules(rules)
    waiting = [row for row in rows if row.state != ExpectedState.SUPERSEDED]
    found = [(row, look(_facts(row, rules), now=now, rules=how)) for row in waiting]
    opened = {row.id: _open(work, row, one) for row, one in found if one.opens is not None}
    expected.settle(session, [(row.id, one.state, one.next_due_at) for row, one in found])
    changed = Succession(session, work, rows, opened=opened, successors=successors).draw()
    plan_marks.mark(session, [row.person_id for row in rows if row.whole_family and row.met_at is not None])
    cases.save(session, [*changed, *work.opened], now=now)
    ids = [case.id for case in work.opened if case.id is not None]
    threads.put_in_order(session, ids, now=now)
    settle_plans(session, rules, ids, now)
    triage_alerts(session, work.triage, now=now)
    return len(rows)


def _facts(row: DueExpected, rules: Rules) -> ExpectedFacts:
    return ExpectedFacts(
        unbooked_on=row.unbooked_on,
        overdue_on=row.overdue_on,
        met=row.met_at is not None,
        ended=_ended(row, rules),
        booked_until=row.booked_until,
        over_since=row.over_since,
        followed=row.followed,
    )


def _ended(row: DueExpected, rules: Rules) -> ExpectedState | None:
    """Why nobody wants it any more: death, a loss, another service has accepted them, birth, a service not planned."""
    if row.life_status == LifeStatus.DECEASED or row.pregnancy_outcome in LOST_PREGNANCIES or row.handed_over:
        return ExpectedState.NOT_APPLICABLE
    if row.pregnancy_outcome is not None and row.pregnancy_outcome not in ("unknown", "continuing"):
        return ExpectedState.SUPERSEDED
    kind = rules.contacts.get(row.contact_code)
    off = kind is not None and kind.service not in rules.planning.services and not row.followed
    return ExpectedState.NOT_APPLICABLE if off else None


def _open(work: Opener, row: DueExpected, found: Look) -> Case:
    kind = work.rules.contacts.get(row.contact_code)
    pathway = kind.pathway if kind is not None else work.rules.contacts.outcome_pathway
    return work.open(
        Opening(
            trigger=found.opens or FollowUpTrigger.OVERDUE,
            pathway_code=pathway,
            happened_at=min(found.happened_at or work.now, work.now),
            first_received_at=row.first_received_at,
            go_live_on=None,
            person_id=row.person_id,
            household_id=row.household_id,
            team_id=row.team_id,
            contact_code=row.contact_code,
            whose=Whose(None, row.caseload_holder, row.team_id),
            expected_contact_id=row.id,
        )
    )


def _opener(session: Session, rules: Rules, rows: Sequence[DueExpected | Successor], *, now: datetime) -> Opener:
    risky = follow_ups.flagged(
        session, [(row.person_id, row.household_id) for row in rows], harmless_flags=harmless_flags(rules)
    )
    staff = directory(
        session,
        now=now,
        today=rules.calendar.civil_date(now),
        team_ids={row.team_id for row in rows if row.team_id is not None},
        practitioner_ids={row.caseload_holder for row in rows if row.caseload_holder is not None},
    )
    return Opener(
        rules=rules,
        staff=staff,
        now=now,
        high_risk=lambda person_id, household_id: (person_id, household_id) in risky,
    )
