"""The weekly check of staffing: what it finds becomes one alert per team to its lead, and one for the trust's own.

A standing alert, brought up to date each week and ended when its gaps are gone; unsettled it goes up like any other.
"""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from config.rules import Rules
from models.db import alerts, messages, staffing_gaps, ticks
from models.db.alerts import NewAlert
from models.db.people_resolution import Whose, directory
from models.domain import dedupe
from models.domain.staffing_gaps import Gap, counted, ladders_by_role
from models.domain.words import AlertKind, OwnerRole, StaffingGap, Urgency
from workers.machine import Machine

TICK = "staffing"
_TO_LEAD = (OwnerRole.TEAM_LEAD, OwnerRole.HEAD_OF_SERVICE, OwnerRole.LAST_RESORT)
_TO_TRUST = (OwnerRole.HEAD_OF_SERVICE, OwnerRole.LAST_RESORT)


def check_if_due(machine: Machine) -> int:
    """Check unless it was done within the last week; return how many gaps were found."""
    rules = machine.rules()
    with Session(machine.engine) as session, session.begin():
        now = machine.clock(session)
        last = ticks.last_success(session, TICK)
        if last is not None and now - last < rules.staffing.weekly.every:
            return 0
        found = check(session, rules, now)
        ticks.succeeded(session, TICK, handled=found, now=now)
    return found


def check(session: Session, rules: Rules, now: datetime) -> int:
    """Find the gaps, tell who has to know, end what is settled; return how many were found. The caller commits."""
    teams = staffing_gaps.team_ids(session)
    today = rules.calendar.civil_date(now)
    current = [rules.current_pathway(code, on=today) for code in sorted({code for code, _ in rules.pathways})]
    found = staffing_gaps.find(
        session,
        teams,
        with_trust=True,
        ladders=ladders_by_role(current),
        rules=rules.staffing,
        calendar=rules.calendar,
        now=now,
    )
    found += staffing_gaps.never_answering(session, rules.staffing.weekly, today=today, now=now)
    by_team: dict[int | None, list[Gap]] = {}
    for gap in found:
        by_team.setdefault(gap.team_id, []).append(gap)
    staff = directory(session, now=now, today=today, team_ids=set(teams), practitioner_ids=set())
    due = rules.staffing.weekly.settle_within.after(now, calendar=rules.calendar)
    wanted = []
    for team, gaps in sorted(by_team.items(), key=lambda pair: pair[0] or 0):
        reached = staff.resolve(Whose(None, None, team), _TO_TRUST if team is None else _TO_LEAD)
        wanted.append(_alert(team, gaps, reached.practitioner_id, reached.owner_team_id, reached.role, due=due))
    raised = alerts.raise_or_renew(session, wanted, now=now)
    messages.alert_emails(session, raised, now=now)
    staffing_gaps.end_settled(session, keys=[alert.dedupe_key for alert in wanted], now=now)
    return len(found)


def _alert(
    team: int | None, gaps: Sequence[Gap], practitioner: int | None, pool: int | None, role: OwnerRole, *, due: datetime
) -> NewAlert:
    """One alert, however many gaps: counts by kind, and the ids of those who never answer."""
    silent = {str(gap.practitioner_id): gap.count for gap in gaps if gap.kind is StaffingGap.NEVER_ANSWERS}
    return NewAlert(
        kind=AlertKind.STAFFING_GAP,
        urgency=Urgency.ROUTINE,
        dedupe_key=dedupe.subject_alert(AlertKind.STAFFING_GAP, "trust" if team is None else "team", team or 0),
        practitioner_id=practitioner,
        owner_team_id=pool,
        team_id=team,
        audience_role=role,
        next_due_at=due,
        detail=json.dumps({"gaps": counted(gaps), "never_answers": silent}),
    )
