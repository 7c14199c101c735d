"""Ask about undecided prompts until they are decided, red flags in minutes; ask again on a review date.

Also asks whether a red flag whose time is over still holds: it never lowers itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from config.rules import Rules
from models.db import alerts, concern_flags, messages, prompt_asks
from models.db.alerts import NewAlert
from models.db.concern_flags import ToConfirm
from models.db.people_resolution import Directory, Reached, Whose, directory
from models.db.prompt_asks import Asked, PromptTold, Undecided
from models.domain import dedupe
from models.domain.prompt_states import PromptEvent, advance
from models.domain.prompts import Ask, next_ask
from models.domain.words import AlertKind, OwnerRole, PromptState, Urgency

SET_SIZE = 1_000
_CONFIRM_CHAIN = (OwnerRole.PRACTITIONER, OwnerRole.TEAM_POOL, OwnerRole.TEAM_LEAD, OwnerRole.LAST_RESORT)


@dataclass(slots=True)
class _Asking:
    """What one set of askings leaves, to be stored table by table."""

    stored: list[Asked] = field(default_factory=list)
    alerts: list[NewAlert] = field(default_factory=list)
    events: list[PromptTold] = field(default_factory=list)

    def note(self, row: Undecided, ask: Ask, owner: Reached, also: Sequence[Reached]) -> None:
        """One prompt asked about: of its owner now, and those told beside."""
        self.stored.append(Asked(row.id, ask.times_asked, ask.next_due_at, owner.practitioner_id, owner.owner_team_id))
        told = {(one.practitioner_id, one.owner_team_id): one for one in (owner, *also)}
        self.alerts += [_alert(row, ask, one, told=number) for number, one in enumerate(told.values())]
        state = advance(PromptState(row.state), PromptEvent.ASKED)
        detail = {"told": owner.role, "practitioner_id": owner.practitioner_id, "times": ask.times_asked}
        self.events.append(PromptTold(row.id, PromptEvent.ASKED, state, detail))


def ask_again(session: Session, rules: Rules, now: datetime) -> int:
    """Ask about one set of undecided prompts that are due, and up a role when nobody decides. The caller commits."""
    again = prompt_asks.reopen_reviews(session, now=now, limit=SET_SIZE)
    due = prompt_asks.undecided_due(session, now=now, limit=SET_SIZE)
    if not due:
        return again
    staff = _staff(session, rules, due, now=now)
    asking = _Asking()
    for row in due:
        rule = rules.prompts.rule(row.rule_id) or rules.prompts.without_threshold[-1]  # gone from the file since
        ask = next_ask(rule, times_asked=row.times_asked, now=now, calendar=rules.calendar)
        whose = Whose(row.reviewer_id, row.caseload_holder, row.team_id)
        beside = [staff.reach(whose, role) for role in ask.also_tell]
        asking.note(row, ask, staff.resolve(whose, ask.role_chain), [one for one in beside if one is not None])
    prompt_asks.asked(session, asking.stored)
    alerts.overtake_prompts(session, [row.id for row in due], now=now)
    messages.alert_emails(session, alerts.raise_many(session, asking.alerts, now=now), now=now)
    prompt_asks.tell(session, asking.events, now=now)
    return len(due)


def confirm_red_flags(session: Session, rules: Rules, now: datetime) -> int:
    """Ask whether red flags whose time is over still hold; until somebody says so they do. The caller commits."""
    concern_flags.plan_confirmations(session, days=rules.prompts.red_flag_days)
    due = concern_flags.to_confirm(session, now=now, limit=SET_SIZE)
    if not due:
        return 0
    staff = _staff(session, rules, due, now=now)
    again = rules.prompts.without_threshold[-1].decide_within.after(now, calendar=rules.calendar)
    asked = [_confirmation(row, staff.resolve(_whose(row), _CONFIRM_CHAIN), due=again) for row in due]
    messages.alert_emails(session, alerts.raise_or_renew(session, asked, now=now), now=now)
    concern_flags.ask_again_at(session, [(row.id, again) for row in due])
    return len(due)


def _alert(row: Undecided, ask: Ask, reached: Reached, *, told: int) -> NewAlert:
    kind = AlertKind.RED_FLAG if row.urgency == Urgency.RED_FLAG else AlertKind.REFERRAL_PROMPT
    return NewAlert(
        kind=kind,
        urgency=Urgency(row.urgency),
        dedupe_key=dedupe.ask(kind, "prompt", row.id, occasion=str(row.round), times=ask.times_asked, told=told),
        practitioner_id=reached.practitioner_id,
        owner_team_id=reached.owner_team_id,
        referral_prompt_id=row.id,
        household_id=row.household_id,
        person_id=row.person_id,
        team_id=row.team_id,
        audience_role=reached.role,
        next_due_at=ask.next_due_at,
    )


def _confirmation(row: ToConfirm, owner: Reached, *, due: datetime) -> NewAlert:
    return NewAlert(
        kind=AlertKind.RED_FLAG,
        urgency=Urgency.URGENT,
        dedupe_key=concern_flags.confirmation_key(row.id),
        practitioner_id=owner.practitioner_id,
        owner_team_id=owner.owner_team_id,
        household_id=row.household_id,
        person_id=row.person_id,
        team_id=row.team_id,
        audience_role=owner.role,
        next_due_at=due,
        detail='{"confirm": true}',
    )


def _whose(row: ToConfirm) -> Whose:
    return Whose(None, row.caseload_holder, row.team_id)


def _staff(session: Session, rules: Rules, rows: Sequence[Undecided | ToConfirm], *, now: datetime) -> Directory:
    people = {row.caseload_holder for row in rows}
    people |= {row.reviewer_id for row in rows if isinstance(row, Undecided)}
    return directory(
        session,
        now=now,
        today=rules.calendar.civil_date(now),
        team_ids={row.team_id for row in rows if row.team_id is not None},
        practitioner_ids={person for person in people if person is not None},
    )
