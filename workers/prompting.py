"""Prompts: raise a question where a recorded score meets a published threshold, and ask again until it is decided."""

import json
from datetime import datetime

from sqlalchemy.orm import Session

from config.rules import Rules
from models.db import alerts, messages, prompts
from models.db.alerts import NewAlert
from models.db.people_resolution import Directory, Whose, directory
from models.db.prompts import NewPrompt, Scored, Undecided
from models.domain import dedupe
from models.domain.prompts import Ask, Score, merges_into, next_ask, prompt_for
from models.domain.words import AlertKind, Urgency

SET_SIZE = 1_000


def raise_prompts(session: Session, rules: Rules, now: datetime) -> int:
    """Look at one set of recorded scores and raise the prompts they call for, due at once. The caller commits."""
    scored = prompts.take_scores(session, now=now, limit=SET_SIZE)
    staff = _staff(session, rules, scored, now=now)
    raised: list[NewPrompt] = []
    for row in scored:
        rule = prompt_for(Score(row.instrument, row.total, row.self_harm_item), rules.prompts.rules)
        if rule is None or _merged(row, rule.urgency, raised, scored, rules):
            continue
        owner = staff.resolve(Whose(None, row.caseload_holder, row.team_id), rule.role_chain)
        raised.append(
            NewPrompt(
                indicator_id=row.id,
                person_id=row.person_id,
                household_id=row.household_id,
                team_id=row.team_id,
                rule_id=rule.id,
                rule_version=rule.version,
                urgency=rule.urgency,
                next_due_at=now,
                owner_practitioner_id=owner.practitioner_id,
                owner_team_id=owner.owner_team_id,
            )
        )
    prompts.raise_many(session, raised, now=now)
    return len(scored)


def ask_again(session: Session, rules: Rules, now: datetime) -> int:
    """Ask about one set of undecided prompts that are due, and up a role when nobody decides. The caller commits."""
    due = prompts.undecided_due(session, now=now, limit=SET_SIZE)
    if not due:
        return 0
    staff = _staff(session, rules, due, now=now)
    stored, told = [], []
    for row in due:
        rule = rules.prompts.rule(row.rule_id) or rules.prompts.rules[0]
        ask = next_ask(rule, times_asked=row.times_asked, now=now, calendar=rules.calendar)
        owner = staff.resolve(Whose(None, row.caseload_holder, row.team_id), ask.role_chain)
        stored.append((row.id, ask.times_asked, ask.next_due_at, owner.practitioner_id, owner.owner_team_id))
        told.append(_alert(row, ask, owner.practitioner_id, owner.owner_team_id))
    prompts.asked(session, stored)
    alerts.overtake_prompts(session, [row.id for row in due], now=now)
    raised = alerts.raise_many(session, told, now=now)
    messages.alert_emails(session, raised, now=now)
    return len(due)


def _alert(row: Undecided, ask: Ask, practitioner_id: int | None, pool: int | None) -> NewAlert:
    return NewAlert(
        kind=AlertKind.REFERRAL_PROMPT,
        urgency=ask.urgency,
        dedupe_key=dedupe.subject_alert(AlertKind.REFERRAL_PROMPT, "prompt", row.id, since=str(ask.times_asked)),
        practitioner_id=practitioner_id,
        owner_team_id=pool,
        referral_prompt_id=row.id,
        household_id=row.household_id,
        person_id=row.person_id,
        team_id=row.team_id,
        next_due_at=ask.next_due_at,
        detail=json.dumps({"times_asked": ask.times_asked}),
    )


def _merged(row: Scored, urgency: Urgency, raised: list[NewPrompt], scored: list[Scored], rules: Rules) -> bool:
    """Whether a prompt that waits for the same person, or was raised just now, covers this score."""
    dates = {one.id: one.recorded_on for one in scored}
    waiting = [(Urgency(one.urgency), dates[one.indicator_id]) for one in raised if one.person_id == row.person_id]
    if row.open_urgency is not None and row.open_on is not None:
        waiting.append((Urgency(row.open_urgency), row.open_on))
    return any(
        merges_into(
            new=urgency,
            new_on=row.recorded_on,
            open_urgency=open_urgency,
            open_on=open_on,
            merge_days=rules.prompts.merge_days,
        )
        for open_urgency, open_on in waiting
    )


def _staff(session: Session, rules: Rules, rows: list[Scored] | list[Undecided], *, now: datetime) -> Directory:
    return directory(
        session,
        now=now,
        today=rules.calendar.civil_date(now),
        team_ids={row.team_id for row in rows if row.team_id is not None},
        practitioner_ids={row.caseload_holder for row in rows if row.caseload_holder is not None},
    )
