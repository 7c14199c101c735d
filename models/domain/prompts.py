"""Raise a referral prompt from a recorded score, and ask again until it has a decision. Pure.

A published threshold and nothing more: never a diagnosis, never a referral by itself, and a low score closes nothing.
Source: domain.md 4.1 to 4.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from models.domain.pathway import STAND_INS, Span
from models.domain.words import OwnerRole, Urgency
from models.domain.working_time import WorkingCalendar

_WEIGHT = {Urgency.ROUTINE: 0, Urgency.URGENT: 1, Urgency.RED_FLAG: 2}


@dataclass(frozen=True, slots=True)
class PromptRule:
    """One threshold of config/prompts.yaml, and how long each person has to decide."""

    id: str
    version: int
    instrument: str
    total_at_least: int | None
    total_at_most: int | None
    self_harm_item_at_least: int | None
    urgency: Urgency
    title: str
    action: str
    source: str
    role_chain: tuple[OwnerRole, ...]
    decide_within: Span
    ask_again: Span
    asks_per_role: int
    reply_within: Span  # how long a service asked for help may stay silent


@dataclass(frozen=True, slots=True)
class Score:
    """A recorded score: totals only, no instrument text."""

    instrument: str
    total: int | None
    self_harm_item: int | None


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask for the decision now. Try `role_chain` in order; ask again at `next_due_at`."""

    times_asked: int
    role_chain: tuple[OwnerRole, ...]
    urgency: Urgency
    next_due_at: datetime


def prompt_for(score: Score, rules: Sequence[PromptRule]) -> PromptRule | None:
    """Return the weightiest rule that the score meets; None if it meets none, which says nothing about the person."""
    met = [rule for rule in rules if _meets(score, rule)]
    return max(met, key=lambda rule: _WEIGHT[rule.urgency], default=None)


def next_ask(rule: PromptRule, *, times_asked: int, now: datetime, calendar: WorkingCalendar) -> Ask:
    """Return how an undecided prompt is asked about at `now`, having been asked about `times_asked` times before.

    The same role is asked `asks_per_role` times, then the next one up; at the top it goes on for ever.
    """
    climb = [place for place, role in enumerate(rule.role_chain) if place == 0 or role not in STAND_INS]
    place = climb[min(times_asked // rule.asks_per_role, len(climb) - 1)]
    span = rule.decide_within if times_asked == 0 else rule.ask_again
    return Ask(
        times_asked=times_asked + 1,
        role_chain=rule.role_chain[place:],
        urgency=rule.urgency,
        next_due_at=span.after(now, calendar=calendar),
    )


def merges_into(*, new: Urgency, new_on: date, open_urgency: Urgency, open_on: date, merge_days: int) -> bool:
    """Whether a new prompt says nothing beyond one that already waits for the same person.

    Within `merge_days` of it, and no weightier: a graver score always cuts through.
    """
    return abs(new_on - open_on) <= timedelta(days=merge_days) and _WEIGHT[new] <= _WEIGHT[open_urgency]


def _meets(score: Score, rule: PromptRule) -> bool:
    if score.instrument.upper() != rule.instrument.upper():
        return False
    if rule.self_harm_item_at_least is not None:
        return score.self_harm_item is not None and score.self_harm_item >= rule.self_harm_item_at_least
    if score.total is None:
        return False
    above = rule.total_at_least is None or score.total >= rule.total_at_least
    return above and (rule.total_at_most is None or score.total <= rule.total_at_most)
