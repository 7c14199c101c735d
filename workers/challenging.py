"""Tell whose turn it is: the owner of a challenge's stage, then the next stage's; the owner of an overdue action.

Nothing is raised or closed here: a person records the raise, the reply, the end.
"""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from config.rules import Rules
from models.db import alerts, challenges, messages, planned_actions, standing_alerts
from models.db.alerts import NewAlert
from models.db.people_resolution import Directory, Reached, Whose, directory
from models.domain.challenge import ChallengeEvent, advance
from models.domain.words import AlertKind, AlertState, ChallengeState, Urgency

SET_SIZE = 500


def ask_challenges(session: Session, rules: Rules, now: datetime) -> int:
    """Tell the owners of challenges that are due; once a stage's time is over, the next one's. The caller commits."""
    due = challenges.due(session, now=now, limit=SET_SIZE)
    if not due:
        return 0
    staff = _staff(session, rules, now, [(row.team_id, row.opened_by_practitioner) for row in due])
    again = rules.challenge.ask_again.after(now, calendar=rules.calendar)
    stored, told = [], []
    for row in due:
        stage = advance(ChallengeState(row.state), ChallengeEvent.ASKED)
        chain = rules.challenge.owner_chain(stage, times_asked=row.times_asked)
        reached = staff.resolve(Whose(row.opened_by_practitioner, None, row.team_id), chain)
        # Told of its stage first; a stage that was late from the start is said again like any other.
        next_due = row.stage_due_at if row.times_asked == 0 and row.stage_due_at > now else again
        times = row.times_asked + 1
        stored.append(challenges.Asked(row.id, stage, times, next_due, reached.practitioner_id, reached.owner_team_id))
        told.append(_about_challenge(row, reached, times=times, due=next_due))
    challenges.asked(session, stored, now=now)
    over = [challenges.ask_key(row.id, row.state, row.times_asked) for row in due]
    _replace(session, told, over, now=now)
    return len(due)


def ask_actions(session: Session, rules: Rules, now: datetime) -> int:
    """Tell the owners of actions that are overdue, then one further up each time. The caller commits."""
    due = planned_actions.overdue(session, now=now, limit=SET_SIZE)
    if not due:
        return 0
    staff = _staff(session, rules, now, [(row.team_id, row.owner_practitioner_id) for row in due])
    again = rules.actions.ask_again.after(now, calendar=rules.calendar)
    stored, told = [], []
    for row in due:
        chain = rules.actions.chain(times_asked=row.times_asked)
        reached = staff.resolve(Whose(row.owner_practitioner_id, None, row.team_id), chain)
        times = row.times_asked + 1
        stored.append(planned_actions.Asked(row.id, times, again, reached.practitioner_id, reached.owner_team_id))
        told.append(_about_action(row, reached, times=times, due=again))
    planned_actions.asked(session, stored, now=now)
    over = [planned_actions.ask_key(row.id, due_on=row.due_on, times=row.times_asked) for row in due]
    _replace(session, told, over, now=now)
    return len(due)


def _staff(session: Session, rules: Rules, now: datetime, whose: Sequence[tuple[int | None, int | None]]) -> Directory:
    """The staff that these pairs of team and practitioner can lead to."""
    return directory(
        session,
        now=now,
        today=rules.calendar.civil_date(now),
        team_ids={team for team, _ in whose if team is not None},
        practitioner_ids={practitioner for _, practitioner in whose if practitioner is not None},
    )


def _replace(session: Session, told: list[NewAlert], over: list[str], *, now: datetime) -> None:
    """One open alert at a time about each: the next asking overtakes the one before."""
    standing_alerts.end_by_key(session, over, state=AlertState.OVERTAKEN, outcome="asked_again", by="engine", now=now)
    messages.alert_emails(session, alerts.raise_many(session, told, now=now), now=now)


def _about_challenge(row: challenges.Due, reached: Reached, *, times: int, due: datetime) -> NewAlert:
    return NewAlert(
        kind=AlertKind.CHALLENGE,
        urgency=Urgency.URGENT if row.urgent else Urgency.ROUTINE,
        dedupe_key=challenges.ask_key(row.id, row.state, times),
        practitioner_id=reached.practitioner_id,
        owner_team_id=reached.owner_team_id,
        household_id=row.household_id,
        person_id=row.person_id,
        team_id=row.team_id,
        audience_role=reached.role,
        next_due_at=due,
        detail=json.dumps({"challenge_id": row.id, "stage": row.state, "stage_over": times > 1}),
    )


def _about_action(row: planned_actions.Overdue, reached: Reached, *, times: int, due: datetime) -> NewAlert:
    return NewAlert(
        kind=AlertKind.ACTION_OVERDUE,
        urgency=Urgency.ROUTINE,
        dedupe_key=planned_actions.ask_key(row.id, due_on=row.due_on, times=times),
        practitioner_id=reached.practitioner_id,
        owner_team_id=reached.owner_team_id,
        household_id=row.household_id,
        team_id=row.team_id,
        audience_role=reached.role,
        next_due_at=due,
        detail=json.dumps({"action_id": row.id}),
    )
