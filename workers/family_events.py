"""Open the follow-up of each family event that was recorded: one ladder by its kind (config/events.yaml)."""

from datetime import datetime

from sqlalchemy.orm import Session

from config.rules import Rules
from models.db import cases, family_events, follow_ups
from models.db.family_events import ToOpen
from models.db.people_resolution import Whose, directory
from models.domain.words import FamilyEventKind, FollowUpTrigger
from workers.advance import harmless_flags
from workers.backlog import triage_alerts
from workers.holds import settle_plans
from workers.opening import Opener, Opening

SET_SIZE = 2_000


def open_events(session: Session, rules: Rules, now: datetime) -> int:
    """Open the follow-ups of one set of events; return how many. The caller commits."""
    rows = family_events.take_to_open(session, now=now, limit=SET_SIZE)
    if not rows:
        return 0
    work = _opener(session, rules, rows, now=now)
    for row in rows:
        work.open(_cause(rules, row))
    cases.save(session, work.opened, now=now)
    settle_plans(session, rules, [case.id for case in work.opened], now)
    triage_alerts(session, work.triage, now=now)
    return len(rows)


def _cause(rules: Rules, row: ToOpen) -> Opening:
    rule = rules.events.rules[FamilyEventKind(row.kind)]
    return Opening(
        trigger=FollowUpTrigger.FAMILY_EVENT,
        pathway_code=rule.pathway,
        happened_at=row.happened_at,
        first_received_at=row.recorded_at,
        go_live_on=None,
        person_id=row.person_id,
        household_id=row.household_id,
        team_id=row.team_id,
        contact_code=rule.code,
        whose=Whose(row.practitioner_id, row.caseload_holder, row.team_id),
        family_event_id=row.id,
    )


def _opener(session: Session, rules: Rules, rows: list[ToOpen], *, now: datetime) -> Opener:
    risky = follow_ups.flagged(
        session, [(row.person_id, row.household_id) for row in rows], harmless_flags=harmless_flags(rules)
    )
    people = {row.practitioner_id for row in rows} | {row.caseload_holder for row in rows}
    staff = directory(
        session,
        now=now,
        today=rules.calendar.civil_date(now),
        team_ids={row.team_id for row in rows if row.team_id is not None},
        practitioner_ids={person for person in people if person is not None},
    )
    return Opener(
        rules=rules,
        staff=staff,
        now=now,
        high_risk=lambda person_id, household_id: (person_id, household_id) in risky,
    )
