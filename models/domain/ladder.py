"""Decide what a follow-up needs next: facts + pathway + now -> actions and the next due time. Pure.

Reads no database, no clock, no settings. Nothing here closes a follow-up, and a live one always gets a next due time.
Sources: design.md 3.2, 3.3, 3.7, 3.9; domain.md 3.2.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from models.domain.ladder_clock import answer_by, due_at, next_level, pause_end, until_seen_at
from models.domain.ladder_facts import (
    Action,
    Decision,
    FollowUpFacts,
    OfferText,
    RaiseAlert,
    RecordPassed,
    RequestTriage,
    StepDone,
    Why,
)
from models.domain.pathway import Anchor, Pathway, PlannedStep, Step, Terms
from models.domain.words import AlertKind, FollowUpState, FollowUpTrigger
from models.domain.working_time import WorkingCalendar

_ENDED = frozenset({FollowUpState.CLOSED, FollowUpState.CONTINUED})


def decide(facts: FollowUpFacts, pathway: Pathway, *, now: datetime, calendar: WorkingCalendar) -> Decision:
    """Return the actions due at `now` and when to look next. Asked again at the same `now`, it has no more to say.

    Late steps collapse: the highest due one fires, the others are recorded as passed; only one that is not late and is
    for somebody else is said as well. An ended follow-up gets nothing.
    """
    if facts.state in _ENDED:
        return Decision((), facts.state, None, None, facts.step_id, facts.step_fired_at, 0, None, facts.done)
    climb = _Climb(facts, pathway, now.astimezone(UTC), calendar)
    match facts.state:
        case FollowUpState.BACKLOG:
            climb.ask_for_triage()
        case FollowUpState.SEEN:
            climb.stand(pathway.confirm_seen, kind=AlertKind.CONFIRM_SEEN)
        case FollowUpState.CLOSING:
            climb.stand(pathway.second_person, kind=AlertKind.SECOND_SIGNATURE)
        case _:
            climb.go()
    return climb.decision()


def lease_end(
    facts: FollowUpFacts, pathway: Pathway, *, acknowledged_at: datetime, calendar: WorkingCalendar
) -> datetime:
    """Return until when acknowledging the current step at `acknowledged_at` holds; then the step comes back."""
    high_risk = pathway.runs_as_high_risk(high_risk=facts.high_risk, contact_code=facts.contact_code)
    step = (facts.step_id and pathway.step(facts.step_id)) or pathway.until_seen
    return step.terms(high_risk=high_risk).lease.after(acknowledged_at, calendar=calendar)


def coming_steps(
    facts: FollowUpFacts, pathway: Pathway, *, now: datetime, calendar: WorkingCalendar
) -> tuple[tuple[datetime, Step], ...]:
    """Return the steps still to fire with their due times, soonest first, for the page and for `explain`."""
    steps, _ = _Climb(facts, pathway, now.astimezone(UTC), calendar).planned()
    return tuple(sorted(((at, step) for at, (_, step, _) in steps), key=lambda pair: pair[0]))


def carried_over(done: Mapping[str, StepDone], pathway: Pathway) -> dict[str, StepDone]:
    """Return what stays done when the thread goes on in a later miss: the steps not reckoned from the miss itself."""
    fresh = {Anchor.START, Anchor.OPENED}
    again = {step.id for step in pathway.steps if any(due.anchor in fresh for due in step.routine.due)}
    return {step_id: entry for step_id, entry in done.items() if step_id not in again}


class _Climb:
    """One decision in the making: the row's step fields as they will be, and the actions so far."""

    def __init__(self, facts: FollowUpFacts, pathway: Pathway, now: datetime, calendar: WorkingCalendar) -> None:
        self.facts = facts
        self.pathway = pathway
        self.now = now
        self.calendar = calendar
        self.high_risk = facts.high_risk or facts.contact_code in pathway.as_high_risk
        self.paused_until = (
            None if facts.booked_until is None else pause_end(pathway, facts, now=now, calendar=calendar)
        )
        self.actions: list[Action] = []
        self.done: dict[str, StepDone] | None = None  # copied when first changed
        self.step_id = facts.step_id
        self.fired_at = facts.step_fired_at
        self.raised_to = facts.step_raised_to
        self.acknowledged_until = facts.acknowledged_until
        self.next: tuple[datetime, str] | None = None

    def go(self) -> None:
        """Climb the ladder: fire what is due, tend the step in hand, find what comes next."""
        steps, until_seen = self.planned()
        due_now = []
        for at, planned in steps:
            if at <= self.now:
                due_now.append((at, planned))
            else:
                self._look_again(at, planned[1].id)
        self._collapse(due_now)
        current = self._current(until_seen)
        taken_over = bool(due_now) and self._take_over(*due_now[-1], current)
        if current is not None and not taken_over:
            self._tend(current[1], current[2], kind=AlertKind.STEP)
        if len(due_now) == len(steps):  # the last ones: what follows is the until-seen step, unless one of them repeats
            self._come_again(until_seen[1], until_seen[2])

    def planned(self) -> tuple[list[tuple[datetime, PlannedStep]], PlannedStep]:
        """Return the steps that can still fire, lowest first; the until-seen step only when no other is left."""
        facts, pathway, done, misses = self.facts, self.pathway, self.facts.done, self.facts.miss_count
        until_seen = (len(pathway.steps), pathway.until_seen, pathway.until_seen.terms(high_risk=self.high_risk))
        found = []
        for planned in pathway.plan(facts.trigger, high_risk=self.high_risk):
            _, step, terms = planned
            entry = done.get(step.id)
            if misses < step.misses_at_least or (entry is not None and terms.repeat is None):
                continue
            if step.misses_at_most is not None and misses > step.misses_at_most:
                continue
            at = due_at(terms, facts, entry, calendar=self.calendar)
            if at is not None:
                found.append((self._paused(at, terms), planned))
        if not found:
            at = until_seen_at(pathway, facts, high_risk=self.high_risk, calendar=self.calendar)
            found.append((self._paused(at, until_seen[2]), until_seen))
        return found, until_seen

    def stand(self, step: Step, *, kind: AlertKind) -> None:
        """Ask for the one thing this state waits for, again and again, up and up; never do it."""
        terms = step.terms(high_risk=self.high_risk)
        if self.step_id == step.id:
            self._tend(step, terms, kind=kind)
            return
        self._hold(step, raised_to=0)
        needs_ack_by = self._raise(step, terms, kind=kind, why=Why.DUE, raised_to=0, was_due_at=self.now)
        self._look_again(needs_ack_by, step.id)

    def ask_for_triage(self) -> None:
        """Backlog: no steps, only its share in one triage task per team and owner, asked for again and again."""
        step = self.pathway.backlog_triage
        terms = step.terms(high_risk=self.high_risk)
        entry = self.facts.done.get(step.id)
        again = terms.repeat or terms.acknowledge_within
        due = self.facts.opened_at if entry is None else again.after(entry.at, calendar=self.calendar)
        if due <= self.now:
            occurrence = self._mark_done(step.id, alerts=1)
            self.actions.append(RequestTriage(step.id, self.pathway.chain(terms.owner), occurrence))
            due = again.after(self.now, calendar=self.calendar)
        self._look_again(due, step.id)

    def decision(self) -> Decision:
        due, step_id = self.next or (None, None)
        done = self.facts.done if self.done is None else self.done
        return Decision(
            tuple(self.actions),
            self.facts.state,
            due,
            step_id,
            self.step_id,
            self.fired_at,
            self.raised_to,
            self.acknowledged_until,
            done,
        )

    def _collapse(self, due_now: list[tuple[datetime, PlannedStep]]) -> None:
        """Of several due steps the highest fires and the late ones are passed.

        One that isn't late yet, and is for somebody whom no higher one reaches, is said as well: that the team lead
        hears of day 12 must not keep the visit at the doorstep from the health visitor.
        """
        told = {due_now[-1][1][2].owner} if due_now else set()
        for at, (_, step, terms) in reversed(due_now[:-1]):
            if terms.owner not in told and self.now < terms.acknowledge_within.after(at, calendar=self.calendar):
                told.add(terms.owner)
                self._raise(step, terms, kind=AlertKind.STEP, why=Why.DUE, raised_to=0, was_due_at=at)
                self._offer_text(step)
                continue
            self._mark_done(step.id, alerts=0)
            self.actions.append(RecordPassed(step.id, was_due_at=at))
            self._come_again(step, terms)

    def _offer_text(self, step: Step) -> None:
        if step.offers_text and self.facts.trigger is not FollowUpTrigger.OUTCOME_NOT_RECORDED:
            self.actions.append(OfferText(step.id))

    def _current(self, until_seen: PlannedStep) -> PlannedStep | None:
        """The step in hand, if this pathway version still has it for this trigger and risk."""
        if self.step_id is None or self.fired_at is None:
            return None
        if self.step_id == until_seen[1].id:
            return until_seen
        plan = self.pathway.plan(self.facts.trigger, high_risk=self.high_risk)
        return next((planned for planned in plan if planned[1].id == self.step_id), None)

    def _take_over(self, was_due_at: datetime, planned: PlannedStep, current: PlannedStep | None) -> bool:
        """Fire a due step. It becomes the step in hand unless a higher one is; return whether it did."""
        height, step, terms = planned
        beside = current is not None and current[0] > height
        raised_to = 0 if beside else self._carried_up(terms, current)
        if not beside:
            self._hold(step, raised_to=raised_to)
        needs_ack_by = self._raise(
            step, terms, kind=AlertKind.STEP, why=Why.DUE, raised_to=raised_to, was_due_at=was_due_at
        )
        if not beside:
            self._look_again(self._paused(needs_ack_by, terms), step.id)
        self._offer_text(step)
        return not beside

    def _carried_up(self, terms: Terms, current: PlannedStep | None) -> int:
        """A step that nobody has answered takes the next one with it: it never goes down unacknowledged.

        Return the place in the new step's chain of whoever is told of the old one now, or has to be by now.
        """
        if current is None or self.acknowledged_until is not None:
            return 0
        unanswered = self.pathway.chain(current[2].owner)
        place = min(self.raised_to, len(unanswered) - 1)
        if self._answer_by(current[2]) <= self.now:
            place = next_level(unanswered, place)
        chain = self.pathway.chain(terms.owner)
        return chain.index(unanswered[place]) if place > 0 and unanswered[place] in chain else 0

    def _tend(self, step: Step, terms: Terms, *, kind: AlertKind) -> None:
        """Bring the step in hand back when its lease ends, or up when nobody answers; note when to look again."""
        chain = self.pathway.chain(terms.owner)
        self.raised_to = min(self.raised_to, len(chain) - 1)  # a moved pathway or risk may have a shorter chain
        if self.acknowledged_until is not None:
            until = self._paused(self.acknowledged_until, terms)
            if until > self.now:
                self._look_again(until, step.id)
                return
            why, raised_to = Why.LEASE_ENDED, self.raised_to
        else:
            until = self._paused(self._answer_by(terms), terms)
            if until > self.now:
                self._look_again(until, step.id)
                return
            why, raised_to = Why.NOT_ACKNOWLEDGED, next_level(chain, self.raised_to)
        self._hold(step, raised_to=raised_to)
        needs_ack_by = self._raise(step, terms, kind=kind, why=why, raised_to=raised_to, was_due_at=until)
        self._look_again(self._paused(needs_ack_by, terms), step.id)

    def _raise(
        self, step: Step, terms: Terms, *, kind: AlertKind, why: Why, raised_to: int, was_due_at: datetime
    ) -> datetime:
        """Add the alert; return by when somebody has to acknowledge it."""
        needs_ack_by = answer_by(
            self.pathway,
            terms,
            fired_at=self.now,
            raised_to=raised_to,
            high_risk=self.high_risk,
            calendar=self.calendar,
        )
        occurrence = self._mark_done(step.id, alerts=1, again=why is Why.DUE)
        chain = self.pathway.chain(terms.owner)
        also_tell = terms.also_tell if why is Why.DUE else ()
        if why is Why.DUE and raised_to > 0 and terms.owner not in also_tell:
            also_tell = (*also_tell, terms.owner)  # carried up: its own owner is told all the same
        self.actions.append(
            RaiseAlert(
                kind,
                step.id,
                why,
                chain[raised_to:],
                raised_to,
                also_tell,
                terms.urgency,
                was_due_at,
                needs_ack_by,
                occurrence,
            )
        )
        if why is Why.DUE and kind is AlertKind.STEP:
            self._come_again(step, terms)
        return needs_ack_by

    def _come_again(self, step: Step, terms: Terms) -> None:
        if terms.repeat is not None:
            self._look_again(self._paused(terms.repeat.after(self.now, calendar=self.calendar), terms), step.id)

    def _hold(self, step: Step, *, raised_to: int) -> None:
        self.step_id, self.fired_at, self.raised_to, self.acknowledged_until = step.id, self.now, raised_to, None

    def _mark_done(self, step_id: str, *, alerts: int, again: bool = True) -> int:
        """Note that a step fired or was passed; return the number of its alerts. A reminder keeps the firing time."""
        if self.done is None:
            self.done = dict(self.facts.done)
        entry = self.done.get(step_id)
        times = alerts if entry is None else entry.times + alerts
        self.done[step_id] = StepDone(self.now if again or entry is None else entry.at, times)
        return times

    def _answer_by(self, terms: Terms) -> datetime:
        assert self.fired_at is not None
        return answer_by(
            self.pathway,
            terms,
            fired_at=self.fired_at,
            raised_to=self.raised_to,
            high_risk=self.high_risk,
            calendar=self.calendar,
        )

    def _paused(self, at: datetime, terms: Terms) -> datetime:
        if self.paused_until is None or not terms.pauses_while_booked:
            return at
        return max(at, self.paused_until)

    def _look_again(self, at: datetime, step_id: str) -> None:
        if self.next is None or at < self.next[0]:
            self.next = (at, step_id)
