"""Builders for the ladder's tests: follow-ups that default all but what a test is about; a player of ladders."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from config.rules import Rules, load_rules
from models.domain.ladder import decide, lease_end
from models.domain.ladder_facts import FollowUpFacts, RaiseAlert, after
from models.domain.pathway import Pathway
from models.domain.words import FollowUpState, FollowUpTrigger

LONDON = ZoneInfo("Europe/London")


@cache
def rules() -> Rules:
    return load_rules(config_dir=None, nation="england", today=date(2026, 11, 22))


def the(code: str) -> Pathway:
    return rules().current_pathway(code, on=date(2026, 11, 22))


def at(local: str) -> datetime:
    """A London time such as "2026-11-02 10:00"; one shown twice is the later."""
    return datetime.fromisoformat(local).replace(tzinfo=LONDON, fold=1)


def local(moment: datetime) -> str:
    """The day and time on the wall: "Thu 25 Mar 14:00"."""
    return moment.astimezone(LONDON).strftime("%a %-d %b %H:%M")


def a_miss(when: str, **changes: object) -> FollowUpFacts:
    """A routine review missed for the first time, ending at `when`."""
    moment = at(when)
    facts = FollowUpFacts(
        state=FollowUpState.OPEN,
        trigger=FollowUpTrigger.MISSED,
        contact_code="HV-1Y",
        high_risk=False,
        miss_count=1,
        opened_at=moment,
        started_at=moment,
        unseen_since=moment,
    )
    return replace(facts, **changes)


def step(facts: FollowUpFacts, pathway: Pathway, now: datetime):
    """One decision and the facts after it."""
    decision = decide(facts, pathway, now=now, calendar=rules().calendar)
    return decision, after(facts, decision)


def acknowledged(facts: FollowUpFacts, pathway: Pathway, now: datetime) -> FollowUpFacts:
    """Somebody says: I have it."""
    until = lease_end(facts, pathway, acknowledged_at=now, calendar=rules().calendar)
    return replace(facts, acknowledged_until=until)


def story(
    facts: FollowUpFacts, pathway: Pathway, *, days: int, acknowledging: bool = True, start: datetime | None = None
) -> list[str]:
    """Play a ladder and tell whom it told what, and when. `acknowledging`: every alert is taken in hand at once."""
    now = start or facts.opened_at
    end = now + timedelta(days=days)
    told = []
    while now <= end:
        decision, facts = step(facts, pathway, now)
        for action in decision.actions:
            if isinstance(action, RaiseAlert):
                why = "" if action.why.value == "due" else f" ({action.why.value})"
                told.append(f"{local(now)} {action.role_chain[0]}: {action.step_id}{why}")
        if acknowledging and any(isinstance(action, RaiseAlert) for action in decision.actions):
            facts = acknowledged(facts, pathway, now)
            decision, facts = step(facts, pathway, now)
        assert decision.next_due_at is not None
        assert decision.next_due_at > now
        now = decision.next_due_at
    return told
