"""Raise a referral prompt from a recorded indicator, and ask again until it has a decision. Pure.

A published threshold looked up, and nothing more: never a diagnosis, never a referral by itself, never a risk score,
and a low score closes nothing. A threshold that nobody has signed, or that is not valid for the person, the phase or
the language, shows no band: somebody is asked all the same, and no later than a valid one would ask.
Source: domain.md 4.1 to 4.3.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from models.domain.indicators import Instrument, InstrumentKind, Recorded
from models.domain.pathway import STAND_INS, Span
from models.domain.words import Known, OwnerRole, PerinatalPhase, PersonRole, PromptBasis, Urgency
from models.domain.working_time import WorkingCalendar


@dataclass(frozen=True, slots=True)
class Condition:
    """What has to be recorded for a rule to be met; all that is given must hold."""

    total_at_least: int | None = None
    total_at_most: int | None = None
    self_harm_item_at_least: int | None = None
    any_yes: tuple[str, ...] = ()
    all_yes: tuple[str, ...] = ()

    @property
    def is_band(self) -> bool:
        """Whether it bands a total: that a threshold says how likely something is."""
        return self.total_at_least is not None

    @property
    def screens(self) -> bool:
        """Whether not meeting it is a negative result, and not only the absence of one alarming answer."""
        return self.is_band or bool(self.any_yes or self.all_yes)

    def is_met(self, recorded: Recorded) -> bool:
        """Whether `recorded` meets it. What is unknown meets nothing."""
        item, total = recorded.self_harm_item, recorded.total
        least, most = self.total_at_least, self.total_at_most
        return (
            (self.self_harm_item_at_least is None or (item is not None and item >= self.self_harm_item_at_least))
            and (least is None or (total is not None and total >= least))
            and (most is None or (total is not None and total <= most))
            and (not self.any_yes or any(recorded.answer(name) is Known.YES for name in self.any_yes))
            and all(recorded.answer(name) is Known.YES for name in self.all_yes)
        )


@dataclass(frozen=True, slots=True)
class ValidFor:
    """For whom a threshold is valid. None: for everybody, or always."""

    phases: frozenset[PerinatalPhase] | None
    people: frozenset[PersonRole] | None
    languages: frozenset[str] | None

    def covers(self, recorded: Recorded) -> bool:
        """Whether it is valid for `recorded`; what is not known of it is not covered."""
        return (
            (self.phases is None or recorded.phase in self.phases)
            and (self.people is None or recorded.person in self.people)
            and (self.languages is None or recorded.language in self.languages)
        )


@dataclass(frozen=True, slots=True)
class PromptRule:
    """One rule of config/prompts.yaml, and how long each person has to decide. `instrument` "": for none by name."""

    id: str
    version: int
    instrument: str
    valid_for: ValidFor
    when: Condition
    weight: int  # which of two says more; a heavier one cuts through
    urgency: Urgency
    same_day: bool  # the risk is assessed today, whatever else is decided
    title: str
    action: str
    source: str
    content_sha256: str  # of what it does: a signature is for this and nothing else
    signed_by: str | None
    role_chain: tuple[OwnerRole, ...]
    also_tell: Mapping[OwnerRole, tuple[OwnerRole, ...]]
    decide_within: Span
    ask_again: Span
    lease: Span  # how long somebody who says "I am on it" keeps it
    asks_per_role: int
    old_after_days: int | None  # None: never too old to ask about
    sets_flag: str | None  # a code of config/flags.yaml


@dataclass(frozen=True)
class PromptRules:
    """All instruments and rules; `without_threshold` are asked where no threshold says anything."""

    version: int
    instruments: Mapping[str, Instrument]
    rules: tuple[PromptRule, ...]
    without_threshold: tuple[PromptRule, ...]
    merge_days: int
    postnatal_months: int
    red_flag_days: int
    review_at_most_days: int
    source: str

    @property
    def standing(self) -> tuple[str, ...]:
        """The instruments that are histories: looked at again with each pregnancy."""
        return tuple(code for code, one in self.instruments.items() if one.standing)

    def rule(self, rule_id: str) -> PromptRule | None:
        """Return a rule by its id; None if this version has none."""
        return next((rule for rule in (*self.rules, *self.without_threshold) if rule.id == rule_id), None)

    def asking(self, recorded: Recorded, urgency: Urgency) -> PromptRule:
        """Return the rule that asks without a band: for this person where there is one, at this urgency."""
        fitting = [
            rule
            for rule in self.without_threshold
            if rule.urgency is urgency and (rule.valid_for.people is None or recorded.person in rule.valid_for.people)
        ]
        return min(fitting, key=lambda rule: rule.valid_for.people is None)


@dataclass(frozen=True, slots=True)
class Raise:
    """A prompt to raise, by which rule, and what it rests on."""

    rule: PromptRule
    basis: PromptBasis


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask for the decision now. Try `role_chain` in order; tell `also_tell` beside it; ask again at `next_due_at`."""

    times_asked: int
    role_chain: tuple[OwnerRole, ...]
    also_tell: tuple[OwnerRole, ...]
    urgency: Urgency
    next_due_at: datetime


def prompt_for(recorded: Recorded, rules: PromptRules, *, signed: Collection[str]) -> Raise | None:
    """Return the prompt that an indicator calls for; None where it calls for none, which says nothing about the person.

    `signed`: the digests of the rules that somebody has signed (a signature in the file counts too).
    """
    mine = [rule for rule in rules.rules if rule.instrument == recorded.instrument.upper()]
    valid = [rule for rule in mine if rule.valid_for.covers(recorded)]
    met = max((rule for rule in valid if rule.when.is_met(recorded)), key=_weight, default=None)
    if met is not None and _is_signed(met, signed):
        return Raise(met, PromptBasis.THRESHOLD)
    if met is not None and not met.when.is_band:  # its action is needed now, whoever has yet to sign it
        return Raise(met, PromptBasis.UNSIGNED)
    if met is None and not _must_ask(recorded, rules, valid, signed):
        return None
    # Validity and signature aside, these numbers say how soon a person has to look.
    near = max((rule for rule in mine if rule.when.is_met(recorded)), key=_weight, default=None)
    urgency = Urgency.ROUTINE if near is None else min(near.urgency, Urgency.URGENT, key=_PACE.index)
    unsigned = any(rule.when.screens and not _is_signed(rule, signed) for rule in valid)
    basis = PromptBasis.UNSIGNED if unsigned else PromptBasis.NO_THRESHOLD
    return Raise(rules.asking(recorded, urgency), basis)


def flags_for(recorded: Recorded, rules: PromptRules, *, recorded_on: date, received_on: date) -> frozenset[str]:
    """Return the flags that what was recorded sets on the person, whatever the phase: a fact, not a threshold.

    What was too old for an alarm sets none; a history is never too old.
    """
    mine = [rule for rule in rules.rules if rule.instrument == recorded.instrument.upper()]
    return frozenset(
        rule.sets_flag
        for rule in mine
        if rule.sets_flag is not None
        and rule.when.is_met(recorded)
        and not is_old(rule, recorded_on=recorded_on, received_on=received_on)
    )


def is_old(rule: PromptRule, *, recorded_on: date, received_on: date) -> bool:
    """Whether an indicator was too old for an alarm when it first reached us: it goes on a list instead."""
    return rule.old_after_days is not None and received_on - recorded_on > timedelta(days=rule.old_after_days)


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
        also_tell=rule.also_tell.get(rule.role_chain[place], ()),
        urgency=rule.urgency,
        next_due_at=span.after(now, calendar=calendar),
    )


@dataclass(frozen=True, slots=True)
class Before:
    """A prompt of the same person that waits, or that was answered with a referral or "already known"."""

    weight: int
    same_day: bool  # a red flag is
    instrument: str
    total: int | None
    recorded_on: date


def merges_into(new: PromptRule, recorded: Recorded, *, recorded_on: date, before: Before, merge_days: int) -> bool:
    """Whether a prompt would say nothing beyond one the same person has had within `merge_days`.

    A red flag always cuts through; so does a heavier rule, a same-day assessment beside what is none, and a higher
    total of the same instrument.
    """
    if new.urgency is Urgency.RED_FLAG or new.weight > before.weight or new.same_day > before.same_day:
        return False
    if abs(recorded_on - before.recorded_on) > timedelta(days=merge_days):
        return False
    higher = recorded.instrument.upper() == before.instrument.upper() and (recorded.total or 0) > (before.total or 0)
    return not higher


_PACE = (Urgency.ROUTINE, Urgency.URGENT, Urgency.RED_FLAG)


def _must_ask(recorded: Recorded, rules: PromptRules, valid: Collection[PromptRule], signed: Collection[str]) -> bool:
    """Whether a result that meets no valid threshold has to be asked about, because silence would be a guess."""
    instrument = rules.instruments.get(recorded.instrument.upper())
    screening = [rule for rule in valid if rule.when.screens]
    if instrument is not None and instrument.kind is InstrumentKind.CHECKLIST:
        return recorded.any_yes
    return not screening or not all(_is_signed(rule, signed) for rule in screening)


def _is_signed(rule: PromptRule, signed: Collection[str]) -> bool:
    return rule.signed_by is not None or rule.content_sha256 in signed


def _weight(rule: PromptRule) -> int:
    return rule.weight
