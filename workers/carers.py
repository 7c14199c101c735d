"""Who else cares for the baby? A task where nobody has answered by a named contact, or the household has changed since.

One a household and occasion; it goes up softly. What ends it is an answer, also "we do not know".
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from config.rules import Rules
from models.db import alerts, carers, messages, ticks
from models.db.alerts import NewAlert
from models.db.carers import Due, Occasion
from models.db.detection import Candidate
from models.db.people_resolution import Whose, directory
from models.domain.carers import HOUSEHOLD_CHANGED, REVIEW, NextAsk, next_ask
from models.domain.contacts import SEEN_STATUSES
from models.domain.words import AlertKind, Urgency

SET_SIZE = 500
CHANGES_TICK = "households"
CHANGES_EVERY = timedelta(minutes=5)
LONGEST_LOAD = timedelta(days=1)  # a load's people have the time when it began: looked for so far back
_EVER = datetime(1900, 1, 1, tzinfo=UTC)


def consider_contacts(session: Session, rules: Rules, rows: Sequence[Candidate], *, now: datetime) -> None:
    """A named contact took place: where the question is still unanswered, it is put after a while."""
    due = rules.carers.raise_after.after(now, calendar=rules.calendar)
    found = [
        Occasion(row.household_id, row.contact_code, rules.calendar.civil_date(row.starts_at).isoformat(), due)
        for row in rows
        if row.status in SEEN_STATUSES
        and rules.carers.raises(row.contact_code)
        and row.household_id is not None
        and now - row.ends_at <= rules.carers.not_older_than
    ]
    carers.put(session, found, even_if_answered=False)


def put_after_changes(session: Session, rules: Rules, now: datetime) -> int:
    """Somebody joined or left a household after the answer: it is asked anew. The caller commits."""
    last = ticks.last_success(session, CHANGES_TICK)
    if last is not None and now - last < CHANGES_EVERY:
        return 0
    changed = carers.changed_since(session, since=_EVER if last is None else last - LONGEST_LOAD, now=now)
    due = rules.carers.raise_after.after(now, calendar=rules.calendar)
    occasions = [Occasion(household, HOUSEHOLD_CHANGED, what, due) for household, what in changed]
    carers.put(session, occasions, even_if_answered=True)
    ticks.succeeded(session, CHANGES_TICK, handled=len(changed), now=now)
    return len(changed)


def ask_due(session: Session, rules: Rules, now: datetime) -> int:
    """Put one set of questions that are due: to the practitioner first, then to the team lead. The caller commits."""
    due = carers.claim_due(session, now=now, limit=SET_SIZE)
    if not due:
        return 0
    staff = directory(
        session,
        now=now,
        today=rules.calendar.civil_date(now),
        team_ids={one.team_id for one in due if one.team_id is not None},
        practitioner_ids={one.holder for one in due if one.holder is not None},
    )
    keys = {one.household_id: _key(one, rules, now) for one in due}
    known = carers.open_alerts(session, list(keys.values()))
    new, up, stored = [], [], []
    for one in due:
        ask = next_ask(times_asked=one.times_asked or 0, now=now, rules=rules.carers, calendar=rules.calendar)
        reached = staff.resolve(Whose(None, one.holder, one.team_id), ask.role_chain)
        key = keys[one.household_id]
        if key in known:
            up.append((known[key], reached.practitioner_id, reached.owner_team_id, reached.role, ask.next_due_at))
        else:
            new.append(_alert(one, ask, key, reached.practitioner_id, reached.owner_team_id))
        word, since = _occasion(one, rules, now)
        stored.append((one.household_id, word, since, ask.next_due_at))
    carers.asked(session, stored)
    alerts.raise_up(session, up, now=now)
    told = alerts.raise_or_renew(session, new, now=now) + [alert for alert, *_ in up]
    messages.alert_emails(session, told, now=now)
    return len(due)


def _occasion(one: Due, rules: Rules, now: datetime) -> tuple[str, str]:
    """Why it is due; without an occasion it is an answer to be looked at again."""
    if one.occasion is not None and one.occasion_key is not None:
        return one.occasion, one.occasion_key
    return REVIEW, rules.calendar.civil_date(now).isoformat()


def _key(one: Due, rules: Rules, now: datetime) -> str:
    return carers.alert_key(one.household_id, *_occasion(one, rules, now))


def _alert(one: Due, ask: NextAsk, key: str, practitioner_id: int | None, pool: int | None) -> NewAlert:
    return NewAlert(
        kind=AlertKind.FATHER_NOT_ASKED,
        urgency=Urgency.ROUTINE,
        dedupe_key=key,
        practitioner_id=practitioner_id,
        owner_team_id=pool,
        household_id=one.household_id,
        team_id=one.team_id,
        next_due_at=ask.next_due_at,
    )
