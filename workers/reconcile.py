"""Reconcile: feeds late or small, tasks nobody has dealt with, referrals nobody answered, risk that came afterwards.

Raises up and asks again; closes nothing that a person owes.
"""

import json
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from config.rules import Rules
from models.db import agency_contacts, alerts, concern_flags, feeds, follow_ups, messages, step_time_rows, ticks
from models.db.agency_contacts import Silent
from models.db.alerts import NewAlert
from models.db.feeds import Feed
from models.db.people_resolution import Directory, Whose, directory
from models.domain import dedupe
from models.domain.freshness import feed_health
from models.domain.words import AlertKind, Extent, FeedHealth, OwnerRole, Urgency
from workers.advance import harmless_flags
from workers.carers import ask_due, put_after_changes
from workers.discharges import look_at_discharges
from workers.holds import find_losses, review_holds
from workers.machine import Machine
from workers.referring import chase_referrals, match_if_due
from workers.sharing import share_due

SET_SIZE = 500
RISK_TICK = "risk"
RISK_EVERY = timedelta(seconds=30)
_ALARMS = {FeedHealth.LATE: AlertKind.FEED_LATE, FeedHealth.SMALL: AlertKind.FEED_SMALL}


def reconcile(machine: Machine) -> int:
    """Do each look in a transaction of its own; return how many rows were handled."""
    rules = machine.rules()
    handled = 0
    for step in (
        look_at_feeds,
        share_due,
        look_at_discharges,
        put_after_changes,
        ask_due,
        raise_overdue,
        match_if_due,
        chase_referrals,
        lapse_extensions,
        challenge_silent,
        review_holds,
        _find_if_due,
    ):
        with Session(machine.engine) as session, session.begin():
            handled += step(session, rules, machine.clock(session))
    return handled


def look_at_feeds(session: Session, rules: Rules, now: datetime) -> int:
    """One alarm per late or small spell of a source, to its owner; it ends when data come. The caller commits."""
    changed = 0
    raised = []
    for feed in feeds.to_look_at(session):
        health = feed_health(
            now=now,
            next_expected_at=feed.next_expected_at,
            last_received_at=feed.last_received_at,
            last_row_count=feed.last_row_count,
            usual_row_count=feed.usual_row_count,
            extent=Extent(feed.extent),
            rules=rules.feeds,
        )
        if health in _ALARMS:
            raised.append((feed, health))
        if health != feed.health:
            changed += 1
            feeds.set_health(session, feed.id, health)
        for over in _ALARMS.keys() - {health}:
            feeds.end_alarm(session, feed.id, _ALARMS[over], now=now)
    told = alerts.raise_many(session, [_alarm(session, rules, feed, health, now) for feed, health in raised], now=now)
    messages.alert_emails(session, told, now=now)
    return changed + len(told)


def raise_overdue(session: Session, rules: Rules, now: datetime) -> int:
    """Hand tasks past their due time to the next role up, and tell that person; none is closed. The caller commits."""
    due = alerts.overdue(session, now=now, limit=SET_SIZE)
    if not due:
        return 0
    staff = directory(
        session,
        now=now,
        today=rules.calendar.civil_date(now),
        team_ids={team for _, team, _ in due if team is not None},
        practitioner_ids=set(),
    )
    again, up = _answer_by(rules, now), _up(rules, now)
    moves = []
    for alert_id, team_id, times_raised in due:
        reached = staff.resolve(Whose(None, None, team_id), up[min(times_raised - 1, len(up) - 1) :])
        moves.append((alert_id, reached.practitioner_id, reached.owner_team_id, reached.role, again))
    alerts.raise_up(session, moves, now=now)
    messages.alert_emails(session, [alert_id for alert_id, _, _ in due], now=now)
    return len(due)


def lapse_extensions(session: Session, rules: Rules, now: datetime) -> int:
    """End questions for more time whose step has fired or whose follow-up went on. The caller commits."""
    return step_time_rows.lapse_moot(session, now=now)


def challenge_silent(session: Session, rules: Rules, now: datetime) -> int:
    """An agency that was contacted and stays silent is to be challenged: whoever has the follow-up is told. No commit.

    The follow-up's own ladder is neither paused nor hurried by it.
    """
    silent = agency_contacts.take_silent(session, now=now, limit=SET_SIZE)
    if not silent:
        return 0
    staff = directory(
        session,
        now=now,
        today=rules.calendar.civil_date(now),
        team_ids={row.team_id for row in silent if row.team_id is not None},
        practitioner_ids={who for row in silent for who in (row.owner_practitioner_id, row.caseload_holder) if who},
    )
    up = _up(rules, now)
    raised = [_challenge(row, staff, up, due=_answer_by(rules, now)) for row in silent]
    messages.alert_emails(session, alerts.raise_many(session, raised, now=now), now=now)
    return len(silent)


def find_risk(session: Session, rules: Rules, now: datetime) -> int:
    """Wake the follow-ups of families that have become high risk: `advance` raises them at once. The caller commits."""
    woken = follow_ups.wake_flagged(session, harmless_flags=harmless_flags(rules), now=now)
    return woken + concern_flags.mark_red(session, now=now)


def _find_if_due(session: Session, rules: Rules, now: datetime) -> int:
    """Every flag and every recent loss is looked at, so not at every ring."""
    last = ticks.last_success(session, RISK_TICK)
    if last is not None and now - last < RISK_EVERY:
        return 0
    found = find_risk(session, rules, now) + find_losses(session, rules, now)
    ticks.succeeded(session, RISK_TICK, handled=found, now=now)
    return found


def _alarm(session: Session, rules: Rules, feed: Feed, health: FeedHealth, now: datetime) -> NewAlert:
    owner = feed.owner_practitioner_id
    staff = directory(
        session,
        now=now,
        today=rules.calendar.civil_date(now),
        team_ids=set(),
        practitioner_ids=set() if owner is None else {owner},
    )
    reached = staff.resolve(Whose(owner, None, None), (OwnerRole.PRACTITIONER, OwnerRole.LAST_RESORT))
    kind = _ALARMS[health]
    # One spell is told by what stopped: the delivery that did not come, or the one that was small.
    since = feed.next_expected_at if health is FeedHealth.LATE else feed.last_received_at
    return NewAlert(
        kind=kind,
        urgency=Urgency.URGENT,
        dedupe_key=dedupe.subject_alert(kind, "source", feed.id, since=since),
        practitioner_id=reached.practitioner_id,
        owner_team_id=None,
        source_id=feed.id,
        audience_role=reached.role,
        next_due_at=_answer_by(rules, now),
        detail=json.dumps({"rows": feed.last_row_count, "usual_rows": feed.usual_row_count}),
    )


def _challenge(row: Silent, staff: Directory, up: tuple[OwnerRole, ...], *, due: datetime) -> NewAlert:
    whose = Whose(None, row.caseload_holder, row.team_id, row.owner_practitioner_id)
    reached = staff.resolve(whose, (OwnerRole.PRACTITIONER, *up))
    return NewAlert(
        kind=AlertKind.CHALLENGE,
        urgency=Urgency.URGENT,
        dedupe_key=dedupe.subject_alert(AlertKind.CHALLENGE, "agency_contact", row.id),
        practitioner_id=reached.practitioner_id,
        owner_team_id=reached.owner_team_id,
        follow_up_id=row.follow_up_id,
        household_id=row.household_id,
        person_id=row.person_id,
        team_id=row.team_id,
        audience_role=reached.role,
        next_due_at=due,
        detail=json.dumps({"agency": row.agency, "step": row.step_id}),
    )


def _answer_by(rules: Rules, now: datetime) -> datetime:
    """By when somebody must deal with a task before it goes up: as for an unrecorded outcome's first step."""
    pathway = rules.current_pathway(rules.contacts.outcome_pathway, on=rules.calendar.civil_date(now))
    return pathway.steps[0].routine.acknowledge_within.after(now, calendar=rules.calendar)


def _up(rules: Rules, now: datetime) -> tuple[OwnerRole, ...]:
    """Whom a task goes up to: from the team's lead, as for an unrecorded outcome, and then for ever the last resort."""
    pathway = rules.current_pathway(rules.contacts.outcome_pathway, on=rules.calendar.civil_date(now))
    return pathway.chain(OwnerRole.TEAM_LEAD)
